//! What people read, in each language: golden tables, widths, the language of the locale, nothing left in English.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::process::Command;

use nacos_offheap::report::{Report, heap, nmt, table};
use nacos_offheap::rules::RULES;
use nacos_offheap::text::Lang;
use support::{fixture, golden, report_of};
use unicode_width::UnicodeWidthStr;

const INCIDENTS: [&str; 5] = [
    "stuck-client",
    "healthy",
    "slow-client",
    "fan-out",
    "cluster",
];
const WIDTHS: [usize; 6] = [40, 50, 60, 80, 100, 120];

type Write = dyn Fn(&Report, &table::Style, &mut dyn std::io::Write) -> std::io::Result<()>;

fn shown(r: &Report, write: &Write, width: usize, verbose: bool, lang: Lang) -> String {
    let style = table::Style {
        width,
        colour: false,
        top: 10,
        verbose,
        lang,
    };
    let mut out = Vec::new();
    write(r, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn incident(name: &str) -> Report {
    report_of(&[&fixture("incidents").join(name)], None)
}

fn dump() -> Report {
    report_of(&[&fixture("heap/config_push_stuck.thin.hprof.zst")], None)
}

/// NMT alone, one report and two; a series with resident memory; none.
fn native() -> Vec<(&'static str, Report)> {
    let of = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|p| fixture(p)).collect();
        report_of(&paths.iter().map(|p| p.as_path()).collect::<Vec<_>>(), None)
    };
    vec![
        ("a series", of(&["incidents/native-leak"])),
        ("two", of(&["nmt/jdk8-first.txt", "nmt/jdk8-last.txt"])),
        ("one in detail", of(&["nmt/jdk17-detail.txt"])),
        ("a diff", of(&["nmt/jdk17-detail-diff.txt"])),
        ("an answer", of(&["nmt/jdk17-answers.txt"])),
    ]
}

/// Each table of the fixtures at a width, with a name for messages.
fn tables(width: usize, lang: Lang) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for name in INCIDENTS {
        let r = incident(name);
        for verbose in [false, true] {
            all.push((
                format!("{name} at {width}"),
                shown(&r, &table::write, width, verbose, lang),
            ));
        }
    }
    for (name, r) in native() {
        for verbose in [false, true] {
            all.push((
                format!("nmt of {name} at {width}"),
                shown(&r, &nmt::write, width, verbose, lang),
            ));
            all.push((
                format!("analyze of {name} at {width}"),
                shown(&r, &table::write, width, verbose, lang),
            ));
        }
    }
    let r = dump();
    for verbose in [false, true] {
        all.push((
            format!("heap at {width}"),
            shown(&r, &heap::write, width, verbose, lang),
        ));
    }
    all.push((
        format!("analyze of a dump at {width}"),
        shown(&r, &table::write, width, true, lang),
    ));
    for rule in RULES.iter().map(|r| Some(r.id)).chain([None]) {
        let mut out = Vec::new();
        table::explain(rule, width, lang, &mut out).unwrap();
        all.push((
            format!("explain {rule:?} at {width}"),
            String::from_utf8(out).unwrap(),
        ));
    }
    all
}

/// A place in an input: never broken, because it has to be copied.
fn is_place(line: &str) -> bool {
    let t = line.trim_start();
    line.starts_with("      ")
        && !t.contains(' ')
        && t.rsplit_once(':')
            .is_some_and(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()))
}

/// Text of an input, or an issue with it, which stand as they are.
fn is_quote(line: &str) -> bool {
    line.starts_with("      > ")
}

#[test]
fn tables_in_chinese_are_the_golden_ones() {
    for name in ["stuck-client", "slow-client", "cluster"] {
        golden(
            &fixture(&format!("expected/{name}.zh.txt")),
            &shown(&incident(name), &table::write, 100, false, Lang::Zh),
        );
    }
    golden(
        &fixture("expected/heap.zh.txt"),
        &shown(&dump(), &heap::write, 100, false, Lang::Zh),
    );
}

#[test]
fn no_line_is_wider_than_asked_for_in_any_language() {
    for lang in [Lang::En, Lang::Zh] {
        for width in WIDTHS {
            for (name, text) in tables(width, lang) {
                for l in text.lines().filter(|l| !is_place(l)) {
                    assert!(
                        l.width() <= width,
                        "{lang:?} {name}: {l:?} is {}",
                        l.width()
                    );
                }
            }
        }
    }
}

#[test]
fn no_line_in_chinese_begins_with_what_closes() {
    // A name longer than a line of 40 columns has to break somewhere.
    for width in WIDTHS.into_iter().filter(|w| *w > 40) {
        for (name, text) in tables(width, Lang::Zh) {
            for l in text.lines().filter(|l| !is_quote(l)) {
                let first = l.trim_start().chars().next().unwrap_or(' ');
                assert!(!"，。；：！？）」”、".contains(first), "{name}: {l}");
                let last = l.chars().next_back().unwrap_or(' ');
                assert!(!"（「“".contains(last), "{name}: {l}");
            }
        }
    }
}

/// Sentences, not names, commands and quotes.
#[test]
fn no_sentence_is_left_in_english() {
    let english = regex::Regex::new(r"\b[A-Za-z]?[a-z]{2,},? [a-z]{2,} [a-z]{2,}\b").unwrap();
    let upper = regex::Regex::new(r"^[A-Z]{3,}( |$)").unwrap();
    for (name, text) in tables(100, Lang::Zh) {
        for l in text.lines().filter(|l| !is_quote(l)) {
            // A category of NMT by its own name; the JVM's words.
            let l = l.replace("Shared class space", "");
            let l = l.replace("Java heap space", "");
            let l = l.replace("unable to create native", "");
            let l = l.as_str();
            assert!(!english.is_match(l) && !upper.is_match(l), "{name}: {l}");
        }
    }
}

#[test]
fn columns_stand_below_each_other_in_chinese() {
    let text = shown(
        &incident("stuck-client"),
        &table::write,
        100,
        false,
        Lang::Zh,
    );
    // Sparklines begin and end in the same column, whatever stands before them.
    let drawn: Vec<&str> = text
        .lines()
        .skip_while(|l| !l.starts_with("  直接内存  "))
        .take_while(|l| !l.trim().is_empty())
        .collect();
    assert!(drawn.len() > 4, "{text}");
    // Of the memory's row the first and last cell are filled; all others end where it ends.
    let memory = drawn[0];
    let end = memory
        .rfind(['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'])
        .unwrap();
    let columns = memory[..end].width() + 1;
    for l in &drawn[..drawn.len() - 1] {
        let mut used = 0;
        let (at, gap) = l
            .char_indices()
            .find(|(_, c)| {
                let here = used == columns;
                used += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
                here
            })
            .unwrap_or_else(|| panic!("no character begins at column {columns}: {l}"));
        assert_eq!(gap, ' ', "{l}");
        assert!(l[at + 1..].starts_with(|c: char| c.is_ascii_digit()), "{l}");
    }
    // The rows of figures have their values in one column.
    for lead in ["  上限   ", "  峰值   ", "  耗尽   ", "  增速   "] {
        assert_eq!(lead.width(), 9);
        assert!(text.lines().any(|l| l.starts_with(lead)), "{lead}\n{text}");
    }
}

/// The program's standard output under a locale.
fn run(args: &[&str], locale: &[(&str, &str)]) -> String {
    let mut c = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"));
    c.args(args);
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"] {
        c.env_remove(name);
    }
    let o = c.envs(locale.iter().copied()).output().unwrap();
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    String::from_utf8(o.stdout).unwrap()
}

#[test]
fn the_locale_chooses_the_language_of_tables_and_an_option_outranks_it() {
    let path = fixture("incidents/healthy").to_string_lossy().into_owned();
    let dump = fixture("heap/config_push_stuck.thin.hprof.zst")
        .to_string_lossy()
        .into_owned();
    let commands: [&[&str]; 3] = [
        &["analyze", &path],
        &["heap", &dump],
        &["explain", "faulty-client"],
    ];
    let han = |s: &str| s.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let zh = "zh_CN.UTF-8";
    for args in commands {
        for (locale, chinese) in [
            (&[][..], false),
            (&[("LANG", zh)], true),
            (&[("LANG", "zh_TW")], true),
            (&[("LANG", "zh_CN.GBK")], false),
            (&[("LC_MESSAGES", zh), ("LANG", "en_US.UTF-8")], true),
            (&[("LC_ALL", "C.UTF-8"), ("LANG", zh)], false),
            (&[("LC_ALL", ""), ("LANG", zh)], true),
            (&[("LC_ALL", zh), ("LANG", "C")], true),
        ] {
            assert_eq!(han(&run(args, locale)), chinese, "{args:?} {locale:?}");
        }
        let asked = |lang| [args, &["--lang", lang]].concat();
        assert!(!han(&run(&asked("en"), &[("LC_ALL", zh)])), "{args:?}");
        assert!(han(&run(&asked("zh"), &[("LC_ALL", "C")])), "{args:?}");
    }
}

#[test]
fn the_json_is_the_same_in_every_language() {
    let path = fixture("incidents/stuck-client")
        .to_string_lossy()
        .into_owned();
    let args = ["analyze", &path, "-f", "json"];
    let english = run(&args, &[("LC_ALL", "C")]);
    assert_eq!(run(&args, &[("LC_ALL", "zh_CN.UTF-8")]), english);
    assert_eq!(run(&[&args[..], &["--lang", "zh"]].concat(), &[]), english);
}

/// A report that was saved and read back is shown in Chinese as the direct one.
#[test]
fn a_saved_report_is_shown_in_any_language() {
    for name in INCIDENTS {
        let r = incident(name);
        let back: Report = serde_json::from_str(&serde_json::to_string(&r).unwrap()).unwrap();
        for lang in [Lang::En, Lang::Zh] {
            assert_eq!(
                shown(&back, &table::write, 100, true, lang),
                shown(&r, &table::write, 100, true, lang),
                "{name}"
            );
        }
    }
}

/// The texts in quotes of some Rust, those in tests left out, with a value in the place of each field.
fn reasons_of(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let text = r#""((?:[^"\\]|\\.)*)""#;
    let heads = [
        r"add_issue\([^;]*?",
        r"ParseError::new\([^;]*?",
        r"\bskip\([^;]*?",
        r"\bnothing\(window, facts, ",
        r"self\.bad\([^;]*?",
        r"what: (?:format!\(\s*)?",
        r"let what = format!\(",
        r"why: (?:format!\(\s*)?",
        r"return Err\(",
        r"\b_ => Err\(",
        r"\.unwrap_or\(",
        r"drop\.insert\([^;]*?",
        r"Some\(\(",
        r"const (?:TOO_MUCH|OUT): &str = ",
    ];
    let field = regex::Regex::new(r"\{[^}]*\}").unwrap();
    let mut all = Vec::new();
    for head in heads {
        let found = regex::Regex::new(&format!("{head}{text}")).unwrap();
        for c in found.captures_iter(code) {
            all.push(field.replace_all(&c[1], "7").into_owned());
        }
    }
    all
}

/// What the layers that read files say in English is a sentence that other languages have too.
#[test]
fn every_reason_of_the_readers_is_a_sentence() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    let mut missing = Vec::new();
    for f in support::files_below(&root) {
        let name = support::name_below(&f, &root);
        let reads = ["artefact/", "format", "ingest.rs", "parse/", "facts/"];
        if !reads.iter().any(|r| name.starts_with(r)) {
            continue;
        }
        for reason in reasons_of(&std::fs::read_to_string(&f).unwrap()) {
            // Words apart: keys, names of fields, places.
            if reason.split(' ').count() < 2 || reason.starts_with(['7', '/', '-']) {
                continue;
            }
            seen += 1;
            let t = nacos_offheap::text::Text::of_reason(&reason);
            if t.id == "reason.other" {
                missing.push(format!("{name}: {reason}"));
            }
        }
    }
    assert!(seen > 60, "{seen} found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn what_was_not_read_is_told_in_chinese_in_every_format() {
    let s = support::Scratch::new("languages-reasons");
    let log = std::fs::read(fixture("incidents/stuck-client/logs/remote-digest.log.gz")).unwrap();
    s.file("in/remote-digest.log.gz", &log[..log.len() / 2]);
    s.file("in/blob", &[0, 159, 146, 150, 0, 1, 2, 3].repeat(64));
    let path = s.0.join("in").to_string_lossy().into_owned();
    for format in ["table", "html", "markdown", "junit", "sarif"] {
        let text = run(
            &["analyze", &path, "-v", "-q", "--lang", "zh", "-f", format],
            &[],
        );
        for english in [
            "breaks off",
            "not understood",
            "of no known format",
            "not read",
            "cannot be",
        ] {
            assert!(!text.contains(english), "{format}: {english}: {text}");
        }
        if format != "markdown" {
            assert!(text.contains("压缩流在"), "{format}: {text}");
        }
    }
}

#[test]
fn narrow_tables_break_no_word() {
    let r = incident("cluster");
    for (lang, words) in [
        (
            Lang::En,
            ["outcome", "delivered", "allocations", "no-cause"],
        ),
        (Lang::Zh, ["结论", "推送失败", "分配失败", "无异常"]),
    ] {
        for width in [40, 50, 60] {
            let text = shown(&r, &table::write, width, false, lang);
            for w in words
                .iter()
                .chain(&["10.140.5.77", "Nacos-Java-Client:v2.2.3"])
            {
                let there =
                    text.contains(w) || shown(&r, &table::write, 200, false, lang).contains(w);
                assert!(!there || text.contains(w), "{width}: {w}\n{text}");
            }
        }
    }
}
