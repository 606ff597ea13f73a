//! The table of known log statements: one row each, the single source for recognising a record.
//!
//! A row says where a statement is written, by which class, in which releases; how it begins; the pattern of its text and
//! one sample. Recognising a record costs a comparison of its first bytes with the few rows of its file; only the row that
//! hits is read, by hand where records come by the million ([`Read::Cut`]), else by its pattern. The pattern of a row that
//! is cut by hand is the oracle its cutter is tested against.

pub mod banner;
mod event;
mod rows;

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::bytes::{Captures, Regex};

pub use event::{ConnectionId, Event, MetaText, PushFailure, ServiceText};
pub use rows::TABLES;

/// All rows.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    TABLES.iter().copied().flatten()
}

/// The log a record stands in: the name before `.log`. Statements move between them from release to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the file of that name")]
pub enum Series {
    NamingPush,
    NamingServer,
    NamingEvent,
    NamingDistro,
    NamingRaft,
    NamingPerformance,
    NamingRt,
    Remote,
    RemoteDigest,
    RemotePush,
    TpsControl,
    PluginControl,
    ProtocolDistro,
    ProtocolRaft,
    AlipayJraft,
    NacosCluster,
    CoreAuth,
    ConfigClientRequest,
    ConfigTrace,
    ConfigNotify,
    ConfigPull,
    ConfigPullCheck,
    ConfigMemory,
    ConfigDump,
    ConfigFatal,
    ConfigServer,
    Nacos,
    Persistence,
    Console,
    Side,
    /// A stream of several logs, or one under a name of its own: every row is tried.
    Mixed,
}

/// File name stems, longest first where one is a prefix of another.
const STEMS: &[(&str, Series)] = &[
    ("naming-push", Series::NamingPush),
    ("naming-server", Series::NamingServer),
    ("naming-event", Series::NamingEvent),
    ("naming-distro", Series::NamingDistro),
    ("naming-raft", Series::NamingRaft),
    ("naming-performance", Series::NamingPerformance),
    ("naming-rt", Series::NamingRt),
    ("remote-digest", Series::RemoteDigest),
    ("remote-push", Series::RemotePush),
    ("remote-core", Series::Remote),
    ("remote", Series::Remote),
    ("tps-control", Series::TpsControl),
    ("plugin-control", Series::PluginControl),
    ("protocol-distro", Series::ProtocolDistro),
    ("protocol-raft", Series::ProtocolRaft),
    ("alipay-jraft", Series::AlipayJraft),
    ("nacos-cluster", Series::NacosCluster),
    ("core-auth", Series::CoreAuth),
    ("config-client-request", Series::ConfigClientRequest),
    ("config-trace", Series::ConfigTrace),
    ("config-notify", Series::ConfigNotify),
    ("config-pull-check", Series::ConfigPullCheck),
    ("config-pull", Series::ConfigPull),
    ("config-memory", Series::ConfigMemory),
    ("config-dump", Series::ConfigDump),
    ("config-fatal", Series::ConfigFatal),
    ("config-server", Series::ConfigServer),
    ("nacos-persistence", Series::Persistence),
    ("nacos-address", Series::Side),
    ("cmdb-main", Series::Side),
    ("istio-main", Series::Side),
    ("k8s-sync-main", Series::Side),
    ("start.out", Series::Console),
    ("startup", Series::Console),
    ("nacos", Series::Nacos),
];

impl Series {
    /// The series a file's name promises: `naming-push.log.2024-05-01.0` is [`Series::NamingPush`].
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        STEMS.iter().find_map(|&(stem, series)| {
            let rest = name.strip_prefix(stem)?;
            let ends = rest.is_empty()
                || rest.starts_with('.')
                || (matches!(series, Self::TpsControl | Self::PluginControl)
                    && rest.starts_with('-'));
            ends.then_some(series)
        })
    }
}

/// How a row's record is read once its first bytes have matched.
#[derive(Clone, Copy)]
pub enum Read {
    /// By hand.
    Cut(for<'a> fn(&Text<'a>) -> Option<Event<'a>>),
    /// By the row's pattern.
    Pattern(for<'a> fn(&Fields<'a>) -> Option<Event<'a>>),
    /// Nothing to read: the statement is known and carries no weight.
    Known,
}

/// One known statement.
pub struct Statement {
    /// Name of the statement, permanent.
    pub id: &'static str,
    /// Where it is written.
    pub files: &'static [Series],
    /// First and last release that writes it so.
    pub releases: &'static str,
    /// The class that writes it.
    pub emitter: &'static str,
    /// Literal the message begins with.
    pub begins: &'static str,
    /// Literal that follows later in the first line; empty for none.
    pub contains: &'static str,
    /// The whole first line of the message, with named groups.
    pub pattern: &'static str,
    /// A message of this kind.
    pub sample: &'static str,
    /// How it is read.
    pub read: Read,
}

/// What a row reads from: the message's first line, and the whole record from the message on.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// First line of the message.
    pub line: &'a [u8],
    /// The lines that follow.
    pub more: &'a [u8],
}

/// Named groups of a row's pattern.
pub struct Fields<'a> {
    captures: Captures<'a>,
    more: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The group's text; empty when it did not take part.
    #[must_use]
    pub fn get(&self, name: &str) -> &'a [u8] {
        self.captures.name(name).map_or(&[], |m| m.as_bytes())
    }

    /// The group's text, or `None` when it did not take part.
    #[must_use]
    pub fn maybe(&self, name: &str) -> Option<&'a [u8]> {
        self.captures.name(name).map(|m| m.as_bytes())
    }

    /// The group as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        super::cut::whole_number(self.get(name))
    }

    /// The group as a connection id.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<ConnectionId> {
        ConnectionId::read(self.get(name))
    }

    /// The whole text the pattern matched.
    #[must_use]
    pub fn get_all(&self) -> &'a [u8] {
        self.captures.get(0).map_or(&[], |m| m.as_bytes())
    }

    /// The lines after the first.
    #[must_use]
    pub fn more(&self) -> &'a [u8] {
        self.more
    }
}

impl Statement {
    /// Whether a message begins as this statement does.
    #[must_use]
    pub fn hits(&self, line: &[u8]) -> bool {
        line.starts_with(self.begins.as_bytes())
            && (self.contains.is_empty()
                || memchr::memmem::find(&line[self.begins.len()..], self.contains.as_bytes())
                    .is_some())
    }

    /// The compiled pattern; compiled once, when first needed.
    #[must_use]
    pub fn regex(&'static self) -> &'static Regex {
        type Cells = HashMap<&'static str, OnceLock<Regex>, foldhash::fast::FixedState>;
        static COMPILED: OnceLock<Cells> = OnceLock::new();
        let all = COMPILED.get_or_init(|| statements().map(|s| (s.id, OnceLock::new())).collect());
        all[self.id].get_or_init(|| {
            regex::bytes::RegexBuilder::new(self.pattern)
                .unicode(false)
                .dot_matches_new_line(true)
                .build()
                .unwrap_or_else(|e| unreachable!("pattern of {}: {e}", self.id))
        })
    }

    /// Reads a message that [`Self::hits`] the row; `None` when the rest is not as the row says.
    #[must_use]
    pub fn event<'a>(&'static self, text: &Text<'a>) -> Option<Event<'a>> {
        match self.read {
            Read::Cut(f) => f(text),
            Read::Pattern(_) => self.event_by_pattern(text),
            Read::Known => Some(Event::Known),
        }
    }

    /// Reads by the pattern alone.
    #[must_use]
    pub fn event_by_pattern<'a>(&'static self, text: &Text<'a>) -> Option<Event<'a>> {
        let captures = self.regex().captures(text.line)?;
        match self.read {
            Read::Pattern(f) => f(&Fields {
                captures,
                more: text.more,
            }),
            Read::Cut(f) => f(text),
            Read::Known => Some(Event::Known),
        }
    }
}

/// The rows of one series, in the order of the table, by the first byte of the message.
pub struct Rows {
    by_first_byte: Vec<Vec<&'static Statement>>,
}

impl Rows {
    /// The rows that `series` may hold.
    #[must_use]
    pub fn of(series: Series) -> &'static Self {
        static ALL: OnceLock<Vec<OnceLock<Rows>>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            (0..=Series::Mixed as usize)
                .map(|_| OnceLock::new())
                .collect()
        });
        all[series as usize].get_or_init(|| {
            let mut by_first_byte: Vec<Vec<&'static Statement>> = vec![Vec::new(); 256];
            for s in statements() {
                if series == Series::Mixed || s.files.contains(&series) {
                    match s.begins.as_bytes().first() {
                        Some(&b) => by_first_byte[usize::from(b)].push(s),
                        None => by_first_byte.iter_mut().for_each(|rows| rows.push(s)),
                    }
                }
            }
            Self { by_first_byte }
        })
    }

    /// The rows of any file that begin with words of their own: for statements that stand in a file they are not
    /// configured for (a console that takes all loggers, an operator's own layout).
    #[must_use]
    pub fn anywhere() -> &'static Self {
        static ALL: OnceLock<Rows> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut by_first_byte: Vec<Vec<&'static Statement>> = vec![Vec::new(); 256];
            for s in statements() {
                if let Some(&b) = s.begins.as_bytes().first() {
                    by_first_byte[usize::from(b)].push(s);
                }
            }
            Self { by_first_byte }
        })
    }

    /// The row whose statement this message is, and what it says.
    #[must_use]
    pub fn read<'a>(&self, text: &Text<'a>) -> Option<(&'static Statement, Event<'a>)> {
        let first = *text.line.first()?;
        self.by_first_byte[usize::from(first)]
            .iter()
            .filter(|s| s.hits(text.line))
            .find_map(|&s| s.event(text).map(|e| (s, e)))
    }
}

/// How far into a message an operator's own layout may reach.
const LAYOUT_MAX: usize = 240;

/// Places in a message where a statement may begin behind what an operator's own layout puts between it and the date: thread,
/// level and logger in any order (`[nacos-grpc-executor-6] ERROR [com.alibaba.nacos.naming.push] - [PUSH-FAIL] …`,
/// `1 --- [main] c.a.n.push : …`). Behind a blank, a colon, a hyphen, a bar or a bracket that closes; ascending.
pub fn behind_layout(message: &[u8]) -> impl Iterator<Item = usize> {
    let end = message.len().min(LAYOUT_MAX);
    let mut depth = 0_u32;
    message[..end].iter().enumerate().filter_map(move |(i, b)| {
        // The brackets of threads and loggers may hold any words: what stands within them is no statement.
        match b {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let may = depth == 0 && matches!(b, b' ' | b']' | b':' | b'-' | b'|');
        may.then_some(i + 1)
    })
}

/// Reads the statement behind an operator's own layout: see [`behind_layout`].
#[must_use]
pub fn read_behind_layout<'a>(text: &Text<'a>) -> Option<(&'static Statement, Event<'a>)> {
    behind_layout(text.line).find_map(|at| {
        let behind = Text {
            line: &text.line[at..],
            more: text.more,
        };
        let (row, event) = Rows::anywhere().read(&behind)?;
        // What a row only recognises has not been held against its pattern yet.
        row.regex().is_match(behind.line).then_some((row, event))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_its_series() {
        for (name, series) in [
            ("naming-push.log", Some(Series::NamingPush)),
            ("naming-push.log.2024-05-01.0.gz", Some(Series::NamingPush)),
            ("nacos.log.2026-11-22.0", Some(Series::Nacos)),
            ("nacos-cluster.log", Some(Series::NacosCluster)),
            ("plugin-control-connection.log", Some(Series::PluginControl)),
            ("plugin-control.2024-05-01.0", Some(Series::PluginControl)),
            ("remote-core.log", Some(Series::Remote)),
            ("start.out", Some(Series::Console)),
            ("startup.log", Some(Series::Console)),
            ("nacos_gc.log", None),
            ("naming-pushes.txt", None),
        ] {
            assert_eq!(Series::of_file_name(name), series, "{name}");
        }
    }

    #[test]
    fn every_sample_matches_its_own_row_and_no_other() {
        let mut wrong = Vec::new();
        for owner in statements() {
            let text = Text {
                line: owner.sample.as_bytes(),
                more: b"",
            };
            let mut hit = Vec::new();
            for row in statements() {
                if row.hits(text.line) && row.regex().is_match(text.line) {
                    hit.push(row.id);
                }
            }
            if hit != [owner.id] {
                wrong.push(format!("{}: {hit:?} match: {}", owner.id, owner.sample));
            }
            if owner.event(&text).is_none() {
                wrong.push(format!("{} cannot read its own sample", owner.id));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn ids_are_unique_and_no_row_is_a_catch_all() {
        let mut ids: Vec<_> = statements().map(|s| s.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), statements().count());
        for s in statements() {
            assert!(s.emitter.contains('.'), "{} names no class", s.id);
            assert!(
                s.begins.len() + s.contains.len() >= 5 || matches!(s.read, Read::Pattern(_)),
                "{} matches too much",
                s.id
            );
            assert!(!s.files.is_empty(), "{} stands in no file", s.id);
        }
    }

    #[test]
    fn what_is_cut_by_hand_equals_what_the_pattern_says() {
        for s in statements() {
            let Read::Cut(cut) = s.read else { continue };
            let text = Text {
                line: s.sample.as_bytes(),
                more: b"",
            };
            let captures = s.regex().captures(text.line).expect(s.id);
            let event = format!("{:?}", cut(&text).expect(s.id));
            for name in s.regex().capture_names().flatten() {
                let Some(m) = captures.name(name) else {
                    continue;
                };
                let value = if name == "id" {
                    format!("{:?}", ConnectionId::read(m.as_bytes()).expect(s.id))
                } else if let Some(n) = crate::parse::cut::whole_number(m.as_bytes()) {
                    n.to_string()
                } else {
                    format!("{:?}", m.as_bytes())
                };
                assert!(
                    event.contains(&value),
                    "{}: group {name} is {value}, cut: {event}",
                    s.id
                );
            }
        }
    }

    /// All releases, in order.
    const TAGS: [&str; 43] = [
        "1.4.0",
        "1.4.1",
        "1.4.2",
        "1.4.3",
        "1.4.4",
        "1.4.5",
        "1.4.6",
        "1.4.7",
        "1.4.8",
        "2.0.0",
        "2.0.1",
        "2.0.2",
        "2.0.3",
        "2.0.4",
        "2.1.0",
        "2.1.1",
        "2.1.2",
        "2.2.0",
        "2.2.0.1",
        "2.2.1",
        "2.2.2",
        "2.2.3",
        "2.2.4",
        "2.3.0",
        "2.3.1",
        "2.3.2",
        "2.4.0",
        "2.4.0.1",
        "2.4.1",
        "2.4.2",
        "2.4.2.1",
        "2.4.3",
        "2.5.0",
        "2.5.1",
        "3.0.0-alpha",
        "3.0.0-alpha.2",
        "3.0.0-BETA",
        "3.0.0-BETA.2",
        "3.0.0",
        "3.0.1",
        "3.0.1.1",
        "3.0.2",
        "3.0.3",
    ];

    fn releases_of(s: &Statement) -> Vec<usize> {
        let at = |tag: &str| {
            TAGS.iter()
                .position(|t| *t == tag)
                .unwrap_or_else(|| panic!("{}: no release {tag}", s.id))
        };
        s.releases
            .split(", ")
            .flat_map(|range| {
                let (from, to) = range.split_once("..").unwrap_or((range, range));
                at(from)..=at(to)
            })
            .collect()
    }

    #[test]
    fn the_four_signals_have_a_row_in_every_release_that_writes_them() {
        // What, from which release on, to which, and the rows that tell it.
        let wanted: [(&str, &str, &str, &[&str]); 22] = [
            ("UDP push failed", "1.4.0", "3.0.3", &["udp-give-up"]),
            ("gRPC push failed", "2.0.0", "3.0.3", &["push-fail"]),
            ("push task died", "2.0.0", "3.0.3", &["push-task-failed"]),
            (
                "config push failed",
                "2.0.0",
                "3.0.3",
                &["config-push-fail", "config-push-fail-named"],
            ),
            (
                "config listener given up",
                "2.0.0",
                "3.0.3",
                &["config-push-given-up"],
            ),
            (
                "fuzzy watch push failed",
                "3.0.0-alpha.2",
                "3.0.3",
                &["fuzzy-change-fail"],
            ),
            ("send failed", "2.0.0", "3.0.3", &["push-send-failed"]),
            (
                "late acknowledgement",
                "1.4.0",
                "3.0.3",
                &["udp-slow-ack", "late-ack"],
            ),
            (
                "login refused, over HTTP",
                "1.4.0",
                "3.0.3",
                &["auth-denied"],
            ),
            (
                "login refused, with its address",
                "1.4.4",
                "1.4.8",
                &["console-denied"],
            ),
            (
                "login refused, in nacos.log",
                "2.2.0",
                "3.0.3",
                &["api-exception"],
            ),
            ("LDAP login", "2.2.1", "3.0.3", &["ldap-login"]),
            ("connection opened", "2.0.0", "3.0.3", &["transport-ready"]),
            (
                "connection closed",
                "2.0.0",
                "3.0.3",
                &["transport-terminated"],
            ),
            ("census", "2.0.0", "3.0.3", &["census", "census-detail"]),
            (
                "declared and peer address",
                "2.0.0",
                "3.0.3",
                &["connection-registered"],
            ),
            (
                "registration",
                "1.4.0",
                "3.0.3",
                &["instances-added", "instance-changed"],
            ),
            (
                "subscription",
                "1.4.0",
                "3.0.3",
                &["udp-scheduled", "push-succ-subscriber"],
            ),
            (
                "config listen",
                "2.0.0",
                "3.0.3",
                &["config-listen", "config-listen-named"],
            ),
            ("config fetch", "1.4.0", "3.0.3", &["trace-pull"]),
            ("TPS", "2.0.0", "3.0.3", &["tps-report"]),
            (
                "allocation failure in a worker",
                "2.0.0",
                "3.0.3",
                &["task-failed"],
            ),
        ];
        for s in statements() {
            assert!(!releases_of(s).is_empty());
        }
        for (what, from, to, rows) in wanted {
            let covered: Vec<usize> = rows
                .iter()
                .flat_map(|id| {
                    let row = statements().find(|s| s.id == *id);
                    releases_of(row.unwrap_or_else(|| panic!("no row {id}")))
                })
                .collect();
            let at = |tag| TAGS.iter().position(|t| *t == tag).unwrap();
            for (i, tag) in TAGS.iter().enumerate().take(at(to) + 1).skip(at(from)) {
                assert!(covered.contains(&i), "{what} has no row in {tag}");
            }
        }
    }
}
