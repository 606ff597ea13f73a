//! The README tells the truth.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::path::Path;
use std::process::Command;

use nacos_offheap::rules::{Kind, RULES};
use support::files_below;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_first_command_prints_the_sample() {
    let readme = read("README.md");
    let blocks: Vec<&str> = readme.split("```").collect();
    let first = blocks[1].trim_start_matches("sh\n").trim();
    let args: Vec<&str> = first
        .strip_prefix("cargo run --release --quiet -- ")
        .expect("the first command runs the program")
        .split(' ')
        .collect();
    assert_eq!(blocks[3].trim_start_matches("sh\n").trim(), "cargo test");
    let o = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(args)
        .env("LC_ALL", "C")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let sample = readme
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&o.stdout), sample);
}

#[test]
fn the_table_of_rules_is_that_of_the_code() {
    let readme = read("README.md");
    for r in RULES {
        let kind = match r.kind {
            Kind::Cause => "cause",
            Kind::Condition => "condition",
            Kind::Advice => "advice",
        };
        let row = format!("| `{}` | {kind} | {} |", r.id, r.title);
        assert!(readme.contains(&row), "missing: {row}");
    }
    let rows = readme
        .split("## Rules")
        .nth(1)
        .unwrap()
        .split("## ")
        .next()
        .unwrap()
        .matches("\n| `")
        .count();
    assert_eq!(rows, RULES.len());
}

#[test]
fn exit_codes_are_the_same_in_readme_and_man_page() {
    let (readme, man) = (read("README.md"), read("man/nacos-offheap.1"));
    for code in 0..=3 {
        assert!(
            readme.contains(&format!("| {code} | ")),
            "README lacks {code}"
        );
        assert!(
            man.contains(&format!(".B {code}\n")),
            "man page lacks {code}"
        );
    }
}

#[test]
fn every_fixture_is_named_in_its_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let text = read("fixtures/README.md");
    for f in files_below(&root) {
        let rel = f
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let parts: Vec<&str> = rel.split('/').collect();
        let named = match parts[..] {
            ["README.md"] => true,
            ["incidents", incident, ..] => text.contains(&format!("`incidents/{incident}`")),
            ["expected", ..] => text.contains("## expected/"),
            // Families of one name over several JDKs are written with an N.
            [_, file] => {
                let generic = file
                    .replace("jdk11", "jdkN")
                    .replace("jdk17", "jdkN")
                    .replace("jdk21", "jdkN")
                    .replace("jdk25", "jdkN");
                let stem = generic.trim_start_matches("jdkN");
                text.contains(file) || text.contains(&generic) || text.contains(stem)
            }
            _ => text.contains(&rel),
        };
        assert!(named, "fixtures/README.md does not name {rel}");
    }
}
