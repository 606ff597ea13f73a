//! Allocations of direct memory that failed.

use std::collections::BTreeMap;

use super::client::count_between;
use super::run::Run;
use crate::facts::log::FailureFacts;
use crate::facts::{Facts, Quote};
use crate::parse::failure::{Failure, FailureKind, Side};
use crate::units::WallTime;

/// Failures to allocate direct memory within the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhaustion {
    /// Distinct failures.
    pub count: u64,
    /// Those among them without a time: the console prints none.
    pub untimed: u64,
    /// Earliest.
    pub first: Option<WallTime>,
    /// Latest.
    pub last: Option<WallTime>,
    /// Highest use printed.
    pub used: Option<u64>,
    /// Limit printed most often.
    pub limit: Option<u64>,
    /// Largest request.
    pub requested: Option<u64>,
    /// The earliest line.
    pub quote: Option<Quote>,
    /// Which books refused.
    pub kinds: Vec<FailureKind>,
}

pub(super) fn is_own_direct(f: &Failure) -> bool {
    f.kind.is_direct() && f.side == Side::Server
}

pub(super) fn exhaustion(facts: &Facts, run: &Run) -> Option<Exhaustion> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let mut e = Exhaustion {
        count: 0,
        untimed: 0,
        first: None,
        last: None,
        used: None,
        limit: None,
        requested: None,
        quote: None,
        kinds: Vec::new(),
    };
    let mut limits: BTreeMap<u64, u64> = BTreeMap::new();
    for (f, seen) in facts.log.failures.iter().filter(|(f, _)| is_own_direct(f)) {
        let n = failures_in(seen, from, to, alone);
        if n == 0 {
            continue;
        }
        e.count += n;
        e.untimed += seen.activity.untimed.min(n);
        e.used = e.used.max(f.used);
        e.requested = e.requested.max(f.requested);
        if let Some(l) = f.limit {
            *limits.entry(l).or_default() += n;
        }
        if !e.kinds.contains(&f.kind) {
            e.kinds.push(f.kind);
        }
        let inside = |t: &WallTime| alone || (*t >= from && *t < to);
        let first = seen.activity.first_time().filter(inside);
        let last = seen.activity.last_time().filter(inside);
        if first.is_some() && (e.first.is_none() || first < e.first) {
            e.first = first;
            e.quote.clone_from(&seen.activity.first);
        }
        e.last = e.last.max(last);
        if e.quote.is_none() {
            e.quote.clone_from(&seen.activity.first);
        }
    }
    e.kinds.sort_unstable();
    e.limit = limits
        .into_iter()
        .max_by_key(|(l, n)| (*n, *l))
        .map(|(l, _)| l);
    (e.count > 0).then_some(e)
}

/// Failures within a run; those without a time belong to the run whose failures have one, and to the only run.
pub(super) fn failures_in(f: &FailureFacts, from: WallTime, to: WallTime, alone: bool) -> u64 {
    if alone {
        return f.count;
    }
    let timed = count_between(&f.activity, from, to).round() as u64;
    match (timed, f.activity.untimed) {
        (0, _) => 0,
        (n, untimed) => n + untimed,
    }
}
