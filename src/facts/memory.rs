//! What the JVM and the operating system say about memory, sample by sample.

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
    /// Java threads alive.
    Threads,
    /// Java heap in use.
    HeapUsed,
    /// Java heap committed.
    HeapCommitted,
    /// Metaspace committed.
    MetaspaceCommitted,
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

/// Everything about memory that is not a log line.
#[derive(Clone, Debug, Default)]
pub struct MemoryFacts {
    /// NMT reports.
    pub nmt: Vec<NmtSample>,
    /// Answers in the place of a report.
    pub nmt_status: Vec<(NmtStatus, ArtefactId)>,
    /// Other figures.
    pub gauges: Vec<GaugeSample>,
    /// Physical memory of the machine.
    pub physical: Option<(u64, Quote)>,
    /// Heap dumps, in the order they were taken.
    pub dumps: Vec<DumpSample>,
}

impl MemoryFacts {
    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.nmt.extend(other.nmt);
        self.nmt_status.extend(other.nmt_status);
        self.gauges.extend(other.gauges);
        self.dumps.extend(other.dumps);
        self.physical = match (self.physical.take(), other.physical) {
            (Some(a), Some(b)) => Some(if b.1.place < a.1.place { b } else { a }),
            (a, b) => a.or(b),
        };
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
