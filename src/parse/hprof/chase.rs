//! Following links in a stream, which cannot be gone back in.
//!
//! What is wanted and comes later is copied when it comes by, and what it refers to is wanted in turn. What has come by
//! already is gone, unless it is near: small objects that links go through (maps, their entries, strings, short arrays) are
//! held for a while. A program makes them about when it makes what refers to them, and HotSpot writes a heap by address,
//! so most links lead a short way back. When there is no more room, links are followed among what is held, and the older
//! half is let go. Only a link that leads far back costs another reading; with a table of the size of the heap none would,
//! but memory is bounded here whatever the heap.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::bytes::unsigned;
use super::classes::{Classes, Kind};
use super::collect::{IN_GLUE, Kept, OBJECTS, PRIMITIVES};
use super::feed::Feed;
use super::heap::{Object, Shape, Type};
use super::objects::{GLUE, MAX_ARRAY, MAX_COPIED};

/// Links noted at a time.
const MAX_WANTED: usize = 1 << 20;
/// Of longer arrays the elements are not followed: they are queues, whose messages are listed anyway.
const MAX_FOLLOWED: usize = 32 << 10;
/// Object arrays held: tables of maps and of queues of a few hundred entries.
const MAX_TABLE: u64 = 4 << 10;
/// Arrays of bytes and characters held: the text of names and addresses.
const MAX_TEXT: u64 = 512;
/// Instances held; none of a class that links go through is as large.
const MAX_HELD: u64 = 4 << 10;

/// What is wanted, what was caught, and what is held in case it will be wanted.
#[derive(Debug, Default)]
pub(super) struct Chase {
    wanted: HashSet<u64, FixedState>,
    caught_ids: HashSet<u64, FixedState>,
    /// Objects that were wanted; their bytes stand in `arena`.
    pub(super) caught: Vec<Kept>,
    pub(super) arena: Vec<u8>,
    /// Objects held, in the order they came; their bytes stand in `held_arena`.
    pub(super) held: Vec<Kept>,
    pub(super) held_arena: Vec<u8>,
    /// Bytes that may be held, with what it takes to find them.
    room: usize,
    /// Bytes of copies that may be made.
    copies: usize,
    /// Whether anything held was let go.
    pub(super) let_go: bool,
}

impl Chase {
    /// Holds up to `room` bytes; `copied` bytes of copies were made before.
    pub(super) fn new(room: usize, copied: usize) -> Self {
        Self {
            room,
            copies: MAX_COPIED.saturating_sub(copied),
            ..Self::default()
        }
    }

    /// Notes an object to be caught.
    pub(super) fn want(&mut self, id: u64) {
        self.note(id);
    }

    /// An object is listed and need not be caught.
    #[inline]
    pub(super) fn forget(&mut self, id: u64) {
        self.wanted.remove(&id);
    }

    /// Whether anything is to be caught.
    pub(super) fn wants_any(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn note(&mut self, id: u64) -> bool {
        id != 0
            && self.wanted.len() < MAX_WANTED
            && !self.caught_ids.contains(&id)
            && self.wanted.insert(id)
    }

    /// Catches an object that comes by if it is wanted, and says whether it did.
    #[inline]
    pub(super) fn catch<F: Feed>(
        &mut self,
        classes: &Classes,
        object: &Object,
        what: u32,
        feed: &mut F,
        known: &impl Fn(u64) -> bool,
    ) -> bool {
        if !self.wanted.contains(&object.id) || object.len > MAX_ARRAY {
            return false;
        }
        let bytes = feed.peek(object.len as usize);
        if (bytes.len() as u64) < object.len || !self.copy(object.id, what, bytes) {
            return false; // cut off here, which is told by the walk; or no room for more
        }
        links(classes, what, bytes, |id| {
            if !known(id) {
                self.note(id);
            }
        });
        true
    }

    fn copy(&mut self, id: u64, what: u32, bytes: &[u8]) -> bool {
        if self.arena.len() + bytes.len() > self.copies {
            return false;
        }
        self.wanted.remove(&id);
        self.caught_ids.insert(id);
        self.caught.push(Kept {
            id,
            at: self.arena.len() as u64,
            len: bytes.len() as u32,
            what,
        });
        self.arena.extend_from_slice(bytes);
        true
    }

    /// Holds an object that links may go through; any other is passed over.
    #[inline]
    pub(super) fn hold<F: Feed>(
        &mut self,
        classes: &Classes,
        object: &Object,
        (what, kind): (u32, Kind),
        feed: &mut F,
        known: &impl Fn(u64) -> bool,
    ) {
        let most = match object.shape {
            Shape::Instance { .. } if kind == GLUE => MAX_HELD,
            Shape::Objects => MAX_TABLE,
            Shape::Primitives(Type::BYTE | Type::CHAR) => MAX_TEXT,
            _ => return,
        };
        if object.len > most {
            return;
        }
        let len = object.len as usize;
        let used = self.held_arena.len() + (self.held.len() + 1) * size_of::<Kept>();
        if used + len > self.room {
            self.follow(classes, known);
            self.let_half_go();
        }
        let bytes = feed.peek(len);
        if bytes.len() < len {
            return;
        }
        self.held.push(Kept {
            id: object.id,
            at: IN_GLUE | self.held_arena.len() as u64,
            len: len as u32,
            what,
        });
        self.held_arena.extend_from_slice(bytes);
    }

    /// Ends a reading and gives what is still wanted. All that is held is let go, unless there was room for everything.
    pub(super) fn end(
        &mut self,
        classes: &Classes,
        known: &impl Fn(u64) -> bool,
    ) -> HashSet<u64, FixedState> {
        if self.let_go {
            self.follow(classes, known);
            self.held = Vec::new();
            self.held_arena = Vec::new();
        }
        self.caught_ids = HashSet::default();
        std::mem::take(&mut self.wanted)
    }

    /// Catches what is wanted of what is held, and what that refers to.
    fn follow(&mut self, classes: &Classes, known: &impl Fn(u64) -> bool) {
        let mut order: Vec<u32> = (0..self.held.len() as u32).collect();
        // Stable, as it makes use of the long runs that a heap written by address has.
        order.sort_by_key(|&i| self.held[i as usize].id);
        let mut todo: Vec<u32> = order
            .iter()
            .copied()
            .filter(|&i| self.wanted.contains(&self.held[i as usize].id))
            .collect();
        while let Some(i) = todo.pop() {
            let Some(kept) = self.held.get(i as usize).copied() else {
                continue;
            };
            let at = (kept.at & !IN_GLUE) as usize;
            let Some(bytes) = self.held_arena.get(at..at + kept.len as usize) else {
                continue;
            };
            let bytes = bytes.to_vec();
            if !self.wanted.contains(&kept.id) || !self.copy(kept.id, kept.what, &bytes) {
                continue;
            }
            links(classes, kept.what, &bytes, |id| {
                if known(id) || !self.note(id) {
                    return;
                }
                if let Ok(i) = order.binary_search_by_key(&id, |&i| self.held[i as usize].id) {
                    todo.push(order[i]);
                }
            });
        }
    }

    fn let_half_go(&mut self) {
        self.let_go = true;
        let half = self.held.len().div_ceil(2);
        let cut = match self.held.get(half) {
            Some(first) => first.at & !IN_GLUE,
            None => self.held_arena.len() as u64,
        };
        self.held.drain(..half);
        self.held_arena.drain(..cut as usize);
        for kept in &mut self.held {
            kept.at -= cut;
        }
    }
}

/// What an object that links go through refers to.
fn links(classes: &Classes, what: u32, bytes: &[u8], mut each: impl FnMut(u64)) {
    if what & PRIMITIVES != 0 {
        return;
    }
    if what & OBJECTS != 0 {
        if bytes.len() <= MAX_FOLLOWED {
            let width = classes.id_size().bytes();
            bytes.chunks_exact(width).map(unsigned).for_each(each);
        }
        return;
    }
    if classes.kind(what) == GLUE {
        classes.references(what, bytes, &mut each);
    }
}
