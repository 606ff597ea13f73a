//! Hypotheses about causes: each a plain row with its texts and one function from a [`Case`] to evidence.
//!
//! A rule proposes, with evidence for and against; it neither prints nor scores. [`score`] alone turns weights into
//! confidence, [`diagnose`] alone turns consequence into severity and evidence into an outcome, so findings of different
//! rules compare.

pub mod case;
pub mod dumps;
pub mod finding;
pub mod score;
pub mod shape;

mod attribution;
mod burst;
mod config_push_storm;
mod connection_storm;
mod direct_buffer_leak;
mod direct_limit_sizing;
mod direct_memory_exhausted;
mod direct_memory_growth;
mod distro_backlog;
mod evidence_gap;
mod explicit_gc_disabled;
mod faulty_client;
mod growth;
mod heap_pressure;
mod known_defect;
mod limit_too_small;
mod login_burst;
mod memory_overcommitted;
mod metaspace_growth;
mod native_memory_outside_nmt;
mod netty_leak_record;
mod outbound_backlog;
mod pool_fragmentation;
mod process_killed;
mod push_fan_out;
mod registration_storm;
mod storm;
mod subscription_storm;
mod thread_growth;

pub use case::{Case, Given};
pub use finding::{Evidence, Finding, Hypothesis, Kind, Remedy, Severity, Subject};

use crate::facts::Signal;
use crate::text::{Lang, RuleText, Text, rule_text};

/// A rule.
pub struct Rule {
    /// Permanent id.
    pub id: &'static str,
    /// What it speaks about.
    pub kind: Kind,
    /// In a few words.
    pub title: &'static str,
    /// What it looks for, and why that runs a server out of memory.
    pub what: &'static str,
    /// Evidence that speaks for it.
    pub speaks_for: &'static str,
    /// Evidence that speaks against it.
    pub speaks_against: &'static str,
    /// What to do, in general.
    pub remedy: &'static str,
    /// Where it was learnt.
    pub sources: &'static str,
    /// Proposes hypotheses. Findings of the rules before it in [`RULES`] are at hand.
    pub weigh: fn(&Case<'_>, &[Finding]) -> Vec<Hypothesis>,
    /// Families of facts without which it cannot say anything; named in `not_assessed`.
    pub needs: &'static [Family],
}

impl Rule {
    /// Its texts in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> RuleText {
        rule_text(lang, self.id).copied().unwrap_or(RuleText {
            title: self.title,
            what: self.what,
            speaks_for: self.speaks_for,
            speaks_against: self.speaks_against,
            remedy: self.remedy,
            sources: self.sources,
        })
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// A family of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// naming-push.log or remote-push.log.
    PushLog,
    /// A push log, or a heap dump that shows what is queued.
    PushLogOrDump,
    /// A push log, or a log of requests to listen.
    Subscriptions,
    /// remote-push.log.
    ConfigPushes,
    /// remote-digest.log or its successors.
    ConnectionLog,
    /// An access log.
    AccessLog,
    /// naming-server.log.
    NamingLog,
    /// NMT reports over time.
    NmtSeries,
    /// Resident memory over time.
    Rss,
    /// JVM flags.
    Flags,
    /// Physical memory.
    PhysicalMemory,
}

impl Family {
    /// Name in `not_assessed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PushLog => "push-log",
            Self::PushLogOrDump => "push-log-or-heap-dump",
            Self::Subscriptions => "push-or-request-log",
            Self::ConfigPushes => "remote-push-log",
            Self::ConnectionLog => "connection-log",
            Self::AccessLog => "access-log",
            Self::NamingLog => "naming-server-log",
            Self::NmtSeries => "nmt-series",
            Self::Rss => "resident-memory",
            Self::Flags => "jvm-flags",
            Self::PhysicalMemory => "physical-memory",
        }
    }

    /// Whether the case has it.
    #[must_use]
    pub fn present(self, case: &Case<'_>) -> bool {
        use crate::facts::Signal as S;
        let any = |signals: &[S]| {
            signals
                .iter()
                .any(|s| case.facts.log.totals.get(*s).is_some())
        };
        match self {
            Self::PushLog => any(&[
                S::PushOk,
                S::PushFail,
                S::ConfigFanOut,
                S::ConfigPushFail,
                S::UdpScheduled,
            ]),
            Self::PushLogOrDump => Self::PushLog.present(case) || case.dump.is_some(),
            Self::Subscriptions => any(&[S::PushOk, S::ConfigListen, S::ConfigPoll]),
            Self::ConfigPushes => any(&[S::ConfigFanOut]),
            Self::ConnectionLog => {
                any(&[S::Connect, S::Disconnect]) || !case.facts.log.connections.is_empty()
            }
            Self::AccessLog => any(&[S::Request]),
            Self::NamingLog => any(&[S::Registration]),
            Self::NmtSeries => case.nmt.len() >= 5,
            Self::Rss => case
                .facts
                .memory
                .gauges
                .iter()
                .any(|g| g.gauge == crate::facts::memory::Gauge::Rss),
            Self::Flags => !case.facts.jvm.sources.is_empty() || case.given.heap.is_some(),
            Self::PhysicalMemory => case.physical.is_some(),
        }
    }
}

/// All rules, in the order in which findings that are equally bad and sure stand.
pub static RULES: &[&Rule] = &[
    &process_killed::RULE,
    &direct_memory_exhausted::RULE,
    &direct_memory_growth::RULE,
    &outbound_backlog::RULE,
    &pool_fragmentation::RULE,
    &faulty_client::RULE,
    &login_burst::RULE,
    &registration_storm::RULE,
    &connection_storm::RULE,
    &subscription_storm::RULE,
    &config_push_storm::RULE,
    &push_fan_out::RULE,
    &native_memory_outside_nmt::RULE,
    &thread_growth::RULE,
    &metaspace_growth::RULE,
    &heap_pressure::RULE,
    &limit_too_small::RULE,
    &netty_leak_record::RULE,
    &direct_buffer_leak::RULE,
    &distro_backlog::RULE,
    &known_defect::RULE,
    &memory_overcommitted::RULE,
    &explicit_gc_disabled::RULE,
    &direct_limit_sizing::RULE,
    &evidence_gap::RULE,
];

/// The rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.id == id).copied()
}

/// How a case, a node or a report ends.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A cause is named.
    Cause,
    /// Memory is in trouble, and causes are too close or too weak.
    Undecided,
    /// Nothing tells about memory.
    InsufficientEvidence,
    /// Memory is neither exhausted nor growing nor near its limit.
    NoCause,
}

impl Outcome {
    /// Name in reports and arguments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Undecided => "undecided",
            Self::InsufficientEvidence => "insufficient-evidence",
            Self::NoCause => "no-cause",
        }
    }
}

/// What the rules say of one case.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// How it ends.
    pub outcome: Outcome,
    /// Best first.
    pub findings: Vec<Finding>,
    /// Rules that lack facts, with the families they lack.
    pub not_assessed: Vec<(&'static Rule, Vec<Family>)>,
}

/// A cause below this is no verdict, and stands at most at medium.
pub const DECIDED: f64 = 0.5;
/// Two rival causes closer than this (in log odds) are undecided.
const TOO_CLOSE: f64 = 0.4;

/// Weighs all rules over a case.
#[must_use]
pub fn diagnose(case: &Case<'_>) -> Diagnosis {
    let mut findings: Vec<Finding> = Vec::new();
    let mut not_assessed = Vec::new();
    for rule in RULES.iter().copied() {
        let missing: Vec<Family> = rule
            .needs
            .iter()
            .copied()
            .filter(|f| !f.present(case))
            .collect();
        if !missing.is_empty() {
            not_assessed.push((rule, missing));
            continue;
        }
        let proposed = (rule.weigh)(case, &findings);
        for hypothesis in proposed {
            let (confidence, log_odds) = score::confidence(&hypothesis.evidence);
            let severity = severity(case, rule, &hypothesis, confidence);
            findings.push(Finding {
                rule,
                severity,
                confidence,
                log_odds,
                hypothesis,
            });
        }
    }
    let trouble = in_trouble(case, &findings) || findings.iter().any(|f| explains_climb(case, f));
    if !trouble {
        for f in findings.iter_mut().filter(|f| f.rule.kind == Kind::Cause) {
            let most = if f.confidence >= DECIDED {
                Severity::Medium
            } else {
                Severity::Low
            };
            f.severity = f.severity.min(most);
        }
    }
    let place = |f: &Finding| {
        RULES
            .iter()
            .position(|r| *r == f.rule)
            .unwrap_or(usize::MAX)
    };
    findings.sort_by(|a, b| {
        let causes = a.rule.kind == Kind::Cause && b.rule.kind == Kind::Cause;
        let surer = b
            .confidence
            .total_cmp(&a.confidence)
            .then(b.log_odds.total_cmp(&a.log_odds));
        b.severity
            .cmp(&a.severity)
            .then(a.rule.kind.cmp(&b.rule.kind))
            .then(if causes {
                surer
            } else {
                std::cmp::Ordering::Equal
            })
            .then(place(a).cmp(&place(b)))
            .then(a.subject().cmp(b.subject()))
    });
    rank_by_bytes(&mut findings);
    let outcome = outcome(case, &findings, trouble);
    Diagnosis {
        outcome,
        findings,
        not_assessed,
    }
}

/// Clients that are all surely faulty stand in the order of the bytes held for them, not of a hundredth of confidence.
fn rank_by_bytes(findings: &mut [Finding]) {
    const SURE: f64 = 0.8;
    let places: Vec<usize> = (0..findings.len())
        .filter(|&i| findings[i].rule == &faulty_client::RULE && findings[i].confidence >= SURE)
        .collect();
    let mut clients: Vec<Finding> = places.iter().map(|&i| findings[i].clone()).collect();
    let share = |f: &Finding| {
        f.hypothesis
            .subjects
            .first()
            .and_then(|s| s.share)
            .unwrap_or(0.0)
    };
    clients.sort_by(|a, b| share(b).total_cmp(&share(a)));
    for (place, f) in places.into_iter().zip(clients) {
        findings[place] = f;
    }
}

/// A client that explains a climb, to nobody knows how near the limit or to a good part of it: it fails from before the climb,
/// or with it, to the end. One whose backlog was cured fails no more.
fn explains_climb(case: &Case<'_>, f: &Finding) -> bool {
    /// What is logged last lags behind the last sample by a time-out and an interval.
    const LAG_MS: i64 = 60_000;
    let climbed = case.climbed() || case.climbed_far();
    if f.rule != &faulty_client::RULE || f.confidence < DECIDED {
        return false;
    }
    let begins = climbed
        && f.hypothesis
            .evidence
            .iter()
            .any(|e| e.weight == score::Weight::StartsWithGrowth && e.contribution() > 0.0);
    let end = case
        .curve
        .as_ref()
        .and_then(|c| c.points.last())
        .map(|p| p.time.minus_ms(LAG_MS));
    let fails = || {
        case.clients
            .iter()
            .filter(|c| c.address.to_string() == f.subject())
            .flat_map(|c| {
                [Signal::PushFail, Signal::ConfigPushFail, Signal::SendFailed]
                    .into_iter()
                    .flat_map(|s| c.activities(s))
            })
    };
    // Or what looks level over all, beside an unknown limit, rises from its first failure on.
    let first = fails().filter_map(|a| a.first_time()).min();
    let creeps = case.limit.is_none()
        && case.exhaustion.is_none()
        && first
            .zip(case.curve.as_ref())
            .is_some_and(|(t, c)| c.rises_since(t, case.few_chunks()));
    let last = fails().filter_map(|a| a.last_time()).max();
    (begins || creeps) && last.is_some() && last >= end
}

/// What tells neither of calm nor of trouble: a climb, or a swing, with no limit to hold it against, or resident memory that
/// grows and no NMT to tell whose it is.
fn is_open(case: &Case<'_>, findings: &[Finding]) -> bool {
    /// Weaker suspicions are noise.
    const WORTH_A_WORD: f64 = 0.25;
    case.climbed()
        || case.swung()
        || findings
            .iter()
            .any(|f| f.rule == &native_memory_outside_nmt::RULE && f.confidence >= WORTH_A_WORD)
}

/// Direct memory is in trouble, or other memory is.
fn in_trouble(case: &Case<'_>, findings: &[Finding]) -> bool {
    case.in_trouble() || other_trouble(findings).is_some()
}

/// What tells of trouble with memory other than direct memory: the process was killed, or one of its other parts grows or is
/// full.
#[must_use]
pub fn other_trouble(findings: &[Finding]) -> Option<&Finding> {
    let other = [
        &process_killed::RULE,
        &native_memory_outside_nmt::RULE,
        &thread_growth::RULE,
        &metaspace_growth::RULE,
        &heap_pressure::RULE,
    ];
    findings
        .iter()
        .find(|f| f.confidence >= DECIDED && other.contains(&f.rule))
}

fn severity(case: &Case<'_>, rule: &Rule, h: &Hypothesis, confidence: f64) -> Severity {
    if let Some(s) = h.severity {
        return s;
    }
    let consequence = if case.exhaustion.is_some() {
        Severity::Critical
    } else if case.peak_ratio().is_some_and(|r| r >= 0.9)
        || case.time_to_limit_s().is_some_and(|s| s < 48.0 * 3600.0)
    {
        Severity::High
    } else {
        Severity::Medium
    };
    match rule.kind {
        Kind::Cause if confidence < 0.25 => consequence.min(Severity::Low),
        Kind::Cause if confidence < DECIDED => consequence.min(Severity::Medium),
        Kind::Cause | Kind::Condition => consequence,
        Kind::Advice => Severity::Info,
    }
}

fn outcome(case: &Case<'_>, findings: &[Finding], trouble: bool) -> Outcome {
    if !trouble {
        return if is_open(case, findings) {
            Outcome::Undecided
        } else if case.knows_memory() {
            Outcome::NoCause
        } else {
            Outcome::InsufficientEvidence
        };
    }
    let mut causes = findings.iter().filter(|f| f.rule.kind == Kind::Cause);
    let Some(first) = causes.next() else {
        return Outcome::Undecided;
    };
    if first.confidence < DECIDED {
        return Outcome::Undecided;
    }
    let rival = causes.find(|f| !allied(first.rule, f.rule));
    match rival {
        Some(r) if r.confidence >= DECIDED && first.log_odds - r.log_odds < TOO_CLOSE => {
            Outcome::Undecided
        }
        _ => Outcome::Cause,
    }
}

/// Two rules that say the same of one trouble from two sides.
fn allied(a: &Rule, b: &Rule) -> bool {
    let load = |r: &Rule| r.id == push_fan_out::RULE.id || r.id == limit_too_small::RULE.id;
    let leak = |r: &Rule| r == &netty_leak_record::RULE || r == &direct_buffer_leak::RULE;
    a == b || load(a) && load(b) || leak(a) && leak(b)
}

/// The first cause, where the outcome is that there is one.
#[must_use]
pub fn verdict(d: &Diagnosis) -> Option<&Finding> {
    (d.outcome == Outcome::Cause)
        .then(|| d.findings.iter().find(|f| f.rule.kind == Kind::Cause))
        .flatten()
}

/// So unlikely that telling it would only hide the others.
fn hopeless(evidence: &[Evidence]) -> bool {
    score::PRIOR + evidence.iter().map(Evidence::contribution).sum::<f64>() < -2.5
}

/// Steps that come before any restart, because a restart destroys what they take.
#[must_use]
pub fn take_evidence(case: &Case<'_>) -> Text {
    use serde_json::json;
    // What the next process destroyed nobody can take any more.
    if let Some(next) = case.next_run() {
        let since = next.from.map(crate::text::local);
        return match next.pid {
            Some(pid) => Text::new(
                "remedy.process-gone",
                [("pid", json!(pid)), ("since", json!(since))],
            ),
            None => Text::new("remedy.process-gone-bare", [("since", json!(since))]),
        };
    }
    let pid = case.pid_in_commands();
    Text::new("remedy.take-evidence", [("pid", json!(pid))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_explained_in_chinese_too() {
        let lacking: Vec<_> = RULES
            .iter()
            .filter(|r| {
                let t = r.text(Lang::Zh);
                [
                    t.title,
                    t.what,
                    t.speaks_for,
                    t.speaks_against,
                    t.remedy,
                    t.sources,
                ]
                .iter()
                .any(|t| !t.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)))
            })
            .map(|r| r.id)
            .collect();
        assert!(lacking.is_empty(), "no Chinese for {lacking:?}");
        let known: Vec<_> = RULES.iter().map(|r| r.id).collect();
        for id in crate::text::explained_rules(Lang::Zh) {
            assert!(known.contains(&id), "no rule {id}");
        }
    }

    #[test]
    fn rules_are_documented_and_named_once() {
        let mut ids: Vec<_> = RULES.iter().map(|r| r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        for r in RULES {
            for text in [
                r.title,
                r.what,
                r.speaks_for,
                r.speaks_against,
                r.remedy,
                r.sources,
            ] {
                assert!(!text.is_empty(), "{} lacks a text", r.id);
            }
            assert!(r.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        }
    }
}
