//! What began first: a client's failures, the growth of memory, or the first allocation that failed.

use serde_json::json;

use super::Suspect;
use crate::facts::Signal;
use crate::rules::Evidence;
use crate::rules::case::Curve;
use crate::rules::score::Weight;
use crate::rules::shape::Course;
use crate::text::{Text, local};
use crate::units::WallTime;

/// What was queued for a client that reads again is sent by then.
const SENT_MS: i64 = 10_000;
/// So many pushes acknowledged are no accident.
const DELIVERED: f64 = 5.0;
/// Of the rise, as much is its main part.
const MOST: f64 = 0.75;
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
    if begins_with_log(s) {
        // Since when it fails is not in these files.
    } else if let Some(e) = after_exhaustion(s) {
        out.push(e);
    } else if let Some(curve) = &s.case.curve {
        out.extend(against_growth(s, curve));
        out.extend(grows_without_it(s, curve));
    }
    if s.case.curve.is_none() {
        out.extend(read_before_exhaustion(s));
    }
    out
}

/// Its failures are there from the first push that any log tells, and memory was in trouble before that: older logs are gone,
/// and with them the beginning.
fn begins_with_log(s: &Suspect<'_, '_, '_>) -> bool {
    /// A client that fails all the time fails within these of the beginning of a log.
    const SOON_MS: i64 = 15_000;
    let (from, to) = s.case.bounds();
    let told = [Signal::PushOk, Signal::PushFail, Signal::ConfigPushFail]
        .into_iter()
        .filter_map(|signal| s.case.facts.log.totals.get(signal)?.first_time())
        .filter(|t| *t >= from && *t < to)
        .min();
    let trouble = [s.case.onset(), s.case.exhausted_at()];
    let before = trouble.into_iter().flatten().min();
    told.zip(before)
        .is_some_and(|(t, b)| b < t && s.failing.first.0 - t.0 < SOON_MS)
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

/// The part of the rise that came after the client's failures began.
fn risen_since(s: &Suspect<'_, '_, '_>, curve: &Curve) -> Option<f64> {
    // Of one among several only its own part would count.
    let main = !s.several || s.share >= 0.5;
    main.then(|| curve.risen_after(s.failing.first)).flatten()
}

/// Without a curve: it reads again, and only later memory runs out.
fn read_before_exhaustion(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let exhausted = s.case.exhausted_at()?;
    let again = s.failing.last.plus_ms(SENT_MS);
    let delivered = s.failing.client.between(Signal::PushOk, again, exhausted);
    (again < exhausted && delivered >= DELIVERED).then(|| {
        Evidence::new(
            Weight::GrowsWithoutIt,
            Text::new(
                "faulty-client.read-before",
                [
                    ("ip", s.ip()),
                    ("last", local(s.failing.last)),
                    ("n", json!(delivered.round())),
                    ("first", local(exhausted)),
                ],
            ),
            s.case.exhaustion.as_ref().and_then(|e| e.quote.as_ref()),
        )
    })
}

/// It reads again, and memory goes on growing.
fn grows_without_it(s: &Suspect<'_, '_, '_>, curve: &Curve) -> Option<Evidence> {
    const MUCH: f64 = 0.3;
    let again = s.failing.last.plus_ms(SENT_MS);
    let (_, to) = s.case.bounds();
    let delivered = s.failing.client.between(Signal::PushOk, again, to);
    let part = curve.risen_after(again)?;
    let grew = matches!(curve.shape.course, Course::Growing | Course::Plateau);
    if !grew || delivered < DELIVERED || part < MUCH {
        return None;
    }
    let top = curve.shape.top?;
    Some(Evidence::new(
        Weight::GrowsWithoutIt,
        Text::new(
            "faulty-client.grows-without",
            [
                ("ip", s.ip()),
                ("last", local(s.failing.last)),
                ("n", json!(delivered.round())),
                ("part", json!((part * 1e4).round() / 1e4)),
            ],
        ),
        curve.quote_at(top),
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
    } else if let Some(later) = risen_since(s, curve).filter(|part| lag > 0 && *part >= MOST) {
        // Growth of another kind came first, and little of it: what counts is when most of the bytes came.
        let strength = later * (0.3 + 0.7 * explains);
        let claim = Text::new(
            "faulty-client.most-after",
            [
                ("ip", s.ip()),
                ("first", local(s.failing.first)),
                ("other", local(onset)),
                ("part", json!((later * 1e4).round() / 1e4)),
            ],
        );
        return Some(Evidence::new(Weight::StartsWithGrowth, claim, at_onset).scaled(strength));
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
