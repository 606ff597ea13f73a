//! What the inputs of one node say: typed, mergeable, bounded, nothing inferred.
//!
//! Facts of neighbouring windows merge into those of the whole; the result is the same however an input was cut and in
//! whatever order parts were merged, because every family keeps counts, extremes and aligned series, never "the latest so
//! far". Memory grows with distinct things (addresses, connections, services, texts), never with bytes read.

pub mod activity;
pub mod echo;
pub mod heap;
pub mod jvm;
pub mod log;
pub mod logins;
pub mod memory;
pub mod pushes;
pub mod quote;
pub mod series;
pub mod shapes;
pub mod system;

use std::collections::BTreeMap;

pub use activity::{Activities, Activity, Signal};
pub use log::{Connection, LogFacts, Map, Mark, MarkKind};
pub use memory::MemoryFacts;
pub use quote::Quote;

use crate::parse::{ParseError, ParseErrorKind};
use crate::span::{ArtefactId, Place};
use crate::units::WallTime;

/// What one node's inputs say.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// From its logs.
    pub log: LogFacts,
    /// From the JVM and the operating system.
    pub memory: MemoryFacts,
    /// Of the JVM itself.
    pub jvm: jvm::JvmFacts,
    /// From the JVM and the operating system, beside memory's books.
    pub system: system::SystemFacts,
    /// How much of each input was understood.
    pub coverage: BTreeMap<ArtefactId, Coverage>,
    /// What was not.
    pub issues: Vec<Issue>,
}

/// A piece of an input that was not understood, or read only in part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// Where.
    pub place: Place,
    /// What was expected, and what was found.
    pub what: String,
    /// The kind of trouble.
    pub kind: ParseErrorKind,
}

/// Issues kept for each input; the rest is counted.
const ISSUES_MAX: usize = 20;

/// How much of an input was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes read, after unpacking.
    pub bytes: u64,
    /// Records (log records, reports, samples).
    pub records: u64,
    /// Records of a known statement.
    pub known: u64,
    /// Their bytes, as far as they say something that is counted.
    pub used_bytes: u64,
    /// Records of a known statement that says nothing of weight.
    pub minor: u64,
    /// Their bytes.
    pub minor_bytes: u64,
    /// Records without a time that were placed by the records around them.
    pub placed: u64,
    /// Records that say something and stayed without a time.
    pub untimed: u64,
    /// Records of no known statement.
    pub unknown: u64,
    /// Their lines.
    pub unknown_lines: u64,
    /// Their bytes.
    pub unknown_bytes: u64,
    /// What the unknown ones look like.
    pub unknown_shapes: shapes::Shapes,
    /// Earliest and latest time of a record.
    pub times: Option<(WallTime, WallTime)>,
    /// The input ends inside a record, or could not be read to its end.
    pub cut: bool,
    /// Issues beyond those kept.
    pub issues_dropped: u64,
    /// Offset and newlines of each window, in order.
    windows: Vec<(u64, u64)>,
}

impl Coverage {
    /// Notes a window of the input.
    pub fn add_window(&mut self, base: u64, bytes: &[u8]) {
        let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.add_counted_window(base, bytes.len(), newlines);
    }

    /// [`Self::add_window`] for a window whose newlines have been counted.
    pub fn add_counted_window(&mut self, base: u64, len: usize, newlines: u64) {
        self.bytes += len as u64;
        self.windows.push((base, newlines));
    }

    /// Notes the time of a record.
    pub fn saw_time(&mut self, t: WallTime) {
        self.times = Some(self.times.map_or((t, t), |(a, b)| (a.min(t), b.max(t))));
    }

    /// The line, counted from 1, of a place in this input.
    #[must_use]
    pub fn line_of(&self, place: &Place) -> u64 {
        let before: u64 = self
            .windows
            .iter()
            .take_while(|(base, _)| *base < place.window)
            .map(|(_, n)| n)
            .sum();
        before + u64::from(place.lines_before) + 1
    }

    fn merge(&mut self, o: Self) {
        self.bytes += o.bytes;
        self.records += o.records;
        self.known += o.known;
        self.used_bytes += o.used_bytes;
        self.minor += o.minor;
        self.placed += o.placed;
        self.untimed += o.untimed;
        self.minor_bytes += o.minor_bytes;
        self.unknown += o.unknown;
        self.unknown_lines += o.unknown_lines;
        self.unknown_bytes += o.unknown_bytes;
        self.unknown_shapes.merge(o.unknown_shapes);
        self.times = match (self.times, o.times) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.cut |= o.cut;
        self.issues_dropped += o.issues_dropped;
        self.windows.extend(o.windows);
        self.windows.sort_unstable();
    }
}

impl Facts {
    /// Coverage of one input.
    pub fn coverage(&mut self, artefact: ArtefactId) -> &mut Coverage {
        self.coverage.entry(artefact).or_default()
    }

    /// Notes a piece that was not understood; after the first few of an input they are counted only.
    pub fn add_issue(&mut self, place: Place, what: impl Into<String>, kind: ParseErrorKind) {
        let kept = self
            .issues
            .iter()
            .filter(|i| i.place.artefact == place.artefact)
            .count();
        if kind == ParseErrorKind::Truncated {
            self.coverage(place.artefact).cut = true;
        }
        if kept < ISSUES_MAX {
            self.issues.push(Issue {
                place,
                what: what.into(),
                kind,
            });
        } else {
            self.coverage(place.artefact).issues_dropped += 1;
        }
    }

    /// Notes what a parser did not understand in `window`.
    pub fn add_parse_error(&mut self, window: &crate::span::Window<'_>, e: &ParseError) {
        let at = usize::try_from(e.at).unwrap_or(usize::MAX);
        self.add_issue(window.place(at), e.what.to_string(), e.kind);
    }

    /// Adds what a later part of the input says.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.log.merge(other.log);
        self.memory.merge(other.memory);
        self.jvm.merge(other.jvm);
        self.system.merge(other.system);
        for (id, c) in other.coverage {
            self.coverage.entry(id).or_default().merge(c);
        }
        for i in other.issues {
            self.add_issue(i.place, i.what, i.kind);
        }
        self
    }

    /// Puts the samples on the node's clock, and says which files were moved.
    pub fn align(&mut self, offset_minutes: i32, given: bool) {
        let logs = self
            .log
            .totals
            .iter()
            .filter_map(|(_, a)| Some((a.first_time()?, a.last_time()?)))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let moved = self.memory.align(offset_minutes, given, logs);
        self.system.shift(&moved);
        self.jvm.shift(&moved);
        for (artefact, by) in moved {
            let shift = i64::from(by) * 60_000;
            let coverage = self.coverage(artefact);
            coverage.times = coverage
                .times
                .map(|(a, b)| (a.plus_ms(shift), b.plus_ms(shift)));
            if self.memory.clocks.get(&artefact) != Some(&memory::TimeSource::ModificationTime) {
                let place = Place {
                    artefact,
                    ..Place::default()
                };
                self.add_issue(
                    place,
                    format!(
                        "its times are of another zone than those of the logs; moved by {by} min"
                    ),
                    ParseErrorKind::Unexpected,
                );
            }
        }
        self.issues.sort();
    }

    /// Puts into one order what was collected in the order of reading.
    pub fn settle(&mut self) {
        self.issues.sort();
        self.log.settle();
        self.memory.date_aged(self.jvm.started());
        self.memory.settle();
        self.jvm.settle();
        self.system.settle();
    }
}
