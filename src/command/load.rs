//! Saved reports: plain or packed, or from standard input.

use std::io::{self, Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result};

use nacos_offheap::artefact::read::{open_origin, unpack};
use nacos_offheap::artefact::{Origin, Packing};
use nacos_offheap::report::{Report, json};

/// A report is some hundred kilobytes, with 10,000 clients some ten megabytes.
const MOST: u64 = 1 << 30;

/// Reads a saved report; `-` is standard input.
pub(crate) fn saved(path: &Path) -> Result<Report> {
    let shown = || path.display().to_string();
    let bytes = read(path).with_context(shown)?;
    json::read(&bytes)
        .map_err(anyhow::Error::msg)
        .with_context(shown)
}

/// Reads a saved report where the path is one; `None` for what is to be analysed.
pub(crate) fn saved_if_any(path: &Path) -> Result<Option<Report>> {
    if path == Path::new("-") {
        return saved(path).map(Some);
    }
    if !path.is_file() {
        return Ok(None);
    }
    let stream = open(path).with_context(|| path.display().to_string())?;
    // A log of JSON lines may be large: the first value tells.
    if !json::begins_report(stream) {
        return Ok(None);
    }
    saved(path).map(Some)
}

fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let origin = Origin::File(path.to_owned());
    let mut head = Vec::new();
    open_origin(&origin)?.take(8).read_to_end(&mut head)?;
    unpack(open_origin(&origin)?, Packing::of(&head))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(MOST).read_to_end(&mut bytes)?;
        let packing = Packing::of(&bytes);
        if packing == Packing::Plain {
            return Ok(bytes);
        }
        let packed = std::mem::take(&mut bytes);
        unpack(Box::new(Cursor::new(packed)), packing)?
            .take(MOST)
            .read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
