//! The limit is unset, far from what is advised, or set where the JVM does not look.

use serde_json::json;

use super::limit_too_small::advised;
use super::score::Weight;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "direct-limit-sizing",
    kind: Kind::Advice,
    title: "The limit of direct memory deserves a look",
    what: "Unset, the limit is nearly the whole heap, so heap and direct memory together may take twice what was planned. Under a quarter \
           of the heap it may be too little; over half is fine where it fits in memory. Options behind -jar have no effect.",
    speaks_for: "No -XX:MaxDirectMemorySize; a limit under a quarter of the heap; the option behind -jar (JAVA_OPT_EXT of the start scripts).",
    speaks_against: "A limit from a quarter of the heap up.",
    remedy: "Set -XX:MaxDirectMemorySize in JAVA_OPT, CUSTOM_NACOS_MEMORY (2.4.0 and later) or JAVA_TOOL_OPTIONS.",
    sources: "Nacos startup.sh 1.4.0 to 3.0.3; sun.misc.VM and jdk.internal.misc.VM.",
    weigh,
    needs: &[Family::Flags],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let flag = case.flags.max_direct_memory_size();
    let heap_quote = || case.facts.jvm.source_of("MaxHeapSize").map(|s| &s.quote);
    let flag_quote = || {
        case.facts
            .jvm
            .source_of("MaxDirectMemorySize")
            .map(|s| &s.quote)
    };
    let mut evidence = Vec::new();
    let mut severity = Severity::Info;
    let inert = case.facts.jvm.sources.iter().find_map(|s| {
        s.inert
            .iter()
            .find(|o| o.contains("MaxDirectMemorySize") || o.contains("maxDirectMemory"))
            .map(|o| (o, &s.quote))
    });
    if let Some((option, quote)) = inert {
        severity = Severity::Medium;
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new("limit-sizing.inert", [("option", json!(option))]),
            Some(quote),
        ));
    }
    match (flag, case.heap) {
        (Some(Ok(limit)), Some(heap)) if limit < heap / 4 => {
            severity = severity.max(Severity::Low);
            evidence.push(Evidence::new(
                Weight::Computed,
                Text::new(
                    "limit-sizing.under",
                    [("limit", json!(limit)), ("heap", json!(heap))],
                ),
                flag_quote(),
            ));
        }
        (Some(Err(value)), _) => {
            severity = severity.max(Severity::Low);
            evidence.push(Evidence::new(
                Weight::Observed,
                Text::new("limit-sizing.refused", [("value", json!(value))]),
                flag_quote(),
            ));
        }
        (None, _) => {
            let limit = case.limit.as_ref().map(|l| l.bytes);
            evidence.push(Evidence::new(
                Weight::Observed,
                match limit {
                    Some(l) => Text::new("limit-sizing.unset", [("limit", json!(l))]),
                    None => Text::new("limit-sizing.unset-unknown", []),
                },
                heap_quote(),
            ));
        }
        _ => {}
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let need = case.used_peak().map_or(0, |(used, _)| used);
    let to = advised(case, need);
    let mut lasting = Vec::new();
    if to > 0 {
        lasting.push(Text::new(
            "limit-sizing.set",
            [
                ("to", json!(to)),
                (
                    "flag",
                    json!(format!("-XX:MaxDirectMemorySize={}m", to >> 20)),
                ),
            ],
        ));
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "direct-memory-limit")],
        title: Text::new("limit-sizing.title", []),
        evidence,
        remedy: Remedy {
            now: Vec::new(),
            lasting,
        },
        severity: Some(severity),
    }]
}
