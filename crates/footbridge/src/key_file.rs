//! Small files that only their owner may read: made whole or not at all, and refused when others could read them.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Largest file read; what we write is under 100 bytes.
const LARGEST: u64 = 4096;

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others than the owner may read or change it.
    #[error("{} can be read by others (mode {mode:04o}); mend it with: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a file of the kind we write.
    #[error("{} does not hold what it should: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the content.
        why: String,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The content of the file without its last newline; none when there is no such file.
///
/// # Errors
/// When it is not a small plain file of text that only its owner may read.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyFileError> {
    let io = |source| KeyFileError::Io { doing: "read", path: path.to_owned(), source };
    let malformed = |why: &str| KeyFileError::Malformed { path: path.to_owned(), why: why.to_owned() };
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        about => about.map_err(io)?,
    };
    if !about.is_file() || about.len() > LARGEST {
        return Err(malformed("it is not a small plain file"));
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

/// Makes the file with mode 0600 and a newline at its end. It is on stable storage, whole, when this returns.
///
/// # Errors
/// When there is such a file already, or the system refuses; then nothing is left behind.
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
    // The name is durable only once its directory is.
    File::open(directory)?.sync_all()
}
