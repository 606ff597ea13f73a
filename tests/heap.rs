//! Heap dumps of real servers (thinned, see `fixtures/README.md`) and small made ones: every figure that is told of them.

#[path = "support/hprof.rs"]
mod hprof;
#[path = "support/server.rs"]
mod server;

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use hprof::{Dump, Framing, V};
use nacos_offheap::facts::heap::{
    Book, ChunkUse, DumpSource, HeapFacts, OwnerKind, Reconciled, Side, Tally, WINDOW, read_dump,
    read_dump_within,
};
use server::Server;

fn fixture(name: &str) -> HeapFacts {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/heap")
        .join(name);
    let bytes = std::fs::read(path).expect("a fixture");
    read(&bytes)
}

fn read(bytes: &[u8]) -> HeapFacts {
    read_dump(DumpSource::Bytes(bytes), &|_| {})
}

fn tally(count: u64, bytes: u64) -> Tally {
    Tally { count, bytes }
}

/// What is told of each incident's dump.
struct Expected {
    file: &'static str,
    queued: u64,
    held: u64,
    buffers: u64,
    /// Address, connections with a queue, payload, held: those that hold most.
    holders: &'static [(&'static str, u64, u64, u64)],
    counter: (Book, u64),
    chunks: (u64, u64),
}

const INCIDENTS: &[Expected] = &[
    Expected {
        file: "stuck_client_seed.thin.hprof.zst",
        queued: 438_268_278,
        held: 477_102_080,
        buffers: 2_912,
        holders: &[("10.31.5.77", 3, 438_268_278, 477_102_080)],
        counter: (Book::Netty, 513_802_519),
        chunks: (245, 513_802_240),
    },
    Expected {
        file: "config_push_stuck.thin.hprof.zst",
        queued: 2_227_332,
        held: 64_028_672,
        buffers: 15_632,
        holders: &[("10.86.2.50", 4, 2_227_332, 64_028_672)],
        counter: (Book::Jdk, 66_019_608),
        chunks: (31, 65_011_712),
    },
    Expected {
        file: "jdk8_stuck_client.thin.hprof.gz",
        queued: 426_799_333,
        held: 464_650_240,
        buffers: 2_836,
        holders: &[("10.140.5.77", 3, 426_799_333, 464_650_240)],
        counter: (Book::Netty, 501_219_607),
        chunks: (239, 501_219_328),
    },
    Expected {
        file: "stuck_two_clients.thin.hprof.gz",
        queued: 93_064_884,
        held: 94_003_200,
        buffers: 2_295,
        holders: &[
            ("172.22.5.77", 3, 85_588_365, 86_425_600),
            ("172.22.6.9", 1, 7_476_519, 7_577_600),
        ],
        counter: (Book::Jdk, 98_894_104),
        chunks: (47, 98_566_144),
    },
    Expected {
        file: "stuck_then_ejected.thin.hprof.gz",
        queued: 28_142_720,
        held: 30_982_144,
        buffers: 382,
        holders: &[
            ("172.20.5.77", 3, 26_792_845, 29_421_568),
            ("172.20.6.9", 1, 1_349_875, 1_560_576),
        ],
        counter: (Book::Jdk, 38_076_696),
        chunks: (18, 37_748_736),
    },
    Expected {
        file: "fan_out_over_limit.thin.hprof.gz",
        queued: 11_963_919,
        held: 18_889_168,
        buffers: 115,
        holders: &[
            ("10.131.2.11", 15, 7_003_106, 11_511_408),
            ("10.131.2.12", 14, 4_960_603, 7_361_376),
        ],
        counter: (Book::Jdk, 23_396_632),
        chunks: (11, 23_068_672),
    },
];

#[test]
fn each_incidents_queue_is_told_to_the_byte_and_by_address() {
    for e in INCIDENTS {
        let f = fixture(e.file);
        assert_eq!(f.loss, [], "{}", e.file);
        assert!(f.complete);
        let b = f.backlog;
        assert_eq!(
            (b.queued_bytes, b.held_bytes, b.buffers),
            (e.queued, e.held, e.buffers),
            "{}",
            e.file
        );
        assert!(b.addressed_bytes * 100 >= b.queued_bytes * 95, "{}", e.file);
        for (holder, told) in e.holders.iter().zip(&f.by_address) {
            let waiting = f
                .connections
                .iter()
                .filter(|c| c.address.as_deref() == Some(holder.0) && c.queued_bytes > 0);
            assert_eq!(
                *holder,
                (
                    told.address.as_str(),
                    waiting.count() as u64,
                    told.queued_bytes,
                    told.held_bytes
                ),
                "{}",
                e.file
            );
        }
    }
}

#[test]
fn owners_chunks_and_counters_agree_on_each_incident() {
    for e in INCIDENTS {
        let f = fixture(e.file);
        let within = |a: u64, b: u64| a.abs_diff(b) * 100 <= a.max(b);
        for Reconciled {
            counter_bytes,
            owners_bytes,
            remainder_bytes,
            ..
        } in &f.reconciled
        {
            assert!(
                within(*counter_bytes, *owners_bytes),
                "{}: {remainder_bytes}",
                e.file
            );
        }
        let counter = f.reconciled.iter().find(|r| r.book == e.counter.0).unwrap();
        assert_eq!(counter.counter_bytes, e.counter.1, "{}", e.file);
        let pool = &f.pools[0];
        assert_eq!(pool.chunks, tally(e.chunks.0, e.chunks.1), "{}", e.file);
        // The smallest of these pools is 98.6 % of its counter; the rest is transport and temporary buffers, told apart.
        let rest: u64 = f
            .owners
            .iter()
            .filter(|o| o.book == e.counter.0 && o.kind != OwnerKind::NettyPool)
            .map(|o| o.bytes)
            .sum();
        assert!(
            within(pool.chunks.bytes + rest, counter.counter_bytes),
            "{}",
            e.file
        );
        assert_eq!(pool.free_bytes + pool.used_bytes, pool.chunks.bytes);
        let arenas: u64 = pool.arenas.iter().map(|a| a.chunks.bytes).sum();
        assert_eq!(arenas, pool.chunks.bytes, "{}", e.file);
        // What is used is in live buffers, in caches of threads, or lost to rounding within pages.
        let explained = pool.live.bytes + pool.thread_cached.bytes;
        assert!(explained <= pool.used_bytes, "{}", e.file);
        assert!(explained * 100 >= pool.used_bytes * 92, "{}", e.file);
    }
}

#[test]
fn the_stuck_clients_connections_carry_what_nacos_knows_of_them() {
    let f = fixture("stuck_client_seed.thin.hprof.zst");
    let c = &f.connections[0];
    assert_eq!(
        c.connection_id.as_deref(),
        Some("1795362874557_10.31.5.77_39636")
    );
    assert_eq!(
        (c.address.as_deref(), c.port),
        (Some("10.31.5.77"), Some(39636))
    );
    assert_eq!(c.local.as_deref(), Some("10.31.0.1:9848"));
    assert_eq!(c.declared_address.as_deref(), Some("10.31.5.77"));
    assert_eq!(c.version.as_deref(), Some("Nacos-Java-Client:v2.2.3"));
    assert_eq!(c.labels["module"], "naming");
    assert_eq!(c.created.as_deref(), Some("2026-11-22T15:54:34.802Z"));
    assert_eq!(c.last_active.as_deref(), Some("2026-11-22T15:55:35.667Z"));
    assert_eq!(
        c.owner.as_deref(),
        Some("com.alibaba.nacos.core.remote.grpc.GrpcSdkServer")
    );
    assert_eq!(c.side, Some(Side::Accepted));
    assert!(c.registered && c.active == Some(true));
    assert_eq!((c.messages, c.streams_waiting), (972, 1));
    let oldest = c.oldest.unwrap();
    assert_eq!(
        (oldest.stream, oldest.bytes, oldest.begun),
        (Some(5), 41_681, true)
    );
    let others = f
        .connections
        .iter()
        .filter(|c| c.address.as_deref() != Some("10.31.5.77"));
    assert!(others.into_iter().all(|c| c.queued_bytes == 0));
    let raft = |side| {
        let mut of_raft = f.connections.iter().filter(|c| c.side == Some(side));
        of_raft.find_map(|c| {
            c.owner
                .clone()
                .filter(|o| !o.contains("Nacos") && !o.contains("nacos"))
        })
    };
    assert_eq!(
        raft(Side::Accepted).as_deref(),
        Some("com.alipay.sofa.jraft.rpc.impl.GrpcServer")
    );
    assert_eq!(
        raft(Side::Opened).as_deref(),
        Some("io.grpc.netty.shaded.io.grpc.netty.NettyClientHandler")
    );
    assert_eq!(f.taken, "2026-11-22T16:01:38.651Z");
    assert_eq!(f.jvm.java_version.as_deref(), Some("17.0.15"));
    assert_eq!(f.jvm.nacos_version.as_deref(), Some("2.2.3"));
    assert_eq!(f.jvm.pid, Some(10932));
    assert_eq!(f.native.threads, 208);
    let jdk = f.counters.jdk.unwrap();
    assert_eq!(
        (jdk.reserved_bytes, jdk.limit_bytes),
        (Some(327_681), Some(503_316_480))
    );
    assert_eq!(f.counters.netty[0].limit_bytes, Some(515_375_104));
    assert_eq!(
        f.instances["io.grpc.netty.shaded.io.netty.buffer.PoolChunk"],
        245
    );
    assert_eq!(
        f.instances["com.alibaba.nacos.core.remote.grpc.GrpcConnection"],
        10
    );
    assert_eq!(f.instances["java.nio.DirectByteBuffer"], 273);
}

#[test]
fn dropped_connections_get_their_address_from_the_channel_and_their_id_from_what_is_left() {
    let f = fixture("stuck_then_ejected.thin.hprof.gz");
    assert_eq!(f.backlog.unregistered_bytes, 28_142_720);
    let waiting: Vec<_> = f
        .connections
        .iter()
        .filter(|c| c.queued_bytes > 0)
        .collect();
    assert_eq!(waiting.len(), 4);
    assert!(waiting.iter().all(|c| !c.registered && c.address.is_some()));
    assert!(waiting.iter().all(|c| c.connection_id.is_some()));
}

#[test]
fn a_queue_that_is_everybodys_is_spread_over_many_connections() {
    let f = fixture("fan_out_over_limit.thin.hprof.gz");
    let sum = |part: fn(&nacos_offheap::facts::heap::Connection) -> u64| -> u64 {
        f.connections.iter().map(part).sum()
    };
    assert_eq!(sum(|c| c.flow_control_bytes), 9_414_360);
    assert_eq!(sum(|c| c.outbound_counter_bytes.unwrap_or(0)), 707_743);
    assert_eq!(sum(|c| c.outbound_bytes), 545_708);
    assert_eq!(sum(|c| c.other_bytes), 2_003_851);
    assert_eq!(f.backlog.connections, 33);
    let largest = f.connections.iter().map(|c| c.queued_bytes).max().unwrap();
    assert!(largest * 5 < f.backlog.queued_bytes);
}

#[test]
fn the_samples_give_the_figures_they_were_made_with() {
    for (file, bits, netty, chunks, free, queued) in [
        (
            "grpc_backlog_nio.thin.hprof.gz",
            46_137_624,
            None,
            22,
            2_899_968,
            [0, 10_198_348, 11_246_924],
        ),
        (
            "grpc_backlog_nio_nocleaner.thin.hprof.gz",
            1,
            Some(48_234_775),
            23,
            2_932_736,
            [0, 11_231_170, 11_246_924],
        ),
        (
            "grpc_backlog_shaded_epoll.thin.hprof.gz",
            46_317_848,
            None,
            22,
            2_875_392,
            [0, 10_231_136, 11_246_924],
        ),
    ] {
        let f = fixture(file);
        assert_eq!(f.loss, [], "{file}");
        let jdk = f.counters.jdk.clone().unwrap();
        assert_eq!(jdk.reserved_bytes, Some(bits), "{file}");
        assert_eq!(f.counters.netty[0].used_bytes, netty, "{file}");
        assert_eq!(f.reconciled[0].remainder_bytes, 0, "{file}");
        assert_eq!(
            f.pools[0].chunks,
            tally(chunks, chunks * 2_097_152),
            "{file}"
        );
        assert_eq!(f.pools[0].free_bytes, free, "{file}");
        let by = |ip: &str| {
            f.by_address
                .iter()
                .find(|a| a.address == ip)
                .unwrap()
                .queued_bytes
        };
        assert_eq!(
            ["127.0.0.11", "127.0.0.12", "127.0.0.13"].map(by),
            queued,
            "{file}"
        );
        let apps: Vec<_> = f
            .connections
            .iter()
            .map(|c| c.app.as_deref().unwrap())
            .collect();
        assert_eq!(
            apps,
            ["stock-service", "pay-service", "order-service"],
            "{file}"
        );
        // Views and the JDK's own image are no memory of anybody's.
        assert!(f.buffers.views.bytes > 100 << 20 && f.buffers.bare.bytes > 100 << 20);
    }
    let f = fixture("raw_netty_backlog.thin.hprof.gz");
    assert_eq!(
        f.counters.jdk.clone().unwrap().reserved_bytes,
        Some(40_748_738)
    );
    assert_eq!(f.reconciled[0].owners_bytes, 40_748_738);
    assert_eq!(f.pools[0].chunks, tally(2, 16_777_216 + 20_971_520));
    assert_eq!(f.pools[0].huge, tally(1, 20_971_520));
    for (ip, pending, messages) in [
        ("127.0.0.21", 0, 0),
        ("127.0.0.22", 2_554_400, 155),
        ("127.0.0.23", 2_554_400, 155),
    ] {
        let c = f
            .connections
            .iter()
            .find(|c| c.address.as_deref() == Some(ip))
            .unwrap();
        assert_eq!(c.outbound_counter_bytes, Some(pending), "{ip}");
        assert_eq!(c.messages, messages, "{ip}");
    }
}

/// What every form of the made server's dump says.
fn check_server(f: &HeapFacts, what: &str) {
    assert_eq!(f.loss, [], "{what}");
    let b = f.backlog;
    assert_eq!(
        (b.queued_bytes, b.held_bytes, b.messages),
        (300, 3 * 4096, 3),
        "{what}"
    );
    let c = &f.connections[0];
    assert_eq!(
        (c.address.as_deref(), c.port),
        (Some("10.1.2.3"), Some(50_000)),
        "{what}"
    );
    assert_eq!(
        c.connection_id.as_deref(),
        Some("1795362000000_10.1.2.3_50000"),
        "{what}"
    );
    assert_eq!(c.app.as_deref(), Some("订单"), "{what}");
    assert!(c.registered, "{what}");
    assert_eq!(
        c.labels.keys().collect::<Vec<_>>(),
        ["module"],
        "{what}: no token"
    );
    assert_eq!(c.oldest.map(|o| o.bytes), Some(100), "{what}");
    let jdk = f.counters.jdk.clone().unwrap_or_default();
    assert_eq!(jdk.reserved_bytes, Some(18_269), "{what}");
    assert_eq!(jdk.limit_bytes, Some(64 << 20), "{what}");
    assert!(
        f.reconciled.iter().all(|r| r.remainder_bytes == 0),
        "{what}: {:?}",
        f.reconciled
    );
    assert_eq!(f.buffers.with_cleaner, tally(2, 18_192), "{what}");
    assert_eq!(f.buffers.freed, tally(1, 50_000), "{what}");
    assert_eq!(f.buffers.views, tally(2, 14_000), "{what}");
    assert_eq!(f.buffers.mapped, tally(1, 1 << 20), "{what}");
    assert_eq!(f.buffers.bare, tally(1, 128 << 20), "{what}");
    let kind = |kind| f.owners.iter().find(|o| o.kind == kind).map(|o| o.bytes);
    assert_eq!(kind(OwnerKind::Collected), Some(77), "{what}");
    assert_eq!(kind(OwnerKind::NioTemporary), Some(8_192), "{what}");
    assert_eq!(kind(OwnerKind::NettyPool), Some(1 << 21), "{what}");
    assert_eq!(f.unattributed.jdk_buffers, tally(1, 10_000), "{what}");
    assert_eq!(f.unattributed.live_buffers, tally(0, 0), "{what}");
    assert_eq!(f.jvm.java_version.as_deref(), Some("17.0.1"), "{what}");
    assert_eq!(f.jvm.pid, Some(4711), "{what}");
    let all = serde_json::to_string(f).unwrap_or_default();
    for secret in ["c2VjcmV0", "s3cr3t", "hunter2", "accessToken"] {
        assert!(!all.contains(secret), "{what}: {secret}");
    }
}

#[test]
fn every_form_of_a_dump_says_the_same() {
    for wide in [true, false] {
        for old_jdk in [false, true] {
            for (flipped, classes_last) in [(false, false), (true, false), (false, true)] {
                for unpooled in [false, true] {
                    let server = Server {
                        wide,
                        old_jdk,
                        flipped,
                        classes_last,
                        unpooled,
                        ..Server::default()
                    };
                    let dump = server.dump();
                    for framing in [
                        Framing::Single,
                        Framing::SingleSaying(0),
                        Framing::SingleSaying(1234),
                        Framing::Segments(200),
                        Framing::Segments(1 << 20),
                    ] {
                        let version = if matches!(framing, Framing::Segments(_)) {
                            "1.0.2"
                        } else {
                            "1.0.1"
                        };
                        let what = format!("{server:?} {framing:?}");
                        let bytes = dump.write(version, framing);
                        let facts = read(&bytes);
                        check_server(&facts, &what);
                        assert_eq!(facts.format_version, version);
                        assert_eq!(facts.id_size, if wide { 8 } else { 4 });
                        let streamed = read_dump(
                            DumpSource::Reopen(
                                &|| Ok(Box::new(&bytes[..]) as Box<dyn Read + Send>),
                            ),
                            &|_| {},
                        );
                        assert_eq!(streamed, facts, "as a stream: {what}");
                    }
                }
            }
        }
    }
}

/// What one run of the program behind `netty-*.thin.hprof.gz` must show: 40 buffers of 4,096 bytes, 10 of 65,536, 3 of 300
/// and one of 20 MiB from a pool, and an unpooled one of 5,000; the chunks are what Netty's own metrics said.
struct NettyRun {
    file: &'static str,
    class: &'static str,
    chunk_bytes: u64,
    chunks: u64,
    /// Used in chunks, and kept by the thread's cache.
    used: u64,
    cached: Tally,
    /// What the pool gives for 300 bytes.
    small: u64,
    /// Netty's counter, where it frees memory itself; the JDK's.
    netty: Option<u64>,
    jdk: u64,
}

#[test]
fn pools_of_real_netty_before_and_after_its_layouts_changed_are_told_as_it_counts_them() {
    const BIG: u64 = 20 << 20;
    let runs = [
        NettyRun {
            file: "4.1.42",
            class: "PooledByteBufAllocator",
            chunk_bytes: (16 << 20) + BIG,
            chunks: 2,
            // Pages of 8 KiB: 20, 80, one and six.
            used: 107 * 8192 + BIG,
            cached: tally(6, 6 * 8192),
            small: 304,
            netty: None,
            jdk: 37_753_738,
        },
        NettyRun {
            file: "4.1.42-nocleaner",
            class: "PooledByteBufAllocator",
            chunk_bytes: (16 << 20) + BIG,
            chunks: 2,
            used: 107 * 8192 + BIG,
            cached: tally(6, 6 * 8192),
            small: 304,
            netty: Some(37_753_736),
            jdk: 2,
        },
        NettyRun {
            file: "4.2.7-pooled",
            class: "PooledByteBufAllocator",
            chunk_bytes: (4 << 20) + BIG,
            chunks: 2,
            // Runs for small buffers are of as many pages as waste least: 20, 80, and five or one more.
            used: 106 * 8192 + BIG,
            cached: tally(0, 0),
            small: 320,
            netty: Some(25_170_824),
            jdk: 8192,
        },
        NettyRun {
            file: "4.2.7-adaptive",
            class: "AdaptiveByteBufAllocator",
            chunk_bytes: 22_675_456,
            chunks: 7,
            // Whatever was handed out of a chunk, given back or not: parts of 4,096, 512, 8,192 and 65,536 bytes.
            used: 40 * 4096 + 3 * 512 + 6 * 8192 + 10 * 65_536 + BIG,
            cached: tally(0, 0),
            small: 300,
            netty: None,
            jdk: 22_688_649,
        },
        NettyRun {
            file: "4.2.7-adaptive-nocleaner",
            class: "AdaptiveByteBufAllocator",
            chunk_bytes: 22_675_456,
            chunks: 7,
            used: 40 * 4096 + 3 * 512 + 6 * 8192 + 10 * 65_536 + BIG,
            cached: tally(0, 0),
            small: 300,
            netty: Some(22_680_456),
            jdk: 8192,
        },
    ];
    for run in runs {
        let what = run.file;
        let f = fixture(&format!("netty-{what}.thin.hprof.gz"));
        assert!(f.complete, "{what}: {:?}", f.loss);
        // The default allocator is there too, and has allocated nothing.
        let (pool, unused) = f.pools.split_first().expect("a pool");
        let nothing = unused.iter().all(|p| p.chunks == tally(0, 0));
        assert!(nothing, "{what}: {unused:?}");
        assert!(pool.class.ends_with(run.class), "{what}: {}", pool.class);
        assert_eq!(pool.chunks, tally(run.chunks, run.chunk_bytes), "{what}");
        assert_eq!(pool.huge, tally(1, BIG), "{what}");
        assert_eq!(pool.used_bytes, run.used, "{what}");
        assert_eq!(pool.free_bytes, run.chunk_bytes - run.used, "{what}");
        assert_eq!(pool.thread_cached, run.cached, "{what}");
        let live = 40 * 4096 + 10 * 65_536 + 3 * run.small + BIG;
        assert_eq!(pool.live, tally(54, live), "{what}");
        assert_eq!(
            f.unattributed.live_buffers,
            tally(55, live + 5000),
            "{what}"
        );
        // Chunks are the pool's, whatever they are made of, and the counters agree to the byte.
        let of = |kind| -> u64 {
            let owned = f.owners.iter().filter(|o| o.kind == kind);
            owned.map(|o| o.bytes).sum()
        };
        assert_eq!(of(OwnerKind::NettyPool), run.chunk_bytes, "{what}");
        assert_eq!(of(OwnerKind::NettyUnpooled), 5000, "{what}");
        let books: Vec<(Book, u64, i64)> = f
            .reconciled
            .iter()
            .map(|r| (r.book, r.counter_bytes, r.remainder_bytes))
            .collect();
        let mut expected = vec![(Book::Jdk, run.jdk, 0)];
        expected.extend(run.netty.map(|n| (Book::Netty, n, 0)));
        assert_eq!(books, expected, "{what}");
        assert_eq!(
            f.counters.jdk.as_ref().and_then(|c| c.limit_bytes),
            Some(200 << 20),
            "{what}"
        );
    }
}

/// Read as a packed dump is, with so many bytes held; and how often that was.
fn as_stream(bytes: &[u8], window: usize) -> (HeapFacts, usize) {
    let readings = AtomicUsize::new(0);
    let open = || {
        readings.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(bytes) as Box<dyn Read + Send>)
    };
    let facts = read_dump_within(DumpSource::Reopen(&open), window, &|_| {});
    (facts, readings.into_inner())
}

/// Objects that links go through and nobody asks for: some 300 bytes each time.
fn bystanders(d: &mut Dump, times: usize) {
    for i in 0..times {
        let value = d.bytes(&[7; 200]);
        let key = d.string("key");
        let node = d.object(
            "java.util.concurrent.ConcurrentHashMap$Node",
            &[("key", V::Ref(key)), ("val", V::Ref(value))],
        );
        d.array(&[0, node, i as u64]);
    }
}

#[test]
fn a_stream_far_larger_than_what_is_held_of_it_is_read_a_few_times() {
    let mut d = Server::default().dump();
    bystanders(&mut d, 20_000);
    let bytes = d.write("1.0.2", Framing::Segments(1 << 20));
    let expected = read(&bytes);
    check_server(&expected, "mapped");
    // What refers to what stands behind it all the way, in chains of twelve and more links.
    let (facts, readings) = as_stream(&bytes, 256 << 10);
    assert_eq!(facts, expected);
    assert!(readings <= 2, "{readings} readings");
    // And where nothing has to be let go.
    let (facts, readings) = as_stream(&bytes, WINDOW);
    assert_eq!(facts, expected);
    assert!(readings <= 2, "{readings} readings");
}

#[test]
fn links_far_back_in_a_stream_cost_a_reading_each_and_no_more() {
    // Table, entry, key and value lie far apart, each behind what refers to it.
    let mut d = Server::default().dump();
    let value = d.string("10.9.8.7");
    bystanders(&mut d, 4_000);
    let key = d.string("user.timezone");
    bystanders(&mut d, 4_000);
    let node = d.object(
        "java.util.concurrent.ConcurrentHashMap$Node",
        &[("key", V::Ref(key)), ("val", V::Ref(value))],
    );
    bystanders(&mut d, 4_000);
    let table = d.array(&[node]);
    bystanders(&mut d, 4_000);
    let map = d.object(
        "java.util.concurrent.ConcurrentHashMap",
        &[("table", V::Ref(table))],
    );
    let props = d.object("java.util.Properties", &[("map", V::Ref(map))]);
    d.statics("java.lang.System", &[("props", V::Ref(props))]);
    let bytes = d.write("1.0.2", Framing::Segments(1 << 20));
    let expected = read(&bytes);
    assert_eq!(expected.jvm.properties["user.timezone"], "10.9.8.7");
    let (facts, readings) = as_stream(&bytes, 128 << 10);
    assert_eq!(facts, expected);
    assert!((2..=4).contains(&readings), "{readings} readings");
}

#[test]
fn small_things_without_end_take_no_more_room_than_allowed() {
    // Empty arrays have no bytes of their own, only what it takes to find them.
    let mut d = Server::default().dump();
    for _ in 0..50_000 {
        d.bytes(&[]);
    }
    let bytes = d.write("1.0.2", Framing::Segments(1 << 20));
    for window in [0, 1, 4096] {
        let (facts, readings) = as_stream(&bytes, window);
        assert_eq!(facts.backlog.messages, 3, "{window}");
        assert!(readings <= 12, "{window}: {readings} readings");
    }
}

#[test]
fn netty_is_found_under_its_own_name_and_under_any_prefix() {
    for prefix in ["", "com.alibaba.nacos.shaded.io.grpc.netty.shaded."] {
        let f = read(
            &Server {
                prefix,
                ..Server::default()
            }
            .dump()
            .write("1.0.2", Framing::Segments(4096)),
        );
        check_server(&f, prefix);
        assert_eq!(f.pools[0].prefix, prefix);
        assert_eq!(f.counters.netty[0].prefix, prefix);
    }
}

#[test]
fn unpooled_buffers_without_a_cleaner_are_weighed_and_counted_by_nettys_book() {
    let server = Server {
        unpooled: true,
        messages: 1680,
        old_jdk: true,
        ..Server::default()
    };
    let f = read(&server.dump().write("1.0.1", Framing::Single));
    assert_eq!(f.backlog.held_bytes, 1680 * 4096);
    assert_eq!(f.backlog.queued_bytes, 168_000);
    let unpooled = f
        .owners
        .iter()
        .find(|o| o.kind == OwnerKind::NettyUnpooled)
        .unwrap();
    assert_eq!(
        (unpooled.book, unpooled.bytes, unpooled.count),
        (Book::Netty, 1680 * 4096, 1680)
    );
    assert!(f.reconciled.iter().all(|r| r.remainder_bytes == 0));
}

#[test]
fn a_list_that_runs_in_a_circle_ends() {
    let mut d = Server::default().dump();
    let n = "io.grpc.netty.shaded.io.netty.channel.ChannelOutboundBuffer";
    let entry = d.reserve();
    d.object_at(
        entry,
        &format!("{n}$Entry"),
        &[("next", V::Ref(entry)), ("total", V::Long(10))],
    );
    d.object(
        n,
        &[("channel", V::Ref(0x1234)), ("flushedEntry", V::Ref(entry))],
    );
    let (a, b) = (d.reserve(), d.reserve());
    let key = d.string("k");
    let node = "java.util.HashMap$Node";
    d.object_at(a, node, &[("key", V::Ref(key)), ("next", V::Ref(b))]);
    d.object_at(b, node, &[("key", V::Ref(key)), ("next", V::Ref(a))]);
    let table = d.array(&[a]);
    let map = d.object(
        "java.util.concurrent.ConcurrentHashMap",
        &[("table", V::Ref(table))],
    );
    d.object(
        "com.alibaba.nacos.core.remote.ConnectionManager",
        &[("connections", V::Ref(map))],
    );
    let f = read(&d.write("1.0.2", Framing::Segments(1 << 20)));
    assert_eq!(f.backlog.queued_bytes, 310);
}

#[test]
fn a_buffer_of_nobody_known_is_told_with_the_class_that_holds_it() {
    let mut d = Dump::new(true);
    for (name, parent, fields) in [
        (
            "java.nio.DirectByteBuffer",
            "",
            &[
                ("capacity", V::Int(0)),
                ("cleaner", V::Ref(0)),
                ("att", V::Ref(0)),
            ][..],
        ),
        (
            "java.nio.DirectByteBuffer$Deallocator",
            "",
            &[("size", V::Long(0))],
        ),
        (
            "jdk.internal.ref.Cleaner",
            "",
            &[
                ("referent", V::Ref(0)),
                ("next", V::Ref(0)),
                ("thunk", V::Ref(0)),
            ],
        ),
        (
            "com.example.Cache",
            "",
            &[("slab", V::Ref(0)), ("slabs", V::Ref(0))],
        ),
    ] {
        d.class(name, parent, fields);
    }
    let one = server::buffer(&mut d, 4 << 20, 4 << 20, Some(false), 0);
    let two = server::buffer(&mut d, 1 << 20, 1 << 20, Some(false), 0);
    let slabs = d.array(&[0, two]);
    d.object(
        "com.example.Cache",
        &[("slab", V::Ref(one)), ("slabs", V::Ref(slabs))],
    );
    let bytes = d.write("1.0.2", Framing::Segments(100));
    let f = read(&bytes);
    let owner = &f.owners[0];
    assert_eq!(
        (owner.class.as_str(), owner.kind),
        ("com.example.Cache", OwnerKind::Other)
    );
    assert_eq!((owner.bytes, owner.count), (5 << 20, 2));
    assert_eq!(f.unattributed.jdk_buffers, tally(0, 0));
    assert_eq!(as_stream(&bytes, WINDOW).0, f, "as a stream");
}

/// A server among some 10 MB of other objects. Byte arrays in it hold a whole other heap, so that whoever guesses where an
/// object begins is led astray; one of them is longer than what lies between two guesses.
fn large() -> Dump {
    let mut d = Server::default().dump();
    let decoy = {
        let mut other = Server {
            messages: 4000,
            ..Server::default()
        };
        other.wide = true;
        other.dump().write("1.0.1", Framing::Single)
    };
    let mut filler = Vec::new();
    for i in 0..40_000u32 {
        let n = i.wrapping_mul(2_654_435_761) >> 25;
        filler.clear();
        filler.resize(n as usize, i as u8);
        let array = d.bytes(&filler);
        d.array(&[array, 0, array]);
        if i % 8_000 == 0 {
            d.bytes(&decoy);
        }
    }
    d.bytes(&decoy.repeat(1 + (3 << 20) / decoy.len()));
    d
}

fn with_threads(n: usize, bytes: &[u8]) -> HeapFacts {
    nacos_offheap::ingest::with_threads(Some(n), || read(bytes)).expect("threads")
}

#[test]
fn one_giant_segment_says_what_many_small_ones_say_with_any_number_of_threads() {
    let dump = large();
    let expected = read(&dump.write("1.0.1", Framing::Segments(1 << 20)));
    check_server(&expected, "in segments");
    for framing in [
        Framing::Single,
        Framing::SingleSaying(0),
        Framing::SingleSaying(1234),
    ] {
        let bytes = dump.write("1.0.1", framing);
        assert!(bytes.len() > 9 << 20, "{}", bytes.len());
        for threads in [1, 2, 5] {
            let mut f = with_threads(threads, &bytes);
            assert_eq!(f.bytes_read, bytes.len() as u64);
            f.bytes_read = expected.bytes_read;
            assert_eq!(f, expected, "{framing:?}, {threads} threads");
        }
        let mut streamed = read_dump(
            DumpSource::Reopen(&|| Ok(Box::new(&bytes[..]) as Box<dyn Read + Send>)),
            &|_| {},
        );
        streamed.bytes_read = expected.bytes_read;
        assert_eq!(streamed, expected, "{framing:?} as a stream");
    }
}

#[test]
fn behind_damage_in_a_giant_segment_reading_goes_on() {
    let dump = large();
    let whole = read(&dump.write("1.0.1", Framing::Single));
    let mut bytes = dump.write("1.0.1", Framing::Single);
    // The tag of the filler's first array behind the middle becomes none.
    let middle = bytes.len() / 4;
    let at = (middle..)
        .find(|&i| bytes[i] == 0x22 && bytes[i + 9..i + 17] == [0, 0, 0, 0, 0, 0, 0, 3])
        .expect("an array of three");
    bytes[at] = 0x77;
    let f = with_threads(2, &bytes);
    assert_eq!(f, with_threads(1, &bytes));
    assert!(!f.complete);
    assert_eq!(f.loss[0].at, at as u64);
    assert!(f.loss[0].what.contains("0x77"), "{:?}", f.loss);
    assert!(f.loss[0].lost_bytes < 4096, "{:?}", f.loss);
    assert!(
        f.objects + 40 > whole.objects,
        "{} of {}",
        f.objects,
        whole.objects
    );
    assert_eq!(f.backlog, whole.backlog);
}

#[test]
fn any_damage_in_a_giant_segment_ends_and_is_the_same_for_any_number_of_threads() {
    let good = large().write("1.0.1", Framing::Single);
    let mut seed = 0x05ee_d0ff_4ea9_017d_u64;
    for _ in 0..12 {
        let mut bytes = good.clone();
        for _ in 0..200 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (seed >> 20) as usize % bytes.len();
            bytes[at] ^= 1 << (seed & 7);
        }
        let f = with_threads(1, &bytes);
        assert_eq!(f, with_threads(3, &bytes));
        assert!(f.objects < 1_000_000);
    }
}

#[test]
fn a_giant_segment_that_is_cut_off_is_read_up_to_there() {
    let bytes = large().write("1.0.1", Framing::Single);
    let whole = read(&bytes);
    let cut = &bytes[..bytes.len() * 3 / 4];
    let f = with_threads(2, cut);
    assert_eq!(f, with_threads(1, cut));
    assert!(!f.complete);
    assert!(
        f.loss.iter().any(|l| l.what.contains("ends inside")),
        "{:?}",
        f.loss
    );
    assert!(f.objects * 2 > whole.objects && f.objects < whole.objects);
    assert_eq!(f.backlog, whole.backlog);
}

/// Instances by class in a histogram that was taken, behind a full collection, just before the dump.
fn histogram(incident: &str) -> nacos_offheap::parse::histogram::Histogram {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/heap")
        .join(format!("{incident}.histogram.txt"));
    nacos_offheap::parse::histogram::read(&std::fs::read(path).expect("a fixture"))
}

#[test]
fn instances_agree_with_the_class_histogram_of_the_same_moment() {
    for e in INCIDENTS {
        let f = fixture(e.file);
        let incident = e.file.split('.').next().expect("a name");
        let told = histogram(incident);
        for class in [
            "io.grpc.netty.shaded.io.netty.buffer.PoolChunk",
            "com.alibaba.nacos.core.remote.grpc.GrpcConnection",
            "java.nio.DirectByteBuffer",
        ] {
            let theirs = told.class(class).expect("a row").instances;
            let ours = f.instances.get(class).copied().unwrap_or(0);
            let allowed = 2.max(theirs / 50);
            assert!(
                ours.abs_diff(theirs) <= allowed,
                "{incident}: {ours} of {class}, the histogram says {theirs}"
            );
        }
    }
}

#[test]
fn chunks_are_told_one_by_one_and_add_up_to_their_arena() {
    for file in [
        "stuck_client_seed.thin.hprof.zst", // 4.1.79: runs and size classes
        "grpc_backlog_nio.thin.hprof.gz",   // 4.1.48: a tree and bitmaps, not shaded
        "grpc_backlog_shaded_epoll.thin.hprof.gz", // the same, shaded
    ] {
        let f = fixture(file);
        let pool = &f.pools[0];
        let arenas = pool.arenas.iter().filter(|a| a.chunks.count > 0);
        let (mut live, mut cached) = (0, 0);
        for arena in arenas {
            let list = &arena.chunk_list;
            assert_eq!(list.len() as u64, arena.chunks.count, "{file}");
            let sum = |part: fn(&ChunkUse) -> u64| list.iter().map(part).sum::<u64>();
            assert_eq!(sum(|c| c.bytes), arena.chunks.bytes, "{file}");
            assert_eq!(sum(|c| c.used_bytes), arena.used_bytes, "{file}");
            assert!(list.iter().all(|c| c.live.bytes <= c.used_bytes), "{file}");
            live += sum(|c| c.live.bytes);
            cached += arena.thread_cached.bytes;
        }
        assert_eq!(live, pool.live.bytes, "{file}");
        assert_eq!(cached, pool.thread_cached.bytes, "{file}");
        let explained = live + cached;
        assert!(
            explained <= pool.used_bytes && explained * 100 >= pool.used_bytes * 99,
            "{file}: {explained} of {}",
            pool.used_bytes
        );
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let into = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &into);
        } else {
            std::fs::copy(&path, into).expect("a copy");
        }
    }
}

#[test]
fn a_dump_of_another_run_is_named_and_not_mixed_in() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let logs = root.join("incidents/healthy");
    let mixed = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dump-of-another-run");
    copy(&logs, &mixed);
    let dump = "config_push_stuck.thin.hprof.zst";
    std::fs::copy(root.join("heap").join(dump), mixed.join(dump)).expect("a copy");
    let analyze = |dir: &PathBuf| -> serde_json::Value {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
            .args(["analyze", "-f", "json"])
            .arg(dir)
            .output()
            .expect("the program starts");
        serde_json::from_slice(&out.stdout).expect("JSON")
    };
    let (with, without) = (analyze(&mixed), analyze(&logs));
    assert_eq!(with["nodes"].as_array().map(Vec::len), Some(1));
    let rules = |r: &serde_json::Value| -> Vec<String> {
        let findings = r["nodes"][0]["findings"].as_array().expect("findings");
        findings
            .iter()
            .map(|f| f["fingerprint"].to_string())
            .collect()
    };
    assert_eq!(rules(&with), rules(&without));
    assert_eq!(with["outcome"], without["outcome"]);
    assert!(
        !with["nodes"][0]["clients"]
            .to_string()
            .contains("10.86.2.50")
    );
    let input = with["inputs"]
        .as_array()
        .and_then(|all| all.iter().find(|i| i["path"].to_string().contains("hprof")))
        .expect("the dump is an input");
    let issue = input["issues"][0]["what"].as_str().expect("an issue");
    assert!(issue.contains("of process 29900"), "{issue}");
    assert!(issue.contains("not used in the diagnosis"), "{issue}");
}

#[test]
fn reading_tells_how_far_it_got() {
    let bytes = Server {
        messages: 500,
        ..Server::default()
    }
    .dump()
    .write("1.0.2", Framing::Segments(1 << 20));
    let last = std::sync::atomic::AtomicU64::new(0);
    read_dump(DumpSource::Bytes(&bytes), &|at| {
        last.fetch_max(at, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(last.into_inner(), bytes.len() as u64);
}

#[test]
fn the_heap_command_names_who_holds_what() {
    let dump = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/heap");
    let file = std::fs::read_dir(&dump)
        .expect("fixtures")
        .map(|e| e.expect("entry").path())
        .find(|p| {
            p.to_string_lossy()
                .ends_with("config_push_stuck.thin.hprof.zst")
        })
        .expect("a dump of configuration listeners");
    let run = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
            .arg("heap")
            .arg(&file)
            .env("LC_ALL", "C")
            .args(args)
            .output()
            .expect("the program starts")
    };
    let table = String::from_utf8(run(&["--width", "100"]).stdout).expect("UTF-8");
    assert!(
        table
            .contains("15,632 messages of 2.1 MiB (2,227,332) wait and hold 61.1 MiB (64,028,672)"),
        "{table}"
    );
    assert!(table.contains("10.86.2.50"), "{table}");
    let json: serde_json::Value =
        serde_json::from_slice(&run(&["-f", "json"]).stdout).expect("JSON");
    let heap = &json["nodes"][0]["facts"]["heap_dump"];
    assert_eq!(heap["backlog"]["held_bytes"], 64_028_672);
    // The dump alone names the client.
    let findings = json["nodes"][0]["findings"].to_string();
    assert!(findings.contains("faulty-client") && findings.contains("10.86.2.50"));
    assert_eq!(json["nodes"][0]["clients"][0]["backlog_bytes"], 64_028_672);
    let o = std::process::Command::new(env!("CARGO_BIN_EXE_nacos-offheap"))
        .args(["heap", "Cargo.toml"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    assert_eq!(o.status.code(), Some(2));
}
