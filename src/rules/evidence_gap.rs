//! What would make the diagnosis surer, and the command that takes it.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "evidence-gap",
    kind: Kind::Advice,
    title: "Evidence that is missing",
    what: "Files that would decide between causes, or that would tell of memory at all, are not among the inputs.",
    speaks_for: "Each family of facts that is absent and that a rule needs.",
    speaks_against: "Families that are there, even if empty of trouble.",
    remedy: "Take what is listed, before the process is restarted.",
    sources: "The families of facts that the rules name as needed.",
    weigh,
    needs: &[],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let pid = case.pid_in_commands();
    let pid = || json!(pid.clone());
    let gaps: [(bool, &str, Text); 6] = [
        (
            !Family::NmtSeries.present(case),
            "nmt-series",
            Text::new("evidence-gap.nmt", [("pid", pid())]),
        ),
        (
            case.dump.is_none() && (case.in_trouble() || case.climbed() || !case.knows_memory()),
            "heap-dump",
            Text::new("evidence-gap.heap-dump", [("pid", pid())]),
        ),
        (
            !Family::PushLog.present(case),
            "push-log",
            Text::new("evidence-gap.push-log", []),
        ),
        (
            !Family::ConnectionLog.present(case),
            "connection-log",
            Text::new("evidence-gap.connection-log", []),
        ),
        (
            !Family::AccessLog.present(case),
            "access-log",
            Text::new("evidence-gap.access-log", []),
        ),
        (
            !Family::Flags.present(case),
            "jvm-flags",
            Text::new("evidence-gap.flags", [("pid", pid())]),
        ),
    ];
    let missing: Vec<_> = gaps.into_iter().filter(|g| g.0).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    vec![Hypothesis {
        subjects: missing
            .iter()
            .map(|(_, name, _)| Subject::new("evidence", *name))
            .collect(),
        title: Text::new("evidence-gap.title", [("n", json!(missing.len()))]),
        evidence: missing
            .iter()
            .map(|(_, name, _)| {
                Evidence::new(
                    Weight::Observed,
                    Text::new("evidence-gap.absent", [("what", json!(name))]),
                    None,
                )
            })
            .collect(),
        remedy: Remedy {
            now: missing.into_iter().map(|(_, _, t)| t).collect(),
            lasting: Vec::new(),
        },
        severity: Some(Severity::Info),
    }]
}
