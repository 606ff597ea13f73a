//! One heap dump for a terminal: direct memory by the books, by owner, by pool, by client.

use std::io::{self, Write};

use super::Report;
use super::escape::{cut, terminal};
use super::table::{Page, Style, dim, table};
use crate::facts::heap::{Book, Connection, HeapFacts, Oldest, OwnerKind, Side, Tally};
use crate::text::{grouped, percent};
use crate::units::Bytes;

/// Writes what the report knows of its heap dump.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, *style);
    let Some(heap) = report.nodes.iter().find_map(|n| n.facts.heap_dump.as_ref()) else {
        return page.line("no heap dump was read");
    };
    head(&mut page, heap)?;
    books(&mut page, heap)?;
    owners(&mut page, heap)?;
    pools(&mut page, heap)?;
    clients(&mut page, heap)?;
    others(&mut page, heap)?;
    for i in report.inputs.iter().flat_map(|i| &i.issues) {
        page.paragraph("  ! ", &format!("offset {}: {}", i.offset, i.what), None)?;
    }
    Ok(())
}

fn size(bytes: u64) -> String {
    format!("{} ({})", Bytes(bytes), grouped(bytes))
}

/// The name without its package, as far as it tells whose it is.
fn class(name: &str) -> String {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let shaded = if name.contains(".shaded.") {
        " (shaded)"
    } else {
        ""
    };
    terminal(&format!("{bare}{shaded}"))
}

fn optional(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), size)
}

fn head(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    let mut about = vec![format!("taken {}", h.taken)];
    if let Some(v) = &h.jvm.nacos_version {
        about.push(format!("Nacos {v}"));
    }
    if let Some(v) = &h.jvm.java_version {
        about.push(format!("JDK {v}"));
    }
    if let Some(p) = h.jvm.pid {
        about.push(format!("pid {p}"));
    }
    about.push(format!(
        "{} read, {} objects",
        Bytes(h.bytes_read),
        grouped(h.objects)
    ));
    if !h.complete {
        about.push("NOT COMPLETE: figures are lower bounds".to_owned());
    }
    page.paragraph("HEAP DUMP  ", &about.join(", "), None)?;
    if let Some(c) = &h.jvm.command {
        let text = cut(&terminal(c), page.style.width.saturating_sub(4));
        let text = page.paint(dim(), &format!("  {text}"));
        page.line(&text)?;
    }
    Ok(())
}

fn books(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading("BOOKS")?;
    let mut rows = Vec::new();
    let remainder = |book: Book, prefix: &str| {
        h.reconciled
            .iter()
            .find(|r| r.book == book && r.prefix == prefix)
            .map_or_else(
                || "-".to_owned(),
                |r| format!("{} ({:+})", size(r.owners_bytes), r.remainder_bytes),
            )
    };
    if let Some(j) = &h.counters.jdk {
        rows.push(vec![
            "JDK (java.nio.Bits)".to_owned(),
            optional(j.reserved_bytes),
            optional(j.limit_bytes),
            remainder(Book::Jdk, ""),
        ]);
    }
    for n in &h.counters.netty {
        let cleaner = match n.no_cleaner {
            Some(true) => "without cleaner",
            Some(false) => "(in the JDK's)",
            None => "",
        };
        rows.push(vec![
            format!("Netty {cleaner}"),
            optional(n.used_bytes),
            optional(n.limit_bytes),
            remainder(Book::Netty, &n.prefix),
        ]);
    }
    table(
        page,
        &["book", "in use", "limit", "owners found (remainder)"],
        &[1, 2, 3],
        rows,
    )?;
    let Some(n) = &h.nmt else { return Ok(()) };
    let text = format!(
        "NMT at {}: {} committed in {}, owners of both books {} ({:+})",
        n.t,
        size(n.committed_bytes),
        terminal(&n.category),
        size(n.owners_bytes),
        n.remainder_bytes
    );
    page.paragraph("  ", &text, Some(dim()))
}

fn owner_name(k: OwnerKind) -> &'static str {
    match k {
        OwnerKind::NettyPool => "Netty pool",
        OwnerKind::NettyUnpooled => "Netty, unpooled",
        OwnerKind::NettyTransport => "Netty transport",
        OwnerKind::NioTemporary => "NIO temporary buffers",
        OwnerKind::Tomcat => "Tomcat",
        OwnerKind::Other => "other",
        OwnerKind::Collected => "collected, not yet freed",
        OwnerKind::Unattributed => "nobody known",
    }
}

fn owners(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading("WHO OWNS DIRECT MEMORY")?;
    let rows = h.owners.iter().take(page.style.top).map(|o| {
        vec![
            owner_name(o.kind).to_owned(),
            class(&o.class),
            grouped(o.count),
            size(o.bytes),
        ]
    });
    let rows = rows.collect();
    table(page, &["owner", "class", "buffers", "bytes"], &[2, 3], rows)?;
    let b = &h.buffers;
    let tally = |name: &str, t: &Tally| {
        (t.count > 0).then(|| format!("{name} {} ({})", grouped(t.count), Bytes(t.bytes)))
    };
    let not_counted: Vec<String> = [tally("views", &b.views), tally("freed", &b.freed)]
        .into_iter()
        .flatten()
        .collect();
    if !not_counted.is_empty() {
        page.paragraph("  not counted: ", &not_counted.join(", "), Some(dim()))?;
    }
    Ok(())
}

fn pools(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    if h.pools.is_empty() {
        return Ok(());
    }
    page.heading(
        "POOLS  (a pool keeps the chunks it grew to; what counts is what is used in them)",
    )?;
    let rows = h
        .pools
        .iter()
        .filter(|p| p.chunks.count > 0)
        .map(|p| {
            vec![
                class(&p.class),
                grouped(p.chunks.count),
                size(p.chunks.bytes),
                size(p.used_bytes),
                size(p.free_bytes),
                Bytes(p.thread_cached.bytes).to_string(),
            ]
        })
        .collect();
    table(
        page,
        &[
            "allocator",
            "chunks",
            "bytes",
            "used",
            "free",
            "in thread caches",
        ],
        &[1, 2, 3, 4, 5],
        rows,
    )?;
    arenas(page, h)
}

fn arenas(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    let arenas = h.pools.iter().flat_map(|p| &p.arenas);
    let rows: Vec<_> = arenas
        .filter(|a| a.chunks.count > 0)
        .take(page.style.top)
        .map(|a| {
            vec![
                a.index.map_or_else(|| "in no list".to_owned(), grouped),
                grouped(a.chunks.count),
                Bytes(a.used_bytes).to_string(),
                Bytes(a.free_bytes).to_string(),
                a.chunk_list
                    .last()
                    .map_or_else(String::new, |c| Bytes(c.used_bytes).to_string()),
                a.thread_caches.map_or_else(|| "-".to_owned(), grouped),
                Bytes(a.thread_cached.bytes).to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    page.blank()?;
    table(
        page,
        &[
            "arena",
            "chunks",
            "used",
            "free",
            "used in the emptiest",
            "threads",
            "in their caches",
        ],
        &[1, 2, 3, 4, 5, 6],
        rows,
    )
}

fn clients(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    let b = &h.backlog;
    page.heading("HELD FOR CLIENTS")?;
    if b.held_bytes == 0 {
        return page.line("  nothing is queued for any client");
    }
    page.paragraph(
        "  ",
        &format!(
            "{} messages of {} wait and hold {} of buffers",
            grouped(b.messages),
            size(b.queued_bytes),
            size(b.held_bytes)
        ),
        None,
    )?;
    let rows = h
        .by_address
        .iter()
        .filter(|a| a.held_bytes > 0)
        .take(page.style.top)
        .map(|a| {
            vec![
                terminal(&a.address),
                percent(a.held_bytes as f64 / b.held_bytes as f64),
                size(a.held_bytes),
                size(a.queued_bytes),
                grouped(a.messages),
                format!("{}/{}", a.registered, a.connections),
            ]
        })
        .collect();
    table(
        page,
        &[
            "client",
            "share",
            "held",
            "queued",
            "messages",
            "registered",
        ],
        &[1, 2, 3, 4, 5],
        rows,
    )?;
    connections(page, h)
}

fn connections(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    let connections: Vec<_> = h.connections.iter().filter(|c| c.held_bytes > 0).collect();
    page.blank()?;
    let rows = connections
        .iter()
        .take(page.style.top)
        .map(|c| {
            vec![
                c.connection_id
                    .as_deref()
                    .or(c.address.as_deref())
                    .map_or_else(|| "-".to_owned(), terminal),
                Bytes(c.held_bytes).to_string(),
                grouped(c.messages),
                grouped(c.streams_waiting),
                c.oldest.map_or_else(String::new, oldest),
                state(c),
                c.app.as_deref().map_or_else(String::new, terminal),
                c.version.as_deref().map_or_else(String::new, terminal),
            ]
        })
        .collect();
    table(
        page,
        &[
            "connection",
            "held",
            "messages",
            "streams",
            "oldest",
            "state",
            "application",
            "SDK",
        ],
        &[1, 2, 3],
        rows,
    )?;
    if connections.len() > page.style.top {
        page.line(&format!(
            "  … and {} more (--top)",
            connections.len() - page.style.top
        ))?;
    }
    Ok(())
}

/// The head of a queue: its stream and size, and whether the client lets any of it through.
fn oldest(o: Oldest) -> String {
    let stream = o
        .stream
        .map_or_else(String::new, |s| format!("stream {s}: "));
    let begun = if o.begun { ", begun" } else { "" };
    format!("{stream}{}{begun}", Bytes(o.bytes))
}

fn state(c: &Connection) -> String {
    // Nacos's own servers drop clients; others (JRaft, Tomcat) have no list to be in.
    let owner = c.owner.as_deref().filter(|o| !o.contains("nacos"));
    match (c.registered, c.side, owner) {
        (true, ..) => "registered".to_owned(),
        (false, Some(Side::Opened), _) => "opened by this server".to_owned(),
        (false, _, Some(owner)) => format!("of {}", class(owner)),
        (false, _, None) => "dropped by Nacos, not closed".to_owned(),
    }
}

fn others(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading("OTHER HOLDERS OF NATIVE MEMORY")?;
    let n = &h.native;
    let u = &h.unattributed;
    let mut text = vec![
        format!("{} inflaters", grouped(n.inflaters)),
        format!("{} deflaters", grouped(n.deflaters)),
        format!("{} threads", grouped(n.threads)),
        format!(
            "{} classes of {} class loaders",
            grouped(n.classes),
            grouped(n.loaders)
        ),
    ];
    if h.buffers.mapped.count > 0 {
        text.push(format!(
            "{} mapped files of {}",
            grouped(h.buffers.mapped.count),
            Bytes(h.buffers.mapped.bytes)
        ));
    }
    if n.rocksdb > 0 {
        text.push(format!("{} RocksDB databases", grouped(n.rocksdb)));
    }
    if u.live_buffers.bytes > 0 {
        text.push(format!(
            "{} live buffers of {} that nobody known holds",
            grouped(u.live_buffers.count),
            Bytes(u.live_buffers.bytes)
        ));
    }
    page.paragraph("  ", &text.join(", "), None)
}
