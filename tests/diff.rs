//! Two reports compared.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use nacos_offheap::report::diff::{Change, Comparison, compare};
use nacos_offheap::report::{Report, json};
use nacos_offheap::rules::{Outcome, Severity};
use support::{INCIDENTS, Scratch, fixture, golden};

fn saved(name: &str) -> PathBuf {
    fixture(&format!("expected/{name}.json"))
}

fn report(name: &str) -> Report {
    json::read(&fs::read(saved(name)).unwrap()).unwrap()
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .output()
        .unwrap()
}

fn change_of(c: &Comparison, fingerprint: &str) -> Option<Change> {
    let f = c.findings.iter().find(|f| f.fingerprint == fingerprint);
    f.map(|f| f.change)
}

#[test]
fn a_report_is_the_same_as_itself() {
    for name in INCIDENTS {
        let r = report(name);
        let c = compare(&r, &r);
        assert_eq!(c.change, Change::Same, "{name}");
        assert!(
            c.findings.iter().all(|f| f.change == Change::Same),
            "{name}"
        );
        assert!(c.clients.iter().all(|x| x.change == Change::Same), "{name}");
        assert!(c.nodes.iter().all(|n| n.outcome.before == n.outcome.after));
    }
}

#[test]
fn a_client_that_stops_reading_is_new_and_the_way_back_is_gone() {
    let (calm, stuck) = (report("healthy"), report("stuck-client"));
    let c = compare(&calm, &stuck);
    assert_eq!(c.change, Change::Worse);
    assert_eq!(
        (c.before.outcome, c.after.outcome),
        (Outcome::NoCause, Outcome::Cause)
    );
    assert_eq!(c.after.rule.as_deref(), Some("faulty-client"));
    assert_eq!(
        change_of(&c, "faulty-client:10.140.5.77"),
        Some(Change::New)
    );
    // One node each: the same node, though its directory was called otherwise.
    assert_eq!(c.nodes.len(), 1);
    let n = &c.nodes[0];
    assert_eq!(n.limit_bytes.after, Some(503_316_480));
    assert_eq!((n.exhausted.before, n.exhausted.after), (Some(0), Some(39)));
    assert!(n.peak_ratio.before < n.peak_ratio.after);
    let x = c.clients.iter().find(|x| x.ip == "10.140.5.77").unwrap();
    assert_eq!((x.change, x.failed.before), (Change::New, None));
    assert!(x.failed.after >= Some(3195));
    // What is worst stands first.
    assert_eq!(c.findings[0].severity.after, Some(Severity::Critical));

    let back = compare(&stuck, &calm);
    assert_eq!(back.change, Change::Better);
    assert_eq!(
        change_of(&back, "faulty-client:10.140.5.77"),
        Some(Change::Gone)
    );
}

#[test]
fn the_same_finding_is_better_or_worse_by_severity_then_by_how_sure_it_is() {
    let before = report("stuck-client");
    let with = |severity: Severity, confidence: f64| {
        let mut r = before.clone();
        let f = &mut r.nodes[0].findings[0];
        (f.severity, f.confidence) = (severity, confidence);
        change_of(&compare(&before, &r), "faulty-client:10.140.5.77").unwrap()
    };
    assert_eq!(with(Severity::Critical, 0.98), Change::Same);
    assert_eq!(with(Severity::Critical, 0.95), Change::Same);
    assert_eq!(with(Severity::Critical, 0.80), Change::Better);
    assert_eq!(with(Severity::High, 0.98), Change::Better);
    let mut milder = before.clone();
    milder.nodes[0].findings[0].severity = Severity::Low;
    let c = compare(&milder, &before);
    assert_eq!(
        change_of(&c, "faulty-client:10.140.5.77"),
        Some(Change::Worse)
    );
}

#[test]
fn memory_is_judged_by_failures_then_severity_then_nearness_to_the_limit() {
    let base = report("healthy");
    let with = |ratio: f64, exhausted: u64| {
        let mut r = base.clone();
        r.nodes[0].direct_memory.peak_ratio = Some(ratio);
        r.nodes[0].direct_memory.exhausted.count = exhausted;
        r
    };
    let change = |b: (f64, u64), a: (f64, u64)| compare(&with(b.0, b.1), &with(a.0, a.1)).change;
    assert_eq!(change((0.5, 0), (0.52, 0)), Change::Same);
    assert_eq!(change((0.5, 0), (0.6, 0)), Change::Worse);
    assert_eq!(change((0.6, 0), (0.5, 0)), Change::Better);
    assert_eq!(change((0.9, 0), (0.2, 1)), Change::Worse);
    let mut silent = base.clone();
    silent.nodes[0].outcome = Outcome::InsufficientEvidence;
    assert_eq!(compare(&base, &silent).change, Change::Unknown);
}

#[test]
fn a_node_that_only_one_report_knows_is_told() {
    let whole = report("cluster");
    let mut part = whole.clone();
    part.nodes.retain(|n| n.id != "node-1");
    let c = compare(&whole, &part);
    let gone: Vec<_> = c
        .nodes
        .iter()
        .filter(|n| n.change == Change::Gone)
        .map(|n| n.id.as_str())
        .collect();
    assert_eq!(gone, ["node-1"]);
    assert_eq!(
        c.change,
        Change::Unknown,
        "nothing tells what became of node-1"
    );
    assert!(
        c.findings
            .iter()
            .filter(|f| f.node == "node-1")
            .all(|f| f.change == Change::Gone)
    );
    let c = compare(&part, &whole);
    assert_eq!(c.change, Change::Worse, "node-1 is new, and exhausted");
}

#[test]
fn layouts_are_the_golden_ones() {
    let (b, a) = (saved("healthy"), saved("stuck-client"));
    for (format, file) in [
        ("table", "diff.txt"),
        ("markdown", "diff.md"),
        ("json", "diff.json"),
    ] {
        let o = run(&[
            "diff",
            &b.to_string_lossy(),
            &a.to_string_lossy(),
            "-f",
            format,
        ]);
        assert_eq!(o.status.code(), Some(0));
        golden(
            &fixture(&format!("expected/{file}")),
            &String::from_utf8(o.stdout).unwrap(),
        );
    }
    let text = fs::read(fixture("expected/diff.json")).unwrap();
    let back: Comparison = serde_json::from_slice(&text).unwrap();
    assert_eq!(back, compare(&report("healthy"), &report("stuck-client")));
}

#[test]
fn a_side_may_be_a_path_to_analyse() {
    let incident = fixture("incidents/stuck-client")
        .to_string_lossy()
        .into_owned();
    let (b, a) = (saved("healthy"), saved("stuck-client"));
    let of = |a: &str| run(&["diff", &b.to_string_lossy(), a, "-f", "json", "-q"]).stdout;
    assert!(of(&incident) == of(&a.to_string_lossy()));
    assert!(!of(&incident).is_empty());
}

#[test]
fn gates_apply_to_what_is_new_or_worse() {
    let path = |n: &str| saved(n).to_string_lossy().into_owned();
    let (calm, stuck) = (path("healthy"), path("stuck-client"));
    for (before, after, gate, code) in [
        (&calm, &stuck, "high", 1),
        (&stuck, &stuck, "high", 0),
        (&stuck, &calm, "high", 0),
        (&calm, &stuck, "cause", 1),
        (&stuck, &stuck, "cause", 0),
        (&stuck, &calm, "no-cause", 1),
        (&calm, &stuck, "peak_ratio>=0.9", 1),
        (&stuck, &stuck, "peak_ratio>=0.9", 0),
    ] {
        let o = run(&["diff", before, after, "--fail-on", gate]);
        assert_eq!(o.status.code(), Some(code), "{before} {after} {gate}");
        let o = run(&["diff", before, after, "--fail-on", gate, "--exit-zero"]);
        assert_eq!(o.status.code(), Some(0));
    }
}

#[test]
fn wrong_usage_is_one_line_and_exit_2() {
    let calm = saved("healthy").to_string_lossy().into_owned();
    let s = Scratch::new("diff-usage");
    let text = fs::read_to_string(&calm)
        .unwrap()
        .replacen("\"1.0\"", "\"3.0\"", 1);
    let other = s
        .file("other.json", text.as_bytes())
        .to_string_lossy()
        .into_owned();
    for (args, says) in [
        (
            vec!["diff", &calm, &calm, "-f", "html"],
            "table, json or markdown",
        ),
        (vec!["diff", "-", "-"], "one side"),
        (vec!["diff", &calm, &other], "schema_version \"3.0\""),
        (vec!["diff", &calm, "/no/such/place"], "/no/such/place"),
    ] {
        let o = run(&args);
        let e = String::from_utf8_lossy(&o.stderr).into_owned();
        assert_eq!(o.status.code(), Some(2), "{args:?}");
        assert!(e.lines().count() == 1 && e.contains(says), "{e}");
    }
}
