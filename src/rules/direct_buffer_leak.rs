//! Direct memory grows and no client is to blame.

use serde_json::json;

use super::score::Weight;
use super::shape::Course;
use super::{Case, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, take_evidence};
use crate::facts::Signal;
use crate::facts::heap::OwnerKind;
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "direct-buffer-leak",
    kind: Kind::Cause,
    title: "A leak of direct buffers in the server",
    what: "Buffers are allocated and never released by the server itself: a handler that forgets to release, rejected requests whose \
           buffers stay, a library beside Nacos.",
    speaks_for: "Direct memory grows on and on while no client's pushes fail; Netty's leak detector reports buffers that were \
                 collected unreleased.",
    speaks_against: "A client whose pushes fail, or a burst, explains the growth; memory stays where a load took it.",
    remedy: "Take a heap dump: it names the owner of the buffers. Turn on Netty's leak detection (advanced) on one node.",
    sources: "Netty ResourceLeakDetector 4.1; Nacos issues 12792 and 13382 (buffers of rejected requests).",
    weigh,
    needs: &[],
};

/// Failed pushes that are no backlog, and the part of all pushes that is none.
const FEW: f64 = 20.0;
const FEW_OF_ALL: f64 = 0.01;

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let mut evidence = Vec::new();
    if let Some(a) = case.facts.log.totals.get(Signal::NettyLeak) {
        evidence.push(Evidence::new(
            Weight::LeakRecords,
            Text::new("direct-buffer-leak.records", [("n", json!(a.count))]),
            a.first.as_ref(),
        ));
    }
    let blamed = findings
        .iter()
        .any(|f| f.rule.kind == Kind::Cause && f.confidence >= super::DECIDED);
    if let Some(curve) = &case.curve
        && let (Some(onset), Some(top)) = (curve.shape.onset, curve.shape.top)
        && matches!(curve.shape.course, Course::Growing | Course::Plateau)
        && case.in_trouble()
        && top.0 - onset.0 > 8 * curve.shape.step_ms.max(1000)
        && !blamed
        && naming_pushes(case)
    {
        let (from, to) = case.bounds();
        let until = case.exhausted_at().unwrap_or(to);
        let count = |signal| case.total_between(signal, from, until);
        // What is refused is not queued.
        let failed = (count(Signal::PushFail) + count(Signal::ConfigPushFail)
            - count(Signal::PushBusy))
        .max(0.0);
        // A few lost among thousands are nobody's backlog.
        let delivered = case.total_between(Signal::PushOk, from, to);
        if failed < FEW || failed < delivered * FEW_OF_ALL {
            evidence.push(Evidence::new(
                Weight::GrowthWithoutClient,
                Text::new(
                    "direct-buffer-leak.no-client",
                    [
                        ("onset", local(onset)),
                        ("base", json!(curve.shape.base)),
                        ("peak", json!(curve.shape.peak)),
                        ("failed", json!(failed.round())),
                    ],
                ),
                curve.quote_at(top),
            ));
        }
    }
    let owner = owner(case);
    if let (Some((class, bytes, used)), Some(dump)) = (&owner, case.dump) {
        let quote = dump.quote();
        evidence.push(Evidence::new(
            Weight::OwnerNotClient,
            Text::new(
                "direct-buffer-leak.owner",
                [
                    ("class", json!(class)),
                    ("bytes", json!(bytes)),
                    ("used", json!(used)),
                ],
            ),
            Some(&quote),
        ));
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    let owner = owner.map_or_else(|| "unknown".to_owned(), |o| o.0);
    vec![Hypothesis {
        subjects: vec![Subject::new("owner", owner)],
        title: Text::new("direct-buffer-leak.title", []),
        evidence,
        remedy: Remedy {
            now: vec![take_evidence(case), Text::new("remedy.restart-last", [])],
            lasting: vec![Text::new("direct-buffer-leak.detect", [])],
        },
        severity: None,
    }]
}

/// An owner of at least 40 % of the bytes in the dump that is neither the pool nor a client's queue.
fn owner(case: &Case<'_>) -> Option<(String, u64, u64)> {
    let dump = case.dump?;
    let used = case.dump_used()?;
    if !case.in_trouble() || dump.heap.backlog.held_bytes * 5 > used {
        return None;
    }
    dump.heap
        .owners
        .iter()
        .filter(|o| !matches!(o.kind, OwnerKind::NettyPool | OwnerKind::NettyTransport))
        .filter(|o| o.bytes * 5 >= used * 2 && o.bytes >= 8 << 20)
        .max_by(|a, b| a.bytes.cmp(&b.bytes).then(b.class.cmp(&a.class)))
        .map(|o| (o.class.clone(), o.bytes, used))
}

/// Whether a log would tell of pushes that fail: without it "no client's pushes fail" is not known.
fn naming_pushes(case: &Case<'_>) -> bool {
    let any = |signals: &[Signal]| {
        signals
            .iter()
            .any(|s| case.facts.log.totals.get(*s).is_some())
    };
    let configs_change = any(&[Signal::ConfigPublish, Signal::ConfigChanged]);
    let announcements_seen = any(&[Signal::ConfigFanOut, Signal::ConfigPushFail]);
    // A datagram waits for nobody: a server that pushes over UDP queues for no client at all.
    let pushes = any(&[Signal::PushOk, Signal::PushFail, Signal::UdpScheduled]);
    pushes && (announcements_seen || !configs_change)
}
