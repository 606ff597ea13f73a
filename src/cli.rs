//! Arguments of the program, with their help. In the library so that tests can hold the man page against them; no logic.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Says why a Nacos server runs out of off-heap memory, from its logs and JVM memory artefacts.
#[derive(Debug, Parser)]
#[command(name = "nacos-offheap", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read log directories, files and JVM artefacts; name the cause, who, since when, and what to do
    Analyze(Box<Analyze>),
    /// One heap dump: direct memory by owner, by pool, by client connection
    Heap(Box<Heap>),
    /// Native Memory Tracking: one report, the difference of two, a series; by category and call site
    Nmt(Box<Nmt>),
    /// Two reports, or paths to analyse: what is better, worse, new and gone
    Diff(Box<Diff>),
    /// A report saved as JSON, written again in any format
    Report(Box<SavedReport>),
    /// What a rule looks for, why, and what to do; without RULE the catalogue
    Explain {
        /// Id of a rule, such as faulty-client
        rule: Option<String>,

        /// Language of the text (default: that of the locale)
        #[arg(long, value_enum, value_name = "LANG")]
        lang: Option<Language>,
    },
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For the terminal
    Table,
    /// The report as JSON
    Json,
    /// For runbooks, tickets and a pipeline's summary
    Markdown,
    /// One self-contained page
    Html,
}

/// When to do something that depends on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When there is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Languages of what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// Chinese
    Zh,
}

/// Where the report goes and how it looks; the same for every command that writes one.
#[derive(Debug, Args)]
pub struct Output {
    /// Format of the output; FORMAT=FILE writes to a file, may be given several times
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<String>,

    /// Write the report to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Rows of tables that people read (a page in HTML shows up to 2000); the JSON holds all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,

    /// Language of sentences and headings (default: that of the locale); ids, JSON and quotes are the same in all
    #[arg(long, value_enum, value_name = "LANG")]
    pub lang: Option<Language>,

    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: When,

    /// Width of the output in columns (default: that of the terminal, at most 120)
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,

    /// Also show evidence against, contributions, and inputs one by one
    #[arg(short, long)]
    pub verbose: bool,
}

/// How the inputs are read.
#[derive(Debug, Args)]
pub struct Reading {
    /// Threads (default: one for each core)
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,

    /// Show progress on standard error
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub progress: When,

    /// Only errors on standard error
    #[arg(short, long)]
    pub quiet: bool,
}

/// What makes the program exit with other than 0.
#[derive(Debug, Args)]
pub struct Gates {
    /// Exit with 1 at or above this severity, at this outcome, or when a figure holds (peak_ratio>=0.9)
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Vec<String>,

    /// Exit with 3 when an input is cut or corrupt, or when a figure of --fail-on is unknown
    #[arg(long)]
    pub strict: bool,

    /// Exit with 0 where it would be 1 or 3
    #[arg(long)]
    pub exit_zero: bool,
}

/// Arguments of `heap`.
#[derive(Debug, Args)]
pub struct Heap {
    /// The dump: .hprof, plain or packed with gzip or Zstandard
    #[arg(value_name = "DUMP")]
    pub dump: PathBuf,

    /// Where the report goes.
    #[command(flatten)]
    pub output: Output,

    /// When to fail.
    #[command(flatten)]
    pub gates: Gates,

    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier report, saved with -f json, or a path to analyse; - is a report on standard input
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,

    /// The later one
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,

    /// Where the comparison goes: table, json or markdown.
    #[command(flatten)]
    pub output: Output,

    /// When to fail: for findings that are new or worse, outcomes and figures that did not hold before.
    #[command(flatten)]
    pub gates: Gates,

    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct SavedReport {
    /// The report, saved with -f json, plain or packed; - is standard input
    #[arg(value_name = "REPORT")]
    pub report: PathBuf,

    /// Where it goes.
    #[command(flatten)]
    pub output: Output,

    /// When to fail.
    #[command(flatten)]
    pub gates: Gates,
}

/// What the inputs may lack, and which of them counts.
#[derive(Debug, Args)]
pub struct Known {
    /// Zone of times without one, such as +08:00 or UTC (else what the files show, else UTC)
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub tz: Option<String>,

    /// Take only what happened from this time of the node's clock on, such as "2026-11-22 23:50"
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Take only what happened until this time of the node's clock
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// The limit of direct memory, such as 480m, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub max_direct_memory: Option<String>,

    /// The maximum of the heap, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub heap: Option<String>,

    /// Physical memory of the machine or container, when no file tells it
    #[arg(long, value_name = "SIZE")]
    pub physical_memory: Option<String>,
}

/// Arguments of `nmt`.
#[derive(Debug, Args)]
pub struct Nmt {
    /// Answers to VM.native_memory, crash files, loops, or directories of them; two are compared, more are a series
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// What the inputs lack.
    #[command(flatten)]
    pub known: Known,

    /// Where the report goes.
    #[command(flatten)]
    pub output: Output,

    /// When to fail.
    #[command(flatten)]
    pub gates: Gates,

    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub struct Analyze {
    /// Directories, files, or - for standard input; several log directories are several nodes
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Name a node: NAME=PATH (may be given several times)
    #[arg(long = "node", value_name = "NAME=PATH")]
    pub nodes: Vec<String>,

    /// What the inputs lack.
    #[command(flatten)]
    pub known: Known,

    /// Where the report goes.
    #[command(flatten)]
    pub output: Output,

    /// When to fail.
    #[command(flatten)]
    pub gates: Gates,

    /// How to read.
    #[command(flatten)]
    pub reading: Reading,
}
