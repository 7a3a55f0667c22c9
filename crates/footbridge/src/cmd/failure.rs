//! Failures of commands, each with one message for the user. `exit` has their exit codes.

use crate::{
    client::error::ClientError, config::ConfigError, contexts::ContextError, first_run::FirstRunError,
    telemetry::TelemetryError,
};

/// The message that a command ends with.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong. Each line of the message begins with file and line, so that editors can jump there.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A request to a running server failed.
    #[error("footbridge: {0}")]
    Client(#[from] ClientError),
    /// A secret of the first run cannot be read or made.
    #[error("footbridge: {0}")]
    FirstRun(#[from] FirstRunError),
    /// Logging cannot be set up.
    #[error("footbridge: {0}")]
    Telemetry(#[from] TelemetryError),
    /// A file of a context cannot be used.
    #[error("footbridge: {0}")]
    Context(#[from] ContextError),
    /// Nothing was done, because nothing matches; the text is the command's output.
    #[error("{0}")]
    Nothing(String),
    /// The result of a command cannot be written.
    #[error("footbridge: the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// A message that has the program's name already.
    #[error("{0}")]
    Printed(String),
    #[error("footbridge: {0}")]
    Other(String),
}

impl Failure {
    /// Makes a failure with this message.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }
}
