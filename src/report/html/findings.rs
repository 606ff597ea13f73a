//! Findings: what to do, why with the lines that show it, what else was found, what would make it surer.

use maud::{Markup, html};
use serde_json::json;

use super::super::escape::terminal;
use super::super::model::{EvidenceReport, FindingReport, NodeReport};
use super::super::view;
use super::{Page, words};
use crate::rules::Kind;
use crate::text::Text;

/// The finding that the node's page is about: what to do, then why.
pub(super) fn main(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let Some(f) = view::main_finding(p.report, n) else {
        return html! {};
    };
    html! {
        section id={ "remedy-" (i) } class="todo" aria-labelledby={ "remedy-" (i) "-h" } {
            h2 id={ "remedy-" (i) "-h" } { (p.word("doc.todo")) }
            (remedy(p, f))
        }
        section id={ "why-" (i) } aria-labelledby={ "why-" (i) "-h" } {
            h2 id={ "why-" (i) "-h" } { (p.word("doc.why")) }
            p class="claim-title" { (p.badge(f.severity)) " " strong { (p.text(&f.title)) } " "
                span class="sure" { (p.sure(f.confidence)) } }
            (accepted(p, f))
            (evidence(p, f))
        }
    }
}

fn remedy(p: Page<'_>, f: &FindingReport) -> Markup {
    let ids: Vec<_> = f
        .subjects
        .iter()
        .filter(|s| s.kind == "connection-id")
        .collect();
    html! {
        div class="columns" {
            @for (id, steps) in [("doc.now", &f.remedy.now), ("doc.lasting", &f.remedy.lasting)] {
                @if !steps.is_empty() {
                    div {
                        h3 { (p.word(id)) }
                        (list(p, steps))
                        @if id == "doc.now" && !ids.is_empty() {
                            details {
                                summary { (p.word("doc.connections")) " (" (ids.len()) ")" }
                                ul class="ids" { @for s in ids.iter().take(super::ROWS) { li { code { (terminal(&s.value)) } } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn list(p: Page<'_>, steps: &[Text]) -> Markup {
    html! { ol { @for t in steps { li { (p.prose(t)) } } } }
}

/// What was known of it before: the baseline, a suppression with its reason and last day.
fn accepted(p: Page<'_>, f: &FindingReport) -> Markup {
    html! { @for a in &f.accepted { p class={ "accepted" @if !a.counts { " ended" } } { (p.text(&a.note)) } } }
}

fn evidence(p: Page<'_>, f: &FindingReport) -> Markup {
    html! { ul class="evidence" { @for e in &f.evidence { (piece(p, e)) } } }
}

fn piece(p: Page<'_>, e: &EvidenceReport) -> Markup {
    let (class, side) = if e.speaks_for {
        ("for", p.word("doc.for"))
    } else {
        ("against", p.word("doc.against"))
    };
    html! {
        li class=(class) {
            p {
                span class="side" { (side) } " " (p.prose(&e.claim)) " "
                span class="weight" title=(p.word("doc.log-odds")) { (format!("{:+.1}", e.contribution)) }
            }
            @if let Some(s) = &e.source {
                figure class="quote" {
                    figcaption { code { (terminal(&s.path)) ":" (s.line) } }
                    @if let Some(q) = &e.quote { blockquote { code { (terminal(q.trim())) } } }
                }
            }
        }
    }
}

/// All other findings, each to be opened.
pub(super) fn others(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let others = view::other_findings(p.report, n);
    if others.is_empty() {
        return html! {};
    }
    html! {
        section id={ "also-" (i) } aria-labelledby={ "also-" (i) "-h" } {
            h2 id={ "also-" (i) "-h" } { (p.word("doc.also")) }
            @for f in others.iter().take(super::ROWS) {
                details class="finding" {
                    summary {
                        (p.badge(f.severity)) " " (p.text(&f.title)) " "
                        span class="sure" {
                            (words::kind(p.lang, f.kind)) " " code { (f.rule) }
                            @if f.kind == Kind::Cause { " " (p.sure(f.confidence)) }
                        }
                    }
                    (accepted(p, f))
                    (evidence(p, f))
                    (remedy(p, f))
                }
            }
            @if others.len() > super::ROWS { p { (p.say("doc.more", [("n", json!(others.len() - super::ROWS))])) } }
        }
    }
}

/// What would make it surer.
pub(super) fn gap(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let Some(gap) = view::evidence_gap(n) else {
        return html! {};
    };
    html! {
        section id={ "surer-" (i) } aria-labelledby={ "surer-" (i) "-h" } {
            h2 id={ "surer-" (i) "-h" } { (p.word("doc.surer")) }
            (list(p, &gap.remedy.now))
        }
    }
}
