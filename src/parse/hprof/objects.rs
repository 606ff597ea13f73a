//! The objects of interest of a dump, and any other object by its identifier, in bounded memory.
//!
//! One pass keeps the instances of the classes that were asked for (of a mapped dump where they stand, of a stream a
//! copy) and notes, for every 16 KiB of a mapped dump, the range of identifiers in it. HotSpot writes objects by
//! address, so an identifier is then found by reading a block or two. A stream is read again for what is missing, unless
//! the small objects that links go through (maps, strings, queues) fitted into memory the first time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;

use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::bytes::{IdSize, unsigned};
use super::classes::{ClassIx, Classes, Classify, Kind, UNDECIDED};
use super::feed::{Feed, SliceFeed, StreamFeed};
use super::heap::{ClassDump, Object, Shape, Type};
use super::packed::{Packing, unpack};
use super::{Header, Sink, header, records, taken_segment};
use crate::parse::{ParseError, ParseErrorKind};

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
    Reopen(&'a (dyn Fn() -> std::io::Result<Box<dyn Read + 'a>> + 'a)),
}

/// Something that was not read, or not believed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// What and where.
    pub error: ParseError,
    /// Bytes passed over because of it.
    pub lost: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    id: u64,
    at: u64,
    len: u32,
    /// Class index, or [`OBJECTS`], or [`PRIMITIVES`] with a type.
    what: u32,
}

const OBJECTS: u32 = 1 << 31;
const PRIMITIVES: u32 = 1 << 30;
/// Set in [`Kept::at`] of copies of glue.
const IN_GLUE: u64 = 1 << 63;

/// Instances kept at most, of all kinds asked for. 4 KiB buffers of 12 GB are as many.
const MAX_KEPT: usize = 3_000_000;
/// Bytes of glue copied from a stream, with what it takes to find them.
const MAX_GLUE: usize = 64 << 20;
/// An instance is never larger: 65,535 fields of eight bytes.
const MAX_INSTANCE: u64 = 1 << 19;
/// Arrays copied at most when they are asked for; a queue of four million messages.
const MAX_ARRAY: u64 = 64 << 20;
/// Copies made from a stream for objects asked for by identifier.
const MAX_COPIED: usize = 256 << 20;
/// Fields looked at for references in all classes together.
const MAX_OFFSETS: usize = 8 << 20;
/// Links followed in one go from an object that was asked for.
const CHASE: usize = 32;
/// Links noted at a time while a stream is read.
const MAX_AHEAD: usize = 1 << 20;
/// Losses listed one by one.
const MAX_LOSSES: usize = 100;

/// Identifiers found in one piece of the dump.
#[derive(Clone, Copy, Debug)]
struct Block {
    at: u64,
    end: u64,
    min: u64,
    max: u64,
}

const BLOCK: u64 = 16 << 10;
/// A gap in identifiers that ends a block early, so that blocks stay narrow.
const GAP: u64 = 16 << 20;
/// Blocks wider than this are searched for every identifier.
const WIDE: u64 = 256 << 20;

/// Blocks looked at for the identifiers of one round before all are read instead.
const MAX_STEPS: usize = 4 << 20;

#[derive(Debug, Default)]
struct Blocks {
    done: Vec<Block>,
    open: Option<Block>,
    objects: u32,
    last: u64,
}

impl Blocks {
    /// An object at `at..next`. A block is one run of objects without anything between them.
    #[inline]
    fn note(&mut self, at: u64, next: u64, id: u64) {
        if let Some(block) = &mut self.open {
            let jumps = id < self.last || id - self.last > GAP;
            let full = at - block.at >= BLOCK || (jumps && self.objects >= 32);
            if block.end == at && !full {
                block.end = next;
                block.min = block.min.min(id);
                block.max = block.max.max(id);
                self.last = id;
                self.objects += 1;
                return;
            }
        }
        self.close();
        self.last = id;
        self.objects = 1;
        self.open = Some(Block {
            at,
            end: next,
            min: id,
            max: id,
        });
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }
}

/// What one pass, or a part of it, collects.
#[derive(Debug, Default)]
struct Collected {
    kept: Vec<Kept>,
    /// Copies of kept instances; unused for a mapped dump.
    arena: Vec<u8>,
    glue: Vec<Kept>,
    glue_arena: Vec<u8>,
    glue_dropped: bool,
    /// Of a stream: objects that something kept refers to, to be copied when they come by; and those that did.
    ahead: HashSet<u64, FixedState>,
    caught: Vec<Kept>,
    blocks: Blocks,
    counts: Vec<u64>,
    objects: u64,
    undecided: u64,
    over_cap: u64,
    losses: Vec<Loss>,
    more_losses: (u64, u64),
}

impl Collected {
    fn count(&mut self, ix: ClassIx) {
        let ix = ix as usize;
        if ix >= self.counts.len() {
            self.counts.resize(ix + 1, 0);
        }
        self.counts[ix] += 1;
    }

    fn loss(&mut self, error: ParseError, lost: u64) {
        if self.losses.len() < MAX_LOSSES {
            self.losses.push(Loss { error, lost });
        } else {
            self.more_losses.0 += 1;
            self.more_losses.1 += lost;
        }
    }

    #[inline]
    fn object<F: Feed>(
        &mut self,
        mapped: bool,
        at: u64,
        object: Object,
        feed: &mut F,
        kind: impl FnOnce(u64) -> (Option<ClassIx>, Kind),
    ) {
        self.objects += 1;
        if mapped {
            self.blocks
                .note(at, feed.at().saturating_add(object.len), object.id);
        }
        match object.shape {
            Shape::Instance { class } => {
                let (ix, kind) = kind(class);
                let Some(ix) = ix else {
                    self.undecided += 1;
                    return;
                };
                self.count(ix);
                match kind {
                    0 => {}
                    UNDECIDED => self.undecided += 1,
                    GLUE if mapped => {}
                    GLUE => self.copy_glue(object, ix, feed),
                    _ => self.keep(mapped, object, ix, feed),
                }
            }
            Shape::Objects if !mapped && object.len <= 4 << 10 => {
                self.copy_glue(object, OBJECTS, feed);
            }
            Shape::Primitives(ty)
                if !mapped && object.len <= 512 && matches!(ty, Type::BYTE | Type::CHAR) =>
            {
                self.copy_glue(object, PRIMITIVES | u32::from(ty.0), feed);
            }
            _ => {}
        }
    }

    fn keep<F: Feed>(&mut self, mapped: bool, object: Object, what: u32, feed: &mut F) {
        if self.kept.len() >= MAX_KEPT || object.len > MAX_INSTANCE {
            self.over_cap += 1;
            return;
        }
        let at = if mapped {
            feed.at()
        } else {
            let bytes = feed.peek(object.len as usize);
            if (bytes.len() as u64) < object.len {
                return; // cut off here, which is told by the walk
            }
            let at = self.arena.len() as u64;
            self.arena.extend_from_slice(bytes);
            at
        };
        self.kept.push(Kept {
            id: object.id,
            at,
            len: object.len as u32,
            what,
        });
    }

    fn copy_glue<F: Feed>(&mut self, object: Object, what: u32, feed: &mut F) {
        if self.glue_dropped || object.len > MAX_INSTANCE {
            return;
        }
        let used = self.glue_arena.len() + self.glue.len() * size_of::<Kept>();
        if used + object.len as usize > MAX_GLUE {
            self.glue_dropped = true;
            self.glue = Vec::new();
            self.glue_arena = Vec::new();
            return;
        }
        let bytes = feed.peek(object.len as usize);
        if (bytes.len() as u64) < object.len {
            return;
        }
        let at = IN_GLUE | self.glue_arena.len() as u64;
        self.glue_arena.extend_from_slice(bytes);
        self.glue.push(Kept {
            id: object.id,
            at,
            len: object.len as u32,
            what,
        });
    }

    /// Joins what a later part of a mapped dump gave.
    fn append(&mut self, other: Self) {
        let room = MAX_KEPT.saturating_sub(self.kept.len());
        self.over_cap += other.over_cap + other.kept.len().saturating_sub(room) as u64;
        self.kept.extend(other.kept.into_iter().take(room));
        self.blocks.done.extend(other.blocks.done);
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.objects += other.objects;
        self.undecided += other.undecided;
        for loss in other.losses {
            self.loss(loss.error, loss.lost);
        }
        self.more_losses.0 += other.more_losses.0;
        self.more_losses.1 += other.more_losses.1;
    }
}

/// The sink that reads a dump in order.
struct InOrder<'p> {
    classes: Classes,
    got: Collected,
    mapped: bool,
    again: bool,
    segments: Vec<(u64, u64)>,
    class_dumps: u64,
    follow: Follow,
    seeded: bool,
    told: u64,
    progress: &'p (dyn Fn(u64) + Sync),
}

impl Sink for InOrder<'_> {
    fn string(&mut self, id: u64, text: &[u8]) {
        if !self.again {
            self.classes.add_string(id, text);
        }
    }

    fn load_class(&mut self, class: u64, name: u64) {
        self.classes.add_loaded(class, name);
    }

    fn class(&mut self, class: ClassDump) {
        self.class_dumps += 1;
        self.classes.add_dump(class);
    }

    #[inline]
    fn object<F: Feed>(&mut self, at: u64, object: Object, feed: &mut F) {
        if at.saturating_sub(self.told) >= 8 << 20 {
            self.told = at;
            if !self.again {
                (self.progress)(at);
            }
        }
        if !self.mapped && self.follow_ahead(&object, feed) {
            return;
        }
        let classes = &mut self.classes;
        self.got.object(self.mapped, at, object, feed, |class| {
            let ix = classes.index(class);
            (ix, ix.map_or(UNDECIDED, |ix| classes.settle(ix)))
        });
    }

    fn segment(&mut self, start: u64, end: u64) -> bool {
        if self.mapped {
            self.segments.push((start, end));
        }
        self.mapped
    }

    fn issue(&mut self, error: ParseError, lost: u64) {
        self.got.loss(error, lost);
    }

    fn progress(&mut self, at: u64) {
        if !self.again && !self.mapped {
            (self.progress)(at);
        }
    }
}

impl InOrder<'_> {
    /// A stream cannot be gone back in: what an object of interest refers to is noted, and copied should it come later.
    /// Says whether the object was such, and needs nothing more.
    fn follow_ahead<F: Feed>(&mut self, object: &Object, feed: &mut F) -> bool {
        if !self.seeded && self.class_dumps > 0 {
            self.seeded = true;
            self.classes.settle_all();
            for (ix, id) in self.classes.static_references() {
                if (self.follow)(self.classes.kind(ix)) {
                    self.got.ahead.insert(id);
                }
            }
        }
        let caught = self.got.ahead.remove(&object.id);
        let (what, kind) = match object.shape {
            Shape::Instance { class } => match self.classes.index(class) {
                Some(ix) => (ix, self.classes.settle(ix)),
                None => return false,
            },
            Shape::Objects => (OBJECTS, 0),
            Shape::Primitives(ty) => (PRIMITIVES | u32::from(ty.0), 0),
        };
        let listed = kind != 0 && kind < GLUE;
        if !(caught || listed && (self.follow)(kind)) {
            return false;
        }
        let room = self.got.arena.len() + object.len as usize <= MAX_COPIED;
        if object.len > MAX_ARRAY || !room {
            return false;
        }
        let bytes = feed.peek(object.len as usize);
        if (bytes.len() as u64) < object.len {
            return false;
        }
        let ahead = &mut self.got.ahead;
        let mut note = |id: u64| {
            if id != 0 && ahead.len() < MAX_AHEAD {
                ahead.insert(id);
            }
        };
        match what {
            OBJECTS if object.len <= 32 << 10 => {
                let width = self.classes.id_size().bytes();
                bytes.chunks_exact(width).map(unsigned).for_each(note);
            }
            _ if object.shape == Shape::Objects => {}
            _ if listed || kind == GLUE => self.classes.references(what, bytes, &mut note),
            _ => {}
        }
        if !caught || listed {
            return false; // kept as one of its kind
        }
        let at = self.got.arena.len() as u64;
        self.got.arena.extend_from_slice(bytes);
        self.got.caught.push(Kept {
            id: object.id,
            at,
            len: object.len as u32,
            what,
        });
        self.got.objects += 1;
        if what & (OBJECTS | PRIMITIVES) == 0 {
            self.got.count(what);
        }
        true
    }
}

/// The sink that reads segments side by side, all classes being known.
struct Part<'c> {
    classes: &'c Classes,
    late: Vec<ClassDump>,
    got: Collected,
}

impl Sink for Part<'_> {
    fn string(&mut self, _id: u64, _text: &[u8]) {}
    fn load_class(&mut self, _class: u64, _name: u64) {}
    fn class(&mut self, class: ClassDump) {
        self.late.push(class);
    }

    #[inline]
    fn object<F: Feed>(&mut self, at: u64, object: Object, feed: &mut F) {
        let classes = self.classes;
        self.got.object(true, at, object, feed, |class| {
            let ix = classes.index(class);
            (ix, ix.map_or(UNDECIDED, |ix| classes.kind(ix)))
        });
    }

    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }

    fn issue(&mut self, error: ParseError, lost: u64) {
        self.got.loss(error, lost);
    }

    fn progress(&mut self, _at: u64) {}
}

/// Copies or finds single objects.
struct Fetch<'c> {
    classes: &'c Classes,
    mapped: bool,
    wanted: BTreeSet<u64>,
    found: Vec<Kept>,
    arena: Vec<u8>,
    room: usize,
}

impl Sink for Fetch<'_> {
    fn string(&mut self, _id: u64, _text: &[u8]) {}
    fn load_class(&mut self, _class: u64, _name: u64) {}
    fn class(&mut self, _class: ClassDump) {}

    #[inline]
    fn object<F: Feed>(&mut self, _at: u64, object: Object, feed: &mut F) {
        if self.wanted.is_empty() || !self.wanted.remove(&object.id) {
            return;
        }
        if object.len > MAX_ARRAY
            || (!self.mapped && self.arena.len() + object.len as usize > self.room)
        {
            return;
        }
        let what = match object.shape {
            Shape::Instance { class } => match self.classes.index(class) {
                Some(ix) => ix,
                None => return,
            },
            Shape::Objects => OBJECTS,
            Shape::Primitives(ty) => PRIMITIVES | u32::from(ty.0),
        };
        let at = if self.mapped {
            feed.at()
        } else {
            let bytes = feed.peek(object.len as usize);
            if (bytes.len() as u64) < object.len {
                return;
            }
            let at = self.arena.len() as u64;
            // What a link object points at may well come later in the stream: take it along.
            if self.classes.kind(what) == GLUE {
                self.classes.references(what, bytes, |id| {
                    if id != 0 {
                        self.wanted.insert(id);
                    }
                });
            }
            self.arena.extend_from_slice(bytes);
            at
        };
        self.found.push(Kept {
            id: object.id,
            at,
            len: object.len as u32,
            what,
        });
    }

    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }
    fn issue(&mut self, _error: ParseError, _lost: u64) {}
    fn progress(&mut self, _at: u64) {}
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
    mapped: Option<&'a [u8]>,
    kept: Vec<Kept>,
    arena: Vec<u8>,
    glue: Vec<Kept>,
    glue_arena: Vec<u8>,
    fetched: HashMap<u64, Kept>,
    blocks: Vec<Block>,
    reach: Vec<u64>,
    wide: Vec<Block>,
    by_kind: Vec<Vec<u32>>,
    counts: Vec<u64>,
    segments: Vec<(u64, u64)>,
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
    /// to will be asked for.
    ///
    /// # Errors
    /// When the source cannot be opened or does not begin like a dump.
    pub fn read(
        source: DumpSource<'a>,
        classify: Classify,
        follow: Follow,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, ParseError> {
        match source {
            DumpSource::Bytes(bytes) if Packing::of(bytes) == Packing::Plain => {
                Self::read_mapped(bytes, classify, follow, progress)
            }
            _ => Self::read_stream(source, classify, follow, progress),
        }
    }

    fn read_mapped(
        bytes: &'a [u8],
        classify: Classify,
        follow: Follow,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, ParseError> {
        let mut feed = SliceFeed::new(bytes);
        let head = header(&mut feed)?;
        let ids = head.id_size;
        let mut sink = InOrder {
            classes: Classes::new(ids, classify),
            got: Collected::default(),
            mapped: true,
            again: false,
            segments: Vec::new(),
            class_dumps: 0,
            follow,
            seeded: false,
            told: 0,
            progress,
        };
        records(&mut feed, ids, &mut sink);
        sink.got.blocks.close();
        let segments = std::mem::take(&mut sink.segments);
        // Classes come first. From the first segment without any on, the rest can be read side by side.
        let mut next = 0;
        for &(start, end) in &segments {
            next += 1;
            let before = sink.class_dumps;
            taken_segment(&mut SliceFeed::part(bytes, start, end), end, ids, &mut sink);
            sink.got.blocks.close();
            progress(end);
            if sink.class_dumps == before && sink.class_dumps > 0 {
                break;
            }
        }
        let rest = &segments[next..];
        let done = std::sync::atomic::AtomicU64::new(segments.get(next).map_or(0, |s| s.0));
        let side_by_side = |classes: &Classes,
                            segments: &[(u64, u64)]|
         -> Vec<(Collected, Vec<ClassDump>)> {
            let size = segments
                .len()
                .div_ceil(rayon::current_num_threads() * 8)
                .max(1);
            segments
                .par_chunks(size)
                .map(|chunk| {
                    let mut part = Part {
                        classes,
                        late: Vec::new(),
                        got: Collected::default(),
                    };
                    for &(start, end) in chunk {
                        taken_segment(&mut SliceFeed::part(bytes, start, end), end, ids, &mut part);
                        part.got.blocks.close();
                        let read = end - start;
                        let before = done.fetch_add(read, std::sync::atomic::Ordering::Relaxed);
                        if before >> 24 != (before + read) >> 24 {
                            progress((before + read).min(bytes.len() as u64));
                        }
                    }
                    (part.got, part.late)
                })
                .collect()
        };
        sink.classes.settle_all();
        for (got, late) in side_by_side(&sink.classes, rest) {
            sink.got.append(got);
            for dump in late {
                sink.classes.add_dump(dump);
            }
        }
        let InOrder {
            mut classes,
            mut got,
            ..
        } = sink;
        if got.undecided > 0 {
            // Instances before their classes: once more, now that all classes are known.
            classes.settle_all();
            let mut again = InOrder {
                classes,
                got: Collected::default(),
                mapped: true,
                again: true,
                segments: Vec::new(),
                class_dumps: 0,
                follow,
                seeded: false,
                told: 0,
                progress,
            };
            let mut feed = SliceFeed::new(bytes);
            let _ = header(&mut feed);
            records(&mut feed, ids, &mut again);
            again.got.blocks.close();
            for (part, _) in side_by_side(&again.classes, &segments) {
                again.got.append(part);
            }
            classes = again.classes;
            got = again.got;
        }
        progress(bytes.len() as u64);
        let mut all = Self::build(head, classes, got, Some(bytes));
        all.bytes_read = bytes.len() as u64;
        all.segments = segments;
        Ok(all)
    }

    fn read_stream(
        source: DumpSource<'a>,
        classify: Classify,
        follow: Follow,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, ParseError> {
        let mut feed = StreamFeed::new(open(source)?);
        let head = header(&mut feed)?;
        let ids = head.id_size;
        let sink_for = |classes: Classes, again: bool| InOrder {
            classes,
            got: Collected::default(),
            mapped: false,
            again,
            segments: Vec::new(),
            class_dumps: 0,
            follow,
            seeded: false,
            told: 0,
            progress,
        };
        let mut sink = sink_for(Classes::new(ids, classify), false);
        records(&mut feed, ids, &mut sink);
        if sink.got.undecided > 0 {
            sink.classes.settle_all();
            let mut second = StreamFeed::new(open(source)?);
            header(&mut second)?;
            sink = sink_for(sink.classes, true);
            records(&mut second, ids, &mut sink);
            feed = second;
        }
        if let Some(error) = feed.error() {
            let error = ParseError {
                at: feed.at(),
                what: format!("the packed dump cannot be read on: {error}").into(),
                kind: ParseErrorKind::Truncated,
            };
            sink.got.loss(error, 0);
        }
        let read = feed.at();
        let mut all = Self::build(head, sink.classes, sink.got, None);
        all.bytes_read = read;
        Ok(all)
    }

    fn build(
        header: Header,
        mut classes: Classes,
        mut got: Collected,
        mapped: Option<&'a [u8]>,
    ) -> Self {
        if got.over_cap > 0 {
            let what = format!(
                "{} objects of interest beyond the {MAX_KEPT} kept",
                got.over_cap
            );
            got.loss(ParseError::new(0, ParseErrorKind::Overflow, what), 0);
        }
        if classes.dropped_strings > 0 {
            let what = format!("{} names beyond those kept", classes.dropped_strings);
            got.loss(ParseError::new(0, ParseErrorKind::Overflow, what), 0);
        }
        if got.undecided > 0 {
            let what = format!(
                "{} objects of classes the dump does not describe",
                got.undecided
            );
            got.loss(ParseError::new(0, ParseErrorKind::Unexpected, what), 0);
        }
        classes.settle_all();
        got.kept.sort_unstable();
        got.kept.dedup_by_key(|k| k.id);
        got.glue.sort_unstable();
        got.glue.dedup_by_key(|k| k.id);
        let mut by_kind: Vec<Vec<u32>> = vec![Vec::new(); 256];
        for (i, kept) in got.kept.iter().enumerate() {
            by_kind[classes.kind(kept.what) as usize].push(i as u32);
        }
        let (mut wide, mut blocks): (Vec<Block>, Vec<Block>) = got
            .blocks
            .done
            .into_iter()
            .partition(|b| b.max - b.min > WIDE);
        wide.sort_unstable_by_key(|b| b.at);
        blocks.sort_unstable_by_key(|b| (b.min, b.at));
        let reach = blocks
            .iter()
            .scan(0u64, |reach, b| {
                *reach = (*reach).max(b.max);
                Some(*reach)
            })
            .collect();
        got.losses.sort();
        Self {
            header,
            classes,
            mapped,
            kept: got.kept,
            arena: got.arena,
            glue: got.glue,
            glue_arena: got.glue_arena,
            fetched: got.caught.into_iter().map(|k| (k.id, k)).collect(),
            blocks,
            reach,
            wide,
            by_kind,
            counts: got.counts,
            segments: Vec::new(),
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
            None => &self.arena,
        };
        let at = usize::try_from(kept.at & !IN_GLUE).ok()?;
        let bytes = from.get(at..at.checked_add(kept.len as usize)?)?;
        Some(if kept.what & OBJECTS != 0 {
            Body::Objects(bytes)
        } else if kept.what & PRIMITIVES != 0 {
            Body::Primitives(Type((kept.what & 0xff) as u8), bytes)
        } else {
            Body::Instance(kept.what, bytes)
        })
    }

    /// Looks for objects that were not kept. Those that [`Self::get`] still does not know afterwards are not there.
    /// `source` is the one it was read from.
    pub fn fetch(&mut self, source: DumpSource<'_>, wanted: BTreeSet<u64>) {
        match self.mapped {
            Some(bytes) => {
                let mut wanted = wanted;
                // What link objects point at is likely to be asked for next.
                for _ in 0..CHASE {
                    wanted = self.fetch_mapped(bytes, wanted);
                    if wanted.is_empty() {
                        break;
                    }
                }
            }
            None => self.fetch_streamed(source, wanted),
        }
    }

    fn fetch_mapped(&mut self, bytes: &'a [u8], wanted: BTreeSet<u64>) -> BTreeSet<u64> {
        let places = self.places(&wanted);
        let mut sink = Fetch {
            classes: &self.classes,
            mapped: true,
            wanted,
            found: Vec::new(),
            arena: Vec::new(),
            room: 0,
        };
        for (at, end) in places {
            if sink.wanted.is_empty() {
                break;
            }
            let mut feed = SliceFeed::part(bytes, at, end);
            super::heap::walk(&mut feed, end, self.header.id_size, &mut sink);
        }
        let found = sink.found;
        let mut next = BTreeSet::new();
        for kept in &found {
            self.fetched.entry(kept.id).or_insert(*kept);
        }
        for kept in &found {
            if self.classes.kind(kept.what) == GLUE
                && let Some(Body::Instance(ix, body)) = self.get(kept.id)
            {
                self.classes.references(ix, body, |id| {
                    if id != 0 && self.get(id).is_none() {
                        next.insert(id);
                    }
                });
            }
        }
        next
    }

    fn fetch_streamed(&mut self, source: DumpSource<'_>, wanted: BTreeSet<u64>) {
        let mut sink = Fetch {
            classes: &self.classes,
            mapped: false,
            wanted,
            found: Vec::new(),
            arena: Vec::new(),
            room: MAX_COPIED.saturating_sub(self.arena.len()),
        };
        if let Ok(reader) = open(source) {
            let mut feed = StreamFeed::new(reader);
            if header(&mut feed).is_ok() {
                records(&mut feed, self.header.id_size, &mut sink);
            }
        }
        let Fetch { found, arena, .. } = sink;
        let base = self.arena.len() as u64;
        self.arena.extend_from_slice(&arena);
        for mut kept in found {
            kept.at += base;
            self.fetched.entry(kept.id).or_insert(kept);
        }
    }

    /// Where these identifiers may stand, in file order, each place once.
    fn places(&self, wanted: &BTreeSet<u64>) -> Vec<(u64, u64)> {
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

    /// Whether fetching is cheap (a mapped dump) or means unpacking all of it again.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        self.mapped.is_some()
    }

    /// The first object in a mapped dump that refers to each of `wanted`, instances before arrays. Instances of
    /// `ignored` kinds do not count. Reads the dump until all are found.
    #[must_use]
    pub fn referrers(&self, wanted: &BTreeSet<u64>, ignored: &[Kind]) -> Vec<Reference> {
        let Some(bytes) = self.mapped else {
            return Vec::new();
        };
        let ids = self.header.id_size;
        let filter = Filter::new(wanted);
        let mut room = MAX_OFFSETS;
        let offsets: Vec<Box<[u32]>> = (0..self.classes.len() as u32)
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
            .collect();
        let mut found: HashMap<u64, Reference> = HashMap::new();
        // Waves of a fixed size, so that where the search ends does not depend on the number of threads.
        for wave in self.segments.chunks(64) {
            if found.len() == wanted.len() {
                break;
            }
            let parts: Vec<Vec<Reference>> = wave
                .par_iter()
                .map(|&(start, end)| {
                    let mut feed = SliceFeed::part(bytes, start, end);
                    let mut search = Search {
                        classes: &self.classes,
                        offsets: &offsets,
                        wanted,
                        filter: &filter,
                        found: Vec::new(),
                    };
                    match ids {
                        IdSize::Eight => {
                            taken_segment(&mut feed, end, ids, &mut Referring::<8>(&mut search));
                        }
                        IdSize::Four => {
                            taken_segment(&mut feed, end, ids, &mut Referring::<4>(&mut search));
                        }
                    }
                    search.found
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

struct Search<'c> {
    classes: &'c Classes,
    offsets: &'c [Box<[u32]>],
    wanted: &'c BTreeSet<u64>,
    filter: &'c Filter,
    found: Vec<Reference>,
}

/// Looks at every reference; `I` is the width of identifiers.
struct Referring<'s, 'c, const I: usize>(&'s mut Search<'c>);

impl<const I: usize> Referring<'_, '_, I> {
    #[inline]
    fn check(&mut self, bytes: &[u8; I], from: u64, class: Option<ClassIx>) {
        let target = unsigned(bytes);
        let search = &mut *self.0;
        if search.filter.may_hold(target) && search.wanted.contains(&target) {
            search.found.push(Reference {
                target,
                from,
                class,
            });
        }
    }
}

impl<const I: usize> Sink for Referring<'_, '_, I> {
    fn string(&mut self, _id: u64, _text: &[u8]) {}
    fn load_class(&mut self, _class: u64, _name: u64) {}
    fn class(&mut self, _class: ClassDump) {}

    #[inline]
    fn object<F: Feed>(&mut self, _at: u64, object: Object, feed: &mut F) {
        match object.shape {
            Shape::Instance { class } => {
                let Some(ix) = self.0.classes.index(class) else {
                    return;
                };
                let offsets = self.0.offsets;
                let Some(offsets) = offsets.get(ix as usize).filter(|o| !o.is_empty()) else {
                    return;
                };
                let body = feed.peek(object.len as usize);
                for &at in offsets {
                    if let Some(bytes) = body.get(at as usize..).and_then(|b| b.first_chunk()) {
                        self.check(bytes, object.id, Some(ix));
                    }
                }
            }
            Shape::Objects => {
                let (elements, _) = feed.peek(object.len as usize).as_chunks::<I>();
                for bytes in elements {
                    self.check(bytes, object.id, None);
                }
            }
            Shape::Primitives(_) => {}
        }
    }

    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }
    fn issue(&mut self, _error: ParseError, _lost: u64) {}
    fn progress(&mut self, _at: u64) {}
}

fn open<'a>(source: DumpSource<'a>) -> Result<Box<dyn Read + 'a>, ParseError> {
    match source {
        DumpSource::Bytes(bytes) => Ok(unpack(Packing::of(bytes), bytes)),
        DumpSource::Reopen(reopen) => reopen().map_err(|e| {
            ParseError::new(
                0,
                ParseErrorKind::Unexpected,
                format!("the dump cannot be opened: {e}"),
            )
        }),
    }
}
