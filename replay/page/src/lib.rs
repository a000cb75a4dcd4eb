//! The replay in a browser: the page at `/demo/replay/` moves its sliders, and the same simulator that `cargo xtask replay`
//! runs says what comes of it.
//!
//! # Layout, in reading order
//!
//! - [`settings`] what the sliders say, checked · [`small`] the scenario that becomes of it, in seconds instead of minutes,
//!   with [`file`] · [`presets`] settings with a name
//! - [`told`] what a run came to, in sentences, charts and figures
//! - [`entry`] what the page's script calls

pub mod entry;
pub mod file;
pub mod presets;
pub mod settings;
pub mod small;
pub mod told;
