//! `jcmd P VM.metaspace`: what metaspace has from the system.
//!
//! ```text
//! Virtual space:
//!   Non-class space:       64.00 MB reserved,     640.00 KB ( <1%) committed,  1 nodes.
//!       Class space:        1.00 GB reserved,     128.00 KB ( <1%) committed,  1 nodes.
//!              Both:        1.06 GB reserved,     768.00 KB ( <1%) committed.
//! ```
//!
//! Read from the output of Debian 17.0.15. Figures are printed with two decimals of the unit that fits.

use super::lines::{after, cut, find, float, lines, pid_line, trim};

/// Metaspace, in bytes as far as two decimals tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metaspace {
    /// The process, where jcmd printed it.
    pub pid: Option<u32>,
    /// Address space taken, class space included.
    pub reserved: u64,
    /// Committed, class space included.
    pub committed: u64,
    /// Where the line stands.
    pub at: usize,
}

/// Whether `head` is such an answer.
#[must_use]
pub fn looks_like_metaspace(head: &[u8]) -> bool {
    lines(head)
        .take(60)
        .any(|l| l.text.starts_with(b"Total Usage - ") && find(l.text, b" loaders").is_some())
        || read(head).is_some()
}

/// Reads the sum of the virtual space; `None` where there is none.
#[must_use]
pub fn read(text: &[u8]) -> Option<Metaspace> {
    let mut pid = None;
    let mut inside = false;
    let mut alone = None;
    for line in lines(text) {
        let t = trim(line.text);
        pid = pid.or_else(|| pid_line(t));
        if t == b"Virtual space:" {
            inside = true;
            continue;
        }
        if !inside {
            continue;
        }
        let found = || {
            Some(Metaspace {
                pid,
                reserved: figure(t, b":", b" reserved")?,
                committed: figure(t, b"reserved,", b" committed")?,
                at: line.start,
            })
        };
        if t.starts_with(b"Both:") {
            return found();
        }
        // Without compressed class pointers there is one space only.
        if t.starts_with(b"Non-class space:") {
            alone = found();
        } else if t.is_empty() {
            break;
        }
    }
    alone
}

/// `768.00 KB ( <1%)` between two words.
fn figure(t: &[u8], from: &[u8], to: &[u8]) -> Option<u64> {
    let rest = after(t, from)?;
    let (number, rest) = cut(trim(rest.get(..find(rest, to)?)?), b" ")?;
    let unit = trim(rest);
    let unit = unit.split(|c| *c == b' ').next().unwrap_or_default();
    let scale = match unit {
        b"bytes" | b"byte" => 1.0,
        b"KB" => 1024.0,
        b"MB" => 1_048_576.0,
        b"GB" => 1_073_741_824.0,
        _ => return None,
    };
    let n = float(number).filter(|n| n.is_finite() && *n >= 0.0)?;
    Some((n * scale).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::lines::torment;
    use super::*;

    #[test]
    fn the_sum_of_both_spaces_is_read() {
        let text = std::fs::read("fixtures/jvm/vm-metaspace-jdk17.txt").unwrap();
        assert!(looks_like_metaspace(&text));
        let m = read(&text).unwrap();
        // 1.06 GB and 768.00 KB.
        assert_eq!(
            (m.pid, m.reserved, m.committed),
            (Some(15132), 1_138_166_333, 768 << 10)
        );
        torment(&text, |b| {
            let _ = (read(b), looks_like_metaspace(b));
        });
    }

    #[test]
    fn one_space_alone_counts_and_other_text_does_not() {
        let t = b"Virtual space:\n  Non-class space:       64.00 MB reserved,       8.50 MB ( 13%) committed,  1 nodes.\n\n";
        assert_eq!(read(t).unwrap().committed, 8_912_896);
        assert_eq!(read(b"Virtual space:\n\n"), None);
        assert!(!looks_like_metaspace(b"Metaspace used 1K, committed 2K\n"));
    }
}
