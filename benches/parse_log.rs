//! Bytes and records a second of the push-log path, on a log made here.
//!
//! `cargo bench --bench parse_log -- [MEGABYTES]`. What counts is the ratio between two lines of one run (the whole analysis
//! against counting line ends in the same bytes), never a figure by itself: machines differ.

mod support;

use std::hint::black_box;
use std::time::Instant;

use nacos_offheap::facts::Facts;
use nacos_offheap::format::{Context, Format, read_log};
use nacos_offheap::parse::statement::Series;
use nacos_offheap::span::{ArtefactId, Window};

fn main() {
    let megabytes: usize = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(64);
    let log = support::push_log(megabytes << 20, 4_000).into_bytes();
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
