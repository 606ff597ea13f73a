//! Who fails: clients whose pushes fail, whose listeners fell silent, or for whom bytes are held, with times and counts.

use crate::facts::{Activity, Quote, Signal};
use crate::rules::attribution;
use crate::rules::case::{Case, Client};
use crate::units::WallTime;

/// Failures of one client within the run.
pub(super) struct Failing<'c, 'a> {
    pub(super) client: &'c Client<'a>,
    /// Failed pushes, naming and configuration.
    pub(super) count: f64,
    pub(super) first: WallTime,
    pub(super) last: WallTime,
    /// Before the first allocation failure; all of them when there was none.
    pub(super) before: f64,
    /// Sends that failed at once: what configuration pushes leave behind.
    pub(super) sends: f64,
    /// A listener of configurations that fell silent.
    pub(super) silent_since: Option<(WallTime, &'a Quote)>,
    pub(super) quote: Option<&'a Quote>,
    /// Its failures began as ones without an address.
    pub(super) began_unnamed: bool,
}

impl Failing<'_, '_> {
    /// Pushes or sends to it failed, or it fell silent: more than a dump's word.
    pub(super) fn shows_in_logs(&self) -> bool {
        self.count >= FEWEST || self.sends >= FEWEST || self.silent_since.is_some()
    }
}

/// Fewer failures than these are told by no rule.
pub(super) const FEWEST: f64 = 5.0;

pub(super) const NAMING: [Signal; 2] = [Signal::PushFail, Signal::ConfigPushFail];

/// All clients that fail within the run, given the notifications that failed and name nobody.
pub(super) fn find<'c, 'a>(case: &'c Case<'a>, unnamed: Option<&Unnamed>) -> Vec<Failing<'c, 'a>> {
    let began_unnamed = unnamed.map(|u| u.began);
    let (from, to) = case.bounds();
    let exhausted = case.exhausted_at().unwrap_or(to);
    let mut failing = Vec::new();
    for client in case.clients.iter().filter(|c| !c.is_server) {
        let count: f64 = NAMING.iter().map(|s| client.between(*s, from, to)).sum();
        let sends = client.between(Signal::SendFailed, from, to);
        let silent_since = silent_listener(case, client, unnamed);
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
    // Notifications that name nobody began to fail before the sends that do: they are those of the client with most of these.
    let sends: f64 = failing.iter().map(|f: &Failing<'_, '_>| f.sends).sum();
    if let Some(began) = began_unnamed {
        for f in failing
            .iter_mut()
            .filter(|f| f.sends >= 0.6 * sends && f.sends >= FEWEST)
        {
            f.first = f.first.min(began);
            f.began_unnamed = true;
        }
    }
    failing
}

/// Each one's part of the bytes that may be held.
pub(super) fn shares(
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

/// Notifications that failed without an address (2.0.0 to 2.2.4).
pub(super) struct Unnamed {
    /// How many.
    pub(super) count: f64,
    /// When they began, less their time-out.
    pub(super) began: WallTime,
    /// When a quarter of them had failed.
    quarter: WallTime,
}

/// Configuration notifications that failed without an address.
pub(super) fn unaddressed_config_failures(
    case: &Case<'_>,
    from: WallTime,
    until: WallTime,
) -> Option<Unnamed> {
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
    let first = main_stretch(a, from, until)?;
    let mut seen = 0.0;
    let quarter = a
        .series
        .buckets()
        .filter(|&(t, _)| t >= first.minus_ms(a.series.width_ms()) && t < until)
        .find(|&(_, k)| {
            seen += f64::from(k);
            seen * 4.0 >= n
        });
    Some(Unnamed {
        count: n,
        began: first.minus_ms(TIMEOUT_MS),
        quarter: quarter.map_or(first, |q| q.0),
    })
}

/// Where the stretch with most of the failures begins: a pause of some other listener, long over, is none of it.
fn main_stretch(a: &Activity, from: WallTime, until: WallTime) -> Option<WallTime> {
    /// Silence that ends a stretch: retries come within seconds at first, and configurations go on changing.
    const SILENCE_MS: i64 = 60_000;
    let silence = SILENCE_MS.max(2 * a.series.width_ms());
    let mut best: Option<(u64, WallTime)> = None;
    let mut now: Option<(u64, WallTime, WallTime)> = None;
    for (t, n) in a
        .series
        .buckets()
        .filter(|&(t, n)| n > 0 && t >= from && t < until)
    {
        now = match now {
            Some((count, first, last)) if t.0 - last.0 <= silence => {
                Some((count + u64::from(n), first, t))
            }
            _ => Some((u64::from(n), t, t)),
        };
        if let Some((count, first, _)) = now
            && best.is_none_or(|(most, _)| count > most)
        {
            best = Some((count, first));
        }
    }
    // The very first line tells its time to the millisecond, its bucket does not.
    let exact = a.first_time().filter(|t| *t >= from);
    best.map(|(_, first)| match exact {
        Some(t) if t.0 - first.0 < a.series.width_ms() => t.max(first),
        _ => first,
    })
}

/// A listener that asked for configurations, and asks no more though a connection of it stays open while others go on.
fn silent_listener<'a>(
    case: &Case<'_>,
    client: &Client<'a>,
    unnamed: Option<&Unnamed>,
) -> Option<(WallTime, &'a Quote)> {
    /// So many requests missing are no accident.
    const MISSED: f64 = 8.0;
    let unnamed = unnamed?;
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
    let with_failures = (t.0 - unnamed.began.0).abs() <= 20_000;
    // Somebody else's pause may have failed before: then by how often it asked, it would have asked again many times.
    let end = others_ask_until(case, &asks, from, to)?;
    let since = asks
        .iter()
        .filter_map(|s| client.first_quote(*s)?.time)
        .min()
        .unwrap_or(t);
    let missed = asked / ((t.0 - since.0).max(60_000) as f64) * (end.0 - t.0) as f64;
    let soon = t > unnamed.began && t <= unnamed.quarter && missed >= MISSED;
    let stays = client.connections.iter().any(|(_, c)| {
        c.closed
            .or(c.unregistered)
            .is_none_or(|e| e.0 - t.0 > 30_000)
    });
    if !(with_failures || soon) || !stays {
        return None;
    }
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
    (others_later >= 3.0).then_some((t, last))
}

/// When the last of all asked.
fn others_ask_until(
    case: &Case<'_>,
    asks: &[Signal],
    from: WallTime,
    to: WallTime,
) -> Option<WallTime> {
    asks.iter()
        .filter_map(|s| case.facts.log.totals.get(*s)?.last_time())
        .filter(|t| *t >= from && *t < to)
        .max()
}

/// At least three clients fail, they are most of those that get pushes, and none of them has the bulk.
pub(super) fn widespread(case: &Case<'_>, failing: &[Failing<'_, '_>], all_before: f64) -> bool {
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
