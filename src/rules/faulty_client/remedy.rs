//! Who the client is, and what to do about it.

use std::collections::BTreeSet;

use serde_json::json;

use super::Suspect;
use super::failing::NAMING;
use crate::facts::Signal;
use crate::facts::log::Connection;
use crate::parse::statement::ConnectionId;
use crate::rules::{DECIDED, Remedy, Subject, take_evidence};
use crate::text::Text;
use crate::units::Address;

/// Connections named at the most.
const CONNECTIONS_MAX: usize = 50;

/// The address first, then applications, SDK versions and connections; and the peer's address where it is another.
pub(super) fn subjects(s: &Suspect<'_, '_, '_>) -> Vec<Subject> {
    let c = s.failing.client;
    let mut first = Subject::new("client-ip", c.address.to_string()).with_share(s.share.min(1.0));
    first.bytes = s.case.held_for(&c.address).map(|(held, _)| held);
    let mut all = vec![first];
    all.extend(c.apps.iter().map(|a| Subject::new("app", *a)));
    all.extend(c.versions.iter().map(|v| Subject::new("sdk-version", *v)));
    all.extend(
        peers(s)
            .iter()
            .filter(|p| ***p != c.address)
            .map(|p| Subject::new("peer-ip", p.to_string())),
    );
    all.extend(
        suspected(s)
            .iter()
            .take(CONNECTIONS_MAX)
            .map(|(id, _)| Subject::new("connection-id", id.to_string())),
    );
    all
}

/// Connections that failed or are still open; where no log tells, all of them.
fn suspected<'c>(s: &Suspect<'_, 'c, '_>) -> Vec<(&'c ConnectionId, &'c Connection)> {
    let failed = |k: &Connection| {
        NAMING
            .iter()
            .chain(&[Signal::SendFailed])
            .any(|signal| k.activities.count(*signal) > 0)
    };
    let all = &s.failing.client.connections;
    let some: Vec<_> = all
        .iter()
        .filter(|(_, k)| failed(k) || k.closed.is_none())
        .copied()
        .collect();
    if some.is_empty() { all.clone() } else { some }
}

/// Addresses its connections come from.
fn peers<'c>(s: &Suspect<'_, 'c, '_>) -> BTreeSet<&'c Address> {
    suspected(s).iter().map(|(id, _)| &id.peer).collect()
}

/// What to do about a suspect of whom so much is sure.
pub(super) fn remedy(s: &Suspect<'_, '_, '_>, confidence: f64) -> Remedy {
    let c = s.failing.client;
    let sdk = if c.versions.is_empty() {
        Text::new("word.unknown", []).nested()
    } else {
        json!(c.versions)
    };
    let look = Text::new("faulty-client.look-at", [("ip", s.ip()), ("sdk", sdk)]);
    let trouble = s.case.in_trouble() || s.case.climbed() || s.case.climbed_far();
    let mut now = Vec::new();
    now.extend(trouble.then(|| take_evidence(s.case)));
    now.extend(gateway(s));
    now.push(look);
    // While memory is calm, or on a mere suspicion, nobody has to be cut off, and nothing to be restarted.
    if trouble && confidence >= DECIDED {
        now.push(cut_off(s));
    }
    if trouble && confidence >= DECIDED && s.case.next_run().is_none() {
        now.push(match s.case.returns_in_s() {
            Some(left) => Text::new(
                "remedy.restart-last-returns",
                [("left", json!(left.round()))],
            ),
            None => Text::new("remedy.restart-last", []),
        });
    }
    let mut lasting = Vec::new();
    match s.case.unbounded_queue() {
        Some(true) => {
            let release = s.case.nacos.as_ref().map(|r| r.text.clone());
            lasting.push(Text::new(
                "remedy.upgrade-guard",
                [("release", json!(release))],
            ));
        }
        None => lasting.push(Text::new("remedy.upgrade-guard-unknown", [])),
        Some(false) => {}
    }
    lasting.push(Text::new("faulty-client.fix-client", [("ip", s.ip())]));
    lasting.extend(trouble.then(|| Text::new("remedy.larger-limit-buys-time", [])));
    Remedy { now, lasting }
}

/// The connections by port, so that nobody else behind the same address is cut off; with many, by address.
fn cut_off(s: &Suspect<'_, '_, '_>) -> Text {
    /// More ports than these make no command to type at night.
    const PORTS_MAX: usize = 4;
    let of = suspected(s);
    // The ports of a process that is gone are nobody's.
    let command = if of.is_empty() || s.case.next_run().is_some() {
        format!("ss -K dst {}", s.failing.client.address)
    } else if of.len() <= PORTS_MAX {
        of.iter()
            .map(|(id, _)| format!("ss -K dst {} dport = {}", id.peer, id.port))
            .collect::<Vec<_>>()
            .join("; ")
    } else {
        peers(s)
            .iter()
            .map(|p| format!("ss -K dst {p}"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    Text::new(
        "faulty-client.cut-off",
        [("ip", s.ip()), ("command", json!(command))],
    )
}

/// An address that several clients or applications share: which of them it is, only the connections tell.
fn gateway(s: &Suspect<'_, '_, '_>) -> Option<Text> {
    let c = s.failing.client;
    let peers = peers(s);
    let others: BTreeSet<&Address> = peers
        .iter()
        .flat_map(|peer| s.case.behind(peer))
        .map(|o| &o.address)
        .filter(|o| **o != c.address)
        .collect();
    if let Some(peer) = peers.iter().find(|_| !others.is_empty()) {
        return Some(Text::new(
            "faulty-client.gateway-peers",
            [
                ("ip", s.ip()),
                ("peer", json!(peer.to_string())),
                ("n", json!(others.len())),
            ],
        ));
    }
    (c.apps.len() > 1).then(|| {
        Text::new(
            "faulty-client.gateway-apps",
            [("ip", s.ip()), ("apps", json!(c.apps))],
        )
    })
}
