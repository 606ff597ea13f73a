//! The program: reads arguments, calls the library, writes the output, maps the outcome to an exit code.

mod progress;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use nacos_offheap::artefact::discover::Argument;
use nacos_offheap::cli::{Analyze, Cli, Command, OutputFormat, When};
use nacos_offheap::gate::{Gate, Held};
use nacos_offheap::report::{Report, json, table};
use nacos_offheap::rules::Given;
use nacos_offheap::units::{Bytes, WallTime};
use nacos_offheap::{Options, analyse, find_inputs};

/// Wrong usage, or nothing to read.
const USAGE: u8 = 2;
/// A gate holds.
const FAILED: u8 = 1;
/// `--strict`, and something was cut, corrupt or unknown.
const INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Analyze(a) => run_analyze(&a),
        Command::Explain { rule } => run_explain(rule.as_deref()),
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

fn run_explain(rule: Option<&str>) -> Result<u8> {
    let mut out = io::stdout().lock();
    let width = table::terminal_width().unwrap_or(100).clamp(40, 100);
    table::explain(rule, width, &mut out)?;
    Ok(0)
}

fn run_analyze(a: &Analyze) -> Result<u8> {
    let outputs = outputs(a)?;
    let gates = a
        .fail_on
        .iter()
        .map(|g| Gate::read(g).map_err(anyhow::Error::msg))
        .collect::<Result<Vec<_>>>()?;
    let options = options(a)?;
    let inputs = find_inputs(&arguments(a)?)?;
    let show = match a.progress {
        When::Always => true,
        When::Never => false,
        When::Auto => !a.quiet && io::stderr().is_terminal(),
    };
    let total = inputs.artefacts.iter().map(|x| x.size).sum();
    let bar = progress::Progress::new(total, show);
    let report = analyse(&inputs, &options, &|bytes, file| bar.read(bytes, file))?;
    bar.end();
    for (format, file) in &outputs {
        write_report(&report, *format, file.as_ref(), a)?;
    }
    if !a.quiet {
        for i in report.skipped.iter().filter(|s| s.failed) {
            let _ = writeln!(
                io::stderr(),
                "nacos-offheap: {}",
                one_line(&format!("{}: {}", i.path, i.why))
            );
        }
    }
    Ok(exit_code(&report, &gates, a))
}

/// Formats and where they go: standard output for one of them at most.
fn outputs(a: &Analyze) -> Result<Vec<(OutputFormat, Option<PathBuf>)>> {
    let mut all = Vec::new();
    for f in &a.formats {
        let (name, file) = match f.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(PathBuf::from(file))),
            Some(_) => bail!("--format {f}: no file behind `=`"),
            None => (f.as_str(), None),
        };
        let format = <OutputFormat as clap::ValueEnum>::from_str(name, true)
            .map_err(|_| anyhow::anyhow!("--format {name}: unknown format (one of table, json)"))?;
        all.push((format, file));
    }
    if all.is_empty() {
        all.push((OutputFormat::Table, None));
    }
    if all.iter().filter(|(_, f)| f.is_none()).count() > 1 {
        bail!(
            "--format: only one format can go to standard output; write the others as FORMAT=FILE"
        );
    }
    if let Some(o) = &a.output {
        match all.iter_mut().find(|(_, f)| f.is_none()) {
            Some((_, f)) => *f = Some(o.clone()),
            None => bail!(
                "--output {}: every format has its file already",
                o.display()
            ),
        }
    }
    Ok(all)
}

fn arguments(a: &Analyze) -> Result<Vec<Argument>> {
    let mut all: Vec<Argument> = Vec::new();
    for n in &a.nodes {
        let Some((name, path)) = n
            .split_once('=')
            .filter(|(n, p)| !n.is_empty() && !p.is_empty())
        else {
            bail!("--node {n}: expected NAME=PATH");
        };
        all.push(Argument {
            path: path.into(),
            node: Some(name.to_owned()),
        });
    }
    for p in &a.paths {
        all.push(Argument {
            path: p.clone(),
            node: None,
        });
    }
    Ok(all)
}

fn options(a: &Analyze) -> Result<Options> {
    let size = |name: &str, value: &Option<String>| -> Result<Option<u64>> {
        value
            .as_deref()
            .map(|v| {
                Bytes::parse(v).map(|b| b.0).with_context(|| {
                    format!("--{name} {v}: expected a size such as 480m or 503316480")
                })
            })
            .transpose()
    };
    let time = |name: &str, value: &Option<String>| -> Result<Option<WallTime>> {
        value
            .as_deref()
            .map(|v| {
                WallTime::parse(v).with_context(|| {
                    format!("--{name} {v}: expected a time of the node's clock such as \"2026-11-22 23:50\"")
                })
            })
            .transpose()
    };
    if a.jobs == Some(0) {
        bail!("--jobs 0: at least one thread is needed");
    }
    Ok(Options {
        given: Given {
            max_direct_memory: size("max-direct-memory", &a.max_direct_memory)?,
            heap: size("heap", &a.heap)?,
            physical_memory: size("physical-memory", &a.physical_memory)?,
            offset_minutes: a
                .tz
                .as_deref()
                .map(|z| {
                    nacos_offheap::units::parse_offset(z).with_context(|| {
                        format!("--tz {z}: expected an offset such as +08:00, or UTC")
                    })
                })
                .transpose()?,
        },
        since_until: (time("since", &a.since)?, time("until", &a.until)?),
        jobs: a.jobs,
    })
}

fn write_report(
    report: &Report,
    format: OutputFormat,
    file: Option<&PathBuf>,
    a: &Analyze,
) -> Result<()> {
    let terminal = file.is_none() && io::stdout().is_terminal();
    let colour = match a.color {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    };
    let width = a.width.unwrap_or_else(|| {
        if terminal {
            table::terminal_width().unwrap_or(100).clamp(40, 120)
        } else {
            100
        }
    });
    let style = table::Style {
        width,
        colour,
        top: a.top,
        verbose: a.verbose,
    };
    let write = |out: &mut dyn Write| -> io::Result<()> {
        match format {
            OutputFormat::Table => table::write(report, &style, out),
            OutputFormat::Json => json::write(report, out),
        }?;
        out.flush()
    };
    match file {
        Some(path) => {
            let f = File::create(path).with_context(|| path.display().to_string())?;
            write(&mut BufWriter::new(f)).with_context(|| path.display().to_string())
        }
        None => Ok(write(&mut BufWriter::new(io::stdout().lock()))?),
    }
}

fn exit_code(report: &Report, gates: &[Gate], a: &Analyze) -> u8 {
    if a.exit_zero {
        return 0;
    }
    let json = serde_json::to_value(report).unwrap_or_default();
    let held = gates
        .iter()
        .map(|g| g.holds(report, &json))
        .max()
        .unwrap_or(Held::No);
    if held == Held::Yes {
        return FAILED;
    }
    let incomplete =
        report.inputs.iter().any(|i| !i.complete) || report.skipped.iter().any(|s| s.failed);
    if a.strict && (held == Held::Unknown || incomplete) {
        return INCOMPLETE;
    }
    0
}
