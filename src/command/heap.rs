//! `heap`: one heap dump.

use anyhow::{Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::Heap;
use nacos_offheap::format::Format;
use nacos_offheap::report::heap;
use nacos_offheap::{Options, find_inputs};

use super::settings::Settings;
use super::{Plan, output, read};

/// Reads one dump and writes what it holds.
pub(crate) fn run(h: &Heap, settings: &Settings) -> Result<u8> {
    let plan = Plan::check(&h.output, &h.gates, &h.reading, settings)?;
    let inputs = find_inputs(&[Argument {
        path: h.dump.clone(),
        node: None,
    }])?;
    if !inputs
        .artefacts
        .iter()
        .any(|a| a.format == Format::HeapDump)
    {
        bail!("{}: not a heap dump", h.dump.display());
    }
    let options = Options {
        jobs: h.reading.jobs,
        ..Options::default()
    };
    let report = read(&inputs, &options, &h.reading)?;
    let (report, code) = plan.finish(report, h.reading.quiet)?;
    output::write_all(&plan.targets, &report, &h.output, &heap::write)?;
    Ok(code)
}
