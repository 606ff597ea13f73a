//! Netty's pools: chunks by arena, what is free in them, what threads keep for reuse.
//!
//! Chunks are taken from all instances, not from the arenas' lists: a chunk made for one huge buffer is in no list.

use std::collections::{BTreeMap, HashMap};

use super::graph::{Graph, Obj};
use super::kinds::{K, netty_prefix};
use super::{ChunkUse, HeapFacts, Pool, PoolArena, Tally};

/// Whether a chunk is direct memory: by its arena, else by what its memory is.
pub(super) fn is_direct(chunk: &Obj<'_>) -> bool {
    match chunk.kept("arena") {
        Some(arena) => arena.class_name().ends_with("DirectArena"),
        None => chunk
            .kept("memory")
            .is_some_and(|memory| memory.is(K::DirectBuffer)),
    }
}

/// Chunks listed of an arena.
const MAX_CHUNKS: usize = 4096;

/// By allocator: the pool, and its arenas by identifier.
type Pools = BTreeMap<u64, (Pool, BTreeMap<u64, PoolArena>)>;

pub(super) fn fill<'s>(graph: &'s Graph<'s>, facts: &mut HeapFacts) {
    let mut pools = allocators(graph);
    let live = live_by_chunk(graph);
    chunks(graph, &live, &mut pools);
    thread_caches(graph, &mut pools);
    facts.pools = pools
        .into_values()
        .filter(|(pool, arenas)| pool.chunks.count > 0 || !arenas.is_empty())
        .map(|(mut pool, arenas)| {
            pool.arenas = arenas.into_values().collect();
            pool.arenas.sort_by_key(|a| a.index.unwrap_or(u64::MAX));
            for arena in &mut pool.arenas {
                arena
                    .chunk_list
                    .sort_by_key(|c| std::cmp::Reverse((c.used_bytes, c.bytes, c.live)));
                arena.chunk_list.truncate(MAX_CHUNKS);
            }
            pool
        })
        .chain(adaptive(graph))
        .collect();
    facts.pools.sort_by(|a, b| {
        b.chunks
            .bytes
            .cmp(&a.chunks.bytes)
            .then_with(|| a.prefix.cmp(&b.prefix))
    });
}

/// The allocators with the arenas they list.
fn allocators<'s>(graph: &'s Graph<'s>) -> Pools {
    let mut pools = Pools::new();
    for allocator in graph.all(K::Allocator) {
        let pool = Pool {
            prefix: netty_prefix(allocator.class_name()).to_owned(),
            class: allocator.class_name().to_owned(),
            chunk_size: allocator.size("chunkSize"),
            ..Pool::default()
        };
        let mut arenas = BTreeMap::new();
        let list = allocator.reference("directArenas").unwrap_or(0);
        for (index, id) in graph.elements(list).into_iter().enumerate() {
            let threads = graph
                .kept(id)
                .and_then(|a| a.reference("numThreadCaches"))
                .and_then(|counter| graph.counter(counter));
            arenas.insert(
                id,
                PoolArena {
                    index: Some(index as u64),
                    thread_caches: threads.and_then(|n| u64::try_from(n).ok()),
                    ..PoolArena::default()
                },
            );
        }
        pools.insert(allocator.id, (pool, arenas));
    }
    pools
}

/// Allocator and arena of a chunk.
fn owner<'s>(chunk: &Obj<'s>) -> (u64, u64) {
    let arena = chunk.reference("arena").unwrap_or(0);
    let pool = chunk
        .kept("arena")
        .and_then(|arena| arena.reference("parent"))
        .unwrap_or(0);
    (pool, arena)
}

/// Buffers that hold a part of each chunk.
fn live_by_chunk<'s>(graph: &'s Graph<'s>) -> HashMap<u64, Tally> {
    let mut live: HashMap<u64, Tally> = HashMap::new();
    for buf in graph.all(K::PooledBuf) {
        if let Some(chunk) = buf.reference("chunk") {
            let bytes = buf.size("maxLength").unwrap_or(0);
            live.entry(chunk).or_default().add(bytes);
        }
    }
    live
}

fn chunks<'s>(graph: &'s Graph<'s>, live: &HashMap<u64, Tally>, pools: &mut Pools) {
    for chunk in graph.all(K::Chunk).filter(is_direct) {
        let (pool, arena) = owner(&chunk);
        let (pool, arenas) = pools.entry(pool).or_insert_with(|| {
            let pool = Pool {
                prefix: netty_prefix(chunk.class_name()).to_owned(),
                ..Pool::default()
            };
            (pool, BTreeMap::new())
        });
        let arena = arenas.entry(arena).or_default();
        let bytes = chunk.size("chunkSize").unwrap_or(0);
        let free = chunk.size("freeBytes").unwrap_or(0).min(bytes);
        let live = live.get(&chunk.id).copied().unwrap_or_default();
        pool.chunks.add(bytes);
        arena.chunks.add(bytes);
        pool.free_bytes = pool.free_bytes.saturating_add(free);
        arena.free_bytes = arena.free_bytes.saturating_add(free);
        pool.used_bytes = pool.used_bytes.saturating_add(bytes - free);
        arena.used_bytes = arena.used_bytes.saturating_add(bytes - free);
        pool.live.join(live);
        if chunk.flag("unpooled") == Some(true) {
            pool.huge.add(bytes);
        }
        arena.chunk_list.push(ChunkUse {
            bytes,
            used_bytes: bytes - free,
            live,
        });
    }
}

/// What threads keep for reuse.
fn thread_caches<'s>(graph: &'s Graph<'s>, pools: &mut Pools) {
    let mut sizes = EntrySizes::default();
    for entry in graph.all(K::CacheEntry) {
        let Some(chunk) = entry.kept("chunk").filter(is_direct) else {
            continue;
        };
        let bytes = sizes.of(graph, &entry, &chunk);
        let (pool, arena) = owner(&chunk);
        if let Some((pool, arenas)) = pools.get_mut(&pool) {
            pool.thread_cached.add(bytes);
            arenas.entry(arena).or_default().thread_cached.add(bytes);
        }
    }
}

/// Chunks of the adaptive allocator, by the unpooled buffer that each divides up.
pub(super) fn adaptive_chunks<'s>(graph: &'s Graph<'s>) -> HashMap<u64, Obj<'s>> {
    graph
        .all(K::AdaptiveChunk)
        .filter_map(|chunk| Some((chunk.reference("delegate")?, chunk)))
        .collect()
}

/// Whether a chunk of the adaptive allocator is direct memory.
fn is_direct_adaptive(chunk: &Obj<'_>) -> bool {
    chunk
        .kept("delegate")
        .is_some_and(|buf| buf.class_name().contains("Direct"))
}

/// Direct memory that a buffer of the adaptive allocator has of its chunk now.
pub(super) fn adaptive_capacity(buf: &Obj<'_>) -> Option<u64> {
    buf.kept("chunk")
        .filter(is_direct_adaptive)
        .map(|_| buf.size("maxFastCapacity").unwrap_or(0))
}

/// The adaptive allocator of 4.2 has no arenas, and says of a chunk only how much was ever handed out of it.
fn adaptive<'s>(graph: &'s Graph<'s>) -> Vec<Pool> {
    let mut pools: BTreeMap<String, Pool> = BTreeMap::new();
    for chunk in graph.all(K::AdaptiveChunk).filter(is_direct_adaptive) {
        let prefix = netty_prefix(chunk.class_name());
        let pool = pools.entry(prefix.to_owned()).or_insert_with(|| Pool {
            prefix: prefix.to_owned(),
            class: format!("{prefix}io.netty.buffer.AdaptiveByteBufAllocator"),
            ..Pool::default()
        });
        let bytes = chunk.size("capacity").unwrap_or(0);
        let used = chunk.size("allocatedBytes").unwrap_or(bytes).min(bytes);
        pool.chunks.add(bytes);
        if chunk.flag("pooled") == Some(false) {
            pool.huge.add(bytes);
        }
        pool.used_bytes = pool.used_bytes.saturating_add(used);
        pool.free_bytes = pool.free_bytes.saturating_add(bytes - used);
    }
    for buf in graph.all(K::AdaptiveBuf) {
        if let (Some(pool), Some(bytes)) = (
            pools.get_mut(netty_prefix(buf.class_name())),
            adaptive_capacity(&buf),
        ) {
            pool.live.add(bytes);
        }
    }
    pools.into_values().collect()
}

/// What a thread's cache entry keeps. Since 4.1.5x it says so; before, its handle tells.
#[derive(Default)]
struct EntrySizes {
    subpages: BTreeMap<u64, Vec<u64>>,
}

impl EntrySizes {
    fn of<'s>(&mut self, graph: &'s Graph<'s>, entry: &Obj<'s>, chunk: &Obj<'s>) -> u64 {
        if let Some(size) = entry.size("normCapacity") {
            return size;
        }
        let Some(handle) = entry.number("handle") else {
            return 0;
        };
        let handle = handle as u64;
        if chunk.has("runsAvail") {
            // 4.1.52 on: 15 bits of run offset, 15 of pages, used, subpage, 32 of bitmap index.
            let pages = (handle >> 34) & 0x7fff;
            let page_size = chunk.size("pageSize").unwrap_or(8192);
            let run = pages.saturating_mul(page_size);
            if (handle >> 32) & 1 == 0 {
                return run;
            }
            return self
                .subpage(graph, chunk, (handle >> 49) & 0x7fff)
                .unwrap_or(run);
        }
        // Before: the low half is a node of a binary tree over the chunk, the high half a bit of a subpage.
        let node = handle & 0xffff_ffff;
        if node == 0 {
            return 0;
        }
        let depth = 63 - node.leading_zeros();
        let size = chunk.size("chunkSize").unwrap_or(0);
        let run = size.checked_shr(depth).unwrap_or(0);
        if handle >> 32 == 0 {
            return run;
        }
        let leaf = node ^ (1u64 << depth);
        self.subpage(graph, chunk, leaf).unwrap_or(run)
    }

    /// Element size of a chunk's subpage. Null elements count for the index, so the raw array is needed.
    fn subpage<'s>(&mut self, graph: &'s Graph<'s>, chunk: &Obj<'s>, index: u64) -> Option<u64> {
        let array = chunk.reference("subpages")?;
        if self.subpages.len() > 256 {
            self.subpages.clear(); // 16 KiB each
        }
        let list = self
            .subpages
            .entry(array)
            .or_insert_with(|| graph.raw_elements(array));
        let id = *list.get(usize::try_from(index).ok()?)?;
        graph.get(id)?.size("elemSize")
    }
}
