//! Seeded random numbers (splitmix64): the same seed gives the same directory, byte for byte.

/// A generator.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator of a seed and a purpose, so that one more draw in one place does not change all others.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut r = Self(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03),
        );
        r.next();
        r.next();
        r
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        low + (self.next() % ((high - low + 1) as u64)) as i64
    }

    /// In `low..=high`, as a size.
    pub fn size(&mut self, low: u64, high: u64) -> u64 {
        self.range(low as i64, high as i64) as u64
    }

    /// In `low..=high`, small and large alike: even on a logarithmic scale.
    pub fn log(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + (high.ln() - low.ln()) * self.unit()).exp()
    }

    /// True this often.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.next() % of.len() as u64) as usize]
    }

    /// Waiting times around a mean, between a third of it and three times it.
    pub fn around(&mut self, mean: i64) -> i64 {
        let e = -(1.0 - self.unit()).ln() * 0.5 + 0.5;
        ((mean as f64 * e) as i64).clamp(mean / 3, mean * 3).max(1)
    }
}
