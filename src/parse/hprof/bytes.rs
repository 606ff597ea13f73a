//! Checked reads of big-endian fields. Every read names its field, so that an error says what the file lacked and where.

use crate::parse::{ParseError, ParseErrorKind};

/// Width of an object identifier in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSize {
    /// 32-bit virtual machines.
    Four,
    /// 64-bit virtual machines, compressed references or not.
    Eight,
}

impl IdSize {
    /// The width in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// Reads one field after the other from a piece of a dump.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    at: u64,
    id: IdSize,
}

impl<'a> Fields<'a> {
    /// Fields of `bytes`, which stand at offset `at` of the dump.
    #[must_use]
    pub const fn new(bytes: &'a [u8], at: u64, id: IdSize) -> Self {
        Self {
            rest: bytes,
            at,
            id,
        }
    }

    /// Offset of the next field in the dump.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], ParseError> {
        match self.rest.split_at_checked(n) {
            Some((head, rest)) => {
                self.rest = rest;
                self.at += n as u64;
                Ok(head)
            }
            None => Err(ParseError {
                at: self.at,
                what: format!("{what}: {n} bytes expected, {} left", self.rest.len()).into(),
                kind: ParseErrorKind::Truncated,
            }),
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// When none is left.
    pub fn u1(&mut self, what: &'static str) -> Result<u8, ParseError> {
        Ok(unsigned(self.take(1, what)?) as u8)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn u2(&mut self, what: &'static str) -> Result<u16, ParseError> {
        Ok(unsigned(self.take(2, what)?) as u16)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn u4(&mut self, what: &'static str) -> Result<u32, ParseError> {
        Ok(unsigned(self.take(4, what)?) as u32)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn u8(&mut self, what: &'static str) -> Result<u64, ParseError> {
        Ok(unsigned(self.take(8, what)?))
    }

    /// An object identifier.
    ///
    /// # Errors
    /// When fewer bytes are left.
    pub fn id(&mut self, what: &'static str) -> Result<u64, ParseError> {
        Ok(unsigned(self.take(self.id.bytes(), what)?))
    }
}

/// The big-endian number in `bytes`; of more than eight, the last eight count.
#[inline]
#[must_use]
pub fn unsigned(bytes: &[u8]) -> u64 {
    match bytes {
        [a, b, c, d, e, f, g, h] => u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        [a, b, c, d] => u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => bytes.iter().fold(0, |n, b| (n << 8) | u64::from(*b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field_and_its_offset() {
        let mut f = Fields::new(&[0, 0, 1, 2, 3], 100, IdSize::Eight);
        assert_eq!(f.u2("first").unwrap(), 0);
        assert_eq!(f.u1("second").unwrap(), 1);
        let e = f.id("class id").unwrap_err();
        assert_eq!(e.at, 103);
        assert_eq!(e.kind, ParseErrorKind::Truncated);
        assert!(e.what.contains("class id"), "{e}");
        assert_eq!(f.u2("a failed read takes nothing").unwrap(), 0x0203);
    }

    #[test]
    fn numbers_are_big_endian_at_every_width() {
        assert_eq!(unsigned(&[]), 0);
        assert_eq!(unsigned(&[1, 2]), 0x0102);
        assert_eq!(unsigned(&[1, 2, 3, 4]), 0x0102_0304);
        assert_eq!(unsigned(&[1, 2, 3, 4, 5, 6, 7, 8]), 0x0102_0304_0506_0708);
    }
}
