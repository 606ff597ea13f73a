//! Who refers to an object: every reference in a mapped dump looked at.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use super::bytes::{IdSize, unsigned};
use super::classes::{ClassIx, ClassTable, Kind};
use super::heap::{Object, Shape, Type};
use super::lanes::{self, Visitor};
use super::objects::Objects;

/// Fields looked at for references in all classes together.
const MAX_OFFSETS: usize = 8 << 20;
/// Spans searched by one thread at a stretch, and before it is asked whether all are found.
const STRETCH: usize = 16;
const WAVE: usize = 128;

impl Objects<'_> {
    /// The first object in a mapped dump that refers to each of `wanted`, instances before arrays. Instances of
    /// `ignored` kinds do not count, nor do arrays unless `arrays` is set. Reads the dump until all are found.
    #[must_use]
    pub fn referrers(
        &self,
        wanted: &BTreeSet<u64>,
        ignored: &[Kind],
        arrays: bool,
    ) -> Vec<Reference> {
        let Some(bytes) = self.mapped else {
            return Vec::new();
        };
        let (Some(&low), Some(&high)) = (wanted.first(), wanted.last()) else {
            return Vec::new();
        };
        let ids = self.header.id_size;
        let targets = Targets {
            wanted,
            low,
            width: high - low,
            filter: Filter::new(wanted),
        };
        let offsets = self.reference_offsets(ignored);
        let table = self.classes.table();
        let mut found: HashMap<u64, Reference> = HashMap::new();
        // Waves of a fixed size, so that where the search ends does not depend on the number of threads.
        for wave in self.spans.chunks(WAVE) {
            if found.len() == wanted.len() {
                break;
            }
            let parts: Vec<Vec<Reference>> = wave
                .par_chunks(STRETCH)
                .flat_map_iter(|stretch| {
                    let search = Search {
                        bytes,
                        table: &table,
                        offsets: &offsets,
                        targets: &targets,
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
                let new = reference.class.is_some();
                let known = found.get(&reference.target).map(|r| r.class.is_some());
                if known.is_none() || (known == Some(false) && new) {
                    found.insert(reference.target, reference);
                }
            }
        }
        let mut found: Vec<Reference> = found.into_values().collect();
        found.sort_unstable();
        found
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
