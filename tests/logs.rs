//! Logs as a whole: facts do not depend on how an input is cut, packed, wrapped or merged, and each trap of the releases'
//! layouts is read as it is meant. What the files are: `fixtures/README.md`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nacos_offheap::artefact::Inputs;
use nacos_offheap::artefact::discover::{Argument, discover};
use nacos_offheap::facts::log::{ClockSource, ServerKey};
use nacos_offheap::facts::{Activities, Facts, Quote, Signal};
use nacos_offheap::ingest::{ReadOptions, ingest, ingest_by, with_threads};
use nacos_offheap::units::Address;
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/logs")
        .join(name)
}

fn inputs(path: &Path) -> Inputs {
    discover(&[Argument {
        path: path.to_path_buf(),
        node: None,
    }])
    .unwrap()
}

fn read(path: &Path) -> (Inputs, Facts) {
    let inputs = inputs(path);
    let mut facts = ingest(&inputs, &ReadOptions::default(), &|_, _| ());
    assert_eq!(facts.len(), 1, "one node");
    (inputs, facts.remove(0))
}

fn facts_of(name: &str) -> Facts {
    read(&fixture(name)).1
}

fn client(facts: &Facts, address: &str, signal: Signal) -> u64 {
    facts
        .log
        .clients
        .get(&Address::read(address.as_bytes()))
        .map_or(0, |a| a.count(signal))
}

fn total(facts: &Facts, signal: Signal) -> u64 {
    facts.log.totals.count(signal)
}

fn server(facts: &Facts, key: ServerKey) -> Vec<&str> {
    let all = facts.log.server.iter().filter(|f| f.key == key);
    all.map(|f| &*f.value).collect()
}

/// Everything logs say, in one order; places as lines, since windows differ. With `places` off also without them.
fn canonical(facts: &Facts, places: bool) -> String {
    let quote = |q: &Option<Quote>| match q {
        None => "-".to_owned(),
        Some(q) => {
            let place = if places {
                format!(
                    "{}:{}",
                    q.place.artefact,
                    facts.coverage[&q.place.artefact].line_of(&q.place)
                )
            } else {
                String::new()
            };
            format!("{:?} {place} {}", q.time, q.text())
        }
    };
    let activities = |a: &Activities| {
        let mut out = String::new();
        for (signal, a) in a.iter() {
            let series: Vec<_> = a.series.buckets().filter(|b| b.1 > 0).collect();
            let _ = write!(
                out,
                "{signal:?} {} {} {} {series:?} [{}] [{}]; ",
                a.count,
                a.amount,
                a.untimed,
                quote(&a.first),
                quote(&a.last)
            );
        }
        out
    };
    let l = &facts.log;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        l.clients
            .iter()
            .map(|(k, v)| format!("client {k} {}", activities(v))),
    );
    lines.extend(l.connections.iter().map(|(k, c)| {
        format!(
            "connection {k} {:?} {:?} {:?} {:?} {:?} {:?} {}",
            c.ready,
            c.closed,
            c.registered,
            c.unregistered,
            c.expelled,
            c.meta,
            activities(&c.activities)
        )
    }));
    lines.extend(l.services.iter().map(|(k, s)| {
        format!(
            "service {} {} {} {:?} {} {} {}",
            String::from_utf8_lossy(k),
            s.ok,
            s.failed,
            s.revisions,
            s.instances,
            s.changes,
            activities(&s.activities)
        )
    }));
    lines.sort();
    lines.push(format!("totals {}", activities(&l.totals)));
    for (f, v) in &l.failures {
        lines.push(format!(
            "failure {f:?} {} {} {}",
            v.count,
            v.mentions,
            quote(&v.activity.first)
        ));
    }
    lines.push(format!(
        "{:?} {:?} {:?}",
        l.reasons, l.reason_kinds, l.request_status
    ));
    lines.push(format!(
        "{:?} {:?} {:?}",
        l.logins.by_status,
        l.logins.by_user,
        l.logins.peak()
    ));
    for m in &l.marks {
        lines.push(format!(
            "mark {:?} {:?} {:?} {:?} {}",
            m.kind,
            m.pid,
            m.version,
            m.java,
            quote(&Some(m.quote.clone()))
        ));
    }
    for s in &l.server {
        lines.push(format!(
            "server {:?} {} {}",
            s.key,
            s.value,
            quote(&Some(s.quote.clone()))
        ));
    }
    for (k, v) in &l.clock {
        lines.push(format!(
            "clock {k:?} {} {}",
            v.count,
            quote(&Some(v.first.clone()))
        ));
    }
    lines.push(format!(
        "{:?} {:?} {:?} {:?}",
        l.census_max, l.census_last, l.subscribers_max, l.tps
    ));
    lines.push(format!(
        "{:?} {:?} {:?}",
        l.denied_reasons, l.login_users, l.pushes_max
    ));
    for (n, q) in l.config_queue_max.iter().chain(&l.snapshot_max) {
        lines.push(format!("max {n} {}", quote(&Some(q.clone()))));
    }
    for (a, b, q) in l.task_backlog_max.iter().chain(&l.pool_max) {
        lines.push(format!("max {a} {b} {}", quote(&Some(q.clone()))));
    }
    if places {
        for (id, c) in &facts.coverage {
            lines.push(format!(
                "coverage {id} {} {} {} {} {} {} {:?} {}",
                c.bytes,
                c.records,
                c.known,
                c.unknown,
                c.unknown_lines,
                c.unknown_bytes,
                c.times,
                c.cut
            ));
            for (s, n) in c.unknown_shapes.commonest(10) {
                lines.push(format!("shape {s} {} {}", n.records, n.bytes));
            }
        }
        for i in &facts.issues {
            lines.push(format!("issue {} {:?}", i.what, i.kind));
        }
    }
    lines.join("\n")
}

/// Fails with the first line that differs.
fn assert_same(a: &str, b: &str, what: &str) {
    for (a, b) in a.lines().zip(b.lines()) {
        assert_eq!(a, b, "{what}");
    }
    assert_eq!(a.lines().count(), b.lines().count(), "{what}");
}

/// A directory of its own that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("nacos-offheap-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for e in std::fs::read_dir(dir).unwrap() {
        let path = e.unwrap().path();
        if path.is_dir() {
            out.extend(files_below(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}

const RELEASES: [&str; 5] = ["v1.4.2", "v2.1.2", "v2.3.2", "v2.5.1", "v3.0.3"];

// ---- how inputs are cut, packed and merged -------------------------------------------------------------------------

#[test]
fn any_size_of_windows_and_any_number_of_threads_gives_the_same_facts() {
    for name in RELEASES {
        let inputs = inputs(&fixture(name));
        let whole = canonical(
            &ingest(&inputs, &ReadOptions::default(), &|_, _| ())[0],
            true,
        );
        for window in [700, 1_024, 1_500, 2_345, 4_096, 10_000] {
            for jobs in [1, 3] {
                let facts = with_threads(Some(jobs), || {
                    ingest_by(&inputs, &ReadOptions::default(), window, &|_, _| ())
                })
                .unwrap();
                let what = format!("{name}, windows of {window}, {jobs} threads");
                assert_same(&canonical(&facts[0], true), &whole, &what);
            }
        }
    }
}

#[test]
fn real_logs_give_the_same_facts_in_small_windows() {
    let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/incidents");
    let mut seen = 0;
    for incident in std::fs::read_dir(incidents).unwrap() {
        let inputs = inputs(&incident.unwrap().path());
        let whole = ingest(&inputs, &ReadOptions::default(), &|_, _| ());
        let small = ingest_by(&inputs, &ReadOptions::default(), 50_000, &|_, _| ());
        for (a, b) in whole.iter().zip(&small) {
            assert_same(
                &canonical(b, true),
                &canonical(a, true),
                "windows of 50,000",
            );
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn parts_may_be_merged_in_any_order() {
    use nacos_offheap::format::{Context, Format, read_log};
    use nacos_offheap::parse::record::{Undated, find_head};
    use nacos_offheap::parse::statement::Series;
    use nacos_offheap::parse::wrapping::Wrapping;
    use nacos_offheap::span::{ArtefactId, Window};
    for (file, series) in [
        ("v2.3.2/logs/naming-push.log", Series::NamingPush),
        ("v2.1.2/logs/remote-digest.log", Series::RemoteDigest),
        ("v2.3.2/logs/nacos.log", Series::Nacos),
    ] {
        let bytes = std::fs::read(fixture(file)).unwrap();
        let ctx = Context {
            format: Format::Log(series),
            wrapping: Wrapping::None,
            map: None,
            shift_ms: 0,
            next_time: None,
            name_time: None,
            modified: None,
            since_until: (None, None),
            label: "x",
        };
        let mut cuts = vec![0];
        while let Some(at) = find_head(&bytes, cuts.last().unwrap() + 1, Undated::Never) {
            cuts.push(at);
        }
        cuts.push(bytes.len());
        let part = |i: usize| {
            let mut facts = Facts::default();
            let window = Window {
                artefact: ArtefactId(0),
                base: cuts[i] as u64,
                bytes: &bytes[cuts[i]..cuts[i + 1]],
            };
            read_log(&window, &ctx, &mut facts);
            facts
        };
        let n = cuts.len() - 1;
        let forth = (0..n).map(part).fold(Facts::default(), Facts::merged);
        let back = (0..n).rev().map(part).fold(Facts::default(), Facts::merged);
        let mixed = (0..n).map(|i| part((i * 7 + 3) % n));
        let orders = if n % 7 == 0 {
            vec![forth, back]
        } else {
            vec![forth, back, mixed.fold(Facts::default(), Facts::merged)]
        };
        let all: Vec<String> = orders
            .into_iter()
            .map(|mut f| {
                f.settle();
                canonical(&f, true)
            })
            .collect();
        assert!(all.windows(2).all(|w| w[0] == w[1]), "{file}");
    }
}

#[test]
fn gzip_tar_zip_and_container_wrappings_give_the_same_facts() {
    let scratch = Scratch::new("packed");
    for name in RELEASES {
        let plain = canonical(&read(&fixture(name)).1, false);
        let root = fixture(name);
        let mut tar = tar::Builder::new(Vec::new());
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for path in files_below(&root) {
            let bytes = std::fs::read(&path).unwrap();
            let below = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if !bytes.is_empty() {
                scratch.write(&format!("{name}-gz/{below}.gz"), &gzip(&bytes));
            }
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, format!("node-7/{below}"), &bytes[..])
                .unwrap();
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored);
            zip.start_file(format!("node-7/{below}"), options).unwrap();
            zip.write_all(&bytes).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let mut nested = tar::Builder::new(Vec::new());
        let inner = gzip(&tar);
        let mut header = tar::Header::new_ustar();
        header.set_size(inner.len() as u64);
        header.set_mode(0o644);
        nested
            .append_data(&mut header, "a.tgz", &inner[..])
            .unwrap();
        assert_eq!(
            canonical(&read(&scratch.0.join(format!("{name}-gz"))).1, false),
            plain,
            "{name} gz"
        );
        for (file, bytes) in [
            ("a.tar", tar.clone()),
            ("a.tar.gz", gzip(&tar)),
            ("a.zip", zip),
            ("nested.tar", nested.into_inner().unwrap()),
        ] {
            let path = scratch.write(&format!("{name}/{file}"), &bytes);
            let (inputs, facts) = read(&path);
            assert_eq!(canonical(&facts, false), plain, "{name} {file}");
            assert_eq!(inputs.nodes[0].id, "node-7", "{name} {file}");
        }
    }
}

#[test]
fn every_framing_of_the_same_records_gives_the_same_counts() {
    for name in [
        "plain",
        "no-blank-lines",
        "cri",
        "docker",
        "kubectl",
        "compose",
        "journald",
        "colour",
        "crlf",
        "bom",
        "nul-hole",
        "cut-tail",
    ] {
        let facts = facts_of(&format!("framing/{name}"));
        let push = facts
            .log
            .clients
            .get(&Address::read(b"10.0.0.9"))
            .and_then(|a| a.get(Signal::PushFail));
        let push = push.unwrap_or_else(|| panic!("{name}: no failed push"));
        assert_eq!(push.count, 1, "{name}");
        assert_eq!(
            push.first_time().unwrap().local(),
            "2024-05-01 10:00:00",
            "{name}"
        );
        assert_eq!(client(&facts, "10.0.0.8", Signal::PushOk), 1, "{name}");
        assert_eq!(facts.log.services.len(), 1, "{name}");
        let unknown: u64 = facts.coverage.values().map(|c| c.unknown).sum();
        assert!(
            unknown <= u64::from(name == "cut-tail"),
            "{name}: {unknown} unknown"
        );
    }
    let (_, facts) = read(&fixture("framing/cri"));
    let first = facts.log.clients[&Address::read(b"10.0.0.8")]
        .get(Signal::PushOk)
        .unwrap()
        .first
        .clone()
        .unwrap();
    let text = std::fs::read_to_string(fixture("framing/cri/0.log")).unwrap();
    let line = facts.coverage[&first.place.artefact].line_of(&first.place);
    let there = text.lines().nth(line as usize - 1).unwrap();
    assert!(there.contains("[PUSH-SUCC]"), "line {line} is {there}");
    assert_eq!(
        text[..first.place.offset as usize].matches('\n').count() as u64,
        line - 1
    );
}

fn record(second: u32, client: &str) -> String {
    format!(
        "2024-05-01 10:00:{second:02},000 ERROR [PUSH-FAIL] 5000ms, Service{{namespace='public', group='G', name='s', ephemeral=true, revision=7}}, reason=Timeout After 5000 milliseconds,requestId =81, target={client}"
    )
}

#[test]
fn several_servers_in_one_text_are_several_nodes() {
    let trace = "java.lang.OutOfMemoryError: Cannot reserve 4096 bytes of direct buffer memory (allocated: 100, limit: 200)";
    type Wrap = fn(&str, &str) -> String;
    let sources: [(&str, Wrap, [&str; 2]); 4] = [
        (
            "pods.txt",
            |who, l| format!("[pod/{who}/nacos] {l}"),
            ["nacos-0", "nacos-1"],
        ),
        (
            "stamped.txt",
            |who, l| format!("[pod/{who}/nacos] 2024-05-01T02:00:00.123456789Z {l}"),
            ["nacos-0", "nacos-1"],
        ),
        (
            "compose.txt",
            |who, l| format!("{who}  | {l}"),
            ["nacos1", "nacos2"],
        ),
        (
            "journal.txt",
            |who, l| format!("May 01 10:00:00 {who} nacos[123]: {l}"),
            ["host-a", "host-b"],
        ),
    ];
    let scratch = Scratch::new("sources");
    for (file, wrap, names) in sources {
        let mut text = String::new();
        for i in 0..40 {
            // The lines of the two servers interleave, stack traces and all.
            for (n, who) in names.iter().enumerate() {
                let _ = writeln!(text, "{}", wrap(who, &record(i, &format!("10.0.{n}.9"))));
            }
            for who in names {
                let _ = writeln!(text, "{}", wrap(who, ""));
            }
            let _ = writeln!(text, "{}", wrap(names[1], trace));
        }
        for packed in [false, true] {
            let path = if packed {
                scratch.write(&format!("{file}.gz"), &gzip(text.as_bytes()))
            } else {
                scratch.write(file, text.as_bytes())
            };
            let inputs = inputs(&path);
            let ids: Vec<_> = inputs.nodes.iter().map(|n| &*n.id).collect();
            assert_eq!(ids, names, "{file}");
            for window in [4_096, 1 << 20] {
                let facts = ingest_by(&inputs, &ReadOptions::default(), window, &|_, _| ());
                for n in 0..2 {
                    let f = &facts[n];
                    assert_eq!(f.log.clients.len(), 1, "{file} {}", names[n]);
                    assert_eq!(
                        client(f, &format!("10.0.{n}.9"), Signal::PushFail),
                        40,
                        "{file}"
                    );
                    let failures: u64 = f.log.failures.values().map(|v| v.count).sum();
                    assert_eq!(
                        failures,
                        [0, 40][n],
                        "{file}: traces stay with their server"
                    );
                    let first = f
                        .log
                        .totals
                        .get(Signal::PushFail)
                        .unwrap()
                        .first
                        .clone()
                        .unwrap();
                    let line = f.coverage[&first.place.artefact].line_of(&first.place);
                    assert_eq!(line, n as u64 + 1, "{file}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_server_in_a_text_of_several_is_named_as_not_read() {
    let scratch = Scratch::new("sidecar");
    let mut text = String::new();
    for i in 0..30 {
        let _ = writeln!(text, "[pod/nacos-0/nacos] {}", record(i, "10.0.0.9"));
        let _ = writeln!(text, "[pod/nacos-0/proxy] GET /healthz");
    }
    let inputs = inputs(&scratch.write("pod.txt", text.as_bytes()));
    assert_eq!(inputs.nodes.len(), 1);
    assert_eq!(inputs.nodes[0].id, "nacos-0");
    assert_eq!(inputs.skipped.len(), 1);
    assert!(
        inputs.skipped[0].why.contains("nacos-0/proxy"),
        "{:?}",
        inputs.skipped
    );
}

#[test]
fn console_records_without_a_time_are_placed_by_their_neighbours_or_stay_untimed() {
    let error = "Exception in thread \"t\" java.lang.OutOfMemoryError: Direct buffer memory\n\tat a.b(C.java:1)\n";
    let at = |t: &str| format!("2024-05-01 {t},000 INFO Nacos is starting...\n\n");
    // Nothing before the first; then close together; then too far apart; and nothing behind the last.
    let text = [
        error,
        &at("10:00:00"),
        error,
        error,
        &at("10:00:30"),
        error,
        &at("10:09:00"),
        error,
    ]
    .concat();
    let scratch = Scratch::new("placed");
    let inputs = inputs(&scratch.write("start.out", text.as_bytes()));
    for window in [300, 450, 1 << 20] {
        let f = &ingest_by(&inputs, &ReadOptions::default(), window, &|_, _| ())[0];
        let failure = f.log.failures.values().next();
        let failure = failure.unwrap_or_else(|| panic!("{window}: {:?}", f.coverage));
        assert_eq!(failure.count, 5, "{window}");
        assert_eq!(failure.activity.untimed, 3, "{window}");
        assert_eq!(
            failure.activity.first_time().unwrap().local(),
            "2024-05-01 10:00:00"
        );
        assert_eq!(
            failure.activity.last_time().unwrap().local(),
            "2024-05-01 10:00:00"
        );
        let c = f.coverage.values().next().unwrap();
        assert_eq!((c.placed, c.untimed), (2, 3), "{window}");
    }
}

#[test]
fn a_file_that_shrinks_or_grows_while_it_is_read_loses_only_what_is_gone() {
    let scratch = Scratch::new("copytruncate");
    let whole: String = (0..30_000)
        .map(|i| record(i % 60, "10.0.0.9") + "\n\n")
        .collect();
    let path = scratch.write("naming-push.log", whole.as_bytes());
    let found = inputs(&path);
    // Truncated behind the back of what was found, to a place inside a line.
    std::fs::write(&path, &whole.as_bytes()[..1_300_000]).unwrap();
    let f = &ingest(&found, &ReadOptions::default(), &|_, _| ())[0];
    let left = whole[..1_300_000].matches("target=10.0.0.9\n").count() as u64;
    assert!(left > 1000);
    assert_eq!(
        client(f, "10.0.0.9", Signal::PushTimeout) + client(f, "10.0.0.9", Signal::PushFail),
        left
    );
    assert!(f.coverage.values().any(|c| c.cut), "the cut end is told");
    // Emptied.
    std::fs::write(&path, b"").unwrap();
    let f = &ingest(&found, &ReadOptions::default(), &|_, _| ())[0];
    assert_eq!(f.log.clients.len(), 0);
    // Grown: what was there when it was found is read, and nothing twice.
    std::fs::write(&path, [&whole, &whole[..100_000]].concat()).unwrap();
    let f = &ingest(&found, &ReadOptions::default(), &|_, _| ())[0];
    let n = client(f, "10.0.0.9", Signal::PushFail);
    assert!((30_000..=30_000 + 6_000).contains(&n), "{n}");
}

#[test]
fn a_record_longer_than_any_window_is_read_to_its_end() {
    let scratch = Scratch::new("long");
    let long = |bytes: usize| {
        let mut text = record(1, "10.0.0.8") + "\n\n";
        text.push_str("2024-05-01 10:00:02,000 ERROR [NACOS-PUSH] failed to push data: ");
        text.extend(std::iter::repeat_n('x', bytes));
        text.push_str(" to client: 10.0.0.7, error: {}\n\n");
        text.push_str(&record(3, "10.0.0.9"));
        text.push_str("\n\n");
        text
    };
    for size in [900 << 10, 3 << 20, 100 << 20] {
        let bytes = long(size);
        let path = scratch.write("naming-push.log", bytes.as_bytes());
        let inputs = inputs(&path);
        let f = &ingest(&inputs, &ReadOptions::default(), &|_, _| ())[0];
        let read: u64 = f.coverage.values().map(|c| c.bytes).sum();
        assert_eq!(read, bytes.len() as u64, "every byte is read once");
        assert_eq!(client(f, "10.0.0.8", Signal::PushFail), 1, "{size}");
        assert_eq!(client(f, "10.0.0.9", Signal::PushFail), 1, "{size}");
    }
}

#[test]
fn times_may_run_backwards_over_summer_time_and_between_files() {
    let scratch = Scratch::new("backwards");
    let at = |t: &str| record(0, "10.0.0.9").replace("2024-05-01 10:00:00", t) + "\n\n";
    // The hour from two to three comes twice.
    let autumn = [
        at("2024-10-27 02:59:59"),
        at("2024-10-27 02:00:00"),
        at("2024-10-27 02:00:01"),
    ];
    let earlier = at("2024-10-26 12:00:00");
    scratch.write("logs/naming-push.log", earlier.as_bytes());
    // Rotated by hand: the name says later, the content earlier.
    scratch.write(
        "logs/naming-push.log.2024-10-27.0",
        autumn.concat().as_bytes(),
    );
    let (_, f) = read(&scratch.0);
    let push = f.log.clients[&Address::read(b"10.0.0.9")]
        .get(Signal::PushFail)
        .unwrap();
    assert_eq!(push.count, 4);
    assert_eq!(push.untimed, 0);
    assert_eq!(push.first_time().unwrap().local(), "2024-10-26 11:59:55");
    assert_eq!(push.last_time().unwrap().local(), "2024-10-27 02:59:54");
}

#[test]
fn a_cut_head_and_a_cut_tail_are_told() {
    let facts = facts_of("framing/cut-tail");
    assert!(facts.coverage.values().any(|c| c.cut));
    let facts = facts_of("framing/cut-head");
    assert_eq!(client(&facts, "10.0.0.8", Signal::PushOk), 1);
    assert_eq!(facts.coverage.values().map(|c| c.unknown).sum::<u64>(), 1);
}

#[test]
fn bytes_that_are_no_utf_8_lose_nothing() {
    let facts = facts_of("framing/gbk");
    assert_eq!(client(&facts, "10.0.0.9", Signal::PushFail), 1);
    assert_eq!(client(&facts, "10.0.0.8", Signal::PushOk), 1);
}

#[test]
fn a_file_that_lies_there_twice_is_counted_once() {
    let scratch = Scratch::new("doubles");
    let bytes = std::fs::read(fixture("v2.1.2/logs/naming-push.log")).unwrap();
    scratch.write("logs/naming-push.log", &bytes);
    scratch.write("logs/naming-push.log.gz", &gzip(&bytes));
    scratch.write("logs/naming-push.log.bak", &bytes);
    let cut = bytes.windows(5).position(|w| w == b"10:00").unwrap() + 600;
    scratch.write("logs/naming-push.log.early", &bytes[..cut]);
    let packed = gzip(&bytes);
    scratch.write(
        "logs/naming-push.log.broken.gz",
        &packed[..packed.len() - 40],
    );
    let (inputs, facts) = read(&scratch.0);
    assert_eq!(inputs.artefacts.len(), 1, "{:?}", inputs.skipped);
    assert_eq!(inputs.artefacts[0].label, "logs/naming-push.log");
    assert_eq!(inputs.skipped.len(), 4);
    assert!(
        inputs
            .skipped
            .iter()
            .all(|s| s.why.contains("naming-push.log"))
    );
    assert_eq!(client(&facts, "172.17.0.2", Signal::PushFail), 1);
}

#[test]
fn hostile_archives_are_refused_and_said_to_be() {
    let scratch = Scratch::new("hostile");
    let mut tar = tar::Builder::new(Vec::new());
    let log = b"2024-05-01 10:00:00,000 INFO Nacos is starting...\n\n";
    let mut add = |name: &[u8], kind: tar::EntryType, bytes: &[u8]| {
        let mut h = tar::Header::new_ustar();
        h.as_old_mut().name[..name.len()].copy_from_slice(name);
        h.set_entry_type(kind);
        h.set_size(bytes.len() as u64);
        if kind.is_symlink() {
            h.set_link_name("/etc/passwd").unwrap();
        }
        h.set_cksum();
        tar.append(&h, bytes).unwrap();
    };
    add(b"../../etc/nacos.log", tar::EntryType::Regular, log);
    add(b"/abs/nacos.log", tar::EntryType::Regular, log);
    add(b"logs/link.log", tar::EntryType::Symlink, b"");
    add(b"logs/hard.log", tar::EntryType::Link, b"");
    add(b"logs/nacos.log", tar::EntryType::Regular, log);
    let bytes = tar.into_inner().unwrap();
    let inputs = inputs(&scratch.write("x.tar", &bytes));
    assert_eq!(inputs.artefacts.len(), 1);
    assert_eq!(inputs.skipped.len(), 4, "{:?}", inputs.skipped);

    let mut h = tar::Header::new_ustar();
    h.set_path("logs/nacos.log").unwrap();
    h.set_size(1 << 30);
    h.set_cksum();
    // A Zstandard frame: one block as it is, then blocks of 128 KiB that are four bytes long.
    let mut bomb = b"\x28\xb5\x2f\xfd\x00\x38".to_vec();
    bomb.extend_from_slice(&(512u32 << 3).to_le_bytes()[..3]);
    bomb.extend_from_slice(h.as_bytes());
    for _ in 0..700 {
        bomb.extend_from_slice(&((131_072u32 << 3) | (1 << 1)).to_le_bytes()[..3]);
        bomb.push(0);
    }
    let path = scratch.write("bomb.tar.zst", &bomb);
    let inputs = self::inputs(&path);
    assert!(
        inputs.skipped.iter().any(|s| s.failed),
        "{:?}",
        inputs.skipped
    );

    // Cut anywhere, an archive ends the reading and says so, or holds what it holds.
    let tgz = gzip(&bytes);
    for cut in (0..tgz.len()).step_by(7) {
        let path = scratch.write("cut.tgz", &tgz[..cut]);
        let _ = self::inputs(&path);
    }
    for cut in (0..bytes.len()).step_by(111) {
        let path = scratch.write("cut.tar", &bytes[..cut]);
        let inputs = self::inputs(&path);
        let _ = ingest(&inputs, &ReadOptions::default(), &|_, _| ());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_end_the_program(bytes in prop::collection::vec(any::<u8>(), 0..600), name in 0usize..6) {
        let scratch = Scratch::new("bytes");
        let names = ["naming-push.log", "start.out", "nacos.log", "x.tar", "x.zip", "access_log.log"];
        let path = scratch.write(names[name], &bytes);
        let inputs = inputs(&path);
        let _ = ingest_by(&inputs, &ReadOptions::default(), 64, &|_, _| ());
    }

    #[test]
    fn flipped_bytes_of_a_log_end_nothing_and_move_no_other_count(at in 0usize..3000, byte in any::<u8>()) {
        let scratch = Scratch::new("flipped");
        let mut bytes = std::fs::read(fixture("v2.1.2/logs/naming-push.log")).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let path = scratch.write("naming-push.log", &bytes);
        let inputs = inputs(&path);
        let facts = ingest(&inputs, &ReadOptions::default(), &|_, _| ());
        prop_assert!(total(&facts[0], Signal::PushFail) <= 5);
    }
}

// ---- real logs, packed and wrapped ---------------------------------------------------------------------------------

/// A line of a text as Docker's `json-file` driver stores it; bytes that are no ASCII stay as they are.
fn docker_lines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for line in text.split_inclusive(|&b| b == b'\n') {
        out.extend_from_slice(b"{\"log\":\"");
        for &b in line {
            match b {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                b => out.push(b),
            }
        }
        out.extend_from_slice(b"\",\"stream\":\"stdout\",\"time\":\"2024-05-01T02:00:00.1Z\"}\n");
    }
    out
}

fn canonical_of(path: &Path) -> Vec<String> {
    let inputs = inputs(path);
    let facts = ingest(&inputs, &ReadOptions::default(), &|_, _| ());
    facts.iter().map(|f| canonical(f, false)).collect()
}

#[test]
fn gzip_tar_and_docker_json_of_every_incident_give_the_same_facts() {
    use std::io::Read as _;
    let scratch = Scratch::new("incidents");
    let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/incidents");
    let mut seen = 0;
    for incident in std::fs::read_dir(incidents).unwrap() {
        let root = incident.unwrap().path();
        let name = root.file_name().unwrap().to_str().unwrap().to_owned();
        let mut tar = tar::Builder::new(Vec::new());
        for path in files_below(&root) {
            let below = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let stored = std::fs::read(&path).unwrap();
            let (below, bytes) = match below.strip_suffix(".gz") {
                Some(bare) => {
                    let mut out = Vec::new();
                    let mut gz = flate2::read::MultiGzDecoder::new(&stored[..]);
                    gz.read_to_end(&mut out).unwrap();
                    (bare.to_owned(), out)
                }
                None => (below, stored),
            };
            scratch.write(&format!("{name}/plain/{below}"), &bytes);
            let is_log = below.contains("logs/");
            let packed = if is_log && !bytes.is_empty() {
                (format!("{below}.gz"), gzip(&bytes))
            } else {
                (below.clone(), bytes.clone())
            };
            scratch.write(&format!("{name}/gzip/{}", packed.0), &packed.1);
            // A GC log stands in a file of its own, never on the console of a container.
            let wrapped = if is_log && !below.contains("_gc.log") {
                docker_lines(&bytes)
            } else {
                bytes.clone()
            };
            scratch.write(&format!("{name}/docker/{below}"), &wrapped);
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, &below, &bytes[..]).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        scratch.write(&format!("{name}/tar/x.tar"), &tar);
        scratch.write(&format!("{name}/tgz/x.tgz"), &gzip(&tar));
        let plain = canonical_of(&scratch.0.join(&name).join("plain"));
        for kind in ["gzip", "docker", "tar", "tgz"] {
            let other = canonical_of(&scratch.0.join(&name).join(kind));
            assert_eq!(other.len(), plain.len(), "{name} {kind}");
            for (a, b) in other.iter().zip(&plain) {
                assert_same(a, b, &format!("{name} {kind}"));
                seen += 1;
            }
        }
    }
    assert!(seen >= 28, "{seen}");
}

// ---- traps of the releases -----------------------------------------------------------------------------------------

#[test]
fn nothing_in_the_samples_of_any_release_is_unknown() {
    for name in RELEASES {
        let (inputs, facts) = read(&fixture(name));
        for (id, c) in &facts.coverage {
            let label = &inputs.artefact(*id).unwrap().label;
            assert_eq!(
                c.unknown,
                0,
                "{name} {label}: {:?}",
                c.unknown_shapes.commonest(3)
            );
        }
    }
}

#[test]
fn udp_pushes_of_1_4_name_their_clients() {
    let f = facts_of("v1.4.2");
    assert_eq!(client(&f, "10.0.0.9", Signal::UdpGivenUp), 1);
    assert_eq!(client(&f, "10.0.0.8", Signal::UdpAck), 1);
    assert_eq!(client(&f, "10.0.0.7", Signal::UdpLateAck), 1);
    assert_eq!(
        client(&f, "10.0.0.6", Signal::UdpLateAck),
        1,
        "the address stands in the exception"
    );
    assert_eq!(client(&f, "10.0.0.5", Signal::UdpSendFailed), 2);
    assert_eq!(total(&f, Signal::UdpSendFailed), 3, "one line names nobody");
}

#[test]
fn logins_are_told_with_and_without_an_access_log() {
    let f = facts_of("v1.4.2");
    assert_eq!(client(&f, "10.0.0.9", Signal::Login), 2);
    assert_eq!(
        f.log
            .logins
            .by_status
            .iter()
            .map(|(k, v)| (*k, *v))
            .collect::<Vec<_>>(),
        [(200, 1), (403, 1)]
    );
    assert_eq!(f.log.logins.peak().unwrap().count, 2);
    assert_eq!(client(&f, "10.0.0.4", Signal::LoginRefused), 1);
    assert_eq!(client(&f, "10.0.0.4", Signal::AuthDenied), 1);
    assert_eq!(client(&f, "10.0.0.3", Signal::IdentityInvalid), 1);
    let f = facts_of("v2.3.2");
    assert_eq!(
        total(&f, Signal::LoginRefused),
        2,
        "LDAP and an unknown user"
    );
    assert_eq!(total(&f, Signal::AuthDenied), 2);
    assert_eq!(f.log.login_users.len(), 1);
    let f = facts_of("v3.0.3");
    assert_eq!(
        (
            total(&f, Signal::LoginRefused),
            total(&f, Signal::AuthDenied)
        ),
        (1, 1)
    );
}

#[test]
fn no_secret_reaches_the_facts() {
    for name in RELEASES {
        let text = canonical(&facts_of(name), true);
        for secret in ["geheim", "sup3rs3cret", "eyJ"] {
            assert!(!text.contains(secret), "{name}: {secret}");
        }
    }
}

#[test]
fn the_reason_of_a_failed_push_may_hold_anything() {
    let f = facts_of("v2.1.2");
    assert_eq!(client(&f, "172.17.0.2", Signal::PushFail), 1);
    assert_eq!(
        client(&f, "10.x.x.9", Signal::PushFail),
        1,
        "a masked address stays as it is"
    );
    assert_eq!(client(&f, "fe80::1:2:3:4", Signal::PushFail), 1);
    assert_eq!(
        client(&f, "10.0.0.8", Signal::PushFail),
        1,
        "the last target of a reason of several lines"
    );
    assert_eq!(
        client(&f, "10.0.0.8", Signal::PushOk),
        2,
        "the address stands before the service, too"
    );
    assert_eq!(total(&f, Signal::PushTaskFailed), 1);
    assert!(
        f.log
            .services
            .keys()
            .any(|s| s.ends_with(b"name='a, ephemeral=no, '{b}'")),
        "names may hold anything"
    );
}

#[test]
fn a_push_with_two_records_is_counted_once() {
    let f = facts_of("v2.1.2");
    assert_eq!(client(&f, "10.0.0.6", Signal::UdpGivenUp), 1);
    assert_eq!(
        (
            client(&f, "10.0.0.6", Signal::PushFail),
            client(&f, "10.0.0.6", Signal::PushEcho)
        ),
        (0, 1)
    );
    let f = facts_of("v2.3.2");
    assert_eq!(
        client(&f, "10.0.0.9", Signal::PushFail),
        2,
        "one refused, one genuine time-out"
    );
    assert_eq!(client(&f, "10.0.0.9", Signal::PushEcho), 1);
    assert_eq!(
        (total(&f, Signal::PushFail), total(&f, Signal::PushEcho)),
        (3, 1)
    );
    let f = facts_of("v3.0.3");
    assert_eq!(
        client(&f, "10.0.0.9", Signal::PushFail),
        2,
        "3.0.3 cancels the timer"
    );
}

#[test]
fn configuration_pushes_are_told_with_and_without_a_client() {
    let count = |f: &Facts, s| {
        f.log
            .connections
            .values()
            .map(|c| c.activities.count(s))
            .sum::<u64>()
    };
    let f = facts_of("v2.1.2");
    assert_eq!(total(&f, Signal::ConfigPushFail), 1);
    assert_eq!(
        count(&f, Signal::ConfigPushFail),
        0,
        "2.0.0 to 2.2.4 name nobody"
    );
    assert_eq!(count(&f, Signal::ConfigPushGivenUp), 1);
    let f = facts_of("v3.0.3");
    assert_eq!(count(&f, Signal::ConfigPushFail), 2);
    assert_eq!(count(&f, Signal::ConfigPushGivenUp), 2);
    assert_eq!(count(&f, Signal::FuzzyPushFail), 2);
}

#[test]
fn a_connection_keeps_the_declared_address_and_the_peers() {
    let f = facts_of("v2.1.2");
    let (id, c) = f
        .log
        .connections
        .iter()
        .find(|(_, c)| c.meta.is_some())
        .unwrap();
    let meta = c.meta.as_ref().unwrap();
    assert_eq!(id.peer.to_string(), "10.0.0.9");
    assert_eq!(meta.declared.as_ref().unwrap().to_string(), "172.17.0.2");
    assert_eq!((&*meta.app, &*meta.module), ("shop", "naming"));
    for s in [
        Signal::Connect,
        Signal::Disconnect,
        Signal::Expelled,
        Signal::ResetSent,
        Signal::LateAck,
        Signal::TpsOverLimit,
        Signal::RequestFailed,
        Signal::SendFailed,
    ] {
        assert_eq!(c.activities.count(s), 1, "{s:?}");
    }
    assert_eq!(total(&f, Signal::OverLimit), 2);
    assert_eq!(f.log.census_max, Some(12));
    assert_eq!(
        facts_of("v2.5.1").log.census_max,
        Some(9),
        "the census moved to another file"
    );
}

#[test]
fn back_pressure_is_told_by_every_file_that_words_it() {
    let f = facts_of("v2.3.2");
    assert_eq!(client(&f, "10.0.0.9", Signal::PushBusy), 1);
    assert_eq!(
        total(&f, Signal::SendBusy),
        2,
        "a refused send and a refused sign of life"
    );
    assert_eq!(total(&f, Signal::Expelled), 1);
    assert_eq!(f.log.tps[&b"SERVER_PUSH_BLOCK"[..]].denied, 2);
    assert_eq!(total(&f, Signal::PoolExhausted), 1);
    assert_eq!(
        f.log.pool_max.as_ref().map(|(q, n, _)| (*q, *n)),
        Some((16376, 256))
    );
    assert_eq!(total(&f, Signal::NettyLeak), 1);
}

#[test]
fn allocation_failures_are_found_where_each_release_writes_them() {
    let all = |f: &Facts| {
        f.log
            .failures
            .values()
            .map(|v| (v.count, v.mentions))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        all(&facts_of("v2.1.2")),
        [(3, 4)],
        "console, worker and request handler"
    );
    let f = facts_of("v2.3.2");
    assert_eq!(all(&f), [(1, 1), (1, 1)]);
    assert_eq!(
        f.log
            .failures
            .keys()
            .filter_map(|k| k.limit)
            .collect::<Vec<_>>(),
        [503_316_480, 67_108_864]
    );
    let f = facts_of("framing/gateway");
    assert_eq!(
        total(&f, Signal::AllocationFailure),
        0,
        "another process's text"
    );
}

#[test]
fn queues_and_peers_in_trouble_are_told() {
    let f = facts_of("v2.1.2");
    assert_eq!(
        f.log.task_backlog_max.as_ref().map(|(a, m, _)| (*a, *m)),
        Some((42, 30))
    );
    assert_eq!(f.log.config_queue_max.as_ref().map(|(n, _)| *n), Some(192));
    assert_eq!(f.log.subscribers_max, Some(9));
    assert_eq!(f.log.pushes_max, (Some(1291), Some(17)));
    assert_eq!(f.log.totals.amount(Signal::TaskSlow), 1044);
    assert_eq!(f.log.tps[&b"NAMING_RPC_PUSH_FAIL"[..]].passed, 3);
    assert!(
        !f.log.tps.contains_key(&b"ConfigQuery"[..]),
        "rows of monitor keys are part of their point's"
    );
    let f = facts_of("v2.3.2");
    assert_eq!(total(&f, Signal::DistroFailed), 2);
    assert_eq!(total(&f, Signal::PeerUnhealthy), 1);
    assert_eq!(total(&f, Signal::DistroVerifyFailed), 1);
    assert_eq!(total(&f, Signal::RaftTrouble), 1);
    assert_eq!(f.log.snapshot_max.as_ref().map(|(n, _)| *n), Some(4711));
}

#[test]
fn both_layouts_of_configuration_requests_are_read_in_one_file() {
    let f = facts_of("v2.5.1");
    assert_eq!(total(&f, Signal::ConfigGet), 2);
    assert_eq!(client(&f, "10.0.0.9", Signal::ConfigGet), 1);
    assert_eq!(
        client(&f, "null", Signal::ConfigGet),
        0,
        "an address may be null"
    );
    assert_eq!(client(&f, "10.0.0.9", Signal::ConfigPoll), 1);
    assert_eq!(client(&f, "10.0.0.9", Signal::ConfigPull), 1);
    let listens =
        |f: &Facts| f.log.clients[&Address::read(b"10.0.0.9")].amount(Signal::ConfigListen);
    assert_eq!(listens(&f), 3000);
    assert_eq!(
        listens(&facts_of("v2.1.2")),
        3000,
        "what is cancelled is not listened to"
    );
}

#[test]
fn registrations_are_told_by_every_engine() {
    let f = facts_of("v1.4.2");
    assert_eq!(
        (
            f.log.totals.amount(Signal::Registration),
            f.log.totals.amount(Signal::Deregistration)
        ),
        (3, 2)
    );
    let f = facts_of("v2.1.2");
    assert_eq!(total(&f, Signal::Registration), 2);
    assert_eq!(
        client(&f, "10.0.0.7", Signal::Registration),
        1,
        "a client over HTTP"
    );
}

#[test]
fn the_banner_tells_release_mode_port_process_and_address() {
    let f = facts_of("v2.1.2");
    assert_eq!(server(&f, ServerKey::Version), ["2.1.2"]);
    assert_eq!(server(&f, ServerKey::Mode), ["cluster", "cluster"]);
    assert_eq!(server(&f, ServerKey::Pid), ["4711"]);
    assert_eq!(
        server(&f, ServerKey::Console),
        ["http://10.0.0.1:8848/nacos/index.html"]
    );
    assert_eq!(server(&f, ServerKey::Storage), ["external"]);
    let f = facts_of("v3.0.3");
    assert_eq!(server(&f, ServerKey::Version), ["3.0.3", "3.0.3"]);
    let f = facts_of("framing/two-processes");
    assert_eq!(server(&f, ServerKey::Pid), ["4711", "4712"]);
    assert_eq!(
        f.jvm.sources.len(),
        4,
        "two command lines, two options from the environment"
    );
    assert_eq!(f.log.failures.values().map(|v| v.count).sum::<u64>(), 2);
}

#[test]
fn an_access_log_in_another_zone_is_moved_to_the_nodes_clock() {
    let (inputs, f) = read(&fixture("v2.3.2"));
    let access = inputs
        .artefacts
        .iter()
        .find(|a| a.label.contains("access_log"))
        .unwrap();
    assert_eq!(access.shift_ms, 480 * 60_000);
    let login = f.log.clients[&Address::read(b"10.0.0.9")]
        .get(Signal::Login)
        .unwrap();
    assert_eq!(login.first_time().unwrap().local(), "2024-05-01 10:00:00");
    assert!(f.log.clock.contains_key(&(ClockSource::AccessLog, 0)));
    assert!(f.issues.iter().any(|i| i.what.contains("offset from UTC")));
}

#[test]
fn a_clusters_lines_about_peers_clients_are_no_connections_of_this_node() {
    let scratch = Scratch::new("peers");
    let id = "1714528799000_10.0.0.9_51234";
    let at = "2024-05-01 10:00:00,000 INFO";
    scratch.write(
        "logs/naming-server.log",
        format!("{at} Client connection {id} connect\n\n{at} Client change for service Service{{namespace='public', group='G', name='s', ephemeral=true, revision=1}}, {id}\n\n").as_bytes(),
    );
    // A connection that only ends: its beginning was dropped by a full queue, or stood in a file that is gone.
    scratch.write(
        "logs/remote-digest.log",
        format!(
            "{at} Connection transportTerminated,connectionId = 1714528799001_10.0.0.8_51235 \n\n"
        )
        .as_bytes(),
    );
    let (_, f) = read(&scratch.0);
    assert_eq!(total(&f, Signal::Connect), 0, "a peer's client");
    assert_eq!(total(&f, Signal::Disconnect), 1);
    assert_eq!(f.coverage.values().map(|c| c.unknown).sum::<u64>(), 0);
}

#[test]
fn lines_of_levels_switched_on_at_run_time_are_known() {
    let scratch = Scratch::new("debug");
    let at = "2024-05-01 10:00:00,000 DEBUG";
    scratch.write(
        "logs/naming-push.log",
        format!("{at} [PUSH-CACHE] cache hit: G@@s:10.0.0.9:58227\n\n{at} client is zombie: serviceName: s, clusters: , address: /10.0.0.9:1, agent: x\n\n").as_bytes(),
    );
    scratch.write(
        "logs/protocol-distro.log",
        format!("{at} [DISTRO-SCHEDULE] DistroKey{{resourceKey='x'}} to 10.0.0.2:8848\n\n")
            .as_bytes(),
    );
    let (_, f) = read(&scratch.0);
    let sums = f
        .coverage
        .values()
        .fold((0, 0), |s, c| (s.0 + c.records, s.1 + c.minor));
    assert_eq!(sums, (3, 3));
}

#[test]
fn classes_are_told_relocated_or_not() {
    let scratch = Scratch::new("classes");
    let figures = "failed to allocate 16 byte(s) of direct memory (used: 90, max: 100)";
    let text: String = ["io.netty", "io.grpc.netty.shaded.io.netty", "com.alibaba.nacos.shaded.io.grpc.netty.shaded.io.netty"]
        .map(|p| format!("2024-05-01 10:00:00,000 ERROR [TASK-FAILED] {p}.util.internal.OutOfDirectMemoryError: {figures}\n\n"))
        .concat();
    scratch.write("logs/naming-server.log", text.as_bytes());
    let (_, f) = read(&scratch.0);
    assert_eq!(f.log.failures.len(), 3, "a class each");
    assert_eq!(
        total(&f, Signal::AllocationFailure),
        2,
        "the third is a client's own memory"
    );
}

/// Each trap that the layouts of the releases hold for a parser, where it is in the fixtures (or made by the test itself), and the
/// test that holds it.
const TRAPS: [(&str, &str, &str); 23] = [
    (
        "the blank line stands inside the record",
        "framing/plain",
        "every_framing_of_the_same_records_gives_the_same_counts",
    ),
    (
        "`error: {}` is literal",
        "v1.4.2/logs/naming-push.log",
        "udp_pushes_of_1_4_name_their_clients",
    ),
    (
        "a reason is null, holds commas, spans lines",
        "v2.1.2/logs/naming-push.log",
        "the_reason_of_a_failed_push_may_hold_anything",
    ),
    (
        "names of services hold commas, quotes, braces",
        "v2.1.2/logs/naming-push.log",
        "the_reason_of_a_failed_push_may_hold_anything",
    ),
    (
        "the address stands before the service",
        "v2.1.2/logs/naming-push.log",
        "the_reason_of_a_failed_push_may_hold_anything",
    ),
    (
        "declared address and peer differ",
        "v2.1.2/logs/remote-digest.log",
        "a_connection_keeps_the_declared_address_and_the_peers",
    ),
    (
        "no address at all",
        "v2.1.2/logs/remote-push.log",
        "configuration_pushes_are_told_with_and_without_a_client",
    ),
    (
        "one push has two records",
        "v2.3.2/logs/naming-push.log",
        "a_push_with_two_records_is_counted_once",
    ),
    (
        "peers' clients, disconnects without connects",
        "",
        "a_clusters_lines_about_peers_clients_are_no_connections_of_this_node",
    ),
    (
        "the census moves between files",
        "v2.5.1/logs/plugin-control-connection.log",
        "a_connection_keeps_the_declared_address_and_the_peers",
    ),
    (
        "a rotated name without .log",
        "v2.5.1/logs/plugin-control.2024-05-01.0",
        "nothing_in_the_samples_of_any_release_is_unknown",
    ),
    (
        "lines are dropped under load",
        "",
        "a_clusters_lines_about_peers_clients_are_no_connections_of_this_node",
    ),
    (
        "CRLF, CJK, bytes that are no UTF-8",
        "framing/gbk",
        "bytes_that_are_no_utf_8_lose_nothing",
    ),
    (
        "huge single lines",
        "",
        "a_record_longer_than_any_window_is_read_to_its_end",
    ),
    (
        "no zone; a bar behind the date; no head at all",
        "v1.4.2/logs/config-pull-check.log",
        "nothing_in_the_samples_of_any_release_is_unknown",
    ),
    (
        "two layouts of configuration requests, null addresses",
        "v2.5.1/logs/config-client-request.log",
        "both_layouts_of_configuration_requests_are_read_in_one_file",
    ),
    (
        "columns of the figures shift",
        "v2.1.2/logs/naming-performance.log",
        "queues_and_peers_in_trouble_are_told",
    ),
    (
        "names and columns of access logs",
        "v1.4.2/bin/logs/access_log.2024-05-01.log",
        "logins_are_told_with_and_without_an_access_log",
    ),
    (
        "flags behind -jar, errors without a time, restarts",
        "framing/two-processes/start.out",
        "the_banner_tells_release_mode_port_process_and_address",
    ),
    (
        "secrets",
        "v2.3.2/logs/core-auth.log",
        "no_secret_reaches_the_facts",
    ),
    (
        "no value, shifted values, `{]`",
        "v3.0.3/logs/naming-push.log",
        "configuration_pushes_are_told_with_and_without_a_client",
    ),
    (
        "levels switched on at run time",
        "",
        "lines_of_levels_switched_on_at_run_time_are_known",
    ),
    ("relocated classes", "", "classes_are_told_relocated_or_not"),
];

#[test]
fn each_trap_has_a_fixture_and_a_test() {
    let source = include_str!("logs.rs");
    for (what, file, test) in TRAPS {
        assert!(file.is_empty() || fixture(file).exists(), "{what}: {file}");
        assert!(source.contains(&format!("fn {test}()")), "{what}: {test}");
    }
}
