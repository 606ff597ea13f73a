//! The commands of the program, one file each: arguments in, exit code out.

pub(crate) mod analyze;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod heap;
mod load;
pub(crate) mod nmt;
mod output;
pub(crate) mod report;

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result, bail};

use nacos_offheap::artefact::Inputs;
use nacos_offheap::cli::{Gates, Known, Output, Reading};
use nacos_offheap::gate::{Gate, Held};
use nacos_offheap::report::Report;
use nacos_offheap::rules::Given;
use nacos_offheap::units::{Bytes, WallTime, parse_offset};
use nacos_offheap::{Options, analyse};

use crate::progress::Progress;
use output::{Target, wants};

/// A gate holds.
const FAILED: u8 = 1;
/// `--strict`, and something was cut, corrupt or unknown.
const INCOMPLETE: u8 = 3;

/// What the options ask for, checked before anything is read: a usage error must not cost the reading of a big directory.
struct Plan {
    targets: Vec<Target>,
    gates: Vec<Gate>,
}

impl Plan {
    fn check(output: &Output, gates: &Gates, reading: &Reading) -> Result<Self> {
        if reading.jobs == Some(0) {
            bail!("--jobs 0: at least one thread is needed");
        }
        Self::of(output, gates)
    }

    /// For a command that reads no inputs.
    fn of(output: &Output, gates: &Gates) -> Result<Self> {
        Ok(Self {
            targets: output::targets(output)?,
            gates: gates
                .fail_on
                .iter()
                .map(|g| Gate::read(g).map_err(anyhow::Error::msg))
                .collect::<Result<Vec<_>>>()?,
        })
    }
}

/// Reads and diagnoses, with progress on standard error.
fn read(inputs: &Inputs, options: &Options, reading: &Reading) -> Result<Report> {
    let show = wants(
        reading.progress,
        !reading.quiet && io::stderr().is_terminal(),
    );
    let bar = Progress::new(inputs.artefacts.iter().map(|x| x.size).sum(), show);
    let report = analyse(inputs, options, &|bytes, file| bar.read(bytes, file))?;
    bar.end();
    if !reading.quiet {
        for i in report.skipped.iter().filter(|s| s.failed) {
            let _ = writeln!(
                io::stderr(),
                "nacos-offheap: {}",
                crate::one_line(&format!("{}: {}", i.path, i.why))
            );
        }
    }
    Ok(report)
}

/// The exit code: 1 before 3, and neither with `--exit-zero`.
fn exit_code(report: &Report, gates: &[Gate], options: &Gates) -> u8 {
    if options.exit_zero {
        return 0;
    }
    // Only gates look into it.
    let json = if gates.is_empty() {
        serde_json::Value::Null
    } else {
        serde_json::to_value(report).unwrap_or_default()
    };
    let held = gates
        .iter()
        .map(|g| g.holds(report, &json))
        .max()
        .unwrap_or(Held::No);
    if held == Held::Yes {
        return FAILED;
    }
    if options.strict && (held == Held::Unknown || is_incomplete(report)) {
        return INCOMPLETE;
    }
    0
}

/// What the arguments tell the library.
fn options(a: &Known, reading: &Reading) -> Result<Options> {
    let size = |name: &str, value: &Option<String>| -> Result<Option<u64>> {
        value
            .as_deref()
            .map(|v| {
                Bytes::parse(v).map(|b| b.0).with_context(|| {
                    format!("--{name} {v}: expected a size such as 480m or 503316480")
                })
            })
            .transpose()
    };
    let time = |name: &str, value: &Option<String>| -> Result<Option<WallTime>> {
        value
            .as_deref()
            .map(|v| {
                WallTime::parse(v).with_context(|| {
                    format!("--{name} {v}: expected a time of the node's clock such as \"2026-11-22 23:50\"")
                })
            })
            .transpose()
    };
    Ok(Options {
        given: Given {
            max_direct_memory: size("max-direct-memory", &a.max_direct_memory)?,
            heap: size("heap", &a.heap)?,
            physical_memory: size("physical-memory", &a.physical_memory)?,
            offset_minutes: a
                .tz
                .as_deref()
                .map(|z| {
                    parse_offset(z).with_context(|| {
                        format!("--tz {z}: expected an offset such as +08:00, or UTC")
                    })
                })
                .transpose()?,
        },
        since_until: (time("since", &a.since)?, time("until", &a.until)?),
        jobs: reading.jobs,
    })
}

/// Whether an input was cut, corrupt or unreadable.
fn is_incomplete(report: &Report) -> bool {
    report.inputs.iter().any(|i| !i.complete) || report.skipped.iter().any(|s| s.failed)
}
