//! `nmt`: one NMT report, two, or a series.

use anyhow::{Result, bail};

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::Nmt;
use nacos_offheap::find_inputs;
use nacos_offheap::format::Format;
use nacos_offheap::report::nmt;

use super::settings::Settings;
use super::{Plan, options, output, read};

/// Reads the reports and writes what they add up to.
pub(crate) fn run(n: &Nmt, settings: &Settings) -> Result<u8> {
    let plan = Plan::check(&n.output, &n.gates, &n.reading, settings)?;
    let options = options(&n.known, &n.reading)?;
    // Files given one by one are of one process wherever they lie; a directory may hold those of several nodes.
    let one = n.files.iter().all(|f| !f.is_dir());
    let arguments: Vec<Argument> = n
        .files
        .iter()
        .map(|path| Argument {
            path: path.clone(),
            node: one.then(|| "nmt".to_owned()),
        })
        .collect();
    let inputs = find_inputs(&arguments)?;
    // A crash file holds a report as well.
    if !inputs
        .artefacts
        .iter()
        .any(|a| matches!(a.format, Format::Nmt | Format::HsErr))
    {
        let shown: Vec<String> = n.files.iter().map(|f| f.display().to_string()).collect();
        bail!("{}: no Native Memory Tracking text", shown.join(", "));
    }
    let report = read(&inputs, &options, &n.reading)?;
    let (report, code) = plan.finish(report, n.reading.quiet)?;
    output::write_all(&plan.targets, &report, &n.output, &nmt::write)?;
    Ok(code)
}
