//! The Chinese sentences, by id, sorted.

/// All of them, one a line.
#[rustfmt::skip]
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("ui.verdict", "结论"),
];
