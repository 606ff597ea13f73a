//! What Linux says about a process and its machine: `/proc/P/status`, `smaps`, `smaps_rollup`, `maps`, `limits`,
//! `/proc/meminfo`, `free`, `ps`, `pmap`, `top -b`.
//!
//! ```text
//! status       Name:\tjava ... VmRSS:\t  636168 kB ... Threads:\t168
//! smaps        7f..-7f.. rw-p 00000000 00:00 0   [name]   then `Rss:   1820 kB` lines; maps has the first line only
//! smaps_rollup one such line with [rollup], then sums
//! free         header line, then `Mem:  total used free ...`
//! ps           a header that names the columns; RSS and VSZ in kB
//! pmap         `P:   command`, mappings, ` total 3249124K` | `total kB 3249124 173948 151516` (-x) | sums and `KB` (-X)
//! top          `top - 13:07:50 up`, memory line with its unit in the label, a table with RES
//! ```
//!
//! Formats of Linux 5 and 6, procps-ng 3.3 and 4. All results are bounded: files and largest mappings are kept up to a
//! stated number, counts and sums are of everything.

mod system_map;

use std::collections::BTreeMap;
use std::ops::Range;

use super::heading::{self, Heading};
use super::lines::{
    Line, after, cut, decimal, find, float, hexadecimal, leading_number, lines, text, trim, words,
};
use super::{ParseError, ParseErrorKind};

pub use system_map::{looks_like_system_map, read_system_map};

/// Records kept of one text: a status every second for a day.
const MAX_RECORDS: usize = 100_000;
/// Files kept of one map.
const MAX_FILES: usize = 4_096;
/// Mappings kept of one map.
const MAX_LARGEST: usize = 32;
/// Rows kept of `ps` and of one block of `top`.
pub const MAX_ROWS: usize = 50_000;

/// `/proc/P/status`. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcStatus {
    /// Offset of its first line.
    pub at: usize,
    /// The last time that stands before it, when the text is a loop.
    pub heading: Option<Heading>,
    /// `Name`: at most 15 bytes of the executable's name.
    pub name: Option<String>,
    /// `Pid`.
    pub pid: Option<u32>,
    /// `Threads`.
    pub threads: Option<u64>,
    /// `VmPeak`: most address space so far.
    pub vm_peak: Option<u64>,
    /// `VmSize`: address space.
    pub vm_size: Option<u64>,
    /// `VmHWM`: most resident so far.
    pub vm_hwm: Option<u64>,
    /// `VmRSS`: resident.
    pub vm_rss: Option<u64>,
    /// `RssAnon`.
    pub rss_anon: Option<u64>,
    /// `RssFile`.
    pub rss_file: Option<u64>,
    /// `RssShmem`.
    pub rss_shmem: Option<u64>,
    /// `VmData`.
    pub vm_data: Option<u64>,
    /// `VmSwap`.
    pub vm_swap: Option<u64>,
}

/// A `Key: value` line.
fn field(t: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, v) = cut(t, b":")?;
    Some((trim(key), trim(v)))
}

/// `636168 kB` in bytes.
fn kilobytes(v: &[u8]) -> Option<u64> {
    let (n, rest) = leading_number(v)?;
    matches!(trim(rest), b"kB" | b"KB" | b"K")
        .then(|| n.checked_mul(1024))
        .flatten()
}

/// Reads every `/proc/P/status` in the text; a loop may print only some of its lines.
#[must_use]
pub fn read_status(text_: &[u8]) -> Vec<ProcStatus> {
    let mut out: Vec<ProcStatus> = Vec::new();
    let mut now: Option<ProcStatus> = None;
    let mut heading_ = None;
    for line in lines(text_) {
        let Some((key, v)) = field(line.text) else {
            if let Some(h) = heading::read(line.text, line.start) {
                heading_ = Some(h);
            }
            continue;
        };
        let known = matches!(
            key,
            b"Name"
                | b"Pid"
                | b"Threads"
                | b"VmPeak"
                | b"VmSize"
                | b"VmHWM"
                | b"VmRSS"
                | b"RssAnon"
                | b"RssFile"
                | b"RssShmem"
                | b"VmData"
                | b"VmSwap"
        );
        if !known {
            if let Some(h) = heading::read(line.text, line.start) {
                heading_ = Some(h);
            }
            continue;
        }
        let begins = match (&now, key) {
            (None, _) | (_, b"Name") => true,
            // Filtered by grep: the same key again is the next record.
            (Some(s), b"VmRSS") => s.vm_rss.is_some(),
            (Some(s), b"VmSize") => s.vm_size.is_some(),
            _ => false,
        };
        if begins {
            out.extend(now.take().filter(ProcStatus::says_something));
            if out.len() >= MAX_RECORDS {
                return out;
            }
            now = Some(ProcStatus {
                at: line.start,
                heading: heading_.clone(),
                ..ProcStatus::default()
            });
        }
        let Some(s) = &mut now else { continue };
        match key {
            b"Name" => s.name = Some(text(v, 64)),
            b"Pid" => s.pid = decimal(v).and_then(|n| u32::try_from(n).ok()),
            b"Threads" => s.threads = decimal(v),
            b"VmPeak" => s.vm_peak = kilobytes(v),
            b"VmSize" => s.vm_size = kilobytes(v),
            b"VmHWM" => s.vm_hwm = kilobytes(v),
            b"VmRSS" => s.vm_rss = kilobytes(v),
            b"RssAnon" => s.rss_anon = kilobytes(v),
            b"RssFile" => s.rss_file = kilobytes(v),
            b"RssShmem" => s.rss_shmem = kilobytes(v),
            b"VmData" => s.vm_data = kilobytes(v),
            b"VmSwap" => s.vm_swap = kilobytes(v),
            _ => {}
        }
    }
    out.extend(now.filter(ProcStatus::says_something));
    out
}

impl ProcStatus {
    fn says_something(&self) -> bool {
        self.vm_rss.is_some() || self.vm_size.is_some() || self.threads.is_some()
    }
}

/// Memory of one mapping or of many, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Mappings.
    pub mappings: u64,
    /// Address space.
    pub size: u64,
    /// Resident. 0 in `maps`, which does not say.
    pub rss: u64,
    /// Resident, shared pages counted in part.
    pub pss: u64,
    /// Of that no file's.
    pub anonymous: u64,
    /// Written to and not shared.
    pub private_dirty: u64,
    /// Swapped out.
    pub swap: u64,
}

impl Usage {
    fn add(&mut self, o: &Self) {
        self.mappings = self.mappings.saturating_add(o.mappings);
        self.size = self.size.saturating_add(o.size);
        self.rss = self.rss.saturating_add(o.rss);
        self.pss = self.pss.saturating_add(o.pss);
        self.anonymous = self.anonymous.saturating_add(o.anonymous);
        self.private_dirty = self.private_dirty.saturating_add(o.private_dirty);
        self.swap = self.swap.saturating_add(o.swap);
    }

    /// Takes over a line such as `Rss:   1820 kB`; whether it was one of those kept.
    fn line(&mut self, t: &[u8]) -> bool {
        let Some((key, v)) = field(t) else {
            return false;
        };
        let to = match key {
            b"Rss" => &mut self.rss,
            b"Pss" => &mut self.pss,
            b"Anonymous" => &mut self.anonymous,
            b"Private_Dirty" => &mut self.private_dirty,
            b"Swap" => &mut self.swap,
            _ => return false,
        };
        *to = kilobytes(v).unwrap_or(0);
        true
    }
}

/// `/proc/P/smaps_rollup`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Offset of its first line.
    pub at: usize,
    /// The last time that stands before it, when the text is a loop.
    pub heading: Option<Heading>,
    /// The sums; `mappings` and `size` are 0.
    pub usage: Usage,
}

/// Reads every `/proc/P/smaps_rollup` in the text.
#[must_use]
pub fn read_smaps_rollup(text_: &[u8]) -> Vec<Rollup> {
    let mut out: Vec<Rollup> = Vec::new();
    let mut now: Option<Rollup> = None;
    let mut heading_ = None;
    for line in lines(text_) {
        let t = trim(line.text);
        if t.ends_with(b"[rollup]") {
            out.extend(now.take());
            if out.len() >= MAX_RECORDS {
                return out;
            }
            now = Some(Rollup {
                at: line.start,
                heading: heading_.clone(),
                usage: Usage::default(),
            });
        } else if !now.as_mut().is_some_and(|r| r.usage.line(t))
            && let Some(h) = heading::read(t, line.start)
        {
            heading_ = Some(h);
        }
    }
    out.extend(now);
    out
}

/// What a mapping is for, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MappingKind {
    /// The Java heap: where the caller says it is, else the lowest run of anonymous mappings below 32 GiB, where a JVM
    /// puts a heap it addresses with compressed pointers. JDK 8 keeps the compressed class space right behind it, in the
    /// same mapping.
    JavaHeap,
    /// The main heap of malloc, `[heap]`.
    MallocHeap,
    /// A further arena of glibc's malloc: 64 MiB, aligned, the part not in use reserved.
    MallocArena,
    /// A thread stack: writable, behind a guard.
    ThreadStack,
    /// A shared library or executable.
    Library,
    /// Another file.
    File,
    /// Anonymous and none of the above: direct memory of large blocks, metaspace, code, GC structures.
    Anonymous,
    /// Reserved without access.
    Reserved,
    /// The kernel's: `[vdso]`, `[vvar]`.
    Kernel,
}

impl MappingKind {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JavaHeap => "java-heap",
            Self::MallocHeap => "malloc-heap",
            Self::MallocArena => "malloc-arena",
            Self::ThreadStack => "thread-stack",
            Self::Library => "library",
            Self::File => "file",
            Self::Anonymous => "anonymous",
            Self::Reserved => "reserved",
            Self::Kernel => "kernel",
        }
    }
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// `rw-p` and so on.
    pub permissions: [u8; 4],
    /// The file or `[name]`; empty when anonymous.
    pub name: String,
    /// What it is for.
    pub kind: MappingKind,
    /// Its memory.
    pub usage: Usage,
}

/// A process's map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mappings {
    /// All mappings.
    pub total: Usage,
    /// By kind.
    pub kinds: BTreeMap<MappingKind, Usage>,
    /// Files and libraries by path, at most 4096 of them.
    pub files: BTreeMap<String, Usage>,
    /// The 32 largest by resident bytes (by size in `maps`), the largest first.
    pub largest: Vec<Mapping>,
    /// Whether resident sizes were there (`smaps`) or not (`maps`).
    pub with_usage: bool,
    /// What was not understood.
    pub errors: Vec<ParseError>,
}

impl Mappings {
    /// The memory of one kind.
    #[must_use]
    pub fn of(&self, kind: MappingKind) -> Usage {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }
}

/// `7f..-7f.. rw-p 00000000 00:00 0   /path`
fn mapping_line(t: &[u8]) -> Option<(u64, u64, [u8; 4], &[u8])> {
    let (range, rest) = cut(t, b" ")?;
    let (start, end) = cut(range, b"-")?;
    let (start, end) = (hexadecimal(start)?, hexadecimal(end)?);
    let (permissions, rest) = rest.split_first_chunk::<4>()?;
    if end < start || !permissions.iter().all(|c| b"rwxps-".contains(c)) {
        return None;
    }
    // Offset, device, inode; the name is the rest and may hold blanks.
    let mut rest = trim(rest);
    for _ in 0..3 {
        let end = rest.iter().position(|c| *c == b' ').unwrap_or(rest.len());
        rest = trim(rest.get(end..)?);
    }
    Some((start, end, *permissions, rest))
}

/// Mappings read so far, the last two held back: whether one is an arena or a stack hangs on its neighbours.
struct MapReader {
    out: Mappings,
    heap: Option<Range<u64>>,
    /// The heap's range is the caller's.
    heap_known: bool,
    /// Permissions and end of the mapping before `now`.
    before: Option<(u64, u64, [u8; 4], bool)>,
    now: Option<(Mapping, bool)>,
    /// The kind of `now`, where the text itself tells it.
    told: Option<MappingKind>,
}

/// Reads `/proc/P/smaps` or `/proc/P/maps`. `heap` is where the Java heap lies, when known (NMT's map, hs_err, GC.heap_info).
#[must_use]
pub fn read_smaps(text_: &[u8], heap: Option<Range<u64>>) -> Mappings {
    let mut r = MapReader::new(heap);
    let mut cut_off = false;
    for line in lines(text_) {
        cut_off = !line.ended;
        r.line(line);
    }
    r.push(None);
    let last = text_.len();
    if cut_off && r.out.total.mappings > 0 {
        r.out.errors.push(ParseError::new(
            last,
            ParseErrorKind::Truncated,
            "the map ends inside a line",
        ));
    }
    r.out
}

impl MapReader {
    fn new(heap: Option<Range<u64>>) -> Self {
        Self {
            out: Mappings::default(),
            heap_known: heap.is_some(),
            heap,
            before: None,
            now: None,
            told: None,
        }
    }

    /// Takes in a mapping whose kind may be told.
    fn push_told(&mut self, next: Mapping, told: Option<MappingKind>) {
        self.push(Some(next));
        self.told = told;
    }

    fn line(&mut self, line: Line<'_>) {
        if let Some((start, end, permissions, name)) = mapping_line(line.text) {
            if name == b"[rollup]" {
                return;
            }
            let mapping = Mapping {
                start,
                end,
                permissions,
                name: text(name, 500),
                kind: MappingKind::Anonymous,
                usage: Usage {
                    mappings: 1,
                    size: end.saturating_sub(start),
                    ..Usage::default()
                },
            };
            self.push(Some(mapping));
        } else if let Some((m, seen)) = &mut self.now
            && m.usage.line(line.text)
        {
            *seen = true;
            self.out.with_usage = true;
        }
    }

    /// Takes in the next mapping and classifies the one before it.
    fn push(&mut self, next: Option<Mapping>) {
        let follower = next
            .as_ref()
            .map(|m| (m.start, m.end, m.permissions, m.name.is_empty()));
        let Some((mut m, _)) = self.now.take() else {
            self.now = next.map(|m| (m, false));
            return;
        };
        // By shape even where it is told: the run of the Java heap is followed there.
        let shape = self.kind(&m, follower);
        m.kind = self.told.take().unwrap_or(shape);
        self.before = Some((m.start, m.end, m.permissions, m.name.is_empty()));
        self.out.total.add(&m.usage);
        self.out.kinds.entry(m.kind).or_default().add(&m.usage);
        if matches!(m.kind, MappingKind::Library | MappingKind::File)
            && (self.out.files.len() < MAX_FILES || self.out.files.contains_key(&m.name))
        {
            self.out
                .files
                .entry(m.name.clone())
                .or_default()
                .add(&m.usage);
        }
        let weight = |m: &Mapping| (m.usage.rss, m.usage.size);
        let at = self
            .out
            .largest
            .partition_point(|o| weight(o) >= weight(&m));
        if at < MAX_LARGEST {
            self.out.largest.insert(at, m);
            self.out.largest.truncate(MAX_LARGEST);
        }
        self.now = next.map(|m| (m, false));
    }

    fn kind(&mut self, m: &Mapping, next: Option<(u64, u64, [u8; 4], bool)>) -> MappingKind {
        const ARENA: u64 = 64 << 20;
        const GIB: u64 = 1 << 30;
        if m.name.starts_with('[') {
            return match m.name.as_str() {
                "[heap]" => MappingKind::MallocHeap,
                "[stack]" => MappingKind::ThreadStack,
                n if n.starts_with("[stack:") => MappingKind::ThreadStack,
                n if n.starts_with("[anon") => MappingKind::Anonymous,
                _ => MappingKind::Kernel,
            };
        }
        if !m.name.is_empty() {
            let file = m.name.rsplit('/').next().unwrap_or(&m.name);
            let executable = m.permissions.contains(&b'x');
            return if file.contains(".so") || executable || file == "java" {
                MappingKind::Library
            } else {
                MappingKind::File
            };
        }
        // Anonymous from here on.
        let in_heap = match &mut self.heap {
            Some(h) if self.heap_known => m.start < h.end && m.end > h.start,
            // The run goes on while mappings adjoin, and a heap without shifted pointers ends at 4 GiB.
            Some(h) => {
                let stop = if h.start < 4 * GIB { 4 * GIB } else { 32 * GIB };
                let goes_on = m.start < stop && m.start >= h.start;
                if goes_on {
                    h.end = h.end.max(m.end);
                }
                goes_on
            }
            None if m.start < 32 * GIB && m.start >= 64 << 10 => {
                self.heap = Some(m.start..m.end);
                true
            }
            None => false,
        };
        if in_heap {
            return MappingKind::JavaHeap;
        }
        let reserved = &m.permissions == b"---p";
        let writable = m.permissions.starts_with(b"rw-");
        if writable && m.start.is_multiple_of(ARENA) {
            let whole = m.end - m.start == ARENA;
            let rest = next.is_some_and(|(start, end, p, anonymous)| {
                anonymous && &p == b"---p" && start == m.end && end.wrapping_sub(m.start) == ARENA
            });
            if whole || rest {
                return MappingKind::MallocArena;
            }
        }
        if reserved {
            return MappingKind::Reserved;
        }
        if writable
            && (64 << 10..=64 << 20).contains(&(m.end - m.start))
            && let Some((start, end, p, anonymous)) = self.before
            && anonymous
            && &p == b"---p"
            && end == m.start
            && end - start <= 256 << 10
        {
            return MappingKind::ThreadStack;
        }
        MappingKind::Anonymous
    }
}

/// A machine's memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineMemory {
    /// All of it.
    pub total: Option<u64>,
    /// Free.
    pub free: Option<u64>,
    /// What could be had without swapping.
    pub available: Option<u64>,
    /// Page cache and buffers.
    pub cache: Option<u64>,
    /// Swap space.
    pub swap_total: Option<u64>,
    /// Swap space in use.
    pub swap_used: Option<u64>,
}

/// Reads `/proc/meminfo`.
#[must_use]
pub fn read_meminfo(text: &[u8]) -> Option<MachineMemory> {
    let mut out = MachineMemory::default();
    let mut swap_free = None;
    for line in lines(text).take(400) {
        let Some((key, v)) = field(line.text) else {
            continue;
        };
        match key {
            b"MemTotal" => out.total = kilobytes(v),
            b"MemFree" => out.free = kilobytes(v),
            b"MemAvailable" => out.available = kilobytes(v),
            b"Cached" => out.cache = kilobytes(v),
            b"SwapTotal" => out.swap_total = kilobytes(v),
            b"SwapFree" => swap_free = kilobytes(v),
            _ => {}
        }
    }
    out.swap_used = out
        .swap_total
        .zip(swap_free)
        .map(|(t, f)| t.saturating_sub(f));
    out.total.is_some().then_some(out)
}

/// Reads the last `free` in the text, with whatever unit: `-b`, kibibytes, `-m`, `-g`, `-h`.
///
/// The plain forms do not name their unit; it is the one that makes a machine of 300 MB to 4 TB of the total.
#[must_use]
pub fn read_free(text: &[u8]) -> Option<MachineMemory> {
    let mut columns: Vec<&[u8]> = Vec::new();
    let mut out: Option<MachineMemory> = None;
    let mut unit = 1u64;
    for line in lines(text) {
        let t = trim(line.text);
        if words(t).next() == Some(b"total") {
            columns = words(t).take(12).collect();
            continue;
        }
        let memory = t.starts_with(b"Mem:");
        if columns.is_empty() || !(memory || t.starts_with(b"Swap:")) {
            continue;
        }
        let figures: Vec<(u64, bool)> = words(t).skip(1).take(12).map_while(human).collect();
        let get = |name: &[u8]| -> Option<u64> {
            let at = columns.iter().position(|c| *c == name)?;
            let (n, scaled) = figures.get(at)?;
            n.checked_mul(if *scaled { 1 } else { unit })
        };
        if memory {
            unit = match figures.first() {
                Some((4_000_000_000.., _)) => 1,
                Some((300_000.., _)) => 1 << 10,
                Some((256.., _)) => 1 << 20,
                _ => 1 << 30,
            };
            let get = |name: &[u8]| -> Option<u64> {
                let at = columns.iter().position(|c| *c == name)?;
                let (n, scaled) = figures.get(at)?;
                n.checked_mul(if *scaled { 1 } else { unit })
            };
            out = Some(MachineMemory {
                total: get(b"total"),
                free: get(b"free"),
                available: get(b"available"),
                cache: get(b"buff/cache").or_else(|| get(b"cached")),
                ..MachineMemory::default()
            });
        } else if let Some(m) = &mut out {
            m.swap_total = get(b"total");
            m.swap_used = get(b"used");
        }
    }
    out.filter(|m| m.total.is_some())
}

/// A number with or without a unit of `free -h` or `top`: `23Gi`, `1.5g`, `0B`, `3670880256`; in bytes when there is one.
fn human(w: &[u8]) -> Option<(u64, bool)> {
    if let Some(n) = decimal(w) {
        return Some((n, false));
    }
    let end = w
        .iter()
        .position(|c| !(c.is_ascii_digit() || matches!(c, b'.' | b',')))
        .unwrap_or(w.len());
    let (number, unit) = w.split_at_checked(end)?;
    let number = number
        .iter()
        .map(|c| if *c == b',' { b'.' } else { *c })
        .collect::<Vec<_>>();
    let factor = match unit.to_ascii_lowercase().as_slice() {
        b"" => return float(&number).map(|n| (n as u64, false)),
        b"b" => 1u64,
        b"k" | b"ki" | b"kib" => 1 << 10,
        b"m" | b"mi" | b"mib" => 1 << 20,
        b"g" | b"gi" | b"gib" => 1 << 30,
        b"t" | b"ti" | b"tib" => 1 << 40,
        _ => return None,
    };
    let n = float(&number)? * factor as f64;
    (0.0..1e19).contains(&n).then_some((n as u64, true))
}

/// A row of `ps`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PsRow {
    /// Offset of the row.
    pub at: usize,
    /// The last time that stands before it, when the text is a loop.
    pub heading: Option<Heading>,
    /// Which table of the text it stands in, from 0.
    pub table: usize,
    /// `PID`.
    pub pid: Option<u32>,
    /// `RSS` in bytes.
    pub rss: Option<u64>,
    /// `VSZ` in bytes.
    pub vsz: Option<u64>,
    /// `NLWP`, `THCNT`.
    pub threads: Option<u64>,
    /// The command, secrets taken out, at most 4 KiB of it.
    pub command: String,
}

/// Reads `ps` with any columns that include the pid.
#[must_use]
pub fn read_ps(text_: &[u8]) -> Vec<PsRow> {
    let mut columns: Vec<&[u8]> = Vec::new();
    let mut out: Vec<PsRow> = Vec::new();
    let mut heading_ = None;
    let mut tables = 0usize;
    for line in lines(text_) {
        let t = trim(line.text);
        let first: Vec<&[u8]> = words(t).take(40).collect();
        if first.contains(&&b"PID"[..]) && !first.contains(&&b"RES"[..]) {
            columns = first;
            tables += 1;
            continue;
        }
        if t.is_empty() || out.len() >= MAX_ROWS {
            continue;
        }
        let mut row = PsRow {
            at: line.start,
            table: tables.saturating_sub(1),
            ..PsRow::default()
        };
        let mut rest = t;
        for name in &columns {
            let end = rest
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(rest.len());
            let (w, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            match *name {
                b"PID" => row.pid = decimal(w).and_then(|n| u32::try_from(n).ok()),
                b"RSS" | b"RSZ" => row.rss = decimal(w).and_then(|n| n.checked_mul(1024)),
                b"VSZ" => row.vsz = decimal(w).and_then(|n| n.checked_mul(1024)),
                b"NLWP" | b"THCNT" => row.threads = decimal(w),
                b"CMD" | b"COMMAND" | b"ARGS" => {
                    row.command = shown_command(rest);
                    break;
                }
                _ => {}
            }
            rest = trim(tail);
        }
        if row.pid.is_some() {
            row.heading.clone_from(&heading_);
            out.push(row);
        } else if let Some(h) = heading::read(t, line.start) {
            heading_ = Some(h);
        }
    }
    out
}

fn shown_command(b: &[u8]) -> String {
    let t = text(b, 4096);
    let words: Vec<_> = t.split(' ').map(super::flags::without_secret).collect();
    words.join(" ")
}

/// What `pmap` says in all, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pmap {
    /// The process.
    pub pid: Option<u32>,
    /// Its command, secrets taken out.
    pub command: String,
    /// Mappings listed.
    pub mappings: u64,
    /// Address space.
    pub size: Option<u64>,
    /// Resident (`-x`, `-X`).
    pub rss: Option<u64>,
    /// Written to (`-x`).
    pub dirty: Option<u64>,
    /// Anonymous (`-X`).
    pub anonymous: Option<u64>,
    /// Whether the last line, the sum, is there.
    pub complete: bool,
}

/// Reads `pmap`, `pmap -x` or `pmap -X`.
#[must_use]
pub fn read_pmap(text_: &[u8]) -> Option<Pmap> {
    let mut out = Pmap::default();
    let mut columns: Vec<&[u8]> = Vec::new();
    for line in lines(text_) {
        let t = trim(line.text);
        if out.pid.is_none() {
            if let Some((pid, command)) = cut(t, b":")
                && let Some(pid) = decimal(pid).and_then(|n| u32::try_from(n).ok())
            {
                out.pid = Some(pid);
                out.command = shown_command(trim(command));
            }
            continue;
        }
        let kb = |w: &[u8]| decimal(w).and_then(|n| n.checked_mul(1024));
        let mut w = words(t);
        let first = w.next().unwrap_or_default();
        if first == b"Address" {
            columns = words(t).take(64).collect();
        } else if first == b"total" {
            let rest: Vec<&[u8]> = w.take(4).collect();
            match rest.as_slice() {
                [b"kB", size, more @ ..] => {
                    out.size = kb(size);
                    out.rss = more.first().and_then(|w| kb(w));
                    out.dirty = more.get(1).and_then(|w| kb(w));
                }
                [size, ..] => out.size = size.strip_suffix(b"K").and_then(kb),
                [] => {}
            }
            out.complete = true;
        } else if t.ends_with(b" KB") && columns.contains(&&b"Perm"[..]) {
            // The sums stand below the columns from the sixth on: the address, mode, offset, device and inode have none.
            for (name, figure) in columns.iter().skip(5).zip(words(t)) {
                match *name {
                    b"Size" => out.size = kb(figure),
                    b"Rss" => out.rss = kb(figure),
                    b"Anonymous" => out.anonymous = kb(figure),
                    _ => {}
                }
            }
            out.complete = true;
        } else if first.len() >= 6 && hexadecimal(first).is_some() {
            out.mappings += 1;
        }
    }
    out.pid
        .is_some()
        .then_some(out)
        .filter(|p| p.mappings > 0 || p.complete)
}

/// A row of `top -b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopRow {
    /// `PID`; with `-H` that of the thread.
    pub pid: Option<u32>,
    /// `VIRT` in bytes.
    pub virt: Option<u64>,
    /// `RES` in bytes.
    pub res: Option<u64>,
    /// `SHR` in bytes.
    pub shr: Option<u64>,
    /// `COMMAND`, the thread's name with `-H`.
    pub command: String,
}

/// One block of `top -b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopBlock {
    /// Offset of its first line.
    pub at: usize,
    /// Time of day, in seconds. `top` prints no date.
    pub second_of_day: Option<u32>,
    /// The last date and time that stands before it.
    pub heading: Option<Heading>,
    /// Rows are threads (`-H`).
    pub threads: bool,
    /// Memory of the machine in bytes.
    pub memory_total: Option<u64>,
    /// Rows, at most 4096.
    pub rows: Vec<TopRow>,
}

/// Reads every block of `top -b`.
#[must_use]
pub fn read_top(text_: &[u8]) -> Vec<TopBlock> {
    let mut out: Vec<TopBlock> = Vec::new();
    let mut columns: Vec<&[u8]> = Vec::new();
    let mut heading_ = None;
    for line in lines(text_) {
        let t = trim(line.text);
        if let Some(rest) = t.strip_prefix(b"top - ") {
            if out.len() >= MAX_RECORDS {
                break;
            }
            columns.clear();
            out.push(TopBlock {
                at: line.start,
                second_of_day: words(rest).next().and_then(second_of_day),
                heading: heading_.clone(),
                ..TopBlock::default()
            });
            continue;
        }
        let Some(block) = out.last_mut() else {
            if let Some(h) = heading::read(t, line.start) {
                heading_ = Some(h);
            }
            continue;
        };
        if t.starts_with(b"Threads:") {
            block.threads = true;
        } else if let Some((label, rest)) = cut(t, b" Mem")
            && let Some((_, rest)) = cut(rest, b":")
        {
            let factor = match label {
                b"KiB" => 1u64 << 10,
                b"MiB" => 1 << 20,
                b"GiB" => 1 << 30,
                b"TiB" => 1 << 40,
                _ => continue,
            };
            let total = words(rest).next().and_then(float);
            block.memory_total = total
                .map(|n| n * factor as f64)
                .filter(|n| (0.0..1e19).contains(n))
                .map(|n| n as u64);
        } else if words(t).next() == Some(b"PID") {
            columns = words(t).take(40).collect();
        } else if !columns.is_empty() && t.first().is_some_and(u8::is_ascii_digit) {
            let size = |w: &[u8]| {
                let (n, scaled) = human(w)?;
                if scaled { Some(n) } else { n.checked_mul(1024) }
            };
            let mut row = TopRow::default();
            for (name, w) in columns.iter().zip(words(t)) {
                match *name {
                    b"PID" => row.pid = decimal(w).and_then(|n| u32::try_from(n).ok()),
                    b"VIRT" => row.virt = size(w),
                    b"RES" => row.res = size(w),
                    b"SHR" => row.shr = size(w),
                    b"COMMAND" => row.command = text(w, 200),
                    _ => {}
                }
            }
            if row.pid.is_some() && block.rows.len() < MAX_ROWS {
                block.rows.push(row);
            }
        } else if let Some(h) = heading::read(t, line.start) {
            heading_ = Some(h);
        }
    }
    out
}

fn second_of_day(w: &[u8]) -> Option<u32> {
    let mut parts = w.split(|c| *c == b':').map(decimal);
    let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
    if h > 23 || m > 59 || s > 60 {
        return None;
    }
    u32::try_from(h * 3600 + m * 60 + s).ok()
}

/// `/proc/P/limits`: what bounds memory and threads. `None` is unlimited or not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `Max address space`, soft, in bytes.
    pub address_space: Option<u64>,
    /// `Max processes`, soft: threads of the user.
    pub processes: Option<u64>,
    /// `Max open files`, soft.
    pub open_files: Option<u64>,
}

/// Reads `/proc/P/limits`.
#[must_use]
pub fn read_limits(text: &[u8]) -> Option<Limits> {
    let mut out = Limits::default();
    let mut any = false;
    for line in lines(text).take(60) {
        let soft = |name: &[u8]| after(line.text, name).map(|r| words(r).next().and_then(decimal));
        if let Some(v) = soft(b"Max address space") {
            out.address_space = v;
            any = true;
        } else if let Some(v) = soft(b"Max processes") {
            out.processes = v;
            any = true;
        } else if let Some(v) = soft(b"Max open files") {
            out.open_files = v;
            any = true;
        }
    }
    any.then_some(out)
}

/// A text about a process or machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcText {
    /// [`read_status`].
    Status,
    /// [`read_smaps_rollup`].
    SmapsRollup,
    /// `smaps` or `maps`: [`read_smaps`].
    Smaps,
    /// [`read_meminfo`].
    Meminfo,
    /// [`read_free`].
    Free,
    /// [`read_ps`].
    Ps,
    /// [`read_pmap`].
    Pmap,
    /// [`read_top`].
    Top,
    /// [`read_limits`].
    Limits,
}

/// Which of these texts begins with `head`.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<ProcText> {
    let mut pid_command = false;
    let mut free_columns = false;
    for line in lines(head).take(12) {
        let t = trim(line.text);
        let mut w = words(t);
        let first = w.next().unwrap_or_default();
        let second = w.next().unwrap_or_default();
        if line.text.starts_with(b"Name:\t")
            || line.text.starts_with(b"VmRSS:\t")
            || line.text.starts_with(b"VmPeak:\t")
        {
            return Some(ProcText::Status);
        }
        if t.ends_with(b"[rollup]") {
            return Some(ProcText::SmapsRollup);
        }
        if mapping_line(line.text).is_some() {
            return Some(ProcText::Smaps);
        }
        if t.starts_with(b"MemTotal:") {
            return Some(ProcText::Meminfo);
        }
        if first == b"total" && second == b"used" {
            free_columns = true;
        } else if free_columns && first == b"Mem:" {
            return Some(ProcText::Free);
        }
        if t.starts_with(b"top - ") && find(t, b" up ").is_some() {
            return Some(ProcText::Top);
        }
        if first == b"Limit" && second == b"Soft" {
            return Some(ProcText::Limits);
        }
        if t.starts_with(b"PID ")
            || t.starts_with(b"USER ")
            || t.starts_with(b"UID ")
            || t.starts_with(b"F ")
        {
            let all: Vec<&[u8]> = words(t).take(40).collect();
            let has = |n: &[u8]| all.contains(&n);
            if has(b"PID") && !has(b"RES") && (has(b"CMD") || has(b"COMMAND") || has(b"RSS")) {
                return Some(ProcText::Ps);
            }
        }
        let size = second.last().is_some_and(|c| *c == b'K')
            && decimal(second.strip_suffix(b"K").unwrap_or_default()).is_some();
        let address = first.len() >= 6 && hexadecimal(first).is_some();
        if pid_command && ((address && size) || first == b"Address") {
            return Some(ProcText::Pmap);
        }
        if !pid_command && first.ends_with(b":") && !second.is_empty() {
            pid_command = decimal(first.strip_suffix(b":").unwrap_or_default()).is_some();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    const KB: u64 = 1024;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/proc/{name}")).unwrap()
    }

    #[test]
    fn status_gives_resident_sizes_and_threads() {
        let all = read_status(&fixture("status.txt"));
        assert_eq!(all.len(), 1);
        let s = &all[0];
        assert_eq!(
            (s.name.as_deref(), s.pid, s.threads),
            (Some("java"), Some(10932), Some(168))
        );
        assert_eq!(s.vm_rss, Some(636_168 * KB));
        assert_eq!(
            (s.rss_anon, s.rss_file, s.rss_shmem),
            (Some(604_452 * KB), Some(31_716 * KB), Some(0))
        );
        assert_eq!(
            (s.vm_hwm, s.vm_peak),
            (Some(639_720 * KB), Some(3_488_232 * KB))
        );
    }

    #[test]
    fn a_loop_over_status_gives_each_with_its_time() {
        let text = "Sun Nov 22 13:07:50 UTC 2026\nVmRSS:\t  100 kB\nRssAnon:\t 60 kB\n\
                    Sun Nov 22 13:07:51 UTC 2026\r\nVmRSS:\t  110 kB\r\nRssAnon:\t 70 kB\r\n";
        let all = read_status(text.as_bytes());
        let got: Vec<_> = all
            .iter()
            .map(|s| {
                (
                    s.heading.as_ref().unwrap().time.local_time(),
                    s.vm_rss,
                    s.rss_anon,
                )
            })
            .collect();
        assert_eq!(
            got,
            [
                ("13:07:50".to_owned(), Some(100 * KB), Some(60 * KB)),
                ("13:07:51".to_owned(), Some(110 * KB), Some(70 * KB))
            ]
        );
    }

    #[test]
    fn the_rollup_gives_the_sums() {
        let all = read_smaps_rollup(&fixture("smaps_rollup.txt"));
        assert_eq!(all.len(), 1);
        let u = all[0].usage;
        assert_eq!(
            (u.rss, u.pss, u.anonymous),
            (1_147_168 * KB, 1_126_635 * KB, 1_115_452 * KB)
        );
        assert_eq!((u.private_dirty, u.swap), (1_115_468 * KB, 0));
    }

    #[test]
    fn smaps_is_sorted_into_kinds() {
        let m = read_smaps(&fixture("smaps.txt"), None);
        assert_eq!(m.errors, []);
        assert!(m.with_usage);
        // The figures of smaps_rollup, pmap -x and pmap -X for the same process.
        assert_eq!(m.total.rss, 173_948 * KB);
        assert_eq!(m.total.anonymous, 151_500 * KB);
        let heap = m.of(MappingKind::JavaHeap);
        assert_eq!(
            (heap.mappings, heap.size),
            (4, 0x1_0000_0000 - 0xe000_0000 - (468 + 480) * KB)
        );
        // 15 arenas of 64 MiB with 4416 kB resident were counted in it by hand.
        let arenas = m.of(MappingKind::MallocArena);
        assert_eq!((arenas.mappings, arenas.rss), (15, 4_416 * KB));
        assert_eq!(m.of(MappingKind::MallocHeap).mappings, 1);
        let stacks = m.of(MappingKind::ThreadStack);
        assert!((20..=30).contains(&stacks.mappings), "{stacks:?}");
        let jvm = m
            .files
            .iter()
            .find(|(k, _)| k.ends_with("libjvm.so"))
            .unwrap()
            .1;
        assert!(jvm.rss > 10_000 * KB, "{jvm:?}");
        let sum: u64 = m.kinds.values().map(|u| u.rss).sum();
        assert_eq!(sum, m.total.rss);
        assert_eq!(
            m.largest[0].usage.rss,
            m.largest.iter().map(|l| l.usage.rss).max().unwrap()
        );
    }

    #[test]
    fn maps_has_kinds_without_resident_sizes() {
        let m = read_smaps(&fixture("maps.txt"), Some(0xe000_0000..0x1_0000_0000));
        assert!(!m.with_usage);
        assert_eq!(m.of(MappingKind::MallocArena).mappings, 15);
        assert_eq!(m.of(MappingKind::JavaHeap).mappings, 4);
        assert_eq!(m.total.rss, 0);
    }

    #[test]
    fn the_memory_of_the_machine_is_read_in_any_unit() {
        let free = read_free(&fixture("free-b.txt")).unwrap();
        assert_eq!(free.total, Some(25_276_510_208));
        assert_eq!(
            (free.free, free.available),
            (Some(21_485_162_496), Some(21_605_629_952))
        );
        assert_eq!((free.swap_total, free.swap_used), (Some(0), Some(0)));
        let plain = |total: &str| {
            let t = format!(
                "              total        used        free      shared  buff/cache   available\nMem:  {total}  1  2  3  4  5\n"
            );
            read_free(t.as_bytes()).unwrap().total.unwrap()
        };
        assert_eq!(plain("24684092"), 24_684_092 * KB);
        assert_eq!(plain("24105"), 24_105 << 20);
        assert_eq!(plain("23"), 23 << 30);
        assert_eq!(plain("23Gi"), 23 << 30);
        let info = read_meminfo(b"MemTotal:       24684092 kB\nMemFree:        19512084 kB\nMemAvailable:   20000000 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n").unwrap();
        assert_eq!(
            (info.total, info.swap_used),
            (Some(24_684_092 * KB), Some(6 * KB))
        );
    }

    #[test]
    fn ps_pmap_top_and_limits_are_read() {
        let ps = read_ps(&fixture("ps.txt"));
        assert_eq!(ps.len(), 1);
        assert_eq!(
            (ps[0].pid, ps[0].rss, ps[0].vsz, ps[0].threads),
            (
                Some(15132),
                Some(173_948 * KB),
                Some(3_249_120 * KB),
                Some(26)
            )
        );
        assert!(ps[0].command.starts_with("/opt/java/jdk-17/bin/java -XX:"));
        let aux = read_ps(b"USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nnacos      77  0.5  1.0 100 50 ?  Sl 13:07  0:01 java -Dtoken.key=abc -jar x.jar\n");
        assert_eq!((aux[0].pid, aux[0].rss), (Some(77), Some(50 * KB)));
        assert_eq!(aux[0].command, "java -Dtoken.key=<redacted> -jar x.jar");

        for (name, rss, dirty, anonymous) in [
            ("pmap.txt", None, None, None),
            ("pmap-x.txt", Some(173_948), Some(151_516), None),
            ("pmap-X.txt", Some(173_948), None, Some(151_500)),
        ] {
            let p = read_pmap(&fixture(name)).unwrap();
            assert_eq!(p.pid, Some(15132), "{name}");
            assert!(p.complete && p.mappings > 10, "{name}: {p:?}");
            assert_eq!(p.size, Some(3_249_124 * KB), "{name}");
            assert_eq!(p.rss, rss.map(|n: u64| n * KB), "{name}");
            assert_eq!(p.dirty, dirty.map(|n: u64| n * KB), "{name}");
            assert_eq!(p.anonymous, anonymous.map(|n: u64| n * KB), "{name}");
        }

        let top = read_top(&fixture("top-b.txt"));
        assert_eq!(top.len(), 2);
        assert_eq!(top[0].second_of_day, Some(13 * 3600 + 7 * 60 + 50));
        assert_eq!(top[0].memory_total, Some((24105.6 * 1048576.0) as u64));
        assert_eq!(
            (top[1].rows[0].pid, top[1].rows[0].res, top[1].threads),
            (Some(15132), Some(173_948 * KB), false)
        );
        let wide = read_top(b"top - 13:07:50 up 1 day\n  PID USER PR NI VIRT RES SHR S %CPU %MEM TIME+ COMMAND\n 1 app 20 0 10.5g 1.5g 22448 S 0 0 0:00 java\n");
        assert_eq!(wide[0].rows[0].res, Some(3 << 29));

        let limits = read_limits(b"Limit                     Soft Limit           Hard Limit           Units     \nMax processes             96365                96365                processes \nMax address space         unlimited            unlimited            bytes     \n").unwrap();
        assert_eq!(
            (limits.processes, limits.address_space),
            (Some(96365), None)
        );
    }

    const FIXTURES: [(&str, ProcText); 9] = [
        ("status.txt", ProcText::Status),
        ("smaps_rollup.txt", ProcText::SmapsRollup),
        ("smaps.txt", ProcText::Smaps),
        ("maps.txt", ProcText::Smaps),
        ("free-b.txt", ProcText::Free),
        ("ps.txt", ProcText::Ps),
        ("pmap-x.txt", ProcText::Pmap),
        ("pmap-X.txt", ProcText::Pmap),
        ("top-b.txt", ProcText::Top),
    ];

    #[test]
    fn texts_are_told_by_their_content() {
        for (name, kind) in FIXTURES {
            assert_eq!(sniff(&fixture(name)), Some(kind), "{name}");
        }
        assert_eq!(sniff(&fixture("pmap.txt")), Some(ProcText::Pmap));
        assert_eq!(sniff(b"13488:\n\nNative Memory Tracking:\n"), None);
    }

    #[test]
    fn a_map_cut_inside_a_line_says_so() {
        let whole = fixture("smaps.txt");
        let m = read_smaps(&whole[..whole.len() / 2 + 7], None);
        assert_eq!(m.errors.len(), 1);
        assert_eq!(m.errors[0].kind, ParseErrorKind::Truncated);
    }

    #[test]
    fn damaged_texts_end_without_panic() {
        for (name, _) in FIXTURES {
            torment(&fixture(name), |b| {
                let _ = sniff(b);
                match name {
                    "smaps.txt" | "maps.txt" => drop(read_smaps(b, None)),
                    _ => drop((
                        read_status(b),
                        read_smaps_rollup(b),
                        read_meminfo(b),
                        read_free(b),
                        read_ps(b),
                        read_pmap(b),
                        read_top(b),
                        read_limits(b),
                        read_smaps(b, None),
                    )),
                }
            });
        }
    }
}
