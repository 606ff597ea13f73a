//! `analyze`: the main job.

use anyhow::{Context, Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::Analyze;
use nacos_offheap::report::table;
use nacos_offheap::rules::Given;
use nacos_offheap::units::{Bytes, WallTime};
use nacos_offheap::{Options, find_inputs};

use super::settings::Settings;
use super::{Plan, output, read};

/// Reads the inputs, diagnoses them, writes the report.
pub(crate) fn run(a: &Analyze, settings: &Settings) -> Result<u8> {
    let plan = Plan::check(&a.output, &a.gates, &a.reading, settings)?;
    let options = options(a)?;
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

fn options(a: &Analyze) -> Result<Options> {
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
                    nacos_offheap::units::parse_offset(z).with_context(|| {
                        format!("--tz {z}: expected an offset such as +08:00, or UTC")
                    })
                })
                .transpose()?,
        },
        since_until: (time("since", &a.since)?, time("until", &a.until)?),
        jobs: a.reading.jobs,
    })
}
