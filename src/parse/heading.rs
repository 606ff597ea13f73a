//! Times that scripts print above the reports they collect.
//!
//! Read: ISO 8601 and its relatives (`2026-11-22T13:07:50.123+08:00`, `2026/11/22 13:07:50`, `20261122-130750`,
//! `2026-11-22_13-07-50`), the output of `date` in the C, English and Chinese locales, seconds and milliseconds since
//! 1970 on a line of their own or framed by `=`, `#`, `-`.

use super::lines::{decimal, find, leading_number, trim, words};
use crate::units::WallTime;

/// A time that stands in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The time shown.
    pub time: WallTime,
    /// Minutes east of UTC, when the text says so. A zone named by an ambiguous abbreviation (CST) does not.
    pub offset_minutes: Option<i32>,
    /// The line as it is written, at most 120 bytes of it.
    pub text: String,
    /// Offset of the line.
    pub at: usize,
}

/// The last time that stands in `line`, which begins at offset `at`.
#[must_use]
pub fn read(line: &[u8], at: usize) -> Option<Heading> {
    let line = trim(line.get(..400).unwrap_or(line));
    if line.len() < 8 || !line.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let (time, offset_minutes) = numeric(line)
        .or_else(|| date_command(line))
        .or_else(|| epoch(line))?;
    Some(Heading {
        time,
        offset_minutes,
        text: super::lines::text(line, 120),
        at,
    })
}

/// Whether a year may be one a running JVM was watched in; keeps other numbers from being read as dates.
fn is_year(y: u64) -> bool {
    (1990..2200).contains(&y)
}

/// The number in exactly `n` digits at the start.
fn digits(b: &[u8], n: usize) -> Option<(u64, &[u8])> {
    let (head, rest) = b.split_at_checked(n)?;
    Some((decimal(head)?, rest))
}

/// Fields to a time; seconds of 60 count as 59.
fn time_of(y: u64, mo: u64, d: u64, h: u64, mi: u64, s: u64, ms: u64) -> Option<WallTime> {
    let small = |n: u64| u32::try_from(n).ok();
    if !is_year(y) {
        return None;
    }
    WallTime::from_fields(
        i32::try_from(y).ok()?,
        small(mo)?,
        small(d)?,
        small(h)?,
        small(mi)?,
        small(s.min(59))?,
        small(ms)?,
    )
}

/// A fraction of a second (`.123`, `,123456`) in milliseconds, and what follows.
fn fraction(b: &[u8]) -> (u64, &[u8]) {
    let Some((b'.' | b',', rest)) = b.split_first() else {
        return (0, b);
    };
    let n = rest
        .iter()
        .position(|c| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let Some((head, tail)) = rest.split_at_checked(n).filter(|(h, _)| !h.is_empty()) else {
        return (0, b);
    };
    let mut ms = 0u64;
    for i in 0..3 {
        ms = ms * 10 + head.get(i).map_or(0, |c| u64::from(c - b'0'));
    }
    (ms, tail)
}

/// `Z`, `UTC`, `GMT`, `+08:00`, `-0330`, `+08` at the start, in minutes.
fn zone(b: &[u8]) -> Option<i32> {
    let b = b.strip_prefix(b" ").unwrap_or(b);
    for name in [&b"UTC"[..], b"GMT", b"Z"] {
        if let Some(rest) = b.strip_prefix(name)
            && !rest.first().is_some_and(u8::is_ascii_alphanumeric)
        {
            return Some(0);
        }
    }
    let (sign, rest) = b.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (h, rest) = digits(rest, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let mi = digits(rest, 2).map_or(0, |(m, _)| m);
    if h > 14 || mi > 59 {
        return None;
    }
    i32::try_from(h * 60 + mi).ok().map(|m| sign * m)
}

/// A date in digits followed by a time of day; the last one in the line.
fn numeric(line: &[u8]) -> Option<(WallTime, Option<i32>)> {
    let mut found = None;
    let mut at = 0usize;
    while let Some(rest) = line.get(at..).filter(|r| !r.is_empty()) {
        let run = rest
            .iter()
            .position(|c| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if run == 0 {
            at += 1;
            continue;
        }
        if let Some(hit) = numeric_at(rest, run) {
            found = Some(hit);
        }
        at += run;
    }
    found
}

fn numeric_at(b: &[u8], run: usize) -> Option<(WallTime, Option<i32>)> {
    let (y, mo, d, rest) = match run {
        4 => {
            let (y, rest) = digits(b, 4)?;
            let (sep, rest) = rest.split_first()?;
            if !matches!(sep, b'-' | b'/' | b'.') {
                return None;
            }
            let (mo, rest) = leading_number(rest)?;
            let rest = rest.strip_prefix(std::slice::from_ref(sep))?;
            let (d, rest) = leading_number(rest)?;
            (y, mo, d, rest)
        }
        8 | 14 => {
            let (y, rest) = digits(b, 4)?;
            let (mo, rest) = digits(rest, 2)?;
            let (d, rest) = digits(rest, 2)?;
            (y, mo, d, rest)
        }
        _ => return None,
    };
    if !is_year(y) {
        return None;
    }
    let rest = if run == 14 {
        rest
    } else {
        let skip = rest
            .iter()
            .take(3)
            .take_while(|c| matches!(c, b'T' | b't' | b' ' | b'_' | b'-' | b':' | b','))
            .count();
        if skip == 0 {
            return None;
        }
        rest.get(skip..)?
    };
    let (h, rest) = digits(rest, 2)?;
    let rest = separator(rest);
    let (mi, rest) = digits(rest, 2)?;
    let (s, rest) = match digits(separator(rest), 2) {
        Some((s, after)) => (s, after),
        None => (0, rest),
    };
    let (ms, rest) = fraction(rest);
    Some((time_of(y, mo, d, h, mi, s, ms)?, zone(rest)))
}

fn separator(b: &[u8]) -> &[u8] {
    match b {
        [b':' | b'-' | b'.', rest @ ..] => rest,
        _ => b,
    }
}

/// `13:07:50` with nothing behind it, and the rest of a longer word.
fn clock(b: &[u8]) -> Option<(u64, u64, u64, u64)> {
    let (h, rest) = leading_number(b)?;
    let rest = rest.strip_prefix(b":")?;
    let (mi, rest) = digits(rest, 2)?;
    let rest = rest.strip_prefix(b":")?;
    let (s, rest) = digits(rest, 2)?;
    let (ms, rest) = fraction(rest);
    (rest.is_empty() && h < 24).then_some((h, mi, s, ms))
}

/// `Sun Nov 22 13:07:50 UTC 2026`, `Sun 22 Nov 2026 01:07:50 PM CST`, `2026年 11月 22日 星期日 13:07:50 CST`.
fn date_command(line: &[u8]) -> Option<(WallTime, Option<i32>)> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (mut year, mut month, mut day) = (None, None, None);
    for (mark, field) in [("年", &mut year), ("月", &mut month), ("日", &mut day)] {
        if let Some(at) = find(line, mark.as_bytes()) {
            let head = line.get(..at)?;
            let from = head
                .iter()
                .rposition(|c| !c.is_ascii_digit())
                .map_or(0, |n| n + 1);
            *field = decimal(head.get(from..)?);
        }
    }
    let mut time = None;
    let mut offset = None;
    let mut afternoon = None;
    for word in words(line) {
        let word = word
            .strip_suffix(b",")
            .or_else(|| word.strip_suffix(b"]"))
            .unwrap_or(word);
        let (word, half) = if let Some(w) = word.strip_prefix("下午".as_bytes()) {
            (w, Some(true))
        } else if let Some(w) = word.strip_prefix("上午".as_bytes()) {
            (w, Some(false))
        } else {
            (word, None)
        };
        afternoon = half.or(afternoon);
        if let Some(t) = clock(word) {
            time = time.or(Some(t));
        } else if let Some(n) = decimal(word) {
            if is_year(n) {
                year = year.or(Some(n));
            } else if (1..=31).contains(&n) {
                day = day.or(Some(n));
            }
        } else if let Some(m) = MONTHS.iter().position(|m| word.get(..3) == Some(*m)) {
            month = month.or(Some(m as u64 + 1));
        } else if word.eq_ignore_ascii_case(b"PM") {
            afternoon = Some(true);
        } else if word.eq_ignore_ascii_case(b"AM") {
            afternoon = Some(false);
        } else if time.is_some() && offset.is_none() {
            offset = zone(word);
        }
    }
    let (h, mi, s, ms) = time?;
    let h = match afternoon {
        Some(true) if h < 12 => h + 12,
        Some(false) if h == 12 => 0,
        _ => h,
    };
    Some((time_of(year?, month?, day?, h, mi, s, ms)?, offset))
}

/// Seconds or milliseconds since 1970, alone in the line but for a frame and a word or two before it.
fn epoch(line: &[u8]) -> Option<(WallTime, Option<i32>)> {
    let mut found = None;
    for word in words(line) {
        let word = word
            .iter()
            .position(|c| !matches!(c, b'=' | b'#' | b'-' | b'[' | b'*'))
            .and_then(|n| word.get(n..))
            .unwrap_or_default();
        let end = word
            .iter()
            .rposition(|c| !matches!(c, b'=' | b'#' | b'-' | b']' | b'*' | b':'))
            .map_or(0, |n| n + 1);
        let word = word.get(..end).unwrap_or_default();
        let (whole, ms) = match leading_number(word) {
            Some((n, rest)) => match fraction(rest) {
                (ms, []) => (n, ms),
                _ => continue,
            },
            None => {
                // A label may stand before the number, not a sentence.
                if words(line).count() > 4 {
                    return None;
                }
                continue;
            }
        };
        // 1995 to 2150: a count of kilobytes is rarely that long, and never alone in a line.
        let ms = match whole {
            800_000_000..=5_700_000_000 => whole * 1000 + ms,
            800_000_000_000..=5_700_000_000_000 => whole,
            _ => continue,
        };
        found = Some((WallTime(i64::try_from(ms).ok()?), Some(0)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<(String, Option<i32>)> {
        read(line.as_bytes(), 0).map(|h| (h.time.local(), h.offset_minutes))
    }

    #[test]
    fn the_usual_headings_of_collecting_scripts_are_times() {
        let t = || "2026-11-22 13:07:50".to_owned();
        for (line, offset) in [
            ("Sun Nov 22 13:07:50 UTC 2026", Some(0)),
            ("Sun Nov 22 13:07:50 CST 2026", None),
            ("Sun 22 Nov 2026 01:07:50 PM CST", None),
            ("2026年 11月 22日 星期日 13:07:50 CST", None),
            ("2026年11月22日 下午01:07:50", None),
            ("2026-11-22T13:07:50.123+08:00", Some(480)),
            ("2026-11-22T13:07:50Z", Some(0)),
            ("==== 2026-11-22 13:07:50 ====", None),
            ("=== 2026/11/22 13:07:50 +0800 ===", Some(480)),
            ("collected at 20261122-130750", None),
            ("[2026-11-22_13-07-50]", None),
            ("1795352870", Some(0)),
            ("==== 1795352870 ====", Some(0)),
            ("====1795352870.25====", Some(0)),
            ("ts: 1795352870123", Some(0)),
        ] {
            assert_eq!(at(line), Some((t(), offset)), "{line}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for line in [
            "",
            "13488:",
            "====",
            "Total: reserved=2125317KB, committed=855273KB",
            "2026-13-40 99:99:99",
            "13:07:50",
            "9999999999999999999999",
            "(malloc=1795352870 #68)",
            "Metaspace 1795352870 bytes of the class space are used up by now",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }

    #[test]
    fn damaged_headings_end_without_panic() {
        for line in [
            "Sun Nov 22 13:07:50 UTC 2026",
            "2026年 11月 22日 星期日 下午01:07:50 CST",
            "=== 2026/11/22 13:07:50.123 +0800 === 1795352870",
        ] {
            super::super::lines::torment(line.as_bytes(), |b| {
                let _ = read(b, 0);
            });
        }
    }
}
