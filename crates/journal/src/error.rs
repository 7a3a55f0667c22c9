//! What can go wrong with a journal; nothing else may leak up from a driver.

/// Why a journal did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk is full. Nothing was kept; the journal goes on by itself once there is room.
    #[error("the disk that holds the journal is full")]
    Full,
    /// The journal has stopped after an I/O error, or is shutting down. Nothing was acknowledged.
    #[error("the journal has stopped: {0}")]
    Stopped(String),
    /// There is already one under that name or key.
    #[error("{0} already exists")]
    Exists(&'static str),
    /// There is none under that name or id.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The thing is not in a state that allows it.
    #[error("{0}")]
    Conflict(&'static str),
    /// What is on the disk is not what was written.
    #[error("the journal is damaged: {0}")]
    Corrupt(String),
}
