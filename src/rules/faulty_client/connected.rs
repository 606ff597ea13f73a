//! Whether a client stays connected while its pushes fail.

use serde_json::json;

use super::Suspect;
use crate::facts::Signal;
use crate::facts::log::Connection;
use crate::rules::score::Weight;
use crate::rules::{Case, Evidence};
use crate::text::Text;
use crate::units::WallTime;

/// What the files tell of the ends of connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Transports opening and closing (remote-digest.log).
    Transports,
    /// Registrations alone: an end is when Nacos forgot the connection, its transport may live on.
    Registrations,
    /// Nothing: a connection without an end is not one that stayed.
    Untold,
}

fn ends(case: &Case<'_>) -> Ends {
    let totals = &case.facts.log.totals;
    if totals.count(Signal::Connect) > 0 || totals.count(Signal::Disconnect) > 0 {
        Ends::Transports
    } else if case
        .facts
        .log
        .connections
        .values()
        .any(|c| c.unregistered.is_some())
    {
        Ends::Registrations
    } else {
        Ends::Untold
    }
}

/// Connections that stay open, that were expelled, that are opened anew.
pub(super) fn connected(s: &Suspect<'_, '_, '_>) -> Vec<Evidence> {
    let (case, f) = (s.case, s.failing);
    let c = f.client;
    let ends = ends(case);
    if c.connections.is_empty() || ends == Ends::Untold {
        return Vec::new();
    }
    let (_, to) = case.bounds();
    let last = f.last.max(f.first.plus_ms(30_000)).min(to);
    let gone = |k: &Connection| match ends {
        Ends::Transports => k.closed.or(k.expelled),
        _ => k.unregistered.or(k.expelled),
    };
    let began = |k: &Connection| k.ready.or(k.registered);
    let at_first = || {
        c.connections
            .iter()
            .filter(|(_, k)| began(k).is_none_or(|t| t <= f.first))
    };
    let outlives = |k: &Connection, t: WallTime| gone(k).is_none_or(|e| e >= t);
    let open: Vec<_> = at_first()
        .filter(|(_, k)| outlives(k, last.minus_ms(2_000)))
        .collect();
    let before = at_first().filter(|(_, k)| outlives(k, f.first)).count();
    let opened_later = c
        .connections
        .iter()
        .filter(|(_, k)| began(k).is_some_and(|t| t > f.first && t <= last))
        .count();
    let expelled = c
        .connections
        .iter()
        .filter(|(_, k)| k.expelled.is_some())
        .count();
    // Which of its connections fail no log of these releases says: what counts is how many of them stay.
    let part = |n: usize| n as f64 / (before + opened_later).max(1) as f64;
    let mut out = Vec::new();
    if !open.is_empty() {
        let ids: Vec<String> = open.iter().take(3).map(|(id, _)| id.to_string()).collect();
        let quote = open.iter().find_map(|(_, k)| {
            k.activities
                .get(Signal::Connect)
                .and_then(|a| a.first.as_ref())
        });
        out.push(
            Evidence::new(
                Weight::StaysConnected,
                Text::new(
                    "faulty-client.stays-connected",
                    [
                        ("ip", s.ip()),
                        ("n", json!(open.len())),
                        ("all", json!(before)),
                        ("ids", json!(ids)),
                    ],
                ),
                quote,
            )
            .scaled(part(open.len())),
        );
    } else if expelled > 0 {
        out.push(
            Evidence::new(
                Weight::StaysConnected,
                Text::new(
                    "faulty-client.expelled",
                    [("ip", s.ip()), ("n", json!(expelled))],
                ),
                c.first_quote(Signal::Expelled),
            )
            .scaled(0.7),
        );
    }
    if opened_later >= 2 && expelled == 0 {
        out.push(
            Evidence::new(
                Weight::Reconnects,
                Text::new(
                    "faulty-client.reconnects",
                    [("ip", s.ip()), ("n", json!(opened_later))],
                ),
                c.first_quote(Signal::Connect),
            )
            .scaled(part(opened_later)),
        );
    }
    out
}
