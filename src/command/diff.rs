//! `diff`: two reports compared.

use std::path::Path;

use anyhow::{Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::{Diff, OutputFormat, Reading};
use nacos_offheap::gate::{FAILED, Gate, Held, INCOMPLETE};
use nacos_offheap::report::diff::{self, Change, Comparison};
use nacos_offheap::report::{Report, json};
use nacos_offheap::{Options, find_inputs};

use super::settings::Settings;
use super::{Plan, load, output, read};

/// Reads or analyses both sides, compares them, writes what changed.
pub(crate) fn run(d: &Diff, settings: &Settings) -> Result<u8> {
    let plan = Plan::check(&d.output, &d.gates, &d.reading, settings)?;
    if d.gates.baseline.is_some() {
        bail!("diff: --baseline is for one report; here BEFORE is what AFTER is held against");
    }
    for (format, _) in &plan.targets {
        if !matches!(
            format,
            OutputFormat::Table | OutputFormat::Json | OutputFormat::Markdown
        ) {
            bail!("diff writes table, json or markdown");
        }
    }
    if d.before == Path::new("-") && d.after == Path::new("-") {
        bail!("diff: only one side can be standard input");
    }
    let (before, names) = plan.redact(&side(&d.before, &d.reading)?)?;
    let after = side(&d.after, &d.reading)?;
    let (after, _) = plan.finish_beside(after, d.reading.quiet, names)?;
    let compared = diff::compare(&before, &after);
    output::write_each(
        &plan.targets,
        &d.output,
        &|format, style, out| match format {
            OutputFormat::Json => json::write_value(&compared, out),
            OutputFormat::Markdown => diff::markdown(&compared, style.lang, style.top, out),
            _ => diff::table(&compared, style, out),
        },
    )?;
    if d.gates.exit_zero {
        return Ok(0);
    }
    let held = plan
        .gates
        .iter()
        .map(|g| holds(g, &before, &after, &compared))
        .max()
        .unwrap_or(Held::No);
    Ok(match held {
        Held::Yes => FAILED,
        _ if d.gates.strict && (held == Held::Unknown || after.is_incomplete()) => INCOMPLETE,
        _ => 0,
    })
}

/// A saved report, or one made of what lies at the path.
fn side(path: &Path, reading: &Reading) -> Result<Report> {
    if let Some(report) = load::saved_if_any(path)? {
        return Ok(report);
    }
    let inputs = find_inputs(&[Argument {
        path: path.to_owned(),
        node: None,
    }])?;
    let options = Options {
        jobs: reading.jobs,
        ..Options::default()
    };
    read(&inputs, &options, reading)
}

/// Whether a gate holds for what is new or worse: a severity for such a finding, an outcome or a figure when it did not hold
/// before.
fn holds(gate: &Gate, before: &Report, after: &Report, compared: &Comparison) -> Held {
    let of = |r: &Report| gate.holds(r, &serde_json::to_value(r).unwrap_or_default());
    if matches!(gate, Gate::Severity(_)) {
        return of(&news(after, compared));
    }
    match of(after) {
        Held::Yes if of(before) == Held::Yes => Held::No,
        held => held,
    }
}

/// The later report with nothing but the findings that are new or worse.
fn news(after: &Report, compared: &Comparison) -> Report {
    let mut only = after.clone();
    let told = |node: Option<&str>, fingerprint: &str| {
        compared.findings.iter().any(|f| {
            matches!(f.change, Change::New | Change::Worse)
                && f.fingerprint == fingerprint
                && node.is_none_or(|n| n == f.node)
        })
    };
    for n in &mut only.nodes {
        let id = n.id.clone();
        n.findings.retain(|f| told(Some(&id), &f.fingerprint));
    }
    if let Some(c) = &mut only.cluster {
        c.findings.retain(|f| told(None, &f.fingerprint));
    }
    only
}
