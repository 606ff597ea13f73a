//! The limit is too small for ordinary load.

use serde_json::json;

use super::push_fan_out::{blame, course_evidence, spread_evidence};
use super::score::Weight;
use super::shape::Course;
use super::{
    Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, login_burst, take_evidence,
};
use crate::facts::Signal;
use crate::text::Text;
use crate::units::WallTime;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "limit-too-small",
    kind: Kind::Cause,
    title: "The limit of direct memory is too small",
    what: "The limit leaves no room for what the server needs at its ordinary load, or for the chunks of Netty's pool.",
    speaks_for: "Exhausted, or near the limit, while memory comes and goes with the load; a limit under a quarter of the heap; a \
                 request as large as a chunk against a limit of a few chunks.",
    speaks_against: "One client, or one burst, explains the bytes; memory grows on and on: then a larger limit only buys time.",
    remedy: "Set -XX:MaxDirectMemorySize to a quarter to a half of the heap, and to no less than 1.25 times the measured need.",
    sources: "Advice of Nacos's maintainers: direct memory a quarter to a half of the heap, heap at most 70 % of physical memory.",
    weigh,
    needs: &[],
};

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let Some(limit) = &case.limit else {
        return Vec::new();
    };
    let near = case.peak_ratio().is_some_and(|r| r >= 0.9);
    if case.exhaustion.is_none() && !near {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    let limit_quote = limit.quote.as_ref();
    if let Some(heap) = case.heap.filter(|h| limit.bytes < h / 4) {
        evidence.push(Evidence::new(
            Weight::LimitUnderQuarter,
            Text::new(
                "limit-too-small.quarter",
                [("limit", json!(limit.bytes)), ("heap", json!(heap))],
            ),
            limit_quote,
        ));
    }
    // Ordinary load: the level before memory went up, or the middle of a curve that comes and goes.
    if let Some(curve) = &case.curve {
        let steady = match curve.shape.course {
            Course::Bursts | Course::Flat => median(curve.points.iter().map(|p| p.bytes)),
            _ => curve.shape.base,
        };
        if steady as f64 >= 0.6 * limit.bytes as f64 {
            evidence.push(Evidence::new(
                Weight::NearUnderLoad,
                Text::new(
                    "limit-too-small.near",
                    [("steady", json!(steady)), ("limit", json!(limit.bytes))],
                ),
                curve.points.last().and_then(|p| p.quote.as_ref()),
            ));
        }
    }
    course_evidence(case, &mut evidence);
    if case.curve.is_none() {
        spells(case, &mut evidence);
    }
    spread_evidence(case, &mut evidence);
    if let Some(e) = &case.exhaustion
        && let Some(requested) = e.requested
        && requested >= 2 << 20
        && limit.bytes < 24 * requested
    {
        evidence.push(Evidence::new(
            Weight::ChunkOverLimit,
            Text::new(
                "limit-too-small.chunk",
                [
                    ("requested", json!(requested)),
                    ("limit", json!(limit.bytes)),
                ],
            ),
            e.quote.as_ref(),
        ));
    }
    blame(case, findings, &mut evidence);
    let burst = findings
        .iter()
        .find(|f| f.rule.id == login_burst::RULE.id && f.confidence >= super::DECIDED);
    if let Some(f) = burst {
        evidence.push(Evidence::new(
            Weight::BurstExplains,
            Text::new("blame.burst", [("subject", json!(f.subject()))]),
            f.hypothesis.evidence.iter().find_map(|e| e.quote.as_ref()),
        ));
    }
    if !evidence.iter().any(|e| e.contribution() > 0.0) {
        return Vec::new();
    }
    let need = case.used_peak().map_or(limit.bytes, |(used, _)| used);
    if super::hopeless(&evidence) {
        return Vec::new();
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "direct-memory-limit")],
        title: Text::new("limit-too-small.title", [("limit", json!(limit.bytes))]),
        evidence,
        remedy: remedy(case, need),
        severity: None,
    }]
}

fn remedy(case: &Case<'_>, need: u64) -> Remedy {
    let to = advised(case, need);
    let flag = || json!(format!("-XX:MaxDirectMemorySize={}m", to >> 20));
    let mut now = vec![take_evidence(case)];
    now.push(match case.returns_in_s() {
        Some(left) => Text::new(
            "limit-too-small.restart-returns",
            [("flag", flag()), ("left", json!(left.round()))],
        ),
        None => Text::new("limit-too-small.restart", [("flag", flag())]),
    });
    let mut lasting = vec![Text::new(
        "limit-too-small.set",
        [("to", json!(to)), ("need", json!(need))],
    )];
    if let (Some(heap), Some(physical)) = (case.heap, case.physical)
        && (heap + to) * 10 > physical * 9
    {
        lasting.push(Text::new(
            "limit-too-small.no-room",
            [
                ("heap", json!(heap)),
                ("to", json!(to)),
                ("physical", json!(physical)),
            ],
        ));
    }
    Remedy { now, lasting }
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut all: Vec<u64> = values.collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

/// The limit to set: half the heap, never under 1.25 times the need, in whole 64 MiB.
#[must_use]
pub(super) fn advised(case: &Case<'_>, need: u64) -> u64 {
    const STEP: u64 = 64 << 20;
    let from_heap = case.heap.map_or(0, |h| h / 2);
    let from_need = need + need / 4;
    from_heap.max(from_need).div_ceil(STEP) * STEP
}

/// Without a curve: allocations that fail in spells, with pushes delivered in between, tell of a need that comes and goes.
fn spells(case: &Case<'_>, evidence: &mut Vec<Evidence>) {
    /// A need that comes and goes leaves a pause within this.
    const NEVER_S: f64 = 300.0;
    /// Shorter pauses are within one spell.
    const PAUSE_MS: i64 = 15_000;
    let Some(a) = case.facts.log.totals.get(Signal::AllocationFailure) else {
        return;
    };
    let (from, to) = case.bounds();
    let mut last: Option<WallTime> = None;
    let (mut spells, mut delivered) = (0u32, 0.0);
    for (t, _) in a
        .series
        .buckets()
        .filter(|&(t, n)| n > 0 && t >= from && t < to)
    {
        match last {
            Some(l) if t.0 - l.0 <= PAUSE_MS.max(a.series.width_ms()) => {}
            Some(l) => {
                spells += 1;
                delivered += case.total_between(Signal::PushOk, l.plus_ms(a.series.width_ms()), t);
            }
            None => spells = 1,
        }
        last = Some(t);
    }
    let lasted_s = match (a.first_time(), last) {
        (Some(first), Some(last)) => (last.0 - first.0.max(from.0)) as f64 / 1000.0,
        _ => 0.0,
    };
    if spells == 1 && lasted_s >= NEVER_S {
        evidence.push(Evidence::new(
            Weight::NeverRecovers,
            Text::new(
                "limit-too-small.never-recovers",
                [("lasts", json!(lasted_s.round()))],
            ),
            a.first.as_ref(),
        ));
    }
    if spells >= 2 && delivered >= 20.0 {
        evidence.push(Evidence::new(
            Weight::MemoryReturns,
            Text::new(
                "limit-too-small.spells",
                [
                    ("n", json!(spells)),
                    ("delivered", json!(delivered.round())),
                ],
            ),
            a.first.as_ref(),
        ));
    }
}
