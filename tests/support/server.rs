//! A small server's heap: buffers of every sort, a pool, connections with queues, Nacos's records of them.

#![allow(dead_code, reason = "each test file uses a part of it")]

use super::hprof::{Dump, V};

/// What kind of server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) wide: bool,
    pub(crate) prefix: &'static str,
    /// JDK 8: `char[]` strings, a Hashtable of properties, counters that are plain numbers.
    pub(crate) old_jdk: bool,
    pub(crate) flipped: bool,
    pub(crate) classes_last: bool,
    /// Messages queued for the one client, of 100 bytes in a 4,096-byte buffer each.
    pub(crate) messages: usize,
    /// Queued buffers have no pool.
    pub(crate) unpooled: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            wide: true,
            prefix: "io.grpc.netty.shaded.",
            old_jdk: false,
            flipped: false,
            classes_last: false,
            messages: 3,
            unpooled: false,
        }
    }
}

impl Server {
    /// Its heap.
    pub(crate) fn dump(self) -> Dump {
        let mut d = Dump::new(self.wide);
        d.flipped = self.flipped;
        d.classes_last = self.classes_last;
        d.char_strings = self.old_jdk;
        let n = |name: &str| format!("{}io.netty.{name}", self.prefix);
        classes(&mut d, self.prefix, self.old_jdk);
        self.properties(&mut d);

        // Buffers: one owner with two views, one freed, one mapped, one collected, one bare.
        let owner = buffer(&mut d, 10_000, 10_000, Some(false), 0);
        buffer_view(&mut d, 4_000, owner);
        buffer_view(&mut d, 10_000, owner);
        buffer(&mut d, 50_000, 50_000, Some(true), 0);
        let mapping = d.object(
            "sun.nio.ch.FileChannelImpl$Unmapper",
            &[("size", V::Long(1 << 20))],
        );
        let cleaner = d.object("jdk.internal.ref.Cleaner", &[("thunk", V::Ref(mapping))]);
        d.object(
            "java.nio.DirectByteBuffer",
            &[("capacity", V::Int(1 << 20)), ("cleaner", V::Ref(cleaner))],
        );
        let thunk = d.object(
            "java.nio.DirectByteBuffer$Deallocator",
            &[("size", V::Long(77))],
        );
        d.object("jdk.internal.ref.Cleaner", &[("thunk", V::Ref(thunk))]);
        d.object(
            "java.nio.DirectByteBuffer",
            &[("capacity", V::Int(128 << 20))],
        );
        let temporary = buffer(&mut d, 8_192, 8_192, Some(false), 0);
        let list = d.array(&[0, temporary]);
        d.object("sun.nio.ch.Util$BufferCache", &[("buffers", V::Ref(list))]);
        let reserved = 10_000 + 77 + 8_192;
        if self.old_jdk {
            d.statics(
                "java.nio.Bits",
                &[
                    ("reservedMemory", V::Long(reserved)),
                    ("totalCapacity", V::Long(reserved)),
                    ("count", V::Long(3)),
                    ("maxMemory", V::Long(64 << 20)),
                    ("memoryLimitSet", V::Bool(true)),
                ],
            );
        } else {
            let counter = |d: &mut Dump, n| {
                V::Ref(d.object(
                    "java.util.concurrent.atomic.AtomicLong",
                    &[("value", V::Long(n))],
                ))
            };
            let (r, c, k) = (
                counter(&mut d, reserved),
                counter(&mut d, reserved),
                counter(&mut d, 3),
            );
            d.statics(
                "java.nio.Bits",
                &[
                    ("RESERVED_MEMORY", r),
                    ("TOTAL_CAPACITY", c),
                    ("COUNT", k),
                    ("MAX_MEMORY", V::Long(64 << 20)),
                    ("MEMORY_LIMIT_SET", V::Bool(true)),
                ],
            );
        }

        // Netty without cleaners: a chunk, or unpooled buffers.
        let memory = d.object(
            "java.nio.DirectByteBuffer",
            &[("capacity", V::Int(1 << 21))],
        );
        let (allocator, arena) = (d.reserve(), d.reserve());
        let arenas = d.array(&[arena]);
        d.object_at(
            allocator,
            &n("buffer.PooledByteBufAllocator"),
            &[
                ("directArenas", V::Ref(arenas)),
                ("chunkSize", V::Int(1 << 21)),
            ],
        );
        d.object_at(
            arena,
            &n("buffer.PoolArena$DirectArena"),
            &[("parent", V::Ref(allocator))],
        );
        let used = self.messages as i32 * 4096;
        let chunk = d.object(
            &n("buffer.PoolChunk"),
            &[
                ("arena", V::Ref(arena)),
                ("memory", V::Ref(memory)),
                ("chunkSize", V::Int(1 << 21)),
                (
                    "freeBytes",
                    V::Int((1 << 21) - if self.unpooled { 0 } else { used }),
                ),
            ],
        );
        let mut netty = 1i64 << 21;
        let mut queue = Vec::new();
        for _ in 0..self.messages {
            let buf = if self.unpooled {
                netty += 4096;
                let own = d.object("java.nio.DirectByteBuffer", &[("capacity", V::Int(4096))]);
                d.object(
                    &n("buffer.UnpooledUnsafeNoCleanerDirectByteBuf"),
                    &[
                        ("buffer", V::Ref(own)),
                        ("capacity", V::Int(4096)),
                        ("writerIndex", V::Int(100)),
                    ],
                )
            } else {
                d.object(
                    &n("buffer.PooledUnsafeDirectByteBuf"),
                    &[
                        ("chunk", V::Ref(chunk)),
                        ("length", V::Int(4096)),
                        ("maxLength", V::Int(4096)),
                        ("writerIndex", V::Int(100)),
                    ],
                )
            };
            // Through a slice, as the framer hands it on.
            let slice = d.object(
                &n("buffer.PooledSlicedByteBuf"),
                &[("rootParent", V::Ref(buf)), ("writerIndex", V::Int(100))],
            );
            queue.push(slice);
            queue.push(0x7_dead_0000); // a promise that is not in the dump
        }
        let counter = d.object(
            "java.util.concurrent.atomic.AtomicLong",
            &[("value", V::Long(netty))],
        );
        d.statics(
            &n("util.internal.PlatformDependent"),
            &[
                ("DIRECT_MEMORY_COUNTER", V::Ref(counter)),
                ("DIRECT_MEMORY_LIMIT", V::Long(1 << 22)),
                ("USE_DIRECT_BUFFER_NO_CLEANER", V::Bool(true)),
            ],
        );
        self.connection(&mut d, &queue);
        d
    }

    fn properties(self, d: &mut Dump) {
        let mut head = 0;
        for (key, value) in [
            ("java.version", "17.0.1"),
            ("PID", "4711"),
            ("user.timezone", "Asia/Shanghai"),
            ("nacos.core.auth.plugin.nacos.token.secret.key", "c2VjcmV0"),
            ("io.netty.secretToken", "s3cr3t"),
            (
                "sun.java.command",
                "nacos.jar --db.password=hunter2 --mode x",
            ),
        ] {
            let (k, v) = (d.string(key), d.string(value));
            head = if self.old_jdk {
                let fields = [
                    ("key", V::Ref(k)),
                    ("value", V::Ref(v)),
                    ("next", V::Ref(head)),
                ];
                d.object("java.util.Hashtable$Entry", &fields)
            } else {
                let fields = [
                    ("key", V::Ref(k)),
                    ("val", V::Ref(v)),
                    ("next", V::Ref(head)),
                ];
                d.object("java.util.concurrent.ConcurrentHashMap$Node", &fields)
            };
        }
        let table = d.array(&[0, head, 0]);
        let props = if self.old_jdk {
            d.object("java.util.Properties", &[("table", V::Ref(table))])
        } else {
            let map = d.object(
                "java.util.concurrent.ConcurrentHashMap",
                &[("table", V::Ref(table))],
            );
            d.object("java.util.Properties", &[("map", V::Ref(map))])
        };
        d.statics("java.lang.System", &[("props", V::Ref(props))]);
    }

    fn connection(self, d: &mut Dump, queue: &[u64]) {
        let n = |name: &str| format!("{}io.netty.{name}", self.prefix);
        let h2 = |name: &str| n(&format!("handler.codec.http2.{name}"));
        let payload = self.messages as i64 * 100;
        let inet = d.object(
            "java.net.InetAddress$InetAddressHolder",
            &[("address", V::Int(i32::from_be_bytes([10, 1, 2, 3])))],
        );
        let inet = d.object("java.net.Inet4Address", &[("holder", V::Ref(inet))]);
        let holder = d.object(
            "java.net.InetSocketAddress$InetSocketAddressHolder",
            &[("addr", V::Ref(inet)), ("port", V::Int(50_000))],
        );
        let remote = d.object("java.net.InetSocketAddress", &[("holder", V::Ref(holder))]);
        let (channel, fc) = (d.reserve(), d.reserve());
        let pipeline = d.object(
            &n("channel.DefaultChannelPipeline"),
            &[("channel", V::Ref(channel))],
        );
        d.object_at(
            channel,
            &n("channel.epoll.EpollSocketChannel"),
            &[("remote", V::Ref(remote)), ("active", V::Bool(true))],
        );
        let ctx = d.object(
            &n("channel.DefaultChannelHandlerContext"),
            &[("pipeline", V::Ref(pipeline))],
        );
        let monitor = d.object(
            &h2("DefaultHttp2RemoteFlowController$WritabilityMonitor"),
            &[("totalPendingBytes", V::Long(payload))],
        );
        d.object_at(
            fc,
            &h2("DefaultHttp2RemoteFlowController"),
            &[("ctx", V::Ref(ctx)), ("monitor", V::Ref(monitor))],
        );
        // The deque's first element stands behind its last.
        let mut rotated = queue.to_vec();
        rotated.rotate_left(2.min(queue.len()));
        let elements = d.array(&rotated);
        let head = queue.len().saturating_sub(2) as i32;
        let pairs = d.object(
            "java.util.ArrayDeque",
            &[("elements", V::Ref(elements)), ("head", V::Int(head))],
        );
        let coalescing = d.object(
            &n("channel.CoalescingBufferQueue"),
            &[
                ("bufAndListenerPairs", V::Ref(pairs)),
                ("readableBytes", V::Int(payload as i32)),
            ],
        );
        let data = d.object(
            &h2("DefaultHttp2ConnectionEncoder$FlowControlledData"),
            &[("queue", V::Ref(coalescing))],
        );
        let frames = d.array(&[data, 0]);
        let frames = d.object("java.util.ArrayDeque", &[("elements", V::Ref(frames))]);
        let stream = d.object(
            &h2("DefaultHttp2Connection$DefaultStream"),
            &[("id", V::Int(5))],
        );
        d.object(
            &h2("DefaultHttp2RemoteFlowController$FlowState"),
            &[
                ("this$0", V::Ref(fc)),
                ("pendingBytes", V::Long(payload)),
                ("pendingWriteQueue", V::Ref(frames)),
                ("stream", V::Ref(stream)),
            ],
        );

        let (key, value) = (d.string("module"), d.string("naming"));
        let (key2, value2) = (d.string("accessToken"), d.string("abc"));
        let second = d.object(
            "java.util.HashMap$Node",
            &[("key", V::Ref(key2)), ("value", V::Ref(value2))],
        );
        let first = d.object(
            "java.util.HashMap$Node",
            &[
                ("key", V::Ref(key)),
                ("value", V::Ref(value)),
                ("next", V::Ref(second)),
            ],
        );
        let table = d.array(&[first]);
        let labels = d.object("java.util.HashMap", &[("table", V::Ref(table))]);
        let date = d.object(
            "java.util.Date",
            &[("fastTime", V::Long(1_795_362_000_000))],
        );
        let (id, ip, app, version) = (
            d.string("1795362000000_10.1.2.3_50000"),
            d.string("10.1.2.3"),
            d.string("订单"),
            d.string("Nacos-Java-Client:v2.2.3"),
        );
        let meta = d.object(
            "com.alibaba.nacos.core.remote.ConnectionMeta",
            &[
                ("connectionId", V::Ref(id)),
                ("clientIp", V::Ref(ip)),
                ("remoteIp", V::Ref(ip)),
                ("appName", V::Ref(app)),
                ("version", V::Ref(version)),
                ("remotePort", V::Int(50_000)),
                ("createTime", V::Ref(date)),
                ("labels", V::Ref(labels)),
            ],
        );
        let connection = d.object(
            "com.alibaba.nacos.core.remote.grpc.GrpcConnection",
            &[("channel", V::Ref(channel)), ("metaInfo", V::Ref(meta))],
        );
        let node = d.object(
            "java.util.concurrent.ConcurrentHashMap$Node",
            &[("key", V::Ref(id)), ("val", V::Ref(connection))],
        );
        let table = d.array(&[node]);
        let map = d.object(
            "java.util.concurrent.ConcurrentHashMap",
            &[("table", V::Ref(table))],
        );
        d.object(
            "com.alibaba.nacos.core.remote.ConnectionManager",
            &[("connections", V::Ref(map))],
        );
    }
}

/// A buffer with a cleaner: `Some(true)` one that has already freed its memory.
pub(crate) fn buffer(d: &mut Dump, capacity: i32, size: i64, freed: Option<bool>, att: u64) -> u64 {
    let Some(freed) = freed else {
        return d.object(
            "java.nio.DirectByteBuffer",
            &[("capacity", V::Int(capacity)), ("att", V::Ref(att))],
        );
    };
    let (buffer, cleaner) = (d.reserve(), d.reserve());
    let thunk = d.object(
        "java.nio.DirectByteBuffer$Deallocator",
        &[("size", V::Long(size))],
    );
    d.object_at(
        cleaner,
        "jdk.internal.ref.Cleaner",
        &[
            ("thunk", V::Ref(thunk)),
            ("referent", V::Ref(buffer)),
            ("next", V::Ref(if freed { cleaner } else { 0 })),
        ],
    );
    d.object_at(
        buffer,
        "java.nio.DirectByteBuffer",
        &[("capacity", V::Int(capacity)), ("cleaner", V::Ref(cleaner))],
    )
}

fn buffer_view(d: &mut Dump, capacity: i32, of: u64) {
    buffer(d, capacity, 0, None, of);
}

fn classes(d: &mut Dump, prefix: &str, old_jdk: bool) {
    const R: V = V::Ref(0);
    const I: V = V::Int(0);
    const J: V = V::Long(0);
    let reference = [("referent", R)];
    for (name, parent, fields) in [
        (
            "java.nio.Buffer",
            "",
            &[("capacity", I), ("address", J)][..],
        ),
        ("java.nio.ByteBuffer", "java.nio.Buffer", &[("offset", I)]),
        (
            "java.nio.MappedByteBuffer",
            "java.nio.ByteBuffer",
            &[("fd", R)],
        ),
        (
            "java.nio.DirectByteBuffer",
            "java.nio.MappedByteBuffer",
            &[("att", R), ("cleaner", R)],
        ),
        (
            "java.nio.DirectByteBuffer$Deallocator",
            "",
            &[("address", J), ("size", J)],
        ),
        ("java.lang.ref.Reference", "", &reference),
        (
            "jdk.internal.ref.Cleaner",
            "java.lang.ref.Reference",
            &[("next", R), ("prev", R), ("thunk", R)],
        ),
        (
            "sun.nio.ch.FileChannelImpl$Unmapper",
            "",
            &[("address", J), ("size", J)],
        ),
        ("sun.nio.ch.Util$BufferCache", "", &[("buffers", R)]),
        ("java.nio.Bits", "", &[]),
        ("java.lang.System", "", &[]),
        (
            "java.util.concurrent.atomic.AtomicLong",
            "",
            &[("value", J)],
        ),
        (
            "java.util.concurrent.ConcurrentHashMap",
            "",
            &[("table", R)],
        ),
        (
            "java.util.concurrent.ConcurrentHashMap$Node",
            "",
            &[("hash", I), ("key", R), ("val", R), ("next", R)],
        ),
        ("java.util.HashMap", "", &[("table", R)]),
        (
            "java.util.HashMap$Node",
            "",
            &[("hash", I), ("key", R), ("value", R), ("next", R)],
        ),
        ("java.util.Hashtable", "", &[("table", R)]),
        (
            "java.util.Hashtable$Entry",
            "",
            &[("hash", I), ("key", R), ("value", R), ("next", R)],
        ),
        (
            "java.util.ArrayDeque",
            "",
            &[("elements", R), ("head", I), ("tail", I)],
        ),
        ("java.util.Date", "", &[("fastTime", J)]),
        ("java.net.InetSocketAddress", "", &[("holder", R)]),
        (
            "java.net.InetSocketAddress$InetSocketAddressHolder",
            "",
            &[("hostname", R), ("addr", R), ("port", I)],
        ),
        ("java.net.InetAddress", "", &[("holder", R)]),
        ("java.net.Inet4Address", "java.net.InetAddress", &[]),
        (
            "java.net.InetAddress$InetAddressHolder",
            "",
            &[("address", I), ("family", I)],
        ),
        (
            "com.alibaba.nacos.core.remote.ConnectionManager",
            "",
            &[("connections", R)],
        ),
        (
            "com.alibaba.nacos.core.remote.Connection",
            "",
            &[("metaInfo", R)],
        ),
        (
            "com.alibaba.nacos.core.remote.grpc.GrpcConnection",
            "com.alibaba.nacos.core.remote.Connection",
            &[("streamObserver", R), ("channel", R)],
        ),
        (
            "com.alibaba.nacos.core.remote.ConnectionMeta",
            "",
            &[
                ("connectionId", R),
                ("clientIp", R),
                ("remoteIp", R),
                ("appName", R),
                ("version", R),
                ("remotePort", I),
                ("createTime", R),
                ("labels", R),
            ],
        ),
    ] {
        d.class(name, parent, fields);
    }
    if old_jdk {
        d.class(
            "java.util.Properties",
            "java.util.Hashtable",
            &[("defaults", R)],
        );
    } else {
        d.class("java.util.Properties", "java.util.Hashtable", &[("map", R)]);
    }
    let n = |name: &str| {
        if name.starts_with("java.") {
            name.to_owned()
        } else if name.is_empty() {
            String::new()
        } else {
            format!("{prefix}io.netty.{name}")
        }
    };
    for (name, parent, fields) in [
        ("util.internal.PlatformDependent", "", &[][..]),
        (
            "buffer.PooledByteBufAllocator",
            "",
            &[("directArenas", R), ("chunkSize", I)],
        ),
        ("buffer.PoolArena", "", &[("parent", R)]),
        ("buffer.PoolArena$DirectArena", "buffer.PoolArena", &[]),
        (
            "buffer.PoolChunk",
            "",
            &[
                ("arena", R),
                ("memory", R),
                ("unpooled", V::Bool(false)),
                ("chunkSize", I),
                ("freeBytes", I),
                ("next", R),
            ],
        ),
        ("buffer.ByteBuf", "", &[]),
        (
            "buffer.AbstractByteBuf",
            "buffer.ByteBuf",
            &[("readerIndex", I), ("writerIndex", I)],
        ),
        (
            "buffer.PooledByteBuf",
            "buffer.AbstractByteBuf",
            &[("chunk", R), ("length", I), ("maxLength", I)],
        ),
        (
            "buffer.PooledUnsafeDirectByteBuf",
            "buffer.PooledByteBuf",
            &[],
        ),
        (
            "buffer.UnpooledDirectByteBuf",
            "buffer.AbstractByteBuf",
            &[
                ("buffer", R),
                ("capacity", I),
                ("doNotFree", V::Bool(false)),
            ],
        ),
        (
            "buffer.UnpooledUnsafeNoCleanerDirectByteBuf",
            "buffer.UnpooledDirectByteBuf",
            &[],
        ),
        (
            "buffer.PooledSlicedByteBuf",
            "buffer.AbstractByteBuf",
            &[("rootParent", R), ("parent", R)],
        ),
        (
            "channel.AbstractChannel",
            "",
            &[("remoteAddress", R), ("strVal", R), ("parent", R)],
        ),
        (
            "channel.epoll.EpollSocketChannel",
            "channel.AbstractChannel",
            &[("remote", R), ("active", V::Bool(false))],
        ),
        ("channel.DefaultChannelPipeline", "", &[("channel", R)]),
        (
            "channel.AbstractChannelHandlerContext",
            "",
            &[("pipeline", R)],
        ),
        (
            "channel.DefaultChannelHandlerContext",
            "channel.AbstractChannelHandlerContext",
            &[("handler", R)],
        ),
        (
            "channel.CoalescingBufferQueue",
            "",
            &[
                ("bufAndListenerPairs", R),
                ("readableBytes", I),
                ("channel", R),
            ],
        ),
        (
            "channel.ChannelOutboundBuffer",
            "",
            &[
                ("channel", R),
                ("flushedEntry", R),
                ("unflushedEntry", R),
                ("totalPendingSize", J),
            ],
        ),
        (
            "channel.ChannelOutboundBuffer$Entry",
            "",
            &[
                ("next", R),
                ("msg", R),
                ("total", J),
                ("progress", J),
                ("pendingSize", I),
            ],
        ),
        (
            "handler.codec.http2.DefaultHttp2RemoteFlowController",
            "",
            &[("ctx", R), ("monitor", R)],
        ),
        (
            "handler.codec.http2.DefaultHttp2RemoteFlowController$WritabilityMonitor",
            "",
            &[("totalPendingBytes", J)],
        ),
        (
            "handler.codec.http2.DefaultHttp2RemoteFlowController$FlowState",
            "",
            &[
                ("this$0", R),
                ("pendingBytes", J),
                ("window", I),
                ("pendingWriteQueue", R),
                ("stream", R),
            ],
        ),
        (
            "handler.codec.http2.DefaultHttp2ConnectionEncoder$FlowControlledBase",
            "",
            &[("stream", R)],
        ),
        (
            "handler.codec.http2.DefaultHttp2ConnectionEncoder$FlowControlledData",
            "handler.codec.http2.DefaultHttp2ConnectionEncoder$FlowControlledBase",
            &[("queue", R)],
        ),
        (
            "handler.codec.http2.DefaultHttp2Connection$DefaultStream",
            "",
            &[("id", I)],
        ),
    ] {
        d.class(&n(name), &n(parent), fields);
    }
}
