//! How texts of jcmd, the kernel and Linux's tools become facts.

use super::{Context, add_nmt, lines_of, place};
use crate::facts::Facts;
use crate::facts::jvm::{FlagSource, FlagText};
use crate::facts::memory::{Gauge, GaugeSample};
use crate::facts::quote::{Quote, QuoteText};
use crate::facts::system::{ClassCount, Crash, HistogramSample, Killed, MapSample, SendQueue};
use crate::parse::hs_err::{CrashKind, HsErr};
use crate::parse::proc::{self, MappingKind};
use crate::parse::{ParseErrorKind, cut, heap_info, histogram, hs_err, kernel, sockets};
use crate::span::Window;
use crate::units::WallTime;

/// The first line that `is` takes, or the first that says something.
fn line_where(window: &Window<'_>, time: Option<WallTime>, is: impl Fn(&[u8]) -> bool) -> Quote {
    let found = lines_of(window.bytes).find(|(_, _, l)| is(l));
    let (at, lines, line) = found
        .or_else(|| lines_of(window.bytes).find(|(_, _, l)| !l.is_empty()))
        .unwrap_or_default();
    QuoteText {
        place: place(window, at, lines),
        line,
    }
    .keep(time, true)
}

fn starts(word: &'static [u8]) -> impl Fn(&[u8]) -> bool {
    move |l| l.trim_ascii_start().starts_with(word)
}

fn nothing(window: &Window<'_>, facts: &mut Facts, expected: &str) {
    facts.add_issue(
        window.place(0),
        format!("expected {expected}, found none"),
        ParseErrorKind::Unexpected,
    );
}

fn gauge(facts: &mut Facts, gauge: Gauge, value: Option<u64>, quote: &Quote) {
    if let Some(value) = value {
        facts.memory.gauges.push(GaugeSample {
            gauge,
            time: quote.time,
            value,
            quote: quote.clone(),
        });
    }
}

/// Of Nacos's settings: the main port, from which those of gRPC follow.
pub(super) fn read_properties(window: &Window<'_>, facts: &mut Facts) {
    for (at, lines, text) in lines_of(window.bytes) {
        let port = [&b"server.port="[..], b"nacos.server.main.port="]
            .iter()
            .find_map(|p| text.strip_prefix(*p))
            .and_then(|v| cut::whole_number(v.trim_ascii()))
            .and_then(|n| u16::try_from(n).ok());
        if let Some(port) = port.filter(|p| *p > 0) {
            let quote = QuoteText {
                place: place(window, at, lines),
                line: text,
            };
            facts.system.server_port = Some((port, quote.keep(None, true)));
        }
    }
}

/// `smaps` or `maps`.
pub(super) fn read_smaps(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let maps = proc::read_smaps(window.bytes, None);
    for e in &maps.errors {
        facts.add_parse_error(window, e);
    }
    if maps.total.mappings == 0 {
        return nothing(window, facts, "mappings of a process");
    }
    let native = maps.largest.iter().find(|m| {
        matches!(
            m.kind,
            MappingKind::Anonymous
                | MappingKind::MallocArena
                | MappingKind::MallocHeap
                | MappingKind::ThreadStack
        )
    });
    let address = native.map(|m| format!("{:x}-", m.start));
    let quote = line_where(window, time, |l| {
        address.as_ref().is_some_and(|a| {
            let l = l.iter().position(|b| *b != b'0').map_or(l, |i| &l[i..]);
            l.starts_with(a.as_bytes())
        })
    });
    if maps.with_usage {
        let rss = line_where(window, time, starts(b"Rss:"));
        gauge(facts, Gauge::Rss, Some(maps.total.rss), &rss);
        gauge(facts, Gauge::RssAnon, Some(maps.total.anonymous), &rss);
    }
    facts.system.maps.push(MapSample {
        time,
        total: maps.total,
        kinds: maps.kinds,
        with_usage: maps.with_usage,
        quote,
    });
}

/// `/proc/meminfo`.
pub(super) fn read_meminfo(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let quote = line_where(window, ctx.sample_time().0, starts(b"MemTotal:"));
    match proc::read_meminfo(window.bytes).and_then(|m| m.total) {
        Some(total) => {
            facts.memory.physical.get_or_insert((total, quote));
        }
        None => nothing(window, facts, "MemTotal"),
    }
}

/// `ps`: the one row of a Nacos server, or of a JVM.
pub(super) fn read_ps(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let rows = proc::read_ps(window.bytes);
    if rows.is_empty() {
        return nothing(window, facts, "rows of processes");
    }
    let only = |word: &str| {
        let mut of = rows.iter().filter(|r| r.command.contains(word));
        of.next().filter(|_| of.next().is_none())
    };
    let Some(row) = only("nacos").or_else(|| only("java")) else {
        return;
    };
    let pid = row.pid.map(|p| p.to_string()).unwrap_or_default();
    let quote = line_where(window, time, |l| {
        l.split(u8::is_ascii_whitespace)
            .any(|w| w == pid.as_bytes())
    });
    gauge(facts, Gauge::Rss, row.rss, &quote);
    gauge(facts, Gauge::Threads, row.threads, &quote);
}

/// The sums of `pmap`.
pub(super) fn read_pmap(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let Some(map) = proc::read_pmap(window.bytes) else {
        return nothing(window, facts, "mappings of a process");
    };
    if !map.complete {
        facts.add_issue(
            window.place(window.bytes.len()),
            "expected the line of the sums, found the end of the file",
            ParseErrorKind::Truncated,
        );
    }
    let quote = line_where(window, time, |l| {
        let l = l.trim_ascii_start();
        l.starts_with(b"total ") || l.starts_with(b"Total:")
    });
    gauge(facts, Gauge::Rss, map.rss, &quote);
    gauge(facts, Gauge::RssAnon, map.anonymous, &quote);
}

/// What waits in the send queues, by own port and peer.
pub(super) fn read_sockets(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let list = sockets::read(window.bytes);
    for e in &list.errors {
        facts.add_parse_error(window, e);
    }
    for ((port, peer), sum) in &list.by_peer {
        if sum.send_q == 0 {
            continue;
        }
        let at = list
            .sockets
            .iter()
            .filter(|s| s.local_port == *port && s.peer == *peer)
            .max_by_key(|s| (s.send_q, std::cmp::Reverse(s.at)))
            .map_or(0, |s| s.at);
        let line = lines_of(&window.bytes[at.min(window.bytes.len())..])
            .next()
            .map_or(&b""[..], |(_, _, l)| l);
        let quote = QuoteText {
            place: window.place(at),
            line,
        };
        facts.system.queues.push(SendQueue {
            time,
            port: *port,
            peer: peer.clone(),
            sockets: sum.sockets,
            waiting: sum.waiting,
            send_q: sum.send_q,
            send_q_max: sum.send_q_max,
            recv_q: sum.recv_q,
            quote: quote.keep(time, true),
        });
    }
}

/// Classes kept of a histogram, the largest first.
const CLASSES: usize = 20;
/// Classes that stand for memory outside the heap, under any package prefix.
const NATIVE: [&str; 10] = [
    "java.nio.DirectByteBuffer",
    "java.util.zip.Deflater",
    "java.util.zip.Inflater",
    "java.lang.Thread",
    "io.netty.buffer.PoolChunk",
    "io.netty.buffer.PooledUnsafeDirectByteBuf",
    "io.netty.buffer.UnpooledUnsafeNoCleanerDirectByteBuf",
    "io.netty.channel.ChannelOutboundBuffer$Entry",
    "io.grpc.netty.NettyServerStream",
    "org.rocksdb.RocksDB",
];

/// A class histogram: the largest classes and those that stand for native memory.
pub(super) fn read_histogram(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let h = histogram::read(window.bytes);
    for e in &h.errors {
        facts.add_parse_error(window, e);
    }
    if h.rows.is_empty() {
        return nothing(window, facts, "rows of classes");
    }
    let mut classes: Vec<ClassCount> = Vec::new();
    let native = NATIVE.iter().flat_map(|n| h.shaded(n));
    for row in h.rows.iter().take(CLASSES).chain(native) {
        if !classes.iter().any(|c| c.class == row.class) {
            classes.push(ClassCount {
                class: row.class.clone(),
                instances: row.instances,
                bytes: row.bytes,
            });
        }
    }
    facts.system.histograms.push(HistogramSample {
        time,
        total: h.total,
        classes,
        quote: line_where(window, time, starts(b"1:")),
    });
}

/// `GC.heap_info`.
pub(super) fn read_heap_info(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let Some(h) = heap_info::read(window.bytes) else {
        return nothing(window, facts, "the heap in use");
    };
    let used = |l: &[u8]| memchr::memmem::find(l, b"used ").is_some();
    let heap = line_where(window, time, used);
    gauge(facts, Gauge::HeapUsed, h.used, &heap);
    gauge(facts, Gauge::HeapCommitted, h.committed, &heap);
    let metaspace = line_where(window, time, starts(b"Metaspace "));
    gauge(
        facts,
        Gauge::MetaspaceCommitted,
        h.metaspace_committed,
        &metaspace,
    );
    if let Some(c) = h.collector {
        facts.jvm.collectors.push((c, heap));
    }
}

/// A crash, or the answer to `VM.info`: flags, limits, memory, NMT.
pub(super) fn read_hs_err(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let report = hs_err::read(window.bytes);
    let time = match &report.time {
        Some(h) => ctx.shifted(Some(h.time)),
        None => ctx.sample_time().0,
    };
    if ctx.outside(time) {
        return;
    }
    for e in &report.errors {
        facts.add_parse_error(window, e);
    }
    if !report.complete {
        facts.add_issue(
            window.place(window.bytes.len()),
            "expected the last line, END., found the end of the file",
            ParseErrorKind::Truncated,
        );
    }
    let at = |word: &'static [u8]| line_where(window, time, starts(word));
    if report.kind != CrashKind::VmInfo {
        facts.system.crashes.push(crash(window, time, &report));
    }
    let vm = at(b"# Java VM:");
    if let Some(v) = &report.jre_version {
        facts.jvm.add_java(v, at(b"# JRE version:"));
    }
    if let Some(c) = report.collector {
        facts.jvm.collectors.push((c, vm));
    }
    facts.jvm.cores = facts.jvm.cores.or(report.cores);
    if !report.flags.values.is_empty() {
        facts.jvm.add(FlagSource {
            text: FlagText::HsErr,
            quote: line_where(window, time, |l| {
                l.starts_with(b"Command Line:") || l.starts_with(b"jvm_args:")
            }),
            flags: report.flags.clone(),
            inert: report.command_line.inert.clone(),
        });
    }
    let m = &report.memory;
    let resident = at(b"Resident Set Size:");
    gauge(facts, Gauge::Rss, m.rss, &resident);
    gauge(facts, Gauge::RssAnon, m.anon, &resident);
    let heap = line_where(window, time, |l| {
        memchr::memmem::find(l, b" total ").is_some() && memchr::memmem::find(l, b"used ").is_some()
    });
    gauge(facts, Gauge::HeapUsed, report.heap_used, &heap);
    gauge(facts, Gauge::HeapCommitted, report.heap_committed, &heap);
    if let Some(total) = report.machine.as_ref().and_then(|m| m.total) {
        let quote = line_where(window, time, |l| {
            l.starts_with(b"Memory:") || l.starts_with(b"MemTotal:")
        });
        facts.memory.physical.get_or_insert((total, quote));
    }
    if let Some(limit) = report.container.limit {
        let quote = at(b"memory_limit_in_bytes");
        facts.system.container_limit.get_or_insert((limit, quote));
    }
    if let Some(maps) = report.mappings.as_ref().filter(|m| m.total.mappings > 0) {
        facts.system.maps.push(MapSample {
            time,
            total: maps.total,
            kinds: maps.kinds.clone(),
            with_usage: maps.with_usage,
            quote: at(b"Dynamic libraries:"),
        });
    }
    add_nmt(window, ctx, facts, report.nmt, time);
}

fn crash(window: &Window<'_>, time: Option<WallTime>, report: &HsErr) -> Crash {
    let says = |l: &[u8]| {
        memchr::memmem::find(l, b"Native memory allocation (").is_some()
            || l.starts_with(b"#  SIG")
            || l.starts_with(b"#  Internal Error")
            || l.starts_with(b"#  Out of Memory Error")
    };
    Crash {
        time,
        kind: report.kind.clone(),
        operation: report.failed.as_ref().map(|f| f.operation.clone()),
        failed_bytes: report.failed.as_ref().map(|f| f.bytes),
        pid: report.pid.map(u64::from),
        jdk: report.jre_version.clone(),
        vm: report.vm.clone(),
        frame: report.problematic_frame.clone(),
        quote: line_where(window, time, says),
    }
}

/// Processes killed for want of memory.
pub(super) fn read_kernel(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    for kill in kernel::read(window.bytes) {
        let time = ctx.shifted(kill.time);
        if ctx.outside(time) {
            continue;
        }
        let line = lines_of(&window.bytes[kill.at.min(window.bytes.len())..])
            .next()
            .map_or(&b""[..], |(_, _, l)| l);
        let quote = QuoteText {
            place: window.place(kill.at),
            line,
        }
        .keep(time, true);
        facts.system.killed.push(Killed { kill, quote });
    }
}
