//! hs_err_pid.log, which HotSpot writes when it dies, and `jcmd P VM.info`, the same report of a JVM that lives.
//!
//! ```text
//! head      # There is insufficient memory ... / # Native memory allocation (mmap) failed to map N bytes. ...
//!           #  SIGSEGV (0xb) at pc=.., pid=.., tid=..  /  #  Out of Memory Error (os_linux.cpp:2832), pid=.., tid=..
//!           # JRE version: ... (17.0.15+6) ...
//!           # Java VM: OpenJDK 64-Bit Server VM (17.0.15+6-.., mixed mode, .., g1 gc, linux-amd64)
//! sections  ---------------  S U M M A R Y ------------ ... P R O C E S S ... S Y S T E M ... END.
//! ```
//!
//! Lines are known by their labels, since their order differs by version. JDK 8 has no summary section and prints time and
//! elapsed time at the end. Read from files of Temurin 11.0.13, 21.0.8, 25.0.3 and Debian 17.0.15; the lines of 8 from
//! HotSpot's source.

use std::ops::Range;

use nom::bytes::complete::{tag, take_until};
use nom::character::complete::{multispace0, u64 as number};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::flags::{
    Collector, CommandLine, JvmFlags, java_major, read_command_line, read_flag_table,
    read_vm_command_line, vm_major,
};
use super::heading::{self, Heading};
use super::heap_info::HeapInfo;
use super::lines::{
    after, cut, decimal, float, hexadecimal, leading_number, leading_size, lines, pid_line, text,
    trim, words,
};
use super::nmt::{self, NmtText};
use super::proc::{self, MachineMemory, Mappings};
use super::{ParseError, ParseErrorKind};

/// Why the report was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// The operating system gave no memory.
    NativeMemory,
    /// A signal: `SIGSEGV`.
    Signal(String),
    /// An error of the VM's own: the line as written.
    Internal(String),
    /// No crash: `VM.info`.
    VmInfo,
}

impl CrashKind {
    /// A short name for reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NativeMemory => "native-memory",
            Self::Signal(s) => s,
            Self::Internal(_) => "internal-error",
            Self::VmInfo => "vm-info",
        }
    }
}

/// The allocation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAllocation {
    /// How memory was asked for: `mmap`, `malloc`.
    pub operation: String,
    /// Bytes asked for.
    pub bytes: u64,
    /// What for, where told: `committing reserved memory`, `AllocateHeap`.
    pub detail: Option<String>,
}

/// What the report says of the process's memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// `Virtual Size`.
    pub virtual_size: Option<u64>,
    /// Resident.
    pub rss: Option<u64>,
    /// Most resident so far.
    pub rss_peak: Option<u64>,
    /// Resident and of no file.
    pub anon: Option<u64>,
    /// Resident and of files.
    pub file: Option<u64>,
    /// Resident and shared.
    pub shmem: Option<u64>,
    /// Swapped out.
    pub swapped: Option<u64>,
    /// In use in glibc's malloc. On 11 it leaves out blocks that were mapped.
    pub malloc_outstanding: Option<u64>,
    /// Free and kept by glibc's malloc (17 and later).
    pub malloc_retained: Option<u64>,
}

/// What the report says of the container, in bytes; `None` is unlimited or not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// `cgroupv1`, `cgroupv2`.
    pub kind: Option<String>,
    /// `memory_limit_in_bytes`.
    pub limit: Option<u64>,
    /// `memory_usage_in_bytes`: page cache included.
    pub usage: Option<u64>,
    /// `memory_max_usage_in_bytes`.
    pub max_usage: Option<u64>,
    /// `active_processor_count`.
    pub processors: Option<u64>,
}

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub struct HsErr {
    /// Why it was written.
    pub kind: CrashKind,
    /// The allocation that failed.
    pub failed: Option<FailedAllocation>,
    /// The process.
    pub pid: Option<u32>,
    /// The frame it happened in.
    pub problematic_frame: Option<String>,
    /// Name of the thread it happened in.
    pub thread: Option<String>,
    /// The JRE's version: `17.0.15+6`.
    pub jre_version: Option<String>,
    /// What stands in the parentheses of the line `Java VM`.
    pub vm: Option<String>,
    /// Major version of the JDK.
    pub jdk_major: Option<u32>,
    /// The collector, as the line `Java VM` names it or the flags do.
    pub collector: Option<Collector>,
    /// The command line; options from `jvm_args` when the summary has none.
    pub command_line: CommandLine,
    /// The command line's flags and what `[Global flags]` lists.
    pub flags: JvmFlags,
    /// When it was written. The zone is named in its text, its offset known only for UTC.
    pub time: Option<Heading>,
    /// Seconds since the JVM started.
    pub elapsed_seconds: Option<f64>,
    /// Processors of the host.
    pub cores: Option<u32>,
    /// Where the Java heap lies.
    pub heap: Option<Range<u64>>,
    /// Java heap committed, in bytes, over its generations.
    pub heap_committed: Option<u64>,
    /// Java heap in use, in bytes, over its generations.
    pub heap_used: Option<u64>,
    /// The process's memory.
    pub memory: ProcessMemory,
    /// The machine's memory.
    pub machine: Option<MachineMemory>,
    /// The container.
    pub container: Container,
    /// The mappings of the process, without resident sizes.
    pub mappings: Option<Mappings>,
    /// Native Memory Tracking; offsets are from the start of this text.
    pub nmt: NmtText,
    /// Whether the last line, `END.`, is there.
    pub complete: bool,
    /// What was not understood.
    pub errors: Vec<ParseError>,
}

/// Whether a text that begins with `head` is such a report.
#[must_use]
pub fn looks_like_hs_err(head: &[u8]) -> bool {
    lines(head).take(60).any(|l| {
        let t = trim(l.text);
        t.starts_with(b"# JRE version:")
            || t.starts_with(b"# A fatal error has been detected by the Java Runtime")
            || t.starts_with(b"# There is insufficient memory for the Java Runtime")
            || t.starts_with(b"# Java VM:")
    })
}

/// `# Native memory allocation (mmap) failed to map 536870912000 bytes. Error detail: committing reserved memory.` and the
/// older `(malloc) failed to allocate 32744 bytes for ChunkPool::allocate`. Also a line of stdout, without the `#`.
#[must_use]
pub fn read_failed_allocation(line: &[u8]) -> Option<FailedAllocation> {
    fn head(i: &[u8]) -> IResult<&[u8], (&[u8], u64)> {
        let (i, _) = take_until("Native memory allocation (").parse(i)?;
        let operation = delimited(tag("Native memory allocation ("), take_until(")"), tag(")"));
        let verb = (tag(" failed to "), take_until(" "), multispace0);
        let (i, (operation, _, bytes, _)) = (operation, verb, number, tag(" bytes")).parse(i)?;
        Ok((i, (operation, bytes)))
    }
    let (rest, (operation, bytes)) = head(line).ok()?;
    let rest = trim(rest);
    let detail = after(rest, b"Error detail: ").or_else(|| rest.strip_prefix(b"for "));
    Some(FailedAllocation {
        operation: text(operation, 40),
        bytes,
        detail: detail
            .map(|d| trim(d).strip_suffix(b".").unwrap_or(d))
            .map(|d| text(trim(d), 200)),
    })
}

/// `(17.0.15+6-Debian-1deb12u1, mixed mode, sharing, .., g1 gc, linux-amd64)`: the last parentheses' inside.
fn vm_line(i: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded(
        (take_until(" VM"), take_until("("), tag("(")),
        take_until(")"),
    )
    .parse(i)
}

/// Where the sections that are read as a whole begin.
#[derive(Default)]
struct Sections {
    flags: Option<Range<usize>>,
    nmt: Option<Range<usize>>,
    meminfo: Option<Range<usize>>,
    maps: Option<Range<usize>>,
    arguments: Option<Range<usize>>,
}

/// Which of them the reader is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Nothing,
    Flags,
    Nmt,
    Meminfo,
    Maps,
    Heap,
}

/// Reads a report.
#[must_use]
pub fn read(text_: &[u8]) -> HsErr {
    let mut out = HsErr {
        kind: CrashKind::VmInfo,
        failed: None,
        pid: None,
        problematic_frame: None,
        thread: None,
        jre_version: None,
        vm: None,
        jdk_major: None,
        collector: None,
        command_line: CommandLine::default(),
        flags: JvmFlags::default(),
        time: None,
        elapsed_seconds: None,
        cores: None,
        heap: None,
        heap_committed: None,
        heap_used: None,
        memory: ProcessMemory::default(),
        machine: None,
        container: Container::default(),
        mappings: None,
        nmt: NmtText::default(),
        complete: false,
        errors: Vec::new(),
    };
    let mut sections = Sections::default();
    let mut inside = In::Nothing;
    let mut frame_next = false;
    let mut in_head = true;
    let mut heap = HeapInfo::default();
    for line in lines(text_) {
        let t = trim(line.text);
        if t.starts_with(b"------") {
            inside = In::Nothing;
            in_head = false;
            continue;
        }
        if t == b"END." {
            out.complete = true;
            inside = In::Nothing;
            continue;
        }
        let extend = |r: &mut Option<Range<usize>>| {
            let start = r.as_ref().map_or(line.start, |r| r.start);
            *r = Some(start..line.next);
        };
        match inside {
            In::Nmt if t.starts_with(b"Periodic native trim") => inside = In::Nothing,
            In::Nmt => {
                extend(&mut sections.nmt);
                continue;
            }
            _ if t.is_empty() => {
                inside = In::Nothing;
                continue;
            }
            In::Flags => {
                extend(&mut sections.flags);
                continue;
            }
            In::Meminfo => {
                extend(&mut sections.meminfo);
                continue;
            }
            In::Maps => {
                extend(&mut sections.maps);
                continue;
            }
            In::Heap => {
                heap.line(t);
                if line.text.starts_with(b" ") {
                    continue;
                }
                inside = In::Nothing;
            }
            In::Nothing => {}
        }
        if t.is_empty() {
            continue;
        }
        if t.starts_with(b"Native Memory Tracking:") {
            inside = In::Nmt;
            sections.nmt = Some(line.start..line.next);
        } else if t == b"[Global flags]" {
            inside = In::Flags;
        } else if t == b"/proc/meminfo:" {
            inside = In::Meminfo;
        } else if t == b"Dynamic libraries:" {
            inside = In::Maps;
        } else if t == b"Heap:" || t.starts_with(b"Heap after") {
            if t == b"Heap:" && heap.used.is_none() {
                inside = In::Heap;
            }
        } else if t.starts_with(b"jvm_args:") || t.starts_with(b"java_command:") {
            extend(&mut sections.arguments);
        } else if let Some(head) = t.strip_prefix(b"#").filter(|_| in_head) {
            let head = trim(head);
            if frame_next {
                out.problematic_frame = Some(text(head, 300));
                frame_next = false;
            } else if head.starts_with(b"Problematic frame:") {
                frame_next = true;
            } else {
                out.head_line(head);
            }
        } else if out.pid.is_none()
            && let Some(pid) = pid_line(t)
        {
            out.pid = Some(pid);
        } else {
            out.line(t, line.start);
        }
    }
    out.heap_committed = heap.committed;
    out.heap_used = heap.used;
    out.heap = out.heap.or(heap.range);
    out.whole_sections(text_, &sections);
    if !out.complete {
        out.errors.push(ParseError::new(
            text_.len(),
            ParseErrorKind::Truncated,
            "the report has no last line END.",
        ));
    }
    out
}

/// `236261376` (11), `235508 k` (17 and later), `unlimited`, `-1`.
fn cgroup_bytes(v: &[u8]) -> Option<u64> {
    let (n, rest) = leading_number(v)?;
    match trim(rest) {
        b"" => Some(n),
        b"k" | b"K" => n.checked_mul(1024),
        _ => None,
    }
}

impl HsErr {
    /// A line of the head, without its `#`.
    fn head_line(&mut self, h: &[u8]) {
        if self.failed.is_none() {
            self.failed = read_failed_allocation(h);
            if self.failed.is_some() {
                self.kind = CrashKind::NativeMemory;
                return;
            }
        }
        if h.starts_with(b"There is insufficient memory for the Java Runtime") {
            self.kind = CrashKind::NativeMemory;
        } else if let Some(rest) = after(h, b", pid=").and_then(leading_number) {
            self.pid = self.pid.or(u32::try_from(rest.0).ok());
            if self.kind == CrashKind::NativeMemory || h.starts_with(b"Out of Memory Error") {
                self.kind = CrashKind::NativeMemory;
            } else if h.starts_with(b"SIG") {
                let end = h.iter().position(|c| *c == b' ').unwrap_or(h.len());
                self.kind = CrashKind::Signal(text(h.get(..end).unwrap_or(h), 40));
            } else {
                self.kind = CrashKind::Internal(text(h, 200));
            }
        } else if let Some(v) = h.strip_prefix(b"JRE version:") {
            let version = after(v, b"(")
                .and_then(|v| cut(v, b")"))
                .map(|(v, _)| text(v, 100));
            self.jdk_major = version.as_deref().and_then(java_major);
            self.jre_version = version;
        } else if h.starts_with(b"Java VM:")
            && let Ok((_, inside)) = vm_line(h)
        {
            let version = inside.split(|c| matches!(c, b',' | b' ')).next();
            if self.jdk_major.is_none() {
                self.jdk_major = version.and_then(|v| vm_major(&text(v, 100)));
            }
            self.collector = inside
                .split(|c| *c == b',')
                .find(|p| p.ends_with(b" gc"))
                .and_then(Collector::read);
            self.vm = Some(text(inside, 300));
        }
    }

    /// A line of the sections that are read line by line.
    fn line(&mut self, t: &[u8], at: usize) {
        let size = |v: &[u8]| leading_size(trim(v)).map(|(n, _)| n);
        let labelled = |label: &[u8]| after(t, label).and_then(size);
        if let Some(c) = t.strip_prefix(b"Command Line:") {
            self.command_line = read_command_line(c);
        } else if let Some(h) = t.strip_prefix(b"Host:") {
            self.cores = cut(h, b" cores")
                .and_then(|(before, _)| words(before).last().and_then(decimal))
                .and_then(|n| u32::try_from(n).ok());
        } else if let Some(rest) = t
            .strip_prefix(b"Time:")
            .or_else(|| t.strip_prefix(b"time:"))
        {
            let stamp = cut(rest, b"elapsed time").map_or(rest, |(stamp, _)| stamp);
            self.time = heading::read(stamp, at);
            self.elapsed(rest);
        } else if t.starts_with(b"elapsed time:") {
            self.elapsed(t);
        } else if t.starts_with(b"Current thread ") && self.thread.is_none() {
            self.thread = after(t, b"\"")
                .and_then(|n| cut(n, b"\""))
                .map(|(n, _)| text(n, 200));
        } else if let Some(rest) = t.strip_prefix(b"Heap address:") {
            let start = rest
                .split(|c| *c == b',')
                .next()
                .map(trim)
                .and_then(hexadecimal);
            let bytes = after(rest, b"size: ").and_then(|s| {
                let (n, unit) = leading_number(s)?;
                let shift = if trim(unit).starts_with(b"MB") {
                    20
                } else {
                    return None;
                };
                n.checked_mul(1u64 << shift)
            });
            if let (Some(start), Some(bytes)) = (start, bytes) {
                self.heap = start.checked_add(bytes).map(|end| start..end);
            }
        } else if t.starts_with(b"Virtual Size:") {
            self.memory.virtual_size = labelled(b"Virtual Size:");
        } else if t.starts_with(b"Resident Set Size:") {
            self.memory.rss = labelled(b"Resident Set Size:");
            self.memory.rss_peak = labelled(b"(peak: ");
            self.memory.anon = labelled(b"anon: ");
            self.memory.file = labelled(b"file: ");
            self.memory.shmem = labelled(b"shmem: ");
        } else if t.starts_with(b"Swapped out:") {
            self.memory.swapped = labelled(b"Swapped out:");
        } else if t.starts_with(b"C-Heap outstanding") {
            self.memory.malloc_outstanding = labelled(b"allocations:");
            self.memory.malloc_retained = labelled(b"retained:");
        } else if let Some((key, v)) = cut(t, b":") {
            let v = trim(v);
            match key {
                b"container_type" => self.container.kind = Some(text(v, 40)),
                b"memory_limit_in_bytes" => self.container.limit = cgroup_bytes(v),
                b"memory_usage_in_bytes" => self.container.usage = cgroup_bytes(v),
                b"memory_max_usage_in_bytes" => self.container.max_usage = cgroup_bytes(v),
                b"active_processor_count" => self.container.processors = decimal(v),
                _ => {}
            }
        }
    }

    fn elapsed(&mut self, t: &[u8]) {
        if let Some(rest) = after(t, b"elapsed time:") {
            self.elapsed_seconds = words(rest)
                .next()
                .and_then(float)
                .filter(|s| s.is_finite() && *s >= 0.0);
        }
    }

    fn whole_sections(&mut self, text_: &[u8], sections: &Sections) {
        let part = |r: &Option<Range<usize>>| r.as_ref().and_then(|r| text_.get(r.clone()));
        if let Some(t) = part(&sections.arguments) {
            let c = read_vm_command_line(t);
            if self.command_line.options.is_empty() {
                self.command_line.options = c.options;
            }
            if c.main.is_some() {
                self.command_line.main = c.main;
                self.command_line.arguments = c.arguments;
                self.command_line.inert = c.inert;
            }
        }
        self.command_line.pid = self.pid;
        self.flags = self.command_line.flags();
        if let Some(t) = part(&sections.flags) {
            self.flags.absorb(read_flag_table(t));
        }
        self.collector = self.collector.or_else(|| self.flags.collector());
        self.machine = part(&sections.meminfo).and_then(proc::read_meminfo);
        if let Some(t) = part(&sections.maps) {
            self.mappings = Some(proc::read_smaps(t, self.heap.clone()));
        }
        if let (Some(t), Some(r)) = (part(&sections.nmt), &sections.nmt) {
            self.nmt = nmt::read(t);
            shift(&mut self.nmt, r.start);
            for r in &mut self.nmt.reports {
                r.pid = r.pid.or(self.pid);
                if r.heading.is_none() {
                    r.heading.clone_from(&self.time);
                    r.heading_shared = 0;
                }
            }
        }
    }
}

/// Makes the offsets of embedded NMT text those of the whole.
fn shift(nmt: &mut NmtText, by: usize) {
    for r in &mut nmt.reports {
        r.range = r.range.start.saturating_add(by)..r.range.end.saturating_add(by);
        for s in &mut r.sites {
            s.at = s.at.saturating_add(by);
        }
        if let Some(h) = &mut r.heading {
            h.at = h.at.saturating_add(by);
        }
    }
    for (_, at) in &mut nmt.status {
        *at = at.saturating_add(by);
    }
    for e in &mut nmt.errors {
        e.at = e.at.saturating_add(by as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::flags::Main;
    use crate::parse::lines::{find, torment};

    const KB: u64 = 1024;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/hs_err/{name}.log")).unwrap()
    }

    #[test]
    fn a_crash_of_every_jdk_gives_version_flags_memory_and_nmt() {
        for (name, pid, major, jre, rss, retained, committed) in [
            ("jdk11-sigsegv", 23097, 11, "11.0.13+8", 54_688, None, None),
            (
                "jdk17-sigsegv",
                23115,
                17,
                "17.0.15+6",
                56_648,
                Some(1_783),
                None,
            ),
            (
                "jdk21-sigsegv",
                23134,
                21,
                "21.0.8+9",
                52_680,
                Some(1_685),
                None,
            ),
            (
                "jdk25-sigsegv",
                23155,
                25,
                "25.0.3+9",
                63_712,
                Some(1_835),
                Some(150_175),
            ),
        ] {
            let h = read(&fixture(name));
            assert_eq!(h.errors, [], "{name}");
            assert!(h.complete, "{name}");
            assert_eq!(h.kind, CrashKind::Signal("SIGSEGV".into()), "{name}");
            assert_eq!(
                (h.pid, h.jdk_major, h.jre_version.as_deref()),
                (Some(pid), Some(major), Some(jre)),
                "{name}"
            );
            assert_eq!(
                (h.collector, h.cores),
                (Some(Collector::G1), Some(2)),
                "{name}"
            );
            assert_eq!(h.thread.as_deref(), Some("main"), "{name}");
            assert!(
                h.problematic_frame
                    .as_deref()
                    .unwrap()
                    .contains("Unsafe_GetByte"),
                "{name}"
            );
            assert_eq!(
                h.flags.max_direct_memory_size(),
                Some(Ok(32 << 20)),
                "{name}"
            );
            assert_eq!(h.flags.xmx(), Some(64 << 20), "{name}");
            assert_eq!(
                h.command_line.main,
                Some(Main::Class("Crash".into())),
                "{name}"
            );
            assert_eq!(
                h.time.as_ref().unwrap().time.local(),
                "2026-11-22 13:22:53",
                "{name}"
            );
            assert_eq!(h.time.as_ref().unwrap().offset_minutes, Some(0), "{name}");
            assert!(h.elapsed_seconds.unwrap() < 1.0, "{name}");
            assert_eq!(h.heap, Some(0xfc00_0000..0x1_0000_0000), "{name}");
            assert_eq!(h.heap_committed, Some(64 << 20), "{name}");
            assert_eq!(h.memory.rss, Some(rss * KB), "{name}");
            assert_eq!(
                h.memory.malloc_retained,
                retained.map(|n: u64| n * KB),
                "{name}"
            );
            assert_eq!(h.machine.unwrap().total, Some(24_684_092 * KB), "{name}");
            assert_eq!(h.nmt.reports.len(), 1, "{name}");
            assert_eq!(h.nmt.errors, [], "{name}");
            let r = &h.nmt.reports[0];
            assert!(
                fixture(name)[r.range.start..].starts_with(b"Native Memory Tracking:"),
                "{name}"
            );
            assert_eq!(r.pid, Some(pid), "{name}");
            // 16 MiB of direct buffers were held.
            assert!(
                r.category("Other").unwrap().amounts.committed.bytes >= 16 << 20,
                "{name}"
            );
            if let Some(kb) = committed {
                assert_eq!(r.total.unwrap().committed.bytes, kb * KB, "{name}");
            }
            let libraries = &h.mappings.as_ref().unwrap().files;
            assert!(libraries.keys().any(|k| k.ends_with("libjvm.so")), "{name}");
        }
        let h = read(&fixture("jdk11-sigsegv"));
        assert_eq!(h.container.usage, Some(236_261_376));
        assert_eq!(h.container.limit, None);
        let h = read(&fixture("jdk17-sigsegv"));
        assert_eq!(
            (h.container.kind.as_deref(), h.container.usage),
            (Some("cgroupv1"), Some(235_508 * KB))
        );
        assert_eq!(
            (h.memory.anon, h.memory.file),
            (Some(35_916 * KB), Some(20_732 * KB))
        );
        assert_eq!(h.heap_used, Some(948 * KB));
        assert_eq!(read(&fixture("jdk25-sigsegv")).heap_used, Some(1_166 * KB));
    }

    #[test]
    fn native_exhaustion_gives_the_allocation_that_failed() {
        let h = read(&fixture("jdk17-mmap"));
        assert_eq!(h.kind, CrashKind::NativeMemory);
        let failed = FailedAllocation {
            operation: "mmap".into(),
            bytes: 536_870_912_000,
            detail: Some("committing reserved memory".into()),
        };
        assert_eq!(h.failed, Some(failed));
        assert_eq!((h.pid, h.flags.xmx()), (Some(4537), Some(500 << 30)));
        let old = read_failed_allocation(b"# Native memory allocation (malloc) failed to allocate 32744 bytes for ChunkPool::allocate").unwrap();
        assert_eq!(
            (old.operation.as_str(), old.bytes, old.detail.as_deref()),
            ("malloc", 32_744, Some("ChunkPool::allocate"))
        );
        assert_eq!(
            read_failed_allocation(
                b"# Native memory allocation (mmap) failed to map 99999999999999999999 bytes"
            ),
            None
        );
    }

    #[test]
    fn vm_info_is_no_crash() {
        let h = read(&fixture("jdk17-vm-info"));
        assert_eq!(h.kind, CrashKind::VmInfo);
        assert_eq!((h.pid, h.jdk_major), (Some(15132), Some(17)));
        assert_eq!(h.elapsed_seconds, Some(6.296898));
        assert_eq!(h.memory.malloc_outstanding, Some(134_701 * KB));
        assert_eq!(h.memory.malloc_retained, Some(3_458 * KB));
        assert_eq!(h.heap, Some(0xe000_0000..0x1_0000_0000));
        assert_eq!(
            h.nmt.reports[0]
                .category("Other")
                .unwrap()
                .amounts
                .committed
                .bytes,
            120 << 20
        );
        // Not set: hs_err and VM.info list only what is.
        assert_eq!(h.flags.max_direct_memory_size(), None);
    }

    #[test]
    fn the_lines_of_jdk_8_are_read() {
        let h = read(b"#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n\
            #  SIGSEGV (0xb) at pc=0x1, pid=77, tid=0x78\n#\n\
            # JRE version: OpenJDK Runtime Environment (8.0_504-b01) (build 1.8.0_504-b01)\n\
            # Java VM: OpenJDK 64-Bit Server VM (25.504-b01 mixed mode linux-amd64 compressed oops)\n\
            ---------------  P R O C E S S  ---------------\n\n\
            Heap:\n PSYoungGen      total 242176K, used 42361K [0x1, 0x2, 0x3)\n  eden space 222208K, 12% used [0x1,0x2,0x3)\n \
            ParOldGen       total 262144K, used 63535K [0x1, 0x2, 0x3)\n Metaspace       used 81246K, capacity 85720K\n\n\
            VM Arguments:\njvm_args: -Xmx512m -XX:+UseParallelGC \njava_command: nacos-server.jar -Xmx1g\n\n\
            time: Mon Nov 23 00:55:17 2026\ntimezone: CST\nelapsed time: 387.91 seconds (0d 0h 6m 27s)\nEND.\n");
        assert_eq!((h.jdk_major, h.pid), (Some(8), Some(77)));
        assert_eq!(h.collector, Some(Collector::Parallel));
        assert_eq!(
            (h.heap_committed, h.heap_used),
            (Some(504_320 * KB), Some(105_896 * KB))
        );
        assert_eq!(h.elapsed_seconds, Some(387.91));
        assert_eq!(h.time.unwrap().time.local(), "2026-11-23 00:55:17");
        assert_eq!(h.command_line.inert, ["-Xmx1g"]);
        assert!(h.complete);
    }

    #[test]
    fn a_report_cut_off_says_so() {
        let whole = fixture("jdk17-sigsegv");
        let at = find(&whole, b"Arena Chunk").unwrap();
        let h = read(&whole[..at]);
        assert!(!h.complete);
        assert_eq!(h.errors.len(), 1);
        assert_eq!(h.errors[0].kind, ParseErrorKind::Truncated);
        assert_eq!(h.nmt.errors.len(), 1);
        assert!(looks_like_hs_err(&whole) && looks_like_hs_err(&fixture("jdk17-vm-info")));
        assert!(!looks_like_hs_err(b"13488:\n\nNative Memory Tracking:\n"));
    }

    #[test]
    fn damaged_reports_end_without_panic() {
        for name in ["jdk11-sigsegv", "jdk17-mmap", "jdk25-sigsegv"] {
            torment(&fixture(name), |b| drop((read(b), looks_like_hs_err(b))));
        }
    }
}
