//! The part of the report that holds what the files say: counts and figures, nothing inferred. A family that no input tells
//! of is `null`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Places, system};
use crate::facts::memory::TimeSource;
use crate::facts::{Facts, Signal};
use crate::parse::failure::{FailureKind, Side};
use crate::parse::nmt::{NmtKind, NmtReport};
use crate::rules::case::Case;
use crate::units::WallTime;

/// What the files of a node say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FactsReport {
    /// Failures to allocate memory, one entry for each distinct text.
    pub allocation_failures: Option<Vec<AllocationFailure>>,
    /// Naming pushes.
    pub push: Option<Push>,
    /// Configuration notifications.
    pub config_push: Option<ConfigPush>,
    /// Sends that the server refused because the client's queue was full, by client address.
    pub back_pressure: Option<BTreeMap<String, u64>>,
    /// Logins.
    pub logins: Option<Logins>,
    /// HTTP requests of the access log.
    pub requests: Option<Requests>,
    /// gRPC connections.
    pub connections: Option<Connections>,
    /// Reports of native memory tracking, in order of time.
    pub nmt: Option<Vec<Nmt>>,
    /// Why native memory tracking told nothing: `not-enabled`, `no-baseline`…
    pub nmt_status: Option<String>,
    /// The last heap dump.
    pub heap_dump: Option<crate::facts::heap::HeapFacts>,
    /// Flags of the JVM.
    pub jvm: Option<JvmFlagsReport>,
    /// The process as the operating system sees it.
    pub process: Option<Process>,
    /// Crashes of the JVM.
    #[serde(default)]
    pub crash: Option<Vec<system::Crash>>,
    /// Processes that the kernel killed for want of memory.
    #[serde(default)]
    pub kernel_oom: Option<Vec<system::KernelOom>>,
    /// Collections.
    #[serde(default)]
    pub gc: Option<system::Gc>,
    /// Threads.
    #[serde(default)]
    pub threads: Option<system::Threads>,
    /// The last class histogram.
    #[serde(default)]
    pub class_histogram: Option<system::Histogram>,
    /// What waited in the kernel, by peer; longest first, 200 at the most.
    #[serde(default)]
    pub send_queues: Option<Vec<system::SendQueue>>,
    /// Buffers that Netty's leak detector reported.
    #[serde(default)]
    pub netty_leak_records: Option<Vec<system::LeakRecord>>,
    /// Time of the first record.
    pub first: Option<String>,
    /// Time of the last record.
    pub last: Option<String>,
}

/// One distinct text of an allocation failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationFailure {
    /// `netty`, `jdk-direct`, `heap`, `metaspace`, `native-thread`, `mmap`, `malloc`.
    pub kind: FailureName,
    /// Class of the throwable, where the text names it.
    pub class: Option<String>,
    /// `server` (this process), `client` (an application's log), `relayed` (text of another process).
    pub side: SideName,
    /// Distinct failures: header line, throwable and `Caused by` of one failure are one.
    pub count: u64,
    /// Lines that carry the text.
    pub mentions: u64,
    /// Bytes asked for.
    pub requested_bytes: Option<u64>,
    /// Bytes in use, as the text says.
    pub used_bytes: Option<u64>,
    /// The limit, as the text says.
    pub limit_bytes: Option<u64>,
    /// When it was first written.
    pub first: Option<String>,
    /// When it was last written.
    pub last: Option<String>,
    /// Files it stands in.
    pub paths: Vec<String>,
}

/// Name of a kind of failure.
pub type FailureName = String;
/// Name of a side.
pub type SideName = String;

/// Naming pushes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Push {
    /// Pushes that were acknowledged.
    pub ok: u64,
    /// Records of failed pushes.
    pub failed: u64,
    /// Records of failed pushes that name no client.
    pub unattributed: u64,
    /// The same by client address.
    pub by_client: BTreeMap<String, OkFailed>,
    /// Failed pushes by reason, numbers masked as `N`.
    pub reasons: BTreeMap<String, u64>,
    /// Push tasks that failed before a push was made.
    pub task_failed: u64,
    /// UDP pushes by client address.
    pub udp: BTreeMap<String, Udp>,
    /// UDP pushes that name no client.
    pub udp_unattributed: u64,
}

/// Pushes of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OkFailed {
    /// Acknowledged.
    pub ok: u64,
    /// Failed.
    pub failed: u64,
}

/// UDP pushes of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Udp {
    /// Sent or sent again.
    pub scheduled: u64,
    /// Acknowledged.
    pub acked: u64,
    /// Given up after the last try.
    pub given_up: u64,
}

/// Configuration notifications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigPush {
    /// Failures by client address.
    pub by_client: BTreeMap<String, ConfigFailed>,
    /// Failures that name no client.
    pub unattributed: u64,
    /// Changes that were notified to listeners.
    pub batches: u64,
}

/// Configuration notifications of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigFailed {
    /// Tries that failed.
    pub failed: u64,
    /// Notifications given up.
    pub given_up: u64,
}

/// Logins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logins {
    /// Attempts, whatever their status.
    pub total: u64,
    /// Attempts by address.
    pub by_address: BTreeMap<String, u64>,
    /// Attempts by HTTP status.
    pub by_status: BTreeMap<String, u64>,
    /// The busiest second of one address.
    pub peak_second: Option<PeakSecond>,
}

/// The busiest second of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeakSecond {
    /// The address.
    pub address: String,
    /// The second.
    pub t: String,
    /// Logins in it.
    pub count: u64,
}

/// HTTP requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Requests {
    /// Requests by address.
    pub by_address: BTreeMap<String, u64>,
    /// Requests by HTTP status.
    pub by_status: BTreeMap<String, u64>,
    /// Requests answered with 401 or 403.
    pub denied: u64,
}

/// gRPC connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Connections opened.
    pub opened: u64,
    /// Connections closed.
    pub closed: u64,
    /// Connections registered, as the server last said.
    pub registered_last: Option<u64>,
    /// By peer address.
    pub by_address: BTreeMap<String, ConnectionsOf>,
}

/// Connections of one peer address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionsOf {
    /// Opened.
    pub opened: u64,
    /// Closed.
    pub closed: u64,
    /// Addresses that clients behind it give themselves, where they differ from it.
    pub declared: Vec<String>,
}

/// One NMT report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nmt {
    /// When it was taken.
    pub t: Option<String>,
    /// What tells the time: the file's name, a heading above the report, the modification time.
    pub t_source: String,
    /// `summary`, `detail`, `diff`.
    pub kind: String,
    /// Reserved in all.
    pub total_reserved_bytes: Option<u64>,
    /// Committed in all.
    pub total_committed_bytes: Option<u64>,
    /// Change of the reserved total; `null` unless a difference.
    pub total_reserved_delta_bytes: Option<i64>,
    /// Change of the committed total; `null` unless a difference.
    pub total_committed_delta_bytes: Option<i64>,
    /// By NMT category.
    pub categories: BTreeMap<String, NmtCategory>,
    /// Call sites of a detail report, largest first, 50 at the most.
    pub sites: Vec<NmtSite>,
}

/// One category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NmtCategory {
    /// Reserved.
    pub reserved_bytes: u64,
    /// Committed.
    pub committed_bytes: u64,
    /// Change of what is reserved; `null` unless a difference.
    pub reserved_delta_bytes: Option<i64>,
    /// Change of what is committed; `null` unless a difference.
    pub committed_delta_bytes: Option<i64>,
}

/// One call site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NmtSite {
    /// Frames, innermost first.
    pub frames: Vec<String>,
    /// NMT category.
    pub category: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// Allocations.
    pub count: Option<u64>,
    /// Change of the bytes; `null` unless a difference.
    pub delta_bytes: Option<i64>,
}

/// Flags of the JVM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JvmFlagsReport {
    /// Flags by name, values as written.
    pub flags: BTreeMap<String, String>,
    /// Maximum of the heap that is set.
    pub xmx_bytes: Option<u64>,
    /// Initial heap that is set.
    pub xms_bytes: Option<u64>,
    /// Young generation that is set.
    pub xmn_bytes: Option<u64>,
    /// `-XX:MaxDirectMemorySize`, where set.
    pub max_direct_memory_bytes: Option<u64>,
    /// Netty's property `maxDirectMemory`, where set; negative: Netty's default.
    pub netty_max_direct_memory_bytes: Option<i64>,
    /// Options behind `-jar`, which the JVM never sees.
    pub inert: Vec<String>,
}

/// The process as the operating system sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Resident memory, last known.
    pub rss_bytes: Option<u64>,
    /// Figures over time.
    pub series: Vec<ProcessSample>,
    /// Physical memory of the machine.
    pub physical_bytes: Option<u64>,
    /// Limit of the container.
    #[serde(default)]
    pub limit_bytes: Option<u64>,
    /// Mappings by kind, each time they were listed.
    #[serde(default)]
    pub mappings: Option<Vec<system::Mappings>>,
    /// What the container's memory controller says.
    #[serde(default)]
    pub container: Option<system::Container>,
    /// What bounds the process.
    #[serde(default)]
    pub limits: Option<system::ProcessLimits>,
    /// What glibc's allocator holds, each time it was asked.
    #[serde(default)]
    pub malloc: Option<Vec<system::Malloc>>,
}

/// A figure of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessSample {
    /// When.
    pub t: Option<String>,
    /// Which figure: `rss_bytes`, `rss_anon_bytes`, `direct_pool_bytes`, `threads`, `heap_used_bytes`, `heap_committed_bytes`, `metaspace_committed_bytes`.
    pub gauge: String,
    /// Its value: bytes, or a count for `threads`.
    pub value: u64,
    /// File that tells it.
    #[serde(default)]
    pub source: Option<String>,
}

/// Sites of a detail report that are listed; NMT lists thousands.
const SITES: usize = 50;

/// Builds the facts of a node. `case` gives the clients under the addresses they declare.
pub(super) fn build(facts: &Facts, case: &Case<'_>, places: &Places<'_>) -> FactsReport {
    let log = &facts.log;
    let t = |t: Option<WallTime>| t.map(|t| places.time(t));
    let count = |s: Signal| log.totals.count(s);
    let any = |signals: &[Signal]| signals.iter().any(|s| log.totals.get(*s).is_some());
    let times = || facts.coverage.values().filter_map(|c| c.times);
    FactsReport {
        allocation_failures: (!log.failures.is_empty()).then(|| allocation_failures(facts, places)),
        push: any(&[
            Signal::PushOk,
            Signal::PushFail,
            Signal::UdpScheduled,
            Signal::UdpGivenUp,
            Signal::PushTaskFailed,
        ])
        .then(|| push(facts, case)),
        config_push: any(&[
            Signal::ConfigFanOut,
            Signal::ConfigPushFail,
            Signal::ConfigPushGivenUp,
        ])
        .then(|| ConfigPush {
            by_client: by_client(case, |c| {
                let f = ConfigFailed {
                    failed: c.total(Signal::ConfigPushFail),
                    given_up: c.total(Signal::ConfigPushGivenUp),
                };
                (f.failed + f.given_up > 0).then_some(f)
            }),
            unattributed: count(Signal::ConfigPushFail)
                - case
                    .clients
                    .iter()
                    .map(|c| c.total(Signal::ConfigPushFail))
                    .sum::<u64>()
                    .min(count(Signal::ConfigPushFail)),
            batches: count(Signal::ConfigFanOut),
        }),
        back_pressure: any(&[Signal::SendBusy, Signal::PushBusy]).then(|| {
            by_client(case, |c| {
                let n = c.total(Signal::SendBusy).max(c.total(Signal::PushBusy));
                (n > 0).then_some(n)
            })
        }),
        logins: any(&[Signal::Login, Signal::LoginRefused, Signal::Request]).then(|| Logins {
            total: count(Signal::Login),
            by_address: by_client(case, |c| Some(c.total(Signal::Login)).filter(|n| *n > 0)),
            by_status: log
                .logins
                .by_status
                .iter()
                .map(|(k, n)| (k.to_string(), *n))
                .collect(),
            peak_second: log.logins.peak().map(|p| PeakSecond {
                address: p.address.to_string(),
                t: places.time(p.second),
                count: p.count,
            }),
        }),
        requests: any(&[Signal::Request]).then(|| Requests {
            by_address: by_client(case, |c| Some(c.total(Signal::Request)).filter(|n| *n > 0)),
            by_status: log
                .request_status
                .iter()
                .map(|(k, n)| (k.to_string(), *n))
                .collect(),
            denied: [401, 403]
                .iter()
                .filter_map(|s| log.request_status.get(s))
                .sum(),
        }),
        connections: (!log.connections.is_empty()).then(|| connections(facts)),
        nmt: (!facts.memory.nmt.is_empty()).then(|| {
            facts
                .memory
                .nmt
                .iter()
                .map(|s| nmt(&s.report, t(s.time), s.time_source))
                .collect()
        }),
        nmt_status: facts
            .memory
            .nmt_status
            .first()
            .map(|(s, _)| s.name().to_owned()),
        heap_dump: heap_dump(facts, case, places),
        jvm: (!facts.jvm.sources.is_empty()).then(|| jvm(facts, case)),
        process: (!facts.memory.gauges.is_empty()
            || facts.memory.physical.is_some()
            || facts.system.container_limit.is_some()
            || !facts.system.cgroup.is_empty()
            || !facts.system.malloc.is_empty()
            || facts.system.limits.is_some()
            || !facts.system.maps.is_empty())
        .then(|| Process {
            rss_bytes: facts
                .memory
                .gauges
                .iter()
                .rfind(|g| g.gauge == crate::facts::memory::Gauge::Rss)
                .map(|g| g.value),
            series: facts
                .memory
                .gauges
                .iter()
                .map(|g| ProcessSample {
                    t: t(g.time),
                    gauge: gauge_name(g.gauge).to_owned(),
                    value: g.value,
                    source: Some(places.path(g.quote.place.artefact)),
                })
                .collect(),
            physical_bytes: facts.memory.physical.as_ref().map(|p| p.0),
            limit_bytes: facts.system.container_limit.as_ref().map(|l| l.0),
            mappings: system::mappings(facts, places),
            container: system::container(facts),
            limits: system::limits(facts),
            malloc: system::malloc(facts, places),
        }),
        crash: system::crashes(facts, places),
        kernel_oom: system::kernel_oom(facts, places),
        gc: system::gc(facts, places),
        threads: system::threads(facts),
        class_histogram: system::histogram(facts, places),
        send_queues: system::send_queues(facts, places),
        netty_leak_records: system::leaks(facts, places),
        first: t(times().map(|t| t.0).min()),
        last: t(times().map(|t| t.1).max()),
    }
}

/// The dump of the run, else the last one there is.
fn heap_dump(
    facts: &Facts,
    case: &Case<'_>,
    places: &Places<'_>,
) -> Option<crate::facts::heap::HeapFacts> {
    let mut heap = case.dump.or(facts.memory.dumps.last())?.heap.clone();
    if let Some((t, category, committed)) = crate::rules::dumps::nmt_beside(case) {
        heap.beside_nmt(places.time(t), category, committed);
    }
    Some(heap)
}

pub(super) fn gauge_name(g: crate::facts::memory::Gauge) -> &'static str {
    use crate::facts::memory::Gauge;
    match g {
        Gauge::Rss => "rss_bytes",
        Gauge::RssAnon => "rss_anon_bytes",
        Gauge::DirectPool => "direct_pool_bytes",
        Gauge::Threads => "threads",
        Gauge::HeapUsed => "heap_used_bytes",
        Gauge::HeapCommitted => "heap_committed_bytes",
        Gauge::MetaspaceCommitted => "metaspace_committed_bytes",
        Gauge::RssFile => "rss_file_bytes",
        Gauge::Swap => "swap_bytes",
        Gauge::JavaThreads => "java_threads",
        Gauge::Container => "container_bytes",
    }
}

fn by_client<T>(
    case: &Case<'_>,
    of: impl Fn(&crate::rules::case::Client<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    case.clients
        .iter()
        .filter_map(|c| of(c).map(|v| (c.address.to_string(), v)))
        .collect()
}

fn failure_name(k: FailureKind) -> &'static str {
    match k {
        FailureKind::Netty => "netty",
        FailureKind::JdkDirect => "jdk-direct",
        FailureKind::Heap => "heap",
        FailureKind::Metaspace => "metaspace",
        FailureKind::NativeThread => "native-thread",
        FailureKind::Mmap => "mmap",
        FailureKind::Malloc => "malloc",
    }
}

fn allocation_failures(facts: &Facts, places: &Places<'_>) -> Vec<AllocationFailure> {
    facts
        .log
        .failures
        .iter()
        .map(|(f, seen)| AllocationFailure {
            kind: failure_name(f.kind).to_owned(),
            class: f.class.clone(),
            side: match f.side {
                Side::Server => "server",
                Side::Client => "client",
                Side::Relayed => "relayed",
            }
            .to_owned(),
            count: seen.count,
            mentions: seen.mentions,
            requested_bytes: f.requested,
            used_bytes: f.used,
            limit_bytes: f.limit,
            first: seen.activity.first_time().map(|t| places.time(t)),
            last: seen.activity.last_time().map(|t| places.time(t)),
            paths: seen.artefacts.iter().map(|a| places.path(*a)).collect(),
        })
        .collect()
}

fn push(facts: &Facts, case: &Case<'_>) -> Push {
    let log = &facts.log;
    Push {
        ok: log.totals.count(Signal::PushOk),
        // Records: what is counted once for a client stands in `clients`.
        failed: log.totals.count(Signal::PushFail) + log.totals.count(Signal::PushEcho),
        unattributed: 0,
        by_client: by_client(case, |c| {
            let p = OkFailed {
                ok: c.total(Signal::PushOk),
                failed: c.total(Signal::PushFail) + c.total(Signal::PushEcho),
            };
            (p.ok + p.failed > 0).then_some(p)
        }),
        reasons: log.reasons.clone(),
        task_failed: log.totals.count(Signal::PushTaskFailed),
        udp: by_client(case, |c| {
            let u = Udp {
                scheduled: c.total(Signal::UdpScheduled),
                acked: c.total(Signal::UdpAck),
                given_up: c.total(Signal::UdpGivenUp),
            };
            (u.scheduled + u.acked + u.given_up > 0).then_some(u)
        }),
        udp_unattributed: 0,
    }
}

fn connections(facts: &Facts) -> Connections {
    let mut by_address: BTreeMap<String, ConnectionsOf> = BTreeMap::new();
    let mut all: Vec<_> = facts.log.connections.iter().collect();
    all.sort_by_key(|(id, _)| *id);
    for (id, c) in all {
        let (opened, closed) = (
            c.activities.count(Signal::Connect),
            c.activities.count(Signal::Disconnect),
        );
        if opened + closed == 0 && c.meta.is_none() {
            continue;
        }
        let of = by_address.entry(id.peer.to_string()).or_default();
        of.opened += opened;
        of.closed += closed;
        if let Some(d) = c.meta.as_ref().and_then(|m| m.declared.as_ref()) {
            let d = d.to_string();
            if d != id.peer.to_string() && !of.declared.contains(&d) {
                of.declared.push(d);
            }
        }
    }
    Connections {
        opened: facts.log.totals.count(Signal::Connect),
        closed: facts.log.totals.count(Signal::Disconnect),
        registered_last: facts.log.census_last.map(|(_, n)| n),
        by_address,
    }
}

pub(super) fn time_source_name(source: TimeSource) -> &'static str {
    match source {
        TimeSource::Heading => "heading",
        TimeSource::FileName => "file-name",
        TimeSource::ModificationTime => "modification-time",
        TimeSource::None => "none",
    }
}

fn nmt(r: &NmtReport, t: Option<String>, source: TimeSource) -> Nmt {
    let total = r.total;
    let mut sites: Vec<_> = r.sites.iter().collect();
    sites.sort_by_key(|s| std::cmp::Reverse(s.bytes.bytes));
    Nmt {
        t,
        t_source: time_source_name(source).to_owned(),
        kind: match r.kind {
            NmtKind::Summary => "summary",
            NmtKind::Detail => "detail",
            NmtKind::SummaryDiff | NmtKind::DetailDiff => "diff",
        }
        .to_owned(),
        total_reserved_bytes: total.map(|t| t.reserved.bytes),
        total_committed_bytes: total.map(|t| t.committed.bytes),
        total_reserved_delta_bytes: total.and_then(|t| t.reserved.delta),
        total_committed_delta_bytes: total.and_then(|t| t.committed.delta),
        categories: r
            .categories
            .iter()
            .map(|c| {
                (
                    c.name.clone(),
                    NmtCategory {
                        reserved_bytes: c.amounts.reserved.bytes,
                        committed_bytes: c.amounts.committed.bytes,
                        reserved_delta_bytes: c.amounts.reserved.delta,
                        committed_delta_bytes: c.amounts.committed.delta,
                    },
                )
            })
            .collect(),
        sites: sites
            .into_iter()
            .take(SITES)
            .map(|s| NmtSite {
                frames: s.frames.clone(),
                category: s.category.clone(),
                bytes: s.bytes.bytes,
                count: s.count.map(|c| c.n),
                delta_bytes: s.bytes.delta,
            })
            .collect(),
    }
}

fn jvm(facts: &Facts, case: &Case<'_>) -> JvmFlagsReport {
    let f = &case.flags;
    let mut inert: Vec<String> = facts
        .jvm
        .sources
        .iter()
        .flat_map(|s| s.inert.clone())
        .collect();
    inert.sort();
    inert.dedup();
    JvmFlagsReport {
        flags: f
            .values
            .iter()
            .map(|(k, v)| (k.clone(), v.value.clone()))
            .collect(),
        xmx_bytes: f.xmx(),
        xms_bytes: f.xms(),
        xmn_bytes: f.xmn(),
        max_direct_memory_bytes: f.max_direct_memory_size().and_then(Result::ok),
        netty_max_direct_memory_bytes: f
            .netty_long(crate::parse::flags::SHADED_PREFIX, "maxDirectMemory"),
        inert,
    }
}
