//! Records of the logs that logback writes for Nacos, and of the console output that mixes with them.
//!
//! ```text
//! P1   2024-05-01 10:00:00,123 ERROR message⏎ ⏎ [stack trace⏎]     most files: the blank line stands inside the record
//! P2   2024-05-01 10:00:00,123|message⏎                              config-client-request, config-trace
//! P3   message⏎                                                      config-pull-check, naming-rt
//! ```
//!
//! A record begins at a line that starts with a date (read from the logback configuration of Nacos 1.4.2 to 3.0.3); any
//! other line belongs to the record above it. In `start.out` a line `Exception in thread "…"` begins a record as well: the
//! JVM writes it without a time.

use memchr::memchr;

use super::wrapping::{Wrapping, without_dirt_in_front};
use crate::units::WallTime;

/// Severity word of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `TRACE`
    Trace,
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARN`
    Warn,
    /// `ERROR`
    Error,
}

/// One record: its head line and the lines that belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Index of the record's first byte in the bytes given to [`Records::new`].
    pub at: usize,
    /// Lines of those bytes before the record.
    pub lines_before: u32,
    /// Lines of the record.
    pub lines: u32,
    /// When it was written, on the node's clock; `None` for console text.
    pub time: Option<WallTime>,
    /// Severity, where the layout prints one.
    pub level: Option<Level>,
    /// First line after date and level, without its line end.
    pub message: &'a [u8],
    /// The whole record, line ends included.
    pub bytes: &'a [u8],
    /// Length of the first line, without its line feed.
    first_len: usize,
}

impl<'a> Record<'a> {
    /// The lines after the first.
    #[must_use]
    pub fn continuation(&self) -> &'a [u8] {
        self.bytes.get(self.first_len + 1..).unwrap_or_default()
    }

    /// The first line as it stands in the file, without its line end.
    #[must_use]
    pub fn first_line(&self) -> &'a [u8] {
        trim_line_end(&self.bytes[..self.first_len])
    }
}

/// Cuts `\r` and `\n` from the end of a line.
#[must_use]
pub fn trim_line_end(line: &[u8]) -> &[u8] {
    let mut end = line.len();
    while end > 0 && matches!(line[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    &line[..end]
}

/// The date at the start of a line, and where the text behind it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The time printed.
    pub time: WallTime,
    /// The level printed.
    pub level: Option<Level>,
    /// Index of the message in the line.
    pub message: usize,
}

const DATE_LEN: usize = 23;

/// Whether a line starts like a date. The cheap test that comes before [`HeadReader::read`].
fn may_be_head(line: &[u8]) -> bool {
    line.len() > DATE_LEN
        && line[4] == b'-'
        && line[7] == b'-'
        && line[13] == b':'
        && line[16] == b':'
        && line[0].is_ascii_digit()
        && matches!(line[10], b' ' | b'T')
}

/// Reads record heads; remembers the last second and minute, since neighbours share them.
#[derive(Clone, Debug, Default)]
pub struct HeadReader {
    second: Option<[u8; 19]>,
    second_ms: i64,
    minute: [u8; 16],
    minute_ms: i64,
}

impl HeadReader {
    /// The head at the start of `line`, if there is one.
    pub fn read(&mut self, line: &[u8]) -> Option<Head> {
        let time = match (self.second, line.first_chunk::<{ DATE_LEN + 1 }>()) {
            (Some(second), Some(head))
                if head[..19] == second && matches!(head[19], b',' | b'.') =>
            {
                let digit = |i: usize| head[i].wrapping_sub(b'0');
                let (a, b, c) = (digit(20), digit(21), digit(22));
                if a > 9 || b > 9 || c > 9 {
                    return None;
                }
                let ms = u32::from(a) * 100 + u32::from(b) * 10 + u32::from(c);
                WallTime(self.second_ms + i64::from(ms))
            }
            _ => {
                if !may_be_head(line) {
                    return None;
                }
                self.time(line)?
            }
        };
        match line[DATE_LEN] {
            b'|' => Some(Head {
                time,
                level: None,
                message: DATE_LEN + 1,
            }),
            b' ' => {
                // Operators' own layouts put a thread or a logger here; only a level word counts as one.
                let mut at = DATE_LEN;
                while line.get(at) == Some(&b' ') {
                    at += 1;
                }
                let rest = &line[at..];
                let (level, len) = match rest {
                    [b'I', b'N', b'F', b'O', b' ', ..] => (Level::Info, 4),
                    [b'E', b'R', b'R', b'O', b'R', b' ', ..] => (Level::Error, 5),
                    [b'W', b'A', b'R', b'N', b' ', ..] => (Level::Warn, 4),
                    [b'D', b'E', b'B', b'U', b'G', b' ', ..] => (Level::Debug, 5),
                    [b'T', b'R', b'A', b'C', b'E', b' ', ..] => (Level::Trace, 5),
                    _ => {
                        return Some(Head {
                            time,
                            level: None,
                            message: at,
                        });
                    }
                };
                Some(Head {
                    time,
                    level: Some(level),
                    message: at + len + 1,
                })
            }
            _ => None,
        }
    }

    /// `2024-05-01 10:00:00,123`; a full stop may stand for the comma.
    fn time(&mut self, line: &[u8]) -> Option<WallTime> {
        let two = |i: usize| -> Option<u32> {
            let (a, b) = (line[i].wrapping_sub(b'0'), line[i + 1].wrapping_sub(b'0'));
            (a < 10 && b < 10).then(|| u32::from(a) * 10 + u32::from(b))
        };
        if !matches!(line[19], b',' | b'.') {
            return None;
        }
        let second = two(17)?;
        let ms = two(20)? * 10 + two(21)? % 10;
        if line[..16] != self.minute {
            let year = two(0)? * 100 + two(2)?;
            let t = WallTime::from_fields(
                i32::try_from(year).ok()?,
                two(5)?,
                two(8)?,
                two(11)?,
                two(14)?,
                0,
                0,
            )?;
            self.minute.copy_from_slice(&line[..16]);
            self.minute_ms = t.0;
        }
        if second > 60 {
            return None;
        }
        self.second = line.first_chunk().copied();
        self.second_ms = self.minute_ms + i64::from(second) * 1000;
        Some(WallTime(self.second_ms + i64::from(ms)))
    }
}

/// Where records begin that carry no date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undated {
    /// Nowhere: such lines belong to the record above.
    #[default]
    Never,
    /// At `Exception in thread "…"`, `Picked up JAVA_TOOL_OPTIONS`, warnings of the JVM, the command line that starts one and
    /// the picture that Nacos greets with (console output).
    Console,
    /// As on the console, and where a pasted statement begins whose date is lost.
    Pasted,
    /// At every line (layout P3).
    EveryLine,
}

fn begins_undated(line: &[u8], rule: Undated) -> bool {
    match rule {
        Undated::Never => false,
        Undated::Console => {
            line.starts_with(b"Exception in thread ")
                || line.starts_with(b"Picked up ")
                || line.starts_with(b"Exception: java.lang.OutOfMemoryError")
                || line.starts_with(b"java.lang.OutOfMemoryError")
                || line.starts_with(b"OpenJDK 64-Bit Server VM warning: ")
                || line.starts_with(b"         ,--.")
                || begins_command_line(line)
        }
        Undated::Pasted => begins_statement(line) || begins_undated(line, Undated::Console),
        Undated::EveryLine => !line.is_empty(),
    }
}

/// Whether a line begins like a statement about a failed push or allocation, its date lost.
pub(super) fn begins_statement(line: &[u8]) -> bool {
    const BEGINS: [&[u8]; 5] = [
        b"[PUSH-",
        b"[TASK-FAILED] ",
        b"[NACOS-PUSH] ",
        b"max re-push times reached",
        b"Push fail, dataId",
    ];
    BEGINS.iter().any(|b| line.starts_with(b))
}

/// `/usr/lib/jvm/…/bin/java -X…`, with `+ exec ` before it where a shell traces what it runs.
fn begins_command_line(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"+ ").unwrap_or(line);
    let line = line.strip_prefix(b"exec ").unwrap_or(line);
    if line.first() != Some(&b'/') {
        return false;
    }
    let end = line
        .iter()
        .take(1024)
        .position(|b| matches!(b, b' ' | b'\n'))
        .unwrap_or(0);
    line[..end].ends_with(b"/bin/java") && line[end..].starts_with(b" -")
}

/// How a text is cut into records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cutting {
    /// Where records without a date begin.
    pub undated: Undated,
    /// What stands around each line.
    pub wrapping: Wrapping,
}

impl From<Undated> for Cutting {
    fn from(undated: Undated) -> Self {
        Self {
            undated,
            wrapping: Wrapping::None,
        }
    }
}

/// Index of the first line at or after `from` that begins a record, where `from` is the start of a line or lies inside one.
///
/// Where lines are wrapped, one may be the rest of the line before it, so a line counts only when the one before it, behind
/// `from`, is seen to end. `None` when no record begins there; the caller then has the tail of a longer record in hand.
#[must_use]
pub fn find_head(bytes: &[u8], from: usize, cutting: impl Into<Cutting>) -> Option<usize> {
    let Cutting { undated, wrapping } = cutting.into();
    let mut reader = HeadReader::default();
    let mut at = if from == 0 || bytes.get(from - 1) == Some(&b'\n') {
        from
    } else {
        from + memchr(b'\n', bytes.get(from..)?)? + 1
    };
    let mut may_begin = from == 0 || wrapping == Wrapping::None;
    while at < bytes.len() {
        let line = &bytes[at..];
        if wrapping == Wrapping::None {
            let text = match line[0] {
                0 | 0x1b | 0xef => without_dirt_in_front(line),
                _ => line,
            };
            if reader.read(text).is_some() || begins_undated(text, undated) {
                return Some(at);
            }
            at += memchr(b'\n', line)? + 1;
        } else {
            let end = memchr(b'\n', line);
            let whole = &line[..end.unwrap_or(line.len())];
            let (text, partial) = wrapping.text(without_dirt_in_front(trim_line_end(whole)));
            let text = without_dirt_in_front(&text);
            if may_begin && (reader.read(text).is_some() || begins_undated(text, undated)) {
                return Some(at);
            }
            may_begin = !partial;
            at += end? + 1;
        }
    }
    None
}

/// The time printed at the start of `bytes`, where a record with a date begins there.
#[must_use]
pub fn time_at(bytes: &[u8], wrapping: Wrapping) -> Option<WallTime> {
    let line = &bytes[..memchr(b'\n', bytes).unwrap_or(bytes.len())];
    let (text, _) = wrapping.text(without_dirt_in_front(trim_line_end(line)));
    Some(
        HeadReader::default()
            .read(without_dirt_in_front(&text))?
            .time,
    )
}

/// As [`find_head`], but at a record with a date where there is one: what stands without a date in console output is placed by
/// the records around it.
#[must_use]
pub fn find_boundary(bytes: &[u8], from: usize, cutting: Cutting) -> Option<usize> {
    let dated = match cutting.undated {
        Undated::Console => find_head(
            bytes,
            from,
            Cutting {
                undated: Undated::Never,
                ..cutting
            },
        ),
        _ => None,
    };
    dated.or_else(|| find_head(bytes, from, cutting))
}

/// The records of a window, in order. Text before the first head is a record without time.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    next: usize,
    line: u32,
    head: Option<Head>,
    reader: HeadReader,
    undated: Undated,
}

impl<'a> Records<'a> {
    /// Cuts `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8], undated: Undated) -> Self {
        let mut reader = HeadReader::default();
        let head = reader.read(bytes);
        Self {
            bytes,
            next: 0,
            line: 0,
            head,
            reader,
            undated,
        }
    }

    /// Where the next record begins, and how many lines stand before it.
    #[must_use]
    pub fn position(&self) -> (usize, u32) {
        (self.next, self.line)
    }

    /// Goes on at the record that begins at `at`, before which `lines` lines stand.
    pub fn resume(&mut self, at: usize, lines: u32) {
        (self.next, self.line) = (at, lines);
        self.head = self.reader.read(self.bytes.get(at..).unwrap_or_default());
    }

    /// Line feeds in what has been given out.
    #[must_use]
    pub fn newlines(&self) -> u64 {
        let unended = self.next > 0 && self.bytes.get(self.next - 1) != Some(&b'\n');
        u64::from(self.line) - u64::from(unended)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let at = self.next;
        if at >= self.bytes.len() {
            return None;
        }
        let head = self.head.take();
        let lines_before = self.line;
        self.line += 1;
        let first_end = memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |i| at + i);
        let mut end = (first_end + 1).min(self.bytes.len());
        while end < self.bytes.len() {
            let line = &self.bytes[end..];
            // An empty line is the commonest continuation: the one that closes each message.
            if line[0] != b'\n' {
                if line[0].is_ascii_digit() {
                    self.head = self.reader.read(line);
                }
                if self.head.is_some() || begins_undated(line, self.undated) {
                    break;
                }
            }
            self.line += 1;
            end += memchr(b'\n', line).map_or(line.len(), |i| i + 1);
        }
        self.next = end;
        let message_at = at + head.map_or(0, |h| h.message);
        Some(Record {
            at,
            lines_before,
            lines: self.line - lines_before,
            time: head.map(|h| h.time),
            level: head.and_then(|h| h.level),
            message: trim_line_end(&self.bytes[message_at.min(first_end)..first_end]),
            bytes: &self.bytes[at..end],
            first_len: first_end - at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"2024-05-01 10:00:00,123 ERROR Reason detail: \n\njava.util.concurrent.TimeoutException: x\n\tat a.b(C.java:1)\n2024-05-01 10:00:01,004 INFO next\r\n\r\n";

    #[test]
    fn a_stack_trace_belongs_to_the_record_above_the_blank_line() {
        let all: Vec<_> = Records::new(TWO, Undated::Never).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].message, b"Reason detail: ");
        assert!(
            all[0]
                .continuation()
                .starts_with(b"\njava.util.concurrent.TimeoutException")
        );
        assert_eq!(all[1].message, b"next");
        assert_eq!(all[1].level, Some(Level::Info));
        assert_eq!(all[1].time.unwrap().0 - all[0].time.unwrap().0, 881);
    }

    #[test]
    fn records_cover_every_byte_once() {
        for cut in 0..TWO.len() {
            let bytes = &TWO[cut..];
            let total: usize = Records::new(bytes, Undated::Never)
                .map(|r| r.bytes.len())
                .sum();
            assert_eq!(total, bytes.len(), "cut at {cut}");
        }
    }

    #[test]
    fn a_bar_ends_the_date_of_the_second_layout() {
        let r = Records::new(
            b"2024-05-01 10:00:00,000|3|200|10.0.0.9|get\n",
            Undated::Never,
        )
        .next()
        .unwrap();
        assert_eq!(r.message, b"3|200|10.0.0.9|get");
        assert_eq!(r.level, None);
    }

    #[test]
    fn an_uncaught_error_of_the_console_begins_a_record_without_time() {
        let text = b"2024-05-01 10:00:00,000 INFO up\n\nException in thread \"t\" java.lang.OutOfMemoryError: Direct buffer memory\n\tat x\n";
        let all: Vec<_> = Records::new(text, Undated::Console).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].time, None);
        assert!(all[1].message.starts_with(b"Exception in thread"));
    }

    #[test]
    fn heads_are_found_from_the_middle_of_a_line() {
        assert_eq!(find_head(TWO, 0, Undated::Never), Some(0));
        let second = memchr::memmem::find(TWO, b"2024-05-01 10:00:01").unwrap();
        for from in 1..=second {
            assert_eq!(find_head(TWO, from, Undated::Never), Some(second), "{from}");
        }
        assert_eq!(find_head(TWO, second + 1, Undated::Never), None);
    }

    #[test]
    fn what_only_looks_like_a_date_is_no_head() {
        let mut reader = HeadReader::default();
        for line in [
            &b"2024-13-01 10:00:00,000 INFO x"[..],
            b"2024-05-01 10:00:00 INFO x in words",
            b"20240501 10:00:00,000 INFO and more x",
            b"",
        ] {
            assert_eq!(reader.read(line), None);
        }
    }
}
