//! Gates: whether a report makes a pipeline fail.

use serde_json::Value;

use crate::report::Report;
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
                let name = name.trim();
                let known = figure_is_known(name);
                return match value.trim().parse::<f64>() {
                    Ok(value) if known && value.is_finite() => Ok(Self::Figure {
                        name: name.to_owned(),
                        compare,
                        value,
                    }),
                    Ok(_) => Err(format!(
                        "--fail-on: unknown figure `{name}` (one of {}, clients.<member>)",
                        FIGURES
                            .iter()
                            .map(|(n, _)| *n)
                            .collect::<Vec<_>>()
                            .join(", ")
                    )),
                    Err(_) => Err(format!("--fail-on: `{}` is no number", value.trim())),
                };
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
            Self::Severity(s) => yes(report
                .nodes
                .iter()
                .any(|n| n.findings.iter().any(|f| f.severity >= *s))
                || report
                    .cluster
                    .as_ref()
                    .is_some_and(|c| c.findings.iter().any(|f| f.severity >= *s))),
            Self::Outcome(o) => yes(report.outcome == *o),
            Self::Figure {
                name,
                compare,
                value,
            } => {
                let found = figures(json, name);
                if found.is_empty() {
                    return Held::Unknown;
                }
                yes(found.iter().any(|v| compare.holds(*v, *value)))
            }
        }
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

/// Figures of a node by name, and where they stand in it.
const FIGURES: &[(&str, &str)] = &[
    ("peak_ratio", "/direct_memory/peak_ratio"),
    ("limit_bytes", "/direct_memory/limit_bytes"),
    ("used_peak_bytes", "/direct_memory/used_peak_bytes"),
    ("used_last_bytes", "/direct_memory/used_last_bytes"),
    ("exhausted.count", "/direct_memory/exhausted/count"),
    ("bytes_per_hour", "/direct_memory/trend/bytes_per_hour"),
    ("time_to_limit_s", "/direct_memory/trend/time_to_limit_s"),
];

fn figure_is_known(name: &str) -> bool {
    let members =
        || serde_json::to_value(crate::report::model::ClientReport::default()).unwrap_or_default();
    FIGURES.iter().any(|(n, _)| *n == name)
        || name.strip_prefix("clients.").is_some_and(|m| {
            members()
                .get(m)
                .is_some_and(|v| v.is_number() || v.is_null())
        })
}

/// The figure's value on every node that knows it.
fn figures(json: &Value, name: &str) -> Vec<f64> {
    let nodes = json.get("nodes").and_then(Value::as_array);
    nodes
        .into_iter()
        .flatten()
        .flat_map(|n| match name.strip_prefix("clients.") {
            Some(member) => n
                .get("clients")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|c| c.get(member)?.as_f64())
                .collect::<Vec<_>>(),
            None => FIGURES
                .iter()
                .find(|(f, _)| *f == name)
                .and_then(|(_, p)| n.pointer(p)?.as_f64())
                .into_iter()
                .collect(),
        })
        .collect()
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
            Gate::read("peak_ratio>=much")
                .unwrap_err()
                .contains("no number")
        );
        assert!(Gate::read("clients.nothing>1").is_err());
    }
}
