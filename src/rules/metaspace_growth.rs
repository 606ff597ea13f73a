//! Classes are loaded and never unloaded.

use serde_json::json;

use super::growth::{Grown, gauge_series, grown, nmt_series, own_failures, process_rise};
use super::score::Weight;
use super::thread_growth::other_limit;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence};
use crate::facts::Quote;
use crate::facts::memory::Gauge;
use crate::parse::failure::FailureKind;
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "metaspace-growth",
    kind: Kind::Cause,
    title: "Metaspace grows",
    what: "What the JVM knows of classes lies outside the heap, without a limit unless -XX:MaxMetaspaceSize sets one. It settles when \
           all classes of the server are loaded (80 to 150 MiB for Nacos); when it goes on growing, classes are made at run time \
           (proxies, scripts, reflection) and their loaders are never collected.",
    speaks_for: "The category Metaspace (Class before JDK 17) rises to the end, far over what a server needs; OutOfMemoryError: Metaspace.",
    speaks_against: "A server that is still starting; growth that is elsewhere; what failed is direct memory.",
    remedy: "Take two class histograms and jcmd PID VM.classloader_stats: the loader with most classes names who makes them.",
    sources: "NMT of JDK 8 to 25 (Class; Metaspace from 17 on), GC.heap_info, jstat -gc.",
    weigh,
    needs: &[],
};

/// A server of Nacos settles well below.
const USUAL: u64 = 200 << 20;
/// The rise that counts.
const RISE: u64 = 64 << 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let metaspace = |r: &crate::parse::nmt::NmtReport| {
        let of = |name: &str| r.category(name).map(|c| c.amounts.committed.bytes);
        // From 17 on the class space stays in Class, the rest is Metaspace.
        match (of("Metaspace"), of("Class")) {
            (Some(m), c) => Some(m.saturating_add(c.unwrap_or(0))),
            (None, c) => c,
        }
    };
    let later = case
        .nmt
        .iter()
        .any(|s| s.report.category("Metaspace").is_some());
    let name = if later { "Metaspace" } else { "Class" };
    let series = [
        nmt_series(case, name, metaspace),
        gauge_series(case, Gauge::MetaspaceCommitted),
    ];
    let growth: Option<Grown<'_>> = series
        .iter()
        .filter_map(|s| grown(s, RISE))
        .find(|g| g.shape.last >= USUAL);
    let refused = own_failures(case, FailureKind::Metaspace);
    if growth.is_none() && refused.is_none() {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    if let Some(g) = &growth {
        evidence.push(Evidence::new(
            Weight::CategoryGrows,
            Text::new(
                "metaspace-growth.grows",
                [
                    ("from", json!(g.shape.base)),
                    ("to", json!(g.shape.last)),
                    ("since", local(g.onset)),
                    ("rate", json!(g.slope.bytes_per_hour.round())),
                ],
            ),
            g.quote,
        ));
        if let Some(all) = process_rise(case, g.onset) {
            part_of_growth(g.shape.rise(), all, g.quote, &mut evidence);
        }
    }
    if let Some((n, quote)) = refused {
        evidence.push(Evidence::new(
            Weight::AllocationRefused,
            Text::new("metaspace-growth.refused", [("n", json!(n))]),
            Some(quote),
        ));
    }
    other_limit(case, &mut evidence);
    let title = match &growth {
        Some(g) => Text::new(
            "metaspace-growth.title",
            [("rate", json!(g.slope.bytes_per_hour.round()))],
        ),
        None => Text::new("metaspace-growth.title-refused", []),
    };
    vec![Hypothesis {
        subjects: vec![Subject::new("nmt-category", name)],
        title,
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case), Text::new("metaspace-growth.look", [])],
            lasting: vec![Text::new("metaspace-growth.lasting", [])],
        },
        severity: None,
    }]
}

/// How much of what the process grew by is in one category.
pub(super) fn part_of_growth(
    part: u64,
    all: u64,
    quote: Option<&Quote>,
    evidence: &mut Vec<Evidence>,
) {
    if all < 16 << 20 {
        return;
    }
    let share = (part as f64 / all as f64).min(1.0);
    let weight = if share >= 0.5 {
        Weight::MostOfGrowth
    } else if share < 0.2 {
        Weight::LittleOfGrowth
    } else {
        return;
    };
    let claim = Text::new(
        "category.part",
        [
            ("part", json!(part)),
            ("all", json!(all)),
            ("share", json!((share * 1e4).round() / 1e4)),
        ],
    );
    evidence.push(Evidence::new(weight, claim, quote));
}
