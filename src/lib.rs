//! Why a Nacos server runs out of off-heap memory.

pub mod artefact;
pub mod facts;
pub mod parse;
pub mod span;
pub mod units;
