//! Protects the receivers of exchanges from overload, and the server from receivers that do not answer.

mod circuit_breaker;
mod permits;

pub(crate) use circuit_breaker::CircuitBreaker;
pub(crate) use permits::{ExchangePermits, PermitError};
