//! Arguments of the program, with their help. In the library so that tests can hold the man page against them; no logic.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Says why a Nacos server runs out of off-heap memory, from its logs and JVM memory artefacts.
#[derive(Debug, Parser)]
#[command(name = "nacos-offheap", version, max_term_width = 100)]
pub struct Cli {
    /// Options from a TOML file, under their long names (the command line and the environment go first)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

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
    /// What a rule looks for, why, and what to do; without RULE the catalogue
    Explain {
        /// Id of a rule, such as faulty-client
        rule: Option<String>,

        /// Language of the text (default: that of the locale)
        #[arg(long, value_enum, value_name = "LANG")]
        lang: Option<Language>,
    },
    /// The JSON Schema of the report, or of the configuration file
    Schema {
        /// Of what
        #[arg(value_enum, value_name = "OF", default_value = "report")]
        of: SchemaOf,
    },
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The JSON report
    Report,
    /// The configuration file
    Config,
}

/// Shells with completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell")]
    PowerShell,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For the terminal
    Table,
    /// The report as JSON
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for the test tabs of build servers
    Junit,
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

    /// Rows of tables that people read; the JSON holds all
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

    /// Pseudonyms for names.
    #[command(flatten)]
    pub redaction: Redaction,
}

/// Pseudonyms for names.
#[derive(Debug, Args)]
pub struct Redaction {
    /// Replace addresses, hosts, users, services, namespaces and other names by pseudonyms
    #[arg(long)]
    pub redact: bool,

    /// Secret key of the pseudonyms, 16 bytes at least: the same key gives the same pseudonyms (default: a key of this run alone)
    #[arg(long, value_name = "FILE")]
    pub redact_key: Option<PathBuf>,

    /// Write what each pseudonym stands for to FILE, as JSON that only its owner may read
    #[arg(long, value_name = "FILE")]
    pub redact_map: Option<PathBuf>,
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
    /// Exit with 1 at or above this severity, at this outcome, or when a figure holds (peak_ratio>=0.9); several with commas
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Vec<String>,

    /// A report saved as JSON: its findings fail no gate again, unless they are worse now
    #[arg(long, value_name = "REPORT.json")]
    pub baseline: Option<PathBuf>,

    /// The day that suppressions of the configuration file are held against (default: that of the last record)
    #[arg(long, value_name = "DAY")]
    pub as_of: Option<String>,

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
