//! Logs as people paste them: into issues, chats, mails and documents.
//!
//! A pasted text is quoted (`> `), fenced (three backticks), numbered by an editor or by `grep -n`, indented, wrapped at some
//! width, escaped for HTML, read off a picture; two statements may stand glued on one line, brackets and blanks be lost, and
//! punctuation be full-width. [`mend`] gives it the layout that logback writes, as far as that makes a statement readable that
//! was not; a healthy log comes out as it is, byte for byte.
//!
//! Seen in public reports about Nacos 1.4 to 2.4. Nothing is guessed: figures, addresses and reasons stand in the text.

use std::sync::OnceLock;

use regex::bytes::{Captures, Regex};

use super::failure;
use super::record::{HeadReader, begins_statement};
use super::statement::{Event, Rows, Series, Text, behind_layout};
use super::wrapping::{LineMap, push_clean, without_line_end};

/// Lines that a wrapped statement may be spread over.
const SPREAD: usize = 12;

/// Length of a date with its milliseconds.
const DATE: usize = 23;

/// Bytes in front of a date that may be a lead: the name and number that `grep -n` prints are the longest.
const LEAD_MAX: usize = 240;

/// A line being mended.
#[derive(Clone, Debug)]
struct Line {
    text: Vec<u8>,
    /// Where it began in the text as stored, and the lines before it there.
    source: usize,
    number: u32,
    /// Characters of the stored line.
    width: usize,
}

impl Line {
    /// Another text of the same line.
    fn with(&self, text: Vec<u8>) -> Self {
        Self {
            text,
            ..self.clone()
        }
    }
}

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        fn $name() -> &'static Regex {
            static CELL: OnceLock<Regex> = OnceLock::new();
            CELL.get_or_init(|| {
                Regex::new($text).unwrap_or_else(|e| unreachable!("constant pattern: {e}"))
            })
        }
    };
}

// A date and a level, or the bar of the second layout; blanks may be lost or added, milliseconds missing. An operator's own
// layout may set the date in brackets, bars between the fields, and a thread before the level.
pattern!(
    head,
    r"(?-u)(?<y>\d{4})[-/.](?<mo>\d\d)[-/.](?<d>\d\d)[ T]{0,2}(?<h>\d\d): ?(?<mi>\d\d): ?(?<s>\d\d)(?:(?:[,.:] ?(?<ms>\d{3}))?(?:Z|[+-]\d\d:?\d\d)?\]?(?:[ |]{0,3}\[[^\]\n]{0,80}\]){0,3}[ |]{0,3}\[?(?<level>TRACE|DEBUG|INFO|WARN|ERROR)\b(?: ?[|\]])?|[,.](?<ms2>\d{3})(?<bar>\|))"
);
// What may stand in front of a date without being text of its own.
pattern!(
    lead,
    r"(?-u)^(?:\s|>|[-*+] |\d{1,7}[:.|)\t -]|[\w./\\~-]*\.(?:log|out|txt)[\w.-]*[:-](?:\d{1,9}[:-])?|`{3,}[A-Za-z]{0,12}|~{3,}|\[|\|)*$"
);
// Behind it, where a date is missing or shortened.
pattern!(
    short_head,
    r"(?-u)^(?:\d\d[-/.]\d\d )?\d\d:\d\d:\d\d(?:[,.]\d{3})? {1,3}(?<thread>(?:\[[^\]\n]{0,80}\] {1,3}){0,3})(?:TRACE|DEBUG|INFO|WARN|ERROR) +"
);
pattern!(fence, r"(?-u)^\s*(?:`{3,}|~{3,})[A-Za-z0-9_+-]{0,16}\s*$");
pattern!(quote_marks, r"(?-u)^(?:\s*>)+ ?");
pattern!(line_end, r"(?-u)(?:\s*<br ?/?>|`{3,})\s*$");
pattern!(
    tag,
    r"(?-u)^(?:\[ ?)?(?i:(PUSH|TASK|NACOS)[-_ ]{1,2}(FA[I1L]{2}(?:ED)?|SUCC|PUSH))(?:\s?\]|\b) ?"
);
pattern!(break_tag, r"(?-u)(?i)<br ?/?>");
// What makes a line of full-width letters worth reading.
pattern!(
    names_trouble,
    r"(?-u)(?i)push[-_ ]?fail|re-push times|to allocate|annot reserve"
);
pattern!(title, r"(?-u)^\s*#{1,6}\s");
pattern!(entity, r"(?-u)&(?:amp|lt|gt|quot|apos|nbsp|#39|#x27|#34);");
// The failure as Netty and the JDK word it, with anything that paper and pictures add in between.
pattern!(
    netty_failure,
    r"(?-u)(?i:failed\s+to\s+al[l1I]ocate)\s+(?<n>\d[\d,]*)\s*byte\s*(?:\(\s*s\s*\)|s)?\s*of\s+direct\s+memory\s*(?:\(|\xef\xbc\x88)\s*used\s*(?::|\xef\xbc\x9a)\s*(?<u>\d[\d,]*?)\s*(?:,|;|\xef\xbc\x8c)\s*max\s*(?::|\xef\xbc\x9a)\s*(?<m>\d[\d,]*\d|\d)\s*(?:\)|\xef\xbc\x89)?"
);
pattern!(
    jdk_failure,
    r"(?-u)(?i:Cannot\s+reserve)\s+(?<n>\d[\d,]*)\s*bytes\s+of\s+direct\s+buffer\s+memory\s*(?:\(|\xef\xbc\x88)\s*allocated\s*(?::|\xef\xbc\x9a)\s*(?<u>\d[\d,]*?)\s*(?:,|;|\xef\xbc\x8c)\s*limit\s*(?::|\xef\xbc\x9a)\s*(?<m>\d[\d,]*\d|\d)\s*(?:\)|\xef\xbc\x89)?"
);
pattern!(
    class_apart,
    r"(?-u)\.\s+(OutOfDirectMemoryError|OutOfMemoryError)"
);
pattern!(class_colon, r"(?-u)MemoryError(?:\s+:|\s*\xef\xbc\x9a)\s*");
// A stack frame or what heads one: never the rest of the line above.
pattern!(
    frame,
    r"(?-u)^\s*(?:at [\w.$/<>]+\(|at [\w.$]+\.[\w.$<>]+$|Caused by: |Suppressed: |\.\.\. \d+ (?:common|more)|Exception in thread |(?:java|javax|com|org|io\.grpc)\.[\w.$]+(?:Exception|Error)\b)"
);
// Fields of a failed push, wherever they stand.
pattern!(push_ms, r"(?-u)^\[PUSH-FAIL\] ?(?<ms>\d+) ?ms");
pattern!(
    push_target,
    r"(?-u),?\s*\btarget ?[=:-] ?(?<ip>[0-9A-Za-z_.:%*-]*[0-9A-Za-z*])"
);
pattern!(push_reason, r"(?-u)\breason ?[=:] ?(?<reason>[^\n]*)$");
pattern!(
    push_revision,
    r"(?-u)ephemeral ?[=-] ?(?<e>true|false),? ?revision ?[=-] ?(?<r>\d+)"
);
pattern!(
    push_namespace,
    r"(?-u)namespace ?[=-] ?'\s*(?<v>[^']*?)\s*'"
);
pattern!(
    push_group,
    r"(?-u)\bgroup ?[=-] ?'\s*(?<v>[^',]*?)\s*(?:'|,)"
);
pattern!(push_name, r"(?-u)\bname ?[=-] ?'\s*(?<v>[^']*?)\s*'");

/// Gives a pasted text the layout of a log.
#[must_use]
pub fn mend(bytes: &[u8]) -> (Vec<u8>, LineMap) {
    let mut lines = Vec::new();
    let mut at = 0;
    for (number, stored) in (0u32..).zip(bytes.split_inclusive(|&b| b == b'\n')) {
        let mut text = Vec::with_capacity(stored.len());
        push_clean(without_line_end(stored), &mut text);
        let line = Line {
            width: String::from_utf8_lossy(&text).chars().count(),
            text,
            source: at,
            number,
        };
        at += stored.len();
        if break_tag().is_match(&line.text) {
            let parts = break_tag().split(&line.text);
            parts.for_each(|part| split(line.with(part.to_vec()), &mut lines));
        } else {
            split(line, &mut lines);
        }
    }
    join_cut_lines(&mut lines);
    mend_failures(&mut lines);
    put_titles_behind(&mut lines);
    mend_statements(&mut lines);
    let mut out = Vec::with_capacity(bytes.len());
    let mut map = LineMap::default();
    for (i, l) in lines.iter().enumerate() {
        map.add(out.len(), l.source, l.number);
        out.extend_from_slice(&l.text);
        if i + 1 < lines.len() || bytes.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    (out, map)
}

/// Whether mending makes a difference to a text, or a statement stands in it without its date.
#[must_use]
pub fn is_pasted(bytes: &[u8]) -> bool {
    let mut clean = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let at = clean.len();
        push_clean(without_line_end(line), &mut clean);
        if begins_statement(&clean[at..]) {
            return true;
        }
        if line.ends_with(b"\n") {
            clean.push(b'\n');
        }
    }
    mend(bytes).0 != clean
}

/// Takes off what stands in front of a line and behind it, and cuts it where another record begins.
fn split(line: Line, out: &mut Vec<Line>) {
    let mut text = line.text.clone();
    if fence().is_match(&text) {
        text.clear();
    }
    if memchr::memchr(b'&', &text).is_some() {
        text = entity().replace_all(&text, entity_text).into_owned();
    }
    if let Some(m) = line_end().find(&text) {
        text.truncate(m.start());
    }
    if let Some(m) = quote_marks().find(&text) {
        text.drain(..m.end());
    }
    if text.starts_with(b"|")
        && let Some(cell) = text.trim_ascii_end().strip_suffix(b"|")
    {
        text.truncate(cell.trim_ascii_end().len());
    }
    if let Some(narrow) = narrow(&text) {
        text = narrow;
    }
    let mut part = |text: Vec<u8>| out.push(line.with(text));
    let heads: Vec<_> = head().captures_iter(&text).collect();
    let Some(first) = heads.first().and_then(|c| c.get(0)) else {
        return part(without_short_head(text));
    };
    let before = &text[..first.start()];
    // A date in the middle of a message is part of it, unless a level follows and the text before is a statement.
    let is_lead = before.len() <= LEAD_MAX && lead().is_match(before);
    if !is_lead && !before.is_empty() {
        part(before.trim_ascii_end().to_vec());
    }
    for (i, c) in heads.iter().enumerate() {
        let Some(m) = c.get(0) else { continue };
        let next = heads.get(i + 1).and_then(|c| c.get(0));
        let end = next.map_or(text.len(), |n| n.start());
        let mut record = head_text(c, &text[m.start()..end]);
        if next.is_some() {
            record.truncate(record.trim_ascii_end().len());
        }
        part(record);
    }
}

fn entity_text(c: &Captures<'_>) -> Vec<u8> {
    match &c[0] {
        b"&amp;" => b"&".to_vec(),
        b"&lt;" => b"<".to_vec(),
        b"&gt;" => b">".to_vec(),
        b"&quot;" | b"&#34;" => b"\"".to_vec(),
        b"&nbsp;" => b" ".to_vec(),
        _ => b"'".to_vec(),
    }
}

/// A record with its date as logback prints it. What is already so stays as it is.
fn head_text(c: &Captures<'_>, record: &[u8]) -> Vec<u8> {
    if let Some(head) = HeadReader::default().read(record) {
        return match statement_in_layout(&record[head.message..]) {
            Some(at) => [&record[..DATE], b"|", &record[head.message + at..]].concat(),
            None => record.to_vec(),
        };
    }
    let get = |name: &str| c.name(name).map_or(&b""[..], |m| m.as_bytes());
    let len = c.get(0).map_or(0, |m| m.len());
    let mut out = Vec::with_capacity(record.len() + 8);
    for (part, between) in [
        ("y", "-"),
        ("mo", "-"),
        ("d", " "),
        ("h", ":"),
        ("mi", ":"),
        ("s", ","),
    ] {
        out.extend_from_slice(get(part));
        out.extend_from_slice(between.as_bytes());
    }
    let ms = [get("ms"), get("ms2")].concat();
    out.extend_from_slice(if ms.is_empty() { b"000" } else { &ms });
    let rest = &record[len.min(record.len())..];
    let rest = &rest[statement_in_layout(rest).unwrap_or(0)..];
    if get("bar").is_empty() {
        out.push(b' ');
        out.extend_from_slice(get("level"));
        // The head needs a blank behind the level.
        if !rest.starts_with(b" ") {
            out.push(b' ');
        }
    } else {
        out.push(b'|');
    }
    out.extend_from_slice(rest);
    out
}

/// A record whose date is lost begins with its message.
fn without_short_head(text: Vec<u8>) -> Vec<u8> {
    let Some(c) = short_head().captures(&text) else {
        return text;
    };
    let message = &text[c.get(0).map_or(0, |m| m.end())..];
    match statement_in_layout(message) {
        Some(at) => message[at..].to_vec(),
        // A thread in front is some program's own layout, of which nothing is known.
        None if c.name("thread").is_some_and(|t| !t.is_empty()) => text,
        None => message.to_vec(),
    }
}

/// Where a statement begins behind the thread, level and logger that an operator's own layout puts before it.
fn statement_in_layout(message: &[u8]) -> Option<usize> {
    behind_layout(message).find(|&at| begins_statement(&message[at..]))
}

/// A line of full-width letters and typographers' quotation marks as it was typed: `［PUSH-FAIL］ 30000ms，Service｛…`. A line
/// that is read as it stands keeps them, since names may hold them.
fn narrow(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(text, b"\xef\xbc")?;
    let narrow: String = String::from_utf8_lossy(text)
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
            '\u{3000}' => ' ',
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            c => c,
        })
        .collect();
    let wanted = names_trouble().is_match(narrow.as_bytes());
    (wanted && !is_read(text) && !has_sized_failure(text)).then(|| narrow.into_bytes())
}

/// Puts a title that repeats a failure behind the line it repeats, so that both are one failure: people put the message in
/// the title of their report and paste the log below.
fn put_titles_behind(lines: &mut Vec<Line>) {
    let figures = |text: &[u8]| {
        let sized = failure::read_line(text, b"").into_iter();
        let mut sized = sized.filter(|f| f.limit.is_some());
        sized.next().map(|f| (f.requested, f.used, f.limit))
    };
    let filled = |l: &Line| !l.text.trim_ascii().is_empty();
    let first = lines.iter().position(filled);
    let mut i = 0;
    while i < lines.len() {
        let text = &lines[i].text;
        let next = lines[i + 1..].iter().find(|l| filled(l));
        // What a stack trace follows is the log itself.
        let alone = next.is_some_and(|n| !frame().is_match(&n.text));
        let opens = Some(i) == first && alone;
        let is_title = title().is_match(text)
            || opens && !is_head(text) && !text.starts_with(b"Exception in thread");
        let told = if is_title { figures(text) } else { None };
        let again = told.and_then(|told| {
            let below = &lines[i + 1..];
            below.iter().position(|l| figures(&l.text) == Some(told))
        });
        if let Some(n) = again {
            // The line it repeats moves up by one.
            let line = lines.remove(i);
            lines.insert(i + n + 1, line);
            if opens {
                return;
            }
        } else {
            i += 1;
        }
    }
}

fn is_head(text: &[u8]) -> bool {
    HeadReader::default().read(text).is_some()
}

/// Whether a line may be the rest of the one above.
fn may_go_on(text: &[u8]) -> bool {
    !text.trim_ascii().is_empty() && !is_head(text) && !frame().is_match(text)
}

/// Joins lines that were cut at one width, whatever stood there: those that are as long as the longest, when there are several.
fn join_cut_lines(lines: &mut Vec<Line>) {
    let width = lines.iter().map(|l| l.width).max().unwrap_or(0);
    if !(40..=250).contains(&width) {
        return;
    }
    let mut cut: Vec<&[u8]> = lines
        .windows(2)
        .filter(|w| w[0].width == width && w[1].number > w[0].number && may_go_on(&w[1].text))
        .map(|w| &*w[0].text)
        .collect();
    cut.sort_unstable();
    cut.dedup();
    if cut.len() < 2 {
        return;
    }
    let mut i = 0;
    while i + 1 < lines.len() {
        if lines[i].width == width && may_go_on(&lines[i + 1].text) {
            let next = lines.remove(i + 1);
            lines[i].text.extend_from_slice(&next.text);
            // What was joined may go on itself.
            lines[i].width = next.width;
        } else {
            i += 1;
        }
    }
}

/// `lines[i]` and as many of those behind it as may belong to it, `n` in all, joined as wrapping at blanks left them.
fn joined(lines: &[Line], i: usize, n: usize) -> Vec<u8> {
    let mut out = lines[i].text.clone();
    for l in &lines[i + 1..i + n] {
        if !out.ends_with(b" ") && !l.text.starts_with(b" ") {
            out.push(b' ');
        }
        out.extend_from_slice(&l.text);
    }
    out
}

/// How many lines from `i` on may be one.
fn spread(lines: &[Line], i: usize) -> usize {
    let more = lines[i + 1..].iter().take(SPREAD);
    1 + more.take_while(|l| may_go_on(&l.text)).count()
}

fn replace(lines: &mut Vec<Line>, i: usize, n: usize, text: Vec<u8>) {
    lines[i].text = text;
    lines.drain(i + 1..i + n);
}

fn has_sized_failure(text: &[u8]) -> bool {
    failure::read_line(text, b"")
        .iter()
        .any(|f| f.limit.is_some() && f.requested.is_some())
}

fn mend_failures(lines: &mut Vec<Line>) {
    const WORDS: [&[u8]; 5] = [
        b"to allocate",
        b"annot reserve",
        b"MemoryError",
        b"of direct memory",
        b"failed",
    ];
    for i in 0..lines.len() {
        let Some(line) = lines.get(i) else { break };
        let told = |t: &[u8]| WORDS.iter().any(|w| memchr::memmem::find(t, w).is_some());
        if !told(&line.text) || has_sized_failure(&line.text) {
            continue;
        }
        for n in 1..=spread(lines, i) {
            let text = joined(lines, i, n);
            let text = class_apart().replace_all(&text, &b".$1"[..]).into_owned();
            let text = class_colon().replace_all(&text, &b"MemoryError: "[..]);
            let text = netty_failure().replace_all(&text, |c: &Captures<'_>| {
                failure_text(
                    c,
                    "failed to allocate ",
                    " byte(s) of direct memory (used: ",
                    ", max: ",
                )
            });
            let text = jdk_failure().replace_all(&text, |c: &Captures<'_>| {
                failure_text(
                    c,
                    "Cannot reserve ",
                    " bytes of direct buffer memory (allocated: ",
                    ", limit: ",
                )
            });
            if has_sized_failure(&text) {
                let text = text.into_owned();
                replace(lines, i, n, text);
                break;
            }
        }
    }
}

fn failure_text(c: &Captures<'_>, verb: &str, book: &str, limit: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (before, name) in [(verb, "n"), (book, "u"), (limit, "m")] {
        out.extend_from_slice(before.as_bytes());
        let digits = c.name(name).map_or(&b""[..], |m| m.as_bytes());
        out.extend(digits.iter().filter(|b| b.is_ascii_digit()));
    }
    out.push(b')');
    out
}

/// Where the message of a line begins.
fn message_at(text: &[u8]) -> usize {
    HeadReader::default().read(text).map_or(0, |h| h.message)
}

/// Whether a line says something as it stands. A failed push must name its client.
fn is_read(text: &[u8]) -> bool {
    let message = Text {
        line: &text[message_at(text).min(text.len())..],
        more: b"",
    };
    match Rows::of(Series::Mixed).read(&message) {
        Some((_, Event::PushFail { client, .. })) => !client.is_empty(),
        Some(_) => !message.line.ends_with(b",") && !message.line.ends_with(b"="),
        None => false,
    }
}

fn mend_statements(lines: &mut Vec<Line>) {
    for i in 0..lines.len() {
        let Some(line) = lines.get(i) else { break };
        let at = message_at(&line.text);
        // Without a date only what begins like a statement is one.
        let tagged = tag().captures(&line.text[at..]).map(|c| {
            let word = |n: usize| {
                c.get(n).map_or(String::new(), |m| {
                    String::from_utf8_lossy(m.as_bytes()).to_uppercase()
                })
            };
            let second = word(2);
            let second = match &*second {
                "SUCC" | "PUSH" => &second,
                s if s.ends_with("ED") => "FAILED",
                _ => "FAIL",
            };
            let len = c.get(0).map_or(0, |m| m.len());
            (len, format!("[{}-{second}] ", word(1)))
        });
        if at == 0 && tagged.is_none() || is_read(&line.text) {
            continue;
        }
        if let Some((len, name)) = tagged {
            let text = &mut lines[i].text;
            let kept = &text[at..at + len];
            if kept != name.as_bytes() {
                text.splice(at..at + len, name.into_bytes());
            }
        }
        for n in 1..=spread(lines, i) {
            let text = joined(lines, i, n);
            if is_read(&text) {
                replace(lines, i, n, text);
                break;
            }
        }
        if !is_read(&lines[i].text) {
            mend_push(lines, i);
        }
    }
}

/// A failed push whose fields are all there, in whatever order a picture gave them.
fn mend_push(lines: &mut Vec<Line>, i: usize) {
    let at = message_at(&lines[i].text);
    let n = spread(lines, i);
    let text = joined(lines, i, n);
    let message = &text[at..];
    let Some(ms) = push_ms().captures(message) else {
        return;
    };
    let Some(target) = push_target().captures_iter(message).last() else {
        return;
    };
    let whole = target.get(0).map_or(0..0, |m| m.range());
    let rest = [&message[..whole.start], &message[whole.end..]].concat();
    let field = |pattern: &Regex, name: &str| {
        let found = pattern.captures(&rest);
        found.and_then(|c| c.name(name).map(|m| m.as_bytes().to_vec()))
    };
    let reason = field(push_reason(), "reason").unwrap_or_default();
    let reason = reason.trim_ascii();
    let reason = reason.strip_suffix(b",").unwrap_or(reason);
    let text_of = |v: Option<Vec<u8>>| v.unwrap_or_default();
    let mut out = text[..at].to_vec();
    for (before, value) in [
        (&b"[PUSH-FAIL] "[..], ms["ms"].to_vec()),
        (
            b"ms, Service{namespace='",
            text_of(field(push_namespace(), "v")),
        ),
        (b"', group='", text_of(field(push_group(), "v"))),
        (b"', name='", text_of(field(push_name(), "v"))),
        (
            b"', ephemeral=",
            field(push_revision(), "e").unwrap_or_else(|| b"true".to_vec()),
        ),
        (
            b", revision=",
            field(push_revision(), "r").unwrap_or_else(|| b"0".to_vec()),
        ),
        (b"}, reason=", reason.to_vec()),
        (b", target=", target["ip"].to_vec()),
    ] {
        out.extend_from_slice(before);
        out.extend_from_slice(&value);
    }
    if is_read(&out) {
        replace(lines, i, n, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: &str = "2024-05-01 10:00:05,001 ERROR [PUSH-FAIL] 5000ms, Service{namespace='public', group='DEFAULT_GROUP', name='order', ephemeral=true, revision=7}, reason=Timeout After 5000 milliseconds,requestId =81, target=10.0.0.9";

    fn mended(text: &str) -> String {
        String::from_utf8(mend(text.as_bytes()).0).unwrap()
    }

    #[test]
    fn a_healthy_log_comes_out_as_it_is() {
        let stack = "\tat a.b.C(D.java:1)\n";
        for text in [
            format!("{PUSH}\n\n{PUSH}\n\n2024-05-01 10:00:05,002 ERROR Reason detail: \n\njava.util.concurrent.TimeoutException: x\n{stack}{stack}"),
            "2024-05-01 10:00:05,002 INFO Tps reporting...\nA|point|SECONDS|2024-05-01 10:00:04|1|0|\n\n".to_owned(),
            "2024-05-01 10:00:00,000|3|200|10.0.0.9|listen|3000|true|||unknown\n".to_owned(),
            "no log at all\n> with a quotation\n".replace("> ", ""),
            "2024-05-01 10:00:05,002 INFO cut".to_owned(),
        ] {
            assert_eq!(mended(&text), text);
            assert!(!is_pasted(text.as_bytes()));
        }
    }

    #[test]
    fn a_line_knows_where_it_stood() {
        let text = format!("> words\n```\n> {PUSH} {PUSH}\n");
        let (out, map) = mend(text.as_bytes());
        let second = memchr::memmem::rfind(&out, b"2024-05").unwrap();
        assert_eq!(map.source(second), (text.find("> 2024").unwrap(), 2));
    }

    #[test]
    fn whatever_it_is_given_mending_ends() {
        let mut bytes: Vec<u8> =
            format!("```{PUSH}{PUSH}\n[PUSH FAIL 5ms target-\nfailed to\nallocate").into_bytes();
        for i in 0..bytes.len() {
            bytes[i] ^= 0x15;
            let (_, _) = mend(&bytes);
            let (_, _) = mend(&bytes[i..]);
        }
    }
}
