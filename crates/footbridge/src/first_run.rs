//! What a first run makes and later runs find again: the administrator's token and the master key.
//!
//! Both stand in 0600 files beside the database unless the configuration gives them. Call these only once the
//! database's directory is known to be ours: a start that fails earlier must leave nothing behind.

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

/// What made administrator's tokens begin with, so that scanners spot a leaked one.
pub const ADMIN_TOKEN_PREFIX: &str = "fbadm_";

/// Where a secret came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The configuration.
    Configured,
    /// This file, made at an earlier start.
    Found(PathBuf),
    /// This file, made just now.
    Made(PathBuf),
}

/// Why a first run cannot be completed.
#[derive(Debug, thiserror::Error)]
pub enum FirstRunError {
    /// A file beside the database.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// There is no database, but files of an earlier one.
    #[error(
        "the database {} is missing or empty, but {} of an earlier one is there; restore the database from a \
         backup, or start once with --new-database to begin with an empty one",
        database.display(),
        left.display()
    )]
    DatabaseLost {
        /// The database.
        database: PathBuf,
        /// The file that is there.
        left: PathBuf,
    },
    /// There is a database, but not what its secrets are sealed with.
    #[error(
        "the database {} exists, but its key file {} does not; put the key file back or set master_key",
        database.display(),
        key.display()
    )]
    KeyLost {
        /// The database.
        database: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },
}

/// Whether the database has been used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// It holds nothing yet.
    New,
    /// It may hold secrets sealed with the key of an earlier run.
    Used,
}

/// The administrator's token: configured, found in `DATABASE.admin-token`, or made there.
///
/// # Errors
/// When the file cannot be read or made, or others may read it.
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
            let why = "it is no token; delete it to have one made".to_owned();
            return Err(KeyFileError::Malformed { path, why }.into());
        }
        return Ok((Secret::new(found.as_str()), Source::Found(path)));
    }
    let made = Secret::make(ADMIN_TOKEN_PREFIX, entropy);
    key_file::create(&path, made.expose())?;
    Ok((made, Source::Made(path)))
}

/// What to say of an administrator's token that can be guessed.
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
        "the admin_token can be guessed: it has {length} characters, {} of them different; take 32 random ones \
         (`openssl rand -hex 16`), or leave it out to have one made",
        letters.len()
    ))
}

/// A token shorter than this can be guessed.
const WEAK_BELOW: usize = 16;
/// So can one made of fewer different characters than this.
const FEW_LETTERS: usize = 6;

/// The master key: configured, found in `DATABASE.key`, or made there for a new database.
///
/// # Errors
/// When the file cannot be read or made, others may read it, or the key of a used database is gone.
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
    Ok((made, Source::Made(path)))
}

/// A file that an earlier server left beside this database.
pub fn remains(database: &Path) -> Option<PathBuf> {
    [master_key_file(database), admin_token_file(database)].into_iter().find(|file| file.exists())
}

/// Where the administrator's token of this database is kept.
pub fn admin_token_file(database: &Path) -> PathBuf {
    beside(database, ".admin-token")
}

/// Where the master key of this database is kept.
pub fn master_key_file(database: &Path) -> PathBuf {
    beside(database, ".key")
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
    fn secrets_are_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fb.db");
        let (token, source) = admin_token(None, &database, &SystemEntropy).unwrap();
        let file = dir.path().join("fb.db.admin-token");
        assert_eq!(source, Source::Made(file.clone()));
        assert!(token.expose().starts_with(ADMIN_TOKEN_PREFIX) && token.expose().len() == 6 + 43);
        assert_eq!(mode(&file), 0o600);
        assert_eq!(admin_token(None, &database, &SystemEntropy).unwrap(), (token, Source::Found(file)));

        let (key, source) = master_key(None, &database, Database::New, &SystemEntropy).unwrap();
        let file = dir.path().join("fb.db.key");
        assert_eq!((source, mode(&file)), (Source::Made(file.clone()), 0o600));
        assert_eq!(
            master_key(None, &database, Database::Used, &SystemEntropy).unwrap(),
            (key, Source::Found(file))
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_token_that_can_be_guessed_is_told() {
        for weak in ["x", "admin", "hunter2hunter2", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let said = weak_token(Some(&Secret::new(weak))).unwrap();
            assert!(said.contains("openssl rand") && !said.contains(&format!("{weak:?}")), "{said}");
        }
        assert_eq!(weak_token(Some(&Secret::new("fb_admin_5f1d0c7be2a94836b1c0de55aa11"))), None);
        assert_eq!(weak_token(None), None);
    }

    #[test]
    fn what_is_configured_makes_no_file() {
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
    fn files_that_others_read_and_lost_keys_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fb.db");
        let lost = master_key(None, &database, Database::Used, &SystemEntropy).unwrap_err().to_string();
        assert!(lost.contains("fb.db.key does not; put the key file back"), "{lost}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        let file = admin_token_file(&database);
        fs::write(&file, "fbadm_x\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let open = admin_token(None, &database, &SystemEntropy).unwrap_err().to_string();
        assert!(open.contains("(mode 0640); mend it with: chmod 600 ") && !open.contains("fbadm_"), "{open}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(admin_token(None, &database, &SystemEntropy).unwrap().0, Secret::new("fbadm_x"));

        key_file::create(&master_key_file(&database), "hunter2").unwrap();
        let bad = master_key(None, &database, Database::Used, &SystemEntropy).unwrap_err().to_string();
        assert!(bad.contains("fb.db.key does not hold what it should") && !bad.contains("hunter2"), "{bad}");
        assert!(key_file::create(&master_key_file(&database), "x").is_err());
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = admin_token(None, Path::new("/nowhere/fb.db"), &SystemEntropy).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nowhere/fb.db.admin-token: "), "{error}");
    }
}
