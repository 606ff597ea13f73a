//! Gates: whether a report makes a pipeline fail.

use serde_json::Value;

use crate::report::model::FindingReport;
use crate::report::{Report, schema};
use crate::rules::{Outcome, Severity};

/// A condition given with `--fail-on`.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    /// A finding at or above this severity.
    Severity(Severity),
    /// This outcome.
    Outcome(Outcome),
    /// A figure by its JSON name, compared with a number.
    Figure {
        /// `peak_ratio`, `clients.push_fail`…
        name: String,
        /// How.
        compare: Compare,
        /// With what.
        value: f64,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==` or `=`
    Equal,
}

/// What a gate says of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It does not hold.
    No,
    /// The figure is unknown.
    Unknown,
    /// It holds.
    Yes,
}

impl Gate {
    /// Reads `high`, `undecided`, `peak_ratio>=0.9`.
    ///
    /// # Errors
    /// A line that says what is accepted.
    pub fn read(text: &str) -> Result<Self, String> {
        let t = text.trim();
        if let Some(s) = Severity::ALL.iter().find(|s| s.name() == t) {
            return Ok(Self::Severity(*s));
        }
        for o in [
            Outcome::Cause,
            Outcome::NoCause,
            Outcome::Undecided,
            Outcome::InsufficientEvidence,
        ] {
            if o.name() == t {
                return Ok(Self::Outcome(o));
            }
        }
        for (sign, compare) in [
            (">=", Compare::AtLeast),
            ("<=", Compare::AtMost),
            ("==", Compare::Equal),
            (">", Compare::More),
            ("<", Compare::Less),
            ("=", Compare::Equal),
        ] {
            if let Some((name, value)) = t.split_once(sign) {
                let (name, value) = (name.trim(), value.trim());
                let value = value
                    .parse::<f64>()
                    .ok()
                    .filter(|v| v.is_finite())
                    .ok_or_else(|| {
                        format!(
                            "--fail-on: `{value}` is no number (expected such as peak_ratio>=0.9)"
                        )
                    })?;
                if !schema::is_figure(path(name)) {
                    return Err(unknown_figure(name));
                }
                return Ok(Self::Figure {
                    name: name.to_owned(),
                    compare,
                    value,
                });
            }
        }
        Err(format!(
            "--fail-on: `{t}` is neither a severity (info, low, medium, high, critical), an outcome (cause, no-cause, undecided, \
             insufficient-evidence) nor a figure compared with a number (peak_ratio>=0.9)"
        ))
    }

    /// Whether it holds for a report.
    #[must_use]
    pub fn holds(&self, report: &Report, json: &Value) -> Held {
        match self {
            Self::Severity(s) => {
                yes(findings(report).any(|f| f.severity >= *s && !f.is_accepted()))
            }
            Self::Outcome(Outcome::Cause) => {
                yes(report.outcome == Outcome::Cause && !verdict_is_accepted(report))
            }
            Self::Outcome(o) => yes(report.outcome == *o),
            Self::Figure {
                name,
                compare,
                value,
            } => {
                let nodes = json.get("nodes").and_then(Value::as_array);
                nodes
                    .into_iter()
                    .flatten()
                    .map(|n| figure(n, path(name), *compare, *value))
                    .max()
                    .unwrap_or(Held::Unknown)
            }
        }
    }
}

/// Findings of the nodes, and over them.
fn findings(report: &Report) -> impl Iterator<Item = &FindingReport> {
    let over = report.cluster.iter().flat_map(|c| &c.findings);
    report.nodes.iter().flat_map(|n| &n.findings).chain(over)
}

/// Whether the finding that the verdict names was accepted, on every node where it stands.
fn verdict_is_accepted(report: &Report) -> bool {
    let Some(v) = &report.verdict else {
        return false;
    };
    let mut same = report
        .nodes
        .iter()
        .filter(|n| v.node.as_ref().is_none_or(|id| *id == n.id))
        .flat_map(|n| &n.findings)
        .filter(|f| {
            let subject = |s: &[crate::rules::Subject]| s.first().map(|s| s.value.clone());
            f.rule == v.rule && subject(&f.subjects) == subject(&v.subjects)
        })
        .peekable();
    same.peek().is_some() && same.all(FindingReport::is_accepted)
}

/// The exit code of a gate that holds.
pub const FAILED: u8 = 1;
/// The exit code of `--strict` where an input was cut or corrupt, or a figure is unknown.
pub const INCOMPLETE: u8 = 3;

/// The exit code of a report: 1 before 3, and neither with `exit_zero`.
#[must_use]
pub fn exit_code(report: &Report, gates: &[Gate], strict: bool, exit_zero: bool) -> u8 {
    // Only gates look into it.
    let json = if gates.is_empty() {
        Value::Null
    } else {
        serde_json::to_value(report).unwrap_or_default()
    };
    let held = gates
        .iter()
        .map(|g| g.holds(report, &json))
        .max()
        .unwrap_or(Held::No);
    match held {
        _ if exit_zero => 0,
        Held::Yes => FAILED,
        Held::Unknown if strict => INCOMPLETE,
        _ if strict && report.is_incomplete() => INCOMPLETE,
        _ => 0,
    }
}

fn yes(b: bool) -> Held {
    if b { Held::Yes } else { Held::No }
}

impl Compare {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
            Self::Equal => (a - b).abs() < f64::EPSILON * b.abs().max(1.0),
        }
    }
}

/// Short names, and where they stand in a node. Any other number of a node goes by its dotted path.
const FIGURES: &[(&str, &str)] = &[
    ("peak_ratio", "direct_memory.peak_ratio"),
    ("limit_bytes", "direct_memory.limit_bytes"),
    ("used_peak_bytes", "direct_memory.used_peak_bytes"),
    ("used_last_bytes", "direct_memory.used_last_bytes"),
    ("exhausted.count", "direct_memory.exhausted.count"),
    ("bytes_per_hour", "direct_memory.trend.bytes_per_hour"),
    ("time_to_limit_s", "direct_memory.trend.time_to_limit_s"),
];

fn path(name: &str) -> &str {
    FIGURES
        .iter()
        .find(|(n, _)| *n == name)
        .map_or(name, |(_, p)| p)
}

fn unknown_figure(name: &str) -> String {
    let all = schema::figures();
    let known = FIGURES
        .iter()
        .map(|(n, _)| *n)
        .chain(all.iter().map(String::as_str));
    let near = crate::units::nearest(name, known)
        .map_or_else(String::new, |n| format!(": did you mean {n}?"));
    let short: Vec<_> = FIGURES.iter().map(|(n, _)| *n).collect();
    format!(
        "--fail-on: unknown figure `{name}`{near} (one of {}, or the path of a number below a node of the JSON, such as \
         clients.push_fail or facts.process.rss_bytes)",
        short.join(", ")
    )
}

/// Whether a figure holds on a node: on any item where a list stands in its path. Unknown when it is `null`, or when a part of its
/// path is; an empty list is not.
fn figure(at: &Value, path: &str, compare: Compare, value: f64) -> Held {
    match at {
        Value::Null => Held::Unknown,
        Value::Array(items) => {
            let mut all: Vec<Held> = items
                .iter()
                .map(|i| figure(i, path, compare, value))
                .collect();
            // One client without the figure does not make it unknown where others have it.
            if all.contains(&Held::No) {
                all.retain(|h| *h != Held::Unknown);
            }
            all.into_iter().max().unwrap_or(Held::No)
        }
        Value::Object(members) => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            figure(
                members.get(name).unwrap_or(&Value::Null),
                rest,
                compare,
                value,
            )
        }
        other => yes(other.as_f64().is_some_and(|v| compare.holds(v, value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_as_written_in_a_pipeline() {
        assert_eq!(Gate::read("high"), Ok(Gate::Severity(Severity::High)));
        assert_eq!(
            Gate::read("undecided"),
            Ok(Gate::Outcome(Outcome::Undecided))
        );
        assert_eq!(
            Gate::read("peak_ratio >= 0.9"),
            Ok(Gate::Figure {
                name: "peak_ratio".to_owned(),
                compare: Compare::AtLeast,
                value: 0.9
            })
        );
        assert!(Gate::read("clients.push_fail>100").is_ok());
    }

    #[test]
    fn a_typo_says_what_is_accepted() {
        assert!(Gate::read("hgih").unwrap_err().contains("critical"));
        assert!(
            Gate::read("peak_ration>=0.9")
                .unwrap_err()
                .contains("peak_ratio")
        );
        assert!(
            Gate::read("clients.push_fial>1")
                .unwrap_err()
                .contains("did you mean clients.push_fail?")
        );
        assert!(
            Gate::read("peak_ratio>=much")
                .unwrap_err()
                .contains("no number")
        );
        assert!(Gate::read("clients.nothing>1").is_err());
    }
}
