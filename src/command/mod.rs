//! The commands of the program, one file each: arguments in, exit code out.

pub(crate) mod analyze;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod heap;
mod load;
pub(crate) mod nmt;
mod output;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use nacos_offheap::acceptance::{Accepted, Baseline, Suppression};
use nacos_offheap::artefact::Inputs;
use nacos_offheap::cli::{Gates, Known, Output, Reading, Redaction};
use nacos_offheap::config::day_of;
use nacos_offheap::gate::{self, Gate};
use nacos_offheap::redact::{Key, Redactor};
use nacos_offheap::report::Report;
use nacos_offheap::rules::Given;
use nacos_offheap::units::{Bytes, WallTime, parse_offset};
use nacos_offheap::{Options, analyse};

use crate::progress::Progress;
use output::{Target, wants};
use settings::Settings;

/// What the options ask for, checked before anything is read: a usage error must not cost the reading of a big directory.
struct Plan<'a> {
    targets: Vec<Target>,
    gates: Vec<Gate>,
    options: &'a Gates,
    baseline: Option<Baseline>,
    suppressions: &'a [Suppression],
    as_of: Option<String>,
    redaction: &'a Redaction,
    key: Option<Key>,
}

impl<'a> Plan<'a> {
    fn check(
        output: &'a Output,
        gates: &'a Gates,
        reading: &Reading,
        settings: &'a Settings,
    ) -> Result<Self> {
        if reading.jobs == Some(0) {
            bail!("--jobs 0: at least one thread is needed");
        }
        Self::of(output, gates, settings)
    }

    /// For a command that reads no inputs.
    fn of(output: &'a Output, gates: &'a Gates, settings: &'a Settings) -> Result<Self> {
        Ok(Self {
            targets: output::targets(output)?,
            gates: gates
                .fail_on
                .iter()
                .flat_map(|g| g.split(','))
                .map(|g| Gate::read(g).map_err(anyhow::Error::msg))
                .collect::<Result<Vec<_>>>()?,
            options: gates,
            baseline: gates.baseline.as_deref().map(baseline).transpose()?,
            suppressions: &settings.config.suppressions,
            as_of: gates
                .as_of
                .as_ref()
                .map(|d| {
                    day_of(d)
                        .with_context(|| format!("--as-of {d}: expected a day such as 2026-11-22"))
                })
                .transpose()?,
            redaction: &output.redaction,
            key: key(&output.redaction)?,
        })
    }

    /// A report with its names replaced, where that was asked for, and what they stand for.
    fn redact(&self, report: &Report) -> Result<(Report, BTreeMap<String, String>)> {
        let Some(k) = &self.key else {
            return Ok((report.clone(), BTreeMap::new()));
        };
        let redactor = Redactor::new(k.clone(), report);
        let redacted = redactor.report(report).map_err(anyhow::Error::msg)?;
        Ok((redacted, redactor.map()))
    }

    /// The report to write, and the exit code: known findings marked, gates asked, names replaced.
    fn finish(&self, report: Report, quiet: bool) -> Result<(Report, u8)> {
        self.finish_beside(report, quiet, BTreeMap::new())
    }

    /// The same beside another report, whose pseudonyms belong into the map too.
    fn finish_beside(
        &self,
        mut report: Report,
        quiet: bool,
        mut names: BTreeMap<String, String>,
    ) -> Result<(Report, u8)> {
        let redactor = self.key.clone().map(|k| Redactor::new(k, &report));
        Accepted {
            baseline: self.baseline.as_ref(),
            suppressions: self.suppressions,
            as_of: self.as_of.as_deref(),
            alias: &|name| {
                redactor
                    .as_ref()
                    .map_or_else(|| name.to_owned(), |r| r.alias(name))
            },
        }
        .mark(&mut report);
        let code = gate::exit_code(
            &report,
            &self.gates,
            self.options.strict,
            self.options.exit_zero,
        );
        if let Some(r) = &redactor {
            report = r.report(&report).map_err(anyhow::Error::msg)?;
            if let Some(path) = &self.redaction.redact_map {
                names.extend(r.map());
                output::write_private(path, &names)
                    .with_context(|| format!("--redact-map {}", path.display()))?;
            }
        }
        if !quiet {
            tell_ended(&report);
        }
        Ok((report, code))
    }
}

fn baseline(path: &Path) -> Result<Baseline> {
    let of = || format!("--baseline {}", path.display());
    let text = fs::read_to_string(path).with_context(of)?;
    Baseline::read(&text)
        .map_err(anyhow::Error::msg)
        .with_context(of)
}

fn key(r: &Redaction) -> Result<Option<Key>> {
    if !r.redact {
        if r.redact_map.is_some() {
            bail!("--redact-map: there is no map without --redact");
        }
        return Ok(None);
    }
    let Some(path) = &r.redact_key else {
        return Key::random().map(Some).map_err(anyhow::Error::msg);
    };
    let of = || format!("--redact-key {}", path.display());
    Key::from_file(&fs::read(path).with_context(of)?)
        .map(Some)
        .map_err(anyhow::Error::msg)
        .with_context(of)
}

/// A suppression that no longer counts has to be looked at by someone: it says so outside the report, too.
fn tell_ended(report: &Report) {
    let over = report.cluster.iter().flat_map(|c| &c.findings);
    for f in report.nodes.iter().flat_map(|n| &n.findings).chain(over) {
        for a in f
            .accepted
            .iter()
            .filter(|a| a.by == "suppression" && !a.counts)
        {
            let line = format!("{}: {}", f.fingerprint, a.note.text);
            let _ = writeln!(io::stderr(), "nacos-offheap: {}", crate::one_line(&line));
        }
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
