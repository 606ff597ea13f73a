//! Direct memory rises, how fast, and when it reaches its limit.

use serde_json::json;

use super::case::Curve;
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

/// Pools take some chunks of up to 16 MiB while they warm up.
const RISE_OF_FEW: u64 = 32 << 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let Some(curve) = &case.curve else {
        return Vec::new();
    };
    let shape = &curve.shape;
    match shape.course {
        Course::Flat => return Vec::new(),
        Course::Unknown => return few_samples(curve).into_iter().collect(),
        _ => {}
    }
    let Some(onset) = shape.onset else {
        return Vec::new();
    };
    let quote_at = |t| curve.quote_at(t);
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
    let title = title(case, curve, until);
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

/// The rise, its rate, and the time that is left as a range where the limit and the rate are known.
fn title(case: &Case<'_>, curve: &Curve, until: Option<f64>) -> Text {
    let shape = &curve.shape;
    let risen = || [("base", json!(shape.base)), ("peak", json!(shape.peak))];
    let goes_on = shape.course == Course::Growing && case.exhaustion.is_none();
    let Some(slope) = &shape.slope else {
        let id = if goes_on {
            "growth.title-no-rate"
        } else {
            "growth.title"
        };
        return Text::new(id, risen());
    };
    let rate = || ("rate", json!(slope.bytes_per_hour.round()));
    let Some(left) = until else {
        return if matches!(shape.course, Course::Growing | Course::Plateau) {
            let [base, peak] = risen();
            Text::new("growth.title-rate", [rate(), base, peak])
        } else {
            Text::new("growth.title", risen())
        };
    };
    let at = |per_hour: f64| json!((left * slope.bytes_per_hour / per_hour).round());
    let soonest = at(slope.high.max(slope.bytes_per_hour));
    // Where one pair of samples in ten does not rise at all, no latest time can be told.
    if slope.low > 0.0 {
        Text::new(
            "growth.title-until",
            [
                rate(),
                ("left", json!(left.round())),
                ("soonest", soonest),
                ("latest", at(slope.low)),
            ],
        )
    } else {
        Text::new(
            "growth.title-until-at-least",
            [rate(), ("left", json!(left.round())), ("soonest", soonest)],
        )
    }
}

/// Two to four samples that rise by more than a pool does: worth a word, too few for a rate.
fn few_samples(curve: &Curve) -> Option<Hypothesis> {
    let (first, last) = (curve.points.first()?, curve.points.last()?);
    if last.bytes < first.bytes + RISE_OF_FEW {
        return None;
    }
    let params = || {
        [
            ("n", json!(curve.points.len())),
            ("base", json!(first.bytes)),
            ("peak", json!(last.bytes)),
            ("from", local(first.time)),
            ("to", local(last.time)),
        ]
    };
    Some(Hypothesis {
        subjects: vec![Subject::new("node", "direct-memory")],
        title: Text::new("growth.title-few", params()),
        evidence: vec![Evidence::new(
            Weight::Computed,
            Text::new("growth.few", params()),
            last.quote.as_ref(),
        )],
        remedy: Remedy::default(),
        severity: Some(Severity::Low),
    })
}
