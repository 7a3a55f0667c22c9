//! Why the demo did not go on.

use std::io;

use crate::wire::ServeError;

/// Why the demo ended before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// The sample configuration is not accepted.
    #[error("its configuration is refused: {0}")]
    Config(String),
    /// The server did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A sample app could not start, or the throw-away folder could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server is gone although nobody stopped it.
    #[error("the server ended by itself")]
    Server,
    /// The server does not become ready, or a request to it brought nothing.
    #[error("{0}")]
    Call(String),
    /// A step came out otherwise than it is told.
    #[error("step {step} did not come out as told: {why}")]
    Step {
        /// Which one.
        step: &'static str,
        /// What was expected, and what came.
        why: String,
    },
    /// A signal came before the steps were done.
    #[error("interrupted before the steps were done")]
    Interrupted,
}

impl DemoError {
    /// What an end of the server means that nobody asked for.
    pub(super) fn ended(result: Result<(), ServeError>) -> Self {
        result.map_or_else(Self::Serve, |()| Self::Server)
    }
}

/// Whether `what` came out as told.
///
/// # Errors
/// In words: what it is, and what it should be.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, told: &T) -> Result<(), String> {
    if is == told { Ok(()) } else { Err(format!("{what} should be {told:?} and is {is:?}")) }
}
