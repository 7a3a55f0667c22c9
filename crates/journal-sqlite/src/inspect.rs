//! Looks at the database's file before SQLite opens it, because SQLite would start again over an empty one.

use crate::beside;
use crate::error::OpenError;
use crate::migrate::APPLICATION_ID;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The length of a database's header.
const HEADER: usize = 100;

/// The state of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// The file is empty: it was created but never written to.
    Empty,
    Database,
}

/// Inspects the file and its log.
pub(crate) fn inspect(path: &Path) -> Result<Found, OpenError> {
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let damaged = |what: &str| OpenError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let log = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !log => return Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged("the file is missing, though its log is there"));
        }
        Err(source) => return Err(unreadable(source)),
    };
    let length = file.metadata().map_err(unreadable)?.len();
    match (length, log) {
        (0, false) => return Ok(Found::Empty),
        (0, true) => return Err(damaged("the file is empty, though its log is not")),
        (1..512, _) => return Err(damaged("the file is shorter than any database")),
        _ => {}
    }
    let mut head = [0; HEADER];
    file.read_exact(&mut head).map_err(unreadable)?;
    judge(&head, length, log).map_err(damaged)?;
    Ok(Found::Database)
}

/// Reads a number of four bytes from the header.
fn field(head: &[u8; HEADER], at: usize) -> u64 {
    head.get(at..at + 4).map_or(0, |bytes| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// Checks a header, and the length of its file against it. While there is a log, the newest header may be in the log.
fn judge(head: &[u8; HEADER], length: u64, log: bool) -> Result<(), &'static str> {
    if !head.starts_with(b"SQLite format 3\0") {
        return Err("its header is not that of a database");
    }
    // The page size, two bytes, in which 1 means 65536.
    let page = match field(head, 16) >> 16 {
        1 => 65_536,
        size if size >= 512 && size.is_power_of_two() => size,
        _ => return Err("its header names a page size that no database has"),
    };
    let (pages, unused, application) = (field(head, 28), field(head, 36), field(head, 68));
    // Two versions of the file format, the room reserved in each page, and three bytes that are always the same.
    let fixed = head.get(18..24).unwrap_or_default();
    if !matches!(fixed, [1 | 2, 1 | 2, _, 64, 32, 32]) {
        return Err("its header is not that of a database");
    }
    if log {
        return Ok(());
    }
    if length < page * pages {
        return Err("the file has been cut short");
    }
    if i64::try_from(application) == Ok(APPLICATION_ID) && (pages == 0 || unused >= pages) {
        return Err("its header does not fit the pages it has");
    }
    if field(head, 32) > pages {
        return Err("its list of free pages leads out of the file");
    }
    Ok(())
}
