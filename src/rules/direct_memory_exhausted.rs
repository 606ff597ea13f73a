//! Allocations of direct memory failed, or nearly.

use serde_json::json;

use super::score::Weight;
use super::{
    Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject, take_evidence,
};
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "direct-memory-exhausted",
    kind: Kind::Condition,
    title: "Direct memory is exhausted",
    what: "Netty or the JDK refused to allocate direct memory, or 95 % of the limit are in use. From then on pushes, replies and \
           even reads from sockets fail, to every client, until memory is released or the process restarted.",
    speaks_for: "Allocation failures of this process in any log, in any wording; use of direct memory at 95 % of the limit or above.",
    speaks_against: "Failures relayed from other processes (text in a GOAWAY) and those of an application's own JVM do not count.",
    remedy: "Take the evidence first (NMT, heap dump, sockets); a direct-memory error never makes the JVM write a heap dump. \
             Then remove the cause; restart last.",
    sources: "java.nio.Bits of JDK 8 to 25; Netty PlatformDependent 4.1.38 to 4.1.110; Nacos issues 10352, 10854, 12792.",
    weigh,
    needs: &[],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let mut evidence = Vec::new();
    let mut severity = Severity::High;
    let title;
    if let Some(e) = &case.exhaustion {
        severity = Severity::Critical;
        title = match (e.used, e.limit) {
            (Some(used), Some(limit)) => Text::new(
                "exhausted.title",
                [
                    ("n", json!(e.count)),
                    ("used", json!(used)),
                    ("limit", json!(limit)),
                ],
            ),
            _ => Text::new("exhausted.title-bare", [("n", json!(e.count))]),
        };
        let claim = match (e.first, e.last) {
            (Some(first), Some(last)) => Text::new(
                if e.untimed > 0 {
                    "exhausted.claim-partly-dated"
                } else {
                    "exhausted.claim"
                },
                [
                    ("n", json!(e.count)),
                    ("first", local(first)),
                    ("last", local(last)),
                    ("untimed", json!(e.untimed)),
                ],
            ),
            _ => Text::new("exhausted.claim-undated", [("n", json!(e.count))]),
        };
        evidence.push(Evidence::new(Weight::Observed, claim, e.quote.as_ref()));
        if e.requested.is_some() && e.used.is_some() {
            evidence.push(Evidence::new(
                Weight::Observed,
                Text::new(
                    "exhausted.request",
                    [
                        ("requested", json!(e.requested)),
                        ("used", json!(e.used)),
                        ("limit", json!(e.limit)),
                    ],
                ),
                e.quote.as_ref(),
            ));
        }
    } else {
        let (Some(ratio), Some((used, _)), Some(limit)) =
            (case.peak_ratio(), case.used_peak(), &case.limit)
        else {
            return Vec::new();
        };
        if ratio < 0.95 {
            return Vec::new();
        }
        let params = || {
            [
                ("ratio", json!(ratio)),
                ("used", json!(used)),
                ("limit", json!(limit.bytes)),
            ]
        };
        title = Text::new("exhausted.title-near", params());
        let quote = case
            .curve
            .as_ref()
            .and_then(|c| c.points.iter().find(|p| p.bytes == used))
            .and_then(|p| p.quote.as_ref());
        evidence.push(Evidence::new(
            Weight::Computed,
            Text::new("exhausted.claim-near", params()),
            quote,
        ));
    }
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "direct-memory")],
        title,
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case)],
            lasting: Vec::new(),
        },
        severity: Some(severity),
    }]
}
