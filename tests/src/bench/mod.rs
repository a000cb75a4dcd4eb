//! What the two benchmarks (`benches/`) share.
//!
//! - [`asked`]: what is asked for on the command line
//! - [`progress`]: what is being done
//! - [`spread`]: a figure over the rounds

pub mod asked;
pub mod progress;
pub mod spread;
