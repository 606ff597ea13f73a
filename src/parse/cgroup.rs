//! The memory controller's files of a control group: what a container may use, uses, and how often it was out of memory.
//!
//! ```text
//! memory.max              536870912 | max                       version 2
//! memory.events           low 0 / high 0 / max 17 / oom 3 / oom_kill 1
//! memory.stat             anon 482344960 / file 1204224 / ...
//! memory.limit_in_bytes   536870912 | 9223372036854771712       version 1: the latter is no limit
//! memory.oom_control      oom_kill_disable 0 / under_oom 0 / oom_kill 1
//! ```
//!
//! Most of these files are a bare number, so the name says what it is: that of the file, that of a heading
//! (`==> /sys/fs/cgroup/memory.max <==` of `head` and `tail`), or that before a colon (`memory.max:536870912` of `grep`).
//! Names and meaning: Linux's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

use super::lines::{cut, decimal, find, lines, trim, words};

/// From here on a number of version 1 means "no limit": a page short of the largest signed number.
const NO_LIMIT: u64 = 1 << 60;

/// What the files say; bytes, and counts of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupMemory {
    /// The limit; `None` when there is none, or no file tells it.
    pub limit: Option<u64>,
    /// A file says that there is no limit.
    pub unlimited: bool,
    /// From where on the group is slowed down (`memory.high`).
    pub high: Option<u64>,
    /// In use, page cache included.
    pub usage: Option<u64>,
    /// Highest use.
    pub peak: Option<u64>,
    /// What may be swapped out. Version 1 limits memory and swap together; that figure is not kept here.
    pub swap_limit: Option<u64>,
    /// Swapped out.
    pub swap_usage: Option<u64>,
    /// Of the use: anonymous.
    pub anon: Option<u64>,
    /// Of the use: page cache.
    pub file: Option<u64>,
    /// How often the limit was run into.
    pub limit_hits: Option<u64>,
    /// How often the group was out of memory.
    pub oom: Option<u64>,
    /// Processes killed for it.
    pub oom_kill: Option<u64>,
    /// Offset of the line that counts the processes killed.
    pub oom_kill_at: Option<usize>,
    /// Offset of the line of the limit.
    pub limit_at: Option<usize>,
}

/// The names this reader knows.
const NAMES: [&[u8]; 17] = [
    b"memory.memsw.usage_in_bytes",
    b"memory.max_usage_in_bytes",
    b"memory.limit_in_bytes",
    b"memory.usage_in_bytes",
    b"memory.events.local",
    b"memory.swap.current",
    b"memory.oom_control",
    b"memory.swap.events",
    b"memory.swap.max",
    b"memory.current",
    b"memory.failcnt",
    b"memory.events",
    b"memory.high",
    b"memory.peak",
    b"memory.stat",
    b"memory.max",
    b"memory.low",
];

/// The controller's file that a path or heading names, whatever was put around the name.
fn known_name(t: &[u8]) -> Option<&'static [u8]> {
    // Longer names come first: `memory.max` begins `memory.max_usage_in_bytes`.
    NAMES.iter().find(|n| find(t, n).is_some()).copied()
}

/// Whether a text is one of these files: by its name, or because it holds several under their names.
#[must_use]
pub fn looks_like_cgroup(name: &str, head: &[u8]) -> bool {
    let values = |t: &[u8]| {
        let filled = || lines(t).map(|l| trim(l.text)).filter(|t| !t.is_empty());
        filled().next().is_some()
            && filled().all(|t| {
                let w: Vec<&[u8]> = words(t).take(3).collect();
                match w.as_slice() {
                    [one] => *one == b"max" || decimal(one).is_some(),
                    [_, n] => decimal(n).is_some(),
                    _ => false,
                }
            })
    };
    if known_name(name.as_bytes()).is_some() && values(head.get(..1 << 14).unwrap_or(head)) {
        return true;
    }
    let titles = lines(head)
        .take(200)
        .filter(|l| title(l.text).is_some())
        .count();
    if titles > 0 {
        return true;
    }
    let mut keys = lines(head).take(8).filter_map(|l| words(l.text).next());
    // memory.events without its name.
    keys.any(|k| k == b"oom_kill") && head.starts_with(b"low ")
}

/// `==> /sys/fs/cgroup/memory.max <==`, `memory.max:536870912`, `memory.max 536870912`
fn title(line: &[u8]) -> Option<(&'static [u8], &[u8])> {
    let t = trim(line);
    if let Some(inner) = t.strip_prefix(b"==>") {
        return Some((known_name(inner)?, b""));
    }
    let at = find(t, b"memory.")?;
    // Nothing but a path may stand before the name.
    if at > 0 && (t.get(at - 1) != Some(&b'/') || !t.starts_with(b"/")) {
        return None;
    }
    let end = t
        .iter()
        .position(|c| matches!(c, b':' | b'=') || c.is_ascii_whitespace())
        .unwrap_or(t.len());
    let (path, rest) = t.split_at_checked(end)?;
    let name = NAMES.iter().find(|n| path.ends_with(n)).copied()?;
    Some((name, trim(rest.get(1..).unwrap_or_default())))
}

/// Reads one or more of the files; `name` is the file's.
#[must_use]
pub fn read(name: &str, text: &[u8]) -> CgroupMemory {
    let mut out = CgroupMemory::default();
    let mut now = known_name(name.as_bytes());
    for line in lines(text).take(10_000) {
        let t = trim(line.text);
        let value = match title(t) {
            Some((n, rest)) => {
                now = Some(n);
                rest
            }
            None => t,
        };
        if value.is_empty() {
            continue;
        }
        out.take(now, value, line.start);
    }
    out
}

impl CgroupMemory {
    fn take(&mut self, name: Option<&[u8]>, value: &[u8], at: usize) {
        if let Some((key, n)) = cut(value, b" ")
            && let Some(n) = decimal(trim(n))
        {
            self.keyed(name, key, n, at);
            return;
        }
        let n = decimal(value);
        let bounded = n.filter(|n| *n < NO_LIMIT);
        match name {
            Some(b"memory.max" | b"memory.limit_in_bytes") => {
                self.limit = bounded;
                self.limit_at = Some(at);
                self.unlimited = bounded.is_none() && (n.is_some() || value == b"max");
            }
            Some(b"memory.high") => self.high = bounded,
            Some(b"memory.current" | b"memory.usage_in_bytes") => self.usage = n,
            Some(b"memory.peak" | b"memory.max_usage_in_bytes") => self.peak = n,
            Some(b"memory.swap.max") => self.swap_limit = bounded,
            Some(b"memory.swap.current") => self.swap_usage = n,
            Some(b"memory.failcnt") => self.limit_hits = n,
            _ => {}
        }
    }

    fn keyed(&mut self, name: Option<&[u8]>, key: &[u8], n: u64, at: usize) {
        // The figures of the group and of the groups below it are the same but for these two names.
        if matches!(name, Some(b"memory.events.local" | b"memory.swap.events")) {
            return;
        }
        match key {
            b"max" => self.limit_hits = Some(n),
            b"oom" => self.oom = Some(n),
            b"oom_kill" => {
                self.oom_kill = Some(n);
                self.oom_kill_at = Some(at);
            }
            b"anon" | b"total_rss" => self.anon = Some(n),
            b"rss" => self.anon = self.anon.or(Some(n)),
            b"file" | b"total_cache" => self.file = Some(n),
            b"cache" => self.file = self.file.or(Some(n)),
            b"total_swap" => self.swap_usage = Some(n),
            _ => {}
        }
    }

    /// Whether any of it was told.
    #[must_use]
    pub fn says_something(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_means_what_the_files_name_says() {
        let limit = read("memory.max", b"536870912\n");
        assert_eq!((limit.limit, limit.unlimited), (Some(512 << 20), false));
        let none = read("memory.max", b"max\n");
        assert_eq!((none.limit, none.unlimited), (None, true));
        let v1 = read("memory.limit_in_bytes", b"9223372036854771712\n");
        assert_eq!((v1.limit, v1.unlimited), (None, true));
        assert_eq!(read("node/memory.current.txt", b"77\n").usage, Some(77));
        assert_eq!(read("memory.max_usage_in_bytes", b"99\n").peak, Some(99));
        assert!(looks_like_cgroup("memory.max", b"max\n"));
        assert!(!looks_like_cgroup("memory.max", b"some words\n"));
        assert!(!looks_like_cgroup("numbers.txt", b"536870912\n"));
    }

    #[test]
    fn events_and_stat_are_keyed() {
        let events = b"low 0\nhigh 0\nmax 17\noom 3\noom_kill 1\noom_group_kill 0\n";
        assert!(looks_like_cgroup("anything", events));
        let e = read("memory.events", events);
        assert_eq!(
            (e.limit_hits, e.oom, e.oom_kill),
            (Some(17), Some(3), Some(1))
        );
        assert_eq!(&events[e.oom_kill_at.unwrap()..][..10], b"oom_kill 1");
        let stat = read("memory.stat", b"anon 482344960\nfile 1204224\nkernel 5\n");
        assert_eq!((stat.anon, stat.file), (Some(482_344_960), Some(1_204_224)));
        let v1 = read(
            "memory.stat",
            b"cache 1\nrss 2\ntotal_cache 3\ntotal_rss 4\ntotal_swap 5\n",
        );
        assert_eq!(
            (v1.anon, v1.file, v1.swap_usage),
            (Some(4), Some(3), Some(5))
        );
    }

    #[test]
    fn several_files_in_one_text_are_told_by_their_headings() {
        let tail = b"==> /sys/fs/cgroup/memory.max <==\n1073741824\n\n==> /sys/fs/cgroup/memory.current <==\n1000\n\n==> /sys/fs/cgroup/memory.events <==\nlow 0\noom_kill 2\n";
        assert!(looks_like_cgroup("cgroup.txt", tail));
        let m = read("cgroup.txt", tail);
        assert_eq!(
            (m.limit, m.usage, m.oom_kill),
            (Some(1 << 30), Some(1000), Some(2))
        );
        let grep = b"/sys/fs/cgroup/memory/memory.limit_in_bytes:1073741824\n/sys/fs/cgroup/memory/memory.usage_in_bytes:5\n/sys/fs/cgroup/memory/memory.oom_control:oom_kill 4\n";
        let m = read("cgroup.txt", grep);
        assert_eq!(
            (m.limit, m.usage, m.oom_kill),
            (Some(1 << 30), Some(5), Some(4))
        );
    }

    #[test]
    fn damaged_files_end_without_panic() {
        let whole = b"==> memory.max <==\n1073741824\nmemory.events:oom_kill 2\nanon 5\n";
        super::super::lines::torment(whole, |t| {
            let _ = read("memory.stat", t);
            let _ = looks_like_cgroup("memory.stat", t);
        });
    }
}
