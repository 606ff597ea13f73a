//! Single objects by identifier: where blocks of a mapped dump say, else by reading a stream once more.

use std::collections::BTreeSet;

use super::chase::Chase;
use super::classes::Classes;
use super::collect::{Kept, OBJECTS, PRIMITIVES};
use super::feed::{Feed, SliceFeed};
use super::heap::{Object, Shape};
use super::objects::{Body, DumpSource, GLUE, MAX_ARRAY, Objects, in_caught};
use super::streamed::pass;
use super::{ParseError, Sink};

/// Links followed in one go from an object that was asked for.
const CHASE: usize = 32;

impl<'a> Objects<'a> {
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
        let places = self.blocks.places(&wanted);
        let mut sink = Fetch {
            classes: &self.classes,
            wanted,
            found: Vec::new(),
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
        let room = self.window << self.fetches.min(2);
        self.fetches += 1;
        let mut chase = Chase::new(room, self.caught_arena.len());
        for &id in &wanted {
            chase.want(id);
        }
        // Links met too late the last time are as good as asked for: what was asked for leads to them.
        let mut seeds = wanted;
        seeds.extend(std::mem::take(&mut self.left_over));
        for &id in &seeds {
            chase.want(id);
        }
        // Let go of at the end, even if there was room for all of it.
        chase.let_go = true;
        let sink = Chasing {
            objects: self,
            chase,
        };
        let Ok(passed) = pass(source, |_| sink) else {
            return;
        };
        let mut chase = passed.sink.chase;
        let mut late = chase.end(&self.classes, &|id| self.get(id).is_some());
        late.retain(|id| !seeds.contains(id));
        self.left_over = late;
        let base = self.caught_arena.len() as u64;
        self.caught_arena.append(&mut chase.arena);
        for mut kept in chase.caught {
            kept.at += base;
            self.fetched.entry(kept.id).or_insert(in_caught(kept));
        }
    }
}

/// Catches single objects of a stream.
struct Chasing<'c, 'a> {
    objects: &'c Objects<'a>,
    chase: Chase,
}

impl Sink for Chasing<'_, '_> {
    #[inline]
    fn object<F: Feed>(&mut self, _at: u64, object: Object, feed: &mut F) {
        if !self.chase.wants_any() {
            return;
        }
        let all = self.objects;
        let known = |id| all.get(id).is_some();
        let (what, kind) = match object.shape {
            Shape::Instance { class } => match all.classes.index(class) {
                Some(ix) => (ix, all.classes.kind(ix)),
                None => return,
            },
            Shape::Objects => (OBJECTS, 0),
            Shape::Primitives(ty) => (PRIMITIVES | u32::from(ty.0), 0),
        };
        if !self.chase.catch(&all.classes, &object, what, feed, &known) && !all.all_glue {
            self.chase
                .hold(&all.classes, &object, (what, kind), feed, &known);
        }
    }

    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }
    fn issue(&mut self, _error: ParseError, _lost: u64) {}
    fn progress(&mut self, _at: u64) {}
}

/// Finds single objects of a mapped dump.
struct Fetch<'c> {
    classes: &'c Classes,
    wanted: BTreeSet<u64>,
    found: Vec<Kept>,
}

impl Sink for Fetch<'_> {
    #[inline]
    fn object<F: Feed>(&mut self, _at: u64, object: Object, feed: &mut F) {
        if self.wanted.is_empty() || !self.wanted.remove(&object.id) {
            return;
        }
        if object.len > MAX_ARRAY {
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
        self.found.push(Kept {
            id: object.id,
            at: feed.at(),
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
