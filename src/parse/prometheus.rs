//! Prometheus text as Nacos's actuator prints it, and what else scrapes of a JVM hold of memory.
//!
//! ```text
//! line   = "# TYPE" name kind | "# HELP" name text | name [ "{" label { "," label } [ "," ] "}" ] value [ timestamp ]
//! label  = name "=" quoted
//! ```
//!
//! Micrometer before 1.13 (the simpleclient) ends labels with a comma. Values are floats: `3.27681E7`, `NaN`, `+Inf`.
//! Names: Micrometer (`jvm_buffer_memory_used_bytes{id="direct"}`), simpleclient_hotspot and jmx_exporter
//! (`jvm_buffer_pool_used_bytes{pool="direct"}`), OpenTelemetry (`process_runtime_jvm_buffer_usage`), Nacos's
//! `MetricsMonitor` classes, 2.0 to 3.0.

use std::collections::BTreeMap;

use super::heading::{self, Heading};
use super::lines::{Line, decimal, find, float, lines, text, trim, words};
use super::{ParseError, ParseErrorKind};

/// Scrapes kept of one text.
const MAX_SCRAPES: usize = 100_000;
/// Gauges of one family kept.
const MAX_GAUGES: usize = 2_000;
/// Errors kept of one scrape.
const MAX_ERRORS: usize = 20;

/// The state of a buffer pool of the JVM. The direct pool counts what `java.nio.Bits` counts: Netty without cleaners is not
/// in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferPool {
    /// Bytes in use.
    pub used: Option<u64>,
    /// Sum of the buffers' capacities.
    pub capacity: Option<u64>,
    /// Buffers.
    pub count: Option<u64>,
}

/// One scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// Offset of its first sample.
    pub at: usize,
    /// The last time that stands before it, when the text is a loop.
    pub heading: Option<Heading>,
    /// Milliseconds since 1970 UTC, when samples carry a time.
    pub timestamp_ms: Option<i64>,
    /// Samples read.
    pub samples: u64,
    /// The direct buffer pool.
    pub direct: Option<BufferPool>,
    /// The pool of mapped files.
    pub mapped: Option<BufferPool>,
    /// Live threads.
    pub threads_live: Option<u64>,
    /// Most threads so far.
    pub threads_peak: Option<u64>,
    /// Java heap in use, in bytes, over all pools.
    pub heap_used: Option<u64>,
    /// Java heap committed, in bytes.
    pub heap_committed: Option<u64>,
    /// Largest Java heap in bytes: the pools that have a limit.
    pub heap_max: Option<u64>,
    /// Memory in use outside the heap that the JVM's pools know (metaspace, code), in bytes.
    pub nonheap_used: Option<u64>,
    /// `process_resident_memory_bytes`.
    pub resident: Option<u64>,
    /// Seconds since 1970 UTC at which the process started.
    pub process_start_seconds: Option<f64>,
    /// Seconds since the process started.
    pub uptime_seconds: Option<f64>,
    /// Processors the JVM sees.
    pub cpus: Option<u64>,
    /// Collections by `System.gc()` so far.
    pub system_gc_count: Option<u64>,
    /// Their pauses, in seconds.
    pub system_gc_seconds: Option<f64>,
    /// `nacos_monitor` by module and name: `("core", "longConnection")`.
    pub nacos_monitor: BTreeMap<(String, String), f64>,
    /// `grpc_server_executor` by type and name: `("grpcSdkServer", "inQueueTaskCount")`.
    pub grpc_server_executor: BTreeMap<(String, String), f64>,
    /// Other gauges of Nacos without labels or with `version`: `nacos_naming_subscriber/v2`.
    pub nacos: BTreeMap<String, f64>,
    /// What was not understood.
    pub errors: Vec<ParseError>,
}

impl Scrape {
    /// A gauge of `nacos_monitor`.
    #[must_use]
    pub fn monitor(&self, module: &str, name: &str) -> Option<f64> {
        self.nacos_monitor
            .get(&(module.to_owned(), name.to_owned()))
            .copied()
    }

    /// A gauge of `grpc_server_executor`.
    #[must_use]
    pub fn executor(&self, kind: &str, name: &str) -> Option<f64> {
        self.grpc_server_executor
            .get(&(kind.to_owned(), name.to_owned()))
            .copied()
    }
}

/// Whether a text that begins with `head` is Prometheus text: two `# TYPE` lines, or samples with labels.
#[must_use]
pub fn looks_like_prometheus(head: &[u8]) -> bool {
    let (mut types, mut labelled) = (0u32, 0u32);
    for line in lines(head).take(200) {
        let t = trim(line.text);
        if t.starts_with(b"# TYPE ") {
            types += 1;
        } else if let Some(s) = sample(t)
            && s.labelled
        {
            labelled += 1;
        }
        if types >= 2 || labelled >= 3 || (types >= 1 && labelled >= 1) {
            return true;
        }
    }
    false
}

/// Reads the last scrape in the text; an empty one when there is none.
#[must_use]
pub fn read(text: &[u8]) -> Scrape {
    read_all(text).pop().unwrap_or_default()
}

/// Reads every scrape in the text. A new one begins when the first metric's `# TYPE` line, or a sample without labels,
/// comes again.
#[must_use]
pub fn read_all(text_: &[u8]) -> Vec<Scrape> {
    let mut r = Reader::default();
    for line in lines(text_) {
        r.line(line);
    }
    r.end();
    r.out
}

#[derive(Default)]
struct Reader {
    out: Vec<Scrape>,
    now: Option<Scrape>,
    /// The metric whose `# TYPE` stood first in the scrape being read.
    first_type: Option<Vec<u8>>,
    /// Single samples whose coming again begins a scrape.
    seen: u8,
    heading: Option<Heading>,
}

impl Reader {
    fn end(&mut self) {
        self.first_type = None;
        self.seen = 0;
        if let Some(s) = self.now.take()
            && s.samples > 0
            && self.out.len() < MAX_SCRAPES
        {
            self.out.push(s);
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let t = trim(line.text);
        if t.is_empty() {
            return;
        }
        if let Some(comment) = t.strip_prefix(b"# ") {
            if let Some(rest) = comment.strip_prefix(b"TYPE ")
                && let Some(name) = words(rest).next()
            {
                if self.first_type.as_deref() == Some(name) {
                    self.end();
                }
                if self.first_type.is_none() {
                    self.first_type = Some(name.to_vec());
                }
            } else if !comment.starts_with(b"HELP")
                && let Some(h) = heading::read(t, line.start)
            {
                self.end();
                self.heading = Some(h);
            }
            return;
        }
        let Some(s) = sample(t) else {
            if let Some(h) = heading::read(t, line.start) {
                self.end();
                self.heading = Some(h);
            } else if let Some(now) = &mut self.now
                && now.errors.len() < MAX_ERRORS
            {
                let (kind, what) = if line.ended {
                    (ParseErrorKind::Unexpected, "expected a sample of a metric")
                } else {
                    (ParseErrorKind::Truncated, "the scrape ends inside a sample")
                };
                now.errors.push(ParseError::new(line.start, kind, what));
            }
            return;
        };
        let single = match s.name {
            b"jvm_threads_live_threads" | b"jvm_threads_current" => 1,
            b"process_start_time_seconds" => 2,
            _ => 0,
        };
        if single != 0 && self.seen & single != 0 {
            self.end();
        }
        self.seen |= single;
        let heading_ = &self.heading;
        let now = self.now.get_or_insert_with(|| Scrape {
            at: line.start,
            heading: heading_.clone(),
            ..Scrape::default()
        });
        now.take(&s);
    }
}

/// A sample, its labels still as text.
struct Sample<'a> {
    name: &'a [u8],
    labels: &'a [u8],
    labelled: bool,
    value: f64,
    timestamp: Option<i64>,
}

fn is_name(b: &[u8]) -> bool {
    b.first()
        .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, b'_' | b':'))
        && b.iter()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b':'))
}

fn sample(t: &[u8]) -> Option<Sample<'_>> {
    let end = t.iter().position(|c| matches!(c, b'{' | b' ' | b'\t'))?;
    let (name, rest) = t.split_at_checked(end)?;
    if !is_name(name) {
        return None;
    }
    let (labels, rest, labelled) = match rest.strip_prefix(b"{") {
        Some(inner) => {
            let close = closing_brace(inner)?;
            (inner.get(..close)?, inner.get(close + 1..)?, true)
        }
        None => (&[][..], rest, false),
    };
    let mut w = words(rest);
    let value = match w.next()? {
        b"+Inf" => f64::INFINITY,
        b"-Inf" => f64::NEG_INFINITY,
        b"NaN" => f64::NAN,
        v => float(v)?,
    };
    let timestamp = match w.next() {
        None => None,
        Some(ts) => Some(i64::try_from(decimal(ts)?).ok()?),
    };
    w.next().is_none().then_some(Sample {
        name,
        labels,
        labelled,
        value,
        timestamp,
    })
}

/// Where the brace stands that closes the labels; braces inside quotes do not.
fn closing_brace(b: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (n, c) in b.iter().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(n),
            _ => {}
        }
    }
    None
}

/// The value of the label `name`, escapes left as they are (no label read here needs them).
fn label<'a>(labels: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = labels;
    loop {
        let eq = memchr::memchr(b'=', rest)?;
        let key = trim(rest.get(..eq)?);
        let key = key.strip_prefix(b",").map_or(key, trim);
        let quoted = rest.get(eq + 1..)?;
        let quoted = trim_start(quoted).strip_prefix(b"\"")?;
        let mut escaped = false;
        let close = quoted.iter().position(|c| {
            let ends = *c == b'"' && !escaped;
            escaped = *c == b'\\' && !escaped;
            ends
        })?;
        if key == name {
            return quoted.get(..close);
        }
        rest = quoted.get(close + 1..)?;
    }
}

fn trim_start(b: &[u8]) -> &[u8] {
    let n = b.iter().take_while(|c| **c == b' ').count();
    b.get(n..).unwrap_or(b)
}

/// A float as a count; `None` for what is none.
fn whole(v: f64) -> Option<u64> {
    (0.0..1.8e19).contains(&v).then_some(v as u64)
}

fn add(to: &mut Option<u64>, v: f64) {
    if let Some(n) = whole(v) {
        *to = Some(to.unwrap_or(0).saturating_add(n));
    }
}

impl Scrape {
    fn pool(&mut self, labels: &[u8], set: impl FnOnce(&mut BufferPool)) {
        let id = [&b"id"[..], b"pool", b"jvm_buffer_pool_name", b"name"]
            .iter()
            .find_map(|n| label(labels, n));
        match id {
            Some(b"direct") => set(self.direct.get_or_insert_default()),
            Some(b"mapped") => set(self.mapped.get_or_insert_default()),
            _ => {}
        }
    }

    fn take(&mut self, s: &Sample<'_>) {
        self.samples += 1;
        self.timestamp_ms = self.timestamp_ms.max(s.timestamp);
        let v = s.value;
        match s.name {
            b"jvm_buffer_memory_used_bytes"
            | b"jvm_buffer_pool_used_bytes"
            | b"process_runtime_jvm_buffer_usage"
            | b"process_runtime_jvm_buffer_usage_bytes"
            | b"jvm_buffer_memory_used" => self.pool(s.labels, |p| p.used = whole(v)),
            b"jvm_buffer_total_capacity_bytes"
            | b"jvm_buffer_pool_capacity_bytes"
            | b"process_runtime_jvm_buffer_limit"
            | b"process_runtime_jvm_buffer_limit_bytes"
            | b"jvm_buffer_memory_limit_bytes" => self.pool(s.labels, |p| p.capacity = whole(v)),
            b"jvm_buffer_count_buffers"
            | b"jvm_buffer_count"
            | b"jvm_buffer_pool_used_buffers"
            | b"process_runtime_jvm_buffer_count" => self.pool(s.labels, |p| p.count = whole(v)),
            b"jvm_threads_live_threads" | b"jvm_threads_live" | b"jvm_threads_current" => {
                self.threads_live = whole(v);
            }
            b"jvm_threads_peak_threads" | b"jvm_threads_peak" => self.threads_peak = whole(v),
            b"jvm_memory_used_bytes" | b"jvm_memory_bytes_used" => match label(s.labels, b"area") {
                Some(b"heap") => add(&mut self.heap_used, v),
                Some(b"nonheap") => add(&mut self.nonheap_used, v),
                _ => {}
            },
            b"jvm_memory_committed_bytes" | b"jvm_memory_bytes_committed"
                if label(s.labels, b"area") == Some(b"heap") =>
            {
                add(&mut self.heap_committed, v);
            }
            b"jvm_memory_max_bytes" | b"jvm_memory_bytes_max"
                if label(s.labels, b"area") == Some(b"heap") =>
            {
                add(&mut self.heap_max, v);
            }
            b"process_resident_memory_bytes" => self.resident = whole(v),
            b"process_start_time_seconds" => self.process_start_seconds = finite(v),
            b"process_uptime_seconds" => self.uptime_seconds = finite(v),
            b"system_cpu_count" => self.cpus = whole(v),
            b"jvm_gc_pause_seconds_count" | b"jvm_gc_pause_seconds_sum"
                if label(s.labels, b"cause").is_some_and(|c| find(c, b"System.gc()").is_some()) =>
            {
                if s.name.ends_with(b"count") {
                    add(&mut self.system_gc_count, v);
                } else if let Some(v) = finite(v) {
                    self.system_gc_seconds = Some(self.system_gc_seconds.unwrap_or(0.0) + v);
                }
            }
            b"nacos_monitor" => {
                if let (Some(m), Some(n)) = (label(s.labels, b"module"), label(s.labels, b"name")) {
                    gauge(&mut self.nacos_monitor, m, n, v);
                }
            }
            b"grpc_server_executor" => {
                if let (Some(k), Some(n)) = (label(s.labels, b"type"), label(s.labels, b"name")) {
                    gauge(&mut self.grpc_server_executor, k, n, v);
                }
            }
            name if name.starts_with(b"nacos_") => {
                let mut key = text(name, 200);
                if let Some(version) = label(s.labels, b"version") {
                    key.push('/');
                    key.push_str(&text(version, 50));
                } else if s.labelled && !s.labels.is_empty() {
                    return;
                }
                if let Some(v) = finite(v)
                    && (self.nacos.len() < MAX_GAUGES || self.nacos.contains_key(&key))
                {
                    self.nacos.insert(key, v);
                }
            }
            _ => {}
        }
    }
}

fn finite(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

fn gauge(to: &mut BTreeMap<(String, String), f64>, a: &[u8], b: &[u8], v: f64) {
    let key = (text(a, 100), text(b, 100));
    if let Some(v) = finite(v)
        && (to.len() < MAX_GAUGES || to.contains_key(&key))
    {
        to.insert(key, v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/prometheus/{name}")).unwrap()
    }

    #[test]
    fn a_scrape_of_nacos_gives_pools_threads_heap_and_gauges() {
        let text = fixture("nacos-2.2.3.txt");
        assert!(looks_like_prometheus(&text));
        let s = read(&text);
        assert_eq!(s.errors, []);
        assert_eq!(
            s.direct,
            Some(BufferPool {
                used: Some(327_681),
                capacity: Some(327_680),
                count: Some(17)
            })
        );
        assert_eq!(
            s.mapped,
            Some(BufferPool {
                used: Some(0),
                capacity: Some(0),
                count: Some(0)
            })
        );
        assert_eq!(
            (s.threads_live, s.threads_peak, s.cpus),
            (Some(203), Some(205), Some(2))
        );
        assert_eq!(s.heap_used, Some(67_726_032 + 6_979_920 + 243_219_792));
        assert_eq!(s.heap_max, Some(268_435_456 + 12_058_624 + 244_842_496));
        assert_eq!(s.resident, None);
        assert_eq!(s.uptime_seconds, Some(436.904));
        assert_eq!(s.monitor("core", "longConnection"), Some(6.0));
        assert_eq!(s.monitor("naming", "failedPush"), Some(767.0));
        assert_eq!(s.nacos["nacos_naming_subscriber/v2"], 9.0);
        let lines = text
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty() && l[0] != b'#')
            .count();
        assert_eq!(s.samples, lines as u64);
    }

    #[test]
    fn executors_collections_and_resident_memory_are_read_with_or_without_a_trailing_comma() {
        let s = read(
            b"# TYPE grpc_server_executor gauge\n\
              grpc_server_executor{module=\"core\",name=\"inQueueTaskCount\",type=\"grpcSdkServer\",} 12.0\n\
              grpc_server_executor{module=\"core\",name=\"taskCount\",type=\"grpcClusterServer\"} 7\n\
              jvm_gc_pause_seconds_count{action=\"end of major GC\",cause=\"System.gc()\",} 14.0\n\
              jvm_gc_pause_seconds_sum{action=\"end of major GC\",cause=\"System.gc()\",} 3.197\n\
              process_resident_memory_bytes 1.34242446E8 1795352870123\n\
              jvm_buffer_pool_used_bytes{pool=\"direct\"} 1024\n\
              jvm_memory_max_bytes{area=\"heap\",id=\"G1 Eden Space\",} -1.0\n\
              jvm_memory_max_bytes{area=\"heap\",id=\"G1 Old Gen\",} 2.68435456E8\n\
              odd{a=\"x}\\\"y\",b=\"z\"} NaN\n",
        );
        assert_eq!(s.errors, []);
        assert_eq!(s.executor("grpcSdkServer", "inQueueTaskCount"), Some(12.0));
        assert_eq!(s.executor("grpcClusterServer", "taskCount"), Some(7.0));
        assert_eq!(
            (s.system_gc_count, s.system_gc_seconds),
            (Some(14), Some(3.197))
        );
        assert_eq!(
            (s.resident, s.timestamp_ms),
            (Some(134_242_446), Some(1_795_352_870_123))
        );
        assert_eq!(s.direct.unwrap().used, Some(1024));
        assert_eq!(s.heap_max, Some(268_435_456));
        assert_eq!(s.samples, 9);
    }

    #[test]
    fn a_loop_of_scrapes_is_split() {
        let one = String::from_utf8(fixture("nacos-2.2.3.txt")).unwrap();
        let other = one.replace(
            "jvm_threads_live_threads 203.0",
            "jvm_threads_live_threads 204.0",
        );
        let text = format!("2026-11-22 13:07:50\n{one}\n2026-11-22 13:07:51\n{other}{one}");
        let all = read_all(text.as_bytes());
        let got: Vec<_> = all.iter().map(|s| s.threads_live).collect();
        assert_eq!(got, [Some(203), Some(204), Some(203)]);
        assert_eq!(
            all[1].heading.as_ref().unwrap().time.local_time(),
            "13:07:51"
        );
        assert_eq!(all[0].samples, all[1].samples);
    }

    #[test]
    fn other_texts_are_no_scrape() {
        for text in [
            "13488:\n\nNative Memory Tracking:\n",
            "a = b\nc = d\n",
            "# TYPE\n",
            "",
            "2026-11-22 {} 1\n",
        ] {
            assert!(!looks_like_prometheus(text.as_bytes()), "{text}");
            assert_eq!(read(text.as_bytes()).direct, None);
        }
    }

    #[test]
    fn a_scrape_cut_inside_a_sample_says_so() {
        let text = fixture("nacos-2.2.3.txt");
        let at = find(&text, b"jvm_buffer_total_capacity_bytes{id=\"direct\"").unwrap() + 12;
        let s = read(&text[..at]);
        assert_eq!(s.errors.len(), 1);
        assert_eq!(s.errors[0].kind, ParseErrorKind::Truncated);
    }

    #[test]
    fn damaged_scrapes_end_without_panic() {
        torment(&fixture("nacos-2.2.3.txt"), |b| {
            let _ = (looks_like_prometheus(b), read_all(b));
        });
    }
}
