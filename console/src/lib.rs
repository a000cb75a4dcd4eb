//! The app for agents: they log in, see who is waiting, and answer, also while the origin is away.
//!
//! The loop, the adapters of a session and the views of a conversation are those of the visitor's chat (`widget`);
//! here is what only agents have.
//!
//! # Layout, in reading order
//!
//! - [`account`]: who is at the console, and what the edge's answers make of that
//! - [`desk`]: what an agent has before them: the inbox, the conversation on screen, those with unsent replies
//! - [`list`]: the lines of the list of conversations
//! - [`browser`]: adapters that only the console needs: HTTP, address, title, what is kept
//! - [`words`]: every sentence that an agent reads
//! - [`views`]: what is drawn
//! - [`app`]: all that together
//! - [`entry`]: what the page's script calls

pub mod account;
pub mod app;
pub mod browser;
pub mod desk;
pub mod entry;
pub mod list;
pub mod views;
pub mod words;
