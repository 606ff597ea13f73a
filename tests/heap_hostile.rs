//! Dumps that are cut off, damaged or lie: reading them ends, says what is missing, and stays small.

#[path = "support/hprof.rs"]
mod hprof;
#[path = "support/server.rs"]
mod server;

use std::io::Write;

use hprof::{Dump, Framing, V};
use nacos_offheap::facts::heap::{DumpSource, HeapFacts, read_dump};
use server::Server;

fn read(bytes: &[u8]) -> HeapFacts {
    read_dump(DumpSource::Bytes(bytes), &|_| {})
}

fn server() -> Server {
    Server {
        prefix: "",
        messages: 2,
        ..Server::default()
    }
}

fn small() -> Vec<u8> {
    server().dump().write("1.0.2", Framing::Segments(1500))
}

/// A small generator, so that the flips are the same on every run.
struct Rolls(u64);

impl Rolls {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Two members, as the JDK writes several.
    let mut out = Vec::new();
    for half in bytes.chunks(bytes.len() / 2 + 1) {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(half).expect("into memory");
        out.extend(e.finish().expect("into memory"));
    }
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The most memory this process ever used, where the system tells.
fn peak_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn assert_small() {
    if let Some(kb) = peak_kb() {
        assert!(kb < 400 << 10, "{kb} KB");
    }
}

#[test]
fn every_prefix_of_a_dump_is_read_as_far_as_it_goes_with_a_stated_loss() {
    for (version, framing, step) in [
        ("1.0.2", Framing::Segments(1500), 1),
        ("1.0.1", Framing::Single, 11),
    ] {
        let bytes = server().dump().write(version, framing);
        let whole = read(&bytes);
        assert!(whole.complete, "{:?}", whole.loss);
        for cut in (0..bytes.len()).step_by(step) {
            let f = read(&bytes[..cut]);
            assert!(
                !f.complete && !f.loss.is_empty(),
                "cut at {cut} of {}",
                bytes.len()
            );
            assert!(f.objects <= whole.objects);
        }
    }
    assert_small();
}

#[test]
fn most_of_a_cut_off_dump_is_still_told() {
    let bytes = Server::default()
        .dump()
        .write("1.0.2", Framing::Segments(1 << 20));
    let f = read(&bytes[..bytes.len() - 40]);
    assert_eq!(f.backlog.held_bytes, 3 * 4096);
    assert!(
        f.loss[0].what.contains("ends inside a heap segment"),
        "{:?}",
        f.loss
    );
}

#[test]
fn every_prefix_of_a_packed_dump_has_a_stated_loss() {
    let bytes = small();
    for packed in [gzip(&bytes), zstd(&bytes)] {
        assert!(read(&packed).complete);
        for cut in (0..packed.len()).step_by(7) {
            let f = read(&packed[..cut]);
            assert!(!f.complete, "cut at {cut} of {}", packed.len());
        }
    }
    assert_small();
}

#[test]
fn ten_thousand_flipped_bits_end_without_a_panic() {
    let plain = small();
    let (gzip, zstd) = (gzip(&plain), zstd(&plain));
    let flip = |bytes: &[u8], rounds: usize, seed: u64| {
        let mut bytes = bytes.to_vec();
        let mut rolls = Rolls(seed);
        for _ in 0..rounds {
            let flips = 1 + rolls.next(3);
            let at: Vec<(usize, u8)> = (0..flips)
                .map(|_| (rolls.next(bytes.len()), 1 << rolls.next(8)))
                .collect();
            for (i, bit) in &at {
                bytes[*i] ^= bit;
            }
            let f = read(&bytes);
            assert!(f.objects < 10_000);
            for (i, bit) in at.iter().rev() {
                bytes[*i] ^= bit;
            }
        }
    };
    std::thread::scope(|s| {
        for seed in 1..=4 {
            let (flip, plain) = (&flip, &plain);
            s.spawn(move || flip(plain, 2_500, seed * 0x05ee_d0ff_4ea9_017d));
        }
        s.spawn(|| flip(&gzip, 500, 0x1f8b));
        s.spawn(|| flip(&zstd, 500, 0x28b5));
    });
    assert_small();
}

#[test]
fn absurd_lengths_are_losses_not_allocations() {
    let bytes = small();
    // Wherever four bytes may be a length, they become an absurd one.
    for at in (31..bytes.len() - 4).step_by(13) {
        for value in [u32::MAX, 0x0100_0000] {
            let mut bad = bytes.clone();
            bad[at..at + 4].copy_from_slice(&value.to_be_bytes());
            let f = read(&bad);
            assert!(f.objects < 10_000);
        }
    }
    assert_small();
}

#[test]
fn a_length_of_four_gigabytes_in_a_kilobyte_is_an_issue() {
    let mut bytes = b"JAVA PROFILE 1.0.2\0".to_vec();
    bytes.extend(8u32.to_be_bytes());
    bytes.extend(0u64.to_be_bytes());
    bytes.extend([0x1c, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    bytes.extend([
        0x23, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 11,
    ]);
    bytes.resize(1024, 7);
    let f = read(&bytes);
    assert!(!f.complete);
    assert!(f.loss.iter().any(|l| l.lost_bytes > 900), "{:?}", f.loss);
}

#[test]
fn what_is_no_dump_says_so() {
    for bytes in [
        &b""[..],
        b"JAVA",
        b"hello, world",
        b"JAVA PROFILE 1.0.3\0\0\0\0\x08........",
        b"\x1f\x8b",
    ] {
        let f = read(bytes);
        assert!(!f.complete && f.loss.len() == 1, "{bytes:?}: {:?}", f.loss);
    }
}

#[test]
fn reading_goes_on_at_the_next_segment_after_a_damaged_one() {
    let bytes = small();
    let whole = read(&bytes);
    // The first object of a segment in the middle gets a tag that is none.
    let mut segments = Vec::new();
    let mut at = 31;
    while at < bytes.len() {
        if bytes[at] == 0x1c {
            segments.push(at);
        }
        let length = u32::from_be_bytes(bytes[at + 5..at + 9].try_into().unwrap());
        at += 9 + length as usize;
    }
    let mut bad = bytes.clone();
    let middle = segments[segments.len() / 2];
    bad[middle + 9] = 0x77;
    let f = read(&bad);
    let lost: Vec<u64> = f
        .loss
        .iter()
        .map(|l| l.lost_bytes)
        .filter(|n| *n > 0)
        .collect();
    assert!(
        lost.len() == 1 && lost[0] > 500 && lost[0] <= 1500,
        "{:?}",
        f.loss
    );
    assert!(f.objects < whole.objects && f.objects * 10 > whole.objects * 5);
    // A head that is none: the search finds the next one.
    let mut bad = bytes.clone();
    bad[middle] = 0x99;
    let f = read(&bad);
    assert!(
        f.loss.iter().any(|l| l.what.contains("record tag")),
        "{:?}",
        f.loss
    );
    assert!(f.objects * 10 > whole.objects * 5);
}

#[test]
fn absurd_figures_do_not_wrap_around() {
    let mut d = server().dump();
    let flow = "io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController";
    for _ in 0..3 {
        let pending = [("totalPendingBytes", V::Long(i64::MAX))];
        let monitor = d.object(&format!("{flow}$WritabilityMonitor"), &pending);
        d.object(flow, &[("monitor", V::Ref(monitor))]);
    }
    let f = read(&d.write("1.0.2", Framing::Segments(1500)));
    assert_eq!(f.backlog.queued_bytes, u64::MAX);
    assert_eq!(f.backlog.connections, 4);
}

#[test]
fn classes_above_themselves_with_very_many_fields_take_little_memory() {
    let mut d = Dump::new(true);
    let fields: Vec<(&str, V)> = (0..60_000).map(|_| ("x", V::Byte(0))).collect();
    let fat = d.class("java.nio.DirectByteBuffer", "", &fields);
    d.set_parent("java.nio.DirectByteBuffer", fat);
    for i in 0..300 {
        let name = format!("com.example.C{i}");
        d.class(&name, "java.nio.DirectByteBuffer", &[]);
        d.bare_object(&name);
    }
    let f = read(&d.write("1.0.2", Framing::Segments(1 << 20)));
    assert_eq!(f.buffers.bare.count, 300);
    assert_small();
}
