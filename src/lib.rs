//! Why a Nacos server runs out of off-heap memory.

pub mod artefact;
pub mod facts;
pub mod format;
pub mod gate;
pub mod ingest;
pub mod jvm_limit;
pub mod parse;
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
            (0, None) => "it holds no file".to_owned(),
            (0, Some(s)) => format!("{}: {}", s.label, s.why),
            (n, _) => format!("{n} empty files"),
        };
        anyhow::bail!("{}: nothing of a known format ({why})", shown.join(", "));
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
        let facts = ingest::ingest(inputs, &read, progress);
        report::build(inputs, &facts, &options.given)
    })
}
