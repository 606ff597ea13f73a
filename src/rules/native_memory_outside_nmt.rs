//! Resident memory grows by more than the JVM accounts for.

use serde_json::json;

use super::growth::gauge_samples;
use super::score::Weight;
use super::shape::{Course, look, theil_sen};
use super::{
    Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence,
};
use crate::facts::memory::{Gauge, GaugeSample};
use crate::facts::system::MapSample;
use crate::parse::nmt::NmtReport;
use crate::parse::proc::MappingKind;
use crate::text::{Text, local};
use crate::units::WallTime;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "native-memory-outside-nmt",
    kind: Kind::Cause,
    title: "Native memory outside the JVM's books",
    what: "The process grows, and neither the heap nor any category of NMT does: memory that native libraries took with malloc (zlib streams \
           that are never ended, RocksDB, JNI), or that the allocator keeps in its arenas.",
    speaks_for: "Anonymous resident memory rises steadily while the total that NMT has committed stays.",
    speaks_against: "NMT grows by as much; the heap is only being touched for the first time; a fixed gap.",
    remedy: "Take smaps twice and compare the mappings; count deflaters and inflaters in a heap dump; try MALLOC_ARENA_MAX=2.",
    sources: "NMT of JDK 8 to 25 counts what the JVM itself takes; libzip, librocksdbjni and others use malloc directly.",
    weigh,
    needs: &[Family::Rss],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let resident = resident(case);
    if resident.len() < 6 {
        return Vec::new();
    }
    if !Family::NmtSeries.present(case) {
        return without_books(case, &resident).into_iter().collect();
    }
    let committed: Vec<(WallTime, u64)> = case
        .nmt
        .iter()
        .filter_map(|s| Some((s.time?, s.report.total?.committed.bytes)))
        .collect();
    // Only where the books lie beside: a server that starts takes memory before the first report and after none.
    let beside = |t: WallTime| {
        let step = look(&committed, 0).step_ms;
        committed.first().is_some_and(|c| t.0 >= c.0.0 - step)
            && committed.last().is_some_and(|c| t.0 <= c.0.0 + step)
    };
    let points: Vec<(WallTime, u64)> = resident
        .iter()
        .filter_map(|g| Some((g.time?, g.value)))
        .filter(|p| beside(p.0))
        .collect();
    if points.len() < 6 {
        return Vec::new();
    }
    // What the JVM may still touch for the first time: it commits the heap at the start and fills it bit by bit.
    let untouched = |t: WallTime, rss: u64| {
        let nmt = committed.iter().rfind(|c| c.0 <= t).or(committed.first());
        nmt.map_or(0, |c| c.1).saturating_sub(rss)
    };
    let outside: Vec<(WallTime, u64)> = points
        .iter()
        .map(|&(t, rss)| {
            let nmt = committed
                .iter()
                .rfind(|c| c.0 <= t)
                .or(committed.first())
                .map_or(0, |c| c.1);
            (t, rss.saturating_sub(nmt))
        })
        .collect();
    let rss = look(&points, 48 << 20);
    let gap = look(&outside, 48 << 20);
    let nmt = look(&committed, 48 << 20);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    // Grown out of what the JVM could have touched at all, and going on.
    let beyond =
        gap.course == Course::Growing || gap.course == Course::Plateau && gap.rise() > 256 << 20;
    if rss.course != Course::Growing && rss.course != Course::Plateau
        || !beyond
        || untouched(last.0, last.1) > 0
    {
        return Vec::new();
    }
    let tail_from = gap.onset.unwrap_or(first.0);
    let tail: Vec<_> = outside
        .iter()
        .filter(|p| p.0 >= tail_from)
        .copied()
        .collect();
    let Some(slope) = theil_sen(&tail).filter(|s| s.low > 0.0) else {
        return Vec::new();
    };
    let seconds = (last.0.0 - tail_from.0) as f64 / 1000.0;
    let at = |t: WallTime| {
        resident
            .iter()
            .find(|g| g.time == Some(t))
            .map(|g| &g.quote)
    };
    let strength = beyond_arenas(gap.rise(), seconds);
    let mut evidence = vec![
        Evidence::new(
            Weight::ResidentGrows,
            Text::new(
                "native.grows",
                [
                    ("from", json!(rss.base)),
                    ("to", json!(rss.last)),
                    ("since", local(tail_from)),
                    ("lasts", json!(seconds.round())),
                    ("rate", json!(slope.bytes_per_hour.round())),
                ],
            ),
            at(last.0).or_else(|| at(first.0)),
        )
        .scaled(strength),
    ];
    let total = case.nmt.last().and_then(|s| s.line("Total"));
    let grown = nmt.last.saturating_sub(
        committed
            .iter()
            .find(|c| c.0 >= tail_from)
            .map_or(nmt.base, |c| c.1),
    );
    if (grown as f64) < 0.3 * gap.rise() as f64 {
        evidence.push(
            Evidence::new(
                Weight::JvmFlat,
                Text::new(
                    "native.jvm-flat",
                    [
                        ("grown", json!(grown)),
                        ("gap", json!(gap.rise())),
                        ("committed", json!(nmt.last)),
                    ],
                ),
                total,
            )
            .scaled(strength),
        );
    } else {
        evidence.push(Evidence::new(
            Weight::JvmGrows,
            Text::new("native.jvm-grows", [("grown", json!(grown))]),
            total,
        ));
    }
    let place = mapping(case);
    if let Some(p) = &place {
        evidence.push(p.evidence());
    }
    holders(case, gap.rise(), &mut evidence);
    let kind = place.as_ref().map_or(MappingKind::Anonymous, |p| p.kind);
    let mut subject = Subject::new("mapping", kind.name());
    if let Some(p) = &place {
        subject.bytes = Some(p.bytes);
        subject = subject.with_share(p.bytes as f64 / p.anonymous.max(1) as f64);
    }
    vec![Hypothesis {
        subjects: vec![subject],
        title: Text::new(
            "native.title",
            [
                ("rate", json!(slope.bytes_per_hour.round())),
                ("where", in_words(kind).nested()),
            ],
        ),
        evidence,
        remedy: Remedy {
            now: remedy_now(case, rss.last, slope.bytes_per_hour),
            lasting: vec![Text::new("native.lasting", [])],
        },
        severity: None,
    }]
}

/// Without NMT: resident memory that rises on and on, beyond all that the JVM can have by its limits.
fn without_books(case: &Case<'_>, resident: &[&GaugeSample]) -> Option<Hypothesis> {
    let points: Vec<(WallTime, u64)> = resident
        .iter()
        .filter_map(|g| Some((g.time?, g.value)))
        .collect();
    let (bound, likely) = bound(case)?;
    let rss = look(&points, 48 << 20);
    if rss.course != Course::Growing || rss.last <= likely {
        return None;
    }
    // Over what servers have had, and under what they might have: worth a word, no more.
    let sure = rss.last > bound;
    let bound = if sure { bound } else { likely };
    let onset = rss.onset?;
    let tail: Vec<_> = points.iter().filter(|p| p.0 >= onset).copied().collect();
    let slope = theil_sen(&tail).filter(|s| s.low > 0.0)?;
    let curve = case.curve.as_ref();
    // Growth of direct memory is another rule's.
    let direct = curve.map_or(0, |c| c.shape.rise());
    if direct as f64 > 0.3 * rss.rise() as f64 {
        return None;
    }
    let rate = || ("rate", json!(slope.bytes_per_hour.round()));
    let seconds = (points.last()?.0.0 - onset.0) as f64 / 1000.0;
    let mut evidence = vec![
        Evidence::new(
            Weight::ResidentGrows,
            Text::new(
                if sure {
                    "native.beyond"
                } else {
                    "native.beyond-likely"
                },
                [
                    ("from", json!(rss.base)),
                    ("to", json!(rss.last)),
                    ("since", local(onset)),
                    ("lasts", json!(seconds.round())),
                    rate(),
                    ("bound", json!(bound)),
                ],
            ),
            resident.last().map(|g| &g.quote),
        )
        .scaled(if sure { 0.7 } else { 0.4 }),
    ];
    if let Some(c) = curve.filter(|c| sure && c.shape.course == Course::Flat) {
        evidence.push(
            Evidence::new(
                Weight::JvmFlat,
                Text::new("native.direct-flat", [("peak", json!(c.shape.peak))]),
                c.points.last().and_then(|p| p.quote.as_ref()),
            )
            .scaled(0.5),
        );
    }
    let place = mapping(case).filter(|p| p.compared);
    evidence.extend(place.as_ref().map(Holding::evidence));
    holders(case, rss.rise(), &mut evidence);
    let kind = place.as_ref().map_or(MappingKind::Anonymous, |p| p.kind);
    let pid = case.pid_in_commands();
    Some(Hypothesis {
        subjects: vec![Subject::new("mapping", kind.name())],
        title: Text::new(
            if sure {
                "native.title-without-nmt"
            } else {
                "native.title-suspected"
            },
            [rate()],
        ),
        evidence,
        remedy: Remedy {
            now: {
                let mut now = remedy_now(case, rss.last, slope.bytes_per_hour);
                now.push(Text::new("evidence-gap.nmt", [("pid", json!(pid))]));
                now
            },
            lasting: vec![Text::new("native.lasting", [])],
        },
        severity: None,
    })
}

/// What to take, and how long there is left: the kernel kills the process when the machine is full.
fn remedy_now(case: &Case<'_>, resident: u64, per_hour: f64) -> Vec<Text> {
    let pid = case.pid_in_commands();
    let left = case
        .physical
        .filter(|_| per_hour > 0.0)
        .map(|p| (p, p.saturating_sub(resident) as f64 / per_hour * 3600.0));
    let mut now = vec![take_evidence(case)];
    if let Some((physical, left)) = left {
        now.push(Text::new(
            "native.until-full",
            [("physical", json!(physical)), ("left", json!(left.round()))],
        ));
    }
    now.push(Text::new("native.smaps", [("pid", json!(pid))]));
    now
}

/// How surely a growth outside the books is more than malloc filling its arenas, which ends within the hour: measured up to
/// 150 MiB in the first minutes of a healthy server.
fn beyond_arenas(bytes: u64, seconds: f64) -> f64 {
    const NOISE: f64 = (48 << 20) as f64;
    const ARENAS: f64 = (256 << 20) as f64;
    const SETTLED_S: f64 = 4.0 * 3600.0;
    let by_size = (bytes as f64 - NOISE) / (ARENAS - NOISE);
    by_size.max(seconds / SETTLED_S).clamp(0.0, 1.0)
}

/// The most that a JVM that loses nothing can have by its limits: a heap that is touched for the first time is no leak. `None`
/// where the heap or direct memory has no limit that is known.
///
/// Where no limit or gauge tells of a part, it stands at about three times what 20 servers of Nacos 2.2 and 2.3 had of it at
/// rest and under load (JDK 8 and 17, heap 256 to 512 MiB, two cores), by NMT, `smaps` and `status`.
///
/// The second figure is what such a server likely has: the same with five eighths of all but heap and direct memory, a quarter
/// more than was measured.
fn bound(case: &Case<'_>) -> Option<(u64, u64)> {
    const MIB: u64 = 1 << 20;
    /// Compiled code: 28 to 37 MiB.
    const CODE: u64 = 128 * MIB;
    /// Symbols, the VM's own, the compilers', what NMT takes itself: 37 to 53 MiB together.
    const OF_ITS_OWN: u64 = 96 * MIB;
    /// Classes and metaspace: 80 to 88 MiB.
    const METASPACE: u64 = 160 * MIB;
    /// The collector's tables: an eighth of the heap and what does not depend on it (47 MiB with 256 of heap).
    const TABLES: u64 = 32 * MIB;
    /// Touched of a stack: 100 to 104 KiB; a server has some 130 to 390 threads.
    const STACK: u64 = 128 << 10;
    const THREADS: u64 = 400;
    /// What malloc keeps free in its arenas, of which there are eight a core: up to 74 MiB a core.
    const ARENAS_OF_CORE: u64 = 96 * MIB;
    const CORES: u64 = 4;
    /// Mapped files, where they are not told apart: 28 to 41 MiB.
    const FILES: u64 = 64 * MIB;
    let most = |g: Gauge| gauge_samples(case, g).iter().map(|s| s.value).max();
    let flag = |name: &str| case.flags.size(name).and_then(Result::ok);
    let heap = case.heap.or_else(|| most(Gauge::HeapCommitted))?;
    let direct = match &case.curve {
        Some(c) => c.points.iter().map(|p| p.bytes).max(),
        None => case.limit.as_ref().map(|l| l.high),
    }?;
    let threads = most(Gauge::Threads).unwrap_or(THREADS);
    let metaspace = most(Gauge::MetaspaceCommitted)
        .unwrap_or(METASPACE)
        .min(flag("MaxMetaspaceSize").unwrap_or(u64::MAX));
    let code = flag("ReservedCodeCacheSize").map_or(CODE, |b| b.min(CODE));
    let cores = case.facts.jvm.cores.map_or(CORES, u64::from);
    let files = match resident(case).first().map(|g| g.gauge) {
        Some(Gauge::RssAnon) => 0,
        _ => FILES,
    };
    let parts = [
        heap / 8 + TABLES,
        metaspace,
        threads * STACK,
        code,
        OF_ITS_OWN,
        cores * ARENAS_OF_CORE,
        files,
    ];
    let rest = parts.into_iter().fold(0, u64::saturating_add);
    let limited = heap.saturating_add(direct);
    Some((
        limited.saturating_add(rest),
        limited.saturating_add(rest / 8 * 5),
    ))
}

/// Where the memory is that the JVM does not account for.
struct Holding<'a> {
    kind: MappingKind,
    /// Resident and anonymous in mappings of that kind.
    bytes: u64,
    /// Of that more than NMT accounts for, or grown by between two maps.
    beyond: u64,
    /// Resident and anonymous in all.
    anonymous: u64,
    /// Whether two maps were compared.
    compared: bool,
    sample: &'a MapSample,
}

impl Holding<'_> {
    fn evidence(&self) -> Evidence {
        let id = if self.compared {
            "native.mapping-grew"
        } else {
            "native.mapping"
        };
        Evidence::new(
            Weight::MappingGrows,
            Text::new(
                id,
                [
                    ("where", in_words(self.kind).nested()),
                    ("bytes", json!(self.bytes)),
                    ("all", json!(self.anonymous)),
                    ("beyond", json!(self.beyond)),
                ],
            ),
            Some(&self.sample.quote),
        )
    }
}

/// A kind of mapping inside a sentence.
fn in_words(kind: MappingKind) -> Text {
    let id = match kind {
        MappingKind::MallocArena => "where.malloc-arena",
        MappingKind::MallocHeap => "where.malloc-heap",
        MappingKind::ThreadStack => "where.thread-stack",
        MappingKind::File => "where.file",
        MappingKind::Library => "where.library",
        MappingKind::JavaHeap => "where.java-heap",
        MappingKind::Reserved => "where.reserved",
        MappingKind::Kernel => "where.kernel",
        MappingKind::Anonymous => "where.anonymous",
    };
    Text::new(id, [])
}

/// Kinds that native code takes memory in.
const NATIVE: [MappingKind; 4] = [
    MappingKind::MallocArena,
    MappingKind::MallocHeap,
    MappingKind::ThreadStack,
    MappingKind::Anonymous,
];

/// The kind of mapping that grew most between two maps of the run; of a single map, the one that holds most beyond what NMT
/// says the JVM has there.
fn mapping<'a>(case: &Case<'a>) -> Option<Holding<'a>> {
    let maps: Vec<&MapSample> = case
        .facts
        .system
        .maps
        .iter()
        .filter(|m| m.with_usage && m.time.is_none_or(|t| case.run.lives(t)))
        .collect();
    let (first, last) = (*maps.first()?, *maps.last()?);
    let held = |m: &MapSample, kind: MappingKind| m.kinds.get(&kind).map_or(0, |u| u.anonymous);
    let compared = maps.len() > 1 && first.time < last.time;
    let beyond = |kind: MappingKind| {
        if compared {
            return held(last, kind).saturating_sub(held(first, kind));
        }
        let known = case.nmt.last().map_or(0, |s| accounted(&s.report, kind));
        held(last, kind).saturating_sub(known)
    };
    // Arenas and the main heap serve the same allocator: together they stand against what NMT counts as malloc.
    let kind = NATIVE
        .into_iter()
        .max_by_key(|k| (beyond(*k), held(last, *k)))?;
    Some(Holding {
        kind,
        bytes: held(last, kind),
        beyond: beyond(kind),
        anonymous: last.total.anonymous,
        compared,
        sample: last,
    })
}

/// What NMT says the JVM has in mappings of a kind, at the most.
fn accounted(r: &NmtReport, kind: MappingKind) -> u64 {
    let sum = |of: &dyn Fn(&crate::parse::nmt::Category) -> Option<u64>| -> u64 {
        r.categories.iter().filter_map(of).sum()
    };
    match kind {
        MappingKind::MallocArena | MappingKind::MallocHeap => sum(&|c| {
            let malloc = c.malloc.as_ref().map_or(0, |m| m.size.bytes);
            let arena = c.arena.as_ref().map_or(0, |a| a.size.bytes);
            Some(malloc.saturating_add(arena))
        }),
        MappingKind::ThreadStack => sum(&|c| c.stack.map(|s| s.committed.bytes)),
        MappingKind::Anonymous => sum(&|c| {
            (c.name != "Java Heap")
                .then_some(c.mmap)
                .flatten()
                .map(|m| m.committed.bytes)
        }),
        _ => 0,
    }
}

/// Objects of the JDK that own native memory of a known size, by the class histogram: an open deflater keeps some 256 KiB of
/// zlib's tables (window, hash chains, pending output), an inflater some 40 KiB.
fn holders(case: &Case<'_>, gap: u64, evidence: &mut Vec<Evidence>) {
    const OWNERS: [(&str, u64); 2] = [
        ("java.util.zip.Deflater", 268 << 10),
        ("java.util.zip.Inflater", 40 << 10),
    ];
    let Some(h) = case.facts.system.histograms.last() else {
        return;
    };
    let best = OWNERS
        .iter()
        .filter_map(|(class, each)| {
            let c = h.classes.iter().find(|c| c.class == *class)?;
            Some((c, c.instances, c.instances.saturating_mul(*each)))
        })
        .max_by_key(|b| b.2);
    if let Some((found, n, bytes)) = best
        && n >= 100
        && bytes >= gap / 4
    {
        evidence.push(Evidence::new(
            Weight::HolderObjects,
            Text::new(
                "native.holders",
                [
                    ("class", json!(found.class)),
                    ("n", json!(n)),
                    ("bytes", json!(bytes)),
                ],
            ),
            Some(&found.quote),
        ));
    }
}

/// Anonymous resident memory where it is told, else all resident memory; of one source, within the run.
fn resident<'a>(case: &Case<'a>) -> Vec<&'a GaugeSample> {
    let anonymous = gauge_samples(case, Gauge::RssAnon);
    if anonymous.len() >= 6 {
        anonymous
    } else {
        gauge_samples(case, Gauge::Rss)
    }
}
