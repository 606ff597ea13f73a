//! `jstat -gc` and `-gcutil`, with or without `-t`, one block or many (`-h` repeats the head).
//!
//! ```text
//! Timestamp   S0C    S1C    S0U    S1U      EC       EU        OC         OU       MC     MU    CCSC   CCSU   YGC  YGCT  FGC  FGCT  CGC  CGCT  GCT
//!      11.5   0.0    0.0    0.0    0.0    7168.0    0.0    58368.0    1732.2    768.0  608.3  128.0  41.4     0  0.000    2  0.009    0  0.000  0.009
//! ```
//!
//! Kilobytes; `Timestamp` is seconds since the VM started. JDK 8 has no CGC and CGCT. Columns go by their names.

use super::heading::{self, Heading};
use super::lines::{float, lines, trim, words};

/// Rows kept of one text.
const MAX_ROWS: usize = 100_000;

/// A row. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JstatRow {
    /// Offset of the row.
    pub at: usize,
    /// The last time that stands before it.
    pub heading: Option<Heading>,
    /// Seconds since the VM started (`-t`).
    pub uptime_seconds: Option<f64>,
    /// Java heap in use: survivors, eden, old generation. `None` for `-gcutil`, which prints percentages.
    pub heap_used: Option<u64>,
    /// Java heap committed.
    pub heap_committed: Option<u64>,
    /// Metaspace in use.
    pub metaspace_used: Option<u64>,
    /// Metaspace committed.
    pub metaspace_committed: Option<u64>,
    /// Of the old generation in use, of one.
    pub old_ratio: Option<f64>,
    /// Young collections since the start.
    pub young: Option<u64>,
    /// Full collections since the start.
    pub full: Option<u64>,
    /// Seconds in full collections.
    pub full_seconds: Option<f64>,
}

fn is_head(t: &[u8]) -> bool {
    let has = |name: &[u8]| words(t).any(|w| w == name);
    has(b"YGC") && has(b"FGC") && (has(b"OU") || has(b"O"))
}

/// Whether a text that begins with `head` is one of jstat's.
#[must_use]
pub fn looks_like_jstat(head: &[u8]) -> bool {
    lines(head).take(12).any(|l| is_head(l.text))
}

/// Reads every row.
#[must_use]
pub fn read(text: &[u8]) -> Vec<JstatRow> {
    let mut out = Vec::new();
    let mut columns: Vec<&[u8]> = Vec::new();
    let mut heading_ = None;
    for line in lines(text) {
        let t = trim(line.text);
        if is_head(t) {
            columns = words(t).take(64).collect();
            continue;
        }
        let figures: Option<Vec<f64>> = words(t).map(number).collect();
        match figures.filter(|f| !f.is_empty() && f.len() == columns.len()) {
            Some(f) if out.len() < MAX_ROWS => {
                let mut row = row(&columns, &f);
                row.at = line.start;
                row.heading.clone_from(&heading_);
                out.push(row);
            }
            _ => {
                if let Some(h) = heading::read(t, line.start) {
                    heading_ = Some(h);
                }
            }
        }
    }
    out
}

/// A dash stands for "none".
fn number(w: &[u8]) -> Option<f64> {
    if w == b"-" { Some(0.0) } else { float(w) }
}

fn row(columns: &[&[u8]], figures: &[f64]) -> JstatRow {
    let of = |name: &[u8]| {
        let at = columns.iter().position(|c| *c == name)?;
        figures.get(at).copied()
    };
    let bytes = |kb: f64| (0.0..1e15).contains(&kb).then_some((kb * 1024.0) as u64);
    let sum = |names: [&[u8]; 4]| {
        let parts: Option<Vec<f64>> = names.iter().map(|n| of(n)).collect();
        bytes(parts?.iter().sum())
    };
    let count = |name: &[u8]| of(name).filter(|n| *n >= 0.0).map(|n| n as u64);
    let old_ratio = match (of(b"OU"), of(b"OC"), of(b"O")) {
        (Some(used), Some(all), _) if all > 0.0 => Some(used / all),
        (_, _, Some(percent)) => Some(percent / 100.0),
        _ => None,
    };
    JstatRow {
        at: 0,
        heading: None,
        uptime_seconds: of(b"Timestamp"),
        heap_used: sum([b"S0U", b"S1U", b"EU", b"OU"]),
        heap_committed: sum([b"S0C", b"S1C", b"EC", b"OC"]),
        metaspace_used: of(b"MU").and_then(bytes),
        metaspace_committed: of(b"MC").and_then(bytes),
        old_ratio,
        young: count(b"YGC"),
        full: count(b"FGC"),
        full_seconds: of(b"FGCT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/proc/{name}")).unwrap()
    }

    #[test]
    fn capacities_and_uses_are_added_up() {
        let rows = read(&fixture("jstat-gc.txt"));
        assert_eq!(rows.len(), 4);
        let r = &rows[0];
        assert_eq!(r.heap_used, Some((1732.2 * 1024.0) as u64));
        assert_eq!(r.heap_committed, Some((7168 + 58_368) << 10));
        assert_eq!(r.metaspace_committed, Some(768 << 10));
        assert_eq!(r.metaspace_used, Some((608.3 * 1024.0) as u64));
        assert_eq!(
            (r.young, r.full, r.full_seconds),
            (Some(0), Some(2), Some(0.009))
        );
        assert_eq!(r.uptime_seconds, None);
    }

    #[test]
    fn a_timestamp_is_seconds_since_the_start_and_gcutil_has_no_bytes() {
        let rows = read(&fixture("jstat-gc-t.txt"));
        let seconds: Vec<_> = rows.iter().map(|r| r.uptime_seconds.unwrap()).collect();
        assert_eq!(seconds, [11.5, 12.0, 12.5]);
        let rows = read(&fixture("jstat-gcutil.txt"));
        assert_eq!(rows[0].heap_used, None);
        assert!((rows[0].old_ratio.unwrap() - 0.0297).abs() < 1e-9);
        assert_eq!(rows[0].full, Some(2));
    }

    #[test]
    fn a_loop_takes_the_time_before_each_row_and_jdk_8_has_fewer_columns() {
        let text = b"2026-11-22 13:00:00\n S0C S1C S0U S1U EC EU OC OU MC MU CCSC CCSU YGC YGCT FGC FGCT GCT\n 1.0 1.0 0.5 0.0 4.0 2.0 10.0 9.0 5.0 4.0 1.0 1.0 3 0.1 1 0.2 0.3\n2026-11-22 13:01:00\n 1.0 1.0 0.5 0.0 4.0 3.0 10.0 9.5 5.0 4.0 1.0 1.0 3 0.1 2 0.2 0.3\n";
        let rows = read(text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].heap_used, Some(13 << 10));
        assert_eq!(
            rows[1].heading.as_ref().unwrap().time.local(),
            "2026-11-22 13:01:00"
        );
        assert!((rows[1].old_ratio.unwrap() - 0.95).abs() < 1e-9);
        assert!(looks_like_jstat(text) && !looks_like_jstat(b"PID RSS FGC\n"));
    }

    #[test]
    fn damaged_texts_end_without_panic() {
        super::super::lines::torment(&fixture("jstat-gc-t.txt"), |t| {
            let _ = read(t);
        });
    }
}
