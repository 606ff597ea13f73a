//! Bytes and objects a second of the heap dump reader, on a dump made here.
//!
//! `cargo bench --bench parse_hprof -- [MEGABYTES]`. The same dump in segments of a MiB (JDK 11 to 25), as one record (JDK 8)
//! and packed with gzip. What counts is the ratio to the lines below it: adding up all eight-byte words of the same bytes,
//! which is what memory gives, and inflating the same file. Never a figure by itself: machines differ.

#[path = "../tests/support/hprof.rs"]
mod hprof;
#[path = "../tests/support/server.rs"]
mod server;

use std::hint::black_box;
use std::io::{Read, Write};
use std::time::Instant;

use hprof::{Dump, Framing, V};
use nacos_offheap::facts::heap::{DumpSource, read_dump};
use server::Server;

/// A server among map entries, each with a key, arrays of bytes and references: some 70 bytes an object, as in real heaps.
fn make_dump(bytes: usize) -> Dump {
    let mut d = Server::default().dump();
    d.class(
        "com.example.Entry",
        "",
        &[
            ("key", V::Ref(0)),
            ("value", V::Ref(0)),
            ("hash", V::Int(0)),
        ],
    );
    let filler = [0u8; 200];
    for i in 0..bytes / 300 {
        let length = i.wrapping_mul(2_654_435_761) % filler.len();
        let key = d.bytes(&filler[..length / 8]);
        let data = d.bytes(&filler[..length]);
        let pair = d.array(&[key, data, 0]);
        d.object(
            "com.example.Entry",
            &[("key", V::Ref(key)), ("value", V::Ref(pair))],
        );
    }
    d
}

/// The shortest of five runs, in seconds.
fn best<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::MAX;
    let mut last = None;
    for _ in 0..5 {
        let began = Instant::now();
        last = Some(black_box(work()));
        best = best.min(began.elapsed().as_secs_f64());
    }
    (best, last.expect("five runs"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // One member for each MiB, as the JDK packs.
    let mut out = Vec::new();
    for part in bytes.chunks(1 << 20) {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(part).expect("into memory");
        out.extend(e.finish().expect("into memory"));
    }
    out
}

fn main() {
    let megabytes: usize = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(128);
    let dump = make_dump(megabytes << 20);
    let segments = dump.write("1.0.2", Framing::Segments(1 << 20));
    let single = dump.write("1.0.1", Framing::Single);
    let packed = gzip(&segments);
    drop(dump);
    let mut out = std::io::stdout();
    let mut line = |name: &str, seconds: f64, objects: u64, floor: (&str, f64)| {
        writeln!(
            out,
            "parse_hprof {name}: {} MiB, {:.0} MiB/s, {:.1} ns an object; {:.1} times the time of {}",
            segments.len() >> 20,
            segments.len() as f64 / seconds / f64::from(1 << 20),
            seconds * 1e9 / objects as f64,
            seconds / floor.1,
            floor.0,
        )
        .expect("standard output");
    };
    let (words, _) = best(|| {
        let (words, _) = segments.as_chunks::<8>();
        let add = |sum: u64, w: &[u8; 8]| sum.wrapping_add(u64::from_ne_bytes(*w));
        words.iter().fold(0u64, add)
    });
    for (name, bytes) in [("in segments", &segments), ("in one record", &single)] {
        let (time, facts) = best(|| read_dump(DumpSource::Bytes(bytes), &|_| {}));
        assert!(facts.complete && facts.backlog.messages == 3);
        line(name, time, facts.objects, ("adding up its words", words));
    }
    let (inflating, _) = best(|| {
        let mut from = flate2::bufread::MultiGzDecoder::new(&packed[..]);
        std::io::copy(&mut from.by_ref(), &mut std::io::sink()).expect("a good file")
    });
    let (time, facts) = best(|| read_dump(DumpSource::Bytes(&packed), &|_| {}));
    assert!(facts.complete && facts.backlog.messages == 3);
    line("packed", time, facts.objects, ("inflating it", inflating));
}
