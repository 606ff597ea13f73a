//! From inputs to facts: the windows of all files, read and parsed by all threads, folded and merged in order.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::artefact::map::Mapped;
use crate::artefact::{Artefact, Inputs, Origin, Packing, read};
use crate::facts::Facts;
use crate::facts::heap::{DumpSource, read_dump};
use crate::facts::log::LogFacts;
use crate::facts::memory::DumpSample;
use crate::facts::pushes::Pushes;
use crate::format::{self, Context, Format};
use crate::parse::ParseErrorKind;
use crate::span::{ArtefactId, Place, Window};
use crate::units::WallTime;

/// Largest file that is read at once (reports and samples; logs are read by windows).
const WHOLE_MAX: u64 = 64 << 20;

/// Told how many bytes of which file have been read.
pub type Progress<'a> = &'a (dyn Fn(u64, &str) + Sync);

/// What a run asks of reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Only what happened from the first to the second is taken.
    pub since_until: (Option<WallTime>, Option<WallTime>),
    /// Minutes east of UTC of the nodes' clocks; places modification times.
    pub offset_minutes: Option<i32>,
}

/// One piece of work.
enum Task<'a> {
    /// The window of a plain log that begins in this stretch.
    Window(&'a Artefact, u64),
    /// A packed log, from start to end.
    Stream(&'a Artefact),
    /// A file read at once.
    Whole(&'a Artefact),
    /// Files of one packed archive, in their order: it is unpacked once for all of them.
    Archive(Vec<&'a Artefact>),
    /// A heap dump.
    Dump(&'a Artefact),
}

/// Reads all files of all nodes; facts by node.
#[must_use]
pub fn ingest(inputs: &Inputs, options: &ReadOptions, progress: Progress<'_>) -> Vec<Facts> {
    let window = read::window_for(rayon::current_num_threads());
    ingest_by(inputs, options, window, progress)
}

/// [`ingest`] with windows of another size: the facts are the same, which is what this is for.
#[must_use]
pub fn ingest_by(
    inputs: &Inputs,
    options: &ReadOptions,
    window: u64,
    progress: Progress<'_>,
) -> Vec<Facts> {
    (0..inputs.nodes.len())
        .into_par_iter()
        .map(|node| {
            let tasks = tasks(inputs.artefacts.iter().filter(|a| a.node == node), window);
            // Indexed, so neighbours stay neighbours: merging need only be associative.
            let kits = Kits::default();
            let mut facts = tasks
                .par_iter()
                .fold(Facts::default, |facts, task| {
                    let mut reading = Reading {
                        facts,
                        kit: kits.take(),
                    };
                    run(task, options, window, &mut reading, progress);
                    kits.give(reading.kit);
                    reading.facts
                })
                .reduce(Facts::default, Facts::merged);
            kits.flush(&mut facts.log);
            for a in inputs.artefacts.iter().filter(|a| a.node == node) {
                if a.shift_ms != 0 {
                    facts.add_issue(
                        at(a, 0),
                        format!(
                            "its times are printed at another offset from UTC than those of the node's logs; moved by {} min",
                            a.shift_ms / 60_000
                        ),
                        ParseErrorKind::Unexpected,
                    );
                }
            }
            facts.settle();
            facts
        })
        .collect()
}

/// The archive a file must be unpacked with, if there is one.
fn archive_of(a: &Artefact) -> Option<(*const Origin, u64)> {
    match &a.origin {
        Origin::Part { outer, offset, .. } if !a.origin.is_direct() => {
            Some((std::sync::Arc::as_ptr(outer), *offset))
        }
        _ => None,
    }
}

fn tasks<'a>(artefacts: impl Iterator<Item = &'a Artefact>, window: u64) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    // Where the archives of files stand among the tasks.
    let mut archives: Vec<(*const Origin, usize)> = Vec::new();
    for a in artefacts {
        match a.format {
            Format::Empty => continue,
            // A dump is walked several times: it is opened anew each time, also when it lies in an archive.
            Format::HeapDump => {
                tasks.push(Task::Dump(a));
                continue;
            }
            _ => {}
        }
        if let Some((outer, _)) = archive_of(a) {
            let known = archives.iter().find(|(o, _)| *o == outer).map(|(_, i)| *i);
            match known.and_then(|i| tasks.get_mut(i)) {
                Some(Task::Archive(list)) => list.push(a),
                _ => {
                    archives.push((outer, tasks.len()));
                    tasks.push(Task::Archive(vec![a]));
                }
            }
            continue;
        }
        match a.format {
            _ if a.by_windows() && a.packing == Packing::Plain => {
                tasks.extend((0..a.size.div_ceil(window)).map(|i| Task::Window(a, i * window)));
            }
            _ if a.by_windows() => tasks.push(Task::Stream(a)),
            _ => tasks.push(Task::Whole(a)),
        }
    }
    for t in &mut tasks {
        if let Task::Archive(list) = t {
            list.sort_by_key(|a| archive_of(a).map(|(_, offset)| offset));
        }
    }
    tasks
}

fn context<'a>(a: &'a Artefact, options: &ReadOptions) -> Context<'a> {
    let offset = i64::from(options.offset_minutes.unwrap_or(0)) * 60_000;
    Context {
        format: a.format,
        wrapping: a.wrapping,
        map: None,
        shift_ms: a.shift_ms,
        next_time: None,
        name_time: a.name_time,
        modified: a.modified_ms.map(|ms| WallTime(ms + offset)),
        since_until: options.since_until,
        label: &a.label,
    }
}

/// What one run of neighbouring tasks has read, and with what.
struct Reading {
    facts: Facts,
    kit: Kit,
}

/// What a thread reads with.
#[derive(Default)]
struct Kit {
    /// Pushes counted and not yet handed over. Their sums are the same in whatever order they are made, so a kit may go
    /// from one run of tasks to any other.
    pushes: Pushes,
    /// Holds a window.
    buffer: Vec<u8>,
    /// The log read last.
    source: Option<(ArtefactId, read::Source)>,
}

/// As many kits as there are threads at work, whatever the number of tasks and runs.
#[derive(Default)]
struct Kits(Mutex<Vec<Kit>>);

impl Kits {
    fn free(&self) -> MutexGuard<'_, Vec<Kit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Kit {
        self.free().pop().unwrap_or_default()
    }

    fn give(&self, kit: Kit) {
        self.free().push(kit);
    }

    fn flush(&self, log: &mut LogFacts) {
        for mut kit in std::mem::take(&mut *self.free()) {
            kit.pushes.flush(log);
        }
    }
}

fn run(
    task: &Task<'_>,
    options: &ReadOptions,
    window: u64,
    reading: &mut Reading,
    progress: Progress<'_>,
) {
    match task {
        Task::Window(a, from) => {
            run_window(a, *from, window, &context(a, options), reading, progress);
        }
        Task::Stream(a) => match read::open_stream(a) {
            Ok(s) => run_stream(a, s, window, &context(a, options), reading, progress),
            Err(e) => failed(a, 0, &e.to_string(), &mut reading.facts),
        },
        Task::Whole(a) => match read::open_stream(a) {
            Ok(s) => run_whole(a, s, &context(a, options), &mut reading.facts, progress),
            Err(e) => failed(a, 0, &e.to_string(), &mut reading.facts),
        },
        Task::Archive(list) => run_archive(list, options, window, reading, progress),
        Task::Dump(a) => run_dump(a, &mut reading.facts, progress),
    }
}

fn run_archive(
    list: &[&Artefact],
    options: &ReadOptions,
    window: u64,
    reading: &mut Reading,
    progress: Progress<'_>,
) {
    let Some(Origin::Part { outer, packing, .. }) = list.first().map(|a| &a.origin) else {
        return;
    };
    let stream = read::open_origin(outer).and_then(|raw| read::unpack(raw, *packing));
    let mut stream = match stream {
        Ok(s) => s,
        Err(e) => {
            for a in list {
                failed(a, 0, &e.to_string(), &mut reading.facts);
            }
            return;
        }
    };
    let mut at = 0;
    for a in list {
        let Origin::Part { offset, len, .. } = &a.origin else {
            continue;
        };
        if let Err(e) = read::skip(&mut *stream, offset.saturating_sub(at)) {
            failed(a, 0, &e.to_string(), &mut reading.facts);
            continue;
        }
        let mut part = (&mut *stream).take(*len);
        match read::unpack(Box::new(&mut part), a.packing) {
            Ok(s) if a.by_windows() => {
                run_stream(a, s, window, &context(a, options), reading, progress);
            }
            Ok(s) => run_whole(a, s, &context(a, options), &mut reading.facts, progress),
            Err(e) => failed(a, 0, &e.to_string(), &mut reading.facts),
        }
        at = offset + len - part.limit();
    }
}

fn at(a: &Artefact, offset: u64) -> Place {
    Place {
        artefact: a.id,
        offset,
        window: offset,
        lines_before: 0,
    }
}

fn failed(a: &Artefact, offset: u64, what: &str, facts: &mut Facts) {
    facts.add_issue(
        at(a, offset),
        format!("cannot be read: {what}"),
        ParseErrorKind::Truncated,
    );
}

fn run_window(
    a: &Artefact,
    from: u64,
    stretch: u64,
    ctx: &Context<'_>,
    reading: &mut Reading,
    progress: Progress<'_>,
) {
    let Reading { facts, kit } = reading;
    let source = match kit.source.take() {
        Some((id, source)) if id == a.id => Ok(source),
        _ => read::Source::open(a),
    };
    let source = match source {
        Ok(s) => &kit.source.insert((a.id, s)).1,
        Err(e) => return failed(a, from, &e.to_string(), facts),
    };
    match read::sized_log_window(source, from, stretch, a.cutting(), &mut kit.buffer) {
        Ok(w) => {
            let window = Window {
                artefact: a.id,
                base: w.base,
                bytes: kit.buffer.get(w.start..w.end).unwrap_or_default(),
            };
            if !window.bytes.is_empty() {
                let ctx = ctx.followed_by(w.next_time);
                format::read_log_and(&window, &ctx, facts, &mut kit.pushes);
            }
            if w.last {
                check_end(&window, facts);
            }
            progress(window.bytes.len() as u64, &a.label);
        }
        Err(e) => failed(a, from, &e.to_string(), facts),
    }
}

/// A log whose last line has no end was cut off, or is being written.
fn check_end(window: &Window<'_>, facts: &mut Facts) {
    if window.bytes.last().is_some_and(|&b| b != b'\n') {
        facts.add_issue(
            window.place(window.bytes.len()),
            "the file ends inside a line: expected a line end, found the end of the file",
            ParseErrorKind::Truncated,
        );
    }
}

/// Reads a packed log; one that is not small is unpacked in a thread of its own.
fn run_stream(
    a: &Artefact,
    stream: Box<dyn Read + Send + '_>,
    window: u64,
    ctx: &Context<'_>,
    reading: &mut Reading,
    progress: Progress<'_>,
) {
    /// Bytes as stored from which a thread is worth its while.
    const LARGE: u64 = 1 << 18;
    if a.size < LARGE {
        return run_windows(a, stream, window, ctx, reading, progress);
    }
    std::thread::scope(|scope| {
        let stream = Box::new(read::ReadAhead::spawn(scope, stream));
        run_windows(a, stream, window, ctx, reading, progress);
    });
}

fn run_windows(
    a: &Artefact,
    stream: Box<dyn Read + Send + '_>,
    window: u64,
    ctx: &Context<'_>,
    reading: &mut Reading,
    progress: Progress<'_>,
) {
    let mut windows = read::StreamWindows::sized(stream, window, a.cutting());
    let mut end = 0;
    while let Some((base, len, last)) = windows.advance() {
        let ctx = ctx.followed_by(windows.next_time);
        let bytes = windows.bytes(len);
        let window = Window {
            artefact: a.id,
            base,
            bytes,
        };
        format::read_log_and(&window, &ctx, &mut reading.facts, &mut reading.kit.pushes);
        if last {
            check_end(&window, &mut reading.facts);
        }
        end = base + bytes.len() as u64;
        progress(bytes.len() as u64, &a.label);
    }
    if let Some(e) = windows.error {
        reading.facts.add_issue(
            at(a, end),
            format!("the packed stream breaks off after {end} bytes: {e}"),
            ParseErrorKind::Truncated,
        );
    }
}

fn run_whole(
    a: &Artefact,
    stream: Box<dyn Read + Send + '_>,
    ctx: &Context<'_>,
    facts: &mut Facts,
    progress: Progress<'_>,
) {
    match read::read_all(stream, WHOLE_MAX) {
        Ok((bytes, trouble)) => {
            let window = Window {
                artefact: a.id,
                base: 0,
                bytes: &bytes,
            };
            format::read_whole(&window, ctx, facts);
            if let Some(what) = trouble {
                facts.add_issue(at(a, bytes.len() as u64), what, ParseErrorKind::Truncated);
            }
            progress(a.size, &a.label);
        }
        Err(e) => failed(a, 0, &e.to_string(), facts),
    }
}

/// Walks a heap dump: mapped when it is plain (a dump does not change any more), as a stream when it is packed.
fn run_dump(a: &Artefact, facts: &mut Facts, progress: Progress<'_>) {
    let told = AtomicU64::new(0);
    let so_far = |bytes: u64| {
        let before = told.swap(bytes, Ordering::Relaxed);
        progress(bytes.saturating_sub(before), &a.label);
    };
    let heap = match (&a.origin, a.packing) {
        (Origin::File(path), Packing::Plain) => match Mapped::open(path) {
            Ok(map) => read_dump(DumpSource::Bytes(&map), &so_far),
            Err(e) => return failed(a, 0, &e.to_string(), facts),
        },
        (Origin::Memory(bytes), Packing::Plain) => read_dump(DumpSource::Bytes(bytes), &so_far),
        _ => {
            let open = || read::open_stream(a);
            read_dump(DumpSource::Reopen(&open), &so_far)
        }
    };
    for loss in &heap.loss {
        facts.add_issue(
            at(a, loss.at),
            format!("{} ({} bytes lost)", loss.what, loss.lost_bytes),
            ParseErrorKind::Unexpected,
        );
    }
    let coverage = facts.coverage(a.id);
    coverage.bytes += heap.bytes_read;
    coverage.records += heap.objects;
    coverage.known += heap.objects;
    coverage.used_bytes += heap.bytes_read;
    coverage.cut |= !heap.complete;
    facts.memory.dumps.push(DumpSample {
        place: at(a, 0),
        heap,
    });
}

/// Runs `work` on `jobs` threads (all cores when `None`), [`read::THREADS_MAX`] at the most.
///
/// # Errors
/// When the threads cannot be made.
pub fn with_threads<T: Send>(
    jobs: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> anyhow::Result<T> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // 0 leaves it to rayon.
    let threads = match jobs {
        None if cores <= read::THREADS_MAX => 0,
        jobs => jobs.unwrap_or(cores).min(read::THREADS_MAX),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    Ok(pool.install(work))
}
