//! The Markdown report: short, stable, and read by a Markdown parser as it was meant, whatever the logs hold.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use nacos_offheap::report::{Report, diff, markdown};
use nacos_offheap::text::Lang;
use pulldown_cmark::{Event, Options, Parser};
use support::{HOSTILE, INCIDENTS, fixture, golden, report_of, with_text};

fn text(r: &Report, lang: Lang) -> String {
    let mut out = Vec::new();
    markdown::write(r, lang, 10, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn incident(name: &str) -> Report {
    report_of(&[&fixture("incidents").join(name)], None)
}

/// What a reader of GitHub's flavour makes of it: the elements in order, without their text.
fn elements(text: &str) -> Vec<String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    Parser::new_ext(text, options)
        .filter_map(|e| match e {
            Event::Text(_) => None,
            // What keeps `@name` from calling somebody.
            Event::InlineHtml(h) if &*h == "<!-- -->" => None,
            Event::Code(_) => Some("code".to_owned()),
            e => Some(format!("{e:?}")),
        })
        .collect()
}

#[test]
fn reports_of_the_incidents_are_the_golden_ones() {
    for name in INCIDENTS {
        golden(
            &fixture(&format!("expected/{name}.md")),
            &text(&incident(name), Lang::En),
        );
    }
}

#[test]
fn a_verdict_on_one_node_fits_a_screen_or_two() {
    for name in INCIDENTS {
        let r = incident(name);
        let lines = text(&r, Lang::En).lines().count();
        assert!(r.nodes.len() > 1 || lines <= 60, "{name}: {lines} lines");
    }
}

#[test]
fn hostile_text_changes_no_element() {
    for name in INCIDENTS {
        let r = incident(name);
        for lang in [Lang::En, Lang::Zh] {
            let harmless = elements(&text(&with_text(&r, "word"), lang));
            assert!(harmless.iter().any(|e| e.contains("Table")), "{name}");
            for hostile in HOSTILE {
                let shown = text(&with_text(&r, hostile), lang);
                assert_eq!(
                    elements(&shown),
                    harmless,
                    "{name} with {hostile:?}:\n{shown}"
                );
                assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            }
        }
    }
}

#[test]
fn a_comparison_holds_too() {
    let (b, a) = (incident("healthy"), incident("stuck-client"));
    let shown = |b: &Report, a: &Report| {
        let mut out = Vec::new();
        diff::markdown(&diff::compare(b, a), Lang::En, 10, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let harmless = elements(&shown(&with_text(&b, "word"), &with_text(&a, "word")));
    for hostile in HOSTILE {
        let shown = shown(&with_text(&b, hostile), &with_text(&a, hostile));
        assert_eq!(elements(&shown), harmless, "{hostile:?}:\n{shown}");
    }
}
