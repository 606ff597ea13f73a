//! Defects of Nacos that touch memory, held against the release that runs and their traces in these files.

use serde_json::json;

use super::score::Weight;
use super::{
    Case, DECIDED, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject,
    distro_backlog, faulty_client, login_burst,
};
use crate::facts::{Quote, Signal};
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "known-defect",
    kind: Kind::Advice,
    title: "A defect of this release",
    what: "Some releases of Nacos are known to hold or waste memory. Each defect has a range of releases, a trace that it leaves in the \
           files, and the first release that mends it.",
    speaks_for: "The release lies in the range, and the trace is in these files: high where memory is in trouble. The trace without a known \
                 release, or the unbounded queue of 2.0.0 to 2.3.0 without a trace, is told as well, lower.",
    speaks_against: "A release outside the range; no trace.",
    remedy: "Upgrade to the first release that mends it; until then the workaround, where there is one.",
    sources: "Nacos's tags 1.4.0 to 3.0.3 and the pull requests 6141, 8075, 8491, 9653, 9859, 10273, 10509, 11495, 11514, 13419, 13539.",
    weigh,
    needs: &[],
};

/// A known defect.
struct Defect {
    /// Permanent id.
    id: &'static str,
    /// First and last release that has it, each compared as far as it goes.
    releases: [&'static [u32]; 2],
    /// First release without it; `None`: none yet.
    mended: Option<&'static str>,
    /// What it does, a template of `text`.
    what: &'static str,
    /// What to do until then, a template of `text`.
    until: Option<&'static str>,
    /// Its trace in these files.
    trace: fn(&Case<'_>, &[Finding]) -> Option<Trace>,
    /// Told of a release in its range even without a trace.
    always: bool,
}

/// What shows that a defect struck.
struct Trace {
    claim: Text,
    quote: Option<Quote>,
}

static DEFECTS: &[Defect] = &[
    Defect {
        id: "unbounded-send-queue",
        releases: [&[2, 0], &[2, 3, 0]],
        mended: Some("2.3.1"),
        what: "known-defect.unbounded-send-queue",
        until: None,
        trace: stuck_client,
        always: true,
    },
    Defect {
        id: "no-stale-detection",
        releases: [&[2, 2, 0], &[2, 2, 4]],
        mended: Some("2.3.0"),
        what: "known-defect.no-stale-detection",
        until: None,
        trace: silent_client,
        always: false,
    },
    Defect {
        id: "jjwt-tokens",
        releases: [&[1, 4], &[2, 2, 0]],
        mended: Some("2.2.1"),
        what: "known-defect.jjwt-tokens",
        until: None,
        trace: logins,
        always: false,
    },
    Defect {
        id: "login-loop",
        releases: [&[2, 2, 2], &[2, 3, 0]],
        mended: Some("2.3.1"),
        what: "known-defect.login-loop",
        until: None,
        trace: login_loop,
        always: false,
    },
    Defect {
        id: "large-chunks",
        releases: [&[2, 0], &[2, 1, 0]],
        mended: Some("2.1.1"),
        what: "known-defect.large-chunks",
        until: None,
        trace: large_chunks,
        always: false,
    },
    Defect {
        id: "futures-kept",
        releases: [&[2, 0], &[2, 0, 2]],
        mended: Some("2.0.3"),
        what: "known-defect.futures-kept",
        until: None,
        trace: |case, _| failures(case, 1_000.0),
        always: false,
    },
    Defect {
        id: "timeout-after-failed-send",
        releases: [&[2, 0], &[3, 0, 2]],
        mended: Some("3.0.3"),
        what: "known-defect.timeout-after-failed-send",
        until: None,
        trace: echoes,
        always: false,
    },
    Defect {
        id: "distro-snapshot",
        releases: [&[1, 4, 0], &[2, 0, 4]],
        mended: Some("2.1.0"),
        what: "known-defect.distro-snapshot",
        until: None,
        trace: snapshot,
        always: false,
    },
    Defect {
        id: "distro-verify-burst",
        releases: [&[2, 0], &[3, 0, 3]],
        mended: None,
        what: "known-defect.distro-verify-burst",
        until: Some("known-defect.distro-verify-burst-until"),
        trace: refused_by_pool,
        always: false,
    },
];

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let of = |d| hypothesis(case, findings, d);
    DEFECTS.iter().filter_map(of).collect()
}

fn hypothesis(case: &Case<'_>, findings: &[Finding], d: &Defect) -> Option<Hypothesis> {
    let [low, high] = d.releases;
    let in_range = case.nacos.as_ref().map(|r| r.within(low, high));
    if in_range == Some(false) {
        return None;
    }
    let trace = (d.trace)(case, findings);
    let mut evidence = Vec::new();
    let severity = match (in_range, &trace) {
        (Some(true), Some(_)) if case.in_trouble() => Severity::High,
        (Some(true), Some(_)) => Severity::Medium,
        (None, Some(_)) => Severity::Low,
        (Some(true), None) if d.always => Severity::Info,
        _ => return None,
    };
    if let Some(r) = case.nacos.as_ref() {
        evidence.push(Evidence::new(
            Weight::Computed,
            Text::new("known-defect.release", [("release", json!(r.text))]),
            case.release_quote(),
        ));
    }
    if let Some(t) = trace {
        evidence.push(Evidence::new(Weight::Observed, t.claim, t.quote.as_ref()));
    }
    let what = Text::new(d.what, []);
    let mut lasting = vec![match (d.mended, &case.nacos) {
        (Some(mended), Some(r)) => Text::new(
            "known-defect.upgrade",
            [("release", json!(r.text)), ("mended", json!(mended))],
        ),
        (Some(mended), None) => {
            Text::new("known-defect.upgrade-unknown", [("mended", json!(mended))])
        }
        (None, _) => Text::new("known-defect.not-mended", []),
    }];
    lasting.extend(d.until.map(|id| Text::new(id, [])));
    Some(Hypothesis {
        subjects: vec![Subject::new("defect", d.id)],
        title: Text::new("known-defect.title", [("what", what.nested())]),
        evidence,
        remedy: Remedy {
            now: Vec::new(),
            lasting,
        },
        severity: Some(severity),
    })
}

/// The first finding of a rule that is sure enough to be a trace.
fn trace_of(findings: &[Finding], rule: &Rule) -> Option<Trace> {
    let f = findings
        .iter()
        .filter(|f| f.rule == rule && f.confidence >= DECIDED)
        .max_by(|a, b| a.log_odds.total_cmp(&b.log_odds))?;
    Some(Trace {
        claim: f.hypothesis.title.clone(),
        quote: f.hypothesis.evidence.iter().find_map(|e| e.quote.clone()),
    })
}

fn quote_of(case: &Case<'_>, signal: Signal) -> Option<Quote> {
    case.facts.log.totals.get(signal)?.first.clone()
}

fn stuck_client(_: &Case<'_>, findings: &[Finding]) -> Option<Trace> {
    trace_of(findings, &faulty_client::RULE)
}

/// A client that acknowledges nothing any more and is not expelled for it.
fn silent_client(case: &Case<'_>, findings: &[Finding]) -> Option<Trace> {
    let (from, to) = case.bounds();
    let expelled = case.total_between(Signal::Expelled, from, to) > 0.0;
    let silent = findings
        .iter()
        .filter(|f| f.rule == &faulty_client::RULE)
        .any(|f| {
            let shows = |w| f.hypothesis.evidence.iter().any(|e| e.weight == w);
            f.confidence >= DECIDED
                && shows(Weight::StaysConnected)
                && (shows(Weight::NothingDelivered) || shows(Weight::WentSilent))
        });
    (silent && !expelled)
        .then(|| trace_of(findings, &faulty_client::RULE))
        .flatten()
}

fn logins(_: &Case<'_>, findings: &[Finding]) -> Option<Trace> {
    trace_of(findings, &login_burst::RULE)
}

fn refused_by_pool(case: &Case<'_>, findings: &[Finding]) -> Option<Trace> {
    let (from, to) = case.bounds();
    (case.total_between(Signal::PoolExhausted, from, to) >= 1.0)
        .then(|| trace_of(findings, &distro_backlog::RULE))
        .flatten()
}

/// Every address that logs in does so every five seconds or oftener, for minutes.
fn login_loop(case: &Case<'_>, _: &[Finding]) -> Option<Trace> {
    /// Sustained so long it is a loop.
    const LASTS_S: f64 = 300.0;
    let (mut looping, mut all) = (0, 0);
    for c in case.clients.iter().filter(|c| c.total(Signal::Login) > 0) {
        all += 1;
        let first = c
            .activities(Signal::Login)
            .filter_map(|a| a.first_time())
            .min();
        let last = c
            .activities(Signal::Login)
            .filter_map(|a| a.last_time())
            .max();
        let (Some(first), Some(last)) = (first, last) else {
            continue;
        };
        let lasts_s = (last.0 - first.0) as f64 / 1000.0;
        // The clients wait five seconds; a process of two modules logs in twice.
        if lasts_s >= LASTS_S && c.total(Signal::Login) as f64 >= lasts_s / 7.0 {
            looping += 1;
        }
    }
    (looping >= 1 && looping * 2 >= all).then(|| Trace {
        claim: Text::new(
            "known-defect.login-loop-trace",
            [("n", json!(looping)), ("all", json!(all))],
        ),
        quote: quote_of(case, Signal::Login),
    })
}

/// A chunk of 16 MiB was asked for in vain.
fn large_chunks(case: &Case<'_>, _: &[Finding]) -> Option<Trace> {
    let e = case.exhaustion.as_ref()?;
    (e.requested == Some(16 << 20)).then(|| Trace {
        claim: Text::new(
            "known-defect.large-chunks-trace",
            [("requested", json!(e.requested)), ("limit", json!(e.limit))],
        ),
        quote: e.quote.clone(),
    })
}

fn failures(case: &Case<'_>, fewest: f64) -> Option<Trace> {
    let (from, to) = case.bounds();
    let n = case.total_between(Signal::PushFail, from, to);
    (n >= fewest).then(|| Trace {
        claim: Text::new("known-defect.failures-trace", [("n", json!(n.round()))]),
        quote: quote_of(case, Signal::PushFail),
    })
}

/// Pushes that failed at once, and are told as timed out five seconds later too.
fn echoes(case: &Case<'_>, _: &[Finding]) -> Option<Trace> {
    let (from, to) = case.bounds();
    let busy = case.total_between(Signal::PushBusy, from, to);
    let n = case.total_between(Signal::PushEcho, from, to);
    (n >= 50.0 && busy >= 50.0).then(|| Trace {
        claim: Text::new("known-defect.echoes-trace", [("n", json!(n.round()))]),
        quote: quote_of(case, Signal::PushBusy),
    })
}

/// A snapshot of a peer's data that is large against the heap.
fn snapshot(case: &Case<'_>, _: &[Finding]) -> Option<Trace> {
    let (bytes, quote) = case.facts.log.snapshot_max.as_ref()?;
    let large = case.heap.map_or(64 << 20, |h| h / 8).max(16 << 20);
    (*bytes >= large).then(|| Trace {
        claim: Text::new("known-defect.snapshot-trace", [("bytes", json!(bytes))]),
        quote: Some(quote.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::case::Release;

    #[test]
    fn ranges_end_before_the_release_that_mends() {
        for d in DEFECTS {
            let [low, high] = d.releases;
            assert!(low <= high, "{}", d.id);
            if let Some(m) = d.mended {
                let mended = Release::read(m).unwrap();
                assert!(!mended.within(low, high), "{} is mended in {m}", d.id);
            }
        }
        let mut ids: Vec<_> = DEFECTS.iter().map(|d| d.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), DEFECTS.len());
    }
}
