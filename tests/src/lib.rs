//! The harness that the system tests share.

pub mod harness;
pub mod simulation;
