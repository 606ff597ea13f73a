//! `explain`: what a rule looks for.

use std::io;

use anyhow::Result;

use nacos_offheap::cli::Language;
use nacos_offheap::report::table;

use super::output;

/// Writes one rule's text, or the catalogue.
pub(crate) fn run(rule: Option<&str>, lang: Option<Language>) -> Result<u8> {
    let mut out = io::stdout().lock();
    let width = table::terminal_width().unwrap_or(100).clamp(40, 100);
    table::explain(rule, width, output::language(lang), &mut out)?;
    Ok(0)
}
