//! The whole program on logs made here: bytes and records a second, and the most memory it holds.
//!
//! - `cargo bench --bench end_to_end` — logs of 10 and 100 MB with 4,000 clients;
//! - `cargo bench --bench end_to_end -- all` — 10 MB to 1.5 GB, and 10 to 100,000 clients in 100 MB;
//! - `… -- make FILE BYTES CLIENTS` writes such a log and prints how many records it holds.
//!
//! Logs are written below the folder for temporary files and removed again. Anonymous memory is looked up a thousand times a
//! second in `/proc` (Linux); elsewhere it is printed as 0.

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Run {
    seconds: f64,
    anonymous_kb: u64,
    resident_kb: u64,
}

/// Kilobytes of a line of `/proc/PID/status`.
fn kilobytes(status: &str, key: &str) -> u64 {
    status
        .lines()
        .find_map(|l| l.strip_prefix(key))
        .and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn run(log: &Path) -> Run {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(["analyze", "--exit-zero", "--format", "json"])
        .arg(log)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let (mut anonymous_kb, mut resident_kb) = (0, 0);
    while child.try_wait().expect("a child to wait for").is_none() {
        if let Ok(text) = std::fs::read_to_string(&status) {
            anonymous_kb = anonymous_kb.max(kilobytes(&text, "RssAnon:"));
            resident_kb = resident_kb.max(kilobytes(&text, "VmHWM:"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Run {
        seconds: began.elapsed().as_secs_f64(),
        anonymous_kb,
        resident_kb,
    }
}

/// A log of many parts that are alike: clients and services are the same in each, times go on within one only.
fn write_log(path: &Path, bytes: usize, clients: u64) -> usize {
    let log = support::push_log(bytes, clients);
    std::fs::write(path, &log).expect("room for the log");
    support::records(&log)
}

fn measure(folder: &Path, bytes: usize, clients: u64) -> String {
    let path = folder.join("naming-push.log");
    let records = write_log(&path, bytes, clients);
    let mut best: Option<Run> = None;
    for _ in 0..5 {
        let r = run(&path);
        best = Some(match best {
            Some(b) if b.seconds <= r.seconds => b,
            _ => r,
        });
    }
    let best = best.expect("five runs");
    format!(
        "| {} | {clients} | {records} | {:.3} | {:.0} | {:.1} | {} | {} |\n",
        bytes / 1_000_000,
        best.seconds,
        bytes as f64 / best.seconds / 1e6,
        records as f64 / best.seconds / 1e6,
        best.anonymous_kb / 1024,
        best.resident_kb / 1024,
    )
}

fn print(text: &str) {
    std::io::stdout()
        .write_all(text.as_bytes())
        .expect("standard output");
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if let [make, path, bytes, clients] = &args[..]
        && make == "make"
    {
        let bytes = bytes.parse().expect("a number of bytes");
        let clients = clients.parse().expect("a number of clients");
        return print(&format!("{}\n", write_log(Path::new(path), bytes, clients)));
    }
    let mut plan = vec![(10, 4_000), (100, 4_000)];
    if args.iter().any(|a| a == "all") {
        plan.extend([(500, 4_000), (1_500, 4_000)]);
        plan.extend([10, 100, 1_000, 10_000, 100_000].map(|clients| (100, clients)));
    }
    let folder = std::env::temp_dir().join(format!("nacos-offheap-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the log");
    print(
        "| MB | clients | records | s | MB/s | million records/s | anonymous MB | resident MB |\n| --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for (megabytes, clients) in plan {
        print(&measure(&folder, megabytes * 1_000_000, clients));
    }
    std::fs::remove_dir_all(&folder).expect("the folder made above");
}
