//! The life of one process inside the inputs of a node.

use crate::facts::{Facts, MarkKind};
use crate::units::WallTime;

/// One process's life inside the inputs of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Process id.
    pub pid: Option<u64>,
    /// When it started, where told.
    pub started: Option<WallTime>,
    /// When it ended, where told.
    pub ended: Option<WallTime>,
    /// What belongs to it begins here…
    pub from: Option<WallTime>,
    /// …and ends before here.
    pub to: Option<WallTime>,
}

impl Run {
    /// Whether a time falls into this run.
    #[must_use]
    pub fn holds(&self, t: WallTime) -> bool {
        self.from.is_none_or(|f| t >= f) && self.to.is_none_or(|e| t < e)
    }

    /// Whether the process was serving then: a server that shuts down lets go of what it held.
    #[must_use]
    pub fn lives(&self, t: WallTime) -> bool {
        self.holds(t) && self.ended.is_none_or(|e| t <= e)
    }

    pub(super) fn bounds(&self) -> (WallTime, WallTime) {
        (
            self.from.unwrap_or(WallTime(i64::MIN / 4)),
            self.to.unwrap_or(WallTime(i64::MAX / 4)),
        )
    }
}

/// Where NMT reports change from one process to the next: the last report of the one, the first of the other, and its id. None
/// where reports of several processes are mixed: those are no restarts.
fn changes_of_process(facts: &Facts) -> Vec<(WallTime, WallTime, u64)> {
    let mut changes = Vec::new();
    let mut seen: Vec<u32> = Vec::new();
    let mut last: Option<WallTime> = None;
    for s in &facts.memory.nmt {
        let (Some(t), Some(pid)) = (s.time, s.report.pid) else {
            continue;
        };
        if seen.last() != Some(&pid) {
            if seen.contains(&pid) {
                return Vec::new();
            }
            if let Some(before) = last {
                changes.push((before, t, u64::from(pid)));
            }
            seen.push(pid);
        }
        last = Some(t);
    }
    changes
}

/// The runs of a node, in order: each start of a process begins one. A start that no log tells shows in NMT reports of
/// another process id.
#[must_use]
pub fn runs(facts: &Facts) -> Vec<Run> {
    /// A start is told by several lines, from the first of nacos.log to the opening of the last port.
    const START_LINES_MS: i64 = 10 * 60_000;
    let mut starts: Vec<(WallTime, Option<u64>)> = Vec::new();
    for m in &facts.log.marks {
        let Some(t) = m.quote.time else { continue };
        let belongs = |last: &(WallTime, Option<u64>), within: i64| t.0 - last.0.0 < within;
        match m.kind {
            MarkKind::Starting => {
                let same = starts.last().is_some_and(|last| {
                    (m.pid.is_some() && last.1 == m.pid && belongs(last, START_LINES_MS))
                        || belongs(last, 2_000)
                });
                if !same {
                    starts.push((t, m.pid));
                }
            }
            MarkKind::RpcUp | MarkKind::Started => {
                if !starts
                    .last()
                    .is_some_and(|last| belongs(last, START_LINES_MS))
                {
                    starts.push((t, None));
                }
            }
            MarkKind::Stopping | MarkKind::RpcDown => {}
        }
    }
    let told = starts.first().map(|s| s.0);
    for (last, first, pid) in changes_of_process(facts) {
        if !starts.iter().any(|(t, _)| *t > last && *t <= first) {
            starts.push((first, Some(pid)));
        }
    }
    starts.sort_by_key(|s| s.0);
    let times = || facts.coverage.values().filter_map(|c| c.times);
    let earliest = times().map(|t| t.0).min();
    let mut runs = Vec::new();
    // What was written well before the first start told belongs to a process whose start is not in the files.
    let before = match (earliest, starts.first()) {
        // Only another process's report tells of that start: there was one before.
        (_, Some((t, _))) if told.is_none_or(|first| *t < first) => true,
        (Some(e), Some((t, _))) => t.0 - e.0 > 120_000,
        _ => starts.is_empty(),
    };
    if before {
        runs.push(Run {
            to: starts.first().map(|s| s.0),
            ..Run::default()
        });
    }
    for (i, (t, pid)) in starts.iter().enumerate() {
        runs.push(Run {
            pid: *pid,
            started: Some(*t),
            ended: None,
            from: if i == 0 && !before { None } else { Some(*t) },
            to: starts.get(i + 1).map(|s| s.0),
        });
    }
    for run in &mut runs {
        run.ended = facts
            .log
            .marks
            .iter()
            .filter(|m| matches!(m.kind, MarkKind::Stopping | MarkKind::RpcDown))
            .filter_map(|m| m.quote.time)
            .find(|t| run.holds(*t));
        if run.started.is_none() {
            // No line tells the start; the JVM's age does, unless it contradicts what was written before.
            run.started = facts
                .jvm
                .started()
                .filter(|t| run.holds(*t) && earliest.is_none_or(|e| *t <= e));
        }
        if run.pid.is_none() {
            run.pid = facts
                .memory
                .nmt
                .iter()
                .filter(|s| s.time.is_some_and(|t| run.holds(t)))
                .find_map(|s| s.report.pid)
                .map(u64::from);
        }
    }
    if runs.is_empty() {
        runs.push(Run::default());
    }
    runs
}
