//! Objects of a dump by field name. What is asked for and not at hand is noted, so that it can be fetched and the walk
//! done again.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::parse::hprof::bytes::unsigned;
use crate::parse::hprof::classes::ClassIx;
use crate::parse::hprof::heap::Type;
use crate::parse::hprof::objects::{Body, DumpSource, Objects};

use super::kinds::K;

/// Elements read of an array, and links followed in a list or map.
const MAX_ELEMENTS: usize = 8 << 20;
/// Fields laid out in all; real dumps need some ten thousand.
const MAX_LAYOUTS: usize = 1 << 19;
/// Characters read of a string.
const MAX_TEXT: usize = 4096;

#[derive(Debug)]
struct Layout {
    class: String,
    // A boxed slice: a Vec would keep the room that the untruncated list had.
    fields: Box<[Field]>,
}

/// Name, type and offset.
type Field = (Box<[u8]>, Type, u32);

/// A view of a dump's objects.
pub(super) struct Graph<'s> {
    objects: &'s Objects<'s>,
    gone: &'s HashSet<u64>,
    wanted: RefCell<BTreeSet<u64>>,
    layouts: RefCell<HashMap<ClassIx, Rc<Layout>>>,
    /// Fields that may still be laid out.
    room: Cell<usize>,
}

/// An instance.
#[derive(Clone)]
pub(super) struct Obj<'s> {
    graph: &'s Graph<'s>,
    pub(super) id: u64,
    pub(super) class: ClassIx,
    layout: Rc<Layout>,
    body: &'s [u8],
}

impl<'s> Graph<'s> {
    /// Over what was read; `gone` are objects known not to be in the dump.
    pub(super) fn new(objects: &'s Objects<'s>, gone: &'s HashSet<u64>) -> Self {
        Self {
            objects,
            gone,
            wanted: RefCell::default(),
            layouts: RefCell::default(),
            room: Cell::new(MAX_LAYOUTS),
        }
    }

    /// What was asked for in vain.
    pub(super) fn into_wanted(self) -> BTreeSet<u64> {
        self.wanted.into_inner()
    }

    /// Whether nothing was asked for in vain so far.
    pub(super) fn is_satisfied(&self) -> bool {
        self.wanted.borrow().is_empty()
    }

    pub(super) fn objects(&self) -> &'s Objects<'s> {
        self.objects
    }

    fn body(&self, id: u64) -> Option<Body<'s>> {
        if id == 0 {
            return None;
        }
        let found = self.objects.get(id);
        if found.is_none() && !self.gone.contains(&id) {
            self.wanted.borrow_mut().insert(id);
        }
        found
    }

    fn layout(&self, ix: ClassIx) -> Rc<Layout> {
        let mut layouts = self.layouts.borrow_mut();
        let entry = layouts.entry(ix).or_insert_with(|| {
            let classes = &self.objects.classes;
            let mut fields = classes.layout(ix);
            fields.truncate(self.room.get());
            self.room.set(self.room.get() - fields.len());
            Rc::new(Layout {
                class: classes.name(ix).unwrap_or_default(),
                fields: fields
                    .into_iter()
                    .map(|(name, ty, at)| (name.into(), ty, at))
                    .collect(),
            })
        });
        Rc::clone(entry)
    }

    /// The instance with an identifier.
    pub(super) fn get(&'s self, id: u64) -> Option<Obj<'s>> {
        match self.body(id)? {
            Body::Instance(class, body) => Some(Obj {
                graph: self,
                id,
                class,
                layout: self.layout(class),
                body,
            }),
            _ => None,
        }
    }

    /// The instance, if it was kept in the first pass; nothing is fetched.
    pub(super) fn kept(&'s self, id: u64) -> Option<Obj<'s>> {
        match self.objects.get(id)? {
            Body::Instance(class, body) => Some(Obj {
                graph: self,
                id,
                class,
                layout: self.layout(class),
                body,
            }),
            _ => None,
        }
    }

    /// All instances of a kind.
    pub(super) fn all(&'s self, kind: K) -> impl Iterator<Item = Obj<'s>> {
        self.objects
            .of_kind(kind as u8)
            .filter_map(move |id| self.kept(id))
    }

    /// Elements of an object array, null ones as 0.
    pub(super) fn raw_elements(&self, id: u64) -> Vec<u64> {
        let Some(Body::Objects(bytes)) = self.body(id) else {
            return Vec::new();
        };
        bytes
            .chunks_exact(self.objects.header.id_size.bytes())
            .take(MAX_ELEMENTS)
            .map(unsigned)
            .collect()
    }

    /// Elements of an object array that are not null.
    pub(super) fn elements(&self, id: u64) -> Vec<u64> {
        let mut elements = self.raw_elements(id);
        elements.retain(|&id| id != 0);
        elements
    }

    /// For each of these objects the class of something that refers to it, cleaners and other buffers aside. Reads the
    /// dump again, once or twice.
    pub(super) fn referrers(
        &self,
        source: DumpSource<'_>,
        wanted: &BTreeSet<u64>,
    ) -> BTreeMap<u64, String> {
        let classes = &self.objects.classes;
        let ignored = [K::Cleaner as u8, K::DirectBuffer as u8];
        let name = |ix| classes.name(ix).unwrap_or_default();
        let mut found = BTreeMap::new();
        let mut arrays: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for reference in self.objects.referrers(source, wanted, &ignored, true) {
            match reference.class {
                Some(ix) => {
                    found.insert(reference.target, name(ix));
                }
                None => arrays
                    .entry(reference.from)
                    .or_default()
                    .push(reference.target),
            }
        }
        // Held through an array: by whoever holds that array.
        let holders: BTreeMap<u64, String> = self
            .objects
            .referrers(source, &arrays.keys().copied().collect(), &ignored, false)
            .into_iter()
            .filter_map(|r| Some((r.target, name(r.class?))))
            .collect();
        for (array, buffers) in arrays {
            let class = holders
                .get(&array)
                .map_or("java.lang.Object[]", |c| c.as_str());
            for buffer in buffers {
                found.insert(buffer, class.to_owned());
            }
        }
        found
    }

    /// Elements of an `ArrayDeque`, first to last.
    pub(super) fn deque(&'s self, id: u64) -> Vec<u64> {
        let Some(deque) = self.get(id) else {
            return Vec::new();
        };
        let Some(Body::Objects(bytes)) = deque.reference("elements").and_then(|id| self.body(id))
        else {
            return Vec::new();
        };
        let width = self.objects.header.id_size.bytes();
        let count = (bytes.len() / width).min(MAX_ELEMENTS);
        let head = deque
            .number("head")
            .and_then(|h| usize::try_from(h).ok())
            .filter(|&h| h < count)
            .unwrap_or(0);
        (head..count)
            .chain(0..head)
            .map(|i| unsigned(&bytes[i * width..(i + 1) * width]))
            .filter(|&id| id != 0)
            .collect()
    }

    /// The characters of a `java.lang.String`.
    pub(super) fn text(&'s self, id: u64) -> Option<String> {
        let string = self.get(id)?;
        let coder = string.number("coder");
        match self.body(string.reference("value")?)? {
            Body::Primitives(Type::CHAR, bytes) => {
                let units = bytes.chunks_exact(2).take(MAX_TEXT);
                let units = units.map(|u| u16::from_be_bytes([u[0], u[1]]));
                Some(
                    char::decode_utf16(units)
                        .map(|c| c.unwrap_or('\u{fffd}'))
                        .collect(),
                )
            }
            Body::Primitives(Type::BYTE, bytes) if coder == Some(1) => {
                let units = bytes.chunks_exact(2).take(MAX_TEXT);
                let units = units.map(|u| u16::from_le_bytes([u[0], u[1]]));
                Some(
                    char::decode_utf16(units)
                        .map(|c| c.unwrap_or('\u{fffd}'))
                        .collect(),
                )
            }
            Body::Primitives(Type::BYTE, bytes) => Some(
                bytes
                    .iter()
                    .take(MAX_TEXT)
                    .map(|&b| char::from(b))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Bytes of a `byte[]`.
    pub(super) fn byte_array(&self, id: u64) -> Option<&'s [u8]> {
        match self.body(id)? {
            Body::Primitives(Type::BYTE, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value of an `AtomicLong`, `AtomicInteger` or of a `LongAdder` without cells.
    pub(super) fn counter(&'s self, id: u64) -> Option<i64> {
        let counter = self.get(id)?;
        counter.number("value").or_else(|| counter.number("base"))
    }

    /// Keys and values of a hash map: `HashMap`, `ConcurrentHashMap`, `Hashtable`, `Properties`, unmodifiable ones; `limit`
    /// of them at most.
    pub(super) fn entries(&'s self, id: u64, limit: usize) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        let Some(mut map) = self.get(id) else {
            return found;
        };
        for _ in 0..4 {
            // Wrappers; and Properties keep their entries in an inner map since 9.
            if map.reference("table").is_some() && !map.class_name().ends_with("Properties") {
                break;
            }
            match map.follow("map").or_else(|| map.follow("m")) {
                Some(inner) => map = inner,
                None => break,
            }
        }
        let Some(table) = map.reference("table") else {
            return found;
        };
        let mut visited = HashSet::new();
        for head in self.elements(table) {
            let mut next = head;
            // A list that runs in a circle, or into another bucket's, ends where it meets itself.
            while next != 0 && visited.len() < limit && visited.insert(next) {
                let Some(node) = self.get(next) else { break };
                if let Some(first) = node.reference("first") {
                    next = first; // the head of a bucket that became a tree
                    continue;
                }
                if let Some(key) = node.reference("key") {
                    let value = node.reference("val").or_else(|| node.reference("value"));
                    found.push((key, value.unwrap_or(0)));
                }
                next = node.reference("next").unwrap_or(0);
            }
        }
        found
    }
}

impl<'s> Obj<'s> {
    fn field(&self, name: &str) -> Option<(Type, u64)> {
        let (_, ty, at) = self
            .layout
            .fields
            .iter()
            .find(|(n, _, _)| **n == *name.as_bytes())?;
        let width = ty.width(self.graph.objects.header.id_size)?;
        let at = *at as usize;
        Some((*ty, unsigned(self.body.get(at..at + width)?)))
    }

    /// The class's full name.
    pub(super) fn class_name(&self) -> &str {
        &self.layout.class
    }

    /// Whether the class has such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// A number or flag, sign-extended.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let (ty, bits) = self.field(name)?;
        Some(match ty.0 {
            4 => i64::from(bits != 0),
            5 => bits as i64,
            8 => i64::from(bits as i8),
            9 => i64::from(bits as i16),
            10 => i64::from(bits as i32),
            11 => bits as i64,
            _ => return None,
        })
    }

    /// A number that counts something: negative ones are not believed.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.number(name).and_then(|n| u64::try_from(n).ok())
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.number(name).map(|n| n != 0)
    }

    /// A reference that is not null.
    pub(super) fn reference(&self, name: &str) -> Option<u64> {
        match self.field(name)? {
            (Type::OBJECT, id) if id != 0 => Some(id),
            _ => None,
        }
    }

    /// The instance a field refers to.
    pub(super) fn follow(&self, name: &str) -> Option<Obj<'s>> {
        self.graph.get(self.reference(name)?)
    }

    /// The same, of kept objects only.
    pub(super) fn kept(&self, name: &str) -> Option<Obj<'s>> {
        self.graph.kept(self.reference(name)?)
    }

    /// The text of a string field.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.graph.text(self.reference(name)?)
    }

    /// The kind of the class.
    pub(super) fn kind(&self) -> u8 {
        self.graph.objects.classes.kind(self.class)
    }

    /// Whether the class is of a kind.
    pub(super) fn is(&self, kind: K) -> bool {
        self.kind() == kind as u8
    }
}
