//! From inputs to facts: the windows of all files, read and parsed by all threads, folded and merged in order.

use std::cell::RefCell;

use rayon::prelude::*;

use crate::artefact::{Artefact, Inputs, Packing, read};
use crate::facts::Facts;
use crate::format::{self, Context, Format};
use crate::parse::ParseErrorKind;
use crate::span::{Place, Window};
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
}

/// Reads all files of all nodes; facts by node.
#[must_use]
pub fn ingest(inputs: &Inputs, options: &ReadOptions, progress: Progress<'_>) -> Vec<Facts> {
    (0..inputs.nodes.len())
        .into_par_iter()
        .map(|node| {
            let tasks: Vec<Task<'_>> = inputs
                .artefacts
                .iter()
                .filter(|a| a.node == node)
                .flat_map(tasks_of)
                .collect();
            // Indexed, so neighbours stay neighbours: merging need only be associative.
            let mut facts = tasks
                .par_iter()
                .fold(Facts::default, |mut facts, task| {
                    run(task, options, &mut facts, progress);
                    facts
                })
                .reduce(Facts::default, Facts::merged);
            facts.settle();
            facts
        })
        .collect()
}

fn tasks_of(a: &Artefact) -> Vec<Task<'_>> {
    match a.format {
        Format::Empty => Vec::new(),
        // Heap dumps are walked on their own, see `facts::heap`.
        Format::HeapDump => Vec::new(),
        f if f.is_log() && a.packing == Packing::Plain => (0..a.size.div_ceil(read::WINDOW))
            .map(|i| Task::Window(a, i * read::WINDOW))
            .collect(),
        f if f.is_log() => vec![Task::Stream(a)],
        _ => vec![Task::Whole(a)],
    }
}

fn context<'a>(a: &'a Artefact, options: &ReadOptions) -> Context<'a> {
    let offset = i64::from(options.offset_minutes.unwrap_or(0)) * 60_000;
    Context {
        format: a.format,
        wrapping: a.wrapping,
        map: None,
        shift_ms: a.shift_ms,
        name_time: a.name_time,
        modified: a.modified_ms.map(|ms| WallTime(ms + offset)),
        since_until: options.since_until,
        label: &a.label,
    }
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn run(task: &Task<'_>, options: &ReadOptions, facts: &mut Facts, progress: Progress<'_>) {
    match task {
        Task::Window(a, from) => run_window(a, *from, &context(a, options), facts, progress),
        Task::Stream(a) => run_stream(a, &context(a, options), facts, progress),
        Task::Whole(a) => run_whole(a, &context(a, options), facts, progress),
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
    ctx: &Context<'_>,
    facts: &mut Facts,
    progress: Progress<'_>,
) {
    let source = match read::Source::open(a) {
        Ok(s) => s,
        Err(e) => return failed(a, from, &e.to_string(), facts),
    };
    BUFFER.with_borrow_mut(
        |buffer| match read::log_window(&source, from, a.cutting(), buffer) {
            Ok(w) => {
                let window = Window {
                    artefact: a.id,
                    base: w.base,
                    bytes: &buffer[w.start..w.end],
                };
                if !window.bytes.is_empty() {
                    format::read_log(&window, ctx, facts);
                }
                if w.last {
                    check_end(&window, facts);
                }
                progress(window.bytes.len() as u64, &a.label);
            }
            Err(e) => failed(a, from, &e.to_string(), facts),
        },
    );
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

fn run_stream(a: &Artefact, ctx: &Context<'_>, facts: &mut Facts, progress: Progress<'_>) {
    let stream = match read::open_stream(a) {
        Ok(s) => s,
        Err(e) => return failed(a, 0, &e.to_string(), facts),
    };
    let mut windows = read::StreamWindows::new(stream, a.cutting());
    let mut end = 0;
    while let Some((base, bytes, last)) = windows.next_window() {
        let window = Window {
            artefact: a.id,
            base,
            bytes,
        };
        format::read_log(&window, ctx, facts);
        if last {
            check_end(&window, facts);
        }
        end = base + bytes.len() as u64;
        progress(bytes.len() as u64, &a.label);
    }
    if let Some(e) = windows.error {
        facts.add_issue(
            at(a, end),
            format!("the packed stream breaks off after {end} bytes: {e}"),
            ParseErrorKind::Truncated,
        );
    }
}

fn run_whole(a: &Artefact, ctx: &Context<'_>, facts: &mut Facts, progress: Progress<'_>) {
    match read::read_whole(a, WHOLE_MAX) {
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

/// Runs `work` on `jobs` threads (all cores when `None`).
///
/// # Errors
/// When the threads cannot be made.
pub fn with_threads<T: Send>(
    jobs: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> anyhow::Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()?;
    Ok(pool.install(work))
}
