//! The Java heap is full of what is alive.

use serde_json::json;

use super::growth::{gauge_samples, own_failures};
use super::score::Weight;
use super::thread_growth::other_limit;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence};
use crate::facts::Quote;
use crate::facts::memory::Gauge;
use crate::parse::failure::FailureKind;
use crate::text::Text;
use crate::units::WallTime;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "heap-pressure",
    kind: Kind::Cause,
    title: "The Java heap is full",
    what: "When full collections leave the heap nearly as full as they found it, the server spends its time collecting: pushes and \
           heartbeats time out, clients reconnect, and allocations fail with Java heap space. That is another memory than the direct \
           one, with another limit, though its effects look alike.",
    speaks_for: "The last full collections leave nine tenths of the heap in use; Java heap space; samples of the heap that stay at the top.",
    speaks_against: "Full collections that free the heap; what failed is direct memory.",
    remedy: "Take a class histogram, then a heap dump; look for the classes with most bytes.",
    sources: "GC logs of JDK 8 (-XX:+PrintGCDetails) to 25 (-Xlog:gc*), jstat -gc, GC.heap_info.",
    weigh,
    needs: &[],
};

/// From this part of the heap on it is full.
const FULL: f64 = 0.9;
/// So many full collections in a row, or samples.
const IN_A_ROW: usize = 3;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let max = case
        .heap
        .or(case.facts.system.gc.heap_max)
        .filter(|m| *m > 0);
    let mut evidence = Vec::new();
    if let Some((n, quote)) = own_failures(case, FailureKind::Heap) {
        evidence.push(Evidence::new(
            Weight::AllocationRefused,
            Text::new("heap-pressure.failed", [("n", json!(n))]),
            Some(quote),
        ));
    }
    if let Some(max) = max {
        if let Some((n, least, quote)) = collected_in_vain(case, max) {
            evidence.push(Evidence::new(
                Weight::HeapFull,
                Text::new(
                    "heap-pressure.in-vain",
                    [
                        ("n", json!(n)),
                        ("live", json!(least)),
                        ("heap", json!(max)),
                    ],
                ),
                Some(quote),
            ));
        }
        sampled(case, max, &mut evidence);
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    other_limit(case, &mut evidence);
    if super::hopeless(&evidence) {
        return Vec::new();
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("nmt-category", "Java Heap")],
        title: Text::new("heap-pressure.title", []),
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case), Text::new("heap-pressure.look", [])],
            lasting: vec![Text::new("heap-pressure.lasting", [])],
        },
        severity: None,
    }]
}

/// The full collections at the end of the run that left the heap full: how many, the least left, the last line.
fn collected_in_vain<'a>(case: &Case<'a>, max: u64) -> Option<(usize, u64, &'a Quote)> {
    let gc = &case.facts.system.gc;
    let in_vain: Vec<&(u64, Quote)> = gc
        .live
        .iter()
        .rev()
        .filter(|(step, _)| case.run.lives(WallTime(*step * gc.step_ms)))
        .map(|(_, sample)| sample)
        .take_while(|(live, _)| *live as f64 >= FULL * max as f64)
        .collect();
    let least = in_vain.iter().map(|s| s.0).min()?;
    (in_vain.len() >= IN_A_ROW).then(|| (in_vain.len(), least, &in_vain[0].1))
}

/// Samples say less: a heap may be full of garbage.
fn sampled(case: &Case<'_>, max: u64, evidence: &mut Vec<Evidence>) {
    let all = gauge_samples(case, Gauge::HeapUsed);
    let top = all
        .iter()
        .filter(|g| g.value as f64 >= 0.95 * max as f64)
        .count();
    if all.len() >= 5 && top * 5 >= all.len() * 4 {
        evidence.push(Evidence::new(
            Weight::HeapFullSampled,
            Text::new(
                "heap-pressure.sampled",
                [
                    ("n", json!(top)),
                    ("all", json!(all.len())),
                    ("heap", json!(max)),
                ],
            ),
            all.last().map(|g| &g.quote),
        ));
    }
}
