//! One run of one node as the rules see it: a stretch of time, a limit, a curve of memory, the clients.

use std::collections::BTreeMap;

use super::dumps;
use super::shape::{Course, Shape, look};
use crate::facts::log::{ClockSource, Connection, FailureFacts};
use crate::facts::memory::{DumpSample, Gauge, NmtSample};
use crate::facts::{Activities, Activity, Facts, MarkKind, Quote, Signal};
use crate::jvm_limit::{self, DerivedLimit, HeapShape, NettyMode, Rule as LimitRule};
use crate::parse::failure::{Failure, FailureKind, Side};
use crate::parse::flags::{Collector, JvmFlags, SHADED_PREFIX, java_major};
use crate::parse::statement::ConnectionId;
use crate::text::Text;
use crate::units::{Address, WallTime};
use serde_json::json;

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

    fn bounds(&self) -> (WallTime, WallTime) {
        (
            self.from.unwrap_or(WallTime(i64::MIN / 4)),
            self.to.unwrap_or(WallTime(i64::MAX / 4)),
        )
    }
}

/// A limit of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The likeliest.
    pub bytes: u64,
    /// The smallest it can be.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// `exception`, `flag`, `given`, `netty-property`, `derived`.
    pub source: &'static str,
    /// How it came about.
    pub explained: Text,
    /// A line that shows it.
    pub quote: Option<Quote>,
}

/// One of the two books of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// `jdk` or `netty`.
    pub name: &'static str,
    /// Its limit.
    pub limit: Option<u64>,
    /// Highest use told by a failure.
    pub used_peak: Option<u64>,
    /// Whether buffers in it have a cleaner.
    pub cleaner: bool,
}

/// Failures to allocate direct memory within the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhaustion {
    /// Distinct failures.
    pub count: u64,
    /// Earliest.
    pub first: Option<WallTime>,
    /// Latest.
    pub last: Option<WallTime>,
    /// Highest use printed.
    pub used: Option<u64>,
    /// Limit printed most often.
    pub limit: Option<u64>,
    /// Largest request.
    pub requested: Option<u64>,
    /// The earliest line.
    pub quote: Option<Quote>,
    /// Which books refused.
    pub kinds: Vec<FailureKind>,
}

/// A point of the curve of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub time: WallTime,
    /// Bytes.
    pub bytes: u64,
    /// Line that shows it.
    pub quote: Option<Quote>,
}

/// Direct memory over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// `nmt:Other`, `nmt:Internal`, `jmx:direct`.
    pub source: &'static str,
    /// In order of time.
    pub points: Vec<Point>,
    /// Its shape.
    pub shape: Shape,
}

/// What is known of one client address within the run.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    /// The address: the declared one where a connection tells it, else the peer's.
    pub address: Address,
    /// What is counted under the address itself.
    pub own: Option<&'a Activities>,
    /// Its connections.
    pub connections: Vec<(&'a ConnectionId, &'a Connection)>,
    /// Applications it names.
    pub apps: Vec<&'a str>,
    /// SDK versions it names.
    pub versions: Vec<&'a str>,
    /// The address of a server of the cluster.
    pub is_server: bool,
}

/// Events of one signal within the run.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many.
    pub count: f64,
    /// First and last time.
    pub times: Option<(WallTime, WallTime)>,
}

impl<'a> Client<'a> {
    /// All activities of one signal, of the address and of its connections.
    pub fn activities(&self, signal: Signal) -> impl Iterator<Item = &'a Activity> + '_ {
        self.own.iter().filter_map(move |a| a.get(signal)).chain(
            self.connections
                .iter()
                .filter_map(move |(_, c)| c.activities.get(signal)),
        )
    }

    /// How many in all, whatever the run.
    #[must_use]
    pub fn total(&self, signal: Signal) -> u64 {
        self.activities(signal).map(|a| a.count).sum()
    }

    /// Sum of the amounts, whatever the run.
    #[must_use]
    pub fn amount(&self, signal: Signal) -> u64 {
        self.activities(signal).map(|a| a.amount).sum()
    }

    /// Within `from..to`.
    #[must_use]
    pub fn between(&self, signal: Signal, from: WallTime, to: WallTime) -> f64 {
        self.activities(signal)
            .map(|a| count_between(a, from, to))
            .sum()
    }

    /// Quote of the earliest event of a signal.
    #[must_use]
    pub fn first_quote(&self, signal: Signal) -> Option<&'a Quote> {
        self.activities(signal)
            .filter_map(|a| a.first.as_ref())
            .min_by_key(|q| q.key())
    }

    /// Quote of the latest event of a signal.
    #[must_use]
    pub fn last_quote(&self, signal: Signal) -> Option<&'a Quote> {
        self.activities(signal)
            .filter_map(|a| a.last.as_ref())
            .max_by_key(|q| q.key())
    }
}

/// Exact where the stretch holds all of it, else by the series.
fn count_between(a: &Activity, from: WallTime, to: WallTime) -> f64 {
    match (a.first_time(), a.last_time()) {
        (Some(first), Some(last)) if first >= from && last < to => (a.count - a.untimed) as f64,
        (Some(first), Some(last)) if last < from || first >= to => 0.0,
        _ => a.series.between(from, to),
    }
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
}

/// A release of Nacos: `2.2.3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// Its numbers.
    pub numbers: Vec<u32>,
    /// As written.
    pub text: String,
}

impl Release {
    /// Reads `v2.2.3`, `2.2.0.1`, `3.0.0-alpha`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bare = text.trim().trim_start_matches('v');
        let numbers: Vec<u32> = bare
            .split('-')
            .next()?
            .split('.')
            .map_while(|p| p.parse().ok())
            .collect();
        (numbers.len() >= 2).then(|| Self {
            numbers,
            text: bare.to_owned(),
        })
    }

    /// Whether it lies in `low..=high`, each compared as far as it goes.
    #[must_use]
    pub fn within(&self, low: &[u32], high: &[u32]) -> bool {
        let n = &self.numbers[..];
        n >= low && n[..n.len().min(high.len())] <= *high
    }
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

/// The runs of a node, in order: each start of a process begins one.
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
    let times = || facts.coverage.values().filter_map(|c| c.times);
    let earliest = times().map(|t| t.0).min();
    let mut runs = Vec::new();
    // What was written well before the first start told belongs to a process whose start is not in the files.
    let before = match (earliest, starts.first()) {
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
            .find_map(java_major);
        let nacos = facts
            .log
            .marks
            .iter()
            .rev()
            .filter_map(|m| m.version.as_deref())
            .find_map(Release::read);
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
        let exhaustion = exhaustion(facts, &run);
        let limit = limit(
            facts,
            given,
            &run,
            runs,
            &flags,
            &shape,
            exhaustion.as_ref(),
        )
        .map(|l| contradicted(l, facts, given, &flags, &shape, exhaustion.as_ref()));
        let books = books(facts, &run, &flags, &shape, limit.as_ref(), jdk);
        let nmt: Vec<_> = facts
            .memory
            .nmt
            .iter()
            .filter(|s| s.time.is_none_or(|t| run.lives(t)) && !s.report.kind.is_diff())
            .collect();
        let blind = jvm_limit::netty_mode(&flags, SHADED_PREFIX, jdk) == Some(NettyMode::NoCleaner);
        let dump = dumps::of_run(facts, given, &run, runs);
        let curve = curve(
            facts,
            &run,
            &nmt,
            limit.as_ref().map(|l| l.bytes),
            jdk,
            blind,
        );
        let clients = clients(facts, &run, dump);
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
        }
    }

    /// Bounds of the run.
    #[must_use]
    pub fn bounds(&self) -> (WallTime, WallTime) {
        let (from, to) = self.run.bounds();
        (from, self.run.ended.map_or(to, |e| e.min(to)))
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

    /// Whether something is known of memory in this run.
    #[must_use]
    pub fn knows_memory(&self) -> bool {
        self.exhaustion.is_some() || self.curve.is_some() || self.dump_used().is_some()
    }

    /// Exhausted, growing, or near its limit.
    #[must_use]
    pub fn in_trouble(&self) -> bool {
        self.exhaustion.is_some()
            || self.course() == Course::Growing
            || self.peak_ratio().is_some_and(|r| r >= 0.9)
    }

    /// The release queues without bound for a reader that stopped (2.0.0 to 2.3.0); `None` when the release is unknown.
    #[must_use]
    pub fn unbounded_queue(&self) -> Option<bool> {
        let r = self.nacos.as_ref()?;
        Some(r.within(&[2, 0], &[2, 3, 0]))
    }

    /// The client of an address.
    #[must_use]
    pub fn client(&self, address: &Address) -> Option<&Client<'a>> {
        self.clients
            .binary_search_by(|c| c.address.cmp(address))
            .ok()
            .map(|i| &self.clients[i])
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

fn is_own_direct(f: &Failure) -> bool {
    f.kind.is_direct() && f.side == Side::Server
}

fn exhaustion(facts: &Facts, run: &Run) -> Option<Exhaustion> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let mut e = Exhaustion {
        count: 0,
        first: None,
        last: None,
        used: None,
        limit: None,
        requested: None,
        quote: None,
        kinds: Vec::new(),
    };
    let mut limits: BTreeMap<u64, u64> = BTreeMap::new();
    for (f, seen) in facts.log.failures.iter().filter(|(f, _)| is_own_direct(f)) {
        let n = failures_in(seen, from, to, alone);
        if n == 0 {
            continue;
        }
        e.count += n;
        e.used = e.used.max(f.used);
        e.requested = e.requested.max(f.requested);
        if let Some(l) = f.limit {
            *limits.entry(l).or_default() += n;
        }
        if !e.kinds.contains(&f.kind) {
            e.kinds.push(f.kind);
        }
        let inside = |t: &WallTime| alone || (*t >= from && *t < to);
        let first = seen.activity.first_time().filter(inside);
        let last = seen.activity.last_time().filter(inside);
        if first.is_some() && (e.first.is_none() || first < e.first) {
            e.first = first;
            e.quote.clone_from(&seen.activity.first);
        }
        e.last = e.last.max(last);
        if e.quote.is_none() {
            e.quote.clone_from(&seen.activity.first);
        }
    }
    e.kinds.sort_unstable();
    e.limit = limits
        .into_iter()
        .max_by_key(|(l, n)| (*n, *l))
        .map(|(l, _)| l);
    (e.count > 0).then_some(e)
}

/// Failures within a run; those without a time belong to the run whose failures have one, and to the only run.
fn failures_in(f: &FailureFacts, from: WallTime, to: WallTime, alone: bool) -> u64 {
    if alone {
        return f.count;
    }
    let timed = count_between(&f.activity, from, to).round() as u64;
    match (timed, f.activity.untimed) {
        (0, _) => 0,
        (n, untimed) => n + untimed,
    }
}

fn limit(
    facts: &Facts,
    given: &Given,
    run: &Run,
    runs: usize,
    flags: &JvmFlags,
    shape: &HeapShape,
    exhaustion: Option<&Exhaustion>,
) -> Option<Limit> {
    let exact = |bytes, source, explained, quote| Limit {
        bytes,
        low: bytes,
        high: bytes,
        source,
        explained,
        quote,
    };
    if let Some(e) = exhaustion
        && let Some(limit) = e.limit
    {
        let text = Text::new("limit.exception", [("limit", json!(limit))]);
        return Some(exact(limit, "exception", text, e.quote.clone()));
    }
    if let Some(b) = given.max_direct_memory {
        return Some(exact(
            b,
            "given",
            Text::new("limit.given", [("limit", json!(b))]),
            None,
        ));
    }
    if let Some(d) = dumps::of_run(facts, given, run, runs) {
        let counters = &d.heap.counters;
        let netty = counters
            .netty
            .iter()
            .filter(|n| n.no_cleaner == Some(true))
            .filter_map(|n| n.limit_bytes)
            .max();
        let jdk = counters.jdk.as_ref().and_then(|j| j.limit_bytes);
        if let Some(b) = netty.or(jdk).filter(|b| *b > 0) {
            let text = Text::new("limit.dump", [("limit", json!(b))]);
            let quote = Quote {
                time: None,
                place: d.place,
                text: Box::default(),
            };
            return Some(exact(b, "heap-dump", text, Some(quote)));
        }
    }
    let source = facts
        .jvm
        .source_of("MaxDirectMemorySize")
        .map(|s| s.quote.clone());
    if let Some(Ok(b)) = flags.max_direct_memory_size()
        && source.is_some()
    {
        return Some(exact(
            b,
            "flag",
            Text::new("limit.flag", [("limit", json!(b))]),
            source,
        ));
    }
    // A limit that only a process of another run printed is still this node's.
    let printed = facts
        .log
        .failures
        .iter()
        .filter(|(f, _)| is_own_direct(f))
        .filter_map(|(f, seen)| Some((f.limit?, seen)))
        .max_by_key(|(l, seen)| (seen.count, *l));
    if let Some((l, seen)) = printed {
        let text = Text::new("limit.exception", [("limit", json!(l))]);
        return Some(exact(l, "exception", text, seen.activity.first.clone()));
    }
    let netty =
        jvm_limit::netty_mode(flags, SHADED_PREFIX, shape.jdk_major) == Some(NettyMode::NoCleaner);
    let derived = if netty {
        jvm_limit::netty_limit(flags, SHADED_PREFIX, shape)
    } else {
        None
    }
    .or_else(|| jvm_limit::jdk_limit(shape))?;
    // Without any flag the figure would be a guess about an unknown machine.
    if derived.heap_assumed {
        return None;
    }
    let quote = facts.jvm.source_of("MaxHeapSize").map(|s| s.quote.clone());
    Some(Limit {
        bytes: derived.best,
        low: derived.low,
        high: derived.high,
        source: if derived.rule == LimitRule::Set {
            "netty-property"
        } else {
            "derived"
        },
        explained: explain_derived(&derived),
        quote,
    })
}

/// Says of a limit which other source tells another figure for the same book. The stronger source stands.
fn contradicted(
    mut limit: Limit,
    facts: &Facts,
    given: &Given,
    flags: &JvmFlags,
    shape: &HeapShape,
    exhaustion: Option<&Exhaustion>,
) -> Limit {
    let flag = flags.max_direct_memory_size().and_then(Result::ok);
    let netty = exhaustion.is_some_and(|e| e.kinds == [FailureKind::Netty]);
    let property = flags
        .netty_long(SHADED_PREFIX, "maxDirectMemory")
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n > 0);
    // What the same book should have by the flags; Netty's limit may be its own.
    let expected = match limit.source {
        "exception" | "heap-dump" if netty && property.is_some() => {
            property.map(|p| ("Netty's property maxDirectMemory", p, p))
        }
        "exception" | "heap-dump" | "given" => match flag {
            // Netty without cleaners takes the flag for its own limit too.
            Some(f) => Some(("-XX:MaxDirectMemorySize", f, f)),
            None => jvm_limit::jdk_limit(shape)
                .filter(|d| !d.heap_assumed && !d.collector_assumed && limit.source != "given")
                .map(|d| {
                    (
                        "what follows from the heap flags",
                        d.low,
                        d.high.max(d.heap_max.unwrap_or(0)),
                    )
                }),
        },
        // Sources of the flag that disagree: a restart with other settings, or a variable that was overruled.
        "flag" => facts
            .jvm
            .sources
            .iter()
            .filter_map(|s| s.flags.max_direct_memory_size()?.ok())
            .find(|b| *b != limit.bytes)
            .map(|b| ("another source of the flags", b, b)),
        _ => None,
    };
    let told = given
        .max_direct_memory
        .filter(|g| limit.source == "exception" && *g != limit.bytes);
    let other = told
        .map(|g| ("--max-direct-memory", g, g))
        .or(expected)
        .filter(|(_, low, high)| limit.bytes < *low || limit.bytes > *high);
    if let Some((second, low, high)) = other {
        let other = if limit.bytes < low { low } else { high };
        limit.explained = Text::new(
            "limit.contradicted",
            [
                ("first", limit.explained.clone().nested()),
                ("second", json!(second)),
                ("other", json!(other)),
            ],
        );
    }
    limit
}

fn explain_derived(d: &DerivedLimit) -> Text {
    let collector = d.collector.map_or_else(
        || Text::new("word.default-collector", []).nested(),
        |c| json!(c.name()),
    );
    let params = [
        ("limit", json!(d.best)),
        ("low", json!(d.low)),
        ("high", json!(d.high)),
        ("collector", collector),
        ("heap", json!(d.heap_max)),
        ("survivor", json!(d.survivor)),
    ];
    let id = match (d.rule, d.is_exact()) {
        (LimitRule::Set, _) => "limit.netty-property",
        (LimitRule::HeapMax, _) => "limit.heap",
        (_, true) => "limit.heap-less-survivor",
        (_, false) => "limit.range",
    };
    Text::new(id, params)
}

fn books(
    facts: &Facts,
    run: &Run,
    flags: &JvmFlags,
    shape: &HeapShape,
    limit: Option<&Limit>,
    jdk: Option<u32>,
) -> Vec<Book> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let used = |kind: FailureKind| {
        facts
            .log
            .failures
            .iter()
            .filter(|(f, seen)| {
                is_own_direct(f) && f.kind == kind && failures_in(seen, from, to, alone) > 0
            })
            .filter_map(|(f, _)| f.used)
            .max()
    };
    let printed = |kind: FailureKind| {
        facts
            .log
            .failures
            .iter()
            .filter(|(f, _)| is_own_direct(f) && f.kind == kind)
            .find_map(|(f, _)| f.limit)
    };
    let mode = jvm_limit::netty_mode(flags, SHADED_PREFIX, jdk);
    let netty_seen = printed(FailureKind::Netty).is_some();
    let mut books = Vec::new();
    let jdk_limit = printed(FailureKind::JdkDirect)
        .or_else(|| {
            jvm_limit::jdk_limit(shape)
                .filter(|d| d.is_exact() && !d.heap_assumed)
                .map(|d| d.best)
        })
        .or_else(|| limit.filter(|_| !netty_seen).map(|l| l.bytes));
    books.push(Book {
        name: "jdk",
        limit: jdk_limit,
        used_peak: used(FailureKind::JdkDirect),
        cleaner: true,
    });
    if netty_seen || mode == Some(NettyMode::NoCleaner) {
        books.push(Book {
            name: "netty",
            limit: printed(FailureKind::Netty).or_else(|| {
                jvm_limit::netty_limit(flags, SHADED_PREFIX, shape)
                    .filter(DerivedLimit::is_exact)
                    .map(|d| d.best)
            }),
            used_peak: used(FailureKind::Netty),
            cleaner: false,
        });
    }
    books
}

/// A rise that does not count: pools take chunks of 2 to 16 MiB at their first use.
fn noise(limit: Option<u64>) -> u64 {
    match limit {
        Some(l) => (l / 12).clamp(3 << 20, 64 << 20),
        None => 16 << 20,
    }
}

fn curve(
    facts: &Facts,
    run: &Run,
    nmt: &[&NmtSample],
    limit: Option<u64>,
    jdk: Option<u32>,
    blind: bool,
) -> Option<Curve> {
    let committed =
        |s: &NmtSample, name: &str| s.report.category(name).map(|c| c.amounts.committed.bytes);
    let timed = nmt.iter().filter(|s| s.time.is_some()).count();
    let has_other = nmt
        .iter()
        .any(|s| s.report.direct_category(jdk) == Some("Other"));
    let from_nmt = |name: &'static str, source: &'static str| -> Curve {
        let points: Vec<Point> = nmt
            .iter()
            .filter_map(|s| {
                Some(Point {
                    time: s.time?,
                    bytes: committed(s, name).unwrap_or(0),
                    quote: s.line(name).cloned(),
                })
            })
            .collect();
        finish(source, points, limit)
    };
    if timed > 0 && has_other {
        return Some(from_nmt("Other", "nmt:Other"));
    }
    if timed > 0 && nmt.iter().any(|s| committed(s, "Internal").is_some()) {
        return Some(from_nmt("Internal", "nmt:Internal"));
    }
    // Past the JDK's books the pool of its beans shows next to nothing: that is no calm.
    if blind {
        return None;
    }
    let points: Vec<Point> = facts
        .memory
        .gauges
        .iter()
        .filter(|g| g.gauge == Gauge::DirectPool)
        .filter_map(|g| {
            Some(Point {
                time: g.time.filter(|t| run.lives(*t))?,
                bytes: g.value,
                quote: Some(g.quote.clone()),
            })
        })
        .collect();
    (!points.is_empty()).then(|| finish("jmx:direct", points, limit))
}

fn finish(source: &'static str, points: Vec<Point>, limit: Option<u64>) -> Curve {
    let plain: Vec<_> = points.iter().map(|p| (p.time, p.bytes)).collect();
    Curve {
        source,
        shape: look(&plain, noise(limit)),
        points,
    }
}

fn clients<'a>(facts: &'a Facts, run: &Run, dump: Option<&'a DumpSample>) -> Vec<Client<'a>> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let mut all: BTreeMap<Address, Client<'a>> = BTreeMap::new();
    let fresh = |address: &Address| Client {
        address: address.clone(),
        own: None,
        connections: Vec::new(),
        apps: Vec::new(),
        versions: Vec::new(),
        is_server: false,
    };
    let mut keyed: Vec<_> = facts.log.clients.iter().collect();
    keyed.sort_by_key(|(a, _)| *a);
    for (address, own) in keyed {
        all.entry(address.clone())
            .or_insert_with(|| fresh(address))
            .own = Some(own);
    }
    let mut connections: Vec<_> = facts.log.connections.iter().collect();
    connections.sort_by_key(|(id, _)| *id);
    for (id, c) in connections {
        let opened = c.ready.or(c.registered);
        let gone = c.closed.or(c.unregistered);
        let inside = alone || opened.is_none_or(|t| t < to) && gone.is_none_or(|t| t >= from);
        if !inside {
            continue;
        }
        let address = c
            .meta
            .as_ref()
            .and_then(|m| m.declared.as_ref())
            .unwrap_or(&id.peer);
        let client = all.entry(address.clone()).or_insert_with(|| fresh(address));
        client.connections.push((id, c));
        if let Some(m) = &c.meta {
            if !m.app.is_empty() && !client.apps.contains(&m.app.as_str()) {
                client.apps.push(&m.app);
            }
            if !m.version.is_empty() && !client.versions.contains(&m.version.as_str()) {
                client.versions.push(&m.version);
            }
            client.is_server |= m.cluster;
        }
    }
    // A dump knows clients that no log names.
    for c in dump.iter().flat_map(|d| &d.heap.connections) {
        let Some(ip) = c.declared_address.as_ref().or(c.address.as_ref()) else {
            continue;
        };
        if c.held_bytes == 0 {
            continue;
        }
        let address = Address::read(ip.as_bytes());
        let client = all
            .entry(address.clone())
            .or_insert_with(|| fresh(&address));
        for (list, value) in [
            (&mut client.apps, &c.app),
            (&mut client.versions, &c.version),
        ] {
            if let Some(v) = value
                .as_deref()
                .filter(|v| !matches!(*v, "" | "-" | "unknown"))
                && !list.contains(&v)
            {
                list.push(v);
            }
        }
    }
    for c in all.values_mut() {
        c.apps.sort_unstable();
        c.versions.sort_unstable();
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_number_by_number() {
        let r = |t: &str| Release::read(t).unwrap();
        assert!(r("2.3.0").within(&[2, 0], &[2, 3, 0]));
        assert!(r("2.0.4").within(&[2, 0], &[2, 3, 0]));
        assert!(!r("2.3.1").within(&[2, 0], &[2, 3, 0]));
        assert!(!r("1.4.8").within(&[2, 0], &[2, 3, 0]));
        assert!(r("v2.2.0.1").within(&[2, 2, 0], &[2, 2, 4]));
        assert!(Release::read("nacos").is_none());
    }
}
