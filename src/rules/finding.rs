//! What a rule found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Quote;
use crate::text::Text;

/// What a rule speaks about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Can be the verdict.
    Cause,
    /// A state of memory.
    Condition,
    /// Worth doing anyway.
    Advice,
}

impl Kind {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Condition => "condition",
            Self::Advice => "advice",
        }
    }
}

/// How bad the consequence is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// No harm yet, little certainty.
    Low,
    /// A cause at work without harm yet, or one that is not certain.
    Medium,
    /// The limit is hours away, or 90 % are used.
    High,
    /// Allocations failed, or the process was killed.
    Critical,
}

impl Severity {
    /// All, from least to worst.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name in reports and arguments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Who or what a finding is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// `client-ip`, `connection-id`, `service`, `user`, `node`…
    pub kind: String,
    /// Which.
    pub value: String,
    /// Its part of the whole, of one; `null` when unknown.
    pub share: Option<f64>,
    /// Bytes held for it; `null` when unknown.
    pub bytes: Option<u64>,
}

impl Subject {
    /// A subject without figures.
    #[must_use]
    pub fn new(kind: &str, value: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            value: value.into(),
            share: None,
            bytes: None,
        }
    }

    /// With its part of the whole.
    #[must_use]
    pub fn with_share(mut self, share: f64) -> Self {
        self.share = Some((share * 1e4).round() / 1e4);
        self
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Row of the table of weights.
    pub weight: super::score::Weight,
    /// How much of the row's weight counts, 0 to 1.
    pub strength: f64,
    /// What is claimed.
    pub claim: Text,
    /// A line that shows it.
    pub quote: Option<Quote>,
}

impl Evidence {
    /// A piece at full strength.
    #[must_use]
    pub fn new(weight: super::score::Weight, claim: Text, quote: Option<&Quote>) -> Self {
        Self {
            weight,
            strength: 1.0,
            claim,
            quote: quote.cloned(),
        }
    }

    /// With a part of its weight.
    #[must_use]
    pub fn scaled(mut self, strength: f64) -> Self {
        self.strength = strength.clamp(0.0, 1.0);
        self
    }

    /// Log odds it adds.
    #[must_use]
    pub fn contribution(&self) -> f64 {
        self.weight.log_odds() * self.strength
    }
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// At once, in order.
    pub now: Vec<Text>,
    /// For good.
    pub lasting: Vec<Text>,
}

/// What a rule proposes; one finding each.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Best first.
    pub subjects: Vec<Subject>,
    /// Title.
    pub title: Text,
    /// For and against.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remedy: Remedy,
    /// Set by conditions and advice, whose consequence needs no inference.
    pub severity: Option<Severity>,
}

/// A hypothesis with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static super::Rule,
    /// How bad.
    pub severity: Severity,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// Sum of log odds, which orders what is equally sure.
    pub log_odds: f64,
    /// What was found.
    pub hypothesis: Hypothesis,
}

impl Finding {
    /// First subject's value, or empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.hypothesis
            .subjects
            .first()
            .map_or("", |s| s.value.as_str())
    }

    /// Rule and subject, without times or counts: equal from run to run of the program.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{}:{}", self.rule.id, self.subject())
    }
}
