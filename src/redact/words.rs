//! Free text word by word. What a server, a JVM or this program is known to write stays; what may name somebody is replaced:
//! addresses, values of pairs (`name='x'`, `user=x`, `"dataId":"x"`), names with dots (hosts, packages of applications),
//! names with hyphens or digits, parts of paths, the word behind `user`, `host`, `service` and their like. Any other name that stands
//! as a plain word of a known statement cannot be told from one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use regex::Regex;

use super::Redactor;

fn regex(cell: &'static OnceLock<Regex>, pattern: &str) -> &'static Regex {
    cell.get_or_init(|| Regex::new(pattern).unwrap_or_else(|e| unreachable!("{e}")))
}

/// An IPv4 address, its last parts perhaps masked with stars; what stands before and behind it is looked at by [`bounded`].
fn v4() -> &'static Regex {
    static V4: OnceLock<Regex> = OnceLock::new();
    regex(&V4, r"\d{1,3}(?:\.(?:\d{1,3}|\*{1,3})){3}")
}

/// `key=value`, `key='value'`, `"key": "value"`.
fn pair() -> &'static Regex {
    static PAIR: OnceLock<Regex> = OnceLock::new();
    regex(
        &PAIR,
        r#"([A-Za-z_][\w.\-]*)(\\?["']?\s{0,2}=\s{0,2}|\\?["']\s?:\s?)(\\?["'][^"'\\]*|[^\s"',;&(){}\[\]\\]+)"#,
    )
}

/// Members whose values are words of the server.
const PLAIN_KEYS: &[&str] = &[
    "reason",
    "type",
    "status",
    "state",
    "error",
    "errcode",
    "code",
    "msg",
    "message",
    "cause",
    "event",
    "level",
    "kind",
    "protocol",
    "method",
    "action",
    "version",
    "collector",
];

/// Values of pairs that are names, for all other places where they stand.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = &str> {
    pair().captures_iter(text).filter_map(|c| {
        let (key, value) = (c.get(1)?.as_str(), c.get(3)?.as_str());
        let value = value.trim_start_matches(['\\', '"', '\'']);
        let name = !is_plain_key(key) && !is_figure(value) && !holds_address(value);
        (name && value.len() >= 3 && !value.contains(' ') && !all_known(value)).then_some(value)
    })
}

/// Names that a word before them gives away: `user alice`, `UnknownHostException: dbserver`.
pub(super) fn introduced(text: &str) -> impl Iterator<Item = &str> {
    static LEAD: OnceLock<Regex> = OnceLock::new();
    let lead = regex(
        &LEAD,
        r"(?i)(?:\b(?:user(?:name)?|host(?:name)?|service(?:name)?|tenant|namespace|application|app)|UnknownHostException)\b(?:\s?[:=]\s?|\s)([A-Za-z][\w.\-]{2,})",
    );
    lead.captures_iter(text)
        .filter_map(|c| c.get(1))
        .map(|m| m.as_str().trim_end_matches(['.', '-']))
        .filter(|w| !is_figure(w) && !is_of_the_platform(w) && !is_ordinary(w))
}

/// Words of this program's own sentences, in lower case: ordinary English that names nobody.
fn ordinary() -> &'static BTreeSet<String> {
    static WORDS: OnceLock<BTreeSet<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let rules = crate::rules::RULES;
        let rules = rules
            .iter()
            .flat_map(|r| [r.title, r.what, r.speaks_for, r.speaks_against]);
        crate::text::english()
            .chain(rules)
            .flat_map(|t| t.split(|c: char| !c.is_ascii_alphabetic()))
            .filter(|w| !w.is_empty())
            .map(str::to_ascii_lowercase)
            .collect()
    })
}

/// Whether a name is made of ordinary words: as it stands, or in its parts (`UnknownHostException`, `not-found`).
fn is_ordinary(t: &str) -> bool {
    let mut part = String::new();
    let mut parts = Vec::new();
    let mut before = ' ';
    for c in t.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            parts.push(std::mem::take(&mut part));
        }
        if c.is_alphanumeric() {
            part.extend(c.to_lowercase());
        }
        before = c;
    }
    parts.push(part);
    parts
        .iter()
        .filter(|p| !p.is_empty())
        .all(|p| all_known(p) || ordinary().contains(p))
}

/// A text of no known statement, redacted already: plain words stay only where they are ordinary ones.
pub(super) fn strict(r: &Redactor, text: &str) -> String {
    each_token(text, |word, _| {
        let plain = word.chars().all(char::is_alphabetic) && word.chars().count() > 2;
        let level = word.chars().all(|c| c.is_ascii_uppercase());
        if plain && !level && !is_ordinary(word) {
            r.name(word)
        } else {
            word.to_owned()
        }
    })
}

fn is_plain_key(key: &str) -> bool {
    PLAIN_KEYS.contains(&key.to_ascii_lowercase().as_str())
}

/// Whether an address of either family stands in a text.
pub(super) fn holds_address(text: &str) -> bool {
    v4().find_iter(text)
        .any(|m| bounded(text, m.start(), m.end()))
        || text.split([' ', ',']).any(|t| v6_of(t).is_some())
}

/// Not a part of a longer number with dots.
fn bounded(text: &str, start: usize, end: usize) -> bool {
    let digit_or_dot = |c: Option<char>, next: Option<char>| match c {
        Some('.') => next.is_some_and(|n| n.is_ascii_digit()),
        c => c.is_some_and(|c| c.is_ascii_digit()),
    };
    let mut before = text[..start].chars().rev();
    let mut after = text[end..].chars();
    !digit_or_dot(before.next(), before.next()) && !digit_or_dot(after.next(), after.next())
}

/// The address, and what stands behind it (`%eth0`, a port).
fn v6_of(token: &str) -> Option<(Ipv6Addr, &str)> {
    if token.matches(':').count() < 2 {
        return None;
    }
    let end = token.find('%').unwrap_or(token.len());
    token[..end]
        .parse()
        .ok()
        .map(|a| (a, &token[end..]))
        .or_else(|| {
            // Java prints `0:0:0:0:0:0:0:1:8848`: eight groups and a port.
            let at = token[..end].rfind(':')?;
            (token[..end].matches(':').count() == 8)
                .then(|| token[..at].parse().ok())
                .flatten()
                .map(|a| (a, &token[at..]))
        })
}

/// Redacts a text.
pub(super) fn scrub(r: &Redactor, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for c in pair().captures_iter(text) {
        let (Some(all), Some(key), Some(sign), Some(value)) =
            (c.get(0), c.get(1), c.get(2), c.get(3))
        else {
            continue;
        };
        out.push_str(&tokens(r, &text[done..all.start()]));
        out.push_str(&tokens(r, key.as_str()));
        out.push_str(sign.as_str());
        let bare = value.as_str().trim_start_matches(['\\', '"', '\'']);
        out.push_str(&value.as_str()[..value.as_str().len() - bare.len()]);
        out.push_str(&pair_value(r, key.as_str(), bare));
        done = all.end();
    }
    out.push_str(&tokens(r, &text[done..]));
    out
}

/// A value is a name unless it is a figure, an address, or known.
fn pair_value(r: &Redactor, key: &str, value: &str) -> String {
    let words = is_plain_key(key)
        || is_figure(value)
        || holds_address(value)
        || value.contains(['/', ' ', '@', '#', '='])
        || all_known(value);
    if words {
        tokens(r, value)
    } else {
        let end = value.trim_end_matches(['.', ':', ',']).len();
        format!("{}{}", r.name(&value[..end]), &value[end..])
    }
}

fn is_token(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '%' | '*' | '+' | '$' | '~')
}

/// A text with another word for each of its tokens; `new` is told whether quotes stand around the token. What a sentence ends
/// a word with stays.
fn each_token(text: &str, mut new: impl FnMut(&str, bool) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_token) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        let bare = rest[..end].trim_end_matches(['.', ':', '-']).len();
        let quoted = out.ends_with(['\'', '"']) && rest[end..].starts_with(['\'', '"']);
        out.push_str(&new(&rest[..bare], quoted));
        out.push_str(&rest[bare..end]);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn tokens(r: &Redactor, text: &str) -> String {
    each_token(text, |word, quoted| {
        if quoted && !is_figure(word) && !all_known(word) && !holds_address(word) {
            // What a sentence puts in quotes is a value.
            r.name(word)
        } else {
            token(r, word)
        }
    })
}

fn token(r: &Redactor, t: &str) -> String {
    if let Some(new) = addresses(r, t) {
        return new;
    }
    if is_figure(t) || is_of_the_platform(t) || all_known(t) {
        return t.to_owned();
    }
    // `a:b` is two words; `9848:` was cut before.
    if let Some((a, b)) = t.split_once(':') {
        return format!("{}:{}", token(r, a), token(r, b));
    }
    // A file's name keeps what tells its format.
    if let Some((stem, end)) = t.rsplit_once('.').filter(|(_, e)| EXTENSIONS.contains(e)) {
        return format!("{}.{end}", token(r, stem));
    }
    let word = !t.contains(['.', '-', '_', '$']) && !t.chars().any(|c| c.is_ascii_digit());
    let tag = t
        .chars()
        .all(|c| c.is_ascii_uppercase() || matches!(c, '-' | '_'));
    if word || tag { t.to_owned() } else { r.name(t) }
}

/// A token with addresses in it: each replaced, the rest (ports, the instant of a connection id) kept.
fn addresses(r: &Redactor, t: &str) -> Option<String> {
    if let Some((a, rest)) = v6_of(t) {
        return Some(format!("{}{rest}", r.address(IpAddr::V6(a))));
    }
    let mut out = String::new();
    let mut done = 0;
    for m in v4().find_iter(t).filter(|m| bounded(t, m.start(), m.end())) {
        let Some(new) = v4_pseudonym(r, m.as_str()) else {
            continue;
        };
        out.push_str(&around(r, &t[done..m.start()]));
        out.push_str(&new);
        done = m.end();
    }
    (done > 0).then(|| out + &around(r, &t[done..]))
}

/// What stands around an address in one token: figures and marks stay.
fn around(r: &Redactor, t: &str) -> String {
    let bare = t.trim_matches(|c: char| !c.is_alphanumeric());
    if bare.is_empty() || !bare.chars().any(char::is_alphabetic) || all_known(bare) {
        t.to_owned()
    } else {
        t.replace(bare, &r.name(bare))
    }
}

/// `None` when it is no address. Of a masked one the parts that are told.
fn v4_pseudonym(r: &Redactor, text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    let stars = parts.iter().filter(|p| p.starts_with('*')).count();
    let told = text.replace('*', "0");
    let parsed: Vec<u8> = told
        .split('.')
        .map(|p| {
            p.parse()
                .ok()
                .or_else(|| (p.trim_matches('0').is_empty()).then_some(0))
        })
        .collect::<Option<_>>()?;
    let a = Ipv4Addr::new(
        *parsed.first()?,
        *parsed.get(1)?,
        *parsed.get(2)?,
        *parsed.get(3)?,
    );
    let new = r.address(IpAddr::V4(a)).to_string();
    if stars == 0 {
        return Some(new);
    }
    let masked = new
        .split('.')
        .zip(&parts)
        .map(|(n, p)| if p.starts_with('*') { p } else { n })
        .collect::<Vec<_>>();
    Some(masked.join("."))
}

/// Figures, times, releases, sizes, places in memory.
fn is_figure(t: &str) -> bool {
    static FIGURE: OnceLock<Regex> = OnceLock::new();
    let figure = regex(
        &FIGURE,
        r"(?x)^[+-]?(?:
            \d[\d,.:_+\-]*(?:T[\d:.]+)?Z?                       # numbers, times, ports
            |\d[\d.,]*(?:ns|us|ms|s|m|min|h|d|[kKmMgGtT]i?[bB]?|B|%|bytes)
            |v?\d+(?:\.\d+)+(?:[-_.](?:BETA|ALPHA|RC|SNAPSHOT|Final|RELEASE|beta|alpha|rc|b|LTS|ga)?\d*)*(?:[+-]\d+)*(?:-LTS)?
            |0x[0-9a-fA-F]+|[0-9a-f]{8,16}-[0-9a-f]{8,16}
            |true|false|null|N
        )$",
    );
    figure.is_match(t)
}

/// Names of the JVM's, Nacos's and their libraries' own.
fn is_of_the_platform(t: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "java.",
        "javax.",
        "jdk.",
        "sun.",
        "com.sun.",
        "oracle.",
        "io.grpc.",
        "io.netty.",
        "io.prometheus.",
        "io.micrometer.",
        "com.alibaba.nacos.",
        "com.alipay.sofa.",
        "org.springframework.",
        "org.apache.",
        "org.rocksdb.",
        "org.slf4j.",
        "ch.qos.logback.",
        "com.google.",
        "com.zaxxer.",
        "org.codehaus.",
        "reactor.",
        "kotlin.",
        "nacos.",
        "server.",
        "spring.",
        "management.",
        "GC.",
        "VM.",
        "Thread.",
        "jvm.",
        "tomcat.",
        "Nacos-",
        "os.",
    ];
    let t = t.trim_start_matches("-D");
    let bare = t.trim_start_matches("-XX:").trim_start_matches(['+', '-']);
    PREFIXES.iter().any(|p| t.starts_with(p))
        || (t.starts_with("-XX:") && bare.chars().all(char::is_alphanumeric))
        || (t.starts_with("-X") && t.len() < 16)
}

const EXTENSIONS: &[&str] = &[
    "log",
    "out",
    "txt",
    "gz",
    "zst",
    "zip",
    "tar",
    "tgz",
    "hprof",
    "jar",
    "war",
    "properties",
    "conf",
    "xml",
    "json",
    "prom",
    "tmp",
    "err",
    "java",
    "class",
    "so",
    "sh",
    "yaml",
    "yml",
];

/// Whether each part of a name is known: a figure, or a word of [`KNOWN`] with or without figures behind it.
fn all_known(t: &str) -> bool {
    t.split(|c: char| !c.is_alphanumeric())
        .filter(|p| !p.is_empty())
        .all(|p| {
            let word = p.trim_end_matches(|c: char| c.is_ascii_digit());
            word.is_empty()
                || KNOWN
                    .binary_search(&word.to_ascii_lowercase().as_str())
                    .is_ok()
        })
}

/// Words of the names that Nacos, the JVM and systems give files, threads, flags and interfaces, and of this program's rules.
/// Sorted.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "a", "acceptor", "access", "accesslog", "ack", "acknowledged", "acl", "action", "active", "addr", "address", "admin",
    "advice", "after", "agent", "alipay", "alive", "all", "alloc", "allocation", "allocations", "an", "anon",
    "application", "arena", "as", "async", "at", "attempt", "attempts", "auth", "available", "backlog", "backup", "base",
    "batch", "beat", "beatinfo", "before", "begin", "begins", "beta", "bin", "boot", "bootstrap", "boss", "buffer", "buffers",
    "burst", "byte", "bytes", "c", "cache", "call", "cancelled", "capacity", "catalina", "cause", "cgroup", "change", "changed",
    "check", "class", "classes", "cleaner", "client", "clientbeat", "clients", "close", "closed", "cluster", "clusters",
    "cmdline", "cms", "code", "collections", "collector", "command", "committed", "common", "compressed", "concurrent",
    "condition", "conf", "config", "configs", "connect", "connected", "connection", "connections", "console", "container",
    "containers", "content", "context", "control", "copy", "core", "count", "cpu", "create", "cri", "cs", "csd", "current",
    "daemon", "data", "date", "debug", "def", "default", "del", "delay", "delete", "derby", "deregister", "detail", "diff",
    "digest", "direct", "directory", "disconnect", "discovery", "distro", "dmesg", "do", "docker", "dotted", "dump", "duration",
    "dynamic", "eden", "ejected", "ejector", "empty", "end", "ephemeral", "epoll", "error", "errors", "eth", "event", "evicted",
    "eviction", "evidence", "exception", "exec", "executor", "exhausted", "exit", "expel", "expired", "explicit", "export",
    "external", "fail", "failed", "failure", "fan", "fatal", "faulty", "file", "final", "first", "flag", "flags", "flow",
    "flush", "follower", "fragmentation", "free", "from", "full", "fuzzy", "g", "gap", "gauge", "gc", "gen", "get", "getty",
    "gl", "global", "gone", "grow", "growth", "grpc", "h", "handle", "handler", "handling", "hang", "health", "healthy", "heap",
    "heartbeat", "histogram", "history", "home", "host", "hprof", "hs", "http", "https", "hung", "id", "idle", "in", "inactive",
    "incomplete", "inet", "info", "inner", "input", "instance", "instances", "insufficient", "internal", "io", "ip", "ipc",
    "is", "istio", "j", "java", "jcmd", "jdk", "jjwt", "jmap", "jni", "journal", "jraft", "jstack", "jstat", "jvm", "keep",
    "keepalive", "kern", "kernel", "key", "known", "kube", "kubectl", "l", "last", "late", "leader", "leak", "legacy", "level",
    "lib", "limit", "limiter", "limits", "line", "linux", "list", "listen", "listener", "listeners", "live", "lo", "local",
    "localhost", "lock", "log", "logback", "login", "logs", "long", "low", "main", "malloc", "manager", "mapped", "mapping",
    "maps", "mask", "max", "mem", "meminfo", "memory", "merge", "message", "messages", "meta", "metadata", "metaspace",
    "metric", "metrics", "min", "mmap", "mnt", "mode", "module", "monitor", "nacos", "naming", "nanos", "native", "net",
    "netty", "network", "new", "nginx", "nid", "nio", "nmt", "no", "node", "nodes", "nohup", "notification", "notify", "ns",
    "null", "number", "of", "off", "offheap", "old", "oldest", "on", "oom", "open", "operator", "opt", "option", "or", "os",
    "other", "out", "outbound", "outside", "overcommitted", "own", "p", "page", "parallel", "parallelgc", "path", "peer",
    "peers", "pending", "performance", "pid", "ping", "plugin", "pmap", "pods", "point", "pool", "port", "post", "prestop",
    "print", "proc", "process", "processed", "processor", "prom", "prometheus", "properties", "protocol", "provider", "proxy",
    "ps", "pthread", "push", "put", "quartz", "query", "queue", "queued", "raft", "rate", "re", "read", "ready", "reason",
    "receive", "received", "recent", "reconnect", "record", "register", "registered", "registration", "relay", "reload",
    "remote", "remove", "renew", "reply", "report", "request", "requests", "reset", "resource", "resources", "response",
    "result", "resume", "retry", "revision", "rmi", "rocksdb", "rollup", "root", "rotated", "rpc", "rss", "rt", "run",
    "running", "runtime", "s", "safe", "scan", "schedule", "scheduled", "scheduler", "sdk", "sec", "secs", "security",
    "selector", "self", "send", "sent", "serial", "server", "service", "services", "session", "set", "share", "shared",
    "shenandoah", "shutdown", "sign", "sigsegv", "simple", "size", "sizing", "slow", "small", "smaps", "snapshot", "socket",
    "sockets", "source", "spring", "srv", "ss", "start", "started", "starter", "startup", "stat", "state", "statm", "stats",
    "status", "stderr", "stdout", "stop", "storm", "stream", "streams", "string", "stuck", "su", "sub", "subscribe",
    "subscriber", "subscriberimpl", "subscribers", "subscription", "success", "summary", "survivor", "sync", "syslog", "system",
    "t", "table", "target", "task", "tasks", "tcp", "temp", "tenured", "thread", "threads", "time", "timed", "timeout", "timer",
    "tmp", "to", "token", "tomcat", "too", "top", "total", "tps", "trace", "transport", "trend", "tx", "type", "udp",
    "undecided", "unhealthy", "unknown", "unregister", "update", "upgrade", "usage", "user", "users", "usr", "utf", "utils",
    "v", "valve", "var", "verify", "version", "vm", "volume", "w", "wait", "warn", "watch", "watermark", "weight",
    "work", "worker", "write", "x", "xms", "xmx", "young", "z", "zgc", "zone",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Key;
    use crate::report::Report;

    fn redactor() -> Redactor {
        let report: Report =
            serde_json::from_str(include_str!("../../fixtures/expected/healthy.json")).unwrap();
        Redactor::new(Key::new(b"0123456789abcdef"), &report)
    }

    #[test]
    fn known_words_are_sorted() {
        assert!(
            KNOWN.windows(2).all(|w| w[0] < w[1]),
            "{:?}",
            KNOWN.windows(2).find(|w| w[0] >= w[1])
        );
    }

    #[test]
    fn a_word_behind_user_or_host_is_a_name_unless_it_is_an_ordinary_one() {
        for (text, names) in [
            (
                "client of user mallory on host kestrel",
                &["mallory", "kestrel"][..],
            ),
            ("java.net.UnknownHostException: dbserver", &["dbserver"]),
            ("[user:mallory] left", &["mallory"]),
            ("service orders of tenant acme", &["orders", "acme"]),
            ("the user is unknown, the host was not found", &[]),
        ] {
            assert_eq!(introduced(text).collect::<Vec<_>>(), names, "{text}");
        }
        let r = redactor();
        let out = strict(&r, "WARN pushes to zebrafish failed: UnknownHostException");
        assert!(
            !out.contains("zebrafish") && out.starts_with("WARN pushes to id-"),
            "{out}"
        );
        assert!(out.ends_with(" failed: UnknownHostException"), "{out}");
    }

    #[test]
    fn what_names_somebody_goes_and_the_rest_of_a_line_stays() {
        let r = redactor();
        for (line, gone) in [
            (
                "2026-11-23 00:49:59,204 ERROR [PUSH-FAIL] 5001ms, Service{namespace='acme', group='PAYMENT', name='orders', ephemeral=true, \
                 revision=71}, reason=Timeout After 5000 milliseconds,requestId =924, target=10.140.5.77",
                &["acme", "PAYMENT", "orders", "10.140.5.77"][..],
            ),
            (
                "Connection transportReady,connectionId = 1795366152076_10.140.5.77_48222 ",
                &["10.140.5.77"],
            ),
            (
                "/10.1.2.3:9848 web-17.prod.acme.example down",
                &["10.1.2.3", "acme", "web-17"],
            ),
            (
                "web-1/192.168.1.7:5000 and [fe80::1%eth0]:80 2001:db8::7",
                &["web-1", "192.168.1.7", "2001:db8::7", "fe80::1"],
            ),
            (
                "GET /nacos/v1/ns/instance/list?serviceName=orders&groupName=PAY&user=alice HTTP/1.1",
                &["orders", "PAY", "alice"],
            ),
            (
                r#"{"dataId":"pay.yaml","user": "alice"}"#,
                &["pay", "alice"],
            ),
            (
                "no provider com.acme.order.OrderService:1.0",
                &["acme", "OrderService"],
            ),
            ("10.140.*.* is masked", &["10.140"]),
            ("request of user 'lihua' was refused", &["lihua"]),
            ("mail alice.b@acme.example", &["alice", "acme"]),
        ] {
            let out = scrub(&r, line);
            for g in gone {
                assert!(!out.contains(g), "{line} -> {out}");
            }
        }
        for line in [
            "2026-11-23 00:54:50,187 ERROR [TASK-FAILED] io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to \
             allocate 2097152 byte(s) of direct memory (used: 501219607, max: 503316480)",
            "-                  Internal (reserved=15702KB, committed=15702KB)",
            "logs/naming-push.log.gz",
            "nmt/nmt-20261123-004947.txt",
            "logs/localhost_access_log.2026-11-22.log",
            "reason=Timeout After 5000 milliseconds,requestId =924",
            "-XX:MaxDirectMemorySize=640m",
            "Nacos-Java-Client:v2.2.3",
            "127.0.0.1",
            "group='DEFAULT_GROUP'",
            "Starting Nacos v2.2.3 using Java 1.8.0_504 with PID 13488",
            "[0x00007f5c4c000000 - 0x00007f5c50000000]",
        ] {
            assert_eq!(scrub(&r, line), line);
        }
    }
}
