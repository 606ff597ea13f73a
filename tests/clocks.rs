//! Sources whose clocks differ by whole zones: put beside each other and said to be, or left alone.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use chrono::{NaiveDateTime, TimeDelta};
use nacos_offheap::report::Report;
use support::{Scratch, files_below, fixture, report_of};

const INCIDENT: &str = "incidents/stuck-client";

/// The incident with the names of its NMT reports as a clock so many minutes away would write them; every `keep`th is kept.
fn with_nmt_clock(name: &str, minutes: i64, keep: usize) -> Report {
    let scratch = Scratch::new(name);
    let root = fixture(INCIDENT);
    let mut seen = 0;
    for f in files_below(&root) {
        let rel = support::name_below(&f, &root);
        let bytes = std::fs::read(&f).unwrap();
        let moved = rel
            .strip_prefix("nmt/nmt-")
            .and_then(|r| r.strip_suffix(".txt"));
        let rel = match moved {
            Some(t) => {
                seen += 1;
                if seen % keep != 0 {
                    continue;
                }
                let t = NaiveDateTime::parse_from_str(t, "%Y%m%d-%H%M%S").unwrap();
                let t = t + TimeDelta::minutes(minutes);
                format!("nmt/nmt-{}.txt", t.format("%Y%m%d-%H%M%S"))
            }
            None => rel,
        };
        scratch.file(&rel, &bytes);
    }
    report_of(&[scratch.0.as_path()], None)
}

fn moved(r: &Report) -> usize {
    let issues = r.inputs.iter().flat_map(|i| &i.issues);
    issues.filter(|i| i.what.contains("another zone")).count()
}

fn conclusion(r: &Report) -> (&str, f64) {
    let v = r.verdict.as_ref().unwrap();
    (&v.statement.text, v.confidence)
}

#[test]
fn a_script_of_another_zone_is_put_beside_the_logs_and_said_to_be() {
    let right = with_nmt_clock("clock-right", 0, 1);
    assert_eq!((moved(&right), right.nodes[0].runs.len()), (0, 1));
    let series = &right.nodes[0].direct_memory.series;
    assert!(series.len() >= 10);
    // UTC, a zone that is neither, one at half an hour, one ahead.
    for minutes in [-480, -780, -150, 180] {
        let r = with_nmt_clock(&format!("clock{minutes}"), minutes, 1);
        assert_eq!(&r.nodes[0].direct_memory.series, series, "{minutes}");
        assert_eq!(conclusion(&r), conclusion(&right), "{minutes}");
        assert_eq!(moved(&r), series.len(), "{minutes}");
    }
}

#[test]
fn a_look_at_the_server_long_after_stays_where_it_is() {
    let r = with_nmt_clock("clock-after", 180, 20);
    assert_eq!(moved(&r), 0);
    assert_eq!(r.verdict.unwrap().rule, "faulty-client");
}
