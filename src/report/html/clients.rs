//! The table of clients. Each cell that sorts by other than its text carries the value; the page's script does the rest.

use maud::{Markup, html};
use serde_json::json;

use super::super::escape::terminal;
use super::super::model::{ClientReport, NodeReport};
use super::super::view;
use super::{Page, ROWS, scroller};
use crate::text::{grouped, percent};

type Column = (&'static str, fn(&ClientReport) -> u64);

/// Counts, in the order of the table; those that no client has are left out.
const COUNTS: [Column; 14] = [
    ("doc.push-fail", |c| c.push_fail),
    ("doc.push-ok", |c| c.push_ok),
    ("doc.config-push-fail", |c| c.config_push_fail),
    ("doc.send-fail", |c| c.send_fail),
    ("doc.connection-busy", |c| c.connection_busy),
    ("doc.late-acks", |c| c.late_acks),
    ("doc.udp-give-up", |c| c.udp_give_up),
    ("doc.connects", |c| c.connects),
    ("doc.disconnects", |c| c.disconnects),
    ("doc.expelled", |c| c.expelled),
    ("doc.registrations", |c| c.registrations),
    ("doc.subscriptions", |c| c.subscriptions),
    ("doc.logins", |c| c.logins),
    ("doc.backlog", |c| c.backlog_bytes.unwrap_or(0)),
];

/// The section.
pub(super) fn section(p: Page<'_>, n: &NodeReport, i: usize) -> Markup {
    if n.clients.is_empty() {
        return html! {};
    }
    let counts: Vec<&Column> = COUNTS
        .iter()
        .filter(|(_, figure)| view::any_client(n, *figure))
        .collect();
    let any = |holds: fn(&ClientReport) -> bool| n.clients.iter().any(holds);
    let has = Has {
        times: any(|c| c.first.is_some() || c.last.is_some()),
        apps: any(|c| !c.apps.is_empty()),
        sdk: any(|c| !c.sdk_versions.is_empty()),
    };
    let left = n.clients.len().saturating_sub(ROWS);
    html! {
        section id={ "clients-" (i) } aria-labelledby={ "clients-" (i) "-h" } {
            h2 id={ "clients-" (i) "-h" } { (p.word("doc.clients")) }
            p class="filter" hidden {
                label for={ "filter-" (i) } { (p.word("doc.filter")) } " "
                input id={ "filter-" (i) } type="search" autocomplete="off" spellcheck="false" data-table={ "table-" (i) };
                " " output for={ "filter-" (i) } { (grouped(n.clients.len() as u64)) }
            }
            (scroller(p.word("doc.clients"), &html! {
                table id={ "table-" (i) } class="sortable" {
                    thead { tr {
                        th scope="col" { (p.word("doc.client")) }
                        th scope="col" class="n" { (p.word("doc.faulty")) }
                        @for (id, _) in &counts { th scope="col" class="n" { (p.word(id)) } }
                        @if has.times { th scope="col" { (p.word("doc.first")) } th scope="col" { (p.word("doc.last")) } }
                        @if has.apps { th scope="col" { (p.word("doc.apps")) } }
                        @if has.sdk { th scope="col" { (p.word("doc.sdk")) } }
                    } }
                    tbody { @for c in n.clients.iter().take(ROWS) { (row(n, c, &counts, has)) } }
                }
            }))
            @if left > 0 { p { (p.say("doc.more", [("n", json!(left))])) } }
        }
    }
}

/// Which of the other columns hold anything.
#[derive(Clone, Copy)]
struct Has {
    times: bool,
    apps: bool,
    sdk: bool,
}

fn row(n: &NodeReport, c: &ClientReport, counts: &[&Column], has: Has) -> Markup {
    let score = if c.score >= 0.1 {
        percent(c.score)
    } else {
        "–".to_owned()
    };
    let time = |t: &Option<String>| {
        t.as_deref()
            .map_or_else(|| "–".to_owned(), |t| view::clock(n, t))
    };
    html! {
        tr class=[(c.score >= 0.5).then_some("blamed")] {
            th scope="row" { bdi { (terminal(&c.ip)) } }
            td class="n" data-v=(c.score) { (score) }
            @for (id, figure) in counts {
                td class="n" data-v=(figure(c)) {
                    @if *id == "doc.backlog" { (super::optional(c.backlog_bytes)) } @else { (grouped(figure(c))) }
                }
            }
            @if has.times {
                td class="t" { (terminal(&time(&c.first))) }
                td class="t" { (terminal(&time(&c.last))) }
            }
            @if has.apps { td { (terminal(&c.apps.join(", "))) } }
            @if has.sdk { td { (terminal(&c.sdk_versions.join(", "))) } }
        }
    }
}
