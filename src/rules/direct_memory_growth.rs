//! Direct memory rises, how fast, and when it reaches its limit.

use serde_json::json;

use super::score::Weight;
use super::shape::Course;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "direct-memory-growth",
    kind: Kind::Condition,
    title: "Direct memory grows",
    what: "The category of NMT that holds direct memory (Internal on JDK 8, Other later), or the pool of direct buffers, rises by more \
           than a pool takes to warm up. The rate is the median of the slopes between all pairs of samples (Theil-Sen), with the tenth \
           and ninetieth percentile as range; the time to the limit follows when the rise goes on.",
    speaks_for: "A rise over several levels that goes on to the end of the samples, or until the limit was reached.",
    speaks_against: "A few steps of a pool taking chunks, then flat; a rise that came back.",
    remedy: "Find the cause before the limit is reached; the time left is in the finding.",
    sources: "NMT of JDK 8 to 25; Netty's pool takes chunks of 2 MiB (16 MiB before Nacos 2.1.1) and keeps them.",
    weigh,
    needs: &[],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let Some(curve) = &case.curve else {
        return Vec::new();
    };
    let shape = &curve.shape;
    if matches!(shape.course, Course::Flat | Course::Unknown) {
        return Vec::new();
    }
    let Some(onset) = shape.onset else {
        return Vec::new();
    };
    let quote_at = |t| {
        curve
            .points
            .iter()
            .find(|p| p.time == t)
            .and_then(|p| p.quote.as_ref())
    };
    let top = shape.top.unwrap_or(onset);
    let mut evidence = vec![Evidence::new(
        Weight::Computed,
        Text::new(
            // Never without the note that not all of it is direct memory.
            if curve.source == "nmt:Internal" {
                "growth.from-internal"
            } else {
                "growth.from"
            },
            [
                ("base", json!(shape.base)),
                ("onset", local(onset)),
                ("source", json!(curve.source)),
            ],
        ),
        quote_at(onset),
    )];
    let peak = |weight, id| {
        Evidence::new(
            weight,
            Text::new(
                id,
                [
                    ("peak", json!(shape.peak)),
                    ("top", local(top)),
                    ("last", json!(shape.last)),
                ],
            ),
            quote_at(top),
        )
    };
    evidence.push(match shape.course {
        Course::Growing => peak(Weight::Computed, "growth.goes-on"),
        Course::Plateau if case.exhaustion.is_some() => peak(Weight::Computed, "growth.to-limit"),
        Course::Plateau => peak(Weight::Computed, "growth.plateau"),
        Course::Bursts => peak(Weight::Computed, "growth.bursts"),
        _ => peak(Weight::Computed, "growth.returned"),
    });
    let until = case.time_to_limit_s();
    let title = match (&shape.slope, until) {
        (Some(s), Some(left)) => Text::new(
            "growth.title-until",
            [
                ("rate", json!(s.bytes_per_hour.round())),
                ("left", json!(left.round())),
            ],
        ),
        (Some(s), None) if matches!(shape.course, Course::Growing | Course::Plateau) => Text::new(
            "growth.title-rate",
            [
                ("rate", json!(s.bytes_per_hour.round())),
                ("base", json!(shape.base)),
                ("peak", json!(shape.peak)),
            ],
        ),
        _ => Text::new(
            "growth.title",
            [("base", json!(shape.base)), ("peak", json!(shape.peak))],
        ),
    };
    let severity = if case.exhaustion.is_some() {
        Severity::Critical
    } else if until.is_some_and(|s| s < 48.0 * 3600.0)
        || case.peak_ratio().is_some_and(|r| r >= 0.9)
    {
        Severity::High
    } else if shape.course == Course::Growing {
        Severity::Medium
    } else {
        Severity::Low
    };
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "direct-memory")],
        title,
        evidence,
        remedy: Remedy::default(),
        severity: Some(severity),
    }]
}
