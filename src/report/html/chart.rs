//! Scales and shapes of the charts. Shapes are drawn in a box that stretches with the page; texts and marks stand beside it
//! at the same places in per cent, so that they keep their size from a telephone to a sheet of paper.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::super::model::NodeReport;
use super::super::view::{self, Point};
use crate::units::{Bytes, WallTime};

/// Side of the box that shapes are drawn in.
const BOX: f64 = 1000.0;

/// A stretch of time on the node's clock, laid over the width of a chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    from: WallTime,
    span_ms: i64,
}

/// A mark on the axis.
pub(super) struct Tick {
    /// Part of the width, of one.
    pub(super) at: f64,
    /// What the clock shows there.
    pub(super) text: String,
}

impl Axis {
    /// That of the node's timeline, else of its figures of direct memory.
    pub(super) fn of(n: &NodeReport) -> Option<Self> {
        let timeline = n.timeline.as_ref().and_then(|t| {
            let steps = t.series.iter().map(|s| s.values.len()).max()?;
            let ms = t.step_s * 1000.0 * steps as f64;
            (ms >= 1.0).then_some(Self {
                from: view::on_clock(n, &t.start)?,
                span_ms: ms.min(1e15) as i64,
            })
        });
        timeline.or_else(|| Self::over(&view::curve(n, &n.direct_memory)))
    }

    /// From the first to the last of some points in order.
    pub(super) fn over(points: &[Point]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        Some(Self {
            from: first.at,
            span_ms: last.at.0.saturating_sub(first.at.0).max(1),
        })
    }

    /// The part of the width a time stands at; `None` outside.
    pub(super) fn at(self, t: WallTime) -> Option<f64> {
        let part = t.0.saturating_sub(self.from.0) as f64 / self.span_ms as f64;
        (0.0..=1.0).contains(&part).then_some(part)
    }

    /// The same, at the edge for what lies outside.
    pub(super) fn clamped(self, t: WallTime) -> f64 {
        (t.0.saturating_sub(self.from.0) as f64 / self.span_ms as f64).clamp(0.0, 1.0)
    }

    /// First and last moment.
    pub(super) fn ends(self) -> (WallTime, WallTime) {
        (self.from, self.from.plus_ms(self.span_ms))
    }

    /// At most six round times.
    pub(super) fn ticks(self) -> Vec<Tick> {
        const SECOND: i64 = 1000;
        const MINUTE: i64 = 60 * SECOND;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let round = [
            SECOND,
            2 * SECOND,
            5 * SECOND,
            10 * SECOND,
            30 * SECOND,
            MINUTE,
            2 * MINUTE,
            5 * MINUTE,
            10 * MINUTE,
            30 * MINUTE,
            HOUR,
            2 * HOUR,
            6 * HOUR,
            12 * HOUR,
            DAY,
        ];
        let step = round
            .into_iter()
            .find(|s| self.span_ms / s < 6)
            .unwrap_or_else(|| (self.span_ms / (6 * DAY) + 1) * DAY);
        let first = self
            .from
            .0
            .div_euclid(step)
            .saturating_add(1)
            .saturating_mul(step);
        (0..6)
            .map(|i| WallTime(first.saturating_add(i * step)))
            .filter_map(|t| {
                let clock = t.local();
                let text = if step >= DAY {
                    clock.get(5..10)
                } else if step >= MINUTE {
                    clock.get(11..16)
                } else {
                    clock.get(11..)
                };
                Some(Tick {
                    at: self.at(t)?,
                    text: text.unwrap_or(&clock).to_owned(),
                })
            })
            .collect()
    }
}

/// A place in per cent.
pub(super) fn percent(part: f64) -> String {
    let mut text = format!("{:.2}", part * 100.0);
    while text.contains('.') && text.ends_with(['0', '.']) {
        text.pop();
    }
    text + "%"
}

/// A scale of bytes from nought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    top: f64,
}

impl Scale {
    /// With room above the largest value.
    pub(super) fn to(largest: u64) -> Self {
        Self {
            top: (largest as f64 * 1.1).max(1.0),
        }
    }

    /// The part of the height a value stands at, counted from above.
    pub(super) fn at(self, bytes: u64) -> f64 {
        1.0 - (bytes as f64 / self.top).min(1.0)
    }

    /// Some round values above nought: powers of two, or one and a half of them.
    pub(super) fn ticks(self) -> Vec<u64> {
        let mut step = 1.0_f64;
        while self.top / step > 5.0 {
            step *= 2.0;
        }
        (1..=5)
            .map(|i| step * f64::from(i))
            .filter(|v| *v < self.top * 0.98)
            .map(|v| v as u64)
            .collect()
    }
}

/// Outline and area below it, as two paths.
pub(super) fn curve(points: &[Point], axis: Axis, scale: Scale) -> Option<(String, String)> {
    let mut line = String::new();
    let (mut first, mut last) = (None, 0.0);
    for p in points {
        let Some(x) = axis.at(p.at) else { continue };
        let (x, y) = (x * BOX, scale.at(p.bytes) * BOX);
        let verb = if first.is_none() { 'M' } else { 'L' };
        let _ = write!(line, "{verb}{x:.1} {y:.1}");
        first.get_or_insert(x);
        last = x;
    }
    let first = first?;
    let area = format!("{line}L{last:.1} {BOX}L{first:.1} {BOX}Z");
    Some((line, area))
}

/// Outline and area below it of values at steps, those that are there joined. One value alone is drawn over its step.
pub(super) fn steps(values: &[Option<f64>], scale: Scale) -> Option<(String, String)> {
    let width = BOX / values.len().max(1) as f64;
    let mut line = String::new();
    let alone = values.iter().flatten().count() == 1;
    // Wide enough to be seen, and inside the box.
    let least = width.max(8.0);
    let (mut first, mut last) = (None, 0.0);
    for (i, v) in values.iter().enumerate() {
        let Some(v) = v else { continue };
        let x = (i as f64 + 0.5) * width;
        let x = if alone { x.min(BOX - least) } else { x };
        let y = scale.at(*v as u64) * BOX;
        let verb = if first.is_none() { 'M' } else { 'L' };
        let _ = write!(line, "{verb}{x:.1} {y:.1}");
        first.get_or_insert(x);
        last = x;
    }
    let first = first?;
    if alone {
        last += least;
        let _ = write!(line, "h{:.1}", last - first);
    }
    let area = format!("{line}L{last:.1} {BOX}L{first:.1} {BOX}Z");
    Some((line, area))
}

/// Bars, one for each step that has a value.
pub(super) fn bars(values: &[Option<f64>], peak: f64) -> String {
    let width = BOX / values.len().max(1) as f64;
    let mut path = String::new();
    for (i, v) in values.iter().enumerate() {
        let Some(v) = v.filter(|v| *v > 0.0) else {
            continue;
        };
        // What happened at all is seen.
        let height = (v / peak.max(f64::MIN_POSITIVE) * BOX).clamp(40.0, BOX);
        let (x, y) = (i as f64 * width, BOX - height);
        let _ = write!(path, "M{x:.1} {BOX}V{y:.0}h{width:.1}V{BOX}Z");
    }
    path
}

/// The stretching box with shapes in it.
pub(super) fn shapes(inner: &Markup) -> Markup {
    html! {
        svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%" aria-hidden="true" { (inner) }
    }
}

/// Upright lines at the ticks.
pub(super) fn uprights(ticks: &[Tick]) -> Markup {
    html! {
        @for t in ticks { line class="grid" x1=(percent(t.at)) x2=(percent(t.at)) y1="0" y2="100%" {} }
    }
}

/// The times below a chart.
pub(super) fn times(ticks: &[Tick]) -> Markup {
    html! {
        svg class="times" width="100%" height="18" aria-hidden="true" {
            @for (i, t) in ticks.iter().enumerate() {
                text class=[(i % 2 == 1).then_some("odd")] x=(percent(t.at)) y="13" text-anchor=(anchor(t.at)) { (t.text) }
            }
        }
    }
}

/// A text near an edge grows away from it.
pub(super) fn anchor(at: f64) -> &'static str {
    if at < 0.06 {
        "start"
    } else if at > 0.94 {
        "end"
    } else {
        "middle"
    }
}

/// `+480 MiB`, `−3.1 MiB`, `0`.
pub(super) fn signed(bytes: i64) -> String {
    let size = Bytes(bytes.unsigned_abs());
    match bytes {
        0 => "0".to_owned(),
        b if b > 0 => format!("+{size}"),
        _ => format!("−{size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(seconds: i64) -> Axis {
        Axis {
            from: WallTime::parse("2026-11-23 00:48:50").expect("time"),
            span_ms: seconds * 1000,
        }
    }

    #[test]
    fn ticks_are_round_and_few_for_any_span() {
        for seconds in [
            0,
            1,
            59,
            392,
            7200,
            86_400,
            700_000,
            40_000_000,
            1_000_000_000_000,
        ] {
            let ticks = Axis {
                span_ms: (seconds * 1000).max(1),
                ..axis(1)
            }
            .ticks();
            assert!(ticks.len() <= 6, "{seconds}");
            assert!(ticks.windows(2).all(|w| w[0].at < w[1].at), "{seconds}");
            assert!(seconds < 10 || ticks.len() >= 2, "{seconds}");
        }
        let minutes: Vec<_> = axis(392).ticks().into_iter().map(|t| t.text).collect();
        assert_eq!(minutes, ["00:50", "00:52", "00:54"]);
    }

    #[test]
    fn bytes_scale_to_round_values() {
        let s = Scale::to(503_316_480);
        assert_eq!(s.ticks(), [1, 2, 3, 4].map(|i| i * 128 * 1024 * 1024_u64));
        assert!(s.at(0) == 1.0 && s.at(u64::MAX) == 0.0);
        assert!(Scale::to(0).ticks().len() <= 5);
        assert!(Scale::to(u64::MAX).ticks().len() <= 5);
    }

    #[test]
    fn a_curve_keeps_to_its_axis() {
        let a = axis(100);
        let p = |s: i64, bytes| Point {
            at: a.from.plus_ms(s * 1000),
            bytes,
        };
        let (line, area) = curve(
            &[p(-5, 1), p(0, 0), p(50, 110), p(500, 1)],
            a,
            Scale::to(100),
        )
        .expect("a curve");
        assert_eq!(line, "M0.0 1000.0L500.0 0.0");
        assert_eq!(area, "M0.0 1000.0L500.0 0.0L500.0 1000L0.0 1000Z");
        assert!(curve(&[p(500, 1)], a, Scale::to(1)).is_none());
    }

    #[test]
    fn levels_are_joined_over_steps_without_a_value() {
        let s = Scale::to(100);
        let (line, _) = steps(&[Some(0.0), None, None, Some(110.0)], s).expect("a line");
        assert_eq!(line, "M125.0 1000.0L875.0 0.0");
        let (one, _) = steps(&[None, Some(110.0)], s).expect("a line");
        assert_eq!(one, "M500.0 0.0h500.0");
        assert!(steps(&[None], s).is_none());
    }

    #[test]
    fn percents_are_short() {
        assert_eq!(percent(0.5), "50%");
        assert_eq!(percent(1.0 / 3.0), "33.33%");
        assert_eq!(
            (percent(0.0), percent(1.0)),
            ("0%".to_owned(), "100%".to_owned())
        );
    }
}
