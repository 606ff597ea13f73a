//! Where a dump's bytes come from: one slice (a mapped file, a test), or a stream that is decompressed as it is read.
//! The walk over records is written once, against [`Feed`].

use std::io::{self, Read};

/// A cursor over a dump, from its first byte to its last.
pub trait Feed {
    /// Offset of the next byte.
    fn at(&self) -> u64;

    /// The next `n` bytes without moving; fewer only where the input ends.
    fn peek(&mut self, n: usize) -> &[u8];

    /// Moves on by `n` bytes and says by how many it could.
    fn skip(&mut self, n: u64) -> u64;

    /// Length of the input, where it is known.
    fn len(&self) -> Option<u64>;

    /// Whether `n` more bytes are there; for a stream, whether that is possible.
    fn has(&self, n: u64) -> bool {
        self.len()
            .is_none_or(|len| len.saturating_sub(self.at()) >= n)
    }

    /// Up to `n` bytes at an offset ahead, where the input can be looked at out of order.
    fn look(&self, at: u64, n: usize) -> Option<&[u8]>;

    /// Whether there is no byte left.
    fn is_empty(&mut self) -> bool {
        self.peek(1).is_empty()
    }
}

/// A dump that is there as a whole.
#[derive(Clone, Debug)]
pub struct SliceFeed<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> SliceFeed<'a> {
    /// From the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Only `bytes[..end]`, from `at` on. Both are brought within bounds.
    #[must_use]
    pub fn part(bytes: &'a [u8], at: u64, end: u64) -> Self {
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(end);
        Self {
            bytes: &bytes[..end],
            at,
        }
    }
}

impl Feed for SliceFeed<'_> {
    #[inline]
    fn at(&self) -> u64 {
        self.at as u64
    }

    #[inline]
    fn peek(&mut self, n: usize) -> &[u8] {
        let rest = &self.bytes[self.at..];
        &rest[..n.min(rest.len())]
    }

    #[inline]
    fn skip(&mut self, n: u64) -> u64 {
        let moved = n.min((self.bytes.len() - self.at) as u64);
        self.at += moved as usize;
        moved
    }

    #[inline]
    fn len(&self) -> Option<u64> {
        Some(self.bytes.len() as u64)
    }

    fn look(&self, at: u64, n: usize) -> Option<&[u8]> {
        let at = usize::try_from(at).ok()?.min(self.bytes.len());
        let rest = &self.bytes[at..];
        Some(&rest[..n.min(rest.len())])
    }
}

/// Bytes asked of a stream at a time.
const STEP: usize = 256 << 10;

/// A dump that is read once, front to back.
pub struct StreamFeed<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[start]`.
    at: u64,
    ended: bool,
    error: Option<String>,
}

impl<R: Read> StreamFeed<R> {
    /// Reads `from`.
    pub fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at: 0,
            ended: false,
            error: None,
        }
    }

    /// What ended the stream early, if anything.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Reads on until `n` bytes are buffered or the input ends. The buffer grows with what arrives, not with `n`.
    fn fill(&mut self, n: usize) {
        while self.end - self.start < n && !self.ended {
            if self.buffer.len() - self.end < STEP {
                if self.start > 0 {
                    self.buffer.copy_within(self.start..self.end, 0);
                    self.end -= self.start;
                    self.start = 0;
                }
                if self.buffer.len() - self.end < STEP {
                    let grown = (self.end + STEP).max(self.buffer.len().min(64 << 20) * 2);
                    self.buffer.resize(grown, 0);
                }
            }
            let target = self.end + STEP;
            match self.from.read(&mut self.buffer[self.end..target]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read.min(STEP),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.error = Some(e.to_string());
                    self.ended = true;
                }
            }
        }
    }
}

impl<R: Read> Feed for StreamFeed<R> {
    #[inline]
    fn at(&self) -> u64 {
        self.at
    }

    #[inline]
    fn peek(&mut self, n: usize) -> &[u8] {
        if self.end - self.start < n {
            self.fill(n);
        }
        let have = self.end - self.start;
        &self.buffer[self.start..self.start + n.min(have)]
    }

    #[inline]
    fn skip(&mut self, n: u64) -> u64 {
        let mut left = n;
        loop {
            let step = left.min((self.end - self.start) as u64);
            self.start += step as usize;
            self.at += step;
            left -= step;
            if left == 0 {
                return n;
            }
            self.fill(1);
            if self.end == self.start {
                return n - left;
            }
        }
    }

    fn len(&self) -> Option<u64> {
        None
    }

    fn look(&self, _at: u64, _n: usize) -> Option<&[u8]> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            to[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn a_stream_gives_the_bytes_a_slice_gives() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let mut a = SliceFeed::new(&bytes);
        let mut b = StreamFeed::new(Dribble(&bytes));
        for n in [1usize, 7, 300, 2, 500, 400] {
            assert_eq!(a.peek(n), b.peek(n));
            assert_eq!(a.skip(n as u64), b.skip(n as u64));
            assert_eq!(a.at(), b.at());
        }
        assert!(a.is_empty() && b.is_empty());
    }

    #[test]
    fn asking_a_short_stream_for_gigabytes_reserves_what_is_there() {
        let mut s = StreamFeed::new(&[1u8, 2, 3][..]);
        assert_eq!(s.peek(4 << 30), [1, 2, 3]);
        assert!(s.buffer.len() <= 4 * STEP);
        assert_eq!(s.skip(u64::MAX), 3);
    }

    #[test]
    fn a_read_error_ends_the_stream_and_is_told() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("bad block"))
            }
        }
        let mut s = StreamFeed::new(Fails);
        assert!(s.peek(1).is_empty());
        assert_eq!(s.error(), Some("bad block"));
    }
}
