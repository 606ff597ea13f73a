//! Whole reports of the bundled incidents, held against golden files, and the facts that must be in them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use nacos_offheap::report::{Report, json, table};
use nacos_offheap::rules::{Outcome, Severity};
use support::{Scratch, files_below, fixture, golden, report_of};

const INCIDENTS: [&str; 6] = [
    "stuck-client",
    "healthy",
    "slow-client",
    "fan-out",
    "cluster",
    "native-leak",
];

fn as_json(r: &Report) -> String {
    let mut out = Vec::new();
    json::write(r, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn as_table(r: &Report, width: usize, verbose: bool) -> String {
    let style = table::Style {
        width,
        colour: false,
        top: 10,
        verbose,
        lang: nacos_offheap::text::Lang::En,
    };
    let mut out = Vec::new();
    table::write(r, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn incident(name: &str) -> Report {
    report_of(&[&fixture("incidents").join(name)], None)
}

#[test]
fn reports_of_the_incidents_are_the_golden_ones() {
    for name in INCIDENTS {
        let r = incident(name);
        golden(&fixture(&format!("expected/{name}.json")), &as_json(&r));
        golden(
            &fixture(&format!("expected/{name}.txt")),
            &as_table(&r, 100, false),
        );
    }
    let r = incident("stuck-client");
    golden(
        &fixture("expected/stuck-client-80-verbose.txt"),
        &as_table(&r, 80, true),
    );
}

#[test]
fn the_error_that_users_report_names_the_stuck_client_to_the_byte() {
    let r = incident("stuck-client");
    let v = r.verdict.as_ref().expect("verdict");
    assert_eq!(
        (v.rule.as_str(), v.subjects[0].value.as_str()),
        ("faulty-client", "10.140.5.77")
    );
    assert_eq!(v.severity, Severity::Critical);
    let d = &r.nodes[0].direct_memory;
    assert_eq!(d.limit_bytes, Some(503_316_480));
    assert_eq!(d.limit_source.as_deref(), Some("exception"));
    assert_eq!(d.used_peak_bytes, Some(501_219_607));
    assert_eq!(d.exhausted.count, 39);
    assert_eq!(
        d.exhausted.first.as_deref(),
        Some("2026-11-22T16:54:50.187Z")
    );
    let trend = d.trend.as_ref().expect("a rate of growth");
    // 15 MB at 16:49:48, 495 MB five minutes later.
    assert!((5e9..7e9).contains(&trend.bytes_per_hour), "{trend:?}");
}

#[test]
fn a_healthy_server_and_a_slow_client_get_no_verdict() {
    for name in ["healthy", "slow-client"] {
        let r = incident(name);
        assert_eq!(r.outcome, Outcome::NoCause, "{name}");
        assert!(r.verdict.is_none(), "{name}");
        assert!(
            r.nodes[0]
                .findings
                .iter()
                .all(|f| f.severity <= Severity::Medium),
            "{name}"
        );
    }
    let slow = incident("slow-client");
    assert!(
        slow.nodes[0]
            .findings
            .iter()
            .any(|f| f.rule == "faulty-client" && f.subjects[0].value == "10.50.2.31")
    );
}

#[test]
fn the_headline_of_a_cluster_counts_the_failures_of_all_its_nodes() {
    let r = incident("cluster");
    let cluster = r.cluster.as_ref().unwrap();
    let (title, client) = (&cluster.findings[0].title, &cluster.clients[0]);
    assert_eq!(title.params["ip"], client.ip.as_str());
    assert_eq!(title.params["n"].as_f64(), Some(client.push_fail as f64));
    let worst = r.nodes.iter().flat_map(|n| &n.clients);
    let worst = worst.filter(|c| c.ip == client.ip).map(|c| c.push_fail);
    assert!(worst.max().unwrap() < client.push_fail);
}

#[test]
fn a_cluster_is_three_nodes_and_relayed_errors_exhaust_nobody() {
    let r = incident("cluster");
    let ids: Vec<_> = r.nodes.iter().map(|n| n.id.as_str()).collect();
    assert_eq!(ids, ["node-1", "node-2", "node-3"]);
    let counts: Vec<_> = r
        .nodes
        .iter()
        .map(|n| n.direct_memory.exhausted.count > 0)
        .collect();
    assert_eq!(counts, [true, false, true]);
    let v = r.verdict.expect("verdict");
    assert_eq!(v.node, None, "it concerns several nodes");
    assert_eq!(v.subjects[0].value, "10.150.5.77");
    let relayed = r.nodes[1]
        .facts
        .allocation_failures
        .as_ref()
        .expect("failures are told");
    assert!(relayed.iter().all(|f| f.side == "relayed"));
}

#[test]
fn every_claim_with_a_source_is_found_at_its_line() {
    for name in INCIDENTS {
        let root = fixture("incidents").join(name);
        let r = incident(name);
        let mut seen = 0;
        for f in r.nodes.iter().flat_map(|n| &n.findings) {
            for e in &f.evidence {
                let (Some(s), Some(q)) = (&e.source, &e.quote) else {
                    continue;
                };
                let text = unpacked(&root.join(&s.path));
                let line = text
                    .split(|b| *b == b'\n')
                    .nth(s.line as usize - 1)
                    .unwrap_or_default();
                let line = String::from_utf8_lossy(line);
                let head: String = q.chars().take(60).collect();
                assert!(
                    line.contains(head.trim_end()),
                    "{name} {}:{} is {line:?}, not {q:?}",
                    s.path,
                    s.line
                );
                seen += 1;
            }
            if f.kind == nacos_offheap::rules::Kind::Cause {
                assert!(
                    f.evidence.iter().any(|e| e.source.is_some()),
                    "{} has no source",
                    f.rule
                );
            }
        }
        assert!(seen > 0 || name == "healthy");
    }
}

fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut out)
            .unwrap();
        out
    } else {
        bytes
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    for name in ["stuck-client", "cluster"] {
        let root = fixture("incidents").join(name);
        let one = as_json(&report_of(&[&root], Some(1)));
        for jobs in [2, 8] {
            assert_eq!(
                one,
                as_json(&report_of(&[&root], Some(jobs))),
                "{name} with {jobs} threads"
            );
        }
    }
}

/// The same incident with every log packed, and with every log unpacked.
#[test]
fn packing_changes_nothing_but_inputs_and_paths() {
    let root = fixture("incidents/slow-client");
    let scratch = Scratch::new("packing");
    for p in files_below(&root) {
        let name = support::name_below(&p, &root);
        let bytes = unpacked(&p);
        let bare = name.strip_suffix(".gz").unwrap_or(&name);
        scratch.file(&format!("plain/slow-client/{bare}"), &bytes);
        if bare.starts_with("logs/") {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(&bytes).unwrap();
            scratch.file(
                &format!("gzip/slow-client/{bare}.gz"),
                &gz.finish().unwrap(),
            );
        } else {
            scratch.file(&format!("gzip/slow-client/{bare}"), &bytes);
        }
    }
    let of = |kind: &str| {
        let mut r = report_of(&[&scratch.0.join(kind).join("slow-client")], None);
        r.inputs.clear();
        let mut v = serde_json::to_value(&r).unwrap();
        strip_gz(&mut v);
        v
    };
    assert_eq!(of("plain"), of("gzip"));
}

fn strip_gz(v: &mut serde_json::Value) {
    match v {
        serde_json::Value::String(s) => {
            if let Some(bare) = s.strip_suffix(".gz") {
                *s = bare.to_owned();
            }
        }
        serde_json::Value::Array(a) => a.iter_mut().for_each(strip_gz),
        serde_json::Value::Object(o) => o.values_mut().for_each(strip_gz),
        _ => {}
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    use unicode_width::UnicodeWidthStr;
    for name in INCIDENTS {
        let r = incident(name);
        for width in [80, 100, 140, 200] {
            for l in as_table(&r, width, true).lines() {
                // A path is never broken: it has to be copied.
                let path = l
                    .trim_start()
                    .starts_with(|c: char| c.is_ascii_alphanumeric())
                    && l.contains(".log");
                assert!(l.width() <= width || path, "{name} at {width}: {l}");
            }
        }
    }
}

#[test]
fn a_saved_report_reads_back_as_it_was() {
    for name in INCIDENTS {
        let r = incident(name);
        let back: Report = serde_json::from_str(&as_json(&r)).unwrap();
        assert_eq!(as_json(&back), as_json(&r), "{name}");
    }
}

/// What of a directory is left, and of each log in it: what people hand over is seldom whole.
type Left = (
    &'static str,
    fn(&str) -> bool,
    fn(usize) -> std::ops::Range<usize>,
);

const LEFT: [Left; 11] = [
    ("no NMT", |n| !n.starts_with("nmt/"), |n| 0..n),
    (
        "no log of connections",
        |n| !n.contains("remote-digest"),
        |n| 0..n,
    ),
    (
        "no log of pushes",
        |n| !n.contains("naming-push") && !n.contains("remote-push"),
        |n| 0..n,
    ),
    (
        "neither pushes nor NMT",
        |n| !n.contains("-push") && !n.starts_with("nmt/"),
        |n| 0..n,
    ),
    ("logs alone", |n| n.starts_with("logs/"), |n| 0..n),
    ("no logs", |n| !n.starts_with("logs/"), |n| 0..n),
    (
        "pushes and NMT",
        |n| n.contains("naming-push") || n.starts_with("nmt/"),
        |n| 0..n,
    ),
    ("NMT alone", |n| n.starts_with("nmt/"), |n| 0..n),
    ("the end of each log", |_| true, |n| n * 7 / 10..n),
    ("the beginning of each log", |_| true, |n| 0..n * 6 / 10),
    (
        "the end of the logs alone",
        |n| n.starts_with("logs/"),
        |n| n * 7 / 10..n,
    ),
];

/// Whatever is missing: nobody is blamed wrongly, and no all-clear is given over a server that was in trouble where the rest
/// shows memory that rose or failed.
#[test]
fn what_is_missing_makes_no_wrong_cause_and_no_all_clear() {
    let culprits: [(&str, &[&str]); 6] = [
        ("stuck-client", &["faulty-client 10.140.5.77"]),
        ("cluster", &["faulty-client 10.150.5.77"]),
        ("fan-out", &["push-fan-out", "limit-too-small"]),
        ("native-leak", &["native-memory-outside-nmt"]),
        ("healthy", &[]),
        ("slow-client", &[]),
    ];
    for (name, right) in culprits {
        let root = fixture("incidents").join(name);
        for (what, keep, part) in LEFT {
            let scratch = Scratch::new(&format!("left-{name}"));
            let mut nodes = std::collections::BTreeSet::new();
            for p in files_below(&root) {
                let whole = p.strip_prefix(&root).unwrap().to_string_lossy();
                let (node, file) = match whole.split_once('/') {
                    Some((node, rest)) if node.starts_with("node-") => (node, rest),
                    _ => ("node", &*whole),
                };
                if !keep(file) {
                    continue;
                }
                let mut bytes = unpacked(&p);
                if file.starts_with("logs/") {
                    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                    bytes = lines[part(lines.len())].concat();
                }
                let bare = file.strip_suffix(".gz").unwrap_or(file);
                scratch.file(&format!("{node}/{bare}"), &bytes);
                nodes.insert(scratch.0.join(node));
            }
            if nodes.is_empty() {
                continue;
            }
            let paths: Vec<&Path> = nodes.iter().map(|p| p.as_path()).collect();
            let r = report_of(&paths, None);
            let is_right = |rule: &str, first: &str| {
                right.contains(&rule) || right.contains(&format!("{rule} {first}").as_str())
            };
            let first = |s: &[nacos_offheap::rules::Subject]| {
                s.first().map_or(String::new(), |s| s.value.clone())
            };
            let case = format!("{name}, {what}");
            if let Some(v) = &r.verdict {
                let who = first(&v.subjects);
                assert!(is_right(&v.rule, &who), "{case}: {} {who}", v.rule);
            }
            for f in r.nodes.iter().flat_map(|n| &n.findings) {
                let loud =
                    f.kind == nacos_offheap::rules::Kind::Cause && f.severity >= Severity::High;
                let who = first(&f.subjects);
                assert!(!loud || is_right(&f.rule, &who), "{case}: {} {who}", f.rule);
            }
            let seen = r.nodes.iter().any(|n| {
                let d = &n.direct_memory;
                let (first, peak) = (d.series.first(), d.used_peak_bytes);
                d.exhausted.count > 0
                    || first
                        .zip(peak)
                        .is_some_and(|(s, p)| p > s.used_bytes + (32 << 20))
            });
            assert!(
                right.is_empty() || !seen || r.outcome != Outcome::NoCause,
                "{case}: an all-clear"
            );
        }
    }
}
