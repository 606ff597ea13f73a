//! Storms: one address does something far more often than usual, and what memory did meanwhile.

use serde_json::json;

use super::burst::{Burst, busiest, usual_of_others};
use super::case::{Client, Curve};
use super::push_fan_out::blame;
use super::score::Weight;
use super::shape::Course;
use super::{Case, Evidence, Finding, Hypothesis, Remedy, Subject};
use crate::facts::{Activity, Quote, Signal};
use crate::text::{Text, local};
use crate::units::WallTime;

/// How one kind of storm is told.
pub(super) struct Storm<'s> {
    /// What counts.
    pub signals: &'s [Signal],
    /// Fewer in the busiest minute are no storm.
    pub fewest_per_minute: f64,
    /// So many are one whatever is usual.
    pub at_once_per_minute: f64,
    /// Times the usual.
    pub ratio: f64,
    /// Ids of title and claim.
    pub ids: [&'s str; 2],
    /// A defect of the release that such a storm feeds.
    pub suspect: Option<Text>,
    /// Clients that it can be told of.
    pub by: fn(&Client<'_>) -> bool,
    /// What to do.
    pub remedy: fn(&Case<'_>, &Client<'_>) -> Remedy,
}

/// A finding for each address with such a storm.
pub(super) fn storms(case: &Case<'_>, findings: &[Finding], storm: &Storm<'_>) -> Vec<Hypothesis> {
    let (from, to) = case.bounds();
    let mut rates: Vec<(usize, f64)> = Vec::new();
    for (i, c) in case
        .clients
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.is_server && (storm.by)(c))
    {
        let n: f64 = storm.signals.iter().map(|s| c.between(*s, from, to)).sum();
        if n > 0.0 {
            rates.push((i, n));
        }
    }
    let minutes = span_minutes(case);
    let mut out = Vec::new();
    for &(i, n) in &rates {
        if n < storm.fewest_per_minute {
            continue;
        }
        let client = &case.clients[i];
        let mut others: Vec<f64> = rates
            .iter()
            .filter(|(j, _)| *j != i)
            .map(|(_, n)| n / minutes)
            .collect();
        let activities: Vec<&Activity> = storm
            .signals
            .iter()
            .flat_map(|s| client.activities(*s))
            .collect();
        let Some(burst) = busiest(&activities, from, to, usual_of_others(&mut others)) else {
            continue;
        };
        if burst.per_minute < storm.fewest_per_minute
            || (burst.ratio() < storm.ratio && burst.per_minute < storm.at_once_per_minute)
        {
            continue;
        }
        let quote = activities
            .iter()
            .filter_map(|a| a.first.as_ref())
            .min_by_key(|q| q.key());
        let mut h = hypothesis(case, storm, client, &burst, quote);
        if case.in_trouble() {
            blame(case, findings, &mut h.evidence);
        }
        out.push(h);
    }
    out
}

fn span_minutes(case: &Case<'_>) -> f64 {
    let times = || case.facts.coverage.values().filter_map(|c| c.times);
    let first = times().map(|t| t.0.0).min().unwrap_or(0);
    let last = times().map(|t| t.1.0).max().unwrap_or(0);
    ((last - first) as f64 / 60_000.0).max(1.0)
}

fn hypothesis(
    case: &Case<'_>,
    storm: &Storm<'_>,
    client: &Client<'_>,
    burst: &Burst,
    quote: Option<&Quote>,
) -> Hypothesis {
    let params = || {
        [
            ("ip", json!(client.address.to_string())),
            ("n", json!(burst.count.round())),
            ("from", local(burst.from)),
            ("to", local(burst.to)),
            ("rate", json!((burst.per_minute * 10.0).round() / 10.0)),
            ("usual", json!((burst.usual * 10.0).round() / 10.0)),
            ("ratio", json!((burst.ratio() * 10.0).round() / 10.0)),
            ("lasts", json!(burst.lasts_s().round())),
        ]
    };
    // What barely counts as a storm is half the evidence that a great one is.
    let size = burst.per_minute / storm.fewest_per_minute;
    let mut evidence = vec![
        Evidence::new(
            Weight::RateFarOverUsual,
            Text::new(storm.ids[1], params()),
            quote,
        )
        .scaled(0.5 + 0.25 * size.max(1.0).log2()),
    ];
    evidence.extend(memory_evidence(case, burst));
    if let Some(claim) = &storm.suspect {
        evidence.push(Evidence::new(
            Weight::SuspectRelease,
            claim.clone(),
            case.release_quote(),
        ));
    }
    Hypothesis {
        subjects: subjects(client),
        title: Text::new(storm.ids[0], params()),
        evidence,
        remedy: (storm.remedy)(case, client),
        severity: None,
    }
}

/// Of the rise, as much is its main part.
const MOST: f64 = 0.75;
/// A smaller part of the growth than this is explained by chance alone.
const LITTLE: f64 = 0.3;

/// What memory did while a burst lasted.
///
/// Where memory is calm there is nothing to explain: the burst stands for itself.
pub(super) fn memory_evidence(case: &Case<'_>, burst: &Burst) -> Option<Evidence> {
    if !case.in_trouble() {
        return None;
    }
    let when = |other: WallTime| {
        [
            ("from", local(burst.from)),
            ("to", local(burst.to)),
            ("other", local(other)),
        ]
    };
    if let Some(t) = case.exhausted_at()
        && burst.from.0 >= t.0 - 2_000
    {
        let quote = case.exhaustion.as_ref().and_then(|e| e.quote.as_ref());
        return Some(Evidence::new(
            Weight::AfterFailure,
            Text::new("burst.after-failure", when(t)),
            quote,
        ));
    }
    let Some(curve) = &case.curve else {
        if let Some(e) = exhausted_meanwhile(case, burst) {
            return Some(e);
        }
        return Some(Evidence::new(
            Weight::MemoryUnseen,
            Text::new("burst.memory-unseen", []),
            None,
        ));
    };
    let quote_at = |t| curve.quote_at(t);
    if let Some((level, t)) = risen_elsewhere(curve, burst) {
        return Some(Evidence::new(
            Weight::RisesWithoutIt,
            Text::new(
                "burst.rises-without",
                [
                    ("from", local(burst.from)),
                    ("to", local(burst.to)),
                    ("level", json!(level)),
                    ("other", local(t)),
                ],
            ),
            quote_at(t),
        ));
    }
    match (curve.shape.course, curve.shape.onset, curve.shape.top) {
        (Course::Unknown, ..) => Some(Evidence::new(
            Weight::MemoryUnseen,
            Text::new("burst.memory-unseen", []),
            None,
        )),
        (Course::Flat, ..) => {
            let at = curve
                .points
                .iter()
                .rfind(|p| p.time <= burst.to)
                .or(curve.points.last());
            Some(Evidence::new(
                Weight::MemoryFlat,
                Text::new("burst.memory-flat", [("level", json!(at.map(|p| p.bytes)))]),
                at.and_then(|p| p.quote.as_ref()),
            ))
        }
        (_, Some(onset), Some(top)) => {
            let step = curve.shape.step_ms.max(5_000);
            // Growth of another kind may have come first: what counts is when most of the bytes came.
            let most = curve.risen_after(burst.from).is_some_and(|p| p >= MOST);
            let onset = if most { onset.max(burst.from) } else { onset };
            Some(if burst.to.0 < onset.0 - step {
                Evidence::new(
                    Weight::EndsBeforeGrowth,
                    Text::new("burst.ends-before", when(onset)),
                    quote_at(onset),
                )
            } else if burst.from.0 > onset.0 + 3 * step {
                Evidence::new(
                    Weight::StartsAfterGrowth,
                    Text::new("burst.starts-after", when(onset)),
                    quote_at(onset),
                )
            } else {
                // The more of the rise falls into the burst, the more it may explain.
                let overlap = (burst.to.0.min(top.0) - burst.from.0.max(onset.0)).max(0) as f64;
                let part = overlap / ((top.0 - onset.0).max(1) as f64);
                if part < LITTLE {
                    Evidence::new(
                        Weight::EndsBeforeGrowth,
                        Text::new("burst.little-overlap", when(onset)),
                        quote_at(onset),
                    )
                    .scaled(1.0 - part)
                } else {
                    Evidence::new(
                        Weight::BurstWithGrowth,
                        Text::new("burst.with-growth", when(onset)),
                        quote_at(onset),
                    )
                    .scaled((part - LITTLE) / (1.0 - LITTLE))
                }
            })
        }
        _ => None,
    }
}

/// Without a curve: allocations began to fail while the burst lasted, and ended with it.
fn exhausted_meanwhile(case: &Case<'_>, burst: &Burst) -> Option<Evidence> {
    /// What a burst set off is on its way for so long.
    const AFTER_MS: i64 = 60_000;
    let e = case.exhaustion.as_ref()?;
    let (first, last) = (e.first?, e.last?);
    let ended = last.0 <= burst.to.0 + AFTER_MS && logged_until(case).0 > last.0 + AFTER_MS;
    (first <= burst.to.plus_ms(AFTER_MS / 2)).then(|| {
        Evidence::new(
            Weight::BurstWithGrowth,
            Text::new(
                if ended {
                    "burst.fails-meanwhile"
                } else {
                    "burst.fails-since"
                },
                [
                    ("from", local(burst.from)),
                    ("to", local(burst.to)),
                    ("first", local(first)),
                    ("last", local(last)),
                ],
            ),
            e.quote.as_ref(),
        )
        .scaled(if ended { 1.0 } else { 0.5 })
    })
}

/// The last time of any log or report.
fn logged_until(case: &Case<'_>) -> WallTime {
    let times = case.facts.coverage.values().filter_map(|c| c.times);
    times.map(|t| t.1).max().unwrap_or(WallTime(0))
}

/// Where memory comes and goes, how high it came while the burst was not there: as high, nearly, as with it.
fn risen_elsewhere(curve: &Curve, burst: &Burst) -> Option<(u64, WallTime)> {
    /// What a burst set off is read and gone by then.
    const AFTER_MS: i64 = 60_000;
    let shape = &curve.shape;
    if shape.course != Course::Bursts {
        return None;
    }
    let best = curve
        .points
        .iter()
        .filter(|p| p.time < burst.from || p.time.0 > burst.to.0 + AFTER_MS)
        .max_by_key(|p| p.bytes)?;
    (best.bytes.saturating_sub(shape.base) * 4 >= shape.rise() * 3)
        .then_some((best.bytes, best.time))
}

/// The address, then what is known of who is behind it.
fn subjects(client: &Client<'_>) -> Vec<Subject> {
    let mut all = vec![Subject::new("client-ip", client.address.to_string())];
    all.extend(client.apps.iter().map(|a| Subject::new("app", *a)));
    all.extend(
        client
            .versions
            .iter()
            .map(|v| Subject::new("sdk-version", *v)),
    );
    all
}
