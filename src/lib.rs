//! Why a Nacos server runs out of off-heap memory: reads its log directories and JVM memory artefacts, and names which
//! cause, who, since when, how sure and why, and what to do.
//!
//! # The flow of data
//!
//! ```text
//! paths → artefact → format ─ parse ─→ facts → rules → report → table | json | html | markdown | sarif | junit
//!         discover   sniff    typed    merge   weigh   build     lay out
//!         windows    read     items    bound   rank    quote
//! ```
//!
//! 1. [`artefact`] walks the paths, recognises each file by its content ([`format::sniff`]), and groups files into nodes: one
//!    node is one server process, that is one log directory and what lies beside it.
//! 2. [`ingest`] cuts logs into windows of a quarter of a mebibyte that begin and end at a record, and reads all windows of all
//!    files on all threads. Plain files are read at positions, packed ones as a stream.
//! 3. [`parse`] turns bytes into typed items that borrow from the window. Log records go through one table of known statements
//!    ([`parse::statement::statements`]): a row for each, dispatched on the file's series and the record's first bytes.
//! 4. [`facts`] counts: by client, connection, service, text; first, last, and how often over time. Facts infer nothing, merge
//!    exactly whatever the split, and are bounded by distinct things. The few lines that may be quoted are kept with their place.
//! 5. [`rules`] looks at one run of one node at a time ([`rules::Case`]: a stretch of time, a limit, a curve of memory, the
//!    clients). A rule returns hypotheses with evidence for and against; [`rules::score`] alone turns weights into confidence;
//!    [`rules::diagnose`] alone turns consequence into severity, and both into an outcome.
//! 6. [`report`] makes the value that is shown: places become file and line, wall-clock times become instants. The renderers lay it
//!    out and compute nothing; JSON is the value itself.
//!
//! Around them stand [`cli`] (arguments), [`config`] (the same from a file and the environment), [`acceptance`] (what was known
//! before), [`gate`] (exit codes) and [`redact`] (pseudonyms): the last three work on the report, so every renderer has them.
//!
//! # What holds everywhere
//!
//! - Every byte of an input is recognised, counted as unrecognised, or an issue in the report. No input makes the program
//!   panic, and a file read by half never looks healthy.
//! - Same inputs, same bytes out, whatever the number of threads. There is no "now" and no absolute path in a report.
//! - Nacos writes local time without a zone: times stay on the node's clock ([`units::WallTime`]) until the report.
//! - Log text is hostile: it is escaped where it is shown ([`report::escape`]), and secrets are masked where it is kept
//!   ([`facts::quote`]).
//!
//! # Where things are added
//!
//! | to add | touch |
//! | --- | --- |
//! | a log statement | a row in `parse/statement/rows/`; for a new kind of fact an [`parse::statement::Event`] and a [`facts::Signal`] |
//! | a format | a parser in `parse/`, a variant of [`format::Format`], its facts |
//! | a rule | a file in `rules/`, a line in [`rules::RULES`], its weights in `rules/score.rs`, its sentences in `text/en.rs` and `text/zh.rs`, its Chinese texts in `text/rules_zh.rs` |
//! | an output | a file in `report/`, a variant of [`cli::OutputFormat`] |

pub mod acceptance;
pub mod artefact;
pub mod cli;
pub mod config;
pub mod facts;
pub mod format;
pub mod gate;
pub mod ingest;
pub mod jvm_limit;
pub mod parse;
pub mod redact;
pub mod report;
pub mod rules;
pub mod span;
pub mod text;
pub mod units;

use artefact::Inputs;
use artefact::discover::{Argument, discover};
use ingest::{Progress, ReadOptions};
use report::Report;
use rules::Given;
use units::WallTime;

/// What a run asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Facts that the files lack.
    pub given: Given,
    /// First and last time taken.
    pub since_until: (Option<WallTime>, Option<WallTime>),
    /// Threads; one for each core when `None`.
    pub jobs: Option<usize>,
}

/// Finds the inputs below the arguments.
///
/// # Errors
/// A path that does not exist or cannot be read, or nothing of a known format below any of them.
pub fn find_inputs(arguments: &[Argument]) -> anyhow::Result<Inputs> {
    let inputs = discover(arguments)?;
    let useful = inputs
        .artefacts
        .iter()
        .any(|a| a.format != format::Format::Empty);
    if !useful {
        let shown: Vec<String> = arguments
            .iter()
            .map(|a| a.path.display().to_string())
            .collect();
        let why = match (inputs.artefacts.len(), inputs.skipped.first()) {
            (0, None) => "there is no file".to_owned(),
            (0, Some(s)) => format!("{}: {}", s.label, s.why),
            (1, _) => "the file is empty".to_owned(),
            (n, _) => format!("all {n} files are empty"),
        };
        anyhow::bail!("{}: nothing of a known format: {why}", shown.join(", "));
    }
    Ok(inputs)
}

/// Reads the inputs and diagnoses them.
///
/// # Errors
/// When threads cannot be made.
pub fn analyse(
    inputs: &Inputs,
    options: &Options,
    progress: Progress<'_>,
) -> anyhow::Result<Report> {
    let read = ReadOptions {
        since_until: options.since_until,
        offset_minutes: options.given.offset_minutes,
    };
    ingest::with_threads(options.jobs, || {
        let mut facts = ingest::ingest(inputs, &read, progress);
        for f in &mut facts {
            let (offset, source) = rules::case::zone(f, &options.given);
            f.align(offset, source == "given");
        }
        report::build(inputs, &facts, &options.given)
    })
}
