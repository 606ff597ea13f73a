//! Netty's leak detector saw buffers collected that nobody had released.

use serde_json::json;

use super::score::Weight;
use super::shape::Course;
use super::{
    Case, DECIDED, Evidence, Finding, Hypothesis, Kind, Remedy, Rule, Subject, faulty_client,
};
use crate::facts::system::{LeakSite, UNKNOWN_SITE};
use crate::text::{Text, local};

/// The rule.
pub(super) static RULE: Rule = Rule {
    id: "netty-leak-record",
    kind: Kind::Cause,
    title: "Netty reports buffers that were never released",
    what: "Netty samples its buffers and writes LEAK when one is collected before it was released: its memory never goes back to the \
           pool. The records of the level advanced name where the buffer was made and where it was last touched; that of the level \
           simple only that there is a leak.",
    speaks_for: "LEAK records, more so when they name a place outside Netty and direct memory grows.",
    speaks_against: "Direct memory stays flat; one client's backlog accounts for the bytes. A queue of pushes is no leak: its buffers \
                     are still referenced.",
    remedy: "Release the buffer at the place named, or upgrade the component; with the level simple, raise it on one node.",
    sources: "Netty 4.1 ResourceLeakDetector; levels by -Dio.grpc.netty.shaded.io.netty.leakDetection.level.",
    weigh,
    needs: &[],
};

/// Places told.
const SITES: usize = 5;

fn weigh(case: &Case<'_>, findings: &[Finding]) -> Vec<Hypothesis> {
    let mut sites: Vec<(&String, &LeakSite)> = case
        .facts
        .system
        .leaks
        .iter()
        .filter(|(_, l)| l.first.time.map_or(case.runs == 1, |t| case.run.holds(t)))
        .collect();
    // The place with most records first; one without a place last.
    sites.sort_by_key(|(site, l)| {
        (
            *site == UNKNOWN_SITE,
            std::cmp::Reverse(l.count),
            (*site).clone(),
        )
    });
    sites
        .into_iter()
        .take(SITES)
        .map(|(site, leak)| hypothesis(case, findings, site, leak))
        .collect()
}

fn hypothesis(case: &Case<'_>, findings: &[Finding], site: &str, leak: &LeakSite) -> Hypothesis {
    let named = site != UNKNOWN_SITE;
    let mut evidence = vec![
        Evidence::new(
            Weight::LeakRecords,
            Text::new(
                if named {
                    "leak-record.at"
                } else {
                    "leak-record.nowhere"
                },
                [("n", json!(leak.count)), ("site", json!(site))],
            ),
            Some(&leak.first),
        )
        .scaled(if named { 1.0 } else { 0.7 }),
    ];
    match (case.course(), case.onset()) {
        (Course::Flat, _) => evidence.push(
            Evidence::new(Weight::MemoryFlat, Text::new("leak-record.flat", []), None).scaled(0.5),
        ),
        (Course::Growing, Some(onset)) => evidence.push(Evidence::new(
            Weight::StartsWithGrowth,
            Text::new("leak-record.grows", [("onset", local(onset))]),
            Some(&leak.first),
        )),
        _ => {}
    }
    let blamed = findings
        .iter()
        .find(|f| f.rule == &faulty_client::RULE && f.confidence >= DECIDED);
    if let Some(f) = blamed {
        evidence.push(Evidence::new(
            Weight::OneClientExplains,
            Text::new(
                "blame.client",
                [
                    ("ip", json!(f.subject())),
                    ("confidence", json!(f.confidence)),
                ],
            ),
            f.hypothesis.evidence.iter().find_map(|e| e.quote.as_ref()),
        ));
    }
    Hypothesis {
        subjects: vec![Subject::new("call-site", site)],
        title: Text::new(
            if named {
                "leak-record.title"
            } else {
                "leak-record.title-nowhere"
            },
            [("n", json!(leak.count)), ("site", json!(site))],
        ),
        evidence,
        remedy: Remedy {
            now: match &leak.touched {
                Some(t) => vec![Text::new("leak-record.touched", [("touched", json!(t))])],
                None => Vec::new(),
            },
            lasting: vec![Text::new(
                if named {
                    "leak-record.release"
                } else {
                    "direct-buffer-leak.detect"
                },
                [],
            )],
        },
        severity: None,
    }
}
