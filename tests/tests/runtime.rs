//! The real edge in workerd with the real origin.

#[path = "runtime/bad_input/mod.rs"]
mod bad_input;
#[path = "runtime/consent.rs"]
mod consent;
#[path = "runtime/cost.rs"]
mod cost;
#[path = "runtime/identity.rs"]
mod identity;
#[path = "runtime/kill.rs"]
mod kill;
#[path = "runtime/limits.rs"]
mod limits;
#[path = "runtime/origin_says.rs"]
mod origin_says;
#[path = "runtime/outage.rs"]
mod outage;
#[path = "runtime/silent.rs"]
mod silent;
#[path = "runtime/status.rs"]
mod status;
#[path = "runtime/trouble.rs"]
mod trouble;
#[path = "runtime/unknown_sites.rs"]
mod unknown_sites;
#[path = "runtime/wave.rs"]
mod wave;
