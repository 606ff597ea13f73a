//! Bytes in, typed items out. No parser knows a rule, a file or a clock; each file names the release or JDK whose
//! source or output it was read from.
//!
//! An error never ends the reading of an input: the parser says where and what ([`ParseError`]) and goes on at the next
//! record.

pub mod access;
pub mod cgroup;
pub mod cut;
pub mod failure;
pub mod flags;
pub mod gc;
pub mod heading;
pub mod heap_info;
pub mod histogram;
pub mod hprof;
pub mod hs_err;
pub mod jstat;
pub mod kernel;
mod lines;
pub mod malloc_info;
pub mod metaspace;
pub mod nmt;
pub mod pasted;
pub mod proc;
pub mod prometheus;
pub mod push;
pub mod record;
pub mod sockets;
pub mod statement;
pub(crate) mod vector;
pub mod wrapping;

use std::borrow::Cow;
use std::fmt;

/// What kind of trouble a parser met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParseErrorKind {
    /// The input ends inside a record.
    Truncated,
    /// The bytes are not what the format asks for here.
    Unexpected,
    /// A variant of the format this program does not read.
    Unsupported,
    /// A length or count that cannot be true.
    Overflow,
}

/// A piece of an input that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParseError {
    /// Offset of the piece from the start of the bytes given to the parser.
    pub at: u64,
    /// What was expected, and what was found instead.
    pub what: Cow<'static, str>,
    /// The kind of trouble.
    pub kind: ParseErrorKind,
}

impl ParseError {
    /// An error at offset `at`.
    pub fn new(at: usize, kind: ParseErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            at: at as u64,
            what: what.into(),
            kind,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {:#x}: {}", self.at, self.what)
    }
}

impl std::error::Error for ParseError {}
