//! Bytes queued for clients, connection by connection, as a heap dump shows them.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "outbound-backlog",
    kind: Kind::Condition,
    title: "Bytes are queued for clients",
    what: "Messages wait in the HTTP/2 flow controller, in outbound buffers or in gRPC's write queue, each in a direct buffer of at least \
           4 KiB however small it is. The heap dump tells how much is held for which connection, also for connections that Nacos has \
           dropped from its list and that are not closed.",
    speaks_for: "A heap dump of this process with queued messages.",
    speaks_against: "Queues that are small against what is in use, or spread evenly over many clients.",
    remedy: "Look at the clients with most bytes; closing their connections frees the memory at once.",
    sources: "Netty DefaultHttp2RemoteFlowController 4.1; grpc-java 1.24 to 1.68; dumps of Nacos 2.2.3 and 2.3.0.",
    weigh,
    needs: &[],
};

/// Connections that are named.
const NAMED: usize = 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let Some(dump) = case.dump else {
        return Vec::new();
    };
    let backlog = &dump.heap.backlog;
    if backlog.held_bytes < 1 << 20 {
        return Vec::new();
    }
    let quote = dump.quote();
    let all = backlog.held_bytes as f64;
    let mut by_address: Vec<_> = dump.heap.by_address.iter().collect();
    by_address.sort_by(|a, b| {
        b.held_bytes
            .cmp(&a.held_bytes)
            .then(a.address.cmp(&b.address))
    });
    let mut subjects: Vec<Subject> = by_address
        .iter()
        .filter(|a| a.held_bytes > 0)
        .take(NAMED)
        .map(|a| {
            let mut s =
                Subject::new("client-ip", a.address.clone()).with_share(a.held_bytes as f64 / all);
            s.bytes = Some(a.held_bytes);
            s
        })
        .collect();
    let mut connections: Vec<_> = dump
        .heap
        .connections
        .iter()
        .filter(|c| c.held_bytes > 0)
        .collect();
    connections.sort_by(|a, b| {
        b.held_bytes
            .cmp(&a.held_bytes)
            .then(a.connection_id.cmp(&b.connection_id))
    });
    subjects.extend(connections.iter().take(NAMED).filter_map(|c| {
        let mut s = Subject::new("connection-id", c.connection_id.clone()?)
            .with_share(c.held_bytes as f64 / all);
        s.bytes = Some(c.held_bytes);
        Some(s)
    }));
    let mut evidence = vec![Evidence::new(
        Weight::Observed,
        Text::new(
            "backlog.held",
            [
                ("queued", json!(backlog.queued_bytes)),
                ("held", json!(backlog.held_bytes)),
                ("messages", json!(backlog.messages)),
                ("connections", json!(backlog.connections)),
            ],
        ),
        Some(&quote),
    )];
    for a in by_address.iter().filter(|a| a.held_bytes > 0).take(5) {
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new(
                "backlog.of",
                [
                    ("ip", json!(a.address)),
                    ("held", json!(a.held_bytes)),
                    ("queued", json!(a.queued_bytes)),
                    ("connections", json!(a.connections)),
                ],
            ),
            Some(&quote),
        ));
    }
    if backlog.unregistered_bytes > 0 {
        evidence.push(Evidence::new(
            Weight::Observed,
            Text::new(
                "backlog.dropped",
                [("bytes", json!(backlog.unregistered_bytes))],
            ),
            Some(&quote),
        ));
    }
    let limit = case.limit.as_ref().map_or(u64::MAX, |l| l.bytes);
    let severity = if case.exhaustion.is_some() {
        Severity::Critical
    } else if case.peak_ratio().is_some_and(|r| r >= 0.9) {
        Severity::High
    } else if backlog.held_bytes > limit / 10 {
        Severity::Medium
    } else {
        Severity::Low
    };
    vec![Hypothesis {
        title: Text::new(
            "backlog.title",
            [
                ("held", json!(backlog.held_bytes)),
                (
                    "clients",
                    json!(by_address.iter().filter(|a| a.held_bytes > 0).count()),
                ),
                ("first", json!(subjects.first().map(|s| s.value.clone()))),
            ],
        ),
        subjects,
        evidence,
        remedy: Remedy::default(),
        severity: Some(severity),
    }]
}
