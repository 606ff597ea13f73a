//! Logins told by access logs: who, how often, and the busiest second.

use std::collections::BTreeMap;

use crate::units::{Address, WallTime};

/// Seconds kept apart before old ones are folded into the peaks.
const OPEN_SECONDS: usize = 1 << 16;
/// Seconds at either end that stay open: lines of one second may stand this far apart.
const MARGIN: usize = 128;
/// User names kept; more are counted together.
const USERS_MAX: usize = 10_000;

/// Logins of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logins {
    /// By HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// By user name.
    pub by_user: BTreeMap<Box<[u8]>, u64>,
    open: BTreeMap<i64, BTreeMap<Address, u64>>,
    peak: Option<Peak>,
}

/// The most logins of one address within one second of the clock; the earliest where several are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peak {
    /// How many.
    pub count: u64,
    /// Which second.
    pub second: WallTime,
    /// Whose.
    pub address: Address,
}

impl Peak {
    fn beats(&self, other: &Self) -> bool {
        (self.count, std::cmp::Reverse((self.second, &self.address)))
            > (
                other.count,
                std::cmp::Reverse((other.second, &other.address)),
            )
    }
}

impl Logins {
    /// Counts one login.
    pub fn add(
        &mut self,
        address: Address,
        user: Option<&[u8]>,
        status: u16,
        time: Option<WallTime>,
    ) {
        *self.by_status.entry(status).or_default() += 1;
        if let Some(user) = user {
            let user = &user[..user.len().min(128)];
            if self.by_user.len() < USERS_MAX || self.by_user.contains_key(user) {
                *self.by_user.entry(user.into()).or_default() += 1;
            }
        }
        if let Some(t) = time {
            *self
                .open
                .entry(t.second())
                .or_default()
                .entry(address)
                .or_default() += 1;
            self.fold(OPEN_SECONDS);
        }
    }

    /// Folds the seconds that no neighbouring part of the input can add to any more.
    fn fold(&mut self, most: usize) {
        if self.open.len() <= most.max(2 * MARGIN) {
            return;
        }
        let inner: Vec<i64> = self
            .open
            .keys()
            .copied()
            .skip(MARGIN)
            .take(self.open.len() - 2 * MARGIN)
            .collect();
        for second in inner {
            if let Some(counts) = self.open.remove(&second) {
                self.keep_peak(second, counts);
            }
        }
    }

    fn keep_peak(&mut self, second: i64, counts: BTreeMap<Address, u64>) {
        for (address, count) in counts {
            let p = Peak {
                count,
                second: WallTime(second * 1000),
                address,
            };
            if self.peak.as_ref().is_none_or(|best| p.beats(best)) {
                self.peak = Some(p);
            }
        }
    }

    /// The busiest second of one address.
    #[must_use]
    pub fn peak(&self) -> Option<Peak> {
        let mut all = self.clone();
        for (second, counts) in std::mem::take(&mut all.open) {
            all.keep_peak(second, counts);
        }
        all.peak
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        for (k, n) in other.by_status {
            *self.by_status.entry(k).or_default() += n;
        }
        for (k, n) in other.by_user {
            *self.by_user.entry(k).or_default() += n;
        }
        for (second, counts) in other.open {
            let mine = self.open.entry(second).or_default();
            for (address, n) in counts {
                *mine.entry(address).or_default() += n;
            }
        }
        if let Some(p) = other.peak
            && self.peak.as_ref().is_none_or(|best| p.beats(best))
        {
            self.peak = Some(p);
        }
        self.fold(OPEN_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_that_of_one_address() {
        let mut l = Logins::default();
        for (s, ip) in [
            (1, "a"),
            (1, "a"),
            (1, "b"),
            (2, "b"),
            (2, "b"),
            (2, "b"),
            (3, "a"),
            (3, "a"),
            (3, "a"),
        ] {
            l.add(
                Address::Name(ip.into()),
                Some(b"u"),
                200,
                Some(WallTime(s * 1000 + 5)),
            );
        }
        let p = l.peak().unwrap();
        assert_eq!(
            (p.count, p.second.0, p.address.to_string().as_str()),
            (3, 2000, "b")
        );
        assert_eq!(l.by_user[&b"u"[..]], 9);
    }

    #[test]
    fn memory_is_bounded_and_the_peak_survives() {
        let mut l = Logins::default();
        for s in 0..200_000i64 {
            let n = if s == 100_000 { 5 } else { 1 };
            for _ in 0..n {
                l.add(
                    Address::Name("a".into()),
                    None,
                    200,
                    Some(WallTime(s * 1000)),
                );
            }
        }
        assert!(l.open.len() <= OPEN_SECONDS + 1);
        assert_eq!(l.peak().unwrap().second.0, 100_000_000);
    }
}
