//! What a heap dump says of direct memory: by the books, by pool, by client connection, and who else holds native memory.
//!
//! Three steps: the dump is read once and the instances of some sixty classes are kept ([`crate::parse::hprof::objects`]);
//! the walks here follow links between them; what they miss is fetched, and they run again, until nothing is missing.
//! Nothing is inferred: every figure is a field of an object or a sum of such fields.

mod connections;
mod graph;
mod jvm;
mod kinds;
mod owners;
mod pools;

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parse::hprof::objects::{Follow, Objects};
use crate::parse::{ParseError, ParseErrorKind};
use crate::units::WallTime;

pub use crate::parse::hprof::objects::{DumpSource, WINDOW};

/// What a heap dump says. Bytes are integers, times RFC 3339, unknown is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapFacts {
    /// `1.0.1` or `1.0.2`.
    pub format_version: String,
    /// Width of identifiers in bytes.
    pub id_size: u32,
    /// When the dump was begun, by its header.
    pub taken: String,
    /// The same in milliseconds since 1970 UTC.
    pub taken_ms: u64,
    /// The virtual machine and the server.
    pub jvm: Jvm,
    /// Counters of the JDK and of Netty.
    pub counters: Counters,
    /// Who owns native buffer memory, largest first. Views own nothing and are not here.
    pub owners: Vec<Owner>,
    /// Each counter beside the sum of what it should count.
    pub reconciled: Vec<Reconciled>,
    /// Owners beside NMT of the same minute, where the files of the node have one.
    #[serde(default)]
    pub nmt: Option<BesideNmt>,
    /// Direct buffers by what they are.
    pub buffers: Buffers,
    /// Netty's buffer pools.
    pub pools: Vec<Pool>,
    /// Connections: those with something queued first, by memory held.
    pub connections: Vec<Connection>,
    /// The same by remote address.
    pub by_address: Vec<AddressTotal>,
    /// All queues together.
    pub backlog: Backlog,
    /// Memory in use that no connection and no known holder accounts for.
    pub unattributed: Unattributed,
    /// Native memory behind objects other than buffers.
    pub native: Native,
    /// Instances of classes worth comparing with a class histogram.
    pub instances: BTreeMap<String, u64>,
    /// Bytes of the (unpacked) dump that were read.
    pub bytes_read: u64,
    /// Objects in it.
    pub objects: u64,
    /// Whether all of the dump was read and understood.
    pub complete: bool,
    /// What was not.
    pub loss: Vec<Loss>,
}

/// A piece of the dump that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// Offset in the unpacked dump.
    pub at: u64,
    /// What was expected, and what was found.
    pub what: String,
    /// Bytes passed over.
    pub lost_bytes: u64,
}

/// The process the dump was taken of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Jvm {
    /// Java release, `17.0.15`.
    pub java_version: Option<String>,
    /// Process id.
    pub pid: Option<u64>,
    /// Release of the Nacos server.
    pub nacos_version: Option<String>,
    /// Main class and arguments, less anything secret.
    pub command: Option<String>,
    /// Other system properties of interest.
    pub properties: BTreeMap<String, String>,
}

/// The books on direct memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// `java.nio.Bits`.
    pub jdk: Option<JdkCounter>,
    /// Netty's, one for each copy of Netty that was loaded.
    pub netty: Vec<NettyCounter>,
}

/// What `java.nio.Bits` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JdkCounter {
    /// Bytes reserved, page alignment included.
    pub reserved_bytes: Option<u64>,
    /// Sum of capacities; this is what the limit is held against.
    pub capacity_bytes: Option<u64>,
    /// Buffers.
    pub count: Option<u64>,
    /// The maximum, once it has been worked out.
    pub limit_bytes: Option<u64>,
}

/// What one copy of Netty counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NettyCounter {
    /// What stands before `io.netty.` in its class names.
    pub prefix: String,
    /// Bytes in use; `None` when Netty leaves counting to the JDK.
    pub used_bytes: Option<u64>,
    /// Its own limit.
    pub limit_bytes: Option<u64>,
    /// The JDK's maximum as Netty sees it.
    pub max_direct_bytes: Option<u64>,
    /// Whether Netty frees its buffers itself.
    pub no_cleaner: Option<bool>,
}

/// Which counter memory is counted by.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Book {
    /// `java.nio.Bits`.
    Jdk,
    /// Netty's own counter.
    Netty,
}

/// What kind of owner.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    /// Chunks of Netty's pool.
    NettyPool,
    /// Netty buffers of their own.
    NettyUnpooled,
    /// Event arrays of Netty's native transport.
    NettyTransport,
    /// Buffers that threads keep for channel reads and writes with heap buffers.
    NioTemporary,
    /// Socket buffers of Tomcat.
    Tomcat,
    /// Held by an object of this class.
    Other,
    /// The buffer has been collected, its memory not yet freed.
    Collected,
    /// No holder found.
    Unattributed,
}

/// Native memory owned by buffers of one holder class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The holder's class.
    pub class: String,
    /// What it is.
    pub kind: OwnerKind,
    /// The counter that knows it.
    pub book: Book,
    /// Bytes.
    pub bytes: u64,
    /// Buffers.
    pub count: u64,
}

/// A counter and what it should be the sum of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reconciled {
    /// Whose counter.
    pub book: Book,
    /// Netty's prefix; empty for the JDK.
    pub prefix: String,
    /// What the counter says.
    pub counter_bytes: u64,
    /// What its owners add up to.
    pub owners_bytes: u64,
    /// Counter less owners.
    pub remainder_bytes: i64,
}

/// What NMT says of direct memory in the minute of the dump, and what the owners of both books add up to. NMT counts
/// more than buffers, and pages of mallocs: the remainder is not nought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BesideNmt {
    /// When NMT was read.
    pub t: String,
    /// The category that holds direct memory: `Other`, on JDK 8 `Internal`.
    pub category: String,
    /// Committed in it.
    pub committed_bytes: u64,
    /// What all owners add up to.
    pub owners_bytes: u64,
    /// Committed less owners.
    pub remainder_bytes: i64,
}

impl HeapFacts {
    /// Puts NMT of the same minute beside the owners.
    pub fn beside_nmt(&mut self, t: String, category: &str, committed_bytes: u64) {
        let owners_bytes = self
            .owners
            .iter()
            .fold(0u64, |sum, o| sum.saturating_add(o.bytes));
        self.nmt = Some(BesideNmt {
            t,
            category: category.to_owned(),
            committed_bytes,
            owners_bytes,
            remainder_bytes: (committed_bytes as i64).saturating_sub_unsigned(owners_bytes),
        });
    }
}

/// A count and a sum of bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Tally {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// `DirectByteBuffer` instances by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Buffers {
    /// With a cleaner that will free malloc'ed memory.
    pub with_cleaner: Tally,
    /// Without one, their memory being freed by Netty.
    pub without_cleaner: Tally,
    /// Already freed, object still there.
    pub freed: Tally,
    /// Slices, duplicates and read-only views of another buffer.
    pub views: Tally,
    /// Mapped files.
    pub mapped: Tally,
    /// No cleaner, no parent and no known holder: the JDK's own image, performance counters.
    pub bare: Tally,
}

/// A `PooledByteBufAllocator`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pool {
    /// What stands before `io.netty.` in its class name.
    pub prefix: String,
    /// The allocator's class.
    pub class: String,
    /// Size of its chunks.
    pub chunk_size: Option<u64>,
    /// Direct chunks, and their bytes.
    pub chunks: Tally,
    /// Of these, larger than a chunk and made for one buffer.
    pub huge: Tally,
    /// Bytes free in chunks.
    pub free_bytes: u64,
    /// Bytes not free in chunks.
    pub used_bytes: u64,
    /// Kept for reuse by threads; part of what counts as used.
    pub thread_cached: Tally,
    /// Buffers that hold pool memory now.
    pub live: Tally,
    /// Direct arenas.
    pub arenas: Vec<PoolArena>,
}

/// A direct arena of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolArena {
    /// Its place in the allocator's list; `None` when it is in none.
    pub index: Option<u64>,
    /// Its chunks.
    pub chunks: Tally,
    /// Bytes free in them.
    pub free_bytes: u64,
    /// Bytes not free in them.
    pub used_bytes: u64,
    /// Threads with a cache on this arena.
    pub thread_caches: Option<u64>,
    /// Kept in these caches for reuse.
    #[serde(default)]
    pub thread_cached: Tally,
    /// Its chunks one by one, fullest first; at most 4,096.
    #[serde(default)]
    pub chunk_list: Vec<ChunkUse>,
}

/// A chunk of a pool. It goes back to the system only when all of it is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChunkUse {
    /// Its size.
    pub bytes: u64,
    /// Not free.
    pub used_bytes: u64,
    /// Buffers that hold a part of it now, and their capacity.
    pub live: Tally,
}

/// Which end opened a connection.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The peer did.
    Accepted,
    /// This process did.
    Opened,
}

/// A network connection of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Nacos's id of it.
    pub connection_id: Option<String>,
    /// Remote IP address.
    pub address: Option<String>,
    /// Remote port.
    pub port: Option<u16>,
    /// Local address and port.
    pub local: Option<String>,
    /// The address the client gave itself.
    pub declared_address: Option<String>,
    /// The client's application.
    pub app: Option<String>,
    /// The client's SDK and version.
    pub version: Option<String>,
    /// The client's namespace.
    pub namespace: Option<String>,
    /// Labels the client sent.
    pub labels: BTreeMap<String, String>,
    /// Whether it is in Nacos's list of connections.
    pub registered: bool,
    /// Who serves it, or the handler's class.
    pub owner: Option<String>,
    /// Which end opened it.
    pub side: Option<Side>,
    /// Whether the channel is active.
    pub active: Option<bool>,
    /// When Nacos registered it.
    pub created: Option<String>,
    /// When Nacos last heard of the client.
    pub last_active: Option<String>,
    /// Since when Nacos has refused to queue more for it.
    pub first_blocked: Option<String>,
    /// Payload waiting.
    pub queued_bytes: u64,
    /// Capacity of the direct buffers behind it.
    pub held_bytes: u64,
    /// Those buffers.
    pub buffers: u64,
    /// Messages waiting.
    pub messages: u64,
    /// HTTP/2 streams with something waiting.
    pub streams_waiting: u64,
    /// Of the payload: in the HTTP/2 flow controller.
    pub flow_control_bytes: u64,
    /// Of the payload: handed to the channel.
    pub outbound_bytes: u64,
    /// Of the payload: not yet taken by the event loop, or in another queue.
    pub other_bytes: u64,
    /// The outbound buffer's own counter, with 96 bytes for each entry.
    pub outbound_counter_bytes: Option<u64>,
    /// The HTTP/2 send window of the connection.
    pub window: Option<i64>,
    /// The first thing that waits.
    pub oldest: Option<Oldest>,
}

/// The head of a connection's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Oldest {
    /// HTTP/2 stream.
    pub stream: Option<u64>,
    /// Bytes left of it.
    pub bytes: u64,
    /// Whether its beginning has been sent.
    pub begun: bool,
    /// The stream's send window.
    pub window: Option<i64>,
}

/// Connections of one remote address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddressTotal {
    /// Remote IP address.
    pub address: String,
    /// Connections.
    pub connections: u64,
    /// Of these, in Nacos's list.
    pub registered: u64,
    /// Payload waiting.
    pub queued_bytes: u64,
    /// Capacity held.
    pub held_bytes: u64,
    /// Messages waiting.
    pub messages: u64,
}

/// All connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backlog {
    /// Payload waiting.
    pub queued_bytes: u64,
    /// Capacity held.
    pub held_bytes: u64,
    /// Buffers.
    pub buffers: u64,
    /// Messages.
    pub messages: u64,
    /// Payload whose remote address is known.
    pub addressed_bytes: u64,
    /// Payload of connections that are not in Nacos's list.
    pub unregistered_bytes: u64,
    /// Connections with something waiting.
    pub connections: u64,
}

/// What nothing known holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unattributed {
    /// Live Netty buffers in no queue: `maxLength` of pooled, capacity of unpooled ones.
    pub live_buffers: Tally,
    /// Of these, what decoders have gathered of incoming messages.
    pub inbound: Tally,
    /// Buffers counted by the JDK whose holder is unknown.
    pub jdk_buffers: Tally,
}

/// Native memory behind objects that are no buffers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Native {
    /// `Inflater`s not ended; some 7 to 40 KB each.
    pub inflaters: u64,
    /// `Deflater`s not ended; some 260 KB each.
    pub deflaters: u64,
    /// Threads alive.
    pub threads: u64,
    /// Thread objects whose thread has not begun or has ended.
    pub threads_not_alive: u64,
    /// Class loaders.
    #[serde(default)]
    pub loaders: u64,
    /// Class loaders by class.
    pub class_loaders: BTreeMap<String, u64>,
    /// Open RocksDB databases (JRaft's log).
    pub rocksdb: u64,
    /// Classes loaded.
    pub classes: u64,
}

/// Rounds of fetching, for a mapped dump and for one that has to be unpacked again each time.
const ROUNDS: (usize, usize) = (64, 12);

/// Reads a dump and says what it holds. Never fails: what cannot be read is in [`HeapFacts::loss`].
///
/// `progress` is called with the offset reached in the unpacked dump, from any thread.
pub fn read_dump(source: DumpSource<'_>, progress: &(dyn Fn(u64) + Sync)) -> HeapFacts {
    read_dump_within(source, WINDOW, progress)
}

/// The same with `window` bytes of small objects held while a packed dump is read, instead of [`WINDOW`]: the fewer, the
/// more often it may have to be read.
pub fn read_dump_within(
    source: DumpSource<'_>,
    window: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> HeapFacts {
    let follow = (kinds::follow as Follow, window);
    let mut objects = match Objects::read(source, kinds::classify, follow, progress) {
        Ok(objects) => objects,
        Err(error) => {
            return HeapFacts {
                loss: vec![loss(&error, 0)],
                ..HeapFacts::default()
            };
        }
    };
    let rounds = if objects.is_mapped() {
        ROUNDS.0
    } else {
        ROUNDS.1
    };
    let mut gone = HashSet::new();
    let mut others: Option<BTreeMap<u64, String>> = None;
    let none = BTreeMap::new();
    for round in 1.. {
        let graph = graph::Graph::new(&objects, &gone);
        let mut facts = walk(&graph, others.as_ref().unwrap_or(&none));
        if others.is_none() && graph.is_satisfied() {
            let unknown = owners::unknown(&graph);
            if !unknown.is_empty() {
                others = Some(graph.referrers(source, &unknown));
                continue;
            }
        }
        let wanted = graph.into_wanted();
        if wanted.is_empty() {
            finish(&objects, &gone, &mut facts);
            return facts;
        }
        if round == rounds {
            facts.loss.push(Loss {
                at: 0,
                what: format!(
                    "{} links not followed after {rounds} readings",
                    wanted.len()
                ),
                lost_bytes: 0,
            });
            facts.complete = false;
            finish(&objects, &gone, &mut facts);
            return facts;
        }
        let ids: Vec<u64> = wanted.iter().copied().collect();
        objects.fetch(source, wanted);
        gone.extend(ids.into_iter().filter(|&id| objects.get(id).is_none()));
    }
    HeapFacts::default()
}

/// What needs no links and so no second walk.
fn finish(objects: &Objects<'_>, gone: &HashSet<u64>, facts: &mut HeapFacts) {
    let graph = graph::Graph::new(objects, gone);
    facts.native = jvm::native(&graph);
    facts.instances = jvm::instances(&graph);
}

fn loss(error: &ParseError, lost_bytes: u64) -> Loss {
    Loss {
        at: error.at,
        what: error.what.to_string(),
        lost_bytes,
    }
}

fn walk<'s>(graph: &'s graph::Graph<'s>, others: &BTreeMap<u64, String>) -> HeapFacts {
    let objects = graph.objects();
    let header = objects.header;
    let mut facts = HeapFacts {
        format_version: header.version.to_owned(),
        id_size: header.id_size.bytes() as u32,
        taken: i64::try_from(header.taken_ms)
            .map(|ms| WallTime(ms).rfc3339(0))
            .unwrap_or_default(),
        taken_ms: header.taken_ms,
        jvm: jvm::facts(graph),
        counters: jvm::counters(graph),
        bytes_read: objects.bytes_read,
        objects: objects.objects,
        loss: objects
            .losses
            .iter()
            .map(|l| loss(&l.error, l.lost))
            .collect(),
        ..HeapFacts::default()
    };
    if objects.more_losses.0 > 0 {
        facts.loss.push(loss(
            &ParseError::new(
                0,
                ParseErrorKind::Unexpected,
                format!("{} more pieces like these", objects.more_losses.0),
            ),
            objects.more_losses.1,
        ));
    }
    facts.complete = facts.loss.is_empty();
    owners::fill(graph, others, &mut facts);
    pools::fill(graph, &mut facts);
    connections::fill(graph, &mut facts);
    facts
}
