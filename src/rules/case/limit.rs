//! The limit of direct memory, and the two books that are kept of it.

use serde_json::json;

use super::Given;
use super::exhaustion::{Exhaustion, failures_in, is_own_direct};
use super::run::Run;
use crate::facts::{Facts, Quote};
use crate::jvm_limit::{self, DerivedLimit, HeapShape, NettyMode, Rule as LimitRule};
use crate::parse::failure::FailureKind;
use crate::parse::flags::{JvmFlags, SHADED_PREFIX};
use crate::rules::dumps;
use crate::text::Text;

/// A limit of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The likeliest.
    pub bytes: u64,
    /// The smallest it can be.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// `exception`, `flag`, `given`, `netty-property`, `derived`.
    pub source: &'static str,
    /// How it came about.
    pub explained: Text,
    /// A line that shows it.
    pub quote: Option<Quote>,
}

/// One of the two books of direct memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// `jdk` or `netty`.
    pub name: &'static str,
    /// Its limit.
    pub limit: Option<u64>,
    /// Highest use told by a failure.
    pub used_peak: Option<u64>,
    /// Whether buffers in it have a cleaner.
    pub cleaner: bool,
}

pub(super) fn limit(
    facts: &Facts,
    given: &Given,
    run: &Run,
    runs: usize,
    flags: &JvmFlags,
    shape: &HeapShape,
    exhaustion: Option<&Exhaustion>,
) -> Option<Limit> {
    let exact = |bytes, source, explained, quote| Limit {
        bytes,
        low: bytes,
        high: bytes,
        source,
        explained,
        quote,
    };
    if let Some(e) = exhaustion
        && let Some(limit) = e.limit
    {
        let text = Text::new("limit.exception", [("limit", json!(limit))]);
        return Some(exact(limit, "exception", text, e.quote.clone()));
    }
    if let Some(b) = given.max_direct_memory {
        return Some(exact(
            b,
            "given",
            Text::new("limit.given", [("limit", json!(b))]),
            None,
        ));
    }
    if let Some(d) = dumps::of_run(facts, given, run, runs) {
        let counters = &d.heap.counters;
        let netty = counters
            .netty
            .iter()
            .filter(|n| n.no_cleaner == Some(true))
            .filter_map(|n| n.limit_bytes)
            .max();
        let jdk = counters.jdk.as_ref().and_then(|j| j.limit_bytes);
        if let Some(b) = netty.or(jdk).filter(|b| *b > 0) {
            let text = Text::new("limit.dump", [("limit", json!(b))]);
            return Some(exact(b, "heap-dump", text, Some(d.quote())));
        }
    }
    let source = facts
        .jvm
        .source_of("MaxDirectMemorySize")
        .map(|s| s.quote.clone());
    if let Some(Ok(b)) = flags.max_direct_memory_size()
        && source.is_some()
    {
        return Some(exact(
            b,
            "flag",
            Text::new("limit.flag", [("limit", json!(b))]),
            source,
        ));
    }
    // A limit that only a process of another run printed is still this node's.
    let printed = facts
        .log
        .failures
        .iter()
        .filter(|(f, _)| is_own_direct(f))
        .filter_map(|(f, seen)| Some((f.limit?, seen)))
        .max_by_key(|(l, seen)| (seen.count, *l));
    if let Some((l, seen)) = printed {
        let text = Text::new("limit.exception", [("limit", json!(l))]);
        return Some(exact(l, "exception", text, seen.activity.first.clone()));
    }
    let netty =
        jvm_limit::netty_mode(flags, SHADED_PREFIX, shape.jdk_major) == Some(NettyMode::NoCleaner);
    let derived = if netty {
        jvm_limit::netty_limit(flags, SHADED_PREFIX, shape)
    } else {
        None
    }
    .or_else(|| jvm_limit::jdk_limit(shape))?;
    // Without any flag the figure would be a guess about an unknown machine.
    if derived.heap_assumed {
        return None;
    }
    let quote = facts.jvm.source_of("MaxHeapSize").map(|s| s.quote.clone());
    Some(Limit {
        bytes: derived.best,
        low: derived.low,
        high: derived.high,
        source: if derived.rule == LimitRule::Set {
            "netty-property"
        } else {
            "derived"
        },
        explained: explain_derived(&derived),
        quote,
    })
}

fn explain_derived(d: &DerivedLimit) -> Text {
    let collector = d.collector.map_or_else(
        || Text::new("word.default-collector", []).nested(),
        |c| json!(c.name()),
    );
    let params = [
        ("limit", json!(d.best)),
        ("low", json!(d.low)),
        ("high", json!(d.high)),
        ("collector", collector),
        ("heap", json!(d.heap_max)),
        ("survivor", json!(d.survivor)),
    ];
    let id = match (d.rule, d.is_exact()) {
        (LimitRule::Set, _) => "limit.netty-property",
        (LimitRule::HeapMax, _) => "limit.heap",
        (_, true) => "limit.heap-less-survivor",
        (_, false) => "limit.range",
    };
    Text::new(id, params)
}

pub(super) fn books(
    facts: &Facts,
    run: &Run,
    flags: &JvmFlags,
    shape: &HeapShape,
    limit: Option<&Limit>,
    jdk: Option<u32>,
) -> Vec<Book> {
    let (from, to) = run.bounds();
    let alone = run.from.is_none() && run.to.is_none();
    let used = |kind: FailureKind| {
        facts
            .log
            .failures
            .iter()
            .filter(|(f, seen)| {
                is_own_direct(f) && f.kind == kind && failures_in(seen, from, to, alone) > 0
            })
            .filter_map(|(f, _)| f.used)
            .max()
    };
    let printed = |kind: FailureKind| {
        facts
            .log
            .failures
            .iter()
            .filter(|(f, _)| is_own_direct(f) && f.kind == kind)
            .find_map(|(f, _)| f.limit)
    };
    let mode = jvm_limit::netty_mode(flags, SHADED_PREFIX, jdk);
    let netty_seen = printed(FailureKind::Netty).is_some();
    let mut books = Vec::new();
    let jdk_limit = printed(FailureKind::JdkDirect)
        .or_else(|| {
            jvm_limit::jdk_limit(shape)
                .filter(|d| d.is_exact() && !d.heap_assumed)
                .map(|d| d.best)
        })
        .or_else(|| limit.filter(|_| !netty_seen).map(|l| l.bytes));
    books.push(Book {
        name: "jdk",
        limit: jdk_limit,
        used_peak: used(FailureKind::JdkDirect),
        cleaner: true,
    });
    if netty_seen || mode == Some(NettyMode::NoCleaner) {
        books.push(Book {
            name: "netty",
            limit: printed(FailureKind::Netty).or_else(|| {
                jvm_limit::netty_limit(flags, SHADED_PREFIX, shape)
                    .filter(DerivedLimit::is_exact)
                    .map(|d| d.best)
            }),
            used_peak: used(FailureKind::Netty),
            cleaner: false,
        });
    }
    books
}
