//! The objects of interest of a dump, and any other object by its identifier, in bounded memory.
//!
//! One pass keeps the instances of the classes that were asked for (of a mapped dump where they stand, of a stream a
//! copy) and notes, for every 16 KiB of a mapped dump, the range of identifiers in it. HotSpot writes objects by
//! address, so an identifier is then found by reading a block or two. Of a stream, links are followed while it is read
//! (`chase`); it is read again for what is missing.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use foldhash::fast::FixedState;

use super::blocks::BlockIndex;
use super::chase::Chase;
use super::classes::{ClassIx, Classes, Classify, Kind};
use super::collect::{Collected, IN_CAUGHT, IN_GLUE, Kept, OBJECTS, PRIMITIVES};
use super::heap::Type;
use super::lanes::Span;
use super::packed::Packing;
use super::{Header, ParseError, mapped, streamed};

pub use super::collect::Loss;
pub use super::referrers::Reference;

/// The kind of small objects that links go through. They are not listed, only followed.
pub const GLUE: Kind = u8::MAX - 1;

/// Whether links from objects of a kind lead to others that are not listed themselves.
pub type Follow = fn(Kind) -> bool;

/// Where a dump is read from.
#[derive(Clone, Copy)]
pub enum DumpSource<'a> {
    /// A whole file, plain or packed.
    Bytes(&'a [u8]),
    /// A reader of the unpacked dump; called again when something was missed.
    Reopen(&'a (dyn Fn() -> std::io::Result<Box<dyn Read + Send + 'a>> + 'a)),
}

/// Arrays copied at most when they are asked for; a queue of four million messages.
pub(super) const MAX_ARRAY: u64 = 64 << 20;
/// Copies made from a stream for objects asked for by identifier.
pub(super) const MAX_COPIED: usize = 256 << 20;

/// Bytes of small objects held while a stream is read, with what it takes to find them. A reading that has to be
/// repeated holds more.
pub const WINDOW: usize = 64 << 20;

/// Marks the place of an object that was caught.
pub(super) const fn in_caught(mut kept: Kept) -> Kept {
    kept.at |= IN_CAUGHT;
    kept
}

/// An object's bytes and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'s> {
    /// Field values of an instance.
    Instance(ClassIx, &'s [u8]),
    /// Elements of an object array.
    Objects(&'s [u8]),
    /// Elements of a primitive array.
    Primitives(Type, &'s [u8]),
}

/// A dump that has been read once.
pub struct Objects<'a> {
    /// Its header.
    pub header: Header,
    /// Its classes.
    pub classes: Classes,
    /// The bytes of a plain dump.
    pub(super) mapped: Option<&'a [u8]>,
    kept: Vec<Kept>,
    arena: Vec<u8>,
    glue: Vec<Kept>,
    glue_arena: Vec<u8>,
    /// Whether `glue` is all of it.
    pub(super) all_glue: bool,
    pub(super) caught_arena: Vec<u8>,
    /// Bytes of small objects held while a stream is read, and how often it was read again.
    pub(super) window: usize,
    pub(super) fetches: u32,
    /// What links lead to that a reading of a stream met too late.
    pub(super) left_over: HashSet<u64, FixedState>,
    pub(super) fetched: HashMap<u64, Kept>,
    pub(super) blocks: BlockIndex,
    by_kind: Vec<Vec<u32>>,
    counts: Vec<u64>,
    /// Spans of a mapped dump in which its objects stand.
    pub(super) spans: Vec<Span>,
    /// Bytes of the (unpacked) dump that were read.
    pub bytes_read: u64,
    /// Objects seen.
    pub objects: u64,
    /// What was not read.
    pub losses: Vec<Loss>,
    /// Losses beyond those listed: how many, and their bytes.
    pub more_losses: (u64, u64),
}

impl<'a> Objects<'a> {
    /// Reads a dump, keeping the instances that `classify` gives a kind. What those whose kind `follow` approves of refer
    /// to will be asked for; of a stream, `window` bytes of small objects are held in case they are.
    ///
    /// # Errors
    /// When the source cannot be opened or does not begin like a dump.
    pub fn read(
        source: DumpSource<'a>,
        classify: Classify,
        (follow, window): (Follow, usize),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, ParseError> {
        match source {
            DumpSource::Bytes(bytes) if Packing::of(bytes) == Packing::Plain => {
                mapped::read(bytes, classify, follow, progress)
            }
            _ => streamed::read(source, classify, (follow, window), progress),
        }
    }

    pub(super) fn build(
        header: Header,
        mut classes: Classes,
        mut got: Collected,
        mut chase: Chase,
        mapped: Option<&'a [u8]>,
    ) -> Self {
        got.state_overflow(classes.dropped_strings);
        classes.settle_all();
        got.kept.sort_unstable();
        got.kept.dedup_by_key(|k| k.id);
        chase.held.sort();
        chase.held.dedup_by_key(|k| k.id);
        let caught = chase.caught.into_iter().map(in_caught);
        let mut by_kind: Vec<Vec<u32>> = vec![Vec::new(); 256];
        for (i, kept) in got.kept.iter().enumerate() {
            by_kind[classes.kind(kept.what) as usize].push(i as u32);
        }
        got.losses.sort();
        Self {
            header,
            classes,
            mapped,
            kept: got.kept,
            arena: got.arena,
            glue: chase.held,
            glue_arena: chase.held_arena,
            all_glue: !chase.let_go,
            fetched: caught.map(|k| (k.id, k)).collect(),
            caught_arena: chase.arena,
            window: 0,
            fetches: 0,
            left_over: HashSet::default(),
            blocks: BlockIndex::new(got.blocks),
            by_kind,
            counts: got.counts,
            spans: Vec::new(),
            bytes_read: 0,
            objects: got.objects,
            losses: got.losses,
            more_losses: got.more_losses,
        }
    }

    /// Identifiers of the instances of a kind, in ascending order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = u64> {
        self.by_kind
            .get(kind as usize)
            .into_iter()
            .flatten()
            .filter_map(|&i| self.kept.get(i as usize))
            .map(|k| k.id)
    }

    /// How many instances of a class the dump holds.
    #[must_use]
    pub fn count(&self, ix: ClassIx) -> u64 {
        self.counts.get(ix as usize).copied().unwrap_or(0)
    }

    /// An object that was kept or fetched.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Body<'_>> {
        let find = |list: &[Kept]| {
            let i = list.binary_search_by_key(&id, |k| k.id).ok()?;
            list.get(i).copied()
        };
        let kept = find(&self.kept)
            .or_else(|| find(&self.glue))
            .or_else(|| self.fetched.get(&id).copied())?;
        let from: &[u8] = match self.mapped {
            Some(bytes) => bytes,
            None if kept.at & IN_GLUE != 0 => &self.glue_arena,
            None if kept.at & IN_CAUGHT != 0 => &self.caught_arena,
            None => &self.arena,
        };
        let at = usize::try_from(kept.at & !(IN_GLUE | IN_CAUGHT)).ok()?;
        let bytes = from.get(at..at.checked_add(kept.len as usize)?)?;
        Some(if kept.what & OBJECTS != 0 {
            Body::Objects(bytes)
        } else if kept.what & PRIMITIVES != 0 {
            Body::Primitives(Type((kept.what & 0xff) as u8), bytes)
        } else {
            Body::Instance(kept.what, bytes)
        })
    }

    /// Whether fetching is cheap (a mapped dump) or means unpacking all of it again.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        self.mapped.is_some()
    }
}
