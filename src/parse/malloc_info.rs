//! What glibc's allocator holds: the XML of `malloc_info(3)`, as `jcmd P System.native_heap_info` (JDK 21 and later) prints it.
//!
//! ```text
//! <malloc version="1">
//! <heap nr="0"> ... <system type="current" size="286720"/> ... </heap>
//! <total type="fast" count="61" size="3312"/>
//! <total type="rest" count="86" size="10900806"/>
//! <total type="mmap" count="60" size="85721088"/>
//! <system type="current" size="73490432"/>
//! ```
//!
//! What stands behind the last arena is the sum over all of them. `rest` and `fast` are bytes freed and kept. Layout: glibc
//! malloc/malloc.c, 2.36.

use super::lines::{after, decimal, find, lines, pid_line, trim};

/// The allocator's sums, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MallocInfo {
    /// The process, as jcmd's line says.
    pub pid: Option<u32>,
    /// Arenas.
    pub arenas: u64,
    /// Taken from the system by arenas.
    pub system: Option<u64>,
    /// The most that was.
    pub system_peak: Option<u64>,
    /// Of that freed and kept for later.
    pub kept: Option<u64>,
    /// In blocks of their own (`mmap`), given back when they are freed.
    pub mapped: Option<u64>,
    /// Whether the closing tag is there.
    pub complete: bool,
}

impl MallocInfo {
    /// Bytes in use by the program.
    #[must_use]
    pub fn in_use(&self) -> Option<u64> {
        let taken = self.system?.saturating_add(self.mapped.unwrap_or(0));
        Some(taken.saturating_sub(self.kept.unwrap_or(0)))
    }
}

/// Whether a text that begins with `head` is of `malloc_info`.
#[must_use]
pub fn looks_like_malloc_info(head: &[u8]) -> bool {
    lines(head)
        .take(4)
        .any(|l| trim(l.text).starts_with(b"<malloc version=\""))
}

/// `<total type="rest" count="86" size="10900806"/>`
fn size(t: &[u8]) -> Option<u64> {
    let v = after(t, b" size=\"")?;
    decimal(v.get(..memchr::memchr(b'"', v)?)?)
}

/// Reads the sums. `None` when there is no such text.
#[must_use]
pub fn read(text: &[u8]) -> Option<MallocInfo> {
    let mut out = MallocInfo::default();
    let (mut inside, mut seen) = (false, false);
    for line in lines(text) {
        let t = trim(line.text);
        if !seen {
            out.pid = out.pid.or_else(|| pid_line(t));
            seen = t.starts_with(b"<malloc version=");
        } else if t.starts_with(b"<heap nr=") {
            inside = true;
            out.arenas += 1;
        } else if t.starts_with(b"</heap>") {
            inside = false;
        } else if t.starts_with(b"</malloc>") {
            out.complete = true;
        } else if !inside && let Some(n) = size(t) {
            let is = |kind: &[u8]| t.starts_with(b"<total ") && find(t, kind).is_some();
            if is(b"\"fast\"") || is(b"\"rest\"") {
                out.kept = Some(out.kept.unwrap_or(0).saturating_add(n));
            } else if is(b"\"mmap\"") {
                out.mapped = Some(n);
            } else if t.starts_with(b"<system type=\"current\"") {
                out.system = Some(n);
            } else if t.starts_with(b"<system type=\"max\"") {
                out.system_peak = Some(n);
            }
        }
    }
    seen.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_behind_the_last_arena_are_taken() {
        let text = std::fs::read("fixtures/proc/malloc-info-jdk21.txt").unwrap();
        assert!(looks_like_malloc_info(&text));
        let m = read(&text).unwrap();
        assert_eq!(m.pid, Some(19_714));
        assert_eq!(m.system, Some(73_490_432));
        assert_eq!(m.kept, Some(3_312 + 10_900_806));
        assert_eq!(m.mapped, Some(85_721_088));
        assert_eq!(
            m.in_use(),
            Some(73_490_432 + 85_721_088 - 3_312 - 10_900_806)
        );
        assert!(m.complete && m.arenas > 1);
        assert_eq!(read(b"no xml\n"), None);
    }

    #[test]
    fn damaged_texts_end_without_panic() {
        let text = std::fs::read("fixtures/proc/malloc-info-jdk21.txt").unwrap();
        super::super::lines::torment(&text[text.len() - 2_000..], |t| {
            let _ = read(t);
        });
    }
}
