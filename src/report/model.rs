//! The report as a value: what is shown in any format. JSON is this value serialised as it is.
//!
//! Bytes are integers, times RFC 3339 in UTC, ratios of one; unknown is `null`, never 0.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::{Kind, Outcome, Remedy, Severity, Subject};
use crate::text::{Lang, Text};

/// Version of this shape; members may be added within it.
pub const SCHEMA_VERSION: &str = "1.0";

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `"1.0"`
    pub schema_version: String,
    /// What made it.
    pub tool: Tool,
    /// How it ends.
    pub outcome: Outcome,
    /// The first cause, where there is one.
    pub verdict: Option<Verdict>,
    /// One line for a chat.
    pub statement: Text,
    /// Node by node.
    pub nodes: Vec<NodeReport>,
    /// Over the nodes, when there are several.
    pub cluster: Option<Cluster>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// How much of all inputs was understood.
    #[serde(default)]
    pub coverage: CoverageReport,
    /// What was not.
    pub skipped: Vec<SkippedInput>,
}

impl Report {
    /// Whether an input was cut, corrupt or unreadable.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.inputs.iter().any(|i| !i.complete) || self.skipped.iter().any(|s| s.failed)
    }
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The cause named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The rule.
    pub rule: String,
    /// The node; `null` where it concerns several.
    pub node: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: f64,
    /// Who.
    pub subjects: Vec<Subject>,
    /// In one line.
    pub statement: Text,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeReport {
    /// Its name.
    pub id: String,
    /// How it ends for this node.
    pub outcome: Outcome,
    /// One line about it.
    pub statement: Text,
    /// Its processes, in order.
    pub runs: Vec<RunReport>,
    /// Index in `runs` of the one that `direct_memory` and `findings` are about: the worst.
    pub run: usize,
    /// Nacos release.
    pub server_version: Option<String>,
    /// The JVM.
    pub jvm: Jvm,
    /// The zone that times were read in.
    pub zone_assumed: Zone,
    /// What the inputs cover.
    pub window: TimeWindow,
    /// Direct memory of the worst run.
    pub direct_memory: DirectMemory,
    /// Events and memory on one axis.
    pub timeline: Option<Timeline>,
    /// Clients, worst first.
    pub clients: Vec<ClientReport>,
    /// Findings, best first.
    pub findings: Vec<FindingReport>,
    /// Rules that lack facts.
    pub not_assessed: Vec<NotAssessed>,
    /// NMT over time, by category and call site.
    #[serde(default)]
    pub native_memory: Option<super::native::NativeMemory>,
    /// Resident memory and what accounts for it.
    #[serde(default)]
    pub resident: Option<super::native::Resident>,
    /// What the files say, uninterpreted.
    pub facts: super::facts::FactsReport,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// Process id.
    pub pid: Option<u64>,
    /// When it started.
    pub started: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Its direct memory.
    pub direct_memory: DirectMemory,
}

/// The JVM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Jvm {
    /// Java version as written.
    pub version: Option<String>,
    /// Collector.
    pub collector: Option<String>,
    /// Maximum of the heap.
    pub heap_bytes: Option<u64>,
    /// Flags that were set.
    pub flags: BTreeMap<String, String>,
}

/// The zone that times without one were read in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Zone {
    /// `+08:00`
    pub offset: String,
    /// `connection-ids`, `access-log`, `gc-log`, `given`, `unknown`.
    pub source: String,
}

/// A stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeWindow {
    /// First record.
    pub first: Option<String>,
    /// Last record.
    pub last: Option<String>,
}

/// Direct memory of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DirectMemory {
    /// The limit in force.
    pub limit_bytes: Option<u64>,
    /// The smallest it can be.
    pub limit_low: Option<u64>,
    /// The largest it can be.
    pub limit_high: Option<u64>,
    /// `exception`, `given`, `flag`, `netty-property`, `derived`.
    pub limit_source: Option<String>,
    /// How it came about.
    pub limit_explained: Option<Text>,
    /// The JDK's book and Netty's.
    pub books: Vec<BookReport>,
    /// Highest use.
    pub used_peak_bytes: Option<u64>,
    /// Last use.
    pub used_last_bytes: Option<u64>,
    /// Where the highest use is told.
    pub used_source: Option<String>,
    /// What else is counted in it: JDK 8's Internal holds some of the VM's own.
    #[serde(default)]
    pub used_explained: Option<Text>,
    /// Highest use over limit.
    pub peak_ratio: Option<f64>,
    /// Allocation failures.
    pub exhausted: Exhausted,
    /// Use over time.
    pub series: Vec<Sample>,
    /// How fast it grows, where it does.
    pub trend: Option<Trend>,
    /// `flat`, `growing`, `plateau`, `returned`, `bursts`; `null` when unknown.
    pub course: Option<String>,
}

/// One book of direct memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookReport {
    /// `jdk` or `netty`.
    pub book: String,
    /// Its limit.
    pub limit_bytes: Option<u64>,
    /// Highest use told.
    pub used_peak_bytes: Option<u64>,
    /// Whether its buffers have cleaners.
    pub cleaner: bool,
}

/// Allocation failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exhausted {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
}

/// A point of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// When.
    pub t: String,
    /// Bytes.
    pub used_bytes: u64,
    /// `nmt:Other`, `nmt:Internal`, `jmx:direct`.
    pub source: String,
}

/// A rate of growth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// Median slope.
    pub bytes_per_hour: f64,
    /// Tenth percentile.
    pub low: f64,
    /// Ninetieth percentile.
    pub high: f64,
    /// Seconds until the limit; `null` when it is reached already or growth has ended.
    pub time_to_limit_s: Option<f64>,
    /// When the growth began.
    pub since: Option<String>,
}

/// Series on one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// Start of the first step.
    pub start: String,
    /// Seconds of a step.
    pub step_s: f64,
    /// The series; each as long as the others.
    pub series: Vec<TimelineSeries>,
}

/// One series of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineSeries {
    /// Counts: `push_fail`, `allocation_failures`, `connects`, `logins`, `registrations`. Levels: `direct_memory_bytes`,
    /// `nmt_committed_bytes`, `heap_live_bytes` (after full collections), and the gauges of `facts.process.series`.
    pub name: String,
    /// Whose; `null` for the node.
    pub subject: Option<String>,
    /// Values; `null` where nothing is known.
    pub values: Vec<Option<f64>>,
    /// Whether a value is a level at that time, not a count within the step.
    #[serde(default)]
    pub level: bool,
    /// What tells it: `nmt:Total`, `gc-log`, `proc-status`, the names of formats; `null` for counts of the logs.
    #[serde(default)]
    pub source: Option<String>,
}

/// One client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClientReport {
    /// Its address.
    pub ip: String,
    /// Naming pushes that failed.
    pub push_fail: u64,
    /// Naming pushes acknowledged.
    pub push_ok: u64,
    /// Configuration notifications that failed.
    pub config_push_fail: u64,
    /// Sends refused because its queue is full.
    pub connection_busy: u64,
    /// Sends that failed at once.
    pub send_fail: u64,
    /// Acknowledgements after the time-out.
    pub late_acks: u64,
    /// UDP pushes given up.
    pub udp_give_up: u64,
    /// Connections opened.
    pub connects: u64,
    /// Connections closed.
    pub disconnects: u64,
    /// Connections expelled by the server.
    pub expelled: u64,
    /// Instances registered or changed.
    pub registrations: u64,
    /// Configurations listened to.
    pub subscriptions: u64,
    /// Logins.
    pub logins: u64,
    /// Bytes held for it; `null` when no dump or socket list tells.
    pub backlog_bytes: Option<u64>,
    /// First seen.
    pub first: Option<String>,
    /// Last seen.
    pub last: Option<String>,
    /// Confidence that it is faulty, 0 where no rule blames it.
    pub score: f64,
    /// Applications it names.
    pub apps: Vec<String>,
    /// SDK versions it names.
    pub sdk_versions: Vec<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingReport {
    /// The rule.
    pub rule: String,
    /// What it speaks about.
    pub kind: Kind,
    /// Rule and subject; the same from run to run of the program.
    pub fingerprint: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: f64,
    /// Title.
    pub title: Text,
    /// Who or what.
    pub subjects: Vec<Subject>,
    /// For and against.
    pub evidence: Vec<EvidenceReport>,
    /// What to do.
    pub remedy: Remedy,
    /// What was known of it before: the baseline, suppressions. Absent when there is neither.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Acceptance>,
}

/// Why a finding may stand without failing a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acceptance {
    /// `baseline` or `suppression`.
    pub by: String,
    /// Whether it keeps the finding from failing a gate; not when it has expired, nor when the finding is worse than it was.
    pub counts: bool,
    /// The last day of a suppression; `null` for one without end, and for the baseline.
    pub until: Option<String>,
    /// In one line.
    pub note: Text,
}

impl FindingReport {
    /// Whether something keeps it from failing a gate.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted.iter().any(|a| a.counts)
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceReport {
    /// What is claimed.
    pub claim: Text,
    /// Whether it speaks for the finding.
    #[serde(rename = "for")]
    pub speaks_for: bool,
    /// Row of the table of weights.
    pub weight: String,
    /// Log odds it adds.
    pub contribution: f64,
    /// Where it is written.
    pub source: Option<SourceReport>,
    /// The line.
    pub quote: Option<String>,
}

/// A place in an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceReport {
    /// Path below the PATH argument.
    pub path: String,
    /// Line, from 1.
    pub line: u64,
    /// Byte offset in the unpacked text.
    pub offset: u64,
}

/// A rule that lacks facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotAssessed {
    /// The rule.
    pub rule: String,
    /// What it lacks.
    pub missing: Vec<String>,
}

/// Over the nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// Findings that concern several nodes, or the worst of one.
    pub findings: Vec<FindingReport>,
    /// Clients seen on several nodes.
    pub clients: Vec<ClusterClient>,
}

/// A client seen on several nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterClient {
    /// Its address.
    pub ip: String,
    /// Where it fails.
    pub nodes: Vec<String>,
    /// Failed pushes over all.
    pub push_fail: u64,
    /// Highest score.
    pub score: f64,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Path below the PATH argument.
    pub path: String,
    /// Its node.
    pub node: String,
    /// What it is.
    pub format: String,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Records of no known statement.
    pub unrecognised: Unrecognised,
    /// How its records were understood.
    #[serde(default)]
    pub coverage: CoverageReport,
    /// Whether it was read to its end, and has one.
    pub complete: bool,
    /// What was not understood.
    pub issues: Vec<IssueReport>,
}

/// How records were understood: the three parts are all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageReport {
    /// Of a known statement that is counted.
    pub recognised: Part,
    /// Of a known statement that says nothing of weight.
    pub unimportant: Part,
    /// Of no known statement.
    pub unknown: Part,
    /// Records of console output without a time that were given that of the record before, since one not much later follows.
    #[serde(default)]
    pub placed: u64,
    /// Records of console output that stayed without a time.
    #[serde(default)]
    pub untimed: u64,
    /// The commonest shapes of the unknown ones, at most ten.
    pub unknown_shapes: Vec<UnknownShape>,
}

/// A part of the records of an input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of all bytes; `null` where there are none.
    pub share: Option<f64>,
}

/// Texts of no known statement that are the same but for numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownShape {
    /// The text with its numbers as `N`.
    pub shape: String,
    /// Records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The file of the earliest one.
    pub path: String,
    /// Its line, from 1.
    pub line: u64,
    /// Whether the count leaves some out: the input holds more shapes than are kept.
    pub at_least: bool,
}

/// What is of no known statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unrecognised {
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A piece that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssueReport {
    /// Line, from 1.
    pub line: u64,
    /// Byte offset in the unpacked text.
    pub offset: u64,
    /// What was expected, and what was found.
    pub what: String,
    /// The same as a sentence.
    #[serde(default)]
    pub reason: Text,
}

/// A file that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedInput {
    /// Path below the PATH argument.
    pub path: String,
    /// Why.
    pub why: String,
    /// The same as a sentence.
    #[serde(default)]
    pub reason: Text,
    /// Whether reading it failed.
    pub failed: bool,
}

impl IssueReport {
    /// What was not understood, in a language; also of a report that was saved without the sentence.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> String {
        reason(&self.reason, &self.what, lang)
    }
}

impl SkippedInput {
    /// Why it was not read, in a language; also of a report that was saved without the sentence.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> String {
        reason(&self.reason, &self.why, lang)
    }
}

fn reason(sentence: &Text, english: &str, lang: Lang) -> String {
    if sentence.id.is_empty() {
        Text::of_reason(english).shown(lang)
    } else {
        sentence.shown(lang)
    }
}
