//! The report for a terminal: the verdict first, then memory against its limit, who, why with the lines that show it, what
//! to do, and what is missing.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Paint};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::escape::{cut, terminal};
use super::model::{
    ClientReport, EvidenceReport, FindingReport, NodeReport, Report, TimelineSeries,
};
use crate::rules::{Kind, Outcome, RULES, Rule, Severity};
use crate::text::{Lang, duration, grouped, label, percent};
use crate::units::{Bytes, WallTime, parse_offset};

/// How to lay out.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to use colours.
    pub colour: bool,
    /// Rows of a table.
    pub top: usize,
    /// Evidence against, contributions, inputs one by one.
    pub verbose: bool,
    /// Language of sentences and headings.
    pub lang: Lang,
}

/// Columns of the terminal that standard output is, if it is one.
#[must_use]
pub fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(w, _)| usize::from(w.0))
}

/// Pieces of evidence shown without `-v`.
const EVIDENCE: usize = 5;
/// Findings told in full without `-v`, beside the verdict.
const OTHERS: usize = 6;

pub(super) struct Page<'w> {
    pub(super) out: &'w mut dyn Write,
    pub(super) style: Style,
    /// Lines quoted so far: one line is quoted once.
    quoted: std::collections::BTreeSet<(String, u64)>,
}

impl<'w> Page<'w> {
    /// A page on `out`.
    pub(super) fn new(out: &'w mut dyn Write, style: Style) -> Self {
        Self {
            out,
            style,
            quoted: std::collections::BTreeSet::new(),
        }
    }

    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.style.colour {
            format!("{}{text}{}", paint.render(), paint.render_reset())
        } else {
            text.to_owned()
        }
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        let t = self.paint(bold(), text);
        self.line(&t)
    }

    /// A paragraph: `lead` before its first line, blanks before the others.
    pub(super) fn paragraph(
        &mut self,
        lead: &str,
        text: &str,
        paint: Option<Paint>,
    ) -> io::Result<()> {
        let indent = " ".repeat(lead.width());
        let options = textwrap::Options::new(self.style.width.max(20))
            .initial_indent(lead)
            .subsequent_indent(&indent)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for l in textwrap::wrap(&terminal(text), options) {
            let l = match paint {
                Some(p) => self.paint(p, &l),
                None => l.into_owned(),
            };
            self.line(&l)?;
        }
        Ok(())
    }
}

fn bold() -> Paint {
    Paint::new().bold()
}

pub(super) fn dim() -> Paint {
    Paint::new().dimmed()
}

fn colour_of(s: Severity) -> Paint {
    let c = match s {
        Severity::Critical => AnsiColor::BrightRed,
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
        Severity::Info => return dim(),
    };
    Paint::new().fg_color(Some(c.into()))
}

/// Writes the report.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, *style);
    head(&mut page, report)?;
    if let Some(c) = &report.cluster {
        page.heading("NODES")?;
        let rows = report.nodes.iter().map(|n| {
            vec![
                n.id.clone(),
                n.outcome.name().to_owned(),
                n.direct_memory
                    .used_peak_bytes
                    .map_or_else(|| "-".to_owned(), |b| Bytes(b).to_string()),
                n.direct_memory
                    .limit_bytes
                    .map_or_else(|| "-".to_owned(), |b| Bytes(b).to_string()),
                n.direct_memory
                    .peak_ratio
                    .map_or_else(|| "-".to_owned(), percent),
                grouped(n.direct_memory.exhausted.count),
                grouped(n.clients.iter().map(|c| c.push_fail).sum()),
            ]
        });
        table(
            &mut page,
            &[
                "node",
                "outcome",
                "peak",
                "limit",
                "used",
                "failed allocations",
                "failed pushes",
            ],
            &[2, 3, 4, 5, 6],
            rows.collect(),
        )?;
        let many: Vec<_> = c
            .clients
            .iter()
            .filter(|c| c.nodes.len() > 1 && c.score > 0.0)
            .collect();
        if !many.is_empty() {
            page.heading("CLIENTS THAT TROUBLE SEVERAL NODES")?;
            let rows = many.iter().take(style.top).map(|c| {
                vec![
                    terminal(&c.ip),
                    c.nodes.join(", "),
                    grouped(c.push_fail),
                    if c.score > 0.0 {
                        percent(c.score)
                    } else {
                        "-".to_owned()
                    },
                ]
            });
            table(
                &mut page,
                &["client", "nodes", "failed pushes", "sure"],
                &[2, 3],
                rows.collect(),
            )?;
        }
    }
    // What is shown in full: the verdict's node, or each of them on request.
    let verdict_node = report
        .verdict
        .as_ref()
        .and_then(|v| match &v.node {
            Some(id) => report.nodes.iter().position(|n| n.id == *id),
            None => report.nodes.iter().position(|n| {
                n.findings.iter().any(|f| {
                    f.rule == v.rule
                        && f.subjects.first().map(|s| &s.value)
                            == v.subjects.first().map(|s| &s.value)
                })
            }),
        })
        .unwrap_or(0);
    for (i, n) in report.nodes.iter().enumerate() {
        let full = i == verdict_node || style.verbose;
        node(&mut page, report, n, full)?;
    }
    inputs(&mut page, report)
}

fn head(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    match &report.verdict {
        Some(v) => {
            let who = v
                .subjects
                .first()
                .map_or_else(String::new, |s| terminal(&s.value));
            let badge = page.paint(
                colour_of(v.severity).bold(),
                &v.severity.name().to_uppercase(),
            );
            let rule = page.paint(bold(), &format!("{}  {who}", v.rule));
            page.line(&format!(
                "{}  {badge}  {rule}  ({} sure)",
                label(page.style.lang, "ui.verdict"),
                percent(v.confidence)
            ))?;
        }
        None => {
            let word = match report.outcome {
                Outcome::NoCause => "NO LEAK",
                Outcome::Undecided => "UNDECIDED",
                Outcome::InsufficientEvidence => "NOT ENOUGH EVIDENCE",
                Outcome::Cause => "CAUSE",
            };
            let t = page.paint(
                bold(),
                &format!("{}  {word}", label(page.style.lang, "ui.verdict")),
            );
            page.line(&t)?;
        }
    }
    page.paragraph("  ", &report.statement.text, None)
}

fn node(page: &mut Page<'_>, report: &Report, n: &NodeReport, full: bool) -> io::Result<()> {
    let several = report.nodes.len() > 1;
    memory(page, n, several)?;
    if !full {
        if several && !n.findings.is_empty() {
            for f in n.findings.iter().filter(|f| f.kind != Kind::Advice).take(3) {
                one_line(page, f)?;
            }
        }
        return Ok(());
    }
    who(page, n)?;
    let main = report
        .verdict
        .as_ref()
        .and_then(|v| {
            n.findings.iter().find(|f| {
                f.rule == v.rule
                    && f.subjects.first().map(|s| &s.value) == v.subjects.first().map(|s| &s.value)
            })
        })
        .or_else(|| n.findings.iter().find(|f| f.kind == Kind::Cause))
        .or_else(|| n.findings.iter().find(|f| f.kind == Kind::Condition));
    if let Some(f) = main {
        why(page, f)?;
        todo(page, f)?;
    }
    let others: Vec<&FindingReport> = n
        .findings
        .iter()
        .filter(|f| main.is_none_or(|m| m.fingerprint != f.fingerprint) && f.rule != "evidence-gap")
        .collect();
    if !others.is_empty() {
        page.heading("ALSO FOUND")?;
        let most = if page.style.verbose {
            usize::MAX
        } else {
            OTHERS
        };
        for f in others.iter().take(most) {
            one_line(page, f)?;
            if page.style.verbose {
                for e in &f.evidence {
                    evidence(page, e, false)?;
                }
            }
            for t in f.remedy.lasting.iter().filter(|_| f.kind == Kind::Advice) {
                page.paragraph("      ", &t.text, None)?;
            }
        }
        if others.len() > most {
            page.line(&format!("  … and {} more (-v)", others.len() - most))?;
        }
    }
    if let Some(r) = n.resident.as_ref().filter(|_| page.style.verbose) {
        super::nmt::resident(page, n, r)?;
    }
    if let Some(gap) = n.findings.iter().find(|f| f.rule == "evidence-gap") {
        page.heading("TO BE SURER")?;
        for t in &gap.remedy.now {
            page.paragraph("  - ", &t.text, None)?;
        }
    }
    Ok(())
}

fn one_line(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    let badge = format!("  {:<9}", f.severity.name());
    let sure = if f.kind == Kind::Cause {
        format!(" ({} sure)", percent(f.confidence))
    } else {
        String::new()
    };
    page.paragraph(
        &badge,
        &format!("{}{sure}  [{}]", f.title.text, f.rule),
        Some(colour_of(f.severity)),
    )
}

/// The zone's offset of a node, in minutes.
fn offset(n: &NodeReport) -> i32 {
    parse_offset(&n.zone_assumed.offset).unwrap_or(0)
}

/// A time of the report on the node's own clock, as its logs print it.
pub(super) fn clock(n: &NodeReport, t: Option<&String>) -> String {
    let Some(t) = t else { return "-".to_owned() };
    WallTime::parse_rfc3339(t).map_or_else(
        || t.clone(),
        |utc| utc.plus_ms(i64::from(offset(n)) * 60_000).local(),
    )
}

fn short(n: &NodeReport, t: Option<&String>) -> String {
    let full = clock(n, t);
    full.get(5..16).map_or_else(|| full.clone(), str::to_owned)
}

fn memory(page: &mut Page<'_>, n: &NodeReport, several: bool) -> io::Result<()> {
    let d = &n.direct_memory;
    let title = if several {
        format!("DIRECT MEMORY OF {}", terminal(&n.id).to_uppercase())
    } else {
        "DIRECT MEMORY".to_owned()
    };
    page.heading(&title)?;
    let mut about = Vec::new();
    if let Some(v) = &n.server_version {
        about.push(format!("Nacos {v}"));
    }
    if let Some(v) = &n.jvm.version {
        about.push(format!("JDK {v}"));
    }
    if let Some(c) = &n.jvm.collector {
        about.push(format!("{c} collector"));
    }
    if let Some(h) = n.jvm.heap_bytes {
        about.push(format!("heap {}", Bytes(h)));
    }
    if let Some(p) = n.runs.get(n.run).and_then(|r| r.pid) {
        about.push(format!("pid {p}"));
    }
    if n.runs.len() > 1 {
        about.push(format!("run {} of {}", n.run + 1, n.runs.len()));
    }
    about.push(format!(
        "times {} ({})",
        n.zone_assumed.offset, n.zone_assumed.source
    ));
    page.paragraph("  ", &about.join(", "), Some(dim()))?;
    let limit = match &d.limit_explained {
        Some(t) => t.text.clone(),
        None => "not known (give --max-direct-memory or --heap)".to_owned(),
    };
    page.paragraph("  limit  ", &limit, None)?;
    if let Some(peak) = d.used_peak_bytes {
        let ratio = d.peak_ratio.unwrap_or(0.0);
        let columns = page.style.width.saturating_sub(50).clamp(10, 40);
        let gauge = if d.peak_ratio.is_some() {
            bar(ratio, columns)
        } else {
            String::new()
        };
        let paint = if ratio >= 0.9 {
            colour_of(Severity::Critical)
        } else if ratio >= 0.7 {
            colour_of(Severity::Medium)
        } else {
            Paint::new().fg_color(Some(AnsiColor::Green.into()))
        };
        let gauge = page.paint(paint, &gauge);
        let ratio = d.peak_ratio.map_or_else(String::new, percent);
        let source = d.used_source.as_deref().unwrap_or("");
        page.line(&format!(
            "  peak   {:<9} {ratio:>6}  {gauge}  {source}",
            Bytes(peak).to_string()
        ))?;
        if let Some(t) = &d.used_explained {
            page.paragraph("         ", &t.shown(page.style.lang), Some(dim()))?;
        }
    } else {
        page.line("  peak   not known: no NMT, no figures of the actuator, no allocation failure")?;
    }
    if d.exhausted.count > 0 {
        let text = format!(
            "{} allocations failed, from {} to {}",
            grouped(d.exhausted.count),
            clock(n, d.exhausted.first.as_ref()),
            clock(n, d.exhausted.last.as_ref())
        );
        page.paragraph("  full   ", &text, Some(colour_of(Severity::Critical)))?;
    }
    if let Some(t) = &d.trend {
        let mut text = format!(
            "{}/h (between {}/h and {}/h) since {}",
            Bytes(t.bytes_per_hour.max(0.0) as u64),
            Bytes(t.low.max(0.0) as u64),
            Bytes(t.high.max(0.0) as u64),
            clock(n, t.since.as_ref())
        );
        if let Some(s) = t.time_to_limit_s {
            text.push_str(&format!("; the limit is reached in {}", duration(s)));
        }
        page.paragraph("  growth ", &text, None)?;
    } else if let Some(c) = &d.course {
        page.line(&format!("  course {c}"))?;
    }
    timeline(page, n)
}

fn bar(ratio: f64, columns: usize) -> String {
    let filled = (ratio.clamp(0.0, 1.0) * columns as f64).round() as usize;
    format!("{}{}", "█".repeat(filled), "░".repeat(columns - filled))
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Memory against its limit, and the events that may explain it, on one axis.
fn timeline(page: &mut Page<'_>, n: &NodeReport) -> io::Result<()> {
    let Some(t) = &n.timeline else { return Ok(()) };
    let label = 22;
    let columns = page.style.width.saturating_sub(label + 14).clamp(10, 100);
    let name = |s: &TimelineSeries| {
        let base = match s.name.as_str() {
            "direct_memory_bytes" => "direct memory",
            "push_fail" => "failed pushes",
            "config_push_fail" => "failed config pushes",
            "allocation_failures" => "failed allocations",
            other => other,
        };
        match &s.subject {
            Some(who) => format!(" {}", terminal(who)),
            None => base.to_owned(),
        }
    };
    // Levels of other memory are in the JSON; counts are what memory is held against here.
    let drawn = |s: &&TimelineSeries| !s.level || s.name == "direct_memory_bytes";
    let steps = t.series.iter().map(|s| s.values.len()).max().unwrap_or(0);
    if steps < 2 {
        return Ok(());
    }
    page.blank()?;
    for s in t
        .series
        .iter()
        .filter(drawn)
        .take(if page.style.verbose { 12 } else { 7 })
    {
        let memory = s.name == "direct_memory_bytes";
        let cells: Vec<Option<f64>> = (0..columns)
            .map(|c| {
                let (a, b) = (
                    c * steps / columns,
                    ((c + 1) * steps / columns).max(c * steps / columns + 1),
                );
                let inside = s.values.get(a..b.min(s.values.len())).unwrap_or_default();
                inside
                    .iter()
                    .flatten()
                    .copied()
                    .fold(None, |m: Option<f64>, v| {
                        Some(if memory {
                            m.unwrap_or(0.0).max(v)
                        } else {
                            m.unwrap_or(0.0) + v
                        })
                    })
            })
            .collect();
        let top = if memory {
            n.direct_memory.limit_bytes.map(|l| l as f64)
        } else {
            None
        }
        .unwrap_or_else(|| cells.iter().flatten().copied().fold(0.0, f64::max))
        .max(1.0);
        // Between two samples memory is what it was.
        let mut held = None;
        let drawn: String = cells
            .iter()
            .map(|v| {
                let v = if memory {
                    held = v.or(held);
                    held
                } else {
                    *v
                };
                match v {
                    Some(v) if v > 0.0 => BLOCKS[((v / top * 8.0).ceil() as usize).clamp(1, 8) - 1],
                    _ => ' ',
                }
            })
            .collect();
        let scale = if memory {
            Bytes(top as u64).to_string()
        } else {
            grouped(s.values.iter().flatten().sum::<f64>().round() as u64)
        };
        let paint = match s.name.as_str() {
            "direct_memory_bytes" => Paint::new().fg_color(Some(AnsiColor::Blue.into())),
            "allocation_failures" => colour_of(Severity::Critical),
            "push_fail" | "config_push_fail" => colour_of(Severity::Medium),
            _ => Paint::new(),
        };
        let drawn = page.paint(paint, &format!("{drawn:<columns$}"));
        let text = cut(&name(s), label);
        let pad = " ".repeat(label.saturating_sub(text.width()));
        page.line(&format!("  {text}{pad}{drawn} {scale}"))?;
    }
    let end = WallTime::parse_rfc3339(&t.start).map(|s| {
        s.plus_ms((t.step_s * 1000.0 * steps as f64) as i64)
            .rfc3339(0)
    });
    let (from, to) = (short(n, Some(&t.start)), short(n, end.as_ref()));
    let gap = columns.saturating_sub(from.len() + to.len());
    page.line(&format!(
        "  {}{from}{}{to}",
        " ".repeat(label),
        " ".repeat(gap)
    ))
}

fn who(page: &mut Page<'_>, n: &NodeReport) -> io::Result<()> {
    let failing =
        |c: &ClientReport| c.score > 0.0 || c.push_fail + c.config_push_fail + c.send_fail > 0;
    let shown: Vec<&ClientReport> = n.clients.iter().filter(|c| failing(c)).collect();
    if shown.is_empty() {
        return Ok(());
    }
    page.heading("WHO")?;
    let most = page.style.top.max(1);
    let config = shown.iter().any(|c| c.push_fail == 0 && c.send_fail > 0);
    let rows = shown.iter().take(most).map(|c| {
        vec![
            terminal(&c.ip),
            if c.score >= 0.1 {
                percent(c.score)
            } else {
                "-".to_owned()
            },
            grouped(if config {
                c.push_fail + c.send_fail
            } else {
                c.push_fail
            }),
            grouped(c.push_ok),
            grouped(c.connects),
            cut(&terminal(&c.apps.join(", ")), 24),
            cut(&terminal(&c.sdk_versions.join(", ")), 28),
        ]
    });
    let failed = "failed";
    table(
        page,
        &[
            "client",
            "faulty",
            failed,
            "delivered",
            "opened",
            "application",
            "SDK",
        ],
        &[1, 2, 3, 4],
        rows.collect(),
    )?;
    if shown.len() > most {
        page.line(&format!(
            "  … and {} more clients with failed pushes (--top)",
            shown.len() - most
        ))?;
    }
    Ok(())
}

fn why(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    page.blank()?;
    page.paragraph("WHY  ", &f.title.text, Some(bold()))?;
    let for_it: Vec<_> = f.evidence.iter().filter(|e| e.speaks_for).collect();
    let against: Vec<_> = f.evidence.iter().filter(|e| !e.speaks_for).collect();
    let most = if page.style.verbose {
        usize::MAX
    } else {
        EVIDENCE
    };
    for e in for_it.iter().take(most) {
        evidence(page, e, true)?;
    }
    if for_it.len() > most {
        page.line(&format!("  … and {} more (-v)", for_it.len() - most))?;
    }
    for e in against {
        evidence(page, e, page.style.verbose)?;
    }
    Ok(())
}

fn evidence(page: &mut Page<'_>, e: &EvidenceReport, quoted: bool) -> io::Result<()> {
    let lead = if e.speaks_for {
        "  + "
    } else {
        "  - against it: "
    };
    let text = if page.style.verbose {
        format!("{} [{:+.1}]", e.claim.text, e.contribution)
    } else {
        e.claim.text.clone()
    };
    page.paragraph(lead, &text, None)?;
    let Some(s) = &e.source else { return Ok(()) };
    if !page.quoted.insert((s.path.clone(), s.line)) && !page.style.verbose {
        return Ok(());
    }
    let place = format!("      {}:{}", terminal(&s.path), s.line);
    let place = page.paint(dim(), &place);
    page.line(&place)?;
    if let Some(q) = e.quote.as_ref().filter(|_| quoted) {
        let q = cut(&terminal(q.trim()), page.style.width.saturating_sub(8));
        let q = page.paint(dim(), &format!("      > {q}"));
        page.line(&q)?;
    }
    Ok(())
}

fn todo(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    for (title, steps) in [("DO NOW", &f.remedy.now), ("FOR GOOD", &f.remedy.lasting)] {
        if steps.is_empty() {
            continue;
        }
        page.heading(title)?;
        for (i, t) in steps.iter().enumerate() {
            page.paragraph(&format!("  {}. ", i + 1), &t.text, None)?;
        }
        if title == "DO NOW" {
            let ids: Vec<_> = f
                .subjects
                .iter()
                .filter(|s| s.kind == "connection-id")
                .map(|s| terminal(&s.value))
                .collect();
            if !ids.is_empty() {
                let most = page.style.top.min(ids.len());
                let more = ids.len() - most;
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                page.paragraph(
                    "     connections: ",
                    &format!("{}{more}", ids[..most].join(", ")),
                    Some(dim()),
                )?;
            }
        }
    }
    Ok(())
}

fn inputs(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.heading("INPUTS")?;
    let read: Vec<_> = report
        .inputs
        .iter()
        .filter(|i| i.format != "empty")
        .collect();
    let bytes: u64 = read.iter().map(|i| i.bytes).sum();
    let records: u64 = read.iter().map(|i| i.records).sum();
    let unknown: u64 = read.iter().map(|i| i.unrecognised.bytes).sum();
    let mut text = format!(
        "{} files, {}, {} records; {} of the bytes in records of no known statement",
        read.len(),
        Bytes(bytes),
        grouped(records),
        percent(if bytes == 0 {
            0.0
        } else {
            unknown as f64 / bytes as f64
        })
    );
    if !report.skipped.is_empty() {
        text.push_str(&format!("; {} files were not read", report.skipped.len()));
    }
    page.paragraph("  ", &text, None)?;
    for i in &report.inputs {
        for issue in i.issues.iter().take(3) {
            page.paragraph(
                "  ! ",
                &format!(
                    "{}:{} (offset {}): {}",
                    i.path, issue.line, issue.offset, issue.what
                ),
                Some(colour_of(Severity::Medium)),
            )?;
        }
    }
    let all = page.style.verbose;
    for s in report.skipped.iter().filter(|s| s.failed || all) {
        page.paragraph("  ! ", &format!("{}: {}", s.path, s.why), Some(dim()))?;
    }
    if page.style.verbose {
        let rows = read.iter().map(|i| {
            vec![
                cut(&terminal(&i.path), 48),
                i.format.clone(),
                Bytes(i.bytes).to_string(),
                grouped(i.records),
                percent(if i.bytes == 0 {
                    0.0
                } else {
                    i.unrecognised.bytes as f64 / i.bytes as f64
                }),
                if i.complete { "" } else { "cut" }.to_owned(),
            ]
        });
        table(
            page,
            &["file", "format", "size", "records", "unknown", ""],
            &[2, 3, 4],
            rows.collect(),
        )?;
    }
    Ok(())
}

pub(super) fn table(
    page: &mut Page<'_>,
    head: &[&str],
    right: &[usize],
    rows: Vec<Vec<String>>,
) -> io::Result<()> {
    // Columns that hold nothing only take room.
    let keep: Vec<usize> = (0..head.len())
        .filter(|&c| rows.iter().any(|r| r.get(c).is_some_and(|v| !v.is_empty())))
        .collect();
    let widest = rows
        .iter()
        .filter_map(|r| r.first())
        .map(|v| v.width() + 2)
        .max()
        .unwrap_or(0);
    let mut t = Table::new();
    t.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.style.width).unwrap_or(u16::MAX))
        .set_header(keep.iter().map(|&c| head[c]));
    for r in rows {
        t.add_row(keep.iter().map(|&c| r.get(c).cloned().unwrap_or_default()));
    }
    for (i, &c) in keep.iter().enumerate() {
        if let Some(column) = t.column_mut(i) {
            if right.contains(&c) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            // The first column is what gets copied: an address, a connection id.
            if i == 0 {
                let least = u16::try_from(widest.clamp(14, 44)).unwrap_or(14);
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
    }
    for (i, l) in t.lines().enumerate() {
        let l = if i == 0 {
            page.paint(dim(), l.trim_end())
        } else {
            l
        };
        page.line(&format!(" {l}"))?;
    }
    Ok(())
}

/// Explains a rule, or lists all.
///
/// # Errors
/// An id that no rule has; what the writer says.
pub fn explain(id: Option<&str>, width: usize, out: &mut dyn Write) -> anyhow::Result<()> {
    let style = Style {
        width,
        colour: false,
        top: 0,
        verbose: false,
        lang: Lang::En,
    };
    let mut page = Page::new(out, style);
    let Some(id) = id else {
        for r in RULES {
            page.paragraph(
                &format!("{:<26} {:<10} ", r.id, kind_name(r.kind)),
                r.title,
                None,
            )?;
        }
        return Ok(());
    };
    let Some(r) = crate::rules::rule(id) else {
        let known: Vec<_> = RULES.iter().map(|r| r.id).collect();
        anyhow::bail!("explain {id}: no such rule (one of {})", known.join(", "));
    };
    explain_rule(&mut page, r)?;
    Ok(())
}

fn kind_name(k: Kind) -> &'static str {
    match k {
        Kind::Cause => "cause",
        Kind::Condition => "condition",
        Kind::Advice => "advice",
    }
}

fn explain_rule(page: &mut Page<'_>, r: &Rule) -> io::Result<()> {
    page.line(&format!("{}: {} ({})", r.id, r.title, kind_name(r.kind)))?;
    for (title, text) in [
        ("What it looks for, and why", r.what),
        ("Speaks for it", r.speaks_for),
        ("Speaks against it", r.speaks_against),
        ("What to do", r.remedy),
        ("Sources", r.sources),
    ] {
        page.heading(title)?;
        page.paragraph("  ", text, None)?;
    }
    if !r.needs.is_empty() {
        page.heading("Needs")?;
        let needs: Vec<_> = r.needs.iter().map(|f| f.name()).collect();
        page.paragraph("  ", &needs.join(", "), None)?;
    }
    Ok(())
}
