//! The program: reads arguments, calls the library, writes the output, maps the outcome to an exit code.

mod command;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use nacos_offheap::cli::{Cli, Command};

/// Wrong usage, or nothing to read.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Analyze(a) => command::analyze::run(&a),
        Command::Heap(h) => command::heap::run(&h),
        Command::Diff(d) => command::diff::run(&d),
        Command::Report(r) => command::report::run(&r),
        Command::Nmt(n) => command::nmt::run(&n),
        Command::Explain { rule, lang } => command::explain::run(rule.as_deref(), lang),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(e) if is_closed_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            // The one place where an error becomes a line.
            let _ = writeln!(
                io::stderr(),
                "nacos-offheap: {}",
                one_line(&format!("{e:#}"))
            );
            ExitCode::from(USAGE)
        }
    }
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
