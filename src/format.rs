//! The formats: how each is recognised by content, and how its bytes become facts. The only list of formats.

mod system;

use crate::facts::Facts;
use crate::facts::jvm::{FlagSource, FlagText};
use crate::facts::log::Line;
use crate::facts::memory::{Gauge, GaugeSample, NmtSample, TimeSource};
use crate::facts::pushes::Pushes;
use crate::facts::quote::QuoteText;
use crate::facts::shapes::Shapes;
use crate::parse::failure::{self, Failure};
use crate::parse::proc::{self, ProcText};
use crate::parse::record::{Record, Records, Undated, trim_line_end};
use crate::parse::statement::{Event, Rows, Series, Text, banner, read_behind_layout};
use crate::parse::wrapping::{LineMap, Wrapping, is_dirty, unwrap};
use crate::parse::{
    ParseErrorKind, access, cgroup, cut, flags, gc, heap_info, histogram, hs_err, jstat, kernel,
    malloc_info, metaspace, nmt, prometheus, push, sockets,
};
use crate::span::{Place, Window};
use crate::units::WallTime;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A log written through logback, or console output.
    Log(Series),
    /// Tomcat's access log.
    AccessLog,
    /// GC log, unified or of JDK 8.
    GcLog,
    /// Native Memory Tracking text.
    Nmt,
    /// Answer to `VM.flags`, `VM.command_line`, `VM.version`, `VM.system_properties`.
    JvmText,
    /// `/proc/PID/status`.
    ProcStatus,
    /// `/proc/PID/smaps_rollup`.
    SmapsRollup,
    /// Output of `free`.
    Free,
    /// `/proc/PID/smaps` or `/proc/PID/maps`.
    Smaps,
    /// `/proc/meminfo`.
    Meminfo,
    /// Output of `ps`.
    Ps,
    /// Output of `pmap`.
    Pmap,
    /// Output of `ss` or `netstat`.
    Sockets,
    /// Class histogram.
    Histogram,
    /// Answer to `GC.heap_info`.
    HeapInfo,
    /// hs_err_pid.log, or the answer to `VM.info`.
    HsErr,
    /// The kernel's words on running out of memory.
    Kernel,
    /// Output of `top -b`.
    Top,
    /// `/proc/PID/limits`.
    Limits,
    /// Output of `jstat -gc` or `-gcutil`.
    Jstat,
    /// Files of a control group's memory controller.
    Cgroup,
    /// Answer to `System.native_heap_info`: glibc's `malloc_info`.
    MallocInfo,
    /// Answer to `System.map`.
    SystemMap,
    /// Answer to `VM.metaspace`.
    Metaspace,
    /// Prometheus text of the actuator.
    Prometheus,
    /// Nacos's settings.
    Properties,
    /// Heap dump.
    HeapDump,
    /// A file of no bytes.
    Empty,
}

impl Format {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Log(Series::Console) => "console",
            Self::Log(_) => "nacos-log",
            Self::AccessLog => "access-log",
            Self::GcLog => "gc-log",
            Self::Nmt => "nmt",
            Self::JvmText => "jvm-text",
            Self::ProcStatus => "proc-status",
            Self::SmapsRollup => "smaps-rollup",
            Self::Free => "free",
            Self::Smaps => "smaps",
            Self::Meminfo => "meminfo",
            Self::Ps => "ps",
            Self::Pmap => "pmap",
            Self::Sockets => "sockets",
            Self::Histogram => "class-histogram",
            Self::HeapInfo => "heap-info",
            Self::HsErr => "hs-err",
            Self::Kernel => "kernel-log",
            Self::Top => "top",
            Self::Limits => "limits",
            Self::Jstat => "jstat",
            Self::Cgroup => "cgroup",
            Self::MallocInfo => "malloc-info",
            Self::SystemMap => "system-map",
            Self::Metaspace => "metaspace",
            Self::Prometheus => "prometheus",
            Self::Properties => "properties",
            Self::HeapDump => "heap-dump",
            Self::Empty => "empty",
        }
    }

    /// Whether it is read window by window.
    #[must_use]
    pub fn is_log(self) -> bool {
        matches!(self, Self::Log(_) | Self::AccessLog | Self::GcLog)
    }

    /// Where records without a date begin.
    #[must_use]
    pub fn undated(self) -> Undated {
        match self {
            Self::Log(Series::Console | Series::Mixed) => Undated::Console,
            Self::Log(Series::ConfigPullCheck) | Self::AccessLog | Self::GcLog => {
                Undated::EveryLine
            }
            _ => Undated::Never,
        }
    }
}

/// Recognises a file by its first bytes; the name decides only between logs of one layout. `Err` says why it is not read.
///
/// # Errors
/// The reason for the list of skipped files.
pub fn sniff(name: &str, head: &[u8]) -> Result<Format, &'static str> {
    if head.is_empty() {
        return Ok(Format::Empty);
    }
    if head.starts_with(b"JAVA PROFILE ") {
        return Ok(Format::HeapDump);
    }
    let by_name = Series::of_file_name(name);
    if by_name == Some(Series::Console) && !looks_binary(head) {
        return Ok(Format::Log(Series::Console));
    }
    // A hole of NULs after a crash does not make a log binary.
    if let Some(series) = by_name
        && is_log_head(head)
    {
        return Ok(Format::Log(series));
    }
    if looks_binary(head) {
        return Err("binary, of no known format");
    }
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let mut lines = head.split(|&b| b == b'\n').map(trim_line_end);
    let first = lines.clone().find(|l| !l.is_empty()).unwrap_or_default();
    if is_log_head(head) {
        return Ok(Format::Log(by_name.unwrap_or(Series::Mixed)));
    }
    // Holds NMT, flags, mappings: what it is as a whole comes first.
    if hs_err::looks_like_hs_err(head) {
        return Ok(Format::HsErr);
    }
    if nmt::looks_like_nmt(head) {
        return Ok(Format::Nmt);
    }
    if is_gc(head) {
        return Ok(Format::GcLog);
    }
    if let Some(f) = system_format(name, head) {
        return Ok(f);
    }
    if lines.clone().take(20).any(access::looks_like_access) {
        return Ok(Format::AccessLog);
    }
    if has(b"VM Arguments:")
        || has(b"java_command:")
        || has(b"-XX:+") && has(b"-XX:") && is_pid_line(first)
    {
        return Ok(Format::JvmText);
    }
    if has(b" {product}") && has(b"     bool ") && has(b" = ") {
        return Ok(Format::JvmText);
    }
    if is_pid_line(first) && (has(b"VM version ") || has(b"java.vm.version=") || has(b"-XX:"))
        || is_uptime(head)
    {
        return Ok(Format::JvmText);
    }
    if has(b"\nVmRSS:") && has(b"\nThreads:") {
        return Ok(Format::ProcStatus);
    }
    if has(b"[rollup]") {
        return Ok(Format::SmapsRollup);
    }
    if has(b"# TYPE ") && (has(b"jvm_") || has(b"process_") || has(b"nacos_")) {
        return Ok(Format::Prometheus);
    }
    if has(b"total") && has(b"buff/cache") && has(b"\nMem:") {
        return Ok(Format::Free);
    }
    let settings = lines.by_ref().take(200).filter(|l| is_setting(l)).count();
    if settings >= 2 {
        return Ok(Format::Properties);
    }
    if by_name == Some(Series::ConfigPullCheck) {
        return Ok(Format::Log(Series::ConfigPullCheck));
    }
    if is_kernel(head) {
        return Ok(Format::Kernel);
    }
    const STATEMENTS: [&[u8]; 8] = [
        b"Exception in thread ",
        b"OutOfMemoryError",
        b"OutOfDirectMemoryError",
        b" byte(s) of direct memory (used: ",
        b" bytes of direct buffer memory (allocated: ",
        b"[PUSH-FAIL] ",
        b"max re-push times reached, ",
        b"Push fail, dataId=",
    ];
    if STATEMENTS.iter().any(|s| has(s)) {
        return Ok(Format::Log(by_name.unwrap_or(Series::Console)));
    }
    if by_name.is_some() {
        return Err("a Nacos log by its name, but no record in its first bytes");
    }
    if has(b" was not called before it's garbage-collected") {
        return Ok(Format::Log(Series::Console));
    }
    Err(of_no_weight(head).unwrap_or("of no known format"))
}

/// Texts of the JVM's tools that are known and tell nothing of memory, and why.
fn of_no_weight(head: &[u8]) -> Option<&'static str> {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let mut lines = head
        .split(|&b| b == b'\n')
        .map(trim_line_end)
        .filter(|l| !l.is_empty());
    let first = lines.next()?;
    let second = lines.next().unwrap_or_default();
    if has(b"\nImpact: ") && has(b"\nSyntax : ") {
        return Some("the help of a jcmd command: it tells nothing of a process");
    }
    if [first, second]
        .iter()
        .any(|l| l.starts_with(b"Dumping heap to "))
    {
        return Some("what a tool prints on making a heap dump: the dump itself tells");
    }
    None
}

/// Whether a text is an answer to `VM.uptime`: the process and seconds.
fn is_uptime(head: &[u8]) -> bool {
    let mut lines = head
        .split(|&b| b == b'\n')
        .map(trim_line_end)
        .filter(|l| !l.is_empty());
    let (first, second) = (lines.next(), lines.next().unwrap_or_default());
    let seconds = second.strip_suffix(b" s").unwrap_or_default();
    let digits = |l: &[u8]| l.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    first.is_some_and(is_pid_line) && !seconds.is_empty() && digits(seconds)
}

/// Texts of jcmd, of /proc and of Linux's tools that no first word gives away.
fn system_format(name: &str, head: &[u8]) -> Option<Format> {
    // Behind a stamp such as the kernel's everything else is only part of a line.
    if head
        .split(|&b| b == b'\n')
        .take(3)
        .any(kernel::is_kernel_line)
    {
        return Some(Format::Kernel);
    }
    if jstat::looks_like_jstat(head) {
        return Some(Format::Jstat);
    }
    if malloc_info::looks_like_malloc_info(head) {
        return Some(Format::MallocInfo);
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    if cgroup::looks_like_cgroup(file, head) {
        return Some(Format::Cgroup);
    }
    if histogram::looks_like_histogram(head) {
        return Some(Format::Histogram);
    }
    if heap_info::looks_like_heap_info(head) {
        return Some(Format::HeapInfo);
    }
    if proc::looks_like_system_map(head) {
        return Some(Format::SystemMap);
    }
    if metaspace::looks_like_metaspace(head) {
        return Some(Format::Metaspace);
    }
    match proc::sniff(head) {
        Some(ProcText::Status) => return Some(Format::ProcStatus),
        Some(ProcText::Smaps) => return Some(Format::Smaps),
        Some(ProcText::Meminfo) => return Some(Format::Meminfo),
        Some(ProcText::Ps) => return Some(Format::Ps),
        Some(ProcText::Pmap) => return Some(Format::Pmap),
        Some(ProcText::Top) => return Some(Format::Top),
        Some(ProcText::Limits) => return Some(Format::Limits),
        _ => {}
    }
    sockets::looks_like_sockets(head).then_some(Format::Sockets)
}

/// The kernel's log: its stamps, or its words on running out of memory, wherever they stand; syslog; a container's end.
fn is_kernel(head: &[u8]) -> bool {
    let mut lines = head.split(|&b| b == b'\n').map(trim_line_end);
    let stamped = |l: &[u8]| kernel::is_kernel_line(l) || kernel::is_syslog_line(l);
    lines.clone().take(5).any(stamped)
        || lines.any(|l| kernel::is_oom_line(l) || kernel::is_container_oom(l))
}

fn is_setting(line: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 6] = [
        b"nacos.",
        b"server.",
        b"spring.",
        b"management.",
        b"db.",
        b"cmdb.",
    ];
    PREFIXES.iter().any(|p| line.starts_with(p)) && line.contains(&b'=')
}

fn is_pid_line(line: &[u8]) -> bool {
    line.len() > 1 && line.ends_with(b":") && line[..line.len() - 1].iter().all(u8::is_ascii_digit)
}

fn looks_binary(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(4096)];
    let odd = sample
        .iter()
        .filter(|&&b| b < 9 || (b > 13 && b < 27) || (b > 27 && b < 32))
        .count();
    // Holes of NUL occur in logs after a crash; then text follows.
    let text = head
        .iter()
        .filter(|&&b| b.is_ascii_graphic() || b == b' ' || b == b'\n' || b >= 0x80)
        .count();
    odd * 20 > sample.len() && text * 4 < head.len() * 3
}

/// A date at the start of one of the first lines; the head of a cut file may begin inside a record.
fn is_log_head(head: &[u8]) -> bool {
    crate::parse::record::find_head(head, 0, Undated::Never).is_some()
}

fn is_gc(head: &[u8]) -> bool {
    let text = &head[..head.len().min(4096)];
    text.split(|&b| b == b'\n').take(5).any(|l| {
        (l.starts_with(b"[") && memchr::memmem::find(&l[..l.len().min(60)], b"][gc").is_some())
            || (l.starts_with(b"CommandLine flags: ")
                || memchr::memmem::find(l, b"[GC (").is_some())
            || (memchr::memmem::find(l, b"VM (").is_some()
                && memchr::memmem::find(l, b" JRE (").is_some())
    })
}

/// Minutes east of UTC at which a file prints its times, if its first lines tell: an access log and a GC log print it, in
/// remote-digest.log a new connection's id holds the instant.
#[must_use]
pub fn offset_of_head(format: Format, head: &[u8]) -> Option<i32> {
    match format {
        Format::AccessLog => {
            lines_of(head).find_map(|(_, _, l)| access::read(l).map(|a| a.offset_minutes))
        }
        Format::GcLog => lines_of(head).find_map(|(_, _, l)| gc_time(l).map(|(_, m)| m)),
        Format::Log(Series::RemoteDigest | Series::Mixed | Series::Console) => {
            let rows = Rows::of(Series::RemoteDigest);
            Records::new(head, Undated::Never).find_map(|r| {
                let text = Text {
                    line: r.message,
                    more: b"",
                };
                match rows.read(&text) {
                    Some((_, Event::TransportReady { connection })) => {
                        crate::facts::log::offset_of(&connection, r.time?)
                    }
                    _ => None,
                }
            })
        }
        _ => None,
    }
}

/// What a window needs to know beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The format.
    pub format: Format,
    /// What stands around the lines of a log.
    pub wrapping: Wrapping,
    /// Where the lines of an unwrapped window began; [`read_log`] sets it.
    pub map: Option<&'a LineMap>,
    /// Added to every time read.
    pub shift_ms: i64,
    /// Time of the record behind the window, as printed.
    pub next_time: Option<WallTime>,
    /// Time in the file's name.
    pub name_time: Option<WallTime>,
    /// Modification time on the node's clock.
    pub modified: Option<WallTime>,
    /// Only what happened from the first to the second is taken.
    pub since_until: (Option<WallTime>, Option<WallTime>),
    /// Name of the file, for messages.
    pub label: &'a str,
}

impl Context<'_> {
    /// The same for a window behind which a record of this time stands.
    #[must_use]
    pub fn followed_by(&self, next_time: Option<WallTime>) -> Self {
        Self { next_time, ..*self }
    }

    fn shifted(&self, t: Option<WallTime>) -> Option<WallTime> {
        t.map(|t| t.plus_ms(self.shift_ms))
    }

    fn outside(&self, t: Option<WallTime>) -> bool {
        let (since, until) = self.since_until;
        t.is_some_and(|t| since.is_some_and(|s| t < s) || until.is_some_and(|u| t > u))
    }

    /// Where the byte at `at` of the window stands in its file.
    fn place(&self, window: &Window<'_>, at: usize, lines_before: u32) -> Place {
        let (at, lines_before) = match self.map {
            Some(map) => map.source(at),
            None => (at, lines_before),
        };
        Place {
            artefact: window.artefact,
            offset: window.base + at as u64,
            window: window.base,
            lines_before,
        }
    }

    /// The time of a sample that prints none.
    fn sample_time(&self) -> (Option<WallTime>, TimeSource) {
        match (self.name_time, self.modified) {
            (Some(t), _) => (Some(t), TimeSource::FileName),
            (None, Some(t)) => (Some(t), TimeSource::ModificationTime),
            (None, None) => (None, TimeSource::None),
        }
    }
}

/// Reads a window of a log.
pub fn read_log(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let mut pushes = Pushes::default();
    read_log_and(window, ctx, facts, &mut pushes);
    pushes.flush(&mut facts.log);
}

/// [`read_log`] that leaves in `pushes` what is better handed over after many windows.
pub fn read_log_and(
    window: &Window<'_>,
    ctx: &Context<'_>,
    facts: &mut Facts,
    pushes: &mut Pushes,
) {
    read(window, ctx, facts, Some(pushes));
}

/// [`read_log`] by the statement table alone: slower, and what the quick ways are tested against.
pub fn read_log_by_table(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    read(window, ctx, facts, None);
}

fn read(
    window: &Window<'_>,
    ctx: &Context<'_>,
    facts: &mut Facts,
    mut pushes: Option<&mut Pushes>,
) {
    let mut tally = Tally::default();
    // The quick way looks at each byte anyway, and says where dirt begins.
    let quick = pushes.is_some()
        && ctx.format == Format::Log(Series::NamingPush)
        && u32::try_from(window.bytes.len()).is_ok();
    let clean = ctx.wrapping == Wrapping::None && (quick || !is_dirty(window.bytes));
    let read = if clean {
        read_text(window, ctx, 0, facts, pushes.as_deref_mut(), &mut tally)
    } else {
        Err(0)
    };
    if let Err(from) = read {
        let (bytes, map) = unwrap(window.bytes, ctx.wrapping);
        let from = if from == 0 { 0 } else { map.unwrapped(from) };
        let ctx = Context {
            map: Some(&map),
            ..*ctx
        };
        let text = Window {
            bytes: &bytes,
            ..*window
        };
        // Of this text nothing is dirty.
        let _ = read_text(&text, &ctx, from, facts, pushes, &mut tally);
    }
    let newlines = read.ok().flatten();
    let c = facts.coverage(window.artefact);
    match newlines {
        Some(n) => c.add_counted_window(window.base, window.bytes.len(), n),
        None => c.add_window(window.base, window.bytes),
    }
    c.records += tally.records;
    c.known += tally.known;
    c.used_bytes += tally.used_bytes;
    c.placed += tally.placed;
    c.untimed += tally.untimed;
    c.minor += tally.minor;
    c.minor_bytes += tally.minor_bytes;
    c.unknown += tally.records - tally.known;
    c.unknown_lines += tally.unknown_lines;
    c.unknown_bytes += tally.unknown_bytes;
    c.unknown_shapes.merge(tally.unknown_shapes);
    for t in [tally.first, tally.last].into_iter().flatten() {
        c.saw_time(t);
    }
}

#[derive(Default)]
struct Tally {
    records: u64,
    known: u64,
    used_bytes: u64,
    placed: u64,
    untimed: u64,
    minor: u64,
    minor_bytes: u64,
    unknown_lines: u64,
    unknown_bytes: u64,
    unknown_shapes: Shapes,
    first: Option<WallTime>,
    last: Option<WallTime>,
}

impl Tally {
    /// Counts a record of a known statement, one of weight or not.
    fn known(&mut self, bytes: usize, used: bool) {
        self.known += 1;
        if used {
            self.used_bytes += bytes as u64;
        } else {
            self.minor += 1;
            self.minor_bytes += bytes as u64;
        }
    }

    /// Counts a record of which no more is kept.
    fn count_known(&mut self, t: Option<WallTime>, bytes: usize, used: bool) {
        self.records += 1;
        self.known(bytes, used);
        self.time(t);
    }

    /// Counts a record that has been read.
    fn count(&mut self, record: &Record<'_>, known: bool, used: bool, line: &Line<'_>) {
        let bytes = record.bytes.len();
        if known || record.bytes.trim_ascii().is_empty() {
            self.known(bytes, used);
        } else {
            self.unknown_lines += u64::from(record.lines);
            self.unknown_bytes += bytes as u64;
            let mut lines =
                std::iter::once(record.message).chain(record.bytes.split(|&b| b == b'\n'));
            let shown = lines.find(|l| !l.trim_ascii().is_empty());
            self.unknown_shapes.add(
                shown.unwrap_or_default(),
                bytes as u64,
                line.time,
                &line.quote,
            );
        }
    }

    fn time(&mut self, t: Option<WallTime>) {
        if let Some(t) = t {
            self.first = Some(self.first.map_or(t, |f| f.min(t)));
            self.last = Some(self.last.map_or(t, |l| l.max(t)));
        }
    }
}

fn place(window: &Window<'_>, at: usize, lines_before: u32) -> Place {
    Place {
        artefact: window.artefact,
        offset: window.base + at as u64,
        window: window.base,
        lines_before,
    }
}

/// Reads a text from the record that begins at `from` on; the line feeds of all of it, where they have been counted.
///
/// # Errors
/// Where a record begins that holds what has to be taken off first; all before it has been read.
fn read_text(
    window: &Window<'_>,
    ctx: &Context<'_>,
    from: usize,
    facts: &mut Facts,
    pushes: Option<&mut Pushes>,
    tally: &mut Tally,
) -> Result<Option<u64>, usize> {
    match (ctx.format, pushes) {
        (Format::Log(Series::NamingPush), Some(pushes))
            if ctx.wrapping != Wrapping::Pasted && u32::try_from(window.bytes.len()).is_ok() =>
        {
            pushes.begin_window(window);
            let read = read_push_log(window, ctx, from, facts, pushes, tally);
            pushes.end_window(window.bytes);
            return read.map(Some);
        }
        (Format::Log(series), _) => {
            return Ok(Some(read_records(window, ctx, series, facts, tally)));
        }
        (Format::AccessLog, _) => read_access(window, ctx, facts, tally),
        (Format::GcLog, _) => read_gc(window, ctx, facts, tally),
        _ => {}
    }
    Ok(None)
}

fn read_records(
    window: &Window<'_>,
    ctx: &Context<'_>,
    series: Series,
    facts: &mut Facts,
    tally: &mut Tally,
) -> u64 {
    let mut hits = failure::find(window.bytes);
    let mut next_hit = hits.next();
    let undated = match ctx.wrapping {
        Wrapping::Pasted => Undated::Pasted,
        _ => ctx.format.undated(),
    };
    let mixes = matches!(series, Series::Console | Series::Mixed);
    let mut neighbours = Neighbours::default();
    let mut records = Records::new(window.bytes, undated);
    while let Some(record) = records.next() {
        let end = record.at + record.bytes.len();
        let placed = match record.time {
            None if mixes => neighbours.place(&record, &records, ctx.next_time),
            printed => printed,
        };
        neighbours.passed(&record);
        let time = ctx.shifted(placed);
        let mut words_failure = false;
        while next_hit.is_some_and(|h| h < end) {
            words_failure = true;
            next_hit = hits.next();
        }
        if ctx.outside(time) {
            continue;
        }
        let (known, mut used) = read_statement(
            window,
            ctx,
            series,
            &record,
            time,
            words_failure,
            facts,
            tally,
        );
        if record.time.is_none() && mixes {
            if read_console(window, ctx, &record, facts) {
                used = true;
                // Another process begins.
                neighbours.before = None;
            }
            if used {
                tally.placed += u64::from(placed.is_some());
                tally.untimed += u64::from(placed.is_none());
            }
        }
        tally.count(
            &record,
            known || used,
            used,
            &line_of(window, ctx, &record, time),
        );
    }
    records.newlines()
}

/// The records with a date around those without.
#[derive(Default)]
struct Neighbours {
    before: Option<WallTime>,
    /// Where the next one begins, and its time.
    behind: Option<(usize, Option<WallTime>)>,
}

impl Neighbours {
    /// Records that stand further apart than this tell too little about what stands between them.
    const APART_MS: i64 = 60_000;

    fn passed(&mut self, record: &Record<'_>) {
        if record.time.is_some() {
            self.before = record.time;
        }
    }

    /// The time of the record before, when the one behind is not much later.
    fn place(
        &mut self,
        record: &Record<'_>,
        rest: &Records<'_>,
        next_time: Option<WallTime>,
    ) -> Option<WallTime> {
        let before = self.before?;
        let behind = match self.behind {
            Some((at, t)) if at > record.at => t,
            _ => {
                let next = rest.clone().find(|r| r.time.is_some());
                let found = next.map_or((usize::MAX, next_time), |r| (r.at, r.time));
                self.behind = Some(found);
                found.1
            }
        };
        (0..=Self::APART_MS)
            .contains(&(behind?.0 - before.0))
            .then_some(before)
    }
}

/// [`read_records`] for naming-push.log: runs of its commonest records are walked over, the others read one by one.
fn read_push_log(
    window: &Window<'_>,
    ctx: &Context<'_>,
    from: usize,
    facts: &mut Facts,
    pushes: &mut Pushes,
    tally: &mut Tally,
) -> Result<u64, usize> {
    let mut records = Records::new(window.bytes, ctx.format.undated());
    if from > 0 {
        records.resume(from, 0);
    }
    let mut walk = push::Walk::new(window.bytes);
    loop {
        let (at, lines) = records.position();
        walk.resume(at, lines);
        walk_pushes(&mut walk, window, ctx, pushes, tally);
        let (end, lines) = walk.position();
        if end > at {
            records.resume(end, lines);
        }
        let Some(record) = records.next() else {
            return Ok(records.newlines());
        };
        if ctx.map.is_none() && is_dirty(record.bytes) {
            return Err(record.at);
        }
        let words_failure = failure::find(record.bytes).next().is_some();
        if !words_failure && push::only_counts(record.message) {
            let time = ctx.shifted(record.time);
            if !ctx.outside(time) {
                tally.count_known(time, record.bytes.len(), false);
            }
            continue;
        }
        let time = ctx.shifted(record.time);
        if ctx.outside(time) {
            continue;
        }
        let series = Series::NamingPush;
        let (known, used) = read_statement(
            window,
            ctx,
            series,
            &record,
            time,
            words_failure,
            facts,
            tally,
        );
        tally.count(
            &record,
            known || used,
            used,
            &line_of(window, ctx, &record, time),
        );
    }
}

/// Counts records until there is one that is not among the commonest.
fn walk_pushes(
    walk: &mut push::Walk<'_>,
    window: &Window<'_>,
    ctx: &Context<'_>,
    pushes: &mut Pushes,
    tally: &mut Tally,
) {
    let mut counts = Counts::new(ctx);
    let spot = |at: usize, lines: u32| match ctx.map {
        None => (window.base + at as u64, lines),
        Some(map) => {
            let (at, lines) = map.source(at);
            (window.base + at as u64, lines)
        }
    };
    loop {
        while let Some(push) = walk.peek() {
            let Some(service) = pushes.find(&push) else {
                return counts.hand_over(tally);
            };
            let t = push.time.plus_ms(ctx.shift_ms);
            if counts.add(t, push.len(), push.sent.is_some())
                && let Some(sent) = &push.sent
            {
                let spot = spot(push.at, push.lines_before);
                pushes.add(&push, sent, service, t, spot, window.bytes);
            }
            walk.pass(&push);
        }
        let Some(failed) = walk.peek_failed() else {
            return counts.hand_over(tally);
        };
        let t = failed.time.plus_ms(ctx.shift_ms);
        if !counts.outside(t) {
            let spot = spot(failed.at, failed.lines_before);
            if !pushes.add_failed(&failed, t, spot, window.bytes) {
                return counts.hand_over(tally);
            }
            counts.add(t, failed.len(), true);
        } else if ctx.map.is_none() && is_dirty(failed.line) {
            // What is outside is looked at for dirt as well.
            return counts.hand_over(tally);
        }
        walk.pass_failed(&failed);
    }
}

/// Records of a run, counted where it costs least.
struct Counts {
    since: i64,
    until: i64,
    used: u64,
    used_bytes: u64,
    minor: u64,
    minor_bytes: u64,
    first: i64,
    last: i64,
}

impl Counts {
    fn new(ctx: &Context<'_>) -> Self {
        let (since, until) = ctx.since_until;
        Self {
            since: since.map_or(i64::MIN, |t| t.0),
            until: until.map_or(i64::MAX, |t| t.0),
            used: 0,
            used_bytes: 0,
            minor: 0,
            minor_bytes: 0,
            first: i64::MAX,
            last: i64::MIN,
        }
    }

    #[inline(always)]
    fn outside(&self, t: WallTime) -> bool {
        t.0 < self.since || t.0 > self.until
    }

    /// Counts a record of weight or of none, unless it is outside what is asked for.
    #[inline(always)]
    fn add(&mut self, t: WallTime, bytes: usize, used: bool) -> bool {
        if self.outside(t) {
            return false;
        }
        let used = u64::from(used);
        self.used += used;
        self.minor += 1 - used;
        self.used_bytes += used * bytes as u64;
        self.minor_bytes += (1 - used) * bytes as u64;
        self.first = self.first.min(t.0);
        self.last = self.last.max(t.0);
        true
    }

    fn hand_over(self, tally: &mut Tally) {
        let records = self.used + self.minor;
        if records == 0 {
            return;
        }
        tally.records += records;
        tally.known += records;
        tally.used_bytes += self.used_bytes;
        tally.minor += self.minor;
        tally.minor_bytes += self.minor_bytes;
        tally.time(Some(WallTime(self.first)));
        tally.time(Some(WallTime(self.last)));
    }
}

fn line_of<'a>(
    window: &Window<'_>,
    ctx: &Context<'_>,
    record: &Record<'a>,
    time: Option<WallTime>,
) -> Line<'a> {
    Line {
        time,
        quote: QuoteText {
            place: ctx.place(window, record.at, record.lines_before),
            line: record.first_line(),
        },
    }
}

/// Reads a record by the table and for words of allocation failures: whether it is known, and whether it says anything.
#[allow(
    clippy::too_many_arguments,
    reason = "one step of the two loops over records"
)]
fn read_statement(
    window: &Window<'_>,
    ctx: &Context<'_>,
    series: Series,
    record: &Record<'_>,
    time: Option<WallTime>,
    words_failure: bool,
    facts: &mut Facts,
    tally: &mut Tally,
) -> (bool, bool) {
    tally.records += 1;
    tally.time(time);
    let (mut known, mut used) = (false, false);
    let text = Text {
        line: record.message,
        more: record.continuation(),
    };
    let read = Rows::of(series).read(&text);
    let read = read.or_else(|| Rows::anywhere().read(&text));
    if let Some((_, event)) = read.or_else(|| read_behind_layout(&text)) {
        known = true;
        let line = line_of(window, ctx, record, time);
        if event == Event::NettyLeak {
            system::add_leak(facts, record.continuation(), time, &line.quote);
        }
        if event != Event::Known {
            used = true;
            facts.log.add(event, &line);
        }
    }
    if words_failure {
        let found = failures_of(window, ctx, record);
        used |= !found.is_empty();
        facts.log.add_failures(&found, time);
    }
    (known, used)
}

/// What start scripts and JVMs print on the console before the first record.
fn read_console(
    window: &Window<'_>,
    ctx: &Context<'_>,
    record: &Record<'_>,
    facts: &mut Facts,
) -> bool {
    let mut known = false;
    for (at, lines, text) in lines_of(record.bytes) {
        let quote = QuoteText {
            place: ctx.place(window, record.at + at, record.lines_before + lines),
            line: text,
        };
        // It repeats the command, so it comes before what looks like one.
        if system::read_shell(&quote, facts)
            || system::read_leak(&window.bytes[record.at + at..], &quote, facts)
        {
            known = true;
        } else if flags::looks_like_command_line(text) {
            let command = flags::read_command_line(text);
            facts.jvm.add(FlagSource {
                text: FlagText::CommandLine,
                quote: quote.keep(None, true),
                flags: command.flags(),
                inert: command.inert,
            });
            known = true;
        } else if let Some((_, picked)) = flags::read_picked_up(text) {
            facts.jvm.add(FlagSource {
                text: FlagText::Environment,
                quote: quote.keep(None, true),
                flags: picked,
                inert: Vec::new(),
            });
            known = true;
        } else if let Some((field, value)) = banner::read_line(text) {
            facts.log.add_server(field.into(), value, None, &quote);
            known = true;
        }
    }
    known
}

/// The allocation failures of a record, line by line.
fn failures_of<'a>(
    window: &Window<'a>,
    ctx: &Context<'_>,
    record: &Record<'a>,
) -> Vec<(Vec<Failure>, QuoteText<'a>)> {
    let mut out = Vec::new();
    let mut at = 0;
    for (lines, line) in (0u32..).zip(record.bytes.split_inclusive(|&b| b == b'\n')) {
        let text = trim_line_end(line);
        let failures = failure::read_line(text, &record.bytes[..at]);
        if !failures.is_empty() {
            out.push((
                failures,
                QuoteText {
                    place: ctx.place(window, record.at + at, record.lines_before + lines),
                    line: text,
                },
            ));
        }
        at += line.len();
    }
    out
}

fn read_access(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts, tally: &mut Tally) {
    for (at, lines, text) in lines_of(window.bytes) {
        if text.is_empty() {
            continue;
        }
        tally.records += 1;
        let Some(a) = access::read(text) else {
            tally.unknown_lines += 1;
            tally.unknown_bytes += text.len() as u64;
            let quote = QuoteText {
                place: ctx.place(window, at, lines),
                line: text,
            };
            tally
                .unknown_shapes
                .add(text, text.len() as u64, None, &quote);
            continue;
        };
        tally.known(text.len(), true);
        let time = ctx.shifted(Some(a.time));
        if ctx.outside(time) {
            continue;
        }
        tally.time(time);
        facts.log.add_access(
            &a,
            &Line {
                time,
                quote: QuoteText {
                    place: ctx.place(window, at, lines),
                    line: text,
                },
            },
        );
    }
}

/// Of a GC log: the zone of its times, and what its head says of flags, collector and machine.
fn read_gc(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts, tally: &mut Tally) {
    for (at, lines, text) in lines_of(window.bytes) {
        tally.records += 1;
        let in_head = window.base == 0 && lines < 40;
        if in_head {
            read_gc_head(window, at, lines, text, facts);
        }
        let event = gc::read_line(text).map(|r| (r.time, r.event));
        tally.known(text.len(), in_head || event.is_some());
        match event {
            Some((time, gc::GcEvent::Pause(pause))) => {
                let time = ctx.shifted(time);
                if !ctx.outside(time) {
                    let quote = QuoteText {
                        place: ctx.place(window, at, lines),
                        line: text,
                    };
                    facts.system.gc.add(&pause, time, &quote);
                }
            }
            Some((_, gc::GcEvent::HeapMax(n))) => {
                facts.system.gc.heap_max = facts.system.gc.heap_max.max(Some(n));
            }
            _ => {}
        }
        if let Some((time, minutes)) = gc_time(text) {
            let time = ctx.shifted(Some(time));
            tally.time(time);
            facts.log.saw_gc_offset(
                minutes,
                &Line {
                    time,
                    quote: QuoteText {
                        place: ctx.place(window, at, lines),
                        line: text,
                    },
                },
            );
        }
    }
}

/// `CommandLine flags: …` and `Memory: …(…k free)` of JDK 8; `Using G1`, `CPUs: 2 total` and `Memory: 24105M` of 17 and later.
fn read_gc_head(window: &Window<'_>, at: usize, lines: u32, text: &[u8], facts: &mut Facts) {
    let quote = QuoteText {
        place: place(window, at, lines),
        line: text,
    };
    if text.starts_with(b"CommandLine flags: ") {
        facts.jvm.add(FlagSource {
            text: FlagText::GcLog,
            quote: quote.keep(None, true),
            flags: flags::read_vm_flags(text),
            inert: Vec::new(),
        });
    }
    let name = |t: &[u8]| String::from_utf8_lossy(cut::word(t)).into_owned();
    if let Some(rest) = cut::after(text, b"] Using ")
        && let Some(c) = flags::Collector::read(rest)
    {
        facts.jvm.collectors.push((c, quote.keep(None, true)));
    }
    if let Some(rest) = cut::after(text, b"] Version: ") {
        facts.jvm.add_java(&name(rest), quote.keep(None, true));
    }
    if let Some(rest) = cut::after(text, b" JRE (") {
        facts.jvm.add_java(
            &String::from_utf8_lossy(cut::until(rest, b')')),
            quote.keep(None, true),
        );
    }
    if let Some((n, _)) = cut::after(text, b"] CPUs: ").and_then(cut::number) {
        facts.jvm.cores = u32::try_from(n).ok();
    }
    let memory = match cut::after(text, b"] Memory: ").and_then(cut::number) {
        Some((n, rest)) if rest.starts_with(b"M") => Some(n << 20),
        Some((n, rest)) if rest.starts_with(b"G") => Some(n << 30),
        _ => text
            .strip_prefix(b"Memory: ")
            .and_then(|t| cut::number(cut::after(t, b"physical ")?))
            .filter(|(_, rest)| rest.starts_with(b"k"))
            .map(|(n, _)| n << 10),
    };
    if let Some(bytes) = memory {
        facts
            .memory
            .physical
            .get_or_insert((bytes, quote.keep(None, true)));
    }
}

/// `[2026-11-22T13:24:04.025+0000]` or the same without brackets.
fn gc_time(line: &[u8]) -> Option<(WallTime, i32)> {
    let t = line.strip_prefix(b"[").unwrap_or(line);
    if t.len() < 28 || t[10] != b'T' || !matches!(t[23], b'+' | b'-') {
        return None;
    }
    let n =
        |r: std::ops::Range<usize>| cut::whole_number(&t[r]).and_then(|n| u32::try_from(n).ok());
    let time = WallTime::from_fields(
        i32::try_from(n(0..4)?).ok()?,
        n(5..7)?,
        n(8..10)?,
        n(11..13)?,
        n(14..16)?,
        n(17..19)?,
        n(20..23)?,
    )?;
    let minutes = i32::try_from(n(24..26)? * 60 + n(26..28)?).ok()?;
    Some((time, if t[23] == b'-' { -minutes } else { minutes }))
}

/// Lines of a text: index, number of lines before, text without line end.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = (usize, u32, &[u8])> {
    let mut at = 0;
    (0u32..)
        .zip(bytes.split_inclusive(|&b| b == b'\n'))
        .map(move |(n, line)| {
            let start = at;
            at += line.len();
            (start, n, trim_line_end(line))
        })
}

/// Reads a file that is no log.
pub fn read_whole(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    if ctx.format.is_log() {
        return read_log(window, ctx, facts);
    }
    if ctx.wrapping == Wrapping::Quoted {
        let (bytes, _) = unwrap(window.bytes, Wrapping::Quoted);
        let window = Window {
            bytes: &bytes,
            ..*window
        };
        let ctx = Context {
            wrapping: Wrapping::None,
            ..*ctx
        };
        return read_whole(&window, &ctx, facts);
    }
    let before = facts.memory.nmt.len() + facts.memory.gauges.len();
    match ctx.format {
        Format::Nmt => read_nmt(window, ctx, facts),
        Format::ProcStatus => system::read_status(window, ctx, facts),
        Format::JvmText => read_jvm_text(window, ctx, facts),
        Format::Prometheus => read_prometheus(window, ctx, facts),
        Format::Properties => system::read_properties(window, facts),
        Format::Smaps => system::read_smaps(window, ctx, facts),
        Format::Meminfo => system::read_meminfo(window, ctx, facts),
        Format::Ps => system::read_ps(window, ctx, facts),
        Format::Pmap => system::read_pmap(window, ctx, facts),
        Format::Sockets => system::read_sockets(window, ctx, facts),
        Format::Histogram => system::read_histogram(window, ctx, facts),
        Format::HeapInfo => system::read_heap_info(window, ctx, facts),
        Format::HsErr => system::read_hs_err(window, ctx, facts),
        Format::Kernel => system::read_kernel(window, ctx, facts),
        Format::SmapsRollup => system::read_rollup(window, ctx, facts),
        Format::Top => system::read_top(window, ctx, facts),
        Format::Limits => system::read_limits(window, ctx, facts),
        Format::Jstat => system::read_jstat(window, ctx, facts),
        Format::Cgroup => system::read_cgroup(window, ctx, facts),
        Format::MallocInfo => system::read_malloc_info(window, ctx, facts),
        Format::SystemMap => system::read_system_map(window, ctx, facts),
        Format::Metaspace => system::read_metaspace(window, ctx, facts),
        Format::Free => {
            for (at, lines, text) in lines_of(window.bytes) {
                let Some(rest) = text.strip_prefix(b"Mem:") else {
                    continue;
                };
                let Some((n, _)) = cut::number(rest.trim_ascii_start()) else {
                    continue;
                };
                // Without -b the figure is in KiB; no machine that runs Nacos has under 1 GiB or over 64 TiB.
                let bytes = if n < 1 << 30 {
                    n.saturating_mul(1024)
                } else {
                    n
                };
                facts.memory.physical = Some((
                    bytes,
                    QuoteText {
                        place: place(window, at, lines),
                        line: text,
                    }
                    .keep(ctx.sample_time().0, true),
                ));
            }
        }
        _ => {}
    }
    let records = (facts.memory.nmt.len() + facts.memory.gauges.len() - before).max(1) as u64;
    let source = facts
        .memory
        .nmt
        .iter()
        .rfind(|s| s.place.artefact == window.artefact)
        .map_or(ctx.sample_time().1, |s| s.time_source);
    let source = if facts.memory.looped.contains(&window.artefact) {
        TimeSource::Heading
    } else {
        source
    };
    facts.memory.clocks.insert(window.artefact, source);
    let time = ctx.sample_time().0;
    let c = facts.coverage(window.artefact);
    c.add_window(window.base, window.bytes);
    c.records += records;
    c.known += records;
    c.used_bytes += window.bytes.len() as u64;
    if let Some(t) = time.filter(|_| ctx.name_time.is_some()) {
        c.saw_time(t);
    }
}

/// The pools and counts of the actuator, one scrape or a loop of them.
fn read_prometheus(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let scrapes = prometheus::read_all(window.bytes);
    let alone = scrapes.len() == 1;
    for scrape in scrapes {
        for e in &scrape.errors {
            facts.add_parse_error(window, e);
        }
        let time = match (&scrape.heading, alone) {
            (Some(h), _) => ctx.shifted(Some(h.time)),
            (None, true) => ctx.sample_time().0,
            (None, false) => None,
        };
        if ctx.outside(time) {
            continue;
        }
        let figures = [
            (
                Gauge::DirectPool,
                scrape.direct.as_ref().and_then(|p| p.used),
                &b"id=\"direct\""[..],
            ),
            (Gauge::JavaThreads, scrape.threads_live, b"jvm_threads_live"),
            (Gauge::HeapUsed, scrape.heap_used, b"area=\"heap\""),
        ];
        for (gauge, value, literal) in figures {
            let Some(value) = value else { continue };
            let line = lines_of(window.bytes).find(|(_, _, l)| {
                memchr::memmem::find(l, literal).is_some()
                    && memchr::memmem::find(l, b"used").is_some()
            });
            let (at, lines, line) = line.unwrap_or_default();
            facts.memory.gauges.push(GaugeSample {
                gauge,
                time,
                value,
                quote: QuoteText {
                    place: place(window, at, lines),
                    line,
                }
                .keep(time, true),
            });
        }
    }
}

fn read_jvm_text(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let has = |needle: &[u8]| memchr::memmem::find(window.bytes, needle).is_some();
    // The line shown is the first that says something: the one behind jcmd's line with the process id.
    let (at, lines, line) = lines_of(window.bytes)
        .find(|(_, _, l)| !l.is_empty() && !is_pid_line(l) && *l != b"VM Arguments:")
        .unwrap_or_default();
    let quote = QuoteText {
        place: place(window, at, lines),
        line,
    };
    if is_uptime(window.bytes) {
        // An age: with the time at which it was asked for, a start.
        let asked = ctx.sample_time().0;
        if let (Some(t), Some((_, seconds))) = (asked, flags::read_vm_uptime(window.bytes)) {
            facts.jvm.add_start(t, seconds, quote.keep(Some(t), true));
        }
    } else if has(b" {product}") && has(b"     bool ") {
        facts.jvm.add(FlagSource {
            text: FlagText::VmFlags,
            quote: quote.keep(None, true),
            flags: flags::read_flag_table(window.bytes),
            inert: Vec::new(),
        });
    } else if has(b"jvm_args:") || has(b"java_command:") {
        let command = flags::read_vm_command_line(window.bytes);
        facts.jvm.add(FlagSource {
            text: FlagText::VmCommandLine,
            quote: quote.keep(None, true),
            flags: command.flags(),
            inert: command.inert,
        });
    } else if has(b"java.vm.version=") {
        let p = flags::read_system_properties(window.bytes);
        let at = lines_of(window.bytes).find(|(_, _, l)| l.starts_with(b"java.version="));
        if let (Some(v), Some((at, lines, line))) = (p.java_version(), at) {
            let quote = QuoteText {
                place: place(window, at, lines),
                line,
            };
            facts.jvm.add_java(v, quote.keep(None, true));
        }
    } else if has(b"VM version ") {
        let v = flags::read_vm_version(window.bytes);
        if let Some(v) = v.jdk_version.or(v.vm_version) {
            facts.jvm.add_java(&v, quote.keep(None, true));
        }
    } else if has(b"-XX:") {
        facts.jvm.add(FlagSource {
            text: FlagText::VmFlags,
            quote: quote.keep(None, true),
            flags: flags::read_vm_flags(window.bytes),
            inert: Vec::new(),
        });
    }
}

fn read_nmt(window: &Window<'_>, ctx: &Context<'_>, facts: &mut Facts) {
    let text = nmt::read(window.bytes);
    let nothing = text.reports.is_empty() && text.status.is_empty();
    add_nmt(window, ctx, facts, text, None);
    if nothing {
        facts.add_issue(
            window.place(0),
            "expected a Native Memory Tracking report, found none",
            ParseErrorKind::Unexpected,
        );
    }
}

/// Takes over the reports of a text; `within` is the time of the text that holds them.
fn add_nmt(
    window: &Window<'_>,
    ctx: &Context<'_>,
    facts: &mut Facts,
    text: nmt::NmtText,
    within: Option<WallTime>,
) {
    for (status, _) in &text.status {
        facts.memory.nmt_status.push((*status, window.artefact));
    }
    for e in &text.errors {
        facts.add_parse_error(window, e);
    }
    let several = text.reports.len() > 1;
    // Lines are counted once, from one report to the next.
    let (mut counted, mut base_lines) = (0, 0u32);
    for report in text.reports {
        let (time, time_source) = match (&report.heading, within) {
            (Some(h), _) => (ctx.shifted(Some(h.time)), TimeSource::Heading),
            (None, Some(t)) => (Some(t), TimeSource::Heading),
            (None, None) if several => (None, TimeSource::None),
            (None, None) => ctx.sample_time(),
        };
        if report.range.start >= counted {
            let between = &window.bytes[counted..report.range.start];
            let n = memchr::memchr_iter(b'\n', between).count();
            base_lines = base_lines.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            counted = report.range.start;
        }
        if ctx.outside(time) {
            continue;
        }
        if let Some(sums) = report.check_sums().filter(|s| !s.within_rounding) {
            facts.add_issue(
                place(window, report.range.start, base_lines),
                format!(
                    "expected categories that add up to the total, found a difference of {} bytes reserved, {} committed",
                    sums.reserved_off, sums.committed_off
                ),
                ParseErrorKind::Unexpected,
            );
        }
        let mut lines = Vec::new();
        for (at, n, line) in lines_of(&window.bytes[report.range.clone()]) {
            let name = line
                .strip_prefix(b"-")
                .map(|l| cut::before(l.trim_ascii_start(), b" (reserved=").unwrap_or_default());
            let keep = match name {
                Some(b"Other") => "Other",
                Some(b"Internal") => "Internal",
                Some(b"Thread") => "Thread",
                Some(b"Metaspace") => "Metaspace",
                Some(b"Class") => "Class",
                _ if line.starts_with(b"Total:") => "Total",
                _ => continue,
            };
            let quote = QuoteText {
                place: place(window, report.range.start + at, n + base_lines),
                line,
            };
            lines.push((keep.to_owned(), quote.keep(time, true)));
        }
        facts.memory.nmt.push(NmtSample {
            time,
            time_source,
            place: place(window, report.range.start, base_lines),
            report,
            lines,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        for (name, head, format) in [
            ("x", &b"JAVA PROFILE 1.0.2\0"[..], Format::HeapDump),
            (
                "anything",
                b"2024-05-01 10:00:00,000 INFO x\n",
                Format::Log(Series::Mixed),
            ),
            (
                "naming-push.log",
                b"tail of a record\n2024-05-01 10:00:00,000 INFO x\n",
                Format::Log(Series::NamingPush),
            ),
            (
                "a",
                b"10.0.0.1 - - [01/May/2024:10:00:00 +0800] \"GET / HTTP/1.1\" 200 1 2\n",
                Format::AccessLog,
            ),
            (
                "a",
                b"[2026-11-22T23:54:02.990+0800][gc] Using Parallel\n",
                Format::GcLog,
            ),
            ("naming-rt.log", b"", Format::Empty),
            (
                "a",
                b"Name:\tjava\nVmRSS:\t  1 kB\nThreads:\t1\n",
                Format::ProcStatus,
            ),
        ] {
            assert_eq!(sniff(name, head), Ok(format), "{name}");
        }
        assert!(
            sniff(
                "a.png",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0"
            )
            .is_err()
        );
        assert!(sniff("readme", b"words in a file\nand more\n").is_err());
    }

    #[test]
    fn gc_times_carry_their_zone() {
        let (t, m) = gc_time(b"[2026-11-22T23:54:02.990+0800][gc] Using Parallel").unwrap();
        assert_eq!((t.local().as_str(), m), ("2026-11-22 23:54:02", 480));
        assert!(gc_time(b"2026-11-23T00:48:50.549+0800: 1.052: [GC").is_some());
        assert!(gc_time(b"[0.005s][info][gc] Using G1 and more text here").is_none());
    }
}
