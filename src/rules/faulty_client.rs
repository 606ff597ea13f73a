//! A client whose pushes keep failing while it stays connected.

use serde_json::json;

use super::attribution;
use super::case::Client;
use super::score::Weight;
use super::shape::Course;
use super::{
    Case, Evidence, Family, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence,
};
use crate::facts::{Quote, Signal};
use crate::text::{Text, local};
use crate::units::{Address, WallTime};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "faulty-client",
    kind: Kind::Cause,
    title: "A client that stopped reading",
    what: "A client that no longer reads (frozen, in a long full collection, behind a broken link) leaves its pushes queued in the \
           server's HTTP/2 flow controller, in direct buffers. Before 2.3.1 nothing bounds that queue; 2.2.0 to 2.2.4 do not expel \
           such a connection either. Each address is a finding of its own, the worst first.",
    speaks_for: "Its pushes fail on and on while its connections stay open; nothing is delivered any more; the failures begin with \
                 the growth of memory and are most of all failures; a listener of configurations falls silent; bytes held for it are \
                 counted in a heap dump or in the send queue.",
    speaks_against: "Failures for a few seconds (a restart); deliveries in between or late acknowledgements (slow, not dead); \
                     reconnects; failures that begin after memory grew or was exhausted; failures everywhere at once.",
    remedy: "Take a heap dump before anything is restarted. Look at that client: full collections, out of memory, CPU, a blocked \
             listener callback, its SDK version. Restart or cut off that client; restart the server last. Upgrade to 2.3.1 or later.",
    sources: "Nacos PushExecuteTask, RpcConfigChangeNotifier, GrpcConnection 2.0.0 to 3.0.3; fix in 2.3.1 (pull request 11514).",
    weigh,
    needs: &[Family::PushLogOrDump],
};

/// Failures of one client within the run.
struct Failing<'c, 'a> {
    client: &'c Client<'a>,
    /// Failed pushes, naming and configuration.
    count: f64,
    first: WallTime,
    last: WallTime,
    /// Before the first allocation failure; all of them when there was none.
    before: f64,
    /// Sends that failed at once: what configuration pushes leave behind.
    sends: f64,
    /// A listener of configurations that fell silent.
    silent_since: Option<(WallTime, &'a Quote)>,
    quote: Option<&'a Quote>,
    /// Its failures began as ones without an address.
    began_unnamed: bool,
}

/// Fewer failures than these are told by no rule.
const FEWEST: f64 = 5.0;

const NAMING: [Signal; 2] = [Signal::PushFail, Signal::ConfigPushFail];

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let (from, to) = case.bounds();
    let exhausted = case.exhausted_at().unwrap_or(to);
    let unaddressed = unaddressed_config_failures(case, from, exhausted);
    let mut failing: Vec<Failing<'_, '_>> = Vec::new();
    for client in case.clients.iter().filter(|c| !c.is_server) {
        let count: f64 = NAMING.iter().map(|s| client.between(*s, from, to)).sum();
        let sends = client.between(Signal::SendFailed, from, to);
        let silent_since = silent_listener(case, client, unaddressed.map(|(_, first)| first));
        let held = held_share(case, client);
        if count < FEWEST && sends < FEWEST && silent_since.is_none() && held < 0.1 {
            continue;
        }
        let signals: &[Signal] = if count >= FEWEST {
            &NAMING
        } else {
            &[Signal::SendFailed]
        };
        let times = |edge: fn(&Failing0) -> Option<WallTime>| {
            signals
                .iter()
                .flat_map(|s| client.activities(*s))
                .filter_map(|a| edge(&Failing0(a.first_time(), a.last_time())))
                .filter(|t| *t >= from && *t < to)
                .collect::<Vec<_>>()
        };
        let first = times(|f| f.0)
            .into_iter()
            .min()
            .or_else(|| first_in_series(client, signals, from, to));
        let last = times(|f| f.1)
            .into_iter()
            .max()
            .or_else(|| last_in_series(client, signals, from, to));
        let (mut first, last) = match (first, last, silent_since) {
            (Some(f), Some(l), _) => (f, l),
            (_, _, Some((t, _))) => (t, t),
            // Known from the dump alone: it tells who, not since when.
            _ => match case.dump_time() {
                Some(t) => (t, t),
                None => continue,
            },
        };
        if let Some((t, _)) = silent_since {
            first = first.min(t);
        }
        let before = NAMING
            .iter()
            .map(|s| client.between(*s, from, exhausted))
            .sum::<f64>();
        let quote = signals
            .iter()
            .filter_map(|s| client.first_quote(*s))
            .min_by_key(|q| q.key());
        failing.push(Failing {
            client,
            count: count.max(if count < FEWEST { sends } else { 0.0 }),
            first,
            last,
            before,
            sends,
            silent_since,
            quote,
            began_unnamed: false,
        });
    }
    let all_before: f64 = failing.iter().map(|f| f.before).sum::<f64>();
    let all: f64 = failing.iter().map(|f| f.count).sum::<f64>();
    let widespread = widespread(case, &failing, all_before);
    // Notifications that name nobody began to fail before the sends that do: they are those of the client with most of these.
    let sends: f64 = failing.iter().map(|f| f.sends).sum();
    if let Some((_, began)) = unaddressed {
        for f in failing
            .iter_mut()
            .filter(|f| f.sends >= 0.6 * sends && f.sends >= FEWEST)
        {
            f.first = f.first.min(began);
            f.began_unnamed = true;
        }
    }
    let shares = shares(case, &failing, from, exhausted, to);
    failing
        .iter()
        .zip(shares)
        .filter_map(|(f, share)| {
            let several = failing
                .iter()
                .any(|o| o.client.address != f.client.address && o.before >= 20.0);
            hypothesis(case, f, all, share, (widespread, several), unaddressed)
        })
        .collect()
}

/// Each one's part of the bytes that may be held.
fn shares(
    case: &Case<'_>,
    failing: &[Failing<'_, '_>],
    from: WallTime,
    exhausted: WallTime,
    to: WallTime,
) -> Vec<f64> {
    let clients: Vec<&Client<'_>> = failing.iter().map(|f| f.client).collect();
    let before: f64 = failing.iter().map(|f| f.before).sum();
    let until = if before >= 20.0 { exhausted } else { to };
    let mut held = attribution::estimate(case, &clients, from, until);
    // Configuration pushes that name nobody leave sends that do.
    if held.iter().sum::<f64>() <= 0.0 {
        held = failing.iter().map(|f| f.count.max(f.sends)).collect();
    }
    let all: f64 = held.iter().sum();
    held.iter().map(|h| h / all.max(1.0)).collect()
}

/// The client's part of all that is queued, when that is enough to matter.
fn held_share(case: &Case<'_>, client: &Client<'_>) -> f64 {
    let all = case.dump.map_or(0, |d| d.heap.backlog.held_bytes);
    let used = case.dump_used().unwrap_or(all).max(all);
    match case.held_for(&client.address) {
        Some((held, _)) if all >= 4 << 20 && all * 5 >= used => held as f64 / all as f64,
        _ => 0.0,
    }
}

/// First and last time of an activity.
struct Failing0(Option<WallTime>, Option<WallTime>);

fn first_in_series(
    client: &Client<'_>,
    signals: &[Signal],
    from: WallTime,
    to: WallTime,
) -> Option<WallTime> {
    signals
        .iter()
        .flat_map(|s| client.activities(*s))
        .filter_map(|a| {
            a.series
                .buckets()
                .find(|&(t, n)| n > 0 && t >= from && t < to)
        })
        .map(|(t, _)| t)
        .min()
}

fn last_in_series(
    client: &Client<'_>,
    signals: &[Signal],
    from: WallTime,
    to: WallTime,
) -> Option<WallTime> {
    signals
        .iter()
        .flat_map(|s| client.activities(*s))
        .filter_map(|a| {
            a.series
                .buckets()
                .filter(|&(t, n)| n > 0 && t >= from && t < to)
                .last()
        })
        .map(|(t, _)| t)
        .max()
}

/// Configuration notifications that failed without an address (2.0.0 to 2.2.4), and when they began, less their time-out.
fn unaddressed_config_failures(
    case: &Case<'_>,
    from: WallTime,
    until: WallTime,
) -> Option<(f64, WallTime)> {
    /// `RpcConfigChangeNotifier` waits this long for an acknowledgement.
    const TIMEOUT_MS: i64 = 3_000;
    let a = case.facts.log.totals.get(Signal::ConfigPushFail)?;
    let addressed: u64 = case
        .clients
        .iter()
        .map(|c| c.total(Signal::ConfigPushFail))
        .sum();
    let n = case.total_between(Signal::ConfigPushFail, from, until);
    if addressed * 2 > a.count || n < 20.0 {
        return None;
    }
    let first = a.first_time().filter(|t| *t >= from).or_else(|| {
        a.series
            .buckets()
            .find(|&(t, k)| k > 0 && t >= from)
            .map(|b| b.0)
    })?;
    Some((n, first.minus_ms(TIMEOUT_MS)))
}

/// A listener that asked for configurations, and asks no more though a connection of it stays open while others go on.
fn silent_listener<'a>(
    case: &Case<'_>,
    client: &Client<'a>,
    failures_began: Option<WallTime>,
) -> Option<(WallTime, &'a Quote)> {
    let began = failures_began?;
    let (from, to) = case.bounds();
    let asks = [Signal::ConfigListen, Signal::ConfigGet];
    let asked: f64 = asks.iter().map(|s| client.between(*s, from, to)).sum();
    if asked < 3.0 {
        return None;
    }
    let last = asks
        .iter()
        .filter_map(|s| client.last_quote(*s))
        .filter(|q| q.time.is_some_and(|t| t >= from && t < to))
        .max_by_key(|q| q.key())?;
    let t = last.time?;
    // Silence begins with the failures, and lasts: others go on asking.
    let others_later = case
        .clients
        .iter()
        .filter(|c| c.address != client.address)
        .map(|c| {
            asks.iter()
                .map(|s| c.between(*s, t.plus_ms(30_000), to))
                .sum::<f64>()
        })
        .sum::<f64>();
    let with_failures = (t.0 - began.0).abs() <= 20_000;
    let stays = client.connections.iter().any(|(_, c)| {
        c.closed
            .or(c.unregistered)
            .is_none_or(|e| e.0 - t.0 > 30_000)
    });
    (with_failures && stays && others_later >= 3.0).then_some((t, last))
}

/// At least three clients fail, they are most of those that get pushes, and none of them has the bulk.
fn widespread(case: &Case<'_>, failing: &[Failing<'_, '_>], all_before: f64) -> bool {
    let many = failing.iter().filter(|f| f.count >= FEWEST).count();
    let (from, to) = case.bounds();
    let served = case
        .clients
        .iter()
        .filter(|c| {
            [Signal::PushOk, Signal::PushFail]
                .iter()
                .any(|s| c.between(*s, from, to) > 0.0)
        })
        .count();
    if many < 3 || many * 10 < served * 6 {
        return false;
    }
    let all: f64 = failing.iter().map(|f| f.count).sum();
    let largest = if all_before >= 30.0 {
        failing.iter().map(|f| f.before).fold(0.0, f64::max) / all_before
    } else {
        failing.iter().map(|f| f.count).fold(0.0, f64::max) / all.max(1.0)
    };
    largest < 0.6
}

fn hypothesis(
    case: &Case<'_>,
    f: &Failing<'_, '_>,
    all: f64,
    share: f64,
    (widespread, several): (bool, bool),
    unaddressed: Option<(f64, WallTime)>,
) -> Option<Hypothesis> {
    let c = f.client;
    let ip = || json!(c.address.to_string());
    let (from, to) = case.bounds();
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut add = |e: Evidence| evidence.push(e);
    let lasts_s = (f.last.0 - f.first.0) as f64 / 1000.0;
    let naming = f.count >= FEWEST;

    // How long, and whether anything got through.
    if naming && f.silent_since.is_none() {
        let claim = Text::new(
            "faulty-client.fails",
            [
                ("ip", ip()),
                ("n", json!(f.count.round())),
                ("first", local(f.first)),
                ("last", local(f.last)),
                ("lasts", json!(lasts_s.round())),
            ],
        );
        if lasts_s >= 20.0 {
            let strength = if lasts_s >= 60.0 { 1.0 } else { 0.55 };
            add(Evidence::new(Weight::FailsPersistently, claim, f.quote).scaled(strength));
        } else {
            add(Evidence::new(Weight::ShortPause, claim, f.quote));
        }
        let end = f.last.plus_ms(1);
        let delivered = c.between(Signal::PushOk, f.first.plus_ms(1000), end);
        let earlier = c.between(Signal::PushOk, from, f.first.plus_ms(1000));
        let per_failure = delivered / f.count.max(1.0);
        if per_failure <= 0.05 && f.count >= 10.0 {
            let id = if earlier > 0.0 {
                "faulty-client.nothing-delivered"
            } else {
                "faulty-client.never-delivered"
            };
            add(Evidence::new(
                Weight::NothingDelivered,
                Text::new(
                    id,
                    [
                        ("ip", ip()),
                        ("earlier", json!(earlier.round())),
                        ("since", local(f.first)),
                    ],
                ),
                c.last_quote(Signal::PushFail).or(f.quote),
            ));
        } else if per_failure > 0.05 {
            add(Evidence::new(
                Weight::StillDelivers,
                Text::new(
                    "faulty-client.still-delivers",
                    [("ip", ip()), ("n", json!(delivered.round()))],
                ),
                c.first_quote(Signal::PushOk),
            )
            .scaled(per_failure / 0.3));
        }
    }
    if let (Some((t, quote)), Some((n, began))) = (f.silent_since, unaddressed) {
        add(Evidence::new(
            Weight::WentSilent,
            Text::new(
                "faulty-client.went-silent",
                [
                    ("ip", ip()),
                    ("since", local(t)),
                    ("n", json!(n.round())),
                    ("began", local(began)),
                ],
            ),
            Some(quote),
        ));
    }
    let busy = c
        .between(Signal::SendBusy, from, to)
        .max(c.between(Signal::PushBusy, from, to));
    if busy >= 5.0 {
        add(Evidence::new(
            Weight::SendsRefused,
            Text::new(
                "faulty-client.sends-refused",
                [("ip", ip()), ("n", json!(busy.round()))],
            ),
            c.first_quote(Signal::SendBusy)
                .or_else(|| c.first_quote(Signal::PushBusy)),
        ));
    }

    held(case, c, &ip, &mut add);
    in_kernel(case, c, &ip, &mut add);

    // Whether it stays connected.
    if naming || f.silent_since.is_some() || f.sends >= FEWEST {
        connected(f, &ip, case, &mut add);
    }
    let late = c.between(Signal::LateAck, from, to);
    if late >= 3.0 && late >= f.count * 0.02 {
        add(Evidence::new(
            Weight::LateAcks,
            Text::new(
                "faulty-client.late-acks",
                [("ip", ip()), ("n", json!(late.round()))],
            ),
            c.first_quote(Signal::LateAck),
        )
        .scaled(late / f.count.max(1.0) / 0.3));
    }

    // Its part of what is queued, before memory was exhausted: afterwards pushes fail to everybody.
    if share >= 0.02 {
        add(Evidence::new(
            Weight::MostHeld,
            Text::new(
                "faulty-client.share",
                [
                    ("ip", ip()),
                    ("share", json!((share * 1e4).round() / 1e4)),
                    ("part", json!((f.count / all.max(1.0) * 1e4).round() / 1e4)),
                ],
            ),
            f.quote,
        )
        .scaled(share));
    }
    if widespread {
        add(Evidence::new(
            Weight::EverywhereAtOnce,
            Text::new("faulty-client.everywhere", [("ip", ip())]),
            f.quote,
        ));
    }

    // Order of events, when memory is in trouble at all.
    if naming || f.silent_since.is_some() || f.sends >= FEWEST {
        order(case, f, share, several, &ip, &mut add);
    }
    match case.unbounded_queue() {
        Some(true) => add(Evidence::new(
            Weight::NoBackPressure,
            Text::new(
                "faulty-client.unbounded",
                [(
                    "release",
                    json!(case.nacos.as_ref().map(|r| r.text.clone())),
                )],
            ),
            case.facts
                .log
                .marks
                .iter()
                .rev()
                .find(|m| m.version.is_some())
                .map(|m| &m.quote),
        )),
        Some(false) => add(Evidence::new(
            Weight::BackPressure,
            Text::new(
                "faulty-client.bounded",
                [(
                    "release",
                    json!(case.nacos.as_ref().map(|r| r.text.clone())),
                )],
            ),
            case.facts
                .log
                .marks
                .iter()
                .rev()
                .find(|m| m.version.is_some())
                .map(|m| &m.quote),
        )),
        None => {}
    }
    // What fails by the dozen is worth a look even where it is not to blame.
    if super::hopeless(&evidence) && f.count < 24.0 {
        return None;
    }
    evidence.sort_by(|a, b| b.contribution().total_cmp(&a.contribution()));
    let held_only = !naming && f.sends < FEWEST && f.silent_since.is_none();
    let title = match f.silent_since {
        None if held_only => Text::new(
            "faulty-client.title-held",
            [
                ("ip", ip()),
                ("bytes", json!(case.held_for(&c.address).map(|h| h.0))),
            ],
        ),
        Some((t, _)) => Text::new(
            "faulty-client.title-silent",
            [
                ("ip", ip()),
                ("first", local(t)),
                ("n", json!(f.sends.round())),
            ],
        ),
        None => Text::new(
            "faulty-client.title",
            [
                ("ip", ip()),
                ("n", json!(f.count.max(f.sends).round())),
                ("first", local(f.first)),
            ],
        ),
    };
    Some(Hypothesis {
        subjects: subjects(case, c, share),
        title,
        evidence,
        remedy: remedy(case, c),
        severity: None,
    })
}

/// What the heap dump holds for this client.
fn held(
    case: &Case<'_>,
    c: &Client<'_>,
    ip: &dyn Fn() -> serde_json::Value,
    add: &mut dyn FnMut(Evidence),
) {
    let (Some((bytes, messages)), Some(dump)) = (case.held_for(&c.address), case.dump) else {
        return;
    };
    let all = dump.heap.backlog.held_bytes;
    // A queue that is small against what is in use explains nothing, whoever has most of it.
    let used = case.dump_used().unwrap_or(all).max(all);
    if all < 4 << 20 || all * 5 < used {
        return;
    }
    let share = bytes as f64 / all as f64;
    let quote = Quote {
        time: None,
        place: dump.place,
        text: Box::default(),
    };
    let claim = Text::new(
        "faulty-client.held",
        [
            ("ip", ip()),
            ("bytes", json!(bytes)),
            ("messages", json!(messages)),
            ("share", json!((share * 1e4).round() / 1e4)),
        ],
    );
    if share >= 0.05 {
        add(Evidence::new(Weight::HeldForClient, claim, Some(&quote)).scaled(0.3 + share));
    } else {
        add(Evidence::new(Weight::NothingHeld, claim, Some(&quote)));
    }
}

/// Bytes that wait for it in the send queues of its gRPC connections. An empty queue clears nobody: what is not yet handed to
/// the socket waits before it.
fn in_kernel(
    case: &Case<'_>,
    c: &Client<'_>,
    ip: &dyn Fn() -> serde_json::Value,
    add: &mut dyn FnMut(Evidence),
) {
    /// What a reader that keeps up may have under way.
    const UNDER_WAY: u64 = 64 << 10;
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
    let Some(first) = own.next() else { return };
    let waiting = own.fold((first.send_q, first.waiting), |sum, q| {
        (sum.0.saturating_add(q.send_q), sum.1 + q.waiting)
    });
    // In a burst all queues fill for a moment: what tells is whose is fuller than the others'.
    let share = waiting.0 as f64 / all.max(1) as f64;
    if waiting.0 < UNDER_WAY || share < 0.1 {
        return;
    }
    add(Evidence::new(
        Weight::QueueInKernel,
        Text::new(
            "faulty-client.in-kernel",
            [
                ("ip", ip()),
                ("bytes", json!(waiting.0)),
                ("n", json!(waiting.1)),
            ],
        ),
        Some(&first.quote),
    )
    .scaled(share));
}

fn connected(
    f: &Failing<'_, '_>,
    ip: &dyn Fn() -> serde_json::Value,
    case: &Case<'_>,
    add: &mut dyn FnMut(Evidence),
) {
    let c = f.client;
    if c.connections.is_empty() {
        return;
    }
    let (_, to) = case.bounds();
    let last = f.last.max(f.first.plus_ms(30_000)).min(to);
    let open: Vec<_> = c
        .connections
        .iter()
        .filter(|(_, k)| k.ready.or(k.registered).is_none_or(|t| t <= f.first))
        .filter(|(_, k)| {
            k.closed
                .or(k.expelled)
                .is_none_or(|t| t >= last.minus_ms(2_000))
        })
        .collect();
    let opened_later = c
        .connections
        .iter()
        .filter(|(_, k)| k.ready.is_some_and(|t| t > f.first && t <= last))
        .count();
    let expelled = c
        .connections
        .iter()
        .filter(|(_, k)| k.expelled.is_some())
        .count();
    let at_first = c
        .connections
        .iter()
        .filter(|(_, k)| k.ready.or(k.registered).is_none_or(|t| t <= f.first))
        .filter(|(_, k)| k.closed.or(k.expelled).is_none_or(|t| t >= f.first))
        .count();
    // Which of its connections fail no log of these releases says: what counts is how many of them stay.
    let part = |n: usize| n as f64 / (at_first + opened_later).max(1) as f64;
    if !open.is_empty() {
        let ids: Vec<String> = open.iter().take(3).map(|(id, _)| id.to_string()).collect();
        add(Evidence::new(
            Weight::StaysConnected,
            Text::new(
                "faulty-client.stays-connected",
                [
                    ("ip", ip()),
                    ("n", json!(open.len())),
                    ("all", json!(at_first)),
                    ("ids", json!(ids)),
                ],
            ),
            open.iter().find_map(|(_, k)| {
                k.activities
                    .get(Signal::Connect)
                    .and_then(|a| a.first.as_ref())
            }),
        )
        .scaled(part(open.len())));
    } else if expelled > 0 {
        add(Evidence::new(
            Weight::StaysConnected,
            Text::new(
                "faulty-client.expelled",
                [("ip", ip()), ("n", json!(expelled))],
            ),
            c.first_quote(Signal::Expelled),
        )
        .scaled(0.7));
    }
    if opened_later >= 2 && expelled == 0 {
        add(Evidence::new(
            Weight::Reconnects,
            Text::new(
                "faulty-client.reconnects",
                [("ip", ip()), ("n", json!(opened_later))],
            ),
            c.first_quote(Signal::Connect),
        )
        .scaled(part(opened_later)));
    }
}

fn order(
    case: &Case<'_>,
    f: &Failing<'_, '_>,
    share: f64,
    several: bool,
    ip: &dyn Fn() -> serde_json::Value,
    add: &mut dyn FnMut(Evidence),
) {
    let when = |id: &str, other: WallTime| {
        Text::new(
            id,
            [
                ("ip", ip()),
                ("first", local(f.first)),
                ("other", local(other)),
                ("lag", json!((f.first.0 - other.0).abs() as f64 / 1000.0)),
            ],
        )
    };
    if f.began_unnamed && f.silent_since.is_none() {
        add(Evidence::new(
            Weight::FailsPersistently,
            Text::new(
                "faulty-client.unnamed",
                [("ip", ip()), ("first", local(f.first))],
            ),
            f.quote,
        )
        .scaled(0.5));
    }
    if let Some(t) = case.exhausted_at()
        && f.first.0 > t.0 + 1_000
    {
        add(Evidence::new(
            Weight::StartsAfterExhaustion,
            when("faulty-client.after-exhaustion", t),
            f.quote,
        ));
        return;
    }
    let Some(curve) = &case.curve else { return };
    if matches!(curve.shape.course, Course::Flat | Course::Unknown) {
        return;
    }
    let (Some(onset), Some(top)) = (curve.shape.onset, curve.shape.top) else {
        return;
    };
    // A need that comes and goes has no beginning of a growth; and samples that missed the first rise tell none either.
    if curve.shape.course == Course::Bursts || case.exhausted_at().is_some_and(|t| t < onset) {
        return;
    }
    let step = curve.shape.step_ms.max(5_000);
    let lag = f.first.0 - onset.0;
    let rising = (top.0 - onset.0).max(step);
    let at_onset = curve
        .points
        .iter()
        .find(|p| p.time == onset)
        .and_then(|p| p.quote.as_ref());
    // Where several clients share the growth, it begins with the first of them: what each explains counts.
    let explains = if several { share } else { 1.0 };
    // Growth that started inside the interval between two samples shows at the second.
    if lag.abs() <= (3 * step).max(rising / 10).max(20_000) {
        add(Evidence::new(
            Weight::StartsWithGrowth,
            when("faulty-client.with-growth", onset),
            at_onset,
        )
        .scaled(0.3 + 0.7 * explains));
    } else if lag < 0 && lag.abs() <= (12 * step).max(rising) {
        add(Evidence::new(
            Weight::StartsWithGrowth,
            when("faulty-client.before-growth", onset),
            at_onset,
        )
        .scaled(0.6 * (0.3 + 0.7 * explains)));
    } else if lag > 0 {
        let against = if several && lag < rising {
            1.0 - share
        } else {
            1.0
        };
        add(Evidence::new(
            Weight::StartsAfterGrowth,
            when("faulty-client.after-growth", onset),
            at_onset,
        )
        .scaled(against));
    }
}

fn subjects(case: &Case<'_>, c: &Client<'_>, share: f64) -> Vec<Subject> {
    let mut first = Subject::new("client-ip", c.address.to_string()).with_share(share.min(1.0));
    first.bytes = case.held_for(&c.address).map(|(held, _)| held);
    let mut all = vec![first];
    all.extend(c.apps.iter().map(|a| Subject::new("app", *a)));
    all.extend(c.versions.iter().map(|v| Subject::new("sdk-version", *v)));
    let mut open: Vec<_> = c
        .connections
        .iter()
        .filter(|(_, k)| {
            NAMING
                .iter()
                .chain(&[Signal::SendFailed])
                .any(|s| k.activities.count(*s) > 0)
                || k.closed.is_none()
        })
        .collect();
    if open.is_empty() {
        open = c.connections.iter().collect();
    }
    all.extend(
        open.iter()
            .take(50)
            .map(|(id, _)| Subject::new("connection-id", id.to_string())),
    );
    all
}

fn remedy(case: &Case<'_>, c: &Client<'_>) -> Remedy {
    let ip = || json!(c.address.to_string());
    let sdk = if c.versions.is_empty() {
        Text::new("word.unknown", []).nested()
    } else {
        json!(c.versions)
    };
    let mut now = vec![
        take_evidence(case),
        Text::new("faulty-client.look-at", [("ip", ip()), ("sdk", sdk)]),
        Text::new(
            "faulty-client.cut-off",
            [("ip", ip()), ("n", json!(c.connections.len()))],
        ),
    ];
    let returns = case
        .curve
        .as_ref()
        .and_then(|k| k.shape.slope.map(|s| (s.bytes_per_hour, k.shape.base)))
        .filter(|(rate, _)| *rate > 0.0)
        .zip(case.limit.as_ref())
        .map(|((rate, base), l)| l.bytes.saturating_sub(base) as f64 / rate * 3600.0);
    now.push(match returns {
        Some(s) => Text::new("remedy.restart-last-returns", [("left", json!(s.round()))]),
        None => Text::new("remedy.restart-last", []),
    });
    let mut lasting = Vec::new();
    match case.unbounded_queue() {
        Some(true) => lasting.push(Text::new(
            "remedy.upgrade-guard",
            [(
                "release",
                json!(case.nacos.as_ref().map(|r| r.text.clone())),
            )],
        )),
        None => lasting.push(Text::new("remedy.upgrade-guard-unknown", [])),
        Some(false) => {}
    }
    lasting.push(Text::new("faulty-client.fix-client", [("ip", ip())]));
    lasting.push(Text::new("remedy.larger-limit-buys-time", []));
    Remedy { now, lasting }
}
