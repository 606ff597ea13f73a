//! Who may use whom: the walls between modules, read off the `use crate::` lines of the sources.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

/// For each module what it may use of the crate. `lib.rs` and `main.rs` use all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("units", &[]),
    ("parse", &["span", "units"]),
    ("jvm_limit", &["parse", "units"]),
    ("text", &["units"]),
    ("facts", &["parse", "span", "units"]),
    ("format", &["facts", "parse", "span", "units"]),
    ("artefact", &["format", "parse", "span", "units"]),
    (
        "ingest",
        &["artefact", "facts", "format", "parse", "span", "units"],
    ),
    (
        "rules",
        &["facts", "jvm_limit", "parse", "span", "text", "units"],
    ),
    (
        "report",
        &[
            "artefact", "facts", "format", "parse", "rules", "span", "text", "units",
        ],
    ),
    ("acceptance", &["report", "rules", "text"]),
    ("gate", &["report", "rules", "units"]),
    ("redact", &["report", "rules", "text"]),
    ("cli", &[]),
    ("config", &["acceptance", "cli", "rules", "units"]),
];

fn module_of(path: &Path, src: &Path) -> String {
    let rel = path.strip_prefix(src).unwrap();
    rel.components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

#[test]
fn dependencies_between_modules_go_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in support::files_below(&src) {
        let module = module_of(&file, &src);
        if ["lib", "main", "progress", "command"].contains(&module.as_str()) {
            continue;
        }
        seen.insert(module.clone());
        let allowed = MAY_USE
            .iter()
            .find(|(m, _)| *m == module)
            .unwrap_or_else(|| panic!("module {module} is missing in the table"))
            .1;
        let text = std::fs::read_to_string(&file).unwrap();
        for (n, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let mut rest = code;
            while let Some(i) = rest.find("crate::") {
                rest = &rest[i + "crate::".len()..];
                // `use crate::{a, b}` names several.
                let names: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list
                        .split('}')
                        .next()
                        .unwrap()
                        .split(',')
                        .map(str::trim)
                        .collect(),
                    None => vec![rest],
                };
                for name in names {
                    let name: String = name
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    let is_module = MAY_USE.iter().any(|(m, _)| *m == name);
                    if is_module && name != module && !allowed.contains(&name.as_str()) {
                        wrong.push(format!(
                            "{}:{}: {module} may not use {name}",
                            file.display(),
                            n + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let table: BTreeSet<String> = MAY_USE.iter().map(|(m, _)| (*m).to_owned()).collect();
    assert_eq!(seen, table, "the table names the modules there are");
}

#[test]
fn every_sentence_in_the_code_has_a_template_and_none_is_left_over() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let english = std::fs::read_to_string(src.join("text/en.rs")).unwrap();
    let ids: Vec<&str> = english
        .lines()
        .filter_map(|l| l.trim().strip_prefix("(\"")?.split('"').next())
        .collect();
    assert!(ids.len() > 100);
    let mut code = String::new();
    for f in support::files_below(&src) {
        if !f.ends_with("text/en.rs") && !f.ends_with("text/zh.rs") {
            code.push_str(&std::fs::read_to_string(&f).unwrap());
        }
    }
    // What the readers say in English is found by its words; these are the operating system's.
    let of_the_system = ["io-denied", "io-end", "io-missing", "io-short"];
    let said = |id: &str| {
        let template = english
            .split(&format!("(\"{id}\", \""))
            .nth(1)
            .and_then(|t| t.split("\"),").next())
            .unwrap();
        let pieces = template.split('{').enumerate();
        let own = pieces.map(|(i, p)| {
            if i == 0 {
                p
            } else {
                p.split_once('}').unwrap().1
            }
        });
        code.contains(own.max_by_key(|p| p.len()).unwrap())
    };
    let unused: Vec<_> = ids
        .iter()
        .filter(|id| !code.contains(&format!("\"{id}\"")))
        .filter(|id| match id.strip_prefix("reason.") {
            Some(reason) => !of_the_system.contains(&reason) && !said(id),
            None => true,
        })
        // A word for a code: both the group and the code stand in the code.
        .filter(|id| {
            id.split_once('.').is_none_or(|(group, word)| {
                let grouped = code.contains(&format!("\"{group}\","))
                    || english.contains(&format!("|{group}}}"));
                !grouped || !code.contains(&format!("\"{word}\""))
            })
        })
        .collect();
    assert!(unused.is_empty(), "no code says {unused:?}");
    let called = regex::Regex::new(r#"Text::new\(\s*"([^"]+)""#).unwrap();
    for c in called.captures_iter(&code) {
        assert!(ids.contains(&&c[1]), "no template {}", &c[1]);
    }
}

#[test]
fn only_maps_and_vectors_are_unsafe_and_only_the_binary_prints() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for f in support::files_below(&src) {
        let name = f.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&f).unwrap();
        for (n, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let at = format!("{name}:{}", n + 1);
            assert!(
                !code.contains("unsafe {")
                    || name == "artefact/map.rs"
                    || name == "parse/vector.rs",
                "{at} is unsafe"
            );
            assert!(
                !code.contains("println!") && !code.contains("eprint"),
                "{at} prints"
            );
            let reads = code.contains("File::open")
                || code.contains("fs::read")
                || code.contains("fs::metadata");
            assert!(
                !reads
                    || name.starts_with("artefact/")
                    || name.starts_with("command/")
                    || text[..].contains("#[cfg(test)]"),
                "{at} reads a file"
            );
        }
    }
}
