//! What one pass over a dump, or over a part of it, collects.

use super::blocks::Blocks;
use super::classes::{ClassIx, Kind, UNDECIDED};
use super::feed::Feed;
use super::heap::{Object, Shape};
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
/// Set in [`Kept::at`] of what a stream's [`super::chase::Chase`] holds.
pub(super) const IN_GLUE: u64 = 1 << 63;
/// Set in [`Kept::at`] of what it caught.
pub(super) const IN_CAUGHT: u64 = 1 << 62;

/// Instances kept at most, of all kinds asked for. 4 KiB buffers of 12 GB are as many.
pub(super) const MAX_KEPT: usize = 3_000_000;
/// An instance is never larger: 65,535 fields of eight bytes.
const MAX_INSTANCE: u64 = 1 << 19;
/// Losses listed one by one.
const MAX_LOSSES: usize = 100;

/// Whether objects of a kind are listed, one by one.
#[inline]
pub(super) const fn is_listed(kind: Kind) -> bool {
    kind != 0 && kind < GLUE
}

/// What is collected.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) kept: Vec<Kept>,
    /// Copies of kept instances; unused for a mapped dump.
    pub(super) arena: Vec<u8>,
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

    /// An object of a mapped dump; `kind` tells the index and kind of a class.
    #[inline]
    pub(super) fn object<F: Feed>(
        &mut self,
        at: u64,
        object: Object,
        feed: &F,
        kind: impl FnOnce(u64) -> (Option<ClassIx>, Kind),
    ) {
        self.objects += 1;
        let body = feed.at();
        self.blocks
            .note(at, body.saturating_add(object.len), object.id);
        if let Shape::Instance { class } = object.shape
            && let (Some(ix), kind) = self.instance(kind(class))
            && is_listed(kind)
        {
            self.keep_in_place(object.id, body, object.len, ix);
        }
    }

    /// Counts an instance whose class has this index and kind.
    #[inline]
    pub(super) fn instance(&mut self, class: (Option<ClassIx>, Kind)) -> (Option<ClassIx>, Kind) {
        match class {
            (Some(ix), kind) => {
                self.count(ix);
                self.undecided += u64::from(kind == UNDECIDED);
            }
            (None, _) => self.undecided += 1,
        }
        class
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

    /// Keeps an instance of a stream: a copy of its bytes, which come next.
    pub(super) fn keep_copy<F: Feed>(&mut self, object: Object, what: u32, feed: &mut F) {
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
