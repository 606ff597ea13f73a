//! What was understood of the inputs, and what was not.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::{Scratch, report_of};

#[test]
fn lines_of_equal_length_are_not_wrapped_ones() {
    let scratch = Scratch::new("equal-lines");
    let mut text = String::new();
    for i in 0..160 {
        text.push_str(&format!(
            "cfg-{}+DEFAULT_GROUP|10.82.3.3|74008ef44def84f9fd569e23c388fa45|2026-11-23 00:02:{:02}\n",
            i % 4,
            i / 4
        ));
    }
    let log = scratch.file("logs/config-pull-check.log", text.as_bytes());
    let r = report_of(&[&log], None);
    let coverage = &r.inputs[0].coverage;
    assert_eq!(
        (coverage.unimportant.records, coverage.unknown.records),
        (160, 0)
    );
}

#[test]
fn the_commonest_unknown_texts_are_told_so_that_a_new_wording_is_seen() {
    let scratch = Scratch::new("unknown-shapes");
    let mut text = String::new();
    for i in 0..50 {
        text.push_str(&format!(
            "2026-11-22 10:00:{i:02},000 WARN A wording of tomorrow, client 10.0.0.{i} waits {i} ms\n\n"
        ));
        if i % 10 == 0 {
            text.push_str(&format!(
                "2026-11-22 10:00:{i:02},001 INFO Something rarer for {i}\n\n"
            ));
        }
    }
    let log = scratch.file("logs/naming-server.log", text.as_bytes());
    let r = report_of(&[&log], None);
    let told: Vec<_> = r
        .coverage
        .unknown_shapes
        .iter()
        .map(|s| (s.records, s.line))
        .collect();
    assert_eq!(told, [(50, 1), (5, 3)]);
    let o = std::process::Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .arg("analyze")
        .arg(&log)
        .arg("-v")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let shown = String::from_utf8(o.stdout).unwrap();
    assert!(shown.contains("  ? 50 × "), "{shown}");
    assert!(shown.contains("A wording of tomorrow"), "{shown}");
}
