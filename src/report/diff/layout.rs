//! The comparison for a terminal and as Markdown.

use std::io::{self, Write};

use serde_json::json;

use super::super::escape::{markdown as md, markdown_code, terminal};
use super::super::table::{Page, Style, table as columns};
use super::super::words;
use super::{Change, ClientChange, Comparison, FindingChange, NodeChange, Pair, Side};
use crate::text::{Lang, Text, grouped, label, percent};
use crate::units::Bytes;

/// Writes the comparison for a terminal. What stayed the same is left out unless asked for.
///
/// # Errors
/// What the writer says.
pub fn table(c: &Comparison, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let lang = style.lang;
    let mut page = Page::new(out, *style);
    page.line(&heading(c, lang))?;
    for (id, s) in [("doc.before", &c.before), ("doc.after", &c.after)] {
        let lead = format!("  {}  ", label(lang, id));
        page.paragraph(&lead, &s.statement.shown(lang), None)?;
    }
    for n in &c.nodes {
        page.heading(&terminal(&node_title(n, lang, several(c))))?;
        let rows = node(n, lang);
        let rows = rows.iter().map(|r| r.iter().map(|v| terminal(v)).collect());
        columns(
            &mut page,
            &NODE.map(|id| label(lang, id)),
            &[],
            rows.collect(),
        )?;
    }
    let findings: Vec<_> = c
        .findings
        .iter()
        .filter(|f| told(f.change, style))
        .collect();
    if !findings.is_empty() {
        page.heading(label(lang, "doc.findings"))?;
        for f in &findings {
            let lead = format!("  {:<8} {:<9} ", change(f.change, lang), severity(f, lang));
            let title = finding(f, lang, several(c));
            page.paragraph(&lead, &title, None)?;
        }
    }
    let clients: Vec<_> = c.clients.iter().filter(|x| told(x.change, style)).collect();
    if !clients.is_empty() {
        page.heading(label(lang, "doc.clients"))?;
        let rows = clients.iter().take(style.top.max(1)).map(|x| {
            let cells = client(x, lang, several(c));
            cells.map(|v| terminal(&v)).to_vec()
        });
        columns(
            &mut page,
            &CLIENT.map(|id| label(lang, id)),
            &[3, 4, 5],
            rows.collect(),
        )?;
        more(&mut page, clients.len(), style)?;
    }
    if findings.is_empty() && clients.is_empty() {
        page.blank()?;
        page.line(label(lang, "doc.nothing-changed"))?;
    }
    Ok(())
}

fn more(page: &mut Page<'_>, n: usize, style: &Style) -> io::Result<()> {
    let left = n.saturating_sub(style.top.max(1));
    if left == 0 {
        return Ok(());
    }
    let text = Text::new("doc.more", [("n", json!(left))]).shown(style.lang);
    page.line(&format!("  … {text}"))
}

fn told(change: Change, style: &Style) -> bool {
    style.verbose || change != Change::Same
}

fn several(c: &Comparison) -> bool {
    c.nodes.len() > 1
}

/// Writes the comparison as Markdown; `top` bounds the rows of its tables.
///
/// # Errors
/// What the writer says.
pub fn markdown(c: &Comparison, lang: Lang, top: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", md(&heading(c, lang)))?;
    for (id, s) in [("doc.before", &c.before), ("doc.after", &c.after)] {
        writeln!(
            out,
            "- **{}**: {}",
            label(lang, id),
            md(&s.statement.shown(lang))
        )?;
    }
    for n in &c.nodes {
        writeln!(out, "\n## {}\n", md(&node_title(n, lang, several(c))))?;
        let rows: Vec<_> = node(n, lang)
            .into_iter()
            .map(|r| r.map(|v| md(&v)))
            .collect();
        grid(out, &NODE.map(|id| label(lang, id)), &rows)?;
    }
    let findings: Vec<_> = c
        .findings
        .iter()
        .filter(|f| f.change != Change::Same)
        .collect();
    if !findings.is_empty() {
        writeln!(out, "\n## {}\n", label(lang, "doc.findings"))?;
        for f in &findings {
            writeln!(
                out,
                "- **{}** {} {}",
                change(f.change, lang),
                severity(f, lang),
                md(&finding(f, lang, several(c)))
            )?;
        }
    }
    let clients: Vec<_> = c
        .clients
        .iter()
        .filter(|x| x.change != Change::Same)
        .collect();
    if !clients.is_empty() {
        writeln!(out, "\n## {}\n", label(lang, "doc.clients"))?;
        let rows: Vec<_> = clients
            .iter()
            .take(top.max(1))
            .map(|x| {
                let mut cells = client(x, lang, several(c)).map(|v| md(&v));
                cells[0] = markdown_code(&x.ip, true);
                cells
            })
            .collect();
        grid(out, &CLIENT.map(|id| label(lang, id)), &rows)?;
        let left = clients.len().saturating_sub(top.max(1));
        if left > 0 {
            let text = Text::new("doc.more", [("n", json!(left))]).shown(lang);
            writeln!(out, "\n… {text}")?;
        }
    }
    if findings.is_empty() && clients.is_empty() {
        writeln!(out, "\n{}", label(lang, "doc.nothing-changed"))?;
    }
    Ok(())
}

/// A Markdown table; columns that hold nothing are left out.
fn grid<const N: usize>(
    out: &mut dyn Write,
    head: &[&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let keep: Vec<usize> = (0..N)
        .filter(|c| rows.iter().any(|r| !r[*c].is_empty()))
        .collect();
    let row = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
    writeln!(out, "{}", row(keep.iter().map(|c| head[*c]).collect()))?;
    writeln!(out, "{}", row(keep.iter().map(|_| "---").collect()))?;
    for r in rows {
        writeln!(
            out,
            "{}",
            row(keep.iter().map(|c| r[*c].as_str()).collect())
        )?;
    }
    Ok(())
}

/// `WORSE: no leak → faulty-client 10.0.0.9`
fn heading(c: &Comparison, lang: Lang) -> String {
    let side = |s: &Side| match &s.rule {
        Some(rule) => {
            let who = s.subject.as_ref().map_or("", |s| s.value.as_str());
            format!("{rule} {who}").trim_end().to_owned()
        }
        None => words::outcome(lang, s.outcome).to_owned(),
    };
    terminal(&format!(
        "{}: {} → {}",
        change(c.change, lang),
        side(&c.before),
        side(&c.after)
    ))
}

fn change(c: Change, lang: Lang) -> &'static str {
    label(
        lang,
        match c {
            Change::Worse => "doc.worse",
            Change::New => "doc.new",
            Change::Unknown => "doc.change-unknown",
            Change::Better => "doc.better",
            Change::Gone => "doc.gone",
            Change::Same => "doc.same",
        },
    )
}

/// Stands where one of the two does not tell.
const UNTOLD: &str = "–";

/// `a → b`, or one of them where both are the same.
fn both<T: Clone + PartialEq>(p: &Pair<T>, show: impl Fn(&T) -> String) -> String {
    let one = |v: &Option<T>| v.as_ref().map_or_else(|| UNTOLD.to_owned(), &show);
    match (&p.before, &p.after) {
        (None, None) => String::new(),
        _ if one(&p.before) == one(&p.after) => one(&p.after),
        _ => format!("{} → {}", one(&p.before), one(&p.after)),
    }
}

const NODE: [&str; 3] = ["doc.figure", "doc.before", "doc.after"];

fn node_title(n: &NodeChange, lang: Lang, several: bool) -> String {
    let memory = label(lang, "doc.memory");
    if several {
        format!("{memory}: {} ({})", n.id, change(n.change, lang))
    } else {
        memory.to_owned()
    }
}

/// A row for each figure that one side knows.
fn node(n: &NodeChange, lang: Lang) -> Vec<[String; 3]> {
    fn row<T>(id: &str, lang: Lang, p: &Pair<T>, show: impl Fn(&T) -> String) -> [String; 3] {
        let cell = |v: &Option<T>| v.as_ref().map_or_else(String::new, &show);
        [label(lang, id).to_owned(), cell(&p.before), cell(&p.after)]
    }
    let size = |b: &u64| Bytes(*b).to_string();
    let rows = [
        row("doc.outcome", lang, &n.outcome, |o| {
            words::outcome(lang, *o).to_owned()
        }),
        row("doc.peak", lang, &n.used_peak_bytes, size),
        row("doc.limit", lang, &n.limit_bytes, size),
        row("doc.used-share", lang, &n.peak_ratio, |r| percent(*r)),
        row("doc.allocation-failures", lang, &n.exhausted, |v| {
            grouped(*v)
        }),
        row("doc.growth", lang, &n.bytes_per_hour, |r| {
            format!("{}/h", Bytes(r.max(0.0) as u64))
        }),
        row("doc.server", lang, &n.server_version, Clone::clone),
    ];
    rows.into_iter()
        .filter(|r| !r[1].is_empty() || !r[2].is_empty())
        .map(|r| r.map(|v| if v.is_empty() { UNTOLD.to_owned() } else { v }))
        .collect()
}

fn severity(f: &FindingChange, lang: Lang) -> String {
    match (f.change, f.severity.after.or(f.severity.before)) {
        (_, None) => String::new(),
        (Change::Worse | Change::Better, _) => {
            both(&f.severity, |s| words::severity(lang, *s).to_owned())
        }
        (_, Some(s)) => words::severity(lang, s).to_owned(),
    }
}

fn finding(f: &FindingChange, lang: Lang, several: bool) -> String {
    let mut text = f.title.shown(lang);
    if f.kind == crate::rules::Kind::Cause {
        let sure = match f.change {
            Change::New => f.confidence.after.map(percent),
            Change::Gone => f.confidence.before.map(percent),
            _ => Some(both(&f.confidence, |c| percent(*c))),
        };
        text.push_str(&format!(" ({})", sure.unwrap_or_default()));
    }
    text.push_str(&format!(" [{}]", f.rule));
    if several {
        text.push_str(&format!(" – {}", f.node));
    }
    text
}

const CLIENT: [&str; 6] = [
    "doc.client",
    "doc.node",
    "doc.change",
    "doc.failed",
    "doc.backlog",
    "doc.faulty",
];

fn client(x: &ClientChange, lang: Lang, several: bool) -> [String; 6] {
    [
        x.ip.clone(),
        if several {
            x.node.clone()
        } else {
            String::new()
        },
        change(x.change, lang).to_owned(),
        both(&x.failed, |v| grouped(*v)),
        both(&x.backlog_bytes, |b| Bytes(*b).to_string()),
        both(&x.score, |s| percent(*s)),
    ]
}
