//! Why a Nacos server runs out of off-heap memory.

pub mod jvm_limit;
pub mod parse;
pub mod span;
pub mod units;
