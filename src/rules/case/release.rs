//! Releases of Nacos, compared number by number.

use crate::facts::log::ServerKey;
use crate::facts::{Facts, Quote};

/// A release of Nacos: `2.2.3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// Its numbers.
    pub numbers: Vec<u32>,
    /// As written.
    pub text: String,
}

impl Release {
    /// Reads `v2.2.3`, `2.2.0.1`, `3.0.0-alpha`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bare = text.trim().trim_start_matches('v');
        let numbers: Vec<u32> = bare
            .split('-')
            .next()?
            .split('.')
            .map_while(|p| p.parse().ok())
            .collect();
        (numbers.len() >= 2).then(|| Self {
            numbers,
            text: bare.to_owned(),
        })
    }

    /// Whether it lies in `low..=high`, each compared as far as it goes.
    #[must_use]
    pub fn within(&self, low: &[u32], high: &[u32]) -> bool {
        let n = &self.numbers[..];
        n >= low && n[..n.len().min(high.len())] <= *high
    }
}

/// The release that runs, and the line that says so: what a start of the server prints, else what any log says of it.
#[must_use]
pub(super) fn release(facts: &Facts) -> Option<(Release, &Quote)> {
    let started = facts.log.marks.iter().rev().find_map(|m| {
        let r = Release::read(m.version.as_deref()?)?;
        Some((r, &m.quote))
    });
    started.or_else(|| {
        facts
            .log
            .server
            .iter()
            .rev()
            .filter(|f| f.key == ServerKey::Version)
            .find_map(|f| Some((Release::read(&f.value)?, &f.quote)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_number_by_number() {
        let r = |t: &str| Release::read(t).unwrap();
        assert!(r("2.3.0").within(&[2, 0], &[2, 3, 0]));
        assert!(r("2.0.4").within(&[2, 0], &[2, 3, 0]));
        assert!(!r("2.3.1").within(&[2, 0], &[2, 3, 0]));
        assert!(!r("1.4.8").within(&[2, 0], &[2, 3, 0]));
        assert!(r("v2.2.0.1").within(&[2, 2, 0], &[2, 2, 4]));
        assert!(Release::read("nacos").is_none());
    }
}
