//! Memory that is no direct memory: rules over kills, threads, metaspace, the heap, leak records, pools and native libraries,
//! each with inputs on which it has to stay silent.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fmt::Write as _;

use nacos_offheap::facts::Facts;
use nacos_offheap::facts::heap::{HeapFacts, Pool, Tally};
use nacos_offheap::facts::memory::DumpSample;
use nacos_offheap::report::Report;
use nacos_offheap::report::model::FindingReport;
use nacos_offheap::rules::{self, Case, Given, Outcome, Severity};
use nacos_offheap::span::Place;
use support::{Scratch, fixture, report_of};

fn found<'r>(r: &'r Report, rule: &str) -> Option<&'r FindingReport> {
    r.nodes[0].findings.iter().find(|f| f.rule == rule)
}

fn claims(f: &FindingReport) -> Vec<&str> {
    f.evidence.iter().map(|e| e.claim.id.as_str()).collect()
}

/// An NMT report in KB, with the categories given; `Total` is their sum.
fn nmt(pid: u32, categories: &[(&str, u64)]) -> String {
    let total: u64 = categories.iter().map(|c| c.1).sum();
    let mut t = format!(
        "{pid}:\n\nNative Memory Tracking:\n\nTotal: reserved={total}KB, committed={total}KB\n"
    );
    for (name, kb) in categories {
        let _ = write!(t, "\n-{name:>26} (reserved={kb}KB, committed={kb}KB)\n \n");
    }
    t
}

/// A directory with an NMT report for each minute.
fn nmt_dir(name: &str, minutes: u64, of: impl Fn(u64) -> Vec<(&'static str, u64)>) -> Scratch {
    let dir = Scratch::new(name);
    for m in 0..minutes {
        let file = format!("nmt/nmt-20261122-13{m:02}00.txt");
        dir.file(&file, nmt(77, &of(m)).as_bytes());
    }
    dir
}

fn calm(_: u64) -> Vec<(&'static str, u64)> {
    vec![
        ("Java Heap", 524_288),
        ("Thread", 40_000),
        ("Metaspace", 90_000),
        ("Other", 40_000),
    ]
}

const KILL: &str = "[  123.456789] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999
[  123.456790] memory: usage 524288kB, limit 524288kB, failcnt 123
[  123.456792] Memory cgroup out of memory: Killed process 77 (java) total-vm:3488232kB, anon-rss:604452kB, file-rss:31716kB, shmem-rss:0kB, UID:0
";

#[test]
fn a_kill_of_the_servers_process_is_no_all_clear() {
    let dir = nmt_dir("killed", 8, calm);
    dir.file("dmesg.txt", KILL.as_bytes());
    let r = report_of(&[dir.0.as_path()], Some(1));
    let f = found(&r, "process-killed").unwrap();
    assert_eq!(f.severity, Severity::Critical);
    assert_eq!(claims(f), ["killed.kernel"]);
    assert_eq!(r.outcome, Outcome::Undecided);
    assert!(r.statement.text.contains("killed"), "{}", r.statement.text);
    assert!(r.verdict.is_none());
}

#[test]
fn a_kill_late_in_a_kernel_log_is_found() {
    let dir = nmt_dir("killed-late", 8, calm);
    let mut log = String::new();
    for i in 0..3_000 {
        let _ = writeln!(
            log,
            "Nov 22 12:{:02}:00 host kernel: usb 1-1: device {i}",
            i / 60
        );
    }
    log.push_str("Nov 22 13:07:30 host kernel: Out of memory: Killed process 77 (java) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB\n");
    dir.file("messages-20261122-140000", log.as_bytes());
    let r = report_of(&[dir.0.as_path()], Some(1));
    assert_eq!(
        r.inputs.iter().filter(|i| i.format == "kernel-log").count(),
        1
    );
    assert_eq!(
        r.nodes[0].facts.kernel_oom.as_ref().unwrap()[0]
            .t
            .as_deref(),
        Some("2026-11-22T13:07:30Z")
    );
    assert_eq!(
        claims(found(&r, "process-killed").unwrap()),
        ["killed.kernel"]
    );
}

#[test]
fn kills_of_others_are_none_of_the_server() {
    let dir = nmt_dir("killed-other", 8, calm);
    dir.file(
        "dmesg.txt",
        KILL.replace("(java)", "(mysqld)")
            .replace("77", "88")
            .as_bytes(),
    );
    dir.file(
        "memory.events",
        b"low 0\nhigh 0\nmax 9\noom 0\noom_kill 0\n",
    );
    let r = report_of(&[dir.0.as_path()], Some(1));
    assert_eq!(found(&r, "process-killed"), None);
    assert_eq!(r.outcome, Outcome::NoCause);
    // Another number in a container may be the same process.
    let dir = nmt_dir("killed-perhaps", 8, calm);
    dir.file("dmesg.txt", KILL.replace("77", "88").as_bytes());
    let r = report_of(&[dir.0.as_path()], Some(1));
    let f = found(&r, "process-killed").unwrap();
    assert_eq!(
        (f.severity, claims(f)),
        (Severity::Medium, vec!["killed.kernel-perhaps"])
    );
}

#[test]
fn controller_shell_and_crash_tell_of_kills() {
    for (file, text, claim) in [
        ("memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 1\n".to_owned(), "killed.cgroup"),
        (
            "start.out",
            "bin/startup.sh: line 140:    77 Killed                  nohup java -jar nacos-server.jar\n".to_owned(),
            "killed.shell",
        ),
        ("describe.txt", "    Last State:     Terminated\n      Reason:       OOMKilled\n".to_owned(), "killed.container"),
        ("hs_err_pid77.log", std::fs::read_to_string(fixture("hs_err/jdk17-mmap.log")).unwrap(), "killed.crash"),
    ] {
        let dir = Scratch::new("killed-by");
        dir.file(file, text.as_bytes());
        let r = report_of(&[dir.0.as_path()], Some(1));
        let f = found(&r, "process-killed").unwrap_or_else(|| panic!("{file}"));
        assert_eq!(claims(f), [claim], "{file}");
    }
}

#[test]
fn a_control_group_tells_limit_use_and_kills() {
    let dir = Scratch::new("cgroup");
    dir.file("memory.max", b"536870912\n");
    dir.file("memory.current", b"530000000\n");
    dir.file("memory.stat", b"anon 482344960\nfile 1204224\nkernel 5\n");
    let r = report_of(&[dir.0.as_path()], Some(1));
    let p = r.nodes[0].facts.process.as_ref().unwrap();
    let c = p.container.as_ref().unwrap();
    assert_eq!(
        (c.limit_bytes, c.usage_bytes),
        (Some(512 << 20), Some(530_000_000))
    );
    assert_eq!(
        (c.anon_bytes, p.limit_bytes),
        (Some(482_344_960), Some(512 << 20))
    );
}

/// Status files of a process with so many threads.
fn threads_dir(name: &str, count: impl Fn(u64) -> u64) -> Scratch {
    let dir = nmt_dir(name, 20, |m| {
        vec![
            ("Java Heap", 524_288),
            ("Thread", 100 * count(m)),
            ("Other", 40_000),
        ]
    });
    for m in 0..20 {
        let text = format!(
            "Name:\tjava\nPid:\t77\nVmRSS:\t  900000 kB\nThreads:\t{}\n",
            count(m)
        );
        dir.file(
            &format!("os/status-20261122-13{m:02}00.txt"),
            text.as_bytes(),
        );
    }
    dir
}

#[test]
fn threads_that_are_made_and_never_end_are_the_cause() {
    let dir = threads_dir("threads", |m| 200 + m * 150);
    let r = report_of(&[dir.0.as_path()], Some(1));
    let v = r.verdict.as_ref().unwrap();
    assert_eq!(
        (v.rule.as_str(), v.subjects[0].value.as_str()),
        ("thread-growth", "Thread")
    );
    let f = found(&r, "thread-growth").unwrap();
    assert_eq!(claims(f), ["thread-growth.grows", "category.part"]);
    assert_eq!(f.evidence[0].claim.params["to"], 3050);
    // A pool that fills up and stays is none; nor is a handful.
    let dir = threads_dir("threads-pool", |m| 200 + m.min(4) * 150);
    assert_eq!(
        found(&report_of(&[dir.0.as_path()], Some(1)), "thread-growth"),
        None
    );
    let dir = threads_dir("threads-few", |m| 200 + m * 5);
    assert_eq!(
        found(&report_of(&[dir.0.as_path()], Some(1)), "thread-growth"),
        None
    );
}

#[test]
fn metaspace_that_grows_far_over_what_a_server_needs_is_the_cause() {
    let of = |most: u64| {
        move |m: u64| {
            vec![
                ("Java Heap", 524_288),
                ("Metaspace", (90_000 + m * 20_000).min(most)),
                ("Other", 40_000),
            ]
        }
    };
    let dir = nmt_dir("metaspace", 20, of(u64::MAX));
    let r = report_of(&[dir.0.as_path()], Some(1));
    let v = r.verdict.as_ref().unwrap();
    assert_eq!(
        (v.rule.as_str(), v.subjects[0].value.as_str()),
        ("metaspace-growth", "Metaspace")
    );
    let dir = nmt_dir("metaspace-start", 20, of(150_000));
    assert_eq!(
        found(&report_of(&[dir.0.as_path()], Some(1)), "metaspace-growth"),
        None
    );
}

fn gc_log(after: impl Fn(u64) -> u64) -> String {
    let mut log = "[2026-11-22T13:00:00.000+0000][gc] Using G1\n".to_owned();
    for m in 0..12 {
        let _ = writeln!(
            log,
            "[2026-11-22T13:{m:02}:30.000+0000][gc] GC({m}) Pause Full (G1 Compaction Pause) 511M->{}M(512M) 900.000ms",
            after(m)
        );
    }
    log
}

const START: &str = "/opt/java/bin/java -Xms512m -Xmx512m -XX:MaxDirectMemorySize=256m -jar /opt/nacos/target/nacos-server.jar nacos.nacos\n";

#[test]
fn a_heap_that_collections_do_not_empty_is_the_cause() {
    let dir = nmt_dir("heap", 12, calm);
    dir.file("logs/nacos_gc.log", gc_log(|_| 505).as_bytes());
    dir.file("logs/start.out", START.as_bytes());
    let r = report_of(&[dir.0.as_path()], Some(1));
    let v = r.verdict.as_ref().unwrap();
    assert_eq!(
        (v.rule.as_str(), v.subjects[0].value.as_str()),
        ("heap-pressure", "Java Heap")
    );
    assert_eq!(
        claims(found(&r, "heap-pressure").unwrap()),
        ["heap-pressure.in-vain"]
    );
    let dir = nmt_dir("heap-freed", 12, calm);
    dir.file(
        "logs/nacos_gc.log",
        gc_log(|m| if m == 11 { 200 } else { 505 }).as_bytes(),
    );
    dir.file("logs/start.out", START.as_bytes());
    assert_eq!(
        found(&report_of(&[dir.0.as_path()], Some(1)), "heap-pressure"),
        None
    );
}

#[test]
fn explicit_collections_switched_off_matter_where_the_jdks_limit_fails() {
    const FAILED: &str = "2026-11-22 13:05:00,000 ERROR x\njava.lang.OutOfMemoryError: Cannot reserve 1048576 bytes of direct buffer memory (allocated: 268435456, limit: 268435456)\n\tat java.base/java.nio.Bits.reserveMemory(Bits.java:178)\n";
    const NETTY: &str = "2026-11-22 13:05:00,000 ERROR x\nio.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 2097152 byte(s) of direct memory (used: 268435456, max: 268435456)\n";
    let start = START.replace("-jar", "-XX:+DisableExplicitGC -jar");
    for (flags, log, advised) in [
        (start.as_str(), FAILED, true),
        (START, FAILED, false),
        (&start, NETTY, false),
    ] {
        let dir = Scratch::new("explicit");
        dir.file("logs/start.out", flags.as_bytes());
        dir.file("logs/nacos.log", log.as_bytes());
        let r = report_of(&[dir.0.as_path()], Some(1));
        assert_eq!(r.nodes[0].direct_memory.exhausted.count, 1);
        assert_eq!(
            found(&r, "explicit-gc-disabled").is_some(),
            advised,
            "{flags}{log}"
        );
    }
}

const LEAK: &str = "2026-11-22 13:05:00,000 ERROR LEAK: ByteBuf.release() was not called before it's garbage-collected. See https://netty.io/wiki/reference-counted-objects.html for more information.
Recent access records:
#1:
\tio.grpc.netty.shaded.io.netty.buffer.AdvancedLeakAwareByteBuf.readInt(AdvancedLeakAwareByteBuf.java:436)
\tcom.example.Codec.decode(Codec.java:40)
Created at:
\tio.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator.newDirectBuffer(PooledByteBufAllocator.java:363)
\tcom.example.Codec.take(Codec.java:12)
\tcom.example.Main.run(Main.java:6)
";

#[test]
fn a_leak_record_names_the_place_in_the_code() {
    let dir = Scratch::new("leak");
    dir.file("logs/nacos.log", LEAK.repeat(3).as_bytes());
    let r = report_of(&[dir.0.as_path()], Some(1));
    let records = r.nodes[0].facts.netty_leak_records.as_ref().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(
        records[0].site.as_deref(),
        Some("com.example.Codec.take(Codec.java:12)")
    );
    assert_eq!(
        records[0].touched.as_deref(),
        Some("com.example.Codec.decode(Codec.java:40)")
    );
    assert_eq!(records[0].count, 3);
    let f = found(&r, "netty-leak-record").unwrap();
    assert_eq!(f.subjects[0].value, "com.example.Codec.take(Codec.java:12)");
    // Memory that stays flat speaks against it.
    let dir = nmt_dir("leak-flat", 8, calm);
    dir.file("logs/nacos.log", LEAK.as_bytes());
    let flat = report_of(&[dir.0.as_path()], Some(1));
    let g = found(&flat, "netty-leak-record").unwrap();
    assert!(g.confidence < f.confidence && flat.verdict.is_none());
}

#[test]
fn a_pool_that_is_mostly_free_is_a_condition() {
    let case = |held: u64, free: u64| {
        let mut facts = Facts::default();
        facts.memory.dumps.push(DumpSample {
            place: Place::default(),
            heap: HeapFacts {
                pools: vec![Pool {
                    chunks: Tally {
                        count: held >> 21,
                        bytes: held,
                    },
                    free_bytes: free,
                    ..Pool::default()
                }],
                ..HeapFacts::default()
            },
        });
        let case = Case::of_node(&facts, &Given::default());
        rules::diagnose(&case[0])
            .findings
            .iter()
            .any(|f| f.rule.id == "pool-fragmentation")
    };
    assert!(case(256 << 20, 200 << 20));
    assert!(!case(256 << 20, 100 << 20), "half in use");
    assert!(!case(32 << 20, 31 << 20), "a small pool");
}

#[test]
fn native_memory_is_told_with_rate_and_mapping_kind() {
    let r = report_of(&[&fixture("incidents/native-leak")], Some(1));
    let v = r.verdict.as_ref().unwrap();
    assert_eq!(v.rule, "native-memory-outside-nmt");
    assert_eq!(
        (v.subjects[0].kind.as_str(), v.subjects[0].value.as_str()),
        ("mapping", "malloc-arena")
    );
    assert_eq!(v.subjects[0].bytes, Some(523_186_176));
    let f = found(&r, "native-memory-outside-nmt").unwrap();
    let rate = f.title.params["rate"].as_f64().unwrap();
    assert!((6e9..10e9).contains(&rate), "{rate}");
    let holders = f
        .evidence
        .iter()
        .find(|e| e.claim.id == "native.holders")
        .unwrap();
    assert_eq!(holders.claim.params["n"], 1600);
    assert!(
        holders
            .quote
            .as_ref()
            .unwrap()
            .contains("java.util.zip.Deflater")
    );
    // The parts of resident memory add up to it.
    let resident = r.nodes[0].resident.as_ref().unwrap();
    let sum: i64 = resident.parts.iter().map(|p| p.bytes).sum();
    assert_eq!((sum, resident.rss_bytes), (1_013_264_384, 1_013_264_384));
    let left = resident.parts.iter().find(|p| p.name == "left").unwrap();
    assert!(left.bytes > 500 << 20, "{left:?}");
}

#[test]
fn what_the_jvm_may_take_is_held_against_the_machine() {
    const STATUS: &str =
        "Name:\tjava\nVmRSS:\t 900000 kB\nRssAnon:\t 850000 kB\nVmSwap:\t SWAP kB\nThreads:\t200\n";
    let finding = |what: &str, heap_mb: u64, direct_mb: u64, physical_mb: u64, swap_kb: u64| {
        let dir = Scratch::new(&format!("overcommitted-{what}"));
        let flags = format!(
            "77:\n-XX:MaxDirectMemorySize={direct_mb}m -XX:MaxHeapSize={heap_mb}m -XX:+UseG1GC\n"
        );
        dir.file("vm_flags.txt", flags.as_bytes());
        let meminfo = format!(
            "MemTotal: {} kB\nMemFree: 1234 kB\nMemAvailable: 99 kB\n",
            physical_mb << 10
        );
        dir.file("meminfo.txt", meminfo.as_bytes());
        let status = STATUS.replace("SWAP", &swap_kb.to_string());
        dir.file("status-20261122-130000.txt", status.as_bytes());
        let r = report_of(&[dir.0.as_path()], Some(1));
        found(&r, "memory-overcommitted").map(|f| {
            let said = claims(f).into_iter().map(str::to_owned);
            said.collect::<Vec<_>>()
        })
    };
    // 2,000 MiB, 1,000 of direct memory and 512 for the rest are 3,512.
    assert_eq!(finding("fits", 2000, 1000, 3513, 0), None);
    assert_eq!(
        finding("sum", 2000, 1000, 3511, 0).unwrap(),
        ["overcommitted.sum"]
    );
    // It fits, with a heap of more than seven tenths.
    assert_eq!(
        finding("heap", 7100, 100, 10_000, 0).unwrap(),
        ["overcommitted.heap"]
    );
    assert_eq!(finding("seven-tenths", 7000, 100, 10_000, 0), None);
    // Pages that were swapped out speak for it, a few do not.
    assert_eq!(
        finding("swap", 2000, 1000, 3511, 200_000).unwrap(),
        ["overcommitted.sum", "overcommitted.swapped"]
    );
    assert_eq!(
        finding("little-swap", 2000, 1000, 3511, 60_000).unwrap(),
        ["overcommitted.sum"]
    );
}

#[test]
fn none_of_them_speaks_on_the_other_incidents() {
    const OTHER: [&str; 8] = [
        "process-killed",
        "native-memory-outside-nmt",
        "thread-growth",
        "metaspace-growth",
        "heap-pressure",
        "netty-leak-record",
        "pool-fragmentation",
        "explicit-gc-disabled",
    ];
    for name in [
        "stuck-client",
        "healthy",
        "slow-client",
        "fan-out",
        "cluster",
    ] {
        let r = report_of(&[&fixture("incidents").join(name)], None);
        for rule in OTHER {
            assert_eq!(found(&r, rule), None, "{name}");
        }
    }
}

#[test]
fn leak_records_of_other_loggers_are_read_too() {
    let dir = Scratch::new("leak-jul");
    let jul = LEAK.replace(
        "2026-11-22 13:05:00,000 ERROR ",
        "Nov 22, 2026 1:21:41 PM io.netty.util.ResourceLeakDetector reportTracedLeak\nSEVERE: ",
    );
    let f = dir.file("leaks.txt", jul.repeat(2).as_bytes());
    let r = report_of(&[&f], Some(1));
    let records = r.nodes[0].facts.netty_leak_records.as_ref().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(
        records[0].site.as_deref(),
        Some("com.example.Codec.take(Codec.java:12)")
    );
    assert_eq!(records[0].count, 2);
}

/// Two processes, of whose starts no log tells: what the first one took is not what the second one lost.
#[test]
fn reports_of_another_process_are_another_run() {
    let dir = Scratch::new("two-processes");
    for m in 0..24u64 {
        let (pid, direct) = if m < 12 {
            (77, 10_000 + m * 6_000)
        } else {
            (91, 10_000)
        };
        let categories = [("Java Heap", 524_288), ("Other", direct)];
        let file = format!("nmt/nmt-20261122-13{m:02}00.txt");
        dir.file(&file, nmt(pid, &categories).as_bytes());
    }
    let r = report_of(&[&dir.0], Some(1));
    let n = &r.nodes[0];
    let pids: Vec<_> = n.runs.iter().map(|run| run.pid).collect();
    assert_eq!(pids, [Some(77), Some(91)]);
    let courses: Vec<_> = n
        .runs
        .iter()
        .map(|run| run.direct_memory.course.as_deref())
        .collect();
    assert_eq!(courses, [Some("growing"), Some("flat")]);
    assert_eq!(n.run, 0, "the worse one");
    // Reports of two processes side by side are no restarts.
    let mixed = Scratch::new("side-by-side");
    for m in 0..24u64 {
        let categories = [("Java Heap", 524_288), ("Other", 10_000)];
        let file = format!("nmt/nmt-20261122-13{m:02}00.txt");
        mixed.file(&file, nmt(77 + (m % 2) as u32, &categories).as_bytes());
    }
    assert_eq!(report_of(&[&mixed.0], Some(1)).nodes[0].runs.len(), 1);
}

/// Resident memory alone: a heap that is touched for the first time, and arenas that fill, are no leak; what no JVM of these
/// limits should have is no all-clear.
#[test]
fn resident_memory_without_nmt_is_held_against_what_the_jvm_can_have() {
    let of = |name: &str, to_mib: u64| {
        let dir = Scratch::new(name);
        dir.file(
            "jvm/vm_flags.txt",
            b"77:\n-XX:MaxDirectMemorySize=67108864 -XX:MaxHeapSize=536870912 -XX:+UseG1GC\n",
        );
        for m in 0..30u64 {
            let anonymous = (300 + (to_mib - 300) * m / 29) << 10;
            let status = format!(
                "Name:\tjava\nState:\tS (sleeping)\nTgid:\t77\nPid:\t77\nPPid:\t1\nVmPeak:\t 4000000 kB\nVmSize:\t 4000000 kB\nVmHWM:\t{0:>8} kB\nVmRSS:\t{0:>8} kB\nRssAnon:\t{anonymous:>8} kB\nRssFile:\t   31716 kB\nRssShmem:\t       0 kB\nThreads:\t220\n",
                anonymous + 31_716
            );
            dir.file(
                &format!("os/status-20261122-13{m:02}00.txt"),
                status.as_bytes(),
            );
        }
        report_of(&[&dir.0], Some(1))
    };
    let rule = "native-memory-outside-nmt";
    for (name, mib) in [("touched", 700), ("arenas", 950)] {
        let r = of(name, mib);
        assert_eq!(found(&r, rule), None, "{name}");
        assert!(r.verdict.is_none(), "{name}");
    }
    for (name, mib) in [("suspected", 1_300), ("beyond", 2_600)] {
        let r = of(name, mib);
        let f = found(&r, rule).unwrap_or_else(|| panic!("{name}"));
        assert!(f.severity < Severity::High, "{name}: {:?}", f.severity);
        assert_eq!(r.outcome, Outcome::Undecided, "{name}");
    }
}
