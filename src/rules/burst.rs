//! Bursts: far more events in a minute than this subject, or anybody, has otherwise.

use crate::facts::Activity;
use crate::units::WallTime;

/// A burst of one subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Burst {
    /// First bucket at a high rate.
    pub(super) from: WallTime,
    /// End of the last.
    pub(super) to: WallTime,
    /// Events in it.
    pub(super) count: f64,
    /// Most events in a minute.
    pub(super) per_minute: f64,
    /// Usual events in a minute.
    pub(super) usual: f64,
}

impl Burst {
    /// How many times the usual, shrunk so that a few events over nothing are no large factor.
    #[must_use]
    pub(super) fn ratio(&self) -> f64 {
        (self.per_minute + 5.0) / (self.usual + 5.0)
    }

    /// Seconds it lasts.
    #[must_use]
    pub(super) fn lasts_s(&self) -> f64 {
        (self.to.0 - self.from.0) as f64 / 1000.0
    }
}

/// The busiest stretch of some activities together, within `from..to`. `others` is what is usual for other subjects, per
/// minute.
#[must_use]
pub(super) fn busiest(
    activities: &[&Activity],
    from: WallTime,
    to: WallTime,
    others: f64,
) -> Option<Burst> {
    let first = activities
        .iter()
        .filter_map(|a| a.first_time())
        .min()?
        .max(from);
    let last = activities
        .iter()
        .filter_map(|a| a.last_time())
        .max()?
        .min(to);
    if last < first {
        return None;
    }
    // Windows no finer than the coarsest series.
    let width = activities
        .iter()
        .map(|a| a.series.width_ms())
        .max()?
        .max(1024);
    let window = (60_000 / width).max(1) * width;
    let minutes = window as f64 / 60_000.0;
    let n = usize::try_from((last.0 - first.0) / width + 1)
        .ok()?
        .min(100_000);
    let counts: Vec<f64> = (0..n)
        .map(|i| {
            let t = WallTime(first.0 + i as i64 * width);
            activities
                .iter()
                .map(|a| a.series.between(t, t.plus_ms(width)))
                .sum()
        })
        .collect();
    let per_window = usize::try_from(window / width).ok()?;
    let mut best = (0.0, 0);
    let mut sum = 0.0;
    for i in 0..counts.len() {
        sum += counts[i];
        if i >= per_window {
            sum -= counts[i - per_window];
        }
        if sum > best.0 {
            best = (sum, i);
        }
    }
    let per_minute = best.0 / minutes;
    // The burst: around the busiest window, as long as a quarter of its rate is kept.
    let keep = best.0 / per_window as f64 / 4.0;
    let (mut low, mut high) = (best.1.saturating_sub(per_window - 1), best.1);
    let busy = |i: usize| {
        let end = (i + 3).min(counts.len());
        let start = i.saturating_sub(2);
        counts[start..end].iter().sum::<f64>() / (end - start) as f64 >= keep
    };
    while low > 0 && busy(low - 1) {
        low -= 1;
    }
    while low < high && counts[low] <= 0.0 {
        low += 1;
    }
    while high + 1 < counts.len() && busy(high + 1) {
        high += 1;
    }
    // Usual: the median window outside the burst; where it is nearly all there is, of the whole, silence before and after it
    // included.
    let mut outside = windows(&counts[..low], per_window);
    outside.extend(windows(&counts[high + 1..], per_window));
    let usual = if outside.len() >= 2 {
        median(outside) / minutes
    } else {
        median(windows(&counts, per_window)) / minutes
    };
    let usual = if (last.0 - first.0) < 2 * window {
        others
    } else {
        usual.min(per_minute).max(others)
    };
    Some(Burst {
        from: WallTime(first.0 + low as i64 * width),
        to: WallTime(first.0 + (high as i64 + 1) * width).min(last.plus_ms(1)),
        count: counts[low..=high].iter().sum(),
        per_minute,
        usual,
    })
}

fn windows(counts: &[f64], per_window: usize) -> Vec<f64> {
    counts.chunks(per_window).map(|c| c.iter().sum()).collect()
}

fn median(mut sums: Vec<f64>) -> f64 {
    sums.sort_by(f64::total_cmp);
    sums.get(sums.len() / 2).copied().unwrap_or(0.0)
}

/// What is usual among other subjects: the median of their mean rates per minute.
#[must_use]
pub(super) fn usual_of_others(rates: &mut [f64]) -> f64 {
    if rates.is_empty() {
        return 0.0;
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
