//! The real edge in workerd with the real origin.

#[path = "runtime/kill.rs"]
mod kill;
#[path = "runtime/outage.rs"]
mod outage;
#[path = "runtime/refusals.rs"]
mod refusals;
