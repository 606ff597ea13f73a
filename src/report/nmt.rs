//! NMT for a terminal: one report, what changed between two, or a series, category by category and call site by call site;
//! and resident memory held against it.

use std::io::{self, Write};

use serde_json::json;

use super::Report;
use super::escape::{cut, terminal};
use super::model::NodeReport;
use super::native::{CategoryCourse, NativeMemory, Resident, SiteCourse};
use super::table::{Page, Style, clock, dim, table};
use crate::text::{Lang, grouped, phrase, word};
use crate::units::Bytes;

/// Writes what the report knows of its NMT reports.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, *style);
    let several = report.nodes.len() > 1;
    let mut any = false;
    for n in &report.nodes {
        let Some(m) = &n.native_memory else { continue };
        any = true;
        head(&mut page, n, m, several)?;
        categories(&mut page, n, m)?;
        limit(&mut page, n, m)?;
        sites(&mut page, m)?;
        if let Some(r) = &n.resident {
            resident(&mut page, n, r)?;
        }
    }
    if !any {
        let status = report
            .nodes
            .iter()
            .find_map(|n| n.facts.nmt_status.as_ref());
        let text = match status {
            Some(s) => page.phrase("nmt.no-report-but", [("answer", json!(s.to_string()))]),
            None => page.label("nmt.no-report").to_owned(),
        };
        page.paragraph("", &text, None)?;
    }
    let issues = report.inputs.iter().filter(|i| !i.issues.is_empty());
    for (input, i) in issues.flat_map(|input| input.issues.iter().map(move |i| (input, i))) {
        let place = ("path", json!(format!("{}:{}", input.path, i.line)));
        let why = ("why", json!(i.shown(page.style.lang)));
        let text = page.phrase("ui.file-why", [place, why]);
        page.paragraph("  ! ", &text, None)?;
    }
    Ok(())
}

fn head(page: &mut Page<'_>, n: &NodeReport, m: &NativeMemory, several: bool) -> io::Result<()> {
    let mut about = Vec::new();
    if several {
        about.push(n.id.clone());
    }
    about.push(match (m.kind.as_str(), m.samples) {
        ("diff", 1) => page.label("nmt.one-diff").to_owned(),
        (_, 1) => page.label("nmt.one").to_owned(),
        (_, n) => page.phrase("nmt.reports", [("n", json!(n))]),
    });
    if let Some(p) = m.pid {
        about.push(format!("pid {p}"));
    }
    if let Some(v) = &n.jvm.version {
        about.push(format!("JDK {v}"));
    }
    match (&m.from, &m.to) {
        (Some(_), Some(_)) if m.samples > 1 => {
            let id = match m.lasts_s {
                Some(_) => "nmt.from-to-lasts",
                None => "nmt.from-to",
            };
            let params = [
                ("from", json!(clock(n, m.from.as_ref()))),
                ("to", json!(clock(n, m.to.as_ref()))),
                ("lasts", json!(m.lasts_s)),
            ];
            about.push(page.phrase(id, params));
        }
        (Some(_), _) => about.push(clock(n, m.from.as_ref())),
        _ => {}
    }
    match m.time_source.as_str() {
        "heading" => {}
        "none" => about.push(page.label("nmt.undated").to_owned()),
        from => about.push(page.phrase("nmt.times", [("source", json!(from))])),
    }
    let lead = format!("{}  ", page.label("nmt.title"));
    page.paragraph(&lead, &about.join(page.label("ui.comma")), None)?;
    if let Some(t) = &m.direct_explained {
        page.paragraph("  ", &t.shown(page.style.lang), Some(dim()))?;
    }
    if m.other_processes > 0 {
        let text = page.phrase("nmt.of-others", [("n", json!(m.other_processes))]);
        page.paragraph("  ", &text, Some(dim()))?;
    }
    Ok(())
}

fn bytes(b: u64) -> String {
    Bytes(b).to_string()
}

/// Bytes an hour, with their sign.
fn rate(lang: Lang, bytes_per_hour: f64) -> String {
    let sign = if bytes_per_hour < 0.0 { '-' } else { '+' };
    format!("{sign}{}", lang.rate(bytes_per_hour.abs()))
}

fn signed(b: Option<i64>) -> String {
    match b {
        None => String::new(),
        Some(0) => "0".to_owned(),
        Some(b) if b < 0 => format!("-{}", Bytes(b.unsigned_abs())),
        Some(b) => format!("+{}", Bytes(b.unsigned_abs())),
    }
}

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The values between their own lowest and highest: what changed is what is looked for.
fn spark(values: &[u64], columns: usize) -> String {
    let low = values.iter().copied().min().unwrap_or(0);
    let span = values
        .iter()
        .copied()
        .max()
        .unwrap_or(0)
        .saturating_sub(low);
    let shown = values.len().min(columns);
    (0..shown)
        .map(|c| {
            let v = values[c * values.len() / shown];
            let level = (v - low) as f64 / span.max(1) as f64 * 7.0;
            BLOCKS[(level.round() as usize).min(7)]
        })
        .collect()
}

fn categories(page: &mut Page<'_>, n: &NodeReport, m: &NativeMemory) -> io::Result<()> {
    page.blank()?;
    let most = if page.style.verbose {
        usize::MAX
    } else {
        page.style.top.max(1)
    };
    let series = m.kind == "series";
    let columns = page.style.width.saturating_sub(88).clamp(8, 40);
    let lang = page.style.lang;
    let row = |c: &CategoryCourse| {
        let mut name = terminal(&c.name);
        if m.direct_category.as_ref() == Some(&c.name) {
            name.push_str(" *");
        }
        let rate = match (&c.trend, &c.course) {
            (Some(t), _) => rate(lang, t.bytes_per_hour),
            (None, Some(c)) => word(lang, "course", c).to_owned(),
            (None, None) => String::new(),
        };
        let range = c.trend.as_ref().map_or_else(String::new, |t| {
            format!(
                "{} … {}",
                Bytes(t.low.max(0.0) as u64),
                Bytes(t.high.max(0.0) as u64)
            )
        });
        let steps = c.largest_step.as_ref().map_or_else(String::new, |s| {
            let params = [("n", json!(c.steps)), ("bytes", json!(s.bytes))];
            phrase(lang, "nmt.steps-up-to", params)
        });
        let only = |shown: bool, text: String| if shown { text } else { String::new() };
        let wide = !series || page.style.verbose;
        vec![
            name,
            only(wide, bytes(c.reserved_bytes)),
            only(!series, signed(c.reserved_delta_bytes)),
            bytes(c.committed_bytes),
            c.share.map_or_else(String::new, |s| lang.percent(s)),
            signed(c.committed_delta_bytes),
            only(series, rate),
            only(series, range),
            only(series && page.style.verbose, steps),
            only(series, spark(&c.values, columns)),
        ]
    };
    let mut rows = vec![row(&m.total)];
    rows.extend(m.categories.iter().take(most).map(row));
    let head = page.labels([
        "nmt.category",
        "nmt.reserved",
        "nmt.change",
        "nmt.committed",
        "heap.share",
        "nmt.change",
        "nmt.rate",
        "nmt.range",
        "nmt.steps",
        "nmt.course",
    ]);
    table(page, &head, &[1, 2, 3, 4, 5], rows)?;
    let left = m.categories.len().saturating_sub(most);
    if left > 0 {
        page.more("ui.more-top-verbose", left)?;
    }
    if m.direct_category.is_some() {
        page.paragraph("  ", page.label("nmt.holds-direct"), Some(dim()))?;
    }
    let step = m.total.largest_step.as_ref().filter(|_| series);
    if let Some(s) = step {
        let t = json!(clock(n, s.t.as_ref()));
        let text = page.phrase("nmt.largest-step", [("bytes", json!(s.bytes)), ("t", t)]);
        page.paragraph("  ", &text, None)?;
    }
    Ok(())
}

/// Direct memory against its limit, and when it gets there.
fn limit(page: &mut Page<'_>, n: &NodeReport, m: &NativeMemory) -> io::Result<()> {
    let d = &n.direct_memory;
    let (Some(_), Some(limit)) = (&m.direct_category, &d.limit_explained) else {
        return Ok(());
    };
    page.paragraph(&page.lead("ui.limit"), &limit.shown(page.style.lang), None)?;
    if let Some(left) = d.trend.as_ref().and_then(|t| t.time_to_limit_s) {
        let text = if left < 1.0 {
            page.label("nmt.reached").to_owned()
        } else {
            page.phrase("nmt.reached-in", [("left", json!(left))])
        };
        page.paragraph("         ", &text, None)?;
    }
    Ok(())
}

/// The frames that have a name, innermost first, without offsets.
fn frames(page: &Page<'_>, s: &SiteCourse) -> String {
    let bare = |f: &String| {
        let f = f.rsplit_once("+0x").map_or(f.as_str(), |(name, _)| name);
        terminal(f)
    };
    let named: Vec<String> = s
        .frames
        .iter()
        .filter(|f| !f.starts_with("[0x"))
        .map(bare)
        .collect();
    if named.is_empty() {
        page.label("nmt.no-symbol").to_owned()
    } else {
        named.join(" < ")
    }
}

fn sites(page: &mut Page<'_>, m: &NativeMemory) -> io::Result<()> {
    if m.sites.is_empty() {
        return Ok(());
    }
    page.heading(page.label("nmt.sites"))?;
    let room = page.style.width.saturating_sub(58).max(20);
    let rows = m
        .sites
        .iter()
        .take(page.style.top)
        .map(|s| {
            vec![
                bytes(s.bytes),
                signed(s.delta_bytes),
                s.count.map_or_else(String::new, grouped),
                s.category.as_deref().map_or_else(String::new, terminal),
                cut(&frames(page, s), room),
            ]
        })
        .collect();
    let head = page.labels([
        "heap.bytes",
        "nmt.change",
        "nmt.blocks",
        "nmt.category",
        "nmt.frames",
    ]);
    table(page, &head, &[0, 1, 2], rows)?;
    let left = usize::try_from(m.sites_total).unwrap_or(usize::MAX);
    let left = left.saturating_sub(page.style.top.min(m.sites.len()));
    if left > 0 {
        page.more("ui.more-top", left)?;
    }
    Ok(())
}

/// Resident memory, part by part.
pub(super) fn resident(page: &mut Page<'_>, n: &NodeReport, r: &Resident) -> io::Result<()> {
    let at = [
        ("bytes", json!(r.rss_bytes)),
        ("t", json!(clock(n, r.t.as_ref()))),
    ];
    let at = page.phrase("nmt.at", at);
    page.heading(&format!("{}  {at}", page.label("nmt.resident")))?;
    let lang = page.style.lang;
    let rows = r
        .parts
        .iter()
        .map(|p| {
            let size = if p.bytes < 0 {
                signed(Some(p.bytes))
            } else {
                bytes(p.bytes.unsigned_abs())
            };
            vec![size, lang.percent(p.share), p.what.shown(lang)]
        })
        .collect();
    let head = page.labels(["heap.bytes", "heap.share", "nmt.what"]);
    table(page, &head, &[0, 1], rows)?;
    page.paragraph("  ", &r.left_explained.shown(lang), None)?;
    if !r.kinds.is_empty() {
        let kinds: Vec<String> = r
            .kinds
            .iter()
            .map(|k| {
                let params = [
                    ("kind", json!(k.kind)),
                    ("bytes", json!(k.rss_bytes)),
                    ("n", json!(k.mappings)),
                ];
                page.phrase("nmt.kind", params)
            })
            .collect();
        let lead = format!("  {}  ", page.label("nmt.mappings"));
        page.paragraph(&lead, &lang.list(&kinds), Some(dim()))?;
    }
    let told = [
        ("nmt.swapped", r.swap_bytes),
        ("nmt.malloc-system", r.malloc_system_bytes),
        ("nmt.malloc-kept", r.malloc_kept_bytes),
        ("nmt.container-limit", r.container_limit_bytes),
        ("nmt.physical", r.physical_bytes),
    ];
    let told: Vec<String> = told
        .iter()
        .filter_map(|(id, b)| b.map(|b| page.phrase(id, [("bytes", json!(b))])))
        .collect();
    if !told.is_empty() {
        page.paragraph("  ", &told.join(page.label("ui.comma")), Some(dim()))?;
    }
    Ok(())
}
