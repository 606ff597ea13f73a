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
use crate::units::WallTime;

/// A record of one of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    /// When it was written.
    pub time: WallTime,
    /// The text between `Service{` and `, ephemeral=`.
    pub service: &'a [u8],
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

/// Whether a service's text holds nothing that makes its record another: a line end, what
/// [`super::wrapping::is_dirty`] looks for, or words of an allocation failure. No words of those reach over its edges.
#[must_use]
pub fn is_plain_service(text: &[u8]) -> bool {
    memchr3(b'\n', 0, 0x1b, text).is_none() && failure::find(text).next().is_none()
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
const LINE_ENDS: u64 = 0x0a * ONES;
/// Longest service text looked at.
const SERVICE_MAX: usize = 1024;
/// From the start of a record to that of its service, at the most.
const HEAD: usize = 112;
/// From the end of a service to that of its record, at the most, and the empty line behind.
const TAIL: usize = 76;

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
    let name = match text.last_chunk() {
        Some(b", ephemeral=true, revision=") => &text[..text.len() - 27],
        _ => text.strip_suffix(b", ephemeral=false, revision=")?,
    };
    Some((name, revision))
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
    #[inline(always)]
    pub fn peek(&mut self) -> Option<Push<'a>> {
        let time = self.time?;
        let at = self.at;
        let head: &[u8; HEAD] = self.bytes.get(at..)?.first_chunk()?;
        let i = over(head, 23, b" INFO [PUSH")?;
        let (begin, is_merge) = if head[i] == b'-' {
            let i = over(head, i, b"-SUCC] ")?;
            let i = over(head, over_digits(head, i)?, b"ms, all delay time ")?;
            let i = over(head, over_digits(head, i)?, b"ms, SLA ")?;
            (over(head, over_digits(head, i)?, b"ms, Service{")?, false)
        } else {
            (over(head, i, b"] Task merge for Service{")?, true)
        };
        let text = &self.bytes[at + begin..];
        let text = &text[..text.len().min(SERVICE_MAX)];
        let close = memchr(b'}', text)?;
        let (service, revision) = name_and_revision(&text[..close])?;

        let behind = at + begin + close + 1;
        let tail: &[u8; TAIL] = self.bytes.get(behind..)?.first_chunk()?;
        let (sent, line_end) = if is_merge {
            (None, 0)
        } else {
            let i = match over(tail, 0, b", originalSize=") {
                Some(i) => over_digits(tail, i)?,
                None => 0,
            };
            let i = over(tail, i, b", DataSize=")?;
            let (instances, n) = digits(tail, i)?;
            let instances = value(instances << (64 - 8 * n));
            let i = over(tail, i + n, b", target=")?;
            let target = tail.get(i..)?.first_chunk::<16>()?;
            let (low, high) = target.split_at(8);
            let low = u64::from_le_bytes(*low.first_chunk()?);
            let high = u64::from_le_bytes(*high.first_chunk()?);
            let ends = |x: u64| {
                let x = x ^ LINE_ENDS;
                x.wrapping_sub(ONES) & !x & HIGH
            };
            let (in_low, in_high) = (ends(low), ends(high));
            let len = if in_low != 0 {
                in_low.trailing_zeros()
            } else if in_high != 0 {
                64 + in_high.trailing_zeros()
            } else {
                return None;
            } as usize
                / 8;
            let len = len - usize::from(len > 0 && target[len - 1] == b'\r');
            if len == 0 {
                return None;
            }
            let text = u128::from(low) | u128::from(high) << 64;
            let sent = Sent {
                target: text & (u128::MAX >> (128 - 8 * len)),
                target_len: len,
                instances,
            };
            (Some(sent), i + len)
        };
        // The line's end, and the empty line behind it.
        let mut i = line_end;
        let mut lines = 0;
        for _ in 0..2 {
            let carriage = usize::from(tail[i] == b'\r');
            if tail[i + carriage] == b'\n' {
                i += carriage + 1;
                lines += 1;
            }
        }
        if lines == 0 {
            return None;
        }
        let end = behind + i;
        let next = self.date(end);
        if next.is_none() && end < self.bytes.len() {
            return None;
        }
        Some(Push {
            time: WallTime(time),
            service,
            revision,
            sent,
            line: &self.bytes[at..behind + line_end],
            at,
            lines_before: self.lines,
            end: (end, lines),
            next,
        })
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
