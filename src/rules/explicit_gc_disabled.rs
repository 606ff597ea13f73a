//! The JDK's only way to get direct memory back in time is switched off.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::parse::failure::FailureKind;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "explicit-gc-disabled",
    kind: Kind::Advice,
    title: "System.gc() is disabled while the JDK's limit fails",
    what: "A direct buffer of the JDK is freed when its object is collected. When the limit is reached, java.nio.Bits calls System.gc() \
           and waits for such buffers to go; with -XX:+DisableExplicitGC that call does nothing, and buffers nobody uses any more keep \
           the limit exhausted until the heap happens to be collected.",
    speaks_for: "-XX:+DisableExplicitGC, and allocations that fail at the JDK's own limit, or nearly do.",
    speaks_against: "Netty that frees its buffers itself: its limit does not hang on collections.",
    remedy: "Replace -XX:+DisableExplicitGC by -XX:+ExplicitGCInvokesConcurrent.",
    sources: "java.nio.Bits.reserveMemory, JDK 8 to 25.",
    weigh,
    needs: &[Family::Flags],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    if case.flags.is_on("DisableExplicitGC") != Some(true) {
        return Vec::new();
    }
    let failed = case
        .exhaustion
        .as_ref()
        .filter(|e| e.kinds.contains(&FailureKind::JdkDirect));
    // One book: all direct memory is the JDK's.
    let near = case.books.len() == 1
        && case.exhaustion.is_none()
        && case.peak_ratio().is_some_and(|r| r >= 0.9);
    if failed.is_none() && !near {
        return Vec::new();
    }
    let flag = case
        .facts
        .jvm
        .source_of("DisableExplicitGC")
        .map(|s| &s.quote);
    let mut evidence = vec![Evidence::new(
        Weight::Observed,
        Text::new("explicit-gc.flag", []),
        flag,
    )];
    if let Some(e) = failed {
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new("explicit-gc.failed", [("n", json!(e.count))]),
            e.quote.as_ref(),
        ));
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "explicit-gc")],
        title: Text::new("explicit-gc.title", []),
        evidence,
        remedy: Remedy {
            now: Vec::new(),
            lasting: vec![Text::new("explicit-gc.replace", [])],
        },
        severity: Some(if failed.is_some() {
            Severity::Medium
        } else {
            Severity::Low
        }),
    }]
}
