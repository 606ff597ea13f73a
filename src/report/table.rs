//! The report for a terminal: the verdict first, then memory against its limit, who, why with the lines that show it, what
//! to do, and what is missing.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Paint};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::escape::{cut, terminal};
use super::model::{
    ClientReport, Cluster, DirectMemory, EvidenceReport, FindingReport, NodeReport, Part, Report,
    TimelineSeries,
};
use super::{view, wrap};
use crate::rules::{Kind, Outcome, RULES, Rule, Severity};
use crate::text::{Lang, grouped, label, phrase, word};
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

    /// A word or heading of the frame.
    pub(super) fn label(&self, id: &str) -> &'static str {
        label(self.style.lang, id)
    }

    /// Titles of columns; a column may have none.
    pub(super) fn labels<const N: usize>(&self, ids: [&str; N]) -> [&'static str; N] {
        ids.map(|id| if id.is_empty() { "" } else { self.label(id) })
    }

    /// A sentence of the frame.
    pub(super) fn phrase<const N: usize>(&self, id: &str, params: [(&str, Value); N]) -> String {
        phrase(self.style.lang, id, params)
    }

    /// The lead of a row of figures: a label, padded so that the rows stand below each other.
    pub(super) fn lead(&self, id: &str) -> String {
        format!("  {}", padded(self.label(id), 7))
    }

    /// `…`, and what is not shown.
    pub(super) fn more(&mut self, id: &str, n: usize) -> io::Result<()> {
        let text = self.phrase(id, [("n", json!(n))]);
        self.paragraph("  … ", &text, None)
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        self.paragraph("", text, Some(bold()))
    }

    /// A paragraph: `lead` before its first line, blanks before the others.
    pub(super) fn paragraph(
        &mut self,
        lead: &str,
        text: &str,
        paint: Option<Paint>,
    ) -> io::Result<()> {
        for l in wrap::lines(lead, &terminal(text), self.style.width, self.style.lang) {
            let l = match paint {
                Some(p) => self.paint(p, &l),
                None => l,
            };
            self.line(&l)?;
        }
        Ok(())
    }
}

/// With blanks up to so many columns.
fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Bytes, or `-` where they are not known.
fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |b| Bytes(b).to_string())
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
        nodes(&mut page, report)?;
        common(&mut page, c)?;
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

/// The nodes of a cluster, one a row.
fn nodes(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.heading(page.label("ui.nodes"))?;
    let lang = page.style.lang;
    let rows = report.nodes.iter().map(|n| {
        let d: &DirectMemory = &n.direct_memory;
        vec![
            n.id.clone(),
            word(lang, "outcome-name", n.outcome.name()).to_owned(),
            size(d.used_peak_bytes),
            size(d.limit_bytes),
            d.peak_ratio
                .map_or_else(|| "-".to_owned(), |r| lang.percent(r)),
            grouped(d.exhausted.count),
            grouped(n.clients.iter().map(|c| c.push_fail).sum()),
        ]
    });
    let rows = rows.collect();
    let head = page.labels([
        "ui.node",
        "ui.outcome",
        "ui.peak",
        "ui.limit",
        "ui.used",
        "series.allocation_failures",
        "series.push_fail",
    ]);
    table(page, &head, &[2, 3, 4, 5, 6], rows)
}

/// Clients that trouble several nodes.
fn common(page: &mut Page<'_>, c: &Cluster) -> io::Result<()> {
    let many: Vec<_> = c
        .clients
        .iter()
        .filter(|c| c.nodes.len() > 1 && c.score > 0.0)
        .collect();
    if many.is_empty() {
        return Ok(());
    }
    page.heading(page.label("ui.clients-of-several"))?;
    let lang = page.style.lang;
    let rows = many.iter().take(page.style.top).map(|c| {
        vec![
            terminal(&c.ip),
            lang.list(&c.nodes),
            grouped(c.push_fail),
            lang.percent(c.score),
        ]
    });
    let rows = rows.collect();
    let head = page.labels(["ui.client", "ui.nodes-of", "series.push_fail", "ui.sure"]);
    table(page, &head, &[2, 3], rows)
}

fn head(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    match &report.verdict {
        Some(v) => {
            let who = v
                .subjects
                .first()
                .map_or_else(String::new, |s| terminal(&s.value));
            let lang = page.style.lang;
            let verdict = page.label("ui.verdict");
            let badge = word(lang, "severity", v.severity.name()).to_uppercase();
            let rule = format!("{}  {who}", v.rule);
            let sure = page.phrase("ui.sure-in-brackets", [("confidence", json!(v.confidence))]);
            let columns = [verdict, &badge, &rule, &sure].map(UnicodeWidthStr::width);
            let badge = page.paint(colour_of(v.severity).bold(), &badge);
            let rule = page.paint(bold(), &rule);
            if columns.iter().sum::<usize>() + 6 <= page.style.width {
                page.line(&format!("{verdict}  {badge}  {rule}  {sure}"))?;
            } else {
                page.line(&format!("{verdict}  {badge}  {sure}"))?;
                page.line(&rule)?;
            }
        }
        None => {
            let id = match report.outcome {
                Outcome::NoCause => "ui.no-leak",
                Outcome::Undecided => "ui.undecided",
                Outcome::InsufficientEvidence => "ui.not-enough-evidence",
                Outcome::Cause => "ui.cause",
            };
            let text = format!("{}  {}", page.label("ui.verdict"), page.label(id));
            let t = page.paint(bold(), &text);
            page.line(&t)?;
        }
    }
    page.paragraph("  ", &report.statement.shown(page.style.lang), None)
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
        page.heading(page.label("ui.also-found"))?;
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
                page.paragraph("      ", &t.shown(page.style.lang), None)?;
            }
        }
        if others.len() > most {
            page.more("ui.more-verbose", others.len() - most)?;
        }
    }
    if let Some(r) = n.resident.as_ref().filter(|_| page.style.verbose) {
        super::nmt::resident(page, n, r)?;
    }
    if let Some(gap) = n.findings.iter().find(|f| f.rule == "evidence-gap") {
        page.heading(page.label("ui.to-be-surer"))?;
        for t in &gap.remedy.now {
            page.paragraph("  - ", &t.shown(page.style.lang), None)?;
        }
    }
    Ok(())
}

fn one_line(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    let lang = page.style.lang;
    let badge = format!("  {}", padded(word(lang, "severity", f.severity.name()), 9));
    let title = f.title.shown(lang);
    let title = if f.kind == Kind::Cause {
        let sure = ("confidence", json!(f.confidence));
        page.phrase("ui.title-and-sure", [("title", json!(title)), sure])
    } else {
        title
    };
    let text = format!("{title}  [{}]", f.rule);
    page.paragraph(&badge, &text, Some(colour_of(f.severity)))?;
    accepted(page, "      ", f)
}

/// What was known of a finding before: the baseline, suppressions.
fn accepted(page: &mut Page<'_>, indent: &str, f: &FindingReport) -> io::Result<()> {
    for a in &f.accepted {
        page.paragraph(indent, &a.note.shown(page.style.lang), None)?;
    }
    Ok(())
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
        page.phrase("ui.direct-memory-of", [("node", json!(terminal(&n.id)))])
    } else {
        page.label("ui.direct-memory").to_owned()
    };
    page.heading(&title)?;
    about(page, n)?;
    let limit = match &d.limit_explained {
        Some(t) => t.shown(page.style.lang),
        None => page.label("ui.limit-unknown").to_owned(),
    };
    page.paragraph(&page.lead("ui.limit"), &limit, None)?;
    peak(page, d)?;
    if d.exhausted.count > 0 {
        let (first, last) = (d.exhausted.first.as_ref(), d.exhausted.last.as_ref());
        let id = match (first, last) {
            (None, _) => "ui.failed-undated",
            (first, last) if first == last => "ui.failed-at",
            _ => "ui.failed-from-to",
        };
        let text = page.phrase(
            id,
            [
                ("n", json!(d.exhausted.count)),
                ("first", json!(clock(n, first))),
                ("last", json!(clock(n, last))),
            ],
        );
        let paint = colour_of(Severity::Critical);
        page.paragraph(&page.lead("ui.full"), &text, Some(paint))?;
    }
    if let Some(t) = &d.trend {
        let params = [
            ("rate", json!(t.bytes_per_hour)),
            ("low", json!(t.low)),
            ("high", json!(t.high)),
            ("since", json!(clock(n, t.since.as_ref()))),
            ("left", json!(t.time_to_limit_s)),
        ];
        let id = match t.time_to_limit_s {
            Some(_) => "ui.growth-until",
            None => "ui.growth-since",
        };
        let text = page.phrase(id, params);
        page.paragraph(&page.lead("ui.growth"), &text, None)?;
    } else if let Some(c) = &d.course {
        let text = word(page.style.lang, "course", c);
        page.paragraph(&page.lead("ui.course"), text, None)?;
    }
    timeline(page, n)
}

/// What runs there, and whose times these are.
fn about(page: &mut Page<'_>, n: &NodeReport) -> io::Result<()> {
    let mut about = Vec::new();
    if let Some(v) = &n.server_version {
        about.push(format!("Nacos {v}"));
    }
    if let Some(v) = &n.jvm.version {
        about.push(format!("JDK {v}"));
    }
    if let Some(c) = &n.jvm.collector {
        about.push(page.phrase("ui.collector", [("name", json!(c))]));
    }
    if let Some(h) = n.jvm.heap_bytes {
        about.push(page.phrase("ui.heap", [("bytes", json!(h))]));
    }
    if let Some(p) = n.runs.get(n.run).and_then(|r| r.pid) {
        about.push(format!("pid {p}"));
    }
    if n.runs.len() > 1 {
        about.push(page.phrase(
            "ui.run-of",
            [("n", json!(n.run + 1)), ("all", json!(n.runs.len()))],
        ));
    }
    about.push(page.phrase(
        "ui.times",
        [
            ("offset", json!(n.zone_assumed.offset)),
            ("source", json!(n.zone_assumed.source)),
        ],
    ));
    page.paragraph("  ", &about.join(page.label("ui.comma")), Some(dim()))
}

/// The highest use, as a figure and against the limit.
fn peak(page: &mut Page<'_>, d: &DirectMemory) -> io::Result<()> {
    let lead = page.lead("ui.peak");
    let Some(peak) = d.used_peak_bytes else {
        return page.paragraph(&lead, page.label("ui.peak-unknown"), None);
    };
    let lang = page.style.lang;
    let ratio = d.peak_ratio.unwrap_or(0.0);
    let columns = page.style.width.saturating_sub(50).min(40);
    let gauge = if d.peak_ratio.is_some() && columns >= 10 {
        format!("{}  ", bar(ratio, columns))
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
    let ratio = d.peak_ratio.map_or_else(String::new, |r| lang.percent(r));
    let source = word(lang, "source", d.used_source.as_deref().unwrap_or(""));
    page.line(&format!(
        "{lead}{:<9} {ratio:>6}  {gauge}{source}",
        Bytes(peak).to_string()
    ))?;
    match &d.used_explained {
        Some(t) => page.paragraph("         ", &t.shown(lang), Some(dim())),
        None => Ok(()),
    }
}

fn bar(ratio: f64, columns: usize) -> String {
    let filled = (ratio.clamp(0.0, 1.0) * columns as f64).round() as usize;
    format!("{}{}", "█".repeat(filled), "░".repeat(columns - filled))
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Memory against its limit, and the events that may explain it, on one axis.
fn timeline(page: &mut Page<'_>, n: &NodeReport) -> io::Result<()> {
    let Some(t) = &n.timeline else { return Ok(()) };
    let narrow = page.style.width < 60;
    let label = if narrow { 19 } else { 22 };
    let lang = page.style.lang;
    let beside = label + if narrow { 12 } else { 14 };
    let columns = page.style.width.saturating_sub(beside).clamp(8, 100);
    let name = |s: &TimelineSeries| match &s.subject {
        Some(who) => format!(" {}", terminal(who)),
        None => word(lang, "series", &s.name).to_owned(),
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
        let text = padded(&cut(&name(s), label), label);
        page.line(&format!("  {text}{drawn} {scale}"))?;
    }
    let end = WallTime::parse_rfc3339(&t.start).map(|s| {
        s.plus_ms((t.step_s * 1000.0 * steps as f64) as i64)
            .rfc3339(0)
    });
    let (from, to) = (short(n, Some(&t.start)), short(n, end.as_ref()));
    if from.len() + to.len() >= columns {
        let text = page.phrase("nmt.from-to", [("from", json!(from)), ("to", json!(to))]);
        return page.paragraph(&" ".repeat(label + 2), &text, None);
    }
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
    page.heading(page.label("ui.who"))?;
    let lang = page.style.lang;
    let most = page.style.top.max(1);
    let config = shown.iter().any(|c| c.push_fail == 0 && c.send_fail > 0);
    let rows = shown.iter().take(most).map(|c| {
        vec![
            terminal(&c.ip),
            if c.score >= 0.1 {
                lang.percent(c.score)
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
            cut(&terminal(&lang.list(&c.apps)), 24),
            cut(&terminal(&lang.list(&c.sdk_versions)), 28),
        ]
    });
    let rows = rows.collect();
    let head = page.labels([
        "ui.client",
        "ui.faulty",
        "ui.failed",
        "ui.delivered",
        "ui.opened",
        "ui.application",
        "ui.sdk",
    ]);
    table(page, &head, &[1, 2, 3, 4], rows)?;
    if shown.len() > most {
        page.more("ui.more-clients", shown.len() - most)?;
    }
    Ok(())
}

fn why(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    page.blank()?;
    page.paragraph(
        &format!("{}  ", page.label("ui.why")),
        &f.title.shown(page.style.lang),
        Some(bold()),
    )?;
    accepted(page, "  ", f)?;
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
        page.more("ui.more-verbose", for_it.len() - most)?;
    }
    for e in against {
        evidence(page, e, page.style.verbose)?;
    }
    Ok(())
}

fn evidence(page: &mut Page<'_>, e: &EvidenceReport, quoted: bool) -> io::Result<()> {
    let lead = if e.speaks_for {
        "  + ".to_owned()
    } else {
        format!("  - {}", page.label("ui.against"))
    };
    let mut text = e.claim.shown(page.style.lang);
    if page.style.verbose {
        text.push_str(&format!(" [{:+.1}]", e.contribution));
    }
    page.paragraph(&lead, &text, None)?;
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
    for (title, steps) in [
        ("ui.do-now", &f.remedy.now),
        ("ui.for-good", &f.remedy.lasting),
    ] {
        if steps.is_empty() {
            continue;
        }
        page.heading(page.label(title))?;
        for (i, t) in steps.iter().enumerate() {
            page.paragraph(&format!("  {}. ", i + 1), &t.shown(page.style.lang), None)?;
        }
        if title == "ui.do-now" {
            connections(page, f)?;
        }
    }
    Ok(())
}

/// The connections that the steps speak of.
fn connections(page: &mut Page<'_>, f: &FindingReport) -> io::Result<()> {
    let ids: Vec<_> = f
        .subjects
        .iter()
        .filter(|s| s.kind == "connection-id")
        .map(|s| terminal(&s.value))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let most = page.style.top.min(ids.len());
    let mut text = page.style.lang.list(&ids[..most]);
    if ids.len() > most {
        text = page.phrase(
            "ui.and-more",
            [("some", json!(text)), ("n", json!(ids.len() - most))],
        );
    }
    let lead = format!("     {}", page.label("ui.connections"));
    page.paragraph(&lead, &text, Some(dim()))
}

fn inputs(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    page.heading(page.label("ui.inputs"))?;
    let read: Vec<_> = report
        .inputs
        .iter()
        .filter(|i| i.format != "empty")
        .collect();
    let (t, c) = (view::totals(report), &report.coverage);
    let mut text = vec![page.phrase(
        "ui.read",
        [
            ("files", json!(t.files)),
            ("bytes", json!(t.bytes)),
            ("records", json!(t.records)),
            ("unknown", json!(t.unknown_share)),
        ],
    )];
    if c.placed > 0 {
        text.push(page.phrase("ui.placed", [("n", json!(c.placed))]));
    }
    if c.untimed > 0 && page.style.verbose {
        text.push(page.phrase("ui.untimed", [("n", json!(c.untimed))]));
    }
    if !report.skipped.is_empty() {
        text.push(page.phrase("ui.skipped", [("n", json!(t.skipped))]));
    }
    page.paragraph("  ", &text.join(page.label("ui.semicolon")), None)?;
    // Many files may have the same fault: a few of each kind show it, and hide no other.
    const OF_A_KIND: usize = 3;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut more = 0;
    for i in &report.inputs {
        for issue in &i.issues {
            let seen = kinds.entry(&issue.reason.id).or_default();
            *seen += 1;
            if *seen > OF_A_KIND && !page.style.verbose {
                more += 1;
                continue;
            }
            page.paragraph(
                "  ! ",
                &page.phrase(
                    "ui.issue",
                    [
                        ("path", json!(i.path)),
                        ("line", json!(issue.line)),
                        ("offset", json!(issue.offset)),
                        ("what", json!(issue.shown(page.style.lang))),
                    ],
                ),
                Some(colour_of(Severity::Medium)),
            )?;
        }
    }
    if more > 0 {
        page.more("ui.more-verbose", more)?;
    }
    let all = page.style.verbose;
    for s in report.skipped.iter().filter(|s| s.failed || all) {
        let params = [
            ("path", json!(s.path)),
            ("why", json!(s.shown(page.style.lang))),
        ];
        page.paragraph("  ! ", &page.phrase("ui.file-why", params), Some(dim()))?;
    }
    if page.style.verbose {
        coverage(page, report)?;
        let lang = page.style.lang;
        let rows = read.iter().map(|i| {
            vec![
                cut(&terminal(&i.path), 48),
                i.format.clone(),
                Bytes(i.bytes).to_string(),
                part(lang, &i.coverage.recognised),
                part(lang, &i.coverage.unimportant),
                part(lang, &i.coverage.unknown),
                if i.complete { "" } else { page.label("ui.cut") }.to_owned(),
            ]
        });
        let rows = rows.collect();
        let head = page.labels([
            "ui.file",
            "ui.format",
            "ui.size",
            "ui.read-used",
            "ui.minor",
            "ui.unknown",
            "",
        ]);
        table(page, &head, &[2, 3, 4, 5], rows)?;
    }
    Ok(())
}

/// Records, and their share of the bytes.
fn part(lang: Lang, p: &Part) -> String {
    match p.share {
        Some(share) if p.records > 0 => {
            let share = lang.percent(share).replace(' ', "");
            format!("{} {share}", grouped(p.records))
        }
        _ => String::new(),
    }
}

/// What was understood of all inputs, and the commonest texts that were not.
fn coverage(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let c = &report.coverage;
    let part = |p: &Part| {
        let params = [
            ("records", json!(p.records)),
            ("bytes", json!(p.bytes)),
            ("share", json!(p.share.unwrap_or(0.0))),
        ];
        json!(page.phrase("ui.part", params))
    };
    let parts = [
        ("used", part(&c.recognised)),
        ("minor", part(&c.unimportant)),
        ("unknown", part(&c.unknown)),
    ];
    page.paragraph("  ", &page.phrase("ui.parts", parts), None)?;
    for s in &c.unknown_shapes {
        let id = if s.at_least {
            "ui.shape-at-least"
        } else {
            "ui.shape"
        };
        let params = [
            ("n", json!(s.records)),
            ("shape", json!(s.shape)),
            ("path", json!(s.path)),
            ("line", json!(s.line)),
        ];
        page.paragraph("  ? ", &page.phrase(id, params), Some(dim()))?;
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
    let least: Vec<usize> = keep
        .iter()
        .map(|&c| {
            let breaks = match c {
                0 => Breaks::Never,
                c if right.contains(&c) => Breaks::BeforeBrackets,
                _ => Breaks::AtBlanks,
            };
            least_width(head[c], &rows, c, breaks)
        })
        .collect();
    // A blank on each side of a column, and one before the line.
    if least.iter().map(|w| w + 2).sum::<usize>() + 1 > page.style.width {
        return stacked(page, head, &keep, &rows);
    }
    let mut t = Table::new();
    t.load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(page.style.width.saturating_sub(1)).unwrap_or(u16::MAX))
        .set_header(keep.iter().map(|&c| head[c]));
    for r in rows {
        t.add_row(keep.iter().map(|&c| r.get(c).cloned().unwrap_or_default()));
    }
    for (i, &c) in keep.iter().enumerate() {
        if let Some(column) = t.column_mut(i) {
            if right.contains(&c) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            let width = u16::try_from(least[i] + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
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

/// Where the cells of a column may break.
#[derive(Clone, Copy)]
enum Breaks {
    /// What gets copied: an address, a connection id.
    Never,
    /// Figures with their unit, and perhaps the same in full behind it.
    BeforeBrackets,
    /// Texts.
    AtBlanks,
}

/// Longer words than this may break, so that one long name does not take a table apart.
const WORD: usize = 36;

/// Columns that a column needs without a break where none should be.
fn least_width(head: &str, rows: &[Vec<String>], column: usize, breaks: Breaks) -> usize {
    let longest = |text: &str, at: &str| {
        let pieces = text.split(at).map(UnicodeWidthStr::width);
        pieces.max().unwrap_or(0)
    };
    let needs = |cell: &String| match breaks {
        Breaks::Never => cell.width(),
        Breaks::BeforeBrackets => longest(cell, " (") + usize::from(cell.contains(" (")),
        Breaks::AtBlanks => longest(cell, " ").min(WORD),
    };
    let cells = rows.iter().filter_map(|r| r.get(column)).map(needs);
    cells.max().unwrap_or(0).max(longest(head, " "))
}

/// A table that is too wide: each row as a line of its own with the other columns below it, by name.
fn stacked(
    page: &mut Page<'_>,
    head: &[&str],
    keep: &[usize],
    rows: &[Vec<String>],
) -> io::Result<()> {
    let Some((first, others)) = keep.split_first() else {
        return Ok(());
    };
    for r in rows {
        let cell = |c: usize| r.get(c).map_or("", String::as_str);
        page.paragraph("  ", cell(*first), Some(bold()))?;
        let told: Vec<String> = others
            .iter()
            .filter(|&&c| !matches!(cell(c), "" | "-"))
            .map(|&c| format!("{} {}", head[c], cell(c)).trim_start().to_owned())
            .collect();
        page.paragraph("    ", &told.join(page.label("ui.comma")), None)?;
    }
    Ok(())
}

/// Explains a rule, or lists all.
///
/// # Errors
/// An id that no rule has; what the writer says.
pub fn explain(
    id: Option<&str>,
    width: usize,
    lang: Lang,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let style = Style {
        width,
        colour: false,
        top: 0,
        verbose: false,
        lang,
    };
    let mut page = Page::new(out, style);
    let Some(id) = id else {
        for r in RULES {
            let kind = padded(word(lang, "kind", r.kind.name()), 10);
            page.paragraph(&format!("{:<26} {kind} ", r.id), r.text(lang).title, None)?;
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

fn explain_rule(page: &mut Page<'_>, r: &Rule) -> io::Result<()> {
    let lang = page.style.lang;
    let text = r.text(lang);
    let head = page.phrase(
        "ui.rule",
        [
            ("id", json!(r.id)),
            ("title", json!(text.title)),
            ("kind", json!(r.kind.name())),
        ],
    );
    page.paragraph("", &head, None)?;
    for (title, text) in [
        ("ui.what", text.what),
        ("ui.speaks-for", text.speaks_for),
        ("ui.speaks-against", text.speaks_against),
        ("ui.remedy", text.remedy),
        ("ui.sources", text.sources),
    ] {
        page.heading(page.label(title))?;
        page.paragraph("  ", text, None)?;
    }
    if !r.needs.is_empty() {
        page.heading(page.label("ui.needs"))?;
        let needs: Vec<_> = r
            .needs
            .iter()
            .map(|f| word(lang, "family", f.name()))
            .collect();
        page.paragraph("  ", &lang.list(&needs), None)?;
    }
    Ok(())
}
