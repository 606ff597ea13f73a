//! One address registers and deregisters far more often than usual.

use serde_json::json;

use super::case::Client;
use super::storm::{Storm, storms};
use super::{Case, Family, Finding, Hypothesis, Kind, Remedy, Rule};
use crate::facts::Signal;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "registration-storm",
    kind: Kind::Cause,
    title: "A storm of registrations",
    what: "Each registration, change or removal of an instance sets off a push to every subscriber of the service and a synchronisation to \
           every peer.",
    speaks_for: "Registrations and removals of one address far over its usual rate, before or with the growth of memory.",
    speaks_against: "Memory stays flat; the storm follows a restart or an allocation failure; it is over before memory grows.",
    remedy: "Find the application that registers in a loop (a failing health check, a deploy script); register batches at once.",
    sources: "Nacos AbstractClient, PushDelayTask 2.0.0 to 3.0.3. naming-server.log drops lines under load: counts are lower bounds.",
    weigh,
    needs: &[Family::NamingLog],
};

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    storms(
        case,
        findings,
        &Storm {
            signals: &[Signal::Registration, Signal::Deregistration],
            fewest_per_minute: 600.0,
            at_once_per_minute: 6_000.0,
            ratio: 10.0,
            ids: ["registration-storm.title", "registration-storm.claim"],
            suspect: None,
            by: |_| true,
            remedy,
        },
    )
}

fn remedy(_: &Case<'_>, client: &Client<'_>) -> Remedy {
    Remedy {
        now: vec![Text::new(
            "registration-storm.find",
            [("ip", json!(client.address.to_string()))],
        )],
        lasting: vec![Text::new("registration-storm.lasting", [])],
    }
}
