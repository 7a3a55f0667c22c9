//! One server for one database: exclusive locks on the database and on a file beside it, held until the end.
//!
//! The lock on the database holds for the file whatever path leads to it. It is of another kind than SQLite's locks
//! and does not meet them. The file beside the database names the holder, and stays when the database is moved away.

use crate::beside;
use crate::error::OpenError;
use crate::holder;
use crate::room::is_no_room;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The most bytes that are read of another server's note.
const NOTE: u64 = 256;
/// The beginning of the note until a first start is complete.
const FIRST: &str = "first start: ";

/// The locks. The operating system releases them when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
    /// The text of the note before this server wrote it.
    found: String,
    made: bool,
    /// The database, locked. It is closed only after SQLite has closed it: closing any descriptor of a file releases
    /// all record locks of this process on it, including SQLite's.
    database: Option<File>,
}

impl Lock {
    /// Locks the file beside `database`.
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        let unwritable = |source| OpenError::Unwritable { path: path.clone(), source };
        loop {
            let (file, made) = open(&path).map_err(unwritable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::Locked {
                        database: database.to_owned(),
                        holder: holder_in_note(&file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(unwritable(source)),
            }
            // Whoever made the file may have removed it before we had the lock: then it locks nothing.
            if is_at(&file, &path) {
                let found = note(&file).unwrap_or_default();
                return Ok(Self { file, path: path.clone(), found, made, database: None });
            }
        }
    }

    /// Locks the database file itself.
    pub(crate) fn take_database(&mut self, database: &Path) -> Result<(), OpenError> {
        let file = File::open(database)
            .map_err(|source| OpenError::Unreadable { path: database.to_owned(), source })?;
        match file.try_lock() {
            Ok(()) => {
                self.database = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => {
                let holder = file.metadata().ok().and_then(|about: Metadata| holder::of_file(&about));
                let holder = holder.unwrap_or_else(|| "another process".to_owned());
                let holder = format!("{holder}, which knows it by another name");
                Err(OpenError::Locked { database: database.to_owned(), holder })
            }
            // A file system without such locks: the lock beside the database has to do.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "the database itself cannot be locked against a second server");
                Ok(())
            }
        }
    }

    /// Writes the note that names the holder. `first` means that the database is only being created.
    pub(crate) fn sign(&self, listen: Option<&str>, first: bool) -> Result<(), OpenError> {
        let at = listen.map(|address| format!(", listening on {address}")).unwrap_or_default();
        let begin = if first { FIRST } else { "" };
        let note = format!("{begin}process {}{at}\n", std::process::id());
        let mut file = &self.file;
        let written = self
            .file
            .set_len(0)
            .and_then(|()| io::Seek::rewind(&mut file))
            .and_then(|()| file.write_all(note.as_bytes()));
        match written {
            // The lock holds without its note.
            Err(error) if is_no_room(&error) => Ok(()),
            Err(source) => Err(OpenError::Unwritable { path: self.path.clone(), source }),
            Ok(()) => Ok(()),
        }
    }

    /// Returns true if a server has completed a start here before.
    pub(crate) fn shows_a_server(&self) -> bool {
        !self.made && !self.found.is_empty() && !self.shows_a_first_start()
    }

    /// Returns true if a first start was interrupted here.
    pub(crate) fn shows_a_first_start(&self) -> bool {
        self.found.starts_with(FIRST)
    }

    /// The path of the note.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the note if this lock created it.
    pub(crate) fn undo(self) {
        if self.made {
            // Still locked, so that nobody else can have taken it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for Lock {
    /// A lock lives as long as any copy of its descriptor, and a process that was just forked has copies of all
    /// descriptors until it runs its own program. Unlocking releases the lock at once; closing alone would leave it
    /// for that moment.
    fn drop(&mut self) {
        for file in self.database.iter().chain([&self.file]) {
            let _ = file.unlock();
        }
    }
}

fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((options.create(true).truncate(false).open(path)?, false))
        }
        made => Ok((made?, true)),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = |(a, b): (Metadata, Metadata)| a.ino() == b.ino() && a.dev() == b.dev();
    file.metadata().ok().zip(std::fs::metadata(path).ok()).is_some_and(same)
}

fn holder_in_note(file: &File) -> String {
    let note = note(file).unwrap_or_default();
    match note.trim_start_matches(FIRST) {
        "" => "another process".to_owned(),
        name => name.to_owned(),
    }
}

/// Returns the text of the note, if it is one.
fn note(mut file: &File) -> Option<String> {
    let mut text = String::new();
    (&mut file).take(NOTE).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_its_holder_though_a_forked_process_still_has_a_copy_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("journal.db");
        let lock = Lock::take(&database).unwrap();
        // What a fork leaves in the child: another descriptor of the same open file.
        let copy = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(&database), Err(OpenError::Locked { .. })));
        drop(lock);
        assert!(Lock::take(&database).is_ok());
        drop(copy);
    }
}
