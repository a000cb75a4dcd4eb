//! What the system tests and the benchmarks share.

pub mod bench;
pub mod harness;
pub mod simulation;
