//! JUnit XML, for the test tabs of build servers: a suite for each node with a case for each rule and finding, and one for the
//! inputs. A finding that does harm (an error in SARIF) is a failure; one that was accepted, and a rule without the facts it needs,
//! are skipped. Members are those of the schema that Jenkins' xUnit plug-in keeps (`jenkins-junit.xsd`).

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::json;

use super::escape::xml;
use super::model::{FindingReport, NodeReport, Report};
use super::sarif::level;
use crate::rules::RULES;
use crate::text::{Lang, label, phrase, word};

/// How a case ends.
enum End {
    Passed,
    /// Type, message, text.
    Failed(&'static str, String, String),
    Skipped(String),
}

struct Case {
    class: String,
    name: String,
    end: End,
    /// Shown beside a case that passes.
    out: Option<String>,
}

struct Suite {
    name: String,
    timestamp: Option<String>,
    cases: Vec<Case>,
}

/// Writes the report as suites of cases.
///
/// # Errors
/// Those of the output.
pub fn write(report: &Report, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<Suite> = report.nodes.iter().map(|n| of_node(n, lang)).collect();
    if let Some(c) = &report.cluster {
        suites.push(Suite {
            name: "cluster".to_owned(),
            timestamp: None,
            cases: c.findings.iter().map(|f| of_finding(f, lang)).collect(),
        });
    }
    suites.push(of_inputs(report, lang));
    let mut w = Writer::new_with_indent(out, b' ', 2);
    w.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("testsuites");
    attribute(&mut root, "name", &report.tool.name);
    counts(&mut root, &suites.iter().collect::<Vec<_>>());
    w.write_event(Event::Start(root))?;
    for s in &suites {
        suite(&mut w, s)?;
    }
    w.write_event(Event::End(BytesEnd::new("testsuites")))?;
    w.into_inner().write_all(b"\n")
}

fn of_node(n: &NodeReport, lang: Lang) -> Suite {
    let mut cases: Vec<Case> = n.findings.iter().map(|f| of_finding(f, lang)).collect();
    for r in RULES {
        if n.findings.iter().any(|f| f.rule == r.id) {
            continue;
        }
        let lacks = n.not_assessed.iter().find(|x| x.rule == r.id);
        cases.push(Case {
            class: r.id.to_owned(),
            name: r.text(lang).title.to_owned(),
            end: lacks.map_or(End::Passed, |x| {
                let names = x.missing.iter().map(|m| word(lang, "family", m));
                let missing = names.collect::<Vec<_>>();
                End::Skipped(phrase(
                    lang,
                    "ui.not-assessed",
                    [("missing", json!(missing))],
                ))
            }),
            out: None,
        });
    }
    Suite {
        name: n.id.clone(),
        // The schema wants a time without a zone.
        timestamp: n
            .window
            .last
            .as_ref()
            .and_then(|t| t.get(..19))
            .map(str::to_owned),
        cases,
    }
}

fn of_finding(f: &FindingReport, lang: Lang) -> Case {
    let title = f.title.shown(lang);
    let text = body(f, lang);
    let accepted = f.accepted.iter().find(|a| a.counts);
    let (end, out) = match accepted {
        Some(a) => (
            End::Skipped(format!("{title}; {}", a.note.shown(lang))),
            Some(text),
        ),
        None if level(f.severity) == "error" => (End::Failed(f.severity.name(), title, text), None),
        None => (End::Passed, Some(format!("{title}\n{text}"))),
    };
    Case {
        class: f.rule.clone(),
        // Without counts, so that a build server sees the same case from run to run.
        name: f.fingerprint.clone(),
        end,
        out,
    }
}

/// Evidence with its places, then what to do.
fn body(f: &FindingReport, lang: Lang) -> String {
    let mut lines = vec![format!(
        "{}, confidence {:.2}",
        f.severity.name(),
        f.confidence
    )];
    for a in f.accepted.iter().filter(|a| !a.counts) {
        lines.push(a.note.shown(lang));
    }
    for e in &f.evidence {
        let sign = if e.speaks_for { '+' } else { '-' };
        lines.push(format!("{sign} {}", e.claim.shown(lang)));
        if let Some(s) = &e.source {
            lines.push(format!("    {}:{}", s.path, s.line));
        }
        if let Some(q) = &e.quote {
            lines.push(format!("    > {q}"));
        }
    }
    for t in f.remedy.now.iter().chain(&f.remedy.lasting) {
        lines.push(format!("* {}", t.shown(lang)));
    }
    lines.iter().map(|l| xml(l)).collect::<Vec<_>>().join("\n")
}

fn of_inputs(report: &Report, lang: Lang) -> Suite {
    let read = report.inputs.iter().map(|i| Case {
        class: "inputs".to_owned(),
        name: i.path.clone(),
        end: if i.complete {
            End::Passed
        } else {
            End::Skipped(i.issues.last().map_or_else(
                || label(lang, "ui.read-in-part").to_owned(),
                |x| x.shown(lang),
            ))
        },
        out: None,
    });
    let failed = report.skipped.iter().filter(|s| s.failed).map(|s| Case {
        class: "inputs".to_owned(),
        name: s.path.clone(),
        end: End::Skipped(s.shown(lang)),
        out: None,
    });
    Suite {
        name: "inputs".to_owned(),
        timestamp: None,
        cases: read.chain(failed).collect(),
    }
}

fn attribute(tag: &mut BytesStart<'_>, name: &str, value: &str) {
    tag.push_attribute((name, xml(value).as_str()));
}

fn counts(tag: &mut BytesStart<'_>, suites: &[&Suite]) {
    let cases = || suites.iter().flat_map(|s| &s.cases);
    let failed = cases().filter(|c| matches!(c.end, End::Failed(..))).count();
    attribute(tag, "tests", &cases().count().to_string());
    attribute(tag, "failures", &failed.to_string());
    attribute(tag, "errors", "0");
}

fn suite<W: Write>(w: &mut Writer<W>, s: &Suite) -> io::Result<()> {
    let mut tag = BytesStart::new("testsuite");
    attribute(&mut tag, "name", &s.name);
    counts(&mut tag, &[s]);
    let skipped = s.cases.iter().filter(|c| matches!(c.end, End::Skipped(_)));
    attribute(&mut tag, "skipped", &skipped.count().to_string());
    if let Some(t) = &s.timestamp {
        attribute(&mut tag, "timestamp", t);
    }
    w.write_event(Event::Start(tag))?;
    for c in &s.cases {
        case(w, c)?;
    }
    w.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn case<W: Write>(w: &mut Writer<W>, c: &Case) -> io::Result<()> {
    let mut tag = BytesStart::new("testcase");
    attribute(&mut tag, "classname", &c.class);
    attribute(&mut tag, "name", &c.name);
    if matches!(c.end, End::Passed) && c.out.is_none() {
        return w.write_event(Event::Empty(tag));
    }
    w.write_event(Event::Start(tag))?;
    match &c.end {
        End::Passed => {}
        End::Failed(kind, message, text) => {
            let mut f = BytesStart::new("failure");
            attribute(&mut f, "type", kind);
            attribute(&mut f, "message", message);
            element(w, f, text)?;
        }
        End::Skipped(message) => {
            let mut s = BytesStart::new("skipped");
            attribute(&mut s, "message", message);
            w.write_event(Event::Empty(s))?;
        }
    }
    if let Some(text) = &c.out {
        element(w, BytesStart::new("system-out"), text)?;
    }
    w.write_event(Event::End(BytesEnd::new("testcase")))
}

/// An element with text, whose lines were made fit for XML already.
fn element<W: Write>(w: &mut Writer<W>, start: BytesStart<'_>, text: &str) -> io::Result<()> {
    let end = start.to_end().into_owned();
    w.write_event(Event::Start(start.borrow()))?;
    w.write_event(Event::Text(BytesText::new(text)))?;
    w.write_event(Event::End(end))
}
