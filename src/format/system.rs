//! How texts of jcmd, the kernel and Linux's tools become facts.

use super::{Context, add_nmt, lines_of, place};
use crate::facts::Facts;
use crate::facts::jvm::{FlagSource, FlagText};
use crate::facts::memory::{Gauge, GaugeSample, TimeSource};
use crate::facts::quote::{Quote, QuoteText};
use crate::facts::system::{
    CgroupSample, ClassCount, Crash, HistogramSample, KillSource, Killed, LeakSite, MallocSample,
    MapSample, SendQueue, UNKNOWN_SITE,
};
use crate::parse::heading::Heading;
use crate::parse::hs_err::{CrashKind, HsErr};
use crate::parse::kernel::OomKill;
use crate::parse::proc::{self, MappingKind, Mappings, PsRow};
use crate::parse::{
    ParseErrorKind, cgroup, cut, heap_info, histogram, hs_err, jstat, kernel, malloc_info,
    metaspace, sockets,
};
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

/// Makes quotes of lines at growing offsets of a window; newlines are counted once.
struct Quotes<'w> {
    window: &'w Window<'w>,
    counted: usize,
    lines: u32,
}

impl<'w> Quotes<'w> {
    fn of(window: &'w Window<'w>) -> Self {
        Self {
            window,
            counted: 0,
            lines: 0,
        }
    }

    /// The first line from `at` on that `is` takes, else the one at `at`.
    fn from(&mut self, at: usize, time: Option<WallTime>, is: impl Fn(&[u8]) -> bool) -> Quote {
        let bytes = self.window.bytes;
        let at = at.min(bytes.len());
        if at >= self.counted {
            let n = memchr::memchr_iter(b'\n', &bytes[self.counted..at]).count();
            self.lines = self
                .lines
                .saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            self.counted = at;
        }
        let rest = &bytes[at..];
        let first = lines_of(rest).next().unwrap_or_default();
        let (offset, lines, line) = lines_of(rest)
            .take(200)
            .find(|(_, _, l)| is(l))
            .unwrap_or(first);
        QuoteText {
            place: place(self.window, at + offset, self.lines.saturating_add(lines)),
            line,
        }
        .keep(time, true)
    }
}

/// The time of one of the records of a text: what stands above it, else the text's own where it is the only one.
fn record_time(
    window: &Window<'_>,
    ctx: &Context<'_>,
    facts: &mut Facts,
    heading: Option<&Heading>,
    alone: bool,
) -> Option<WallTime> {
    match heading {
        Some(h) => {
            facts.memory.looped.insert(window.artefact);
            if let Some(minutes) = h.offset_minutes {
                facts.memory.zones.insert(window.artefact, minutes);
            }
            ctx.shifted(Some(h.time))
        }
        None if alone => ctx.sample_time().0,
        None => None,
    }
}

/// `/proc/PID/status`, once or in a loop.
pub(super) fn read_status(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let all = proc::read_status(window.bytes);
    let mut quotes = Quotes::of(window);
    for s in &all {
        let time = record_time(window, ctx, facts, s.heading.as_ref(), all.len() == 1);
        if ctx.outside(time) {
            continue;
        }
        for (g, value, key) in [
            (Gauge::Rss, s.vm_rss, &b"VmRSS:"[..]),
            (Gauge::RssAnon, s.rss_anon, b"RssAnon:"),
            (Gauge::RssFile, s.rss_file, b"RssFile:"),
            (Gauge::Swap, s.vm_swap.filter(|n| *n > 0), b"VmSwap:"),
            (Gauge::Threads, s.threads, b"Threads:"),
        ] {
            if value.is_some() {
                let quote = quotes.from(s.at, time, |l| l.starts_with(key));
                gauge(facts, g, value, &quote);
            }
        }
    }
    if all.is_empty() {
        nothing(window, facts, "resident memory of a process");
    }
}

/// `/proc/PID/smaps_rollup`, once or in a loop.
pub(super) fn read_rollup(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let all = proc::read_smaps_rollup(window.bytes);
    let mut quotes = Quotes::of(window);
    for r in &all {
        let time = record_time(window, ctx, facts, r.heading.as_ref(), all.len() == 1);
        if ctx.outside(time) {
            continue;
        }
        let rss = quotes.from(r.at, time, starts(b"Rss:"));
        gauge(facts, Gauge::Rss, Some(r.usage.rss), &rss);
        let anonymous = quotes.from(r.at, time, starts(b"Anonymous:"));
        gauge(facts, Gauge::RssAnon, Some(r.usage.anonymous), &anonymous);
        if r.usage.swap > 0 {
            let swap = quotes.from(r.at, time, starts(b"Swap:"));
            gauge(facts, Gauge::Swap, Some(r.usage.swap), &swap);
        }
    }
}

/// `top -b`: the one row of a JVM in each block.
pub(super) fn read_top(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let blocks = proc::read_top(window.bytes);
    let mut quotes = Quotes::of(window);
    // A block tells the time of day; the day is that on which the text was taken, and it goes on at midnight.
    let mut day = ctx.sample_time().0.map(|t| t.0.div_euclid(DAY_MS));
    let midnights = blocks
        .windows(2)
        .filter(|w| w[1].second_of_day < w[0].second_of_day)
        .count();
    day = day.map(|d| d - i64::try_from(midnights).unwrap_or(0));
    let mut last = None;
    for b in &blocks {
        if last > b.second_of_day {
            day = day.map(|d| d + 1);
        }
        last = b.second_of_day;
        let time = match (&b.heading, day, b.second_of_day) {
            (Some(h), _, _) => ctx.shifted(Some(h.time)),
            (None, Some(d), Some(s)) => Some(WallTime(d * DAY_MS + i64::from(s) * 1000)),
            _ => None,
        };
        if ctx.outside(time) {
            continue;
        }
        let mut rows = b
            .rows
            .iter()
            .filter(|r| b.threads || r.command.contains("java"));
        let Some(row) = rows.next() else { continue };
        // Of several processes none can be told to be the server's; threads of one all show its size.
        if rows.any(|r| r.res != row.res) {
            continue;
        }
        let pid = row.pid.map(|p| p.to_string()).unwrap_or_default();
        let quote = quotes.from(b.at, time, |l| {
            l.split(u8::is_ascii_whitespace)
                .find(|w| !w.is_empty())
                .is_some_and(|w| w == pid.as_bytes())
        });
        gauge(facts, Gauge::Rss, row.res, &quote);
        if b.threads {
            gauge(facts, Gauge::Threads, Some(b.rows.len() as u64), &quote);
        }
        if let Some(total) = b.memory_total {
            facts.memory.physical.get_or_insert((total, quote));
        }
    }
    if blocks.is_empty() {
        nothing(window, facts, "blocks of top");
    }
}

const DAY_MS: i64 = 86_400_000;

/// `jstat -gc`: the heap and metaspace, row by row.
pub(super) fn read_jstat(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let rows = jstat::read(window.bytes);
    let mut quotes = Quotes::of(window);
    for r in &rows {
        let time = record_time(window, ctx, facts, r.heading.as_ref(), rows.len() == 1);
        let age_ms = r.uptime_seconds.map(|s| (s * 1000.0) as i64);
        let time = time.or_else(|| age_ms.and_then(|age| time_by_age(ctx, &rows, age)));
        if ctx.outside(time) {
            continue;
        }
        let quote = quotes.from(r.at, time, |_| true);
        for (gauge, value) in [
            (Gauge::HeapUsed, r.heap_used),
            (Gauge::HeapCommitted, r.heap_committed),
            (Gauge::MetaspaceCommitted, r.metaspace_committed),
        ] {
            let Some(value) = value else { continue };
            let sample = GaugeSample {
                gauge,
                time,
                value,
                quote: quote.clone(),
            };
            match age_ms.filter(|_| r.heading.is_none()) {
                Some(age) => facts.memory.aged.push((age, sample)),
                None => facts.memory.gauges.push(sample),
            }
        }
    }
    if rows.is_empty() {
        nothing(window, facts, "rows of jstat");
    }
}

/// The time of a row that shows the JVM's age, by the file's own time: its name is given when the first row is written, and
/// it was changed last when the last one was.
fn time_by_age(ctx: &Context<'_>, rows: &[jstat::JstatRow], age_ms: i64) -> Option<WallTime> {
    let (time, source) = ctx.sample_time();
    let row = match source {
        TimeSource::FileName => rows.first(),
        _ => rows.last(),
    };
    let its_age = (row?.uptime_seconds? * 1000.0) as i64;
    time.map(|t| t.plus_ms(age_ms - its_age))
}

/// `/proc/PID/limits`.
pub(super) fn read_limits(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    match proc::read_limits(window.bytes) {
        Some(l) => {
            let quote = line_where(window, ctx.sample_time().0, starts(b"Max processes"));
            facts.system.limits.get_or_insert((l, quote));
        }
        None => nothing(window, facts, "limits of a process"),
    }
}

/// Files of a control group's memory controller.
pub(super) fn read_cgroup(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let name = ctx.label.rsplit('/').next().unwrap_or(ctx.label);
    let memory = cgroup::read(name, window.bytes);
    if !memory.says_something() {
        return;
    }
    let mut quotes = Quotes::of(window);
    if let Some(limit) = memory.limit {
        let quote = quotes.from(memory.limit_at.unwrap_or(0), time, |_| true);
        facts.system.container_limit.get_or_insert((limit, quote));
    }
    let at = match memory.oom_kill {
        Some(1..) => memory.oom_kill_at,
        _ => memory.limit_at,
    };
    let quote = Quotes::of(window).from(at.unwrap_or(0), time, |_| true);
    gauge(facts, Gauge::Container, memory.usage, &quote);
    facts.system.cgroup.push(CgroupSample {
        time,
        memory,
        quote,
    });
}

/// glibc's account of its arenas.
pub(super) fn read_malloc_info(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    let Some(info) = malloc_info::read(window.bytes) else {
        return nothing(window, facts, "figures of malloc");
    };
    if !info.complete {
        facts.add_issue(
            window.place(window.bytes.len()),
            "expected </malloc>, found the end of the file",
            ParseErrorKind::Truncated,
        );
    }
    // The last of these lines is the sum.
    let last = memchr::memmem::rfind(window.bytes, b"<system type=\"current\"").unwrap_or(0);
    let quote = Quotes::of(window).from(last, time, |_| true);
    facts.system.malloc.push(MallocSample { time, info, quote });
}

/// The place in the code that a record of Netty's leak detector names: where the buffer was made, less the frames of Netty,
/// gRPC and the JDK; and where it was last touched.
pub(super) fn add_leak(
    facts: &mut Facts,
    more: &[u8],
    time: Option<WallTime>,
    line: &QuoteText<'_>,
) {
    let mut section: &[u8] = b"";
    let (mut made, mut made_own, mut touched) = (None, None, None);
    for (_, _, l) in lines_of(more).take(500) {
        let t = l.trim_ascii();
        if t == b"Created at:" || t.starts_with(b"#") || t == b"Recent access records:" {
            section = if t == b"Created at:" {
                b"made"
            } else {
                b"touched"
            };
            continue;
        }
        if !is_frame(t) {
            continue;
        }
        let own = !LIBRARIES.iter().any(|p| t.starts_with(p.as_bytes()));
        match section {
            b"made" => {
                made = made.or(Some(t));
                made_own = made_own.or(own.then_some(t));
            }
            b"touched" if own => touched = touched.or(Some(t)),
            _ => {}
        }
    }
    let text = |t: &[u8]| String::from_utf8_lossy(&t[..t.len().min(200)]).into_owned();
    let site = made_own
        .or(made)
        .or(touched)
        .map_or_else(|| UNKNOWN_SITE.to_owned(), text);
    let quote = line.keep(time, true);
    facts.system.add_leak(
        site,
        LeakSite {
            count: 1,
            touched: touched.map(text),
            first: quote.clone(),
            last: quote,
        },
    );
}

/// A leak record of `java.util.logging`, which puts its level before the message: `text` begins with its line, and the
/// record goes on to the next one.
pub(super) fn read_leak(text: &[u8], line: &QuoteText<'_>, facts: &mut Facts) -> bool {
    const LEAK: &[u8] = b": LEAK: ";
    let is = |l: &[u8]| {
        memchr::memmem::find(&l[..l.len().min(40)], LEAK).is_some()
            && memchr::memmem::find(l, b" was not called before it's garbage-collected").is_some()
    };
    if !is(line.line) {
        return false;
    }
    let more = &text[line.line.len().min(text.len())..];
    let end = memchr::memmem::find(more, LEAK).unwrap_or(more.len());
    add_leak(facts, &more[..end], None, line);
    true
}

/// Packages that every leaked buffer passes through.
const LIBRARIES: [&str; 8] = [
    "io.netty.",
    "io.grpc.",
    "java.",
    "java.base/",
    "javax.",
    "sun.",
    "jdk.",
    "com.sun.",
];

/// `com.example.Class.method(Class.java:12)`
fn is_frame(t: &[u8]) -> bool {
    t.ends_with(b")")
        && memchr::memchr(b'(', t).is_some_and(|open| {
            let name = &t[..open];
            memchr::memchr(b'.', name).is_some() && !name.contains(&b' ')
        })
}

/// What a shell prints on the console when what it started was killed.
pub(super) fn read_shell(line: &QuoteText<'_>, facts: &mut Facts) -> bool {
    let Some(pid) = kernel::shell_killed(line.line) else {
        return false;
    };
    facts.system.killed.push(Killed {
        source: KillSource::Shell,
        kill: OomKill {
            pid,
            ..OomKill::default()
        },
        quote: line.keep(None, true),
    });
    true
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
    let maps = proc::read_smaps(window.bytes, None);
    add_map(window, ctx, facts, maps);
}

/// `System.map`.
pub(super) fn read_system_map(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let maps = proc::read_system_map(window.bytes);
    add_map(window, ctx, facts, maps);
}

/// `VM.metaspace`.
pub(super) fn read_metaspace(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
    match metaspace::read(window.bytes) {
        Some(m) => {
            let quote = Quotes::of(window).from(m.at, time, |_| true);
            gauge(facts, Gauge::MetaspaceCommitted, Some(m.committed), &quote);
        }
        None => nothing(window, facts, "the virtual space of metaspace"),
    }
}

fn add_map(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts, maps: Mappings) {
    let time = ctx.sample_time().0;
    if ctx.outside(time) {
        return;
    }
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
            let l = l.strip_prefix(b"0x").unwrap_or(l);
            let l = l.iter().position(|b| *b != b'0').map_or(l, |i| &l[i..]);
            l.starts_with(a.as_bytes())
        })
    });
    if maps.with_usage {
        // No line tells the sums.
        let mut rss = line_where(window, time, |_| true);
        rss.text = Box::default();
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

/// `ps`, once or in a loop: in each table the one row of a Nacos server, or of a JVM.
pub(super) fn read_ps(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let rows = proc::read_ps(window.bytes);
    if rows.is_empty() {
        return nothing(window, facts, "rows of processes");
    }
    if rows.len() >= proc::MAX_ROWS {
        facts.add_issue(
            window.place(rows.last().map_or(0, |r| r.at)),
            "more rows of processes than are kept; the rest is not read",
            ParseErrorKind::Overflow,
        );
    }
    // Without a head in between each time begins a table.
    let part = |r: &PsRow| (r.table, r.heading.as_ref().map(|h| h.at));
    let alone = rows.first().map(part) == rows.last().map(part);
    let mut quotes = Quotes::of(window);
    for table in rows.chunk_by(|a, b| part(a) == part(b)) {
        let only = |word: &str| {
            let mut of = table.iter().filter(|r| r.command.contains(word));
            of.next().filter(|_| of.next().is_none())
        };
        // `ps -o rss= -p PID` names no command.
        let single = table
            .first()
            .filter(|r| table.len() == 1 && r.command.is_empty());
        let Some(row) = only("nacos").or_else(|| only("java")).or(single) else {
            continue;
        };
        let time = record_time(window, ctx, facts, row.heading.as_ref(), alone);
        if ctx.outside(time) {
            continue;
        }
        let quote = quotes.from(row.at, time, |_| true);
        gauge(facts, Gauge::Rss, row.rss, &quote);
        gauge(facts, Gauge::Threads, row.threads, &quote);
    }
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
    let mut waiting: Vec<_> = list
        .by_peer
        .iter()
        .filter(|(_, sum)| sum.send_q > 0)
        .collect();
    // In the order of the text, so that lines are counted once.
    waiting.sort_by_key(|(_, sum)| sum.fullest_at);
    let mut quotes = Quotes::of(window);
    for ((port, peer), sum) in waiting {
        let quote = quotes.from(sum.fullest_at, time, |_| true);
        facts.system.queues.push(SendQueue {
            time,
            port: *port,
            peer: peer.clone(),
            sockets: sum.sockets,
            waiting: sum.waiting,
            send_q: sum.send_q,
            send_q_max: sum.send_q_max,
            recv_q: sum.recv_q,
            quote,
        });
    }
}

/// Classes kept of a histogram, the largest first.
const CLASSES: usize = 20;
/// Classes that stand for memory outside the heap or for those it is held for, under any package prefix.
const NATIVE: [&str; 12] = [
    "java.nio.DirectByteBuffer",
    "java.nio.DirectByteBuffer$Deallocator",
    "java.util.zip.Deflater",
    "java.util.zip.Inflater",
    "java.lang.Thread",
    "io.netty.buffer.PoolChunk",
    "io.netty.buffer.PooledUnsafeDirectByteBuf",
    "io.netty.buffer.UnpooledUnsafeNoCleanerDirectByteBuf",
    "io.netty.channel.ChannelOutboundBuffer$Entry",
    "io.grpc.netty.NettyServerStream",
    "com.alibaba.nacos.core.remote.grpc.GrpcConnection",
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
                quote: line_where(window, time, |l| {
                    let mut words = l.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
                    words.nth(3) == Some(row.class.as_bytes())
                }),
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
    let time = record_time(window, ctx, facts, report.time.as_ref(), true);
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
    if let (Some(t), Some(seconds)) = (time, report.elapsed_seconds) {
        facts.jvm.add_start(t, seconds, at(b"Time:"));
    }
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

/// The kernel's log and what runtimes of containers say: processes killed for want of memory.
pub(super) fn read_kernel(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let near = ctx.sample_time().0;
    let mut quotes = Quotes::of(window);
    let mut kernel_says = false;
    for kill in kernel::read(window.bytes, near) {
        kernel_says = true;
        let time = ctx.shifted(kill.time);
        if ctx.outside(time) {
            continue;
        }
        let quote = quotes.from(kill.at, time, |_| true);
        facts.system.killed.push(Killed {
            source: KillSource::Kernel,
            kill,
            quote,
        });
    }
    let container = || lines_of(window.bytes).any(|(_, _, l)| kernel::is_container_oom(l));
    if !kernel_says && container() {
        facts.system.killed.push(Killed {
            source: KillSource::Container,
            kill: OomKill {
                in_group: Some(true),
                ..OomKill::default()
            },
            quote: line_where(window, None, kernel::is_container_oom),
        });
    }
}
