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
#[derive(Clone, Debug)]
pub struct Series {
    limit: u32,
    shift: u8,
    counts: Counts,
}

/// The buckets and how many events fell into each.
#[derive(Clone, Debug)]
enum Counts {
    /// Those that are not empty, in order: most of a hundred thousand clients have few events, over hours.
    Few(Vec<(i64, u32)>),
    /// The first, and all from there on.
    Many(i64, Vec<u32>),
}

/// Buckets kept one by one.
const FEW: usize = 8;

impl PartialEq for Series {
    /// Whether they say the same; how many there are of which kind may differ with the order in which they came.
    fn eq(&self, other: &Self) -> bool {
        self.limit == other.limit
            && self.shift == other.shift
            && self.occupied().eq(other.occupied())
    }
}

impl Eq for Series {}

impl Series {
    /// An empty series of at most `limit` buckets.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit: u32::try_from(limit.max(2)).unwrap_or(u32::MAX),
            shift: FINEST,
            counts: Counts::Few(Vec::new()),
        }
    }

    /// Buckets are two to this power milliseconds wide.
    pub(super) fn shift(&self) -> u32 {
        u32::from(self.shift)
    }

    /// Whether two times fall into the same bucket of any series.
    #[must_use]
    pub fn share_bucket(a: WallTime, b: WallTime) -> bool {
        a.0 >> FINEST == b.0 >> FINEST
    }

    /// Counts `n` events at `t`.
    #[inline]
    pub fn add(&mut self, t: WallTime, n: u32) {
        if let Counts::Many(first, counts) = &mut self.counts {
            // The common case: an event in a bucket that exists.
            let i = (t.0 >> self.shift).wrapping_sub(*first);
            if let Some(slot) = usize::try_from(i).ok().and_then(|i| counts.get_mut(i)) {
                *slot = slot.saturating_add(n);
                return;
            }
        }
        self.add_elsewhere(t, n);
    }

    #[inline(never)]
    fn add_elsewhere(&mut self, t: WallTime, n: u32) {
        if let Counts::Many(first, counts) = &mut self.counts
            && let Ok(len) = usize::try_from((t.0 >> self.shift).saturating_sub(*first))
            && (counts.len().max(1)..self.limit as usize).contains(&len)
        {
            // Logs go on in time: mostly it is one behind the last.
            make_room(counts, len + 1, self.limit);
            counts.resize(len, 0);
            return counts.push(n);
        }
        self.cover(t.0 >> self.shift, t.0 >> self.shift);
        let bucket = t.0 >> self.shift;
        match &mut self.counts {
            Counts::Few(few) => {
                let at = few.partition_point(|(b, _)| *b < bucket);
                match few.get_mut(at) {
                    Some((b, count)) if *b == bucket => *count = count.saturating_add(n),
                    _ => {
                        few.reserve_exact(usize::from(few.len() == few.capacity()) * 2);
                        few.insert(at, (bucket, n));
                    }
                }
                if few.len() > FEW {
                    self.spread();
                }
            }
            Counts::Many(first, counts) => {
                let slot = usize::try_from(bucket - *first)
                    .ok()
                    .and_then(|i| counts.get_mut(i));
                if let Some(slot) = slot {
                    *slot = slot.saturating_add(n);
                }
            }
        }
    }

    /// Keeps all buckets from the first to the last, the empty ones too: these, and the first.
    fn spread(&mut self) -> (i64, &mut Vec<u32>) {
        if let Counts::Few(few) = &self.counts {
            let first = few.first().map_or(0, |(b, _)| *b);
            let len = few.last().map_or(0, |(b, _)| b - first + 1);
            let mut counts = Vec::new();
            make_room(&mut counts, len as usize, self.limit);
            counts.resize(len as usize, 0);
            for (b, n) in few {
                counts[(b - first) as usize] = *n;
            }
            self.counts = Counts::Many(first, counts);
        }
        match &mut self.counts {
            Counts::Many(first, counts) => (*first, counts),
            Counts::Few(_) => unreachable!("made many above"),
        }
    }

    /// The first and the last bucket.
    fn edges(&self) -> Option<(i64, i64)> {
        match &self.counts {
            Counts::Few(few) => Some((few.first()?.0, few.last()?.0)),
            Counts::Many(_, counts) if counts.is_empty() => None,
            Counts::Many(first, counts) => Some((*first, *first + counts.len() as i64 - 1)),
        }
    }

    /// Widens until the buckets `low..=high` (of the present width) have room beside those there are; where all have a slot
    /// these get theirs.
    fn cover(&mut self, low: i64, high: i64) {
        let (mut low, mut high) = match self.edges() {
            Some((first, last)) => (low.min(first), high.max(last)),
            None => (low, high),
        };
        while high - low + 1 > i64::from(self.limit) {
            self.widen();
            low >>= 1;
            high >>= 1;
        }
        let limit = self.limit;
        if let Counts::Many(first, counts) = &mut self.counts {
            if counts.is_empty() {
                *first = low;
            }
            let before = usize::try_from(*first - low).unwrap_or(0);
            if before > 0 {
                counts.splice(0..0, std::iter::repeat_n(0, before));
                *first = low;
            }
            let len = usize::try_from(high - *first + 1).unwrap_or(0);
            if len > counts.len() {
                make_room(counts, len, limit);
                counts.resize(len, 0);
            }
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        match &mut self.counts {
            Counts::Few(few) => {
                few.iter_mut().for_each(|(b, _)| *b >>= 1);
                few.dedup_by(|(b, n), (before, sum)| {
                    let same = b == before;
                    if same {
                        *sum = sum.saturating_add(*n);
                    }
                    same
                });
            }
            Counts::Many(first, counts) => {
                let odd = (*first & 1) as usize;
                // In place: a bucket's new slot is never behind its old one. An odd first bucket has no neighbour in front.
                let pairs = counts.get_mut(odd..).unwrap_or_default();
                let mut slot = 0;
                while 2 * slot + 1 < pairs.len() {
                    pairs[slot] = pairs[2 * slot].saturating_add(pairs[2 * slot + 1]);
                    slot += 1;
                }
                if 2 * slot < pairs.len() {
                    pairs[slot] = pairs[2 * slot];
                    slot += 1;
                }
                counts.truncate(odd + slot);
                while counts.last() == Some(&0) && counts.len() > 1 {
                    counts.pop();
                }
                *first >>= 1;
            }
        }
    }

    /// Adds the events of `other`.
    pub fn merge(&mut self, mut other: Self) {
        let Some((low, high)) = other.edges() else {
            return;
        };
        if self.edges().is_none() {
            let limit = self.limit;
            *self = other;
            self.limit = limit;
            // It may have had a larger limit.
            return self.cover(low, high);
        }
        while self.shift < other.shift {
            self.widen();
        }
        while other.shift < self.shift {
            other.widen();
        }
        let Some((low, high)) = other.edges() else {
            return;
        };
        self.cover(low, high);
        while other.shift < self.shift {
            other.widen();
        }
        for (bucket, n) in other.occupied() {
            self.add(WallTime(bucket << self.shift), n);
        }
    }

    /// The buckets that are not empty, in order, and their counts.
    fn occupied(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        let (few, first, counts): (&[_], _, &[u32]) = match &self.counts {
            Counts::Few(few) => (few, 0, &[]),
            Counts::Many(first, counts) => (&[], *first, counts),
        };
        let many = counts.iter().zip(first..).map(|(n, b)| (b, *n));
        few.iter().copied().chain(many).filter(|(_, n)| *n > 0)
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
        let shift = theirs.shift;
        let (my_first, mine) = mine.spread();
        let (first, theirs) = theirs.spread();
        let mut paired = vec![0; theirs.len()];
        let fine = shift <= FINE;
        for apart in if fine { &[0i64, 1, -1][..] } else { &[0][..] } {
            for (i, n) in theirs.iter_mut().enumerate() {
                let at = first + i as i64 - apart - my_first;
                let slot = usize::try_from(at).ok().and_then(|at| mine.get_mut(at));
                if let Some(slot) = slot {
                    let both = (*slot).min(*n);
                    *slot -= both;
                    *n -= both;
                    paired[i] += both;
                }
            }
        }
        Self {
            limit: other.limit,
            shift,
            counts: Counts::Many(first, paired),
        }
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
        let (first, counts) = self.spread();
        for (bucket, n) in other.occupied() {
            let slot = usize::try_from(bucket - first)
                .ok()
                .and_then(|at| counts.get_mut(at));
            if let Some(slot) = slot {
                *slot = slot.saturating_sub(n);
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
        let (low, high) = self.edges().unwrap_or((0, -1));
        let mut occupied = self.occupied().peekable();
        (low..=high).map(move |b| {
            let n = occupied.next_if(|(at, _)| *at == b).map_or(0, |(_, n)| n);
            (WallTime(b << self.shift), n)
        })
    }

    /// The buckets with at least one event, with their starts.
    fn busy(&self) -> impl Iterator<Item = (WallTime, u32)> + '_ {
        self.occupied().map(|(b, n)| (WallTime(b << self.shift), n))
    }

    /// All events.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.occupied().map(|(_, n)| u64::from(n)).sum()
    }

    /// Events from `from` (included) to `to` (excluded). A bucket on an edge counts by the share of it inside.
    #[must_use]
    pub fn between(&self, from: WallTime, to: WallTime) -> f64 {
        let width = self.width_ms();
        self.busy()
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
        self.busy()
            .filter(|&(t, _)| t.0 + width > from.0 && t.0 < to.0)
            .count()
    }
}

/// Room for `len` buckets, in few steps: most series grow to their limit.
fn make_room(counts: &mut Vec<u32>, len: usize, limit: u32) {
    const STEP: usize = 32;
    if len > counts.capacity() {
        let room = len.next_power_of_two().max(STEP).min(limit as usize);
        counts.reserve_exact(room.saturating_sub(counts.len()));
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
