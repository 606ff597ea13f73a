//! The part of [`super::facts`] about the process: crashes, mappings, collections, threads, objects, send queues.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Places;
use crate::facts::Facts;
use crate::facts::memory::Gauge;
use crate::facts::system::{KillSource, UNKNOWN_SITE};
use crate::units::WallTime;

/// A crash of the JVM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Crash {
    /// When.
    pub t: Option<String>,
    /// What ended the process: a signal, native memory exhausted, an internal error…
    pub kind: String,
    /// What failed, such as `mmap`.
    pub operation: Option<String>,
    /// Bytes asked for in vain.
    pub failed_bytes: Option<u64>,
    /// Process id.
    pub pid: Option<u64>,
    /// Java release.
    pub jdk: Option<String>,
    /// The virtual machine.
    pub vm: Option<String>,
    /// The problematic frame.
    pub frame: Option<String>,
}

/// A process that the kernel killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KernelOom {
    /// When.
    pub t: Option<String>,
    /// Process id.
    pub pid: Option<u64>,
    /// Name of the process.
    pub process: Option<String>,
    /// Its resident memory.
    pub rss_bytes: Option<u64>,
    /// Whether the limit of a container was hit, not that of the machine.
    pub in_container: Option<bool>,
    /// Limit of the container.
    pub limit_bytes: Option<u64>,
    /// `kernel`, `container` or `shell`: who says it. A shell knows of the signal only, not of its reason.
    #[serde(default)]
    pub told_by: String,
}

/// What the container's memory controller says: the last word on each figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The limit.
    pub limit_bytes: Option<u64>,
    /// Whether it says that there is no limit.
    pub unlimited: bool,
    /// Memory in use.
    pub usage_bytes: Option<u64>,
    /// The most that was in use.
    pub peak_bytes: Option<u64>,
    /// The limit of swap.
    pub swap_limit_bytes: Option<u64>,
    /// Swap in use.
    pub swap_bytes: Option<u64>,
    /// Anonymous memory.
    pub anon_bytes: Option<u64>,
    /// Cached files.
    pub file_bytes: Option<u64>,
    /// How often the limit was hit.
    pub limit_hits: Option<u64>,
    /// How often memory ran out.
    pub oom: Option<u64>,
    /// Processes killed for it.
    pub oom_kill: Option<u64>,
}

/// What bounds the process; `null` is unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessLimits {
    /// Address space.
    pub address_space_bytes: Option<u64>,
    /// Processes and threads of the user.
    pub processes: Option<u64>,
    /// Open files.
    pub open_files: Option<u64>,
}

/// What glibc's allocator holds at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Malloc {
    /// When.
    pub t: Option<String>,
    /// Arenas.
    pub arenas: u64,
    /// Taken from the system.
    pub system_bytes: Option<u64>,
    /// The most that was taken.
    pub system_peak_bytes: Option<u64>,
    /// In mappings of their own.
    pub mapped_bytes: Option<u64>,
    /// Free, and not given back.
    pub kept_bytes: Option<u64>,
    /// In use.
    pub in_use_bytes: Option<u64>,
}

/// Records of Netty's leak detector of one place in the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeakRecord {
    /// Where the buffer was made.
    pub site: Option<String>,
    /// Where it was last touched.
    pub touched: Option<String>,
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
}

/// The mappings of a process at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mappings {
    /// When they were listed.
    pub t: Option<String>,
    /// How many.
    pub mappings: u64,
    /// Resident bytes; `null` when the listing tells no use.
    pub rss_bytes: Option<u64>,
    /// By kind: `java-heap`, `malloc-heap`, `malloc-arena`, `thread-stack`, `library`, `file`, `anonymous`, `reserved`, `kernel`.
    pub kinds: BTreeMap<String, MappingSum>,
}

/// The mappings of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MappingSum {
    /// How many.
    pub mappings: u64,
    /// Address space.
    pub size_bytes: u64,
    /// Resident bytes.
    pub rss_bytes: Option<u64>,
    /// Anonymous bytes.
    pub anonymous_bytes: Option<u64>,
}

/// Collections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gc {
    /// Pauses.
    pub collections: u64,
    /// Seconds in pauses.
    pub pause_s: f64,
    /// The longest pause, in seconds.
    pub pause_max_s: f64,
    /// Full collections.
    pub full: u64,
    /// Collections that code asked for (`System.gc()`).
    pub explicit: u64,
    /// The first of these.
    pub explicit_first: Option<String>,
    /// The last of these.
    pub explicit_last: Option<String>,
    /// The most that was live after a collection.
    pub live_max_bytes: Option<u64>,
}

/// Threads of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Threads {
    /// First count.
    pub first: Option<u64>,
    /// Last count.
    pub last: Option<u64>,
    /// Highest count.
    pub peak: Option<u64>,
}

/// A class histogram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// When it was taken.
    pub t: Option<String>,
    /// Instances in all.
    pub instances: Option<u64>,
    /// Bytes in all.
    pub bytes: Option<u64>,
    /// Classes that stand for native memory.
    pub classes: Vec<ClassCount>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClassCount {
    /// Name of the class.
    pub class: String,
    /// Instances.
    pub instances: u64,
    /// Their bytes on the heap.
    pub bytes: u64,
}

/// What waits in the kernel for one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendQueue {
    /// When.
    pub t: Option<String>,
    /// Port of the server.
    pub port: u16,
    /// Address of the peer.
    pub peer: String,
    /// Sockets to it.
    pub sockets: u64,
    /// Of these, with something waiting.
    pub waiting: u64,
    /// Bytes that wait to be sent.
    pub send_q_bytes: u64,
    /// The most on one socket.
    pub send_q_max_bytes: u64,
    /// Bytes received and not yet read by the server.
    pub recv_q_bytes: u64,
}

/// Send queues listed.
const QUEUES: usize = 200;

fn at(places: &Places<'_>, t: Option<WallTime>) -> Option<String> {
    t.map(|t| places.time(t))
}

pub(super) fn crashes(facts: &Facts, places: &Places<'_>) -> Option<Vec<Crash>> {
    let all = &facts.system.crashes;
    (!all.is_empty()).then(|| {
        all.iter()
            .map(|c| Crash {
                t: at(places, c.time),
                kind: c.kind.name().to_owned(),
                operation: c.operation.clone(),
                failed_bytes: c.failed_bytes,
                pid: c.pid,
                jdk: c.jdk.clone(),
                vm: c.vm.clone(),
                frame: c.frame.clone(),
            })
            .collect()
    })
}

pub(super) fn kernel_oom(facts: &Facts, places: &Places<'_>) -> Option<Vec<KernelOom>> {
    let all = &facts.system.killed;
    (!all.is_empty()).then(|| {
        all.iter()
            .map(|k| KernelOom {
                t: at(places, k.quote.time),
                pid: k.kill.pid.map(u64::from),
                process: k.kill.process.clone(),
                rss_bytes: k.kill.rss(),
                in_container: k.kill.in_group,
                limit_bytes: k.kill.group_limit,
                told_by: match k.source {
                    KillSource::Kernel => "kernel",
                    KillSource::Container => "container",
                    KillSource::Shell => "shell",
                }
                .to_owned(),
            })
            .collect()
    })
}

pub(super) fn mappings(facts: &Facts, places: &Places<'_>) -> Option<Vec<Mappings>> {
    let all = &facts.system.maps;
    (!all.is_empty()).then(|| {
        all.iter()
            .map(|m| {
                let told = |n: u64| m.with_usage.then_some(n);
                Mappings {
                    t: at(places, m.time),
                    mappings: m.total.mappings,
                    rss_bytes: told(m.total.rss),
                    kinds: m
                        .kinds
                        .iter()
                        .map(|(k, u)| {
                            let sum = MappingSum {
                                mappings: u.mappings,
                                size_bytes: u.size,
                                rss_bytes: told(u.rss),
                                anonymous_bytes: told(u.anonymous),
                            };
                            (k.name().to_owned(), sum)
                        })
                        .collect(),
                }
            })
            .collect()
    })
}

pub(super) fn gc(facts: &Facts, places: &Places<'_>) -> Option<Gc> {
    let g = &facts.system.gc;
    let edges = g.explicit_edges.as_ref();
    (g.pauses > 0).then(|| Gc {
        collections: g.pauses,
        pause_s: g.micros as f64 / 1e6,
        pause_max_s: g.max_micros as f64 / 1e6,
        full: g.full,
        explicit: g.explicit,
        explicit_first: at(places, edges.and_then(|e| e.0.time)),
        explicit_last: at(places, edges.and_then(|e| e.1.time)),
        live_max_bytes: g.live_max,
    })
}

pub(super) fn threads(facts: &Facts) -> Option<Threads> {
    // All of them where the system counts them, else those that the JVM's beans count.
    let told = |gauge: Gauge| facts.memory.gauges.iter().any(|g| g.gauge == gauge);
    let gauge = if told(Gauge::Threads) {
        Gauge::Threads
    } else {
        Gauge::JavaThreads
    };
    let of = || {
        facts
            .memory
            .gauges
            .iter()
            .filter(move |g| g.gauge == gauge)
            .map(|g| g.value)
    };
    of().next().is_some().then(|| Threads {
        first: of().next(),
        last: of().next_back(),
        peak: of().max(),
    })
}

pub(super) fn histogram(facts: &Facts, places: &Places<'_>) -> Option<Histogram> {
    facts.system.histograms.last().map(|h| Histogram {
        t: at(places, h.time),
        instances: h.total.map(|t| t.0),
        bytes: h.total.map(|t| t.1),
        classes: h
            .classes
            .iter()
            .map(|c| ClassCount {
                class: c.class.clone(),
                instances: c.instances,
                bytes: c.bytes,
            })
            .collect(),
    })
}

pub(super) fn send_queues(facts: &Facts, places: &Places<'_>) -> Option<Vec<SendQueue>> {
    let all = &facts.system.queues;
    (!all.is_empty()).then(|| {
        all.iter()
            .take(QUEUES)
            .map(|q| SendQueue {
                t: at(places, q.time),
                port: q.port,
                peer: q.peer.to_string(),
                sockets: q.sockets,
                waiting: q.waiting,
                send_q_bytes: q.send_q,
                send_q_max_bytes: q.send_q_max,
                recv_q_bytes: q.recv_q,
            })
            .collect()
    })
}

pub(super) fn container(facts: &Facts) -> Option<Container> {
    let m = facts.system.cgroup_last();
    (!facts.system.cgroup.is_empty()).then_some(Container {
        limit_bytes: m.limit,
        unlimited: m.unlimited,
        usage_bytes: m.usage,
        peak_bytes: m.peak,
        swap_limit_bytes: m.swap_limit,
        swap_bytes: m.swap_usage,
        anon_bytes: m.anon,
        file_bytes: m.file,
        limit_hits: m.limit_hits,
        oom: m.oom,
        oom_kill: m.oom_kill,
    })
}

pub(super) fn limits(facts: &Facts) -> Option<ProcessLimits> {
    facts.system.limits.as_ref().map(|(l, _)| ProcessLimits {
        address_space_bytes: l.address_space,
        processes: l.processes,
        open_files: l.open_files,
    })
}

pub(super) fn malloc(facts: &Facts, places: &Places<'_>) -> Option<Vec<Malloc>> {
    let all = &facts.system.malloc;
    (!all.is_empty()).then(|| {
        all.iter()
            .map(|s| Malloc {
                t: at(places, s.time),
                arenas: s.info.arenas,
                system_bytes: s.info.system,
                system_peak_bytes: s.info.system_peak,
                mapped_bytes: s.info.mapped,
                kept_bytes: s.info.kept,
                in_use_bytes: s.info.in_use(),
            })
            .collect()
    })
}

pub(super) fn leaks(facts: &Facts, places: &Places<'_>) -> Option<Vec<LeakRecord>> {
    let all = &facts.system.leaks;
    (!all.is_empty()).then(|| {
        all.iter()
            .map(|(site, l)| LeakRecord {
                site: (site != UNKNOWN_SITE).then(|| site.clone()),
                touched: l.touched.clone(),
                count: l.count,
                first: at(places, l.first.time),
                last: at(places, l.last.time),
            })
            .collect()
    })
}
