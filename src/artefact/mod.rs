//! Inputs: where their bytes come from.

pub mod map;
