//! Writes small heap dumps for tests. Written from the format's description, not from the parser: it shares nothing with
//! it, so that a mistake in one shows in the other.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;

/// A field's type and, in an object, its value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum V {
    /// A reference; 0 is null.
    Ref(u64),
    Bool(bool),
    Byte(i8),
    Int(i32),
    Long(i64),
}

impl V {
    fn type_number(self) -> u8 {
        match self {
            V::Ref(_) => 2,
            V::Bool(_) => 4,
            V::Byte(_) => 8,
            V::Int(_) => 10,
            V::Long(_) => 11,
        }
    }
}

/// How sub-records are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// 0x1C records of at most so many bytes, and the end record.
    Segments(usize),
    /// One 0x0C record.
    Single,
    /// One 0x0C record that says this length instead of its own.
    SingleSaying(u32),
}

struct Class {
    id: u64,
    parent: u64,
    fields: Vec<(String, V)>,
    statics: Vec<(String, V)>,
}

/// A dump in the making.
pub(crate) struct Dump {
    wide: bool,
    /// Fields in reverse order of declaration, as some JDKs write them.
    pub(crate) flipped: bool,
    /// Instances before classes.
    pub(crate) classes_last: bool,
    /// Strings hold `char[]`.
    pub(crate) char_strings: bool,
    next: u64,
    classes: Vec<Class>,
    names: BTreeMap<String, u64>,
    by_name: BTreeMap<String, usize>,
    objects: Vec<Vec<u8>>,
}

impl Dump {
    pub(crate) fn new(wide: bool) -> Self {
        let mut dump = Self {
            wide,
            flipped: false,
            classes_last: false,
            char_strings: false,
            next: if wide { 0x7_0000_0000 } else { 0x7000_0000 },
            classes: Vec::new(),
            names: BTreeMap::new(),
            by_name: BTreeMap::new(),
            objects: Vec::new(),
        };
        dump.class("java.lang.Object", "", &[]);
        dump
    }

    fn fresh(&mut self) -> u64 {
        self.next += 16;
        self.next
    }

    fn name(&mut self, text: &str) -> u64 {
        if let Some(id) = self.names.get(text) {
            return *id;
        }
        let id = 1000 + self.names.len() as u64;
        self.names.insert(text.to_owned(), id);
        id
    }

    /// A class; the values of `fields` are the defaults. An empty parent is `java.lang.Object`'s own.
    pub(crate) fn class(&mut self, name: &str, parent: &str, fields: &[(&str, V)]) -> u64 {
        let id = self.fresh();
        let parent = match parent {
            "" if name == "java.lang.Object" => 0,
            "" => self.id_of("java.lang.Object"),
            _ => self.id_of(parent),
        };
        self.by_name.insert(name.to_owned(), self.classes.len());
        self.name(&name.replace('.', "/"));
        for (field, _) in fields {
            self.name(field);
        }
        self.classes.push(Class {
            id,
            parent,
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
            statics: Vec::new(),
        });
        id
    }

    /// Sets static fields of a class.
    pub(crate) fn statics(&mut self, class: &str, values: &[(&str, V)]) {
        for (name, _) in values {
            self.name(name);
        }
        let ix = self.by_name[class];
        self.classes[ix].statics = values.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
    }

    fn id_of(&self, class: &str) -> u64 {
        self.classes[self.by_name[class]].id
    }

    /// Reserves an identifier, for objects that refer to each other.
    pub(crate) fn reserve(&mut self) -> u64 {
        self.fresh()
    }

    /// An instance.
    pub(crate) fn object(&mut self, class: &str, values: &[(&str, V)]) -> u64 {
        let id = self.fresh();
        self.object_at(id, class, values)
    }

    /// An instance with a reserved identifier.
    pub(crate) fn object_at(&mut self, id: u64, class: &str, values: &[(&str, V)]) -> u64 {
        let mut body = Vec::new();
        let mut used = 0;
        let mut next = self.id_of(class);
        while next != 0 {
            let c = self
                .classes
                .iter()
                .find(|c| c.id == next)
                .expect("a class made before");
            let mut fields: Vec<&(String, V)> = c.fields.iter().collect();
            if self.flipped {
                fields.reverse();
            }
            for (name, default) in fields {
                let given = values.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
                used += usize::from(given.is_some());
                self.value(&mut body, given.unwrap_or(*default));
            }
            next = c.parent;
        }
        assert!(used >= values.len(), "{class} lacks one of {values:?}");
        let class = self.id_of(class);
        let mut sub = vec![0x21];
        self.id(&mut sub, id);
        sub.extend([0, 0, 0, 0]);
        self.id(&mut sub, class);
        sub.extend((body.len() as u32).to_be_bytes());
        sub.extend(body);
        self.objects.push(sub);
        id
    }

    /// Gives a class another superclass, itself perhaps.
    pub(crate) fn set_parent(&mut self, class: &str, parent: u64) {
        let ix = self.by_name[class];
        self.classes[ix].parent = parent;
    }

    /// An instance without any field values.
    pub(crate) fn bare_object(&mut self, class: &str) -> u64 {
        let id = self.fresh();
        let mut sub = vec![0x21];
        self.id(&mut sub, id);
        sub.extend([0, 0, 0, 0]);
        self.id(&mut sub, self.id_of(class));
        sub.extend([0, 0, 0, 0]);
        self.objects.push(sub);
        id
    }

    /// An array of references.
    pub(crate) fn array(&mut self, elements: &[u64]) -> u64 {
        const CLASS: &str = "[Ljava.lang.Object;";
        if !self.by_name.contains_key(CLASS) {
            self.class(CLASS, "", &[]);
        }
        let class = self.id_of(CLASS);
        let id = self.fresh();
        let mut sub = vec![0x22];
        self.id(&mut sub, id);
        sub.extend([0, 0, 0, 0]);
        sub.extend((elements.len() as u32).to_be_bytes());
        self.id(&mut sub, class);
        for element in elements {
            self.id(&mut sub, *element);
        }
        self.objects.push(sub);
        id
    }

    fn primitive_array(&mut self, ty: u8, count: usize, bytes: &[u8]) -> u64 {
        let id = self.fresh();
        let mut sub = vec![0x23];
        self.id(&mut sub, id);
        sub.extend([0, 0, 0, 0]);
        sub.extend((count as u32).to_be_bytes());
        sub.push(ty);
        sub.extend(bytes);
        self.objects.push(sub);
        id
    }

    /// An array of bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.primitive_array(8, bytes.len(), bytes)
    }

    /// A string, its class made on the way.
    pub(crate) fn string(&mut self, text: &str) -> u64 {
        if !self.by_name.contains_key("java.lang.String") {
            let mut fields = vec![("value", V::Ref(0)), ("hash", V::Int(0))];
            if !self.char_strings {
                fields.push(("coder", V::Byte(0)));
            }
            self.class("java.lang.String", "", &fields);
        }
        let wide: Vec<u16> = text.encode_utf16().collect();
        let latin = text.chars().all(|c| (c as u32) < 256);
        if self.char_strings {
            let bytes: Vec<u8> = wide.iter().flat_map(|u| u.to_be_bytes()).collect();
            let value = self.primitive_array(5, wide.len(), &bytes);
            return self.object("java.lang.String", &[("value", V::Ref(value))]);
        }
        let bytes: Vec<u8> = if latin {
            text.chars().map(|c| c as u8).collect()
        } else {
            wide.iter().flat_map(|u| u.to_le_bytes()).collect()
        };
        let value = self.primitive_array(8, bytes.len(), &bytes);
        let coder = V::Byte(i8::from(!latin));
        self.object(
            "java.lang.String",
            &[("value", V::Ref(value)), ("coder", coder)],
        )
    }

    fn id(&self, to: &mut Vec<u8>, id: u64) {
        if self.wide {
            to.extend(id.to_be_bytes());
        } else {
            to.extend((id as u32).to_be_bytes());
        }
    }

    fn value(&self, to: &mut Vec<u8>, v: V) {
        match v {
            V::Ref(id) => self.id(to, id),
            V::Bool(b) => to.push(u8::from(b)),
            V::Byte(b) => to.extend(b.to_be_bytes()),
            V::Int(i) => to.extend(i.to_be_bytes()),
            V::Long(l) => to.extend(l.to_be_bytes()),
        }
    }

    fn class_dump(&self, c: &Class) -> Vec<u8> {
        let mut sub = vec![0x20];
        self.id(&mut sub, c.id);
        sub.extend([0, 0, 0, 0]);
        self.id(&mut sub, c.parent);
        for _ in 0..5 {
            self.id(&mut sub, 0);
        }
        sub.extend(64u32.to_be_bytes());
        sub.extend(0u16.to_be_bytes());
        sub.extend((c.statics.len() as u16).to_be_bytes());
        for (name, v) in &c.statics {
            self.id(&mut sub, self.names[name]);
            sub.push(v.type_number());
            self.value(&mut sub, *v);
        }
        sub.extend((c.fields.len() as u16).to_be_bytes());
        let mut fields: Vec<&(String, V)> = c.fields.iter().collect();
        if self.flipped {
            fields.reverse();
        }
        for (name, v) in fields {
            self.id(&mut sub, self.names[name]);
            sub.push(v.type_number());
        }
        sub
    }

    fn record(to: &mut Vec<u8>, tag: u8, body: &[u8]) {
        to.push(tag);
        to.extend([0, 0, 0, 0]);
        to.extend((body.len() as u32).to_be_bytes());
        to.extend(body);
    }

    /// The file.
    pub(crate) fn write(&self, version: &str, framing: Framing) -> Vec<u8> {
        let mut out = format!("JAVA PROFILE {version}\0").into_bytes();
        out.extend((if self.wide { 8u32 } else { 4 }).to_be_bytes());
        out.extend(1_795_362_098_651u64.to_be_bytes());
        for (text, id) in &self.names {
            let mut body = Vec::new();
            self.id(&mut body, *id);
            body.extend(text.as_bytes());
            Self::record(&mut out, 0x01, &body);
        }
        for (name, ix) in &self.by_name {
            let mut body = (*ix as u32 + 1).to_be_bytes().to_vec();
            self.id(&mut body, self.classes[*ix].id);
            body.extend([0, 0, 0, 1]);
            self.id(&mut body, self.names[&name.replace('.', "/")]);
            Self::record(&mut out, 0x02, &body);
        }
        Self::record(&mut out, 0x05, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let classes = self.classes.iter().map(|c| self.class_dump(c));
        let mut root = vec![0xff];
        self.id(&mut root, self.classes[0].id);
        let objects = self.objects.iter().cloned();
        let subs: Vec<Vec<u8>> = if self.classes_last {
            objects.chain([root]).chain(classes).collect()
        } else {
            classes.chain(objects).chain([root]).collect()
        };
        match framing {
            Framing::Segments(size) => {
                let mut body: Vec<u8> = Vec::new();
                for sub in subs {
                    if !body.is_empty() && body.len() + sub.len() > size {
                        Self::record(&mut out, 0x1c, &body);
                        body.clear();
                    }
                    body.extend(sub);
                }
                Self::record(&mut out, 0x1c, &body);
                Self::record(&mut out, 0x2c, &[]);
            }
            Framing::Single => Self::record(&mut out, 0x0c, &subs.concat()),
            Framing::SingleSaying(length) => {
                out.push(0x0c);
                out.extend([0, 0, 0, 0]);
                out.extend(length.to_be_bytes());
                out.extend(subs.concat());
            }
        }
        out
    }
}
