//! `explain`: what a rule looks for.

use std::io;

use anyhow::{Result, bail};

use nacos_offheap::cli::Language;
use nacos_offheap::report::table;
use nacos_offheap::rules::{RULES, rule as known};
use nacos_offheap::units::nearest;

use super::output;

/// Writes one rule's text, or the catalogue.
pub(crate) fn run(rule: Option<&str>, lang: Option<Language>) -> Result<u8> {
    if let Some(id) = rule.filter(|id| known(id).is_none())
        && let Some(near) = nearest(id, RULES.iter().map(|r| r.id))
    {
        bail!("explain {id}: no such rule: did you mean {near}? (nacos-offheap explain lists all)");
    }
    let mut out = io::stdout().lock();
    let width = table::terminal_width().unwrap_or(100).clamp(40, 100);
    table::explain(rule, width, output::language(lang), &mut out)?;
    Ok(0)
}
