//! Direct memory by the books: which buffers own memory, which counter knows it, and whose they are.
//!
//! The JDK counts what has a live `Cleaner` with a `Deallocator` (a removed cleaner is its own `next`), so those are
//! summed, not buffers: views share a capacity, and a buffer may be collected before its memory is freed. Netty counts
//! what it allocates without a cleaner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::{Graph, Obj};
use super::kinds::{K, netty_prefix};
use super::{Book, HeapFacts, Owner, OwnerKind, Reconciled};

#[derive(Clone)]
struct Holder {
    class: String,
    kind: OwnerKind,
}

/// The buffer that owns the memory a buffer shows: itself, or what it is a view of.
fn owning<'s>(graph: &'s Graph<'s>, id: u64) -> u64 {
    let mut id = id;
    for _ in 0..8 {
        let Some(buffer) = graph.kept(id).filter(|b| b.is(K::DirectBuffer)) else {
            break;
        };
        match buffer.reference("att") {
            Some(of) if buffer.reference("cleaner").is_none() => id = of,
            _ => break,
        }
    }
    id
}

fn holders<'s>(graph: &'s Graph<'s>, others: &BTreeMap<u64, String>) -> HashMap<u64, Holder> {
    let mut holders: HashMap<u64, Holder> = HashMap::new();
    let mut hold = |buffer: Option<u64>, by: &Obj<'s>, kind| {
        if let Some(buffer) = buffer {
            holders
                .entry(owning(graph, buffer))
                .or_insert_with(|| Holder {
                    class: by.class_name().to_owned(),
                    kind,
                });
        }
    };
    for chunk in graph.all(K::Chunk) {
        hold(chunk.reference("base"), &chunk, OwnerKind::NettyPool);
        hold(chunk.reference("memory"), &chunk, OwnerKind::NettyPool);
    }
    for chunk in graph.all(K::AdaptiveChunk) {
        let buffer = chunk.kept("delegate").and_then(|d| d.reference("buffer"));
        hold(buffer, &chunk, OwnerKind::NettyPool);
    }
    for array in graph.all(K::EventArray) {
        hold(array.reference("memory"), &array, OwnerKind::NettyTransport);
    }
    for buf in graph.all(K::UnpooledBuf) {
        hold(buf.reference("buffer"), &buf, OwnerKind::NettyUnpooled);
    }
    for cache in graph.all(K::BufferCache) {
        let buffers = cache.reference("buffers").unwrap_or(0);
        for buffer in graph.elements(buffers) {
            hold(Some(buffer), &cache, OwnerKind::NioTemporary);
        }
    }
    for sockets in graph.all(K::BufferHolder) {
        hold(sockets.reference("readBuffer"), &sockets, OwnerKind::Tomcat);
        hold(
            sockets.reference("writeBuffer"),
            &sockets,
            OwnerKind::Tomcat,
        );
    }
    let classes = &graph.objects().classes;
    for (ix, id) in classes.static_references() {
        if graph.kept(id).is_some_and(|b| b.is(K::DirectBuffer)) {
            holders.entry(owning(graph, id)).or_insert_with(|| Holder {
                class: classes.name(ix).unwrap_or_default(),
                kind: OwnerKind::Other,
            });
        }
    }
    for (buffer, class) in others {
        holders.entry(*buffer).or_insert_with(|| Holder {
            class: class.clone(),
            kind: OwnerKind::Other,
        });
    }
    holders
}

/// `others`: classes that hold buffers which no known class does.
pub(super) fn fill<'s>(
    graph: &'s Graph<'s>,
    others: &BTreeMap<u64, String>,
    facts: &mut HeapFacts,
) {
    let holders = holders(graph, others);
    let mut owners: BTreeMap<(Book, OwnerKind, String), (u64, u64)> = BTreeMap::new();
    let mut own = |book, holder: &Holder, bytes: u64| {
        let sum = owners
            .entry((book, holder.kind, holder.class.clone()))
            .or_default();
        sum.0 = sum.0.saturating_add(bytes);
        sum.1 += 1;
    };

    let mut jdk_sum = 0u64;
    let cleaners: Vec<Obj<'s>> = graph
        .all(K::Cleaner)
        .filter(|c| c.reference("next") != Some(c.id))
        .collect();
    for cleaner in &cleaners {
        let Some(thunk) = cleaner.kept("thunk") else {
            continue;
        };
        if thunk.is(K::Unmapper) {
            facts.buffers.mapped.add(thunk.size("size").unwrap_or(0));
        }
        if !thunk.is(K::Deallocator) {
            continue;
        }
        let bytes = thunk.size("size").unwrap_or(0);
        jdk_sum = jdk_sum.saturating_add(bytes);
        let buffer = cleaner.reference("referent");
        let holder = match buffer {
            None => Holder {
                class: thunk.class_name().to_owned(),
                kind: OwnerKind::Collected,
            },
            Some(id) => holders.get(&id).cloned().unwrap_or_else(|| Holder {
                class: graph.kept(id).map_or_else(
                    || thunk.class_name().to_owned(),
                    |b| b.class_name().to_owned(),
                ),
                kind: OwnerKind::Unattributed,
            }),
        };
        if holder.kind == OwnerKind::Unattributed {
            facts.unattributed.jdk_buffers.add(bytes);
        }
        own(Book::Jdk, &holder, bytes);
    }

    let mut netty_sums: BTreeMap<String, u64> = BTreeMap::new();
    // Whether Netty frees the memory of this buffer itself: it has no cleaner. When the buffer is not in the dump, the
    // way this copy of Netty works decides.
    let by_netty = |buffer: u64, prefix: &str| match graph
        .kept(owning(graph, buffer))
        .filter(|b| b.is(K::DirectBuffer))
    {
        Some(b) => b.reference("cleaner").is_none(),
        None => facts
            .counters
            .netty
            .iter()
            .any(|n| n.prefix == prefix && n.no_cleaner == Some(true)),
    };
    let is_direct = |o: &Obj<'s>| graph.kept(o.id).is_some_and(|b| b.is(K::DirectBuffer));
    for chunk in graph.all(K::Chunk) {
        let Some(memory) = chunk
            .reference("base")
            .or_else(|| chunk.reference("memory"))
        else {
            continue;
        };
        let direct = match graph.kept(memory) {
            Some(buffer) => is_direct(&buffer),
            None => super::pools::is_direct(&chunk),
        };
        let prefix = netty_prefix(chunk.class_name());
        if direct && by_netty(memory, prefix) {
            let bytes = chunk.size("chunkSize").unwrap_or(0);
            let sum = netty_sums.entry(prefix.to_owned()).or_default();
            *sum = sum.saturating_add(bytes);
            facts.buffers.without_cleaner.add(bytes);
            let holder = Holder {
                class: chunk.class_name().to_owned(),
                kind: OwnerKind::NettyPool,
            };
            own(Book::Netty, &holder, bytes);
        }
    }
    let divided = super::pools::adaptive_chunks(graph);
    for buf in graph.all(K::UnpooledBuf) {
        let Some(buffer) = buf.reference("buffer") else {
            continue;
        };
        let prefix = netty_prefix(buf.class_name());
        if buf.flag("doNotFree") == Some(true)
            || owning(graph, buffer) != buffer
            || !by_netty(buffer, prefix)
        {
            continue;
        }
        let bytes = buf.size("capacity").unwrap_or(0);
        let sum = netty_sums.entry(prefix.to_owned()).or_default();
        *sum = sum.saturating_add(bytes);
        facts.buffers.without_cleaner.add(bytes);
        let holder = match divided.get(&buf.id) {
            Some(chunk) => Holder {
                class: chunk.class_name().to_owned(),
                kind: OwnerKind::NettyPool,
            },
            None => Holder {
                class: buf.class_name().to_owned(),
                kind: OwnerKind::NettyUnpooled,
            },
        };
        own(Book::Netty, &holder, bytes);
    }

    for buffer in graph.all(K::DirectBuffer) {
        let bytes = buffer.size("capacity").unwrap_or(0);
        match buffer.reference("cleaner") {
            Some(cleaner) => {
                let cleaner = graph.kept(cleaner);
                let freed = cleaner
                    .as_ref()
                    .is_some_and(|c| c.reference("next") == Some(c.id));
                let mapped = cleaner
                    .as_ref()
                    .and_then(|c| c.kept("thunk"))
                    .is_some_and(|t| t.is(K::Unmapper));
                if freed {
                    facts.buffers.freed.add(bytes);
                } else if !mapped {
                    facts.buffers.with_cleaner.add(bytes);
                }
            }
            None if buffer.reference("att").is_some() => facts.buffers.views.add(bytes),
            None if !holders.contains_key(&buffer.id) => facts.buffers.bare.add(bytes),
            None => {}
        }
    }

    facts.owners = owners
        .into_iter()
        .map(|((book, kind, class), (bytes, count))| Owner {
            class,
            kind,
            book,
            bytes,
            count,
        })
        .collect();
    facts
        .owners
        .sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.class.cmp(&b.class)));

    let mut reconcile = |book, prefix: &str, counter: u64, sum: u64| {
        facts.reconciled.push(Reconciled {
            book,
            prefix: prefix.to_owned(),
            counter_bytes: counter,
            owners_bytes: sum,
            remainder_bytes: (counter as i64).saturating_sub(sum as i64),
        });
    };
    if let Some(counter) = facts.counters.jdk.as_ref().and_then(|c| c.reserved_bytes) {
        reconcile(Book::Jdk, "", counter, jdk_sum);
    }
    for netty in &facts.counters.netty {
        if let Some(counter) = netty.used_bytes {
            let sum = netty_sums.get(&netty.prefix).copied().unwrap_or(0);
            reconcile(Book::Netty, &netty.prefix, counter, sum);
        }
    }
}

/// Buffers of unknown holders are only looked for in the whole dump when there is much in them.
const WORTH_A_SCAN: u64 = 1 << 20;

/// Buffers that the JDK counts and nothing known holds, if they are worth reading the dump once more.
pub(super) fn unknown<'s>(graph: &'s Graph<'s>) -> BTreeSet<u64> {
    let holders = holders(graph, &BTreeMap::new());
    let mut bytes = 0u64;
    let mut unknown = BTreeSet::new();
    for cleaner in graph.all(K::Cleaner) {
        if cleaner.reference("next") == Some(cleaner.id) {
            continue;
        }
        let thunk = cleaner.kept("thunk").filter(|t| t.is(K::Deallocator));
        if let (Some(thunk), Some(buffer)) = (thunk, cleaner.reference("referent"))
            && !holders.contains_key(&buffer)
        {
            bytes = bytes.saturating_add(thunk.size("size").unwrap_or(0));
            unknown.insert(buffer);
        }
    }
    if bytes < WORTH_A_SCAN {
        unknown.clear();
    }
    unknown
}
