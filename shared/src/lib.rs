//! What widget, console, edge and origin have in common. No clock, no I/O and no randomness of its own:
//! everything here runs the same in a browser, in workerd, in a server and in a simulation.
//!
//! # Layout, in reading order
//!
//! - [`id`], [`mode`], [`limits`]: the small words of the protocol
//! - [`message`]: what a person wrote, as the log keeps it
//! - [`frame`]: what travels on a link between a browser and the edge
//! - [`close`]: why a link ended, and what the client does next
//! - [`json`], [`codec`]: the small codec that the widget uses instead of serde_json
//! - [`outbox`], [`inbox`]: keep until acknowledged; accept once, in order. Both hops use them
//! - [`steady`], [`backoff`]: a clock that never goes back; when to reconnect
//! - [`session`]: the client's side of a link, for widget and console
//! - [`event`], `webhook`: what travels between edge and origin, and its signature
//!
//! The rules of the protocol are numbered in `PROTOCOL.md`; comments and tests carry the rule's id.

pub mod backoff;
pub mod close;
pub mod codec;
#[cfg(feature = "serde")]
pub mod event;
pub mod frame;
pub mod id;
pub mod inbox;
pub mod json;
pub mod limits;
pub mod message;
pub mod mode;
pub mod outbox;
pub mod random;
pub mod session;
pub mod steady;
#[cfg(feature = "sign")]
pub mod webhook;

/// Milliseconds on the caller's clock. Machines compare them and never read a clock themselves.
pub type Millis = u64;
