//! The harness that the system tests share.

pub mod simulation;
