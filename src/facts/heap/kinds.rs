//! The classes whose instances are looked at. Subclasses count as their nearest ancestor here.
//!
//! Netty and gRPC are found under any prefix: shading moves whole packages. Names and fields read from netty 4.1.38 to
//! 4.2.7, grpc-java 1.24 to 1.64, Nacos 2.0 to 3.0 and JDK 8 to 25.

use crate::parse::hprof::classes::Kind;
use crate::parse::hprof::objects::GLUE;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $(= $n:literal)?),* $(,)?) => {
        /// What an object is, for the walks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum K { $($(#[$doc])* $name $(= $n)?),* }
    };
}

kinds! {
    /// Only its static fields matter.
    Statics = 1,
    DirectBuffer, Cleaner, Deallocator, Unmapper, BufferCache, BufferHolder,
    Inflater, Deflater, ZStream, Thread, Loader, RocksDb,
    Chunk, Arena, Allocator, CacheEntry, AdaptiveChunk,
    PooledBuf, UnpooledBuf, AdaptiveBuf, CompositeBuf, Component, OtherBuf, BufHolder,
    Channel, Unsafe, Pipeline, Context, OutboundBuffer, OutboundEntry, CoalescingQueue, WriteTask, EventArray,
    RemoteFlow, FlowState, FlowMonitor, FlowControlled, Stream, Http2Connection, Endpoint,
    WriteQueue, QueueNode, GrpcHandler, GrpcStream, TransportListener, GrpcServer, ServerCall, Observer, ByteMessageDecoder,
    ConnectionManager, NacosConnection, Meta, Acceptor,
    SocketAddress, SocketHolder, InetAddress, InetHolder, NioChannel,
}

/// The part of a class name behind a package that may have been moved.
pub(super) fn behind<'n>(name: &'n str, package: &str) -> Option<(&'n str, &'n str)> {
    let at = name.rfind(package)?;
    let (prefix, rest) = name.split_at(at);
    if !prefix.is_empty() && !prefix.ends_with('.') {
        return None;
    }
    Some((prefix, &rest[package.len()..]))
}

/// The shading prefix of a Netty class, empty for Netty's own name.
pub(super) fn netty_prefix(name: &str) -> &str {
    behind(name, "io.netty.").map_or("", |(prefix, _)| prefix)
}

/// The kind a class name stands for.
pub(super) fn classify(name: &str) -> Option<Kind> {
    if let Some((_, rest)) = behind(name, "io.netty.") {
        return netty(rest).map(|k| k as Kind);
    }
    if let Some((_, rest)) = behind(name, "io.grpc.") {
        return grpc(rest).map(|k| k as Kind);
    }
    let kind = match name {
        "java.nio.Bits"
        | "jdk.internal.misc.VM"
        | "sun.misc.VM"
        | "java.lang.System"
        | "com.alibaba.nacos.common.utils.VersionUtils" => K::Statics,
        "java.nio.DirectByteBuffer" => K::DirectBuffer,
        "jdk.internal.ref.Cleaner" | "sun.misc.Cleaner" => K::Cleaner,
        "java.nio.DirectByteBuffer$Deallocator" => K::Deallocator,
        "sun.nio.ch.FileChannelImpl$Unmapper" | "java.io.FileChannelImpl$Unmapper" => K::Unmapper,
        "sun.nio.ch.Util$BufferCache" => K::BufferCache,
        "org.apache.tomcat.util.net.SocketBufferHandler" => K::BufferHolder,
        "java.util.zip.Inflater" => K::Inflater,
        "java.util.zip.Deflater" => K::Deflater,
        "java.util.zip.ZStreamRef"
        | "java.util.zip.Inflater$InflaterZStreamRef"
        | "java.util.zip.Deflater$DeflaterZStreamRef" => K::ZStream,
        "java.lang.Thread" => K::Thread,
        "java.lang.ClassLoader" => K::Loader,
        "org.rocksdb.RocksDB" => K::RocksDb,
        "com.alibaba.nacos.core.remote.ConnectionManager" => K::ConnectionManager,
        "com.alibaba.nacos.core.remote.Connection"
        | "com.alibaba.nacos.core.remote.grpc.GrpcConnection" => K::NacosConnection,
        "com.alibaba.nacos.core.remote.ConnectionMeta" => K::Meta,
        "com.alibaba.nacos.core.remote.grpc.GrpcBiStreamRequestAcceptor$1" => K::Acceptor,
        "com.alibaba.nacos.core.remote.grpc.BaseGrpcServer"
        | "com.alipay.sofa.jraft.rpc.impl.GrpcServer" => K::GrpcServer,
        "java.net.InetSocketAddress" => K::SocketAddress,
        "java.net.InetSocketAddress$InetSocketAddressHolder" => K::SocketHolder,
        "java.net.InetAddress" => K::InetAddress,
        "java.net.InetAddress$InetAddressHolder" | "java.net.Inet6Address$Inet6AddressHolder" => {
            K::InetHolder
        }
        "sun.nio.ch.SocketChannelImpl" | "sun.nio.ch.ServerSocketChannelImpl" => K::NioChannel,
        "java.util.concurrent.ConcurrentLinkedQueue$Node" => K::QueueNode,
        "java.lang.String"
        | "java.lang.Integer"
        | "java.util.ArrayDeque"
        | "java.util.HashMap"
        | "java.util.HashMap$Node"
        | "java.util.Hashtable"
        | "java.util.Hashtable$Entry"
        | "java.util.concurrent.ConcurrentHashMap"
        | "java.util.concurrent.ConcurrentHashMap$Node"
        | "java.util.concurrent.ConcurrentLinkedQueue"
        | "java.util.concurrent.atomic.AtomicLong"
        | "java.util.concurrent.atomic.AtomicInteger"
        | "java.util.concurrent.atomic.LongAdder"
        | "java.util.Date"
        | "java.util.Collections$UnmodifiableMap" => return Some(GLUE),
        _ => return None,
    };
    Some(kind as Kind)
}

/// Kinds whose links lead to strings, maps, arrays and queues.
pub(super) fn follow(kind: Kind) -> bool {
    [
        K::Statics,
        K::BufferCache,
        K::Allocator,
        K::Arena,
        K::CoalescingQueue,
        K::FlowState,
        K::WriteQueue,
        K::ConnectionManager,
        K::Meta,
        K::Acceptor,
    ]
    .iter()
    .any(|&k| k as Kind == kind)
}

fn netty(rest: &str) -> Option<K> {
    Some(match rest {
        "util.internal.PlatformDependent" => K::Statics,
        "buffer.PoolChunk" => K::Chunk,
        "buffer.PoolArena" => K::Arena,
        "buffer.PooledByteBufAllocator" => K::Allocator,
        "buffer.PoolThreadCache$MemoryRegionCache$Entry" => K::CacheEntry,
        "buffer.AdaptivePoolingAllocator$Chunk" => K::AdaptiveChunk,
        "buffer.PooledByteBuf" => K::PooledBuf,
        "buffer.UnpooledDirectByteBuf" => K::UnpooledBuf,
        "buffer.AdaptivePoolingAllocator$AdaptiveByteBuf" => K::AdaptiveBuf,
        "buffer.CompositeByteBuf" => K::CompositeBuf,
        "buffer.CompositeByteBuf$Component" => K::Component,
        "buffer.ByteBuf" => K::OtherBuf,
        "buffer.DefaultByteBufHolder" => K::BufHolder,
        "channel.AbstractChannel" => K::Channel,
        "channel.AbstractChannel$AbstractUnsafe" => K::Unsafe,
        "channel.DefaultChannelPipeline" => K::Pipeline,
        "channel.AbstractChannelHandlerContext" => K::Context,
        "channel.ChannelOutboundBuffer" => K::OutboundBuffer,
        "channel.ChannelOutboundBuffer$Entry" => K::OutboundEntry,
        "channel.AbstractCoalescingBufferQueue" | "channel.CoalescingBufferQueue" => {
            K::CoalescingQueue
        }
        "channel.AbstractChannelHandlerContext$AbstractWriteTask"
        | "channel.AbstractChannelHandlerContext$WriteTask" => K::WriteTask,
        "channel.epoll.EpollEventArray" => K::EventArray,
        "handler.codec.ByteToMessageDecoder" => K::ByteMessageDecoder,
        "handler.codec.http2.DefaultHttp2RemoteFlowController" => K::RemoteFlow,
        "handler.codec.http2.DefaultHttp2RemoteFlowController$FlowState" => K::FlowState,
        "handler.codec.http2.DefaultHttp2RemoteFlowController$WritabilityMonitor" => K::FlowMonitor,
        "handler.codec.http2.DefaultHttp2ConnectionEncoder$FlowControlledBase" => K::FlowControlled,
        "handler.codec.http2.DefaultHttp2Connection$DefaultStream" => K::Stream,
        "handler.codec.http2.DefaultHttp2Connection" => K::Http2Connection,
        "handler.codec.http2.DefaultHttp2Connection$DefaultEndpoint" => K::Endpoint,
        _ => return None,
    })
}

fn grpc(rest: &str) -> Option<K> {
    Some(match rest {
        "netty.WriteQueue" => K::WriteQueue,
        // Handlers are decoders too; their own name comes first.
        "netty.NettyServerHandler" | "netty.NettyClientHandler" => K::GrpcHandler,
        "netty.NettyServerStream" => K::GrpcStream,
        "internal.ServerImpl$ServerTransportListenerImpl" => K::TransportListener,
        "internal.ServerCallImpl" | "ForwardingServerCall" => K::ServerCall,
        "stub.ServerCalls$ServerCallStreamObserverImpl" => K::Observer,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netty_and_grpc_are_known_under_any_prefix() {
        for prefix in [
            "",
            "io.grpc.netty.shaded.",
            "com.alibaba.nacos.shaded.io.grpc.netty.shaded.",
            "org.example.shaded.",
        ] {
            let chunk = format!("{prefix}io.netty.buffer.PoolChunk");
            assert_eq!(classify(&chunk), Some(K::Chunk as Kind), "{chunk}");
            assert_eq!(netty_prefix(&chunk), prefix);
            let queue = format!("{prefix}io.grpc.netty.WriteQueue");
            assert_eq!(classify(&queue), Some(K::WriteQueue as Kind), "{queue}");
        }
        assert_eq!(classify("my.studio.netty.buffer.PoolChunk"), None);
        assert_eq!(classify("io.netty.buffer.PoolChunkList"), None);
    }
}
