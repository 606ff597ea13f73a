//! Where in a mapped dump an identifier may stand. HotSpot writes objects by address, so that the range of identifiers
//! in every 16 KiB finds any object again by reading a block or two.

use std::collections::BTreeSet;

/// Identifiers found in one piece of the dump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    at: u64,
    end: u64,
    min: u64,
    max: u64,
}

const BLOCK: u64 = 16 << 10;
/// A gap in identifiers that ends a block early, so that blocks stay narrow.
const GAP: u64 = 16 << 20;
/// Objects before a gap ends a block, so that there are not as many blocks as objects in a dump without order.
const MIN_OBJECTS: u32 = 32;
/// Blocks wider than this are searched for every identifier.
const WIDE: u64 = 256 << 20;
/// Blocks looked at for the identifiers of one round before all are read instead.
const MAX_STEPS: usize = 4 << 20;

/// No block: nothing begins where it ends.
const NONE: Block = Block {
    at: 0,
    end: u64::MAX,
    min: u64::MAX,
    max: 0,
};

/// The blocks of a run of objects, as they come.
#[derive(Debug)]
pub(super) struct Blocks {
    done: Vec<Block>,
    open: Block,
    objects: u32,
    last: u64,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            done: Vec::new(),
            open: NONE,
            objects: 0,
            last: 0,
        }
    }
}

impl Blocks {
    /// An object at `at..next`. A block is one run of objects without anything between them.
    #[inline]
    pub(super) fn note(&mut self, at: u64, next: u64, id: u64) {
        // A step backwards wraps round to a large one.
        let jumps = id.wrapping_sub(self.last) > GAP && self.objects >= MIN_OBJECTS;
        let open = &mut self.open;
        self.last = id;
        if open.end == at && at - open.at < BLOCK && !jumps {
            open.end = next;
            open.min = open.min.min(id);
            open.max = open.max.max(id);
            self.objects += 1;
            return;
        }
        self.close();
        self.objects = 1;
        self.open = Block {
            at,
            end: next,
            min: id,
            max: id,
        };
    }

    /// Ends the last block.
    pub(super) fn close(&mut self) {
        if self.objects > 0 {
            self.done.push(self.open);
        }
        self.objects = 0;
        self.open = NONE;
    }

    /// Joins those of another, closed run.
    pub(super) fn append(&mut self, other: Self) {
        self.done.extend(other.done);
    }
}

/// All blocks of a dump, by identifier.
#[derive(Debug, Default)]
pub(super) struct BlockIndex {
    blocks: Vec<Block>,
    /// The highest identifier in the blocks up to each.
    reach: Vec<u64>,
    wide: Vec<Block>,
}

impl BlockIndex {
    pub(super) fn new(blocks: Blocks) -> Self {
        let (mut wide, mut blocks): (Vec<Block>, Vec<Block>) =
            blocks.done.into_iter().partition(|b| b.max - b.min > WIDE);
        wide.sort_unstable_by_key(|b| b.at);
        blocks.sort_unstable_by_key(|b| (b.min, b.at));
        let reach = blocks.iter().scan(0u64, |reach, b| {
            *reach = (*reach).max(b.max);
            Some(*reach)
        });
        let reach = reach.collect();
        Self {
            blocks,
            reach,
            wide,
        }
    }

    /// Where these identifiers may stand, in file order, each place once.
    pub(super) fn places(&self, wanted: &BTreeSet<u64>) -> Vec<(u64, u64)> {
        let mut places: Vec<(u64, u64)> = Vec::new();
        let mut steps = 0usize;
        for &id in wanted {
            let mut i = self.blocks.partition_point(|b| b.min <= id);
            while i > 0 && self.reach[i - 1] >= id {
                i -= 1;
                steps += 1;
                if steps > MAX_STEPS {
                    // No order in this dump: read all of it.
                    places = self.blocks.iter().map(|b| (b.at, b.end)).collect();
                    break;
                }
                if self.blocks[i].max >= id {
                    places.push((self.blocks[i].at, self.blocks[i].end));
                }
            }
            if steps > MAX_STEPS {
                break;
            }
            // Many identifiers in few blocks: keep the list short on the way.
            if places.len() > 1 << 16 {
                places.sort_unstable();
                places.dedup();
            }
        }
        places.extend(self.wide.iter().map(|b| (b.at, b.end)));
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(objects: impl Iterator<Item = (u64, u64, u64)>) -> BlockIndex {
        let mut blocks = Blocks::default();
        for (at, next, id) in objects {
            blocks.note(at, next, id);
        }
        blocks.close();
        BlockIndex::new(blocks)
    }

    #[test]
    fn an_object_is_found_in_the_block_it_stands_in() {
        let index = index((0..10_000).map(|i| (i * 32, i * 32 + 32, 0x1000 + i * 16)));
        let places = index.places(&BTreeSet::from([0x1000 + 9_000 * 16]));
        let at = 9_000 * 32;
        assert_eq!(places.len(), 1);
        assert!(places[0].0 <= at && at < places[0].1 && places[0].1 - places[0].0 < 2 * BLOCK);
        assert_eq!(index.places(&BTreeSet::from([1])), []);
    }

    #[test]
    fn a_hole_between_objects_and_a_jump_of_identifiers_end_a_block() {
        let hole = index([(0, 10, 1), (20, 30, 2)].into_iter());
        assert_eq!(hole.places(&BTreeSet::from([1, 2])), [(0, 10), (20, 30)]);
        let jump = (0..64).map(|i| (i * 10, i * 10 + 10, if i < 40 { i } else { (1 << 40) + i }));
        assert_eq!(index(jump).places(&BTreeSet::from([3])), [(0, 400)]);
    }
}
