//! The quick way through naming-push.log and the statement table say the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nacos_offheap::facts::Facts;
use nacos_offheap::format::{Context, Format, read_log, read_log_by_table};
use nacos_offheap::parse::statement::Series;
use nacos_offheap::parse::wrapping::Wrapping;
use nacos_offheap::span::{ArtefactId, Window};
use nacos_offheap::units::WallTime;
use proptest::prelude::*;

fn agree(bytes: &[u8]) {
    agree_within(bytes, (None, None), 0);
}

/// The same when only what lies between two times is asked for, of a log whose clock is moved.
fn agree_within(bytes: &[u8], since_until: (Option<WallTime>, Option<WallTime>), shift_ms: i64) {
    let context = Context {
        wrapping: Wrapping::None,
        map: None,
        format: Format::Log(Series::NamingPush),
        shift_ms,
        next_time: None,
        name_time: None,
        modified: None,
        since_until,
        label: "naming-push.log",
    };
    let window = Window {
        artefact: ArtefactId(0),
        base: 7,
        bytes,
    };
    let (mut quick, mut table) = (Facts::default(), Facts::default());
    read_log(&window, &context, &mut quick);
    read_log_by_table(&window, &context, &mut table);
    assert!(quick.coverage == table.coverage, "coverage differs");
    assert!(quick.log == table.log, "facts differ");
    quick.settle();
    table.settle();
    assert!(quick.log == table.log, "settled facts differ");
}

fn logs(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            logs(&path, found);
        } else if path.extension().is_some_and(|e| e == "log" || e == "out") {
            found.push(path);
        }
    }
}

#[test]
fn both_ways_agree_on_every_fixture() {
    let mut found = Vec::new();
    logs(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut found,
    );
    assert!(!found.is_empty());
    for path in found {
        agree(&std::fs::read(path).unwrap());
    }
}

/// Why a push failed: time-outs of several texts, and what is none or not plain.
fn reason(i: u64) -> String {
    match i / 13 % 16 {
        0 => "errCode: 601, errMsg: Client connection is not active".to_owned(),
        1 => "Timeout After N milliseconds, NaN".to_owned(),
        2 => format!("Timeout After {i}N{i}, reason=x, target=10.0.0.1"),
        3 => "Timeout After 3000 milliseconds }".to_owned(),
        4 => "Timeout After 1 ms java.lang.OutOfMemoryError: Direct buffer memory".to_owned(),
        5 => "Timeout After 1\tms".to_owned(),
        6 => format!("Timeout After {} ms", "9".repeat(200)),
        7 => "Timeout After 1 \u{e9}".to_owned(),
        8 => "Timeout After 1 ms ".to_owned(),
        9 => "null".to_owned(),
        10 => "Timeout After 5000 milliseconds,requestId =".to_owned(),
        n => format!("Timeout After {} milliseconds,requestId ={i}", n * 1_000),
    }
}

/// Records of all forms, the common and the odd.
fn odd_log() -> String {
    let mut log = String::new();
    for i in 0..4_000u64 {
        // Out of order, over hours, with seconds that come back.
        let t = i * 7_919 % 20_000;
        let service = match i % 9 {
            0 => "Service{namespace='p', group='G', name='a}, b, ephemeral=true', ephemeral=true, revision=3}".to_owned(),
            1 => format!("Service{{namespace='p', group='G', name='x, ephemeral=true, revision={i}}}', ephemeral=false, revision=4}}"),
            n => format!("Service{{namespace='p', group='G', name='s-{n}', ephemeral=true, revision={}}}", i * 31 % 977),
        };
        let target = match i % 7 {
            0 => "010.0.0.1".to_owned(),
            1 => "fe80:0:0:0:1:2:3:4".to_owned(),
            2 => String::new(),
            n => format!("10.0.{n}.{}", i % 200),
        };
        let size = if i % 11 == 0 { "" } else { ", originalSize=12" };
        let message = match i % 13 {
            0 => format!("[PUSH] Task merge for {service}"),
            1 => format!(
                "[PUSH-FAIL] {}ms, {service}, reason={}, target={target}",
                i % 6_000,
                reason(i)
            ),
            5 if i % 2 == 0 => format!(
                "[PUSH-FAIL] 5000ms, {service}, reason=Timeout After 5000 milliseconds,requestId ={i}, target=10.9.9.{}",
                i % 3
            ),
            2 => "Reason detail: \n\njava.lang.OutOfMemoryError: Direct buffer memory".to_owned(),
            3 => format!(
                "[PUSH-SUCC] {i}ms, all delay time 3ms for subscriber {target}, {service}, DataSize=1"
            ),
            4 => format!(
                "[PUSH-SUCC] 123456789ms, all delay time 3ms, SLA 4ms, {service}, DataSize=1, target={target}\r"
            ),
            _ => format!(
                "[PUSH-SUCC] {i}ms, all delay time 3ms, SLA 4ms, {service}{size}, DataSize={}, target={target}",
                i % 5_000
            ),
        };
        let (s, ms) = (t % 60, i * 37 % 1000);
        let level = if message.starts_with("[PUSH-FAIL") || message.starts_with("Reason") {
            "ERROR"
        } else {
            "INFO"
        };
        writeln!(
            log,
            "2024-05-01 {:02}:{:02}:{s:02},{ms:03} {level} {message}\n",
            t / 3600,
            t / 60 % 60
        )
        .expect("a string takes what it is given");
    }
    log
}

#[test]
fn both_ways_agree_on_odd_records_and_cuts() {
    let log = odd_log();
    agree(log.as_bytes());
    for cut in 0..600 {
        agree(&log.as_bytes()[cut..cut * 7 + 3_000]);
    }
}

#[test]
fn a_reason_of_a_record_that_is_refused_is_not_counted() {
    let log = "2024-05-01 10:00:00,000 ERROR [PUSH-FAIL] 5000ms, Service{name\nspace='p', ephemeral=true, revision=1}, reason=Timeout After 5000 milliseconds,requestId =4, target=10.0.0.1\n\n2024-05-01 10:00:01,000 INFO x\n\n";
    agree(log.as_bytes());
}

#[test]
fn both_ways_agree_on_every_end() {
    let log = odd_log();
    let end = log.len();
    for cut in 0..1_200 {
        agree(&log.as_bytes()[end - 4_000..end - cut]);
    }
}

#[test]
fn both_ways_agree_on_a_stretch_of_time_and_a_moved_clock() {
    let log = odd_log();
    let at = |hour, minute| WallTime::from_fields(2024, 5, 1, hour, minute, 0, 0);
    for since_until in [
        (at(1, 30), None),
        (None, at(2, 0)),
        (at(1, 30), at(3, 0)),
        (at(3, 0), at(1, 0)),
    ] {
        agree_within(log.as_bytes(), since_until, 0);
        agree_within(log.as_bytes(), since_until, -3_600_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn both_ways_agree_on_damaged_records(
        from in 0usize..200_000,
        edits in prop::collection::vec((0usize..6_000, prop::sample::select(&b"\0\x1b\n=}0 ,\xefO"[..])), 0..12),
        words in prop::collection::vec((0usize..6_000, any::<bool>()), 0..3),
    ) {
        let mut bytes = odd_log().into_bytes();
        let from = from.min(bytes.len() - 6_000);
        bytes = bytes[from..from + 6_000].to_vec();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        for (at, netty) in words {
            let text: &[u8] = if netty {
                b"failed to allocate 16777216 byte(s) of direct memory (used: 1, max: 2)"
            } else {
                b"java.lang.OutOfMemoryError: Direct buffer memory"
            };
            let at = at.min(bytes.len() - text.len());
            bytes[at..at + text.len()].copy_from_slice(text);
        }
        // A line end of two bytes and dirt in one window: the table takes the first off before it looks at lengths.
        bytes.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'x');
        agree(&bytes);
    }
}
