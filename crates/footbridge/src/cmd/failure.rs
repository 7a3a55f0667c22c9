//! Failures of commands, each with one message for the user.

use crate::{
    client::error::ClientError, config::ConfigError, first_run::FirstRunError, telemetry::TelemetryError,
};

/// The message that a command ends with; the exit code is 1.
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
