//! Why a Nacos server runs out of off-heap memory.

pub mod artefact;
pub mod facts;
pub mod format;
pub mod ingest;
pub mod jvm_limit;
pub mod parse;
pub mod span;
pub mod units;
