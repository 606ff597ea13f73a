//! Series of one category or gauge within a run, for the rules that watch one kind of memory.

use super::Case;
use super::shape::{Course, Shape, Slope, look, theil_sen};
use crate::facts::Quote;
use crate::facts::memory::{Gauge, GaugeSample};
use crate::parse::nmt::NmtReport;
use crate::units::WallTime;

/// A series that rises to its end.
pub(super) struct Grown<'a> {
    /// Its shape.
    pub(super) shape: Shape,
    /// Since when.
    pub(super) onset: WallTime,
    /// The rate since then.
    pub(super) slope: Slope,
    /// The last sample.
    pub(super) quote: Option<&'a Quote>,
}

/// A point of a series and the line that shows it.
pub(super) type Sample<'a> = (WallTime, u64, Option<&'a Quote>);

/// What `of` takes from each NMT report of the run; `line` is the category whose line is quoted.
pub(super) fn nmt_series<'a>(
    case: &Case<'a>,
    line: &str,
    of: impl Fn(&NmtReport) -> Option<u64>,
) -> Vec<Sample<'a>> {
    case.nmt
        .iter()
        .filter_map(|s| Some((s.time?, of(&s.report)?, s.line(line))))
        .collect()
}

/// The samples of a gauge within the run, one for each time.
pub(super) fn gauge_samples<'a>(case: &Case<'a>, gauge: Gauge) -> Vec<&'a GaugeSample> {
    let mut all: Vec<&GaugeSample> = case
        .facts
        .memory
        .gauges
        .iter()
        .filter(|g| g.gauge == gauge && g.time.is_some_and(|t| case.run.lives(t)))
        .collect();
    all.dedup_by_key(|g| g.time);
    all
}

/// The same as a series.
pub(super) fn gauge_series<'a>(case: &Case<'a>, gauge: Gauge) -> Vec<Sample<'a>> {
    gauge_samples(case, gauge)
        .into_iter()
        .filter_map(|g| Some((g.time?, g.value, Some(&g.quote))))
        .collect()
}

/// The growth of a series that still rises at its end, by more than `noise`, at a rate that is surely above nought.
pub(super) fn grown<'a>(series: &[Sample<'a>], noise: u64) -> Option<Grown<'a>> {
    let points: Vec<(WallTime, u64)> = series.iter().map(|s| (s.0, s.1)).collect();
    let shape = look(&points, noise);
    if shape.course != Course::Growing {
        return None;
    }
    let onset = shape.onset?;
    let tail: Vec<_> = points.iter().filter(|p| p.0 >= onset).copied().collect();
    let slope = theil_sen(&tail).filter(|s| s.low > 0.0)?;
    Some(Grown {
        onset,
        slope,
        quote: series.last().and_then(|s| s.2),
        shape,
    })
}

/// How much the whole process grew from a time on: by NMT's total, else by resident memory.
pub(super) fn process_rise(case: &Case<'_>, from: WallTime) -> Option<u64> {
    let rise = |series: Vec<Sample<'_>>| {
        let first = series.iter().find(|s| s.0 >= from)?.1;
        Some(series.last()?.1.saturating_sub(first))
    };
    let nmt = nmt_series(case, "Total", |r| r.total.map(|t| t.committed.bytes));
    rise(nmt).or_else(|| rise(gauge_series(case, Gauge::Rss)))
}

/// Failures of one kind in the server itself within the run: how many, and the first line.
pub(super) fn own_failures<'a>(
    case: &Case<'a>,
    kind: crate::parse::failure::FailureKind,
) -> Option<(u64, &'a Quote)> {
    let (from, to) = case.bounds();
    let mut found: Option<(u64, &Quote)> = None;
    for (f, seen) in &case.facts.log.failures {
        if f.kind != kind || f.side != crate::parse::failure::Side::Server {
            continue;
        }
        let Some(quote) = seen.activity.first.as_ref() else {
            continue;
        };
        // A failure without a time belongs to the only run.
        let inside = quote.time.map_or(case.runs == 1, |t| t >= from && t < to);
        if inside {
            let (n, q) = found.unwrap_or((0, quote));
            found = Some((n + seen.count, q));
        }
    }
    found
}
