//! Bytes and records a second of the push-log path, on a log made here.
//!
//! `cargo bench --bench parse_log -- [MEGABYTES]`. What counts is the ratio between two lines of one run (the whole analysis
//! against counting line ends in the same bytes), never a figure by itself: machines differ.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use nacos_offheap::facts::Facts;
use nacos_offheap::format::{Context, Format, read_log};
use nacos_offheap::parse::statement::Series;
use nacos_offheap::span::{ArtefactId, Window};

/// A naming-push.log in the shape of 2.2.x: one push in fifty fails, 4,000 clients, 400 services.
fn make_log(bytes: usize) -> Vec<u8> {
    let mut out = String::with_capacity(bytes + 1024);
    let mut i = 0u64;
    while out.len() < bytes {
        let t = i / 40;
        let client = i.wrapping_mul(2_654_435_761) % 4_000;
        let ip = format!("10.{}.{}.{}", client % 7, client / 250, client % 250);
        let service = format!(
            "Service{{namespace='public', group='DEFAULT_GROUP', name='svc-{}', ephemeral=true, revision={}}}",
            i % 400,
            i / 400
        );
        let head = format!(
            "2026-11-{:02} {:02}:{:02}:{:02},{:03}",
            22 + t / 86_400 % 7,
            t / 3600 % 24,
            t / 60 % 60,
            t % 60,
            i % 40 * 25
        );
        let done = if i.is_multiple_of(50) {
            write!(
                out,
                "{head} ERROR [PUSH-FAIL] 5000ms, {service}, reason=Timeout After 5000 milliseconds,requestId ={i}, target={ip}\n\n{head} ERROR Reason detail: \n\njava.util.concurrent.TimeoutException: Timeout After 5000 milliseconds,requestId ={i}\n\tat com.alibaba.nacos.api.remote.DefaultRequestFuture$TimeoutHandler.run(DefaultRequestFuture.java:194)\n"
            )
        } else {
            write!(
                out,
                "{head} INFO [PUSH-SUCC] 3ms, all delay time 503ms, SLA 504ms, {service}, originalSize=12, DataSize=12, target={ip}\n\n"
            )
        };
        done.expect("a string takes what it is given");
        i += 1;
    }
    out.into_bytes()
}

fn main() {
    let megabytes: usize = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(64);
    let log = make_log(megabytes << 20);
    let context = Context {
        wrapping: nacos_offheap::parse::wrapping::Wrapping::None,
        map: None,
        format: Format::Log(Series::NamingPush),
        shift_ms: 0,
        next_time: None,
        name_time: None,
        modified: None,
        since_until: (None, None),
        label: "naming-push.log",
    };
    let window = Window {
        artefact: ArtefactId(0),
        base: 0,
        bytes: &log,
    };
    let (mut best, mut records) = (f64::MAX, 0);
    let mut lines = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let mut facts = Facts::default();
        read_log(&window, &context, &mut facts);
        best = best.min(began.elapsed().as_secs_f64());
        records = facts.coverage(ArtefactId(0)).records;
        black_box(&facts);
        let began = Instant::now();
        black_box(memchr::memchr_iter(b'\n', &log).count());
        lines = lines.min(began.elapsed().as_secs_f64());
    }
    let report = format!(
        "parse_log: {} MiB, {records} records, {:.0} MiB/s, {:.0} ns a record; {:.1} times the time of counting line ends\n",
        log.len() >> 20,
        log.len() as f64 / best / f64::from(1 << 20),
        best * 1e9 / records as f64,
        best / lines,
    );
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("standard output");
}
