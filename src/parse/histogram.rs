//! Class histograms: `jcmd P GC.class_histogram`, `jmap -histo P`.
//!
//! ```text
//!  num     #instances         #bytes  class name (module)      8: without the module
//! -------------------------------------------------------
//!    1:        121687       20599336  [B (java.base@17.0.15)
//! Total       1014769       64776288
//! ```
//!
//! Bytes are of the objects themselves: a direct buffer of 64 bytes may own megabytes outside the heap. Read from the output
//! of Debian 8u504 and 17.0.15; VM.info and GC logs of 8 (`-XX:+PrintClassHistogram`) print the same table.

use super::lines::{decimal, find, lines, pid_line, text, trim, words};
use super::{ParseError, ParseErrorKind};

/// Classes kept.
const MAX_ROWS: usize = 200_000;

/// A class with its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramRow {
    /// Its name as printed: `[B`, `java.nio.DirectByteBuffer`.
    pub class: String,
    /// Its module with version: `java.base@17.0.15`.
    pub module: Option<String>,
    /// Objects.
    pub instances: u64,
    /// Their bytes in the heap.
    pub bytes: u64,
}

/// A histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// The classes, most bytes first.
    pub rows: Vec<HistogramRow>,
    /// Objects and bytes of the last line.
    pub total: Option<(u64, u64)>,
    /// What was not understood.
    pub errors: Vec<ParseError>,
}

impl Histogram {
    /// The row of a class by its whole name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&HistogramRow> {
        self.rows.iter().find(|r| r.class == name)
    }

    /// The rows of a class under any package prefix: `io.netty.buffer.PoolChunk` finds the shaded copies too.
    pub fn shaded<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HistogramRow> {
        self.rows.iter().filter(move |r| {
            r.class
                .strip_suffix(name)
                .is_some_and(|p| p.is_empty() || p.ends_with('.'))
        })
    }
}

/// Whether a text that begins with `head` is a histogram.
#[must_use]
pub fn looks_like_histogram(head: &[u8]) -> bool {
    let mut rows = 0u32;
    for line in lines(head).take(20) {
        let t = trim(line.text);
        if t.starts_with(b"num") && find(t, b"#instances").is_some() && find(t, b"#bytes").is_some()
        {
            return true;
        }
        rows += u32::from(row(t).is_some());
    }
    rows >= 5
}

fn row(t: &[u8]) -> Option<HistogramRow> {
    let mut w = words(t);
    decimal(w.next()?.strip_suffix(b":")?)?;
    let instances = decimal(w.next()?)?;
    let bytes = decimal(w.next()?)?;
    let class = w.next()?;
    let module = w
        .next()
        .and_then(|m| m.strip_prefix(b"(")?.strip_suffix(b")"));
    Some(HistogramRow {
        class: text(class, 500),
        module: module.map(|m| text(m, 200)),
        instances,
        bytes,
    })
}

/// Reads the last histogram in the text.
#[must_use]
pub fn read(text: &[u8]) -> Histogram {
    let mut out = Histogram::default();
    let mut full = false;
    for line in lines(text) {
        let t = trim(line.text);
        if t.is_empty() {
            continue;
        }
        if let Some(r) = row(t) {
            if out.total.is_some() {
                // The next of a loop.
                out = Histogram {
                    pid: out.pid,
                    ..Histogram::default()
                };
                full = false;
            }
            if !line.ended {
                let what = "the histogram ends inside a row";
                out.errors
                    .push(ParseError::new(line.start, ParseErrorKind::Truncated, what));
            } else if out.rows.len() < MAX_ROWS {
                out.rows.push(r);
            } else if !full {
                full = true;
                let what = "more classes than are kept";
                out.errors
                    .push(ParseError::new(line.start, ParseErrorKind::Overflow, what));
            }
        } else if let Some(rest) = t.strip_prefix(b"Total") {
            let mut w = words(rest).map(decimal);
            if let (Some(Some(i)), Some(Some(b))) = (w.next(), w.next()) {
                out.total = Some((i, b));
            }
        } else if let Some(pid) = pid_line(t) {
            out.pid = Some(pid);
        }
    }
    if out.total.is_none() && !out.rows.is_empty() && out.errors.is_empty() {
        let what = "the histogram ends before its total";
        out.errors
            .push(ParseError::new(text.len(), ParseErrorKind::Truncated, what));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/histogram/{name}")).unwrap()
    }

    #[test]
    fn histograms_of_8_and_17_are_read() {
        let h = read(&fixture("jdk8.txt"));
        assert_eq!((h.pid, h.total), (Some(13488), Some((948_850, 67_369_696))));
        assert_eq!(h.errors, []);
        assert_eq!(
            h.rows[0],
            HistogramRow {
                class: "[C".into(),
                module: None,
                instances: 89_835,
                bytes: 19_309_920
            }
        );
        let h = read(&fixture("jdk17.txt"));
        assert_eq!(h.total, Some((1_014_769, 64_776_288)));
        assert_eq!(
            h.class("[B").unwrap().module.as_deref(),
            Some("java.base@17.0.15")
        );
        let chunks: Vec<_> = h.shaded("io.netty.buffer.PoolChunk").collect();
        assert_eq!(chunks.len(), 1);
        assert_eq!(
            chunks[0].class,
            "io.grpc.netty.shaded.io.netty.buffer.PoolChunk"
        );
        assert_eq!(h.shaded("PoolChunk").count(), 1);
        assert_eq!(h.shaded("Chunk").count(), 0);
    }

    #[test]
    fn a_histogram_without_total_is_cut() {
        let whole = fixture("jdk17.txt");
        assert!(looks_like_histogram(&whole));
        let end = find(&whole, b"Total").unwrap();
        let h = read(&whole[..end]);
        assert_eq!(h.errors.len(), 1);
        assert_eq!(h.errors[0].kind, ParseErrorKind::Truncated);
        let h = read(&whole[..end - 5]);
        assert_eq!(h.errors.len(), 1);
    }

    #[test]
    fn damaged_histograms_end_without_panic() {
        for name in ["jdk8.txt", "jdk17.txt"] {
            torment(&fixture(name), |b| drop((read(b), looks_like_histogram(b))));
        }
    }
}
