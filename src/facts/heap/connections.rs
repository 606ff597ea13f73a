//! What waits to be sent, connection by connection, and which client each is.
//!
//! gRPC's data waits in the HTTP/2 remote flow controller; plain Netty's in the channel's outbound buffer; what the event
//! loop has not taken yet in gRPC's write queue and in write tasks. Payload is what the counters there say. The memory
//! held is the capacity of the distinct pool or unpooled buffers behind the queued ones, each counted once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::units::{Address, WallTime};

use super::graph::{Graph, Obj};
use super::jvm::is_secret;
use super::kinds::K;
use super::pools;
use super::{AddressTotal, Connection, HeapFacts, Oldest, Side};

/// Entries followed of one list.
const MAX_LIST: usize = 4 << 20;
/// Buffers, slices and components looked at in all.
const MAX_HOPS: usize = 32 << 20;

pub(super) fn fill<'s>(graph: &'s Graph<'s>, facts: &mut HeapFacts) {
    let mut walk = Walk {
        graph,
        seen: HashSet::new(),
        queues: HashSet::new(),
        budget: MAX_HOPS,
        servers: graph
            .all(K::GrpcServer)
            .filter_map(|s| Some((s.reference("server")?, s.class_name().to_owned())))
            .collect(),
        connections: BTreeMap::new(),
    };
    walk.flow_controllers();
    walk.outbound_buffers();
    walk.write_queues();
    walk.other_queues();
    walk.nacos();
    walk.channels();

    let Walk {
        seen, connections, ..
    } = walk;
    facts.connections = connections.into_values().collect();
    facts.connections.sort_by(|a, b| {
        (b.held_bytes, b.queued_bytes)
            .cmp(&(a.held_bytes, a.queued_bytes))
            .then_with(|| (&a.address, a.port).cmp(&(&b.address, b.port)))
            .then_with(|| a.connection_id.cmp(&b.connection_id))
            .then_with(|| a.local.cmp(&b.local))
    });
    totals(facts);
    unattributed(graph, &seen, facts);
}

fn totals(facts: &mut HeapFacts) {
    let mut by_address: BTreeMap<String, AddressTotal> = BTreeMap::new();
    for c in &facts.connections {
        let all = &mut facts.backlog;
        all.queued_bytes = all.queued_bytes.saturating_add(c.queued_bytes);
        all.held_bytes = all.held_bytes.saturating_add(c.held_bytes);
        all.buffers = all.buffers.saturating_add(c.buffers);
        all.messages = all.messages.saturating_add(c.messages);
        all.connections += u64::from(c.queued_bytes > 0);
        if !c.registered {
            all.unregistered_bytes = all.unregistered_bytes.saturating_add(c.queued_bytes);
        }
        let Some(address) = &c.address else { continue };
        all.addressed_bytes = all.addressed_bytes.saturating_add(c.queued_bytes);
        let sum = by_address.entry(address.clone()).or_default();
        sum.address.clone_from(address);
        sum.connections += 1;
        sum.registered += u64::from(c.registered);
        sum.queued_bytes = sum.queued_bytes.saturating_add(c.queued_bytes);
        sum.held_bytes = sum.held_bytes.saturating_add(c.held_bytes);
        sum.messages = sum.messages.saturating_add(c.messages);
    }
    facts.by_address = by_address.into_values().collect();
    facts.by_address.sort_by(|a, b| {
        (b.held_bytes, b.queued_bytes)
            .cmp(&(a.held_bytes, a.queued_bytes))
            .then_with(|| a.address.cmp(&b.address))
    });
}

/// Live direct buffers that were in no queue.
fn unattributed<'s>(graph: &'s Graph<'s>, seen: &HashSet<u64>, facts: &mut HeapFacts) {
    let mut inbound = HashSet::new();
    let mut budget = MAX_HOPS;
    for decoder in graph
        .all(K::GrpcHandler)
        .chain(graph.all(K::ByteMessageDecoder))
    {
        if let Some(buf) = decoder.reference("cumulation") {
            roots(graph, buf, &mut budget, |root| {
                inbound.insert(root.id);
            });
        }
    }
    // What the adaptive allocator divides up counts by its parts.
    let divided = pools::adaptive_chunks(graph);
    for buf in graph
        .all(K::PooledBuf)
        .chain(graph.all(K::UnpooledBuf))
        .chain(graph.all(K::AdaptiveBuf))
    {
        if seen.contains(&buf.id) || divided.contains_key(&buf.id) {
            continue;
        }
        if let Some(bytes) = capacity(&buf) {
            facts.unattributed.live_buffers.add(bytes);
            if inbound.contains(&buf.id) {
                facts.unattributed.inbound.add(bytes);
            }
        }
    }
}

/// Direct memory behind a buffer that is no wrapper; `None` for heap buffers and for those that hold none now.
fn capacity(buf: &Obj<'_>) -> Option<u64> {
    if buf.is(K::AdaptiveBuf) {
        return pools::adaptive_capacity(buf);
    }
    if buf.is(K::PooledBuf) {
        let live = buf.reference("chunk").is_some() && buf.class_name().contains("Direct");
        return live.then(|| buf.size("maxLength").unwrap_or(0));
    }
    let owns = buf.reference("buffer").is_some() && buf.flag("doNotFree") != Some(true);
    (buf.is(K::UnpooledBuf) && owns).then(|| buf.size("capacity").unwrap_or(0))
}

/// The buffers with memory of their own behind a buffer, a slice of one, a composite, a holder.
fn roots<'s>(graph: &'s Graph<'s>, buf: u64, budget: &mut usize, mut each: impl FnMut(Obj<'s>)) {
    let mut todo = vec![buf];
    let mut visited = HashSet::new();
    while let Some(id) = todo.pop() {
        if *budget == 0 || !visited.insert(id) {
            continue;
        }
        *budget -= 1;
        let Some(buf) = graph.kept(id) else { continue };
        if buf.is(K::PooledBuf) || buf.is(K::UnpooledBuf) || buf.is(K::AdaptiveBuf) {
            each(buf);
        } else if buf.is(K::BufHolder) {
            todo.extend(buf.reference("data"));
        } else if buf.is(K::CompositeBuf) {
            let wrapped = buf.reference("wrapped");
            let components = buf.reference("components").unwrap_or(0);
            todo.extend(wrapped);
            todo.extend(graph.elements(components));
        } else if buf.is(K::Component) {
            todo.extend(buf.reference("srcBuf").or_else(|| buf.reference("buf")));
        } else if buf.is(K::OtherBuf) {
            let names = ["rootParent", "buf", "buffer", "parent", "wrapped"];
            todo.extend(names.iter().find_map(|name| buf.reference(name)));
        }
    }
}

/// Bytes left to read of a buffer.
fn readable(buf: &Obj<'_>) -> Option<u64> {
    let left = buf
        .number("writerIndex")?
        .checked_sub(buf.number("readerIndex")?)?;
    u64::try_from(left).ok()
}

struct Walk<'s> {
    graph: &'s Graph<'s>,
    /// Buffers already counted for a connection.
    seen: HashSet<u64>,
    /// Queues already counted, of whatever sort.
    queues: HashSet<u64>,
    /// Buffers that may still be looked into.
    budget: usize,
    /// Named servers by their gRPC server.
    servers: HashMap<u64, String>,
    /// By channel; without one, by flow controller.
    connections: BTreeMap<u64, Connection>,
}

impl<'s> Walk<'s> {
    fn at(&mut self, key: u64) -> &mut Connection {
        self.connections.entry(key).or_default()
    }

    /// Counts what is held by a queued message, for a connection. Says whether it is a buffer at all.
    fn hold(&mut self, key: u64, message: u64) -> bool {
        let mut found = Vec::new();
        let Some(buf) = self.graph.kept(message) else {
            return false;
        };
        let is_buffer = [
            K::PooledBuf,
            K::UnpooledBuf,
            K::AdaptiveBuf,
            K::CompositeBuf,
            K::OtherBuf,
            K::BufHolder,
        ]
        .iter()
        .any(|&k| buf.is(k));
        if !is_buffer {
            return false;
        }
        roots(self.graph, message, &mut self.budget, |root| {
            if let Some(bytes) = capacity(&root) {
                found.push((root.id, bytes));
            }
        });
        for (id, bytes) in found {
            if self.seen.insert(id) {
                let c = self.at(key);
                c.held_bytes = c.held_bytes.saturating_add(bytes);
                c.buffers += 1;
            }
        }
        true
    }

    fn flow_controllers(&mut self) {
        let graph = self.graph;
        let mut states: HashMap<u64, Vec<Obj<'s>>> = HashMap::new();
        for state in graph.all(K::FlowState) {
            if let Some(outer) = state.reference("this$0") {
                states.entry(outer).or_default().push(state);
            }
        }
        for flow in graph.all(K::RemoteFlow) {
            let context = flow.kept("ctx");
            let channel = context
                .as_ref()
                .and_then(|ctx| ctx.kept("pipeline"))
                .and_then(|pipeline| pipeline.reference("channel"));
            let key = channel.unwrap_or(flow.id);
            let owner = context.as_ref().and_then(|ctx| self.owner(ctx));
            let side = flow
                .kept("connection")
                .and_then(|c| c.kept("localEndpoint"))
                .and_then(|end| end.flag("server"))
                .map(|server| if server { Side::Accepted } else { Side::Opened });
            let window = flow
                .kept("connectionState")
                .and_then(|state| state.number("window"));
            let counted = flow
                .kept("monitor")
                .and_then(|monitor| monitor.size("totalPendingBytes"));
            let c = self.at(key);
            c.owner = owner.or(c.owner.take());
            c.side = side.or(c.side);
            c.window = window;
            let mut pending = 0u64;
            for state in states.remove(&flow.id).unwrap_or_default() {
                let bytes = state.size("pendingBytes").unwrap_or(0);
                if bytes == 0 {
                    continue;
                }
                pending = pending.saturating_add(bytes);
                self.at(key).streams_waiting += 1;
                self.stream(key, &state);
            }
            let bytes = counted.unwrap_or(pending);
            let c = self.at(key);
            c.flow_control_bytes = c.flow_control_bytes.saturating_add(bytes);
            c.queued_bytes = c.queued_bytes.saturating_add(bytes);
        }
    }

    /// One stream's queue of frames.
    fn stream(&mut self, key: u64, state: &Obj<'s>) {
        let graph = self.graph;
        let stream = state.kept("stream").and_then(|s| s.size("id"));
        let window = state.number("window");
        let frames = state.reference("pendingWriteQueue").unwrap_or(0);
        if !self.queues.insert(frames) {
            return;
        }
        for frame in graph.deque(frames) {
            let Some(queue) = graph.kept(frame).and_then(|f| f.reference("queue")) else {
                continue;
            };
            if let Some(buf) = self.coalescing(key, queue) {
                self.oldest(key, &buf, stream, window);
            }
        }
    }

    /// Counts the buffers of a coalescing queue and returns the first.
    fn coalescing(&mut self, key: u64, queue: u64) -> Option<Obj<'s>> {
        if !self.queues.insert(queue) {
            return None;
        }
        let graph = self.graph;
        let pairs = graph.kept(queue)?.reference("bufAndListenerPairs")?;
        let mut first = None;
        for message in graph.deque(pairs) {
            if self.hold(key, message) {
                self.at(key).messages += 1;
                if first.is_none() {
                    first = graph.kept(message);
                }
            }
        }
        first
    }

    /// Notes the head of a queue, if it is the lowest stream's so far.
    fn oldest(&mut self, key: u64, buf: &Obj<'s>, stream: Option<u64>, window: Option<i64>) {
        let head = Oldest {
            stream,
            bytes: readable(buf).unwrap_or(0),
            begun: buf.number("readerIndex").unwrap_or(0) > 0,
            window,
        };
        let c = self.at(key);
        if c.oldest.is_none_or(|o| head.stream < o.stream) {
            c.oldest = Some(head);
        }
    }

    fn outbound_buffers(&mut self) {
        let graph = self.graph;
        let mut visited = HashSet::new();
        for buffer in graph.all(K::OutboundBuffer) {
            let Some(channel) = buffer.reference("channel") else {
                continue;
            };
            let counter = buffer.size("totalPendingSize").unwrap_or(0);
            self.at(channel).outbound_counter_bytes = Some(counter);
            let lists = [
                buffer.reference("flushedEntry"),
                buffer.reference("unflushedEntry"),
            ];
            for head in lists.into_iter().flatten() {
                let mut next = Some(head);
                while let Some(id) = next {
                    if visited.len() >= MAX_LIST || !visited.insert(id) {
                        break;
                    }
                    let Some(entry) = graph.kept(id) else { break };
                    next = entry.reference("next");
                    if entry.flag("cancelled") == Some(true) {
                        continue;
                    }
                    let total = entry.number("total").unwrap_or(0);
                    let left = total.saturating_sub(entry.number("progress").unwrap_or(0));
                    let left = u64::try_from(left).unwrap_or(0);
                    let message = entry.reference("msg");
                    let is_buffer = message.is_some_and(|m| self.hold(channel, m));
                    let c = self.at(channel);
                    c.messages += u64::from(is_buffer || left > 0);
                    c.outbound_bytes = c.outbound_bytes.saturating_add(left);
                    c.queued_bytes = c.queued_bytes.saturating_add(left);
                    if let Some(buf) = message.and_then(|m| graph.kept(m))
                        && c.oldest.is_none()
                        && is_buffer
                    {
                        self.oldest(channel, &buf, None, None);
                    }
                }
            }
        }
    }

    /// Messages handed to gRPC that the event loop has not taken yet.
    fn write_queues(&mut self) {
        let graph = self.graph;
        for queue in graph.all(K::WriteQueue) {
            let (Some(channel), Some(list)) = (queue.reference("channel"), queue.follow("queue"))
            else {
                continue;
            };
            let mut next = list
                .reference("head")
                .filter(|_| self.queues.insert(list.id));
            let mut visited = HashSet::new();
            while let Some(id) = next {
                if visited.len() >= MAX_LIST || !visited.insert(id) {
                    break;
                }
                let Some(node) = graph.get(id) else { break };
                next = node.reference("next");
                if let Some(command) = node.reference("item") {
                    self.waiting(channel, command);
                }
            }
        }
        for task in graph.all(K::WriteTask) {
            let channel = task
                .kept("ctx")
                .and_then(|ctx| ctx.kept("pipeline"))
                .and_then(|pipeline| pipeline.reference("channel"));
            if let (Some(channel), Some(message)) = (channel, task.reference("msg")) {
                self.waiting(channel, message);
            }
        }
    }

    fn waiting(&mut self, channel: u64, message: u64) {
        let graph = self.graph;
        let Some(object) = graph.kept(message) else {
            return;
        };
        let buf = if object.is(K::BufHolder) {
            object.kept("data")
        } else {
            Some(object)
        };
        if !self.hold(channel, message) {
            return;
        }
        let bytes = buf.and_then(|b| readable(&b)).unwrap_or(0);
        let c = self.at(channel);
        c.messages += 1;
        c.other_bytes = c.other_bytes.saturating_add(bytes);
        c.queued_bytes = c.queued_bytes.saturating_add(bytes);
    }

    /// Coalescing queues outside flow controllers: TLS, handlers of other protocols.
    fn other_queues(&mut self) {
        let graph = self.graph;
        for queue in graph.all(K::CoalescingQueue) {
            let bytes = queue.size("readableBytes").unwrap_or(0);
            if bytes == 0 || self.queues.contains(&queue.id) {
                continue;
            }
            let channel = queue.reference("channel").or_else(|| {
                queue
                    .follow("this$0")?
                    .kept("ctx")?
                    .kept("pipeline")?
                    .reference("channel")
            });
            let Some(channel) = channel else { continue };
            self.coalescing(channel, queue.id);
            let c = self.at(channel);
            c.other_bytes = c.other_bytes.saturating_add(bytes);
            c.queued_bytes = c.queued_bytes.saturating_add(bytes);
        }
    }

    /// Who serves a connection, by the gRPC handler in its pipeline.
    fn owner(&self, context: &Obj<'s>) -> Option<String> {
        let handler = context.kept("handler")?;
        let server = handler
            .kept("transportListener")
            .and_then(|listener| listener.reference("this$0"));
        if let Some(named) = server.and_then(|server| self.servers.get(&server)) {
            return Some(named.clone());
        }
        Some(handler.class_name().to_owned())
    }

    /// Nacos's own records of its clients.
    fn nacos(&mut self) {
        let graph = self.graph;
        let manager = graph.all(K::ConnectionManager).next();
        let listed: Option<HashSet<u64>> =
            manager.and_then(|m| m.reference("connections")).map(|map| {
                let entries = graph.entries(map, 2_000_000);
                entries.into_iter().map(|(_, value)| value).collect()
            });
        for connection in graph.all(K::NacosConnection) {
            let channel = connection
                .reference("channel")
                .or_else(|| self.channel_of(connection.reference("streamObserver")?));
            let registered = listed
                .as_ref()
                .is_none_or(|listed| listed.contains(&connection.id));
            if channel.is_none() && !registered {
                continue;
            }
            let meta = connection.follow("metaInfo");
            let c = self.at(channel.unwrap_or(connection.id));
            c.registered |= registered;
            let Some(meta) = meta else { continue };
            let millis = |name: &str| meta.number(name).filter(|&ms| ms > 0).map(time);
            let text = |name: &str| meta.text(name).filter(|t| !t.is_empty());
            c.connection_id = text("connectionId");
            c.declared_address = text("clientIp");
            c.app = text("appName").filter(|app| app != "-");
            c.version = text("version");
            c.namespace = text("tenant").or_else(|| text("namespaceId"));
            c.last_active = millis("lastActiveTime");
            c.first_blocked = millis("firstPushQueueBlockTime");
            let created = meta.follow("createTime");
            c.created = created
                .and_then(|date| date.number("fastTime"))
                .filter(|&ms| ms > 0)
                .map(time);
            c.address = text("remoteIp").map(|ip| canonical(&ip));
            c.port = meta
                .number("remotePort")
                .and_then(|p| u16::try_from(p).ok());
            for (key, value) in graph.entries(meta.reference("labels").unwrap_or(0), 256) {
                let (Some(key), Some(value)) = (graph.text(key), graph.text(value)) else {
                    continue;
                };
                if !is_secret(&key) {
                    c.labels.insert(key, value);
                }
            }
        }
        // What is left of connections that Nacos has dropped: the stream's acceptor knows the id.
        for acceptor in graph.all(K::Acceptor) {
            let observer = acceptor.reference("val$responseObserver");
            let Some(channel) = observer.and_then(|id| self.channel_of(id)) else {
                continue;
            };
            if let Some(c) = self.connections.get_mut(&channel)
                && c.connection_id.is_none()
            {
                c.connection_id = acceptor.text("connectionId").filter(|t| !t.is_empty());
                c.declared_address = acceptor.text("clientIp").filter(|t| !t.is_empty());
            }
        }
    }

    /// The channel that a gRPC stream observer writes to.
    fn channel_of(&self, observer: u64) -> Option<u64> {
        let mut call = self.graph.get(observer)?.follow("call")?;
        for _ in 0..8 {
            match call.follow("delegate") {
                Some(inner) => call = inner,
                None => break,
            }
        }
        call.follow("stream")?
            .kept("writeQueue")?
            .reference("channel")
    }

    /// Addresses and state, from the channels themselves.
    fn channels(&mut self) {
        let graph = self.graph;
        for channel in graph.all(K::Channel) {
            // Listening and datagram channels have no peer; without anything queued they are of no interest.
            let name = channel.class_name();
            let peerless = name.contains("Server") || name.contains("Datagram");
            if peerless
                && self
                    .connections
                    .get(&channel.id)
                    .is_none_or(|c| c.queued_bytes == 0)
            {
                self.connections.remove(&channel.id);
                continue;
            }
            let (remote, local) = addresses(graph, &channel);
            let side = if channel.reference("parent").is_some() {
                Side::Accepted
            } else {
                Side::Opened
            };
            let active = channel.flag("active");
            let c = self.at(channel.id);
            if let Some((ip, port)) = remote {
                // The peer as the kernel sees it; Nacos's record of it says the same.
                c.address = Some(ip);
                c.port = Some(port);
            }
            c.local = local.map(|(ip, port)| {
                if ip.contains(':') {
                    format!("[{ip}]:{port}")
                } else {
                    format!("{ip}:{port}")
                }
            });
            c.side = c.side.or(Some(side));
            c.active = active;
        }
    }
}

fn time(ms: i64) -> String {
    WallTime(ms).rfc3339(0)
}

fn canonical(ip: &str) -> String {
    Address::read(ip.as_bytes()).to_string()
}

type Endpoint = (String, u16);

/// Remote and local address of a channel.
fn addresses<'s>(graph: &'s Graph<'s>, channel: &Obj<'s>) -> (Option<Endpoint>, Option<Endpoint>) {
    let of = |from: &Obj<'s>, name: &str| from.kept(name).and_then(|a| endpoint(graph, &a));
    let nio = || channel.kept("ch");
    let remote = of(channel, "remoteAddress")
        .or_else(|| of(channel, "remote"))
        .or_else(|| of(&nio()?, "remoteAddress"))
        .or_else(|| named(&channel.text("strVal")?, "R:"));
    let local = of(channel, "localAddress")
        .or_else(|| of(channel, "local"))
        .or_else(|| of(&nio()?, "localAddress"));
    (remote, local)
}

/// An address out of a channel's text, `[id: 0x1, L:/10.0.0.1:9848 - R:/10.0.0.2:1234]`.
fn named(text: &str, mark: &str) -> Option<Endpoint> {
    let rest = &text[text.find(mark)? + mark.len()..];
    let end = rest.find([' ', ']']).unwrap_or(rest.len());
    let (host, port) = rest[..end].rsplit_once(':')?;
    let host = host.rsplit_once('/').map_or(host, |(_, ip)| ip);
    Some((canonical(host), port.parse().ok()?))
}

/// A `java.net.InetSocketAddress`.
fn endpoint<'s>(graph: &'s Graph<'s>, address: &Obj<'s>) -> Option<Endpoint> {
    let holder = address.kept("holder")?;
    let port = u16::try_from(holder.number("port")?).ok()?;
    let Some(ip) = holder.kept("addr") else {
        let name = holder.text("hostname")?;
        return Some((canonical(&name), port));
    };
    if let Some(six) = ip.kept("holder6") {
        let bytes: [u8; 16] = graph
            .byte_array(six.reference("ipaddress")?)?
            .try_into()
            .ok()?;
        return Some((canonical(&Ipv6Addr::from(bytes).to_string()), port));
    }
    let bits = ip.kept("holder")?.number("address")? as i32;
    Some((Ipv4Addr::from(bits as u32).to_string(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_out_of_a_channels_text() {
        let at = |text| named(text, "R:");
        assert_eq!(
            at("[id: 0x5e, L:/10.1.0.1:9848 - R:/10.1.0.2:38697]"),
            Some(("10.1.0.2".to_owned(), 38697))
        );
        assert_eq!(
            at("[id: 0x5e, L:/10.1.0.1:9848 ! R:host.example/10.1.0.2:1]"),
            Some(("10.1.0.2".to_owned(), 1))
        );
        assert_eq!(at("[id: 0x5e]"), None);
    }
}
