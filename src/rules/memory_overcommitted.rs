//! What the JVM may take is more than the machine has.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::facts::memory::{Gauge, GaugeSample};
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "memory-overcommitted",
    kind: Kind::Advice,
    title: "Heap and direct memory do not fit the machine",
    what: "Heap, direct memory, metaspace, code, threads and the collector's own structures have to fit into physical memory, or the \
           kernel kills the process.",
    speaks_for: "Heap and limit together over physical memory; a heap of more than 70 % of it.",
    speaks_against: "Physical memory unknown, or shared with nothing else and large enough.",
    remedy: "Heap at most 70 % of physical memory; heap, direct memory and about 512 MiB for the rest together below it.",
    sources: "Advice of Nacos's maintainers; NMT of running servers (code, metaspace, threads and collector: 300 to 500 MiB).",
    weigh,
    needs: &[Family::Flags, Family::PhysicalMemory],
};

/// Code, metaspace, threads, collector: what a server takes beside heap and direct memory.
const REST: u64 = 512 << 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let (Some(heap), Some(physical)) = (case.heap, case.physical) else {
        return Vec::new();
    };
    let direct = case.limit.as_ref().map_or(0, |l| l.bytes);
    let sum = heap.saturating_add(direct).saturating_add(REST);
    let quote = case.facts.jvm.source_of("MaxHeapSize").map(|s| &s.quote);
    let params = || {
        [
            ("heap", json!(heap)),
            ("direct", json!(direct)),
            ("rest", json!(REST)),
            ("sum", json!(sum)),
            ("physical", json!(physical)),
        ]
    };
    let id = if sum > physical {
        "overcommitted.sum"
    } else if heap as f64 > 0.7 * physical as f64 {
        "overcommitted.heap"
    } else {
        return Vec::new();
    };
    let mut evidence = vec![Evidence::new(
        Weight::Computed,
        Text::new(id, params()),
        quote,
    )];
    let second: u64 = case.books.iter().skip(1).filter_map(|b| b.limit).sum();
    if second > 0 {
        evidence.push(Evidence::new(
            Weight::Computed,
            Text::new(
                "overcommitted.two-books",
                [("direct", json!(direct)), ("second", json!(second))],
            ),
            None,
        ));
    }
    if let Some(g) = swapped(case) {
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new("overcommitted.swapped", [("bytes", json!(g.value))]),
            Some(&g.quote),
        ));
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "physical-memory")],
        title: Text::new("overcommitted.title", []),
        evidence,
        remedy: Remedy {
            now: Vec::new(),
            lasting: vec![Text::new(
                "overcommitted.set",
                [(
                    "heap",
                    json!((physical as f64 * 0.7) as u64 / (64 << 20) * (64 << 20)),
                )],
            )],
        },
        severity: Some(if sum > physical {
            Severity::Medium
        } else {
            Severity::Low
        }),
    }]
}

/// The sample with most of the process swapped out, where that is more than a little.
fn swapped<'a>(case: &Case<'a>) -> Option<&'a GaugeSample> {
    super::growth::gauge_samples(case, Gauge::Swap)
        .into_iter()
        .filter(|g| g.value >= 64 << 20)
        .max_by_key(|g| g.value)
}
