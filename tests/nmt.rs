//! The command `nmt`, and NMT over time in the report.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nacos_offheap::report::Report;
use nacos_offheap::report::native::{CategoryCourse, NativeMemory};
use support::{Scratch, fixture, golden, report_of};

const KIB: u64 = 1 << 10;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .arg("nmt")
        .args(args)
        .output()
        .unwrap()
}

fn text(o: &Output) -> String {
    String::from_utf8(o.stdout.clone()).unwrap()
}

/// Fixtures under names that tell their time.
fn dated(name: &str, files: &[(&str, &str)]) -> (Scratch, Vec<PathBuf>) {
    let dir = Scratch::new(name);
    let paths = files
        .iter()
        .map(|(from, to)| dir.file(to, &std::fs::read(fixture(from)).unwrap()))
        .collect();
    (dir, paths)
}

fn native(paths: &[PathBuf]) -> NativeMemory {
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let r: Report = report_of(&paths, Some(1));
    r.nodes[0].native_memory.clone().unwrap()
}

fn category<'m>(m: &'m NativeMemory, name: &str) -> &'m CategoryCourse {
    m.categories.iter().find(|c| c.name == name).unwrap()
}

#[test]
fn the_demos_truth_comes_out_on_every_jdk() {
    // 64 buffers of 1 MiB and 4 blocks of 8 MiB; then 48 more, 16 and a block less.
    for jdk in [11, 17, 21, 25] {
        let (_dir, paths) = dated(
            &format!("truth-{jdk}"),
            &[(
                &format!("nmt/jdk{jdk}-summary.txt"),
                "nmt-20261122-130700.txt",
            )],
        );
        let m = native(&paths);
        assert_eq!((m.kind.as_str(), m.samples), ("report", 1));
        assert_eq!(m.direct_category.as_deref(), Some("Other"), "{jdk}");
        let other = category(&m, "Other");
        assert_eq!(other.committed_bytes, 96 << 20, "{jdk}");
        assert_eq!(other.count, Some(68), "{jdk}");
        assert_eq!(other.committed_delta_bytes, None);
        let (_dir, paths) = dated(
            &format!("truth-diff-{jdk}"),
            &[(
                &format!("nmt/jdk{jdk}-summary-diff.txt"),
                "nmt-20261122-130800.txt",
            )],
        );
        let m = native(&paths);
        assert_eq!((m.kind.as_str(), m.samples), ("diff", 1));
        let other = category(&m, "Other");
        assert_eq!(
            (other.committed_bytes, other.committed_delta_bytes),
            (120 << 20, Some(24 << 20)),
            "{jdk}"
        );
        // What changed most stands first.
        assert_eq!(m.categories[0].name, "Other", "{jdk}");
    }
}

#[test]
fn two_reports_are_compared_category_by_category() {
    let (_dir, paths) = dated(
        "nmt-two",
        &[
            ("nmt/jdk8-first.txt", "nmt-20261123-004906.txt"),
            ("nmt/jdk8-last.txt", "nmt-20261123-005518.txt"),
        ],
    );
    let m = native(&paths);
    assert_eq!(
        (m.kind.as_str(), m.samples, m.lasts_s),
        ("diff", 2, Some(372.0))
    );
    assert_eq!(m.direct_category.as_deref(), Some("Internal"));
    assert!(
        m.direct_explained
            .as_ref()
            .unwrap()
            .text
            .contains("7 to 15 MiB")
    );
    let (first, last) = (of(&paths[0], "Internal"), of(&paths[1], "Internal"));
    let internal = category(&m, "Internal");
    assert_eq!(internal.committed_bytes, last);
    assert_eq!(internal.committed_delta_bytes, Some((last - first) as i64));
    assert_eq!(internal.values, [first, last]);
}

/// Committed bytes of a category, read by hand.
fn of(path: &Path, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap();
    let line = text
        .lines()
        .find(|l| l.contains(&format!(" {name} (reserved=")))
        .unwrap();
    let kb = line
        .split("committed=")
        .nth(1)
        .unwrap()
        .split("KB")
        .next()
        .unwrap();
    kb.parse::<u64>().unwrap() * KIB
}

#[test]
fn call_sites_of_two_detail_reports_are_matched() {
    let dir = Scratch::new("nmt-sites");
    let one = std::fs::read_to_string(fixture("nmt/jdk17-detail.txt")).unwrap();
    let two = one.replace(
        "(malloc=98304KB type=Other #68)",
        "(malloc=122880KB type=Other #99)",
    );
    assert_ne!(one, two);
    let paths = [
        dir.file("nmt-20261122-130700.txt", one.as_bytes()),
        dir.file("nmt-20261122-130800.txt", two.as_bytes()),
    ];
    let m = native(&paths);
    let s = &m.sites[0];
    assert!(s.frames[0].starts_with("Unsafe_AllocateMemory0+"), "{s:?}");
    assert_eq!((s.category.as_deref(), s.bytes), (Some("Other"), 120 << 20));
    assert_eq!((s.delta_bytes, s.delta_count), (Some(24 << 20), Some(31)));
    assert!(m.sites[1..].iter().all(|s| s.delta_bytes == Some(0)));
    assert_eq!(m.sites_total, m.sites.len() as u64);
}

#[test]
fn a_detail_diff_ranks_sites_by_their_change() {
    let (_dir, paths) = dated(
        "nmt-detail-diff",
        &[("nmt/jdk25-detail-diff.txt", "nmt-20261122-130800.txt")],
    );
    let m = native(&paths);
    assert_eq!(
        (m.sites[0].bytes, m.sites[0].delta_bytes),
        (120 << 20, Some(24 << 20))
    );
    let changes: Vec<u64> = m
        .sites
        .iter()
        .map(|s| s.delta_bytes.unwrap_or(0).unsigned_abs())
        .collect();
    assert!(changes.windows(2).all(|w| w[0] >= w[1]));
}

#[test]
fn reports_of_another_process_are_left_out() {
    let dir = Scratch::new("nmt-pids");
    let one = std::fs::read_to_string(fixture("nmt/jdk17-summary.txt")).unwrap();
    let pid = one.lines().next().unwrap().trim_end_matches(':').to_owned();
    let other = one
        .replacen(&pid, "99", 1)
        .replace("committed=98304KB", "committed=1KB");
    let paths = [
        dir.file("nmt-20261122-130600.txt", other.as_bytes()),
        dir.file("nmt-20261122-130700.txt", one.as_bytes()),
        dir.file("nmt-20261122-130800.txt", one.as_bytes()),
    ];
    let m = native(&paths);
    assert_eq!(
        (m.samples, m.other_processes, m.kind.as_str()),
        (2, 1, "diff")
    );
    assert_eq!(category(&m, "Other").committed_delta_bytes, Some(0));
}

#[test]
fn the_form_of_jdk_8_is_told_from_later_ones() {
    use nacos_offheap::parse::nmt::read;
    let report = |name: &str| {
        let text = std::fs::read(fixture(&format!("nmt/{name}"))).unwrap();
        read(&text).reports.remove(0)
    };
    for name in ["jdk8-first.txt", "jdk8-last.txt"] {
        let r = report(name);
        assert!(!r.is_of_9_or_later(), "{name}");
        assert_eq!(r.category("Other"), None);
        assert_eq!(r.direct_category(None), Some("Internal"));
    }
    for jdk in [11, 17, 21, 25] {
        let mut r = report(&format!("jdk{jdk}-summary.txt"));
        assert!(r.is_of_9_or_later(), "{jdk}");
        // Even where nothing direct was taken yet.
        r.categories.retain(|c| c.name != "Other");
        assert_eq!(r.direct_category(None), Some("Other"), "{jdk}");
    }
    assert_eq!(report("jdk17-summary.txt").direct_category(Some(9)), None);
}

#[test]
fn sums_that_do_not_add_up_are_an_issue() {
    let dir = Scratch::new("nmt-sums");
    let one = std::fs::read_to_string(fixture("nmt/jdk17-summary.txt")).unwrap();
    let bent = one.replace(
        "(reserved=98304KB, committed=98304KB)",
        "(reserved=98304KB, committed=8304KB)",
    );
    assert_ne!(one, bent);
    let whole = report_of(&[&dir.file("a.txt", one.as_bytes())], Some(1));
    assert!(
        whole.inputs[0].issues.is_empty(),
        "{:?}",
        whole.inputs[0].issues
    );
    let r = report_of(&[&dir.file("b.txt", bent.as_bytes())], Some(1));
    assert!(
        r.inputs[0].issues.iter().any(|i| i.what.contains("add up")),
        "{:?}",
        r.inputs[0].issues
    );
}

#[test]
fn tables_are_the_golden_ones() {
    let (_a, one) = dated("g1", &[("nmt/jdk17-detail.txt", "nmt-20261122-130700.txt")]);
    let (_b, two) = dated(
        "g2",
        &[
            ("nmt/jdk8-first.txt", "nmt-20261123-004906.txt"),
            ("nmt/jdk8-last.txt", "nmt-20261123-005518.txt"),
        ],
    );
    let series = vec![fixture("incidents/native-leak")];
    for (name, paths, more) in [
        ("nmt-one", one, &["--top", "6"][..]),
        (
            "nmt-two",
            two,
            &["--top", "6", "--max-direct-memory", "503316480"],
        ),
        ("nmt-series", series, &[]),
    ] {
        let mut args: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        args.extend(more.iter().map(|s| (*s).to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let o = run(&args);
        assert_eq!(o.status.code(), Some(0), "{name}");
        golden(&fixture(&format!("expected/{name}.txt")), &text(&o));
    }
}

#[test]
fn json_is_the_report_of_analyze() {
    let path = fixture("nmt/jdk17-summary.txt").display().to_string();
    let nmt = run(&[&path, "--format", "json"]);
    let r: serde_json::Value = serde_json::from_slice(&nmt.stdout).unwrap();
    assert_eq!(r["schema_version"], "1.0");
    assert_eq!(r["nodes"][0]["native_memory"]["direct_category"], "Other");
    assert!(r["nodes"][0]["facts"]["nmt"].is_array());
}

#[test]
fn what_is_no_nmt_is_wrong_usage_and_an_answer_instead_of_a_report_is_said() {
    let path = fixture("proc/ps.txt").display().to_string();
    let o = run(&[&path]);
    assert_eq!(o.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&o.stderr).lines().count(), 1);
    assert_eq!(run(&["no-such-file"]).status.code(), Some(2));
    let path = fixture("nmt/jdk17-answers.txt").display().to_string();
    let o = run(&[&path]);
    assert_eq!(o.status.code(), Some(0));
    assert!(text(&o).contains("not-enabled"), "{}", text(&o));
}

#[test]
fn a_loop_cut_in_the_middle_of_a_report_gives_what_it_has() {
    let dir = Scratch::new("nmt-cut");
    let one = std::fs::read_to_string(fixture("nmt/jdk17-summary.txt")).unwrap();
    let mut log = String::new();
    for m in 0..6 {
        log.push_str(&format!("==== 2026-11-22 13:{m:02}:00 ====\n{one}\n"));
    }
    let f = dir.file("nmt.log", &log.as_bytes()[..log.len() - 900]);
    let m = native(std::slice::from_ref(&f));
    assert_eq!(
        (m.kind.as_str(), m.samples, m.lasts_s),
        ("series", 6, Some(300.0))
    );
    assert_eq!(m.time_source, "heading");
    assert!(!report_of(&[&f], Some(1)).inputs[0].complete);
}
