//! Resident memory grows by more than the JVM accounts for.

use serde_json::json;

use super::score::Weight;
use super::shape::{Course, look, theil_sen};
use super::{
    Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence,
};
use crate::facts::memory::{Gauge, GaugeSample};
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
    needs: &[Family::Rss, Family::NmtSeries],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let resident = resident(case);
    if resident.len() < 6 {
        return Vec::new();
    }
    let points: Vec<(WallTime, u64)> = resident
        .iter()
        .filter_map(|g| Some((g.time?, g.value)))
        .collect();
    let committed: Vec<(WallTime, u64)> = case
        .nmt
        .iter()
        .filter_map(|s| Some((s.time?, s.report.total?.committed.bytes)))
        .collect();
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
    let mut evidence = vec![Evidence::new(
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
    )];
    let total = case.nmt.last().and_then(|s| s.line("Total"));
    let grown = nmt.last.saturating_sub(
        committed
            .iter()
            .find(|c| c.0 >= tail_from)
            .map_or(nmt.base, |c| c.1),
    );
    if (grown as f64) < 0.3 * gap.rise() as f64 {
        evidence.push(Evidence::new(
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
        ));
    } else {
        evidence.push(Evidence::new(
            Weight::JvmGrows,
            Text::new("native.jvm-grows", [("grown", json!(grown))]),
            total,
        ));
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("mapping", "anonymous")],
        title: Text::new(
            "native.title",
            [("rate", json!(slope.bytes_per_hour.round()))],
        ),
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case), Text::new("native.smaps", [])],
            lasting: vec![Text::new("native.lasting", [])],
        },
        severity: None,
    }]
}

/// Anonymous resident memory where it is told, else all resident memory; of one source, within the run.
fn resident<'c>(case: &'c Case<'_>) -> Vec<&'c GaugeSample> {
    let of = |gauge: Gauge| -> Vec<&GaugeSample> {
        let mut all: Vec<&GaugeSample> = case
            .facts
            .memory
            .gauges
            .iter()
            .filter(|g| g.gauge == gauge && g.time.is_some_and(|t| case.run.holds(t)))
            .collect();
        all.dedup_by_key(|g| g.time);
        all
    };
    let anonymous = of(Gauge::RssAnon);
    if anonymous.len() >= 6 {
        anonymous
    } else {
        of(Gauge::Rss)
    }
}
