//! `jcmd P System.map`: the mappings of a process, with what the JVM says it uses them for.
//!
//! ```text
//! from               to                        vsize prot          rss      hugetlb pgsz notes   info      file
//! =====...
//! 0x00000000e0000000-0x00000000e3f00000     66060288 rw-p      2371584            0 4K   com     JAVAHEAP  -
//! 0x000055eeee0d4000-0x000055eeee11d000       299008 rw-p        98304            0 4K   com     -         [heap]
//!
//! Number of mappings: 219
//!              vsize: 3302952960 (3149M)
//! ```
//!
//! Read from the output of Temurin 25.0.3 on Linux; columns are found by their titles. Without NMT the column `info` holds
//! nothing, and the kinds are told by shape as in smaps.

use super::super::lines::{after, cut, decimal, hexadecimal, lines, text, trim, words};
use super::super::{ParseError, ParseErrorKind};
use super::{MapReader, Mapping, MappingKind, Mappings, Usage};

/// Whether `head` begins such a map: its legend or its titles.
#[must_use]
pub fn looks_like_system_map(head: &[u8]) -> bool {
    lines(head).take(60).any(|l| Columns::of(l.text).is_some())
}

/// Where columns stand, in words behind the range.
struct Columns {
    size: usize,
    permissions: usize,
    rss: usize,
    info: usize,
    file: usize,
}

impl Columns {
    /// `from to vsize prot rss ... info file`
    fn of(line: &[u8]) -> Option<Self> {
        let rest = trim(line).strip_prefix(b"from ")?;
        let all: Vec<&[u8]> = words(rest).take(20).collect();
        let (to, titles) = all.split_first()?;
        let at = |name: &[u8]| titles.iter().position(|t| *t == name);
        (*to == b"to").then_some(())?;
        Some(Self {
            size: at(b"vsize").or_else(|| at(b"size"))?,
            permissions: at(b"prot")?,
            rss: at(b"rss")?,
            info: at(b"info")?,
            file: at(b"file")?,
        })
    }

    /// A row: the mapping, and its kind where the JVM tells what it is for.
    fn row(&self, line: &[u8]) -> Option<(Mapping, Option<MappingKind>)> {
        let line = trim(line);
        let (range, mut rest) = cut(line, b" ")?;
        let (start, end) = cut(range, b"-")?;
        let (start, end) = (hexadecimal(start)?, hexadecimal(end)?);
        if end < start {
            return None;
        }
        let mut cells: Vec<&[u8]> = Vec::with_capacity(self.file);
        for _ in 0..self.file {
            rest = trim(rest);
            let end = rest.iter().position(|c| *c == b' ').unwrap_or(rest.len());
            let (cell, behind) = rest.split_at_checked(end)?;
            cells.push(cell);
            rest = behind;
        }
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let permissions: [u8; 4] = cell(self.permissions).try_into().ok()?;
        let rss = decimal(cell(self.rss))?;
        // The last column may hold blanks.
        let name = match trim(rest) {
            b"-" => String::new(),
            file => text(file, 500),
        };
        let told = told(cell(self.info), &permissions, &name);
        let anonymous = name.is_empty()
            || told == Some(MappingKind::JavaHeap)
            || matches!(name.as_str(), "[heap]" | "[stack]");
        let mapping = Mapping {
            start,
            end,
            permissions,
            name,
            kind: MappingKind::Anonymous,
            usage: Usage {
                mappings: 1,
                size: decimal(cell(self.size))?,
                rss,
                anonymous: if anonymous { rss } else { 0 },
                ..Usage::default()
            },
        };
        Some((mapping, told))
    }
}

/// What the column `info` tells: `JAVAHEAP`, `STACK-21274-GC-Thread`, `META`, `CODE`…
fn told(info: &[u8], permissions: &[u8; 4], name: &str) -> Option<MappingKind> {
    let reserved = permissions == b"---p";
    match info {
        b"-" | b"" => None,
        // What is archived of the heap is mapped from a file into it.
        b"JAVAHEAP" => Some(MappingKind::JavaHeap),
        _ if !name.is_empty() => None,
        _ if reserved => Some(MappingKind::Reserved),
        _ if info.starts_with(b"STACK") => Some(MappingKind::ThreadStack),
        // The JVM's own; 64 MiB of metaspace look like an arena of malloc.
        _ => Some(MappingKind::Anonymous),
    }
}

/// Reads `System.map`. `anonymous` is the resident memory of mappings without a file; pages of a file that were written to
/// are not told apart.
#[must_use]
pub fn read_system_map(text_: &[u8]) -> Mappings {
    let mut r = MapReader::new(Some(0..0));
    let mut columns = None;
    let mut ended = false;
    for line in lines(text_) {
        let Some(c) = &columns else {
            columns = Columns::of(line.text);
            continue;
        };
        if let Some((mapping, told)) = c.row(line.text) {
            r.out.with_usage = true;
            r.push_told(mapping, told);
        } else if let Some(n) = after(line.text, b"Number of mappings: ") {
            ended = true;
            r.push(None);
            let read = r.out.total.mappings;
            if decimal(trim(n)).is_some_and(|n| n != read) {
                r.out.errors.push(ParseError::new(
                    line.start,
                    ParseErrorKind::Unexpected,
                    "another number of mappings than was read",
                ));
            }
            break;
        }
    }
    r.push(None);
    if !ended {
        r.out.errors.push(ParseError::new(
            text_.len(),
            ParseErrorKind::Truncated,
            "expected the number of mappings, found the end of the file",
        ));
    }
    r.out
}

#[cfg(test)]
mod tests {
    use super::super::super::lines::torment;
    use super::*;

    fn fixture() -> Vec<u8> {
        std::fs::read("fixtures/proc/system-map-jdk25.txt").unwrap()
    }

    #[test]
    fn sums_are_those_that_the_map_ends_with() {
        let text = fixture();
        assert!(looks_like_system_map(&text));
        let m = read_system_map(&text);
        assert!(m.errors.is_empty(), "{:?}", m.errors);
        assert!(m.with_usage);
        let t = m.total;
        assert_eq!(
            (t.mappings, t.size, t.rss),
            (219, 3_302_952_960, 201_875_456)
        );
    }

    #[test]
    fn what_the_jvm_says_of_a_mapping_outranks_its_shape() {
        let m = read_system_map(&fixture());
        // Two rows with pages and two without; the archived objects are mapped from a file.
        let heap = m.of(MappingKind::JavaHeap);
        assert_eq!((heap.mappings, heap.rss), (4, 3_420_160));
        assert_eq!(m.of(MappingKind::MallocHeap).rss, 98_304);
        let arenas = m.of(MappingKind::MallocArena);
        assert!(
            arenas.rss >= 46_145_536 + 7_651_328 + 2_379_776,
            "{arenas:?}"
        );
        let row = "0x00007f0000000000-0x00007f0000400000 4194304 rw-p 4194304 0 4K com META -\n\
                   0x00007f0000400000-0x00007f0004000000 62914560 ---p 0 0 4K - META -\n";
        let head = "from to vsize prot rss hugetlb pgsz notes info file\n";
        let m = read_system_map(format!("{head}{row}Number of mappings: 2\n").as_bytes());
        assert_eq!(m.of(MappingKind::Anonymous).rss, 4 << 20);
        assert_eq!(m.of(MappingKind::Reserved).size, 60 << 20);
        // Without NMT the same is an arena by its shape.
        let m = read_system_map(format!("{head}{}", row.replace("META", "-")).as_bytes());
        assert_eq!(m.of(MappingKind::MallocArena).rss, 4 << 20);
        assert_eq!(m.errors[0].kind, ParseErrorKind::Truncated);
    }

    #[test]
    fn a_row_that_is_lost_is_said() {
        let text = String::from_utf8(fixture()).unwrap();
        let less: String = text
            .lines()
            .filter(|l| !l.starts_with("0x000055eeee0d4000"))
            .map(|l| format!("{l}\n"))
            .collect();
        let m = read_system_map(less.as_bytes());
        assert_eq!(m.total.mappings, 218);
        assert_eq!(m.errors.len(), 1);
    }

    #[test]
    fn damaged_text_ends_without_panic() {
        let text = fixture();
        torment(&text[..6000], |b| {
            let _ = (read_system_map(b), looks_like_system_map(b));
        });
    }
}
