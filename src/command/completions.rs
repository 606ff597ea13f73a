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
    if shell == Shell::Bash {
        // clap_complete 4.6.11 takes the hyphen of the program's name, written `__`, for one between commands in the labels of
        // its last `case`, so that nothing is ever completed.
        let script = String::from_utf8_lossy(&text);
        text = script
            .replace("nacos__subcmd__offheap", "nacos__offheap")
            .into_bytes();
    }
    io::stdout().lock().write_all(&text)?;
    Ok(0)
}
