//! `--redact`: names of a report become keyed pseudonyms, so that it can be shown to others. The same value has the same pseudonym
//! everywhere in a report, and in every report made with the same key; without the key nobody can try names against them.
//!
//! It works on the report's value, before any renderer. Three sorts of text: *words of the format* (rules, kinds, units, paths of
//! logs) stay; *names* are known by where they stand (an address, a subject, a map's key, a quoted pair `name='x'`) and are
//! replaced wherever they occur again; *free text* (quotes, reasons, what was not understood) keeps only words that a Nacos server
//! or a JVM is known to write, see `words`; of a text of no known statement not even a plain word stays that is not known. A sentence is made anew from its redacted values, so its own words are safe.

mod address;
mod words;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aho_corasick::{AhoCorasick, MatchKind};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::report::Report;
use crate::text::Text;

/// Bytes of a key at the least.
pub const KEY_BYTES: usize = 16;

/// The key of the pseudonyms.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// From a secret of any length.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(
            Hmac::new_from_slice(secret)
                .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length")),
        )
    }

    /// From a file's bytes, less the line's end.
    ///
    /// # Errors
    /// When it is too short to be a secret.
    pub fn from_file(bytes: &[u8]) -> Result<Self, String> {
        let secret = bytes.trim_ascii_end();
        if secret.len() < KEY_BYTES {
            return Err(format!(
                "a key of {} bytes, at least {KEY_BYTES} are needed",
                secret.len()
            ));
        }
        Ok(Self::new(secret))
    }

    /// A key of this run alone.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn random() -> Result<Self, String> {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(|e| format!("no random key: {e}"))?;
        Ok(Self::new(&secret))
    }

    fn digest(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// Values that name nobody: defaults of Nacos and of systems.
const WELL_KNOWN: &[&str] = &[
    "",
    "-",
    "?",
    "public",
    "DEFAULT_GROUP",
    "DEFAULT",
    "nacos",
    "root",
    "localhost",
    "unknown",
    "null",
    "none",
    "empty",
    "anonymous",
    "direct-memory",
    "Nacos",
    "-1",
];

/// Replaces the names of one report.
pub struct Redactor {
    key: Key,
    /// Names known by where they stand, for places where they stand in a text.
    finder: Option<AhoCorasick>,
    names: Vec<String>,
    /// Subjects that are words of this program (`direct-memory`, `heap-dump`) or of the JVM's.
    words: BTreeSet<String>,
    map: RefCell<BTreeMap<String, String>>,
    addresses: RefCell<BTreeMap<IpAddr, IpAddr>>,
}

impl Redactor {
    /// For a report, whose names it learns.
    #[must_use]
    pub fn new(key: Key, report: &Report) -> Self {
        let mut names = BTreeSet::new();
        let value = serde_json::to_value(report).unwrap_or_default();
        learn(&value, None, &mut names);
        let over = report.cluster.iter().flat_map(|c| &c.findings);
        let words = report
            .nodes
            .iter()
            .flat_map(|n| &n.findings)
            .chain(over)
            .flat_map(|f| &f.subjects)
            .filter(|s| !NAME_KINDS.contains(&s.kind.as_str()))
            .map(|s| s.value.clone())
            .collect();
        for n in report.nodes.iter().map(|n| n.id.as_str()) {
            add_name(n, &mut names);
        }
        let names: Vec<String> = names.into_iter().collect();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&names)
            .ok()
            .filter(|_| !names.is_empty());
        Self {
            key,
            finder,
            names,
            words,
            map: RefCell::default(),
            addresses: RefCell::default(),
        }
    }

    /// The report under pseudonyms.
    ///
    /// # Errors
    /// When the redacted value is no report any more: a mistake of this program.
    pub fn report(&self, report: &Report) -> Result<Report, String> {
        let mut value = serde_json::to_value(report).map_err(|e| e.to_string())?;
        self.walk(&mut value, None);
        let mut out: Report =
            serde_json::from_value(value).map_err(|e| format!("--redact: {e}"))?;
        for n in &mut out.nodes {
            n.id = self.name(&n.id);
        }
        Ok(out)
    }

    /// A fingerprint or a node's name as it stands in the redacted report.
    #[must_use]
    pub fn alias(&self, text: &str) -> String {
        match text.split_once(':') {
            Some((rule, subject)) if crate::rules::rule(rule).is_some() => {
                let known = self.words.contains(subject);
                let new = if known {
                    self.free(subject)
                } else {
                    self.subject(subject)
                };
                format!("{rule}:{new}")
            }
            _ => self.name(text),
        }
    }

    /// Pseudonyms used so far, and what they stand for.
    #[must_use]
    pub fn map(&self) -> BTreeMap<String, String> {
        self.map.borrow().clone()
    }

    /// The pseudonym of a name.
    fn name(&self, name: &str) -> String {
        if WELL_KNOWN.contains(&name) {
            return name.to_owned();
        }
        let digest = self.key.digest(format!("name {name}").as_bytes());
        let hex: String = digest[..6].iter().map(|b| format!("{b:02x}")).collect();
        let pseudonym = format!("id-{hex}");
        self.note(&pseudonym, name);
        pseudonym
    }

    fn address(&self, a: IpAddr) -> IpAddr {
        let known = self.addresses.borrow().get(&a).copied();
        known.unwrap_or_else(|| {
            let p = address::pseudonym(&self.key, a);
            self.addresses.borrow_mut().insert(a, p);
            if p != a {
                self.note(&p.to_string(), &a.to_string());
            }
            p
        })
    }

    fn note(&self, pseudonym: &str, original: &str) {
        self.map
            .borrow_mut()
            .insert(pseudonym.to_owned(), original.to_owned());
    }

    /// A value that stands where a name stands: an address, a connection id, `namespace/group/service`, or a name.
    fn subject(&self, text: &str) -> String {
        if words::holds_address(text) {
            return self.free(text);
        }
        if text.contains(", ") {
            let each: Vec<_> = text.split(", ").map(|t| self.subject(t)).collect();
            return each.join(", ");
        }
        text.split('/')
            .map(|part| {
                part.split("@@")
                    .map(|p| self.name(p))
                    .collect::<Vec<_>>()
                    .join("@@")
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Free text: known names first, then word by word.
    fn free(&self, text: &str) -> String {
        let Some(finder) = &self.finder else {
            return words::scrub(self, text);
        };
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for m in finder.find_iter(text) {
            let inside_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            if inside_word(text[..m.start()].chars().next_back())
                || inside_word(text[m.end()..].chars().next())
            {
                continue;
            }
            out.push_str(&words::scrub(self, &text[done..m.start()]));
            out.push_str(&self.subject(&self.names[m.pattern().as_usize()]));
            done = m.end();
        }
        out.push_str(&words::scrub(self, &text[done..]));
        out
    }

    /// Walks the report's value. `member` is the name under which `value` stands, or that of the list it stands in.
    fn walk(&self, value: &mut Value, member: Option<&str>) {
        match value {
            Value::String(s) => {
                if let Some(new) = self.string(s, member) {
                    *s = new;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|i| self.walk(i, member)),
            Value::Object(members) if is_sentence(members) => self.sentence(members),
            Value::Object(members) => {
                if let Some(kind) = subject_kind(members) {
                    let kind = kind.to_owned();
                    if let Some(Value::String(s)) = members.get_mut("value") {
                        if NAME_KINDS.contains(&kind.as_str()) {
                            *s = self.subject(s);
                        } else {
                            *s = self.free(s);
                        }
                    }
                    return;
                }
                match member {
                    Some(m) if ADDRESS_MAPS.contains(&m) && is_map(members) => {
                        rename(members, |k| self.subject(k));
                    }
                    Some(m) if TEXT_MAPS.contains(&m) => rename(members, |k| self.free(k)),
                    _ => {}
                }
                let named = member == Some("labels");
                for (k, v) in members.iter_mut() {
                    let under = if named { "app" } else { k.as_str() };
                    self.walk(v, Some(under));
                }
            }
            _ => {}
        }
    }

    /// The redacted string, `None` where it stays.
    fn string(&self, s: &str, member: Option<&str>) -> Option<String> {
        match member {
            // A figure's source is a word of the format, or a file.
            Some("source") if s.contains(['/', '.']) => Some(self.free(s)),
            Some(m) if FORMAT_WORDS.contains(&m) => None,
            Some("fingerprint") => Some(self.alias(s)),
            Some("shape") => Some(words::strict(self, &self.free(s))),
            Some(m) if NAMES.contains(&m) => Some(self.subject(s)),
            _ => Some(self.free(s)),
        }
    }

    /// A sentence: its values, then its text anew from them.
    fn sentence(&self, members: &mut Map<String, Value>) {
        let Ok(before) = serde_json::from_value::<Text>(Value::Object(members.clone())) else {
            return;
        };
        let mut after = before.clone();
        for (name, v) in &mut after.params {
            self.walk(
                v,
                Some(if PARAM_NAMES.contains(&name.as_str()) {
                    "ip"
                } else {
                    "quote"
                }),
            );
        }
        after.text = before
            .with_params(&after.params)
            .unwrap_or_else(|| self.free(&before.text));
        if let Ok(Value::Object(new)) = serde_json::to_value(&after) {
            *members = new;
        }
    }
}

/// Members whose strings are words of the format.
const FORMAT_WORDS: &[&str] = &[
    "schema_version",
    "tool",
    "outcome",
    "rule",
    "kind",
    "severity",
    "weight",
    "format",
    "source",
    "course",
    "limit_source",
    "used_source",
    "t_source",
    "book",
    "gauge",
    "name",
    "version",
    "collector",
    "offset",
    "side",
    "by",
    "missing",
    "id",
    "category",
    "nmt_status",
    "java_version",
    "format_version",
    "server_version",
    "nacos_version",
];

/// Members whose strings are names.
const NAMES: &[&str] = &[
    "ip",
    "address",
    "declared_address",
    "peer",
    "declared",
    "apps",
    "app",
    "namespace",
    "labels",
    "node",
    "nodes",
    "subject",
    "user",
    "host",
    "process",
    "connection_id",
];

/// Values of sentences that are names.
const PARAM_NAMES: &[&str] = &["ip", "user", "service", "subject", "nodes", "app", "host"];

/// Kinds of subjects that are names.
const NAME_KINDS: &[&str] = &[
    "client-ip",
    "connection-id",
    "service",
    "user",
    "app",
    "data-id",
    "host",
    "namespace",
    "group",
    "tenant",
    "client",
];

/// Maps by address.
const ADDRESS_MAPS: &[&str] = &["by_client", "by_address", "back_pressure", "udp"];

/// Maps by a text of the inputs.
const TEXT_MAPS: &[&str] = &["reasons", "instances", "class_loaders", "labels"];

fn is_sentence(m: &Map<String, Value>) -> bool {
    m.contains_key("id") && m.contains_key("params") && m.contains_key("text")
}

/// The kind, where this is a subject.
fn subject_kind(m: &Map<String, Value>) -> Option<&str> {
    (m.contains_key("value") && m.contains_key("share"))
        .then(|| m.get("kind"))
        .flatten()?
        .as_str()
}

/// `by_address` is a map in the logs' facts, and a list of objects in a dump's.
fn is_map(m: &Map<String, Value>) -> bool {
    !m.contains_key("address")
}

fn rename(m: &mut Map<String, Value>, new: impl Fn(&str) -> String) {
    let old = std::mem::take(m);
    for (k, v) in old {
        m.insert(new(&k), v);
    }
}

/// Finds the names by where they stand.
fn learn(value: &Value, member: Option<&str>, names: &mut BTreeSet<String>) {
    match value {
        Value::String(s) => match member {
            Some(m) if NAMES.contains(&m) => add_name(s, names),
            Some("quote" | "shape") => words::pairs(s)
                .chain(words::introduced(s))
                .for_each(|n| add_name(n, names)),
            _ => {}
        },
        Value::Array(items) => items.iter().for_each(|i| learn(i, member, names)),
        Value::Object(m) if is_sentence(m) => {
            for (k, v) in m
                .get("params")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                if PARAM_NAMES.contains(&k.as_str()) {
                    learn(v, Some("ip"), names);
                }
            }
        }
        Value::Object(m) => {
            if let Some(kind) = subject_kind(m) {
                if NAME_KINDS.contains(&kind)
                    && let Some(s) = m.get("value").and_then(Value::as_str)
                {
                    add_name(s, names);
                }
                return;
            }
            if member.is_some_and(|x| ADDRESS_MAPS.contains(&x)) && is_map(m) {
                m.keys().for_each(|k| add_name(k, names));
            }
            let labels = member == Some("labels");
            for (k, v) in m {
                learn(v, Some(if labels { "app" } else { k }), names);
            }
        }
        _ => {}
    }
}

/// Adds a name, in its parts where it has some. Addresses are found by their shape; what is too short to be told from a word, or
/// is a number, is replaced only where it stands as a name.
fn add_name(text: &str, names: &mut BTreeSet<String>) {
    if words::holds_address(text) {
        return;
    }
    for part in text
        .split('/')
        .flat_map(|p| p.split("@@"))
        .flat_map(|p| p.split(", "))
    {
        let ordinary = part.chars().all(|c| c.is_ascii_digit() || c == '.');
        if part.chars().count() >= 3 && !ordinary && !WELL_KNOWN.contains(&part) {
            names.insert(part.to_owned());
        }
    }
}
