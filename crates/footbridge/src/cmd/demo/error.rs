//! Errors of the demo.

use std::io;

use crate::wire::{Ended, ServeError};

/// Reason why the demo failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// The configuration of the demo is wrong.
    #[error("its configuration is refused: {0}")]
    Config(String),
    /// The server did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A sample app cannot listen, or the temporary directory cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server ended without a signal.
    #[error("the server ended unexpectedly")]
    Server,
    /// The server is not ready in time, or a request failed.
    #[error("{0}")]
    Call(String),
    /// A step had an unexpected result.
    #[error("step {step} failed: {why}")]
    Step {
        /// The number and the name of the step.
        step: &'static str,
        /// The expected and the actual result.
        why: String,
    },
    /// A signal arrived before the end of the steps.
    #[error("interrupted before the end of the steps")]
    Interrupted,
}

impl DemoError {
    /// Returns the error for a server that ended without a signal.
    pub(super) fn ended(result: Result<Ended, ServeError>) -> Self {
        result.map_or_else(Self::Serve, |_| Self::Server)
    }
}

/// Checks that two values are equal.
///
/// # Errors
/// A message with `what`, the expected value and the actual one.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    actual: &T,
    expected: &T,
) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what} should be {expected:?}, but is {actual:?}")) }
}
