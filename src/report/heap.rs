//! One heap dump for a terminal: direct memory by the books, by owner, by pool, by client.

use std::io::{self, Write};

use serde_json::json;

use super::Report;
use super::escape::{cut, terminal};
use super::table::{Page, Style, dim, table};
use crate::facts::heap::{Book, Connection, HeapFacts, Oldest, OwnerKind, Side, Tally};
use crate::text::{Lang, grouped, label};
use crate::units::Bytes;

/// Writes what the report knows of its heap dump.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, *style);
    let Some(heap) = report.nodes.iter().find_map(|n| n.facts.heap_dump.as_ref()) else {
        return page.paragraph("", page.label("heap.none"), None);
    };
    head(&mut page, heap)?;
    books(&mut page, heap)?;
    owners(&mut page, heap)?;
    pools(&mut page, heap)?;
    clients(&mut page, heap)?;
    others(&mut page, heap)?;
    for i in report.inputs.iter().flat_map(|i| &i.issues) {
        let text = page.phrase(
            "heap.issue",
            [
                ("offset", json!(i.offset)),
                ("what", json!(i.shown(page.style.lang))),
            ],
        );
        page.paragraph("  ! ", &text, None)?;
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
    let mut about = vec![page.phrase("heap.taken", [("when", json!(h.taken))])];
    if let Some(v) = &h.jvm.nacos_version {
        about.push(format!("Nacos {v}"));
    }
    if let Some(v) = &h.jvm.java_version {
        about.push(format!("JDK {v}"));
    }
    if let Some(p) = h.jvm.pid {
        about.push(format!("pid {p}"));
    }
    about.push(page.phrase(
        "heap.size",
        [("read", json!(h.bytes_read)), ("objects", json!(h.objects))],
    ));
    if !h.complete {
        about.push(page.label("heap.not-complete").to_owned());
    }
    let lead = format!("{}  ", page.label("heap.dump"));
    page.paragraph(&lead, &about.join(page.label("ui.comma")), None)?;
    if let Some(c) = &h.jvm.command {
        let text = cut(&terminal(c), page.style.width.saturating_sub(4));
        let text = page.paint(dim(), &format!("  {text}"));
        page.line(&text)?;
    }
    Ok(())
}

fn books(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading(page.label("heap.books"))?;
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
        let name = match n.no_cleaner {
            Some(true) => page.label("heap.netty-no-cleaner"),
            Some(false) => page.label("heap.netty-in-the-jdks"),
            None => "Netty",
        };
        rows.push(vec![
            name.to_owned(),
            optional(n.used_bytes),
            optional(n.limit_bytes),
            remainder(Book::Netty, &n.prefix),
        ]);
    }
    table(
        page,
        &page.labels(["heap.book", "heap.in-use", "ui.limit", "heap.owners-found"]),
        &[1, 2, 3],
        rows,
    )?;
    let Some(n) = &h.nmt else { return Ok(()) };
    let text = page.phrase(
        "heap.nmt",
        [
            ("t", json!(n.t.to_string())),
            ("committed", json!(size(n.committed_bytes))),
            ("category", json!(n.category)),
            ("owners", json!(size(n.owners_bytes))),
            ("remainder", json!(format!("{:+}", n.remainder_bytes))),
        ],
    );
    page.paragraph("  ", &text, Some(dim()))
}

fn owner_name(lang: Lang, k: OwnerKind) -> &'static str {
    let id = match k {
        OwnerKind::NettyPool => "heap.owner-netty-pool",
        OwnerKind::NettyUnpooled => "heap.owner-netty-unpooled",
        OwnerKind::NettyTransport => "heap.owner-netty-transport",
        OwnerKind::NioTemporary => "heap.owner-nio-temporary",
        OwnerKind::Tomcat => "heap.owner-tomcat",
        OwnerKind::Other => "heap.owner-other",
        OwnerKind::Collected => "heap.owner-collected",
        OwnerKind::Unattributed => "heap.owner-nobody",
    };
    label(lang, id)
}

fn owners(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading(page.label("heap.owners"))?;
    let lang = page.style.lang;
    let rows = h.owners.iter().take(page.style.top).map(|o| {
        vec![
            owner_name(lang, o.kind).to_owned(),
            class(&o.class),
            grouped(o.count),
            size(o.bytes),
        ]
    });
    let rows = rows.collect();
    let head = page.labels(["heap.owner", "heap.class", "heap.buffers", "heap.bytes"]);
    table(page, &head, &[2, 3], rows)?;
    let b = &h.buffers;
    let tally = |id: &str, t: &Tally| {
        let params = [("n", json!(t.count)), ("bytes", json!(t.bytes))];
        (t.count > 0).then(|| page.phrase(id, params))
    };
    let not_counted: Vec<String> = [tally("heap.views", &b.views), tally("heap.freed", &b.freed)]
        .into_iter()
        .flatten()
        .collect();
    if !not_counted.is_empty() {
        let lead = format!("  {}", page.label("heap.not-counted"));
        page.paragraph(&lead, &lang.list(&not_counted), Some(dim()))?;
    }
    Ok(())
}

fn pools(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    if h.pools.is_empty() {
        return Ok(());
    }
    page.heading(page.label("heap.pools"))?;
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
        &page.labels([
            "heap.allocator",
            "heap.chunks",
            "heap.bytes",
            "heap.used",
            "heap.free",
            "heap.in-caches",
        ]),
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
                a.index
                    .map_or_else(|| page.label("heap.in-no-list").to_owned(), grouped),
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
        &page.labels([
            "heap.arena",
            "heap.chunks",
            "heap.used",
            "heap.free",
            "heap.used-in-emptiest",
            "heap.threads",
            "heap.in-their-caches",
        ]),
        &[1, 2, 3, 4, 5, 6],
        rows,
    )
}

fn clients(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    let b = &h.backlog;
    page.heading(page.label("heap.held-for-clients"))?;
    let lang = page.style.lang;
    if b.held_bytes == 0 {
        return page.paragraph("  ", page.label("heap.nothing-queued"), None);
    }
    page.paragraph(
        "  ",
        &page.phrase(
            "heap.waiting",
            [
                ("messages", json!(b.messages)),
                ("queued", json!(size(b.queued_bytes))),
                ("held", json!(size(b.held_bytes))),
            ],
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
                lang.percent(a.held_bytes as f64 / b.held_bytes as f64),
                size(a.held_bytes),
                size(a.queued_bytes),
                grouped(a.messages),
                format!("{}/{}", a.registered, a.connections),
            ]
        })
        .collect();
    table(
        page,
        &page.labels([
            "ui.client",
            "heap.share",
            "heap.held",
            "heap.queued",
            "heap.messages",
            "heap.registered",
        ]),
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
                c.oldest.map_or_else(String::new, |o| oldest(page, o)),
                state(page, c),
                c.app.as_deref().map_or_else(String::new, terminal),
                c.version.as_deref().map_or_else(String::new, terminal),
            ]
        })
        .collect();
    table(
        page,
        &page.labels([
            "heap.connection",
            "heap.held",
            "heap.messages",
            "heap.streams",
            "heap.oldest",
            "heap.state",
            "ui.application",
            "ui.sdk",
        ]),
        &[1, 2, 3],
        rows,
    )?;
    if connections.len() > page.style.top {
        page.more("ui.more-top", connections.len() - page.style.top)?;
    }
    Ok(())
}

/// The head of a queue: its stream and size, and whether the client lets any of it through.
fn oldest(page: &Page<'_>, o: Oldest) -> String {
    let mut text = match o.stream {
        Some(s) => page.phrase(
            "heap.stream",
            [("stream", json!(s)), ("bytes", json!(o.bytes))],
        ),
        None => Bytes(o.bytes).to_string(),
    };
    if o.begun {
        text.push_str(page.label("heap.begun"));
    }
    text
}

fn state(page: &Page<'_>, c: &Connection) -> String {
    // Nacos's own servers drop clients; others (JRaft, Tomcat) have no list to be in.
    let owner = c.owner.as_deref().filter(|o| !o.contains("nacos"));
    match (c.registered, c.side, owner) {
        (true, ..) => page.label("heap.registered").to_owned(),
        (false, Some(Side::Opened), _) => page.label("heap.opened-here").to_owned(),
        (false, _, Some(owner)) => page.phrase("heap.of", [("class", json!(class(owner)))]),
        (false, _, None) => page.label("heap.dropped").to_owned(),
    }
}

fn others(page: &mut Page<'_>, h: &HeapFacts) -> io::Result<()> {
    page.heading(page.label("heap.others"))?;
    let n = &h.native;
    let u = &h.unattributed;
    let mut text = vec![page.phrase(
        "heap.native",
        [
            ("inflaters", json!(n.inflaters)),
            ("deflaters", json!(n.deflaters)),
            ("threads", json!(n.threads)),
            ("classes", json!(n.classes)),
            ("loaders", json!(n.loaders)),
        ],
    )];
    let mapped = &h.buffers.mapped;
    if mapped.count > 0 {
        let params = [("n", json!(mapped.count)), ("bytes", json!(mapped.bytes))];
        text.push(page.phrase("heap.mapped", params));
    }
    if n.rocksdb > 0 {
        text.push(page.phrase("heap.rocksdb", [("n", json!(n.rocksdb))]));
    }
    if u.live_buffers.bytes > 0 {
        text.push(page.phrase(
            "heap.held-by-nobody",
            [
                ("n", json!(u.live_buffers.count)),
                ("bytes", json!(u.live_buffers.bytes)),
            ],
        ));
    }
    page.paragraph("  ", &text.join(page.label("ui.comma")), None)
}
