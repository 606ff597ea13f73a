//! Reading a mapped dump: records in order, the objects of its segments side by side.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::bytes::IdSize;
use super::chase::Chase;
use super::classes::{ClassTable, Classes, Classify, UNDECIDED};
use super::collect::Collected;
use super::feed::SliceFeed;
use super::heap::{ClassDump, Object, Shape, Stop};
use super::in_order::InOrder;
use super::lanes::{self, Span, Visitor};
use super::objects::{Follow, GLUE, Objects};
use super::spans::{Cutter, is_large};
use super::{ParseError, header, records, stopped};

/// Spans walked by one thread at a stretch.
const STRETCH: usize = 32;
/// Places in one segment behind which reading goes on; more damage than that is no dump any more.
const MAX_BREAKS: usize = 1000;
/// Spans whose results are held before they are joined.
const WAVE: usize = 1024;

/// Reads a dump that is there as a whole.
///
/// # Errors
/// When it does not begin like a dump.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    classify: Classify,
    follow: Follow,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Objects<'a>, ParseError> {
    let head = header(&mut SliceFeed::new(bytes))?;
    let classes = Classes::new(head.id_size, classify);
    let mut sink = InOrder::new(classes, Some(bytes), (follow, 0), progress);
    pass(bytes, head.id_size, &mut sink);
    if sink.got.undecided > 0 {
        // Instances before their classes: once more, now that all classes are known.
        sink = sink.again();
        pass(bytes, head.id_size, &mut sink);
    }
    progress(bytes.len() as u64);
    let mut all = Objects::build(head, sink.classes, sink.got, Chase::default(), Some(bytes));
    all.bytes_read = bytes.len() as u64;
    all.spans = sink.walked;
    Ok(all)
}

fn pass<'a>(bytes: &'a [u8], ids: IdSize, sink: &mut InOrder<'a, '_>) {
    let mut feed = SliceFeed::new(bytes);
    if header(&mut feed).is_err() {
        return;
    }
    records(&mut feed, ids, sink);
    sink.got.blocks.close();
    sink.classes.settle_all();
    let table = sink.classes.table();
    let segments = std::mem::take(&mut sink.spans);
    let spans = if segments.iter().any(|s| is_large(s.at, s.end)) {
        cut_large(&Cutter::new(bytes, ids, &sink.classes), &segments)
    } else {
        segments
    };
    sink.walk_now(bytes, &table, spans);
}

/// Cuts segments of more than a few MiB into spans. Behind a place that cannot be read, goes on where it can again.
fn cut_large(cutter: &Cutter<'_>, segments: &[Span]) -> Vec<Span> {
    let mut spans = Vec::with_capacity(segments.len());
    for segment in segments {
        if !is_large(segment.at, segment.end) {
            spans.push(*segment);
            continue;
        }
        let (mut at, mut breaks) = (segment.at, 0);
        while at < segment.end {
            let cut = cutter.cut(at, segment.end);
            spans.extend(cut.spans);
            if cut.reached >= segment.end {
                break;
            }
            // Told by the walk over this span, which gets no further than its beginning.
            breaks += 1;
            let next = (breaks <= MAX_BREAKS)
                .then(|| cutter.next_after(cut.reached, segment.end))
                .flatten();
            at = next.unwrap_or(segment.end);
            spans.push(Span {
                at: cut.reached,
                until: at,
                end: segment.end,
            });
        }
    }
    spans
}

/// Walks spans side by side. What comes out does not depend on how many threads there are.
pub(super) fn collect(
    bytes: &[u8],
    ids: IdSize,
    table: &ClassTable,
    spans: &[Span],
    progress: &(dyn Fn(u64) + Sync),
) -> (Collected, Vec<ClassDump>) {
    let (mut all, mut late) = (Collected::default(), Vec::new());
    let done = AtomicU64::new(spans.first().map_or(0, |s| s.at));
    for wave in spans.chunks(WAVE) {
        let stretches: Vec<(Vec<u64>, Vec<Part>)> = wave
            .par_chunks(STRETCH)
            .map(|stretch| {
                let mut gather = Gather {
                    table,
                    counts: Vec::new(),
                };
                let walked = lanes::walk(bytes, ids, stretch, &mut gather);
                let parts = walked.into_iter().zip(stretch).map(|(walked, span)| {
                    let mut part = walked.unit;
                    part.got.blocks.close();
                    part.end(walked.stop, walked.reached, span.until);
                    part
                });
                let parts = parts.collect();
                let read: u64 = stretch.iter().map(|s| s.until - s.at).sum();
                let before = done.fetch_add(read, Ordering::Relaxed);
                if before >> 24 != (before + read) >> 24 {
                    progress((before + read).min(bytes.len() as u64));
                }
                (gather.counts, parts)
            })
            .collect();
        for (counts, parts) in stretches {
            all.add_counts(&counts);
            for part in parts {
                all.append(part.got);
                late.extend(part.late);
            }
        }
    }
    (all, late)
}

/// What one span gives.
#[derive(Default)]
struct Part {
    got: Collected,
    late: Vec<ClassDump>,
}

impl Part {
    /// States why a walk ended early.
    fn end(&mut self, stop: Stop, reached: u64, until: u64) {
        if let Some(error) = stopped(stop, reached) {
            self.got.loss(error, until.saturating_sub(reached));
        }
    }
}

/// Notes where objects of interest stand.
struct Gather<'c> {
    table: &'c ClassTable,
    /// Instances by class, of all spans of a stretch: a list for each span would be larger than the span is worth.
    counts: Vec<u64>,
}

impl Visitor for Gather<'_> {
    type Unit = Part;

    #[inline(always)]
    fn object(&mut self, part: &mut Part, at: u64, object: Object, body: u64) {
        let got = &mut part.got;
        got.objects += 1;
        got.blocks.note(at, body + object.len, object.id);
        let Shape::Instance { class } = object.shape else {
            return;
        };
        let Some((ix, kind)) = self.table.get(class) else {
            got.undecided += 1;
            return;
        };
        match self.counts.get_mut(ix as usize) {
            Some(count) => *count += 1,
            None => {
                self.counts.resize(ix as usize + 1, 0);
                self.counts[ix as usize] += 1;
            }
        }
        match kind {
            0 | GLUE => {}
            UNDECIDED => got.undecided += 1,
            _ => got.keep_in_place(object.id, body, object.len, ix),
        }
    }

    fn class(&mut self, part: &mut Part, class: ClassDump) {
        part.late.push(class);
    }
}
