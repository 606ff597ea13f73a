//! What one pass over a dump, or over a part of it, collects.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::blocks::Blocks;
use super::classes::{ClassIx, Kind, UNDECIDED};
use super::feed::Feed;
use super::heap::{Object, Shape, Type};
use super::objects::GLUE;
use crate::parse::{ParseError, ParseErrorKind};

/// Something that was not read, or not believed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// What and where.
    pub error: ParseError,
    /// Bytes passed over because of it.
    pub lost: u64,
}

/// An object that was kept: where its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) at: u64,
    pub(super) len: u32,
    /// Class index, or [`OBJECTS`], or [`PRIMITIVES`] with a type.
    pub(super) what: u32,
}

pub(super) const OBJECTS: u32 = 1 << 31;
pub(super) const PRIMITIVES: u32 = 1 << 30;
/// Set in [`Kept::at`] of copies of glue.
pub(super) const IN_GLUE: u64 = 1 << 63;

/// Instances kept at most, of all kinds asked for. 4 KiB buffers of 12 GB are as many.
pub(super) const MAX_KEPT: usize = 3_000_000;
/// Bytes of glue copied from a stream, with what it takes to find them.
const MAX_GLUE: usize = 64 << 20;
/// An instance is never larger: 65,535 fields of eight bytes.
const MAX_INSTANCE: u64 = 1 << 19;
/// Losses listed one by one.
const MAX_LOSSES: usize = 100;

/// What is collected.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) kept: Vec<Kept>,
    /// Copies of kept instances; unused for a mapped dump.
    pub(super) arena: Vec<u8>,
    pub(super) glue: Vec<Kept>,
    pub(super) glue_arena: Vec<u8>,
    glue_dropped: bool,
    /// Of a stream: objects that something kept refers to, to be copied when they come by; and those that did.
    pub(super) ahead: HashSet<u64, FixedState>,
    pub(super) caught: Vec<Kept>,
    pub(super) blocks: Blocks,
    pub(super) counts: Vec<u64>,
    pub(super) objects: u64,
    pub(super) undecided: u64,
    pub(super) over_cap: u64,
    pub(super) losses: Vec<Loss>,
    pub(super) more_losses: (u64, u64),
}

impl Collected {
    pub(super) fn count(&mut self, ix: ClassIx) {
        let ix = ix as usize;
        if ix >= self.counts.len() {
            self.counts.resize(ix + 1, 0);
        }
        self.counts[ix] += 1;
    }

    pub(super) fn loss(&mut self, error: ParseError, lost: u64) {
        if self.losses.len() < MAX_LOSSES {
            self.losses.push(Loss { error, lost });
        } else {
            self.more_losses.0 += 1;
            self.more_losses.1 += lost;
        }
    }

    /// An object; `kind` tells the index and kind of a class.
    #[inline]
    pub(super) fn object<F: Feed>(
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
                    _ if mapped => self.keep_in_place(object.id, feed.at(), object.len, ix),
                    _ => self.keep_copy(object, ix, feed),
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

    /// Keeps an instance of a mapped dump: its bytes stay where they are, at `at`.
    pub(super) fn keep_in_place(&mut self, id: u64, at: u64, len: u64, what: u32) {
        if self.kept.len() >= MAX_KEPT || len > MAX_INSTANCE {
            self.over_cap += 1;
            return;
        }
        let len = len as u32;
        self.kept.push(Kept { id, at, len, what });
    }

    fn keep_copy<F: Feed>(&mut self, object: Object, what: u32, feed: &mut F) {
        if self.kept.len() >= MAX_KEPT || object.len > MAX_INSTANCE {
            self.over_cap += 1;
            return;
        }
        let bytes = feed.peek(object.len as usize);
        if (bytes.len() as u64) < object.len {
            return; // cut off here, which is told by the walk
        }
        let at = self.arena.len() as u64;
        self.arena.extend_from_slice(bytes);
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
    pub(super) fn append(&mut self, other: Self) {
        let room = MAX_KEPT.saturating_sub(self.kept.len());
        self.over_cap += other.over_cap + other.kept.len().saturating_sub(room) as u64;
        self.kept.extend(other.kept.into_iter().take(room));
        self.blocks.append(other.blocks);
        self.add_counts(&other.counts);
        self.objects += other.objects;
        self.undecided += other.undecided;
        for loss in other.losses {
            self.loss(loss.error, loss.lost);
        }
        self.more_losses.0 += other.more_losses.0;
        self.more_losses.1 += other.more_losses.1;
    }

    /// Adds instance counts, by class index.
    pub(super) fn add_counts(&mut self, counts: &[u64]) {
        if self.counts.len() < counts.len() {
            self.counts.resize(counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(counts) {
            *mine += theirs;
        }
    }

    /// States what was left out although it was read.
    pub(super) fn state_overflow(&mut self, dropped_strings: u64) {
        let (over, undecided) = (self.over_cap, self.undecided);
        let mut tell = |n: u64, kind, what: String| {
            if n > 0 {
                self.loss(ParseError::new(0, kind, what), 0);
            }
        };
        let what = format!("{over} objects of interest beyond the {MAX_KEPT} kept");
        tell(over, ParseErrorKind::Overflow, what);
        let what = format!("{dropped_strings} names beyond those kept");
        tell(dropped_strings, ParseErrorKind::Overflow, what);
        let what = format!("{undecided} objects of classes the dump does not describe");
        tell(undecided, ParseErrorKind::Unexpected, what);
    }
}
