//! The harness that the system tests share.
