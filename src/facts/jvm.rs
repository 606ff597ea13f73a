//! What the inputs say of the JVM itself: flags, versions, collector. Several texts may say it; the best one wins.

use std::collections::BTreeMap;

use super::quote::Quote;
use crate::parse::flags::{Collector, JvmFlags};
use crate::span::ArtefactId;
use crate::units::WallTime;

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
    /// When the JVM started, by its age at a time: `VM.uptime`, hs_err.
    pub starts: Vec<(WallTime, Quote)>,
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

    /// Adds that the JVM had run for so many seconds at a time.
    pub fn add_start(&mut self, at: WallTime, seconds: f64, quote: Quote) {
        /// No process is older.
        const LONGEST: f64 = 1e9;
        if (0.0..LONGEST).contains(&seconds) && self.starts.len() < SOURCES_MAX {
            let age_ms = (seconds * 1000.0) as i64;
            self.starts.push((at.plus_ms(-age_ms), quote));
        }
    }

    /// When the JVM started, where all that tell it agree within a few seconds.
    #[must_use]
    pub fn started(&self) -> Option<WallTime> {
        /// `VM.uptime` is asked for by hand, some time before the file's last byte is written.
        const APART_MS: i64 = 10_000;
        let first = self.starts.iter().map(|s| s.0).min()?;
        let last = self.starts.iter().map(|s| s.0).max()?;
        (last.0 - first.0 <= APART_MS).then_some(first)
    }

    /// Moves what some files tell of the start by so many minutes each: their clock is not the node's.
    pub fn shift(&mut self, moved: &BTreeMap<ArtefactId, i32>) {
        for (start, quote) in &mut self.starts {
            if let Some(by) = moved.get(&quote.place.artefact) {
                let by_ms = i64::from(*by) * 60_000;
                *start = start.plus_ms(by_ms);
                quote.time = quote.time.map(|t| t.plus_ms(by_ms));
            }
        }
    }

    /// Adds what another part of the input says.
    pub fn merge(&mut self, other: Self) {
        self.starts.extend(other.starts);
        self.sources.extend(other.sources);
        self.java_versions.extend(other.java_versions);
        self.collectors.extend(other.collectors);
        self.cores = self.cores.max(other.cores);
    }

    /// Sorts by trust, then by place.
    pub fn settle(&mut self) {
        self.sources.sort_by_key(|s| (s.text, s.quote.place));
        self.sources.truncate(SOURCES_MAX);
        self.starts.sort_by_key(|(t, q)| (*t, q.place));
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
