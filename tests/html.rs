//! The HTML report: one whole page, self-contained, in which text stays text.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;

use nacos_offheap::report::{Report, html};
use nacos_offheap::text::Lang;
use support::{HOSTILE, INCIDENTS, Scratch, fixture, golden, report_of, with_text};

fn page(r: &Report, lang: Lang) -> String {
    let mut out = Vec::new();
    html::write(r, lang, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn incident(name: &str) -> Report {
    report_of(&[&fixture("incidents").join(name)], None)
}

/// A tag with its attributes, and the text before the next one.
#[derive(Debug, PartialEq)]
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    text: &'a str,
}

impl<'a> Tag<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|a| a.0 == name).map(|a| a.1)
    }
}

/// Reads the tags as a browser would; style and script end at their end tag alone.
fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut all = Vec::new();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        let close = rest.find('>').expect("a tag ends");
        let (inside, behind) = (&rest[..close], &rest[close + 1..]);
        let name_end = inside.find([' ', '\n']).unwrap_or(inside.len());
        let (name, mut list) = (&inside[..name_end], &inside[name_end..]);
        let mut attributes = Vec::new();
        while let Some(key) = list
            .trim_start()
            .split([' ', '='])
            .next()
            .filter(|k| !k.is_empty())
        {
            list = &list.trim_start()[key.len()..];
            let mut value = "";
            if let Some(quoted) = list.strip_prefix("=\"") {
                let end = quoted.find('"').expect("an attribute ends");
                value = &quoted[..end];
                list = &quoted[end + 1..];
            }
            attributes.push((key, value));
        }
        let end = if ["style", "script"].contains(&name) {
            behind.find("</").expect("an end tag")
        } else {
            behind.find('<').unwrap_or(behind.len())
        };
        all.push(Tag {
            name,
            attributes,
            text: &behind[..end],
        });
        rest = &behind[end..];
    }
    all
}

#[test]
fn the_example_is_the_golden_one() {
    let page = page(&incident("stuck-client"), Lang::En);
    golden(&fixture("expected/stuck-client.html"), &page);
}

#[test]
fn a_page_is_whole_and_loads_nothing() {
    const VOID: [&str; 4] = ["!DOCTYPE", "meta", "link", "input"];
    for name in INCIDENTS {
        for lang in [Lang::En, Lang::Zh] {
            let page = page(&incident(name), lang);
            let tags = tags(&page);
            let mut open: Vec<&str> = Vec::new();
            let mut ids = BTreeSet::new();
            for t in &tags {
                if let Some(ended) = t.name.strip_prefix('/') {
                    assert_eq!(open.pop(), Some(ended), "{name}: {t:?}");
                } else if !VOID.contains(&t.name) {
                    open.push(t.name);
                }
                if let Some(id) = t.attribute("id") {
                    assert!(ids.insert(id), "{name}: {id} twice");
                }
                for (key, value) in &t.attributes {
                    assert!(!key.starts_with("on"), "{name}: {t:?}");
                    assert!(!["style", "src", "srcset"].contains(key), "{name}: {t:?}");
                    let inner = value.starts_with('#') || *value == "data:,";
                    assert!(*key != "href" || inner, "{name}: {t:?}");
                }
            }
            assert!(open.is_empty(), "{name}: {open:?} left open");
            for t in &tags {
                for key in ["href", "for", "aria-labelledby", "data-table"] {
                    for to in t.attribute(key).unwrap_or("").split_whitespace() {
                        let to = to.trim_start_matches('#');
                        assert!(to == "data:," || ids.contains(to), "{name}: {t:?}");
                    }
                }
                // What a reader's screen reader needs.
                assert!(
                    t.name != "th" || t.attribute("scope").is_some(),
                    "{name}: {t:?}"
                );
            }
            let drawn = |t: &&Tag<'_>| t.name == "svg" && t.attribute("role") == Some("img");
            for (i, _) in tags.iter().enumerate().filter(|(_, t)| drawn(t)) {
                assert_eq!(
                    tags[i + 1].name,
                    "title",
                    "{name}: a picture without a title"
                );
            }
            let code = tags.iter().find(|t| t.name == "html").unwrap();
            let want = if lang == Lang::Zh { "zh-CN" } else { "en" };
            assert_eq!(code.attribute("lang"), Some(want));
            assert!(
                !page.contains("?\u{fffd}") && !page.contains("url("),
                "{name}"
            );
        }
    }
}

#[test]
fn the_policy_allows_nothing_but_the_page_itself() {
    let page = page(&incident("healthy"), Lang::En);
    let policy = tags(&page)
        .iter()
        .find(|t| t.attribute("http-equiv") == Some("Content-Security-Policy"))
        .and_then(|t| t.attribute("content").map(str::to_owned))
        .expect("a policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
}

#[test]
fn every_quote_and_place_of_the_finding_is_on_the_page() {
    for name in INCIDENTS {
        let r = incident(name);
        let page = page(&r, Lang::En);
        for e in r
            .nodes
            .iter()
            .flat_map(|n| &n.findings)
            .flat_map(|f| &f.evidence)
        {
            let Some(s) = &e.source else { continue };
            assert!(page.contains(&format!("<code>{}:{}</code>", s.path, s.line)));
            let escaped = |q: &str| {
                q.replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;")
                    .replace('"', "&quot;")
            };
            if let Some(q) = &e.quote {
                let q = escaped(&nacos_offheap::report::escape::terminal(q.trim()));
                assert!(page.contains(&q), "{name}: {q}");
            }
        }
    }
}

/// Whatever stands in a text of the report, the page has the same tags and attributes as with a harmless word there.
#[test]
fn hostile_text_stays_text() {
    // Words that do not break at their hyphens stand in an element each, of nothing but text.
    let whole = regex::Regex::new(r#"<span class="whole">([^<]*)</span>"#).unwrap();
    for name in ["stuck-client", "cluster", "slow-client"] {
        let r = incident(name);
        for lang in [Lang::En, Lang::Zh] {
            let harmless = page(&with_text(&r, "word"), lang);
            for text in HOSTILE {
                let hostile = page(&with_text(&r, text), lang);
                let shape = |page: &str| -> Vec<(String, Vec<String>)> {
                    tags(&whole.replace_all(page, "$1"))
                        .iter()
                        .map(|t| {
                            let keys = t.attributes.iter().map(|a| a.0.to_owned());
                            (t.name.to_owned(), keys.collect())
                        })
                        .collect()
                };
                assert!(shape(&hostile) == shape(&harmless), "{name} with {text:?}");
                let obeyed = |c: char| {
                    c.is_control() && c != '\n'
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!hostile.contains(obeyed), "{name} with {text:?}");
            }
        }
    }
}

/// The same from a log on.
#[test]
fn a_hostile_log_is_quoted_and_not_obeyed() {
    let scratch = Scratch::new("html-hostile");
    let mut log = String::new();
    for i in 0..400 {
        log.push_str(&format!(
            "2026-11-23 00:{:02}:{:02},204 ERROR [PUSH-FAIL] 5001ms, Service{{namespace='public', group='</code><script>alert(1)</script>', \
             name='\"onload=\"alert(2) \u{202e}evil😈', ephemeral=true, revision=71}}, reason=<img src=x onerror=alert(3)>,requestId \
             ={i}, target=10.140.5.77\n\n",
            10 + i / 60,
            i % 60
        ));
    }
    log.push_str("2026-11-23 00:17:00,000 ERROR io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 2097152 byte(s) of direct memory (used: 501219607, max: 503316480)\n");
    scratch.file("naming-push.log", log.as_bytes());
    let page = page(&report_of(&[&scratch.0], None), Lang::En);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("😈") && page.contains("\\u{202e}"));
    assert!(tags(&page).iter().all(|t| t.name != "img"));
    assert_eq!(tags(&page).iter().filter(|t| t.name == "script").count(), 1);
}
