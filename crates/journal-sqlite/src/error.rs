//! Errors of opening a journal. Each names the file and what to do.

use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The linked SQLite has a bug that damages databases.
    #[error(
        "this program is linked with SQLite {0}, which can damage a database; build it with 3.51.3 or newer"
    )]
    Sqlite(&'static str),
    /// Another server uses the database.
    #[error("the database {} is in use by {holder}; stop that server first, or give this one another database", database.display())]
    Locked {
        /// The path of the database.
        database: PathBuf,
        /// The other server: its process, and its address if it is known.
        holder: String,
    },
    /// A file cannot be created or written.
    #[error("cannot write {}: {source}; make its directory exist and be writable for this user, or set another `database`", path.display())]
    Unwritable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file exists but cannot be read.
    #[error("cannot read the database {}: {source}", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not a sound database. It is never replaced by an empty one.
    #[error("the database {} is damaged ({what}); restore it from a backup, or move it away, with the files beside it, to begin with an empty one", path.display())]
    Damaged {
        /// The path of the file.
        path: PathBuf,
        /// The damage that was found.
        what: String,
    },
    /// The file is an SQLite database of another program.
    #[error("{} is a database, but not one of this program; set another `database`", path.display())]
    Foreign {
        /// The path of the file.
        path: PathBuf,
    },
    /// The database was written by a newer version of this program.
    #[error("the database {} was written by a newer version of this program (schema {found}, this one knows {known}); run that version, or restore a backup from before the upgrade", path.display())]
    TooNew {
        /// The path of the file.
        path: PathBuf,
        /// The schema of the database.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The secrets were sealed with another master key.
    #[error("the master key does not open this database: {}; give the key it was made with", path.display())]
    MasterKey {
        /// The path of the file.
        path: PathBuf,
    },
    /// Another program keeps the database locked.
    #[error("the database {} is locked by {holder}; end that program, or wait until it is done, and start again", path.display())]
    Busy {
        /// The path of the file.
        path: PathBuf,
        /// The other program, if it is known.
        holder: String,
    },
    /// The disk has no room to open the database.
    #[error("there is no room on the disk to open the database {}; make room and start again", path.display())]
    Full {
        /// The path of the file.
        path: PathBuf,
    },
    /// SQLite failed for another reason.
    #[error("cannot open the database {}: {what}", path.display())]
    Failed {
        /// The path of the file.
        path: PathBuf,
        /// The message of SQLite.
        what: String,
    },
}

impl OpenError {
    /// The error for what SQLite reported on the database at `path`.
    pub(crate) fn judge(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, what) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                let shm = crate::beside(&path, "-shm");
                let holder =
                    crate::holder::of_write_lock(&shm).unwrap_or_else(|| "another program".to_owned());
                Self::Busy { path, holder }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Failed { path, what },
        }
    }
}
