//! Gates, baselines and suppressions: when a pipeline fails.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use nacos_offheap::acceptance::{Accepted, Baseline, Suppression};
use nacos_offheap::gate::{Gate, exit_code};
use nacos_offheap::report::Report;
use nacos_offheap::rules::{Outcome, Severity};
use support::{Scratch, fixture};

fn saved(name: &str) -> Report {
    let text = std::fs::read_to_string(fixture(&format!("expected/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What is known of the findings beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Nothing,
    Baseline,
    /// They were less severe in the baseline.
    LesserBaseline,
    OtherNodesBaseline,
    Suppressed,
    SuppressedForGood,
    Expired,
    Undated,
}

const KNOWN: [Known; 8] = [
    Known::Nothing,
    Known::Baseline,
    Known::LesserBaseline,
    Known::OtherNodesBaseline,
    Known::Suppressed,
    Known::SuppressedForGood,
    Known::Expired,
    Known::Undated,
];

/// A figure of `--fail-on` beside the severity.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    Absent,
    Holds,
    HoldsNot,
    Unknown,
}

fn report(severity: Severity, complete: bool, known: Known) -> Report {
    let mut r = saved("stuck-client");
    for f in &mut r.nodes[0].findings {
        f.severity = severity;
    }
    r.inputs[0].complete = complete;
    if known == Known::Undated {
        r.nodes[0].window.last = None;
    }
    r
}

fn mark(r: &mut Report, known: Known) {
    let mut before = r.clone();
    match known {
        Known::LesserBaseline => before.nodes[0]
            .findings
            .iter_mut()
            .for_each(|f| f.severity = Severity::Info),
        Known::OtherNodesBaseline => {
            let mut other = before.nodes[0].clone();
            other.id = "another".to_owned();
            before.nodes[0].findings.clear();
            before.nodes.push(other);
        }
        _ => {}
    }
    let baseline = Baseline::read(&serde_json::to_string(&before).unwrap()).unwrap();
    let until = match known {
        Known::SuppressedForGood => None,
        Known::Expired => Some("2026-11-21"),
        _ => Some("2026-11-22"),
    };
    let suppressions: Vec<Suppression> = r.nodes[0]
        .findings
        .iter()
        .map(|f| Suppression {
            finding: f.rule.clone(),
            node: None,
            reason: "looked at".to_owned(),
            until: until.map(str::to_owned),
        })
        .collect();
    let (with_baseline, with_suppressions) = match known {
        Known::Nothing => (false, false),
        Known::Baseline | Known::LesserBaseline | Known::OtherNodesBaseline => (true, false),
        _ => (false, true),
    };
    Accepted {
        baseline: with_baseline.then_some(&baseline),
        suppressions: if with_suppressions {
            &suppressions
        } else {
            &[]
        },
        as_of: None,
        alias: &str::to_owned,
    }
    .mark(r);
}

/// The rule, as README tells it.
fn expected(
    severity: Severity,
    known: Known,
    figure: Figure,
    complete: bool,
    strict: bool,
    exit_zero: bool,
) -> u8 {
    let accepted = match known {
        Known::Baseline | Known::Suppressed | Known::SuppressedForGood => true,
        // A finding of the least severity cannot have been less severe.
        Known::LesserBaseline => severity == Severity::Info,
        Known::Nothing | Known::OtherNodesBaseline | Known::Expired | Known::Undated => false,
    };
    if exit_zero {
        return 0;
    }
    if severity >= Severity::High && !accepted || figure == Figure::Holds {
        return 1;
    }
    if strict && (!complete || figure == Figure::Unknown) {
        return 3;
    }
    0
}

#[test]
fn every_combination_has_its_exit_code() {
    let mut seen = [0; 4];
    for severity in Severity::ALL {
        for known in KNOWN {
            for complete in [true, false] {
                let mut r = report(severity, complete, known);
                mark(&mut r, known);
                for figure in [
                    Figure::Absent,
                    Figure::Holds,
                    Figure::HoldsNot,
                    Figure::Unknown,
                ] {
                    let mut gates = vec![Gate::read("high").unwrap()];
                    match figure {
                        Figure::Absent => {}
                        Figure::Holds => gates.push(Gate::read("peak_ratio>=0.9").unwrap()),
                        Figure::HoldsNot => {
                            gates.push(Gate::read("clients.push_fail>4000").unwrap())
                        }
                        // Its heap dump was not taken.
                        Figure::Unknown => {
                            gates.push(Gate::read("clients.backlog_bytes>1").unwrap());
                        }
                    }
                    for strict in [false, true] {
                        for exit_zero in [false, true] {
                            let want =
                                expected(severity, known, figure, complete, strict, exit_zero);
                            assert_eq!(
                                exit_code(&r, &gates, strict, exit_zero),
                                want,
                                "{severity:?} {known:?} {figure:?} complete {complete} strict {strict} exit-zero {exit_zero}"
                            );
                            seen[usize::from(want)] += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100 && seen[3] > 20, "{seen:?}");
}

#[test]
fn an_outcome_fails_unless_its_verdict_was_accepted() {
    let gate = [Gate::read("cause").unwrap()];
    for known in KNOWN {
        let mut r = report(Severity::Critical, true, known);
        mark(&mut r, known);
        let accepted = matches!(
            known,
            Known::Baseline | Known::Suppressed | Known::SuppressedForGood
        );
        assert_eq!(
            exit_code(&r, &gate, false, false),
            u8::from(!accepted),
            "{known:?}"
        );
    }
    for outcome in [
        Outcome::Cause,
        Outcome::NoCause,
        Outcome::Undecided,
        Outcome::InsufficientEvidence,
    ] {
        let mut r = saved("healthy");
        r.outcome = outcome;
        for asked in ["no-cause", "undecided", "insufficient-evidence", "cause"] {
            let code = exit_code(&r, &[Gate::read(asked).unwrap()], true, false);
            assert_eq!(
                code,
                u8::from(asked == outcome.name()),
                "{asked} {outcome:?}"
            );
        }
    }
}

#[test]
fn a_new_subject_of_a_known_rule_is_not_known() {
    let mut r = saved("stuck-client");
    let baseline = Baseline::read(&serde_json::to_string(&r).unwrap()).unwrap();
    let f = &mut r.nodes[0].findings[0];
    f.fingerprint = "faulty-client:10.140.5.78".to_owned();
    let one = [Suppression {
        finding: "faulty-client:10.140.5.77".to_owned(),
        node: None,
        reason: "x".to_owned(),
        until: None,
    }];
    Accepted {
        baseline: Some(&baseline),
        suppressions: &one,
        as_of: None,
        alias: &str::to_owned,
    }
    .mark(&mut r);
    assert!(!r.nodes[0].findings[0].is_accepted());
    assert!(r.nodes[0].findings[1].is_accepted());
    assert_eq!(
        exit_code(&r, &[Gate::read("high").unwrap()], false, false),
        1
    );
}

#[test]
fn figures_go_by_their_json_names() {
    let r = saved("stuck-client");
    for (gate, want) in [
        ("peak_ratio>=0.99", 1),
        ("direct_memory.peak_ratio<0.5", 0),
        ("exhausted.count=39", 1),
        ("clients.push_fail>3194", 1),
        ("clients.push_fail>3195", 0),
        ("facts.push.failed>1", 1),
        ("facts.connections.by_address.10>1", 2),
        ("facts.process.limit_bytes>1", 3),
        ("time_to_limit_s<21600", 3),
        ("findings.confidence>0.97", 1),
        ("direct_memory.series.used_bytes>500000000", 1),
    ] {
        let code = Gate::read(gate).map_or(2, |g| exit_code(&r, &[g], true, false));
        assert_eq!(code, want, "{gate}");
    }
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

#[test]
fn the_program_holds_a_run_against_its_baseline_and_its_suppressions() {
    let s = Scratch::new("gates");
    let stuck = fixture("incidents/stuck-client")
        .to_string_lossy()
        .into_owned();
    let analyze = |more: &[&str]| {
        let mut args = vec!["analyze", stuck.as_str(), "--fail-on", "high"];
        args.extend(more);
        run(&s.0, &args)
    };
    let code = |o: &Output| o.status.code().unwrap();
    let o = analyze(&["-f", "json=known.json"]);
    assert_eq!(code(&o), 1);
    let o = analyze(&["--baseline", "known.json"]);
    assert_eq!(code(&o), 0, "{}", String::from_utf8_lossy(&o.stderr));
    assert!(String::from_utf8_lossy(&o.stdout).contains("known: it is in the baseline"));
    assert_eq!(
        code(&analyze(&[
            "--baseline",
            "known.json",
            "--fail-on",
            "peak_ratio>0.9"
        ])),
        1
    );
    s.file(
        "empty.json",
        b"{\"schema_version\": \"1.0\", \"nodes\": []}",
    );
    assert_eq!(code(&analyze(&["--baseline", "empty.json"])), 1);
    for (file, text, says) in [
        ("bad.json", "{}", "not a saved report"),
        (
            "new.json",
            "{\"schema_version\": \"2.0\", \"nodes\": []}",
            "schema_version 2.0",
        ),
    ] {
        s.file(file, text.as_bytes());
        let o = analyze(&["--baseline", file]);
        assert_eq!(code(&o), 2);
        let e = String::from_utf8_lossy(&o.stderr).into_owned();
        assert!(
            e.contains(says) && e.contains(file) && e.lines().count() == 1,
            "{e}"
        );
    }
    let config: String = nacos_offheap::rules::RULES
        .iter()
        .map(|r| r.id)
        .map(|r| {
            format!(
                "[[suppress]]\nfinding = \"{r}\"\nreason = \"ticket 42\"\nexpires = 2026-11-30\n"
            )
        })
        .collect();
    s.file("c.toml", config.as_bytes());
    let o = analyze(&["--config", "c.toml"]);
    assert_eq!((code(&o), o.stderr.len()), (0, 0));
    assert!(String::from_utf8_lossy(&o.stdout).contains("suppressed until 2026-11-30: ticket 42"));
    for format in ["html", "markdown", "sarif", "junit"] {
        let o = analyze(&["--config", "c.toml", "-f", format]);
        let text = String::from_utf8_lossy(&o.stdout).into_owned();
        assert!(
            text.contains("2026") && text.contains("ticket 42"),
            "{format}"
        );
        let o = analyze(&["--config", "c.toml", "-f", format, "--lang", "zh"]);
        let text = String::from_utf8_lossy(&o.stdout).into_owned();
        assert!(text.contains("ticket 42"), "{format}");
    }
    let o = analyze(&["--config", "c.toml", "--as-of", "2026-12-01"]);
    assert_eq!(code(&o), 1);
    let e = String::from_utf8_lossy(&o.stderr).into_owned();
    assert!(
        e.contains("ended on 2026-11-30 and no longer counts (ticket 42)"),
        "{e}"
    );
    let o = analyze(&["--config", "c.toml", "--as-of", "2026-12-01", "-f", "json"]);
    let v: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    let a = &v["nodes"][0]["findings"][0]["accepted"][0];
    assert_eq!(
        (&a["counts"], &a["until"]),
        (&false.into(), &"2026-11-30".into())
    );
    assert_eq!(code(&analyze(&["--as-of", "soon"])), 2);
}
