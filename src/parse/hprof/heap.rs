//! Sub-records of a heap dump segment.
//!
//! Layouts: openjdk/jdk `src/hotspot/share/services/heapDumper.cpp` (JDK 8 to 25). With I the identifier width and the
//! tag counted: roots are an identifier and up to eight bytes more (0xFF, 0x01 to 0x08); 0x20 a class, of variable
//! length; 0x21 an instance, 9+2I and its field bytes; 0x22 an object array, 9+2I and I each; 0x23 a primitive array,
//! 10+I and the element width each.

use super::Sink;
use super::bytes::{Fields, IdSize, unsigned};
use super::feed::Feed;
use crate::parse::{ParseError, ParseErrorKind};

/// A value's type, as dumps number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type(pub u8);

impl Type {
    /// A reference.
    pub const OBJECT: Self = Self(2);
    /// `boolean`.
    pub const BOOLEAN: Self = Self(4);
    /// `char`, two bytes.
    pub const CHAR: Self = Self(5);
    /// `byte`.
    pub const BYTE: Self = Self(8);
    /// `int`.
    pub const INT: Self = Self(10);
    /// `long`.
    pub const LONG: Self = Self(11);

    /// Bytes of one value; `None` for a number that is no type.
    #[inline]
    #[must_use]
    pub const fn width(self, id: IdSize) -> Option<usize> {
        Some(match self.0 {
            2 => id.bytes(),
            4 | 8 => 1,
            5 | 9 => 2,
            6 | 10 => 4,
            7 | 11 => 8,
            _ => return None,
        })
    }
}

/// An instance or array; the bytes of its fields or elements follow in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its identifier.
    pub id: u64,
    /// What follows.
    pub shape: Shape,
    /// Bytes that follow.
    pub len: u64,
}

/// What an object's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Field values, own class first, then each superclass.
    Instance {
        /// The class.
        class: u64,
    },
    /// Identifiers.
    Objects,
    /// Values of one primitive type.
    Primitives(Type),
}

/// A static field and its value, zero-extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Static {
    /// String identifier of the name.
    pub name: u64,
    /// The type.
    pub ty: Type,
    /// The value's bits.
    pub value: u64,
}

/// An instance field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDef {
    /// String identifier of the name.
    pub name: u64,
    /// The type.
    pub ty: Type,
}

/// A class as dumped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDump {
    /// Its identifier.
    pub id: u64,
    /// The superclass, 0 for none.
    pub super_id: u64,
    /// Static fields.
    pub statics: Vec<Static>,
    /// Own instance fields, in the order of their bytes.
    pub fields: Vec<FieldDef>,
}

/// Where a walk over sub-records stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At the end it was given, after a whole sub-record.
    Done,
    /// Before a sub-record that reaches over the end it was given.
    Overrun,
    /// Before a byte that is no sub-record tag.
    NoTag(u8),
    /// The input ended inside a sub-record or before the given end.
    Cut,
    /// A class dump that cannot be read.
    BadClass(ParseError),
    /// An array of a type that does not exist.
    BadType(u8),
}

/// The longest head of an object: tag, identifier, stack serial, class, length.
const HEAD: usize = 1 + 8 + 4 + 8 + 4;
/// No class dump is longer: three tables of at most 65,535 entries.
const MAX_CLASS: usize = 4 << 20;

/// Walks sub-records until offset `end`, handing classes and objects to `sink`.
pub fn walk<F: Feed, S: Sink>(feed: &mut F, end: u64, id: IdSize, sink: &mut S) -> Stop {
    walk_until(feed, end, end, id, sink)
}

/// Walks the sub-records that begin before `until`, of a segment that ends at `end`.
pub fn walk_until<F: Feed, S: Sink>(
    feed: &mut F,
    until: u64,
    end: u64,
    id: IdSize,
    sink: &mut S,
) -> Stop {
    match id {
        IdSize::Eight => walk_sized::<F, S, 8>(feed, until, end, id, sink),
        IdSize::Four => walk_sized::<F, S, 4>(feed, until, end, id, sink),
    }
}

fn walk_sized<F: Feed, S: Sink, const I: usize>(
    feed: &mut F,
    until: u64,
    end: u64,
    ids: IdSize,
    sink: &mut S,
) -> Stop {
    loop {
        let at = feed.at();
        if at >= until {
            return Stop::Done;
        }
        let head = feed.peek(HEAD);
        let Some(&tag) = head.first() else {
            return Stop::Cut;
        };
        let (object, head_len) = match tag {
            0x21 => {
                let Some(h) = head.get(..9 + 2 * I) else {
                    return short(at, 9 + 2 * I, end);
                };
                let len = unsigned(&h[5 + 2 * I..9 + 2 * I]);
                let shape = Shape::Instance {
                    class: unsigned(&h[5 + I..5 + 2 * I]),
                };
                let id = unsigned(&h[1..1 + I]);
                (Object { id, shape, len }, 9 + 2 * I)
            }
            0x22 => {
                let Some(h) = head.get(..9 + 2 * I) else {
                    return short(at, 9 + 2 * I, end);
                };
                let len = unsigned(&h[5 + I..9 + I]) * I as u64;
                let id = unsigned(&h[1..1 + I]);
                let shape = Shape::Objects;
                (Object { id, shape, len }, 9 + 2 * I)
            }
            0x23 => {
                let Some(h) = head.get(..10 + I) else {
                    return short(at, 10 + I, end);
                };
                let ty = Type(h[9 + I]);
                let Some(width) = ty.width(ids).filter(|_| ty != Type::OBJECT) else {
                    return Stop::BadType(ty.0);
                };
                let len = unsigned(&h[5 + I..9 + I]) * width as u64;
                let id = unsigned(&h[1..1 + I]);
                let shape = Shape::Primitives(ty);
                (Object { id, shape, len }, 10 + I)
            }
            0x20 => {
                match class(feed, at, end, ids) {
                    Ok((dump, len)) => {
                        sink.class(dump);
                        feed.skip(len);
                    }
                    Err(stop) => return stop,
                }
                continue;
            }
            _ => {
                let Some(len) = root_len::<I>(tag) else {
                    return Stop::NoTag(tag);
                };
                if at + len > end {
                    return Stop::Overrun;
                }
                if feed.skip(len) < len {
                    return Stop::Cut;
                }
                continue;
            }
        };
        // The length is at most 2^32 times 8, so the sum cannot wrap for an input that exists.
        let whole = at
            .saturating_add(head_len as u64)
            .saturating_add(object.len);
        if whole > end {
            return Stop::Overrun;
        }
        if !feed.has(head_len as u64 + object.len) {
            return Stop::Cut;
        }
        feed.skip(head_len as u64);
        sink.object(at, object, feed);
        let done = feed.at() - at - head_len as u64;
        let rest = object.len - done.min(object.len);
        if feed.skip(rest) < rest {
            return Stop::Cut;
        }
    }
}

/// A head that is not all there: over the end of the segment, or of the input.
fn short(at: u64, need: usize, end: u64) -> Stop {
    if at + need as u64 > end {
        Stop::Overrun
    } else {
        Stop::Cut
    }
}

fn root_len<const I: usize>(tag: u8) -> Option<u64> {
    root_length(tag, I as u64)
}

/// Bytes of a root's sub-record, identifiers being `i` wide; `None` for other tags.
#[inline]
pub(super) fn root_length(tag: u8, i: u64) -> Option<u64> {
    Some(match tag {
        0xff | 0x05 | 0x07 => 1 + i,
        0x01 => 1 + 2 * i,
        0x02 | 0x03 | 0x08 => 9 + i,
        0x04 | 0x06 => 5 + i,
        _ => return None,
    })
}

/// Whether a byte may begin a sub-record.
#[must_use]
pub fn is_tag(tag: u8) -> bool {
    matches!(tag, 0xff | 0x01..=0x08 | 0x20..=0x23)
}

/// Reads the class dump at the feed's position without moving: the window grows until it holds all of it.
fn class<F: Feed>(feed: &mut F, at: u64, end: u64, ids: IdSize) -> Result<(ClassDump, u64), Stop> {
    let mut window = 2048usize;
    loop {
        let limit = usize::try_from(end - at).unwrap_or(usize::MAX);
        let asked = window.min(limit);
        let bytes = feed.peek(asked);
        let have = bytes.len();
        let mut fields = Fields::new(bytes, at, ids);
        match read_class(&mut fields, ids) {
            Ok(dump) => return Ok((dump, fields.at() - at)),
            Err(e) if e.kind != ParseErrorKind::Truncated => return Err(Stop::BadClass(e)),
            Err(_) if have < asked => return Err(Stop::Cut),
            Err(_) if asked == limit => return Err(Stop::Overrun),
            Err(e) if window >= MAX_CLASS => return Err(Stop::BadClass(e)),
            Err(_) => window *= 4,
        }
    }
}

fn read_class(f: &mut Fields<'_>, ids: IdSize) -> Result<ClassDump, ParseError> {
    let value = |f: &mut Fields<'_>, ty: Type, what| -> Result<u64, ParseError> {
        let at = f.at();
        let width = ty.width(ids).ok_or_else(|| ParseError {
            at,
            what: format!("class dump: {} is no type", ty.0).into(),
            kind: ParseErrorKind::Unexpected,
        })?;
        Ok(unsigned(f.take(width, what)?))
    };
    f.u1("class dump: tag")?;
    let id = f.id("class dump: class")?;
    f.u4("class dump: stack serial")?;
    let super_id = f.id("class dump: superclass")?;
    for what in ["loader", "signers", "domain", "reserved", "reserved"] {
        f.id(what)?;
    }
    f.u4("class dump: instance size")?;
    for _ in 0..f.u2("class dump: constants")? {
        f.u2("class dump: constant index")?;
        let ty = Type(f.u1("class dump: constant type")?);
        value(f, ty, "class dump: constant")?;
    }
    let mut statics = Vec::new();
    for _ in 0..f.u2("class dump: statics")? {
        let name = f.id("class dump: static name")?;
        let ty = Type(f.u1("class dump: static type")?);
        let value = value(f, ty, "class dump: static value")?;
        statics.push(Static { name, ty, value });
    }
    let mut fields = Vec::new();
    for _ in 0..f.u2("class dump: fields")? {
        let name = f.id("class dump: field name")?;
        let at = f.at();
        let ty = Type(f.u1("class dump: field type")?);
        if ty.width(ids).is_none() {
            return Err(ParseError {
                at,
                what: format!("class dump: {} is no field type", ty.0).into(),
                kind: ParseErrorKind::Unexpected,
            });
        }
        fields.push(FieldDef { name, ty });
    }
    Ok(ClassDump {
        id,
        super_id,
        statics,
        fields,
    })
}
