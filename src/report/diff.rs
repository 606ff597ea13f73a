//! Two reports compared: what is better, worse, new and gone. The comparison is a value like the report itself; its layouts
//! compute nothing.

mod layout;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{ClientReport, FindingReport, NodeReport, Report, Tool};
use crate::rules::{DECIDED, Kind, Outcome, Severity, Subject};
use crate::text::Text;

pub use layout::{markdown, table};

/// Version of this shape; members may be added within it.
pub const SCHEMA_VERSION: &str = "1.0";

/// A confidence that moved by less is the same: a line more or less in the logs moves it by so much.
const SURER: f64 = 0.1;
/// A peak over its limit that moved by less is the same: a pool's chunk against a limit of some hundred megabytes is as much.
const RATIO: f64 = 0.05;
/// Failures of a client that moved by less than this factor are the same: two captures are seldom equally long.
const FACTOR: f64 = 1.5;
/// And by less than this many.
const FEW: u64 = 10;

/// What became of something between two reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only in the later one.
    New,
    /// In both, and worse.
    Worse,
    /// One of the two does not tell.
    Unknown,
    /// In both, and better.
    Better,
    /// Only in the earlier one.
    Gone,
    /// In both, and the same.
    Same,
}

impl Change {
    /// The name in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::New => "new",
            Self::Unknown => "unknown",
            Self::Better => "better",
            Self::Gone => "gone",
            Self::Same => "same",
        }
    }
}

/// A figure of both reports; `null` where one does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<T> {
    /// In the earlier one.
    pub before: Option<T>,
    /// In the later one.
    pub after: Option<T>,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `"1.0"`
    pub schema_version: String,
    /// What made it.
    pub tool: Tool,
    /// The worst change of a node; `better` when there is one and nothing is worse or unknown.
    pub change: Change,
    /// The earlier report.
    pub before: Side,
    /// The later one.
    pub after: Side,
    /// Node by node.
    pub nodes: Vec<NodeChange>,
    /// Finding by finding: new and worse ones first, the most severe first among them.
    pub findings: Vec<FindingChange>,
    /// Clients that pushes to fail or that are blamed, in the same order.
    pub clients: Vec<ClientChange>,
}

/// How a report ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// How it ends.
    pub outcome: Outcome,
    /// Rule of its verdict.
    pub rule: Option<String>,
    /// First subject of its verdict.
    pub subject: Option<Subject>,
    /// One line.
    pub statement: Text,
}

/// A node of both reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeChange {
    /// Its name, the later one where it was renamed.
    pub id: String,
    /// What became of it.
    pub change: Change,
    /// How it ends.
    pub outcome: Pair<Outcome>,
    /// The limit of direct memory.
    pub limit_bytes: Pair<u64>,
    /// Highest use.
    pub used_peak_bytes: Pair<u64>,
    /// Highest use over limit.
    pub peak_ratio: Pair<f64>,
    /// Allocations that failed.
    pub exhausted: Pair<u64>,
    /// Growth.
    pub bytes_per_hour: Pair<f64>,
    /// Nacos release.
    pub server_version: Pair<String>,
}

/// A finding, by its fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingChange {
    /// Its node, by the name of the later report.
    pub node: String,
    /// Rule and subject.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// What it speaks about.
    pub kind: Kind,
    /// Its title in the later report, else in the earlier one.
    pub title: Text,
    /// What became of it.
    pub change: Change,
    /// How bad.
    pub severity: Pair<Severity>,
    /// How sure.
    pub confidence: Pair<f64>,
}

/// A client of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientChange {
    /// The node, by the name of the later report.
    pub node: String,
    /// Its address.
    pub ip: String,
    /// What became of it: `new` and `gone` speak of the blame, `worse` and `better` of its failures.
    pub change: Change,
    /// Pushes of any kind that failed.
    pub failed: Pair<u64>,
    /// Bytes held for it.
    pub backlog_bytes: Pair<u64>,
    /// Confidence that it is faulty.
    pub score: Pair<f64>,
}

/// Compares two reports.
#[must_use]
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let mut nodes = Vec::new();
    let mut findings = Vec::new();
    let mut clients = Vec::new();
    for (b, a) in pairs(before, after) {
        let id = a.or(b).map_or_else(String::new, |n| n.id.clone());
        nodes.push(node(&id, b, a));
        findings.extend(findings_of(&id, b, a));
        clients.extend(clients_of(&id, b, a));
    }
    findings.sort_by(|x, y| {
        let worst = |f: &FindingChange| f.severity.after.max(f.severity.before);
        (x.change.cmp(&y.change))
            .then_with(|| worst(y).cmp(&worst(x)))
            .then_with(|| x.node.cmp(&y.node))
            .then_with(|| x.fingerprint.cmp(&y.fingerprint))
    });
    clients.sort_by(|x, y| {
        let failed = |c: &ClientChange| c.failed.after.max(c.failed.before);
        (x.change.cmp(&y.change))
            .then_with(|| failed(y).cmp(&failed(x)))
            .then_with(|| x.node.cmp(&y.node))
            .then_with(|| x.ip.cmp(&y.ip))
    });
    Comparison {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: after.tool.clone(),
        change: overall(&nodes),
        before: side(before),
        after: side(after),
        nodes,
        findings,
        clients,
    }
}

fn side(r: &Report) -> Side {
    let v = r.verdict.as_ref();
    Side {
        outcome: r.outcome,
        rule: v.map(|v| v.rule.clone()),
        subject: v.and_then(|v| v.subjects.first().cloned()),
        statement: r.statement.clone(),
    }
}

/// Nodes of one name; two reports of one node each are of the same node whatever its directory was called.
fn pairs<'r>(
    before: &'r Report,
    after: &'r Report,
) -> Vec<(Option<&'r NodeReport>, Option<&'r NodeReport>)> {
    if let ([b], [a]) = (&before.nodes[..], &after.nodes[..]) {
        return vec![(Some(b), Some(a))];
    }
    let mut all: BTreeMap<&str, (Option<&NodeReport>, Option<&NodeReport>)> = BTreeMap::new();
    for n in &before.nodes {
        all.entry(&n.id).or_default().0 = Some(n);
    }
    for n in &after.nodes {
        all.entry(&n.id).or_default().1 = Some(n);
    }
    all.into_values().collect()
}

fn pair<N, T>(b: Option<N>, a: Option<N>, of: impl Fn(N) -> Option<T>) -> Pair<T> {
    Pair {
        before: b.and_then(&of),
        after: a.and_then(&of),
    }
}

fn node(id: &str, b: Option<&NodeReport>, a: Option<&NodeReport>) -> NodeChange {
    NodeChange {
        id: id.to_owned(),
        change: match (b, a) {
            (Some(b), Some(a)) => course(b, a),
            (None, _) => Change::New,
            (_, None) => Change::Gone,
        },
        outcome: pair(b, a, |n| Some(n.outcome)),
        limit_bytes: pair(b, a, |n| n.direct_memory.limit_bytes),
        used_peak_bytes: pair(b, a, |n| n.direct_memory.used_peak_bytes),
        peak_ratio: pair(b, a, |n| n.direct_memory.peak_ratio),
        exhausted: pair(b, a, |n| Some(n.direct_memory.exhausted.count)),
        bytes_per_hour: pair(b, a, |n| {
            n.direct_memory.trend.as_ref().map(|t| t.bytes_per_hour)
        }),
        server_version: pair(b, a, |n| n.server_version.clone()),
    }
}

/// What became of a node's memory: the first of these that differs decides: whether allocations failed, how bad the worst cause
/// or condition is, how near the limit it came.
fn course(b: &NodeReport, a: &NodeReport) -> Change {
    let silent = |n: &NodeReport| n.outcome == Outcome::InsufficientEvidence;
    if silent(b) || silent(a) {
        return if silent(b) && silent(a) {
            Change::Same
        } else {
            Change::Unknown
        };
    }
    let full = |n: &NodeReport| n.direct_memory.exhausted.count > 0;
    let worst = |n: &NodeReport| {
        let states = n.findings.iter().filter(|f| f.kind != Kind::Advice);
        states.map(|f| f.severity).max()
    };
    let near = |n: &NodeReport| n.direct_memory.peak_ratio;
    ordered(&full(b), &full(a))
        .or_else(|| ordered(&worst(b), &worst(a)))
        .or_else(|| match (near(b), near(a)) {
            (Some(x), Some(y)) if (x - y).abs() >= RATIO => ordered(&x, &y),
            _ => None,
        })
        .unwrap_or(Change::Same)
}

/// Worse when more, better when less.
fn ordered<T: PartialOrd>(before: &T, after: &T) -> Option<Change> {
    if after > before {
        Some(Change::Worse)
    } else if after < before {
        Some(Change::Better)
    } else {
        None
    }
}

fn overall(nodes: &[NodeChange]) -> Change {
    // A node that only one report knows is worse when it is in trouble now, else nothing tells.
    let told = nodes.iter().map(|n| match (n.change, n.outcome.after) {
        (Change::New, Some(Outcome::Cause | Outcome::Undecided)) => Change::Worse,
        (Change::New, Some(Outcome::NoCause)) => Change::Same,
        (Change::New | Change::Gone, _) => Change::Unknown,
        (c, _) => c,
    });
    told.min().unwrap_or(Change::Same)
}

fn findings_of(id: &str, b: Option<&NodeReport>, a: Option<&NodeReport>) -> Vec<FindingChange> {
    type Both<'r> = (Option<&'r FindingReport>, Option<&'r FindingReport>);
    let mut all: BTreeMap<&str, Both<'_>> = BTreeMap::new();
    for f in b.iter().flat_map(|n| &n.findings) {
        all.entry(&f.fingerprint).or_default().0.get_or_insert(f);
    }
    for f in a.iter().flat_map(|n| &n.findings) {
        all.entry(&f.fingerprint).or_default().1.get_or_insert(f);
    }
    all.into_values()
        .filter_map(|(b, a)| {
            let shown = a.or(b)?;
            Some(FindingChange {
                node: id.to_owned(),
                fingerprint: shown.fingerprint.clone(),
                rule: shown.rule.clone(),
                kind: shown.kind,
                title: shown.title.clone(),
                change: match (b, a) {
                    (Some(b), Some(a)) => ordered(&b.severity, &a.severity)
                        .or_else(|| {
                            let moved = (a.confidence - b.confidence).abs() >= SURER;
                            (moved && a.kind == Kind::Cause)
                                .then(|| ordered(&b.confidence, &a.confidence))?
                        })
                        .unwrap_or(Change::Same),
                    (None, _) => Change::New,
                    (_, None) => Change::Gone,
                },
                severity: pair(b, a, |f| Some(f.severity)),
                confidence: pair(b, a, |f| Some(f.confidence)),
            })
        })
        .collect()
}

fn clients_of(id: &str, b: Option<&NodeReport>, a: Option<&NodeReport>) -> Vec<ClientChange> {
    type Both<'r> = (Option<&'r ClientReport>, Option<&'r ClientReport>);
    let mut all: BTreeMap<&str, Both<'_>> = BTreeMap::new();
    for c in b.iter().flat_map(|n| &n.clients) {
        all.entry(&c.ip).or_default().0 = Some(c);
    }
    for c in a.iter().flat_map(|n| &n.clients) {
        all.entry(&c.ip).or_default().1 = Some(c);
    }
    all.into_iter()
        .filter(|(_, (b, a))| {
            [b, a]
                .into_iter()
                .flatten()
                .any(|c| failed(c) > 0 || c.score >= DECIDED)
        })
        .map(|(ip, (b, a))| ClientChange {
            node: id.to_owned(),
            ip: ip.to_owned(),
            change: blame(b, a),
            failed: pair(b, a, |c| Some(failed(c))),
            backlog_bytes: pair(b, a, |c| c.backlog_bytes),
            score: pair(b, a, |c| Some(c.score)),
        })
        .collect()
}

fn failed(c: &ClientReport) -> u64 {
    c.push_fail
        .saturating_add(c.config_push_fail)
        .saturating_add(c.send_fail)
}

fn blame(b: Option<&ClientReport>, a: Option<&ClientReport>) -> Change {
    let blamed = |c: Option<&ClientReport>| c.is_some_and(|c| c.score >= DECIDED);
    match (blamed(b), blamed(a)) {
        (false, true) => return Change::New,
        (true, false) => return Change::Gone,
        _ => {}
    }
    let (x, y) = (b.map_or(0, failed), a.map_or(0, failed));
    let (less, more) = (x.min(y), x.max(y));
    if more - less < FEW || (more as f64) < less as f64 * FACTOR {
        return Change::Same;
    }
    ordered(&x, &y).unwrap_or(Change::Same)
}
