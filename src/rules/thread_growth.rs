//! Threads are made and never end.

use serde_json::json;

use super::growth::{Grown, gauge_series, grown, nmt_series, own_failures, process_rise};
use super::score::Weight;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence};
use crate::facts::memory::Gauge;
use crate::parse::failure::FailureKind;
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "thread-growth",
    kind: Kind::Cause,
    title: "Threads grow in number",
    what: "Each thread takes a stack outside the heap (1 MiB of address space, what it touched of that in memory), an arena of malloc \
           now and then, and counts against the system's limit of processes. Threads that are made for each request or client and \
           never end run the process out of one of these.",
    speaks_for: "The count of threads rises to the end and has at least doubled; the category Thread of NMT is most of what the process \
                 grew by; unable to create native thread.",
    speaks_against: "A pool that fills up and stays; growth that is elsewhere; what failed is direct memory.",
    remedy: "Take a thread dump and count threads by name: the name tells which pool or library makes them.",
    sources: "NMT of JDK 8 to 25 (category Thread: stacks), /proc/PID/status; HotSpot's os::create_thread.",
    weigh,
    needs: &[],
};

/// A pool of the server's own; fewer are no growth.
const FEWEST: u64 = 200;
/// What the shape of a curve takes for a mebibyte is here a thread: the address space of its stack.
const STACK: u64 = 1 << 20;

fn weigh(case: &Case<'_>, _: &[Finding]) -> Vec<Hypothesis> {
    let counted = [
        nmt_series(case, "Thread", |r| {
            r.category("Thread")?.threads.map(|c| c.n)
        }),
        gauge_series(case, Gauge::Threads),
        gauge_series(case, Gauge::JavaThreads),
    ];
    let growth: Option<Grown<'_>> = counted
        .into_iter()
        .filter_map(|mut s| {
            s.iter_mut().for_each(|p| p.1 = p.1.saturating_mul(STACK));
            grown(&s, FEWEST * STACK)
        })
        .find(|g| g.shape.last >= 2 * g.shape.base.max(FEWEST / 2 * STACK));
    let threads = |bytes: u64| bytes / STACK;
    let refused = own_failures(case, FailureKind::NativeThread);
    if growth.is_none() && refused.is_none() {
        return Vec::new();
    }
    let mut evidence = Vec::new();
    if let Some(g) = &growth {
        evidence.push(Evidence::new(
            Weight::CategoryGrows,
            Text::new(
                "thread-growth.grows",
                [
                    ("from", json!(threads(g.shape.base))),
                    ("to", json!(threads(g.shape.last))),
                    ("since", local(g.onset)),
                    (
                        "rate",
                        json!((g.slope.bytes_per_hour / STACK as f64).round()),
                    ),
                ],
            ),
            g.quote,
        ));
        share(case, g, &mut evidence);
    }
    if let Some((n, quote)) = refused {
        evidence.push(Evidence::new(
            Weight::AllocationRefused,
            Text::new("thread-growth.refused", [("n", json!(n))]),
            Some(quote),
        ));
    }
    other_limit(case, &mut evidence);
    let title = match &growth {
        Some(g) => Text::new(
            "thread-growth.title",
            [
                ("from", json!(threads(g.shape.base))),
                ("to", json!(threads(g.shape.last))),
            ],
        ),
        None => Text::new("thread-growth.title-refused", []),
    };
    vec![Hypothesis {
        subjects: vec![Subject::new("nmt-category", "Thread")],
        title,
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case), Text::new("thread-growth.dump", [])],
            lasting: vec![Text::new("thread-growth.lasting", [])],
        },
        severity: None,
    }]
}

/// What part of the growth of the process the stacks are.
fn share(case: &Case<'_>, g: &Grown<'_>, evidence: &mut Vec<Evidence>) {
    let stacks = nmt_series(case, "Thread", |r| {
        Some(r.category("Thread")?.amounts.committed.bytes)
    });
    let first = stacks.iter().find(|s| s.0 >= g.onset).map(|s| s.1);
    let (Some(first), Some(last), Some(all)) = (first, stacks.last(), process_rise(case, g.onset))
    else {
        return;
    };
    super::metaspace_growth::part_of_growth(last.1.saturating_sub(first), all, last.2, evidence);
}

/// Against: what failed has a limit of its own.
pub(super) fn other_limit(case: &Case<'_>, evidence: &mut Vec<Evidence>) {
    if let Some(e) = &case.exhaustion {
        evidence.push(Evidence::new(
            Weight::OtherLimitFailed,
            Text::new("category.other-limit", [("n", json!(e.count))]),
            e.quote.as_ref(),
        ));
    }
}
