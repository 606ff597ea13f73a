//! Lines, words and numbers of texts that may hold anything: CRLF, NULs, bytes that are no UTF-8.

/// One line of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Offset of its first byte.
    pub(crate) start: usize,
    /// Its bytes without the line end.
    pub(crate) text: &'a [u8],
    /// Offset of the line after it.
    pub(crate) next: usize,
    /// Whether a newline ends it; the last line of a cut-off file lacks one.
    pub(crate) ended: bool,
}

/// The lines of `text`, ended by LF or CRLF.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0usize;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|r| !r.is_empty())?;
        let (len, ended) = match memchr::memchr(b'\n', rest) {
            Some(n) => (n, true),
            None => (rest.len(), false),
        };
        let body = rest.get(..len).unwrap_or(rest);
        let line = Line {
            start,
            text: body.strip_suffix(b"\r").unwrap_or(body),
            next: start + len + usize::from(ended),
            ended,
        };
        start = line.next;
        Some(line)
    })
}

/// Without blanks and NULs at either end.
pub(crate) fn trim(mut b: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = b
        && (first.is_ascii_whitespace() || *first == 0)
    {
        b = rest;
    }
    while let [rest @ .., last] = b
        && (last.is_ascii_whitespace() || *last == 0)
    {
        b = rest;
    }
    b
}

/// The words of a line: what blanks separate.
pub(crate) fn words(b: &[u8]) -> impl Iterator<Item = &[u8]> {
    b.split(|c| c.is_ascii_whitespace() || *c == 0)
        .filter(|w| !w.is_empty())
}

/// A decimal number and nothing else.
pub(crate) fn decimal(b: &[u8]) -> Option<u64> {
    if b.is_empty() || b.len() > 20 {
        return None;
    }
    b.iter().try_fold(0u64, |n, c| {
        c.is_ascii_digit()
            .then(|| n.checked_mul(10)?.checked_add(u64::from(c - b'0')))
            .flatten()
    })
}

/// A hexadecimal number, with or without `0x`, and nothing else.
pub(crate) fn hexadecimal(b: &[u8]) -> Option<u64> {
    let b = b
        .strip_prefix(b"0x")
        .or_else(|| b.strip_prefix(b"0X"))
        .unwrap_or(b);
    if b.is_empty() || b.len() > 16 || !b.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(b).ok()?, 16).ok()
}

/// The number at the start of `b`, and what follows it.
pub(crate) fn leading_number(b: &[u8]) -> Option<(u64, &[u8])> {
    let len = b
        .iter()
        .position(|c| !c.is_ascii_digit())
        .unwrap_or(b.len());
    let (digits, rest) = b.split_at_checked(len)?;
    Some((decimal(digits)?, rest))
}

/// A decimal fraction (`1.234`, `1.34242446E8`) and nothing else.
pub(crate) fn float(b: &[u8]) -> Option<f64> {
    if b.len() > 64 {
        return None;
    }
    std::str::from_utf8(b).ok()?.parse().ok()
}

/// A byte count with a one-letter binary unit or none (`524288K`, `96M`, `12`), and what follows it.
pub(crate) fn leading_size(b: &[u8]) -> Option<(u64, &[u8])> {
    let (n, rest) = leading_number(b)?;
    let shift = match rest.first() {
        Some(b'B' | b'b') => 0,
        Some(b'K' | b'k') => 10,
        Some(b'M' | b'm') => 20,
        Some(b'G' | b'g') => 30,
        Some(b'T' | b't') => 40,
        _ => return Some((n, rest)),
    };
    Some((n.checked_mul(1u64 << shift)?, rest.get(1..)?))
}

/// Where `needle` begins in `b`.
pub(crate) fn find(b: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(b, needle)
}

/// What stands after the first `needle` in `b`.
pub(crate) fn after<'a>(b: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    b.get(find(b, needle)?.checked_add(needle.len())?..)
}

/// What stands before and after the first `needle` in `b`.
pub(crate) fn cut<'a>(b: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = find(b, needle)?;
    Some((b.get(..at)?, b.get(at.checked_add(needle.len())?..)?))
}

/// The process of the line `13488:` that the jcmd tool prints first.
pub(crate) fn pid_line(t: &[u8]) -> Option<u32> {
    let digits = trim(t).strip_suffix(b":")?;
    // Linux numbers processes up to 4,194,304; ten digits are seconds since 1970.
    decimal(digits)
        .filter(|n| *n < 1_000_000_000)
        .and_then(|n| u32::try_from(n).ok())
}

/// As text, at most `max` bytes of it; what is no UTF-8 is replaced.
pub(crate) fn text(b: &[u8], max: usize) -> String {
    let b = b.get(..max).unwrap_or(b);
    String::from_utf8_lossy(b).into_owned()
}

/// Every prefix of a text (in steps, when it is long) and 500 copies with one bit flipped, for tests that a reader
/// ends without panic whatever it is given.
#[cfg(test)]
pub(crate) fn torment(original: &[u8], read: impl Fn(&[u8])) {
    let step = (original.len() / 200).max(1);
    for len in (0..original.len()).step_by(step) {
        read(&original[..len]);
    }
    // A linear congruential generator: the same flips in every run.
    let mut seed = 0x5eed_u64;
    let mut copy = original.to_vec();
    for _ in 0..500 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (seed >> 33) as usize % original.len().max(1);
        let bit = 1u8 << ((seed >> 29) & 7);
        if let Some(b) = copy.get_mut(at) {
            *b ^= bit;
        }
        read(&copy);
        if let (Some(b), Some(o)) = (copy.get_mut(at), original.get(at)) {
            *b = *o;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_lf_and_crlf_and_the_last_may_be_cut() {
        let got: Vec<_> = lines(b"a\r\n\nb")
            .map(|l| (l.start, l.text, l.next, l.ended))
            .collect();
        assert_eq!(
            got,
            [
                (0, &b"a"[..], 3, true),
                (3, &b""[..], 4, true),
                (4, &b"b"[..], 5, false)
            ]
        );
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn numbers_that_do_not_fit_are_no_numbers() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(decimal(b"12x"), None);
        assert_eq!(hexadecimal(b"0xe0000000"), Some(0xe000_0000));
    }
}
