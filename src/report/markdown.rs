//! The report as Markdown for a runbook, a ticket or a pipeline's summary: the verdict, what to do, and why, on one screen.
//!
//! GitHub's flavour, which GitLab and most trackers read too. Nothing in it depends on the day it is written.

use std::io::{self, Write};

use serde_json::json;

use super::escape::{cut, markdown, markdown_code};
use super::model::{FindingReport, NodeReport, Report};
use super::{view, words};
use crate::rules::Kind;
use crate::text::{Lang, Text, grouped, label, percent};
use crate::units::Bytes;

/// Pieces of evidence that are told.
const EVIDENCE: usize = 3;
/// Characters of a quoted line.
const QUOTE: usize = 160;

/// Writes the report; `top` bounds the rows of its tables.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, lang: Lang, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, lang };
    head(&mut page, report)?;
    if report.nodes.len() > 1 {
        nodes(&mut page, report)?;
    }
    if let Some(n) = report.nodes.get(view::main_node(report)) {
        memory(&mut page, n)?;
        if let Some(f) = view::main_finding(report, n) {
            remedy(&mut page, f, top)?;
            why(&mut page, f)?;
        }
        clients(&mut page, n, top)?;
        others(&mut page, report, n)?;
    }
    inputs(&mut page, report)
}

struct Page<'w> {
    out: &'w mut dyn Write,
    lang: Lang,
}

impl Page<'_> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    fn heading(&mut self, id: &str) -> io::Result<()> {
        let text = label(self.lang, id);
        write!(self.out, "\n## {text}\n\n")
    }

    fn word(&self, id: &str) -> &'static str {
        label(self.lang, id)
    }

    fn say<const N: usize>(&self, id: &str, params: [(&str, serde_json::Value); N]) -> String {
        Text::new(id, params).shown(self.lang)
    }

    /// A table; cells are Markdown already. Columns whose cells are all empty are left out.
    fn table(&mut self, head: &[(&str, bool)], rows: &[Vec<String>]) -> io::Result<()> {
        let keep: Vec<usize> = (0..head.len())
            .filter(|c| {
                rows.iter()
                    .any(|r| r.get(*c).is_some_and(|v| !v.is_empty()))
            })
            .collect();
        let row = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        self.line(&row(keep.iter().map(|c| head[*c].0).collect()))?;
        let rule = keep.iter().map(|c| if head[*c].1 { "--:" } else { "---" });
        self.line(&row(rule.collect()))?;
        for r in rows {
            self.line(&row(keep
                .iter()
                .map(|c| r.get(*c).map_or("", String::as_str))
                .collect()))?;
        }
        Ok(())
    }
}

fn head(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    match &report.verdict {
        Some(v) => {
            let who = v.subjects.first().map_or("", |s| s.value.as_str());
            page.line(&format!("# {} {}", v.rule, markdown(who)))?;
            let sure = page.say("doc.sure", [("p", json!(v.confidence))]);
            page.line(&format!(
                "\n**{}** · {sure}",
                words::severity(page.lang, v.severity)
            ))?;
        }
        None => page.line(&format!("# {}", words::outcome(page.lang, report.outcome)))?,
    }
    let statement = markdown(&report.statement.shown(page.lang));
    page.line(&format!("\n{statement}"))
}

fn optional(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, |b| Bytes(b).to_string())
}

fn nodes(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.heading("doc.nodes")?;
    let rows: Vec<_> = report
        .nodes
        .iter()
        .map(|n| {
            let d = &n.direct_memory;
            vec![
                markdown(&n.id),
                words::outcome(page.lang, n.outcome).to_owned(),
                optional(d.used_peak_bytes),
                optional(d.limit_bytes),
                d.peak_ratio.map_or_else(String::new, percent),
                grouped(d.exhausted.count),
                grouped(view::failed_pushes(n)),
            ]
        })
        .collect();
    let w = |id| page.word(id);
    let head = [
        (w("doc.node"), false),
        (w("doc.outcome"), false),
        (w("doc.peak"), true),
        (w("doc.limit"), true),
        (w("doc.used-share"), true),
        (w("doc.allocation-failures"), true),
        (w("doc.push-fail"), true),
    ];
    page.table(&head, &rows)
}

fn memory(page: &mut Page<'_>, n: &NodeReport) -> io::Result<()> {
    let rows: Vec<_> = words::figures(n, page.lang)
        .into_iter()
        .map(|(name, value)| vec![name, markdown(&value)])
        .collect();
    page.line("")?;
    page.table(&[(page.word("doc.memory"), false), ("", false)], &rows)
}

fn remedy(page: &mut Page<'_>, f: &FindingReport, top: usize) -> io::Result<()> {
    for (id, steps) in [
        ("doc.now", &f.remedy.now),
        ("doc.lasting", &f.remedy.lasting),
    ] {
        if steps.is_empty() {
            continue;
        }
        page.heading(id)?;
        for (i, t) in steps.iter().enumerate() {
            let text = markdown(&t.shown(page.lang));
            page.line(&format!("{}. {text}", i + 1))?;
        }
        let ids: Vec<_> = f
            .subjects
            .iter()
            .filter(|s| s.kind == "connection-id")
            .map(|s| markdown_code(&s.value, false))
            .collect();
        if id == "doc.now" && !ids.is_empty() {
            let (shown, left) = ids.split_at(ids.len().min(top.max(1)));
            let more = more(page, left.len());
            let word = page.word("doc.connections");
            let colon = page.word("ui.colon");
            page.line(&format!("\n{word}{colon}{}{more}", shown.join(", ")))?;
        }
    }
    Ok(())
}

fn more(page: &Page<'_>, n: usize) -> String {
    if n == 0 {
        return String::new();
    }
    format!(", {}", page.say("doc.more", [("n", json!(n))]))
}

fn why(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    page.heading("doc.why")?;
    for a in &f.accepted {
        let text = markdown(&a.note.shown(page.lang));
        page.line(&format!("{text}\n"))?;
    }
    let (supports, against): (Vec<_>, Vec<_>) = f.evidence.iter().partition(|e| e.speaks_for);
    let shown = supports.iter().take(EVIDENCE);
    for (i, e) in shown.chain(&against).enumerate() {
        let claim = markdown(&e.claim.shown(page.lang));
        let lead = if e.speaks_for {
            String::new()
        } else {
            format!("{} ", page.word("doc.against"))
        };
        let place = e.source.as_ref().map_or_else(String::new, |s| {
            format!(
                " ({})",
                markdown_code(&format!("{}:{}", s.path, s.line), false)
            )
        });
        page.line(&format!("- {lead}{claim}{place}"))?;
        // One line as a sample of what the rest looks like; the others are a path and a line away.
        if let Some(q) = e.quote.as_ref().filter(|_| i == 0) {
            let quote = markdown_code(&cut(q.trim(), QUOTE), false);
            page.line(&format!("  > {quote}"))?;
        }
    }
    let left = supports.len().saturating_sub(EVIDENCE);
    if left > 0 {
        let text = page.say("doc.more-evidence", [("n", json!(left))]);
        page.line(&format!("- {text}"))?;
    }
    Ok(())
}

fn clients(page: &mut Page<'_>, n: &NodeReport, top: usize) -> io::Result<()> {
    let failing = view::failing_clients(n);
    if failing.is_empty() {
        return Ok(());
    }
    page.heading("doc.clients")?;
    let count = |v: u64| if v == 0 { String::new() } else { grouped(v) };
    let rows: Vec<_> = failing
        .iter()
        .take(top.max(1))
        .map(|c| {
            vec![
                markdown_code(&c.ip, true),
                if c.score >= 0.1 {
                    percent(c.score)
                } else {
                    String::new()
                },
                count(c.push_fail),
                count(c.config_push_fail),
                count(c.send_fail),
                grouped(c.push_ok),
                optional(c.backlog_bytes),
                markdown(&cut(&c.apps.join(", "), 40)),
                markdown(&cut(&c.sdk_versions.join(", "), 40)),
            ]
        })
        .collect();
    let w = |id| page.word(id);
    let head = [
        (w("doc.client"), false),
        (w("doc.faulty"), true),
        (w("doc.push-fail"), true),
        (w("doc.config-push-fail"), true),
        (w("doc.send-fail"), true),
        (w("doc.push-ok"), true),
        (w("doc.backlog"), true),
        (w("doc.apps"), false),
        (w("doc.sdk"), false),
    ];
    page.table(&head, &rows)?;
    let left = failing.len().saturating_sub(top.max(1));
    if left > 0 {
        let text = page.say("doc.more", [("n", json!(left))]);
        page.line(&format!("\n… {text}"))?;
    }
    Ok(())
}

fn others(page: &mut Page<'_>, report: &Report, n: &NodeReport) -> io::Result<()> {
    let others = view::other_findings(report, n);
    if !others.is_empty() {
        page.heading("doc.also")?;
        for f in others.iter().take(5) {
            let sure = if f.kind == Kind::Cause {
                format!(" ({})", page.say("doc.sure", [("p", json!(f.confidence))]))
            } else {
                String::new()
            };
            let severity = words::severity(page.lang, f.severity);
            let title = markdown(&f.title.shown(page.lang));
            // What to do stands on the line of what it is done for: the page is to fit a screen or two.
            let steps = f.remedy.lasting.iter();
            let steps: String = steps
                .filter(|_| f.kind == Kind::Advice)
                .map(|t| format!(" → {}", markdown(&t.shown(page.lang))))
                .collect();
            page.line(&format!(
                "- **{severity}** `{}`: {title}{sure}{steps}",
                f.rule
            ))?;
            for a in &f.accepted {
                let text = markdown(&a.note.shown(page.lang));
                page.line(&format!("  - {text}"))?;
            }
        }
        if others.len() > 5 {
            let text = page.say("doc.more", [("n", json!(others.len() - 5))]);
            page.line(&format!("- … {text}"))?;
        }
    }
    if let Some(gap) = view::evidence_gap(n) {
        page.heading("doc.surer")?;
        for t in &gap.remedy.now {
            let text = markdown(&t.shown(page.lang));
            page.line(&format!("- {text}"))?;
        }
    }
    Ok(())
}

fn inputs(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let read = words::coverage(report, page.lang);
    let made = words::made_by(report, page.lang);
    let text = format!("{read}{}{made}", page.word("ui.stop"));
    page.line(&format!("\n{}", markdown(&text)))?;
    for i in report.inputs.iter().filter(|i| !i.complete).take(5) {
        let word = page.word("doc.cut");
        let colon = page.word("ui.colon");
        page.line(&format!("- {word}{colon}{}", markdown_code(&i.path, false)))?;
    }
    for s in report.skipped.iter().filter(|s| s.failed).take(5) {
        page.line(&format!(
            "- {}{}{}",
            markdown_code(&s.path, false),
            page.word("ui.colon"),
            markdown(&s.shown(page.lang))
        ))?;
    }
    Ok(())
}
