//! What the JVM and Linux say of one process beside its books: collections, crashes, mappings, sockets, objects.

use std::collections::BTreeMap;

use super::quote::{Quote, QuoteText};
use crate::parse::cgroup::CgroupMemory;
use crate::parse::gc::{Pause, PauseKind};
use crate::parse::hs_err::CrashKind;
use crate::parse::kernel::OomKill;
use crate::parse::malloc_info::MallocInfo;
use crate::parse::proc::{Limits, MappingKind, Usage};
use crate::span::ArtefactId;
use crate::units::{Address, WallTime};

/// A crash of the JVM, or its wish for memory that was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When.
    pub time: Option<WallTime>,
    /// Why.
    pub kind: CrashKind,
    /// How memory was asked for: `mmap`, `malloc`.
    pub operation: Option<String>,
    /// Bytes asked for.
    pub failed_bytes: Option<u64>,
    /// The process.
    pub pid: Option<u64>,
    /// Version of the JRE.
    pub jdk: Option<String>,
    /// The VM, as its line says.
    pub vm: Option<String>,
    /// The frame it happened in.
    pub frame: Option<String>,
    /// The line that says it.
    pub quote: Quote,
}

/// Who tells that a process was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KillSource {
    /// The kernel's log: for want of memory.
    Kernel,
    /// The runtime of containers (`OOMKilled`): for want of memory.
    Container,
    /// The shell that started it (`line 140: 4711 Killed nohup java …`): a signal 9, by whomever.
    Shell,
}

/// A process that was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killed {
    /// Who says it.
    pub source: KillSource,
    /// What is said.
    pub kill: OomKill,
    /// The line.
    pub quote: Quote,
}

/// The mappings of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSample {
    /// When.
    pub time: Option<WallTime>,
    /// All mappings together.
    pub total: Usage,
    /// By kind.
    pub kinds: BTreeMap<MappingKind, Usage>,
    /// Whether resident sizes are told (`smaps`) or not (`maps`).
    pub with_usage: bool,
    /// The largest mapping of no file, heap or kernel.
    pub quote: Quote,
}

/// A class of a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// Its name.
    pub class: String,
    /// Objects.
    pub instances: u64,
    /// Their bytes in the heap.
    pub bytes: u64,
    /// Its row.
    pub quote: Quote,
}

/// A class histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramSample {
    /// When.
    pub time: Option<WallTime>,
    /// Objects and bytes in all.
    pub total: Option<(u64, u64)>,
    /// The classes with most bytes, and those that stand for native memory.
    pub classes: Vec<ClassCount>,
    /// Its first line.
    pub quote: Quote,
}

/// What waits for one peer on one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendQueue {
    /// When.
    pub time: Option<WallTime>,
    /// Own port.
    pub port: u16,
    /// The peer.
    pub peer: Address,
    /// Connections.
    pub sockets: u64,
    /// Of those with something in the send queue.
    pub waiting: u64,
    /// Bytes sent and not acknowledged, or not sent yet.
    pub send_q: u64,
    /// Of the connection with most.
    pub send_q_max: u64,
    /// Bytes received and not read by the process.
    pub recv_q: u64,
    /// The line of the connection with most.
    pub quote: Quote,
}

/// What a container's memory controller says at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupSample {
    /// When.
    pub time: Option<WallTime>,
    /// Its figures.
    pub memory: CgroupMemory,
    /// The line of the kills where there are any, else of the limit, else the first.
    pub quote: Quote,
}

/// What the allocator holds at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MallocSample {
    /// When.
    pub time: Option<WallTime>,
    /// Its sums.
    pub info: MallocInfo,
    /// The line of the sum over all arenas.
    pub quote: Quote,
}

/// Records of Netty's leak detector that name one place in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakSite {
    /// Records.
    pub count: u64,
    /// The last access that the earliest record tells.
    pub touched: Option<String>,
    /// The earliest record.
    pub first: Quote,
    /// The latest.
    pub last: Quote,
}

/// Steps of the heap's series at the most, per log or node.
const GC_STEPS: usize = 4096;
/// The finest step.
const GC_STEP_MS: i64 = 1_000;

/// Collections, summed up. Parts merge to the same whatever the split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcFacts {
    /// Collections and other pauses.
    pub pauses: u64,
    /// Microseconds in them.
    pub micros: u64,
    /// The longest, in microseconds.
    pub max_micros: u64,
    /// Full collections.
    pub full: u64,
    /// Collections asked for by code (`System.gc()`), by the JDK when direct memory runs short among others.
    pub explicit: u64,
    /// The first and the last of them.
    pub explicit_edges: Option<(Quote, Quote)>,
    /// Largest heap after a full collection: what was alive.
    pub live_max: Option<u64>,
    /// Bytes alive after full collections: the smallest in each step, by the number of the step.
    pub live: BTreeMap<i64, (u64, Quote)>,
    /// Milliseconds of a step; doubled when there are too many.
    pub step_ms: i64,
    /// The heap's maximum, where the log tells it.
    pub heap_max: Option<u64>,
}

impl Default for GcFacts {
    fn default() -> Self {
        Self {
            pauses: 0,
            micros: 0,
            max_micros: 0,
            full: 0,
            explicit: 0,
            explicit_edges: None,
            live_max: None,
            live: BTreeMap::new(),
            step_ms: GC_STEP_MS,
            heap_max: None,
        }
    }
}

impl GcFacts {
    /// Adds a pause.
    pub fn add(&mut self, p: &Pause, time: Option<WallTime>, line: &QuoteText<'_>) {
        let micros = p.micros.unwrap_or(0);
        self.pauses += 1;
        self.micros = self.micros.saturating_add(micros);
        self.max_micros = self.max_micros.max(micros);
        if p.is_explicit() {
            self.explicit += 1;
            let q = line.keep(time, true);
            self.edges((q.clone(), q));
        }
        if p.kind == PauseKind::Full {
            self.full += 1;
            self.live_max = self.live_max.max(p.after);
            if let (Some(t), Some(after)) = (time, p.after) {
                let step = t.0.div_euclid(self.step_ms);
                self.lower(step, (after, line.keep(time, true)));
                self.thin();
            }
        }
    }

    fn edges(&mut self, new: (Quote, Quote)) {
        self.explicit_edges = Some(match self.explicit_edges.take() {
            None => new,
            Some((first, last)) => (
                if new.0.key() < first.key() {
                    new.0
                } else {
                    first
                },
                if new.1.key() > last.key() {
                    new.1
                } else {
                    last
                },
            ),
        });
    }

    /// Doubles the step until there are few enough.
    fn thin(&mut self) {
        while self.live.len() > GC_STEPS {
            self.widen(self.step_ms * 2);
        }
    }

    fn widen(&mut self, step_ms: i64) {
        if step_ms <= self.step_ms {
            return;
        }
        let by = step_ms / self.step_ms;
        self.step_ms = step_ms;
        for (step, sample) in std::mem::take(&mut self.live) {
            self.lower(step.div_euclid(by), sample);
        }
    }

    fn lower(&mut self, step: i64, sample: (u64, Quote)) {
        let key = |s: &(u64, Quote)| (s.0, s.1.key());
        match self.live.get_mut(&step) {
            Some(old) if key(old) <= key(&sample) => {}
            Some(old) => *old = sample,
            None => {
                self.live.insert(step, sample);
            }
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, mut other: Self) {
        self.pauses += other.pauses;
        self.micros = self.micros.saturating_add(other.micros);
        self.max_micros = self.max_micros.max(other.max_micros);
        self.full += other.full;
        self.explicit += other.explicit;
        if let Some(e) = other.explicit_edges.take() {
            self.edges(e);
        }
        self.live_max = self.live_max.max(other.live_max);
        self.heap_max = self.heap_max.max(other.heap_max);
        self.widen(other.step_ms);
        other.widen(self.step_ms);
        for (step, sample) in other.live {
            self.lower(step, sample);
        }
        self.thin();
    }
}

/// Samples of a kind kept of one node.
const SAMPLES_MAX: usize = 1_000;
/// Send queues kept of one node.
const QUEUES_MAX: usize = 10_000;
/// Places of leaks told apart.
const LEAKS_MAX: usize = 1_000;
/// The place of a leak record that names none.
pub const UNKNOWN_SITE: &str = "unknown";

/// What the JVM and Linux say beside the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemFacts {
    /// Crashes.
    pub crashes: Vec<Crash>,
    /// Processes that the kernel killed.
    pub killed: Vec<Killed>,
    /// Mappings.
    pub maps: Vec<MapSample>,
    /// Class histograms.
    pub histograms: Vec<HistogramSample>,
    /// Send queues.
    pub queues: Vec<SendQueue>,
    /// Collections.
    pub gc: GcFacts,
    /// What the container may use.
    pub container_limit: Option<(u64, Quote)>,
    /// Nacos's main port, as its settings say.
    pub server_port: Option<(u16, Quote)>,
    /// What the container's memory controller says.
    pub cgroup: Vec<CgroupSample>,
    /// What the allocator holds.
    pub malloc: Vec<MallocSample>,
    /// What bounds the process.
    pub limits: Option<(Limits, Quote)>,
    /// Netty's leak records, by place in the code ([`UNKNOWN_SITE`] where a record names none).
    pub leaks: BTreeMap<String, LeakSite>,
}

/// The one that stands first in the inputs.
fn earlier<T>(a: Option<(T, Quote)>, b: Option<(T, Quote)>) -> Option<(T, Quote)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.1.place < a.1.place { b } else { a }),
        (a, b) => a.or(b),
    }
}

impl SystemFacts {
    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.crashes.extend(other.crashes);
        self.killed.extend(other.killed);
        self.maps.extend(other.maps);
        self.histograms.extend(other.histograms);
        self.queues.extend(other.queues);
        self.gc.merge(other.gc);
        self.container_limit = earlier(self.container_limit.take(), other.container_limit);
        self.server_port = earlier(self.server_port.take(), other.server_port);
        self.cgroup.extend(other.cgroup);
        self.malloc.extend(other.malloc);
        self.limits = earlier(self.limits.take(), other.limits);
        for (site, leak) in other.leaks {
            self.add_leak(site, leak);
        }
    }

    /// Adds leak records of one place.
    pub fn add_leak(&mut self, site: String, leak: LeakSite) {
        let site = if self.leaks.len() < LEAKS_MAX || self.leaks.contains_key(&site) {
            site
        } else {
            UNKNOWN_SITE.to_owned()
        };
        match self.leaks.get_mut(&site) {
            None => {
                self.leaks.insert(site, leak);
            }
            Some(old) => {
                old.count += leak.count;
                if leak.first.key() < old.first.key() {
                    old.first = leak.first;
                    old.touched = leak.touched;
                }
                if leak.last.key() > old.last.key() {
                    old.last = leak.last;
                }
            }
        }
    }

    /// Moves the samples of some files by so many minutes each: their clock is not the node's.
    pub fn shift(&mut self, moved: &BTreeMap<ArtefactId, i32>) {
        let shift = |time: &mut Option<WallTime>, quote: &mut Quote| {
            if let Some(by) = moved.get(&quote.place.artefact) {
                *time = time.map(|t| t.plus_ms(i64::from(*by) * 60_000));
                quote.time = *time;
            }
        };
        self.maps
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.histograms
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.queues
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.cgroup
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.malloc
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.crashes
            .iter_mut()
            .for_each(|s| shift(&mut s.time, &mut s.quote));
        self.settle();
    }

    /// Sorts by time and place, and keeps what is bounded.
    pub fn settle(&mut self) {
        self.crashes.sort_by_key(|s| s.quote.key());
        self.crashes.truncate(SAMPLES_MAX);
        self.killed.sort_by_key(|s| s.quote.key());
        self.killed.truncate(SAMPLES_MAX);
        self.maps.sort_by_key(|s| s.quote.key());
        self.maps.truncate(SAMPLES_MAX);
        self.histograms.sort_by_key(|s| s.quote.key());
        self.histograms.truncate(SAMPLES_MAX);
        self.queues.sort_by(|a, b| {
            b.send_q
                .cmp(&a.send_q)
                .then_with(|| a.quote.key().cmp(&b.quote.key()))
        });
        self.queues.truncate(QUEUES_MAX);
        self.cgroup.sort_by_key(|s| s.quote.key());
        self.cgroup.truncate(SAMPLES_MAX);
        self.malloc.sort_by_key(|s| s.quote.key());
        self.malloc.truncate(SAMPLES_MAX);
    }

    /// The last word of the container's controller on each figure: files of one moment hold one figure each.
    #[must_use]
    pub fn cgroup_last(&self) -> CgroupMemory {
        let mut all = CgroupMemory::default();
        for s in &self.cgroup {
            let m = &s.memory;
            let newer = |old: &mut Option<u64>, new: Option<u64>| *old = new.or(*old);
            newer(&mut all.limit, m.limit);
            newer(&mut all.high, m.high);
            newer(&mut all.usage, m.usage);
            newer(&mut all.peak, m.peak);
            newer(&mut all.swap_limit, m.swap_limit);
            newer(&mut all.swap_usage, m.swap_usage);
            newer(&mut all.anon, m.anon);
            newer(&mut all.file, m.file);
            newer(&mut all.limit_hits, m.limit_hits);
            newer(&mut all.oom, m.oom);
            newer(&mut all.oom_kill, m.oom_kill);
            all.unlimited |= m.unlimited;
        }
        all
    }

    /// Whether a port is one of gRPC: 9848 and 9849, or 1000 and 1001 above the main port of the settings.
    #[must_use]
    pub fn is_grpc_port(&self, port: u16) -> bool {
        let main = self.server_port.as_ref().map_or(8848, |p| p.0);
        matches!(port, 9848 | 9849)
            || port == main.saturating_add(1000)
            || port == main.saturating_add(1001)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::{ArtefactId, Place};

    fn pause(after: u64) -> Pause {
        Pause {
            kind: PauseKind::Full,
            cause: "System.gc()".to_owned(),
            before: Some(after + 1),
            after: Some(after),
            capacity: None,
            micros: Some(10),
        }
    }

    #[test]
    fn collections_merge_to_the_same_whatever_the_split() {
        let place = |offset: u64| Place {
            artefact: ArtefactId(0),
            offset,
            window: 0,
            lines_before: 0,
        };
        let all: Vec<(WallTime, u64)> = (0..20_000u64)
            .map(|i| (WallTime(i as i64 * 1_700), (i * 7919) % 1000))
            .collect();
        let sum = |range: std::ops::Range<usize>| {
            let mut g = GcFacts::default();
            for i in range {
                let q = QuoteText {
                    place: place(i as u64),
                    line: b"x",
                };
                g.add(&pause(all[i].1), Some(all[i].0), &q);
            }
            g
        };
        let whole = sum(0..all.len());
        for cut in [1, 4_095, 9_999, 19_999] {
            let mut parts = sum(0..cut);
            parts.merge(sum(cut..all.len()));
            assert_eq!(parts, whole, "cut at {cut}");
        }
        assert!(whole.live.len() <= GC_STEPS && whole.explicit == 20_000);
    }
}
