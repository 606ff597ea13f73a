//! One run of one node as the rules see it: a stretch of time, a limit, a curve of memory, the clients.

mod client;
mod contradiction;
mod curve;
mod exhaustion;
mod limit;
mod release;
mod run;

pub use client::Client;
pub use curve::{Curve, Point};
pub use exhaustion::Exhaustion;
pub use limit::{Book, Limit};
pub use release::Release;
pub use run::{Run, runs};

use std::collections::HashMap;

use super::dumps;
use super::shape::Course;
use crate::facts::log::ClockSource;
use crate::facts::memory::{DumpSample, NmtSample};
use crate::facts::{Facts, Quote, Signal};
use crate::jvm_limit::{self, HeapShape, NettyMode};
use crate::parse::flags::{Collector, JvmFlags, SHADED_PREFIX, java_major};
use crate::units::{Address, WallTime};
use client::count_between;

/// Facts that the user gave because the files lack them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--max-direct-memory`
    pub max_direct_memory: Option<u64>,
    /// `--heap`
    pub heap: Option<u64>,
    /// `--physical-memory`
    pub physical_memory: Option<u64>,
    /// `--tz`, minutes east of UTC.
    pub offset_minutes: Option<i32>,
}

/// One run of one node.
#[derive(Debug)]
pub struct Case<'a> {
    /// All facts of the node.
    pub facts: &'a Facts,
    /// What the user gave.
    pub given: Given,
    /// The run.
    pub run: Run,
    /// Other runs of the same node.
    pub runs: usize,
    /// Nacos release.
    pub nacos: Option<Release>,
    /// Major version of the JDK.
    pub jdk: Option<u32>,
    /// Flags.
    pub flags: JvmFlags,
    /// Collector.
    pub collector: Option<Collector>,
    /// Maximum of the heap.
    pub heap: Option<u64>,
    /// Physical memory.
    pub physical: Option<u64>,
    /// The limit.
    pub limit: Option<Limit>,
    /// Both books.
    pub books: Vec<Book>,
    /// Failures.
    pub exhaustion: Option<Exhaustion>,
    /// Direct memory over time.
    pub curve: Option<Curve>,
    /// The last heap dump of this process.
    pub dump: Option<&'a DumpSample>,
    /// NMT samples of the run.
    pub nmt: Vec<&'a NmtSample>,
    /// Clients, by address.
    pub clients: Vec<Client<'a>>,
    /// Which of them connect from a peer address.
    behind: HashMap<&'a Address, Vec<usize>>,
}

/// Offset of the node's clock from UTC in minutes, and where it was read.
#[must_use]
pub fn zone(facts: &Facts, given: &Given) -> (i32, &'static str) {
    if let Some(m) = given.offset_minutes {
        return (m, "given");
    }
    for (source, name) in [
        (ClockSource::ConnectionId, "connection-ids"),
        (ClockSource::AccessLog, "access-log"),
        (ClockSource::GcLog, "gc-log"),
    ] {
        let best = facts
            .log
            .clock
            .iter()
            .filter(|((s, _), _)| *s == source)
            .max_by_key(|((_, m), e)| (e.count, std::cmp::Reverse(*m)));
        if let Some(((_, minutes), _)) = best {
            return (*minutes, name);
        }
    }
    (0, "unknown")
}

impl<'a> Case<'a> {
    /// The cases of a node: one for each run.
    #[must_use]
    pub fn of_node(facts: &'a Facts, given: &Given) -> Vec<Self> {
        let all = runs(facts);
        let n = all.len();
        all.into_iter()
            .map(|run| Self::build(facts, given, run, n))
            .collect()
    }

    fn build(facts: &'a Facts, given: &Given, run: Run, runs: usize) -> Self {
        let flags = facts.jvm.flags();
        let jdk = facts
            .jvm
            .java_versions
            .iter()
            .map(|(v, _)| v.as_str())
            .chain(facts.log.marks.iter().filter_map(|m| m.java.as_deref()))
            .find_map(java_major)
            .or_else(|| curve::jdk_of_reports(facts));
        let nacos = release::release(facts).map(|(r, _)| r);
        let collector = flags
            .collector()
            .or_else(|| facts.jvm.collectors.last().map(|(c, _)| *c));
        // A container sees the machine's memory and may use its own part only.
        let told = facts.memory.physical.as_ref().map(|(b, _)| *b);
        let within = facts.system.container_limit.as_ref().map(|(b, _)| *b);
        let physical = given
            .physical_memory
            .or_else(|| [told, within].into_iter().flatten().min());
        let mut shape = HeapShape::from_flags(&flags);
        shape.collector = collector;
        shape.jdk_major = jdk;
        shape.cores = facts.jvm.cores;
        shape.memory = physical;
        if given.heap.is_some() {
            shape.xmx = given.heap;
        }
        let heap = shape.xmx;
        let exhaustion = exhaustion::exhaustion(facts, &run);
        let limit = limit::limit(
            facts,
            given,
            &run,
            runs,
            &flags,
            &shape,
            exhaustion.as_ref(),
        )
        .map(|l| contradiction::contradicted(l, facts, given, &flags, &shape, exhaustion.as_ref()));
        let books = limit::books(facts, &run, &flags, &shape, limit.as_ref(), jdk);
        let nmt: Vec<_> = facts
            .memory
            .nmt
            .iter()
            .filter(|s| s.time.is_none_or(|t| run.lives(t)) && !s.report.kind.is_diff())
            .collect();
        let blind = jvm_limit::netty_mode(&flags, SHADED_PREFIX, jdk) == Some(NettyMode::NoCleaner);
        let dump = dumps::of_run(facts, given, &run, runs);
        let curve = curve::curve(
            facts,
            &run,
            &nmt,
            limit.as_ref().map(|l| l.bytes),
            jdk,
            blind,
        );
        let clients = client::clients(facts, &run, dump);
        let mut behind: HashMap<&Address, Vec<usize>> = HashMap::new();
        for (i, c) in clients.iter().enumerate() {
            for (id, _) in &c.connections {
                let list = behind.entry(&id.peer).or_default();
                if list.last() != Some(&i) {
                    list.push(i);
                }
            }
        }
        Self {
            facts,
            given: *given,
            run,
            runs,
            nacos,
            jdk,
            flags,
            collector,
            heap,
            physical,
            limit,
            books,
            dump,
            exhaustion,
            curve,
            nmt,
            clients,
            behind,
        }
    }

    /// Bounds of the run.
    #[must_use]
    pub fn bounds(&self) -> (WallTime, WallTime) {
        let (from, to) = self.run.bounds();
        (from, self.run.ended.map_or(to, |e| e.min(to)))
    }

    /// What stands for the process in a command: its id, or the word where it is not known.
    #[must_use]
    pub fn pid_in_commands(&self) -> String {
        let pid = self.run.pid;
        pid.map_or_else(|| "PID".to_owned(), |p| p.to_string())
    }

    /// The process that was started after this one ended.
    #[must_use]
    pub fn next_run(&self) -> Option<Run> {
        let end = self.run.to?;
        runs(self.facts).into_iter().find(|r| r.from == Some(end))
    }

    /// Highest use of direct memory, and where it is told: a failure outranks the curve.
    #[must_use]
    pub fn used_peak(&self) -> Option<(u64, &'static str)> {
        if let Some(used) = self.exhaustion.as_ref().and_then(|e| e.used) {
            return Some((used, "exception"));
        }
        let curve = self.curve.as_ref().and_then(|c| {
            let peak = c.points.iter().map(|p| p.bytes).max()?;
            Some((peak, c.source))
        });
        let dump = self.dump_used().map(|b| (b, "heap-dump"));
        // The later source wins only where it tells of more.
        match (curve, dump) {
            (Some(c), Some(d)) if d.0 > c.0 => Some(d),
            (c, d) => c.or(d),
        }
    }

    /// Direct memory in use by the counters in the heap dump: Netty's where it keeps its own book, else the JDK's. The two
    /// books have a limit each and are never added.
    #[must_use]
    pub fn dump_used(&self) -> Option<u64> {
        let counters = &self.dump?.heap.counters;
        let netty = counters.netty.iter().filter_map(|n| n.used_bytes).max();
        let jdk = counters.jdk.as_ref().and_then(|j| j.reserved_bytes);
        netty.filter(|b| *b > 0).or(jdk)
    }

    /// When the heap dump was taken, on the node's clock.
    #[must_use]
    pub fn dump_time(&self) -> Option<WallTime> {
        let taken = i64::try_from(self.dump?.heap.taken_ms).ok()?;
        let offset = i64::from(zone(self.facts, &self.given).0) * 60_000;
        Some(WallTime(taken + offset))
    }

    /// Bytes held for a client in the heap dump, by the address it declares or connects from.
    #[must_use]
    pub fn held_for(&self, address: &Address) -> Option<(u64, u64)> {
        let dump = self.dump?;
        let ip = address.to_string();
        let of = dump
            .heap
            .connections
            .iter()
            .filter(|c| c.declared_address.as_deref().or(c.address.as_deref()) == Some(&ip));
        let (mut held, mut messages) = (0, 0);
        for c in of {
            held += c.held_bytes;
            messages += c.messages;
        }
        Some((held, messages))
    }

    /// The same bytes of all addresses that hold any; `None` without a heap dump.
    #[must_use]
    pub fn held_by_address(&self) -> Option<HashMap<&'a str, u64>> {
        let mut held: HashMap<&str, u64> = HashMap::new();
        for c in &self.dump?.heap.connections {
            if let Some(ip) = c.declared_address.as_deref().or(c.address.as_deref()) {
                *held.entry(ip).or_default() += c.held_bytes;
            }
        }
        Some(held)
    }

    /// Highest use as a part of the limit.
    #[must_use]
    pub fn peak_ratio(&self) -> Option<f64> {
        let (used, _) = self.used_peak()?;
        let limit = self.limit.as_ref()?.bytes;
        (limit > 0).then(|| used as f64 / limit as f64)
    }

    /// Course of direct memory.
    #[must_use]
    pub fn course(&self) -> Course {
        self.curve
            .as_ref()
            .map_or(Course::Unknown, |c| c.shape.course)
    }

    /// The line that tells the release.
    #[must_use]
    pub fn release_quote(&self) -> Option<&'a Quote> {
        release::release(self.facts).map(|(_, quote)| quote)
    }

    /// Seconds from a restart until memory is full again, at the rate at which it rose.
    #[must_use]
    pub fn returns_in_s(&self) -> Option<f64> {
        let shape = &self.curve.as_ref()?.shape;
        let rate = shape.slope?.bytes_per_hour;
        let room = self.limit.as_ref()?.bytes.saturating_sub(shape.base);
        (rate > 0.0).then(|| room as f64 / rate * 3600.0)
    }

    /// When memory began to rise: by the curve, else (for want of one) unknown.
    #[must_use]
    pub fn onset(&self) -> Option<WallTime> {
        let s = &self.curve.as_ref()?.shape;
        (s.course != Course::Flat).then_some(s.onset).flatten()
    }

    /// When the first allocation failed.
    #[must_use]
    pub fn exhausted_at(&self) -> Option<WallTime> {
        self.exhaustion.as_ref().and_then(|e| e.first)
    }

    /// Seconds until the limit at the present rate.
    #[must_use]
    pub fn time_to_limit_s(&self) -> Option<f64> {
        let c = self.curve.as_ref()?;
        if c.shape.course != Course::Growing || self.exhaustion.is_some() {
            return None;
        }
        let slope = c.shape.slope?.bytes_per_hour;
        let room = self.limit.as_ref()?.bytes.saturating_sub(c.shape.last);
        (slope > 0.0).then(|| room as f64 / slope * 3600.0)
    }

    /// Whether something is known of memory in this run: a figure and the limit to hold it against, or a course. One figure
    /// alone tells neither of calm nor of trouble.
    #[must_use]
    pub fn knows_memory(&self) -> bool {
        let curve = self.curve.as_ref();
        self.exhaustion.is_some()
            || self.dump_used().is_some()
            || curve.is_some_and(|c| self.limit.is_some() || c.points.len() > 1)
    }

    /// Exhausted, growing, or near its limit.
    #[must_use]
    pub fn in_trouble(&self) -> bool {
        self.exhaustion.is_some()
            || self.course() == Course::Growing
            || self.peak_ratio().is_some_and(|r| r >= 0.9)
    }

    /// With the limit unknown: rose far over what a pool takes to warm up, and stays there. Whether that is near the limit
    /// nobody can tell, so it is neither calm nor trouble.
    #[must_use]
    pub fn climbed(&self) -> bool {
        self.rose_far(1) && self.course() == Course::Plateau
    }

    /// Bytes of the few chunks that a pool takes for next to nothing.
    #[must_use]
    pub fn few_chunks(&self) -> u64 {
        self.pool_when_warm() / 4
    }

    /// Rose by more than a quarter of the limit, and stays there.
    #[must_use]
    pub fn climbed_far(&self) -> bool {
        let Some((curve, limit)) = self.curve.as_ref().zip(self.limit.as_ref()) else {
            return false;
        };
        curve.shape.course == Course::Plateau && curve.shape.rise().saturating_mul(4) > limit.bytes
    }

    /// With the limit unknown: rose as far and fell back, or half as far again and again. How near the limit it came nobody can
    /// tell; a limit that load comes up to is trouble, though nothing stays.
    #[must_use]
    pub fn swung(&self) -> bool {
        match self.course() {
            Course::Returned => self.rose_far(1),
            Course::Bursts => self.rose_far(2),
            _ => false,
        }
    }

    /// Arenas take a few chunks each when first used: of 2 or 4 MiB, of 16 MiB before 2.1.1.
    fn pool_when_warm(&self) -> u64 {
        const POOL: u64 = 32 << 20;
        const POOL_OF_LARGE_CHUNKS: u64 = 96 << 20;
        match &self.nacos {
            Some(r) if r.within(&[2, 0], &[2, 1, 0]) => POOL_OF_LARGE_CHUNKS,
            _ => POOL,
        }
    }

    /// Rose, with no limit known and no failure told, far over what a pool takes to warm up, or over a part of that.
    fn rose_far(&self, part: u64) -> bool {
        let far = self.pool_when_warm() / part;
        let rise = self.curve.as_ref().map(|c| (c.shape.rise(), c.shape.base));
        self.limit.is_none()
            && self.exhaustion.is_none()
            && rise.is_some_and(|(rise, base)| rise >= far.max(base.saturating_mul(3)))
    }

    /// The release queues without bound for a reader that stopped (2.0.0 to 2.3.0); `None` when the release is unknown.
    #[must_use]
    pub fn unbounded_queue(&self) -> Option<bool> {
        let r = self.nacos.as_ref()?;
        Some(r.within(&[2, 0], &[2, 3, 0]))
    }

    /// The server pushes services, and neither a log of those pushes nor a heap dump is at hand.
    #[must_use]
    pub fn pushes_unseen(&self) -> bool {
        let log = &self.facts.log;
        let any = |signals: &[Signal]| signals.iter().any(|s| log.totals.get(*s).is_some());
        let naming = any(&[Signal::Registration]) || !any(&[Signal::ConfigFanOut]);
        naming
            && self.dump.is_none()
            && !any(&[Signal::PushOk, Signal::PushFail, Signal::UdpScheduled])
    }

    /// The client of an address.
    #[must_use]
    pub fn client(&self, address: &Address) -> Option<&Client<'a>> {
        self.clients
            .binary_search_by(|c| c.address.cmp(address))
            .ok()
            .map(|i| &self.clients[i])
    }

    /// The clients that connect from a peer address, in order.
    pub fn behind(&self, peer: &Address) -> impl Iterator<Item = &Client<'a>> {
        let list = self.behind.get(peer).map_or(&[][..], Vec::as_slice);
        list.iter().map(|i| &self.clients[*i])
    }

    /// Events of the whole node within `from..to`, by the series alone: what a timeline shows.
    #[must_use]
    pub fn total_between_series(&self, signal: Signal, from: WallTime, to: WallTime) -> f64 {
        self.facts
            .log
            .totals
            .get(signal)
            .map_or(0.0, |a| a.series.between(from, to))
    }

    /// Events of the whole node within `from..to`.
    #[must_use]
    pub fn total_between(&self, signal: Signal, from: WallTime, to: WallTime) -> f64 {
        self.facts
            .log
            .totals
            .get(signal)
            .map_or(0.0, |a| count_between(a, from, to))
    }
}
