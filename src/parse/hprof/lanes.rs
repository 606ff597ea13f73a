//! Several spans of a mapped dump walked in turns by one thread.
//!
//! Where an object ends is only known once its head has been read, and that head is seldom in the cache: a walk over one
//! span waits for memory at every step. Eight spans in turns have eight reads under way at a time, which made the walk
//! three times as fast. What the quick steps here do not know (class dumps, roots, anything broken) is left to
//! [`heap::walk_until`], one sub-record at a time.

use super::bytes::{IdSize, unsigned};
use super::feed::{Feed, SliceFeed};
use super::heap::{self, ClassDump, Object, Shape, Stop, Type};
use super::{ParseError, Sink};

/// Spans walked in turns.
const LANES: usize = 8;
/// The longest head of an object.
const HEAD: usize = 25;

/// Sub-records that begin in `at..until`, of a segment that ends at `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) at: u64,
    pub(super) until: u64,
    pub(super) end: u64,
}

/// What is done with the sub-records of spans.
pub(super) trait Visitor {
    /// What is gathered of one span.
    type Unit: Default;
    /// An object whose sub-record begins at `at` and whose bytes stand at `body`.
    fn object(&mut self, unit: &mut Self::Unit, at: u64, object: Object, body: u64);
    /// A class dump.
    fn class(&mut self, _unit: &mut Self::Unit, _class: ClassDump) {}
}

/// What came of one span.
#[derive(Debug)]
pub(super) struct Walked<U> {
    pub(super) unit: U,
    /// Where the walk ended: at or behind `until`, or where it stopped.
    pub(super) reached: u64,
    pub(super) stop: Stop,
}

/// Walks spans; what is returned stands in their order.
pub(super) fn walk<V: Visitor>(
    bytes: &[u8],
    ids: IdSize,
    spans: &[Span],
    visitor: &mut V,
) -> Vec<Walked<V::Unit>> {
    match ids {
        IdSize::Eight => walk_sized::<V, 8>(bytes, ids, spans, visitor),
        IdSize::Four => walk_sized::<V, 4>(bytes, ids, spans, visitor),
    }
}

struct Lane<U> {
    span: Span,
    number: usize,
    at: u64,
    unit: U,
}

fn walk_sized<V: Visitor, const I: usize>(
    bytes: &[u8],
    ids: IdSize,
    spans: &[Span],
    visitor: &mut V,
) -> Vec<Walked<V::Unit>> {
    let mut done: Vec<(usize, Walked<V::Unit>)> = Vec::with_capacity(spans.len());
    let mut next = spans.iter().enumerate().map(|(number, span)| Lane {
        span: *span,
        number,
        at: span.at,
        unit: V::Unit::default(),
    });
    let mut lanes: Vec<Lane<V::Unit>> = next.by_ref().take(LANES).collect();
    while !lanes.is_empty() {
        let mut i = 0;
        while let Some(lane) = lanes.get_mut(i) {
            let Some(stop) = step::<V, I>(bytes, ids, lane, visitor) else {
                i += 1;
                continue;
            };
            let ended = match next.next() {
                Some(new) => std::mem::replace(lane, new),
                None => lanes.swap_remove(i),
            };
            let walked = Walked {
                unit: ended.unit,
                reached: ended.at,
                stop,
            };
            done.push((ended.number, walked));
        }
    }
    done.sort_unstable_by_key(|d| d.0);
    done.into_iter().map(|d| d.1).collect()
}

/// Goes on by one sub-record. Says why when there is none to go on to.
#[inline(always)]
fn step<V: Visitor, const I: usize>(
    bytes: &[u8],
    ids: IdSize,
    lane: &mut Lane<V::Unit>,
    visitor: &mut V,
) -> Option<Stop> {
    let at = lane.at;
    if at >= lane.span.until {
        return Some(Stop::Done);
    }
    let quick = bytes
        .get(at as usize..)
        .and_then(|b| b.first_chunk::<HEAD>())
        .and_then(object::<I>);
    if let Some((object, head)) = quick {
        let body = at + head;
        let next = body + object.len;
        if next <= lane.span.end {
            visitor.object(&mut lane.unit, at, object, body);
            lane.at = next;
            return None;
        }
    }
    slow_step(bytes, ids, lane, visitor)
}

/// The head of an object and its length; `None` for anything else.
#[inline(always)]
fn object<const I: usize>(head: &[u8; HEAD]) -> Option<(Object, u64)> {
    let id = unsigned(&head[1..1 + I]);
    let (shape, len, head_len) = match head[0] {
        0x21 => {
            let class = unsigned(&head[5 + I..5 + 2 * I]);
            let len = unsigned(&head[5 + 2 * I..9 + 2 * I]);
            (Shape::Instance { class }, len, 9 + 2 * I)
        }
        0x22 => {
            let len = unsigned(&head[5 + I..9 + I]) * I as u64;
            (Shape::Objects, len, 9 + 2 * I)
        }
        0x23 => {
            let ty = Type(head[9 + I]);
            if !(4..=11).contains(&ty.0) {
                return None;
            }
            // 1, 2, 4, 8 bytes for the types 4 to 7 and again for 8 to 11.
            let len = unsigned(&head[5 + I..9 + I]) << (ty.0 & 3);
            (Shape::Primitives(ty), len, 10 + I)
        }
        _ => return None,
    };
    Some((Object { id, shape, len }, head_len as u64))
}

#[cold]
#[inline(never)]
fn slow_step<V: Visitor>(
    bytes: &[u8],
    ids: IdSize,
    lane: &mut Lane<V::Unit>,
    visitor: &mut V,
) -> Option<Stop> {
    let end = lane.span.end;
    let mut feed = SliceFeed::part(bytes, lane.at, end);
    let mut sink = Passing {
        visitor,
        unit: &mut lane.unit,
    };
    let stop = heap::walk_until(&mut feed, lane.at + 1, end, ids, &mut sink);
    lane.at = feed.at();
    (stop != Stop::Done).then_some(stop)
}

/// Passes what a walk in order finds on to a visitor.
struct Passing<'v, V: Visitor> {
    visitor: &'v mut V,
    unit: &'v mut V::Unit,
}

impl<V: Visitor> Sink for Passing<'_, V> {
    fn class(&mut self, class: ClassDump) {
        self.visitor.class(self.unit, class);
    }
    fn object<F: Feed>(&mut self, at: u64, object: Object, feed: &mut F) {
        self.visitor.object(self.unit, at, object, feed.at());
    }
    fn segment(&mut self, _start: u64, _end: u64) -> bool {
        false
    }
    fn issue(&mut self, _error: ParseError, _lost: u64) {}
    fn progress(&mut self, _at: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of the objects of each span.
    #[derive(Default)]
    struct Offsets;

    impl Visitor for Offsets {
        type Unit = Vec<u64>;
        fn object(&mut self, unit: &mut Vec<u64>, at: u64, _object: Object, _body: u64) {
            unit.push(at);
        }
    }

    /// `n` arrays of growing length, and where each begins.
    fn arrays(n: u32) -> (Vec<u8>, Vec<u64>) {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for i in 0..n {
            starts.push(bytes.len() as u64);
            bytes.push(0x23);
            bytes.extend(u64::from(i + 1).to_be_bytes());
            bytes.extend([0; 4]);
            bytes.extend((i % 50).to_be_bytes());
            bytes.push(if i % 2 == 0 { 8 } else { 10 });
            bytes.resize(
                bytes.len() + (i % 50) as usize * if i % 2 == 0 { 1 } else { 4 },
                7,
            );
        }
        (bytes, starts)
    }

    #[test]
    fn spans_in_turns_give_what_one_walk_gives() {
        let (bytes, starts) = arrays(1000);
        let end = bytes.len() as u64;
        for pieces in [1, 3, 8, 40] {
            let mut cuts: Vec<u64> = starts.iter().copied().step_by(1000 / pieces).collect();
            cuts.push(end);
            let spans: Vec<Span> = cuts
                .windows(2)
                .map(|w| Span {
                    at: w[0],
                    until: w[1],
                    end,
                })
                .collect();
            let walked = walk(&bytes, IdSize::Eight, &spans, &mut Offsets);
            let all: Vec<u64> = walked.iter().flat_map(|w| w.unit.clone()).collect();
            assert_eq!(all, starts, "{pieces}");
            assert!(walked.iter().zip(&spans).all(|(w, s)| w.reached == s.until));
        }
    }

    #[test]
    fn a_walk_stops_where_the_one_in_order_stops() {
        let (mut bytes, starts) = arrays(20);
        let end = bytes.len() as u64;
        bytes[starts[13] as usize] = 0x77;
        let span = |end| Span {
            at: 0,
            until: end,
            end,
        };
        let stopped = &walk(&bytes, IdSize::Eight, &[span(end)], &mut Offsets)[0];
        assert_eq!(
            (stopped.reached, &stopped.stop),
            (starts[13], &Stop::NoTag(0x77))
        );
        let over = &walk(&bytes, IdSize::Eight, &[span(starts[5] - 1)], &mut Offsets)[0];
        assert_eq!((over.reached, &over.stop), (starts[4], &Stop::Overrun));
    }
}
