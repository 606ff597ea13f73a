//! What the rules are about, in Chinese, in the order of their ids. The English stands in the rules.

/// The texts of one rule in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// In a few words.
    pub title: &'static str,
    /// What it looks for, and why that runs a server out of memory.
    pub what: &'static str,
    /// Evidence that speaks for it.
    pub speaks_for: &'static str,
    /// Evidence that speaks against it.
    pub speaks_against: &'static str,
    /// What to do, in general.
    pub remedy: &'static str,
    /// Where it was learnt.
    pub sources: &'static str,
}

/// All of them.
pub(super) static RULES: &[(&str, RuleText)] = &[];
