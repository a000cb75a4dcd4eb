//! The edge: a stateless worker in front of three kinds of objects.
//!
//! # Layout, in reading order
//!
//! - [`conversation`], [`site`], [`origin_gate`]: the machines. No clock, no I/O, no platform
//! - [`frames`], [`token`], [`jwt`], [`admission`]: what comes from outside, parsed, checked and kept within limits
//! - [`durable`]: the machines on workerd, as Durable Objects
//! - `worker`: every request's first stop

pub mod admission;
pub mod arrivals;
pub mod conversation;
pub mod durable;
pub mod frames;
pub mod jwt;
pub mod origin_gate;
pub mod site;
pub mod spread;
pub mod token;
mod worker;
