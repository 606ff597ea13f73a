//! Single objects by identifier: where blocks of a mapped dump say, else by reading a stream once more.

use std::collections::BTreeSet;

use super::classes::Classes;
use super::collect::{Kept, OBJECTS, PRIMITIVES};
use super::feed::{Feed, SliceFeed, StreamFeed};
use super::heap::{ClassDump, Object, Shape};
use super::objects::{Body, DumpSource, GLUE, MAX_ARRAY, MAX_COPIED, Objects};
use super::streamed::open;
use super::{ParseError, Sink, header, records};

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
