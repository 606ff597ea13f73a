//! A large heap segment cut into spans, so that several threads can walk it.
//!
//! JDK 8 writes a heap below 2 GiB as one record. Nothing in it says where an object begins but the one before it, so a
//! beginning is guessed in every MiB (a run of sub-records that all make sense), threads hop from guess to guess over
//! the heads, and then the guesses that the hopping before them did not arrive at are dropped. What is left are the
//! boundaries that one walk from the start would have passed, whatever was guessed.

use rayon::prelude::*;

use super::bytes::{IdSize, unsigned};
use super::classes::{ClassTable, Classes};
use super::heap::{Object, Stop, Type, root_length};
use super::lanes::{self, Span, Visitor};

/// Bytes between guesses. Longer segments are cut.
const STEP: u64 = 1 << 20;
/// Guesses made at a time: few behind a place that cannot be read, so that one more such place costs little.
const FIRST_WAVE: u64 = 16;
const LAST_WAVE: u64 = 512;
/// Sub-records that have to make sense in a row.
const CHAIN: usize = 24;
/// Of these, how many must name a class of the dump.
const NAMED: usize = 3;

/// Whether a segment is worth cutting.
pub(super) const fn is_large(start: u64, end: u64) -> bool {
    end.saturating_sub(start) > 4 * STEP
}

/// Cuts segments of one dump.
pub(super) struct Cutter<'a> {
    bytes: &'a [u8],
    ids: IdSize,
    table: ClassTable,
    sizes: Vec<Option<u32>>,
}

/// A segment cut up.
#[derive(Debug, Default)]
pub(super) struct CutUp {
    pub(super) spans: Vec<Span>,
    /// Where no sub-record could be read any more; the end of the segment when all could.
    pub(super) reached: u64,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(bytes: &'a [u8], ids: IdSize, classes: &Classes) -> Self {
        Self {
            bytes,
            ids,
            table: classes.table(),
            sizes: classes.instance_sizes(),
        }
    }

    /// Cuts `start..end`, as far as sub-records can be read one after the other.
    pub(super) fn cut(&self, start: u64, end: u64) -> CutUp {
        let end = end.min(self.bytes.len() as u64);
        let mut cut = CutUp {
            spans: Vec::new(),
            reached: start,
        };
        let mut wave = FIRST_WAVE;
        while cut.reached < end {
            let until = cut.reached.saturating_add(wave * STEP).min(end);
            if !self.wave(&mut cut, until, end) {
                break;
            }
            wave = (wave * 2).min(LAST_WAVE);
        }
        cut
    }

    /// The next place behind a broken one where sub-records make sense again.
    pub(super) fn next_after(&self, broken: u64, end: u64) -> Option<u64> {
        let end = end.min(self.bytes.len() as u64);
        self.guess(broken + 1, end, end)
    }

    /// Goes on to `until` or a little behind it; `false` when sub-records cannot be read on.
    fn wave(&self, cut: &mut CutUp, until: u64, end: u64) -> bool {
        let begun = cut.reached;
        let mut guesses: Vec<u64> = (1..(until - begun).div_ceil(STEP))
            .into_par_iter()
            .filter_map(|i| {
                let from = begun + i * STEP;
                self.guess(from, (from + STEP).min(until), end)
            })
            .collect();
        guesses.insert(0, begun);
        let ends = guesses.iter().copied().skip(1).chain([until]);
        let spans: Vec<Span> = guesses
            .iter()
            .zip(ends)
            .map(|(&at, until)| Span { at, until, end })
            .collect();
        let hops: Vec<(u64, Stop)> = spans
            .par_chunks(8)
            .flat_map_iter(|spans| self.hop(spans))
            .collect();
        for (span, (reached, stop)) in spans.iter().zip(hops) {
            if span.at > cut.reached {
                // The hop before was over a wrong guess: walk from where it is known to be right.
                let gap = Span {
                    at: cut.reached,
                    until: span.at,
                    end,
                };
                let (reached, stop) = self.hop(&[gap]).pop().unwrap_or((cut.reached, Stop::Cut));
                if !cut.accept(gap, reached, &stop) {
                    return false;
                }
            }
            if span.at == cut.reached && !cut.accept(*span, reached, &stop) {
                return false;
            }
        }
        if cut.reached < until {
            let rest = Span {
                at: cut.reached,
                until,
                end,
            };
            let (reached, stop) = self.hop(&[rest]).pop().unwrap_or((cut.reached, Stop::Cut));
            return cut.accept(rest, reached, &stop);
        }
        true
    }

    fn hop(&self, spans: &[Span]) -> Vec<(u64, Stop)> {
        let walked = lanes::walk(self.bytes, self.ids, spans, &mut Hop);
        walked.into_iter().map(|w| (w.reached, w.stop)).collect()
    }

    /// The first place in `from..to` from where on sub-records make sense.
    fn guess(&self, from: u64, to: u64, end: u64) -> Option<u64> {
        let window = self.bytes.get(from as usize..to as usize)?;
        memchr::memchr3_iter(0x21, 0x22, 0x23, window)
            .map(|i| from + i as u64)
            .find(|&at| self.makes_sense(at, end))
    }

    fn makes_sense(&self, start: u64, end: u64) -> bool {
        let (mut at, mut named) = (start, 0);
        for _ in 0..CHAIN {
            if at == end {
                break;
            }
            match self.sub_record(at, end) {
                Some((next, names)) => {
                    at = next;
                    named += usize::from(names);
                }
                None => return false,
            }
        }
        named >= NAMED
    }

    /// The end of the sub-record at `at`, if it makes sense, and whether it names a class.
    fn sub_record(&self, at: u64, end: u64) -> Option<(u64, bool)> {
        let i = self.ids.bytes();
        let head = self.bytes.get(at as usize..end as usize)?;
        let number = |from: usize, width: usize| head.get(from..from + width).map(unsigned);
        let (len, names) = match *head.first()? {
            0x21 => {
                let (ix, _) = self.table.get(number(5 + i, i)?)?;
                let len = number(5 + 2 * i, 4)?;
                let size = self.sizes.get(ix as usize).copied().flatten()?;
                if u64::from(size) != len {
                    return None;
                }
                (9 + 2 * i as u64 + len, true)
            }
            0x22 => {
                self.table.get(number(9 + i, i)?)?;
                (9 + (2 + number(5 + i, 4)?) * i as u64, true)
            }
            0x23 => {
                let ty = Type(number(9 + i, 1)? as u8);
                let width = ty.width(self.ids).filter(|_| ty != Type::OBJECT)?;
                let len = number(5 + i, 4)? * width as u64;
                (10 + i as u64 + len, false)
            }
            tag => (root_length(tag, i as u64)?, false),
        };
        (at + len <= end).then_some((at + len, names))
    }
}

impl CutUp {
    /// Takes a span that begins where the last one ended.
    fn accept(&mut self, span: Span, reached: u64, stop: &Stop) -> bool {
        if reached > span.at {
            self.spans.push(Span {
                until: reached,
                ..span
            });
        }
        self.reached = reached;
        *stop == Stop::Done
    }
}

/// Looks at heads only.
struct Hop;

impl Visitor for Hop {
    type Unit = ();
    #[inline]
    fn object(&mut self, _unit: &mut (), _at: u64, _object: Object, _body: u64) {}
}
