//! Where something stands in the input.

use std::fmt;

/// Index of an artefact in [`crate::artefact::Inputs`]; the order is that of the report's `inputs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtefactId(pub u32);

impl fmt::Display for ArtefactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A place in the (unpacked) text of an artefact.
///
/// A window is parsed without knowing how many lines stand before it, so the line is kept relative to the window and
/// becomes absolute once all windows of the artefact have been counted ([`crate::facts::Coverage::line_of`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The artefact.
    pub artefact: ArtefactId,
    /// Byte offset in the unpacked text.
    pub offset: u64,
    /// Offset of the window that was being read.
    pub window: u64,
    /// Newlines between the start of that window and `offset`.
    pub lines_before: u32,
}

/// A run of bytes handed to a parser, and where it begins in its artefact.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The artefact the bytes come from.
    pub artefact: ArtefactId,
    /// Offset of `bytes[0]` in the unpacked text.
    pub base: u64,
    /// The bytes; a window of a log begins and ends where a record does.
    pub bytes: &'a [u8],
}

impl Window<'_> {
    /// The place of the byte at `at` (an index into `bytes`).
    #[must_use]
    pub fn place(&self, at: usize) -> Place {
        let at = at.min(self.bytes.len());
        let lines = memchr::memchr_iter(b'\n', &self.bytes[..at]).count();
        Place {
            artefact: self.artefact,
            offset: self.base + at as u64,
            window: self.base,
            lines_before: u32::try_from(lines).unwrap_or(u32::MAX),
        }
    }
}
