//! What a client did: how long it failed, what got through, what is held for it.

use serde_json::json;

use super::Suspect;
use super::failing::FEWEST;
use crate::facts::Signal;
use crate::rules::Evidence;
use crate::rules::score::Weight;
use crate::text::{Text, local};
use crate::units::Address;

/// How long its pushes failed, and whether anything got through meanwhile.
pub(super) fn persistence(s: &Suspect<'_, '_, '_>) -> Vec<Evidence> {
    let (f, c) = (s.failing, s.failing.client);
    if f.count < FEWEST || f.silent_since.is_some() {
        return Vec::new();
    }
    let lasts_s = (f.last.0 - f.first.0) as f64 / 1000.0;
    let claim = Text::new(
        "faulty-client.fails",
        [
            ("ip", s.ip()),
            ("n", json!(f.count.round())),
            ("first", local(f.first)),
            ("last", local(f.last)),
            ("lasts", json!(lasts_s.round())),
        ],
    );
    let mut out = vec![if lasts_s >= 20.0 {
        let strength = if lasts_s >= 60.0 { 1.0 } else { 0.55 };
        Evidence::new(Weight::FailsPersistently, claim, f.quote).scaled(strength)
    } else {
        Evidence::new(Weight::ShortPause, claim, f.quote)
    }];
    let (from, to) = s.case.bounds();
    let again = c.between(Signal::PushOk, f.last.plus_ms(10_000), to) > 0.0;
    let delivered = c.between(Signal::PushOk, f.first.plus_ms(1000), f.last.plus_ms(1));
    let earlier = c.between(Signal::PushOk, from, f.first.plus_ms(1000));
    let per_failure = delivered / f.count.max(1.0);
    if per_failure <= 0.05 && f.count >= 10.0 {
        let id = match (again, earlier > 0.0) {
            (true, _) => "faulty-client.delivered-again",
            (false, true) => "faulty-client.nothing-delivered",
            (false, false) => "faulty-client.never-delivered",
        };
        out.push(
            Evidence::new(
                Weight::NothingDelivered,
                Text::new(
                    id,
                    [
                        ("ip", s.ip()),
                        ("earlier", json!(earlier.round())),
                        ("since", local(f.first)),
                        ("last", local(f.last)),
                    ],
                ),
                c.last_quote(Signal::PushFail).or(f.quote),
            )
            .scaled(if again { 0.5 } else { 1.0 }),
        );
    } else if per_failure > 0.05 {
        out.push(
            Evidence::new(
                Weight::StillDelivers,
                Text::new(
                    "faulty-client.still-delivers",
                    [("ip", s.ip()), ("n", json!(delivered.round()))],
                ),
                c.first_quote(Signal::PushOk),
            )
            .scaled(per_failure / 0.3),
        );
    }
    out
}

/// The part of the pushes to it, from the first that failed to the last, that has to fail before its failures say anything of
/// it: one of twenty clients behind an address fails one in twenty.
const TELLING: f64 = 0.05;

/// How much its failures say at all: a few lost among thousands that it read are those of a healthy client.
pub(super) fn telling(s: &Suspect<'_, '_, '_>) -> f64 {
    let f = s.failing;
    let delivered = f
        .client
        .between(Signal::PushOk, f.first.plus_ms(1000), f.last.plus_ms(1));
    if f.silent_since.is_some() || f.count <= 0.0 {
        return 1.0;
    }
    (f.count / (f.count + delivered) / TELLING).min(1.0)
}

/// A listener that asked and asks no more while notifications that name nobody fail.
pub(super) fn silence(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let ((t, quote), (n, began)) = (s.failing.silent_since?, s.unaddressed?);
    Some(Evidence::new(
        Weight::WentSilent,
        Text::new(
            "faulty-client.went-silent",
            [
                ("ip", s.ip()),
                ("since", local(t)),
                ("n", json!(n.round())),
                ("began", local(began)),
            ],
        ),
        Some(quote),
    ))
}

/// Sends that the server refused because the queue of the stream is full.
pub(super) fn refusals(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let (from, to) = s.case.bounds();
    let c = s.failing.client;
    let busy = c
        .between(Signal::SendBusy, from, to)
        .max(c.between(Signal::PushBusy, from, to));
    (busy >= FEWEST).then(|| {
        Evidence::new(
            Weight::SendsRefused,
            Text::new(
                "faulty-client.sends-refused",
                [("ip", s.ip()), ("n", json!(busy.round()))],
            ),
            c.first_quote(Signal::SendBusy)
                .or_else(|| c.first_quote(Signal::PushBusy)),
        )
    })
}

/// What the heap dump holds for this client.
pub(super) fn held(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let dump = s.case.dump?;
    let (bytes, messages) = s.case.held_for(&s.failing.client.address)?;
    let all = dump.heap.backlog.held_bytes;
    // A queue that is small against what is in use explains nothing, whoever has most of it.
    let used = s.case.dump_used().unwrap_or(all).max(all);
    if all < 4 << 20 || all * 5 < used {
        return None;
    }
    let share = bytes as f64 / all as f64;
    let claim = Text::new(
        "faulty-client.held",
        [
            ("ip", s.ip()),
            ("bytes", json!(bytes)),
            ("messages", json!(messages)),
            ("share", json!((share * 1e4).round() / 1e4)),
        ],
    );
    let quote = dump.quote();
    Some(if share >= 0.05 {
        Evidence::new(Weight::HeldForClient, claim, Some(&quote)).scaled(0.3 + share)
    } else {
        Evidence::new(Weight::NothingHeld, claim, Some(&quote))
    })
}

/// Bytes that wait for it in the send queues of its gRPC connections. An empty queue clears nobody: what is not yet handed to
/// the socket waits before it.
pub(super) fn in_kernel(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    /// What a reader that keeps up may have under way.
    const UNDER_WAY: u64 = 64 << 10;
    let (case, c) = (s.case, s.failing.client);
    let system = &case.facts.system;
    let peers: Vec<&Address> = std::iter::once(&c.address)
        .chain(c.connections.iter().map(|(id, _)| &id.peer))
        .collect();
    // The fullest stands first.
    let queues = || {
        system
            .queues
            .iter()
            .filter(|q| system.is_grpc_port(q.port))
            .filter(|q| q.time.is_none_or(|t| case.run.lives(t)))
    };
    let all: u64 = queues().map(|q| q.send_q).sum();
    let mut own = queues().filter(|q| peers.contains(&&q.peer));
    let first = own.next()?;
    let waiting = own.fold((first.send_q, first.waiting), |sum, q| {
        (sum.0.saturating_add(q.send_q), sum.1 + q.waiting)
    });
    // In a burst all queues fill for a moment: what tells is whose is fuller than the others'.
    let share = waiting.0 as f64 / all.max(1) as f64;
    if waiting.0 < UNDER_WAY || share < 0.1 {
        return None;
    }
    Some(
        Evidence::new(
            Weight::QueueInKernel,
            Text::new(
                "faulty-client.in-kernel",
                [
                    ("ip", s.ip()),
                    ("bytes", json!(waiting.0)),
                    ("n", json!(waiting.1)),
                ],
            ),
            Some(&first.quote),
        )
        .scaled(share),
    )
}

/// Acknowledgements that came after the time-out.
pub(super) fn late_acknowledgements(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let (from, to) = s.case.bounds();
    let (f, c) = (s.failing, s.failing.client);
    let late = c.between(Signal::LateAck, from, to);
    (late >= 3.0 && late >= f.count * 0.02).then(|| {
        Evidence::new(
            Weight::LateAcks,
            Text::new(
                "faulty-client.late-acks",
                [("ip", s.ip()), ("n", json!(late.round()))],
            ),
            c.first_quote(Signal::LateAck),
        )
        .scaled(late / f.count.max(1.0) / 0.3)
    })
}

/// Its part of what is queued, before memory was exhausted: afterwards pushes fail to everybody.
pub(super) fn share(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    (s.share >= 0.02).then(|| {
        let part = s.failing.count / s.all.max(1.0);
        Evidence::new(
            Weight::MostHeld,
            Text::new(
                "faulty-client.share",
                [
                    ("ip", s.ip()),
                    ("share", json!((s.share * 1e4).round() / 1e4)),
                    ("part", json!((part * 1e4).round() / 1e4)),
                ],
            ),
            s.failing.quote,
        )
        .scaled(s.share)
    })
}

/// Pushes fail to most clients alike.
pub(super) fn everywhere(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    s.widespread.then(|| {
        Evidence::new(
            Weight::EverywhereAtOnce,
            Text::new("faulty-client.everywhere", [("ip", s.ip())]),
            s.failing.quote,
        )
    })
}

/// What this release does with a reader that stopped.
pub(super) fn release(s: &Suspect<'_, '_, '_>) -> Option<Evidence> {
    let (weight, id) = if s.case.unbounded_queue()? {
        (Weight::NoBackPressure, "faulty-client.unbounded")
    } else {
        (Weight::BackPressure, "faulty-client.bounded")
    };
    let text = s.case.nacos.as_ref().map(|r| r.text.clone());
    Some(Evidence::new(
        weight,
        Text::new(id, [("release", json!(text))]),
        s.case.release_quote(),
    ))
}
