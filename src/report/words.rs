//! Words and lines that the documents (HTML, Markdown) share.

use serde_json::json;

use super::model::{NodeReport, Report};
use super::view::{self, Holding};
use crate::rules::{Kind, Outcome, Severity};
use crate::text::{Lang, Text, label, phrase};

/// A severity.
pub(super) fn severity(lang: Lang, s: Severity) -> &'static str {
    label(
        lang,
        match s {
            Severity::Critical => "doc.critical",
            Severity::High => "doc.high",
            Severity::Medium => "doc.medium",
            Severity::Low => "doc.low",
            Severity::Info => "doc.info",
        },
    )
}

/// How a node or report ends.
pub(super) fn outcome(lang: Lang, o: Outcome) -> &'static str {
    label(
        lang,
        match o {
            Outcome::Cause => "doc.outcome-cause",
            Outcome::NoCause => "doc.outcome-no-cause",
            Outcome::Undecided => "doc.outcome-undecided",
            Outcome::InsufficientEvidence => "doc.outcome-insufficient",
        },
    )
}

/// What a rule speaks about.
pub(super) fn kind(lang: Lang, k: Kind) -> &'static str {
    label(
        lang,
        match k {
            Kind::Cause => "doc.kind-cause",
            Kind::Condition => "doc.kind-condition",
            Kind::Advice => "doc.kind-advice",
        },
    )
}

/// A series of the timeline; a name that is not known stands as it is.
pub(super) fn series(lang: Lang, name: &str) -> Option<&'static str> {
    let id = match name {
        view::MEMORY => "doc.memory",
        "allocation_failures" => "doc.allocation-failures",
        "push_fail" => "doc.push-fail",
        "config_push_fail" => "doc.config-push-fail",
        "connects" => "doc.connects",
        "logins" => "doc.logins",
        "registrations" => "doc.registrations",
        "container_bytes" => "doc.level-container",
        "direct_pool_bytes" => "doc.level-direct-pool",
        "heap_committed_bytes" => "doc.level-heap-committed",
        "heap_live_bytes" => "doc.level-heap-live",
        "heap_used_bytes" => "doc.level-heap-used",
        "java_threads" => "doc.level-java-threads",
        "metaspace_committed_bytes" => "doc.level-metaspace",
        "nmt_committed_bytes" => "doc.level-nmt",
        "rss_anon_bytes" => "doc.level-rss-anon",
        "rss_bytes" => "doc.level-rss",
        "rss_file_bytes" => "doc.level-rss-file",
        "swap_bytes" => "doc.level-swap",
        "threads" => "doc.level-threads",
        _ => return None,
    };
    Some(label(lang, id))
}

/// What a group of holders is.
pub(super) fn holding(lang: Lang, what: Holding) -> &'static str {
    label(
        lang,
        match what {
            Holding::Clients => "doc.held-clients",
            Holding::Connections => "doc.held-connections",
            Holding::Owners => "doc.held-owners",
            Holding::SendQueues => "doc.held-queues",
            Holding::Estimated => "doc.held-estimated",
        },
    )
}

/// The figures of a node: what is shown beside the verdict, as name and value. What is unknown is said, not left out, where
/// the diagnosis hangs on it.
pub(super) fn figures(n: &NodeReport, lang: Lang) -> Vec<(String, String)> {
    let d = &n.direct_memory;
    let at = |t: &Option<String>| {
        t.as_deref()
            .map_or_else(|| "?".to_owned(), |t| view::clock(n, t))
    };
    let mut all = Vec::new();
    let mut row = |id: &str, value: String| all.push((capital(label(lang, id)), value));
    row(
        "doc.peak",
        match (d.used_peak_bytes, d.limit_bytes, d.peak_ratio) {
            (Some(used), Some(limit), Some(ratio)) => phrase(
                lang,
                "doc.peak-of",
                [
                    ("used", json!(used)),
                    ("limit", json!(limit)),
                    ("ratio", json!(ratio)),
                    ("source", json!(d.used_source)),
                ],
            ),
            (Some(used), ..) => phrase(
                lang,
                "doc.peak-alone",
                [("used", json!(used)), ("source", json!(d.used_source))],
            ),
            _ => label(lang, "doc.peak-unknown").to_owned(),
        },
    );
    row(
        "doc.limit",
        d.limit_explained.as_ref().map_or_else(
            || label(lang, "doc.limit-unknown").to_owned(),
            |t| t.shown(lang),
        ),
    );
    if d.exhausted.count > 0 {
        let span = [
            ("n", json!(d.exhausted.count)),
            ("first", json!(at(&d.exhausted.first))),
            ("last", json!(at(&d.exhausted.last))),
        ];
        row(
            "doc.allocation-failures",
            phrase(lang, "doc.count-span", span),
        );
    }
    if let Some(t) = &d.trend {
        let rate = [
            ("rate", json!(t.bytes_per_hour)),
            ("low", json!(t.low)),
            ("high", json!(t.high)),
            ("since", json!(at(&t.since))),
            ("left", json!(t.time_to_limit_s)),
        ];
        let id = if t.time_to_limit_s.is_some() {
            "doc.growth-until"
        } else {
            "doc.growth-rate"
        };
        row("doc.growth", phrase(lang, id, rate));
    } else if let Some(course) = d.course.as_deref().and_then(|c| self::course(lang, c)) {
        row("doc.growth", course.to_owned());
    }
    row("doc.server", server(n, lang));
    let zone = [
        ("offset", json!(n.zone_assumed.offset)),
        ("source", json!(n.zone_assumed.source)),
    ];
    let zone = phrase(lang, "doc.zone", zone);
    match (&n.window.first, &n.window.last) {
        (Some(first), Some(last)) => {
            let (first, last) = (view::clock(n, first), view::clock(n, last));
            row("doc.window", format!("{first} – {last}, {zone}"));
        }
        _ => row("doc.times", zone),
    }
    all
}

/// A word at the head of a line.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn course(lang: Lang, name: &str) -> Option<&'static str> {
    let id = match name {
        "flat" => "doc.course-flat",
        "growing" => "doc.course-growing",
        "plateau" => "doc.course-plateau",
        "returned" => "doc.course-returned",
        "bursts" => "doc.course-bursts",
        _ => return None,
    };
    Some(label(lang, id))
}

fn server(n: &NodeReport, lang: Lang) -> String {
    let mut about = Vec::new();
    if let Some(v) = &n.server_version {
        about.push(format!("Nacos {v}"));
    }
    if let Some(v) = &n.jvm.version {
        about.push(format!("JDK {v}"));
    }
    about.extend(n.jvm.collector.clone());
    if let Some(h) = n.jvm.heap_bytes {
        about.push(Text::new("doc.heap", [("bytes", json!(h))]).shown(lang));
    }
    if let Some(p) = n.runs.get(n.run).and_then(|r| r.pid) {
        about.push(format!("pid {p}"));
    }
    if n.runs.len() > 1 {
        let run = [
            ("run", json!(n.run.saturating_add(1))),
            ("of", json!(n.runs.len())),
        ];
        about.push(Text::new("doc.run", run).shown(lang));
    }
    if about.is_empty() {
        return "?".to_owned();
    }
    about.join(label(lang, "ui.comma"))
}

/// One line on what was read and what not.
pub(super) fn coverage(report: &Report, lang: Lang) -> String {
    let t = view::totals(report);
    let mut text = Text::new(
        "doc.coverage",
        [
            ("files", json!(t.files)),
            ("bytes", json!(t.bytes)),
            ("records", json!(t.records)),
            ("unknown", json!(t.unknown_share)),
        ],
    )
    .shown(lang);
    for (id, n) in [
        ("doc.coverage-cut", t.cut),
        ("doc.coverage-issues", t.issues),
        ("doc.coverage-skipped", t.skipped),
    ] {
        if n > 0 {
            text.push_str(label(lang, "ui.semicolon"));
            text.push_str(&Text::new(id, [("n", json!(n))]).shown(lang));
        }
    }
    text
}

/// What wrote the report.
pub(super) fn made_by(report: &Report, lang: Lang) -> String {
    let made = [
        ("name", json!(report.tool.name)),
        ("version", json!(report.tool.version)),
    ];
    phrase(lang, "doc.made-by", made)
}
