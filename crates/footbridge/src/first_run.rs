//! The administrator's token and the master key, which the first start generates and later starts read.
//!
//! Both are in files beside the database with mode 0600, unless the configuration sets them. Call these functions only
//! after the database is locked: a start that fails earlier must not leave files behind.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use footbridge_model::{secret::Secret, time::Entropy};
use zeroize::Zeroizing;

use crate::{
    config::MasterKey,
    key_file::{self, KeyFileError},
};

/// The prefix of generated administrator's tokens. Secret scanners use it to find a leaked token.
pub const ADMIN_TOKEN_PREFIX: &str = "fbadm_";

/// The source of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The configuration sets the secret.
    Configured,
    /// An earlier start wrote it to this file.
    Found(PathBuf),
    /// This start wrote it to this file.
    Generated(PathBuf),
}

/// Reason why a start has no token or key.
#[derive(Debug, thiserror::Error)]
pub enum FirstRunError {
    /// A file beside the database cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The database is missing, but files of an earlier database exist.
    #[error(
        "the database {} is missing or empty, but {} of an earlier database exists; restore the database from a \
         backup, or start once with --new-database to use an empty one",
        database.display(),
        left.display()
    )]
    DatabaseLost {
        /// The path of the database.
        database: PathBuf,
        /// The file of an earlier database.
        left: PathBuf,
    },
    /// The database exists, but its key file does not.
    #[error(
        "the database {} exists, but its key file {} does not; put the key file back or set master_key",
        database.display(),
        key.display()
    )]
    KeyLost {
        /// The path of the database.
        database: PathBuf,
        /// The path of the missing key file.
        key: PathBuf,
    },
}

/// The state of the database before this start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The database is empty.
    New,
    /// The database may contain secrets that are sealed with the key of an earlier start.
    Used,
}

/// Returns the administrator's token from the configuration or from `DATABASE.admin-token`, or generates it there.
///
/// # Errors
/// The file cannot be read or written, or other users may read it.
pub fn admin_token(
    configured: Option<&Secret>,
    database: &Path,
    entropy: &dyn Entropy,
) -> Result<(Secret, Source), FirstRunError> {
    if let Some(token) = configured {
        return Ok((token.clone(), Source::Configured));
    }
    let path = admin_token_file(database);
    if let Some(found) = key_file::read(&path)? {
        if !found.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "it is not a token; delete the file, and the next start generates a token".to_owned();
            return Err(KeyFileError::Malformed { path, why }.into());
        }
        return Ok((Secret::new(found.as_str()), Source::Found(path)));
    }
    let made = Secret::make(ADMIN_TOKEN_PREFIX, entropy);
    key_file::create(&path, made.expose())?;
    Ok((made, Source::Generated(path)))
}

/// Returns a warning if the administrator's token can be guessed.
pub fn weak_token(configured: Option<&Secret>) -> Option<String> {
    let text = configured?.expose();
    let mut letters: Vec<char> = text.chars().collect();
    let length = letters.len();
    letters.sort_unstable();
    letters.dedup();
    if length >= WEAK_BELOW && letters.len() >= FEW_LETTERS {
        return None;
    }
    Some(format!(
        "the admin_token can be guessed: it has {length} characters, {} of them different; use 32 random ones \
         (`openssl rand -hex 16`), or omit it, and the server generates one",
        letters.len()
    ))
}

/// A token shorter than this can be guessed.
const WEAK_BELOW: usize = 16;
/// A token with fewer different characters than this can be guessed.
const FEW_LETTERS: usize = 6;

/// Returns the master key from the configuration or from `DATABASE.key`, or generates it there for a new database.
///
/// # Errors
/// The file cannot be read or written, other users may read it, or the key of a used database is missing.
pub fn master_key(
    configured: Option<&MasterKey>,
    database: &Path,
    state: Database,
    entropy: &dyn Entropy,
) -> Result<(MasterKey, Source), FirstRunError> {
    if let Some(key) = configured {
        return Ok((key.clone(), Source::Configured));
    }
    let path = master_key_file(database);
    if let Some(found) = key_file::read(&path)? {
        let key =
            MasterKey::parse(&found).map_err(|why| KeyFileError::Malformed { path: path.clone(), why })?;
        return Ok((key, Source::Found(path)));
    }
    if state == Database::Used {
        return Err(FirstRunError::KeyLost { database: database.to_owned(), key: path });
    }
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut());
    let made = MasterKey::new(*bytes);
    key_file::create(&path, &made.encode())?;
    Ok((made, Source::Generated(path)))
}

/// Returns a file that an earlier server left beside this database.
pub fn leftover(database: &Path) -> Option<PathBuf> {
    [master_key_file(database), admin_token_file(database)].into_iter().find(|file| file.exists())
}

/// Returns the path of the file with the administrator's token of this database.
pub fn admin_token_file(database: &Path) -> PathBuf {
    beside(database, ".admin-token")
}

/// Returns the path of the file with the master key of this database.
pub fn master_key_file(database: &Path) -> PathBuf {
    beside(database, ".key")
}

/// Writes the link for the first sign-in to a file beside the database that only its owner can read, and returns its path.
///
/// # Errors
/// The file cannot be written.
pub fn write_setup_link(database: &Path, link: &str) -> Result<PathBuf, FirstRunError> {
    let path = beside(database, ".sign-in-link");
    forget_setup_link(database)?;
    key_file::create(&path, link)?;
    Ok(path)
}

/// Removes the file with the link for the first sign-in, if there is one.
///
/// # Errors
/// The system refuses.
pub fn forget_setup_link(database: &Path) -> Result<(), FirstRunError> {
    let path = beside(database, ".sign-in-link");
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(KeyFileError::Io { doing: "remove", path, source }.into())
        }
        _ => Ok(()),
    }
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::entropy::SystemEntropy;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn secrets_are_generated_once_and_read_later() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fb.db");
        let (token, source) = admin_token(None, &database, &SystemEntropy).unwrap();
        let file = dir.path().join("fb.db.admin-token");
        assert_eq!(source, Source::Generated(file.clone()));
        assert!(token.expose().starts_with(ADMIN_TOKEN_PREFIX) && token.expose().len() == 6 + 43);
        assert_eq!(mode(&file), 0o600);
        assert_eq!(admin_token(None, &database, &SystemEntropy).unwrap(), (token, Source::Found(file)));

        let (key, source) = master_key(None, &database, Database::New, &SystemEntropy).unwrap();
        let file = dir.path().join("fb.db.key");
        assert_eq!((source, mode(&file)), (Source::Generated(file.clone()), 0o600));
        assert_eq!(
            master_key(None, &database, Database::Used, &SystemEntropy).unwrap(),
            (key, Source::Found(file))
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_token_that_can_be_guessed_gets_a_warning() {
        for weak in ["x", "admin", "hunter2hunter2", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let warning = weak_token(Some(&Secret::new(weak))).unwrap();
            assert!(warning.contains("openssl rand") && !warning.contains(&format!("{weak:?}")), "{warning}");
        }
        assert_eq!(weak_token(Some(&Secret::new("fb_admin_5f1d0c7be2a94836b1c0de55aa11"))), None);
        assert_eq!(weak_token(None), None);
    }

    #[test]
    fn configured_secrets_write_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fb.db");
        let token = Secret::new("t");
        assert_eq!(
            admin_token(Some(&token), &database, &SystemEntropy).unwrap(),
            (token, Source::Configured)
        );
        let key = MasterKey::new([7; 32]);
        let found = master_key(Some(&key), &database, Database::Used, &SystemEntropy).unwrap();
        assert_eq!(found, (key, Source::Configured));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_that_others_can_read_and_missing_keys_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fb.db");
        let lost = master_key(None, &database, Database::Used, &SystemEntropy).unwrap_err().to_string();
        assert!(lost.contains("fb.db.key does not; put the key file back"), "{lost}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        let file = admin_token_file(&database);
        fs::write(&file, "fbadm_x\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let open = admin_token(None, &database, &SystemEntropy).unwrap_err().to_string();
        assert!(
            open.contains("(mode 0640); fix this with: chmod 600 ") && !open.contains("fbadm_"),
            "{open}"
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(admin_token(None, &database, &SystemEntropy).unwrap().0, Secret::new("fbadm_x"));

        key_file::create(&master_key_file(&database), "hunter2").unwrap();
        let bad = master_key(None, &database, Database::Used, &SystemEntropy).unwrap_err().to_string();
        assert!(bad.contains("fb.db.key has the wrong content") && !bad.contains("hunter2"), "{bad}");
        assert!(key_file::create(&master_key_file(&database), "x").is_err());
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = admin_token(None, Path::new("/nowhere/fb.db"), &SystemEntropy).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nowhere/fb.db.admin-token: "), "{error}");
    }
}
