//! The real origin on a free port with a folder of its own, asked over HTTP as edge, agent and administrator.

mod agents;
mod capacity;
mod edge;
mod events;
mod faults;
mod load;
mod naive;
mod over_save;
mod process;
mod replies;
mod sites;
mod status;
mod under_test;
