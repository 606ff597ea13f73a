//! `report`: a saved JSON report in any format.

use anyhow::Result;

use nacos_offheap::cli::SavedReport;
use nacos_offheap::report::table;

use super::settings::Settings;
use super::{Plan, load, output};

/// Reads a saved report and writes it.
pub(crate) fn run(r: &SavedReport, settings: &Settings) -> Result<u8> {
    let plan = Plan::of(&r.output, &r.gates, settings)?;
    let report = load::saved(&r.report)?;
    let (report, code) = plan.finish(report, false)?;
    output::write_all(&plan.targets, &report, &r.output, &table::write)?;
    Ok(code)
}
