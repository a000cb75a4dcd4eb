//! Random stories: what a visitor, an agent and a network do in an order that chance has chosen, in a real browser, and
//! what must be true when everything is well again.
//!
//! [`plan`] what happens · [`teller`] makes it happen · [`expected`] what must be true of it

pub mod expected;
pub mod plan;
pub mod teller;
