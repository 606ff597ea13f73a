//! Reading a packed dump, or any other that can only be read front to back.

use std::io::Read;

use super::classes::{Classes, Classify};
use super::feed::{Feed, StreamFeed};
use super::in_order::InOrder;
use super::objects::{DumpSource, Follow, Objects};
use super::packed::{Packing, unpack, unpacked_aside};
use super::{ParseError, ParseErrorKind, header, records};

/// Reads a dump from its first byte to its last.
///
/// # Errors
/// When the source cannot be opened or does not begin like a dump.
pub(super) fn read<'a>(
    source: DumpSource<'a>,
    classify: Classify,
    follow: Follow,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Objects<'a>, ParseError> {
    let from = open(source)?;
    if rayon::current_num_threads() == 1 {
        return walk(from, source, (classify, follow), progress);
    }
    unpacked_aside(from, |from| {
        walk(from, source, (classify, follow), progress)
    })
}

fn walk<'a>(
    from: impl Read,
    source: DumpSource<'a>,
    (classify, follow): (Classify, Follow),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Objects<'a>, ParseError> {
    let mut feed = StreamFeed::new(from);
    let head = header(&mut feed)?;
    let ids = head.id_size;
    let mut sink = InOrder::new(Classes::new(ids, classify), None, follow, progress);
    records(&mut feed, ids, &mut sink);
    let (mut read, mut error) = (feed.at(), feed.error().map(str::to_owned));
    drop(feed);
    if sink.got.undecided > 0 {
        sink = sink.again();
        let mut second = StreamFeed::new(open(source)?);
        header(&mut second)?;
        records(&mut second, ids, &mut sink);
        (read, error) = (second.at(), second.error().map(str::to_owned));
    }
    if let Some(error) = error {
        let error = ParseError {
            at: read,
            what: format!("the packed dump cannot be read on: {error}").into(),
            kind: ParseErrorKind::Truncated,
        };
        sink.got.loss(error, 0);
    }
    let mut all = Objects::build(head, sink.classes, sink.got, None);
    all.bytes_read = read;
    Ok(all)
}

/// A reader of the unpacked dump.
///
/// # Errors
/// When the source cannot be opened.
pub(super) fn open<'a>(source: DumpSource<'a>) -> Result<Box<dyn Read + Send + 'a>, ParseError> {
    match source {
        DumpSource::Bytes(bytes) => Ok(unpack(Packing::of(bytes), bytes)),
        DumpSource::Reopen(reopen) => reopen().map_err(|e| {
            ParseError::new(
                0,
                ParseErrorKind::Unexpected,
                format!("the dump cannot be opened: {e}"),
            )
        }),
    }
}
