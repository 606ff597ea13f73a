//! What NMT says of a node's process over time, category by category and call site by call site, and resident memory held
//! against it. The report's members `native_memory` and `resident`; what is shown of them is laid out by [`super::nmt`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Places;
use crate::facts::memory::{Gauge, NmtSample};
use crate::facts::system::MapSample;
use crate::parse::nmt::{Amounts, Category, NmtReport};
use crate::parse::proc::MappingKind;
use crate::rules::Case;
use crate::rules::shape::{Course, look};
use crate::text::Text;
use crate::units::WallTime;

/// NMT over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NativeMemory {
    /// `report` (one), `diff` (one that NMT compared with its baseline, or two), `series` (more).
    pub kind: String,
    /// Reports taken into account: those of one process.
    pub samples: u64,
    /// Reports of other processes among the inputs.
    pub other_processes: u64,
    /// The process.
    pub pid: Option<u64>,
    /// The first report.
    pub from: Option<String>,
    /// The last.
    pub to: Option<String>,
    /// Where their times come from: `heading`, `file-name`, `modification-time`, `none`.
    pub time_source: String,
    /// Seconds between them.
    pub lasts_s: Option<f64>,
    /// The category that holds direct memory on this JDK.
    pub direct_category: Option<String>,
    /// What else is in it.
    pub direct_explained: Option<Text>,
    /// All categories together, as NMT adds them up.
    pub total: CategoryCourse,
    /// One by one: the one that changed most first, else the largest.
    pub categories: Vec<CategoryCourse>,
    /// Call sites of detail reports, ranked likewise.
    pub sites: Vec<SiteCourse>,
    /// How many there are in all.
    pub sites_total: u64,
}

/// A category over the reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryCourse {
    /// Its name.
    pub name: String,
    /// Reserved, in the last report.
    pub reserved_bytes: u64,
    /// Committed, in the last report.
    pub committed_bytes: u64,
    /// Of the total committed.
    pub share: Option<f64>,
    /// Change of what is reserved from the first report, or the baseline, to the last.
    pub reserved_delta_bytes: Option<i64>,
    /// Change of what is committed.
    pub committed_delta_bytes: Option<i64>,
    /// Most committed, in any report or by NMT's own word.
    pub peak_bytes: u64,
    /// Live allocations by malloc, in the last report.
    pub count: Option<u64>,
    /// `flat`, `growing`, `plateau`, `returned`, `bursts`; `null` with fewer than five reports.
    pub course: Option<String>,
    /// The rate of a rise, where it is surely one.
    pub trend: Option<CategoryTrend>,
    /// Rises of at least a mebibyte from one report to the next.
    pub steps: u64,
    /// The largest of them.
    pub largest_step: Option<Step>,
    /// Committed over time: each report, or the largest of each part of them where there are many.
    pub values: Vec<u64>,
}

/// A rate with its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryTrend {
    /// Median slope.
    pub bytes_per_hour: f64,
    /// Tenth percentile.
    pub low: f64,
    /// Ninetieth percentile.
    pub high: f64,
    /// Since when.
    pub since: Option<String>,
}

/// A rise from one report to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The report that shows it.
    pub t: Option<String>,
    /// By how much.
    pub bytes: u64,
}

/// A call site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteCourse {
    /// Innermost first.
    pub frames: Vec<String>,
    /// Its category.
    pub category: Option<String>,
    /// Live bytes (malloc) or committed bytes (mmap) in the last detail report.
    pub bytes: u64,
    /// Live allocations.
    pub count: Option<u64>,
    /// Change from the first detail report, or the baseline.
    pub delta_bytes: Option<i64>,
    /// Change of the allocations.
    pub delta_count: Option<i64>,
}

/// Resident memory and what accounts for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resident {
    /// When it was measured.
    pub t: Option<String>,
    /// Resident.
    pub rss_bytes: u64,
    /// Of that no file's.
    pub anon_bytes: Option<u64>,
    /// Swapped out.
    pub swap_bytes: Option<u64>,
    /// What it consists of; the bytes add up to `rss_bytes`.
    pub parts: Vec<Part>,
    /// What the last part means.
    pub left_explained: Text,
    /// Resident by kind of mapping, the largest first.
    pub kinds: Vec<KindResident>,
    /// Taken from the system by malloc's arenas, and by its own blocks.
    pub malloc_system_bytes: Option<u64>,
    /// Of that freed and kept.
    pub malloc_kept_bytes: Option<u64>,
    /// What the container may use.
    pub container_limit_bytes: Option<u64>,
    /// What the machine has.
    pub physical_bytes: Option<u64>,
}

/// A part of resident memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// `java-heap`, `java-heap-committed`, `nmt-other`, `thread-stacks`, `files`, `left`.
    pub name: String,
    /// Bytes; below zero for `left` when NMT has committed what was never touched.
    pub bytes: i64,
    /// Of the resident memory.
    pub share: f64,
    /// What it is.
    pub what: Text,
}

/// Resident memory of one kind of mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KindResident {
    /// `malloc-arena`, `anonymous`, `library`…
    pub kind: String,
    /// Mappings.
    pub mappings: u64,
    /// Resident.
    pub rss_bytes: u64,
    /// Of all resident memory.
    pub share: f64,
}

/// Values of a category kept: a line of a table has no more columns.
const VALUES: usize = 60;
/// Call sites kept.
const SITES: usize = 200;
/// A rise that counts as a step.
const STEP: u64 = 1 << 20;

fn ratio(part: i64, all: u64) -> f64 {
    (part as f64 / all.max(1) as f64 * 1e4).round() / 1e4
}

/// The reports of the process that the last one is of, in order of time, and how many are of others.
fn reports<'a>(case: &Case<'a>) -> (Vec<&'a NmtSample>, u64) {
    let (of_run, before): (Vec<&NmtSample>, Vec<&NmtSample>) = case
        .facts
        .memory
        .nmt
        .iter()
        .filter(|s| s.report.total.is_some())
        .partition(|s| s.time.is_none_or(|t| case.run.lives(t)));
    // A run without a log has the number of whichever report came first.
    let told = case.facts.log.marks.iter().any(|m| m.pid == case.run.pid);
    let last = of_run.iter().rev().find_map(|s| s.report.pid);
    let pid = case.run.pid.filter(|_| told).or(last.map(u64::from));
    let is_other = |s: &&NmtSample| match (s.report.pid, pid) {
        (Some(theirs), Some(ours)) => u64::from(theirs) != ours,
        _ => false,
    };
    let others = before.into_iter().filter(is_other).count();
    let (others_now, own): (Vec<_>, Vec<_>) = of_run.into_iter().partition(is_other);
    (own, (others + others_now.len()) as u64)
}

/// What the reports of the run add up to; `None` when there is none.
pub(super) fn native_memory(case: &Case<'_>, places: &Places<'_>) -> Option<NativeMemory> {
    let (samples, other_processes) = reports(case);
    let (first, last) = (*samples.first()?, *samples.last()?);
    let kind = match samples.len() {
        1 if last.report.kind.is_diff() => "diff",
        1 => "report",
        2 => "diff",
        _ => "series",
    };
    let mut names: Vec<&str> = Vec::new();
    for s in &samples {
        for c in &s.report.categories {
            if !names.contains(&c.name.as_str()) {
                names.push(&c.name);
            }
        }
    }
    let all = last.report.total?.committed.bytes;
    let mut categories: Vec<CategoryCourse> = names
        .into_iter()
        .map(|name| {
            let of = |r: &NmtReport| r.category(name).map(|c| c.amounts);
            let mut course = course(name, &samples, &of, places);
            let now = last.report.category(name);
            course.share = Some(ratio(
                i64::try_from(course.committed_bytes).unwrap_or(i64::MAX),
                all,
            ));
            course.count = now.and_then(|c| c.malloc.as_ref()?.count).map(|c| c.n);
            course.peak_bytes = course.peak_bytes.max(now.map_or(0, printed_peak));
            course
        })
        .collect();
    let changed = |c: &CategoryCourse| c.committed_delta_bytes.unwrap_or(0).unsigned_abs();
    categories.sort_by(|a, b| {
        changed(b)
            .cmp(&changed(a))
            .then(b.committed_bytes.cmp(&a.committed_bytes))
            .then(a.name.cmp(&b.name))
    });
    let direct = last.report.direct_category(case.jdk);
    let (sites, sites_total) = sites(&samples);
    Some(NativeMemory {
        kind: kind.to_owned(),
        samples: samples.len() as u64,
        other_processes,
        pid: last.report.pid.map(u64::from).or(case.run.pid),
        from: first.time.map(|t| places.time(t)),
        to: last.time.map(|t| places.time(t)),
        time_source: super::facts::time_source_name(last.time_source).to_owned(),
        lasts_s: first
            .time
            .zip(last.time)
            .filter(|_| samples.len() > 1)
            .map(|(a, b)| (b.0 - a.0) as f64 / 1000.0),
        direct_explained: direct.map(|name| {
            let id = if name == "Internal" {
                "nmt.direct-internal"
            } else {
                "nmt.direct-other"
            };
            Text::new(id, [("category", json!(name))])
        }),
        direct_category: direct.map(str::to_owned),
        total: course("Total", &samples, &|r| r.total, places),
        categories,
        sites,
        sites_total,
    })
}

/// What 17 and later print as the peak of a category.
fn printed_peak(c: &Category) -> u64 {
    let malloc = c.malloc.as_ref().and_then(|m| m.peak).unwrap_or(0);
    malloc.max(c.mmap.and_then(|m| m.committed_peak).unwrap_or(0))
}

fn course(
    name: &str,
    samples: &[&NmtSample],
    of: &dyn Fn(&NmtReport) -> Option<Amounts>,
    places: &Places<'_>,
) -> CategoryCourse {
    // A category that rounds to nothing is left out of a report.
    let amounts: Vec<Amounts> = samples
        .iter()
        .map(|s| of(&s.report).unwrap_or_default())
        .collect();
    let (Some(first), Some(last)) = (amounts.first(), amounts.last()) else {
        return CategoryCourse::default();
    };
    let committed: Vec<u64> = amounts.iter().map(|a| a.committed.bytes).collect();
    let alone = samples.len() == 1;
    let change = |from: u64, to: u64, told: Option<i64>| {
        if alone {
            return told;
        }
        let (from, to) = (i64::try_from(from).ok()?, i64::try_from(to).ok()?);
        Some(to.saturating_sub(from))
    };
    let points: Vec<(WallTime, u64)> = samples
        .iter()
        .zip(&committed)
        .filter_map(|(s, b)| Some((s.time?, *b)))
        .collect();
    let shape = look(&points, (last.committed.bytes / 20).max(STEP));
    let rises = shape.course != Course::Flat && shape.course != Course::Unknown;
    let mut steps = 0;
    let mut largest: Option<(u64, usize)> = None;
    for (i, w) in committed.windows(2).enumerate() {
        let rise = w[1].saturating_sub(w[0]);
        if rise >= STEP {
            steps += 1;
            largest = largest.max(Some((rise, i + 1)));
        }
    }
    CategoryCourse {
        name: name.to_owned(),
        reserved_bytes: last.reserved.bytes,
        committed_bytes: last.committed.bytes,
        share: None,
        reserved_delta_bytes: change(
            first.reserved.bytes,
            last.reserved.bytes,
            last.reserved.delta,
        ),
        committed_delta_bytes: change(
            first.committed.bytes,
            last.committed.bytes,
            last.committed.delta,
        ),
        peak_bytes: committed.iter().copied().max().unwrap_or(0),
        count: None,
        course: super::course_name(shape.course).map(str::to_owned),
        trend: shape
            .slope
            .filter(|s| rises && s.low > 0.0)
            .map(|s| CategoryTrend {
                bytes_per_hour: s.bytes_per_hour.round(),
                low: s.low.round(),
                high: s.high.round(),
                since: shape.onset.map(|t| places.time(t)),
            }),
        steps,
        largest_step: largest.map(|(bytes, at)| Step {
            t: samples[at].time.map(|t| places.time(t)),
            bytes,
        }),
        values: thinned(&committed),
    }
}

/// The largest of each of at most [`VALUES`] parts.
fn thinned(all: &[u64]) -> Vec<u64> {
    let parts = all.len().min(VALUES);
    (0..parts)
        .filter_map(|i| {
            let (a, b) = (i * all.len() / parts, (i + 1) * all.len() / parts);
            all.get(a..b)?.iter().copied().max()
        })
        .collect()
}

/// Sites that have the same frames and category are one.
type SiteKey<'a> = (Option<&'a str>, &'a [String]);

/// Bytes and allocations of the sites of a report.
fn site_sums<'a>(r: &'a NmtReport) -> BTreeMap<SiteKey<'a>, (u64, Option<u64>)> {
    let mut sums: BTreeMap<SiteKey<'a>, (u64, Option<u64>)> = BTreeMap::new();
    for s in &r.sites {
        let sum = sums
            .entry((s.category.as_deref(), &s.frames))
            .or_insert((0, None));
        sum.0 = sum.0.saturating_add(s.bytes.bytes);
        if let Some(c) = s.count {
            sum.1 = Some(sum.1.unwrap_or(0).saturating_add(c.n));
        }
    }
    sums
}

fn sites(samples: &[&NmtSample]) -> (Vec<SiteCourse>, u64) {
    let mut detailed = samples.iter().filter(|s| !s.report.sites.is_empty());
    let Some(first) = detailed.next() else {
        return (Vec::new(), 0);
    };
    let last = detailed.next_back();
    let mut out: Vec<SiteCourse> = match last {
        None => first
            .report
            .sites
            .iter()
            .map(|s| SiteCourse {
                frames: s.frames.clone(),
                category: s.category.clone(),
                bytes: s.bytes.bytes,
                count: s.count.map(|c| c.n),
                delta_bytes: s.bytes.delta,
                delta_count: s.count.and_then(|c| c.delta),
            })
            .collect(),
        Some(last) => {
            let (before, after) = (site_sums(&first.report), site_sums(&last.report));
            let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
            let less = |a: u64, b: u64| {
                let (a, b) = (i128::from(a), i128::from(b));
                i64::try_from(a - b).ok()
            };
            keys.into_iter()
                .map(|key| {
                    let was = before.get(key).copied().unwrap_or_default();
                    let is = after.get(key).copied().unwrap_or_default();
                    SiteCourse {
                        frames: key.1.to_vec(),
                        category: key.0.map(str::to_owned),
                        bytes: is.0,
                        count: is.1,
                        delta_bytes: less(is.0, was.0),
                        delta_count: less(is.1.unwrap_or(0), was.1.unwrap_or(0)),
                    }
                })
                .collect()
        }
    };
    let changed = |s: &SiteCourse| s.delta_bytes.unwrap_or(0).unsigned_abs();
    out.sort_by(|a, b| {
        changed(b)
            .cmp(&changed(a))
            .then(b.bytes.cmp(&a.bytes))
            .then_with(|| a.frames.cmp(&b.frames))
            .then_with(|| a.category.cmp(&b.category))
    });
    let total = out.len() as u64;
    out.truncate(SITES);
    (out, total)
}

/// Resident memory at its last measurement, taken apart; `None` when nothing tells it.
pub(super) fn resident(case: &Case<'_>, places: &Places<'_>) -> Option<Resident> {
    let last = |gauge: Gauge| {
        case.facts
            .memory
            .gauges
            .iter()
            .rfind(|g| g.gauge == gauge && g.time.is_none_or(|t| case.run.lives(t)))
    };
    let map = case
        .facts
        .system
        .maps
        .iter()
        .rfind(|m| m.with_usage && m.time.is_none_or(|t| case.run.lives(t)));
    // Mappings tell most; their sum is of the same moment.
    let (time, rss, anon) = match map {
        Some(m) => (m.time, m.total.rss, Some(m.total.anonymous)),
        None => {
            let rss = last(Gauge::Rss)?;
            let anon = last(Gauge::RssAnon)
                .filter(|a| a.time == rss.time)
                .map(|a| a.value);
            (rss.time, rss.value, anon)
        }
    };
    let nmt = nearest(case, time);
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut parts: Vec<(&str, i64)> = Vec::new();
    let kind = |k: MappingKind| map.map(|m| m.kinds.get(&k).map_or(0, |u| u.rss));
    let committed = |name: &str| {
        nmt.and_then(|s| s.report.category(name))
            .map_or(0, |c| c.amounts.committed.bytes)
    };
    if let Some(heap) = kind(MappingKind::JavaHeap) {
        parts.push(("java-heap", signed(heap)));
    } else if nmt.is_some() {
        parts.push(("java-heap-committed", signed(committed("Java Heap"))));
    }
    if let Some(total) = nmt.and_then(|s| s.report.total) {
        // Stacks are counted by what they touched where mappings tell it: before 11 NMT counts them whole.
        let stacks = if map.is_some() {
            committed("Thread")
        } else {
            0
        };
        let other = total
            .committed
            .bytes
            .saturating_sub(committed("Java Heap"))
            .saturating_sub(stacks);
        parts.push(("nmt-other", signed(other)));
    }
    if let Some(stacks) = kind(MappingKind::ThreadStack) {
        parts.push(("thread-stacks", signed(stacks)));
    }
    let files = match map {
        Some(_) => [MappingKind::Library, MappingKind::File, MappingKind::Kernel]
            .into_iter()
            .filter_map(kind)
            .sum(),
        None => anon.map_or(0, |a| rss.saturating_sub(a)),
    };
    if files > 0 {
        parts.push(("files", signed(files)));
    }
    let left = signed(rss) - parts.iter().map(|p| p.1).sum::<i64>();
    parts.push(("left", left));
    let malloc = case.facts.system.malloc.last();
    Some(Resident {
        t: time.map(|t| places.time(t)),
        rss_bytes: rss,
        anon_bytes: anon,
        swap_bytes: last(Gauge::Swap).map(|g| g.value),
        left_explained: left_explained(left, nmt.is_some(), map),
        parts: parts
            .into_iter()
            .map(|(name, bytes)| Part {
                name: name.to_owned(),
                bytes,
                share: ratio(bytes, rss),
                what: what(name),
            })
            .collect(),
        kinds: map.map_or_else(Vec::new, |m| kinds(m, rss)),
        malloc_system_bytes: malloc
            .and_then(|m| Some(m.info.system?.saturating_add(m.info.mapped.unwrap_or(0)))),
        malloc_kept_bytes: malloc.and_then(|m| m.info.kept),
        container_limit_bytes: case.facts.system.container_limit.as_ref().map(|l| l.0),
        physical_bytes: case.facts.memory.physical.as_ref().map(|p| p.0),
    })
}

/// What a part is.
fn what(name: &str) -> Text {
    match name {
        "java-heap" => Text::new("resident.java-heap", []),
        "java-heap-committed" => Text::new("resident.java-heap-committed", []),
        "nmt-other" => Text::new("resident.nmt-other", []),
        "thread-stacks" => Text::new("resident.thread-stacks", []),
        "files" => Text::new("resident.files", []),
        _ => Text::new("resident.left", []),
    }
}

/// The report nearest to a time, of the same run: figures of two moments do not add up.
fn nearest<'a>(case: &Case<'a>, time: Option<WallTime>) -> Option<&'a NmtSample> {
    /// Further apart they are of two moments.
    const APART_MS: u64 = 10 * 60_000;
    let all = case.nmt.iter().filter(|s| s.report.total.is_some());
    match time {
        None => all.copied().last(),
        Some(t) => all
            .copied()
            .filter(|s| s.time.is_none_or(|u| t.0.abs_diff(u.0) <= APART_MS))
            .min_by_key(|s| s.time.map_or(APART_MS, |u| t.0.abs_diff(u.0))),
    }
}

fn left_explained(left: i64, with_nmt: bool, map: Option<&MapSample>) -> Text {
    if !with_nmt {
        return Text::new("resident.left-unknown", []);
    }
    if left < 0 {
        return Text::new("resident.left-untouched", [("bytes", json!(-left))]);
    }
    let arenas = map.map_or(0, |m| {
        let of = |k| m.kinds.get(&k).map_or(0, |u| u.rss);
        of(MappingKind::MallocArena) + of(MappingKind::MallocHeap)
    });
    if arenas > 0 {
        return Text::new("resident.left-arenas", [("arenas", json!(arenas))]);
    }
    Text::new("resident.left-outside", [])
}

fn kinds(m: &MapSample, rss: u64) -> Vec<KindResident> {
    let mut all: Vec<KindResident> = m
        .kinds
        .iter()
        .filter(|(_, u)| u.rss > 0)
        .map(|(k, u)| KindResident {
            kind: k.name().to_owned(),
            mappings: u.mappings,
            rss_bytes: u.rss,
            share: ratio(i64::try_from(u.rss).unwrap_or(i64::MAX), rss),
        })
        .collect();
    all.sort_by(|a, b| b.rss_bytes.cmp(&a.rss_bytes).then(a.kind.cmp(&b.kind)));
    all
}
