//! Texts of jcmd, the kernel and Linux's tools are recognised and become facts.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use nacos_offheap::report::Report;
use nacos_offheap::report::facts::FactsReport;
use support::{Scratch, fixture, report_of};

fn of(path: &str) -> Report {
    report_of(&[&fixture(path)], Some(1))
}

fn facts(r: &Report) -> &FactsReport {
    &r.nodes[0].facts
}

fn format(r: &Report) -> &str {
    &r.inputs[0].format
}

#[test]
fn smaps_tell_resident_memory_by_kind_of_mapping() {
    let r = of("proc/smaps.txt");
    assert_eq!(format(&r), "smaps");
    let p = facts(&r).process.as_ref().unwrap();
    let m = &p.mappings.as_ref().unwrap()[0];
    assert_eq!(p.rss_bytes, m.rss_bytes);
    assert!(m.rss_bytes.unwrap() > 0 && m.mappings > 20);
    assert!(m.kinds["java-heap"].rss_bytes.unwrap() > 0);
    assert!(m.kinds.contains_key("thread-stack"));
}

#[test]
fn maps_tell_mappings_and_no_resident_memory() {
    let r = of("proc/maps.txt");
    assert_eq!(format(&r), "smaps");
    let p = facts(&r).process.as_ref().unwrap();
    assert_eq!(p.rss_bytes, None);
    assert_eq!(p.mappings.as_ref().unwrap()[0].rss_bytes, None);
}

#[test]
fn ps_and_pmap_tell_resident_memory() {
    let r = of("proc/ps.txt");
    assert_eq!(format(&r), "ps");
    let p = facts(&r).process.as_ref().unwrap();
    assert!(p.rss_bytes.is_some());
    assert!(facts(&r).threads.as_ref().unwrap().last.unwrap() > 10);
    for (file, rss) in [
        ("pmap.txt", false),
        ("pmap-x.txt", true),
        ("pmap-X.txt", true),
    ] {
        let r = of(&format!("proc/{file}"));
        assert_eq!(format(&r), "pmap", "{file}");
        let known = facts(&r).process.as_ref().and_then(|p| p.rss_bytes);
        assert_eq!(known.is_some(), rss, "{file}");
        assert!(r.inputs[0].complete, "{file}");
    }
}

#[test]
fn meminfo_tells_physical_memory() {
    let dir = Scratch::new("meminfo");
    let f = dir.file(
        "meminfo",
        b"MemTotal:       24684092 kB\nMemFree:        1234 kB\nMemAvailable:   99 kB\n",
    );
    let r = report_of(&[&f], Some(1));
    assert_eq!(format(&r), "meminfo");
    let p = facts(&r).process.as_ref().unwrap();
    assert_eq!(p.physical_bytes, Some(24_684_092 << 10));
}

#[test]
fn sockets_tell_what_waits_for_whom() {
    let r = of("sockets/ss-grpc.txt");
    assert_eq!(format(&r), "sockets");
    let q = facts(&r).send_queues.as_ref().unwrap();
    assert_eq!(q.len(), 1);
    assert_eq!((q[0].port, q[0].peer.as_str()), (18848, "127.0.0.13"));
    assert_eq!((q[0].waiting, q[0].send_q_bytes), (1, 921_312));
    assert_eq!(of("sockets/ss-tnmpi.txt").inputs[0].format, "sockets");
}

#[test]
fn a_class_histogram_counts_what_stands_for_native_memory() {
    for file in ["histogram/jdk8.txt", "histogram/jdk17.txt"] {
        let r = of(file);
        assert_eq!(format(&r), "class-histogram");
        let h = facts(&r).class_histogram.as_ref().unwrap();
        assert!(h.instances.unwrap() > 1000, "{file}");
        assert!(h.classes.len() >= 20, "{file}");
        assert!(h.classes[0].bytes >= h.classes[1].bytes, "{file}");
    }
}

#[test]
fn heap_info_tells_heap_and_metaspace() {
    let dir = Scratch::new("heap-info");
    let f = dir.file(
        "gc_heap_info.txt",
        b"22715:\n PSYoungGen      total 242176K, used 42361K [0xf0000000, 0x100000000, 0x100000000)\n ParOldGen       total 262144K, used 63535K [0xe0000000, 0xf0000000, 0xf0000000)\n Metaspace       used 81246K, capacity 85720K, committed 85760K, reserved 1124352K\n",
    );
    let r = report_of(&[&f], Some(1));
    assert_eq!(format(&r), "heap-info");
    let p = facts(&r).process.as_ref().unwrap();
    let of = |name: &str| p.series.iter().find(|s| s.gauge == name).map(|s| s.value);
    assert_eq!(of("heap_used_bytes"), Some((42_361 + 63_535) << 10));
    assert_eq!(of("metaspace_committed_bytes"), Some(85_760 << 10));
    assert_eq!(r.nodes[0].jvm.collector.as_deref(), Some("Parallel"));
}

#[test]
fn a_crash_tells_its_kind_and_holds_nmt_and_flags() {
    for jdk in [11, 17, 21, 25] {
        let r = of(&format!("hs_err/jdk{jdk}-sigsegv.log"));
        assert_eq!(format(&r), "hs-err");
        let f = facts(&r);
        let c = &f.crash.as_ref().unwrap()[0];
        assert_eq!(c.kind, "SIGSEGV", "{jdk}");
        assert!(c.pid.is_some(), "{jdk}");
        let nmt = f.nmt.as_ref().unwrap();
        assert_eq!(nmt.len(), 1, "{jdk}");
        assert!(nmt[0].t.is_some(), "{jdk}");
        let flag = f.jvm.as_ref().unwrap().max_direct_memory_bytes;
        assert_eq!(flag, Some(32 << 20), "{jdk}");
        assert!(r.nodes[0].jvm.version.is_some(), "{jdk}");
    }
}

#[test]
fn a_crash_for_want_of_memory_tells_what_was_asked_for() {
    let r = of("hs_err/jdk17-mmap.log");
    let c = &facts(&r).crash.as_ref().unwrap()[0];
    assert_eq!(
        (c.kind.as_str(), c.operation.as_deref(), c.failed_bytes),
        ("native-memory", Some("mmap"), Some(536_870_912_000))
    );
}

#[test]
fn vm_info_is_no_crash() {
    let r = of("hs_err/jdk17-vm-info.log");
    assert_eq!(format(&r), "hs-err");
    let f = facts(&r);
    assert_eq!(f.crash, None);
    assert!(f.nmt.is_some() && f.process.as_ref().unwrap().rss_bytes.is_some());
}

#[test]
fn a_crash_cut_short_is_not_complete() {
    let dir = Scratch::new("hs-err-cut");
    let whole = std::fs::read(fixture("hs_err/jdk17-sigsegv.log")).unwrap();
    let f = dir.file("hs_err_pid77.log", &whole[..whole.len() / 2]);
    let r = report_of(&[&f], Some(1));
    assert_eq!(format(&r), "hs-err");
    assert!(!r.inputs[0].complete && !r.inputs[0].issues.is_empty());
}

const OOM: &[u8] = b"[  100.000001] Linux version 6.1\n[  123.456789] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=999\n[  123.456790] memory: usage 524288kB, limit 524288kB, failcnt 123\n[  123.456791] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task=java,pid=77,uid=0\n[  123.456792] Memory cgroup out of memory: Killed process 77 (java) total-vm:3488232kB, anon-rss:604452kB, file-rss:31716kB, shmem-rss:0kB, UID:0\n";

#[test]
fn the_kernel_tells_whom_it_killed() {
    let dir = Scratch::new("oom");
    let f = dir.file("dmesg.txt", OOM);
    let r = report_of(&[&f], Some(1));
    assert_eq!(format(&r), "kernel-log");
    let k = &facts(&r).kernel_oom.as_ref().unwrap()[0];
    assert_eq!((k.pid, k.process.as_deref()), (Some(77), Some("java")));
    assert_eq!(k.rss_bytes, Some((604_452 + 31_716) << 10));
    assert_eq!(
        (k.in_container, k.limit_bytes),
        (Some(true), Some(512 << 20))
    );
}

#[test]
fn gc_logs_count_collections_and_those_that_were_asked_for() {
    for (file, explicit) in [
        ("jdk8-parallel.log", false),
        ("jdk11-g1.log", true),
        ("jdk17-g1.log", true),
        ("jdk25-g1.log", true),
        ("jdk17-parallel-server.log", false),
    ] {
        let r = of(&format!("gc/{file}"));
        let gc = facts(&r).gc.as_ref().unwrap();
        assert!(gc.collections > 0, "{file}");
        if explicit {
            assert!(
                gc.explicit > 0 && gc.explicit_first <= gc.explicit_last,
                "{file}"
            );
        }
    }
}

/// The values of a gauge, in order of time.
fn gauge(r: &Report, name: &str) -> Vec<(Option<String>, u64)> {
    let p = facts(r).process.as_ref().unwrap();
    p.series
        .iter()
        .filter(|s| s.gauge == name)
        .map(|s| (s.t.clone(), s.value))
        .collect()
}

#[test]
fn loops_of_ps_and_status_take_the_time_above_each() {
    let dir = Scratch::new("loops");
    let ps = dir.file(
        "ps.log",
        b"2026-11-22 13:00:00\n  PID   RSS NLWP CMD\n   77 900000 200 java -jar nacos-server.jar\n2026-11-22 13:01:00\n  PID   RSS NLWP CMD\n   77 910000 201 java -jar nacos-server.jar\n",
    );
    let r = report_of(&[&ps], Some(1));
    assert_eq!(
        gauge(&r, "rss_bytes"),
        [
            (Some("2026-11-22T13:00:00Z".to_owned()), 900_000 << 10),
            (Some("2026-11-22T13:01:00Z".to_owned()), 910_000 << 10),
        ]
    );
    let status = dir.file(
        "status.log",
        b"Sun Nov 22 13:00:00 UTC 2026\nVmRSS:\t   100 kB\nThreads:\t7\nSun Nov 22 13:01:00 UTC 2026\nVmRSS:\t   200 kB\nThreads:\t8\n",
    );
    let r = report_of(&[&status], Some(1));
    assert_eq!(format(&r), "proc-status");
    let rss = gauge(&r, "rss_bytes");
    assert_eq!(rss[1], (Some("2026-11-22T13:01:00Z".to_owned()), 200 << 10));
    assert_eq!(facts(&r).threads.as_ref().unwrap().last, Some(8));
    // Sources are marked.
    let p = facts(&r).process.as_ref().unwrap();
    assert!(
        p.series
            .iter()
            .all(|s| s.source.as_deref() == Some("status.log"))
    );
}

#[test]
fn top_tells_the_jvms_size_on_the_day_it_was_taken() {
    let dir = Scratch::new("top");
    let text = std::fs::read(fixture("proc/top-b.txt")).unwrap();
    let r = report_of(&[&dir.file("top-20261122-130800.txt", &text)], Some(1));
    assert_eq!(format(&r), "top");
    let rss = gauge(&r, "rss_bytes");
    assert_eq!(rss.len(), 2);
    assert!(rss.iter().all(|s| s.1 == 173_948 << 10));
    assert!(rss[0].0.as_ref().unwrap().starts_with("2026-11-22T13:07:"));
    let text = std::fs::read(fixture("proc/top-b-threads.txt")).unwrap();
    let r = report_of(&[&dir.file("top-20261122-130900.txt", &text)], Some(1));
    assert_eq!(facts(&r).threads.as_ref().unwrap().last, Some(26));
}

#[test]
fn jstat_limits_and_malloc_tell_what_they_can() {
    let r = of("proc/jstat-gc.txt");
    assert_eq!(format(&r), "jstat");
    assert_eq!(gauge(&r, "heap_used_bytes").len(), 4);
    assert_eq!(
        gauge(&r, "heap_committed_bytes")[0].1,
        (7168 + 58_368) << 10
    );
    let r = of("proc/limits.txt");
    assert_eq!(format(&r), "limits");
    let l = facts(&r).process.as_ref().unwrap().limits.clone().unwrap();
    assert_eq!(
        (l.address_space_bytes, l.processes, l.open_files),
        (None, Some(96_365), Some(20_000))
    );
    let r = of("proc/malloc-info-jdk21.txt");
    assert_eq!(format(&r), "malloc-info");
    let m = &facts(&r).process.as_ref().unwrap().malloc.as_ref().unwrap()[0];
    assert_eq!(
        (m.system_bytes, m.mapped_bytes, m.kept_bytes),
        (Some(73_490_432), Some(85_721_088), Some(10_904_118))
    );
}

#[test]
fn a_listing_of_many_sockets_quotes_the_fullest_of_each_peer() {
    let dir = Scratch::new("ss-many");
    let mut text = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n".to_owned();
    for i in 0..6_000 {
        text.push_str(&format!(
            "ESTAB 0 {} 10.0.0.1:9848 10.{}.{}.7:{}\n",
            1 + i % 3,
            (i / 3) / 250,
            (i / 3) % 250,
            40_000 + i % 3
        ));
    }
    let r = report_of(&[&dir.file("ss.txt", text.as_bytes())], Some(1));
    let q = facts(&r).send_queues.as_ref().unwrap();
    assert!(
        q.iter()
            .all(|q| (q.sockets, q.send_q_bytes, q.send_q_max_bytes) == (3, 6, 3))
    );
}

#[test]
fn bytes_in_the_kernel_speak_for_a_stuck_reader_and_an_empty_queue_clears_nobody() {
    let claims = |ss: &str| -> Vec<String> {
        let dir = Scratch::new("queue");
        let from = fixture("incidents/stuck-client");
        for f in support::files_below(&from) {
            let rel = f
                .strip_prefix(&from)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            dir.file(&rel, &std::fs::read(&f).unwrap());
        }
        dir.file("os/ss-20261123-005500.txt", ss.as_bytes());
        let r = report_of(&[dir.0.as_path()], None);
        let f = r.nodes[0]
            .findings
            .iter()
            .find(|f| f.rule == "faulty-client")
            .unwrap();
        assert_eq!(f.subjects[0].value, "10.140.5.77");
        f.evidence.iter().map(|e| e.claim.id.clone()).collect()
    };
    const HEAD: &str = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n";
    let row = |n: u64| format!("{HEAD}ESTAB 0 {n} 10.140.0.1:9848 10.140.5.77:40000\n");
    let with = claims(&row(2_000_000));
    let empty = claims(&row(0));
    assert!(
        with.iter().any(|c| c == "faulty-client.in-kernel"),
        "{with:?}"
    );
    assert!(!empty.iter().any(|c| c == "faulty-client.in-kernel"));
    assert_eq!(with.len(), empty.len() + 1);
    // Another port is not gRPC's.
    assert_eq!(claims(&row(2_000_000).replace(":9848", ":8848")), empty);
}

/// Of a server's start line and log: limit, low, high, explanation, books.
fn limits(start: &str, log: &str, jdk: u32) -> nacos_offheap::report::model::DirectMemory {
    let dir = Scratch::new("limits");
    dir.file("logs/start.out", start.as_bytes());
    dir.file("logs/nacos.log", log.as_bytes());
    let version = match jdk {
        8 => "jvm/vm-version-jdk8.txt",
        _ => "incidents/native-leak/jvm/vm_version.txt",
    };
    dir.file("vm_version.txt", &std::fs::read(fixture(version)).unwrap());
    report_of(&[dir.0.as_path()], Some(1)).nodes[0]
        .direct_memory
        .clone()
}

const FAILED_NETTY: &str = "2026-11-22 13:05:00,000 ERROR x\nio.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 2097152 byte(s) of direct memory (used: 501219607, max: 503316480)\n";

#[test]
fn under_parallel_the_derived_limit_is_a_range_until_an_exception_prints_it() {
    let start = "/opt/jdk/bin/java -Xms512m -Xmx512m -Xmn256m -XX:+UseParallelGC --add-opens java.base/java.nio=ALL-UNNAMED -Dio.grpc.netty.shaded.io.netty.tryReflectionSetAccessible=true -jar /opt/nacos/target/nacos-server.jar\n";
    let log = "2026-11-22 13:05:00,000 INFO x\n";
    let d = limits(start, log, 17);
    assert_eq!(d.limit_source.as_deref(), Some("derived"));
    let (low, high) = (d.limit_low.unwrap(), d.limit_high.unwrap());
    assert!(low <= 503_316_480 && 515_375_104 <= high, "{low} {high}");
    assert_eq!(d.limit_explained.unwrap().id, "limit.range");
    let d = limits(start, FAILED_NETTY, 17);
    assert_eq!(
        (d.limit_bytes, d.limit_low, d.limit_high),
        (Some(503_316_480), Some(503_316_480), Some(503_316_480))
    );
    assert_eq!(d.limit_source.as_deref(), Some("exception"));
}

#[test]
fn sources_that_contradict_each_other_are_said_and_the_exception_stands() {
    let start = "/opt/jdk/bin/java -Xms512m -Xmx512m -XX:MaxDirectMemorySize=256m -jar /opt/nacos/target/nacos-server.jar\n";
    let d = limits(start, FAILED_NETTY, 17);
    assert_eq!(d.limit_bytes, Some(503_316_480));
    let e = d.limit_explained.unwrap();
    assert_eq!(
        (e.id.as_str(), &e.params["other"]),
        ("limit.contradicted", &serde_json::json!(256 << 20))
    );
    // The same figure twice is none.
    let agreed = start.replace("256m", "480m");
    assert_eq!(
        limits(&agreed, FAILED_NETTY, 17)
            .limit_explained
            .unwrap()
            .id,
        "limit.exception"
    );
}

#[test]
fn two_books_have_a_limit_each_and_options_behind_the_jar_none() {
    let start = "/opt/jdk8/bin/java -Xms512m -Xmx512m -Xmn256m -XX:MaxDirectMemorySize=128m -Dio.grpc.netty.shaded.io.netty.maxDirectMemory=67108864 -jar /opt/nacos/target/nacos-server.jar -XX:MaxDirectMemorySize=1g\n";
    let log = "2026-11-22 13:05:00,000 INFO x\n";
    let d = limits(start, log, 8);
    let books: Vec<_> = d
        .books
        .iter()
        .map(|b| (b.book.as_str(), b.limit_bytes, b.cleaner))
        .collect();
    assert_eq!(
        books,
        [
            ("jdk", Some(128 << 20), true),
            ("netty", Some(64 << 20), false)
        ]
    );
}

#[test]
fn the_forms_of_jdk_8_are_told_from_later_ones() {
    // CMS, its limit, and a failure without figures.
    let start = "/opt/jdk8/bin/java -Xms512m -Xmx512m -Xmn256m -XX:+UseConcMarkSweepGC -XX:SurvivorRatio=8 -jar /opt/nacos/target/nacos-server.jar\n";
    let log = "2026-11-22 13:05:00,000 ERROR x\njava.lang.OutOfMemoryError: Direct buffer memory\n\tat java.nio.Bits.reserveMemory(Bits.java:694)\n";
    let d = limits(start, log, 8);
    assert_eq!(d.limit_bytes, Some(510_066_688));
    assert_eq!((d.exhausted.count, d.used_peak_bytes), (1, None));
    // What NMT shows is never shown as direct memory alone.
    let dir = Scratch::new("jdk8-internal");
    for (from, to) in [("first", "004906"), ("last", "005518")] {
        let text = std::fs::read(fixture(&format!("nmt/jdk8-{from}.txt"))).unwrap();
        dir.file(&format!("nmt-20261123-{to}.txt"), &text);
    }
    let d = report_of(&[dir.0.as_path()], Some(1)).nodes[0]
        .direct_memory
        .clone();
    assert_eq!(d.used_source.as_deref(), Some("nmt:Internal"));
    assert!(
        d.used_explained
            .unwrap()
            .text
            .contains("7 to 15 MiB of the VM's own")
    );
}

#[test]
fn the_table_of_all_flags_is_read_and_a_filtered_status_is_one() {
    let r = of("jvm/vm-flags-all-jdk17.txt");
    assert_eq!(format(&r), "jvm-text");
    assert_eq!(r.nodes[0].jvm.collector.as_deref(), Some("G1"));
    let dir = Scratch::new("status-filtered");
    let f = dir.file("rss.txt", b"VmRSS:\t  162836 kB\nRssAnon:\t  140092 kB\n");
    let r = report_of(&[&f], Some(1));
    assert_eq!(format(&r), "proc-status");
    assert_eq!(gauge(&r, "rss_anon_bytes")[0].1, 140_092 << 10);
}

/// What the text of a fixture is, and its values.
fn series(r: &Report, name: &str) -> Option<u64> {
    let p = facts(r).process.as_ref()?;
    p.series.iter().find(|s| s.gauge == name).map(|s| s.value)
}

#[test]
fn heap_info_of_every_jdk_tells_heap_metaspace_and_collector() {
    for (jdk, used, metaspace) in [
        (11, 571u64, Some(5_760u64)),
        (17, 2_283, Some(768)),
        (21, 1_920, Some(7_232)),
        (25, 3_255, None),
    ] {
        let r = of(&format!("jvm/heap-info-jdk{jdk}.txt"));
        assert_eq!(format(&r), "heap-info", "{jdk}");
        assert_eq!(series(&r, "heap_used_bytes"), Some(used << 10), "{jdk}");
        assert_eq!(
            series(&r, "heap_committed_bytes"),
            Some(65_536 << 10),
            "{jdk}"
        );
        assert_eq!(
            series(&r, "metaspace_committed_bytes"),
            metaspace.map(|m| m << 10),
            "{jdk}"
        );
        assert_eq!(r.nodes[0].jvm.collector.as_deref(), Some("G1"), "{jdk}");
    }
}

#[test]
fn flags_of_every_jdk_tell_the_heap_and_what_follows_for_direct_memory() {
    for jdk in [11, 17, 21, 25] {
        let r = of(&format!("jvm/vm-flags-jdk{jdk}.txt"));
        assert_eq!(format(&r), "jvm-text", "{jdk}");
        let n = &r.nodes[0];
        assert_eq!(n.jvm.heap_bytes, Some(536_870_912), "{jdk}");
        assert_eq!(n.jvm.collector.as_deref(), Some("G1"), "{jdk}");
        assert_eq!(n.direct_memory.limit_bytes, Some(536_870_912), "{jdk}");
    }
}

#[test]
fn a_baseline_that_was_taken_is_an_answer_of_nmt_and_no_report() {
    for jdk in [11, 17, 21, 25] {
        let r = of(&format!("nmt/jdk{jdk}-baseline.txt"));
        assert_eq!(format(&r), "nmt", "{jdk}");
        assert!(r.nodes[0].native_memory.is_none(), "{jdk}");
        assert!(facts(&r).nmt_status.is_some(), "{jdk}");
        assert!(r.inputs[0].issues.is_empty(), "{jdk}");
    }
}

#[test]
fn parallel_collections_of_every_jdk_are_counted() {
    for (jdk, all) in [(11, 6), (17, 5), (21, 5), (25, 3)] {
        let r = of(&format!("gc/jdk{jdk}-parallel-demo.log"));
        assert_eq!(format(&r), "gc-log", "{jdk}");
        let gc = facts(&r).gc.as_ref().unwrap();
        assert_eq!(gc.collections, all, "{jdk}");
        assert!(gc.explicit > 0, "{jdk}");
        assert_eq!(
            r.nodes[0].jvm.collector.as_deref(),
            Some("Parallel"),
            "{jdk}"
        );
    }
}

#[test]
fn what_a_program_prints_when_memory_is_refused_is_told_apart() {
    for jdk in [11, 17, 21, 25] {
        let r = of(&format!("oom/jdk{jdk}-direct.txt"));
        let n = &r.nodes[0];
        assert_eq!(n.direct_memory.exhausted.count, 1, "{jdk}");
        // 11 tells no figures.
        let limit = (jdk > 11).then_some(8 << 20);
        assert_eq!(n.direct_memory.limit_bytes, limit, "{jdk}");
        assert_eq!(n.direct_memory.used_peak_bytes, limit, "{jdk}");
    }
    // None of these is direct memory.
    for file in ["ccs", "metaspace", "nat-unsafe", "threads"] {
        let r = of(&format!("oom/jdk17-{file}.txt"));
        let failures = facts(&r).allocation_failures.as_ref().unwrap();
        assert_eq!(failures.len(), 1, "{file}");
        assert_eq!(r.nodes[0].direct_memory.exhausted.count, 0, "{file}");
    }
    for (file, kind) in [("mmap", "native-memory"), ("crash", "SIGSEGV")] {
        let r = of(&format!("oom/jdk17-{file}.txt"));
        assert_eq!(format(&r), "hs-err", "{file}");
        let c = &facts(&r).crash.as_ref().unwrap()[0];
        assert_eq!(c.kind, kind, "{file}");
        let failed = (file == "mmap").then_some(536_870_912_000);
        assert_eq!(c.failed_bytes, failed, "{file}");
    }
}

#[test]
fn system_map_tells_what_the_jvm_uses_mappings_for() {
    let r = of("proc/system-map-jdk25.txt");
    assert_eq!(format(&r), "system-map");
    assert!(r.inputs[0].issues.is_empty());
    let p = facts(&r).process.as_ref().unwrap();
    assert_eq!(p.rss_bytes, Some(201_875_456));
    let m = &p.mappings.as_ref().unwrap()[0];
    assert_eq!(m.mappings, 219);
    assert_eq!(m.kinds["java-heap"].rss_bytes, Some(3_420_160));
    assert_eq!(m.kinds["malloc-heap"].rss_bytes, Some(98_304));
    // Named stacks, and that of the process itself.
    assert_eq!(m.kinds["thread-stack"].rss_bytes, Some(1_204_224 + 32_768));
}

#[test]
fn metaspace_is_told_by_its_own_command() {
    let r = of("jvm/vm-metaspace-jdk17.txt");
    assert_eq!(format(&r), "metaspace");
    assert_eq!(series(&r, "metaspace_committed_bytes"), Some(768 << 10));
}

#[test]
fn answers_of_tools_that_tell_nothing_are_named_with_the_reason() {
    let dir = Scratch::new("no-weight");
    dir.file(
        "gc_heap_info.txt",
        &std::fs::read(fixture("jvm/heap-info-jdk17.txt")).unwrap(),
    );
    for (name, text, why) in [
        (
            "help.txt",
            "15132:\nVM.native_memory\nPrint native memory usage\n\nImpact: Medium\n\nSyntax : VM.native_memory [options]\n",
            "help",
        ),
        (
            "dumped.txt",
            "7765:\nDumping heap to /opt/app/live.hprof.gz ...\nHeap dump file created [2811890 bytes in 0.216 secs]\n",
            "heap dump",
        ),
        ("other.txt", "UP\nPUSHED\n", "of no known format"),
    ] {
        dir.file(name, text.as_bytes());
        let r = report_of(&[dir.0.as_path()], Some(1));
        let s = r.skipped.iter().find(|s| s.path.ends_with(name)).unwrap();
        assert!(s.why.contains(why), "{name}: {}", s.why);
        assert!(!s.failed, "{name}");
    }
}
