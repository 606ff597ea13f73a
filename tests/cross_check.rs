//! Counts of the report against counts made here line by line, with nothing of the library but the report itself: failed
//! pushes by client, logins by address and the busiest second of one, allocation failures by their figures. On every incident
//! of the fixtures.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nacos_offheap::report::Report;
use support::{files_below, fixture, report_of};

type Counts = BTreeMap<String, u64>;

/// Names and texts of the files below a node; bytes that are no UTF-8 replaced.
fn texts(node: &Path) -> Vec<(String, String)> {
    let read = |p: PathBuf| {
        let bytes = std::fs::read(&p).unwrap();
        let bytes = if p.extension().is_some_and(|e| e == "gz") {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_end(&mut out)
                .unwrap();
            out
        } else {
            bytes
        };
        let name = p.file_name().unwrap().to_string_lossy().into_owned();
        (name, String::from_utf8_lossy(&bytes).into_owned())
    };
    files_below(node).into_iter().map(read).collect()
}

/// The nodes of an incident: the folder itself, or those in it that hold logs.
fn nodes(incident: &Path) -> Vec<PathBuf> {
    if incident.join("logs").is_dir() {
        return vec![incident.to_path_buf()];
    }
    let mut all: Vec<PathBuf> = std::fs::read_dir(incident)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    all.sort();
    all
}

fn begins_with_date(line: &str) -> bool {
    let shape: String = line
        .chars()
        .take(11)
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    shape == "9999-99-99 "
}

fn count(into: &mut Counts, key: &str) {
    *into.entry(key.to_owned()).or_default() += 1;
}

fn failed_pushes(texts: &[(String, String)]) -> Counts {
    let mut out = Counts::new();
    for (_, text) in texts.iter().filter(|t| t.0.starts_with("naming-push")) {
        for line in text.lines().filter(|l| l.contains("[PUSH-FAIL]")) {
            count(&mut out, line.rsplit(", target=").next().unwrap());
        }
    }
    out
}

/// Logins by address, and by address and second.
fn logins(texts: &[(String, String)]) -> (Counts, BTreeMap<(String, String), u64>) {
    let (mut by_address, mut by_second) = (Counts::new(), BTreeMap::new());
    for (_, text) in texts.iter().filter(|t| t.0.starts_with("access_log")) {
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let login = words.get(5) == Some(&"\"POST")
                && words.get(6).is_some_and(|p| {
                    p.split('?').next().unwrap().ends_with("/login") && p.contains("/auth/")
                });
            if login {
                count(&mut by_address, words[0]);
                let second = words[3].rsplit(':').take(2).collect::<Vec<_>>();
                let second = format!("{}:{}", second[1], second[0]);
                *by_second.entry((words[0].to_owned(), second)).or_default() += 1;
            }
        }
    }
    (by_address, by_second)
}

/// Figures of a failure's text, and what is left of the line behind it.
fn next_failure(line: &str) -> Option<([u64; 3], &str)> {
    let at = ["failed to allocate ", "Cannot reserve "]
        .iter()
        .filter_map(|w| line.find(w).map(|i| i + w.len()))
        .min()?;
    let rest = &line[at..];
    let book = rest.find(": ")?;
    let end = rest[book..].find(')').map_or(rest.len(), |i| book + i);
    let numbers: Vec<u64> = rest[..end]
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    let figures = <[u64; 3]>::try_from(numbers).ok()?;
    rest[..end]
        .contains("direct")
        .then_some((figures, &rest[end..]))
}

/// Distinct failures and physical lines that word them, by figures.
fn failures(texts: &[(String, String)]) -> BTreeMap<[u64; 3], (u64, u64)> {
    let mut out = BTreeMap::new();
    for (name, text) in texts
        .iter()
        .filter(|t| t.0.contains(".log") || t.0.contains(".out"))
    {
        let console = name.starts_with("start.out");
        let mut in_record = BTreeSet::new();
        for line in text.lines() {
            let head = begins_with_date(line)
                || console
                    && [
                        "Exception in thread ",
                        "Exception: ",
                        "java.lang.OutOfMemoryError",
                    ]
                    .iter()
                    .any(|h| line.starts_with(h));
            if head {
                in_record.clear();
            }
            let mut on_line = BTreeSet::new();
            let mut rest = line;
            while let Some((figures, more)) = next_failure(rest) {
                rest = more;
                let sums: &mut (u64, u64) = out.entry(figures).or_default();
                sums.0 += u64::from(in_record.insert(figures));
                sums.1 += u64::from(on_line.insert(figures));
            }
        }
    }
    out
}

fn check(node: &Path, r: &Report) -> u64 {
    let what = node.display();
    let texts = texts(node);
    let facts = &r.nodes[0].facts;

    let ours: Counts = facts
        .push
        .iter()
        .flat_map(|p| &p.by_client)
        .filter(|c| c.1.failed > 0)
        .map(|(ip, c)| (ip.clone(), c.failed))
        .collect();
    let pushes = failed_pushes(&texts);
    assert_eq!(ours, pushes, "{what}: failed pushes by client");

    let (by_address, by_second) = logins(&texts);
    let ours = facts
        .logins
        .as_ref()
        .map(|l| l.by_address.clone())
        .unwrap_or_default();
    assert_eq!(ours, by_address, "{what}: logins by address");
    let most = by_second.values().max().copied();
    let peak = facts.logins.as_ref().and_then(|l| l.peak_second.clone());
    assert_eq!(
        peak.as_ref().map(|p| p.count),
        most,
        "{what}: busiest second"
    );
    if let Some(p) = peak {
        let key = (p.address, p.t[14..19].to_owned());
        assert_eq!(
            by_second.get(&key).copied(),
            most,
            "{what}: whose second it is"
        );
    }

    let mut ours: BTreeMap<[u64; 3], (u64, u64)> = BTreeMap::new();
    for a in facts.allocation_failures.iter().flatten() {
        if let (Some(n), Some(u), Some(l)) = (a.requested_bytes, a.used_bytes, a.limit_bytes) {
            let sums = ours.entry([n, u, l]).or_default();
            sums.0 += a.count;
            sums.1 += a.mentions;
        }
    }
    let failed = failures(&texts);
    assert_eq!(
        ours, failed,
        "{what}: allocation failures, distinct and mentions"
    );
    pushes.values().sum::<u64>()
        + failed.values().map(|f| f.0).sum::<u64>()
        + by_address.values().sum::<u64>()
}

#[test]
fn counts_of_every_incident_equal_those_of_a_plain_count_of_lines() {
    let mut counted = 0;
    let mut seen = 0;
    for incident in std::fs::read_dir(fixture("incidents")).unwrap() {
        for node in nodes(&incident.unwrap().path()) {
            counted += check(&node, &report_of(&[&node], None));
            seen += 1;
        }
    }
    assert!(
        seen >= 7 && counted > 1000,
        "{seen} nodes, {counted} events"
    );
}

#[test]
fn logins_of_the_releases_equal_those_of_a_plain_count_of_lines() {
    for release in ["v1.4.2", "v2.3.2"] {
        let node = fixture("logs").join(release);
        let r = report_of(&[&node], None);
        let (by_address, by_second) = logins(&texts(&node));
        let l = r.nodes[0].facts.logins.as_ref().unwrap();
        assert_eq!(l.by_address, by_address, "{release}");
        assert!(!by_address.is_empty(), "{release}");
        assert_eq!(
            l.peak_second.as_ref().map(|p| p.count),
            by_second.values().max().copied()
        );
    }
}
