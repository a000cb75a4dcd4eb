//! Adapters that only the console needs; those of a session are the widget's.
//!
//! [`http`] requests to the edge · [`notes`] what is kept of each conversation beside its outbox · [`page`] address,
//! title, focus, and how a moment reads

pub mod http;
pub mod notes;
pub mod page;
