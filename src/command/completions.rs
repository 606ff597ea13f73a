//! `completions`: what a shell needs to complete arguments.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell as Generator, generate};

use nacos_offheap::cli::{Cli, Shell};

/// Writes a shell's completions to standard output.
pub(crate) fn run(shell: Shell) -> Result<u8> {
    let generator = match shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
        Shell::PowerShell => Generator::PowerShell,
    };
    // In memory first: the generator takes a closed pipe for a mistake.
    let mut text = Vec::new();
    generate(generator, &mut Cli::command(), "nacos-offheap", &mut text);
    io::stdout().lock().write_all(&text)?;
    Ok(0)
}
