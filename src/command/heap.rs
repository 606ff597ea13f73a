//! `heap`: one heap dump.

use anyhow::{Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::Heap;
use nacos_offheap::format::Format;
use nacos_offheap::report::heap;
use nacos_offheap::{Options, find_inputs};

use super::{Plan, exit_code, output, read};

/// Reads one dump and writes what it holds.
pub(crate) fn run(h: &Heap) -> Result<u8> {
    let plan = Plan::check(&h.output, &h.gates, &h.reading)?;
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
    output::write_all(&plan.targets, &report, &h.output, &heap::write)?;
    Ok(exit_code(&report, &plan.gates, &h.gates))
}
