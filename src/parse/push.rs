//! The commonest records of naming-push.log, cut in a few dozen instructions.
//!
//! ```text
//! 2024-05-01 10:00:00,123 INFO [PUSH-SUCC] 361ms, all delay time 1028ms, SLA 1053ms, Service{…, ephemeral=true, revision=17}, originalSize=4, DataSize=3, target=10.31.5.22
//! 2024-05-01 10:00:00,124 INFO [PUSH] Task merge for Service{…, ephemeral=true, revision=17}
//! ```
//!
//! Only the exact form is read here: numbers of one to seven digits, a target of one to fifteen bytes, at most one empty line
//! behind the record and a date in the line behind that. Whatever differs in anything is left to [`super::record`] and the
//! statement table, which read these forms to the same fields. Nothing is searched for but the end of the service: each
//! byte of a record is compared with what has to stand there, and the two texts that may be anything are given out, for
//! the caller to see once whether they are [`plain`](is_plain_service).

use memchr::{memchr, memchr3};

use super::failure;
use super::record::HeadReader;
use super::vector::{find16, find32, find64};
use crate::units::WallTime;

/// A record of one of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    /// When it was written.
    pub time: WallTime,
    /// The text between `Service{` and `, ephemeral=`.
    pub service: &'a [u8],
    /// All bytes from there on: at least as many as the service has, rounded up to 64.
    pub from_service: &'a [u8],
    /// The service's revision.
    pub revision: u32,
    /// What the client was sent; `None` where tasks were merged, which is only counted.
    pub sent: Option<Sent>,
    /// Its first line, without its line end.
    pub line: &'a [u8],
    /// Index of its first byte.
    pub at: usize,
    /// Lines before it.
    pub lines_before: u32,
    /// Where it ends, and how many lines it has.
    end: (usize, u32),
    /// The date of the record behind; none at the end of the bytes.
    next: Option<i64>,
}

impl Push<'_> {
    /// Bytes of the record, the empty line behind it included.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a record is never empty")]
    pub fn len(&self) -> usize {
        self.end.0 - self.at
    }
}

/// An acknowledged push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// To whom, as written: up to fifteen bytes, the first in the lowest place. Equal texts are equal numbers.
    pub target: u128,
    /// Length of the same, in bytes; it stands at the end of the line.
    pub target_len: usize,
    /// Instances sent.
    pub instances: u32,
}

impl Sent {
    /// Whether the target is made of digits and full stops, as nearly all are: a plain one ([`is_plain_target`]).
    #[inline(always)]
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        // `.` to `9`; what is behind the end becomes such a byte.
        const FROM: u128 = 0x2e * WIDE_ONES;
        const TO: u128 = (0x7f - 0x39) * WIDE_ONES;
        let text = self.target | FROM & !(u128::MAX >> (128 - 8 * self.target_len.clamp(1, 16)));
        let below = !((text | WIDE_HIGH) - FROM);
        let above = (text & !WIDE_HIGH) + TO;
        (below | above | text) & WIDE_HIGH == 0
    }

    /// The target as bytes.
    #[must_use]
    pub fn target<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        &line[line.len().saturating_sub(self.target_len)..]
    }
}

/// A push that failed, told in one line, with an empty line behind it:
/// `… ERROR [PUSH-FAIL] 5003ms, Service{…, ephemeral=true, revision=17}, reason=…, target=10.31.5.22`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed<'a> {
    /// When it was written.
    pub time: WallTime,
    /// How long before the push was sent.
    pub cost_ms: u32,
    /// As in [`Push`].
    pub service: &'a [u8],
    /// As in [`Push`].
    pub from_service: &'a [u8],
    /// The service's revision.
    pub revision: u32,
    /// Why it failed: text of a client or of the runtime.
    pub reason: &'a [u8],
    /// To whom it was sent; the instances are not told.
    pub target: Sent,
    /// Its first line, without its line end.
    pub line: &'a [u8],
    /// Index of its first byte.
    pub at: usize,
    /// Lines before it.
    pub lines_before: u32,
    /// Where it ends.
    end: usize,
    next: i64,
}

impl Failed<'_> {
    /// Bytes of the record, the empty line behind it included.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a record is never empty")]
    pub fn len(&self) -> usize {
        self.end - self.at
    }
}

/// Whether a service's text holds nothing that makes its record another: a line end, a brace that would end it before, what
/// [`super::wrapping::is_dirty`] looks for, or words of an allocation failure. No words of those reach over its edges.
#[must_use]
pub fn is_plain_service(text: &[u8]) -> bool {
    memchr3(b'\n', 0, 0x1b, text).is_none()
        && !text.contains(&b'}')
        && failure::find(text).next().is_none()
}

/// The same of a target; and the last `, target=` of its line is the one before it.
#[must_use]
pub fn is_plain_target(text: &[u8]) -> bool {
    !text.iter().any(|b| matches!(b, b'=' | b'\r' | 0 | 0x1b))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const WIDE_ONES: u128 = u128::MAX / 255;
const WIDE_HIGH: u128 = 0x80 * WIDE_ONES;
/// Longest service text looked at.
const SERVICE_MAX: usize = 1024;
/// From the start of a record to that of its service, at the most.
const HEAD: usize = 112;

/// Steps over a literal.
#[inline(always)]
fn over<const M: usize, const N: usize>(
    text: &[u8; M],
    at: usize,
    literal: &[u8; N],
) -> Option<usize> {
    (text.get(at..)?.first_chunk::<N>()? == literal).then_some(at + N)
}

/// The highest bit of each byte that is no digit, of bytes from which `0` was taken.
#[inline(always)]
fn others(digits: u64) -> u64 {
    (((digits & (0x7f * ONES)) + 0x76 * ONES) | digits) & HIGH
}

/// One to seven digits from `at` on: eight bytes from which `0` was taken, and how many of them are digits.
#[inline(always)]
fn digits<const M: usize>(text: &[u8; M], at: usize) -> Option<(u64, usize)> {
    let bytes = u64::from_le_bytes(*text.get(at..)?.first_chunk()?) ^ (0x30 * ONES);
    let n = (others(bytes).trailing_zeros() / 8) as usize;
    (1..8).contains(&n).then_some((bytes, n))
}

/// Steps over one to seven digits.
#[inline(always)]
fn over_digits<const M: usize>(text: &[u8; M], at: usize) -> Option<usize> {
    digits(text, at).map(|(_, n)| at + n)
}

/// The value of eight digits, the first in the lowest place.
#[inline(always)]
fn value(digits: u64) -> u32 {
    let v = digits.wrapping_mul(10) + (digits >> 8);
    let high = (v & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = ((v >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    (high.wrapping_add(low) >> 32) as u32
}

/// The one to seven digits at the end of `text`: how many, and their value.
#[inline(always)]
fn last_digits(text: &[u8]) -> Option<(usize, u32)> {
    let bytes = u64::from_le_bytes(*text.last_chunk()?) ^ (0x30 * ONES);
    let n = (others(bytes).leading_zeros() / 8) as usize;
    // Noughts in front.
    (1..8)
        .contains(&n)
        .then(|| (n, value(bytes & (u64::MAX << (64 - 8 * n)))))
}

/// What stands before the revision in `text`, which ends where the service's `}` stands; and the revision.
#[inline(always)]
fn name_and_revision(text: &[u8]) -> Option<(&[u8], u32)> {
    let (n, revision) = last_digits(text)?;
    let text = &text[..text.len() - n];
    // Compared as a whole: a pattern would be compared byte by byte.
    let is_true = |end: &[u8; 27]| end == b", ephemeral=true, revision=";
    let name = if text.last_chunk().is_some_and(is_true) {
        &text[..text.len() - 27]
    } else {
        text.strip_suffix(b", ephemeral=false, revision=")?
    };
    Some((name, revision))
}

/// Where the text of the service begins, of an acknowledged push whose `-SUCC` stands at `i`.
#[inline(always)]
fn succ_begin(head: &[u8; HEAD], i: usize) -> Option<usize> {
    // Three numbers of one to seven digits, and what stands between them.
    const FROM: usize = 80;
    let brace = find32(head[FROM..].first_chunk()?, b'{').trailing_zeros() as usize;
    let i = over(head, i, b"-SUCC] ")?;
    let i = over(head, over_digits(head, i)?, b"ms, all delay time ")?;
    let i = over(head, over_digits(head, i)?, b"ms, SLA ")?;
    let i = over(head, over_digits(head, i)?, b"ms, Service{")?;
    (i == FROM + brace + 1).then_some(FROM + brace + 1)
}

/// Index of the first `}` behind where it can stand first, in the text of a service.
#[inline(always)]
fn close(text: &[u8]) -> Option<usize> {
    // `, ephemeral=true, revision=1` comes before it.
    let mut at = 28;
    while at < SERVICE_MAX {
        let found = find64(text.get(at..)?.first_chunk()?, b'}');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += 64;
    }
    None
}

/// What an acknowledged push says behind its service, and where its line ends, the line feed being at `line_feed`.
#[inline(always)]
fn sent(tail: &[u8; 64], line_feed: usize) -> Option<(Sent, usize)> {
    let i = match over(tail, 0, b", originalSize=") {
        Some(i) => over_digits(tail, i)?,
        None => 0,
    };
    let i = over(tail, i, b", DataSize=")?;
    let (instances, n) = digits(tail, i)?;
    let instances = value(instances << (64 - 8 * n));
    let i = over(tail, i + n, b", target=")?;
    // Of 64 there is no line feed.
    let before = tail.get(..line_feed)?;
    let line_end = line_feed - usize::from(before.last() == Some(&b'\r'));
    let len = line_end.checked_sub(i)?;
    if !(1..16).contains(&len) {
        return None;
    }
    let text = u128::from_le_bytes(*tail.get(i..)?.first_chunk::<16>()?);
    let sent = Sent {
        target: text & (u128::MAX >> (128 - 8 * len)),
        target_len: len,
        instances,
    };
    Some((sent, line_end))
}

/// Where a record whose line ends at `at` ends, the empty line behind it included; and how many lines it has.
#[inline(always)]
fn ending(tail: &[u8; 64], line_ends: u64, at: usize) -> Option<(usize, u32)> {
    match (line_ends >> (at & 63)) & 3 {
        3 if at < 63 => Some((at + 2, 2)),
        1 if tail.get(at + 1).is_some_and(|b| *b != b'\r') => Some((at + 1, 1)),
        _ => ending_by_bytes(tail, at),
    }
}

/// [`ending`] where a carriage return stands.
#[cold]
fn ending_by_bytes(tail: &[u8; 64], mut at: usize) -> Option<(usize, u32)> {
    let mut lines = 0;
    for _ in 0..2 {
        let carriage = usize::from(*tail.get(at)? == b'\r');
        if *tail.get(at + carriage)? == b'\n' {
            at += carriage + 1;
            lines += 1;
        }
    }
    (lines > 0).then_some((at, lines))
}

/// Walks over records of these forms, from the start of one on.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: u32,
    /// Date of the record at `at`.
    time: Option<i64>,
    /// A date up to the comma, and its milliseconds: neighbours share them.
    second: [u8; 20],
    second_ms: i64,
    reader: HeadReader,
}

impl<'a> Walk<'a> {
    /// Over records of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            lines: 0,
            time: None,
            second: [0; 20],
            second_ms: 0,
            reader: HeadReader::default(),
        }
    }

    /// Goes on at the record at `at`, before which `lines` lines stand.
    pub fn resume(&mut self, at: usize, lines: u32) {
        (self.at, self.lines) = (at, lines);
        self.time = self.date(at);
    }

    /// Where the next record begins, and how many lines stand before it.
    #[must_use]
    pub fn position(&self) -> (usize, u32) {
        (self.at, self.lines)
    }

    /// The date of a record head at `at`.
    #[inline(always)]
    fn date(&mut self, at: usize) -> Option<i64> {
        let head: &[u8; 24] = self.bytes.get(at..)?.first_chunk()?;
        let last = u32::from_le_bytes([head[20], head[21], head[22], head[23]]) ^ 0x2030_3030;
        let other = ((last.wrapping_add(0x0076_7676)) | last) & 0xff80_8080;
        if head[..20] == self.second && other == 0 {
            let ms = (last & 0xff) * 100 + (last >> 8 & 0xff) * 10 + (last >> 16);
            return Some(self.second_ms + i64::from(ms));
        }
        self.other_second(at)
    }

    #[cold]
    #[inline(never)]
    fn other_second(&mut self, at: usize) -> Option<i64> {
        let line = &self.bytes[at..];
        let time = self.reader.read(line)?.time;
        self.second = *line.first_chunk()?;
        self.second_ms = time.0 - time.0.rem_euclid(1000);
        Some(time.0)
    }

    /// The record at hand, if it is of one of the forms. It stays at hand until [`Self::pass`].
    ///
    /// Where the next record begins is found by three short searches, each a step behind the other; that all between has
    /// the form is seen beside that, so that the processor is at the next record already while it sees to this one.
    #[inline(always)]
    pub fn peek(&mut self) -> Option<Push<'a>> {
        let time = self.time?;
        let at = self.at;
        let head: &[u8; HEAD] = self.bytes.get(at..)?.first_chunk()?;
        let i = over(head, 23, b" INFO [PUSH")?;
        let (begin, is_merge) = if head[i] == b'-' {
            (succ_begin(head, i)?, false)
        } else {
            (over(head, i, b"] Task merge for Service{")?, true)
        };
        let text = &self.bytes[at + begin..];
        let close = close(text)?;
        let (service, revision) = name_and_revision(&text[..close])?;

        let tail = text.get(close + 1..)?;
        let near: &[u8; 64] = tail.first_chunk()?;
        let line_ends = find64(near, b'\n');
        let sent = if is_merge {
            None
        } else {
            Some(sent(near, line_ends.trailing_zeros() as usize)?)
        };
        let line_end = sent.as_ref().map_or(0, |(_, end)| *end);
        let (len, lines) = ending(near, line_ends, line_end)?;

        let behind = at + begin + close + 1;
        let end = behind + len;
        let next = self.date(end);
        if next.is_none() && end < self.bytes.len() {
            return None;
        }
        Some(Push {
            time: WallTime(time),
            service,
            from_service: text,
            revision,
            sent: sent.map(|(sent, _)| sent),
            line: &self.bytes[at..behind + line_end],
            at,
            lines_before: self.lines,
            end: (end, lines),
            next,
        })
    }

    /// The record at hand, if it is a failed push of the one form. It stays at hand until [`Self::pass_failed`].
    pub fn peek_failed(&mut self) -> Option<Failed<'a>> {
        /// Longest reason looked at.
        const REASON_MAX: usize = 512;
        let time = self.time?;
        let at = self.at;
        let head: &[u8; HEAD] = self.bytes.get(at..)?.first_chunk()?;
        let i = over(head, 23, b" ERROR [PUSH-FAIL] ")?;
        let (cost, n) = digits(head, i)?;
        let begin = at + over(head, i + n, b"ms, Service{")?;
        let text = &self.bytes[begin..];
        let close = close(text)?;
        let (service, revision) = name_and_revision(&text[..close])?;
        let rest = text[close + 1..].strip_prefix(b", reason=")?;
        let rest = &rest[..memchr(b'\n', &rest[..rest.len().min(REASON_MAX)])?];
        // What stands behind the last `=`.
        let last = rest.last_chunk::<16>()?;
        let len = find16(last, b'=').leading_zeros() as usize;
        if !(1..16).contains(&len) {
            return None;
        }
        let reason = rest[..rest.len() - len].strip_suffix(b", target=")?;
        let line_end = begin + close + 1 + b", reason=".len() + rest.len();
        let end = line_end + 2;
        if self.bytes.get(line_end + 1) != Some(&b'\n') {
            return None;
        }
        Some(Failed {
            time: WallTime(time),
            cost_ms: value(cost << (64 - 8 * n)),
            service,
            from_service: text,
            revision,
            reason,
            target: Sent {
                target: u128::from_le_bytes(*last) >> (8 * (16 - len)),
                target_len: len,
                instances: 0,
            },
            line: &self.bytes[at..line_end],
            at,
            lines_before: self.lines,
            end,
            next: self.date(end)?,
        })
    }

    /// Steps over the record that [`Self::peek_failed`] gave.
    pub fn pass_failed(&mut self, failed: &Failed<'_>) {
        self.at = failed.end;
        self.lines += 2;
        self.time = Some(failed.next);
    }

    /// Steps over the record that [`Self::peek`] gave.
    #[inline(always)]
    pub fn pass(&mut self, push: &Push<'_>) {
        let (end, lines) = push.end;
        self.at = end;
        self.lines += lines;
        self.time = push.next;
    }
}

/// Whether a message is one of those that are known and only counted.
#[must_use]
pub fn only_counts(line: &[u8]) -> bool {
    line.starts_with(b"[PUSH] Task merge for ") || line.starts_with(b"Reason detail:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::record::{Records, Undated};
    use crate::parse::statement::{Event, Rows, Series, Text};
    use proptest::prelude::*;

    const SAMPLE: &str = "2024-05-01 10:00:00,123 INFO [PUSH-SUCC] 361ms, all delay time 1028ms, SLA 1053ms, Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=17}, originalSize=4, DataSize=3, target=10.31.5.22\n\n";
    const MERGE: &str = "2024-05-01 10:00:00,124 INFO [PUSH] Task merge for Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=17}\n\n";

    /// What is walked over, the general way reads to the same fields. How many records that were.
    fn walked(text: &[u8]) -> usize {
        let mut walk = Walk::new(text);
        walk.resume(0, 0);
        let mut records = Records::new(text, Undated::Never);
        let mut n = 0;
        while let Some(push) = walk.peek() {
            let plain = |sent: Sent| is_plain_target(sent.target(push.line));
            if !is_plain_service(push.service) || !push.sent.is_none_or(plain) {
                break;
            }
            let record = records.next().unwrap();
            assert_eq!(
                (record.at, record.lines_before),
                (push.at, push.lines_before)
            );
            assert_eq!(
                (record.time, record.first_line()),
                (Some(push.time), push.line)
            );
            let text = Text {
                line: record.message,
                more: record.continuation(),
            };
            let (row, event) = Rows::of(Series::NamingPush).read(&text).unwrap();
            match (event, push.sent) {
                (
                    Event::PushOk {
                        client,
                        service,
                        revision,
                        instances,
                        ..
                    },
                    Some(sent),
                ) => {
                    assert_eq!(row.id, "push-succ");
                    assert_eq!((client, service.0), (sent.target(push.line), push.service));
                    assert_eq!(revision, u64::from(push.revision));
                    assert_eq!(instances, u64::from(sent.instances));
                    let mut text = sent.target.to_le_bytes().to_vec();
                    text.truncate(client.len());
                    assert_eq!(text, client);
                    let numeric = |b: &u8| (b'.'..=b'9').contains(b);
                    assert_eq!(sent.is_numeric(), client.iter().all(numeric));
                }
                (Event::Known, None) => assert_eq!(row.id, "push-merge"),
                other => panic!("{other:?}"),
            }
            walk.pass(&push);
            assert_eq!(walk.position(), records.position());
            n += 1;
        }
        n
    }

    /// Records of this form among others, so that none is near the end.
    fn among(record: &str) -> Vec<u8> {
        [SAMPLE, record, MERGE, SAMPLE].concat().into_bytes()
    }

    #[test]
    fn the_forms_of_the_releases_are_walked_over() {
        // The last is too near the end of the text.
        assert_eq!(walked(&among(MERGE)), 3);
        for other in [
            SAMPLE.replace(", originalSize=4", ""),
            SAMPLE.replace("=true", "=false"),
            SAMPLE.replace("svc-0", "a, b, target=c"),
            SAMPLE.replace("svc-0", "a, ephemeral=true, revision=1, b"),
            SAMPLE.replace('\n', "\r\n"),
            SAMPLE.replace("\n\n", "\n"),
            MERGE.replace('\n', "\r\n"),
            SAMPLE.replace("10:00:00,123", "10:00:59.999"),
        ] {
            assert_eq!(walked(&among(&other)), 3, "{other}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_the_table() {
        for other in [
            SAMPLE.replace("=3,", "=12345678,"),
            SAMPLE.replace("10.31.5.22", ""),
            SAMPLE.replace("10.31.5.22", "fe80:0:0:0:1:2:3:4"),
            SAMPLE.replace("svc-0", "a}, b"),
            SAMPLE.replace("svc-0", "OutOfMemoryError: b"),
            SAMPLE.replace("svc-0", "a\0"),
            SAMPLE.replace("SLA 1053ms", "SLA ms"),
            SAMPLE.replace("\n\n", "\n\tat x\n"),
            SAMPLE.replace("\n\n", "\n\n\n"),
            SAMPLE.replace("INFO", "WARN"),
        ] {
            assert_eq!(walked(&among(&other)), 1, "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_walked_over_the_general_way_reads_alike(
            numbers in prop::collection::vec(0u64..200_000_000, 6),
            shift in prop::collection::vec(0u32..28, 6),
            name in "[a-z,'}{= ]{0,12}",
            target in "[0-9a-z.=<, ]{0,18}",
            edits in prop::collection::vec((0usize..500, any::<u8>()), 0..4),
            original in any::<bool>(),
        ) {
            let n: Vec<u64> = numbers.iter().zip(&shift).map(|(n, s)| n >> s).collect();
            let original = if original { format!(", originalSize={}", n[4]) } else { String::new() };
            let record = format!(
                "2024-05-01 10:00:00,{:03} INFO [PUSH-SUCC] {}ms, all delay time {}ms, SLA {}ms, Service{{namespace='p', group='G', name='{name}', ephemeral=true, revision={}}}{original}, DataSize={}, target={target}\n\n",
                n[0] % 1000, n[0], n[1], n[2], n[3], n[5]
            );
            let mut text = among(&record);
            walked(&text);
            for (at, byte) in edits {
                if let Some(b) = text.get_mut(at) {
                    *b = byte;
                }
            }
            walked(&text);
        }
    }
}
