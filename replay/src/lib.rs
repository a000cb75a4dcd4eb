//! Replays an incident on a virtual clock, in three arms, and measures what becomes of it.
//!
//! # Layout, in reading order
//!
//! - [`scenario`] what is replayed, and its constants · [`people`] visitors and agents · [`origin`] the modelled origin
//! - [`direct`] the arms `without` and `careful`
//! - [`meter`] what is counted
//! - [`clock`], [`chance`] time and randomness

pub mod chance;
pub mod clock;
pub mod direct;
pub mod meter;
pub mod origin;
pub mod people;
pub mod scenario;
pub mod with;
