//! HPROF heap dumps, formats 1.0.1 and 1.0.2, identifiers of four or eight bytes.
//!
//! A header (`JAVA PROFILE 1.0.2`, NUL, u4 identifier width, u8 milliseconds), then records to the end: u1 tag, u4
//! microseconds, u4 body length. Of the records, strings (0x01), loaded classes (0x02) and heap segments (0x0C, 0x1C)
//! are read, the others skipped. Read from openjdk/jdk `src/hotspot/share/services/heapDumper.cpp`, JDK 8 to 25.
//!
//! What dumps in the field do, and what is done about it:
//! - A 0x0C record over 4 GiB carries a length that wrapped, or 0. When no record can begin where a segment says it
//!   ends, the length is not believed and sub-records are read as long as there are any.
//! - A dump is cut where a disk was full: what is there is read, and the cut is told ([`Sink::issue`]).
//! - After bytes that are no record, the next segment head is looked for.

mod blocks;
pub mod bytes;
mod chase;
pub mod classes;
mod collect;
pub mod feed;
mod fetch;
pub mod heap;
mod in_order;
mod lanes;
mod mapped;
pub mod objects;
pub mod packed;
mod referrers;
mod spans;
mod streamed;

use bytes::{Fields, IdSize};
use feed::Feed;
use heap::{ClassDump, Object, Stop};

use super::{ParseError, ParseErrorKind};

/// What begins an HPROF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `1.0.1` or `1.0.2`.
    pub version: &'static str,
    /// Width of identifiers.
    pub id_size: IdSize,
    /// When the dump was begun, in milliseconds since 1970 UTC.
    pub taken_ms: u64,
}

/// Takes what a dump holds, in file order.
pub trait Sink {
    /// A string.
    fn string(&mut self, _id: u64, _text: &[u8]) {}
    /// A loaded class and the string that names it.
    fn load_class(&mut self, _class: u64, _name: u64) {}
    /// A class dump.
    fn class(&mut self, _class: ClassDump) {}
    /// An object whose sub-record begins at `at`. Its bytes stand next in `feed`; they may be read or left.
    fn object<F: Feed>(&mut self, at: u64, object: Object, feed: &mut F);
    /// A segment whose sub-records stand at `start..end` and are all there: `true` to take it and read it later.
    fn segment(&mut self, start: u64, end: u64) -> bool;
    /// A segment at `start` that is cut off, or whose length is not believed, and ends at `end` at the latest. The sink
    /// may read as much of it as it can and says up to where; the rest is handed over in order.
    fn ahead(&mut self, start: u64, _end: u64) -> u64 {
        start
    }
    /// Bytes that were not understood, or are missing; `lost` is how many of those at hand were passed over.
    fn issue(&mut self, error: ParseError, lost: u64);
    /// Called now and then with the offset reached.
    fn progress(&mut self, at: u64);
}

/// Strings of class files are at most this long; of a longer one the beginning is kept.
const MAX_STRING: u32 = 1 << 16;
/// Bytes of a record's head.
const RECORD_HEAD: usize = 9;

/// Reads the header and leaves the feed behind it.
///
/// # Errors
/// When this is no dump of a kind that is read here.
pub fn header<F: Feed>(feed: &mut F) -> Result<Header, ParseError> {
    const NAME: &[u8] = b"JAVA PROFILE ";
    let head = feed.peek(NAME.len() + 6 + 12);
    let Some(rest) = head.strip_prefix(NAME) else {
        return Err(ParseError::new(
            0,
            ParseErrorKind::Unexpected,
            "no HPROF dump: it does not begin with JAVA PROFILE",
        ));
    };
    let version = match rest.get(..6) {
        Some(b"1.0.1\0") => "1.0.1",
        Some(b"1.0.2\0") => "1.0.2",
        _ => {
            return Err(ParseError::new(
                NAME.len(),
                ParseErrorKind::Unsupported,
                "an HPROF format other than 1.0.1 and 1.0.2",
            ));
        }
    };
    let start = NAME.len() + 6;
    let mut fields = Fields::new(&rest[6..], start as u64, IdSize::Eight);
    let id_size = match fields.u4("identifier size")? {
        4 => IdSize::Four,
        8 => IdSize::Eight,
        other => {
            return Err(ParseError::new(
                start,
                ParseErrorKind::Unsupported,
                format!("identifier size: expected 4 or 8, found {other}"),
            ));
        }
    };
    let taken_ms = fields.u8("time of the dump")?;
    feed.skip(start as u64 + 12);
    Ok(Header {
        version,
        id_size,
        taken_ms,
    })
}

/// Reads records up to the end of the input.
pub fn records<F: Feed, S: Sink>(feed: &mut F, ids: IdSize, sink: &mut S) {
    let mut told = 0u64;
    let (mut heap, mut last) = (None, 0u8);
    loop {
        let at = feed.at();
        if at - told >= 8 << 20 {
            told = at;
            sink.progress(at);
        }
        let head = feed.peek(RECORD_HEAD);
        let have = head.len();
        if have == 0 {
            break;
        }
        let Some((tag, length)) = record_head(head) else {
            cut(
                sink,
                at,
                "the head of a record",
                RECORD_HEAD as u64,
                have as u64,
            );
            feed.skip(have as u64);
            break;
        };
        if !known(tag) {
            resync(feed, ids, sink, tag);
            continue;
        }
        match tag {
            0x0c | 0x1c => {
                (heap, last) = (Some(tag), tag);
                feed.skip(RECORD_HEAD as u64);
                segment(feed, length, ids, sink);
                continue;
            }
            0x01 => string(feed, length, ids, sink),
            0x02 => load_class(feed, length, ids, sink),
            _ => {}
        }
        last = tag;
        let whole = RECORD_HEAD as u64 + u64::from(length);
        let there = feed.skip(whole);
        if there < whole {
            cut(sink, at, "a record", whole, there);
            break;
        }
    }
    // A list of segments is closed by a record of its own; a single 0x0C record is not.
    let missing = match heap {
        None => "the dump ends before its heap",
        Some(0x1c) if last != 0x2c => "the dump ends without the record that closes its heap",
        _ => "",
    };
    if !missing.is_empty() {
        let error = ParseError {
            at: feed.at(),
            what: missing.into(),
            kind: ParseErrorKind::Truncated,
        };
        sink.issue(error, 0);
    }
    sink.progress(feed.at());
}

fn record_head(head: &[u8]) -> Option<(u8, u32)> {
    let mut f = Fields::new(head, 0, IdSize::Eight);
    let tag = f.u1("tag").ok()?;
    f.u4("microseconds").ok()?;
    Some((tag, f.u4("length").ok()?))
}

/// Tags of records. 0x2C ends a list of segments.
fn known(tag: u8) -> bool {
    matches!(tag, 0x01..=0x07 | 0x0a..=0x0e | 0x1c | 0x2c)
}

fn cut<S: Sink>(sink: &mut S, at: u64, what: &str, need: u64, have: u64) {
    let error = ParseError {
        at,
        what: format!("the input ends inside {what}: {need} bytes expected, {have} there").into(),
        kind: ParseErrorKind::Truncated,
    };
    sink.issue(error, have);
}

fn string<F: Feed, S: Sink>(feed: &mut F, length: u32, ids: IdSize, sink: &mut S) {
    let kept = length.min(MAX_STRING + 8) as usize;
    let at = feed.at();
    let bytes = feed.peek(RECORD_HEAD + kept);
    let mut f = Fields::new(bytes.get(RECORD_HEAD..).unwrap_or_default(), at, ids);
    if let Ok(id) = f.id("string: id") {
        let text = f.take(kept.saturating_sub(ids.bytes()), "string: text");
        if let Ok(text) = text {
            sink.string(id, text);
        }
    } else if length < ids.bytes() as u32 {
        let error = ParseError {
            at,
            what: "a string shorter than its identifier".into(),
            kind: ParseErrorKind::Unexpected,
        };
        sink.issue(error, u64::from(length));
    }
}

fn load_class<F: Feed, S: Sink>(feed: &mut F, length: u32, ids: IdSize, sink: &mut S) {
    let at = feed.at();
    let wanted = 8 + 2 * ids.bytes();
    let bytes = feed.peek(RECORD_HEAD + wanted.min(length as usize));
    let mut f = Fields::new(bytes.get(RECORD_HEAD..).unwrap_or_default(), at, ids);
    let mut read = || -> Result<(u64, u64), ParseError> {
        f.u4("loaded class: serial")?;
        let class = f.id("loaded class: id")?;
        f.u4("loaded class: stack serial")?;
        Ok((class, f.id("loaded class: name")?))
    };
    match read() {
        Ok((class, name)) => sink.load_class(class, name),
        Err(error) if (length as usize) < wanted => sink.issue(error, u64::from(length)),
        Err(_) => {} // the input ends here, and the caller tells so
    }
}

/// Whether a record can begin at `at`: the end of the input, or a known head whose body fits (that of a segment may be
/// cut off). `None` where the input cannot be looked at ahead.
fn plausible<F: Feed>(feed: &F, at: u64) -> Option<bool> {
    let len = feed.len()?;
    if at >= len {
        return Some(at == len);
    }
    let head = feed.look(at, RECORD_HEAD)?;
    Some(plausible_head(head, Some(len - at)))
}

fn plausible_head(head: &[u8], left: Option<u64>) -> bool {
    let Some((tag, length)) = record_head(head) else {
        return head.first().is_none_or(|tag| known(*tag));
    };
    let untimed = head.get(1..5) == Some(&[0; 4]);
    if !known(tag) || (tag == 0x2c && length != 0) {
        return false;
    }
    match left {
        Some(left) => {
            RECORD_HEAD as u64 + u64::from(length) <= left
                || (untimed && matches!(tag, 0x0c | 0x1c))
        }
        None => untimed && (length < 1 << 28 || matches!(tag, 0x0c | 0x1c)),
    }
}

/// Reads one segment, the feed standing behind its head.
fn segment<F: Feed, S: Sink>(feed: &mut F, length: u32, ids: IdSize, sink: &mut S) {
    let start = feed.at();
    let declared = start + u64::from(length);
    let past_end = feed.len().is_some_and(|len| declared > len);
    let trusted = if past_end {
        Some(true)
    } else {
        plausible(feed, declared)
    };
    if trusted == Some(true) && !past_end && (length == 0 || sink.segment(start, declared)) {
        feed.skip(u64::from(length));
        return;
    }
    let mut end = if trusted == Some(false) {
        u64::MAX
    } else {
        declared
    };
    if let Some(len) = feed.len() {
        let read = sink.ahead(start, end.min(len));
        feed.skip(read.saturating_sub(start));
    }
    loop {
        let stop = heap::walk(feed, end, ids, sink);
        let at = feed.at();
        let error = match stop {
            Stop::Done => {
                // A stream: only here can it be told whether the length was true.
                let next = feed.peek(RECORD_HEAD);
                let Some(&tag) = next.first() else { return };
                if plausible_head(next, None) || !heap::is_tag(tag) {
                    return;
                }
                end = u64::MAX;
                continue;
            }
            Stop::Overrun if end != u64::MAX => {
                end = u64::MAX;
                continue;
            }
            Stop::Cut if feed.is_empty() && end == u64::MAX => return,
            Stop::Cut | Stop::Overrun => {
                let there = feed.skip(u64::MAX);
                let need = if end == u64::MAX { 0 } else { declared - at };
                let error = ParseError {
                    at,
                    what: if need > there {
                        format!("the input ends inside a heap segment: {need} bytes expected, {there} there")
                    } else {
                        format!("the input ends inside an object, {there} bytes before")
                    }
                    .into(),
                    kind: ParseErrorKind::Truncated,
                };
                sink.issue(error, there);
                return;
            }
            Stop::NoTag(_) if end == u64::MAX && plausible_head(feed.peek(RECORD_HEAD), None) => {
                return;
            }
            Stop::NoTag(tag) => ParseError {
                at,
                what: format!("expected a sub-record tag, found {tag:#04x}").into(),
                kind: ParseErrorKind::Unexpected,
            },
            Stop::BadType(ty) => ParseError {
                at,
                what: format!("an array of type {ty}, which is none").into(),
                kind: ParseErrorKind::Unexpected,
            },
            Stop::BadClass(error) => error,
        };
        if end == u64::MAX {
            let from = feed.at();
            find_segment(feed);
            sink.issue(error, feed.at() - from);
        } else {
            let lost = feed.skip(declared - at);
            sink.issue(error, lost);
        }
        return;
    }
}

/// What is told of a walk over a whole segment that stopped at `at`; nothing when it did not.
fn stopped(stop: Stop, at: u64) -> Option<ParseError> {
    let what = match stop {
        Stop::Done => return None,
        Stop::Overrun => "an object reaches over the end of its segment".into(),
        Stop::Cut => "the input ends inside a heap segment".into(),
        Stop::NoTag(tag) => format!("expected a sub-record tag, found {tag:#04x}"),
        Stop::BadType(ty) => format!("an array of type {ty}, which is none"),
        Stop::BadClass(error) => return Some(error),
    };
    Some(ParseError {
        at,
        what: what.into(),
        kind: ParseErrorKind::Unexpected,
    })
}

/// Goes to the next segment head after bytes that are no record.
fn resync<F: Feed, S: Sink>(feed: &mut F, _ids: IdSize, sink: &mut S, tag: u8) {
    let at = feed.at();
    feed.skip(1);
    find_segment(feed);
    let error = ParseError {
        at,
        what: format!("expected a record tag, found {tag:#04x}").into(),
        kind: ParseErrorKind::Unexpected,
    };
    sink.issue(error, feed.at() - at);
}

/// Moves to the next place that looks like the head of a segment, or to the end.
fn find_segment<F: Feed>(feed: &mut F) {
    const WINDOW: usize = 64 << 10;
    loop {
        let window = feed.peek(WINDOW);
        if window.len() < RECORD_HEAD + 1 {
            feed.skip(WINDOW as u64);
            return;
        }
        let last = window.len() - RECORD_HEAD - 1;
        let found = memchr::memchr_iter(0x1c, &window[..=last]).find(|&i| {
            window[i + 1..i + 5] == [0; 4]
                && heap::is_tag(window[i + RECORD_HEAD])
                && window[i + 5..i + 9] != [0; 4]
        });
        match found {
            Some(i) => {
                feed.skip(i as u64);
                let at = feed.at();
                let head = feed.peek(RECORD_HEAD);
                let end = record_head(head).map_or(at, |(_, n)| at + 9 + u64::from(n));
                if plausible(feed, end) != Some(false) || feed.len().is_some_and(|len| end > len) {
                    return;
                }
                feed.skip(1);
            }
            None => {
                feed.skip(last as u64 + 1);
            }
        }
    }
}
