//! Why a command failed, in one message for the user.

use crate::{
    client_error::ClientError, config::ConfigError, first_run::FirstRunError, telemetry::TelemetryError,
};

/// Ends the program with exit code 1 and this message.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration; its lines begin with file and line, for editors to jump to.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A call to a running server.
    #[error("footbridge: {0}")]
    Client(#[from] ClientError),
    /// A secret of the first run.
    #[error("footbridge: {0}")]
    FirstRun(#[from] FirstRunError),
    /// Logging.
    #[error("footbridge: {0}")]
    Telemetry(#[from] TelemetryError),
    /// A failure in words already, with more to say behind it.
    #[error("{0}")]
    Said(String),
    /// Anything else.
    #[error("footbridge: {0}")]
    Other(String),
}

impl Failure {
    /// A failure with words of its own.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }
}
