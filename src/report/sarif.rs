//! SARIF 2.1.0, for code scanning and other consumers of findings: rules with their help, log lines as locations, fingerprints
//! that stay the same from run to run. Written from the OASIS standard; section numbers are its own.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::escape::sarif as message;
use super::escape::terminal;
use super::model::{EvidenceReport, FindingReport, Input, Report};
use crate::rules::{Kind, RULES, Rule, Severity};
use crate::text::{Lang, label};

/// Level of a severity (3.27.10): what does harm is an error.
#[must_use]
pub(super) fn level(s: Severity) -> &'static str {
    match s {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Writes the report as a log of one run.
///
/// # Errors
/// Those of the output.
pub fn write(report: &Report, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run(report, lang)],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

fn run(report: &Report, lang: Lang) -> Value {
    json!({
        "tool": { "driver": {
            "name": report.tool.name,
            "version": report.tool.version,
            "rules": RULES.iter().map(|r| rule(r, lang)).collect::<Vec<_>>(),
        } },
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": true,
            "toolExecutionNotifications": notifications(report, lang),
        }],
        "results": results(report, lang),
        "properties": {
            "outcome": report.outcome.name(),
            "statement": terminal(&report.statement.shown(lang)),
        },
    })
}

fn rule(r: &Rule, lang: Lang) -> Value {
    let text = r.text(lang);
    let help = [
        ("ui.what", text.what),
        ("ui.speaks-for", text.speaks_for),
        ("ui.speaks-against", text.speaks_against),
        ("ui.remedy", text.remedy),
    ];
    let colon = label(lang, "ui.colon");
    let told = help.map(|(id, t)| (label(lang, id), t));
    let plain = told.map(|(h, t)| format!("{h}{colon}{t}"));
    let marked = told.map(|(h, t)| format!("**{h}**{colon}{t}"));
    json!({
        "id": r.id,
        "name": r.id,
        "shortDescription": { "text": message(text.title) },
        "fullDescription": { "text": message(text.what) },
        "help": { "text": plain.join("\n\n"), "markdown": marked.join("\n\n") },
        "defaultConfiguration": { "level": if r.kind == Kind::Advice { "note" } else { "warning" } },
        "properties": { "tags": [kind_name(r.kind)] },
    })
}

fn kind_name(k: Kind) -> &'static str {
    match k {
        Kind::Cause => "cause",
        Kind::Condition => "condition",
        Kind::Advice => "advice",
    }
}

/// A finding and the node it is about; `None` over several nodes.
type Placed<'a> = (Option<&'a str>, &'a FindingReport);

/// Findings of all nodes, then those over the nodes.
fn placed(report: &Report) -> Vec<Placed<'_>> {
    let of_nodes = report
        .nodes
        .iter()
        .flat_map(|n| n.findings.iter().map(|f| (Some(n.id.as_str()), f)));
    let over = report.cluster.iter().flat_map(|c| &c.findings);
    of_nodes.chain(over.map(|f| (None, f))).collect()
}

fn results(report: &Report, lang: Lang) -> Vec<Value> {
    let all = placed(report);
    let has = |by: &str| {
        all.iter()
            .any(|(_, f)| f.accepted.iter().any(|a| a.by == by))
    };
    // Both members stand in every result of a run or in none (3.27.23, 3.27.24).
    let (suppressions, baseline) = (has("suppression"), has("baseline"));
    all.iter()
        .map(|p| {
            let mut r = result(report, p, lang);
            if suppressions {
                r.insert("suppressions".to_owned(), suppressed(p.1, lang));
            }
            if baseline {
                r.insert("baselineState".to_owned(), json!(baseline_state(p.1)));
            }
            Value::Object(r)
        })
        .collect()
}

fn result(report: &Report, (node, f): &Placed<'_>, lang: Lang) -> Map<String, Value> {
    let sources: Vec<&EvidenceReport> = f.evidence.iter().filter(|e| e.source.is_some()).collect();
    let first = sources
        .first()
        .and_then(|e| location(e, None))
        .unwrap_or_else(|| whole_input(report, *node));
    let related: Vec<Value> = sources
        .iter()
        .skip(1)
        .filter_map(|e| location(e, Some(&e.claim.shown(lang))))
        .collect();
    // Over several nodes a subject may be in each: the node tells them apart. Alone, its name may change with the directory.
    let fingerprint = match node {
        Some(n) if report.nodes.len() > 1 => format!("{n}/{}", f.fingerprint),
        _ => f.fingerprint.clone(),
    };
    let mut r = Map::new();
    r.insert("ruleId".to_owned(), json!(f.rule));
    if let Some(i) = RULES.iter().position(|r| r.id == f.rule) {
        r.insert("ruleIndex".to_owned(), json!(i));
    }
    r.insert("level".to_owned(), json!(level(f.severity)));
    r.insert(
        "rank".to_owned(),
        json!((f.confidence * 1000.0).round() / 10.0),
    );
    r.insert(
        "message".to_owned(),
        json!({ "text": message(&text(f, lang)) }),
    );
    r.insert("locations".to_owned(), json!([first]));
    if !related.is_empty() {
        r.insert("relatedLocations".to_owned(), json!(related));
    }
    r.insert(
        "partialFingerprints".to_owned(),
        json!({ "ruleAndSubject/v1": fingerprint }),
    );
    r.insert(
        "properties".to_owned(),
        json!({
            "severity": f.severity.name(),
            "kind": kind_name(f.kind),
            "confidence": f.confidence,
            "node": node,
            "subjects": f.subjects,
        }),
    );
    r
}

/// Title, and what to do first.
fn text(f: &FindingReport, lang: Lang) -> String {
    let title = f.title.shown(lang);
    match f.remedy.now.first().or(f.remedy.lasting.first()) {
        Some(first) => format!("{title}. {}", first.shown(lang)),
        None => title,
    }
}

fn suppressed(f: &FindingReport, lang: Lang) -> Value {
    f.accepted
        .iter()
        .filter(|a| a.by == "suppression")
        .map(|a| {
            json!({
                "kind": "external",
                "status": if a.counts { "accepted" } else { "rejected" },
                "justification": terminal(&a.note.shown(lang)),
            })
        })
        .collect()
}

fn baseline_state(f: &FindingReport) -> &'static str {
    match f.accepted.iter().find(|a| a.by == "baseline") {
        Some(a) if a.counts => "unchanged",
        Some(_) => "updated",
        None => "new",
    }
}

fn location(e: &EvidenceReport, claim: Option<&str>) -> Option<Value> {
    let source = e.source.as_ref()?;
    let mut region = json!({ "startLine": source.line.max(1) });
    if let Some(q) = &e.quote {
        region["snippet"] = json!({ "text": terminal(q) });
    }
    let mut all = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&source.path) },
        "region": region,
    } });
    if let Some(claim) = claim {
        all["message"] = json!({ "text": message(claim) });
    }
    Some(all)
}

/// A finding that quotes no line is about all that was read of its node; consumers want a place.
fn whole_input(report: &Report, node: Option<&str>) -> Value {
    let path = report
        .inputs
        .iter()
        .find(|i| node.is_none_or(|n| i.node == n))
        .map_or("-", |i| i.path.as_str());
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } })
}

/// What was read in part or not at all.
fn notifications(report: &Report, lang: Lang) -> Vec<Value> {
    let warn = |path: &str, text: String, line: Option<u64>| {
        let mut at = json!({ "artifactLocation": { "uri": uri(path) } });
        if let Some(line) = line {
            at["region"] = json!({ "startLine": line.max(1) });
        }
        json!({
            "level": "warning",
            "message": { "text": message(&text) },
            "locations": [{ "physicalLocation": at }],
        })
    };
    let cut = |i: &Input| {
        let issue = i.issues.last();
        let what = issue.map_or_else(
            || label(lang, "ui.read-in-part").to_owned(),
            |x| x.shown(lang),
        );
        warn(&i.path, what, issue.map(|x| x.line))
    };
    report
        .inputs
        .iter()
        .filter(|i| !i.complete)
        .map(cut)
        .chain(
            report
                .skipped
                .iter()
                .filter(|s| s.failed)
                .map(|s| warn(&s.path, s.shown(lang), None)),
        )
        .collect()
}

/// A path as a relative reference (RFC 3986): segments percent-encoded, the colon too, which would make a scheme of the first.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(b));
            }
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("c:/a b/中.log"), "c%3A/a%20b/%E4%B8%AD.log");
        assert_eq!(uri("logs/naming-push.log.1"), "logs/naming-push.log.1");
    }
}
