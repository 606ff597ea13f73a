//! Netty's pool holds chunks that are mostly free.

use serde_json::json;

use super::score::Weight;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Severity, Subject};
use crate::facts::Quote;
use crate::text::Text;

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "pool-fragmentation",
    kind: Kind::Condition,
    title: "Netty's pool holds far more than is in use",
    what: "Netty takes memory in chunks (2 MiB, 16 MiB before Nacos 2.1.1) and gives a chunk back only when nothing in it is in use. After \
           a backlog is gone, a few small buffers keep many chunks: the figure of direct memory stays high and is no leak, but what is \
           free in the chunks of one arena serves that arena's threads only, and a request for a chunk may still fail.",
    speaks_for: "A heap dump in which more than half of the pool's bytes are free.",
    speaks_against: "A pool under 64 MiB: that is its usual size.",
    remedy: "Nothing has to be done while memory is not short. A restart empties the pool; fewer arenas (numDirectArenas) spread it less.",
    sources: "Netty 4.1 PoolArena and PoolChunk; heap dumps of servers after a backlog.",
    weigh,
    needs: &[],
};

/// A pool of less is of its usual size.
const SMALL: u64 = 64 << 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let Some(dump) = case.dump else {
        return Vec::new();
    };
    let pools = &dump.heap.pools;
    let held: u64 = pools.iter().map(|p| p.chunks.bytes).sum();
    let chunks: u64 = pools.iter().map(|p| p.chunks.count).sum();
    let free: u64 = pools.iter().map(|p| p.free_bytes).sum();
    if held < SMALL || free.saturating_mul(2) <= held {
        return Vec::new();
    }
    let share = free as f64 / held as f64;
    let quote = Quote {
        time: None,
        place: dump.place,
        text: Box::default(),
    };
    let mut subject = Subject::new("node", "netty-pool").with_share(share);
    subject.bytes = Some(free);
    let short = case.exhaustion.is_some() || case.peak_ratio().is_some_and(|r| r >= 0.9);
    vec![Hypothesis {
        subjects: vec![subject],
        title: Text::new(
            "fragmentation.title",
            [("free", json!(free)), ("held", json!(held))],
        ),
        evidence: vec![Evidence::new(
            Weight::Computed,
            Text::new(
                "fragmentation.claim",
                [
                    ("chunks", json!(chunks)),
                    ("held", json!(held)),
                    ("free", json!(free)),
                    ("share", json!((share * 1e4).round() / 1e4)),
                ],
            ),
            Some(&quote),
        )],
        remedy: Remedy {
            now: Vec::new(),
            lasting: vec![Text::new("fragmentation.lasting", [])],
        },
        severity: Some(if short {
            Severity::Medium
        } else {
            Severity::Low
        }),
    }]
}
