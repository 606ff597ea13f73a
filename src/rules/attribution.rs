//! How many bytes each of several failing clients may hold, when no dump tells.
//!
//! No log says a push's size. What is known: how often pushes of which service failed to whom and when, how many instances a push
//! of that service carries, that every queued message costs at least one buffer of 4 KiB, and how much memory grew meanwhile. The
//! sizes that follow from the instances are the first guess; the curve corrects it, as far as the clients' failures differ in time.

use super::case::{Case, Client};
use super::shape::Course;
use crate::facts::Signal;
use crate::units::WallTime;

/// Least that a queued message holds: gRPC's framer allocates one such buffer.
const SMALLEST: f64 = 4096.0;
/// Bytes of an instance in a push, as JSON with ordinary metadata.
const INSTANCE: f64 = 250.0;
/// Stretches that the growth is looked at in: finer ones show chunks, not growth.
const STRETCHES: usize = 20;
/// How firmly a first guess stands against the curve: its own weight in squares.
const FIRMNESS: f64 = 0.05;

/// Bytes that may be held for each client, by what failed to it in `from..until`.
#[must_use]
pub(super) fn estimate(
    case: &Case<'_>,
    clients: &[&Client<'_>],
    from: WallTime,
    until: WallTime,
) -> Vec<f64> {
    let guesses: Vec<f64> = clients
        .iter()
        .map(|c| guess(case, c, from, until))
        .collect();
    corrected(case, clients, &guesses, until).unwrap_or(guesses)
}

/// Failed pushes; where no log names them, the sends that failed.
fn failures(c: &Client<'_>, from: WallTime, until: WallTime) -> f64 {
    let pushes: f64 = [Signal::PushFail, Signal::ConfigPushFail]
        .iter()
        .map(|s| c.between(*s, from, until))
        .sum();
    if pushes > 0.0 {
        pushes
    } else {
        c.between(Signal::SendFailed, from, until)
    }
}

/// When the first push to it failed.
fn first_failure(c: &Client<'_>) -> Option<WallTime> {
    [Signal::PushFail, Signal::ConfigPushFail]
        .iter()
        .flat_map(|s| c.activities(*s))
        .filter_map(|a| a.first_time())
        .min()
}

/// By the size of each service.
fn guess(case: &Case<'_>, c: &Client<'_>, from: WallTime, until: WallTime) -> f64 {
    let (mut bytes, mut pushes) = (0.0, 0.0);
    // The map is not in order: sums of doubles are made of whole numbers here, so the order does not show.
    case.facts.log.services.values().for_each(|s| {
        if let Some(&n) = s.failed_by.get(&c.address) {
            let size = (s.instances as f64 * INSTANCE).max(SMALLEST);
            bytes += n as f64 * size;
            pushes += n as f64;
        }
    });
    let mean = if pushes > 0.0 {
        bytes / pushes
    } else {
        SMALLEST
    };
    mean * failures(c, from, until)
}

/// Least squares over stretches of the growth, none negative, each drawn to its guess.
fn corrected(
    case: &Case<'_>,
    clients: &[&Client<'_>],
    guesses: &[f64],
    until: WallTime,
) -> Option<Vec<f64>> {
    let curve = case.curve.as_ref()?;
    let shape = &curve.shape;
    if !matches!(shape.course, Course::Growing | Course::Plateau) || clients.len() < 2 {
        return None;
    }
    let (onset, top) = (shape.onset?, shape.top?.min(until));
    // From the first failure on: who fails while memory stays holds little. What came before the growth by more than the growth
    // lasted tells no more.
    let began = clients.iter().filter_map(|c| first_failure(c)).min();
    let since = began
        .unwrap_or(onset)
        .min(onset)
        .max(onset.minus_ms(top.0 - onset.0));
    let points: Vec<_> = curve
        .points
        .iter()
        .filter(|p| p.time >= since && p.time <= top)
        .collect();
    if points.len() < 8 {
        return None;
    }
    let stride = points.len().div_ceil(STRETCHES);
    let marks: Vec<_> = points.iter().step_by(stride).collect();
    let mut grown = Vec::new();
    let mut held: Vec<Vec<f64>> = vec![Vec::new(); clients.len()];
    for pair in marks.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        grown.push((b.bytes as f64 - a.bytes as f64).max(0.0));
        for (i, c) in clients.iter().enumerate() {
            let all = failures(c, since, top).max(1.0);
            held[i].push(failures(c, a.time, b.time) / all * guesses[i]);
        }
    }
    let risen: f64 = grown.iter().sum();
    let guessed: f64 = held.iter().flatten().sum();
    if risen <= 0.0 || guessed <= 0.0 {
        return None;
    }
    let start = risen / guessed;
    let mut factor = vec![start; clients.len()];
    let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
    for _ in 0..100 {
        for i in 0..clients.len() {
            let own = square(&held[i]);
            if own <= 0.0 {
                continue;
            }
            let mut pull = 0.0;
            for (k, g) in grown.iter().enumerate() {
                let others: f64 = (0..clients.len())
                    .filter(|j| *j != i)
                    .map(|j| factor[j] * held[j][k])
                    .sum();
                pull += held[i][k] * (g - others);
            }
            factor[i] = ((pull + FIRMNESS * own * start) / (own * (1.0 + FIRMNESS))).max(0.0);
        }
    }
    Some(
        factor
            .iter()
            .zip(&held)
            .map(|(f, h)| f * h.iter().sum::<f64>())
            .collect(),
    )
}
