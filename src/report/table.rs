//! stub
use super::Report;
use std::io::{self, Write};
pub struct Style {
    pub width: usize,
    pub colour: bool,
    pub top: usize,
    pub verbose: bool,
}
pub fn terminal_width() -> Option<usize> {
    None
}
pub fn write(r: &Report, _s: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", r.statement.text)
}
pub fn explain(_r: Option<&str>, _o: &mut dyn Write) -> anyhow::Result<()> {
    Ok(())
}
