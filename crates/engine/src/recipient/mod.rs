//! What protects a recipient of exchanges, and everyone else from a bad one.

mod breaker;
mod permits;

pub(crate) use breaker::Breaker;
pub(crate) use permits::{Full, Permits};
