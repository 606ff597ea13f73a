//! The report as one HTML file: no network, no script needed to read it, light and dark, for screens from 400 px on and for
//! paper.
//!
//! Markup is made by maud, whose templates escape by type: text cannot become markup by being forgotten, which counts for
//! more here than its size, since nearly every word shown comes out of somebody's log. The page's policy allows its own style
//! and its own script, by their hashes, and nothing else; so even markup that slipped through would load and run nothing.

mod chart;
mod clients;
mod findings;
mod memory;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::escape::terminal;
use super::model::{NodeReport, Report};
use super::{view, words};
use crate::rules::{Outcome, Severity};
use crate::text::{Lang, Text, grouped, label, percent};
use crate::units::Bytes;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// SHA-256 of [`STYLE`] and [`SCRIPT`] in base 64; a test holds them against the files.
const STYLE_HASH: &str = "sha256-dL7YJK5g9APtoPTthOPt46BbCKuAQDYFpn1krOUWutM=";
const SCRIPT_HASH: &str = "sha256-uWHDsRdz33FkI7dWzC43wic0jMGQXzPt9FVEq6zoEck=";

/// Rows of the tables of clients and inputs; a browser sorts and filters some thousands at ease, and the JSON holds all.
const ROWS: usize = 2000;

/// Writes the report.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(report, lang).into_string().as_bytes())?;
    out.write_all(b"\n")
}

/// What every part of the page needs.
#[derive(Clone, Copy)]
struct Page<'r> {
    report: &'r Report,
    lang: Lang,
}

impl Page<'_> {
    fn word(self, id: &str) -> &'static str {
        label(self.lang, id)
    }

    fn say<const N: usize>(self, id: &str, params: [(&str, Value); N]) -> String {
        Text::new(id, params).shown(self.lang)
    }

    /// A sentence; what it quotes of logs cannot reorder or hide its neighbours.
    fn text(self, t: &Text) -> String {
        terminal(&t.shown(self.lang))
    }

    /// The same where commands and times may stand: neither breaks at its hyphens.
    fn prose(self, t: &Text) -> Markup {
        prose(&self.text(t))
    }

    fn badge(self, s: Severity) -> Markup {
        html! { span class={ "badge " (s.name()) } { (words::severity(self.lang, s)) } }
    }

    fn sure(self, confidence: f64) -> String {
        self.say("doc.sure", [("p", json!(confidence))])
    }
}

/// Text in which short words with hyphens (options, dates) do not break at them.
fn prose(text: &str) -> Markup {
    let whole = |w: &str| w.contains('-') && w.chars().count() <= 24;
    html! {
        @for (i, w) in text.split(' ').enumerate() {
            @if i > 0 { " " }
            @if whole(w) { span class="whole" { (w) } } @else { (w) }
        }
    }
}

fn page(report: &Report, lang: Lang) -> Markup {
    let p = Page { report, lang };
    let title = title(p);
    let code = match lang {
        Lang::En => "en",
        Lang::Zh => "zh-CN",
    };
    let policy = format!(
        "default-src 'none'; style-src '{STYLE_HASH}'; script-src '{SCRIPT_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
    );
    html! {
        (DOCTYPE)
        html lang=(code) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ (report.tool.name) " " (terminal(&report.tool.version)) };
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { (p.word("doc.skip")) }
                (banner(p))
                (contents(p))
                main id="main" {
                    @if report.nodes.len() > 1 { (nodes(p)) }
                    @for i in order(p) {
                        @if let Some(n) = report.nodes.get(i) { (node(p, n, i)) }
                    }
                    (inputs(p))
                }
                footer { (terminal(&words::made_by(report, lang))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The verdict's node first, then the others as they stand.
fn order(p: Page<'_>) -> Vec<usize> {
    let main = view::main_node(p.report);
    let others = (0..p.report.nodes.len()).filter(|i| *i != main);
    std::iter::once(main).chain(others).collect()
}

fn title(p: Page<'_>) -> String {
    let what = match &p.report.verdict {
        Some(v) => format!(
            "{} {}",
            v.rule,
            v.subjects.first().map_or("", |s| s.value.as_str())
        ),
        None => words::outcome(p.lang, p.report.outcome).to_owned(),
    };
    terminal(&format!("{} · {}", what.trim(), p.word("doc.title")))
}

fn banner(p: Page<'_>) -> Markup {
    let class = match (&p.report.verdict, p.report.outcome) {
        (Some(v), _) => v.severity.name(),
        (None, Outcome::NoCause) => "calm",
        (None, _) => "unclear",
    };
    html! {
        header class={ "banner " (class) } {
            div class="inner" {
                p class="eyebrow" { (p.word("doc.title")) }
                @match &p.report.verdict {
                    Some(v) => {
                        h1 {
                            code { (v.rule) }
                            @if let Some(s) = v.subjects.first() { " " bdi { (terminal(&s.value)) } }
                        }
                        p class="marks" {
                            (p.badge(v.severity)) " " span class="sure" { (p.sure(v.confidence)) }
                            @if let Some(node) = v.node.as_ref().filter(|_| p.report.nodes.len() > 1) {
                                " " span class="sure" { (p.word("doc.node")) " " bdi { (terminal(node)) } }
                            }
                        }
                    }
                    None => h1 { (words::outcome(p.lang, p.report.outcome)) },
                }
                p class="statement" { (p.prose(&p.report.statement)) }
            }
        }
    }
}

/// Ids of a node's sections, and whether they are there.
fn sections(p: Page<'_>, n: &NodeReport, i: usize) -> Vec<(String, &'static str)> {
    let main = view::main_finding(p.report, n).is_some();
    let all = [
        ("memory", "doc.memory", true),
        ("remedy", "doc.todo", main),
        ("why", "doc.why", main),
        ("holders", "doc.holders", !view::holders(n).is_empty()),
        ("nmt", "doc.nmt", memory::has_categories(n)),
        ("clients", "doc.clients", !n.clients.is_empty()),
        (
            "also",
            "doc.also",
            !view::other_findings(p.report, n).is_empty(),
        ),
        ("surer", "doc.surer", view::evidence_gap(n).is_some()),
    ];
    all.into_iter()
        .filter(|s| s.2)
        .map(|(id, title, _)| (format!("{id}-{i}"), p.word(title)))
        .collect()
}

fn contents(p: Page<'_>) -> Markup {
    let several = p.report.nodes.len() > 1;
    html! {
        nav aria-label=(p.word("doc.contents")) {
            ul {
                @if several {
                    li { a href="#nodes" { (p.word("doc.nodes")) } }
                    @for i in order(p) {
                        @if let Some(n) = p.report.nodes.get(i) {
                            li { a href={ "#node-" (i) } { bdi { (terminal(&n.id)) } } }
                        }
                    }
                } @else if let Some(n) = p.report.nodes.first() {
                    @for (id, title) in sections(p, n, 0) {
                        li { a href={ "#" (id) } { (title) } }
                    }
                }
                li { a href="#inputs" { (p.word("doc.inputs")) } }
            }
        }
    }
}

fn optional(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "–".to_owned(), |b| Bytes(b).to_string())
}

fn nodes(p: Page<'_>) -> Markup {
    let many = p.report.cluster.as_ref().map(|c| {
        let many = c
            .clients
            .iter()
            .filter(|c| c.nodes.len() > 1 && c.score > 0.0);
        many.collect::<Vec<_>>()
    });
    html! {
        section id="nodes" aria-labelledby="nodes-h" {
            h2 id="nodes-h" { (p.word("doc.nodes")) }
            (scroller(p.word("doc.nodes"), &html! {
                table {
                    thead { tr {
                        th scope="col" { (p.word("doc.node")) }
                        th scope="col" { (p.word("doc.outcome")) }
                        @for id in ["doc.peak", "doc.limit", "doc.used-share", "doc.allocation-failures", "doc.push-fail"] {
                            th scope="col" class="n" { (p.word(id)) }
                        }
                    } }
                    tbody {
                        @for (i, n) in p.report.nodes.iter().enumerate() {
                            tr {
                                th scope="row" { a href={ "#node-" (i) } { bdi { (terminal(&n.id)) } } }
                                td { (words::outcome(p.lang, n.outcome)) }
                                td class="n" { (optional(n.direct_memory.used_peak_bytes)) }
                                td class="n" { (optional(n.direct_memory.limit_bytes)) }
                                td class="n" { (n.direct_memory.peak_ratio.map_or_else(|| "–".to_owned(), percent)) }
                                td class="n" { (grouped(n.direct_memory.exhausted.count)) }
                                td class="n" { (grouped(view::failed_pushes(n))) }
                            }
                        }
                    }
                }
            }))
            @if let Some(many) = many.filter(|m| !m.is_empty()) {
                h3 { (p.word("doc.many-nodes")) }
                (scroller(p.word("doc.many-nodes"), &html! {
                    table {
                        thead { tr {
                            th scope="col" { (p.word("doc.client")) }
                            th scope="col" { (p.word("doc.nodes")) }
                            th scope="col" class="n" { (p.word("doc.push-fail")) }
                            th scope="col" class="n" { (p.word("doc.faulty")) }
                        } }
                        tbody {
                            @for c in many.iter().take(ROWS) {
                                tr {
                                    th scope="row" { bdi { (terminal(&c.ip)) } }
                                    td { (terminal(&c.nodes.join(", "))) }
                                    td class="n" { (grouped(c.push_fail)) }
                                    td class="n" { (percent(c.score)) }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// Something that may be wider than the page: it scrolls by itself, with the keyboard too.
fn scroller(name: &str, inner: &Markup) -> Markup {
    html! { div class="scroll" tabindex="0" role="region" aria-label=(name) { (inner) } }
}

fn node(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    let several = p.report.nodes.len() > 1;
    let level = if several { "node several" } else { "node" };
    html! {
        article id={ "node-" (i) } class=(level) {
            @if several {
                header {
                    h2 { bdi { (terminal(&n.id)) } }
                    p { (p.prose(&n.statement)) }
                }
            }
            (memory::section(p, n, i))
            (findings::main(p, n, i))
            (memory::holders(p, n, i))
            (memory::categories(p, n, i))
            (clients::section(p, n, i))
            (findings::others(p, n, i))
            (findings::gap(p, n, i))
        }
    }
}

fn inputs(p: Page<'_>) -> Markup {
    let t = view::totals(p.report);
    html! {
        section id="inputs" aria-labelledby="inputs-h" {
            h2 id="inputs-h" { (p.word("doc.inputs")) }
            p { (terminal(&words::coverage(p.report, p.lang))) }
            @for i in p.report.inputs.iter().filter(|i| !i.complete || !i.issues.is_empty()).take(ROWS) {
                div class="issue" {
                    p { code { (terminal(&i.path)) } @if !i.complete { " – " (p.word("doc.cut")) } }
                    @if !i.issues.is_empty() {
                        ul {
                            @for x in i.issues.iter().take(5) {
                                li { (p.say("doc.line", [("n", json!(x.line))])) (p.word("ui.colon")) (terminal(&x.shown(p.lang))) }
                            }
                            @if i.issues.len() > 5 { li { (p.say("doc.more", [("n", json!(i.issues.len() - 5))])) } }
                        }
                    }
                }
            }
            @for s in p.report.skipped.iter().filter(|s| s.failed).take(ROWS) {
                p class="issue" { code { (terminal(&s.path)) } (p.word("ui.colon")) (terminal(&s.shown(p.lang))) }
            }
            details class="files" {
                summary { (p.say("doc.files-one-by-one", [("n", json!(t.files))])) }
                (scroller(p.word("doc.inputs"), &html! {
                    table {
                        thead { tr {
                            th scope="col" { (p.word("doc.file")) }
                            @if p.report.nodes.len() > 1 { th scope="col" { (p.word("doc.node")) } }
                            th scope="col" { (p.word("doc.format")) }
                            @for id in ["doc.size", "doc.records", "doc.unknown"] { th scope="col" class="n" { (p.word(id)) } }
                            th scope="col" { (p.word("doc.read")) }
                        } }
                        tbody {
                            @for i in p.report.inputs.iter().take(ROWS) {
                                tr {
                                    th scope="row" { code { (terminal(&i.path)) } }
                                    @if p.report.nodes.len() > 1 { td { (terminal(&i.node)) } }
                                    td { (terminal(&i.format)) }
                                    td class="n" { (Bytes(i.bytes)) }
                                    td class="n" { (grouped(i.records)) }
                                    td class="n" { (Bytes(i.unrecognised.bytes)) }
                                    td { (p.word(if i.complete { "doc.whole" } else { "doc.cut" })) }
                                }
                            }
                        }
                    }
                }))
                @if p.report.inputs.len() > ROWS {
                    p { (p.say("doc.more", [("n", json!(p.report.inputs.len() - ROWS))])) }
                }
            }
            @let passed: Vec<_> = p.report.skipped.iter().filter(|s| !s.failed).collect();
            @if !passed.is_empty() {
                details {
                    summary { (p.say("doc.not-read", [("n", json!(passed.len()))])) }
                    ul { @for s in passed.iter().take(ROWS) {
                        li { code { (terminal(&s.path)) } (p.word("ui.colon")) (terminal(&s.shown(p.lang))) }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for three in bytes.chunks(3) {
            let word = (0..3).fold(0u32, |w, i| {
                w << 8 | u32::from(three.get(i).copied().unwrap_or(0))
            });
            for i in 0..4 {
                let six = (word >> (18 - 6 * i) & 63) as usize;
                out.push(if i <= three.len() {
                    LETTERS[six] as char
                } else {
                    '='
                });
            }
        }
        out
    }

    #[test]
    fn the_policy_names_the_style_and_the_script_as_they_are() {
        for (text, hash) in [(STYLE, STYLE_HASH), (SCRIPT, SCRIPT_HASH)] {
            let is = format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())));
            assert_eq!(is, hash);
        }
    }

    #[test]
    fn neither_ends_its_element() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
