//! `analyze`: the main job.

use anyhow::{Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::Analyze;
use nacos_offheap::find_inputs;
use nacos_offheap::report::table;

use super::settings::Settings;
use super::{Plan, options, output, read};

/// Reads the inputs, diagnoses them, writes the report.
pub(crate) fn run(a: &Analyze, settings: &Settings) -> Result<u8> {
    let plan = Plan::check(&a.output, &a.gates, &a.reading, settings)?;
    let options = options(&a.known, &a.reading)?;
    let inputs = find_inputs(&arguments(a)?)?;
    let report = read(&inputs, &options, &a.reading)?;
    let (report, code) = plan.finish(report, a.reading.quiet)?;
    output::write_all(&plan.targets, &report, &a.output, &table::write)?;
    Ok(code)
}

fn arguments(a: &Analyze) -> Result<Vec<Argument>> {
    let mut all: Vec<Argument> = Vec::new();
    for n in &a.nodes {
        let Some((name, path)) = n
            .split_once('=')
            .filter(|(n, p)| !n.is_empty() && !p.is_empty())
        else {
            bail!("--node {n}: expected NAME=PATH");
        };
        all.push(Argument {
            path: path.into(),
            node: Some(name.to_owned()),
        });
    }
    for p in &a.paths {
        all.push(Argument {
            path: p.clone(),
            node: None,
        });
    }
    Ok(all)
}
