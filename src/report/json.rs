//! The report as JSON, and read back.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::Report;
use super::model::SCHEMA_VERSION;

/// Writes the report, indented, with a line end.
///
/// # Errors
/// What the writer says.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_value(report, out)
}

/// Writes any value of this program in the same way.
///
/// # Errors
/// What the writer says.
pub fn write_value(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Gathered {
        text: Vec::with_capacity(GATHERED),
        out,
    };
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    out.text.push(b'\n');
    out.flush()
}

/// Bytes gathered before they are written.
const GATHERED: usize = 1 << 16;

/// A writer of a known type, so that the few bytes of each token are put down without a call.
struct Gathered<'a> {
    text: Vec<u8>,
    out: &'a mut dyn Write,
}

impl Write for Gathered<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.text.len() + bytes.len() > GATHERED {
            self.flush()?;
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    #[inline(never)]
    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.text)?;
        self.text.clear();
        self.out.flush()
    }
}

/// What tells a report from other JSON.
#[derive(Deserialize)]
struct Head {
    schema_version: String,
    #[serde(default)]
    nodes: Option<serde::de::IgnoredAny>,
}

/// Reads a saved report.
///
/// # Errors
/// One line that says what it is instead: no JSON, other JSON, a report of another version, or one that lacks members.
pub fn read(bytes: &[u8]) -> Result<Report, String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err("not a report: it is empty".to_owned());
    }
    let head: Head = serde_json::from_slice(text).map_err(|e| match e.classify() {
        serde_json::error::Category::Data => {
            "not a report of nacos-offheap (write one with: analyze PATH -f json)".to_owned()
        }
        serde_json::error::Category::Eof => format!("not a report: cut off ({e})"),
        _ => format!("not a report: no JSON ({e})"),
    })?;
    if head.schema_version != SCHEMA_VERSION {
        return Err(format!(
            "schema_version {:?}; this program reads {SCHEMA_VERSION:?} (analyse the inputs again)",
            head.schema_version
        ));
    }
    if head.nodes.is_none() {
        return Err("not a report, though of a known schema_version: it has no nodes".to_owned());
    }
    serde_json::from_slice(text).map_err(|e| format!("not a whole report: {e}"))
}

/// Whether a stream begins with a report, of whatever version.
pub fn begins_report(stream: impl Read) -> bool {
    serde_json::Deserializer::from_reader(io::BufReader::new(stream))
        .into_iter::<Head>()
        .next()
        .is_some_and(|head| head.is_ok_and(|h| h.nodes.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_says_so_in_a_line() {
        for (text, says) in [
            ("", "empty"),
            ("logs", "no JSON"),
            ("{\"schema_version\": \"1.0\", ", "cut off"),
            ("[1, 2]", "not a report of nacos-offheap"),
            ("{\"log\": \"x\"}", "not a report of nacos-offheap"),
            ("{\"schema_version\": \"2.0\", \"nodes\": []}", "\"2.0\""),
            ("{\"schema_version\": \"1.0\"}", "no nodes"),
            (
                "{\"schema_version\": \"1.0\", \"nodes\": []}",
                "not a whole report",
            ),
        ] {
            let e = read(text.as_bytes()).expect_err(text);
            assert!(e.contains(says) && !e.contains('\n'), "{text}: {e}");
        }
    }

    #[test]
    fn lines_of_json_are_no_report() {
        assert!(!begins_report(&b"{\"log\":\"a\"}\n{\"log\":\"b\"}\n"[..]));
        assert!(begins_report(
            &b"{\"nodes\": [], \"schema_version\": \"9\"} and more"[..]
        ));
        assert!(!begins_report(&b"2026-11-22 WARN"[..]));
    }
}
