//! What the inputs say of the JVM itself: flags, versions, collector. Several texts may say it; the best one wins.

use super::quote::Quote;
use crate::parse::flags::{Collector, JvmFlags};

/// Which text flags were read from, the most trustworthy last: what a JVM prints of itself outranks what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlagText {
    /// First line of start.out.
    CommandLine,
    /// `Picked up JAVA_TOOL_OPTIONS`.
    Environment,
    /// Head of a GC log of JDK 8.
    GcLog,
    /// Answer to `VM.command_line`.
    VmCommandLine,
    /// hs_err file or `VM.info`.
    HsErr,
    /// Answer to `VM.flags`.
    VmFlags,
}

/// Flags, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSource {
    /// Which text.
    pub text: FlagText,
    /// The line.
    pub quote: Quote,
    /// The flags.
    pub flags: JvmFlags,
    /// Options that stand behind the jar and have no effect.
    pub inert: Vec<String>,
}

/// Sources kept; a hostile file must not grow them for ever.
const SOURCES_MAX: usize = 200;

/// What the inputs say of the JVM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JvmFacts {
    /// Flags.
    pub sources: Vec<FlagSource>,
    /// Java versions, as written.
    pub java_versions: Vec<(String, Quote)>,
    /// Collectors that GC logs name.
    pub collectors: Vec<(Collector, Quote)>,
    /// Processors the JVM saw.
    pub cores: Option<u32>,
}

impl JvmFacts {
    /// Adds a source of flags.
    pub fn add(&mut self, source: FlagSource) {
        if self.sources.len() < SOURCES_MAX {
            self.sources.push(source);
        }
    }

    /// Adds a Java version.
    pub fn add_java(&mut self, version: &str, quote: Quote) {
        if self.java_versions.len() < SOURCES_MAX {
            self.java_versions.push((version.to_owned(), quote));
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.sources.extend(other.sources);
        self.java_versions.extend(other.java_versions);
        self.collectors.extend(other.collectors);
        self.cores = self.cores.max(other.cores);
    }

    /// Sorts by trust, then by place.
    pub fn settle(&mut self) {
        self.sources.sort_by_key(|s| (s.text, s.quote.place));
        self.sources.truncate(SOURCES_MAX);
        self.java_versions.sort_by_key(|(_, q)| q.place);
        self.collectors.sort_by_key(|(_, q)| q.place);
    }

    /// All flags together: each from its most trustworthy source.
    #[must_use]
    pub fn flags(&self) -> JvmFlags {
        let mut all = JvmFlags::default();
        for s in &self.sources {
            all.absorb(s.flags.clone());
        }
        all
    }

    /// The source of a flag's value, most trustworthy first.
    #[must_use]
    pub fn source_of(&self, flag: &str) -> Option<&FlagSource> {
        self.sources
            .iter()
            .rev()
            .find(|s| s.flags.values.contains_key(flag))
    }
}
