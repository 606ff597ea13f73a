//! Whether a heap dump is of the process, and of the run, that the other files of its node tell about. One that is not is
//! named in the report and used for nothing else.

use super::case::{Case, Given, Run, runs, zone};
use crate::facts::Facts;
use crate::facts::heap::HeapFacts;
use crate::facts::memory::DumpSample;
use crate::units::WallTime;

/// Process ids that tell nothing: the first processes of every container have them.
const CONTAINER_PIDS: u64 = 64;
/// A server writes something every few minutes. Evidence is taken within a day of the last line, or it is of another run.
const AFTER_MS: i64 = 24 * 3_600_000;
/// Before the first line: the clocks of two machines.
const BEFORE_MS: i64 = 3_600_000;
/// No zone is further from another than this.
const ZONES_MS: i64 = 26 * 3_600_000;
/// Objects that only a Nacos server has.
const SERVER_CLASSES: &str = "com.alibaba.nacos.core.";

/// Why a dump is not of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It is of this process, the run of that one.
    Process(u64, u64),
    /// It was taken at another time than the run's.
    Time(WallTime),
    /// It is of a program that is no Nacos server.
    Program(String),
}

impl Stranger {
    /// What the report says of it.
    #[must_use]
    pub fn what(&self) -> String {
        let why = match self {
            Self::Process(theirs, ours) => {
                format!("of process {theirs}, the other files are of process {ours}")
            }
            Self::Time(taken) => format!(
                "taken at {}, outside the time of the process that the other files tell about",
                taken.rfc3339(0)
            ),
            Self::Program(main) => format!("of {main}, which is no Nacos server"),
        };
        format!("this heap dump is {why}: it is not used in the diagnosis")
    }
}

/// The last dump that was taken of a run, of `count` runs in all.
pub(super) fn of_run<'a>(
    facts: &'a Facts,
    given: &Given,
    run: &Run,
    count: usize,
) -> Option<&'a DumpSample> {
    let belongs = |d: &&DumpSample| compare(&d.heap, facts, given, run, count).is_none();
    facts.memory.dumps.iter().rfind(belongs)
}

/// Direct memory by NMT in the minute the run's dump was taken: when, the category, committed bytes.
#[must_use]
pub fn nmt_beside<'c>(case: &'c Case<'_>) -> Option<(WallTime, &'c str, u64)> {
    let taken = case.dump_time()?;
    let curve = case.curve.as_ref()?;
    let category = curve.source.strip_prefix("nmt:")?;
    let away = |t: WallTime| t.0.abs_diff(taken.0);
    let nearest = curve.points.iter().min_by_key(|p| away(p.time))?;
    (away(nearest.time) <= 60_000).then_some((nearest.time, category, nearest.bytes))
}

/// Dumps that are of no run of their node, and why.
#[must_use]
pub fn strangers<'a>(facts: &'a Facts, given: &Given) -> Vec<(&'a DumpSample, Stranger)> {
    let runs = runs(facts);
    let of_none = |d: &'a DumpSample| {
        let mut why = None;
        for run in &runs {
            why = Some((d, compare(&d.heap, facts, given, run, runs.len())?));
        }
        why
    };
    facts.memory.dumps.iter().filter_map(of_none).collect()
}

/// By its program, then by its process id where both tell one that means something, else by its time.
fn compare(
    heap: &HeapFacts,
    facts: &Facts,
    given: &Given,
    run: &Run,
    count: usize,
) -> Option<Stranger> {
    let logged = logged(facts);
    if logged.is_some()
        && let Some(main) = foreign_program(heap)
    {
        return Some(Stranger::Program(main));
    }
    if let (Some(theirs), Some(ours)) = (heap.jvm.pid, run.pid) {
        if theirs != ours {
            return Some(Stranger::Process(theirs, ours));
        }
        if theirs > CONTAINER_PIDS {
            return None;
        }
    }
    let taken = i64::try_from(heap.taken_ms).unwrap_or(0);
    if taken == 0 {
        return (count > 1).then_some(Stranger::Time(WallTime(0)));
    }
    let (offset, source) = zone(facts, given);
    let taken = WallTime(taken + i64::from(offset) * 60_000);
    let slack = if source == "unknown" { ZONES_MS } else { 0 };
    let in_time = logged.is_none_or(|(first, last)| {
        taken.0 >= first.0 - BEFORE_MS - slack && taken.0 <= last.0 + AFTER_MS + slack
    });
    let in_run = run.holds(taken) || count == 1;
    (!in_time || !in_run).then_some(Stranger::Time(taken))
}

/// The main class of a program that is no Nacos server, where the dump tells it.
fn foreign_program(heap: &HeapFacts) -> Option<String> {
    let command = heap.jvm.command.as_deref()?;
    let main = command.split_whitespace().next()?;
    let server = command.to_ascii_lowercase().contains("nacos")
        || heap.jvm.nacos_version.is_some()
        || heap
            .instances
            .keys()
            .any(|class| class.starts_with(SERVER_CLASSES));
    (!server).then(|| main.chars().take(200).collect())
}

/// First and last time in the logs.
fn logged(facts: &Facts) -> Option<(WallTime, WallTime)> {
    let activities = facts.log.totals.iter();
    let spans = activities.filter_map(|(_, a)| Some((a.first_time()?, a.last_time()?)));
    let marks = facts.log.marks.iter().filter_map(|m| m.quote.time);
    spans
        .chain(marks.map(|t| (t, t)))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Quote;
    use crate::facts::log::{Mark, MarkKind};
    use crate::span::Place;

    const NOON: i64 = 1_795_348_800_000;

    /// Logs of one server or several, each started at a time with a process id, in UTC.
    fn logs(starts: &[(i64, u64)]) -> Facts {
        let mut facts = Facts::default();
        for (at, pid) in starts {
            facts.log.marks.push(Mark {
                kind: MarkKind::Starting,
                pid: Some(*pid),
                version: None,
                java: None,
                quote: Quote {
                    time: Some(WallTime(*at)),
                    place: Place::default(),
                    text: Box::default(),
                },
            });
        }
        facts
    }

    fn dump(pid: Option<u64>, taken: i64, command: &str) -> DumpSample {
        let mut heap = HeapFacts {
            taken_ms: taken as u64,
            ..HeapFacts::default()
        };
        heap.jvm.pid = pid;
        heap.jvm.command = Some(command.to_owned());
        DumpSample {
            place: Place::default(),
            heap,
        }
    }

    fn strange(facts: &mut Facts, d: DumpSample) -> Option<Stranger> {
        facts.memory.dumps = vec![d];
        let utc = Given {
            offset_minutes: Some(0),
            ..Given::default()
        };
        strangers(facts, &utc).pop().map(|s| s.1)
    }

    #[test]
    fn a_dump_of_another_process_is_a_stranger() {
        let mut facts = logs(&[(NOON, 4711)]);
        let hour = 3_600_000;
        assert_eq!(
            strange(&mut facts, dump(Some(4711), NOON + hour, "nacos.nacos")),
            None
        );
        let other = strange(&mut facts, dump(Some(4712), NOON + hour, "nacos.nacos"));
        assert_eq!(other, Some(Stranger::Process(4712, 4711)));
        // A server that has run for a month since its start was logged.
        let later = dump(Some(4711), NOON + 30 * 24 * hour, "nacos.nacos");
        assert_eq!(strange(&mut facts, later), None);
    }

    #[test]
    fn process_ids_of_containers_tell_nothing_but_the_time_does() {
        let mut facts = logs(&[(NOON, 1)]);
        let day = 24 * 3_600_000;
        let soon = dump(Some(1), NOON + day / 2, "nacos.nacos");
        assert_eq!(strange(&mut facts, soon), None);
        for far in [NOON + 20 * day, NOON - 20 * day] {
            let got = strange(&mut facts, dump(Some(1), far, "nacos.nacos"));
            assert_eq!(got, Some(Stranger::Time(WallTime(far))));
        }
    }

    #[test]
    fn of_two_runs_a_dump_belongs_to_the_one_it_was_taken_in() {
        let hour = 3_600_000;
        let mut facts = logs(&[(NOON, 1), (NOON + hour, 1)]);
        facts.memory.dumps = vec![dump(Some(1), NOON + hour / 2, "nacos.nacos")];
        let utc = Given {
            offset_minutes: Some(0),
            ..Given::default()
        };
        let all = runs(&facts);
        let of: Vec<bool> = all
            .iter()
            .map(|r| of_run(&facts, &utc, r, all.len()).is_some())
            .collect();
        assert_eq!(of, [true, false]);
        assert!(strangers(&facts, &utc).is_empty());
    }

    #[test]
    fn a_dump_of_a_client_is_not_the_servers() {
        let mut facts = logs(&[(NOON, 4711)]);
        let got = strange(
            &mut facts,
            dump(None, NOON + 1, "com.example.Shop --port 80"),
        );
        assert_eq!(got, Some(Stranger::Program("com.example.Shop".to_owned())));
        // Without logs there is nothing that it could be mixed with.
        let alone = strange(
            &mut Facts::default(),
            dump(None, NOON, "com.example.Shop --port 80"),
        );
        assert_eq!(alone, None);
    }
}
