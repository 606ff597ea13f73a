//! Arguments of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Says why a Nacos server runs out of off-heap memory, from its logs and JVM memory artefacts.
#[derive(Debug, Parser)]
#[command(name = "nacos-offheap", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read log directories, files and JVM artefacts; name the cause, who, since when, and what to do
    Analyze(Box<Analyze>),
    /// What a rule looks for, why, and what to do; without RULE the catalogue
    Explain {
        /// Id of a rule, such as faulty-client
        rule: Option<String>,
    },
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For the terminal
    Table,
    /// The report as JSON
    Json,
}

/// When to do something that depends on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// When there is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// Directories, files, or - for standard input; several log directories are several nodes
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Format of the output: table or json; FORMAT=FILE writes to a file, may be given several times
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    pub(crate) formats: Vec<String>,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Zone of times without one, such as +08:00 or UTC (else what the files show, else UTC)
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub(crate) tz: Option<String>,

    /// Take only what happened from this time of the node's clock on, such as "2026-11-22 23:50"
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,

    /// Take only what happened until this time of the node's clock
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,

    /// The limit of direct memory, such as 480m, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_direct_memory: Option<String>,

    /// The maximum of the heap, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub(crate) heap: Option<String>,

    /// Physical memory of the machine or container, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub(crate) physical_memory: Option<String>,

    /// Rows of tables that people read; the JSON holds all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,

    /// Name a node: NAME=PATH (may be given several times)
    #[arg(long = "node", value_name = "NAME=PATH")]
    pub(crate) nodes: Vec<String>,

    /// Exit with 1 at or above this severity, at this outcome, or when a figure holds (peak_ratio>=0.9)
    #[arg(long, value_name = "WHAT")]
    pub(crate) fail_on: Vec<String>,

    /// Exit with 3 when an input is cut or corrupt, or when a figure of --fail-on is unknown
    #[arg(long)]
    pub(crate) strict: bool,

    /// Exit with 0 where it would be 1 or 3
    #[arg(long)]
    pub(crate) exit_zero: bool,

    /// Threads (default: one for each core)
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Show progress on standard error
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: When,

    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,

    /// Width of the output in columns (default: that of the terminal, at most 120)
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) width: Option<usize>,

    /// Only errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Also show evidence against, contributions, and inputs one by one
    #[arg(short, long)]
    pub(crate) verbose: bool,
}
