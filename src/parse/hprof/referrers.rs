//! Who refers to an object: every reference in a dump looked at.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use super::bytes::{IdSize, unsigned};
use super::classes::{ClassIx, ClassTable, Classes, Kind};
use super::feed::Feed;
use super::heap::{Object, Shape, Type};
use super::lanes::{self, Visitor};
use super::objects::{DumpSource, Objects};
use super::streamed::pass;
use super::{ParseError, Sink};

/// Fields looked at for references in all classes together.
const MAX_OFFSETS: usize = 8 << 20;
/// Spans searched by one thread at a stretch, and before it is asked whether all are found.
const STRETCH: usize = 16;
const WAVE: usize = 128;

impl Objects<'_> {
    /// The first object in the dump that refers to each of `wanted`, instances before arrays. Instances of `ignored`
    /// kinds do not count, nor do arrays unless `arrays` is set. Reads the dump once more, a mapped one until all are
    /// found. `source` is the one it was read from.
    #[must_use]
    pub fn referrers(
        &self,
        source: DumpSource<'_>,
        wanted: &BTreeSet<u64>,
        ignored: &[Kind],
        arrays: bool,
    ) -> Vec<Reference> {
        let (Some(&low), Some(&high)) = (wanted.first(), wanted.last()) else {
            return Vec::new();
        };
        let targets = Targets {
            wanted,
            low,
            width: high - low,
            filter: Filter::new(wanted),
        };
        let offsets = self.reference_offsets(ignored);
        let found = match self.mapped {
            Some(bytes) => self.mapped_referrers(bytes, &targets, &offsets, arrays),
            None => self.streamed_referrers(source, &targets, &offsets, arrays),
        };
        let mut found: Vec<Reference> = found.0.into_values().collect();
        found.sort_unstable();
        found
    }

    fn mapped_referrers(
        &self,
        bytes: &[u8],
        targets: &Targets<'_>,
        offsets: &[Box<[u32]>],
        arrays: bool,
    ) -> Found {
        let ids = self.header.id_size;
        let table = self.classes.table();
        let mut found = Found::default();
        // Waves of a fixed size, so that where the search ends does not depend on the number of threads.
        for wave in self.spans.chunks(WAVE) {
            if found.0.len() == targets.wanted.len() {
                break;
            }
            let parts: Vec<Vec<Reference>> = wave
                .par_chunks(STRETCH)
                .flat_map_iter(|stretch| {
                    let search = Search {
                        bytes,
                        table: &table,
                        offsets,
                        targets,
                        arrays,
                    };
                    let walked = match ids {
                        IdSize::Eight => {
                            lanes::walk(bytes, ids, stretch, &mut Referring::<8>(search))
                        }
                        IdSize::Four => {
                            lanes::walk(bytes, ids, stretch, &mut Referring::<4>(search))
                        }
                    };
                    walked.into_iter().map(|w| w.unit)
                })
                .collect();
            for reference in parts.into_iter().flatten() {
                found.add(reference);
            }
        }
        found
    }

    fn streamed_referrers(
        &self,
        source: DumpSource<'_>,
        targets: &Targets<'_>,
        offsets: &[Box<[u32]>],
        arrays: bool,
    ) -> Found {
        let passed = pass(source, |_| Looking {
            classes: &self.classes,
            targets,
            offsets,
            arrays,
            found: Found::default(),
        });
        passed.map(|p| p.sink.found).unwrap_or_default()
    }

    /// Where references stand in the instances of each class.
    fn reference_offsets(&self, ignored: &[Kind]) -> Vec<Box<[u32]>> {
        let mut room = MAX_OFFSETS;
        (0..self.classes.len() as u32)
            .map(|ix| {
                if self.count(ix) == 0 || ignored.contains(&self.classes.kind(ix)) || room == 0 {
                    return Box::default();
                }
                let layout = self.classes.layout(ix);
                let references = layout.iter().filter(|f| f.1 == Type::OBJECT);
                let offsets: Box<[u32]> = references.map(|f| f.2).collect();
                room = room.saturating_sub(layout.len());
                offsets
            })
            .collect()
    }
}

/// That one object refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What is referred to.
    pub target: u64,
    /// What refers to it.
    pub from: u64,
    /// The class of that; `None` for an object array.
    pub class: Option<ClassIx>,
}

/// By what is referred to.
#[derive(Default)]
struct Found(HashMap<u64, Reference>);

impl Found {
    fn add(&mut self, reference: Reference) {
        let new = reference.class.is_some();
        let known = self.0.get(&reference.target).map(|r| r.class.is_some());
        if known.is_none() || (known == Some(false) && new) {
            self.0.insert(reference.target, reference);
        }
    }
}

/// A coarse test whether an identifier may be in a set: one bit for each hash.
struct Filter {
    bits: Vec<u64>,
    shift: u32,
}

impl Filter {
    fn new(ids: &BTreeSet<u64>) -> Self {
        // Sixteen bits an identifier, so that one in sixteen others passes; at most 32 KiB, to stay in the cache.
        let bits = (ids.len() * 16).next_power_of_two().clamp(1 << 10, 1 << 18);
        let mut filter = Self {
            bits: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
        };
        for &id in ids {
            let bit = filter.bit(id);
            filter.bits[bit / 64] |= 1 << (bit % 64);
        }
        filter
    }

    #[inline]
    fn bit(&self, id: u64) -> usize {
        (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    #[inline]
    fn may_hold(&self, id: u64) -> bool {
        let bit = self.bit(id);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// What is looked for.
struct Targets<'c> {
    wanted: &'c BTreeSet<u64>,
    low: u64,
    width: u64,
    filter: Filter,
}

impl Targets<'_> {
    #[inline(always)]
    fn hold(&self, id: u64) -> bool {
        // Null and most of the heap is outside the range, which is cheaper to see than a bit of the filter.
        id.wrapping_sub(self.low) <= self.width
            && self.filter.may_hold(id)
            && self.wanted.contains(&id)
    }
}

struct Search<'c> {
    bytes: &'c [u8],
    table: &'c ClassTable,
    offsets: &'c [Box<[u32]>],
    targets: &'c Targets<'c>,
    arrays: bool,
}

/// Looks at every reference; `I` is the width of identifiers.
struct Referring<'c, const I: usize>(Search<'c>);

impl<const I: usize> Visitor for Referring<'_, I> {
    type Unit = Vec<Reference>;

    #[inline(always)]
    fn object(&mut self, found: &mut Vec<Reference>, _at: u64, object: Object, body: u64) {
        let search = &self.0;
        let of = |from: u64| {
            search
                .bytes
                .get(from as usize..(body + object.len) as usize)
        };
        match object.shape {
            Shape::Instance { class } => {
                let Some((ix, _)) = search.table.get(class) else {
                    return;
                };
                let Some(offsets) = search.offsets.get(ix as usize) else {
                    return;
                };
                for &at in offsets {
                    let bytes = of(body + u64::from(at)).and_then(|b| b.first_chunk::<I>());
                    if let Some(target) = bytes.map(|b| unsigned(b))
                        && search.targets.hold(target)
                    {
                        found.push(Reference {
                            target,
                            from: object.id,
                            class: Some(ix),
                        });
                    }
                }
            }
            Shape::Objects if search.arrays => {
                let (elements, _) = of(body).unwrap_or_default().as_chunks::<I>();
                for target in elements.iter().map(|b| unsigned(b)) {
                    if search.targets.hold(target) {
                        found.push(Reference {
                            target,
                            from: object.id,
                            class: None,
                        });
                    }
                }
            }
            _ => {}
        }
    }
}

/// Looks at every reference of a stream.
struct Looking<'c> {
    classes: &'c Classes,
    targets: &'c Targets<'c>,
    offsets: &'c [Box<[u32]>],
    arrays: bool,
    found: Found,
}

impl Sink for Looking<'_> {
    #[inline]
    fn object<F: Feed>(&mut self, _at: u64, object: Object, feed: &mut F) {
        /// Bytes of an array looked at in one go.
        const PIECE: u64 = 64 << 10;
        let width = self.classes.id_size().bytes();
        let mut look = |target: u64, class| {
            if self.targets.hold(target) {
                self.found.add(Reference {
                    target,
                    from: object.id,
                    class,
                });
            }
        };
        match object.shape {
            Shape::Instance { class } => {
                let Some(ix) = self.classes.index(class) else {
                    return;
                };
                let offsets = self.offsets.get(ix as usize).map_or(&[][..], |o| o);
                let Some(&last) = offsets.iter().max() else {
                    return;
                };
                let body = feed.peek((u64::from(last) + width as u64).min(object.len) as usize);
                for &at in offsets {
                    if let Some(bytes) = body.get(at as usize..at as usize + width) {
                        look(unsigned(bytes), Some(ix));
                    }
                }
            }
            Shape::Objects if self.arrays => {
                let mut left = object.len;
                while left > 0 {
                    let piece = feed.peek(left.min(PIECE) as usize);
                    let read = piece.len() as u64;
                    for element in piece.chunks_exact(width) {
                        look(unsigned(element), None);
                    }
                    if feed.skip(read) == 0 {
                        break; // the input ends here
                    }
                    left -= read;
                }
            }
            _ => {}
        }
    }

    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }
    fn issue(&mut self, _error: ParseError, _lost: u64) {}
    fn progress(&mut self, _at: u64) {}
}
