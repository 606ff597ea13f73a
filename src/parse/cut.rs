//! Cutting fields out of a line of bytes by hand, for the statements that come by the million.

use memchr::{memchr, memmem};

/// What follows the first `needle`, or `None`.
#[must_use]
pub fn after<'a>(text: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    memmem::find(text, needle).map(|i| &text[i + needle.len()..])
}

/// What follows the last `needle`, or `None`.
#[must_use]
pub fn after_last<'a>(text: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    memmem::rfind(text, needle).map(|i| &text[i + needle.len()..])
}

/// What stands before the first `needle`, or `None`.
#[must_use]
pub fn before<'a>(text: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    memmem::find(text, needle).map(|i| &text[..i])
}

/// What stands before the first `byte`, else all of it.
#[must_use]
pub fn until(text: &[u8], byte: u8) -> &[u8] {
    memchr(byte, text).map_or(text, |i| &text[..i])
}

/// The text between `open` and the next `close`.
#[must_use]
pub fn between<'a>(text: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
    before(after(text, open)?, close)
}

/// The decimal number at the start of `text`, and what follows it. `None` without a digit or when it overflows.
#[must_use]
pub fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let mut value = 0u64;
    for &b in &text[..digits] {
        value = value.checked_mul(10)?.checked_add(u64::from(b - b'0'))?;
    }
    Some((value, &text[digits..]))
}

/// All of `text` as a decimal number.
#[must_use]
pub fn whole_number(text: &[u8]) -> Option<u64> {
    match number(text) {
        Some((n, [])) => Some(n),
        _ => None,
    }
}

/// `text` up to the first white space.
#[must_use]
pub fn word(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stop_at_the_first_other_byte_and_never_wrap() {
        assert_eq!(number(b"5000ms"), Some((5000, &b"ms"[..])));
        assert_eq!(number(b"ms"), None);
        assert_eq!(number(b"99999999999999999999"), None);
        assert_eq!(whole_number(b"12x"), None);
    }

    #[test]
    fn text_is_cut_from_either_end() {
        assert_eq!(
            after_last(b"a, target=b, target=c", b", target="),
            Some(&b"c"[..])
        );
        assert_eq!(between(b"name='x', y", b"name='", b"'"), Some(&b"x"[..]));
        assert_eq!(before(b"no", b"x"), None);
    }
}
