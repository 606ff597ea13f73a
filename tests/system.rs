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
