//! The edge: a stateless worker in front of three kinds of objects.
//!
//! # Layout, in reading order
//!
//! - [`conversation`], [`site`], [`origin_gate`]: the machines. No clock, no I/O, no platform
//! - [`frames`], [`token`], [`jwt`], [`identity`], [`admission`], [`shedding`], [`lookups`]: what comes from outside, parsed, checked and kept within limits
//! - [`silence`]: whether whoever is at the other end of a link is still there
//! - [`origin_health`], [`quota`]: what the origin says about itself and what it still allows
//! - `durable`: the machines on workerd, as Durable Objects
//! - `worker`: every request's first stop
//!
//! The last two are the feature `worker`. Whoever simulates takes the machines without it.

pub mod admission;
pub mod arrivals;
pub mod conversation;
#[cfg(feature = "worker")]
pub mod durable;
pub mod frames;
pub mod identity;
pub mod jwt;
pub mod lookups;
pub mod origin_gate;
pub mod origin_health;
pub mod quota;
pub mod shedding;
pub mod silence;
pub mod site;
pub mod spread;
pub mod token;
#[cfg(feature = "worker")]
mod worker;
