//! What was known before: a baseline report and suppressions. Either keeps a finding from failing a gate, and is written beside it;
//! neither hides it, and neither touches figures.

use serde::Deserialize;
use serde_json::json;

use crate::report::Report;
use crate::report::model::{Acceptance, FindingReport};
use crate::rules::Severity;
use crate::text::Text;

/// Findings of a saved report.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    nodes: Vec<KnownNode>,
    cluster: Vec<Known>,
}

/// The part of a saved report that is looked at: reports of other releases of the program are read as well.
#[derive(Deserialize)]
struct Saved {
    schema_version: String,
    nodes: Vec<KnownNode>,
    cluster: Option<SavedCluster>,
}

#[derive(Deserialize)]
struct SavedCluster {
    findings: Vec<Known>,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownNode {
    id: String,
    findings: Vec<Known>,
}

#[derive(Clone, Debug, Deserialize)]
struct Known {
    fingerprint: String,
    severity: Severity,
}

impl Baseline {
    /// Reads a report saved with `--format json`.
    ///
    /// # Errors
    /// A line that says what is no report about it.
    pub fn read(text: &str) -> Result<Self, String> {
        let saved: Saved = serde_json::from_str(text)
            .map_err(|e| format!("not a saved report (--format json): {e}"))?;
        if !saved.schema_version.starts_with("1.") {
            return Err(format!(
                "a report of schema_version {}, where 1.x is read",
                saved.schema_version
            ));
        }
        Ok(Self {
            nodes: saved.nodes,
            cluster: saved.cluster.map(|c| c.findings).unwrap_or_default(),
        })
    }

    /// What the baseline knows of a node. A single node is the same whatever its directory is called.
    fn of_node(&self, id: &str, alone: bool, alias: Alias<'_>) -> &[Known] {
        let named = self.nodes.iter().find(|n| n.id == id || n.id == alias(id));
        match (named, &self.nodes[..]) {
            (Some(n), _) => &n.findings,
            (None, [only]) if alone => &only.findings,
            _ => &[],
        }
    }
}

/// A finding that someone has looked at and lets stand for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// A fingerprint (`faulty-client:10.0.0.9`), or a rule for all its subjects.
    pub finding: String,
    /// The node; all nodes when `None`.
    pub node: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day it counts, as `2026-12-31` in UTC; for good when `None`.
    pub until: Option<String>,
}

impl Suppression {
    fn matches(&self, node: Option<&str>, f: &FindingReport) -> bool {
        (self.finding == f.fingerprint || self.finding == f.rule)
            && self.node.as_deref().is_none_or(|n| Some(n) == node)
    }

    fn accept(&self, day: Option<&str>) -> Acceptance {
        let (id, counts) = match (&self.until, day) {
            (None, _) => ("accepted.suppressed-for-good", true),
            (Some(_), None) => ("accepted.undated", false),
            (Some(until), Some(day)) if day <= until.as_str() => ("accepted.suppressed", true),
            (Some(_), Some(_)) => ("accepted.expired", false),
        };
        Acceptance {
            by: "suppression".to_owned(),
            counts,
            until: self.until.clone(),
            note: Text::new(
                id,
                [("reason", json!(self.reason)), ("until", json!(self.until))],
            ),
        }
    }
}

/// What a name is called in a redacted report.
pub type Alias<'a> = &'a dyn Fn(&str) -> String;

/// What is held against a report.
pub struct Accepted<'a> {
    /// The baseline.
    pub baseline: Option<&'a Baseline>,
    /// Suppressions.
    pub suppressions: &'a [Suppression],
    /// The day that suppressions are held against; that of the report's last record when `None`. Never today's: the same input
    /// gives the same report.
    pub as_of: Option<&'a str>,
    /// Names in a redacted baseline.
    pub alias: Alias<'a>,
}

impl Accepted<'_> {
    /// Writes beside each finding what was known of it.
    pub fn mark(&self, report: &mut Report) {
        let last = report
            .nodes
            .iter()
            .filter_map(|n| n.window.last.as_ref()?.get(..10))
            .max()
            .map(str::to_owned);
        let day = self.as_of.map(str::to_owned).or(last);
        let alone = report.nodes.len() == 1;
        for n in &mut report.nodes {
            let known = self
                .baseline
                .map_or(&[][..], |b| b.of_node(&n.id, alone, self.alias));
            for f in &mut n.findings {
                self.mark_one(Some(&n.id), known, day.as_deref(), f);
            }
        }
        let known = self.baseline.map_or(&[][..], |b| &b.cluster);
        for f in report.cluster.iter_mut().flat_map(|c| &mut c.findings) {
            self.mark_one(None, known, day.as_deref(), f);
        }
    }

    fn mark_one(
        &self,
        node: Option<&str>,
        known: &[Known],
        day: Option<&str>,
        f: &mut FindingReport,
    ) {
        f.accepted = self
            .suppressions
            .iter()
            .filter(|s| s.matches(node, f))
            .map(|s| s.accept(day))
            .collect();
        let alias = (self.alias)(&f.fingerprint);
        let before = known
            .iter()
            .find(|k| k.fingerprint == f.fingerprint || k.fingerprint == alias);
        if let Some(before) = before {
            f.accepted.push(in_baseline(before.severity, f.severity));
        }
    }
}

/// Known unless worse: of a higher severity than it was.
fn in_baseline(was: Severity, now: Severity) -> Acceptance {
    let worse = now > was;
    Acceptance {
        by: "baseline".to_owned(),
        counts: !worse,
        until: None,
        note: if worse {
            Text::new(
                "accepted.worse",
                [("was", json!(was.name())), ("now", json!(now.name()))],
            )
        } else {
            Text::new("accepted.baseline", [])
        },
    }
}
