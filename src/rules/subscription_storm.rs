//! One address subscribes, or asks for configurations, far more often than usual.

use serde_json::json;

use super::case::Client;
use super::storm::{Storm, storms};
use super::{Case, Family, Finding, Hypothesis, Kind, Remedy, Rule};
use crate::facts::Signal;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "subscription-storm",
    kind: Kind::Cause,
    title: "A storm of subscriptions",
    what: "Each new subscription is answered with the whole service in a push of its own, each request to listen with a comparison of \
           every configuration named. No log names a naming subscription itself: what shows is the push to the one subscriber.",
    speaks_for: "Pushes to one subscriber alone, or requests to listen, of one address far over its usual rate, before or with the \
                 growth of memory.",
    speaks_against: "Memory stays flat; the storm follows a restart or an allocation failure, when everybody subscribes anew.",
    remedy: "Find the application that subscribes in a loop (a client made for each call, a gateway that asks for every service); \
             subscribe once and keep the client.",
    sources: "Nacos NamingSubscriberServiceV2Impl, PushDelayTask, ConfigChangeListenContext 2.0.0 to 3.0.3.",
    weigh,
    needs: &[Family::Subscriptions],
};

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let storm = |signals, by: fn(&Client<'_>) -> bool, claim| {
        let storm = Storm {
            signals,
            fewest_per_minute: 1_200.0,
            at_once_per_minute: 12_000.0,
            ratio: 10.0,
            ids: ["subscription-storm.title", claim],
            suspect: None,
            by,
            remedy,
        };
        storms(case, findings, &storm)
    };
    let mut all = storm(&[Signal::PushOk], subscribes, "subscription-storm.pushes");
    // One finding for each address: who subscribes to services and listens too is told once.
    for h in storm(
        &[Signal::ConfigListen, Signal::ConfigPoll],
        |_| true,
        "subscription-storm.listens",
    ) {
        if !all.iter().any(|o| o.subjects[0] == h.subjects[0]) {
            all.push(h);
        }
    }
    all
}

/// Most of what goes to it goes to it alone: it subscribes, services do not change.
fn subscribes(c: &Client<'_>) -> bool {
    let all = c.total(Signal::PushOk);
    let alone = all.saturating_sub(c.amount(Signal::PushOk));
    alone * 10 >= all * 7 && c.total(Signal::PushFail) * 10 <= all
}

fn remedy(_: &Case<'_>, client: &Client<'_>) -> Remedy {
    Remedy {
        now: vec![Text::new(
            "subscription-storm.find",
            [("ip", json!(client.address.to_string()))],
        )],
        lasting: vec![Text::new("subscription-storm.lasting", [])],
    }
}
