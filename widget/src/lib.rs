//! The chat in the visitor's browser.
//!
//! # Layout, in reading order
//!
//! - [`driver`]: the one loop between the session machine of `shared` and its adapters
//! - [`browser`]: the adapters: socket, storage, timer, page, host page
//! - [`words`]: every sentence that a person reads
//! - [`views`]: what is drawn; the console draws with the same ones
//! - [`app`]: the visitor's chat, made of all that
//! - `entry`: what the frame's script calls (feature `entry`)

pub mod app;
pub mod browser;
pub mod driver;
#[cfg(feature = "entry")]
pub mod entry;
pub mod views;
pub mod words;
