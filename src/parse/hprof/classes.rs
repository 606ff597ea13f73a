//! Strings and classes of a dump: what is kept of it whatever its size.

use super::bytes::{IdSize, unsigned};
use super::heap::{ClassDump, FieldDef, Static, Type};

/// Identifiers to small numbers, by open addressing. Identifiers are addresses or counters, and each is asked for once
/// per object of the dump, so this is the hot spot of reading one.
#[derive(Clone, Debug, Default)]
pub struct IdMap {
    slots: Vec<(u64, u32)>,
    len: usize,
}

const FREE: u32 = u32::MAX;

impl IdMap {
    fn slot(&self, id: u64) -> usize {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - self.slots.len().trailing_zeros())) as usize
    }

    /// The number of `id`.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut i = self.slot(id);
        loop {
            let (key, value) = self.slots[i];
            if value == FREE {
                return None;
            }
            if key == id {
                return Some(value);
            }
            i = (i + 1) & (self.slots.len() - 1);
        }
    }

    /// Sets the number of `id`, unless it has one; says whether it was set. `u32::MAX` cannot be stored.
    pub fn insert(&mut self, id: u64, value: u32) -> bool {
        if value == FREE {
            return false;
        }
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            let size = (self.slots.len() * 2).max(64);
            let old = std::mem::replace(&mut self.slots, vec![(0, FREE); size]);
            for (key, value) in old.into_iter().filter(|s| s.1 != FREE) {
                self.put(key, value);
            }
        }
        let new = self.put(id, value);
        self.len += usize::from(new);
        new
    }

    fn put(&mut self, id: u64, value: u32) -> bool {
        let mut i = self.slot(id);
        loop {
            if self.slots[i].1 == FREE {
                self.slots[i] = (id, value);
                return true;
            }
            if self.slots[i].0 == id {
                return false;
            }
            i = (i + 1) & (self.slots.len() - 1);
        }
    }

    /// How many identifiers have a number.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Index of a class.
pub type ClassIx = u32;

/// What kind of object a class makes: 0 for those that nobody asked for, else a number of the caller's.
pub type Kind = u8;

/// The kind of a class whose superclasses are not all known yet.
pub const UNDECIDED: Kind = u8::MAX;

/// Gives the kind that a class name (with dots) stands for; subclasses have the kind of their nearest ancestor with one.
pub type Classify = fn(&str) -> Option<Kind>;

/// A class.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its identifier.
    pub id: u64,
    /// The superclass, 0 for none.
    pub super_id: u64,
    /// String identifier of the name.
    name: u64,
    /// Own instance fields.
    pub fields: Box<[FieldDef]>,
    /// Static fields; of classes without a kind only references that are not null.
    pub statics: Box<[Static]>,
    dumped: bool,
}

/// Strings and classes.
#[derive(Debug)]
pub struct Classes {
    ids: IdSize,
    classify: Classify,
    strings: IdMap,
    spans: Vec<(u32, u32)>,
    text: Vec<u8>,
    index: IdMap,
    list: Vec<Class>,
    kinds: Vec<Kind>,
    /// Strings left out because there were too many bytes of them.
    pub dropped_strings: u64,
}

/// Bytes of strings kept. A large application has some 40 MB.
const MAX_TEXT: usize = 512 << 20;
/// Fields of an instance, those of all ancestors together; no class file declares more than 65,535.
const MAX_FIELDS: usize = 100_000;
/// No class has more ancestors.
const MAX_DEPTH: usize = 256;

impl Classes {
    /// None yet.
    #[must_use]
    pub fn new(ids: IdSize, classify: Classify) -> Self {
        Self {
            ids,
            classify,
            strings: IdMap::default(),
            spans: Vec::new(),
            text: Vec::new(),
            index: IdMap::default(),
            list: Vec::new(),
            kinds: Vec::new(),
            dropped_strings: 0,
        }
    }

    /// Adds a string.
    pub fn add_string(&mut self, id: u64, text: &[u8]) {
        if self.text.len() + text.len() > MAX_TEXT {
            self.dropped_strings += 1;
            return;
        }
        if self.strings.insert(id, self.spans.len() as u32) {
            self.spans.push((self.text.len() as u32, text.len() as u32));
            self.text.extend_from_slice(text);
        }
    }

    /// The bytes of a string.
    #[must_use]
    pub fn string(&self, id: u64) -> Option<&[u8]> {
        let (at, len) = *self.spans.get(self.strings.get(id)? as usize)?;
        self.text.get(at as usize..at as usize + len as usize)
    }

    fn entry(&mut self, id: u64) -> &mut Class {
        let next = self.list.len() as u32;
        if self.index.insert(id, next) {
            self.kinds.push(UNDECIDED);
            self.list.push(Class {
                id,
                super_id: 0,
                name: 0,
                fields: Box::default(),
                statics: Box::default(),
                dumped: false,
            });
        }
        let ix = self.index.get(id).unwrap_or(next);
        &mut self.list[ix as usize]
    }

    /// Adds a loaded class.
    pub fn add_loaded(&mut self, class: u64, name: u64) {
        let entry = self.entry(class);
        if entry.name == 0 {
            entry.name = name;
        }
    }

    /// Adds a class dump; a second one of the same class is ignored.
    pub fn add_dump(&mut self, dump: ClassDump) {
        let entry = self.entry(dump.id);
        if entry.dumped {
            return;
        }
        entry.dumped = true;
        entry.super_id = dump.super_id;
        entry.fields = dump.fields.into();
        let wanted = match self.name_of(dump.id) {
            Some(name) => (self.classify)(&name).is_some(),
            None => true,
        };
        let mut statics = dump.statics;
        if !wanted {
            // References alone, for who holds an object.
            statics.retain(|s| s.ty == Type::OBJECT && s.value != 0);
        }
        self.entry(dump.id).statics = statics.into();
    }

    /// The index of a class.
    #[inline]
    #[must_use]
    pub fn index(&self, id: u64) -> Option<ClassIx> {
        self.index.get(id)
    }

    /// The class at an index.
    #[must_use]
    pub fn get(&self, ix: ClassIx) -> Option<&Class> {
        self.list.get(ix as usize)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether any class dump was seen.
    #[must_use]
    pub fn any_dumped(&self) -> bool {
        self.list.iter().any(|c| c.dumped)
    }

    /// The class's name, with dots.
    #[must_use]
    pub fn name(&self, ix: ClassIx) -> Option<String> {
        let bytes = self.string(self.get(ix)?.name)?;
        Some(String::from_utf8_lossy(bytes).replace('/', "."))
    }

    fn name_of(&self, id: u64) -> Option<String> {
        self.name(self.index(id)?)
    }

    /// The kind of a class as last settled.
    #[inline]
    #[must_use]
    pub fn kind(&self, ix: ClassIx) -> Kind {
        self.kinds.get(ix as usize).copied().unwrap_or(UNDECIDED)
    }

    /// Works out the kind of one class, if that was not possible before.
    pub fn settle(&mut self, ix: ClassIx) -> Kind {
        let known = self.kind(ix);
        if known != UNDECIDED {
            return known;
        }
        let kind = self.ancestors(ix).unwrap_or(UNDECIDED);
        if let Some(slot) = self.kinds.get_mut(ix as usize) {
            *slot = kind;
        }
        kind
    }

    /// Works out the kinds of all classes.
    pub fn settle_all(&mut self) {
        for ix in 0..self.list.len() as u32 {
            self.settle(ix);
        }
    }

    fn ancestors(&self, ix: ClassIx) -> Option<Kind> {
        let mut ix = ix;
        for _ in 0..MAX_DEPTH {
            let class = self.get(ix)?;
            if let Some(kind) = self.name(ix).and_then(|name| (self.classify)(&name)) {
                return Some(kind);
            }
            if !class.dumped {
                return None;
            }
            if class.super_id == 0 {
                return Some(0);
            }
            ix = self.index(class.super_id)?;
        }
        Some(0)
    }

    /// Names, types and offsets of all fields of an instance, own class first.
    #[must_use]
    pub fn layout(&self, ix: ClassIx) -> Vec<(&[u8], Type, u32)> {
        let mut layout = Vec::new();
        let mut at = 0u32;
        let mut next = Some(ix);
        for _ in 0..MAX_DEPTH {
            let Some(class) = next.and_then(|ix| self.get(ix)) else {
                break;
            };
            if layout.len() + class.fields.len() > MAX_FIELDS {
                break;
            }
            for field in &class.fields {
                let width = field.ty.width(self.ids).unwrap_or(0) as u32;
                layout.push((self.string(field.name).unwrap_or_default(), field.ty, at));
                at = at.saturating_add(width);
            }
            next = self.index(class.super_id);
        }
        layout
    }

    /// Bytes of an instance of each class; `None` where an ancestor is not described.
    #[must_use]
    pub fn instance_sizes(&self) -> Vec<Option<u32>> {
        let width = |f: &FieldDef| f.ty.width(self.ids).unwrap_or(0) as u32;
        let own: Vec<u32> = self
            .list
            .iter()
            .map(|c| c.fields.iter().map(width).sum())
            .collect();
        let size = |ix: usize| {
            let (mut next, mut sum) = (ix, 0u32);
            for _ in 0..MAX_DEPTH {
                let class = self.list.get(next).filter(|c| c.dumped)?;
                sum = sum.saturating_add(*own.get(next)?);
                if class.super_id == 0 {
                    return Some(sum);
                }
                next = self.index(class.super_id)? as usize;
            }
            None
        };
        (0..self.list.len()).map(size).collect()
    }

    /// All identifiers with index and kind as settled, for many readers at once.
    #[must_use]
    pub fn table(&self) -> ClassTable {
        ClassTable::new(self)
    }

    /// Classes of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = ClassIx> {
        let all = self.kinds.iter().zip(0..);
        all.filter(move |(k, _)| **k == kind).map(|(_, ix)| ix)
    }

    /// Whether a class has this very name (with dots).
    #[must_use]
    pub fn is_named(&self, ix: ClassIx, name: &str) -> bool {
        let bytes = self.get(ix).and_then(|c| self.string(c.name));
        bytes.is_some_and(|bytes| {
            let dotted = bytes.iter().map(|b| if *b == b'/' { b'.' } else { *b });
            bytes.len() == name.len() && dotted.eq(name.bytes())
        })
    }

    /// A static field: its type and bits.
    #[must_use]
    pub fn static_value(&self, ix: ClassIx, name: &str) -> Option<(Type, u64)> {
        let class = self.get(ix)?;
        class
            .statics
            .iter()
            .find(|s| self.string(s.name) == Some(name.as_bytes()))
            .map(|s| (s.ty, s.value))
    }

    /// Objects that static fields refer to, with the class.
    pub fn static_references(&self) -> impl Iterator<Item = (ClassIx, u64)> {
        self.list.iter().zip(0..).flat_map(|(class, ix)| {
            let references = class.statics.iter().filter(|s| s.ty == Type::OBJECT);
            references
                .filter(|s| s.value != 0)
                .map(move |s| (ix, s.value))
        })
    }

    /// Width of identifiers.
    #[must_use]
    pub const fn id_size(&self) -> IdSize {
        self.ids
    }

    /// References among an instance's fields.
    pub fn references(&self, ix: ClassIx, body: &[u8], mut each: impl FnMut(u64)) {
        let width = self.ids.bytes();
        for (_, ty, at) in self.layout(ix) {
            if ty == Type::OBJECT
                && let Some(bytes) = body.get(at as usize..at as usize + width)
            {
                each(unsigned(bytes));
            }
        }
    }
}

/// Index and kind of each class by identifier, in one look.
#[derive(Clone, Debug)]
pub struct ClassTable {
    slots: Box<[Slot]>,
    shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    id: u64,
    ix: ClassIx,
    kind: Kind,
}

impl ClassTable {
    fn new(classes: &Classes) -> Self {
        // Half full at most, so that a search ends at the first slot or the next.
        let size = (classes.len() * 2).next_power_of_two().max(64);
        let free = Slot {
            id: 0,
            ix: FREE,
            kind: UNDECIDED,
        };
        let mut table = Self {
            slots: vec![free; size].into_boxed_slice(),
            shift: 64 - size.trailing_zeros(),
        };
        for (class, ix) in classes.list.iter().zip(0..) {
            let mut i = table.first(class.id);
            while table.slots[i].ix != FREE {
                i = (i + 1) & (size - 1);
            }
            table.slots[i] = Slot {
                id: class.id,
                ix,
                kind: classes.kind(ix),
            };
        }
        table
    }

    #[inline]
    fn first(&self, id: u64) -> usize {
        (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// Index and kind of a class.
    #[inline]
    #[must_use]
    pub fn get(&self, id: u64) -> Option<(ClassIx, Kind)> {
        let mut i = self.first(id);
        loop {
            let slot = self.slots[i];
            if slot.id == id && slot.ix != FREE {
                return Some((slot.ix, slot.kind));
            }
            if slot.ix == FREE {
                return None;
            }
            i = (i + 1) & (self.slots.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_what_the_classes_give() {
        let mut c = Classes::new(IdSize::Eight, |name| (name == "a.X7").then_some(3));
        for i in 0..1000u64 {
            c.add_string(5000 + i, format!("a/X{i}").as_bytes());
            c.add_loaded(i * 8, 5000 + i);
            c.add_dump(ClassDump {
                id: i * 8,
                super_id: 0,
                statics: Vec::new(),
                fields: vec![FieldDef {
                    name: 1,
                    ty: Type::INT,
                }],
            });
        }
        c.settle_all();
        let table = c.table();
        for i in 0..1000u32 {
            let kind = if i == 7 { 3 } else { 0 };
            assert_eq!(table.get(u64::from(i) * 8), Some((i, kind)));
        }
        assert_eq!(table.get(4), None);
        assert_eq!(c.instance_sizes()[7], Some(4));
    }

    #[test]
    fn an_id_map_keeps_the_first_number_of_each_id() {
        let mut map = IdMap::default();
        for i in 0..10_000u32 {
            assert!(map.insert(u64::from(i) * 8 + 0xe000_0000, i));
        }
        assert!(!map.insert(0xe000_0000, 7));
        assert_eq!(map.len(), 10_000);
        for i in 0..10_000u32 {
            assert_eq!(map.get(u64::from(i) * 8 + 0xe000_0000), Some(i));
        }
        assert_eq!(map.get(1), None);
        assert_eq!(IdMap::default().get(1), None);
    }

    #[test]
    fn a_class_has_the_kind_of_its_nearest_named_ancestor() {
        let mut c = Classes::new(IdSize::Eight, |name| (name == "a.B").then_some(3));
        for (class, name, super_id) in [(1u64, "a/A", 0u64), (2, "a/B", 1), (3, "a/C", 2)] {
            c.add_string(100 + class, name.as_bytes());
            c.add_loaded(class, 100 + class);
            if class != 2 {
                c.add_dump(ClassDump {
                    id: class,
                    super_id,
                    statics: Vec::new(),
                    fields: Vec::new(),
                });
            }
        }
        let kind = |c: &mut Classes, id| {
            let ix = c.index(id).unwrap();
            c.settle(ix)
        };
        assert_eq!(kind(&mut c, 1), 0);
        assert_eq!(kind(&mut c, 2), 3, "its own name tells, dumped or not");
        assert_eq!(kind(&mut c, 3), 3);
    }

    #[test]
    fn a_class_above_itself_ends_the_search() {
        let mut c = Classes::new(IdSize::Eight, |_| None);
        c.add_dump(ClassDump {
            id: 5,
            super_id: 5,
            statics: Vec::new(),
            fields: vec![FieldDef {
                name: 1,
                ty: Type::INT,
            }],
        });
        assert_eq!(c.settle(0), 0);
        assert_eq!(c.layout(0).len(), MAX_DEPTH);
    }
}
