//! Logs as people paste them into issues, chats and documents: figures, addresses and reasons come out exactly. Each file is
//! one kind of damage seen in public reports, remade; what it is: `fixtures/README.md`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeMap;

use nacos_offheap::report::Report;
use support::{Scratch, fixture, report_of};

/// Failures (count, mentions) of the one text they all word, failed pushes by client, given-up pushes by client.
struct Expected {
    file: &'static str,
    failures: (u64, u64),
    failed: &'static [(&'static str, u64)],
    given_up: &'static [(&'static str, u64)],
}

const fn told(
    file: &'static str,
    failures: (u64, u64),
    failed: &'static [(&'static str, u64)],
) -> Expected {
    Expected {
        file,
        failures,
        failed,
        given_up: &[],
    }
}

const NINE: &[(&str, u64)] = &[("10.0.0.9", 1)];
const NINE_AND_EIGHT: &[(&str, u64)] = &[("10.0.0.8", 1), ("10.0.0.9", 1)];

const CORPUS: &[Expected] = &[
    told("bracket-lost.txt", (1, 1), NINE),
    told("dot.txt", (1, 1), NINE),
    told("breaks.html.txt", (1, 1), NINE),
    told("doubled-blank.txt", (1, 2), NINE),
    told("fence-glued.md", (1, 1), NINE),
    told("fence.md", (1, 2), NINE),
    told("full-width-push.txt", (1, 1), NINE),
    told("full-width.txt", (1, 1), &[]),
    told("glued-blank.txt", (1, 1), NINE_AND_EIGHT),
    told("glued.txt", (1, 1), NINE),
    told("grep-n.txt", (1, 1), NINE),
    told("grep.txt", (1, 1), NINE),
    told("grouped.txt", (1, 1), &[]),
    told("html.txt", (1, 1), NINE),
    told("indented.txt", (1, 2), NINE),
    told("jdk17.txt", (1, 1), &[]),
    told("layout-bars.txt", (1, 1), NINE),
    told("layout-brackets.txt", (1, 1), NINE),
    told("layout-no-date.txt", (1, 1), NINE),
    told("layout-thread.txt", (1, 2), NINE),
    told("lower.txt", (1, 2), &[]),
    Expected {
        file: "masked.txt",
        failures: (0, 0),
        failed: &[
            ("10.***.1.2", 1),
            ("10.*.*.7", 1),
            ("10.x.x.9", 1),
            ("192.168.1.xxx", 1),
            ("211.150.X.X", 1),
            ("xx.xx.xx.12", 1),
        ],
        given_up: &[("211.150.X.X", 1)],
    },
    told("no-date.txt", (0, 0), NINE_AND_EIGHT),
    told("numbered-colon.txt", (1, 1), NINE),
    told("numbered.txt", (1, 2), NINE),
    told("ocr-memory.txt", (1, 1), &[]),
    told("ocr.txt", (0, 0), NINE),
    told("one-line.txt", (1, 1), &[]),
    told("quoted.md", (1, 1), NINE_AND_EIGHT),
    told("seconds.txt", (1, 1), NINE),
    told("shell.txt", (1, 1), NINE),
    told("stack-only.txt", (1, 1), &[]),
    told("table.md", (1, 1), NINE),
    told("time-only.txt", (1, 1), NINE),
    told("title-plain.md", (1, 2), &[]),
    told("title.md", (1, 2), &[]),
    told("two-locales.txt", (1, 1), NINE),
    told("wrapped-hard.txt", (1, 1), NINE),
    told("wrapped-reason.txt", (0, 0), NINE),
    told("wrapped-soft.txt", (1, 1), NINE),
    told("zone.txt", (1, 1), NINE),
];

fn failed(r: &Report) -> BTreeMap<String, u64> {
    let push = r.nodes[0].facts.push.iter();
    push.flat_map(|p| &p.by_client)
        .filter(|(_, c)| c.failed > 0)
        .map(|(ip, c)| (ip.clone(), c.failed))
        .collect()
}

fn check(e: &Expected, r: &Report) {
    let facts = &r.nodes[0].facts;
    let mut sums = (0, 0);
    for a in facts.allocation_failures.iter().flatten() {
        assert_eq!(a.requested_bytes, Some(2_097_152), "{}", e.file);
        assert_eq!(a.used_bytes, Some(501_219_607), "{}", e.file);
        assert_eq!(a.limit_bytes, Some(503_316_480), "{}", e.file);
        sums.0 += a.count;
        sums.1 += a.mentions;
    }
    assert_eq!(sums, e.failures, "{}: failures", e.file);
    let want: BTreeMap<String, u64> = e
        .failed
        .iter()
        .map(|(a, n)| ((*a).to_owned(), *n))
        .collect();
    assert_eq!(failed(r), want, "{}: failed pushes", e.file);
    let push = facts.push.iter();
    let given_up: Vec<(&str, u64)> = push
        .flat_map(|p| &p.udp)
        .map(|(ip, u)| (&**ip, u.given_up))
        .filter(|u| u.1 > 0)
        .collect();
    assert_eq!(given_up, e.given_up, "{}: given up", e.file);
    for reason in facts.push.iter().flat_map(|p| p.reasons.keys()) {
        let plain = reason.replace(", requestId=N", ",requestId =N");
        assert_eq!(
            plain, "Timeout After N milliseconds,requestId =N",
            "{}",
            e.file
        );
    }
}

#[test]
fn what_people_paste_loses_neither_figures_nor_addresses_nor_reasons() {
    for e in CORPUS {
        check(e, &report_of(&[&fixture("logs/pasted").join(e.file)], None));
    }
}

#[test]
fn every_pasted_fixture_is_expected() {
    for f in support::files_below(&fixture("logs/pasted")) {
        let name = f.file_name().unwrap().to_str().unwrap();
        if name != "console-many.txt" {
            assert!(CORPUS.iter().any(|e| e.file == name), "{name}");
        }
    }
}

#[test]
fn damage_is_mended_under_the_logs_own_name_and_packed_too() {
    use std::io::Write as _;
    let scratch = Scratch::new("pasted");
    for e in CORPUS.iter().filter(|e| !e.failed.is_empty()) {
        let bytes = std::fs::read(fixture("logs/pasted").join(e.file)).unwrap();
        let plain = scratch.file(&format!("{}/logs/naming-push.log", e.file), &bytes);
        check(e, &report_of(&[&plain], None));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&bytes).unwrap();
        let packed = scratch.file(&format!("{}/x.txt.gz", e.file), &gz.finish().unwrap());
        check(e, &report_of(&[&packed], None));
    }
}

#[test]
fn errors_of_many_threads_on_one_line_are_one_for_each_line() {
    let r = report_of(&[&fixture("logs/pasted/console-many.txt")], None);
    let all: Vec<_> = r.nodes[0]
        .facts
        .allocation_failures
        .iter()
        .flatten()
        .collect();
    assert_eq!(
        all.iter().map(|a| (&*a.kind, a.count)).collect::<Vec<_>>(),
        [("heap", 3)]
    );
}

#[test]
fn a_quote_of_a_mended_line_names_the_line_it_stood_on() {
    let r = report_of(&[&fixture("logs/pasted/quoted.md")], None);
    let mut seen = 0;
    let text = std::fs::read_to_string(fixture("logs/pasted/quoted.md")).unwrap();
    for e in r.nodes[0].findings.iter().flat_map(|f| &f.evidence) {
        if let (Some(s), Some(q)) = (&e.source, &e.quote) {
            let line = text.lines().nth(s.line as usize - 1).unwrap();
            assert!(line.contains(&q[..30]), "{}: {q}", s.line);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_report_of_native_memory_may_be_quoted_and_may_have_lost_its_dashes() {
    let dashes = "Native Memory Tracking:\n\nTotal: reserved=6000KB, committed=5000KB\n\
        -                 Java Heap (reserved=4000KB, committed=3500KB)\n\
        \x20                           (mmap: reserved=4000KB, committed=3500KB)\n\n\
        -                     Other (reserved=2000KB, committed=1500KB)\n\
        \x20                           (malloc=1500KB #12)\n";
    let quoted: String = dashes.lines().map(|l| format!("> {l}\n")).collect();
    let list = dashes.replace("\n- ", "\n  ");
    let fenced = format!("What does this tell?\n\n```\n{list}```\n");
    let scratch = Scratch::new("pasted-nmt");
    for (name, text) in [("quoted.md", quoted), ("fenced.md", fenced)] {
        let path = scratch.file(name, text.as_bytes());
        let r = report_of(&[&path], None);
        let reports = r.nodes[0].facts.nmt.as_ref().unwrap();
        assert_eq!(reports.len(), 1, "{name}");
        assert_eq!(reports[0].total_committed_bytes, Some(5000 << 10), "{name}");
        let of = |category: &str| reports[0].categories[category].committed_bytes;
        assert_eq!(of("Java Heap"), 3500 << 10, "{name}");
        assert_eq!(of("Other"), 1500 << 10, "{name}");
        // One figure without a limit is no all-clear.
        assert_eq!(
            r.nodes[0].outcome,
            nacos_offheap::rules::Outcome::InsufficientEvidence,
            "{name}"
        );
    }
}

#[test]
fn lines_of_several_sources_that_name_none_are_told_not_lost() {
    let push = |at: &str, ip: &str| {
        format!(
            "2024-05-01 10:00:{at},001 ERROR [PUSH-FAIL] 5000ms, Service{{namespace='public', group='DEFAULT_GROUP', name='order', ephemeral=true, revision=7}}, reason=x, target={ip}"
        )
    };
    let mut text = String::new();
    for n in 10..40 {
        let line = push(&n.to_string(), "10.0.0.9");
        text += &format!("nacos-0  | {line}\nnacos-1  | {line}\n");
    }
    let whole = text.clone() + "\n";
    let bare = text + "Attaching to nacos-0, nacos-1\n";
    let scratch = Scratch::new("bare-lines");
    for (name, text, told) in [("whole.txt", whole, 0), ("bare.txt", bare, 1)] {
        let r = report_of(&[&scratch.file(name, text.as_bytes())], None);
        assert_eq!(r.nodes.len(), 2, "{name}");
        let skipped = r.skipped.iter();
        let bare = skipped.filter(|s| format!("{s:?}").contains("no source"));
        assert_eq!(bare.count(), told, "{name}");
    }
}
