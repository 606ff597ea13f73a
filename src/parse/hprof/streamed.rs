//! Reading a packed dump, or any other that can only be read front to back.

use std::io::Read;

use super::classes::{Classes, Classify};
use super::feed::{Feed, StreamFeed};
use super::in_order::InOrder;
use super::objects::{DumpSource, Follow, Objects};
use super::packed::{Packing, unpack, unpacked_aside};
use super::{Header, ParseError, ParseErrorKind, Sink, header, records};

/// Reads a dump from its first byte to its last, holding `window` bytes of small objects.
///
/// # Errors
/// When the source cannot be opened or does not begin like a dump.
pub(super) fn read<'a>(
    source: DumpSource<'a>,
    classify: Classify,
    (follow, window): (Follow, usize),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Objects<'a>, ParseError> {
    let mut passed = pass(source, |head| {
        let classes = Classes::new(head.id_size, classify);
        InOrder::new(classes, None, (follow, window), progress)
    })?;
    if passed.sink.got.undecided > 0 {
        // Instances before their classes: once more, now that all classes are known.
        let again = passed.sink.again();
        passed = pass(source, |_| again)?;
    }
    let Passed {
        head,
        mut sink,
        read,
        error,
    } = passed;
    if let Some(error) = error {
        let error = ParseError {
            at: read,
            what: format!("the packed dump cannot be read on: {error}").into(),
            kind: ParseErrorKind::Truncated,
        };
        sink.got.loss(error, 0);
    }
    sink.classes.settle_all();
    let mut left_over = sink.chase.end(&sink.classes, &|_| false);
    let mut all = Objects::build(head, sink.classes, sink.got, sink.chase, None);
    all.bytes_read = read;
    all.window = window;
    left_over.retain(|&id| all.get(id).is_none());
    all.left_over = left_over;
    Ok(all)
}

/// What came of one reading.
pub(super) struct Passed<S> {
    head: Header,
    pub(super) sink: S,
    /// Bytes read, and what ended the stream early.
    read: u64,
    error: Option<String>,
}

/// Hands all of a stream to a sink, which is made when the header has been read. Unpacks in a thread of its own.
///
/// # Errors
/// When the source cannot be opened or does not begin like a dump.
pub(super) fn pass<S: Sink>(
    source: DumpSource<'_>,
    begin: impl FnOnce(Header) -> S,
) -> Result<Passed<S>, ParseError> {
    let from = open(source)?;
    if rayon::current_num_threads() == 1 {
        return through(from, begin);
    }
    unpacked_aside(from, |from| through(from, begin))
}

fn through<S: Sink>(
    from: impl Read,
    begin: impl FnOnce(Header) -> S,
) -> Result<Passed<S>, ParseError> {
    let mut feed = StreamFeed::new(from);
    let head = header(&mut feed)?;
    let mut sink = begin(head);
    records(&mut feed, head.id_size, &mut sink);
    Ok(Passed {
        head,
        sink,
        read: feed.at(),
        error: feed.error().map(str::to_owned),
    })
}

/// A reader of the unpacked dump.
///
/// # Errors
/// When the source cannot be opened.
fn open<'a>(source: DumpSource<'a>) -> Result<Box<dyn Read + Send + 'a>, ParseError> {
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
