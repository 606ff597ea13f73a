//! Few changes of a large service, many subscribers, all at once.

use serde_json::json;

use super::case::Curve;
use super::score::Weight;
use super::shape::Course;
use super::{
    Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Subject, faulty_client,
    limit_too_small, take_evidence,
};
use crate::facts::Signal;
use crate::facts::log::Service;
use crate::parse::statement::ServiceText;
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "push-fan-out",
    kind: Kind::Cause,
    title: "One change, many subscribers",
    what: "A change of a service is sent whole to every subscriber at once: size times subscribers is needed in direct memory until the \
           links have taken it. The need lasts for seconds and is gone again.",
    speaks_for: "Most pushes are of one service with many subscribers; memory rises in bursts and falls back; pushes fail to all \
                 subscribers alike; clients acknowledge, only too late.",
    speaks_against: "One client has most of the failures; memory grows on and on.",
    remedy: "Make the service smaller (clusters, fewer labels in metadata), spread its subscribers, slow its changes down \
             (nacos.naming.push.pushTaskDelay), and give direct memory room for size times subscribers.",
    sources: "Nacos PushExecuteTask 2.0.0 to 3.0.3: one buffer per subscriber and push.",
    weigh,
    needs: &[Family::PushLog],
};

/// Fewer subscribers than these are no fan-out.
const FEWEST: f64 = 15.0;

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    if !case.in_trouble() {
        return Vec::new();
    }
    let services = &case.facts.log.services;
    let all: u64 = services.values().map(|s| s.ok + s.failed).sum();
    let mut ranked: Vec<(&[u8], &Service)> = services.iter().map(|(k, s)| (&**k, s)).collect();
    ranked.sort_by(|a, b| (b.1.ok + b.1.failed, a.0).cmp(&(a.1.ok + a.1.failed, b.0)));
    let Some(&(name, service)) = ranked.first() else {
        return Vec::new();
    };
    // Retries after failures count as pushes of the same change: there are no more subscribers than connections.
    let fan_out = service.fan_out().min(
        case.facts
            .log
            .census_max
            .map_or(f64::INFINITY, |n| n as f64),
    );
    if fan_out < FEWEST {
        return Vec::new();
    }
    let share = (service.ok + service.failed) as f64 / all.max(1) as f64;
    let path = ServiceText(name).path();
    let name = || json!(path.clone());
    let quote = [Signal::PushFail, Signal::PushOk]
        .iter()
        .find_map(|s| service.activities.get(*s))
        .and_then(|a| a.first.as_ref());
    let mut evidence = vec![
        Evidence::new(
            Weight::WideFanOut,
            Text::new(
                "push-fan-out.wide",
                [
                    ("service", name()),
                    ("subscribers", json!(fan_out.round())),
                    ("instances", json!(service.instances)),
                ],
            ),
            quote,
        )
        .scaled((fan_out / 50.0).clamp(0.4, 1.0)),
    ];
    if share >= 0.6 {
        evidence.push(Evidence::new(
            Weight::OneServiceDominates,
            Text::new(
                "push-fan-out.dominates",
                [
                    ("service", name()),
                    ("share", json!((share * 1e4).round() / 1e4)),
                    ("n", json!(all)),
                ],
            ),
            quote,
        ));
    }
    course_evidence(case, &mut evidence);
    spread_evidence(case, &mut evidence);
    blame(case, findings, &mut evidence);
    if super::hopeless(&evidence) {
        return Vec::new();
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("service", path.clone()).with_share(share)],
        title: Text::new(
            "push-fan-out.title",
            [("service", name()), ("subscribers", json!(fan_out.round()))],
        ),
        evidence,
        remedy: Remedy {
            now: vec![
                take_evidence(case),
                Text::new("push-fan-out.slow-down", [("service", name())]),
            ],
            lasting: vec![
                Text::new("push-fan-out.smaller", [("service", name())]),
                room(case),
            ],
        },
        severity: None,
    }]
}

/// The room that size times subscribers needs: what was in use at most, with a quarter to spare.
fn room(case: &Case<'_>) -> Text {
    match case.used_peak() {
        Some((need, _)) => {
            let to = limit_too_small::advised(case, need);
            Text::new(
                "push-fan-out.room-of",
                [
                    (
                        "flag",
                        json!(format!("-XX:MaxDirectMemorySize={}m", to >> 20)),
                    ),
                    ("need", json!(need)),
                ],
            )
        }
        None => Text::new("push-fan-out.room", []),
    }
}

/// Failures are spread when no client has the bulk of them. Looks at what is known of the course: to be called after it.
pub(super) fn spread_evidence(case: &Case<'_>, evidence: &mut Vec<Evidence>) {
    let (from, to) = case.bounds();
    let mut failed: Vec<f64> = case
        .clients
        .iter()
        .map(|c| c.between(Signal::PushFail, from, to))
        .filter(|n| *n >= 2.0)
        .collect();
    failed.sort_by(f64::total_cmp);
    let total: f64 = failed.iter().sum();
    let largest = failed.last().copied().unwrap_or(0.0);
    if failed.len() >= 3 && total >= 10.0 && largest / total < 0.6 {
        let quote = case
            .facts
            .log
            .totals
            .get(Signal::PushFail)
            .and_then(|a| a.first.as_ref());
        // Once memory is exhausted pushes fail to everybody, whatever exhausted it; but what comes and goes is load.
        let returns = evidence.iter().any(|e| e.weight == Weight::MemoryReturns);
        let before = case
            .exhausted_at()
            .map(|t| case.total_between(Signal::PushFail, from, t.plus_ms(1_000)));
        let strength = match before {
            Some(n) if n < 10.0 && !returns => 0.3,
            _ => 1.0,
        };
        evidence.push(
            Evidence::new(
                Weight::FailuresSpread,
                Text::new(
                    "push-fan-out.spread",
                    [
                        ("clients", json!(failed.len())),
                        ("n", json!(total.round())),
                    ],
                ),
                quote,
            )
            .scaled(strength),
        );
    }
}

/// What the curve says of a need that comes and goes.
pub(super) fn course_evidence(case: &Case<'_>, evidence: &mut Vec<Evidence>) {
    let Some(curve) = &case.curve else { return };
    let shape = &curve.shape;
    let at = |t| {
        curve
            .points
            .iter()
            .find(|p| Some(p.time) == t)
            .and_then(|p| p.quote.as_ref())
    };
    match shape.course {
        // Up, full for long, and down once: that is not what comes and goes with the load.
        Course::Returned if stays_up(curve) => {}
        Course::Bursts | Course::Returned => evidence.push(Evidence::new(
            Weight::MemoryReturns,
            Text::new(
                "push-fan-out.returns",
                [("base", json!(shape.base)), ("peak", json!(shape.peak))],
            ),
            at(shape.top),
        )),
        // Up to the top within a few samples and around it since: a level reached at once is no leak.
        Course::Plateau | Course::Growing => {
            if let (Some(onset), Some(top)) = (shape.onset, shape.top)
                && top.0 - onset.0 > 8 * shape.step_ms.max(1000)
            {
                evidence.push(Evidence::new(
                    Weight::SteadyGrowth,
                    Text::new(
                        "growth.steady",
                        [
                            ("onset", local(onset)),
                            ("top", local(top)),
                            ("peak", json!(shape.peak)),
                        ],
                    ),
                    at(Some(top)),
                ));
            }
        }
        Course::Flat | Course::Unknown => {}
    }
}

/// Whether it stayed near its highest level for many samples on end, and for longer than a burst takes to go out.
fn stays_up(curve: &Curve) -> bool {
    const BURST_MS: i64 = 30_000;
    let shape = &curve.shape;
    let high = shape.base + shape.rise() / 10 * 9;
    let up = curve
        .points
        .iter()
        .skip_while(|p| p.bytes < high)
        .take_while(|p| p.bytes >= high);
    let (mut first, mut last) = (None, None);
    for p in up {
        first.get_or_insert(p.time);
        last = Some(p.time);
    }
    first
        .zip(last)
        .is_some_and(|(f, l)| l.0 - f.0 >= BURST_MS.max(4 * shape.step_ms))
}

/// A client that explains the bytes speaks against load and limit; and so does not knowing whether one does.
pub(super) fn blame(case: &Case<'_>, findings: &[Finding], evidence: &mut Vec<Evidence>) {
    if case.pushes_unseen() {
        evidence.push(Evidence::new(
            Weight::PushesUnseen,
            Text::new("blame.unseen", []),
            None,
        ));
    }
    let worst = findings
        .iter()
        .filter(|f| f.rule.id == faulty_client::RULE.id)
        .max_by(|a, b| a.log_odds.total_cmp(&b.log_odds));
    if let Some(f) = worst.filter(|f| f.confidence >= super::DECIDED) {
        let quote = f.hypothesis.evidence.iter().find_map(|e| e.quote.as_ref());
        evidence.push(
            Evidence::new(
                Weight::OneClientExplains,
                Text::new(
                    "blame.client",
                    [
                        ("ip", json!(f.subject())),
                        ("confidence", json!(f.confidence)),
                    ],
                ),
                quote,
            )
            .scaled(f.confidence),
        );
    }
}
