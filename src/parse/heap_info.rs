//! `jcmd P GC.heap_info`: the Java heap by generation, and metaspace.
//!
//! ```text
//!  garbage-first heap   total 65536K, used 2283K [0xe0000000, 0x100000000)              25: total reserved .., committed .., used ..
//!  PSYoungGen      total 242176K, used 42361K [0xf0000000, 0x100000000, 0x100000000)
//!  ParOldGen       total 262144K, used 63535K [0xe0000000, 0xf0000000, 0xf0000000)
//!  Metaspace       used 81246K, capacity 85720K, committed 85760K, reserved 1124352K    8, 11; later without capacity
//! ```
//!
//! Read from the output of Debian 8u504 and 17.0.15, Temurin 11.0.13, 21.0.8 and 25.0.3. The same lines stand at the end of
//! GC logs of 8 and in hs_err files.

use std::ops::Range;

use super::flags::Collector;
use super::lines::{after, cut, find, hexadecimal, leading_size, lines, pid_line, trim};

/// The heap, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeapInfo {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// The collector whose generations these are.
    pub collector: Option<Collector>,
    /// Committed, over the generations. Those of Serial, CMS and Parallel leave one survivor space out.
    pub committed: Option<u64>,
    /// In use, over the generations.
    pub used: Option<u64>,
    /// Where the heap lies, what is only reserved included.
    pub range: Option<Range<u64>>,
    /// Metaspace in use, class space included.
    pub metaspace_used: Option<u64>,
    /// Metaspace committed.
    pub metaspace_committed: Option<u64>,
}

impl HeapInfo {
    /// Takes in a line; whether it was one of a heap.
    pub(crate) fn line(&mut self, t: &[u8]) -> bool {
        let figure = |label: &[u8]| after(t, label).and_then(leading_size).map(|(n, _)| n);
        if t.starts_with(b"Metaspace ") {
            self.metaspace_used = figure(b"used ");
            self.metaspace_committed = figure(b"committed ");
            return true;
        }
        if t.starts_with(b"class space") || find(t, b" total").is_none() {
            return false;
        }
        let total = figure(b"committed ").or_else(|| figure(b"total "));
        let (Some(total), Some(used)) = (total, figure(b"used ")) else {
            return false;
        };
        let sum = |to: &mut Option<u64>, n| *to = Some(to.unwrap_or(0).saturating_add(n));
        sum(&mut self.committed, total);
        sum(&mut self.used, used);
        self.collector = self.collector.or_else(|| {
            [
                (&b"garbage-first"[..], Collector::G1),
                (b"PSYoungGen", Collector::Parallel),
                (b"ParOldGen", Collector::Parallel),
                (b"par new", Collector::Cms),
                (b"concurrent mark-sweep", Collector::Cms),
                (b"def new", Collector::Serial),
                (b"DefNew", Collector::Serial),
            ]
            .iter()
            .find(|(name, _)| t.starts_with(name))
            .map(|(_, c)| *c)
        });
        let bounds = after(t, b"[").and_then(|r| cut(r, b")")).map(|(r, _)| r);
        if let Some(bounds) = bounds {
            let mut all = bounds
                .split(|c| *c == b',')
                .filter_map(|a| hexadecimal(trim(a)));
            if let Some(start) = all.next()
                && let Some(end) = all.next_back()
            {
                let r = self.range.get_or_insert(start..end);
                *r = r.start.min(start)..r.end.max(end);
            }
        }
        true
    }
}

/// Whether a text that begins with `head` is the answer to `GC.heap_info`.
#[must_use]
pub fn looks_like_heap_info(head: &[u8]) -> bool {
    lines(head)
        .map(|l| trim(l.text))
        .filter(|t| !t.is_empty() && pid_line(t).is_none())
        .take(1)
        .any(|t| find(t, b" total").is_some() && HeapInfo::default().line(t))
}

/// Reads the answer to `GC.heap_info`.
#[must_use]
pub fn read(text: &[u8]) -> Option<HeapInfo> {
    let mut out = HeapInfo::default();
    for line in lines(text).take(200) {
        let t = trim(line.text);
        if let Some(pid) = pid_line(t) {
            out.pid = out.pid.or(Some(pid));
        } else {
            out.line(t);
        }
    }
    out.used.is_some().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    const PARALLEL: &[u8] = b"13488:\n PSYoungGen      total 242176K, used 42361K [0x00000000f0000000, 0x0000000100000000, 0x0000000100000000)\n  \
        eden space 222208K, 12% used [0x00000000f0000000,0x00000000f1ba4da8,0x00000000fd900000)\n \
        ParOldGen       total 262144K, used 63535K [0x00000000e0000000, 0x00000000f0000000, 0x00000000f0000000)\n  \
        object space 262144K, 24% used [0x00000000e0000000,0x00000000e3e0bf38,0x00000000f0000000)\n \
        Metaspace       used 81246K, capacity 85720K, committed 85760K, reserved 1124352K\n  \
        class space    used 10120K, capacity 11235K, committed 11264K, reserved 1048576K\n";

    #[test]
    fn generations_are_added_up() {
        let h = read(PARALLEL).unwrap();
        assert_eq!(
            (h.pid, h.collector),
            (Some(13488), Some(Collector::Parallel))
        );
        assert_eq!(
            (h.committed, h.used),
            (Some(504_320 << 10), Some(105_896 << 10))
        );
        assert_eq!(h.range, Some(0xe000_0000..0x1_0000_0000));
        assert_eq!(
            (h.metaspace_used, h.metaspace_committed),
            (Some(81_246 << 10), Some(85_760 << 10))
        );
        assert!(looks_like_heap_info(PARALLEL));
    }

    #[test]
    fn the_wording_of_25_is_read() {
        let t = b"20955:\ngarbage-first heap   total reserved 524288K, committed 65536K, used 3255K [0x00000000e0000000, 0x0000000100000000)\n region size 1M, 2 young (2M)\n";
        let h = read(t).unwrap();
        assert_eq!(
            (h.committed, h.used, h.collector),
            (Some(65_536 << 10), Some(3_255 << 10), Some(Collector::G1))
        );
        assert!(looks_like_heap_info(t));
        assert!(!looks_like_heap_info(b"Mem:  total 1\n"));
        assert_eq!(read(b"nothing\n"), None);
    }

    #[test]
    fn damaged_text_ends_without_panic() {
        torment(PARALLEL, |b| {
            let _ = (read(b), looks_like_heap_info(b));
        });
    }
}
