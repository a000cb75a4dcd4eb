//! What the fuzzers run. Each target is a function that takes bytes and panics when a rule is broken: cargo-fuzz calls
//! it from `fuzz/fuzz_targets`, and a test calls it with every file of `fuzz/corpus` and `fuzz/regressions`.
//!
//! # Layout, in reading order
//!
//! - [`codec`], [`events`]: texts from outside into the readers
//! - [`client_frames`]: what browsers, gate and origin tell a conversation
//! - [`edge_frames`]: what the edge tells a session
//! - [`gate`], [`site`]: what the other two objects of the edge hear
//! - `pick`: names and numbers out of the fuzzer's bytes

pub mod client_frames;
pub mod codec;
pub mod edge_frames;
pub mod events;
pub mod gate;
mod pick;
pub mod site;

/// Panics where the bytes break a rule.
pub type Target = fn(&[u8]);

/// Targets by the names that they have on the command line and as folders of the corpus.
pub const TARGETS: [(&str, Target); 6] = [
    ("codec", codec::run),
    ("events", events::run),
    ("client_frames", client_frames::run),
    ("edge_frames", edge_frames::run),
    ("gate", gate::run),
    ("site", site::run),
];
