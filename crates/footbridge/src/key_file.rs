//! Small files with secrets. They are written completely or not at all, and refused if other users can read them.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Largest file read, in bytes. The files that the server writes are below 100 bytes.
const LARGEST: u64 = 4096;

/// Reason why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Users other than the owner may read or change the file.
    #[error("other users can read {} (mode {mode:04o}); fix this with: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The permission bits of the file.
        mode: u32,
    },
    /// The content is not what the server writes.
    #[error("{} has the wrong content: {why}", path.display())]
    Malformed {
        /// The path of the file.
        path: PathBuf,
        /// The reason, without the content.
        why: String,
    },
    /// The system refused to read or write.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The action: `read`, `write` or `remove`.
        doing: &'static str,
        /// The path of the file.
        path: PathBuf,
        source: io::Error,
    },
}

/// Reads the file and returns its content without the last line break, or `None` if it does not exist.
///
/// # Errors
/// The file is not a small plain text file that only its owner may read.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let io = |source| KeyFileError::Io { doing: "read", path: path.to_owned(), source };
    let malformed = |why: &str| KeyFileError::Malformed { path: path.to_owned(), why: why.to_owned() };
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        about => about.map_err(io)?,
    };
    if !about.is_file() || about.len() > LARGEST {
        return Err(malformed("it is not a small regular file"));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
    let content = text.trim_end_matches(['\n', '\r']);
    if content.is_empty() {
        Err(malformed("it is empty"))
    } else {
        Ok(Some(Zeroizing::new(content.to_owned())))
    }
}

/// Writes a new file with mode 0600 and a line break at its end, and syncs it to the disk.
///
/// # Errors
/// The file exists already, or the system refuses. Then no new file is left behind.
pub fn create(path: &Path, content: &str) -> Result<(), KeyFileError> {
    write(path, content).map_err(|source| KeyFileError::Io { doing: "write", path: path.to_owned(), source })
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o600)).tempfile_in(directory)?;
    file.write_all(content.as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    // The name of the file is durable only after its directory is synced.
    File::open(directory)?.sync_all()
}
