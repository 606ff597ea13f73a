//! Garbage collection logs: that of JDK 8 (`-XX:+PrintGCDetails -XX:+PrintGCDateStamps -XX:+PrintGCTimeStamps`) and unified
//! logging (`-Xlog:gc*`, 9 and later), a line at a time.
//!
//! ```text
//! 8        2026-11-23T00:48:50.549+0800: 1.052: [GC (Allocation Failure) [PSYoungGen: ...] 196608K->4563K(491520K), 0.0135459 secs]
//! unified  [2026-11-22T13:24:04.028+0000][gc          ] GC(4) Pause Full (System.gc()) 84M->81M(128M) 2.454ms
//! heads    OpenJDK 64-Bit Server VM (25.504-b01) for linux-amd64 JRE (1.8.0_504-...) / CommandLine flags: ...        8
//!          Using G1 / Version: 17.0.15+6 (release) / CPUs: 2 total, 2 available / Memory: 24105M / Heap Max Capacity: 512M
//! ```
//!
//! The tag list of unified logging is padded, and the padding grows within a file. `-Xlog` may decorate with uptime and
//! level too. Read from logs of Debian 8u504 and 17.0.15 (G1, Parallel), Temurin 11.0.13, 21.0.8 and 25.0.3; the CMS, Serial
//! and G1 forms of 8 and the ZGC forms from HotSpot's source.

use std::collections::BTreeMap;

use super::flags::{Collector, JvmFlags, java_major, read_vm_flags, vm_major};
use super::heading;
use super::lines::{after, cut, find, float, leading_number, leading_size, text, trim, words};
use crate::units::WallTime;

/// Causes kept apart.
const MAX_CAUSES: usize = 100;
/// Explicit collections kept one by one.
const MAX_EXPLICIT: usize = 10_000;

/// A line that says something.
#[derive(Clone, Debug, PartialEq)]
pub struct GcRecord {
    /// When, on the JVM's clock.
    pub time: Option<WallTime>,
    /// The clock's offset from UTC in minutes.
    pub offset_minutes: Option<i32>,
    /// Seconds since the JVM started.
    pub uptime_seconds: Option<f64>,
    /// What.
    pub event: GcEvent,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum GcEvent {
    /// The collector in use.
    Collector(Collector),
    /// The version of the VM or JRE, and the major version of the JDK.
    Version(String, Option<u32>),
    /// Processors the JVM sees.
    Cpus(u64),
    /// Memory the JVM sees, in bytes.
    Memory(u64),
    /// The heap's maximum in bytes.
    HeapMax(u64),
    /// The heap at the start, in bytes.
    HeapInitial(u64),
    /// `CommandLine flags:` of 8.
    Flags(Box<JvmFlags>),
    /// A collection, or another pause of the collector's.
    Pause(Pause),
    /// A line of the log that says none of these; its time counts.
    Other,
}

/// What a pause was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PauseKind {
    /// Of the whole heap.
    Full,
    /// Of the young generation, with or without parts of the old.
    Young,
    /// Marking and the like; and whole cycles of ZGC, which hardly pause.
    Other,
}

/// A collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// What it was for.
    pub kind: PauseKind,
    /// Its cause: `System.gc()`, `Allocation Failure`, `G1 Evacuation Pause`; empty when not told.
    pub cause: String,
    /// Heap in use before, in bytes.
    pub before: Option<u64>,
    /// Heap in use after, in bytes.
    pub after: Option<u64>,
    /// Heap committed, in bytes.
    pub capacity: Option<u64>,
    /// How long, in microseconds.
    pub micros: Option<u64>,
}

impl Pause {
    /// Asked for by code: by the JDK when direct memory runs short, among others.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.cause == "System.gc()"
    }
}

/// Reads a line of a GC log. `None` for lines of other texts and continuation lines without a time.
#[must_use]
pub fn read_line(line: &[u8]) -> Option<GcRecord> {
    let t = trim(line);
    match t.first()? {
        b'[' => unified(t),
        b'0'..=b'9' => jdk8(t),
        _ => jdk8_head(t).map(|event| GcRecord {
            time: None,
            offset_minutes: None,
            uptime_seconds: None,
            event,
        }),
    }
}

/// Whether a text that begins with `head` is a GC log.
#[must_use]
pub fn looks_like_gc_log(head: &[u8]) -> bool {
    super::lines::lines(head)
        .take(30)
        .any(|l| match read_line(l.text) {
            Some(GcRecord {
                event: GcEvent::Flags(_),
                ..
            }) => true,
            Some(GcRecord {
                event: GcEvent::Version(..),
                time: None,
                uptime_seconds: None,
                ..
            }) => find(l.text, b" for ").is_some(),
            Some(r) => {
                (r.time.is_some() || r.uptime_seconds.is_some()) && r.event != GcEvent::Other
            }
            None => false,
        })
}

// ---------------------------------------------------------------------------------------------------------------------
// Unified logging

fn unified(t: &[u8]) -> Option<GcRecord> {
    let mut rest = t;
    let mut out = GcRecord {
        time: None,
        offset_minutes: None,
        uptime_seconds: None,
        event: GcEvent::Other,
    };
    let mut tagged = false;
    let mut decorations = 0;
    while let Some(inner) = rest.strip_prefix(b"[")
        && decorations < 8
    {
        let close = memchr::memchr(b']', inner.get(..80).unwrap_or(inner))?;
        let (word, tail) = inner.split_at_checked(close)?;
        let word = trim(word);
        if out.time.is_none()
            && word.len() >= 19
            && let Some(h) = heading::read(word, 0)
        {
            out.time = Some(h.time);
            out.offset_minutes = h.offset_minutes;
        } else if let Some(s) = word.strip_suffix(b"ms").and_then(float) {
            out.uptime_seconds = Some(s / 1000.0);
        } else if let Some(s) = word.strip_suffix(b"s").and_then(float) {
            out.uptime_seconds = Some(s);
        } else if word == b"gc" || word.starts_with(b"gc,") || find(word, b",gc").is_some() {
            tagged = true;
        }
        rest = tail.get(1..)?;
        decorations += 1;
    }
    if !tagged {
        return None;
    }
    out.event = message(trim(rest)).unwrap_or(GcEvent::Other);
    Some(out)
}

fn message(m: &[u8]) -> Option<GcEvent> {
    if let Some(name) = m.strip_prefix(b"Using ") {
        return Collector::read(name).map(GcEvent::Collector);
    }
    if let Some(v) = m.strip_prefix(b"Version: ") {
        let v = text(words(v).next()?, 100);
        let major = vm_major(&v);
        return Some(GcEvent::Version(v, major));
    }
    if let Some(n) = m.strip_prefix(b"CPUs: ") {
        // Those available are the ones the JVM counts with.
        let available = after(n, b"total, ").and_then(leading_number);
        return available
            .or_else(|| leading_number(n))
            .map(|(n, _)| GcEvent::Cpus(n));
    }
    for (label, of) in [
        (&b"Memory: "[..], GcEvent::Memory as fn(u64) -> GcEvent),
        (b"Heap Max Capacity: ", GcEvent::HeapMax),
        (b"Max Capacity: ", GcEvent::HeapMax),
        (b"Heap Initial Capacity: ", GcEvent::HeapInitial),
        (b"Initial Capacity: ", GcEvent::HeapInitial),
    ] {
        if let Some(n) = m.strip_prefix(label) {
            return leading_size(n).map(|(n, _)| of(n));
        }
    }
    if let Some(rest) = m.strip_prefix(b"Heap address: ") {
        // 11: `size: 128 MB`.
        let size = after(rest, b"size: ")?;
        let (n, unit) = leading_number(size)?;
        let shift = match trim(unit).first()? {
            b'M' => 20,
            b'G' => 30,
            b'K' => 10,
            _ => return None,
        };
        return n.checked_mul(1u64 << shift).map(GcEvent::HeapMax);
    }
    let (_, m) = cut(m.strip_prefix(b"GC(")?, b") ")?;
    collection(m).map(GcEvent::Pause)
}

/// `Pause Full (System.gc()) 84M->81M(128M) 2.454ms`; the line at its start has no sizes and is none.
fn collection(m: &[u8]) -> Option<Pause> {
    let kind = if m.starts_with(b"Pause Full") {
        PauseKind::Full
    } else if m.starts_with(b"Pause Young") {
        PauseKind::Young
    } else if m.starts_with(b"Pause ")
        || m.starts_with(b"Garbage Collection (")
        || m.starts_with(b"Major Collection (")
        || m.starts_with(b"Minor Collection (")
    {
        PauseKind::Other
    } else {
        return None;
    };
    let arrow = find(m, b"->")?;
    let head = m.get(..arrow)?;
    let begin = head.iter().rposition(|c| *c == b' ')?;
    let (what, sizes) = m.split_at_checked(begin)?;
    let (before, after, capacity, rest) = transition(trim(sizes))?;
    let micros = trim(rest);
    let micros = match micros.strip_suffix(b"ms").and_then(float) {
        Some(ms) => in_micros(ms * 1e3),
        None => micros
            .strip_suffix(b"s")
            .and_then(float)
            .and_then(|s| in_micros(s * 1e6)),
    };
    Some(Pause {
        kind,
        cause: cause(what),
        before: Some(before),
        after: Some(after),
        capacity,
        micros,
    })
}

/// What stands in the last parentheses: `Pause Young (Normal) (G1 Evacuation Pause)`.
fn cause(what: &[u8]) -> String {
    let what = trim(what);
    let inner = memchr::memmem::rfind(what, b" (")
        .and_then(|at| what.get(at + 2..))
        .and_then(|c| c.strip_suffix(b")"))
        .unwrap_or_default();
    text(inner, 100)
}

/// `84M->81M(128M)`, and ZGC's `104M(10%)->88M(8%)`; and what follows.
fn transition(b: &[u8]) -> Option<(u64, u64, Option<u64>, &[u8])> {
    let (before, rest) = leading_size(b)?;
    let rest = percent(rest);
    let (after, rest) = leading_size(rest.strip_prefix(b"->")?)?;
    let rest = percent(rest);
    let capacity = rest
        .strip_prefix(b"(")
        .and_then(leading_size)
        .and_then(|(n, rest)| Some((n, rest.strip_prefix(b")")?)));
    Some(match capacity {
        Some((n, rest)) => (before, after, Some(n), rest),
        None => (before, after, None, rest),
    })
}

fn percent(b: &[u8]) -> &[u8] {
    b.strip_prefix(b"(")
        .and_then(leading_number)
        .and_then(|(_, rest)| rest.strip_prefix(b"%)"))
        .unwrap_or(b)
}

fn in_micros(us: f64) -> Option<u64> {
    (0.0..1e18).contains(&us).then_some(us.round() as u64)
}

// ---------------------------------------------------------------------------------------------------------------------
// JDK 8

fn jdk8_head(t: &[u8]) -> Option<GcEvent> {
    if t.starts_with(b"CommandLine flags:") {
        return Some(GcEvent::Flags(Box::new(read_vm_flags(t))));
    }
    if let Some(rest) = t.strip_prefix(b"Memory: ") {
        let physical = after(rest, b"physical ")?;
        return leading_size(physical).map(|(n, _)| GcEvent::Memory(n));
    }
    let vm = after(t, b" VM (")?;
    let jre = after(vm, b"JRE (")?;
    let version = text(cut(jre, b")")?.0, 100);
    let major = java_major(&version);
    Some(GcEvent::Version(version, major))
}

fn jdk8(t: &[u8]) -> Option<GcRecord> {
    let mut out = GcRecord {
        time: None,
        offset_minutes: None,
        uptime_seconds: None,
        event: GcEvent::Other,
    };
    let mut rest = t;
    // Date, then uptime; either may be missing.
    for _ in 0..2 {
        let Some((stamp, _)) = cut(rest.get(..64).unwrap_or(rest), b": ") else {
            break;
        };
        let used = stamp.len() + 2;
        if stamp.len() > 20 {
            let Some(h) = heading::read(stamp, 0).filter(|_| !stamp.starts_with(b"[")) else {
                break;
            };
            out.time = Some(h.time);
            out.offset_minutes = h.offset_minutes;
        } else if let Some(s) = float(stamp) {
            out.uptime_seconds = Some(s);
        } else {
            break;
        }
        rest = rest.get(used..)?;
    }
    if out.time.is_none() && out.uptime_seconds.is_none() {
        return None;
    }
    let body = rest.strip_prefix(b"[")?;
    let kind = if body.starts_with(b"Full GC") {
        PauseKind::Full
    } else if body.starts_with(b"GC") {
        if find(body.get(..40).unwrap_or(body), b"(CMS ").is_some() {
            PauseKind::Other
        } else {
            PauseKind::Young
        }
    } else {
        return Some(out);
    };
    let (sizes, seconds) = outer(body);
    let (before, after_, capacity) = match sizes {
        Some((b, a, c)) => (Some(b), Some(a), c),
        None => (None, None, None),
    };
    out.event = GcEvent::Pause(Pause {
        kind,
        cause: first_cause(body),
        before,
        after: after_,
        capacity,
        micros: seconds.and_then(|s| in_micros(s * 1e6)),
    });
    Some(out)
}

/// What stands in the first parentheses: `GC (Allocation Failure) [PSYoungGen: ...`.
fn first_cause(body: &[u8]) -> String {
    let open = memchr::memchr(b'(', body.get(..40).unwrap_or(body));
    let Some(inner) = open.and_then(|o| body.get(o + 1..)) else {
        return String::new();
    };
    let mut depth = 1usize;
    for (n, c) in inner.iter().enumerate().take(120) {
        match c {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text(inner.get(..n).unwrap_or_default(), 100);
        }
    }
    String::new()
}

type Sizes = (u64, u64, Option<u64>);

/// The heap's sizes and the seconds of a record: what stands outside the brackets of the generations.
fn outer(body: &[u8]) -> (Option<Sizes>, Option<f64>) {
    let mut depth = 1usize;
    let mut sizes = None;
    let mut seconds = None;
    let mut at = 0usize;
    while let Some(c) = body.get(at) {
        match c {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'0'..=b'9' if depth == 1 => {
                let rest = body.get(at..).unwrap_or_default();
                let word = rest
                    .iter()
                    .position(|c| matches!(c, b' ' | b',' | b']' | b'['))
                    .unwrap_or(rest.len());
                let (number, tail) = rest.split_at_checked(word).unwrap_or((rest, &[]));
                if let Some((b, a, c, _)) = transition(number) {
                    sizes = Some((b, a, c));
                } else if tail.starts_with(b" secs") {
                    seconds = float(number);
                }
                at += word.max(1);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (sizes, seconds)
}

// ---------------------------------------------------------------------------------------------------------------------
// Sums

/// Collections of one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CauseSum {
    /// How many.
    pub count: u64,
    /// Their pauses in microseconds.
    pub micros: u64,
    /// The longest.
    pub max_micros: u64,
}

/// An explicit collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplicitGc {
    /// Offset of its line, as given to [`GcSummary::take`].
    pub at: u64,
    /// When.
    pub time: Option<WallTime>,
    /// Whether it was a full collection; one that is concurrent is not.
    pub full: bool,
    /// Heap in use before, in bytes.
    pub before: Option<u64>,
    /// Heap in use after, in bytes.
    pub after: Option<u64>,
    /// How long, in microseconds.
    pub micros: Option<u64>,
}

/// A GC log, summed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcSummary {
    /// Lines that belong to the log.
    pub records: u64,
    /// The collector.
    pub collector: Option<Collector>,
    /// The version as printed.
    pub version: Option<String>,
    /// The major version of the JDK.
    pub jdk_major: Option<u32>,
    /// Processors the JVM sees.
    pub cpus: Option<u64>,
    /// Memory the JVM sees, in bytes.
    pub memory: Option<u64>,
    /// The heap's maximum in bytes.
    pub heap_max: Option<u64>,
    /// Flags (8).
    pub flags: Option<JvmFlags>,
    /// The clock's offset from UTC in minutes.
    pub offset_minutes: Option<i32>,
    /// The first time in the log.
    pub first: Option<WallTime>,
    /// The last time in the log.
    pub last: Option<WallTime>,
    /// Collections and pauses by cause; 100 causes at most.
    pub causes: BTreeMap<String, CauseSum>,
    /// All pauses.
    pub all: CauseSum,
    /// Full collections.
    pub full: CauseSum,
    /// Explicit collections (`System.gc()`), young parts of them included.
    pub explicit_count: u64,
    /// The first 10,000 of them.
    pub explicit: Vec<ExplicitGc>,
    /// Largest heap after a full collection, in bytes: what was alive.
    pub live_max: Option<u64>,
}

impl GcSummary {
    /// Adds a line that stands at offset `at`.
    pub fn take(&mut self, record: GcRecord, at: u64) {
        self.records += 1;
        if let Some(t) = record.time {
            self.first = Some(self.first.map_or(t, |f| f.min(t)));
            self.last = Some(self.last.map_or(t, |l| l.max(t)));
        }
        self.offset_minutes = self.offset_minutes.or(record.offset_minutes);
        match record.event {
            GcEvent::Collector(c) => self.collector = self.collector.or(Some(c)),
            GcEvent::Version(v, major) => {
                self.version.get_or_insert(v);
                self.jdk_major = self.jdk_major.or(major);
            }
            GcEvent::Cpus(n) => self.cpus = self.cpus.or(Some(n)),
            GcEvent::Memory(n) => self.memory = self.memory.or(Some(n)),
            GcEvent::HeapMax(n) => self.heap_max = self.heap_max.or(Some(n)),
            GcEvent::Flags(f) => {
                self.collector = self.collector.or(f.collector());
                self.heap_max = self.heap_max.or(f.xmx());
                self.flags.get_or_insert(*f);
            }
            GcEvent::Pause(p) => self.pause(&p, record.time, at),
            GcEvent::HeapInitial(_) | GcEvent::Other => {}
        }
    }

    fn pause(&mut self, p: &Pause, time: Option<WallTime>, at: u64) {
        let us = p.micros.unwrap_or(0);
        self.all.add(us);
        if p.kind == PauseKind::Full {
            self.full.add(us);
            self.live_max = self.live_max.max(p.after);
        }
        if self.causes.len() < MAX_CAUSES || self.causes.contains_key(&p.cause) {
            self.causes.entry(p.cause.clone()).or_default().add(us);
        }
        if p.is_explicit() {
            self.explicit_count += 1;
            if self.explicit.len() < MAX_EXPLICIT {
                self.explicit.push(ExplicitGc {
                    at,
                    time,
                    full: p.kind == PauseKind::Full,
                    before: p.before,
                    after: p.after,
                    micros: p.micros,
                });
            }
        }
    }

    /// Adds what a later part of the same log, or the next file of a rotation, says.
    pub fn merge(&mut self, later: Self) {
        self.records += later.records;
        self.collector = self.collector.or(later.collector);
        self.version = self.version.take().or(later.version);
        self.jdk_major = self.jdk_major.or(later.jdk_major);
        self.cpus = self.cpus.or(later.cpus);
        self.memory = self.memory.or(later.memory);
        self.heap_max = self.heap_max.or(later.heap_max);
        self.flags = self.flags.take().or(later.flags);
        self.offset_minutes = self.offset_minutes.or(later.offset_minutes);
        self.first = [self.first, later.first].into_iter().flatten().min();
        self.last = self.last.max(later.last);
        for (cause, sum) in later.causes {
            if self.causes.len() < MAX_CAUSES || self.causes.contains_key(&cause) {
                self.causes.entry(cause).or_default().merge(sum);
            }
        }
        self.all.merge(later.all);
        self.full.merge(later.full);
        self.explicit_count += later.explicit_count;
        let room = MAX_EXPLICIT.saturating_sub(self.explicit.len());
        self.explicit.extend(later.explicit.into_iter().take(room));
        self.live_max = self.live_max.max(later.live_max);
    }
}

impl CauseSum {
    fn add(&mut self, us: u64) {
        self.merge(Self {
            count: 1,
            micros: us,
            max_micros: us,
        });
    }

    fn merge(&mut self, o: Self) {
        self.count = self.count.saturating_add(o.count);
        self.micros = self.micros.saturating_add(o.micros);
        self.max_micros = self.max_micros.max(o.max_micros);
    }
}

/// Reads a whole log.
#[must_use]
pub fn read(text: &[u8]) -> GcSummary {
    let mut out = GcSummary::default();
    for line in super::lines::lines(text) {
        if let Some(r) = read_line(line.text) {
            out.take(r, line.start as u64);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/gc/{name}")).unwrap()
    }

    #[test]
    fn the_log_of_jdk_8_gives_version_memory_flags_and_pauses() {
        let s = read(&fixture("jdk8-parallel.log"));
        assert_eq!(s.version.as_deref(), Some("1.8.0_504-8u504-ga-1-b01"));
        assert_eq!(
            (s.jdk_major, s.collector),
            (Some(8), Some(Collector::Parallel))
        );
        assert_eq!(s.memory, Some(24_684_092 * 1024));
        assert_eq!(s.heap_max, Some(512 << 20));
        assert_eq!(s.offset_minutes, Some(480));
        assert_eq!(s.first.unwrap().local(), "2026-11-23 00:48:50");
        assert_eq!(s.flags.unwrap().xmn(), Some(256 << 20));
        assert_eq!(s.explicit_count, 0);
        assert_eq!(
            s.causes["Allocation Failure"].count + s.causes["Metadata GC Threshold"].count,
            s.all.count
                - s.causes
                    .get("Heap Inspection Initiated GC")
                    .map_or(0, |c| c.count)
                - s.causes
                    .get("Heap Dump Initiated GC")
                    .map_or(0, |c| c.count)
        );
        let first = read_line(b"2026-11-23T00:48:50.549+0800: 1.052: [GC (Allocation Failure) [PSYoungGen: 196608K->4547K(229376K)] 196608K->4563K(491520K), 0.0135459 secs] [Times: user=0.02 sys=0.00, real=0.01 secs] ").unwrap();
        assert_eq!(first.uptime_seconds, Some(1.052));
        let GcEvent::Pause(p) = first.event else {
            panic!()
        };
        assert_eq!(
            (p.kind, p.before, p.after, p.capacity),
            (
                PauseKind::Young,
                Some(196_608 << 10),
                Some(4_563 << 10),
                Some(491_520 << 10)
            )
        );
        assert_eq!(p.micros, Some(13_546));
    }

    #[test]
    fn the_other_collectors_of_jdk_8_are_read() {
        let pause = |l: &str| match read_line(l.as_bytes()).map(|r| r.event) {
            Some(GcEvent::Pause(p)) => p,
            other => panic!("{other:?}"),
        };
        let p = pause(
            "12.345: [Full GC (System.gc()) [PSYoungGen: 5K->0K(6K)] [ParOldGen: 1K->2K(3K)] 6K->2K(9K), [Metaspace: 3K->3K(4K)], 0.5 secs] [Times: user=0.06 sys=0.00, real=0.05 secs]",
        );
        assert!(p.is_explicit() && p.kind == PauseKind::Full);
        assert_eq!(
            (p.before, p.after, p.micros),
            (Some(6 << 10), Some(2 << 10), Some(500_000))
        );
        let p = pause(
            "2026-11-23T00:48:50.549+0800: 1.052: [GC (Allocation Failure) 2026-11-23T00:48:50.549+0800: 1.052: [ParNew: 69952K->8704K(78656K), 0.0141020 secs] 69952K->11000K(253440K), 0.0142 secs]",
        );
        assert_eq!(
            (p.before, p.after, p.micros),
            (Some(69_952 << 10), Some(11_000 << 10), Some(14_200))
        );
        let p = pause(
            "1.5: [GC (CMS Initial Mark) [1 CMS-initial-mark: 10812K(174784K)] 11019K(253440K), 0.0002 secs]",
        );
        assert_eq!(
            (p.kind, p.before, p.micros),
            (PauseKind::Other, None, Some(200))
        );
        let p = pause("1.5: [GC pause (G1 Evacuation Pause) (young), 0.0123 secs]");
        assert_eq!(
            (p.cause.as_str(), p.micros),
            ("G1 Evacuation Pause", Some(12_300))
        );
    }

    #[test]
    fn unified_logs_give_explicit_collections_with_the_heap_around_them() {
        for (name, major, cpus, explicit) in [
            ("jdk11-g1.log", None, None, (83, 80, 1_907)),
            ("jdk17-g1.log", Some(17), Some(2), (84, 81, 2_454)),
            ("jdk25-g1.log", Some(25), Some(2), (84, 81, 3_629)),
        ] {
            let s = read(&fixture(name));
            assert_eq!(s.collector, Some(Collector::G1), "{name}");
            assert_eq!((s.jdk_major, s.cpus), (major, cpus), "{name}");
            assert_eq!(s.heap_max, Some(128 << 20), "{name}");
            assert_eq!(s.offset_minutes, Some(0), "{name}");
            let e = s.explicit[0];
            assert_eq!(
                (e.before, e.after, e.micros),
                (
                    Some(explicit.0 << 20),
                    Some(explicit.1 << 20),
                    Some(explicit.2)
                ),
                "{name}"
            );
            assert!(e.full);
            assert_eq!(s.explicit_count, s.causes["System.gc()"].count, "{name}");
            let lines = fixture(name)
                .split(|b| *b == b'\n')
                .filter(|l| find(l, b"Pause Full (System.gc()) ").is_some())
                .count();
            assert_eq!(s.explicit_count, lines as u64, "{name}");
            assert!(s.first < s.last);
        }
        let s = read(&fixture("jdk17-parallel-server.log"));
        assert_eq!(
            (s.collector, s.memory),
            (Some(Collector::Parallel), Some(24_105 << 20))
        );
        assert_eq!((s.heap_max, s.offset_minutes), (Some(512 << 20), Some(480)));
        assert_eq!(s.first.unwrap().local(), "2026-11-22 23:54:02");
        assert_eq!(s.causes["Metadata GC Threshold"].count, 4);
        assert_eq!(s.live_max, Some(22 << 20));
    }

    #[test]
    fn other_decorations_and_collectors_are_read() {
        let r = read_line(b"[0.123s][info][gc] Using The Z Garbage Collector").unwrap();
        assert_eq!(
            (r.uptime_seconds, r.event),
            (Some(0.123), GcEvent::Collector(Collector::Z))
        );
        let r = read_line(b"[2026-11-22T13:24:04.025+0800][info][gc      ] GC(3) Major Collection (System.gc()) 104M(10%)->88M(8%) 0.012s").unwrap();
        let GcEvent::Pause(p) = r.event else { panic!() };
        assert_eq!(
            (p.kind, p.before, p.after, p.micros),
            (
                PauseKind::Other,
                Some(104 << 20),
                Some(88 << 20),
                Some(12_000)
            )
        );
        assert!(p.is_explicit());
        let r = read_line(
            b"[5ms][gc] GC(1) Pause Young (Concurrent Start) (System.gc()) 44M->40M(122M) 1.5ms",
        )
        .unwrap();
        let GcEvent::Pause(p) = r.event else { panic!() };
        assert_eq!((p.kind, p.is_explicit()), (PauseKind::Young, true));
        for other in [
            "[2026-11-22T13:24:04.025+0800][info][os,thread] x",
            "[ERROR] gc",
            "2026-11-22 13:24:04,025 INFO x",
            "",
            "[gc",
        ] {
            assert_eq!(read_line(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn parts_of_a_log_merge_to_the_whole() {
        let whole = fixture("jdk17-g1.log");
        let at = whole[..whole.len() / 2]
            .iter()
            .rposition(|b| *b == b'\n')
            .unwrap()
            + 1;
        let mut a = read(&whole[..at]);
        let b = read(&whole[at..]);
        a.merge(b);
        let mut expected = read(&whole);
        for s in [&mut a, &mut expected] {
            s.explicit.iter_mut().for_each(|e| e.at = 0);
        }
        assert_eq!(a, expected);
    }

    #[test]
    fn logs_are_told_by_their_content() {
        for name in [
            "jdk8-parallel.log",
            "jdk11-g1.log",
            "jdk17-g1.log",
            "jdk25-g1.log",
            "jdk17-parallel-server.log",
        ] {
            assert!(looks_like_gc_log(&fixture(name)), "{name}");
        }
        assert!(!looks_like_gc_log(
            b"13488:\nOpenJDK 64-Bit Server VM version 25.504-b01\nJDK 8.0_504\n"
        ));
        assert!(!looks_like_gc_log(b"2026-11-22 23:55:36,215 INFO [gc] x\n"));
    }

    #[test]
    fn damaged_logs_end_without_panic() {
        for name in [
            "jdk8-parallel.log",
            "jdk17-g1.log",
            "jdk17-parallel-server.log",
        ] {
            torment(&fixture(name), |b| drop((read(b), looks_like_gc_log(b))));
        }
    }
}
