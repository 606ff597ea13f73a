//! Work between servers, or within one, that piles up.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::facts::Signal;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "distro-backlog",
    kind: Kind::Condition,
    title: "Work between the servers piles up",
    what: "Servers send each other every change and, every five seconds, a proof of each client they hold. Where that overruns the request \
           threads of a peer, its refused requests leave buffers of 64 to 128 KiB behind; naming workers that fall behind keep pushes \
           waiting.",
    speaks_for: "The request thread pool refuses work; deliveries to peers, or the comparison with them, fail on and on; thousands of tasks \
                 wait in the naming workers.",
    speaks_against: "A few failures around the restart of a peer.",
    remedy: "Look at the peer (load, collections, network); slow the comparison down \
             (nacos.core.protocol.distro.data.verify.intervalMs); give the request threads more room (remote.executor.times.of.processors).",
    sources: "Nacos issues 12792 and 13382, pull request 13419 (not merged); AbstractDistroExecuteTask, RemoteRequestHandler pools.",
    weigh,
    needs: &[],
};

/// Refused requests that tell of more than a moment.
const REFUSED_FEWEST: f64 = 20.0;
/// Failed deliveries that tell of more than a peer's restart.
const FAILED_FEWEST: f64 = 100.0;
/// A restart is over by then.
const FAILED_LASTS_MS: i64 = 180_000;
/// Tasks that wait in the naming workers.
const WAITING_FEWEST: u64 = 5_000;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let log = &case.facts.log;
    let (from, to) = case.bounds();
    let mut evidence = Vec::new();
    let refused = case.total_between(Signal::PoolExhausted, from, to);
    if refused >= REFUSED_FEWEST {
        let quote = log.totals.get(Signal::PoolExhausted);
        let most = log.pool_max.as_ref();
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new(
                "distro-backlog.refused",
                [
                    ("n", json!(refused.round())),
                    ("queued", json!(most.map_or(0, |m| m.0))),
                    ("threads", json!(most.map_or(0, |m| m.1))),
                ],
            ),
            quote.and_then(|a| a.first.as_ref()),
        ));
    }
    for (signal, id) in [
        (Signal::DistroFailed, "distro-backlog.sync"),
        (Signal::DistroVerifyFailed, "distro-backlog.verify"),
    ] {
        let n = case.total_between(signal, from, to);
        let Some(a) = log.totals.get(signal) else {
            continue;
        };
        let lasts = match (a.first_time(), a.last_time()) {
            (Some(f), Some(l)) => l.min(to).0 - f.max(from).0,
            _ => 0,
        };
        if n >= FAILED_FEWEST && lasts >= FAILED_LASTS_MS {
            evidence.push(Evidence::new(
                Weight::Observed,
                Text::new(
                    id,
                    [
                        ("n", json!(n.round())),
                        ("lasts", json!((lasts as f64 / 1000.0).round())),
                    ],
                ),
                a.first.as_ref(),
            ));
        }
    }
    if let Some((all, most, quote)) = log
        .task_backlog_max
        .as_ref()
        .filter(|(all, ..)| *all >= WAITING_FEWEST)
    {
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new(
                "distro-backlog.waiting",
                [("n", json!(all)), ("most", json!(most))],
            ),
            Some(quote),
        ));
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let severity = if case.in_trouble() {
        Severity::Medium
    } else {
        Severity::Low
    };
    vec![Hypothesis {
        subjects: vec![Subject::new("node", "distro")],
        title: Text::new("distro-backlog.title", []),
        evidence,
        remedy: Remedy {
            now: vec![Text::new("distro-backlog.peer", [])],
            lasting: vec![Text::new("distro-backlog.slow-down", [])],
        },
        severity: Some(severity),
    }]
}
