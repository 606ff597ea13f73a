//! Damaged inputs: any prefix, flipped bytes, absurd sizes. The program ends, says what is missing, never panics, and never
//! calls half a file healthy.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::path::Path;

use nacos_offheap::report::Report;
use nacos_offheap::rules::Outcome;
use support::{Scratch, files_below, fixture, report_of};

/// A small generator with a fixed seed: the same damage on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn copy(from: &Path, to: &Path) {
    for p in files_below(from) {
        let target = to.join(p.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&p, target).unwrap();
    }
}

#[test]
fn a_prefix_of_every_file_ends_with_a_report() {
    let root = fixture("incidents/slow-client");
    let scratch = Scratch::new("prefix");
    let mut dice = Dice(7);
    for round in 0..6 {
        let dir = scratch.0.join(format!("r{round}"));
        copy(&root, &dir);
        let mut damaged = 0;
        for p in files_below(&dir) {
            let bytes = fs::read(&p).unwrap();
            let keep = dice.roll(bytes.len());
            damaged += usize::from(keep < bytes.len());
            fs::write(&p, &bytes[..keep]).unwrap();
        }
        assert!(damaged > 10);
        let r = report_of(&[&dir], None);
        let told = r.inputs.iter().filter(|i| !i.complete).count() + r.skipped.len();
        assert!(told > 5, "a report over cut files says so");
        if r.outcome == Outcome::NoCause {
            assert!(
                r.statement.text.contains("read only in part"),
                "{}",
                r.statement.text
            );
        }
    }
}

#[test]
fn flipped_bytes_end_with_a_report() {
    let root = fixture("incidents/stuck-client");
    let scratch = Scratch::new("flips");
    let mut dice = Dice(11);
    for round in 0..6 {
        let dir = scratch.0.join(format!("r{round}"));
        copy(&root, &dir);
        for p in files_below(&dir) {
            let mut bytes = fs::read(&p).unwrap();
            for _ in 0..1 + bytes.len() / 2000 {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
            fs::write(&p, &bytes).unwrap();
        }
        let r = report_of(&[&dir], None);
        // Allocation failures stand in several files: damage does not make the server look well.
        assert_ne!(
            r.outcome,
            Outcome::NoCause,
            "round {round}: {}",
            r.statement.text
        );
    }
}

#[test]
fn a_log_of_one_endless_line_is_read_in_bounded_steps() {
    let scratch = Scratch::new("endless");
    let mut bytes = b"2026-11-22 10:00:00,000 ERROR [NACOS-PUSH] failed to push data: ".to_vec();
    bytes.resize(24 << 20, b'x');
    bytes.extend_from_slice(b"\n2026-11-22 10:00:01,000 ERROR [TASK-FAILED] java.lang.OutOfMemoryError: Direct buffer memory\n\n");
    let f = scratch.file("naming-push.log", &bytes);
    let r = report_of(&[&f], None);
    assert_eq!(r.inputs[0].bytes, bytes.len() as u64);
    assert_eq!(exhausted(&r), 1, "what stands behind the line is read");
}

#[test]
fn holes_and_other_encodings_lose_only_themselves() {
    let scratch = Scratch::new("holes");
    let mut bytes = vec![0u8; 5000];
    bytes.extend_from_slice(b"\n2026-11-22 10:00:00,000 ERROR [TASK-FAILED] java.lang.OutOfMemoryError: Direct buffer memory\r\n\r\n");
    bytes.extend_from_slice(b"2026-11-22 10:00:01,000 WARN \xb4\xc5\xc5\xcc\xc2\xfa\xd7\xd4\xc9\xb1\xcd\xcb\xb3\xf6\r\n\r\n");
    bytes.extend_from_slice(b"2026-11-22 10:00:02,000 ERROR [TASK-FAILED] java.lang.OutOfMemoryError: Direct buffer memory\r\n\r\n");
    let f = scratch.file("naming-server.log", &bytes);
    assert_eq!(exhausted(&report_of(&[&f], None)), 2);
}

fn exhausted(r: &Report) -> u64 {
    r.nodes[0].direct_memory.exhausted.count
}
