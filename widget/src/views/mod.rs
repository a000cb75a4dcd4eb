//! What is drawn. Components where something is remembered, plain functions where nothing is.
//!
//! [`transcript`] the log with [`row`]s of [`text`] and its [`marks`], a [`window`] of fixed size over it, and [`typing`] ·
//! [`composer`] · [`banner`] the mode's lines · [`icon`]

pub mod banner;
pub mod composer;
pub mod icon;
pub mod marks;
pub mod row;
pub mod text;
pub mod transcript;
pub mod typing;
pub mod window;
