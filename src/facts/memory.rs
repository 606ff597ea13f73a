//! What the JVM and the operating system say about memory, sample by sample.

use std::collections::BTreeMap;

use super::heap::HeapFacts;
use super::quote::Quote;
use crate::parse::nmt::{NmtReport, NmtStatus};
use crate::span::{ArtefactId, Place};
use crate::units::WallTime;

/// Where the time of a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// A line in the text.
    Heading,
    /// The file's name.
    FileName,
    /// The file's modification time.
    ModificationTime,
    /// Nowhere; only the order is known.
    None,
}

/// One NMT report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NmtSample {
    /// When it was taken, on the node's clock.
    pub time: Option<WallTime>,
    /// How that is known.
    pub time_source: TimeSource,
    /// Where it begins.
    pub place: Place,
    /// The report.
    pub report: NmtReport,
    /// Lines of the categories that rules look at (direct memory, threads, classes), and of the total.
    pub lines: Vec<(String, Quote)>,
}

impl NmtSample {
    /// The line of a category.
    #[must_use]
    pub fn line(&self, category: &str) -> Option<&Quote> {
        self.lines
            .iter()
            .find(|(n, _)| n == category)
            .map(|(_, q)| q)
    }
}

/// A single figure over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gauge {
    /// Resident memory of the process.
    Rss,
    /// Its anonymous part.
    RssAnon,
    /// The JDK's pool of direct buffers, as the JVM's beans show it.
    DirectPool,
    /// Threads of the process, native ones included.
    Threads,
    /// Java heap in use.
    HeapUsed,
    /// Java heap committed.
    HeapCommitted,
    /// Metaspace committed.
    MetaspaceCommitted,
    /// Resident pages of files.
    RssFile,
    /// Swapped out.
    Swap,
    /// Java threads alive, as the JVM's beans count them.
    JavaThreads,
    /// Memory of the container, page cache included.
    Container,
}

impl Gauge {
    /// Whether it is a count, not bytes.
    #[must_use]
    pub fn is_count(self) -> bool {
        matches!(self, Self::Threads | Self::JavaThreads)
    }
}

/// A figure at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GaugeSample {
    /// Which.
    pub gauge: Gauge,
    /// When.
    pub time: Option<WallTime>,
    /// Bytes, or a count.
    pub value: u64,
    /// Where it stands.
    pub quote: Quote,
}

/// A JVM flag or property source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSource {
    /// Where it stands.
    pub quote: Quote,
    /// The text itself.
    pub text: Vec<u8>,
}

/// A heap dump, walked.
#[derive(Clone, Debug)]
pub struct DumpSample {
    /// The file; its first byte.
    pub place: Place,
    /// What it holds.
    pub heap: HeapFacts,
}

impl DumpSample {
    /// The dump as a source: it has no line to quote.
    #[must_use]
    pub fn quote(&self) -> Quote {
        Quote {
            time: None,
            place: self.place,
            text: Box::default(),
        }
    }
}

/// Everything about memory that is not a log line.
#[derive(Clone, Debug, Default)]
pub struct MemoryFacts {
    /// NMT reports.
    pub nmt: Vec<NmtSample>,
    /// Answers in the place of a report.
    pub nmt_status: Vec<(NmtStatus, ArtefactId)>,
    /// Other figures.
    pub gauges: Vec<GaugeSample>,
    /// Figures timed by the JVM's age alone, in milliseconds (`jstat -t`); their times are those that the file's own suggests.
    pub aged: Vec<(i64, GaugeSample)>,
    /// For each file that is no log: where the times of its samples come from.
    pub clocks: BTreeMap<ArtefactId, TimeSource>,
    /// Files that are loops, with a time above each record.
    pub looped: std::collections::BTreeSet<ArtefactId>,
    /// For files whose headings name their zone: minutes east of UTC.
    pub zones: BTreeMap<ArtefactId, i32>,
    /// Physical memory of the machine.
    pub physical: Option<(u64, Quote)>,
    /// Heap dumps, in the order they were taken.
    pub dumps: Vec<DumpSample>,
}

impl MemoryFacts {
    /// Puts what is timed by the JVM's age among the other figures: counted from its start, where that is known.
    pub fn date_aged(&mut self, started: Option<WallTime>) {
        for (age_ms, mut sample) in std::mem::take(&mut self.aged) {
            if let Some(start) = started {
                sample.time = Some(start.plus_ms(age_ms));
                sample.quote.time = sample.time;
            }
            self.gauges.push(sample);
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.nmt.extend(other.nmt);
        self.nmt_status.extend(other.nmt_status);
        self.gauges.extend(other.gauges);
        self.aged.extend(other.aged);
        self.clocks.extend(other.clocks);
        self.zones.extend(other.zones);
        self.looped.extend(other.looped);
        self.dumps.extend(other.dumps);
        self.physical = match (self.physical.take(), other.physical) {
            (Some(a), Some(b)) => Some(if b.1.place < a.1.place { b } else { a }),
            (a, b) => a.or(b),
        };
    }

    /// Puts the samples on the node's clock, which is `offset_minutes` east of UTC; `logs` is what its logs cover. Returns what
    /// was moved by how many minutes.
    ///
    /// A heading that names its zone is moved by the difference. Names of files and headings without a zone mostly show the
    /// node's own clock; when they fall outside the logs, and inside once read as UTC, a script with another `TZ` wrote them.
    pub fn align(
        &mut self,
        offset_minutes: i32,
        given: bool,
        logs: Option<(WallTime, WallTime)>,
    ) -> BTreeMap<ArtefactId, i32> {
        let mut moved = BTreeMap::new();
        for s in &mut self.nmt {
            // A report within another text has that one's time: hs_err.
            let own = s.report.heading.as_ref().and_then(|h| h.offset_minutes);
            let Some(theirs) = own.or_else(|| self.zones.get(&s.place.artefact).copied()) else {
                continue;
            };
            if s.time_source == TimeSource::Heading && theirs != offset_minutes {
                let by = offset_minutes - theirs;
                s.time = s.time.map(|t| t.plus_ms(i64::from(by) * 60_000));
                moved.insert(s.place.artefact, by);
            }
        }
        for (artefact, theirs) in &self.zones {
            let by = offset_minutes - theirs;
            if by == 0 {
                continue;
            }
            for g in self
                .gauges
                .iter_mut()
                .filter(|g| g.quote.place.artefact == *artefact)
            {
                g.time = g.time.map(|t| t.plus_ms(i64::from(by) * 60_000));
                g.quote.time = g.time;
            }
            moved.insert(*artefact, by);
        }
        let zoned: Vec<ArtefactId> = self
            .nmt
            .iter()
            .filter(|s| {
                s.report
                    .heading
                    .as_ref()
                    .is_some_and(|h| h.offset_minutes.is_some())
            })
            .map(|s| s.place.artefact)
            .chain(self.zones.keys().copied())
            .collect();
        // All files of one kind and of one kind of clock are moved together, or none: one script wrote them.
        let reports: Vec<ArtefactId> = self.nmt.iter().map(|s| s.place.artefact).collect();
        for (source, nmt) in [
            TimeSource::FileName,
            TimeSource::Heading,
            TimeSource::ModificationTime,
        ]
        .into_iter()
        .flat_map(|s| [(s, true), (s, false)])
        {
            let files: Vec<ArtefactId> = self
                .clocks
                .iter()
                .filter(|(a, s)| **s == source && !zoned.contains(a) && reports.contains(a) == nmt)
                .map(|(a, _)| *a)
                .collect();
            let times: Vec<WallTime> = self.times_of(&files);
            // Modification times are instants; they were read as if the clock showed UTC unless the zone was given.
            let by = if source == TimeSource::ModificationTime {
                if given { 0 } else { offset_minutes }
            } else {
                logs.map_or(0, |logs| shift_into(&times, logs, offset_minutes))
            };
            if by == 0 {
                continue;
            }
            let shift = i64::from(by) * 60_000;
            for s in self
                .nmt
                .iter_mut()
                .filter(|s| files.contains(&s.place.artefact))
            {
                s.time = s.time.map(|t| t.plus_ms(shift));
            }
            for g in self
                .gauges
                .iter_mut()
                .filter(|g| files.contains(&g.quote.place.artefact))
            {
                g.time = g.time.map(|t| t.plus_ms(shift));
                g.quote.time = g.time;
            }
            moved.extend(files.into_iter().map(|a| (a, by)));
        }
        self.settle();
        moved
    }

    fn times_of(&self, files: &[ArtefactId]) -> Vec<WallTime> {
        let nmt = self.nmt.iter().map(|s| (s.place.artefact, s.time));
        let gauges = self.gauges.iter().map(|g| (g.quote.place.artefact, g.time));
        nmt.chain(gauges)
            .filter(|(a, _)| files.contains(a))
            .filter_map(|(_, t)| t)
            .collect()
    }

    /// Sorts by time.
    pub fn settle(&mut self) {
        self.nmt
            .sort_by_key(|s| (s.time.is_none(), s.time, s.place));
        self.dumps.sort_by_key(|d| (d.heap.taken_ms, d.place));
        self.nmt_status.sort_by_key(|(s, a)| (*a, *s));
        self.gauges.sort_by_key(|s| (s.gauge, s.quote.key()));
    }
}

/// Minutes by which times that lie outside the logs have to be moved to lie inside: those of the logs' zone when the clock
/// showed UTC; else those of another zone, when a series long enough to tell fits by one whole shift and by no other.
fn shift_into(times: &[WallTime], logs: (WallTime, WallTime), utc: i32) -> i32 {
    /// Zones lie at most 14 hours from UTC, at whole half hours but for three.
    const FARTHEST_MIN: i32 = 26 * 60;
    const STEP_MIN: i32 = 30;
    /// Fewer samples may be a look at the server long after.
    const FEWEST: usize = 5;
    if !outside(times, logs, 0) {
        return 0;
    }
    if utc != 0 && !outside(times, logs, utc) {
        return utc;
    }
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return 0;
    };
    // A server writes its logs as long as it lives: what was measured all along lies beside them.
    let covers = 2 * (last.0 - first.0) >= logs.1.0 - logs.0.0;
    if times.len() < FEWEST || !covers {
        return 0;
    }
    let fits = |minutes: &i32| {
        let by = i64::from(*minutes) * 60_000;
        const AROUND_MS: i64 = 5 * 60_000;
        first.0 + by >= logs.0.0 - AROUND_MS && last.0 + by <= logs.1.0 + AROUND_MS
    };
    let mut shifts = (-FARTHEST_MIN / STEP_MIN..=FARTHEST_MIN / STEP_MIN)
        .map(|n| n * STEP_MIN)
        .filter(fits);
    match (shifts.next(), shifts.next()) {
        (Some(only), None) => only,
        _ => 0,
    }
}

/// Whether most of some times, moved by so many minutes, lie outside a stretch and ten minutes around it.
fn outside(times: &[WallTime], (first, last): (WallTime, WallTime), minutes: i32) -> bool {
    const AROUND_MS: i64 = 10 * 60_000;
    let by = i64::from(minutes) * 60_000;
    let inside = times
        .iter()
        .map(|t| t.plus_ms(by))
        .filter(|t| t.0 >= first.0 - AROUND_MS && t.0 <= last.0 + AROUND_MS)
        .count();
    !times.is_empty() && inside * 2 < times.len()
}
