//! What is drawn. Components where something is remembered, plain functions where nothing is.
//!
//! [`transcript`] the log with [`row`]s, a [`window`] of fixed size over it, and [`typing`] ·
//! [`composer`] · [`banner`] the mode's lines · [`icon`]

pub mod banner;
pub mod composer;
pub mod icon;
pub mod row;
pub mod transcript;
pub mod typing;
pub mod window;
