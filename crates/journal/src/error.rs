//! Errors of a journal. Nothing of a driver's errors is visible above it.

/// Why a journal did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk is full. Nothing was stored. The journal continues by itself once there is room.
    #[error("the disk that holds the journal is full")]
    Full,
    /// The file cannot be used for a while: another program's lock, no descriptor or no memory left. Nothing was
    /// stored. The journal continues by itself.
    #[error("the journal cannot be used at the moment: {0}")]
    Busy(String),
    /// The database cannot be reached, or did not answer. The call may be repeated as it was.
    #[error("the database cannot be reached: {reason}")]
    Unavailable {
        /// The error that the driver reported.
        reason: String,
        /// True if the call was sent, so that it may have taken effect.
        maybe_stored: bool,
    },
    /// The session is over, or the partition has another owner. Nothing was stored.
    #[error("another server has taken over what this one wrote to")]
    Fenced,
    /// The registry has another version than the one that the change was checked against. Nothing was stored.
    #[error("the registry was changed by another server at the same time; try again")]
    Stale,
    /// The journal failed while it made this durable, and has stopped. It may have been stored or not.
    #[error("the journal failed while it stored this, so it is not known whether it was stored: {0}")]
    Unknown(String),
    /// The journal has stopped after an I/O error, or is shutting down. Nothing was acknowledged.
    #[error("the journal has stopped: {0}")]
    Stopped(String),
    /// The name or key is taken.
    #[error("{0} already exists")]
    Exists(&'static str),
    /// Nothing has that name or id.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The state of the thing does not allow it.
    #[error("{0}")]
    Conflict(&'static str),
    /// The disk holds something else than was written.
    #[error("the journal is damaged: {0}")]
    Corrupt(String),
}

impl JournalError {
    /// Returns true if the reason passes by itself, so that the same call may be made again later.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::Busy(_) | Self::Unavailable { .. })
    }

    /// Returns true if the store works again by itself, and may have stored what was asked for.
    pub const fn may_be_stored(&self) -> bool {
        matches!(self, Self::Unavailable { maybe_stored: true, .. })
    }
}
