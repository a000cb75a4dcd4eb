//! What the two benchmarks (`benches/`) share.
//!
//! - [`progress`]: what is being done
//! - [`spread`]: a figure over the rounds

pub mod progress;
pub mod spread;
