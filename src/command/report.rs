//! `report`: a saved JSON report in any format.

use anyhow::Result;

use nacos_offheap::cli::SavedReport;
use nacos_offheap::report::table;

use super::{Plan, exit_code, load, output};

/// Reads a saved report and writes it.
pub(crate) fn run(r: &SavedReport) -> Result<u8> {
    let plan = Plan::of(&r.output, &r.gates)?;
    let report = load::saved(&r.report)?;
    output::write_all(&plan.targets, &report, &r.output, &table::write)?;
    Ok(exit_code(&report, &plan.gates, &r.gates))
}
