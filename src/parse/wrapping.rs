//! What stands around the lines of a log that went through a container runtime, `kubectl`, `docker compose` or journald.
//!
//! ```text
//! CRI         2024-05-01T10:00:00.123456789+08:00 stdout F text          P in the place of F: the line goes on in the next
//! Docker      {"log":"text\n","stream":"stdout","time":"2024-05-01T10:00:00.123456789Z"}      no \n: it goes on
//! kubectl     [pod/nacos-0/nacos] 2024-05-01T10:00:00.123456789Z text      --prefix, --timestamps, or one of them
//! compose     nacos-1  | text
//! journald    May 01 10:00:00 host nacos[123]: text      or the date as 2024-05-01T10:00:00+0800
//! ```
//!
//! (CRI log format of Kubernetes, `json-file` driver of Docker, journalctl's `short` and `short-iso`.) Colours (`ESC [ … m`),
//! NULs of a hole that a truncated file leaves, and a byte order mark are taken out as well. Each line of what comes out knows
//! where it began in the file.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};

/// What stands around each line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrapping {
    /// Nothing.
    #[default]
    None,
    /// Kubernetes' container runtime interface.
    Cri,
    /// Docker's `json-file` driver.
    DockerJson,
    /// `kubectl logs --prefix`, `--timestamps`, or both; `docker logs --timestamps`.
    Kubectl,
    /// `docker compose logs`.
    Compose,
    /// `journalctl`.
    Journald,
    /// A quotation: `> ` before each line, as mails and forges put it. Of texts that are no log; see [`Wrapping::Pasted`].
    Quoted,
    /// One source of several that were written into one text: lines of the others are passed over. The hash of its name.
    OneOf(Framing, u64),
    /// What people and their tools add when they paste a log: see [`super::pasted`]. Such a text is read at once.
    Pasted,
}

/// Wrappings that name the source of each line: a pod and its container, a service, a host and a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "as in Wrapping")]
pub enum Framing {
    Kubectl,
    Compose,
    Journald,
}

impl Framing {
    fn whole(self) -> Wrapping {
        match self {
            Self::Kubectl => Wrapping::Kubectl,
            Self::Compose => Wrapping::Compose,
            Self::Journald => Wrapping::Journald,
        }
    }
}

/// Name of the source of a line: where it runs, and which of several there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceName {
    /// Pod, service or host: what runs one server.
    pub place: Vec<u8>,
    /// Container or unit in it; empty for a service.
    pub part: Vec<u8>,
}

impl SourceName {
    /// FNV-1a: the same on every machine.
    fn hash(place: &[u8], part: &[u8]) -> u64 {
        let all = place.iter().chain(b"/").chain(part);
        all.fold(0xcbf2_9ce4_8422_2325, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// One line without what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner<'a> {
    text: Cow<'a, [u8]>,
    /// Which of two streams it is of: 0 or 1.
    stream: usize,
    /// The line goes on in the next one of the stream.
    partial: bool,
}

impl<'a> Inner<'a> {
    fn whole(text: &'a [u8]) -> Self {
        Self {
            text: Cow::Borrowed(text),
            stream: 0,
            partial: false,
        }
    }
}

/// `2024-05-01T10:00:00[.123456789](Z|+08:00|+0800)` and one blank: what follows.
fn after_instant(line: &[u8]) -> Option<&[u8]> {
    let ok = line.len() > 20
        && line[4] == b'-'
        && line[7] == b'-'
        && line[10] == b'T'
        && line[13] == b':'
        && line[16] == b':'
        && line[0].is_ascii_digit();
    if !ok {
        return None;
    }
    let blank = memchr(b' ', line)?;
    let zone = &line[19..blank];
    let zone = match zone.strip_prefix(b".") {
        Some(rest) => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            &rest[digits..]
        }
        None => zone,
    };
    let zoned = zone == b"Z"
        || (matches!(zone.first(), Some(b'+' | b'-'))
            && (zone.len() == 5 || (zone.len() == 6 && zone[3] == b':'))
            && zone[1..].iter().all(|b| b.is_ascii_digit() || *b == b':'));
    zoned.then(|| &line[blank + 1..])
}

fn cri(line: &[u8]) -> Option<Inner<'_>> {
    let rest = after_instant(line)?;
    let (stream, rest) = match rest {
        [b's', b't', b'd', b'o', b'u', b't', b' ', rest @ ..] => (0, rest),
        [b's', b't', b'd', b'e', b'r', b'r', b' ', rest @ ..] => (1, rest),
        _ => return None,
    };
    let (partial, rest) = match rest {
        [b'F'] => (false, &rest[1..]),
        [b'F', b' ', rest @ ..] | [b'F', b':', rest @ ..] => (false, rest),
        [b'P', b' ', rest @ ..] | [b'P', b':', rest @ ..] => (true, rest),
        _ => return None,
    };
    Some(Inner {
        text: Cow::Borrowed(rest),
        stream,
        partial,
    })
}

const DOCKER: &[u8] = b"{\"log\":\"";

fn docker(line: &[u8]) -> Option<Inner<'_>> {
    let rest = line.strip_prefix(DOCKER)?;
    let (text, rest) = json_text(rest)?;
    let stream = usize::from(memmem::find(rest, b"\"stream\":\"stderr\"").is_some());
    let (text, partial) = match text {
        Cow::Borrowed(t) => (Cow::Borrowed(t), true),
        Cow::Owned(mut t) => {
            let ended = t.last() == Some(&b'\n');
            if ended {
                t.pop();
            }
            (Cow::Owned(t), !ended)
        }
    };
    Some(Inner {
        text,
        stream,
        partial,
    })
}

/// The text of a JSON string behind its opening quote, and what follows the closing one. A cut-off string is taken as far
/// as it goes.
fn json_text(rest: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let stop = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    if rest.get(stop) != Some(&b'\\') {
        return Some((
            Cow::Borrowed(&rest[..stop]),
            rest.get(stop + 1..).unwrap_or_default(),
        ));
    }
    let mut out = Vec::with_capacity(rest.len());
    let mut at = 0;
    loop {
        let stop = memchr2(b'"', b'\\', &rest[at..]).map_or(rest.len(), |i| at + i);
        out.extend_from_slice(&rest[at..stop]);
        match (rest.get(stop), rest.get(stop + 1)) {
            (Some(b'\\'), Some(escape)) => {
                at = stop + 2;
                match escape {
                    b'n' => out.push(b'\n'),
                    b't' => out.push(b'\t'),
                    b'r' => out.push(b'\r'),
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    b'u' => at += unicode(&rest[at..], &mut out),
                    other => out.push(*other),
                }
            }
            (Some(b'"'), _) => return Some((Cow::Owned(out), &rest[stop + 1..])),
            _ => return Some((Cow::Owned(out), &[])),
        }
    }
}

/// `003c`, or the two halves of a surrogate pair; how many bytes were used.
fn unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let hex = |t: &[u8]| {
        std::str::from_utf8(t.get(..4)?)
            .ok()
            .and_then(|t| u32::from_str_radix(t, 16).ok())
    };
    let Some(high) = hex(rest) else { return 0 };
    let (code, used) = match (high, rest.get(4..6)) {
        (0xd800..=0xdbff, Some(b"\\u")) => match hex(&rest[6..]) {
            Some(low @ 0xdc00..=0xdfff) => (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 10),
            _ => (high, 4),
        },
        _ => (high, 4),
    };
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

fn kubectl(line: &[u8]) -> Option<&[u8]> {
    let rest = match line.strip_prefix(b"[pod/") {
        Some(rest) => {
            let end = memchr(b']', &rest[..rest.len().min(512)])?;
            rest[end + 1..]
                .strip_prefix(b" ")
                .unwrap_or(&rest[end + 1..])
        }
        None => return after_instant_or_end(line),
    };
    Some(after_instant_or_end(rest).unwrap_or(rest))
}

/// As [`after_instant`]; the line may be empty behind it.
fn after_instant_or_end(line: &[u8]) -> Option<&[u8]> {
    match after_instant(line) {
        Some(rest) => Some(rest),
        None if line.len() <= 36 && line.ends_with(b"Z") && line.get(10) == Some(&b'T') => {
            Some(&[])
        }
        None => None,
    }
}

fn compose(line: &[u8]) -> Option<&[u8]> {
    let bar = memchr(b'|', &line[..line.len().min(64)])?;
    let name = line[..bar].strip_suffix(b" ")?.trim_ascii_end();
    let is_name = !name.is_empty()
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !name.iter().all(u8::is_ascii_digit);
    let rest = &line[bar + 1..];
    is_name.then(|| rest.strip_prefix(b" ").unwrap_or(rest))
}

fn journald(line: &[u8]) -> Option<&[u8]> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let rest = match after_instant(line) {
        Some(rest) => rest,
        None => {
            let dated = line.len() > 16
                && MONTHS.chunks(3).any(|m| line.starts_with(m))
                && line[3] == b' '
                && line[6] == b' '
                && line[9] == b':'
                && line[12] == b':'
                && matches!(line[15], b' ' | b'.');
            if !dated {
                return None;
            }
            let blank = memchr(b' ', &line[15..])?;
            &line[15 + blank + 1..]
        }
    };
    // host unit[pid]: text
    let host = memchr(b' ', &rest[..rest.len().min(256)])?;
    let tail = &rest[host + 1..];
    let colon = memmem::find(&tail[..tail.len().min(256)], b"]:")?;
    let unit = &tail[..colon];
    let open = memchr(b'[', unit)?;
    let is_unit = !unit[..open].contains(&b' ')
        && unit.len() > open + 1
        && unit[open + 1..].iter().all(u8::is_ascii_digit);
    let text = &tail[colon + 2..];
    is_unit.then(|| text.strip_prefix(b" ").unwrap_or(text))
}

/// Length of what stands before the text of `> text`, `> > text`.
fn quoted(line: &[u8]) -> Option<usize> {
    let mut text = line.trim_ascii_start().strip_prefix(b">")?;
    while let Some(inner) = text.trim_ascii_start().strip_prefix(b">") {
        text = inner;
    }
    Some(line.len() - text.len())
}

/// A quoted line with blanks in the place of the marks: what is no log is found by its offsets, and these stay.
fn blanked(line: &[u8]) -> Option<Inner<'_>> {
    let marks = quoted(line)?;
    let mut text = line.to_vec();
    text[..marks].fill(b' ');
    Some(Inner {
        text: Cow::Owned(text),
        stream: 0,
        partial: false,
    })
}

/// Pod and container of `[pod/nacos-0/nacos] …`, service of `nacos-1  | …`, host and unit of a journal's line.
fn source_of(framing: Framing, line: &[u8]) -> Option<(&[u8], &[u8])> {
    match framing {
        Framing::Kubectl => {
            let rest = line.strip_prefix(b"[pod/")?;
            let name = &rest[..memchr(b']', &rest[..rest.len().min(512)])?];
            Some(match memchr(b'/', name) {
                Some(i) => (&name[..i], &name[i + 1..]),
                None => (name, b""),
            })
        }
        Framing::Compose => {
            compose(line)?;
            let bar = memchr(b'|', line)?;
            Some((line[..bar].trim_ascii_end(), b""))
        }
        Framing::Journald => {
            journald(line)?;
            let colon = memmem::find(line, b"]:")?;
            let unit_end = memchr::memrchr(b'[', &line[..colon])?;
            let unit = memchr::memrchr(b' ', &line[..unit_end])?;
            let host = memchr::memrchr(b' ', &line[..unit]).map_or(0, |i| i + 1);
            Some((&line[host..unit], &line[unit + 1..unit_end]))
        }
    }
}

impl Wrapping {
    /// The kinds that name sources.
    #[must_use]
    pub fn framing(self) -> Option<Framing> {
        match self {
            Self::Kubectl => Some(Framing::Kubectl),
            Self::Compose => Some(Framing::Compose),
            Self::Journald => Some(Framing::Journald),
            _ => None,
        }
    }

    /// The source that a line, its end off, names.
    #[must_use]
    pub fn source(self, line: &[u8]) -> Option<SourceName> {
        let (place, part) = source_of(self.framing()?, without_dirt_in_front(line))?;
        Some(SourceName {
            place: place.to_vec(),
            part: part.to_vec(),
        })
    }

    /// The lines of one source alone.
    #[must_use]
    pub fn only(self, source: &SourceName) -> Self {
        match self.framing() {
            Some(f) => Self::OneOf(f, SourceName::hash(&source.place, &source.part)),
            None => self,
        }
    }

    /// Whether a line is of the source wanted, if one is.
    fn wants(self, line: &[u8]) -> bool {
        match self {
            Self::OneOf(f, hash) => source_of(f, line)
                .is_some_and(|(place, part)| SourceName::hash(place, part) == hash),
            _ => true,
        }
    }

    /// Whether all but a few lines of a text are quoted.
    #[must_use]
    pub fn is_quoted(head: &[u8]) -> bool {
        let lines = head
            .split(|&b| b == b'\n')
            .filter(|l| !l.trim_ascii().is_empty());
        let (all, quotes) = lines.fold((0_usize, 0_usize), |(all, quotes), l| {
            (all + 1, quotes + usize::from(quoted(l).is_some()))
        });
        quotes > 0 && quotes * 5 >= all * 4
    }

    const ALL: [Self; 5] = [
        Self::Cri,
        Self::DockerJson,
        Self::Journald,
        Self::Kubectl,
        Self::Compose,
    ];

    fn inner(self, line: &[u8]) -> Option<Inner<'_>> {
        match self {
            Self::None | Self::Pasted => Some(Inner::whole(line)),
            Self::OneOf(f, _) => f.whole().inner(line),
            Self::Cri => cri(line),
            Self::DockerJson => docker(line),
            Self::Kubectl => kubectl(line).map(Inner::whole),
            Self::Compose => compose(line).map(Inner::whole),
            Self::Journald => journald(line).map(Inner::whole),
            Self::Quoted => blanked(line),
        }
    }

    /// What stands around the lines of which these are the first. At least four in five must show it.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        let head = head.strip_prefix(BOM).unwrap_or(head);
        let lines: Vec<&[u8]> = head
            .split(|&b| b == b'\n')
            .map(without_line_end)
            .filter(|l| !l.is_empty())
            .take(50)
            .collect();
        // The last one may be cut.
        let lines = match lines.len() {
            0 => return Self::None,
            1 => &lines[..],
            n => &lines[..n - 1],
        };
        Self::ALL
            .into_iter()
            .find(|w| {
                let hits = lines.iter().filter(|l| w.inner(l).is_some()).count();
                hits * 5 >= lines.len() * 4
            })
            .unwrap_or_default()
    }

    /// The text of a line, whose line end is off; the line itself where nothing stands around it. And whether it goes on in
    /// the next line.
    #[must_use]
    pub fn text(self, line: &[u8]) -> (Cow<'_, [u8]>, bool) {
        if !self.wants(line) {
            return (Cow::Borrowed(&[]), false);
        }
        match self.inner(line) {
            Some(i) => (i.text, i.partial),
            None => (Cow::Borrowed(line), false),
        }
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
const ESCAPE: u8 = 0x1b;

pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a text holds colours or NULs, or begins with a byte order mark.
#[must_use]
pub fn is_dirty(bytes: &[u8]) -> bool {
    bytes.starts_with(BOM) || memchr2(ESCAPE, 0, bytes).is_some()
}

/// `line` without what a line may begin with before its text: a byte order mark, NULs, colours.
#[must_use]
pub fn without_dirt_in_front(mut line: &[u8]) -> &[u8] {
    loop {
        line = match line {
            [0xef, 0xbb, 0xbf, rest @ ..] | [0, rest @ ..] => rest,
            [ESCAPE, b'[', rest @ ..] => {
                match rest.iter().take(32).position(|b| b.is_ascii_alphabetic()) {
                    Some(end) => &rest[end + 1..],
                    None => return line,
                }
            }
            _ => return line,
        }
    }
}

/// Adds `text` to `out` without colours, NULs and a byte order mark in front.
pub(super) fn push_clean(text: &[u8], out: &mut Vec<u8>) {
    let mut text = text.strip_prefix(BOM).unwrap_or(text);
    while let Some(at) = memchr2(ESCAPE, 0, text) {
        out.extend_from_slice(&text[..at]);
        text = &text[at..];
        let rest = without_dirt_in_front(text);
        text = if rest.len() == text.len() {
            &text[1..]
        } else {
            rest
        };
    }
    out.extend_from_slice(text);
}

/// Where the lines of an unwrapped text began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineMap {
    /// Index in the unwrapped text, index in the text as stored, lines before it there. Ascending in the first.
    starts: Vec<(usize, usize, u32)>,
}

impl LineMap {
    /// Notes where the line that begins at `at` of the unwrapped text was stored.
    pub(super) fn add(&mut self, at: usize, source: usize, lines_before: u32) {
        self.starts.push((at, source, lines_before));
    }

    /// Where the byte at `at` of the unwrapped text stands in the text as stored: the index, within the line only nearly, and
    /// the lines before it.
    #[must_use]
    pub fn source(&self, at: usize) -> (usize, u32) {
        let i = self.starts.partition_point(|(a, _, _)| *a <= at);
        match i.checked_sub(1).and_then(|i| self.starts.get(i)) {
            Some(&(_, source, lines)) => (source, lines),
            None => (0, 0),
        }
    }

    /// Index in the unwrapped text of the line that begins at `source` of the text as stored, where no line was put together
    /// from several.
    #[must_use]
    pub fn unwrapped(&self, source: usize) -> usize {
        let i = self.starts.partition_point(|(_, s, _)| *s < source);
        self.starts.get(i).map_or(0, |(at, _, _)| *at)
    }
}

/// Takes off what stands around the lines of `bytes`, which begin at the start of a line.
#[must_use]
pub fn unwrap(bytes: &[u8], wrapping: Wrapping) -> (Vec<u8>, LineMap) {
    if wrapping == Wrapping::Pasted {
        return super::pasted::mend(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut map = LineMap::default();
    // The begun line of each stream: its text, and where it began.
    let mut begun: [Option<(Vec<u8>, usize, u32)>; 2] = [None, None];
    let mut at = 0;
    for (number, line) in (0u32..).zip(bytes.split_inclusive(|&b| b == b'\n')) {
        let source = at;
        at += line.len();
        let text = without_line_end(line);
        let text = if wrapping == Wrapping::None {
            text
        } else {
            without_dirt_in_front(text)
        };
        if !wrapping.wants(text) {
            continue;
        }
        let inner = wrapping.inner(text).unwrap_or_else(|| Inner::whole(text));
        let slot = &mut begun[inner.stream.min(1)];
        if inner.partial && line.ends_with(b"\n") {
            let (begun, _, _) = slot.get_or_insert_with(|| (Vec::new(), source, number));
            push_clean(&inner.text, begun);
            continue;
        }
        match slot.take() {
            Some((text, source, number)) => {
                map.starts.push((out.len(), source, number));
                out.extend_from_slice(&text);
            }
            None => map.starts.push((out.len(), source, number)),
        }
        push_clean(&inner.text, &mut out);
        // A text of several lines in one (Docker): each is one that begins where the whole does.
        if line.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    for (text, source, number) in begun.into_iter().flatten() {
        map.starts.push((out.len(), source, number));
        out.extend_from_slice(&text);
        out.push(b'\n');
    }
    (out, map)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "2024-05-01 10:00:00,123 ERROR a \"b\" \\ c\n\njava.lang.X: y\n\tat z\n2024-05-01 10:00:01,000 INFO ü\n";

    fn check(wrapping: Wrapping, stored: &str) {
        assert_eq!(Wrapping::of(stored.as_bytes()), wrapping);
        let (text, map) = unwrap(stored.as_bytes(), wrapping);
        assert_eq!(String::from_utf8(text).unwrap(), PLAIN);
        let second = PLAIN.find("2024-05-01 10:00:01").unwrap();
        let (at, lines) = map.source(second);
        assert_eq!(lines, 4);
        assert_eq!(stored[..at].matches('\n').count(), 4);
    }

    fn each_line(f: impl Fn(&str) -> String) -> String {
        PLAIN.lines().map(|l| f(l) + "\n").collect()
    }

    #[test]
    fn each_wrapping_is_recognised_taken_off_and_leads_back_to_its_line() {
        check(
            Wrapping::Cri,
            &each_line(|l| format!("2024-05-01T10:00:00.123456789+08:00 stdout F {l}")),
        );
        check(
            Wrapping::DockerJson,
            &each_line(|l| {
                let l = l
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\t', "\\t")
                    .replace('ü', "\\u00fc");
                format!(
                    "{{\"log\":\"{l}\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T10:00:00.1Z\"}}"
                )
            }),
        );
        check(
            Wrapping::Kubectl,
            &each_line(|l| format!("[pod/nacos-0/nacos] 2024-05-01T10:00:00.123456789Z {l}")),
        );
        check(
            Wrapping::Kubectl,
            &each_line(|l| format!("[pod/nacos-0/nacos] {l}")),
        );
        check(
            Wrapping::Kubectl,
            &each_line(|l| format!("2024-05-01T10:00:00.123456789Z {l}")),
        );
        check(Wrapping::Compose, &each_line(|l| format!("nacos-1  | {l}")));
        check(
            Wrapping::Journald,
            &each_line(|l| format!("May 01 10:00:00 host nacos[123]: {l}")),
        );
        check(
            Wrapping::Journald,
            &each_line(|l| format!("2024-05-01T10:00:00+0800 host nacos[123]: {l}")),
        );
    }

    #[test]
    fn a_line_that_the_runtime_cut_is_joined_stream_by_stream() {
        let stored = "2024-05-01T10:00:00.1Z stdout P one \n2024-05-01T10:00:00.1Z stderr F other\n2024-05-01T10:00:00.1Z stdout F two\n";
        let (text, map) = unwrap(stored.as_bytes(), Wrapping::Cri);
        assert_eq!(text, b"other\none two\n");
        assert_eq!(map.source(7), (0, 0));
        assert_eq!(map.source(0).1, 1);
        let stored = "{\"log\":\"one \",\"stream\":\"stdout\"}\n{\"log\":\"two\\n\",\"stream\":\"stdout\"}\n";
        assert_eq!(
            unwrap(stored.as_bytes(), Wrapping::DockerJson).0,
            b"one two\n"
        );
    }

    #[test]
    fn colours_nuls_and_a_byte_order_mark_are_taken_out() {
        let stored = b"\xef\xbb\xbf\x1b[32m2024\x1b[0m a\0\0b\r\n\0\0\0c\x1b d\n";
        assert!(is_dirty(stored));
        assert_eq!(unwrap(stored, Wrapping::None).0, b"2024 ab\nc d\n");
    }

    #[test]
    fn an_ordinary_log_is_not_wrapped() {
        for text in [
            PLAIN,
            "10.0.0.1|cfg|DEFAULT_GROUP\n10.0.0.1|cfg|DEFAULT_GROUP\n10.0.0.1|x\n",
            "2024-05-01 10:00:00,000|3|200|10.0.0.9|get\n2024-05-01 10:00:00,000|3|200|10.0.0.9|get\n",
            "2024-05-01T10:00:00.123+0800: 12.3: [GC (Allocation Failure)\n",
            "",
        ] {
            assert_eq!(Wrapping::of(text.as_bytes()), Wrapping::None, "{text}");
        }
    }
}
