//! The program: reads arguments, calls the library, writes the output, maps the outcome to an exit code.

mod command;
mod progress;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use command::settings;
use nacos_offheap::cli::Command;

/// Wrong usage, or nothing to read.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (cli, settings) = match settings::load(&arguments) {
        Ok(loaded) => loaded,
        Err(e) => return refused(&e, None),
    };
    let done = match cli.command {
        Command::Analyze(a) => command::analyze::run(&a, &settings),
        Command::Heap(h) => command::heap::run(&h, &settings),
        Command::Nmt(n) => command::nmt::run(&n, &settings),
        Command::Explain { rule, lang } => command::explain::run(rule.as_deref(), lang),
        Command::Schema { of } => command::schema::run(of),
        Command::Completions { shell } => command::completions::run(shell),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(e) if is_closed_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => refused(&e, settings.origin_of(&e.to_string())),
    }
}

/// The one place where an error becomes a line.
fn refused(e: &anyhow::Error, origin: Option<&str>) -> ExitCode {
    let origin = origin.map_or_else(String::new, |o| format!(" (set by {o})"));
    let _ = writeln!(
        io::stderr(),
        "nacos-offheap: {}{origin}",
        one_line(&format!("{e:#}"))
    );
    ExitCode::from(USAGE)
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// `nacos-offheap … | head` ends well.
fn is_closed_pipe(e: &anyhow::Error) -> bool {
    e.chain()
        .filter_map(|c| c.downcast_ref::<io::Error>())
        .any(|c| c.kind() == io::ErrorKind::BrokenPipe)
}
