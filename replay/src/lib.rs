//! Replays an incident on a virtual clock, in three arms, and measures what becomes of it.
//!
//! # Layout, in reading order
//!
//! - [`scenario`] what is replayed, and its constants, with `check` · [`catalogue`] those that come with Seawall · [`short`]
//!   their short form
//! - [`people`] visitors and agents · [`origin`] the modelled origin
//! - [`arm`] the three arms: [`direct`] `without` and `careful`, [`with`] the real machines
//! - [`meter`] what is counted · [`clock`], [`chance`] time and randomness
//! - [`crew`] runs on all processors, with [`progress`] · [`field`] the figures by name · [`outcome`] one run, and several
//!   compared · [`bounds`] what must hold · [`result`] all of a scenario
//! - [`table`], [`summary`], [`report`] with [`chart`] how it is told
//! - [`reconnect`] another question: how a crowd comes back, ours and those of other libraries

pub mod arm;
pub mod bounds;
pub mod catalogue;
pub mod chance;
pub mod chart;
mod check;
pub mod clock;
pub mod crew;
pub mod direct;
pub mod field;
pub mod meter;
pub mod origin;
pub mod outcome;
pub mod people;
pub mod progress;
pub mod reconnect;
pub mod report;
pub mod result;
pub mod scenario;
pub mod short;
pub mod summary;
pub mod table;
pub mod with;
