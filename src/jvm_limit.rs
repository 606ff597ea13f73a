//! How much direct memory a JVM allows when nobody set a limit, and which of the two books Netty is kept in.
//!
//! Without `-XX:MaxDirectMemorySize` the JDK's limit is `Runtime.maxMemory()` as it was when the JVM started:
//!
//! | collector | `Runtime.maxMemory()` |
//! | --- | --- |
//! | G1, ZGC, Shenandoah, Epsilon | the heap's maximum |
//! | Serial, CMS | the heap's maximum less one survivor space of the largest young generation |
//! | Parallel | the larger of: the maximum less the largest survivor space there may be; what is committed, less one survivor space |
//!
//! Under Parallel the second term moves while the JVM resizes its survivor spaces. The JDK's own limit stays what it was
//! at the start. Netty on JDK 9 and later asks `Runtime.maxMemory()` when its classes are loaded, some seconds later: a
//! server with `-Xmx512m -Xmn256m` came to 503316480 on JDK 8, where Netty takes over the JDK's limit, and to 515375104
//! on JDK 17.
//!
//! The arithmetic follows HotSpot's `genCollectedHeap`, `defNewGeneration`, `parallelScavengeHeap` and `psAdaptiveSizePolicy`,
//! and gives every figure measured on 11, 17, 21 and 25 (`fixtures/jvm/maxdirect-matrix.txt`). Netty's part follows
//! `PlatformDependent` and `PlatformDependent0`, 4.1.38 to 4.2.7.

use crate::parse::flags::{Collector, JvmFlags};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// The heap as a whole is a multiple of this: what one page of card table covers.
const HEAP_ALIGNMENT: u64 = 2 * MIB;
/// Generations and spaces of Serial and CMS.
const SERIAL_ALIGNMENT: u64 = 64 * KIB;
/// Generations and spaces of Parallel.
const PARALLEL_ALIGNMENT: u64 = 512 * KIB;

/// What the limit depends on. Unknown things are `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeapShape {
    /// The collector; otherwise the JVM's choice is assumed.
    pub collector: Option<Collector>,
    /// Major version of the JDK.
    pub jdk_major: Option<u32>,
    /// `-XX:MaxDirectMemorySize` in bytes, when set.
    pub max_direct: Option<u64>,
    /// `-Xmx` in bytes.
    pub xmx: Option<u64>,
    /// `-Xms` in bytes.
    pub xms: Option<u64>,
    /// `NewSize` in bytes (`-Xmn` sets it and `MaxNewSize`).
    pub new_size: Option<u64>,
    /// `MaxNewSize` in bytes.
    pub max_new_size: Option<u64>,
    /// `NewRatio`; 2 when unset.
    pub new_ratio: Option<u64>,
    /// `SurvivorRatio`; 8 when unset.
    pub survivor_ratio: Option<u64>,
    /// `InitialSurvivorRatio` (Parallel); 8 when unset.
    pub initial_survivor_ratio: Option<u64>,
    /// `MinSurvivorRatio` (Parallel); 3 when unset.
    pub min_survivor_ratio: Option<u64>,
    /// `UseAdaptiveSizePolicy` (Parallel); on when unset.
    pub adaptive_size_policy: Option<bool>,
    /// `ParallelGCThreads`.
    pub parallel_gc_threads: Option<u64>,
    /// Processors the JVM sees.
    pub cores: Option<u32>,
    /// Memory the JVM sees, in bytes.
    pub memory: Option<u64>,
}

impl HeapShape {
    /// What flags say of it; version, processors and memory are the caller's to add.
    #[must_use]
    pub fn from_flags(flags: &JvmFlags) -> Self {
        Self {
            collector: flags.collector(),
            max_direct: flags.max_direct_memory_size().and_then(Result::ok),
            xmx: flags.xmx(),
            xms: flags.xms(),
            new_size: flags.xmn(),
            max_new_size: flags.max_new_size(),
            new_ratio: flags.number("NewRatio"),
            survivor_ratio: flags.number("SurvivorRatio"),
            initial_survivor_ratio: flags.number("InitialSurvivorRatio"),
            min_survivor_ratio: flags.number("MinSurvivorRatio"),
            adaptive_size_policy: flags.is_on("UseAdaptiveSizePolicy"),
            parallel_gc_threads: flags.number("ParallelGCThreads"),
            ..Self::default()
        }
    }
}

/// How a limit came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A flag or property says it.
    Set,
    /// The heap's maximum.
    HeapMax,
    /// The heap's maximum less one survivor space.
    HeapLessSurvivor,
    /// The heap's maximum less a survivor space whose size the JVM chooses.
    HeapLessAdaptiveSurvivor,
}

/// A limit, with what a sentence about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedLimit {
    /// The smallest it can be, in bytes.
    pub low: u64,
    /// The largest it can be, in bytes.
    pub high: u64,
    /// The likeliest, in bytes.
    pub best: u64,
    /// How it came about.
    pub rule: Rule,
    /// The collector it was computed for.
    pub collector: Option<Collector>,
    /// No flag names the collector; it is the one this JDK takes by default.
    pub collector_assumed: bool,
    /// The heap's maximum in bytes, aligned as the JVM does.
    pub heap_max: Option<u64>,
    /// No flag gives the heap's maximum; it is the JVM's share of the memory.
    pub heap_assumed: bool,
    /// Bytes of the survivor space taken off in `best`.
    pub survivor: Option<u64>,
}

impl DerivedLimit {
    /// Whether there is only one value it can be.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }

    fn set(bytes: u64) -> Self {
        Self {
            low: bytes,
            high: bytes,
            best: bytes,
            rule: Rule::Set,
            collector: None,
            collector_assumed: false,
            heap_max: None,
            heap_assumed: false,
            survivor: None,
        }
    }
}

fn down(n: u64, to: u64) -> u64 {
    n - n % to.max(1)
}

fn up(n: u64, to: u64) -> u64 {
    down(n.saturating_add(to.saturating_sub(1)), to)
}

/// The limit the JDK itself keeps (`java.nio.Bits`): the flag, or `Runtime.maxMemory()` at the start.
#[must_use]
pub fn jdk_limit(shape: &HeapShape) -> Option<DerivedLimit> {
    if let Some(bytes) = shape.max_direct {
        return Some(DerivedLimit::set(bytes));
    }
    over_collectors(shape, at_start)
}

/// `Runtime.maxMemory()` at any later time. Under Parallel this is a range.
#[must_use]
pub fn runtime_max_memory(shape: &HeapShape) -> Option<DerivedLimit> {
    over_collectors(shape, |shape, c| {
        let mut limit = at_start(shape, c)?;
        if c == Collector::Parallel {
            let max = limit.heap_max?;
            limit.low = max.saturating_sub(largest_parallel_survivor(shape, max));
            limit.high = max.saturating_sub(PARALLEL_ALIGNMENT);
            limit.best = limit.best.clamp(limit.low, limit.high);
        }
        Some(limit)
    })
}

/// The limit for the collector in use; for each the JVM may have chosen, when that is not known, the hull of them.
fn over_collectors(
    shape: &HeapShape,
    limit: impl Fn(&HeapShape, Collector) -> Option<DerivedLimit>,
) -> Option<DerivedLimit> {
    if let Some(c) = shape.collector {
        return limit(shape, c);
    }
    let choices = default_collectors(shape);
    let mut choices = choices.iter();
    let mut hull = limit(shape, *choices.next()?)?;
    hull.collector_assumed = true;
    for c in choices {
        if let Some(other) = limit(shape, *c) {
            hull.low = hull.low.min(other.low);
            hull.high = hull.high.max(other.high);
        }
    }
    Some(hull)
}

/// The collectors a JVM may take when no flag names one, the likeliest first. A machine with less than two processors or
/// about 1.8 GiB gets Serial.
fn default_collectors(shape: &HeapShape) -> Vec<Collector> {
    let small = shape.cores.is_some_and(|c| c < 2) || shape.memory.is_some_and(|m| m < 1792 * MIB);
    let large =
        shape.cores.is_some_and(|c| c >= 2) && shape.memory.is_some_and(|m| m >= 1792 * MIB);
    let mut out = Vec::with_capacity(3);
    if small {
        out.push(Collector::Serial);
        return out;
    }
    match shape.jdk_major {
        Some(..=8) => out.push(Collector::Parallel),
        Some(_) => out.push(Collector::G1),
        None => out.extend([Collector::G1, Collector::Parallel]),
    }
    if !large {
        out.push(Collector::Serial);
    }
    out
}

/// The heap's maximum, and whether it is assumed.
fn heap_max(shape: &HeapShape, collector: Collector) -> Option<(u64, bool)> {
    let (max, assumed) = match shape.xmx.filter(|n| *n > 0) {
        Some(n) => (n, false),
        // A quarter of the memory, half of it on machines below 256 MiB or so.
        None => {
            let m = shape.memory?;
            (if m / 2 <= 126 * MIB { m / 2 } else { m / 4 }, true)
        }
    };
    let alignment = match collector {
        Collector::G1 | Collector::Shenandoah => {
            let average = max / 2 + shape.xms.unwrap_or(0).min(max) / 2;
            let region = (average / 2048).max(1);
            let region = 1u64 << (63 - region.leading_zeros());
            region.clamp(MIB, 32 * MIB).max(HEAP_ALIGNMENT)
        }
        _ => HEAP_ALIGNMENT,
    };
    Some((up(max, alignment), assumed))
}

/// The largest young generation of Serial, CMS and Parallel.
fn max_young(shape: &HeapShape, heap: u64, alignment: u64) -> u64 {
    let by_ratio = down(
        heap / shape.new_ratio.unwrap_or(2).saturating_add(1).max(1),
        alignment,
    );
    let young = shape
        .max_new_size
        .unwrap_or_else(|| by_ratio.max(shape.new_size.unwrap_or(0)));
    let room = heap.saturating_sub(alignment);
    down(young.min(room), alignment).max(alignment.min(room))
}

/// `Runtime.maxMemory()` when the JVM has just started.
fn at_start(shape: &HeapShape, collector: Collector) -> Option<DerivedLimit> {
    let (heap, heap_assumed) = heap_max(shape, collector)?;
    let mut limit = DerivedLimit {
        low: heap,
        high: heap,
        best: heap,
        rule: Rule::HeapMax,
        collector: Some(collector),
        collector_assumed: false,
        heap_max: Some(heap),
        heap_assumed,
        survivor: None,
    };
    match collector {
        Collector::G1 | Collector::Z | Collector::Shenandoah | Collector::Epsilon => {}
        Collector::Serial => {
            let survivor = serial_survivor(shape, max_young(shape, heap, SERIAL_ALIGNMENT));
            limit.take_off(survivor, survivor, survivor);
            limit.rule = Rule::HeapLessSurvivor;
        }
        Collector::Cms => {
            let (few, likely, many) = cms_young(shape, heap);
            let survivor = |young| serial_survivor(shape, young);
            limit.take_off(survivor(few), survivor(likely), survivor(many));
            limit.rule = Rule::HeapLessSurvivor;
        }
        Collector::Parallel => {
            let survivor = parallel_survivor_at_start(shape, heap);
            limit.take_off(survivor, survivor, survivor);
            limit.rule = Rule::HeapLessAdaptiveSurvivor;
        }
    }
    Some(limit)
}

impl DerivedLimit {
    fn take_off(&mut self, least: u64, likely: u64, most: u64) {
        self.low = self.low.saturating_sub(most);
        self.high = self.high.saturating_sub(least);
        self.best = self.best.saturating_sub(likely);
        self.survivor = Some(likely);
    }
}

/// One survivor space of a young generation of Serial or CMS.
fn serial_survivor(shape: &HeapShape, young: u64) -> u64 {
    let parts = shape.survivor_ratio.unwrap_or(8).saturating_add(2);
    down(young / parts.max(1), SERIAL_ALIGNMENT).max(SERIAL_ALIGNMENT)
}

/// The largest young generation of CMS: least, likeliest, most. Unless it is set, it grows with the number of GC threads.
fn cms_young(shape: &HeapShape, heap: u64) -> (u64, u64, u64) {
    let by_ratio = max_young(shape, heap, SERIAL_ALIGNMENT);
    if shape.max_new_size.is_some() || shape.new_ratio.is_some() {
        return (by_ratio, by_ratio, by_ratio);
    }
    // 64 MiB for each thread, times 1.3 on 64-bit machines.
    let of = |threads: u64| {
        let preferred = (64 * MIB).saturating_mul(threads).saturating_mul(13) / 10;
        max_young(
            &HeapShape {
                max_new_size: Some(preferred.min(heap / 3)),
                ..shape.clone()
            },
            heap,
            SERIAL_ALIGNMENT,
        )
    };
    let threads = shape.parallel_gc_threads.filter(|t| *t > 0).or_else(|| {
        shape.cores.map(|c| match u64::from(c) {
            c @ ..=8 => c.max(1),
            c => 8 + (c - 8) * 5 / 8,
        })
    });
    match threads {
        Some(t) => (of(t), of(t), of(t)),
        None => (of(1), of(4), by_ratio),
    }
}

/// Parallel takes its survivor ratios over from `SurvivorRatio` when that is set and they are not.
fn parallel_ratio(shape: &HeapShape, own: Option<u64>, default: u64) -> u64 {
    own.or_else(|| shape.survivor_ratio.map(|r| r.saturating_add(2)))
        .unwrap_or(default)
        .max(1)
}

fn largest_parallel_survivor(shape: &HeapShape, heap: u64) -> u64 {
    let young = max_young(shape, heap, PARALLEL_ALIGNMENT);
    let ratio = parallel_ratio(shape, shape.min_survivor_ratio, 3);
    down(young / ratio, PARALLEL_ALIGNMENT).max(PARALLEL_ALIGNMENT)
}

/// What is taken off the heap's maximum at the start: the largest survivor space there may be, or less when so much is
/// committed from the start that more than that is at hand.
fn parallel_survivor_at_start(shape: &HeapShape, heap: u64) -> u64 {
    let largest = largest_parallel_survivor(shape, heap);
    // A sixty-fourth of the memory, when `-Xms` does not say.
    let xms = shape
        .xms
        .or_else(|| shape.memory.map(|m| m / 64))
        .unwrap_or(0);
    let committed = up(xms, HEAP_ALIGNMENT).min(heap);
    let young = max_young(
        &HeapShape {
            max_new_size: shape.new_size.or(if committed == heap {
                shape.max_new_size
            } else {
                None
            }),
            ..shape.clone()
        },
        committed,
        PARALLEL_ALIGNMENT,
    );
    let ratio = parallel_ratio(shape, shape.initial_survivor_ratio, 8);
    let survivor = down(young / ratio, PARALLEL_ALIGNMENT).max(PARALLEL_ALIGNMENT);
    let at_hand = heap - committed.saturating_sub(survivor).min(heap);
    if shape.adaptive_size_policy == Some(false) {
        return survivor;
    }
    largest.min(at_hand)
}

/// How Netty takes direct memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NettyMode {
    /// Through `ByteBuffer.allocateDirect`: the JDK counts and limits it, Netty's own counter does not exist.
    Cleaner,
    /// Past the JDK: Netty counts and limits it, the JDK's figures and beans do not see it.
    NoCleaner,
}

/// Which mode follows from the JDK and the flags, for the copy of Netty under `prefix`
/// ([`crate::parse::flags::SHADED_PREFIX`] in a Nacos server). `None` when that hangs on something unknown.
///
/// Without a cleaner Netty needs a private constructor of the JDK's direct buffers: free on 8; on 9 and later only with
/// the property `tryReflectionSetAccessible`, from 16 also with `--add-opens java.base/java.nio=ALL-UNNAMED`.
#[must_use]
pub fn netty_mode(flags: &JvmFlags, prefix: &str, jdk_major: Option<u32>) -> Option<NettyMode> {
    if flags.netty_long(prefix, "maxDirectMemory") == Some(0)
        || flags.netty_bool(prefix, "noUnsafe") == Some(true)
    {
        return Some(NettyMode::Cleaner);
    }
    let reflects = flags.netty_bool(prefix, "tryReflectionSetAccessible");
    let when = |yes: bool| {
        Some(if yes {
            NettyMode::NoCleaner
        } else {
            NettyMode::Cleaner
        })
    };
    match jdk_major {
        Some(..=8) => when(reflects != Some(false)),
        Some(9..=15) => when(reflects == Some(true)),
        Some(_) => when(reflects == Some(true) && flags.opens_java_nio()),
        None if reflects == Some(true) && flags.opens_java_nio() => Some(NettyMode::NoCleaner),
        None if reflects == Some(false) => Some(NettyMode::Cleaner),
        None => None,
    }
}

/// The limit Netty itself keeps for the copy under `prefix` when it works without cleaners. `None` in cleaner mode, where
/// only the JDK's limit counts, and when nothing is known of the heap.
///
/// A positive `maxDirectMemory` is the limit, whatever the JDK's. Otherwise it is as large as the JDK's, so that the
/// process may use twice that.
#[must_use]
pub fn netty_limit(flags: &JvmFlags, prefix: &str, shape: &HeapShape) -> Option<DerivedLimit> {
    if netty_mode(flags, prefix, shape.jdk_major) == Some(NettyMode::Cleaner) {
        return None;
    }
    if let Some(own) = flags.netty_long(prefix, "maxDirectMemory")
        && let Ok(bytes @ 1..) = u64::try_from(own)
    {
        return Some(DerivedLimit::set(bytes));
    }
    if let Some(bytes) = shape.max_direct {
        return Some(DerivedLimit::set(bytes));
    }
    match shape.jdk_major {
        // `sun.misc.VM.maxDirectMemory()`.
        Some(..=8) => jdk_limit(shape),
        _ => runtime_max_memory(shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::flags::{Origin, SHADED_PREFIX, read_command_line, read_vm_flags};

    /// The machine the table was measured on.
    fn machine(shape: HeapShape) -> HeapShape {
        HeapShape {
            cores: Some(2),
            memory: Some(24_105 * MIB),
            ..shape
        }
    }

    fn flags(options: &str) -> JvmFlags {
        JvmFlags::from_options(options.split(' '), Origin::CommandLine)
    }

    #[test]
    fn every_measured_row_is_derived_exactly() {
        let table = std::fs::read_to_string("fixtures/jvm/maxdirect-matrix.txt").unwrap();
        let mut rows = 0;
        for row in table.lines() {
            let (jdk, rest) = row.split_once(' ').unwrap();
            let (collector, rest) = rest.split_once(" [").unwrap();
            let (options, rest) = rest.split_once("] maxDirectMemory=").unwrap();
            let expected: u64 = rest.split(' ').next().unwrap().parse().unwrap();
            let shape = machine(HeapShape {
                jdk_major: Some(jdk.parse().unwrap()),
                ..HeapShape::from_flags(&flags(&format!("-XX:+Use{collector} {options}")))
            });
            let limit = jdk_limit(&shape).unwrap();
            assert_eq!(
                (limit.low, limit.best, limit.high),
                (expected, expected, expected),
                "{row}"
            );
            assert!(!limit.collector_assumed && !limit.heap_assumed, "{row}");
            rows += 1;
        }
        assert_eq!(rows, 84);
    }

    #[test]
    fn nacos_standalone_on_jdk_8_has_480_mib_under_both_books() {
        let shape = machine(HeapShape {
            jdk_major: Some(8),
            ..HeapShape::from_flags(&flags("-Xms512m -Xmx512m -Xmn256m"))
        });
        let jdk = jdk_limit(&shape).unwrap();
        assert_eq!(
            (jdk.best, jdk.is_exact(), jdk.collector_assumed),
            (503_316_480, true, true)
        );
        assert_eq!(
            (jdk.collector, jdk.survivor),
            (Some(Collector::Parallel), Some(32 * MIB))
        );
        assert_eq!(
            netty_limit(&JvmFlags::default(), SHADED_PREFIX, &shape),
            Some(jdk)
        );
        assert_eq!(
            netty_mode(&JvmFlags::default(), SHADED_PREFIX, Some(8)),
            Some(NettyMode::NoCleaner)
        );
        let cms = HeapShape::from_flags(&flags(
            "-Xms512m -Xmx512m -Xmn256m -XX:+UseConcMarkSweepGC -XX:SurvivorRatio=8",
        ));
        assert_eq!(jdk_limit(&cms).unwrap().best, 510_066_688);
        // The flags as the JVM lists them say the same.
        let listed = read_vm_flags(&std::fs::read("fixtures/jvm/vm-flags-jdk8.txt").unwrap());
        assert_eq!(
            jdk_limit(&HeapShape::from_flags(&listed)).unwrap().best,
            503_316_480
        );
    }

    #[test]
    fn netty_on_jdk_17_under_parallel_sees_a_range_that_holds_what_was_seen() {
        let line = std::fs::read("fixtures/jvm/start-line-jdk17.txt").unwrap();
        let flags = read_command_line(&line).flags();
        let shape = HeapShape {
            jdk_major: Some(17),
            ..HeapShape::from_flags(&flags)
        };
        assert_eq!(jdk_limit(&shape).unwrap().best, 503_316_480);
        assert_eq!(
            netty_mode(&flags, SHADED_PREFIX, Some(17)),
            Some(NettyMode::NoCleaner)
        );
        let netty = netty_limit(&flags, SHADED_PREFIX, &shape).unwrap();
        assert!(
            netty.low <= 503_316_480 && 515_375_104 <= netty.high && netty.high < 512 * MIB,
            "{netty:?}"
        );
        assert_eq!(netty.best, 503_316_480);
        assert_eq!(netty.rule, Rule::HeapLessAdaptiveSurvivor);
    }

    #[test]
    fn a_flag_or_property_is_the_limit_and_zero_means_what_it_says() {
        let f = flags("-Xmx512m -XX:MaxDirectMemorySize=0");
        let shape = HeapShape::from_flags(&f);
        assert_eq!(jdk_limit(&shape).unwrap().best, 0);
        let f = flags("-Xmx512m -Dio.grpc.netty.shaded.io.netty.maxDirectMemory=67108864");
        let shape = HeapShape {
            jdk_major: Some(8),
            ..HeapShape::from_flags(&f)
        };
        assert_eq!(
            netty_limit(&f, SHADED_PREFIX, &shape).unwrap().best,
            64 * MIB
        );
        // The spelling without the prefix does not reach the shaded copy.
        assert_eq!(
            netty_limit(&f, "", &shape).unwrap().rule,
            Rule::HeapLessAdaptiveSurvivor
        );
        let f = flags("-Dio.grpc.netty.shaded.io.netty.maxDirectMemory=0");
        assert_eq!(
            netty_mode(&f, SHADED_PREFIX, Some(8)),
            Some(NettyMode::Cleaner)
        );
        assert_eq!(netty_limit(&f, SHADED_PREFIX, &shape), None);
    }

    #[test]
    fn the_mode_hangs_on_version_property_and_opens() {
        const REFLECT: &str = "-Dio.grpc.netty.shaded.io.netty.tryReflectionSetAccessible=true";
        let mode = |options: &str, jdk| netty_mode(&flags(options), SHADED_PREFIX, jdk);
        assert_eq!(mode("", Some(11)), Some(NettyMode::Cleaner));
        assert_eq!(mode(REFLECT, Some(11)), Some(NettyMode::NoCleaner));
        assert_eq!(mode(REFLECT, Some(17)), Some(NettyMode::Cleaner));
        let both = format!("{REFLECT} --add-opens=java.base/java.nio=ALL-UNNAMED");
        assert_eq!(mode(&both, Some(17)), Some(NettyMode::NoCleaner));
        assert_eq!(mode(&both, None), Some(NettyMode::NoCleaner));
        assert_eq!(mode("", None), None);
    }

    #[test]
    fn what_is_unknown_widens_the_answer() {
        assert_eq!(jdk_limit(&HeapShape::default()), None);
        let shape = HeapShape {
            jdk_major: Some(8),
            ..HeapShape::from_flags(&flags("-Xms512m -Xmx512m -Xmn256m"))
        };
        let limit = jdk_limit(&shape).unwrap();
        assert_eq!(
            (limit.low, limit.best, limit.high),
            (503_316_480, 503_316_480, 510_066_688)
        );
        let limit = jdk_limit(&HeapShape {
            jdk_major: None,
            ..shape.clone()
        })
        .unwrap();
        assert_eq!(
            (limit.low, limit.best, limit.high),
            (503_316_480, 512 * MIB, 512 * MIB)
        );
        let small = HeapShape {
            cores: Some(1),
            jdk_major: Some(17),
            ..shape
        };
        assert_eq!(jdk_limit(&small).unwrap().best, 510_066_688);
        let whole = machine(HeapShape {
            jdk_major: Some(17),
            ..HeapShape::default()
        });
        let limit = jdk_limit(&whole).unwrap();
        // The machine of the samples: maxMemory=6320816128 without any flag.
        assert_eq!((limit.best, limit.heap_assumed), (6_320_816_128, true));
    }

    #[test]
    fn absurd_numbers_end_without_panic() {
        let values = [0, 1, 3, 65_535, 1 << 20, 1 << 40, u64::MAX - 1, u64::MAX];
        for collector in [
            Collector::Serial,
            Collector::Cms,
            Collector::Parallel,
            Collector::G1,
            Collector::Z,
        ] {
            for a in values {
                for b in values {
                    for c in values {
                        let shape = HeapShape {
                            collector: Some(collector),
                            xmx: Some(a),
                            xms: Some(b),
                            new_size: Some(c),
                            max_new_size: (c != 1).then_some(b),
                            new_ratio: (c == 3).then_some(b),
                            survivor_ratio: (b == 3).then_some(c),
                            parallel_gc_threads: Some(c),
                            memory: Some(b),
                            ..HeapShape::default()
                        };
                        for l in [jdk_limit(&shape), runtime_max_memory(&shape)]
                            .into_iter()
                            .flatten()
                        {
                            assert!(l.low <= l.high, "{shape:?} {l:?}");
                        }
                    }
                }
            }
        }
    }
}
