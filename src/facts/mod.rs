//! All that the inputs say: typed, bounded, nothing inferred.

pub mod heap;
