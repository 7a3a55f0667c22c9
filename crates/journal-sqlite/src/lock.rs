//! One server to a database: an exclusive lock on a file beside it, held until the end.

use crate::error::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The most that is read of another server's note.
const NOTE: u64 = 256;

/// The lock. The operating system lets it go with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
    made: bool,
}

impl Lock {
    /// Takes the lock for `database`, and writes down who holds it.
    pub(crate) fn take(database: &Path, listen: Option<&str>) -> Result<Self, OpenError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let unwritable = |source| OpenError::Unwritable { path: path.clone(), source };
        loop {
            let (file, made) = open(&path).map_err(unwritable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::Locked { database: database.to_owned(), holder: holder(&file) });
                }
                Err(TryLockError::Error(source)) => return Err(unwritable(source)),
            }
            // Whoever made the file may have removed it before we had the lock: then it locks nothing.
            if is_at(&file, &path) {
                let lock = Self { file, path: path.clone(), made };
                if let Err(source) = lock.sign(listen) {
                    lock.undo();
                    return Err(unwritable(source));
                }
                return Ok(lock);
            }
        }
    }

    fn sign(&self, listen: Option<&str>) -> io::Result<()> {
        self.file.set_len(0)?;
        let at = listen.map(|address| format!(", listening on {address}")).unwrap_or_default();
        writeln!(&self.file, "process {}{at}", std::process::id())
    }

    /// Leaves nothing behind that was not there before.
    pub(crate) fn undo(self) {
        if self.made {
            // Still locked, so that nobody else can have taken it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for Lock {
    /// A lock lives as long as any copy of its file does, and a process that was forked a moment ago has copies of all
    /// files until it runs its own program. Closing ours would leave the database locked for that moment.
    fn drop(&mut self) {
        let _ = self.file.unlock();
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
    let same = |(a, b): (std::fs::Metadata, std::fs::Metadata)| a.ino() == b.ino() && a.dev() == b.dev();
    file.metadata().ok().zip(std::fs::metadata(path).ok()).is_some_and(same)
}

fn holder(mut file: &File) -> String {
    let mut note = String::new();
    let read = (&mut file).take(NOTE).read_to_string(&mut note);
    match note.trim() {
        name if read.is_ok() && !name.is_empty() && !name.contains(char::is_control) => name.to_owned(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_its_holder_though_a_forked_process_still_has_a_copy_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("journal.db");
        let lock = Lock::take(&database, None).unwrap();
        // What a fork leaves in the child: another descriptor of the same open file.
        let copy = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(&database, None), Err(OpenError::Locked { .. })));
        drop(lock);
        assert!(Lock::take(&database, None).is_ok());
        drop(copy);
    }
}
