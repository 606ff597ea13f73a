//! The inputs: which files there are, to which node each belongs, and their bytes. The only module that touches the file
//! system for reading.

mod archive;
pub mod discover;
pub mod map;
pub mod read;
mod sources;

use std::path::PathBuf;

use crate::format::Format;
use crate::parse::record::Cutting;
use crate::parse::wrapping::Wrapping;
use crate::span::ArtefactId;
use crate::units::WallTime;

/// How the bytes of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packing {
    /// As they are.
    Plain,
    /// gzip, of one or many members.
    Gzip,
    /// Zstandard.
    Zstd,
    /// Deflate without a header, as in a zip archive.
    Deflate,
}

impl Packing {
    /// From the first bytes.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Where the bytes of an artefact come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Standard input, or a small file of an archive, read once into memory.
    Memory(std::sync::Arc<Vec<u8>>),
    /// A file in an archive: a stretch of what another origin unpacks to.
    Part {
        /// The archive.
        outer: std::sync::Arc<Origin>,
        /// How the archive is packed.
        packing: Packing,
        /// Where the file begins in the unpacked archive.
        offset: u64,
        /// Its length.
        len: u64,
    },
}

impl Origin {
    /// Whether its bytes can be read at any offset without reading those before.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        match self {
            Self::File(_) | Self::Memory(_) => true,
            Self::Part { outer, packing, .. } => *packing == Packing::Plain && outer.is_direct(),
        }
    }
}

/// One input file.
#[derive(Clone, Debug)]
pub struct Artefact {
    /// Its index.
    pub id: ArtefactId,
    /// Path below the argument it was found under, with `/`; what reports show.
    pub label: String,
    /// Where its bytes are.
    pub origin: Origin,
    /// Bytes as stored.
    pub size: u64,
    /// How they are packed.
    pub packing: Packing,
    /// What stands around the lines of a log.
    pub wrapping: Wrapping,
    /// What they are.
    pub format: Format,
    /// Index of its node in [`Inputs::nodes`].
    pub node: usize,
    /// Time in the file's name.
    pub name_time: Option<WallTime>,
    /// Modification time, milliseconds since 1970 UTC.
    pub modified_ms: Option<i64>,
    /// Added to every time read, when this file's clock is known to differ from the node's.
    pub shift_ms: i64,
}

/// A file that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Path as in [`Artefact::label`].
    pub label: String,
    /// Why.
    pub why: String,
    /// Whether reading it failed, as against not being of use.
    pub failed: bool,
    /// Bytes as stored.
    pub size: u64,
    /// Name of the node it lies in.
    pub node: Option<String>,
}

/// One server process's directory, or what was given for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name in the report.
    pub id: String,
}

/// All inputs of a run.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The files, by node and then in the order they are read.
    pub artefacts: Vec<Artefact>,
    /// The files that are not read.
    pub skipped: Vec<Skipped>,
}

impl Artefact {
    /// How the text is cut into records.
    #[must_use]
    pub fn cutting(&self) -> Cutting {
        Cutting {
            undated: self.format.undated(),
            wrapping: self.wrapping,
        }
    }

    /// Whether it is read window by window. A pasted text is not: what is mended may stand on several lines.
    #[must_use]
    pub fn by_windows(&self) -> bool {
        self.format.is_log() && self.wrapping != Wrapping::Pasted
    }
}

impl Inputs {
    /// The artefact of an id.
    #[must_use]
    pub fn artefact(&self, id: ArtefactId) -> Option<&Artefact> {
        self.artefacts.get(id.0 as usize)
    }
}
