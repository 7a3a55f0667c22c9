//! What can go wrong with a journal; nothing else may leak up from a driver.

/// Why a journal did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk is full. Nothing was kept; the journal goes on by itself once there is room.
    #[error("the disk that holds the journal is full")]
    Full,
    /// Something keeps the journal from its file for a while: another program's lock, no descriptor or no memory
    /// left. Nothing was kept; the journal goes on by itself.
    #[error("the journal cannot be used at the moment: {0}")]
    Busy(String),
    /// The journal failed while it made this durable, and has stopped: it may have been kept or not.
    #[error("the journal failed while it kept this, so it is not known whether it was kept: {0}")]
    Unknown(String),
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

impl JournalError {
    /// Whether nothing was kept for a reason that passes by itself, so that the same may be asked again later.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::Busy(_))
    }
}
