//! From facts to the value that is shown: runs the rules, orders, rounds, and gives every piece of evidence its file and
//! line. Renderers compute nothing.

mod coverage;
pub mod escape;
pub mod facts;
pub mod model;
pub mod native;
pub mod system;
pub mod view;
mod words;

pub mod diff;
pub mod heap;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod nmt;
pub mod sarif;
pub mod schema;
pub mod table;
mod wrap;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

pub use model::Report;
use model::{
    BookReport, ClientReport, Cluster, ClusterClient, DirectMemory, EvidenceReport, Exhausted,
    FindingReport, Input, IssueReport, Jvm, NodeReport, NotAssessed, RunReport, Sample,
    SkippedInput, SourceReport, TimeWindow, Timeline, TimelineSeries, Tool, Trend, Unrecognised,
    Verdict, Zone,
};

use crate::artefact::Inputs;
use crate::facts::{Facts, Quote, Signal};
use crate::format::Format;
use crate::rules::case::{self, Client};
use crate::rules::shape::Course;
use crate::rules::{self, Case, Diagnosis, Finding, Given, Kind, Outcome, Severity};
use crate::span::{ArtefactId, Place};
use crate::text::{Text, local};
use crate::units::{Address, WallTime, offset_name};

/// Turns places and times of one node into what is shown.
pub struct Places<'a> {
    inputs: &'a Inputs,
    facts: &'a Facts,
    offset_minutes: i32,
}

impl Places<'_> {
    /// A time, in UTC.
    #[must_use]
    pub fn time(&self, t: WallTime) -> String {
        t.rfc3339(self.offset_minutes)
    }

    /// Path of an artefact.
    #[must_use]
    pub fn path(&self, id: ArtefactId) -> String {
        self.inputs
            .artefact(id)
            .map_or_else(String::new, |a| a.label.clone())
    }

    /// File, line and offset of a place.
    #[must_use]
    pub fn source(&self, place: &Place) -> SourceReport {
        SourceReport {
            path: self.path(place.artefact),
            line: self
                .facts
                .coverage
                .get(&place.artefact)
                .map_or(1, |c| c.line_of(place)),
            offset: place.offset,
        }
    }

    fn evidence(&self, e: &rules::Evidence) -> EvidenceReport {
        let shown = e.quote.as_ref();
        EvidenceReport {
            claim: e.claim.clone(),
            speaks_for: e.contribution() >= 0.0,
            weight: e.weight.id().to_owned(),
            contribution: (e.contribution() * 100.0).round() / 100.0,
            source: shown.map(|q| self.source(&q.place)),
            quote: shown.filter(|q| !q.text.is_empty()).map(Quote::text),
        }
    }

    fn finding(&self, f: &Finding) -> FindingReport {
        FindingReport {
            rule: f.rule.id.to_owned(),
            kind: f.rule.kind,
            fingerprint: f.fingerprint(),
            severity: f.severity,
            confidence: f.confidence,
            title: f.hypothesis.title.clone(),
            subjects: f.hypothesis.subjects.clone(),
            evidence: f
                .hypothesis
                .evidence
                .iter()
                .map(|e| self.evidence(e))
                .collect(),
            remedy: f.hypothesis.remedy.clone(),
            accepted: Vec::new(),
        }
    }
}

/// Steps of a timeline at the most.
const TIMELINE_STEPS: i64 = 240;

/// Builds the report. `facts` holds the facts of each node of `inputs`.
#[must_use]
pub fn build(inputs: &Inputs, facts: &[Facts], given: &Given) -> Report {
    let mut nodes = Vec::new();
    for (node, facts) in inputs.nodes.iter().zip(facts) {
        let (offset_minutes, zone_source) = case::zone(facts, given);
        let places = Places {
            inputs,
            facts,
            offset_minutes,
        };
        nodes.push(node_report(&node.id, facts, given, &places, zone_source));
    }
    let cluster = (nodes.len() > 1).then(|| cluster(&nodes));
    let verdict = verdict(&nodes, cluster.as_ref());
    let outcome = nodes
        .iter()
        .map(|n| n.outcome)
        .min()
        .unwrap_or(Outcome::InsufficientEvidence);
    let outcome = if verdict.is_some() {
        Outcome::Cause
    } else {
        outcome
    };
    let statement = verdict.as_ref().map_or_else(
        || {
            nodes
                .iter()
                .find(|n| n.outcome == outcome)
                .map(|n| n.statement.clone())
                .unwrap_or_default()
        },
        |v| v.statement.clone(),
    );
    Report {
        schema_version: model::SCHEMA_VERSION.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        outcome,
        verdict,
        statement,
        nodes,
        cluster,
        inputs: input_reports(inputs, facts, given),
        coverage: coverage::of_all(inputs, facts),
        skipped: inputs
            .skipped
            .iter()
            .map(|s| SkippedInput {
                path: s.label.clone(),
                why: s.why.clone(),
                reason: Text::of_reason(&s.why),
                failed: s.failed,
            })
            .collect(),
    }
}

fn node_report(
    id: &str,
    facts: &Facts,
    given: &Given,
    places: &Places<'_>,
    zone_source: &str,
) -> NodeReport {
    let cases = Case::of_node(facts, given);
    let diagnoses: Vec<Diagnosis> = cases.iter().map(rules::diagnose).collect();
    // The worst run: exhausted before near its limit before calm; the later one where equal.
    let badness = |i: usize| {
        let c = &cases[i];
        (
            c.exhaustion.is_some(),
            diagnoses[i].outcome == Outcome::Cause,
            c.in_trouble() || diagnoses[i].outcome == Outcome::Undecided,
            (c.peak_ratio().unwrap_or(0.0) * 1e6) as u64,
            i,
        )
    };
    let worst = (0..cases.len()).max_by_key(|i| badness(*i)).unwrap_or(0);
    let (case, diagnosis) = (&cases[worst], &diagnoses[worst]);
    let times = || facts.coverage.values().filter_map(|c| c.times);
    NodeReport {
        id: id.to_owned(),
        outcome: diagnosis.outcome,
        statement: with_gaps(
            statement(case, diagnosis),
            diagnosis.outcome,
            facts,
            places.inputs,
            id,
        ),
        runs: cases
            .iter()
            .map(|c| RunReport {
                pid: c.run.pid,
                started: c.run.started.map(|t| places.time(t)),
                ended: c.run.ended.map(|t| places.time(t)),
                direct_memory: direct_memory(c, places),
            })
            .collect(),
        run: worst,
        server_version: case.nacos.as_ref().map(|r| r.text.clone()),
        jvm: Jvm {
            version: facts
                .jvm
                .java_versions
                .first()
                .map(|(v, _)| v.clone())
                .or_else(|| facts.log.marks.iter().find_map(|m| m.java.clone())),
            collector: case.collector.map(|c| c.name().to_owned()),
            heap_bytes: case.heap,
            flags: case
                .flags
                .values
                .iter()
                .map(|(k, v)| (k.clone(), v.value.clone()))
                .collect(),
        },
        zone_assumed: Zone {
            offset: offset_name(places.offset_minutes),
            source: zone_source.to_owned(),
        },
        window: TimeWindow {
            first: times().map(|t| t.0).min().map(|t| places.time(t)),
            last: times().map(|t| t.1).max().map(|t| places.time(t)),
        },
        direct_memory: direct_memory(case, places),
        timeline: timeline(case, diagnosis, places),
        clients: client_reports(case, diagnosis, places),
        findings: diagnosis
            .findings
            .iter()
            .map(|f| places.finding(f))
            .collect(),
        not_assessed: diagnosis
            .not_assessed
            .iter()
            .map(|(r, missing)| NotAssessed {
                rule: r.id.to_owned(),
                missing: missing.iter().map(|f| f.name().to_owned()).collect(),
            })
            .collect(),
        native_memory: native::native_memory(case, places),
        resident: native::resident(case, places),
        facts: facts::build(facts, case, places),
    }
}

pub(super) fn course_name(c: Course) -> Option<&'static str> {
    match c {
        Course::Unknown => None,
        Course::Flat => Some("flat"),
        Course::Growing => Some("growing"),
        Course::Plateau => Some("plateau"),
        Course::Returned => Some("returned"),
        Course::Bursts => Some("bursts"),
    }
}

fn direct_memory(c: &Case<'_>, places: &Places<'_>) -> DirectMemory {
    let t = |t: Option<WallTime>| t.map(|t| places.time(t));
    let curve = c.curve.as_ref();
    let exhausted = c
        .exhaustion
        .as_ref()
        .map_or_else(Exhausted::default, |e| Exhausted {
            count: e.count,
            first: t(e.first),
            last: t(e.last),
        });
    let peak = c.used_peak();
    DirectMemory {
        limit_bytes: c.limit.as_ref().map(|l| l.bytes),
        limit_low: c.limit.as_ref().map(|l| l.low),
        limit_high: c.limit.as_ref().map(|l| l.high),
        limit_source: c.limit.as_ref().map(|l| l.source.to_owned()),
        limit_explained: c.limit.as_ref().map(|l| l.explained.clone()),
        books: c
            .books
            .iter()
            .map(|b| BookReport {
                book: b.name.to_owned(),
                limit_bytes: b.limit,
                used_peak_bytes: b.used_peak,
                cleaner: b.cleaner,
            })
            .collect(),
        used_peak_bytes: peak.map(|p| p.0),
        used_last_bytes: curve.and_then(|k| k.points.last()).map(|p| p.bytes),
        used_source: peak.map(|p| p.1.to_owned()),
        used_explained: peak
            .filter(|p| p.1 == "nmt:Internal")
            .map(|_| Text::new("nmt.direct-internal", [])),
        peak_ratio: c.peak_ratio().map(|r| (r * 1e4).round() / 1e4),
        exhausted,
        series: curve.map_or_else(Vec::new, |k| {
            k.points
                .iter()
                .map(|p| Sample {
                    t: places.time(p.time),
                    used_bytes: p.bytes,
                    source: k.source.to_owned(),
                })
                .collect()
        }),
        trend: trend(c, places),
        course: course_name(c.course()).map(str::to_owned),
    }
}

/// The rate of a growth that goes on, or went on until the limit.
fn trend(c: &Case<'_>, places: &Places<'_>) -> Option<Trend> {
    let shape = &c.curve.as_ref()?.shape;
    let goes_on = shape.course == Course::Growing
        || shape.course == Course::Plateau && c.exhaustion.is_some();
    let slope = shape.slope.filter(|_| goes_on)?;
    Some(Trend {
        bytes_per_hour: slope.bytes_per_hour.round(),
        low: slope.low.round(),
        high: slope.high.round(),
        time_to_limit_s: c.time_to_limit_s().map(f64::round),
        since: shape.onset.map(|t| places.time(t)),
    })
}

fn statement(case: &Case<'_>, d: &Diagnosis) -> Text {
    let limit = case.limit.as_ref().map(|l| l.bytes);
    let used = case.used_peak().map(|(b, _)| b);
    let state = match (&case.exhaustion, case.peak_ratio()) {
        (Some(e), _) => match (e.first, limit) {
            (Some(first), Some(limit)) => Text::new(
                "outcome.exhausted",
                [("first", local(first)), ("limit", json!(limit))],
            ),
            _ => Text::new("outcome.exhausted-bare", []),
        },
        (None, Some(r)) if r >= 0.9 => Text::new(
            "outcome.near",
            [("used", json!(used)), ("limit", json!(limit))],
        ),
        _ if case.course() == Course::Growing => Text::new(
            "outcome.growing",
            [
                ("used", json!(case.curve.as_ref().map(|c| c.shape.last))),
                ("limit", json!(limit)),
            ],
        ),
        _ if case.climbed() || case.swung() => climbed(case),
        _ if d.outcome == Outcome::Cause
            && limit.is_none()
            && rules::other_trouble(&d.findings).is_none() =>
        {
            climbed(case)
        }
        _ if case.climbed_far() && rules::other_trouble(&d.findings).is_none() => {
            let shape = case.curve.as_ref().map(|c| &c.shape);
            Text::new(
                "outcome.climbed-far",
                [
                    ("base", json!(shape.map(|s| s.base))),
                    ("peak", json!(shape.map(|s| s.peak))),
                    ("limit", json!(limit)),
                ],
            )
        }
        _ if case.nmt.is_empty() && suspects_native(d) => Text::new("outcome.resident", []),
        _ => match rules::other_trouble(&d.findings).map(|f| f.rule.id) {
            Some("process-killed") => Text::new("outcome.killed", []),
            Some("native-memory-outside-nmt") | None => Text::new("outcome.native", []),
            Some(_) => Text::new("outcome.elsewhere", []),
        },
    };
    let state = || state.nested();
    let title = |f: &Finding| f.hypothesis.title.nested();
    let mut causes = d.findings.iter().filter(|f| f.rule.kind == Kind::Cause);
    let first = causes.next();
    match d.outcome {
        Outcome::Cause => Text::new(
            "outcome.cause",
            [("title", json!(first.map(title))), ("state", state())],
        ),
        Outcome::Undecided => match (
            first,
            causes.find(|f| Some(f.rule) != first.map(|g| g.rule)),
        ) {
            (Some(a), Some(b)) if b.confidence >= rules::DECIDED => Text::new(
                "outcome.undecided-between",
                [
                    ("first", json!(a.rule.id)),
                    ("second", json!(b.rule.id)),
                    ("state", state()),
                ],
            ),
            _ if !case.in_trouble() && (case.climbed() || case.swung()) => climbed(case),
            _ => Text::new("outcome.undecided", [("state", state())]),
        },
        Outcome::InsufficientEvidence => match first {
            Some(f) => Text::new("outcome.insufficient-note", [("title", title(f))]),
            None => Text::new("outcome.insufficient", []),
        },
        Outcome::NoCause => {
            let note = d
                .findings
                .iter()
                .find(|f| f.rule.kind == Kind::Cause && f.severity >= Severity::Medium)
                .or_else(|| {
                    d.findings
                        .iter()
                        .find(|f| f.rule.kind == Kind::Cause && f.severity >= Severity::Low)
                })
                .map_or_else(
                    || json!(""),
                    |f| Text::new("outcome.calm-note", [("title", title(f))]).nested(),
                );
            // A rise worth the name that came back is no calm, though nothing is lost.
            let came_back =
                case.course() == Course::Returned && case.peak_ratio().is_some_and(|r| r >= 0.25);
            let shape = case.curve.as_ref().map(|c| &c.shape);
            match (limit, case.peak_ratio()) {
                (Some(limit), Some(ratio)) => Text::new(
                    if came_back {
                        "outcome.came-back"
                    } else {
                        "outcome.calm"
                    },
                    [
                        ("last", json!(shape.map(|s| s.last))),
                        ("used", json!(used)),
                        ("limit", json!(limit)),
                        ("ratio", json!((ratio * 1e4).round() / 1e4)),
                        ("note", note),
                    ],
                ),
                _ => Text::new(
                    "outcome.calm-no-limit",
                    [("used", json!(used)), ("note", note)],
                ),
            }
        }
    }
    .trimmed()
}

/// A rise that stays, or comes and goes, with no limit to hold it against.
fn climbed(case: &Case<'_>) -> Text {
    let shape = case.curve.as_ref().map(|c| &c.shape);
    Text::new(
        if case.swung() {
            "outcome.swung"
        } else {
            "outcome.climbed"
        },
        [
            ("base", json!(shape.map(|s| s.base))),
            ("peak", json!(shape.map(|s| s.peak))),
        ],
    )
}

fn suspects_native(d: &Diagnosis) -> bool {
    d.findings
        .iter()
        .any(|f| f.rule.id == "native-memory-outside-nmt")
}

/// No all-clear over inputs that were read only in part without saying so.
fn with_gaps(
    statement: Text,
    outcome: Outcome,
    facts: &Facts,
    inputs: &Inputs,
    node: &str,
) -> Text {
    let cut = facts.coverage.values().filter(|c| c.cut).count();
    let failed = inputs
        .skipped
        .iter()
        .filter(|s| s.failed && s.node.as_deref().is_none_or(|n| n == node))
        .count();
    if outcome != Outcome::NoCause || cut + failed == 0 {
        return statement;
    }
    Text::new(
        "outcome.incomplete",
        [
            ("statement", statement.nested()),
            ("n", json!(cut + failed)),
        ],
    )
}

/// By address, how sure it is that a client is faulty.
fn scores(d: &Diagnosis) -> HashMap<String, f64> {
    let mut scores: HashMap<String, f64> = HashMap::new();
    for f in d.findings.iter().filter(|f| f.rule.id == "faulty-client") {
        let score = scores.entry(f.subject().to_owned()).or_default();
        *score = score.max(f.confidence);
    }
    scores
}

fn client_reports(case: &Case<'_>, d: &Diagnosis, places: &Places<'_>) -> Vec<ClientReport> {
    let scores = scores(d);
    let held = case.held_by_address();
    let mut all: Vec<(String, f64, u64, u64, &Client<'_>)> = case
        .clients
        .iter()
        .map(|c| {
            let ip = c.address.to_string();
            let score = scores.get(&ip).copied().unwrap_or(0.0);
            let failed = [Signal::PushFail, Signal::ConfigPushFail, Signal::SendFailed];
            let failed = failed.iter().map(|s| c.total(*s)).sum();
            (ip, score, failed, c.total(Signal::PushOk), c)
        })
        .collect();
    // What is sorted is short, whatever is told of a client.
    all.sort_by(|a, b| {
        (b.1.total_cmp(&a.1))
            .then(b.2.cmp(&a.2))
            .then(b.3.cmp(&a.3))
            .then_with(|| a.0.cmp(&b.0))
    });
    all.into_iter()
        .map(|(ip, score, _, push_ok, c)| ClientReport {
            push_fail: c.total(Signal::PushFail),
            push_ok,
            config_push_fail: c.total(Signal::ConfigPushFail),
            connection_busy: c.total(Signal::SendBusy).max(c.total(Signal::PushBusy)),
            send_fail: c.total(Signal::SendFailed),
            late_acks: c.total(Signal::LateAck),
            udp_give_up: c.total(Signal::UdpGivenUp),
            connects: c.total(Signal::Connect),
            disconnects: c.total(Signal::Disconnect),
            expelled: c.total(Signal::Expelled),
            registrations: c.total(Signal::Registration),
            subscriptions: c.amount(Signal::ConfigListen),
            logins: c.total(Signal::Login),
            backlog_bytes: held
                .as_ref()
                .map(|held| held.get(ip.as_str()).copied().unwrap_or(0)),
            first: seen(c, |a| a.first_time()).min().map(|t| places.time(t)),
            last: seen(c, |a| a.last_time()).max().map(|t| places.time(t)),
            score,
            apps: c.apps.iter().map(|s| (*s).to_owned()).collect(),
            sdk_versions: c.versions.iter().map(|s| (*s).to_owned()).collect(),
            ip,
        })
        .collect()
}

fn seen<'c>(
    c: &'c Client<'_>,
    edge: fn(&crate::facts::Activity) -> Option<WallTime>,
) -> impl Iterator<Item = WallTime> + 'c {
    c.own
        .iter()
        .flat_map(|a| a.iter())
        .map(|(_, a)| a)
        .chain(
            c.connections
                .iter()
                .flat_map(|(_, k)| k.activities.iter().map(|(_, a)| a)),
        )
        .filter_map(edge)
}

fn timeline(case: &Case<'_>, d: &Diagnosis, places: &Places<'_>) -> Option<Timeline> {
    let (from, to) = {
        let times = || case.facts.coverage.values().filter_map(|c| c.times);
        let (low, high) = case.bounds();
        (
            times().map(|t| t.0).min()?.max(low),
            times().map(|t| t.1).max()?.min(high),
        )
    };
    let span = (to.0 - from.0).max(1000);
    let step = ((span / TIMELINE_STEPS).max(1000) + 999) / 1000 * 1000;
    let start = from.0.div_euclid(step) * step;
    let steps = usize::try_from((to.0 - start) / step + 1).ok()?;
    let mut series = Vec::new();
    if let Some(curve) = &case.curve {
        let mut values = vec![None; steps];
        for p in &curve.points {
            if let Some(slot) = usize::try_from((p.time.0 - start) / step)
                .ok()
                .and_then(|i| values.get_mut(i))
            {
                *slot = Some(p.bytes as f64);
            }
        }
        series.push(TimelineSeries {
            name: "direct_memory_bytes".to_owned(),
            subject: None,
            values,
            level: true,
            source: Some(curve.source.to_owned()),
        });
    }
    let mut count =
        |name: &str, subject: Option<String>, of: &dyn Fn(WallTime, WallTime) -> f64| {
            let values: Vec<f64> = (0..steps)
                .map(|i| {
                    let t = WallTime(start + i as i64 * step);
                    (of(t, t.plus_ms(step)) * 10.0).round() / 10.0
                })
                .collect();
            if values.iter().any(|v| *v > 0.0) {
                series.push(TimelineSeries {
                    name: name.to_owned(),
                    subject,
                    values: values.into_iter().map(Some).collect(),
                    level: false,
                    source: None,
                });
            }
        };
    let total = |s: Signal| move |a: WallTime, b: WallTime| case.total_between_series(s, a, b);
    count(
        "allocation_failures",
        None,
        &total(Signal::AllocationFailure),
    );
    count("push_fail", None, &total(Signal::PushFail));
    count("config_push_fail", None, &total(Signal::ConfigPushFail));
    count("connects", None, &total(Signal::Connect));
    count("logins", None, &total(Signal::Login));
    count("registrations", None, &total(Signal::Registration));
    // The clients that are blamed, the worst first.
    let blamed = d
        .findings
        .iter()
        .filter(|f| f.rule.id == "faulty-client")
        .take(5);
    for f in blamed {
        if let Some(c) = case.client(&Address::read(f.subject().as_bytes())) {
            count("push_fail", Some(f.subject().to_owned()), &|a, b| {
                c.activities(Signal::PushFail)
                    .map(|x| x.series.between(a, b))
                    .sum()
            });
        }
    }
    series.extend(levels(case, places, start, step, steps));
    Some(Timeline {
        start: places.time(WallTime(start)),
        step_s: step as f64 / 1000.0,
        series,
    })
}

/// Memory other than direct memory on the same axis, from whatever tells it: the highest value of each step.
fn levels(
    case: &Case<'_>,
    places: &Places<'_>,
    start: i64,
    step: i64,
    steps: usize,
) -> Vec<TimelineSeries> {
    let mut all: BTreeMap<(String, String), Vec<Option<f64>>> = BTreeMap::new();
    let mut add = |name: &str, source: &str, t: WallTime, value: u64| {
        let Some(at) = usize::try_from((t.0 - start).div_euclid(step))
            .ok()
            .filter(|at| *at < steps && case.run.holds(t))
        else {
            return;
        };
        let values = all
            .entry((name.to_owned(), source.to_owned()))
            .or_insert_with(|| vec![None; steps]);
        values[at] = Some(values[at].unwrap_or(0.0).max(value as f64));
    };
    for s in &case.nmt {
        if let (Some(t), Some(total)) = (s.time, s.report.total) {
            add("nmt_committed_bytes", "nmt:Total", t, total.committed.bytes);
        }
    }
    let gc = &case.facts.system.gc;
    for (at, (live, _)) in &gc.live {
        add(
            "heap_live_bytes",
            "gc-log",
            WallTime(at * gc.step_ms),
            *live,
        );
    }
    for g in &case.facts.memory.gauges {
        if let Some(t) = g.time {
            let source = places
                .inputs
                .artefact(g.quote.place.artefact)
                .map_or("", |a| a.format.name());
            add(facts::gauge_name(g.gauge), source, t, g.value);
        }
    }
    all.into_iter()
        .map(|((name, source), values)| TimelineSeries {
            name,
            subject: None,
            values,
            level: true,
            source: Some(source),
        })
        .collect()
}

/// One finding for what troubles several nodes; then the worst of each.
fn cluster(nodes: &[NodeReport]) -> Cluster {
    let mut by_fingerprint: BTreeMap<&str, Vec<(&NodeReport, &FindingReport)>> = BTreeMap::new();
    for n in nodes {
        for f in n.findings.iter().filter(|f| f.kind == Kind::Cause) {
            by_fingerprint
                .entry(&f.fingerprint)
                .or_default()
                .push((n, f));
        }
    }
    let mut findings: Vec<(usize, bool, FindingReport)> = Vec::new();
    for group in by_fingerprint.into_values() {
        let in_trouble = group
            .iter()
            .any(|(n, _)| matches!(n.outcome, Outcome::Cause | Outcome::Undecided));
        let Some((_, best)) = group.iter().max_by(|a, b| {
            (a.1.severity, a.1.confidence)
                .partial_cmp(&(b.1.severity, b.1.confidence))
                .unwrap_or(std::cmp::Ordering::Equal)
        }) else {
            continue;
        };
        if best.confidence < rules::DECIDED {
            continue;
        }
        let mut f = (*best).clone();
        if let Some(title) = title_of_all(best, &group) {
            f.title = title;
        }
        for (n, _) in &group {
            f.subjects.push(rules::Subject::new("node", n.id.clone()));
        }
        findings.push((group.len(), in_trouble, f));
    }
    findings.sort_by(|a, b| {
        b.1.cmp(&a.1)
            .then(b.2.severity.cmp(&a.2.severity))
            .then(b.0.cmp(&a.0))
            .then(b.2.confidence.total_cmp(&a.2.confidence))
            .then(a.2.fingerprint.cmp(&b.2.fingerprint))
    });
    let mut clients: BTreeMap<&str, ClusterClient> = BTreeMap::new();
    for n in nodes {
        for c in n
            .clients
            .iter()
            .filter(|c| c.push_fail + c.config_push_fail + c.send_fail > 0)
        {
            let e = clients.entry(&c.ip).or_insert_with(|| ClusterClient {
                ip: c.ip.clone(),
                nodes: Vec::new(),
                push_fail: 0,
                score: 0.0,
            });
            e.nodes.push(n.id.clone());
            e.push_fail += c.push_fail;
            e.score = e.score.max(c.score);
        }
    }
    let mut clients: Vec<_> = clients.into_values().collect();
    clients.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(b.push_fail.cmp(&a.push_fail))
            .then(a.ip.cmp(&b.ip))
    });
    Cluster {
        findings: findings.into_iter().map(|f| f.2).collect(),
        clients,
    }
}

/// The title of a client that fails on several nodes, with its failures on all of them: those of the worst node alone would
/// contradict the table of clients.
fn title_of_all(worst: &FindingReport, all: &[(&NodeReport, &FindingReport)]) -> Option<Text> {
    if worst.rule != "faulty-client" || all.len() < 2 {
        return None;
    }
    let of = |name| {
        all.iter()
            .filter_map(move |(_, f)| f.title.params.get(name))
    };
    let n: f64 = of("n").filter_map(Value::as_f64).sum();
    let first = of("first").filter_map(Value::as_str).min()?;
    let ip = worst.title.params.get("ip")?.clone();
    let params = [("ip", ip), ("n", json!(n)), ("first", json!(first))];
    Some(Text::new(&worst.title.id, params))
}

/// The first of the cluster's findings, else the first cause over the nodes.
fn verdict(nodes: &[NodeReport], cluster: Option<&Cluster>) -> Option<Verdict> {
    let of = |n: &NodeReport| {
        (n.outcome == Outcome::Cause)
            .then(|| n.findings.iter().find(|f| f.kind == Kind::Cause).cloned())
            .flatten()
    };
    let named = nodes
        .iter()
        .filter_map(|n| of(n).map(|f| (n, f)))
        .max_by(|a, b| {
            (a.1.severity, a.1.confidence)
                .partial_cmp(&(b.1.severity, b.1.confidence))
                .unwrap_or(std::cmp::Ordering::Equal)
                .then(b.0.id.cmp(&a.0.id))
        })?;
    let (node, finding) = match cluster.and_then(|c| c.findings.first()) {
        Some(f) => {
            let on: Vec<_> = f.subjects.iter().filter(|s| s.kind == "node").collect();
            let alone = if let [one] = on[..] {
                Some(one.value.clone())
            } else {
                None
            };
            (alone, f.clone())
        }
        None => (Some(named.0.id.clone()), named.1),
    };
    let source = nodes
        .iter()
        .find(|n| of(n).is_some_and(|f| f.fingerprint == finding.fingerprint))
        .unwrap_or(named.0);
    let statement = if node.is_none() {
        cluster_statement(nodes, &finding)
    } else {
        source.statement.clone()
    };
    Some(Verdict {
        rule: finding.rule,
        node,
        severity: finding.severity,
        confidence: finding.confidence,
        subjects: finding.subjects,
        statement,
    })
}

/// One line about a cause that troubles several nodes.
fn cluster_statement(nodes: &[NodeReport], finding: &FindingReport) -> Text {
    let on: Vec<&str> = finding
        .subjects
        .iter()
        .filter(|s| s.kind == "node")
        .map(|s| s.value.as_str())
        .collect();
    let exhausted: Vec<&str> = nodes
        .iter()
        .filter(|n| n.direct_memory.exhausted.count > 0)
        .map(|n| n.id.as_str())
        .collect();
    let troubled: Vec<&str> = nodes
        .iter()
        .filter(|n| matches!(n.outcome, Outcome::Cause | Outcome::Undecided))
        .map(|n| n.id.as_str())
        .collect();
    let state = if !exhausted.is_empty() {
        Text::new("cluster.statement-exhausted", [("nodes", json!(exhausted))])
    } else if !troubled.is_empty() {
        Text::new("cluster.statement-troubled", [("nodes", json!(troubled))])
    } else {
        Text::new("cluster.statement-calm", [])
    };
    Text::new(
        "cluster.statement",
        [
            ("title", finding.title.nested()),
            ("n", json!(on.len())),
            ("nodes", json!(on)),
            ("state", state.nested()),
        ],
    )
}

fn input_reports(inputs: &Inputs, facts: &[Facts], given: &Given) -> Vec<Input> {
    let strangers: Vec<_> = facts
        .iter()
        .flat_map(|f| rules::dumps::strangers(f, given))
        .map(|(dump, why)| (dump.place, why.what()))
        .collect();
    inputs
        .artefacts
        .iter()
        .map(|a| {
            let node = facts.get(a.node);
            let coverage = node.and_then(|f| f.coverage.get(&a.id));
            let strange = strangers.iter().filter(|(p, _)| p.artefact == a.id);
            let issues: Vec<IssueReport> = node
                .iter()
                .flat_map(|f| &f.issues)
                .filter(|i| i.place.artefact == a.id)
                .map(|i| IssueReport {
                    line: coverage.map_or(1, |c| c.line_of(&i.place)),
                    offset: i.place.offset,
                    what: i.what.clone(),
                    reason: Text::of_reason(&i.what),
                })
                .chain(strange.map(|(place, what)| IssueReport {
                    line: 1,
                    offset: place.offset,
                    what: what.clone(),
                    reason: Text::of_reason(what),
                }))
                .collect();
            Input {
                path: a.label.clone(),
                node: inputs
                    .nodes
                    .get(a.node)
                    .map_or_else(String::new, |n| n.id.clone()),
                format: a.format.name().to_owned(),
                bytes: coverage.map_or(0, |c| c.bytes),
                records: coverage.map_or(0, |c| c.records),
                unrecognised: coverage.map_or_else(Unrecognised::default, |c| Unrecognised {
                    lines: c.unknown_lines,
                    bytes: c.unknown_bytes,
                }),
                coverage: coverage
                    .map(|c| coverage::of_input(&a.label, c))
                    .unwrap_or_default(),
                complete: a.format == Format::Empty || coverage.is_some_and(|c| !c.cut),
                issues,
            }
        })
        .collect()
}
