//! Why a Nacos server runs out of off-heap memory.

pub mod parse;
pub mod span;
pub mod units;
