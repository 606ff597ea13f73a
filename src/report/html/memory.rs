//! Direct memory against its limit with the events on the same axis; who holds what; NMT by category.

use maud::{Markup, html};
use serde_json::json;

use super::super::escape::terminal;
use super::super::model::NodeReport;
use super::super::view::{self, Lane, Level};
use super::chart::{self, Axis, Scale, percent};
use super::{Page, ROWS, scroller, words};
use crate::units::Bytes;

/// Lanes of events below the curve.
const LANES: usize = 12;
/// Bars of a group of holders.
const BARS: usize = 12;
/// Readings that get a mark of their own on the curve.
const MARKS: usize = 120;

/// The figures and the chart.
pub(super) fn section(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let axis = Axis::of(n);
    html! {
        section id={ "memory-" (i) } aria-labelledby={ "memory-" (i) "-h" } {
            h2 id={ "memory-" (i) "-h" } { (p.word("doc.memory")) }
            dl class="figures" {
                @for (name, value) in words::figures(n, p.lang) { div { dt { (name) } dd { (super::prose(&terminal(&value))) } } }
            }
            @if let Some(axis) = axis { (timeline(p, n, axis, i)) }
            (readings(p, n))
        }
    }
}

fn timeline(p: Page<'_>, n: &NodeReport, axis: Axis, i: usize) -> Markup {
    let ticks = axis.ticks();
    let (from, to) = axis.ends();
    let (lanes, levels) = (view::lanes(n), view::levels(n));
    html! {
        figure class="timeline" {
            figcaption {
                (p.say("doc.span", [("from", json!(from.local())), ("to", json!(to.local())), ("zone", json!(n.zone_assumed.offset))]))
            }
            (memory(p, n, axis, &ticks, i))
            @for l in lanes.iter().take(LANES) { (lane(p, l, &ticks)) }
            @for l in &levels { (level(p, l, &ticks)) }
            (chart::times(&ticks))
        }
    }
}

/// The curve, its limit, when growth begins and when allocations fail.
fn memory(p: Page<'_>, n: &NodeReport, axis: Axis, ticks: &[chart::Tick], i: usize) -> Markup {
    let d = &n.direct_memory;
    let points = view::curve(n, d);
    let largest = points.iter().map(|p| p.bytes).max();
    let Some(largest) = largest.max(d.limit_bytes) else {
        return html! { p class="none" { (p.word("doc.no-curve")) } };
    };
    let scale = Scale::to(largest);
    // The limit has a label of its own.
    let limit_at = d.limit_bytes.map(|l| scale.at(l));
    let apart = |v: u64| limit_at.is_none_or(|l| (scale.at(v) - l).abs() > 0.05);
    let (title, desc) = (format!("chart-{i}-t"), format!("chart-{i}-d"));
    let bytes = |b: Option<u64>| b.map_or_else(|| "?".to_owned(), |b| Bytes(b).to_string());
    let told = p.say(
        "doc.chart-desc",
        [
            ("n", json!(points.len())),
            ("peak", json!(bytes(d.used_peak_bytes))),
            ("limit", json!(bytes(d.limit_bytes))),
            ("failures", json!(d.exhausted.count)),
        ],
    );
    let failed = d
        .exhausted
        .first
        .as_deref()
        .and_then(|t| view::on_clock(n, t))
        .zip(
            d.exhausted
                .last
                .as_deref()
                .and_then(|t| view::on_clock(n, t)),
        )
        .map(|(a, b)| (axis.clamped(a), axis.clamped(b)));
    let onset = d
        .trend
        .as_ref()
        .and_then(|t| axis.at(view::on_clock(n, t.since.as_deref()?)?));
    html! {
        svg class="plot" role="img" width="100%" height="240" aria-labelledby=(format!("{title} {desc}")) {
            title id=(title) { (p.word("doc.chart-title")) }
            desc id=(desc) { (told) }
            (chart::uprights(ticks))
            @for v in scale.ticks() {
                @let y = percent(scale.at(v));
                line class="grid" x1="0" x2="100%" y1=(y) y2=(y) {}
            }
            @if let Some((a, b)) = failed {
                rect class="failed" x=(percent(a)) y="0" width=(percent((b - a).max(0.003))) height="100%" {}
            }
            @if let Some((line, area)) = chart::curve(&points, axis, scale) {
                (chart::shapes(&html! { path class="area" d=(area) {} path class="curve" d=(line) {} }))
            }
            @if points.len() <= MARKS {
                @for q in &points {
                    @if let Some(x) = axis.at(q.at) {
                        circle class="mark" cx=(percent(x)) cy=(percent(scale.at(q.bytes))) r="3" {
                            title { (q.at.local()) " " (Bytes(q.bytes)) }
                        }
                    }
                }
            }
            @if let Some(x) = onset {
                line class="onset" x1=(percent(x)) x2=(percent(x)) y1="0" y2="100%" {}
                text class="note" x=(percent(x)) y="34%" dx=(if x > 0.7 { "-5" } else { "5" }) text-anchor=(if x > 0.7 { "end" } else { "start" }) {
                    (p.word("doc.onset"))
                }
            }
            @for v in scale.ticks().into_iter().filter(|v| apart(*v)) { text class="value" x="4" y=(percent(scale.at(v))) dy="-3" { (Bytes(v)) } }
            @if let Some(limit) = d.limit_bytes {
                @let y = percent(scale.at(limit));
                line class="limit" x1="0" x2="100%" y1=(y) y2=(y) {}
                text class="limit" x="100%" y=(y) dx="-4" dy="-5" text-anchor="end" { (p.word("doc.limit")) " " (Bytes(limit)) }
            }
        }
    }
}

fn lane(p: Page<'_>, l: &Lane<'_>, ticks: &[chart::Tick]) -> Markup {
    let name = words::series(p.lang, l.name).map_or_else(|| terminal(l.name), str::to_owned);
    let told = p.say(
        "doc.lane",
        [("n", json!(l.total)), ("rate", json!(l.peak_per_minute))],
    );
    let who = l.subject.map(terminal);
    let class = if l.name == "allocation_failures" {
        "lane bad"
    } else if l.name.ends_with("push_fail") {
        "lane warn"
    } else {
        "lane"
    };
    html! {
        div class=(class) {
            p { span { (name) @if let Some(who) = &who { " · " bdi { (who) } } } " " span class="told" { (told) } }
            svg role="img" width="100%" height="34" {
                title { (name) @if let Some(who) = &who { " " (who) } ": " (told) }
                (chart::uprights(ticks))
                (chart::shapes(&html! { path class="bars" d=(chart::bars(l.values, l.peak)) {} }))
            }
        }
    }
}

/// Memory other than direct memory, and threads: a line from nought, between the values that were taken.
fn level(p: Page<'_>, l: &Level<'_>, ticks: &[chart::Tick]) -> Markup {
    let name = words::series(p.lang, l.name).map_or_else(|| terminal(l.name), str::to_owned);
    let figures = [
        ("first", json!(l.first)),
        ("last", json!(l.last)),
        ("peak", json!(l.peak)),
    ];
    let told = if l.bytes {
        p.say("doc.level-bytes", figures)
    } else {
        p.say("doc.level-count", figures)
    };
    let scale = Scale::to(l.peak);
    html! {
        div class="lane" {
            p { span { (name) " " span class="told" { code { (terminal(l.source)) } } } " " span class="told" { (told) } }
            svg role="img" width="100%" height="34" {
                title { (name) ": " (told) }
                (chart::uprights(ticks))
                @if let Some((line, area)) = chart::steps(l.values, scale) {
                    (chart::shapes(&html! { path class="area" d=(area) {} path class="curve" d=(line) {} }))
                }
            }
        }
    }
}

/// The readings behind the curve, for those who cannot see it or want the figures.
fn readings(p: Page<'_>, n: &NodeReport) -> Markup {
    let series = &n.direct_memory.series;
    if series.is_empty() {
        return html! {};
    }
    html! {
        details class="readings" {
            summary { (p.say("doc.readings", [("n", json!(series.len()))])) }
            (scroller(p.word("doc.memory"), &html! {
                table {
                    thead { tr {
                        th scope="col" { (p.word("doc.time")) }
                        th scope="col" class="n" { (p.word("doc.memory")) }
                        th scope="col" { (p.word("doc.source")) }
                    } }
                    tbody { @for s in series.iter().take(ROWS) {
                        tr {
                            th scope="row" class="t" { (terminal(&view::clock(n, &s.t))) }
                            td class="n" { (Bytes(s.used_bytes)) }
                            td { (terminal(&s.source)) }
                        }
                    } }
                }
            }))
        }
    }
}

/// Bars of who holds what.
pub(super) fn holders(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let groups = view::holders(n);
    if groups.is_empty() {
        return html! {};
    }
    html! {
        section id={ "holders-" (i) } aria-labelledby={ "holders-" (i) "-h" } {
            h2 id={ "holders-" (i) "-h" } { (p.word("doc.holders")) }
            @for g in &groups {
                h3 { (words::holding(p.lang, g.what)) }
                @let widest = g.rows.first().map_or(1.0, |r| r.share).max(f64::MIN_POSITIVE);
                ul class="bars" {
                    @for r in g.rows.iter().take(BARS) {
                        li {
                            span class="who" { bdi { (terminal(&r.name)) } }
                            span class="what" {
                                @if let Some(b) = r.bytes { (Bytes(b)) " · " }
                                (crate::text::percent(r.share))
                            }
                            svg width="100%" height="10" aria-hidden="true" {
                                rect class="track" width="100%" height="100%" rx="3" {}
                                rect class="bar" width=(percent((r.share / widest).clamp(0.004, 1.0))) height="100%" rx="3" {}
                            }
                        }
                    }
                }
                @if g.rows.len() > BARS { p { (p.say("doc.more", [("n", json!(g.rows.len() - BARS))])) } }
            }
        }
    }
}

/// Whether there is NMT to show over time.
pub(super) fn has_categories(n: &NodeReport) -> bool {
    !view::categories(n).is_empty()
}

/// NMT's categories, each with its course; all on one scale, so that heights compare.
pub(super) fn categories(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let all = view::categories(n);
    let longest = all.iter().max_by_key(|c| c.points.len());
    let Some(axis) = longest.and_then(|c| Axis::over(&c.points)) else {
        return html! {};
    };
    let largest = all.iter().flat_map(|c| &c.points).map(|p| p.bytes).max();
    let scale = Scale::to(largest.unwrap_or(0));
    let (from, to) = axis.ends();
    let reports = longest.map_or(0, |c| c.points.len());
    html! {
        section id={ "nmt-" (i) } aria-labelledby={ "nmt-" (i) "-h" } {
            h2 id={ "nmt-" (i) "-h" } { (p.word("doc.nmt")) }
            p class="told" {
                (p.say("doc.nmt-span", [("n", json!(reports)), ("from", json!(from.local())), ("to", json!(to.local()))]))
            }
            (scroller(p.word("doc.nmt"), &html! {
                table class="nmt" {
                    thead { tr {
                        th scope="col" { (p.word("doc.category")) }
                        th scope="col" class="course" { (p.word("doc.course")) }
                        th scope="col" class="n" { (p.word("doc.from")) }
                        th scope="col" class="n" { (p.word("doc.to")) }
                        th scope="col" class="n" { (p.word("doc.change")) }
                    } }
                    tbody {
                        @for c in &all {
                            tr class=[c.name.is_empty().then_some("total")] {
                                th scope="row" {
                                    @if c.name.is_empty() { (p.word("doc.total")) } @else { (terminal(&c.name)) }
                                }
                                td class="course" {
                                    @if let Some((line, area)) = chart::curve(&c.points, axis, scale) {
                                        svg width="100%" height="26" aria-hidden="true" {
                                            (chart::shapes(&html! { path class="area" d=(area) {} path class="curve" d=(line) {} }))
                                        }
                                    }
                                }
                                td class="n" { (Bytes(c.first)) }
                                td class="n" { (Bytes(c.last)) }
                                td class="n" { (chart::signed(c.change)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}
