//! Shapes of texts that no row of the statement table knows: what a new release writes is seen by its commonest ones.

use std::collections::BTreeMap;

use super::quote::{Quote, QuoteText, clean};
use crate::units::WallTime;

/// Shapes kept of one input. Beyond that the ones with the smallest hashes stay: a sample that does not depend on the order
/// of reading, and whose counts are exact.
const SHAPES_MAX: usize = 512;

/// Bytes of a text that its shape is made of.
const SHAPE_BYTES: usize = 120;

/// How often texts of one shape occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeCount {
    /// Records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The earliest of them.
    pub first: Quote,
}

/// Shapes by their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    by_hash: BTreeMap<(u64, Box<str>), ShapeCount>,
    dropped: bool,
}

/// A text with what varies taken out: numbers become `N`, quoted and bracketed parts and hexadecimal words shrink, secrets
/// are masked.
#[must_use]
pub fn shape(text: &[u8]) -> Box<str> {
    let text = clean(&text[..text.len().min(SHAPE_BYTES)]);
    let text = String::from_utf8_lossy(&text);
    let mut out = String::with_capacity(text.len());
    let mut in_number = false;
    for c in text.trim().chars() {
        let digit = c.is_ascii_digit()
            || (in_number && (c.is_ascii_hexdigit() || matches!(c, '.' | ',' | ':' | '_')));
        if digit {
            if !in_number {
                out.push('N');
            }
            in_number = true;
        } else {
            in_number = false;
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    out.into()
}

/// FNV-1a: the same on every machine and in every run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Shapes {
    /// Counts a record of `bytes` bytes whose message is `text`.
    pub fn add(&mut self, text: &[u8], bytes: u64, time: Option<WallTime>, quote: &QuoteText<'_>) {
        let shape = shape(text);
        let key = (hash(&shape), shape);
        match self.by_hash.get_mut(&key) {
            Some(c) => {
                c.records += 1;
                c.bytes += bytes;
                if quote.before(time, &c.first) {
                    quote.replace(time, true, &mut c.first);
                }
            }
            None => {
                self.by_hash.insert(
                    key,
                    ShapeCount {
                        records: 1,
                        bytes,
                        first: quote.keep(time, true),
                    },
                );
                self.shorten();
            }
        }
    }

    fn shorten(&mut self) {
        while self.by_hash.len() > SHAPES_MAX {
            self.by_hash.pop_last();
            self.dropped = true;
        }
    }

    /// Adds what another part of the input holds.
    pub fn merge(&mut self, other: Self) {
        self.dropped |= other.dropped;
        for (key, o) in other.by_hash {
            match self.by_hash.get_mut(&key) {
                Some(c) => {
                    c.records += o.records;
                    c.bytes += o.bytes;
                    if o.first.key() < c.first.key() {
                        c.first = o.first;
                    }
                }
                None => {
                    self.by_hash.insert(key, o);
                }
            }
        }
        self.shorten();
    }

    /// The `n` shapes of most records; of equals the one whose text sorts first.
    #[must_use]
    pub fn commonest(&self, n: usize) -> Vec<(&str, &ShapeCount)> {
        let mut all: Vec<_> = self.by_hash.iter().map(|((_, s), c)| (&**s, c)).collect();
        all.sort_by(|a, b| b.1.records.cmp(&a.1.records).then(a.0.cmp(b.0)));
        all.truncate(n);
        all
    }

    /// Whether there were more shapes than are kept.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Place;

    fn add(s: &mut Shapes, text: &str, offset: u64) {
        let place = Place {
            offset,
            ..Place::default()
        };
        let line = text.as_bytes();
        s.add(line, 10, None, &QuoteText { place, line });
    }

    #[test]
    fn what_varies_is_taken_out_and_secrets_are_masked() {
        assert_eq!(&*shape(b"took 12ms for 10.0.0.9:8848"), "took Nms for N");
        assert!(!shape(b"x accessToken=abcdef1 y").contains("abcdef"));
    }

    #[test]
    fn the_same_shapes_stay_in_whatever_order_parts_are_merged() {
        let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
        let texts: Vec<String> = (0..2000)
            .map(|i| format!("text {}{}{}", letter(i), letter(i / 26), letter(i / 676)))
            .collect();
        let mut whole = Shapes::default();
        let mut parts = vec![Shapes::default(); 7];
        for (i, t) in texts.iter().enumerate() {
            add(&mut whole, t, i as u64);
            add(&mut parts[i % 7], t, i as u64);
        }
        let mut forth = Shapes::default();
        parts.iter().for_each(|p| forth.merge(p.clone()));
        let mut back = Shapes::default();
        parts.iter().rev().for_each(|p| back.merge(p.clone()));
        assert!(whole.is_sample());
        assert_eq!(whole, forth);
        assert_eq!(whole, back);
        assert!(whole.commonest(10).len() == 10);
    }
}
