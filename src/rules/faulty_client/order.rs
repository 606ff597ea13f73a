//! What began first: a client's failures, the growth of memory, or the first allocation that failed.

use serde_json::json;

use super::Suspect;
use crate::rules::Evidence;
use crate::rules::case::Curve;
use crate::rules::score::Weight;
use crate::rules::shape::Course;
use crate::text::{Text, local};
use crate::units::WallTime;

/// Clocks of several threads and files differ by this much.
const JITTER_MS: i64 = 1_000;

/// The order of events, when memory is in trouble at all.
pub(super) fn order(s: &Suspect<'_, '_, '_>) -> Vec<Evidence> {
    let mut out = Vec::new();
    let f = s.failing;
    if f.began_unnamed && f.silent_since.is_none() {
        out.push(
            Evidence::new(
                Weight::FailsPersistently,
                Text::new(
                    "faulty-client.unnamed",
                    [("ip", s.ip()), ("first", local(f.first))],
                ),
                f.quote,
            )
            .scaled(0.5),
        );
    }
    if let Some(e) = after_exhaustion(s) {
        out.push(e);
    } else if let Some(curve) = &s.case.curve {
        out.extend(against_growth(s, curve));
    }
    out
}

fn when(s: &Suspect<'_, '_, '_>, id: &str, other: WallTime) -> Text {
    let first = s.failing.first;
    let lag = (first.0 - other.0).abs() as f64 / 1000.0;
    Text::new(
        id,
        [
            ("ip", s.ip()),
            ("first", local(first)),
            ("other", local(other)),
            ("lag", json!(lag)),
        ],
    )
}

/// Failures that begin with the first allocation that failed, or later: then pushes fail to everybody. A reader that stopped
/// fills memory before that; its pushes fail from the moment it stopped.
fn after_exhaustion(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let t = s.case.exhausted_at()?;
    let since = s.failing.first.0 - t.0;
    if since <= -JITTER_MS {
        return None;
    }
    let id = if since > JITTER_MS {
        "faulty-client.after-exhaustion"
    } else {
        "faulty-client.with-exhaustion"
    };
    Some(Evidence::new(
        Weight::StartsAfterExhaustion,
        when(s, id, t),
        s.failing.quote,
    ))
}

fn against_growth(s: &Suspect<'_, '_, '_>, curve: &Curve) -> Option<Evidence> {
    let shape = &curve.shape;
    if matches!(shape.course, Course::Flat | Course::Unknown) {
        return None;
    }
    let (onset, top) = (shape.onset?, shape.top?);
    // A need that comes and goes has no beginning of a growth; and samples that missed the first rise tell none either.
    if shape.course == Course::Bursts || s.case.exhausted_at().is_some_and(|t| t < onset) {
        return None;
    }
    let step = shape.step_ms.max(5_000);
    let lag = s.failing.first.0 - onset.0;
    let rising = (top.0 - onset.0).max(step);
    let at_onset = curve.quote_at(onset);
    // Where several clients share the growth, it begins with the first of them: what each explains counts.
    let explains = if s.several { s.share } else { 1.0 };
    // Growth that started inside the interval between two samples shows at the second.
    let (weight, id, strength) = if lag.abs() <= (3 * step).max(rising / 10).max(20_000) {
        let strength = 0.3 + 0.7 * explains;
        (
            Weight::StartsWithGrowth,
            "faulty-client.with-growth",
            strength,
        )
    } else if lag < 0 && lag.abs() <= (12 * step).max(rising) {
        let strength = 0.6 * (0.3 + 0.7 * explains);
        (
            Weight::StartsWithGrowth,
            "faulty-client.before-growth",
            strength,
        )
    } else if lag > 0 {
        let alone = !s.several || lag >= rising;
        let strength = if alone { 1.0 } else { 1.0 - s.share };
        (
            Weight::StartsAfterGrowth,
            "faulty-client.after-growth",
            strength,
        )
    } else {
        return None;
    };
    Some(Evidence::new(weight, when(s, id, onset), at_onset).scaled(strength))
}
