//! The real edge in workerd with the real origin.

#[path = "runtime/cost.rs"]
mod cost;
#[path = "runtime/kill.rs"]
mod kill;
#[path = "runtime/limits.rs"]
mod limits;
#[path = "runtime/outage.rs"]
mod outage;
#[path = "runtime/refusals.rs"]
mod refusals;
