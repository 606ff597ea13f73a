//! The process was killed for want of memory, or the JVM ended because the system gave it none.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::facts::system::{Crash, KillSource, Killed};
use crate::parse::hs_err::CrashKind;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "process-killed",
    kind: Kind::Condition,
    title: "The process was killed for want of memory",
    what: "The kernel kills the largest process when the machine or the container is out of memory; the JVM ends itself when the \
           system refuses it memory. Neither is a failed allocation of direct memory: the limit that was reached is the machine's or \
           the container's, and all of heap, direct memory, threads, metaspace and native libraries counts against it.",
    speaks_for: "A kill of the kernel's log with the server's process id, or of a java process at that time; kills counted by the \
                 container's controller; OOMKilled; the shell's word in start.out; a crash file that says which allocation failed.",
    speaks_against: "A kill of another process; a signal 9 that somebody sent, which the shell cannot tell from the kernel's.",
    remedy: "Compare what the JVM may take with what the machine or container has, and find what grew; more heap makes it worse.",
    sources: "Linux mm/oom_kill.c and mm/memcontrol.c; cgroup v1 and v2; HotSpot's vm_exit_out_of_memory, JDK 8 to 25.",
    weigh,
    needs: &[],
};

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let mut evidence: Vec<Evidence> = Vec::new();
    let system = &case.facts.system;
    let mut kills: Vec<(f64, &Killed)> = system
        .killed
        .iter()
        .filter_map(|k| Some((concerns(case, k)?, k)))
        .collect();
    // The surest of each source; a thousand equal lines are one piece of evidence.
    kills.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(b.1.quote.key().cmp(&a.1.quote.key()))
    });
    for source in [KillSource::Kernel, KillSource::Container, KillSource::Shell] {
        if let Some((strength, k)) = kills.iter().find(|(_, k)| k.source == source) {
            evidence.push(killed(k, *strength));
        }
    }
    // A controller counts for the life of the container, which may be longer than this run.
    let counted = system.cgroup.iter().rev().find(|c| {
        c.memory.oom_kill.is_some_and(|n| n > 0) && c.time.is_none_or(|t| case.run.holds(t))
    });
    if let Some(c) = counted {
        let claim = Text::new("killed.cgroup", [("n", json!(c.memory.oom_kill))]);
        evidence.push(Evidence::new(Weight::Observed, claim, Some(&c.quote)).scaled(0.7));
    }
    if let Some(c) = system.crashes.iter().find(|c| ended_for_memory(case, c)) {
        let claim = match c.failed_bytes {
            Some(bytes) => Text::new(
                "killed.crash",
                [("bytes", json!(bytes)), ("operation", json!(c.operation))],
            ),
            None => Text::new("killed.crash-bare", []),
        };
        evidence.push(Evidence::new(Weight::Observed, claim, Some(&c.quote)));
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let sure = evidence.iter().any(|e| e.strength >= 0.6);
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "process")],
        title: Text::new(
            if sure {
                "killed.title"
            } else {
                "killed.title-perhaps"
            },
            [],
        ),
        evidence,
        remedy: Remedy {
            now: vec![Text::new("killed.compare", [])],
            lasting: vec![Text::new("killed.lasting", [])],
        },
        severity: Some(if sure {
            Severity::Critical
        } else {
            Severity::Medium
        }),
    }]
}

/// How surely a kill is one of this run's process; `None` when it is not.
fn concerns(case: &Case<'_>, k: &Killed) -> Option<f64> {
    if k.quote.time.is_some_and(|t| !case.run.holds(t)) {
        return None;
    }
    let pid = k.kill.pid.map(u64::from);
    let java = k.kill.process.as_deref().is_none_or(|p| p.contains("java"));
    match (pid, case.run.pid) {
        // The pid of a shell's line is that of its child.
        _ if k.source != KillSource::Kernel => {
            (case.runs == 1 || pid == case.run.pid).then_some(1.0)
        }
        (Some(theirs), Some(ours)) if theirs == ours => Some(1.0),
        // Seen from outside a container the process has another number.
        (Some(_), Some(_)) => (java && k.kill.in_group == Some(true)).then_some(0.45),
        _ => java.then_some(0.7),
    }
}

fn killed(k: &Killed, strength: f64) -> Evidence {
    let claim = match k.source {
        KillSource::Kernel => Text::new(
            if strength < 0.6 {
                "killed.kernel-perhaps"
            } else {
                "killed.kernel"
            },
            [
                ("pid", json!(k.kill.pid)),
                ("process", json!(k.kill.process)),
                ("rss", json!(k.kill.rss())),
                (
                    "whose",
                    match k.kill.in_group {
                        Some(true) => Text::new("killed.of-container", []),
                        Some(false) => Text::new("killed.of-machine", []),
                        None => Text::new("killed.of-memory", []),
                    }
                    .nested(),
                ),
            ],
        ),
        KillSource::Container => Text::new("killed.container", []),
        KillSource::Shell => Text::new("killed.shell", []),
    };
    Evidence::new(Weight::Observed, claim, Some(&k.quote)).scaled(strength)
}

/// A crash of this run for want of native memory.
fn ended_for_memory(case: &Case<'_>, c: &Crash) -> bool {
    let ours = match (c.pid, case.run.pid) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => c.time.map_or(case.runs == 1, |t| case.run.holds(t)),
    };
    ours && c.kind == CrashKind::NativeMemory
}
