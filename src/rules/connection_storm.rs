//! One address opens and closes connections far more often than usual.

use serde_json::json;

use super::case::Client;
use super::storm::{Storm, storms};
use super::{Case, Family, Finding, Hypothesis, Kind, Remedy, Rule};
use crate::facts::Signal;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "connection-storm",
    kind: Kind::Cause,
    title: "A storm of connections",
    what: "Each new connection costs buffers, a handshake, and a push of everything it subscribes to.",
    speaks_for: "Connections of one address far over its usual rate, before or with the growth of memory.",
    speaks_against: "Memory stays flat; the storm follows a restart or an allocation failure, when everybody reconnects.",
    remedy: "Find the application that makes a client for each call, or that a health check restarts; limit connections per address.",
    sources: "Nacos AddressTransportFilter, ConnectionManager 2.0.0 to 3.0.3.",
    weigh,
    needs: &[Family::ConnectionLog],
};

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    storms(
        case,
        findings,
        &Storm {
            signals: &[Signal::Connect],
            fewest_per_minute: 60.0,
            at_once_per_minute: 600.0,
            ratio: 8.0,
            ids: ["connection-storm.title", "connection-storm.claim"],
            suspect: None,
            by: |_| true,
            remedy,
        },
    )
}

fn remedy(_: &Case<'_>, client: &Client<'_>) -> Remedy {
    Remedy {
        now: vec![Text::new(
            "connection-storm.find",
            [("ip", json!(client.address.to_string()))],
        )],
        lasting: vec![Text::new("connection-storm.lasting", [])],
    }
}
