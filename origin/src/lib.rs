//! The reference origin: the chat company's side of Seawall's contract, small enough to read and good enough to
//! start with. It takes events from the edge into a ledger, knows accounts, sites and agents, and sends replies.
//! Whatever it acknowledges is on disk (SQLite, fully synchronous), so it may be killed at any moment.
//!
//! # Layout, in reading order
//!
//! - [`config`]: what an origin is started with
//! - [`problem`], [`input`]: how a refusal is told; what a request brings
//! - [`schema`], [`store`]: the data folder, one writer and one reader
//! - [`capacity`], [`line`], [`cost`], [`cache`], [`load`], [`database`]: a slow database, modelled: the line before it,
//!   what work costs, and what arrived
//! - [`signed`], [`bearer`]: who is asking: the edge by its signature, an administrator by a token
//! - [`events`]: `POST /events`, judged one by one
//! - [`ledger`]: the messages, in the order of acceptance
//! - [`replies`]: a reply written in the origin
//! - [`outbox`], [`carrier`]: what the edge must hear, and the one loop that tells it
//! - [`sites`], [`roster`]: settings, agents and groups, and the save that notices when nothing changed; [`connected`] who has a
//!   console open
//! - [`agents`], [`password`], [`guesses`], [`keys`]: log in, renew, and the JWT that proves it
//! - [`health`], [`status`]: what the origin says about itself, when asked and unasked
//! - [`faults`]: what breaks on request, so that a whole system can be tried
//! - [`server`], [`connections`]: the routes, and the loop that accepts and ends connections
//! - [`demo`]: the account that the demo and the tests use
//! - [`naive`], [`page`]: a chat without an edge to compare with, and the page that does; in the demo only

pub mod agents;
pub mod bearer;
pub mod cache;
pub mod capacity;
pub mod carrier;
pub mod config;
pub mod connected;
pub mod connections;
pub mod cost;
pub mod database;
pub mod demo;
pub mod events;
pub mod faults;
pub mod guesses;
pub mod health;
pub mod input;
pub mod keys;
pub mod ledger;
pub mod line;
pub mod load;
pub mod naive;
pub mod outbox;
pub mod page;
pub mod password;
pub mod problem;
pub mod replies;
pub mod roster;
pub mod schema;
pub mod server;
pub mod signed;
pub mod sites;
pub mod status;
pub mod store;

/// Milliseconds since 1970 on this machine's clock.
pub fn now_ms() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
