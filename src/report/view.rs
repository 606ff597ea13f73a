//! What every document made of the report needs and the JSON does not hold ready: which node and finding come first, times on
//! the node's own clock, totals, series by category, who holds what. Made here, so that layouts sum, sort and weigh nothing.

use std::collections::BTreeMap;

use super::model::{DirectMemory, FindingReport, NodeReport, Report, TimelineSeries};
use crate::rules::{Kind, Outcome};
use crate::units::{WallTime, parse_offset};

/// Index of the node that the verdict is about; the first where there is none.
#[must_use]
pub fn main_node(report: &Report) -> usize {
    let Some(v) = &report.verdict else { return 0 };
    let found = match &v.node {
        Some(id) => report.nodes.iter().position(|n| n.id == *id),
        None => report
            .nodes
            .iter()
            .position(|n| n.findings.iter().any(|f| is_verdict(report, f))),
    };
    found.unwrap_or(0)
}

fn is_verdict(report: &Report, f: &FindingReport) -> bool {
    report.verdict.as_ref().is_some_and(|v| {
        f.rule == v.rule
            && f.subjects.first().map(|s| &s.value) == v.subjects.first().map(|s| &s.value)
    })
}

/// The finding that a node's page is about: the verdict, else the first cause, else the first condition.
#[must_use]
pub fn main_finding<'r>(report: &'r Report, n: &'r NodeReport) -> Option<&'r FindingReport> {
    n.findings
        .iter()
        .find(|f| is_verdict(report, f))
        .or_else(|| n.findings.iter().find(|f| f.kind == Kind::Cause))
        .or_else(|| n.findings.iter().find(|f| f.kind == Kind::Condition))
}

/// The other findings, in the report's order, less the list of missing evidence.
#[must_use]
pub fn other_findings<'r>(report: &'r Report, n: &'r NodeReport) -> Vec<&'r FindingReport> {
    let main = main_finding(report, n).map(|f| &f.fingerprint);
    n.findings
        .iter()
        .filter(|f| Some(&f.fingerprint) != main && f.rule != "evidence-gap")
        .collect()
}

/// The finding that lists missing evidence.
#[must_use]
pub fn evidence_gap(n: &NodeReport) -> Option<&FindingReport> {
    n.findings.iter().find(|f| f.rule == "evidence-gap")
}

/// A time of the report on the node's own clock, as its logs print it; the text as it stands when it is no time.
#[must_use]
pub fn clock(n: &NodeReport, t: &str) -> String {
    on_clock(n, t).map_or_else(|| t.to_owned(), WallTime::local)
}

/// The same as a value.
#[must_use]
pub fn on_clock(n: &NodeReport, t: &str) -> Option<WallTime> {
    let offset = parse_offset(&n.zone_assumed.offset).unwrap_or(0);
    WallTime::parse_rfc3339(t).map(|utc| utc.plus_ms(i64::from(offset) * 60_000))
}

/// What was read, over all inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Files that hold something.
    pub files: usize,
    /// Their bytes, unpacked.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
    /// Part of the bytes of all records in those of no known statement, of one.
    pub unknown_share: f64,
    /// Files that were not read to their end, or have none.
    pub cut: usize,
    /// Pieces that were not understood.
    pub issues: usize,
    /// Files that were not read.
    pub skipped: usize,
    /// Of these, the ones whose reading failed.
    pub failed: usize,
}

/// Sums over the inputs.
#[must_use]
pub fn totals(report: &Report) -> Totals {
    let mut t = Totals {
        skipped: report.skipped.len(),
        failed: report.skipped.iter().filter(|s| s.failed).count(),
        unknown_share: report.coverage.unknown.share.unwrap_or(0.0),
        ..Totals::default()
    };
    for i in report.inputs.iter().filter(|i| i.format != "empty") {
        t.files += 1;
        t.bytes = t.bytes.saturating_add(i.bytes);
        t.records = t.records.saturating_add(i.records);
        t.cut += usize::from(!i.complete);
        t.issues += i.issues.len();
    }
    t
}

/// A series of events with its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane<'r> {
    /// Name in the timeline, such as `push_fail`.
    pub name: &'r str,
    /// Whose; `None` for the node.
    pub subject: Option<&'r str>,
    /// A value for each step.
    pub values: &'r [Option<f64>],
    /// Events over all steps.
    pub total: u64,
    /// Events a minute in the busiest step.
    pub peak_per_minute: u64,
    /// The value of the busiest step.
    pub peak: f64,
}

/// Series of events of a node: failures of allocations first, then by client, then of the node.
#[must_use]
pub fn lanes(n: &NodeReport) -> Vec<Lane<'_>> {
    let Some(t) = &n.timeline else {
        return Vec::new();
    };
    let mut all: Vec<Lane<'_>> = t
        .series
        .iter()
        .filter(|s| s.name != MEMORY && !s.level)
        .map(|s| {
            let values = || s.values.iter().flatten().copied();
            let peak = values().fold(0.0, f64::max);
            let per_minute = if t.step_s > 0.0 { 60.0 / t.step_s } else { 0.0 };
            Lane {
                name: &s.name,
                subject: s.subject.as_deref(),
                values: &s.values,
                total: values().sum::<f64>().round() as u64,
                peak_per_minute: (peak * per_minute).round() as u64,
                peak,
            }
        })
        .collect();
    all.sort_by_key(|l| match (l.name, l.subject) {
        ("allocation_failures", _) => 0,
        (_, Some(_)) => 1,
        _ => 2,
    });
    all
}

/// A level over time, such as resident memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Level<'r> {
    /// Name in the timeline, such as `rss_bytes`.
    pub name: &'r str,
    /// What tells it, such as `proc-status`.
    pub source: &'r str,
    /// A value for each step, `None` where none was taken.
    pub values: &'r [Option<f64>],
    /// The first value.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The highest.
    pub peak: u64,
    /// Whether values are bytes.
    pub bytes: bool,
}

/// Levels of a node beside direct memory, in the order a reader asks for them; of several sources of one the one with the most
/// values.
#[must_use]
pub fn levels(n: &NodeReport) -> Vec<Level<'_>> {
    const ORDER: [&str; 5] = [
        "container_bytes",
        "rss_bytes",
        "nmt_committed_bytes",
        "direct_pool_bytes",
        "heap_used_bytes",
    ];
    let of = |s: &TimelineSeries| s.values.iter().flatten().count();
    let mut best: BTreeMap<&str, &TimelineSeries> = BTreeMap::new();
    for s in n.timeline.iter().flat_map(|t| &t.series) {
        if s.level
            && s.name != MEMORY
            && of(s) > 0
            && best.get(s.name.as_str()).is_none_or(|b| of(b) < of(s))
        {
            best.insert(&s.name, s);
        }
    }
    let mut all: Vec<Level<'_>> = best
        .into_iter()
        .filter_map(|(name, s)| {
            let mut values = s.values.iter().flatten().copied();
            let first = values.next()?;
            Some(Level {
                name,
                source: s.source.as_deref().unwrap_or_default(),
                values: &s.values,
                first: first as u64,
                last: values.clone().last().unwrap_or(first) as u64,
                peak: values.fold(first, f64::max) as u64,
                bytes: name.ends_with("_bytes"),
            })
        })
        .collect();
    all.sort_by_key(|l| {
        let at = ORDER.iter().position(|o| *o == l.name);
        (at.unwrap_or(ORDER.len()), l.name)
    });
    all
}

/// Name of the series of direct memory.
pub const MEMORY: &str = "direct_memory_bytes";

/// A figure of memory with its time on the node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: WallTime,
    /// Bytes.
    pub bytes: u64,
}

/// The curve of direct memory on the node's clock; figures without a readable time are left out.
#[must_use]
pub fn curve(n: &NodeReport, d: &DirectMemory) -> Vec<Point> {
    d.series
        .iter()
        .filter_map(|s| {
            Some(Point {
                at: on_clock(n, &s.t)?,
                bytes: s.used_bytes,
            })
        })
        .collect()
}

/// An NMT category over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its name; empty for the total.
    pub name: String,
    /// Committed bytes at each dated report.
    pub points: Vec<Point>,
    /// Committed in the first.
    pub first: u64,
    /// Committed in the last.
    pub last: u64,
    /// Last less first.
    pub change: i64,
}

/// NMT's categories over the dated summaries and details of a node: the total, then those that changed most, then by size.
#[must_use]
pub fn categories(n: &NodeReport) -> Vec<Category> {
    let mut by_name: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    let mut reports: Vec<_> = n
        .facts
        .nmt
        .iter()
        .flatten()
        .filter(|r| r.kind != "diff")
        .filter_map(|r| Some((on_clock(n, r.t.as_deref()?)?, r)))
        .collect();
    reports.sort_by_key(|(at, _)| *at);
    for &(at, r) in &reports {
        if let Some(bytes) = r.total_committed_bytes {
            by_name.entry("").or_default().push(Point { at, bytes });
        }
        for (name, c) in &r.categories {
            by_name.entry(name).or_default().push(Point {
                at,
                bytes: c.committed_bytes,
            });
        }
    }
    let mut all: Vec<Category> = by_name
        .into_iter()
        .filter_map(|(name, points)| {
            let (first, last) = (points.first()?.bytes, points.last()?.bytes);
            Some(Category {
                name: name.to_owned(),
                first,
                last,
                change: i64::try_from(i128::from(last) - i128::from(first)).unwrap_or(0),
                points,
            })
        })
        .collect();
    all.sort_by(|a, b| {
        (!a.name.is_empty())
            .cmp(&!b.name.is_empty())
            .then(b.change.unsigned_abs().cmp(&a.change.unsigned_abs()))
            .then(b.last.cmp(&a.last))
            .then(a.name.cmp(&b.name))
    });
    all
}

/// What a group of holders is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Buffers behind queues, by client address, in the heap dump.
    Clients,
    /// The same by connection.
    Connections,
    /// Native buffer memory by the class that owns it, in the heap dump.
    Owners,
    /// Bytes that wait in the kernel, by client address.
    SendQueues,
    /// Share of what is queued, estimated from failed pushes.
    Estimated,
}

/// One holder.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// Who.
    pub name: String,
    /// Bytes held, where they are known.
    pub bytes: Option<u64>,
    /// Part of the group, of one.
    pub share: f64,
}

/// Who holds what: holders of one kind, the largest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Holders {
    /// What is held.
    pub what: Holding,
    /// By whom; those that hold nothing are left out.
    pub rows: Vec<Holder>,
}

/// Who holds direct memory, by what the inputs tell: the heap dump first, the kernel's queues where there is none, and an
/// estimate where there is neither.
#[must_use]
pub fn holders(n: &NodeReport) -> Vec<Holders> {
    let mut all = Vec::new();
    if let Some(dump) = &n.facts.heap_dump {
        let clients = dump
            .by_address
            .iter()
            .map(|a| (a.address.clone(), a.held_bytes));
        all.push(held(Holding::Clients, clients.collect()));
        let connections = dump.connections.iter().map(|c| {
            let peer = || {
                format!(
                    "{}:{}",
                    c.address.as_deref().unwrap_or("?"),
                    c.port.unwrap_or(0)
                )
            };
            (c.connection_id.clone().unwrap_or_else(peer), c.held_bytes)
        });
        all.push(held(Holding::Connections, connections.collect()));
        let owners = dump.owners.iter().map(|o| (o.class.clone(), o.bytes));
        all.push(held(Holding::Owners, owners.collect()));
    } else {
        let queued = n
            .clients
            .iter()
            .map(|c| (c.ip.clone(), c.backlog_bytes.unwrap_or(0)));
        all.push(held(Holding::SendQueues, queued.collect()));
    }
    all.retain(|g| !g.rows.is_empty());
    if all.is_empty() && matches!(n.outcome, Outcome::Cause | Outcome::Undecided) {
        all.extend(estimated(n));
    }
    all
}

fn held(what: Holding, mut rows: Vec<(String, u64)>) -> Holders {
    rows.retain(|r| r.1 > 0);
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let sum: f64 = rows.iter().map(|r| r.1 as f64).sum();
    Holders {
        what,
        rows: rows
            .into_iter()
            .map(|(name, bytes)| Holder {
                name,
                bytes: Some(bytes),
                share: bytes as f64 / sum.max(1.0),
            })
            .collect(),
    }
}

fn estimated(n: &NodeReport) -> Option<Holders> {
    let mut rows: Vec<Holder> = n
        .findings
        .iter()
        .filter(|f| f.rule == "faulty-client")
        .filter_map(|f| f.subjects.first())
        .filter_map(|s| {
            Some(Holder {
                name: s.value.clone(),
                bytes: None,
                share: s.share.filter(|v| *v > 0.0)?.min(1.0),
            })
        })
        .collect();
    rows.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| a.name.cmp(&b.name))
    });
    (!rows.is_empty()).then_some(Holders {
        what: Holding::Estimated,
        rows,
    })
}

/// Whether a column of figures of the clients holds anything.
#[must_use]
pub fn any_client(n: &NodeReport, figure: fn(&super::model::ClientReport) -> u64) -> bool {
    n.clients.iter().any(|c| figure(c) > 0)
}

/// Failed pushes over all clients of a node.
#[must_use]
pub fn failed_pushes(n: &NodeReport) -> u64 {
    n.clients.iter().map(|c| c.push_fail).sum()
}

/// Clients that are blamed or that pushes to have failed, in the report's order.
#[must_use]
pub fn failing_clients(n: &NodeReport) -> Vec<&super::model::ClientReport> {
    n.clients
        .iter()
        .filter(|c| c.score >= 0.1 || c.push_fail + c.config_push_fail + c.send_fail > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_the_largest_first_and_their_shares_are_of_the_group() {
        let g = held(
            Holding::Owners,
            vec![("a".into(), 0), ("b".into(), 100), ("c".into(), 300)],
        );
        let rows: Vec<_> = g.rows.iter().map(|r| (r.name.as_str(), r.share)).collect();
        assert_eq!(rows, [("c", 0.75), ("b", 0.25)]);
    }
}
