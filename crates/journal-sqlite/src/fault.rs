//! What a command can fail with, and what that means for the others in its transaction.

use footbridge_journal::JournalError;
use rusqlite::ErrorCode;

/// What a command's work gives.
pub(crate) type Step<T> = Result<T, Fault>;

/// Why a command's work failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It was refused before it wrote anything; the transaction goes on.
    Refused(JournalError),
    /// The database failed, perhaps half-way.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// A row that does not hold what was written to it.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Refused(JournalError::Corrupt(what.into()))
    }

    /// Whether the connection that it came from is better closed and opened anew.
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

/// What a failed statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No room: undo and go on.
    Full,
    /// Nothing was written, for a reason that passes: undo and go on.
    Busy(String),
    /// The command itself is at fault: undo it alone.
    Own(JournalError),
    /// Nothing can be trusted any more.
    Broken(String),
}

/// Growing the shared-memory file failed; nothing was flushed, so undoing is safe. On a full disk this
/// error comes in place of `SQLITE_FULL`.
const IOERR_SHMSIZE: i32 = 0x130a;
/// A write was refused. SQLite says so instead of `SQLITE_FULL` when a quota or the largest size of a file is
/// what refused it.
const IOERR_WRITE: i32 = 0x030a;
/// No memory for an operation on a file.
const IOERR_NOMEM: i32 = 0x0c0a;

impl Trouble {
    /// Judges an error of the driver. `no_room` tells whether the file system refuses to take more; it is asked
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

/// Whether an error says nothing of the database itself and passes: a lock, no descriptor, no memory.
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

/// What a failed read means to its caller.
pub(crate) fn of_read(fault: Fault) -> JournalError {
    let error = match fault {
        Fault::Refused(error) => return error,
        Fault::Sql(error) => error,
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
