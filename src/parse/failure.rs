//! Allocation failures as they are worded in any log: by Netty, by `java.nio.Bits`, by the JVM.
//!
//! ```text
//! [prefix.]io.netty.util.internal.OutOfDirectMemoryError: failed to allocate N byte(s) of direct memory (used: U, max: M)
//! java.lang.OutOfMemoryError: Cannot reserve N bytes of direct buffer memory (allocated: A, limit: L)      JDK 17 and later
//! java.lang.OutOfMemoryError: Direct buffer memory                                                        JDK 8, 11
//! java.lang.OutOfMemoryError: Java heap space | GC overhead limit exceeded | Requested array size exceeds VM limit
//! java.lang.OutOfMemoryError: Metaspace | Compressed class space
//! java.lang.OutOfMemoryError: unable to create [new] native thread…
//! java.lang.OutOfMemoryError: Unable to allocate N bytes | malloc(2) failed to allocate N bytes
//! Native memory allocation (mmap) failed to map N bytes | (malloc) failed to allocate N bytes
//! ```
//!
//! Wordings seen with Netty 4.1.38 to 4.1.110 and JDK 8, 11, 17, 21, 25. The class in front may be missing: a log that
//! prints only `getMessage()` leaves it out, and so does text that another process sent in an HTTP/2 GOAWAY frame.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memmem, memrchr};

use super::cut;

/// What could not be allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Netty's own book of direct memory is full.
    Netty,
    /// The JDK's book of direct memory (`java.nio.Bits`) is full.
    JdkDirect,
    /// The Java heap.
    Heap,
    /// Metaspace or compressed class space.
    Metaspace,
    /// A thread.
    NativeThread,
    /// A mapping the JVM asked the kernel for.
    Mmap,
    /// A malloc that returned nothing.
    Malloc,
}

impl FailureKind {
    /// Whether the failure is one of direct memory, in either book.
    #[must_use]
    pub fn is_direct(self) -> bool {
        matches!(self, Self::Netty | Self::JdkDirect)
    }
}

/// Whose memory it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The process that wrote the log.
    Server,
    /// An application with the Nacos client in it (its relocated classes tell).
    Client,
    /// Another process: text that came over the wire.
    Relayed,
}

/// One allocation failure's text on one physical line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure {
    /// What could not be allocated.
    pub kind: FailureKind,
    /// Class of the throwable, when it stands before the text.
    pub class: Option<String>,
    /// Whose memory.
    pub side: Side,
    /// Bytes asked for.
    pub requested: Option<u64>,
    /// Bytes in use in the book that refused.
    pub used: Option<u64>,
    /// The book's limit.
    pub limit: Option<u64>,
}

const LITERALS: [&str; 5] = [
    " byte(s) of direct memory (used: ",
    " bytes of direct buffer memory (allocated: ",
    "OutOfMemoryError: ",
    "Native memory allocation (mmap) failed to map ",
    "Native memory allocation (malloc) failed to allocate ",
];

fn finder() -> &'static AhoCorasick {
    static FINDER: OnceLock<AhoCorasick> = OnceLock::new();
    FINDER.get_or_init(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(LITERALS)
            .unwrap_or_else(|_| unreachable!("five short literals"))
    })
}

/// What all the literals have in common: looked for first, since few texts hold it.
const COMMON: &[u8] = b"emory";

/// Indexes in `bytes` at which an allocation failure may be worded, in order: the first of each line that words any.
pub fn find(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    static FINDER: OnceLock<memmem::Finder<'static>> = OnceLock::new();
    let common = FINDER.get_or_init(|| memmem::Finder::new(COMMON));
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + common.find(bytes.get(from..)?)?;
            let start = memrchr(b'\n', &bytes[from..at]).map_or(from, |i| from + i + 1);
            let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
            from = end;
            if let Some(m) = finder().find(&bytes[start..end]) {
                return Some(start + m.start());
            }
        }
    })
}

/// The failures that the line around a hit of [`find`] names, with the index of each in the line. `earlier` is what
/// stands before the line in the same record: it tells a relayed text.
#[must_use]
pub fn read_line(line: &[u8], earlier: &[u8]) -> Vec<Failure> {
    let mut out: Vec<Failure> = Vec::new();
    for m in finder().find_iter(line) {
        let (before, rest) = (&line[..m.start()], &line[m.end()..]);
        let failure = match m.pattern().as_usize() {
            0 => sized(
                FailureKind::Netty,
                before,
                rest,
                b"failed to allocate ",
                b", max: ",
            ),
            1 => sized(
                FailureKind::JdkDirect,
                before,
                rest,
                b"Cannot reserve ",
                b", limit: ",
            ),
            2 => worded(&line[..m.end()], rest),
            3 => Some(unsized_book(FailureKind::Mmap, None, cut::number(rest))),
            _ => Some(unsized_book(FailureKind::Malloc, None, cut::number(rest))),
        };
        if let Some(mut f) = failure {
            f.side = side(&f, before, earlier);
            if !out.contains(&f) {
                out.push(f);
            }
        }
    }
    out
}

/// `{verb}N{literal}U{join}M`
fn sized(
    kind: FailureKind,
    before: &[u8],
    rest: &[u8],
    verb: &[u8],
    join: &[u8],
) -> Option<Failure> {
    let digits = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let (head, asked) = before.split_at(before.len() - digits);
    let head = head.strip_suffix(verb)?;
    let (used, rest) = cut::number(rest)?;
    let (limit, _) = cut::number(rest.strip_prefix(join)?)?;
    Some(Failure {
        kind,
        class: class_before(head),
        side: Side::Server,
        requested: cut::whole_number(asked),
        used: Some(used),
        limit: Some(limit),
    })
}

/// Texts of `java.lang.OutOfMemoryError` without a book.
fn worded(through_colon: &[u8], rest: &[u8]) -> Option<Failure> {
    let class = class_before(through_colon);
    let plain = |kind| Some(unsized_book(kind, class.clone(), None));
    if rest.starts_with(b"Direct buffer memory") {
        return plain(FailureKind::JdkDirect);
    }
    for heap in [
        &b"Java heap space"[..],
        b"GC overhead limit exceeded",
        b"Requested array size exceeds VM limit",
    ] {
        if rest.starts_with(heap) {
            return plain(FailureKind::Heap);
        }
    }
    if rest.starts_with(b"Metaspace") || rest.starts_with(b"Compressed class space") {
        return plain(FailureKind::Metaspace);
    }
    if rest.starts_with(b"unable to create") {
        return plain(FailureKind::NativeThread);
    }
    for malloc in [
        &b"Unable to allocate "[..],
        b"malloc(2) failed to allocate ",
    ] {
        if let Some(n) = rest.strip_prefix(malloc) {
            return Some(unsized_book(FailureKind::Malloc, class, cut::number(n)));
        }
    }
    None
}

fn unsized_book(kind: FailureKind, class: Option<String>, asked: Option<(u64, &[u8])>) -> Failure {
    Failure {
        kind,
        class,
        side: Side::Server,
        requested: asked.map(|(n, _)| n),
        used: None,
        limit: None,
    }
}

/// The class name that ends `text`, before `: `.
fn class_before(text: &[u8]) -> Option<String> {
    let text = text.strip_suffix(b": ")?;
    let start = text
        .iter()
        .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'_')))
        .map_or(0, |i| i + 1);
    let name = &text[start..];
    (name.ends_with(b"Error") || name.ends_with(b"Exception"))
        .then(|| String::from_utf8_lossy(name).into_owned())
}

/// A GOAWAY frame carries the peer's message without its class; a class of the relocated client is an application's.
fn side(f: &Failure, before: &[u8], earlier: &[u8]) -> Side {
    if let Some(class) = &f.class {
        return if class.starts_with("com.alibaba.nacos.shaded.") {
            Side::Client
        } else {
            Side::Server
        };
    }
    let relayed = |t: &[u8]| {
        memchr::memmem::rfind(t, b"oaway").is_some()
            || memchr::memmem::rfind(t, b"GOAWAY").is_some()
    };
    let near = &earlier[earlier.len().saturating_sub(200)..];
    if relayed(before) || relayed(near) {
        Side::Relayed
    } else {
        Side::Server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Failure {
        let mut all = read_line(line.as_bytes(), b"");
        assert_eq!(all.len(), 1, "{line}");
        all.remove(0)
    }

    #[test]
    fn the_error_that_users_report_is_read_to_the_byte() {
        let f = one(
            "io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 2097152 byte(s) of direct memory (used: 501219607, max: 503316480)",
        );
        assert_eq!(f.kind, FailureKind::Netty);
        assert_eq!(
            (f.requested, f.used, f.limit),
            (Some(2_097_152), Some(501_219_607), Some(503_316_480))
        );
        assert!(f.class.unwrap().ends_with("OutOfDirectMemoryError"));
    }

    #[test]
    fn every_wording_has_its_kind() {
        for (line, kind) in [
            (
                "java.lang.OutOfMemoryError: Cannot reserve 1048576 bytes of direct buffer memory (allocated: 8388608, limit: 8388608)",
                FailureKind::JdkDirect,
            ),
            (
                "Caused by: java.lang.OutOfMemoryError: Direct buffer memory",
                FailureKind::JdkDirect,
            ),
            (
                "java.lang.OutOfMemoryError: Java heap space",
                FailureKind::Heap,
            ),
            (
                "java.lang.OutOfMemoryError: GC overhead limit exceeded",
                FailureKind::Heap,
            ),
            (
                "java.lang.OutOfMemoryError: Compressed class space",
                FailureKind::Metaspace,
            ),
            (
                "java.lang.OutOfMemoryError: unable to create new native thread",
                FailureKind::NativeThread,
            ),
            (
                "java.lang.OutOfMemoryError: Unable to allocate 67108864 bytes",
                FailureKind::Malloc,
            ),
            (
                "# Native memory allocation (mmap) failed to map 12288 bytes. Error detail: committing reserved memory.",
                FailureKind::Mmap,
            ),
        ] {
            assert_eq!(one(line).kind, kind, "{line}");
        }
    }

    #[test]
    fn two_different_failures_on_one_line_are_two() {
        let line = b"WARN Failed to mark a promise as failure because it has failed already: P@1(failure: java.lang.OutOfMemoryError: Cannot reserve 256 bytes of direct buffer memory (allocated: 67108701, limit: 67108864)), unnotified cause: java.lang.OutOfMemoryError: Cannot reserve 261 bytes of direct buffer memory (allocated: 67108701, limit: 67108864)";
        assert_eq!(read_line(line, b"").len(), 2);
    }

    #[test]
    fn text_of_another_process_is_relayed_and_an_applications_class_is_the_client() {
        let line = b"Cannot reserve 65536 bytes of direct buffer memory (allocated: 67077633, limit: 67108864)";
        assert_eq!(read_line(line, b"io.grpc.StatusRuntimeException: INTERNAL: HTTP/2 error code: INTERNAL_ERROR\nReceived Goaway\n")[0].side, Side::Relayed);
        assert_eq!(
            read_line(line, b"2026 ERROR something of our own\n")[0].side,
            Side::Server
        );
        let f = one(
            "com.alibaba.nacos.shaded.io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 1 byte(s) of direct memory (used: 2, max: 3)",
        );
        assert_eq!(f.side, Side::Client);
    }

    #[test]
    fn words_about_memory_that_report_no_failure_are_none() {
        for line in [
            "java.lang.OutOfMemoryError: something of the application",
            "failed to allocate byte(s) of direct memory (used: , max: )",
            "-XX:+ExitOnOutOfMemoryError",
        ] {
            assert!(read_line(line.as_bytes(), b"").is_empty(), "{line}");
        }
    }
}
