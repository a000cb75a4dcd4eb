//! What is drawn. A conversation's log and composer are the widget's.
//!
//! [`login`] · [`bar`] the head of the page with the status · [`conversations`] the list of [`line`]s · [`talk`] one
//! conversation · [`empty`] what stands where nothing is

pub mod bar;
pub mod conversations;
pub mod empty;
pub mod line;
pub mod login;
pub mod talk;
