//! Native Memory Tracking reports of HotSpot, JDK 8 to 25, in any text that holds them: the output of
//! `jcmd P VM.native_memory` (once, or collected in a loop), what `-XX:+PrintNMTStatistics` prints at exit, the section
//! of an hs_err file or of `VM.info`.
//!
//! ```text
//! text     = { heading | pid ":" | report | status | statistics | other }
//! report   = "Native Memory Tracking:" [ "(Omitting categories ...)" ]
//!            "Total:" amounts [ "malloc:" allocated ] [ "mmap:" amounts ]
//!            { category } [ "Virtual memory map:" { region } ] [ "Details:" ] { site }
//! category = "-" name "(" amounts [ ", readonly=" size ] ")" { "(" item ")" }
//! item     = "malloc=" allocated | "mmap:" amounts | "arena=" allocated | "stack:" amounts | "thread #" count
//!          | "classes #" count | "tracking overhead=" size | the metaspace block
//! site     = frame { frame } "(" ( [ "malloc=" ] allocated "type=" name | amounts "Type=" name ) ")"
//! amounts  = "reserved=" changed ", committed=" changed
//! changed  = size [ sign size ]            the second in a report against a baseline
//! size     = digits [ "KB" | "MB" | "GB" ] no unit with scale=b and at exit
//! ```
//!
//! The variants are told by their text, never by a JDK version, because update releases carry later wordings back:
//! counts after a comma (before 8u40), `tag=` for `type=` (25), peaks inside or behind the parenthesis (17 to 25), size
//! changes without unit or with a stray `d` (arena lines of 8 to 21), `: (  Metadata)` (17 and 21), loose `malloc=` and
//! `mmap:` lines below the total (25), `Details:` left out of `detail.diff`, a site of 25 without `malloc=` and type.
//!
//! Read from the output of Temurin 11.0.13, 21.0.8 and 25.0.3, Debian 17.0.15 and 8u504; for older builds of 8 from
//! openjdk/jdk `hotspot/src/share/vm/services/memReporter.cpp` (0cd23742) and openEuler's bishengjdk-8 (d306f1df).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{opt, recognize, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::heading::{self, Heading};
use super::lines::{Line, decimal, find, hexadecimal, leading_number, lines, pid_line, text, trim};
use super::{ParseError, ParseErrorKind};

/// Reports kept of one text; a loop that ran every second for a day prints 86,400.
const MAX_REPORTS: usize = 100_000;
/// Categories kept of one report. HotSpot has about 30.
const MAX_CATEGORIES: usize = 256;
/// Call sites kept of one report.
const MAX_SITES: usize = 20_000;
/// Regions of the virtual memory map kept of one report; every thread stack is one.
const MAX_REGIONS: usize = 50_000;
/// Frames kept of one site; HotSpot prints at most four.
const MAX_FRAMES: usize = 16;
/// Bytes kept of a frame or name.
const MAX_NAME: usize = 300;
/// Errors and statuses kept.
const MAX_NOTES: usize = 1_000;

/// What a text holds of Native Memory Tracking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NmtText {
    /// The reports, in the order of the text.
    pub reports: Vec<NmtReport>,
    /// Answers that stand where a report should, each with its offset.
    pub status: Vec<(NmtStatus, usize)>,
    /// What was not understood. Offsets are from the start of the text.
    pub errors: Vec<ParseError>,
}

/// What the JVM said instead of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NmtStatus {
    /// The JVM was started without `-XX:NativeMemoryTracking`.
    NotEnabled,
    /// Tracking fell to minimal by itself (8, 11).
    Shutdown,
    /// Tracking was shut down by command (8, 11).
    TurnedOff,
    /// Detail was asked for at level summary.
    DetailNotEnabled,
    /// The level was detail and could not be kept (8 to 17).
    Downgraded,
    /// A diff was asked for before `baseline`.
    NoBaseline,
    /// A detail diff was asked for against a summary baseline.
    NoDetailBaseline,
    /// `baseline` was taken.
    BaselineTaken,
    /// `baseline` failed (8, 11).
    BaselineFailed,
    /// `scale=` named no unit.
    IncorrectScale,
    /// Options of the command exclude each other.
    BadOptions,
    /// The option to print at exit was given without tracking.
    PrintDisabled,
    /// The JVM has no such command.
    UnknownCommand,
    /// The tool could not attach to the JVM.
    AttachFailed,
    /// The answer to `statistics`, which says nothing about memory in use.
    Statistics,
}

impl NmtStatus {
    /// A short name for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotEnabled => "not-enabled",
            Self::Shutdown => "shutdown",
            Self::TurnedOff => "turned-off",
            Self::DetailNotEnabled => "detail-not-enabled",
            Self::Downgraded => "downgraded",
            Self::NoBaseline => "no-baseline",
            Self::NoDetailBaseline => "no-detail-baseline",
            Self::BaselineTaken => "baseline-taken",
            Self::BaselineFailed => "baseline-failed",
            Self::IncorrectScale => "incorrect-scale",
            Self::BadOptions => "bad-options",
            Self::PrintDisabled => "print-disabled",
            Self::UnknownCommand => "unknown-command",
            Self::AttachFailed => "attach-failed",
            Self::Statistics => "statistics",
        }
    }
}

/// Which command a report answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NmtKind {
    /// `summary`, also what is printed at exit and in hs_err files.
    Summary,
    /// `detail`: a virtual memory map and call sites follow the summary.
    Detail,
    /// `summary.diff`: the present against a baseline.
    SummaryDiff,
    /// `detail.diff`.
    DetailDiff,
}

impl NmtKind {
    /// Whether the report compares with a baseline.
    #[must_use]
    pub fn is_diff(self) -> bool {
        matches!(self, Self::SummaryDiff | Self::DetailDiff)
    }
}

/// A byte count, and its change since the baseline in a diff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes now, rounded by the JVM to the report's scale.
    pub bytes: u64,
    /// Bytes since the baseline; `None` outside diffs. What a diff does not mark is unchanged: 0.
    pub delta: Option<i64>,
}

/// A count, and its change since the baseline in a diff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many now.
    pub n: u64,
    /// How many more since the baseline; `None` outside diffs.
    pub delta: Option<i64>,
}

/// Reserved and committed memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Address space taken.
    pub reserved: Size,
    /// Memory asked of the operating system; how much of it is resident NMT does not know.
    pub committed: Size,
    /// Largest committed so far, where printed (21 and later).
    pub committed_peak: Option<u64>,
}

/// Memory taken with malloc, or by arenas of the JVM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// Bytes alive.
    pub size: Size,
    /// Blocks (malloc) or arenas alive; some lines leave it out.
    pub count: Option<Count>,
    /// Largest size so far, where printed (17.0.15 and later). May be below the current size: the counters race.
    pub peak: Option<u64>,
    /// Blocks at that time.
    pub peak_count: Option<u64>,
}

/// A metaspace block as printed inside `Class`. It explains figures counted elsewhere; adding it counts them twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetaspaceBlock {
    /// Address space and commitment.
    pub amounts: Amounts,
    /// Bytes in use.
    pub used: Option<Size>,
    /// Bytes free inside (JDK 11).
    pub free: Option<Size>,
    /// Bytes committed and of no use.
    pub waste: Option<Size>,
}

/// One category of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    /// Its name as printed: `Java Heap`, `Internal`, `Other`.
    pub name: String,
    /// Reserved and committed in all.
    pub amounts: Amounts,
    /// Bytes mapped read-only (the shared class space of 25).
    pub readonly: Option<u64>,
    /// Taken with malloc.
    pub malloc: Option<Allocated>,
    /// Mapped.
    pub mmap: Option<Amounts>,
    /// In arenas of the JVM.
    pub arena: Option<Allocated>,
    /// Thread stacks.
    pub stack: Option<Amounts>,
    /// Threads.
    pub threads: Option<Count>,
    /// Loaded classes.
    pub classes: Option<Count>,
    /// Loaded classes that are no arrays (11 and later).
    pub instance_classes: Option<Count>,
    /// Loaded array classes (11 and later).
    pub array_classes: Option<Count>,
    /// What tracking itself costs.
    pub tracking_overhead: Option<Size>,
    /// Metaspace without the compressed class space.
    pub metadata: Option<MetaspaceBlock>,
    /// The compressed class space.
    pub class_space: Option<MetaspaceBlock>,
}

/// How memory of a call site was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteKind {
    /// malloc.
    Malloc,
    /// Reserved and committed address space.
    Mmap,
}

/// A place in the JVM that took memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// Offset of its report line in the text.
    pub at: usize,
    /// Innermost frame first: symbol and offset, or the address in brackets where the JVM knew no symbol (compiled Java
    /// code; the direct buffers of 25).
    pub frames: Vec<String>,
    /// The category; a site of 25 may print none.
    pub category: Option<String>,
    /// malloc or mmap.
    pub kind: SiteKind,
    /// Bytes alive (malloc) or committed (mmap).
    pub bytes: Size,
    /// Bytes reserved (mmap).
    pub reserved: Option<Size>,
    /// Blocks alive (malloc).
    pub count: Option<Count>,
}

/// A reserved region of the virtual memory map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// The category it was reserved for.
    pub category: String,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NmtReport {
    /// Its bytes in the text, pid line included.
    pub range: Range<usize>,
    /// Which command it answers.
    pub kind: NmtKind,
    /// The process, when the jcmd tool printed it.
    pub pid: Option<u32>,
    /// The last time that stands before the report in the text, or in its first line (BiSheng 8).
    pub heading: Option<Heading>,
    /// Reports that stand between that time and this one; 0 when the time is this report's own.
    pub heading_shared: u32,
    /// Bytes per unit of the figures: 1, 1 KiB, 1 MiB or 1 GiB.
    pub scale: u64,
    /// The total; `None` when the text begins below it.
    pub total: Option<Amounts>,
    /// malloc in all (17 and later).
    pub malloc: Option<Allocated>,
    /// mmap in all (17 and later).
    pub mmap: Option<Amounts>,
    /// The categories, in the order printed.
    pub categories: Vec<Category>,
    /// Reserved regions (detail only).
    pub regions: Vec<Region>,
    /// Call sites (detail only), in the order printed.
    pub sites: Vec<CallSite>,
    /// Sites too small to be printed.
    pub sites_omitted: Option<u64>,
}

/// The sums of a report's categories against its total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumCheck {
    /// Sum of the categories' reserved bytes less the total.
    pub reserved_off: i128,
    /// Sum of the categories' committed bytes less the total.
    pub committed_off: i128,
    /// Both are 0.
    pub exact: bool,
    /// Both are explained by rounding: half a unit for each figure, and up to one for each category left out.
    pub within_rounding: bool,
}

impl NmtReport {
    /// The category called `name`.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.name == name)
    }

    /// Whether it has the form of JDK 9 and later, whatever its figures: categories that 8 does not know.
    #[must_use]
    pub fn is_of_9_or_later(&self) -> bool {
        const LATER: [&str; 9] = [
            "Other",
            "Logging",
            "Module",
            "Safepoint",
            "Synchronizer",
            "Synchronization",
            "Arguments",
            "Serviceability",
            "Metaspace",
        ];
        self.categories
            .iter()
            .any(|c| LATER.contains(&c.name.as_str()))
    }

    /// The category that holds `Unsafe.allocateMemory`, and so direct memory: `Internal` on JDK 8, `Other` from 11 on. By the
    /// major version where it is known, else by the categories listed. `None` when the report lists neither, for 9 and 10,
    /// where it is not known, and when nothing tells them from 8 by an empty list.
    #[must_use]
    pub fn direct_category(&self, jdk_major: Option<u32>) -> Option<&'static str> {
        match jdk_major {
            Some(..=8) => Some("Internal"),
            Some(11..) => Some("Other"),
            Some(_) => None,
            None if self.is_of_9_or_later() => Some("Other"),
            None if self.category("Internal").is_some() => Some("Internal"),
            None => None,
        }
    }

    /// The categories summed and compared with the total; `None` when there is no total.
    #[must_use]
    pub fn check_sums(&self) -> Option<SumCheck> {
        /// Categories any JDK is known to have, and some to come.
        const KNOWN: i128 = 40;
        let total = self.total?;
        let sum = |f: fn(&Amounts) -> u64| -> i128 {
            self.categories
                .iter()
                .map(|c| i128::from(f(&c.amounts)))
                .sum()
        };
        let reserved_off = sum(|a| a.reserved.bytes) - i128::from(total.reserved.bytes);
        let committed_off = sum(|a| a.committed.bytes) - i128::from(total.committed.bytes);
        let slack = if self.scale <= 1 {
            0
        } else {
            KNOWN * i128::from(self.scale)
        };
        Some(SumCheck {
            reserved_off,
            committed_off,
            exact: reserved_off == 0 && committed_off == 0,
            within_rounding: reserved_off.abs() <= slack && committed_off.abs() <= slack,
        })
    }
}

/// Whether a text that begins with `head` holds NMT output: a report, two category lines of one cut at the top, or one
/// of the answers given instead.
#[must_use]
pub fn looks_like_nmt(head: &[u8]) -> bool {
    let mut header_age = usize::MAX;
    let mut categories = 0u32;
    for line in lines(head) {
        let t = trim(line.text);
        if is_header(t) {
            header_age = 0;
        } else if header_age <= 6 {
            if t.starts_with(b"Total:") || t.starts_with(b"Tracking level has been") {
                return true;
            }
            header_age += 1;
        }
        if category_line(t).is_ok() {
            categories += 1;
            if categories >= 2 {
                return true;
            }
        }
        if matches!(status(t), Some(s) if !matches!(s, NmtStatus::UnknownCommand | NmtStatus::AttachFailed))
        {
            return true;
        }
    }
    // A head that ends right below the header.
    header_age <= 3
}

/// Reads every report in `text`.
#[must_use]
pub fn read(text: &[u8]) -> NmtText {
    let mut reports = Vec::new();
    let mut out = read_each(text, &mut |r| {
        if reports.len() < MAX_REPORTS {
            reports.push(r);
        }
    });
    if reports.len() == MAX_REPORTS {
        out.errors.push(ParseError::new(
            text.len(),
            ParseErrorKind::Overflow,
            "as many NMT reports as are kept; any more are not",
        ));
    }
    out.reports = reports;
    out
}

/// Hands every report in `text` to `each` as soon as it is read, in order; the result holds all but the reports. For long
/// loops, of which a caller keeps little.
#[must_use]
pub fn read_each(text: &[u8], each: &mut dyn FnMut(NmtReport)) -> NmtText {
    let mut reader = Reader {
        out: NmtText::default(),
        each,
        draft: None,
        pid: None,
        heading: None,
        heading_used: 0,
        notes: BTreeMap::new(),
    };
    for line in lines(text) {
        reader.line(line);
    }
    reader.close();
    reader.out
}

// ---------------------------------------------------------------------------------------------------------------------
// Lines

type Parsed<'a, T> = IResult<&'a [u8], T>;

/// A size with what it was printed with: bytes and bytes per unit.
#[derive(Clone, Copy)]
struct Scaled {
    size: Size,
    unit: u64,
}

fn blanks(i: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|c| c == b' ' || c == b'\t').parse(i)
}

fn unit(i: &[u8]) -> Parsed<'_, u64> {
    alt((
        value(1 << 10, tag("KB")),
        value(1 << 20, tag("MB")),
        value(1 << 30, tag("GB")),
    ))
    .parse(i)
}

/// A number that fits, or a failure that says it does not.
fn number(i: &[u8]) -> Parsed<'_, u64> {
    let (rest, d) = take_while1(|c: u8| c.is_ascii_digit()).parse(i)?;
    match decimal(d) {
        Some(n) => Ok((rest, n)),
        None => Err(overflow(i)),
    }
}

fn overflow(i: &[u8]) -> nom::Err<nom::error::Error<&[u8]>> {
    nom::Err::Failure(nom::error::Error::new(i, nom::error::ErrorKind::TooLarge))
}

fn scaled_number(i: &[u8]) -> Parsed<'_, (u64, Option<u64>)> {
    let (rest, (n, u)) = (number, opt(unit)).parse(i)?;
    match n.checked_mul(u.unwrap_or(1)) {
        Some(bytes) => Ok((rest, (bytes, u))),
        None => Err(overflow(i)),
    }
}

/// ` +26502KB`, ` -5`, ` +1d`: the change, in units of `default` when it has none of its own.
fn change(default: u64) -> impl FnMut(&[u8]) -> Parsed<'_, i64> {
    move |i| {
        let (rest, (sign, n, u, _)) = (
            preceded(blanks, one_of("+-")),
            number,
            opt(unit),
            opt(char('d')),
        )
            .parse(i)?;
        let bytes = n
            .checked_mul(u.unwrap_or(default))
            .and_then(|b| i64::try_from(b).ok());
        match bytes {
            Some(b) => Ok((rest, if sign == '-' { -b } else { b })),
            None => Err(overflow(i)),
        }
    }
}

fn changed(i: &[u8]) -> Parsed<'_, Scaled> {
    let (rest, (bytes, u)) = scaled_number(i)?;
    let unit = u.unwrap_or(1);
    let (rest, delta) = opt(change(unit)).parse(rest)?;
    Ok((
        rest,
        Scaled {
            size: Size { bytes, delta },
            unit,
        },
    ))
}

/// ` #814`, `, #814` (before 8u40), ` #99 +31`.
fn count(i: &[u8]) -> Parsed<'_, Count> {
    let (rest, (_, _, n)) = (opt(char(',')), blanks, preceded(char('#'), number)).parse(i)?;
    let (rest, delta) = opt(change(1)).parse(rest)?;
    Ok((rest, Count { n, delta }))
}

/// `, at peak`, `, peak=20KB`, ` (at peak)`, ` (peak=47KB #152)`: `None` means that the current value is the peak.
fn peak(i: &[u8]) -> Parsed<'_, Option<(u64, Option<u64>)>> {
    preceded(
        (opt(one_of(",)")), blanks, opt(char('('))),
        alt((
            value(None, tag("at peak")),
            preceded(tag("peak="), (scaled_number, opt(count)))
                .map(|((b, _), c)| Some((b, c.map(|c| c.n)))),
        )),
    )
    .parse(i)
}

fn amounts(i: &[u8]) -> Parsed<'_, (Amounts, u64)> {
    let (rest, (_, reserved, _, committed)) = (
        tag("reserved="),
        changed,
        (char(','), blanks, tag("committed=")),
        changed,
    )
        .parse(i)?;
    let (rest, top) = opt(peak).parse(rest)?;
    Ok((
        rest,
        (
            Amounts {
                reserved: reserved.size,
                committed: committed.size,
                committed_peak: top.map(|p| p.map_or(committed.size.bytes, |(b, _)| b)),
            },
            reserved.unit,
        ),
    ))
}

/// ` type=Arena Chunk` or ` tag=..`, ` Type=..`, ` Tag=..`: the name ends before a count, a change or a parenthesis.
fn category_tag(i: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, _) = (
        blanks,
        alt((tag("type="), tag("tag="), tag("Type="), tag("Tag="))),
    )
        .parse(i)?;
    let mut end = rest.len();
    for (n, c) in rest.iter().enumerate() {
        let next = rest.get(n + 1).copied().unwrap_or_default();
        if *c == b')' || (*c == b' ' && matches!(next, b'#' | b'+' | b'-')) || *c == b',' {
            end = n;
            break;
        }
    }
    match rest.split_at_checked(end) {
        Some((name, rest)) => Ok((rest, trim(name))),
        None => Ok((&[], trim(rest))),
    }
}

/// What follows `malloc=` or `arena=`: size, tag, change, count, peak. A site prints its change behind the tag.
fn allocated(i: &[u8]) -> Parsed<'_, (Allocated, Option<&[u8]>, u64)> {
    let (rest, s) = changed(i)?;
    let (rest, name) = opt(category_tag).parse(rest)?;
    let (rest, late) = opt(change(s.unit)).parse(rest)?;
    let (rest, n) = opt(count).parse(rest)?;
    let (rest, top) = opt(peak).parse(rest)?;
    let mut size = s.size;
    size.delta = size.delta.or(late);
    Ok((
        rest,
        (
            Allocated {
                size,
                count: n,
                peak: top.map(|p| p.map_or(size.bytes, |(b, _)| b)),
                peak_count: top.and_then(|p| p.map_or(n.map(|c| c.n), |(_, c)| c)),
            },
            name,
            s.unit,
        ),
    ))
}

/// Whether a text may be the name of a category: `Java Heap`, `GCCardSet`, `Shared class space`.
fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_uppercase)
        && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ')
}

/// A category's head line.
struct CategoryLine<'a> {
    name: &'a [u8],
    amounts: Amounts,
    readonly: Option<u64>,
    unit: u64,
}

/// `-                     Other (reserved=98304KB, committed=98304KB)`; the dash may be lost in a text that was pasted, where
/// it made a list.
fn category_line(i: &[u8]) -> Parsed<'_, CategoryLine<'_>> {
    let (rest, dash) = opt(char('-')).parse(i)?;
    let (rest, _) = blanks(rest)?;
    let at = find(rest.get(..200).unwrap_or(rest), b"(reserved=")
        .filter(|&at| dash.is_some() || is_name(trim(&rest[..at])));
    let Some(at) = at else {
        return Err(nom::Err::Error(nom::error::Error::new(
            i,
            nom::error::ErrorKind::Tag,
        )));
    };
    let (name, rest) = rest.split_at_checked(at).unwrap_or((rest, &[]));
    let (rest, (amounts, unit)) = preceded(char('('), amounts).parse(rest)?;
    let (rest, readonly) = opt(preceded(
        (char(','), blanks, tag("readonly=")),
        scaled_number,
    ))
    .parse(rest)?;
    let (rest, _) = char(')').parse(rest)?;
    Ok((
        rest,
        CategoryLine {
            name: trim(name),
            amounts,
            readonly: readonly.map(|(b, _)| b),
            unit,
        },
    ))
}

/// A line inside a category, or the report line of a call site.
#[derive(Clone, Copy)]
enum Item<'a> {
    Malloc(Allocated, Option<&'a [u8]>),
    Mmap(Amounts, Option<&'a [u8]>),
    Arena(Allocated),
    Stack(Amounts),
    Threads(Count),
    Classes(Count),
    InstanceAndArray(Count, Count),
    TrackingOverhead(Size),
    Metadata,
    ClassSpace,
    Used(Size),
    Free(Size),
    Waste(Size),
    /// `reserved=..., committed=...` with or without a category: of a metaspace block, or of a site.
    Plain(Amounts, Option<&'a [u8]>),
    /// `1KB +1KB #1`: a site of 25 whose memory has no category.
    Untyped(Allocated),
}

fn hash_count<'a>(
    label: &'static str,
) -> impl Parser<&'a [u8], Output = Count, Error = nom::error::Error<&'a [u8]>> {
    preceded((tag(label), opt(char('s'))), count)
}

/// One parenthesised line.
fn item(i: &[u8]) -> Parsed<'_, (Item<'_>, u64)> {
    let sized = |name: &'static str| preceded(tag(name), changed);
    let (i, _) = (opt((char(':'), blanks)), char('('), opt(char('(')), blanks).parse(i)?;
    let (rest, found) = alt((
        preceded(tag("malloc="), allocated).map(|(a, t, u)| (Item::Malloc(a, t), u)),
        preceded((tag("mmap:"), blanks), (amounts, opt(category_tag)))
            .map(|((a, u), t)| (Item::Mmap(a, t), u)),
        preceded(tag("arena="), allocated).map(|(a, _, u)| (Item::Arena(a), u)),
        preceded((tag("stack:"), blanks), amounts).map(|(a, u)| (Item::Stack(a), u)),
        hash_count("thread").map(|c| (Item::Threads(c), 0)),
        preceded(tag("classes"), count).map(|c| (Item::Classes(c), 0)),
        (
            preceded(tag("instance classes"), count),
            preceded((char(','), blanks, tag("array classes")), count),
        )
            .map(|(i, a)| (Item::InstanceAndArray(i, a), 0)),
        sized("tracking overhead=").map(|s| (Item::TrackingOverhead(s.size), s.unit)),
        value((Item::Metadata, 0), tag("Metadata")),
        value((Item::ClassSpace, 0), tag("Class space")),
        sized("used=").map(|s| (Item::Used(s.size), s.unit)),
        sized("free=").map(|s| (Item::Free(s.size), s.unit)),
        waste,
        (amounts, opt(category_tag)).map(|((a, u), t)| (Item::Plain(a, t), u)),
        allocated.map(|(a, t, u)| {
            let item = match t {
                Some(_) => Item::Malloc(a, t),
                None => Item::Untyped(a),
            };
            (item, u)
        }),
    ))
    .parse(i)?;
    Ok((rest, found))
}

/// `waste=107KB =27.88% +45KB`
fn waste(i: &[u8]) -> Parsed<'_, (Item<'_>, u64)> {
    let (rest, (bytes, u)) = preceded(tag("waste="), scaled_number).parse(i)?;
    let percent = delimited(
        (blanks, char('=')),
        take_while(|c: u8| c.is_ascii_digit() || c == b'.'),
        char('%'),
    );
    let (rest, _) = opt(recognize(percent)).parse(rest)?;
    let unit = u.unwrap_or(1);
    let (rest, delta) = opt(change(unit)).parse(rest)?;
    Ok((rest, (Item::Waste(Size { bytes, delta }), unit)))
}

/// `[0x00007fcf21e2c5e3] thread_native_entry(Thread*)+0xe3`, without the blank in 21 and 25, without symbol for
/// compiled Java code; `[BOOTSTRAP]` before 8u40.
fn frame(t: &[u8]) -> Option<String> {
    let inner = t.strip_prefix(b"[")?;
    let close = memchr::memchr(b']', inner)?;
    let (address, rest) = inner.split_at_checked(close)?;
    if hexadecimal(address).is_none() && address != b"BOOTSTRAP" {
        return None;
    }
    let symbol = trim(rest.get(1..)?);
    Some(if symbol.is_empty() {
        text(t.get(..close.checked_add(2)?)?, MAX_NAME)
    } else {
        text(symbol, MAX_NAME)
    })
}

/// `[0x00000000e0000000 - 0x0000000100000000] reserved 524288KB for Java Heap from`; sub-regions are indented and say
/// `committed`, so they are none.
fn region(line: &[u8]) -> Option<Region> {
    let inner = line.strip_prefix(b"[0x")?;
    let (range, rest) = super::lines::cut(inner, b"]")?;
    let (start, end) = super::lines::cut(range, b" - ")?;
    let rest = trim(rest).strip_prefix(b"reserved")?;
    let name = super::lines::after(rest, b" for ")?;
    let name = name
        .strip_suffix(b" from")
        .or_else(|| name.strip_suffix(b"from"))
        .unwrap_or(name);
    Some(Region {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        category: text(trim(name), MAX_NAME),
    })
}

fn is_header(t: &[u8]) -> bool {
    t.starts_with(b"Native Memory Tracking:") || t.ends_with(b" Native Memory Tracking:")
}

fn status(t: &[u8]) -> Option<NmtStatus> {
    /// Beginning of the line, and what it means.
    const STATUS: [(&[u8], NmtStatus); 14] = [
        (
            b"Native memory tracking is not enabled",
            NmtStatus::NotEnabled,
        ),
        (
            b"Native memory tracking has been shutdown",
            NmtStatus::Shutdown,
        ),
        (
            b"Native memory tracking has been turned off",
            NmtStatus::TurnedOff,
        ),
        (
            b"Detail tracking is not enabled",
            NmtStatus::DetailNotEnabled,
        ),
        (b"Tracking level has been downgraded", NmtStatus::Downgraded),
        (b"No baseline for comparison", NmtStatus::NoBaseline),
        (
            b"No detail baseline for comparison",
            NmtStatus::NoDetailBaseline,
        ),
        (b"Baseline taken", NmtStatus::BaselineTaken),
        (b"Baseline succeeded", NmtStatus::BaselineTaken),
        (b"Baseline failed", NmtStatus::BaselineFailed),
        (b"Incorrect scale value", NmtStatus::IncorrectScale),
        (
            b"At most one of the following option",
            NmtStatus::BadOptions,
        ),
        (b"Unable to open socket file", NmtStatus::AttachFailed),
        (b"Native Memory Tracking Statistics", NmtStatus::Statistics),
    ];
    let first = t.first()?;
    for (begin, status) in STATUS {
        if begin.first() == Some(first) && t.starts_with(begin) {
            return Some(status);
        }
    }
    if *first == b'c' && t.starts_with(b"com.sun.tools.attach.AttachNotSupportedException") {
        return Some(NmtStatus::AttachFailed);
    }
    if find(t, b"PrintNMTStatistics is disabled").is_some() {
        return Some(NmtStatus::PrintDisabled);
    }
    if *first == b'j' && find(t, b"Unknown diagnostic command").is_some() {
        return Some(NmtStatus::UnknownCommand);
    }
    None
}

// ---------------------------------------------------------------------------------------------------------------------
// Reports

/// Where in a report the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Summary,
    Map,
    Sites,
}

/// Which metaspace block the next figures belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Metadata,
    ClassSpace,
}

/// A report being read.
struct Draft {
    report: NmtReport,
    /// The header line was there.
    headed: bool,
    section: Section,
    block: Option<Block>,
    frames: Vec<String>,
    /// Sites were met, or the heading of their section.
    detailed: bool,
    /// Changes were met.
    diff: bool,
    /// A line was cut or its figures unreadable; already said.
    damaged: bool,
    /// `Virtual memory map:` was met, and `Details:` after it.
    map: bool,
    /// Limits already reported.
    full: bool,
}

struct Reader<'e> {
    out: NmtText,
    each: &'e mut dyn FnMut(NmtReport),
    draft: Option<Draft>,
    pid: Option<(u32, usize)>,
    heading: Option<Heading>,
    heading_used: u32,
    notes: BTreeMap<&'static str, u32>,
}

impl Reader<'_> {
    fn error(&mut self, at: usize, kind: ParseErrorKind, what: impl Into<Cow<'static, str>>) {
        if self.out.errors.len() < MAX_NOTES {
            self.out.errors.push(ParseError::new(at, kind, what));
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let t = trim(line.text);
        if t.is_empty() {
            return;
        }
        if is_header(t) {
            self.close();
            if let Some(h) = heading::read(t, line.start) {
                self.set_heading(h);
            }
            self.open(line, true);
            return;
        }
        if let Some(pid) = pid_line(t) {
            self.close();
            self.pid = Some((pid, line.start));
            return;
        }
        if let Some(status) = status(t) {
            self.close();
            self.pid = None;
            if self.out.status.len() < MAX_NOTES {
                self.out.status.push((status, line.start));
            }
            return;
        }
        if self.report_line(line, t) {
            if let Some(d) = &mut self.draft {
                d.report.range.end = line.next;
            }
        } else if let Some(h) = heading::read(t, line.start) {
            self.set_heading(h);
        }
    }

    fn set_heading(&mut self, h: Heading) {
        self.heading = Some(h);
        self.heading_used = 0;
    }

    fn open(&mut self, line: Line<'_>, headed: bool) {
        let (pid, start) = match self.pid.take() {
            Some((pid, at)) => (Some(pid), at),
            None => (None, line.start),
        };
        self.draft = Some(Draft {
            report: NmtReport {
                range: start..line.next,
                kind: NmtKind::Summary,
                pid,
                heading: self.heading.clone(),
                heading_shared: self.heading_used,
                scale: 1,
                total: None,
                malloc: None,
                mmap: None,
                categories: Vec::new(),
                regions: Vec::new(),
                sites: Vec::new(),
                sites_omitted: None,
            },
            headed,
            section: Section::Summary,
            block: None,
            frames: Vec::new(),
            detailed: false,
            diff: false,
            damaged: false,
            map: false,
            full: false,
        });
        self.heading_used = self.heading_used.saturating_add(1);
    }

    /// Reads a line as part of a report; `false` when it is none.
    fn report_line(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        match t.first() {
            Some(b'T') if t.starts_with(b"Total:") => return self.total(line, t),
            Some(b'-') => return self.category(line, t),
            _ => {}
        }
        if self.draft.is_none() {
            return false;
        }
        match t.first() {
            Some(b'(' | b':') => self.item(line, t),
            Some(b'[') => self.frame_or_region(line, t),
            Some(b'm') => self.loose(line, t),
            Some(b'A'..=b'Z') if category_line(t).is_ok() => self.category(line, t),
            Some(b'V') if t.starts_with(b"Virtual memory map:") => self.section(Section::Map),
            Some(b'M') if t.starts_with(b"Memory file details") => true,
            Some(b'D') if t.starts_with(b"Details:") => self.section(Section::Sites),
            _ => false,
        }
    }

    fn section(&mut self, section: Section) -> bool {
        if let Some(d) = &mut self.draft {
            d.map |= section == Section::Map;
            d.detailed = true;
            d.section = section;
            d.block = None;
            d.frames.clear();
        }
        true
    }

    /// Says why a line could not be read. One that ends with the text is cut, not wrong.
    fn bad(&mut self, line: Line<'_>, what: &'static str, e: &nom::Err<nom::error::Error<&[u8]>>) {
        let kind = match e {
            nom::Err::Failure(f) if f.code == nom::error::ErrorKind::TooLarge => {
                ParseErrorKind::Overflow
            }
            _ if !line.ended => ParseErrorKind::Truncated,
            _ => ParseErrorKind::Unexpected,
        };
        if let Some(d) = &mut self.draft {
            d.damaged = true;
        }
        // The same complaint a thousand times helps nobody.
        let n = self.notes.entry(what).or_default();
        *n = n.saturating_add(1);
        if *n <= 50 {
            let what = match kind {
                ParseErrorKind::Overflow => format!("{what}: a number is too large"),
                ParseErrorKind::Truncated => format!("{what} is cut off"),
                _ => format!("expected {what}, found {:?}", text(trim(line.text), 60)),
            };
            self.error(line.start, kind, what);
        }
    }

    fn total(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        let parsed = preceded((tag("Total:"), blanks), amounts).parse(t);
        match parsed {
            Ok((_, (amounts, unit))) => {
                if self.draft.as_ref().is_none_or(|d| d.report.total.is_some()) {
                    self.close();
                    self.open(line, false);
                }
                if let Some(d) = &mut self.draft {
                    d.report.scale = unit;
                    d.diff |= has_change(&amounts);
                    d.report.total = Some(amounts);
                }
                true
            }
            Err(e) => {
                if self.draft.is_none() {
                    return false;
                }
                self.bad(line, "the total of an NMT report", &e);
                true
            }
        }
    }

    fn category(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        match category_line(t) {
            Ok((_, head)) => {
                if self.draft.is_none() {
                    self.open(line, false);
                }
                let Some(d) = &mut self.draft else {
                    return false;
                };
                d.section = Section::Summary;
                d.block = None;
                d.diff |= has_change(&head.amounts);
                d.report.scale = d.report.scale.max(head.unit);
                if d.report.categories.len() >= MAX_CATEGORIES {
                    self.full(line, "more categories than a report can have");
                } else {
                    d.report.categories.push(Category {
                        name: text(head.name, MAX_NAME),
                        amounts: head.amounts,
                        readonly: head.readonly,
                        ..Category::default()
                    });
                }
                true
            }
            Err(e) => {
                // Ours when it looks like one; other lines of a log may begin with a dash too.
                if self.draft.is_none()
                    || (find(t, b"(reserved=").is_none() && (line.ended || !t.starts_with(b"- ")))
                {
                    return false;
                }
                self.bad(line, "a category of an NMT report", &e);
                true
            }
        }
    }

    fn full(&mut self, line: Line<'_>, what: &'static str) {
        let Some(d) = &mut self.draft else { return };
        if !d.full {
            d.full = true;
            self.error(line.start, ParseErrorKind::Overflow, what);
        }
    }

    /// A parenthesised line: of the category being read, or of a call site.
    fn item(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        if t.starts_with(b"(Omitting categories") {
            return true;
        }
        if let Some((n, rest)) = t.strip_prefix(b"(").and_then(leading_number)
            && rest.starts_with(b" call sites")
        {
            if let Some(d) = &mut self.draft {
                d.report.sites_omitted = Some(n);
            }
            return true;
        }
        let (item, unit) = match item(t) {
            Ok((_, found)) => found,
            Err(e) => {
                // A line of a later JDK: the report goes on. One cut off, or with a figure gone wrong, is said.
                let figures = find(t, b"malloc=").is_some() || find(t, b"reserved=").is_some();
                let overflow = matches!(&e, nom::Err::Failure(_));
                let ours = figures || overflow || !line.ended;
                if ours {
                    self.bad(line, "a line of an NMT report", &e);
                }
                if let Some(d) = &mut self.draft {
                    d.frames.clear();
                }
                return ours;
            }
        };
        let Some(d) = &mut self.draft else {
            return false;
        };
        let site = d.section == Section::Sites || !d.frames.is_empty();
        if site && d.section != Section::Map {
            return self.site(line, item);
        }
        if d.section == Section::Map {
            return true;
        }
        let block = d.block;
        let Some(c) = d.report.categories.last_mut() else {
            return true;
        };
        if unit != 0 {
            d.report.scale = d.report.scale.max(unit);
        }
        match item {
            Item::Malloc(a, _) | Item::Untyped(a) => {
                d.diff |= a.size.delta.is_some() || a.count.is_some_and(|c| c.delta.is_some());
                c.malloc = Some(a);
            }
            Item::Mmap(a, _) => c.mmap = Some(a),
            Item::Arena(a) => c.arena = Some(a),
            Item::Stack(a) => c.stack = Some(a),
            Item::Threads(n) => c.threads = Some(n),
            Item::Classes(n) => c.classes = Some(n),
            Item::InstanceAndArray(i, a) => {
                c.instance_classes = Some(i);
                c.array_classes = Some(a);
            }
            Item::TrackingOverhead(s) => c.tracking_overhead = Some(s),
            Item::Metadata => d.block = Some(Block::Metadata),
            Item::ClassSpace => d.block = Some(Block::ClassSpace),
            Item::Plain(amounts, _) => match block {
                Some(Block::Metadata) => c.metadata.get_or_insert_default().amounts = amounts,
                Some(Block::ClassSpace) => c.class_space.get_or_insert_default().amounts = amounts,
                None => {}
            },
            Item::Used(s) => block_of(c, block, |b| b.used = Some(s)),
            Item::Free(s) => block_of(c, block, |b| b.free = Some(s)),
            Item::Waste(s) => block_of(c, block, |b| b.waste = Some(s)),
        }
        true
    }

    /// The report line of a call site.
    fn site(&mut self, line: Line<'_>, item: Item<'_>) -> bool {
        let Some(d) = &mut self.draft else {
            return false;
        };
        d.section = Section::Sites;
        d.detailed = true;
        let frames = std::mem::take(&mut d.frames);
        let name = |t: Option<&[u8]>| t.filter(|t| !t.is_empty()).map(|t| text(t, MAX_NAME));
        let (category, kind, bytes, reserved, count) = match item {
            Item::Malloc(a, t) => (name(t), SiteKind::Malloc, a.size, None, a.count),
            Item::Untyped(a) => (None, SiteKind::Malloc, a.size, None, a.count),
            Item::Mmap(a, t) | Item::Plain(a, t) => {
                (name(t), SiteKind::Mmap, a.committed, Some(a.reserved), None)
            }
            _ => return true,
        };
        d.diff |= bytes.delta.is_some() || reserved.is_some_and(|r| r.delta.is_some());
        if d.report.sites.len() >= MAX_SITES {
            self.full(line, "more call sites than are kept");
        } else {
            d.report.sites.push(CallSite {
                at: line.start,
                frames,
                category,
                kind,
                bytes,
                reserved,
                count,
            });
        }
        true
    }

    fn frame_or_region(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        let Some(d) = &mut self.draft else {
            return false;
        };
        if d.section == Section::Map {
            if line.text.first() == Some(&b'[')
                && let Some(region) = region(t)
            {
                if d.report.regions.len() >= MAX_REGIONS {
                    self.full(line, "more regions than are kept");
                } else {
                    d.report.regions.push(region);
                }
            }
            return true;
        }
        let Some(frame) = frame(t) else {
            if !line.ended {
                self.bad(
                    line,
                    "a frame of a call site",
                    &nom::Err::Error(nom::error::Error::new(t, nom::error::ErrorKind::Tag)),
                );
                return true;
            }
            return false;
        };
        if d.frames.len() < MAX_FRAMES {
            d.frames.push(frame);
        }
        true
    }

    /// The lines below the total: `malloc: 106001KB #6624`, `mmap:   reserved=.., committed=..`, and 25's
    /// `malloc=137806KB +25478KB #10890 +2127`.
    fn loose(&mut self, line: Line<'_>, t: &[u8]) -> bool {
        let Some(d) = &mut self.draft else {
            return false;
        };
        if !d.report.categories.is_empty() {
            return false;
        }
        let malloc = preceded((alt((tag("malloc:"), tag("malloc="))), blanks), allocated).parse(t);
        if let Ok((_, (a, _, _))) = malloc {
            d.report.malloc = Some(a);
            return true;
        }
        match preceded((tag("mmap:"), blanks), amounts).parse(t) {
            Ok((_, (a, _))) => {
                d.report.mmap = Some(a);
                true
            }
            Err(e) => {
                if !t.starts_with(b"mmap:") && !t.starts_with(b"malloc") {
                    return false;
                }
                self.bad(line, "the totals of an NMT report", &e);
                true
            }
        }
    }

    /// Ends the report being read.
    fn close(&mut self) {
        let Some(mut d) = self.draft.take() else {
            return;
        };
        let r = &mut d.report;
        // A single line that looks like a category is not enough to call it a report.
        if !d.headed && r.total.is_none() && r.categories.len() < 2 {
            return;
        }
        r.kind = match (d.detailed, d.diff) {
            (false, false) => NmtKind::Summary,
            (true, false) => NmtKind::Detail,
            (false, true) => NmtKind::SummaryDiff,
            (true, true) => NmtKind::DetailDiff,
        };
        if d.diff {
            fill_changes(r);
        }
        let start = r.range.start;
        let end = r.range.end;
        let truncated = if !d.headed || r.total.is_none() {
            Some((start, "an NMT report begins below its total"))
        } else if r.categories.is_empty() {
            Some((end, "an NMT report ends before its first category"))
        } else if !d.frames.is_empty() {
            Some((end, "an NMT report ends inside a call site"))
        } else if d.map && d.section == Section::Map {
            Some((end, "an NMT report ends inside its virtual memory map"))
        } else if falls_short(r) {
            Some((
                end,
                "the categories of an NMT report fall short of its total",
            ))
        } else {
            None
        };
        if !d.headed && r.total.is_some() && !r.categories.is_empty() {
            // Only the header line is missing: nothing is lost.
        } else if let Some((at, what)) = truncated
            && !d.damaged
        {
            self.error(at, ParseErrorKind::Truncated, what);
        }
        (self.each)(d.report);
    }
}

fn block_of(c: &mut Category, block: Option<Block>, set: impl FnOnce(&mut MetaspaceBlock)) {
    match block {
        Some(Block::Metadata) => set(c.metadata.get_or_insert_default()),
        Some(Block::ClassSpace) => set(c.class_space.get_or_insert_default()),
        None => {}
    }
}

fn has_change(a: &Amounts) -> bool {
    a.reserved.delta.is_some() || a.committed.delta.is_some()
}

/// Whether categories are missing at the end: the sums are below the total by more than rounding explains.
fn falls_short(r: &NmtReport) -> bool {
    r.check_sums()
        .is_some_and(|s| !s.within_rounding && (s.reserved_off < 0 || s.committed_off < 0))
}

/// In a diff, a figure without a change is unchanged.
fn fill_changes(r: &mut NmtReport) {
    fn size(s: &mut Size) {
        s.delta.get_or_insert(0);
    }
    fn amounts(a: &mut Amounts) {
        size(&mut a.reserved);
        size(&mut a.committed);
    }
    fn count(c: &mut Count) {
        c.delta.get_or_insert(0);
    }
    fn allocated(a: &mut Allocated) {
        size(&mut a.size);
        a.count.iter_mut().for_each(count);
    }
    fn block(b: &mut MetaspaceBlock) {
        amounts(&mut b.amounts);
        b.used.iter_mut().for_each(size);
        b.free.iter_mut().for_each(size);
        b.waste.iter_mut().for_each(size);
    }
    r.total.iter_mut().for_each(amounts);
    r.malloc.iter_mut().for_each(allocated);
    r.mmap.iter_mut().for_each(amounts);
    for c in &mut r.categories {
        amounts(&mut c.amounts);
        c.malloc.iter_mut().for_each(allocated);
        c.arena.iter_mut().for_each(allocated);
        c.mmap.iter_mut().for_each(amounts);
        c.stack.iter_mut().for_each(amounts);
        for n in [
            &mut c.threads,
            &mut c.classes,
            &mut c.instance_classes,
            &mut c.array_classes,
        ] {
            n.iter_mut().for_each(count);
        }
        c.tracking_overhead.iter_mut().for_each(size);
        c.metadata.iter_mut().for_each(block);
        c.class_space.iter_mut().for_each(block);
    }
    for s in &mut r.sites {
        size(&mut s.bytes);
        s.reserved.iter_mut().for_each(size);
        s.count.iter_mut().for_each(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::lines::torment;

    const KB: u64 = 1024;

    fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("fixtures/nmt/{name}.txt")).unwrap()
    }

    /// The only report of a fixture, which has to be read without complaint.
    fn report(name: &str) -> NmtReport {
        let got = read(&fixture(name));
        assert_eq!(got.errors, [], "{name}");
        assert_eq!(got.reports.len(), 1, "{name}");
        got.reports.into_iter().next().unwrap()
    }

    fn kb(reserved: u64, committed: u64) -> (u64, u64) {
        (reserved * KB, committed * KB)
    }

    fn pair(a: Amounts) -> (u64, u64) {
        (a.reserved.bytes, a.committed.bytes)
    }

    #[test]
    fn a_summary_of_every_jdk_gives_total_pid_and_categories() {
        for (name, pid, total, categories, other) in [
            ("jdk8-first", 13488, kb(2_125_317, 855_273), 10, None),
            (
                "jdk11-summary",
                18414,
                kb(2_010_761, 221_705),
                16,
                Some(98304),
            ),
            (
                "jdk17-summary",
                15132,
                kb(2_085_389, 230_353),
                19,
                Some(98304),
            ),
            (
                "jdk21-summary",
                19714,
                kb(2_061_845, 222_881),
                19,
                Some(98304),
            ),
            (
                "jdk25-summary",
                20955,
                kb(2_076_546, 232_654),
                20,
                Some(98304),
            ),
        ] {
            let r = report(name);
            assert_eq!(r.kind, NmtKind::Summary, "{name}");
            assert_eq!(r.pid, Some(pid), "{name}");
            assert_eq!(r.scale, KB, "{name}");
            assert_eq!(r.total.map(pair), Some(total), "{name}");
            assert_eq!(r.categories.len(), categories, "{name}");
            let got = r.category("Other").map(|c| c.amounts.committed.bytes);
            assert_eq!(got, other.map(|k| k * KB), "{name}");
            assert!(r.check_sums().unwrap().within_rounding, "{name}");
            let whole = fixture(name);
            assert_eq!(r.range.start, 0, "{name}");
            assert!(trim(&whole[r.range.end..]).is_empty(), "{name}");
        }
    }

    #[test]
    fn direct_memory_of_jdk_8_stands_under_internal() {
        let r = report("jdk8-last");
        assert_eq!(r.total.map(pair), Some(kb(2_669_235, 1_411_855)));
        let internal = r.category("Internal").unwrap();
        assert_eq!(pair(internal.amounts), kb(497_040, 497_040));
        let malloc = internal.malloc.unwrap();
        assert_eq!(
            malloc.size,
            Size {
                bytes: 497_008 * KB,
                delta: None
            }
        );
        assert_eq!(
            malloc.count,
            Some(Count {
                n: 21797,
                delta: None
            })
        );
        assert_eq!((malloc.peak, malloc.peak_count), (None, None));
    }

    #[test]
    fn the_lines_of_a_category_are_read_in_full() {
        let r = report("jdk25-summary");
        let malloc = r.malloc.unwrap();
        assert_eq!(
            (malloc.size.bytes, malloc.peak),
            (107_394 * KB, Some(107_241 * KB))
        );
        assert_eq!(
            (malloc.count.unwrap().n, malloc.peak_count),
            (8693, Some(8694))
        );
        assert_eq!(r.mmap.map(pair), Some(kb(1_969_152, 125_260)));

        let thread = r.category("Thread").unwrap();
        assert_eq!(thread.threads.unwrap().n, 23);
        let stack = thread.stack.unwrap();
        assert_eq!(pair(stack), kb(23_552, 1_376));
        assert_eq!(stack.committed_peak, Some(1_376 * KB));
        let arena = thread.arena.unwrap();
        assert_eq!((arena.size.bytes, arena.count.unwrap().n), (25 * KB, 42));
        assert_eq!((arena.peak, arena.peak_count), (Some(82 * KB), Some(30)));

        let class = r.category("Class").unwrap();
        assert_eq!(class.classes.unwrap().n, 885);
        assert_eq!(class.instance_classes.unwrap().n, 737);
        assert_eq!(class.array_classes.unwrap().n, 148);
        let space = class.class_space.unwrap();
        assert_eq!(pair(space.amounts), kb(1_048_576, 128));
        assert_eq!(space.used.unwrap().bytes, 32 * KB);
        assert_eq!(space.waste.unwrap().bytes, 96 * KB);
        assert_eq!(pair(class.metadata.unwrap().amounts), kb(65_536, 512));

        assert_eq!(r.category("Shared class space").unwrap().readonly, Some(0));
        let nmt = r.category("Native Memory Tracking").unwrap();
        assert_eq!(nmt.tracking_overhead.unwrap().bytes, 153 * KB);
        let other = r.category("Other").unwrap().malloc.unwrap();
        assert_eq!(
            (other.count.unwrap().n, other.peak),
            (68, Some(98_304 * KB))
        );
        // At peak: the count of that time is the present one.
        assert_eq!(other.peak_count, Some(68));
    }

    #[test]
    fn a_category_that_is_empty_now_keeps_its_peak() {
        let r = report("jdk21-summary");
        let unknown = r.category("Unknown").unwrap();
        assert_eq!(pair(unknown.amounts), (0, 0));
        assert_eq!(unknown.mmap.unwrap().committed_peak, Some(20 * KB));
    }

    #[test]
    fn figures_in_bytes_have_no_unit_and_add_up_exactly() {
        for name in [
            "jdk17-summary-b",
            "jdk21-summary-b",
            "jdk25-summary-b",
            "jdk17-exit",
        ] {
            let r = report(name);
            assert_eq!(r.scale, 1, "{name}");
            let sums = r.check_sums().unwrap();
            assert!(sums.exact, "{name}: {sums:?}");
        }
        let exit = report("jdk17-exit");
        assert_eq!(exit.total.map(pair), Some((2_160_424_721, 262_268_689)));
        assert_eq!(exit.pid, None);
        assert_eq!(exit.malloc.unwrap().size.bytes, 136_677_137);
        assert_eq!(
            exit.range.start,
            fixture("jdk17-exit")
                .windows(6)
                .position(|w| w == b"Native")
                .unwrap()
        );
    }

    #[test]
    fn figures_in_megabytes_and_gigabytes_are_bytes_here() {
        let mb = report("jdk17-summary-mb");
        assert_eq!(mb.scale, KB * KB);
        assert_eq!(
            mb.category("Other").unwrap().amounts.committed.bytes,
            96 << 20
        );
        assert!(!mb.check_sums().unwrap().exact);
        let gb = report("jdk17-summary-gb");
        assert_eq!(gb.scale, 1 << 30);
        assert_eq!(gb.total.map(pair), Some((2 << 30, 0)));
        assert_eq!(gb.category("Class").unwrap().classes.unwrap().n, 624);
    }

    #[test]
    fn a_diff_gives_changes_and_what_it_leaves_unmarked_is_unchanged() {
        for (name, total, other) in [
            ("jdk11-summary-diff", (24_717, 23_717), (24_576, 31)),
            ("jdk17-summary-diff", (26_151, 23_107), (24_576, 31)),
            ("jdk21-summary-diff", (26_507, 25_511), (24_576, 31)),
            ("jdk25-summary-diff", (26_502, 23_426), (24_576, 31)),
        ] {
            let r = report(name);
            assert_eq!(r.kind, NmtKind::SummaryDiff, "{name}");
            let t = r.total.unwrap();
            let kb = KB as i64;
            assert_eq!(t.reserved.delta, Some(total.0 * kb), "{name}");
            assert_eq!(t.committed.delta, Some(total.1 * kb), "{name}");
            let m = r.category("Other").unwrap().malloc.unwrap();
            assert_eq!(
                m.size,
                Size {
                    bytes: 122_880 * KB,
                    delta: Some(other.0 * kb)
                },
                "{name}"
            );
            assert_eq!(
                m.count,
                Some(Count {
                    n: 99,
                    delta: Some(other.1)
                }),
                "{name}"
            );
            // The arena's change is printed without unit (11, 17), with a stray letter (21), with its unit (25).
            let arena = r.category("Thread").unwrap().arena.unwrap();
            assert_eq!(arena.size.delta, Some(kb), "{name}");
            assert_eq!(arena.count.unwrap().delta, Some(2), "{name}");
            assert_eq!(
                r.category("Symbol").unwrap().amounts.reserved.delta,
                Some(0),
                "{name}"
            );
            // 17 and 21 write a colon before the block's label.
            assert!(
                r.category("Class")
                    .unwrap()
                    .metadata
                    .unwrap()
                    .used
                    .unwrap()
                    .delta
                    > Some(0),
                "{name}"
            );
        }
        let r = report("jdk17-summary-diff-b");
        let waste = r
            .category("Class")
            .unwrap()
            .metadata
            .unwrap()
            .waste
            .unwrap();
        assert_eq!(
            waste,
            Size {
                bytes: 109_624,
                delta: Some(46_568)
            }
        );
        assert_eq!(
            r.category("Java Heap").unwrap().amounts.committed.delta,
            Some(-2_097_152)
        );
    }

    #[test]
    fn the_loose_totals_of_a_25_diff_are_totals() {
        let r = report("jdk25-summary-diff");
        let malloc = r.malloc.unwrap();
        assert_eq!(
            malloc.size,
            Size {
                bytes: 137_806 * KB,
                delta: Some(25_478 * 1024)
            }
        );
        assert_eq!(
            malloc.count,
            Some(Count {
                n: 10_890,
                delta: Some(2_127)
            })
        );
        let mmap = r.mmap.unwrap();
        assert_eq!(mmap.committed.delta, Some(-2_052 * 1024));
    }

    #[test]
    fn detail_gives_regions_and_sites_with_frames() {
        for (name, count) in [
            ("jdk11-detail", 2),
            ("jdk17-detail", 2),
            ("jdk21-detail", 2),
            ("jdk25-detail", 2),
        ] {
            let r = report(name);
            assert_eq!(r.kind, NmtKind::Detail, "{name}");
            assert_eq!(r.regions.len(), 6, "{name}");
            let gc: Vec<_> = r
                .sites
                .iter()
                .filter(|s| s.category.as_deref() == Some("GC") && s.bytes.bytes == 2048 * KB)
                .collect();
            assert_eq!(gc.len(), count, "{name}");
            assert_eq!(gc[0].frames.len(), 4, "{name}");
            assert!(
                gc[0]
                    .frames
                    .iter()
                    .any(|f| f.starts_with("universe_init()+0x")),
                "{name}"
            );
            let safepoint = r
                .sites
                .iter()
                .find(|s| s.category.as_deref() == Some("Safepoint"))
                .unwrap();
            assert_eq!(safepoint.kind, SiteKind::Mmap, "{name}");
            assert_eq!(
                safepoint.reserved,
                Some(Size {
                    bytes: 8 * KB,
                    delta: None
                }),
                "{name}"
            );
            assert_eq!(safepoint.count, None, "{name}");
        }
        let heap = &report("jdk17-detail").regions[0];
        assert_eq!((heap.start, heap.end), (0xe000_0000, 0x1_0000_0000));
        assert_eq!(heap.category, "Java Heap");
        assert_eq!(report("jdk17-detail").sites_omitted, Some(1477));
        assert_eq!(report("jdk11-detail").sites_omitted, None);
    }

    #[test]
    fn the_direct_buffers_are_one_site_named_by_unsafe_but_in_25() {
        for name in [
            "jdk11-detail",
            "jdk17-detail",
            "jdk21-detail",
            "jdk25-detail",
        ] {
            let r = report(name);
            let s = &r.sites[0];
            assert_eq!(s.category.as_deref(), Some("Other"), "{name}");
            assert_eq!(s.bytes.bytes, 98_304 * KB, "{name}");
            assert_eq!(s.count, Some(Count { n: 68, delta: None }), "{name}");
            let named = s
                .frames
                .iter()
                .any(|f| f.starts_with("Unsafe_AllocateMemory"));
            assert_eq!(named, name != "jdk25-detail", "{name}: {:?}", s.frames);
        }
        assert_eq!(
            report("jdk25-detail").sites[0].frames,
            ["[0x00007fe0e3945085]"]
        );
    }

    #[test]
    fn a_detail_diff_has_sites_without_a_heading() {
        for (name, sites, stack, reserved) in [
            ("jdk11-detail-diff", 57, 24, 1024),
            ("jdk17-detail-diff", 41, 40, 1024),
            ("jdk21-detail-diff", 53, 28, 1024),
            ("jdk25-detail-diff", 60, 28, 1024),
        ] {
            let r = report(name);
            assert_eq!(r.kind, NmtKind::DetailDiff, "{name}");
            let stacks = r
                .sites
                .iter()
                .find(|s| s.category.as_deref() == Some("Thread Stack"))
                .unwrap();
            assert_eq!(stacks.kind, SiteKind::Mmap);
            assert_eq!(stacks.bytes.delta, Some(stack * 1024), "{name}");
            assert_eq!(
                stacks.reserved.unwrap().delta,
                Some(reserved * 1024),
                "{name}"
            );
            let other = r
                .sites
                .iter()
                .find(|s| s.category.as_deref() == Some("Other"))
                .unwrap();
            assert_eq!(
                other.bytes,
                Size {
                    bytes: 122_880 * KB,
                    delta: Some(24_576 * 1024)
                },
                "{name}"
            );
            assert_eq!(
                other.count,
                Some(Count {
                    n: 99,
                    delta: Some(31)
                }),
                "{name}"
            );
            let lines = fixture(name)
                .split(|b| *b == b'\n')
                .filter(|l| l.ends_with(b")") && l.starts_with(b"   "))
                .count();
            assert!(r.sites.len() < lines);
            assert_eq!(r.sites.len(), sites, "{name}");
        }
        let untyped = report("jdk25-detail-diff");
        let s = untyped.sites.iter().find(|s| s.category.is_none()).unwrap();
        assert_eq!(
            s.bytes,
            Size {
                bytes: KB,
                delta: Some(1024)
            }
        );
        assert_eq!(
            s.frames[0],
            "WorkerThreads::create_worker(unsigned int)+0x3b"
        );
    }

    #[test]
    fn answers_that_stand_for_a_report_are_told_apart() {
        let got = read(&fixture("jdk17-answers"));
        let names: Vec<_> = got.status.iter().map(|(s, _)| s.name()).collect();
        assert_eq!(
            names,
            [
                "not-enabled",
                "print-disabled",
                "incorrect-scale",
                "no-baseline",
                "baseline-taken",
                "detail-not-enabled"
            ]
        );
        assert_eq!(got.status[0].1, 7);
        assert!(got.reports.is_empty() && got.errors.is_empty());
        let got = read(&fixture("jdk17-statistics"));
        assert_eq!(got.status, [(NmtStatus::Statistics, 7)]);
        assert!(got.reports.is_empty() && got.errors.is_empty());
    }

    /// The first NMT of JDK 8, as its source prints it.
    const BEFORE_8U40: &str = "\
Native Memory Tracking:

Total:  reserved=665KB  +3KB, committed=260KB  -2KB

-                     Class (reserved=65KB, committed=60KB)
                            (classes #653)
                            (malloc=5KB, #814)
                            (mmap: reserved=60KB, committed=55KB)

-                    Thread (reserved=600KB +3KB, committed=200KB -2KB)
                            (thread #22)
                            (stack: reserved=590KB, committed=190KB)
                            (malloc=8KB +1KB, #134 +2)
                            (arena=2KB, #42)

[BOOTSTRAP]
                            (malloc=5KB type=Class +1KB #814 +3)
";

    #[test]
    fn the_wording_before_8u40_is_read() {
        let got = read(BEFORE_8U40.as_bytes());
        assert_eq!(got.errors, []);
        let r = &got.reports[0];
        assert_eq!(r.kind, NmtKind::DetailDiff);
        assert_eq!(
            r.total.unwrap().committed,
            Size {
                bytes: 260 * KB,
                delta: Some(-2048)
            }
        );
        let thread = r.category("Thread").unwrap();
        assert_eq!(
            thread.malloc.unwrap().count,
            Some(Count {
                n: 134,
                delta: Some(2)
            })
        );
        assert_eq!(
            thread.arena.unwrap().count,
            Some(Count {
                n: 42,
                delta: Some(0)
            })
        );
        assert_eq!(r.sites[0].frames, ["[BOOTSTRAP]"]);
        assert_eq!(r.sites[0].category.as_deref(), Some("Class"));
    }

    #[test]
    fn a_loop_is_split_and_each_report_takes_the_time_before_it() {
        let summary = String::from_utf8(fixture("jdk8-first")).unwrap();
        let text = format!(
            "Sun Nov 22 13:07:50 UTC 2026\n{summary}\n==== 2026-11-22 21:08:50 ====\r\n{}\n1795352990\n{summary}{summary}",
            summary.replace('\n', "\r\n")
        );
        let got = read(text.as_bytes());
        assert_eq!(got.errors, []);
        let times: Vec<_> = got
            .reports
            .iter()
            .map(|r| {
                let h = r.heading.as_ref().unwrap();
                (h.time.local_time(), h.offset_minutes, r.heading_shared)
            })
            .collect();
        assert_eq!(
            times,
            [
                ("13:07:50".to_owned(), Some(0), 0),
                ("21:08:50".to_owned(), None, 0),
                ("13:09:50".to_owned(), Some(0), 0),
                ("13:09:50".to_owned(), Some(0), 1),
            ]
        );
        assert!(
            got.reports
                .iter()
                .all(|r| r.categories.len() == 10 && r.pid == Some(13488))
        );
    }

    #[test]
    fn the_header_of_bishengs_diff_carries_a_time() {
        let text = "Native Memory Tracking: end time is 2026-11-22 13:07:50, elapsed time is 60 secs\n\n\
            Total: reserved=10KB +1KB, committed=10KB +1KB\n\n\
            -                     Other (reserved=10KB +1KB, committed=10KB +1KB)\n";
        let got = read(text.as_bytes());
        let h = got.reports[0].heading.clone().unwrap();
        assert_eq!(h.time.local(), "2026-11-22 13:07:50");
        assert_eq!(got.errors, []);
    }

    #[test]
    fn a_report_cut_off_gives_what_it_has_and_says_so() {
        let whole = fixture("jdk17-summary");
        let at = whole.windows(9).position(|w| w == b"Safepoint").unwrap();
        let got = read(&whole[..at + 15]);
        assert_eq!(got.reports[0].categories.len(), 13);
        assert_eq!(got.errors.len(), 1);
        assert_eq!(got.errors[0].kind, ParseErrorKind::Truncated);
        assert_eq!(got.errors[0].at, at as u64 - 18);

        // Cut at a line end: only the sums tell.
        let at = whole.windows(9).position(|w| w == b"   Other ").unwrap();
        let line = whole[..at].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let got = read(&whole[..line]);
        assert_eq!(got.reports[0].categories.len(), 7);
        assert_eq!(got.errors.len(), 1);
        assert_eq!(got.errors[0].kind, ParseErrorKind::Truncated);

        // Cut at the top.
        let got = read(&whole[line..]);
        assert_eq!(got.reports[0].total, None);
        assert_eq!(got.reports[0].categories[0].name, "Other");
        assert_eq!(got.errors[0].kind, ParseErrorKind::Truncated);
        assert_eq!(got.errors.len(), 1);
    }

    #[test]
    fn a_number_that_fits_no_counter_is_an_error_and_the_rest_is_read() {
        let text = "Native Memory Tracking:\n\nTotal: reserved=10KB, committed=10KB\n\
            -  Other (reserved=99999999999999999999KB, committed=1KB)\n\
            -  Class (reserved=18446744073709551615GB, committed=1KB)\n\
            -  Internal (reserved=10KB, committed=10KB)\n";
        let got = read(text.as_bytes());
        assert_eq!(got.reports[0].categories.len(), 1);
        let kinds: Vec<_> = got.errors.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, [ParseErrorKind::Overflow, ParseErrorKind::Overflow]);
    }

    #[test]
    fn text_of_other_kinds_is_no_nmt() {
        for name in [
            "jdk8-first",
            "jdk17-exit",
            "jdk25-detail",
            "jdk17-answers",
            "jdk21-summary-diff",
        ] {
            assert!(looks_like_nmt(&fixture(name)), "{name}");
        }
        let whole = fixture("jdk17-summary");
        assert!(looks_like_nmt(&whole[900..]));
        for text in [
            "2026-11-22 23:55:36,215 INFO Native memory is fine\n",
            "Total: reserved=1KB, committed=1KB\n",
            "- one (item)\n- two (item)\n",
            "",
        ] {
            assert!(!looks_like_nmt(text.as_bytes()), "{text}");
            let got = read(text.as_bytes());
            assert!(
                got.reports.is_empty() || text.starts_with("Total"),
                "{text}"
            );
        }
    }

    #[test]
    fn damaged_reports_end_without_panic() {
        for entry in std::fs::read_dir("fixtures/nmt").unwrap() {
            let original = std::fs::read(entry.unwrap().path()).unwrap();
            torment(&original, |b| {
                let got = read(b);
                for r in &got.reports {
                    assert!(r.range.start <= r.range.end && r.range.end <= b.len());
                    let _ = r.check_sums();
                }
                let _ = looks_like_nmt(b);
            });
        }
        torment(BEFORE_8U40.as_bytes(), |b| drop(read(b)));
    }
}
