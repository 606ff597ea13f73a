//! One address logs in far more often than usual.

use serde_json::json;

use super::case::Client;
use super::storm::{Storm, storms};
use super::{Case, Family, Finding, Hypothesis, Kind, Remedy, Rule};
use crate::facts::Signal;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "login-burst",
    kind: Kind::Cause,
    title: "A burst of logins",
    what: "Every login costs a password hash, a token, and buffers on both ends; up to 2.2.0.1 the token library (jjwt) inflates and \
           deflates. Clients that get no usable token log in again every five seconds.",
    speaks_for: "Logins of one address far over its usual rate and over that of others; memory grows while it lasts; a release with a \
                 login defect (jjwt up to 2.2.0.1; endless logins with authentication off in 2.2.2 to 2.3.0).",
    speaks_against: "Memory stays flat; the burst is over before memory grows, or begins after an allocation failure or a restart.",
    remedy: "Find the application behind the address and user; let it keep its token. Turn on the token cache (2.2.1 and later). \
             Upgrade to 2.3.1 or later.",
    sources: "Nacos pull requests 9859 (jjwt replaced, 2.2.1), 11495 (login loop, 2.3.1), 13046 (randomised refresh, 2.5.1).",
    weigh,
    needs: &[Family::AccessLog],
};

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    storms(
        case,
        findings,
        &Storm {
            signals: &[Signal::Login],
            fewest_per_minute: 60.0,
            at_once_per_minute: 300.0,
            ratio: 8.0,
            ids: ["login-burst.title", "login-burst.claim"],
            suspect: suspect(case),
            by: |_| true,
            remedy,
        },
    )
}

fn suspect(case: &Case<'_>) -> Option<Text> {
    let r = case.nacos.as_ref()?;
    let release = || [("release", json!(r.text.clone()))];
    if r.within(&[1, 4], &[2, 2, 0]) {
        Some(Text::new("login-burst.jjwt", release()))
    } else if r.within(&[2, 2, 2], &[2, 3, 0]) {
        Some(Text::new("login-burst.loop", release()))
    } else {
        None
    }
}

fn remedy(case: &Case<'_>, client: &Client<'_>) -> Remedy {
    let user = case
        .facts
        .log
        .logins
        .by_user
        .iter()
        .max_by_key(|(u, n)| (**n, std::cmp::Reverse(u.len())))
        .map_or_else(
            || Text::new("word.unknown", []).nested(),
            |(u, _)| json!(String::from_utf8_lossy(u)),
        );
    Remedy {
        now: vec![Text::new(
            "login-burst.find",
            [("ip", json!(client.address.to_string())), ("user", user)],
        )],
        lasting: vec![Text::new("login-burst.lasting", [])],
    }
}
