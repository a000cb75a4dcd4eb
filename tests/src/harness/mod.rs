//! The real system for tests: workerd with the edge, the origin, and people who talk through them.
//!
//! - [`stack`]: starts, kills and restarts the two servers on free ports with data of their own
//! - [`port`]: which ports
//! - [`person`]: a visitor or an agent: the real session machine on a real socket
//! - [`browser`]: a person in a real Chromium
//! - [`pair`]: a visitor and an agent in two of them
//! - [`cdp`]: the same by the protocol of its developer tools, which reaches every tab and frame at once
//! - [`tab`]: one of its tabs, with the chat in it
//! - [`chat`]: all of these, as most tests begin with them
//! - [`customer`]: the website that the chat stands on
//! - [`owner`]: its owner, who calls the chat from the page
//! - [`axe`]: what is wrong with a page for people who see, hear or move differently
//! - [`outage_page`]: `/demo/outage/` in such a browser
//! - [`ledger`]: what the origin has
//! - [`wire`]: what carries a person's link
//! - [`wait`]: until a condition holds, with a limit
//! - [`proxy`]: a network with faults
//! - [`states`]: everything that a visitor can see of the chat
//! - [`scene`]: two visitors who see it
//! - [`story`]: what chance makes a visitor do
//! - [`sockets`]: how many of them a browser has
//! - [`raw`]: a link that says what no client of ours would
//! - [`neighbour`]: whom nothing of that may reach
//! - [`fake_origin`]: an origin that answers as the test wants
//! - [`tokens`]: tokens, genuine and not

pub mod axe;
pub mod browser;
pub mod cdp;
pub mod chat;
pub mod customer;
pub mod fake_origin;
pub mod ledger;
pub mod neighbour;
pub mod outage_page;
pub mod owner;
pub mod pair;
pub mod person;
pub mod port;
pub mod proxy;
pub mod raw;
pub mod scene;
pub mod sockets;
pub mod stack;
pub mod states;
pub mod story;
pub mod tab;
pub mod tokens;
pub mod wait;
pub mod wire;
