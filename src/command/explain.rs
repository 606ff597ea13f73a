//! `explain`: what a rule looks for.

use std::io;

use anyhow::Result;

use nacos_offheap::report::table;

/// Writes one rule's text, or the catalogue.
pub(crate) fn run(rule: Option<&str>) -> Result<u8> {
    let mut out = io::stdout().lock();
    let width = table::terminal_width().unwrap_or(100).clamp(40, 100);
    table::explain(rule, width, &mut out)?;
    Ok(0)
}
