//! Direct memory over time.

use super::run::Run;
use crate::facts::memory::{Gauge, NmtSample};
use crate::facts::{Facts, Quote};
use crate::rules::shape::{Course, Shape, look};
use crate::units::WallTime;

/// A point of the curve of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub time: WallTime,
    /// Bytes.
    pub bytes: u64,
    /// Line that shows it.
    pub quote: Option<Quote>,
}

/// Direct memory over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// `nmt:Other`, `nmt:Internal`, `jmx:direct`.
    pub source: &'static str,
    /// In order of time.
    pub points: Vec<Point>,
    /// Its shape.
    pub shape: Shape,
}

impl Curve {
    /// The line behind the sample of a time.
    #[must_use]
    pub fn quote_at(&self, t: WallTime) -> Option<&Quote> {
        self.points
            .iter()
            .find(|p| p.time == t)
            .and_then(|p| p.quote.as_ref())
    }

    /// The part of the rise, of one, that came after a time; `None` where no sample is older.
    #[must_use]
    pub fn risen_after(&self, t: WallTime) -> Option<f64> {
        let rise = self.shape.rise();
        let before = self.highest_until(t)?;
        (rise > 0).then(|| self.shape.peak.saturating_sub(before) as f64 / rise as f64)
    }

    /// Bytes by which it rises from a time on to its end, when it stood before, rises still, and by more than a pool's first
    /// chunks.
    #[must_use]
    pub fn rises_since(&self, t: WallTime, noise: u64) -> bool {
        let later: Vec<_> = self
            .points
            .iter()
            .filter(|p| p.time >= t)
            .map(|p| (p.time, p.bytes))
            .collect();
        let first = self.points.first().map_or(0, |p| p.bytes);
        let shape = look(&later, noise);
        let stood = self
            .highest_until(t)
            .is_some_and(|level| level.saturating_sub(first) * 4 <= shape.rise());
        let surely = shape.slope.is_some_and(|s| s.low > 0.0);
        stood && surely && shape.course == Course::Growing
    }

    fn highest_until(&self, t: WallTime) -> Option<u64> {
        let before = self.points.iter().filter(|p| p.time <= t);
        before.map(|p| p.bytes).max()
    }
}

/// A rise that does not count: pools take chunks of 2 to 16 MiB at their first use.
fn noise(limit: Option<u64>) -> u64 {
    match limit {
        Some(l) => (l / 12).clamp(3 << 20, 64 << 20),
        None => 16 << 20,
    }
}

/// JDK 8, where its NMT reports show it: later ones have a category for modules.
pub(super) fn jdk_of_reports(facts: &Facts) -> Option<u32> {
    /// A whole report has more than these.
    const CATEGORIES: usize = 8;
    facts
        .memory
        .nmt
        .iter()
        .any(|s| {
            let has = |name| s.report.category(name).is_some();
            s.report.categories.len() >= CATEGORIES
                && has("Internal")
                && !has("Other")
                && !has("Module")
        })
        .then_some(8)
}

pub(super) fn curve(
    facts: &Facts,
    run: &Run,
    nmt: &[&NmtSample],
    limit: Option<u64>,
    jdk: Option<u32>,
    blind: bool,
) -> Option<Curve> {
    let committed =
        |s: &NmtSample, name: &str| s.report.category(name).map(|c| c.amounts.committed.bytes);
    let timed = nmt.iter().filter(|s| s.time.is_some()).count();
    let has_other = nmt
        .iter()
        .any(|s| s.report.direct_category(jdk) == Some("Other"));
    let from_nmt = |name: &'static str, source: &'static str| -> Curve {
        let points: Vec<Point> = nmt
            .iter()
            .filter_map(|s| {
                Some(Point {
                    time: s.time?,
                    bytes: committed(s, name).unwrap_or(0),
                    quote: s.line(name).cloned(),
                })
            })
            .collect();
        finish(source, points, limit)
    };
    if timed > 0 && has_other {
        return Some(from_nmt("Other", "nmt:Other"));
    }
    if timed > 0 && nmt.iter().any(|s| committed(s, "Internal").is_some()) {
        return Some(from_nmt("Internal", "nmt:Internal"));
    }
    // Past the JDK's books the pool of its beans shows next to nothing: that is no calm.
    if blind {
        return None;
    }
    let points: Vec<Point> = facts
        .memory
        .gauges
        .iter()
        .filter(|g| g.gauge == Gauge::DirectPool)
        .filter_map(|g| {
            Some(Point {
                time: g.time.filter(|t| run.lives(*t))?,
                bytes: g.value,
                quote: Some(g.quote.clone()),
            })
        })
        .collect();
    (!points.is_empty()).then(|| finish("jmx:direct", points, limit))
}

fn finish(source: &'static str, points: Vec<Point>, limit: Option<u64>) -> Curve {
    let plain: Vec<_> = points.iter().map(|p| (p.time, p.bytes)).collect();
    Curve {
        source,
        shape: look(&plain, noise(limit)),
        points,
    }
}
