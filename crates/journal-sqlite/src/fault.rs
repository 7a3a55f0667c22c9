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
}

/// What a failed statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No room: undo and go on.
    Full,
    /// The command itself is at fault: undo it alone.
    Own(JournalError),
    /// Nothing can be trusted any more.
    Broken(String),
}

/// Growing the shared-memory file failed; nothing was flushed, so undoing is safe. On a full disk this
/// error comes in place of `SQLITE_FULL`.
const IOERR_SHMSIZE: i32 = 0x130a;

impl Trouble {
    /// Judges an error of the driver.
    pub(crate) fn of(error: &rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, text) => match failure.code {
                ErrorCode::DiskFull => Self::Full,
                _ if failure.extended_code == IOERR_SHMSIZE => Self::Full,
                ErrorCode::ConstraintViolation => {
                    Self::Own(JournalError::Conflict("the id is already in use"))
                }
                _ => Self::Broken(text.clone().unwrap_or_else(|| failure.to_string())),
            },
            // Not SQLite's word but the driver's: a value of another type than was written.
            other => Self::Own(JournalError::Corrupt(other.to_string())),
        }
    }
}

/// What a failed read means to its caller.
pub(crate) fn of_read(fault: Fault) -> JournalError {
    match fault {
        Fault::Refused(error) => error,
        Fault::Sql(error) => match Trouble::of(&error) {
            Trouble::Full => JournalError::Full,
            Trouble::Own(error) => error,
            Trouble::Broken(text) => JournalError::Corrupt(text),
        },
    }
}
