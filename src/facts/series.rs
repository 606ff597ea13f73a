//! Counts over time in bounded memory.

use crate::units::WallTime;

/// Buckets at the most in a series of one client.
pub const CLIENT_BUCKETS: usize = 256;
/// Buckets at the most in a series of the whole node.
pub const NODE_BUCKETS: usize = 2048;

/// The finest bucket: 1,024 ms.
const FINEST: u8 = 10;

/// How many events fell into each stretch of time.
///
/// Buckets are a power of two milliseconds wide and begin at multiples of their width, and the width is the smallest that
/// fits the whole span into `limit` buckets. So two series of the same events are equal however the events were split, and
/// merging is exact in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    limit: u32,
    shift: u8,
    first: i64,
    counts: Vec<u32>,
}

impl Series {
    /// An empty series of at most `limit` buckets.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit: u32::try_from(limit.max(2)).unwrap_or(u32::MAX),
            shift: FINEST,
            first: 0,
            counts: Vec::new(),
        }
    }

    /// Whether two times fall into the same bucket of any series.
    #[must_use]
    pub fn share_bucket(a: WallTime, b: WallTime) -> bool {
        a.0 >> FINEST == b.0 >> FINEST
    }

    /// Counts `n` events at `t`.
    pub fn add(&mut self, t: WallTime, n: u32) {
        self.count(t, n);
    }

    /// [`Self::add`]; whether they fell into the first bucket, so that they may be the earliest.
    #[inline]
    pub(super) fn count(&mut self, t: WallTime, n: u32) -> bool {
        // The common case: an event in a bucket that exists.
        let i = (t.0 >> self.shift).wrapping_sub(self.first);
        if let Some(slot) = usize::try_from(i).ok().and_then(|i| self.counts.get_mut(i)) {
            *slot = slot.saturating_add(n);
            return i == 0;
        }
        self.add_outside(t, n)
    }

    #[inline(never)]
    fn add_outside(&mut self, t: WallTime, n: u32) -> bool {
        let bucket = t.0 >> self.shift;
        if self.counts.is_empty() {
            self.first = bucket;
            self.counts.push(n);
            return true;
        }
        // Logs go on in time: mostly it is one behind the last.
        match usize::try_from(bucket.saturating_sub(self.first)) {
            Ok(len) if len >= self.counts.len() && len < self.limit as usize => {
                self.make_room(len + 1);
                self.counts.resize(len, 0);
                self.counts.push(n);
                return false;
            }
            _ => {}
        }
        self.cover(bucket, bucket);
        let i = (t.0 >> self.shift) - self.first;
        if let Some(slot) = usize::try_from(i).ok().and_then(|i| self.counts.get_mut(i)) {
            *slot = slot.saturating_add(n);
        }
        i == 0
    }

    /// Room for `len` buckets, in few steps: most series grow to their limit.
    fn make_room(&mut self, len: usize) {
        const STEP: usize = 32;
        if len > self.counts.capacity() {
            let room = len.next_power_of_two().max(STEP).min(self.limit as usize);
            self.counts.reserve_exact(room - self.counts.len());
        }
    }

    /// Widens and extends so that the buckets `low..=high` (of the present width) have a slot.
    fn cover(&mut self, low: i64, high: i64) {
        let last = self.first + self.counts.len() as i64 - 1;
        let (mut low, mut high) = (low.min(self.first), high.max(last));
        while high - low + 1 > i64::from(self.limit) {
            self.widen();
            low >>= 1;
            high >>= 1;
        }
        let before = usize::try_from(self.first - low).unwrap_or(0);
        if before > 0 {
            self.counts.splice(0..0, std::iter::repeat_n(0, before));
            self.first = low;
        }
        let len = usize::try_from(high - self.first + 1).unwrap_or(0);
        if len > self.counts.len() {
            self.make_room(len);
            self.counts.resize(len, 0);
        }
    }

    fn widen(&mut self) {
        let odd = (self.first & 1) as usize;
        // In place: a bucket's new slot is never behind its old one. An odd first bucket has no neighbour in front.
        let len = (self.counts.len() + odd).div_ceil(2);
        for slot in odd..len {
            let i = 2 * slot - odd;
            let next = self.counts.get(i + 1).copied().unwrap_or(0);
            self.counts[slot] = self.counts[i].saturating_add(next);
        }
        self.counts.truncate(len);
        while self.counts.last() == Some(&0) && self.counts.len() > 1 {
            self.counts.pop();
        }
        self.first >>= 1;
        self.shift += 1;
    }

    /// Adds the events of `other`.
    pub fn merge(&mut self, mut other: Self) {
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            let limit = self.limit;
            *self = other;
            self.limit = limit;
            return;
        }
        while self.shift < other.shift {
            self.widen();
        }
        while other.shift < self.shift {
            other.widen();
        }
        let last = other.first + other.counts.len() as i64 - 1;
        let shift = self.shift;
        self.cover(other.first, last);
        while other.shift < self.shift {
            other.widen();
        }
        debug_assert!(self.shift >= shift);
        for (i, &n) in other.counts.iter().enumerate() {
            let at = other.first + i as i64 - self.first;
            if let Some(slot) = usize::try_from(at)
                .ok()
                .and_then(|at| self.counts.get_mut(at))
            {
                *slot = slot.saturating_add(n);
            }
        }
    }

    /// Events of `other` that have an event of this series in their bucket, or, while buckets are fine, in the one beside
    /// it; each event is used once. The result is as wide as the wider of the two.
    #[must_use]
    pub fn paired_with(&self, other: &Self) -> Self {
        /// Up to this width the two events of a pair may well lie on either side of an edge.
        const FINE: u8 = FINEST + 1;
        let (mut mine, mut theirs) = (self.clone(), other.clone());
        while mine.shift < theirs.shift {
            mine.widen();
        }
        while theirs.shift < mine.shift {
            theirs.widen();
        }
        let mut paired = Self {
            counts: vec![0; theirs.counts.len()],
            ..theirs.clone()
        };
        let fine = theirs.shift <= FINE;
        for shift in if fine { &[0i64, 1, -1][..] } else { &[0][..] } {
            for (i, n) in theirs.counts.iter_mut().enumerate() {
                let at = theirs.first + i as i64 - shift - mine.first;
                let slot = usize::try_from(at)
                    .ok()
                    .and_then(|at| mine.counts.get_mut(at));
                if let Some(slot) = slot {
                    let both = (*slot).min(*n);
                    *slot -= both;
                    *n -= both;
                    paired.counts[i] += both;
                }
            }
        }
        paired
    }

    /// Takes the events of `other` away, which are among this series' own.
    pub fn subtract(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.shift < other.shift {
            self.widen();
        }
        while other.shift < self.shift {
            other.widen();
        }
        for (i, n) in other.counts.iter().enumerate() {
            let at = other.first + i as i64 - self.first;
            if let Some(slot) = usize::try_from(at)
                .ok()
                .and_then(|at| self.counts.get_mut(at))
            {
                *slot = slot.saturating_sub(*n);
            }
        }
    }

    /// Buckets at the most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Width of a bucket in milliseconds.
    #[must_use]
    pub fn width_ms(&self) -> i64 {
        1 << self.shift
    }

    /// The buckets with their starts, in order; empty ones between the first and the last included.
    pub fn buckets(&self) -> impl Iterator<Item = (WallTime, u32)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .map(|(i, &n)| (WallTime((self.first + i as i64) << self.shift), n))
    }

    /// All events.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|&n| u64::from(n)).sum()
    }

    /// Events from `from` (included) to `to` (excluded). A bucket on an edge counts by the share of it inside.
    #[must_use]
    pub fn between(&self, from: WallTime, to: WallTime) -> f64 {
        let width = self.width_ms();
        self.buckets()
            .map(|(start, n)| {
                let low = start.0.max(from.0);
                let high = (start.0 + width).min(to.0);
                if high <= low {
                    0.0
                } else {
                    f64::from(n) * (high - low) as f64 / width as f64
                }
            })
            .sum()
    }

    /// Buckets with at least one event, within `from..to`.
    #[must_use]
    pub fn busy_buckets(&self, from: WallTime, to: WallTime) -> usize {
        let width = self.width_ms();
        self.buckets()
            .filter(|&(t, n)| n > 0 && t.0 + width > from.0 && t.0 < to.0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[i64]) -> Series {
        let mut s = Series::new(8);
        for &t in times {
            s.add(WallTime(t), 1);
        }
        s
    }

    #[test]
    fn a_series_never_has_more_buckets_than_its_limit() {
        let s = of(&[0, 1_000_000, 5, 123_456_789]);
        assert!(s.buckets().count() <= 8);
        assert_eq!(s.total(), 4);
    }

    #[test]
    fn a_stretch_counts_the_part_of_a_bucket_inside_it() {
        let s = of(&[0, 0, 1024]);
        assert!((s.between(WallTime(0), WallTime(512)) - 1.0).abs() < 1e-9);
        assert!((s.between(WallTime(0), WallTime(4096)) - 3.0).abs() < 1e-9);
        assert_eq!(s.busy_buckets(WallTime(0), WallTime(1024)), 1);
    }

    proptest! {
        #[test]
        fn splits_and_merge_order_do_not_matter(
            times in prop::collection::vec(-10_000_000i64..10_000_000, 1..60),
            cut in 0usize..60,
        ) {
            let cut = cut.min(times.len());
            let whole = of(&times);
            let (a, b) = (of(&times[..cut]), of(&times[cut..]));
            let mut ab = a.clone();
            ab.merge(b.clone());
            let mut ba = b;
            ba.merge(a);
            let list = |s: &Series| s.buckets().filter(|x| x.1 > 0).collect::<Vec<_>>();
            prop_assert_eq!(list(&ab), list(&whole));
            prop_assert_eq!(list(&ba), list(&whole));
            prop_assert_eq!(ab.width_ms(), whole.width_ms());
        }
    }
}
