//! Errors of commands, and what they mean for the other commands of the transaction.

use footbridge_journal::JournalError;
use rusqlite::ErrorCode;

/// The result of a command's work.
pub(crate) type CommandResult<T> = Result<T, CommandError>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The command was refused before it wrote anything. The transaction continues.
    Refused(JournalError),
    /// The database failed, perhaps half-way through the command.
    Sql(rusqlite::Error),
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for CommandError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl CommandError {
    /// The error for a row whose content is not what was written.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Refused(JournalError::Corrupt(what.into()))
    }

    /// Returns true if the connection should be closed and opened again.
    pub(crate) fn spoils_connection(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::Sql(error) => {
                let code = error.sqlite_error_code();
                code.is_some_and(|code| !matches!(code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            }
        }
    }
}

/// The meaning of a failed statement for the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// There is no room: roll back and continue.
    Full,
    /// Nothing was written, for a reason that passes: roll back and continue.
    Busy(String),
    /// The command itself is wrong: undo it alone.
    Own(JournalError),
    /// Nothing can be trusted any more: stop.
    Broken(String),
}

/// The shared-memory file could not grow. Nothing was flushed, so rolling back is safe. On a full disk this error
/// comes instead of `SQLITE_FULL`.
const IOERR_SHMSIZE: i32 = 0x130a;
/// A write was refused. SQLite reports this instead of `SQLITE_FULL` when a quota or the largest size of a file is
/// reached.
const IOERR_WRITE: i32 = 0x030a;
/// An operation on a file found no memory.
const IOERR_NOMEM: i32 = 0x0c0a;

impl FailureKind {
    /// Classifies an error of the driver. `no_room` returns true if the file system takes no more data; it is called
    /// where the driver's error does not say.
    pub(crate) fn of(error: &rusqlite::Error, no_room: impl FnOnce() -> bool) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, text) => {
                let text = || text.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    ErrorCode::DiskFull => Self::Full,
                    _ if failure.extended_code == IOERR_SHMSIZE => Self::Full,
                    // Nothing was flushed yet, as with a full disk.
                    _ if failure.extended_code == IOERR_WRITE && no_room() => Self::Full,
                    ErrorCode::ConstraintViolation => {
                        Self::Own(JournalError::Conflict("the id is already in use"))
                    }
                    _ if is_temporary(error) => Self::Busy(text()),
                    _ => Self::Broken(text()),
                }
            }
            // Not SQLite's word but the driver's: a value of another type than was written.
            other => Self::Own(JournalError::Corrupt(other.to_string())),
        }
    }
}

/// Returns true if the error does not concern the database itself and passes: a lock, no descriptor, no memory.
pub(crate) fn is_temporary(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return false };
    failure.extended_code == IOERR_NOMEM
        || matches!(
            failure.code,
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
        )
}

/// The error that the caller of a failed read gets.
pub(crate) fn of_read(fault: CommandError) -> JournalError {
    let error = match fault {
        CommandError::Refused(error) => return error,
        CommandError::Sql(error) => error,
    };
    match &error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => JournalError::Corrupt(error.to_string()),
            ErrorCode::DiskFull => JournalError::Full,
            // A disk that cannot be read now may be read later.
            _ => JournalError::Busy(error.to_string()),
        },
        other => JournalError::Corrupt(other.to_string()),
    }
}
