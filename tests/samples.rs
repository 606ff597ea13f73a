//! One real text of every kind that the JVM, its tools and Linux's print, and what it says: values read from the file by
//! eye. What the files are: `fixtures/README.md`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use nacos_offheap::parse::nmt;
use nacos_offheap::report::Report;
use nacos_offheap::report::facts::FactsReport;
use nacos_offheap::report::native::NativeMemory;
use support::{Scratch, fixture, report_of};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

fn of(path: &str) -> Report {
    report_of(&[&fixture(path)], Some(1))
}

fn facts(r: &Report) -> &FactsReport {
    &r.nodes[0].facts
}

fn native(r: &Report) -> &NativeMemory {
    r.nodes[0].native_memory.as_ref().unwrap()
}

/// Reserved and committed bytes of a category, in a report that has one of NMT.
fn category(r: &Report, name: &str) -> (u64, u64) {
    let m = native(r);
    let c = m.categories.iter().find(|c| c.name == name).unwrap();
    (c.reserved_bytes, c.committed_bytes)
}

fn gauge(r: &Report, name: &str) -> Option<u64> {
    let p = facts(r).process.as_ref()?;
    p.series.iter().find(|s| s.gauge == name).map(|s| s.value)
}

/// Kibibytes reserved and committed in all, in direct memory and by threads, and how many threads.
type Books = (u64, u64, u64, (u64, u64), Option<u64>);

fn check_nmt(file: &str, (reserved, committed, other, thread, threads): Books) {
    let r = of(file);
    let m = native(&r);
    assert_eq!(m.total.reserved_bytes, reserved * KIB, "{file}");
    assert_eq!(m.total.committed_bytes, committed * KIB, "{file}");
    assert_eq!(m.direct_category.as_deref(), Some("Other"), "{file}");
    assert_eq!(category(&r, "Other"), (other * KIB, other * KIB), "{file}");
    let by_thread = (thread.0 * KIB, thread.1 * KIB);
    assert_eq!(category(&r, "Thread"), by_thread, "{file}");
    if threads.is_some() {
        let text = std::fs::read(fixture(file)).unwrap();
        let report = nmt::read(&text).reports.remove(0);
        let n = report.category("Thread").and_then(|t| t.threads);
        assert_eq!(n.map(|n| n.n), threads, "{file}");
    }
    assert!(r.inputs[0].issues.is_empty(), "{file}");
}

#[test]
fn nmt_of_every_jdk_says_96_mib_and_then_120() {
    for (file, books) in [
        (
            "jdk11-summary",
            (2_010_761, 221_705, 98_304, (22_630, 1_394), Some(22)),
        ),
        (
            "jdk11-detail",
            (2_010_764, 221_708, 98_304, (22_630, 1_394), Some(22)),
        ),
        (
            "jdk17-summary",
            (2_085_389, 230_353, 98_304, (24_641, 1_385), Some(24)),
        ),
        (
            "jdk17-detail",
            (2_085_391, 230_359, 98_304, (24_641, 1_389), Some(24)),
        ),
        (
            "jdk21-summary",
            (2_061_845, 222_881, 98_304, (23_622, 1_374), Some(23)),
        ),
        (
            "jdk21-detail",
            (2_061_846, 222_886, 98_304, (23_622, 1_378), Some(23)),
        ),
        (
            "jdk25-summary",
            (2_076_546, 232_654, 98_304, (23_630, 1_454), Some(23)),
        ),
        (
            "jdk25-detail",
            (2_076_547, 232_655, 98_304, (23_630, 1_454), Some(23)),
        ),
    ] {
        check_nmt(&format!("nmt/{file}.txt"), books);
    }
    for (file, other) in [
        ("jdk11-summary-b", 96),
        ("jdk17-summary-b", 96),
        ("jdk21-summary-b", 96),
        ("jdk25-summary-b", 96),
        ("jdk11-summary-mb", 96),
        ("jdk17-summary-mb", 96),
        ("jdk21-summary-mb", 96),
        ("jdk25-summary-mb", 96),
        ("jdk17-detail-mb", 96),
        ("jdk11-detail-diff", 120),
        ("jdk17-detail-diff", 120),
        ("jdk21-detail-diff", 120),
        ("jdk25-detail-diff", 120),
        ("jdk17-summary-diff-b", 120),
        ("jdk17-summary-diff-mb", 120),
        ("jdk17-exit", 120),
    ] {
        let r = of(&format!("nmt/{file}.txt"));
        assert_eq!(category(&r, "Other"), (other * MIB, other * MIB), "{file}");
        let m = native(&r);
        let c = m.categories.iter().find(|c| c.name == "Other").unwrap();
        let delta = file.contains("diff").then_some(24 * MIB as i64);
        assert_eq!(c.committed_delta_bytes, delta, "{file}");
    }
}

#[test]
fn scales_round_and_the_totals_are_those_printed() {
    let mb = of("nmt/jdk17-detail-mb.txt");
    assert_eq!(native(&mb).total.reserved_bytes, 2040 * MIB);
    assert_eq!(native(&mb).total.committed_bytes, 229 * MIB);
    let site = &native(&mb).sites[0];
    assert!(
        site.frames[0].starts_with("Unsafe_AllocateMemory0+0x7c"),
        "{site:?}"
    );
    assert_eq!(
        (site.bytes, site.category.as_deref()),
        (96 * MIB, Some("Other"))
    );
    let diff = of("nmt/jdk17-summary-diff-mb.txt");
    let total = &native(&diff).total;
    assert_eq!(total.committed_bytes, 251 * MIB);
    assert_eq!(total.committed_delta_bytes, Some(23 * MIB as i64));
    assert_eq!(total.reserved_delta_bytes, Some(26 * MIB as i64));
    assert_eq!(category(&diff, "Java Heap"), (512 * MIB, 64 * MIB));
    // Gigabytes leave direct memory out, being less than one.
    let gb = of("nmt/jdk17-summary-gb.txt");
    assert_eq!(native(&gb).total.reserved_bytes, 2 << 30);
    assert!(native(&gb).categories.iter().all(|c| c.name != "Other"));
    let exit = of("nmt/jdk17-exit.txt");
    assert_eq!(native(&exit).total.reserved_bytes, 2_160_424_721);
    assert_eq!(native(&exit).total.committed_bytes, 262_268_689);
}

#[test]
fn nmt_of_four_servers_holds_what_their_dumps_count() {
    for (run, books) in [
        (
            "grpc-nio",
            (1_773_260, 399_736, 45_095, (26_694, 1_758), Some(26)),
        ),
        (
            "grpc-nio-nocleaner",
            (1_775_492, 402_016, 47_143, (26_694, 1_742), Some(26)),
        ),
        (
            "grpc-shaded-epoll",
            (1_764_608, 391_220, 45_234, (26_694, 1_766), Some(26)),
        ),
        (
            "raw-nio",
            (1_624_227, 249_907, 39_820, (22_587, 1_211), Some(22)),
        ),
    ] {
        check_nmt(&format!("nmt/jdk17-run-{run}.txt"), books);
    }
}

#[test]
fn answers_instead_of_a_report_are_known_as_such() {
    for (file, status) in [
        ("jdk11-statistics", "statistics"),
        ("jdk17-statistics", "statistics"),
        ("jdk21-statistics", "statistics"),
        ("jdk25-statistics", "statistics"),
        ("jdk17-print-disabled", "print-disabled"),
    ] {
        let r = of(&format!("nmt/{file}.txt"));
        assert_eq!(r.inputs[0].format, "nmt", "{file}");
        assert_eq!(facts(&r).nmt_status.as_deref(), Some(status), "{file}");
        assert!(r.nodes[0].native_memory.is_none(), "{file}");
    }
}

#[test]
fn what_says_nothing_of_a_process_is_named_with_the_reason() {
    for (file, why) in [
        ("nmt/jdk17-help.txt", "the help of a jcmd command"),
        ("jvm/dump-by-jmap-jdk17.txt", "on making a heap dump"),
        ("jvm/dump-by-jcmd-jdk17.txt", "on making a heap dump"),
        // What a program prints of its own is anybody's.
        ("jvm/jdk17-stdout-grpc-nio.txt", "of no known format"),
        (
            "jvm/jdk17-stdout-grpc-nio-nocleaner.txt",
            "of no known format",
        ),
        (
            "jvm/jdk17-stdout-grpc-shaded-epoll.txt",
            "of no known format",
        ),
        ("jvm/jdk17-stdout-raw-nio.txt", "of no known format"),
        ("jvm/maxdirect-matrix.txt", "of no known format"),
        ("jvm/maxdirect-units-jdk17.txt", "of no known format"),
    ] {
        let dir = Scratch::new("samples-said");
        let copy = |from: &str, to: &str| dir.file(to, &std::fs::read(fixture(from)).unwrap());
        copy("jvm/vm-flags-jdk17.txt", "vm_flags.txt");
        copy(file, "this.txt");
        let r = report_of(&[dir.0.as_path()], Some(1));
        let s = r
            .skipped
            .iter()
            .find(|s| s.path.ends_with("this.txt"))
            .unwrap();
        assert!(s.why.contains(why) && !s.failed, "{file}: {}", s.why);
    }
}

#[test]
fn versions_command_line_and_properties_are_those_printed() {
    for (jdk, version) in [
        (11, "11.0.13"),
        (17, "17.0.15"),
        (21, "21.0.8"),
        (25, "25.0.3"),
    ] {
        let r = of(&format!("jvm/vm-version-jdk{jdk}.txt"));
        assert_eq!(r.nodes[0].jvm.version.as_deref(), Some(version));
    }
    let r = of("jvm/vm-system-properties-jdk17.txt");
    assert_eq!(r.nodes[0].jvm.version.as_deref(), Some("17.0.15"));
    let r = of("jvm/vm-command-line-jdk17.txt");
    let flags = facts(&r).jvm.as_ref().unwrap();
    assert_eq!(
        (flags.xms_bytes, flags.xmx_bytes),
        (Some(64 * MIB), Some(512 * MIB))
    );
    assert_eq!(flags.flags["NativeMemoryTracking"], "detail");
    assert_eq!(flags.max_direct_memory_bytes, None);
}

#[test]
fn an_age_with_the_files_own_time_is_a_start_and_dates_what_counts_from_it() {
    // 6.840 s old at 13:07:49.
    let dir = Scratch::new("samples-uptime");
    let copy = |from: &str, to: &str| dir.file(to, &std::fs::read(fixture(from)).unwrap());
    copy("jvm/vm-uptime-jdk17.txt", "vm_uptime-20261122-130749.txt");
    copy("proc/jstat-gc-t.txt", "jstat-20261122-130753.txt");
    let r = report_of(&[dir.0.as_path()], Some(1));
    assert!(r.skipped.is_empty());
    let started = r.nodes[0].runs[0].started.clone();
    assert_eq!(started.as_deref(), Some("2026-11-22T13:07:42.160Z"));
    // jstat's rows at 11.5, 12.0 and 12.5 s of its life.
    let times = |r: &Report| -> Vec<String> {
        let p = facts(r).process.as_ref().unwrap();
        let rows = p.series.iter().filter(|s| s.gauge == "heap_used_bytes");
        rows.map(|s| s.t.clone().unwrap()).collect()
    };
    assert_eq!(
        times(&r),
        [
            "2026-11-22T13:07:53.660Z",
            "2026-11-22T13:07:54.160Z",
            "2026-11-22T13:07:54.660Z"
        ]
    );
    // Without it the file's name is the time of its first row.
    let alone = Scratch::new("samples-jstat");
    alone.file(
        "jstat-20261122-130753.txt",
        &std::fs::read(fixture("proc/jstat-gc-t.txt")).unwrap(),
    );
    let r = report_of(&[alone.0.as_path()], Some(1));
    assert_eq!(
        times(&r),
        [
            "2026-11-22T13:07:53Z",
            "2026-11-22T13:07:53.500Z",
            "2026-11-22T13:07:54Z"
        ]
    );
}

#[test]
fn a_crash_tells_everything_it_prints_of_memory() {
    for (jdk, total, thread, rss, frame) in [
        (
            11,
            (1_449_653, 141_885),
            (16_457, 733),
            54_688,
            "Unsafe_GetByte+0x15b",
        ),
        (
            17,
            (1_524_137, 148_133),
            (18_479, 731),
            56_648,
            "Unsafe_GetByte+0x12c",
        ),
        (
            21,
            (1_507_922, 141_722),
            (17_458, 710),
            52_680,
            "Unsafe_GetByte+0xa6",
        ),
        (
            25,
            (1_523_087, 150_175),
            (17_463, 707),
            63_712,
            "Unsafe_GetByte+0xad",
        ),
    ] {
        let file = format!("hs_err/jdk{jdk}-sigsegv.log");
        check_nmt(&file, (total.0, total.1, 16_384, thread, None));
        let r = of(&file);
        let c = &facts(&r).crash.as_ref().unwrap()[0];
        assert_eq!(c.kind, "SIGSEGV", "{jdk}");
        assert!(
            c.frame.as_deref().unwrap().contains(frame),
            "{jdk}: {:?}",
            c.frame
        );
        assert_eq!(c.t.as_deref(), Some("2026-11-22T13:22:53Z"), "{jdk}");
        assert_eq!(gauge(&r, "rss_bytes"), Some(rss * KIB), "{jdk}");
        assert_eq!(
            r.nodes[0].direct_memory.limit_bytes,
            Some(32 * MIB),
            "{jdk}"
        );
        assert_eq!(r.nodes[0].jvm.heap_bytes, Some(64 * MIB), "{jdk}");
    }
    let r = of("hs_err/jdk17-vm-info.log");
    assert_eq!(native(&r).total.committed_bytes, 256_151 * KIB);
    assert_eq!(category(&r, "Other").1, 120 * MIB);
    assert_eq!(gauge(&r, "rss_bytes"), Some(169_400 * KIB));
    // 6.296898 s old at 13:07:48.
    assert_eq!(
        r.nodes[0].runs[0].started.as_deref(),
        Some("2026-11-22T13:07:41.704Z")
    );
}

#[test]
fn resident_memory_is_the_same_by_every_tool() {
    const RSS: u64 = 173_948 * KIB;
    for file in [
        "status-demo.txt",
        "smaps_rollup-demo.txt",
        "smaps.txt",
        "ps.txt",
        "top-b.txt",
    ] {
        let r = of(&format!("proc/{file}"));
        let rss = facts(&r).process.as_ref().unwrap().rss_bytes;
        assert_eq!(rss, Some(RSS), "{file}");
    }
    let r = of("proc/status-demo.txt");
    assert_eq!(gauge(&r, "rss_anon_bytes"), Some(151_500 * KIB));
    assert_eq!(gauge(&r, "rss_file_bytes"), Some(22_448 * KIB));
    assert_eq!(gauge(&r, "threads"), Some(26));
    assert_eq!(
        of("proc/ps.txt").nodes[0]
            .facts
            .threads
            .as_ref()
            .unwrap()
            .last,
        Some(26)
    );
    assert_eq!(
        gauge(&of("proc/smaps_rollup-demo.txt"), "rss_anon_bytes"),
        Some(151_500 * KIB)
    );
    let mappings = |file: &str| {
        let r = of(file);
        facts(&r)
            .process
            .as_ref()
            .unwrap()
            .mappings
            .as_ref()
            .unwrap()[0]
            .mappings
    };
    assert_eq!(
        (mappings("proc/smaps.txt"), mappings("proc/maps.txt")),
        (228, 228)
    );
    for (run, rss, anon) in [
        ("grpc-nio", 162_836, 140_092),
        ("grpc-nio-nocleaner", 149_356, 126_596),
        ("grpc-shaded-epoll", 157_768, 135_152),
    ] {
        let r = of(&format!("proc/rss-{run}.txt"));
        assert_eq!(gauge(&r, "rss_bytes"), Some(rss * KIB), "{run}");
        assert_eq!(gauge(&r, "rss_anon_bytes"), Some(anon * KIB), "{run}");
    }
}

#[test]
fn malloc_tells_its_arenas() {
    let r = of("proc/malloc-info-jdk25.txt");
    let m = &facts(&r).process.as_ref().unwrap().malloc.as_ref().unwrap()[0];
    assert_eq!(m.arenas, 16);
    assert_eq!(
        (m.system_bytes, m.mapped_bytes, m.kept_bytes),
        (
            Some(133_681_152),
            Some(35_569_664),
            Some(4_160 + 21_966_941)
        )
    );
}

#[test]
fn sockets_of_the_stopped_client_hold_what_it_did_not_read() {
    for (file, bytes) in [
        ("ss-grpc.txt", 921_312),
        ("ss-grpc-nocleaner.txt", 921_366),
        ("ss-grpc-shaded-epoll.txt", 930_430),
    ] {
        let r = of(&format!("sockets/{file}"));
        let q = facts(&r).send_queues.as_ref().unwrap();
        assert_eq!(q.len(), 1, "{file}");
        assert_eq!(
            (
                q[0].port,
                q[0].peer.as_str(),
                q[0].waiting,
                q[0].send_q_bytes
            ),
            (18_848, "127.0.0.13", 1, bytes),
            "{file}"
        );
    }
}

#[test]
fn histograms_count_what_stands_for_native_memory() {
    type Counts<'a> = &'a [(&'a str, u64, u64)];
    let demo: Counts<'_> = &[
        ("[B", 11_331, 643_448),
        ("java.nio.DirectByteBuffer", 97, 6_208),
        ("java.nio.DirectByteBuffer$Deallocator", 96, 3_072),
    ];
    let shaded: Counts<'_> = &[
        ("java.nio.DirectByteBuffer", 37, 2_368),
        ("java.nio.DirectByteBuffer$Deallocator", 30, 960),
        ("io.grpc.netty.shaded.io.netty.buffer.PoolChunk", 22, 1_936),
        ("com.alibaba.nacos.core.remote.grpc.GrpcConnection", 3, 96),
    ];
    for (file, total, counts) in [
        ("jdk17-demo.txt", (38_240, 1_771_944), demo),
        ("jdk17-demo-jmap.txt", (38_257, 1_897_784), &demo[1..]),
        (
            "jdk17-grpc-shaded-epoll.txt.gz",
            (81_186, 4_835_264),
            shaded,
        ),
    ] {
        let r = of(&format!("histogram/{file}"));
        let h = facts(&r).class_histogram.as_ref().unwrap();
        assert_eq!(
            (h.instances, h.bytes),
            (Some(total.0), Some(total.1)),
            "{file}"
        );
        for (class, instances, bytes) in counts {
            let c = h.classes.iter().find(|c| c.class == *class);
            let c = c.unwrap_or_else(|| panic!("{file}: {class}"));
            assert_eq!(
                (c.instances, c.bytes),
                (*instances, *bytes),
                "{file}: {class}"
            );
        }
    }
}

#[test]
fn failures_and_leaks_of_netty_are_told_by_whose_book_was_full() {
    let r = of("oom/jdk17-netty-cleaner.txt");
    let f = &facts(&r).allocation_failures.as_ref().unwrap()[0];
    assert_eq!(
        (f.requested_bytes, f.used_bytes, f.limit_bytes),
        (Some(8192), Some(41_943_041), Some(40 * MIB))
    );
    assert_eq!(f.class.as_deref(), Some("java.lang.OutOfMemoryError"));
    let r = of("oom/jdk17-netty-nocleaner.txt");
    let f = &facts(&r).allocation_failures.as_ref().unwrap()[0];
    assert_eq!(
        (f.requested_bytes, f.used_bytes, f.limit_bytes),
        (Some(8192), Some(40 * MIB), Some(40 * MIB))
    );
    let class = Some("io.netty.util.internal.OutOfDirectMemoryError");
    assert_eq!(f.class.as_deref(), class);
    for (level, touched, count) in [
        ("simple", None, 1),
        ("advanced", Some("Leak.make(Leak.java:3)"), 2),
        ("paranoid", Some("Leak.make(Leak.java:3)"), 2),
    ] {
        let r = of(&format!("oom/jdk17-leak-{level}.txt"));
        let l = &facts(&r).netty_leak_records.as_ref().unwrap()[0];
        let site = Some("Leak.make(Leak.java:3)");
        assert_eq!(l.site.as_deref(), site, "{level}");
        assert_eq!((l.touched.as_deref(), l.count), (touched, count), "{level}");
    }
    let r = of("oom/jdk17-threads-limit.txt");
    let f = &facts(&r).allocation_failures.as_ref().unwrap()[0];
    assert_eq!((f.kind.as_str(), f.count), ("native-thread", 1));
    assert_eq!(r.nodes[0].direct_memory.exhausted.count, 0);
}

#[test]
fn collections_of_g1_are_counted_to_the_pause() {
    // Pauses with a result up to the cut, remarks and cleanups of the concurrent cycles among them; System.gc() once.
    let r = of("gc/jdk21-g1.log");
    let gc = facts(&r).gc.as_ref().unwrap();
    assert_eq!((gc.collections, gc.full, gc.explicit), (10, 1, 1));
    assert_eq!(
        gc.explicit_first.as_deref(),
        Some("2026-11-22T13:24:10.553Z")
    );
    assert_eq!(r.nodes[0].jvm.collector.as_deref(), Some("G1"));
}

#[test]
fn a_crash_log_in_another_zone_is_moved_as_a_whole() {
    // The server's logs are eight hours ahead of UTC, as its connection ids show; the crash log is in UTC.
    let dir = Scratch::new("samples-zones");
    for log in ["remote-digest.log.gz", "naming-push.log.gz"] {
        let from = fixture("incidents/stuck-client").join("logs").join(log);
        dir.file(&format!("logs/{log}"), &std::fs::read(from).unwrap());
    }
    dir.file(
        "hs_err_pid23115.log",
        &std::fs::read(fixture("hs_err/jdk17-sigsegv.log")).unwrap(),
    );
    let r = report_of(&[dir.0.as_path()], Some(1));
    let n = &r.nodes[0];
    assert_eq!(n.zone_assumed.offset, "+08:00");
    let at = "2026-11-22T13:22:53Z";
    let f = facts(&r);
    assert_eq!(f.crash.as_ref().unwrap()[0].t.as_deref(), Some(at));
    assert_eq!(f.nmt.as_ref().unwrap()[0].t.as_deref(), Some(at));
    let p = f.process.as_ref().unwrap();
    let rss = p.series.iter().find(|s| s.gauge == "rss_bytes").unwrap();
    assert_eq!(rss.t.as_deref(), Some(at));
    assert_eq!(p.mappings.as_ref().unwrap()[0].t.as_deref(), Some(at));
}

#[test]
fn a_dump_and_nmt_of_the_same_minute_agree_within_a_hundredth() {
    // The dump was begun at 13:18:30.1 UTC.
    let dir = Scratch::new("samples-beside");
    let copy = |from: &str, to: &str| dir.file(to, &std::fs::read(fixture(from)).unwrap());
    copy("heap/grpc_backlog_nio.thin.hprof.gz", "heap.hprof.gz");
    copy("nmt/jdk17-run-grpc-nio.txt", "nmt-20261122-131840.txt");
    let r = report_of(&[dir.0.as_path()], Some(1));
    let heap = facts(&r).heap_dump.as_ref().unwrap();
    let beside = heap.nmt.as_ref().unwrap();
    // 45,095 KB in NMT; 46,137,624 bytes by the JDK's counter.
    assert_eq!(beside.category, "Other");
    assert_eq!(beside.committed_bytes, 45_095 * KIB);
    assert_eq!(beside.owners_bytes, 46_137_624);
    assert_eq!(beside.remainder_bytes, 39_656);
    assert!(beside.remainder_bytes * 100 < beside.owners_bytes as i64);
}
