//! Pushes of which the log holds two records.
//!
//! Up to 3.0.2 a push that fails at once (`errCode: 601`, a closed stream) is followed, when its time-out ends, by a second
//! record `Timeout After …`: the timer is not cancelled (`DefaultRequestFuture`, fixed in 3.0.3). Both print how long ago the
//! push was sent, so both are dated at the same millisecond or nearly, and that is how the second is told from a genuine
//! time-out: by sums in the end, since the two may stand in different windows, files and orders.

use super::activity::{Activities, Activity, Signal};
use super::series::Series;
use crate::units::WallTime;

/// Failures of one client up to which each is matched with its own echo; of more only the counts over time are.
const EXACT_MAX: usize = 64;

/// Two records of one push are dated at most this far apart: the clock is read before the record waits for its logger.
const TOLERANCE_MS: i64 = 1_000;

/// Hash by which services are told apart while failures are matched.
pub(super) fn service_hash(service: &[u8]) -> u64 {
    service.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Failed pushes of one client, while they are few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FewFailures {
    /// Service, time of sending, whether the time-out ended it; in order.
    events: Vec<(u64, i64, bool)>,
    too_many: bool,
}

impl FewFailures {
    /// Notes a failure.
    pub fn add(&mut self, service: &[u8], sent: WallTime, timeout: bool) {
        if self.too_many {
            return;
        }
        let event = (service_hash(service), sent.0, timeout);
        let at = self.events.partition_point(|e| *e <= event);
        self.events.insert(at, event);
        self.shorten();
    }

    fn shorten(&mut self) {
        if self.events.len() > EXACT_MAX {
            self.too_many = true;
            self.events = Vec::new();
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.too_many |= other.too_many;
        if self.too_many {
            self.events = Vec::new();
        } else {
            self.events.extend(other.events);
            self.events.sort_unstable();
            self.shorten();
        }
    }

    /// Services and times of the time-outs that only echo another failure; `None` when there were too many failures to tell.
    pub(super) fn echoes(&self) -> Option<Vec<(u64, WallTime)>> {
        if self.too_many {
            return None;
        }
        let events = &self.events;
        let mut found = Vec::new();
        let mut taken = vec![false; events.len()];
        for (service, sent, timeout) in events {
            if *timeout {
                continue;
            }
            let echo = events
                .iter()
                .enumerate()
                .filter(|(i, (s, t, late))| {
                    !taken[*i] && *late && s == service && (t - sent).abs() <= TOLERANCE_MS
                })
                .min_by_key(|(_, (_, t, _))| (t - sent).abs());
            if let Some((i, (_, t, _))) = echo {
                taken[i] = true;
                found.push((*service, WallTime(*t)));
            }
        }
        Some(found)
    }
}

/// How the echoes of a subject are known.
pub(super) enum Echoes {
    /// The release writes none.
    None,
    /// One by one.
    Told(Series),
    /// From the counts over time.
    Inferred,
}

/// Joins the failures at once and the time-outs of one subject: [`Signal::PushFail`] counts each push once, and
/// [`Signal::PushEcho`] the records beyond that.
pub(super) fn join(activities: &mut Activities, echoes: Echoes) {
    // A UDP push that was given up is counted by that line, if the log has it.
    if activities.count(Signal::UdpGivenUp) == 0
        && let Some(unacknowledged) = activities.take(Signal::PushEcho)
    {
        let limit = unacknowledged.series.limit();
        activities
            .entry(Signal::PushFail, limit)
            .merge(unacknowledged);
    }
    let Some(late) = activities.take(Signal::PushTimeout) else {
        return;
    };
    let limit = late.series.limit();
    let at_once = activities.take(Signal::PushFail);
    let paired = match (&at_once, echoes) {
        (Some(_), Echoes::Told(series)) => series,
        (Some(a), Echoes::Inferred) => a.series.paired_with(&late.series),
        _ => Series::new(limit),
    };
    let mut all = at_once.unwrap_or_else(|| Activity::new(limit));
    all.merge(late);
    let n = paired.total().min(all.count);
    all.count -= n;
    all.amount = all.amount.saturating_sub(n);
    all.series.subtract(&paired);
    *activities.entry(Signal::PushFail, limit) = all;
    if n > 0 {
        activities.entry(Signal::PushEcho, limit).merge(Activity {
            count: n,
            amount: n,
            untimed: 0,
            series: paired,
            first: None,
            last: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::quote::QuoteText;
    use crate::facts::series::CLIENT_BUCKETS;
    use crate::span::Place;

    fn subject(events: &[(&str, i64, bool)]) -> (Activities, FewFailures) {
        let (mut a, mut few) = (Activities::default(), FewFailures::default());
        let quote = QuoteText {
            place: Place::default(),
            line: b"x",
        };
        for &(service, t, timeout) in events {
            let signal = if timeout {
                Signal::PushTimeout
            } else {
                Signal::PushFail
            };
            a.entry(signal, CLIENT_BUCKETS)
                .add(signal, Some(WallTime(t)), 1, &quote);
            few.add(service.as_bytes(), WallTime(t), timeout);
        }
        (a, few)
    }

    fn told(few: &FewFailures) -> Echoes {
        let Some(all) = few.echoes() else {
            return Echoes::Inferred;
        };
        let mut series = Series::new(CLIENT_BUCKETS);
        all.iter().for_each(|(_, t)| series.add(*t, 1));
        Echoes::Told(series)
    }

    fn counts(a: &Activities) -> (u64, u64) {
        (a.count(Signal::PushFail), a.count(Signal::PushEcho))
    }

    #[test]
    fn a_time_out_behind_a_failure_at_once_is_no_second_failure() {
        let (mut a, few) = subject(&[("s", 1_000, false), ("s", 1_003, true)]);
        join(&mut a, told(&few));
        assert_eq!(counts(&a), (1, 1));
    }

    #[test]
    fn a_time_out_of_another_service_or_another_time_is_a_failure_of_its_own() {
        let (mut a, few) = subject(&[("s", 1_000, false), ("t", 1_003, true), ("s", 9_000, true)]);
        join(&mut a, told(&few));
        assert_eq!(counts(&a), (3, 0));
    }

    #[test]
    fn releases_that_cancel_the_timer_write_no_echo() {
        let (mut a, _) = subject(&[("s", 1_000, false), ("s", 1_003, true)]);
        join(&mut a, Echoes::None);
        assert_eq!(counts(&a), (2, 0));
    }

    #[test]
    fn many_failures_are_joined_by_their_counts_over_time() {
        let mut events = Vec::new();
        for i in 0..1_000 {
            events.push(("s", i * 1_300, false));
            events.push(("s", i * 1_300 + 4, true));
        }
        let (mut a, few) = subject(&events);
        assert!(matches!(told(&few), Echoes::Inferred));
        join(&mut a, told(&few));
        let (failed, echoes) = counts(&a);
        assert!((990..=1_000).contains(&echoes), "{echoes}");
        assert_eq!(failed + echoes, 2_000);
    }
}
