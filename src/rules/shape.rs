//! The shape of a curve of memory: flat, growing, full, fallen back, or in bursts; since when, how fast.

use crate::units::WallTime;

/// How memory went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Course {
    /// Too few samples.
    Unknown,
    /// No rise worth the name; a pool warming up is none.
    Flat,
    /// Rises to the end.
    Growing,
    /// Rose, and stays where it got to.
    Plateau,
    /// Rose and came back.
    Returned,
    /// Up and down again and again.
    Bursts,
}

/// A rate with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// Median of the slopes between all pairs (Theil–Sen), bytes an hour.
    pub bytes_per_hour: f64,
    /// Tenth percentile of those slopes.
    pub low: f64,
    /// Ninetieth percentile.
    pub high: f64,
}

/// A curve looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// How it went.
    pub course: Course,
    /// Level before the rise.
    pub base: u64,
    /// Highest level.
    pub peak: u64,
    /// Last level.
    pub last: u64,
    /// Last sample at the level before the rise.
    pub onset: Option<WallTime>,
    /// First sample at the highest level.
    pub top: Option<WallTime>,
    /// Rate of the rise.
    pub slope: Option<Slope>,
    /// Median distance of samples, milliseconds.
    pub step_ms: i64,
}

impl Shape {
    /// Bytes risen.
    #[must_use]
    pub fn rise(&self) -> u64 {
        self.peak.saturating_sub(self.base)
    }
}

/// Samples compared pair by pair at the most; longer curves are thinned evenly.
const PAIRS_OF: usize = 300;

/// Looks at a curve, in order of time. `noise` is the rise that does not count.
#[must_use]
pub fn look(points: &[(WallTime, u64)], noise: u64) -> Shape {
    let last = points.last().map_or(0, |p| p.1);
    let peak = points.iter().map(|p| p.1).max().unwrap_or(0);
    let mut steps: Vec<i64> = points.windows(2).map(|w| w[1].0.0 - w[0].0.0).collect();
    steps.sort_unstable();
    let step_ms = steps.get(steps.len() / 2).copied().unwrap_or(0);
    let mut shape = Shape {
        course: Course::Unknown,
        base: points.first().map_or(0, |p| p.1),
        peak,
        last,
        onset: None,
        top: None,
        slope: None,
        step_ms,
    };
    if points.len() < 5 {
        return shape;
    }
    let top_at = points.iter().position(|p| p.1 == peak).unwrap_or(0);
    let base = points[..=top_at].iter().map(|p| p.1).min().unwrap_or(0);
    shape.base = base;
    let rise = peak - base;
    if rise < noise {
        shape.course = Course::Flat;
        return shape;
    }
    // Reached when nearly all of the rise is there: the last steps may take long.
    let nearly = base + rise / 50 * 49;
    let reached = points.iter().position(|p| p.1 >= nearly).unwrap_or(top_at);
    shape.top = Some(points[reached].0);
    let floor = base + (rise / 100).max(1 << 20).min(rise / 4);
    let onset = points[..reached]
        .iter()
        .rposition(|p| p.1 <= floor)
        .unwrap_or(0);
    shape.onset = Some(points[onset].0);
    shape.slope = theil_sen(&points[onset..=reached]);
    shape.course = course(points, base, rise, onset, reached);
    shape
}

fn course(
    points: &[(WallTime, u64)],
    base: u64,
    rise: u64,
    onset: usize,
    reached: usize,
) -> Course {
    let last = points[points.len() - 1].1;
    // A fall of more than half of the rise, after which it rises as far again: a need that comes and goes.
    let (mut high, mut low, mut fallen) = (base, base, false);
    for &(_, v) in points {
        if fallen {
            low = low.min(v);
            if v > low + rise / 2 {
                return Course::Bursts;
            }
        } else {
            high = high.max(v);
            if v + rise / 2 < high {
                fallen = true;
                low = v;
            }
        }
    }
    if last < base + rise / 2 {
        return Course::Returned;
    }
    // Does it still rise? The last quarter of the time since the onset, against the whole rise.
    let from = points[onset].0.0;
    let end = points[points.len() - 1].0.0;
    let tail_from = end - (end - from) / 4;
    let tail: Vec<_> = points[onset..]
        .iter()
        .filter(|p| p.0.0 >= tail_from)
        .copied()
        .collect();
    let levels = distinct_levels(&points[onset..=reached]);
    let tail_rise = tail.last().map_or(0, |p| p.1) as f64 - tail.first().map_or(0, |p| p.1) as f64;
    let share = tail_rise / rise as f64;
    if levels >= 4 && share > 0.06 && tail.len() >= 2 {
        Course::Growing
    } else {
        Course::Plateau
    }
}

/// Levels that differ: a staircase needs several steps before it is a slope.
fn distinct_levels(points: &[(WallTime, u64)]) -> usize {
    let mut levels = 1;
    let mut at = points.first().map_or(0, |p| p.1);
    for &(_, v) in points {
        if v > at + (64 << 10) {
            levels += 1;
            at = v;
        }
    }
    levels
}

/// Theil–Sen slope with its range, when there are enough levels to tell a slope from a step.
#[must_use]
pub fn theil_sen(points: &[(WallTime, u64)]) -> Option<Slope> {
    if points.len() < 4 || distinct_levels(points) < 4 {
        return None;
    }
    let stride = points.len().div_ceil(PAIRS_OF);
    let thin: Vec<_> = points.iter().step_by(stride).collect();
    let mut slopes = Vec::with_capacity(thin.len() * thin.len() / 2);
    for (i, a) in thin.iter().enumerate() {
        for b in &thin[i + 1..] {
            let dt = (b.0.0 - a.0.0) as f64;
            if dt > 0.0 {
                slopes.push((b.1 as f64 - a.1 as f64) / dt * 3_600_000.0);
            }
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let at = |q: f64| slopes[((slopes.len() - 1) as f64 * q).round() as usize];
    Some(Slope {
        bytes_per_hour: at(0.5),
        low: at(0.1),
        high: at(0.9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn curve(values: &[u64]) -> Vec<(WallTime, u64)> {
        values
            .iter()
            .enumerate()
            .map(|(i, &v)| (WallTime(i as i64 * 5000), v * MIB))
            .collect()
    }

    #[test]
    fn a_rise_to_the_end_is_growth_with_its_onset_and_rate() {
        let s = look(
            &curve(&[8, 8, 8, 8, 10, 12, 14, 16, 18, 20, 22, 24]),
            4 * MIB,
        );
        assert_eq!(s.course, Course::Growing);
        assert_eq!(s.onset, Some(WallTime(15_000)));
        let slope = s.slope.unwrap();
        assert!((slope.bytes_per_hour / (2.0 * MIB as f64 * 720.0) - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_full_pool_that_stays_is_a_plateau_and_one_that_empties_came_back() {
        assert_eq!(
            look(
                &curve(&[
                    8, 8, 12, 16, 24, 32, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37, 37
                ]),
                4 * MIB
            )
            .course,
            Course::Plateau
        );
        assert_eq!(
            look(
                &curve(&[8, 10, 16, 20, 27, 29, 29, 14, 14, 10, 10, 10, 12, 12]),
                4 * MIB
            )
            .course,
            Course::Returned
        );
    }

    #[test]
    fn up_and_down_again_is_bursts() {
        let v = [2, 2, 16, 2, 2, 22, 16, 22, 3, 18, 22, 2, 20, 3, 22];
        assert_eq!(look(&curve(&v), 4 * MIB).course, Course::Bursts);
    }

    #[test]
    fn warming_up_is_flat_and_three_samples_tell_nothing() {
        assert_eq!(
            look(&curve(&[2, 3, 3, 4, 4, 4, 4]), 4 * MIB).course,
            Course::Flat
        );
        assert_eq!(look(&curve(&[2, 30, 60]), 4 * MIB).course, Course::Unknown);
    }

    #[test]
    fn one_step_has_no_slope() {
        assert!(theil_sen(&curve(&[8, 8, 8, 30, 30, 30])).is_none());
    }
}
