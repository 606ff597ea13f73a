//! The sink that reads a dump in order: all of a stream; of a mapped dump what stands before the first object.

use super::chase::Chase;
use super::classes::{ClassTable, Classes, UNDECIDED};
use super::collect::{Collected, OBJECTS, PRIMITIVES, is_listed};
use super::feed::{Feed, SliceFeed};
use super::heap::{self, ClassDump, Object, Shape, Stop};
use super::lanes::Span;
use super::objects::Follow;
use super::spans::{Cutter, is_large};
use super::{ParseError, Sink, mapped};

/// The sink.
pub(super) struct InOrder<'a, 'p> {
    pub(super) classes: Classes,
    pub(super) got: Collected,
    /// Links of a stream.
    pub(super) chase: Chase,
    /// Bytes it may hold.
    window: usize,
    /// The bytes of a mapped dump.
    pub(super) mapped: Option<&'a [u8]>,
    /// Spans of a mapped dump's objects: those walked already, and those to be walked.
    pub(super) walked: Vec<Span>,
    pub(super) spans: Vec<Span>,
    /// Whether this is not the first reading.
    again: bool,
    /// Whether an object was met: class dumps are behind.
    met_object: bool,
    class_dumps: u64,
    follow: Follow,
    seeded: bool,
    told: u64,
    pub(super) progress: &'p (dyn Fn(u64) + Sync),
}

impl<'a, 'p> InOrder<'a, 'p> {
    pub(super) fn new(
        classes: Classes,
        mapped: Option<&'a [u8]>,
        (follow, window): (Follow, usize),
        progress: &'p (dyn Fn(u64) + Sync),
    ) -> Self {
        Self {
            classes,
            got: Collected::default(),
            chase: Chase::new(window, 0),
            window,
            mapped,
            walked: Vec::new(),
            spans: Vec::new(),
            again: false,
            met_object: false,
            class_dumps: 0,
            follow,
            seeded: false,
            told: 0,
            progress,
        }
    }

    /// Over the same dump once more, its classes being known.
    pub(super) fn again(self) -> Self {
        let mut classes = self.classes;
        classes.settle_all();
        Self {
            again: true,
            ..Self::new(
                classes,
                self.mapped,
                (self.follow, self.window),
                self.progress,
            )
        }
    }

    /// Reads class dumps and roots up to the first object, and says where that is.
    fn heads(&mut self, bytes: &'a [u8], start: u64, end: u64) -> u64 {
        let ids = self.classes.id_size();
        let mut at = start;
        while at < end && !self.met_object {
            self.met_object = matches!(bytes.get(at as usize), Some(0x21..=0x23));
            if self.met_object {
                self.classes.settle_all();
                break;
            }
            let mut feed = SliceFeed::part(bytes, at, end);
            let stop = heap::walk_until(&mut feed, at + 1, end, ids, self);
            at = feed.at();
            if stop != Stop::Done {
                break; // met and told again when the span is walked
            }
        }
        at
    }

    /// An object of a stream: listed ones are copied, and where what they refer to matters, that is chased.
    fn streamed<F: Feed>(&mut self, object: &Object, feed: &mut F) {
        if !self.seeded && self.class_dumps > 0 {
            self.seeded = true;
            self.classes.settle_all();
            for (ix, id) in self.classes.static_references() {
                if (self.follow)(self.classes.kind(ix)) {
                    self.chase.want(id);
                }
            }
        }
        let Self {
            classes,
            got,
            chase,
            ..
        } = self;
        got.objects += 1;
        let (what, kind) = match object.shape {
            Shape::Instance { class } => {
                let ix = classes.index(class);
                let kind = ix.map_or(UNDECIDED, |ix| classes.settle(ix));
                match got.instance((ix, kind)) {
                    (Some(ix), kind) if kind != UNDECIDED => (ix, kind),
                    _ => return,
                }
            }
            Shape::Objects => (OBJECTS, 0),
            Shape::Primitives(ty) => (PRIMITIVES | u32::from(ty.0), 0),
        };
        if is_listed(kind) {
            if (self.follow)(kind) {
                let bytes = feed.peek(object.len as usize);
                classes.references(what, bytes, |id| chase.want(id));
            }
            chase.forget(object.id);
            got.keep_copy(*object, what, feed);
        } else if !chase.catch(classes, object, what, feed, &|_| false) {
            chase.hold(classes, object, (what, kind), feed, &|_| false);
        }
    }

    /// Walks spans of a mapped dump now, side by side.
    pub(super) fn walk_now(&mut self, bytes: &'a [u8], table: &ClassTable, spans: Vec<Span>) {
        let ids = self.classes.id_size();
        let (got, late) = mapped::collect(bytes, ids, table, &spans, self.progress);
        self.got.append(got);
        for dump in late {
            self.classes.add_dump(dump);
        }
        self.walked.extend(spans);
    }
}

impl Sink for InOrder<'_, '_> {
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
        if self.mapped.is_none() {
            self.streamed(&object, feed);
            return;
        }
        let classes = &mut self.classes;
        self.got.object(at, object, feed, |class| {
            let ix = classes.index(class);
            (ix, ix.map_or(UNDECIDED, |ix| classes.settle(ix)))
        });
    }

    fn segment(&mut self, start: u64, end: u64) -> bool {
        let Some(bytes) = self.mapped else {
            return false;
        };
        let at = self.heads(bytes, start, end);
        if at < end {
            let until = end;
            self.spans.push(Span { at, until, end });
        }
        true
    }

    fn ahead(&mut self, start: u64, end: u64) -> u64 {
        let Some(bytes) = self.mapped else {
            return start;
        };
        let at = self.heads(bytes, start, end);
        if !is_large(at, end) {
            return at;
        }
        let cutter = Cutter::new(bytes, self.classes.id_size(), &self.classes);
        let cut = cutter.cut(at, end);
        let table = self.classes.table();
        self.walk_now(bytes, &table, cut.spans);
        cut.reached
    }

    fn issue(&mut self, error: ParseError, lost: u64) {
        self.got.loss(error, lost);
    }

    fn progress(&mut self, at: u64) {
        if !self.again && self.mapped.is_none() {
            (self.progress)(at);
        }
    }
}
