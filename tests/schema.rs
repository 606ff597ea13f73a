//! The report against its schema, and SARIF and JUnit against what their standards ask for. Independent validators run in `.ci/run`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use nacos_offheap::report::{Report, junit, sarif, schema};
use nacos_offheap::rules::{RULES, Severity};
use nacos_offheap::text::Lang;
use quick_xml::events::Event;
use serde_json::{Value, json};
use support::{fixture, golden};

fn saved() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for f in support::files_below(&fixture("expected")) {
        if f.extension().is_some_and(|e| e == "json") {
            let text = std::fs::read_to_string(&f).unwrap();
            all.push((
                f.display().to_string(),
                serde_json::from_str(&text).unwrap(),
            ));
        }
    }
    // Other kinds of saved JSON may lie there as well.
    all.retain(|(_, v): &(String, Value)| v.get("outcome").is_some());
    assert!(all.len() >= 5);
    all
}

/// A validator of the part of JSON Schema that the report's schema uses; any other keyword fails. Stricter than the standard in
/// one way: a member that the schema does not name is an error.
fn check(root: &Value, schema: &Value, v: &Value, at: &str, wrong: &mut Vec<String>) {
    if schema == &Value::Bool(true) {
        return;
    }
    for (keyword, want) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let target = root.pointer(want.as_str().unwrap().trim_start_matches('#'));
                check(root, target.expect("a definition"), v, at, wrong);
            }
            "type" => {
                let names = match want {
                    Value::Array(all) => all.clone(),
                    one => vec![one.clone()],
                };
                let is = |t: &Value| match t.as_str().unwrap() {
                    "null" => v.is_null(),
                    "string" => v.is_string(),
                    "boolean" => v.is_boolean(),
                    "object" => v.is_object(),
                    "array" => v.is_array(),
                    "number" => v.is_number(),
                    "integer" => v.is_i64() || v.is_u64(),
                    t => panic!("type {t}"),
                };
                if !names.iter().any(is) {
                    wrong.push(format!("{at}: {v} is no {want}"));
                }
            }
            "enum" => {
                if !want.as_array().unwrap().contains(v) {
                    wrong.push(format!("{at}: {v} is none of {want}"));
                }
            }
            "const" => {
                if want != v {
                    wrong.push(format!("{at}: {v} is not {want}"));
                }
            }
            "minimum" => {
                if v.as_f64().is_some_and(|n| n < want.as_f64().unwrap()) {
                    wrong.push(format!("{at}: {v} is less than {want}"));
                }
            }
            "maximum" => {
                if v.as_f64().is_some_and(|n| n > want.as_f64().unwrap()) {
                    wrong.push(format!("{at}: {v} is more than {want}"));
                }
            }
            "anyOf" | "oneOf" => {
                let branches = want.as_array().unwrap().iter();
                let fits = |s: &&Value| {
                    let mut none = Vec::new();
                    check(root, s, v, at, &mut none);
                    none.is_empty()
                };
                if branches.filter(fits).count() == 0 {
                    wrong.push(format!("{at}: {v} fits no branch"));
                }
            }
            "items" => {
                for (i, item) in v.as_array().into_iter().flatten().enumerate() {
                    check(root, want, item, &format!("{at}/{i}"), wrong);
                }
            }
            "required" => {
                for name in want.as_array().unwrap() {
                    if v.as_object()
                        .is_some_and(|o| !o.contains_key(name.as_str().unwrap()))
                    {
                        wrong.push(format!("{at}: lacks {name}"));
                    }
                }
            }
            "properties" => {
                for (name, member) in v.as_object().into_iter().flatten() {
                    match want.get(name) {
                        Some(s) => check(root, s, member, &format!("{at}/{name}"), wrong),
                        None => wrong.push(format!("{at}: {name} is not in the schema")),
                    }
                }
            }
            "additionalProperties" => {
                for (name, member) in v.as_object().into_iter().flatten() {
                    check(root, want, member, &format!("{at}/{name}"), wrong);
                }
            }
            k => panic!("{at}: this validator does not know {k}"),
        }
    }
}

fn mistakes(v: &Value) -> Vec<String> {
    let root = schema::report();
    let mut wrong = Vec::new();
    check(&root, &root, v, "", &mut wrong);
    wrong
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/report.schema.json");
    let mut text = Vec::new();
    schema::write(&schema::report(), &mut text).unwrap();
    golden(&path, &String::from_utf8(text).unwrap());
    let root = schema::report();
    assert_eq!(
        root["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}

#[test]
fn every_member_is_described() {
    let root = schema::report();
    let mut bare = BTreeSet::new();
    let types = root["$defs"].as_object().unwrap();
    for (name, t) in types
        .iter()
        .map(|(n, t)| (n.as_str(), t))
        .chain([("Report", &root)])
    {
        assert!(t.get("description").is_some(), "{name}");
        for (member, s) in t
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let about = s
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if about.is_empty() {
                bare.insert(format!("{name}.{member}"));
            }
        }
    }
    assert!(bare.is_empty(), "{bare:?}");
    assert!(types.len() > 50);
}

#[test]
fn saved_reports_fit_the_schema() {
    for (name, v) in saved() {
        assert_eq!(mistakes(&v), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_report_with_a_mistake_does_not_fit() {
    let (_, good) = saved().remove(0);
    for (pointer, value) in [
        ("/outcome", json!("maybe")),
        ("/nodes/0/direct_memory/limit_bytes", json!("480m")),
        ("/nodes/0/direct_memory/limit_bytes", json!(-1)),
        ("/nodes/0/clients", json!({})),
        ("/nodes/0/runs/0/pid", json!(1.5)),
        ("/tool", json!({ "name": "x" })),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!mistakes(&bad).is_empty(), "{pointer}");
    }
}

/// Text of an input that is meant to break out of every format.
const HOSTILE: &str = "x\u{0}\u{b}\u{1b}[31m]]></failure><script>&\"'\u{fffe}\u{202e}[a](b) 中";

fn hostile() -> Report {
    let (_, v) = saved()
        .into_iter()
        .find(|(n, _)| n.contains("stuck-client"))
        .unwrap();
    let mut r: Report = serde_json::from_value(v).unwrap();
    let f = &mut r.nodes[0].findings[0];
    f.title.text = HOSTILE.to_owned();
    f.evidence[0].quote = Some(HOSTILE.to_owned());
    f.evidence[0].source.as_mut().unwrap().path = format!("a b/c:{HOSTILE}.log");
    r.nodes[0].id = HOSTILE.to_owned();
    r.inputs[0].path = HOSTILE.to_owned();
    r.inputs[0].complete = false;
    r
}

fn as_sarif(r: &Report) -> Value {
    let mut out = Vec::new();
    sarif::write(r, Lang::En, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn sarif_has_what_the_standard_and_code_scanning_ask_for() {
    let reports = saved()
        .into_iter()
        .map(|(_, v)| serde_json::from_value(v).unwrap());
    for r in reports.chain([hostile()]) {
        let r: Report = r;
        let log = as_sarif(&r);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), RULES.len());
        for rule in rules {
            for help in [
                &rule["help"]["text"],
                &rule["help"]["markdown"],
                &rule["shortDescription"]["text"],
            ] {
                assert!(help.as_str().unwrap().len() > 10, "{rule}");
            }
        }
        let results = run["results"].as_array().unwrap();
        let findings = r.nodes.iter().map(|n| n.findings.len()).sum::<usize>()
            + r.cluster.as_ref().map_or(0, |c| c.findings.len());
        assert_eq!(results.len(), findings);
        let mut prints = BTreeSet::new();
        for x in results {
            let index = x["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(rules[index]["id"], x["ruleId"]);
            assert!(["error", "warning", "note"].contains(&x["level"].as_str().unwrap()));
            let text = x["message"]["text"].as_str().unwrap();
            assert!(!text.chars().any(char::is_control), "{text}");
            for l in x["locations"].as_array().unwrap() {
                let at = &l["physicalLocation"];
                let uri = at["artifactLocation"]["uri"].as_str().unwrap();
                assert!(
                    !uri.is_empty() && uri.bytes().all(|b| b.is_ascii_graphic() && b != b':'),
                    "{uri}"
                );
                if let Some(region) = at.get("region") {
                    assert!(region["startLine"].as_u64().unwrap() >= 1);
                }
            }
            let print = x["partialFingerprints"]["ruleAndSubject/v1"]
                .as_str()
                .unwrap();
            assert!(prints.insert(print.to_owned()), "{print} twice");
        }
    }
    let log = as_sarif(&hostile());
    let first = &log["runs"][0]["results"][0];
    assert_eq!(first["level"], "error");
    assert_eq!(
        first["partialFingerprints"]["ruleAndSubject/v1"],
        "faulty-client:10.140.5.77"
    );
    assert!(
        first["message"]["text"]
            .as_str()
            .unwrap()
            .contains("\\[a\\](b) 中"),
        "a link stays text"
    );
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes.as_array().unwrap().len(), 1);
}

/// Elements and attributes of Jenkins' schema for JUnit (xUnit plug-in).
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    (
        "testsuites",
        &["name", "tests", "failures", "errors", "time", "disabled"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "skipped",
            "time",
            "timestamp",
            "hostname",
            "id",
            "package",
            "disabled",
        ],
        &["testcase", "properties", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name", "classname", "time", "assertions", "status"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &[]),
    ("skipped", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

#[test]
fn junit_is_well_formed_and_of_the_schema_that_build_servers_read() {
    let reports = saved()
        .into_iter()
        .map(|(_, v)| serde_json::from_value(v).unwrap());
    for r in reports.chain([hostile()]) {
        let r: Report = r;
        let mut out = Vec::new();
        junit::write(&r, Lang::En, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let forbidden = |c: char| c.is_control() && c != '\n' || u32::from(c) & 0xfffe == 0xfffe;
        assert!(!text.chars().any(forbidden));
        let mut reader = quick_xml::Reader::from_str(&text);
        reader.config_mut().check_end_names = true;
        let mut open: Vec<String> = Vec::new();
        let mut failures = 0;
        let mut told = 0;
        loop {
            let event = reader.read_event().unwrap();
            let (tag, empty) = match &event {
                Event::Start(t) => (t, false),
                Event::Empty(t) => (t, true),
                Event::End(_) => {
                    open.pop();
                    continue;
                }
                Event::Eof => break,
                _ => continue,
            };
            let name = AsRef::<str>::as_ref(&tag.name()).to_owned();
            let (_, attributes, _) = ALLOWED
                .iter()
                .find(|a| a.0 == name)
                .expect("a known element");
            if let Some(parent) = open.last() {
                let above = ALLOWED.iter().find(|a| a.0 == parent).unwrap();
                assert!(above.2.contains(&name.as_str()), "{name} in {parent}");
            }
            for a in tag.attributes() {
                let a = a.unwrap();
                let key = AsRef::<str>::as_ref(&a.key).to_owned();
                assert!(attributes.contains(&key.as_str()), "{name} {key}");
                if name == "testsuites" && key == "failures" {
                    told = a.value.parse().unwrap();
                }
            }
            failures += usize::from(name == "failure");
            if !empty {
                open.push(name);
            }
        }
        assert!(open.is_empty());
        assert_eq!(failures, told);
        let harmful = r
            .nodes
            .iter()
            .flat_map(|n| &n.findings)
            .chain(r.cluster.iter().flat_map(|c| &c.findings));
        assert_eq!(
            failures,
            harmful.filter(|f| f.severity >= Severity::High).count()
        );
    }
}
