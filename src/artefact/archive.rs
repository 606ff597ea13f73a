//! Archives: tar, packed or not, and zip. Nothing is unpacked to disk; a file inside is a stretch of what its archive unpacks
//! to, read when it is needed.
//!
//! Names that lead out of the archive are refused, links and devices too. How far an archive may expand is bounded, far above
//! what logs need (real ones shrink to a hundredth and less).

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::discover::{HEAD, Looked, look_at_head};
use super::{Origin, Packing, read};

/// Files in one archive at the most.
const ENTRIES_MAX: usize = 50_000;
/// Files up to this size are kept in memory when an archive is listed, while there is room.
const KEEP_MAX: u64 = 256 << 10;
/// All the files kept so.
pub(super) const KEEP_ALL: u64 = 24 << 20;
/// Bytes that an archive may expand to whatever its own size.
const FREE: u64 = 64 << 20;
/// Beyond those it may expand to this many times its own size: four times what the most repetitive real log does.
const RATIO: u64 = 512;
/// And never to more than this.
const TOTAL: u64 = 64 << 30;
/// Largest zip inside a packed archive.
const INNER_ZIP_MAX: u64 = 32 << 20;

/// What a file is an archive of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tar,
    Zip,
}

impl Kind {
    /// From the first bytes, unpacked.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if head.get(257..262) == Some(b"ustar") {
            Some(Self::Tar)
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else {
            None
        }
    }
}

/// A file in an archive.
pub(super) struct Entry {
    /// Its path in the archive; names of archives within are parts of it.
    pub(super) parts: Vec<String>,
    pub(super) origin: Origin,
    pub(super) size: u64,
    pub(super) modified_ms: Option<i64>,
    pub(super) looked: Looked,
}

/// What an archive holds.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    /// Path, why it is not read, and whether that is a failure.
    pub(super) skipped: Vec<(Vec<String>, String, bool)>,
    /// Bytes kept in memory.
    pub(super) kept: u64,
}

impl Listing {
    fn skip(&mut self, parts: &[String], why: impl Into<String>, failed: bool) {
        self.skipped.push((parts.to_vec(), why.into(), failed));
    }
}

/// Parts of a path inside an archive, or why it is refused.
fn safe_parts(path: &[u8]) -> Result<Vec<String>, &'static str> {
    const OUT: &str = "its path leads out of the archive";
    let path = String::from_utf8_lossy(path);
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return Err(OUT);
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(OUT),
            part => parts.push(part.replace(char::is_control, "_")),
        }
    }
    if parts.is_empty() || parts.len() > 64 {
        return Err("its path is empty or too deep");
    }
    Ok(parts)
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Ends with an error when a stream expands beyond the bounds.
struct Guarded {
    inner: Box<dyn Read + Send>,
    stored: Arc<AtomicU64>,
    out: u64,
}

impl Read for Guarded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.out += n as u64;
        if beyond(self.stored.load(Ordering::Relaxed), self.out) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_MUCH));
        }
        Ok(n)
    }
}

const TOO_MUCH: &str = "it expands to more than 512 times its size";

fn beyond(stored: u64, out: u64) -> bool {
    out > TOTAL || (out > FREE && out / RATIO > stored)
}

/// A direct origin as a file that can be searched.
struct Seekable {
    source: read::Source,
    at: u64,
    len: u64,
}

impl Read for Seekable {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Seekable {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.len.checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Lists the archive in `origin`, unpacked by `packing`; archives inside it too, one level deep.
pub(super) fn list(origin: &Origin, size: u64, packing: Packing, kind: Kind, kept: u64) -> Listing {
    let mut listing = Listing {
        kept,
        ..Listing::default()
    };
    list_at(origin, size, packing, kind, 0, &[], &mut listing);
    listing
}

fn list_at(
    origin: &Origin,
    size: u64,
    packing: Packing,
    kind: Kind,
    depth: u32,
    prefix: &[String],
    listing: &mut Listing,
) {
    let result = match kind {
        Kind::Tar => list_tar(origin, packing, depth, prefix, listing),
        Kind::Zip => list_zip(origin, size, packing, depth, prefix, listing),
    };
    if let Err(e) = result {
        listing.skip(prefix, format!("the archive breaks off: {e}"), true);
    }
}

/// A file of an archive, not recognised yet.
struct Piece {
    parts: Vec<String>,
    origin: Origin,
    size: u64,
    modified_ms: Option<i64>,
    head: Vec<u8>,
}

/// Takes one file of an archive in: an archive of its own is listed, anything else recognised by its head.
fn take(piece: Piece, prefix: &[String], depth: u32, listing: &mut Listing) {
    let Piece {
        mut parts,
        origin,
        size,
        modified_ms,
        head,
    } = piece;
    parts.splice(0..0, prefix.iter().cloned());
    let name = parts.last().cloned().unwrap_or_default();
    let (packing, unpacked) = super::discover::unpacked_head(&head);
    if let Some(kind) = Kind::of(&unpacked) {
        if depth == 0 {
            list_at(&origin, size, packing, kind, depth + 1, &parts, listing);
        } else {
            listing.skip(&parts, "an archive in an archive in an archive", false);
        }
        return;
    }
    if listing.entries.len() >= ENTRIES_MAX {
        return;
    }
    listing.entries.push(Entry {
        looked: look_at_head(&name, packing, &unpacked),
        parts,
        origin,
        size,
        modified_ms,
    });
}

fn list_tar(
    origin: &Origin,
    packing: Packing,
    depth: u32,
    prefix: &[String],
    listing: &mut Listing,
) -> io::Result<()> {
    let outer = Arc::new(origin.clone());
    let stored = Arc::new(AtomicU64::new(0));
    let raw = Counted {
        inner: read::open_origin(origin)?,
        count: stored.clone(),
    };
    let stream = Guarded {
        inner: read::unpack(Box::new(raw), packing)?,
        stored,
        out: 0,
    };
    let mut archive = tar::Archive::new(stream);
    let mut later = Vec::new();
    for entry in archive.entries()? {
        let mut entry = match entry {
            Ok(e) => e,
            Err(e) => {
                listing.skip(prefix, format!("the archive breaks off: {e}"), true);
                break;
            }
        };
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        let parts = match safe_parts(&entry.path_bytes()) {
            Ok(p) => p,
            Err(why) => {
                let mut shown = prefix.to_vec();
                shown.push(
                    String::from_utf8_lossy(&entry.path_bytes()).replace(char::is_control, "_"),
                );
                listing.skip(&shown, why, false);
                continue;
            }
        };
        let at = || {
            let mut all = prefix.to_vec();
            all.extend(parts.iter().cloned());
            all
        };
        if !(kind.is_file() || kind.is_contiguous()) {
            listing.skip(&at(), "a link or a device in an archive", false);
            continue;
        }
        if listing.entries.len() + later.len() >= ENTRIES_MAX {
            listing.skip(
                prefix,
                format!("more than {ENTRIES_MAX} files, the rest was not read"),
                true,
            );
            break;
        }
        let size = entry.size();
        let offset = entry.raw_file_position();
        let modified = entry.header().mtime().ok().filter(|t| *t > 0);
        let modified_ms = modified.and_then(|t| i64::try_from(t).ok()?.checked_mul(1000));
        let small = size <= KEEP_MAX && listing.kept + size <= KEEP_ALL;
        let mut head = Vec::new();
        let want = if small { size } else { HEAD };
        let read = entry.by_ref().take(want).read_to_end(&mut head);
        if let Err(e) = &read {
            listing.skip(&at(), format!("the archive breaks off in it: {e}"), true);
        }
        let mut origin = Origin::Part {
            outer: outer.clone(),
            packing,
            offset,
            len: size,
        };
        if small && read.is_ok() {
            listing.kept += size;
            origin = Origin::Memory(Arc::new(head.clone()));
        }
        head.truncate(HEAD as usize);
        later.push(Piece {
            parts,
            origin,
            size,
            modified_ms,
            head,
        });
        if read.is_err() {
            break;
        }
        // Heads of a long list of files are not piled up.
        if later.len() >= 64 {
            for piece in later.drain(..) {
                take(piece, prefix, depth, listing);
            }
        }
    }
    for piece in later {
        take(piece, prefix, depth, listing);
    }
    Ok(())
}

fn list_zip(
    origin: &Origin,
    size: u64,
    packing: Packing,
    depth: u32,
    prefix: &[String],
    listing: &mut Listing,
) -> io::Result<()> {
    let memory;
    let (origin, size) = if packing == Packing::Plain && origin.is_direct() {
        (origin, size)
    } else {
        let mut bytes = Vec::new();
        read::unpack(read::open_origin(origin)?, packing)?
            .take(INNER_ZIP_MAX + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > INNER_ZIP_MAX {
            listing.skip(prefix, "a large zip in a packed archive", false);
            return Ok(());
        }
        let len = bytes.len() as u64;
        memory = Origin::Memory(Arc::new(bytes));
        (&memory, len)
    };
    let source = read::Source::open_origin(origin)?;
    let mut archive = zip::ZipArchive::new(Seekable {
        source,
        at: 0,
        len: size,
    })
    .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
    let outer = Arc::new(origin.clone());
    let mut total = 0u64;
    for i in 0..archive.len() {
        if listing.entries.len() >= ENTRIES_MAX {
            listing.skip(
                prefix,
                format!("more than {ENTRIES_MAX} files, the rest was not read"),
                true,
            );
            break;
        }
        let entry = match archive.by_index_raw(i) {
            Ok(e) => e,
            Err(e) => {
                listing.skip(
                    prefix,
                    format!("a file of the archive cannot be read: {e}"),
                    true,
                );
                continue;
            }
        };
        if entry.is_dir() {
            continue;
        }
        let parts = match safe_parts(entry.name_raw()) {
            Ok(p) => p,
            Err(why) => {
                let mut shown = prefix.to_vec();
                shown
                    .push(String::from_utf8_lossy(entry.name_raw()).replace(char::is_control, "_"));
                listing.skip(&shown, why, false);
                continue;
            }
        };
        let mut at = prefix.to_vec();
        at.extend(parts.iter().cloned());
        let stored = entry.compressed_size();
        let len = entry.size();
        let Some(start) = entry.data_start() else {
            listing.skip(&at, "its place in the archive is not known", true);
            continue;
        };
        let inner_packing = match entry.compression() {
            zip::CompressionMethod::Stored => Packing::Plain,
            zip::CompressionMethod::DEFLATE => Packing::Deflate,
            other => {
                listing.skip(&at, format!("packed by {other}, which is not read"), true);
                continue;
            }
        };
        total = total.saturating_add(len);
        let why = if entry.is_symlink() {
            Some(("a link or a device in an archive", false))
        } else if entry.encrypted() {
            Some(("encrypted", true))
        } else if beyond(stored, len) || beyond(size, total) {
            Some((TOO_MUCH, true))
        } else {
            None
        };
        drop(entry);
        if let Some((why, failed)) = why {
            listing.skip(&at, why, failed);
            continue;
        }
        let stretch = Origin::Part {
            outer: outer.clone(),
            packing: Packing::Plain,
            offset: start,
            len: stored,
        };
        let mut origin = match inner_packing {
            Packing::Plain => stretch,
            packing => Origin::Part {
                outer: Arc::new(stretch),
                packing,
                offset: 0,
                len,
            },
        };
        let small = len <= KEEP_MAX && listing.kept + len <= KEEP_ALL;
        let mut head = Vec::new();
        let read = read::open_origin(&origin).and_then(|r| {
            r.take(if small { len } else { HEAD })
                .read_to_end(&mut head)
        });
        if let Err(e) = read {
            listing.skip(&at, format!("cannot be unpacked: {e}"), true);
            continue;
        }
        if small {
            listing.kept += len;
            origin = Origin::Memory(Arc::new(head.clone()));
        }
        head.truncate(HEAD as usize);
        let piece = Piece {
            parts,
            origin,
            size: len,
            modified_ms: None,
            head,
        };
        take(piece, prefix, depth, listing);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["/etc/x", "../x", "a/../../x", "C:\\x", "..\\x", "", "./."] {
            assert!(safe_parts(path.as_bytes()).is_err(), "{path}");
        }
        assert_eq!(safe_parts(b"./a//b.log").unwrap(), ["a", "b.log"]);
    }

    #[test]
    fn real_logs_pass_the_bound_and_bombs_do_not() {
        assert!(!beyond(1 << 20, 128 << 20));
        assert!(!beyond(10, FREE));
        assert!(beyond(1 << 20, 1 << 30));
        assert!(beyond(u64::MAX / 2, TOTAL + 1));
    }
}
