//! Contexts: servers by name, with their tokens, in files of the user.
//!
//! `~/.config/footbridge/contexts/NAME.toml` has one, `~/.config/footbridge/context` the name of the current one.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use footbridge_model::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::{
    config::env::Env,
    key_file::{self, KeyFileError},
};

/// Longest name of a context.
const LONGEST_NAME: usize = 64;

/// Reason why contexts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The name has other characters, or none.
    #[error(
        "{0:?} is no name of a context; use 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`, and begin with a letter or digit"
    )]
    BadName(String),
    /// There is no context of this name.
    #[error("there is no context {0:?}; `footbridge context list` shows them")]
    Unknown(String),
    /// The environment names no home directory.
    #[error("contexts need a directory: set HOME, XDG_CONFIG_HOME or FOOTBRIDGE_CONTEXTS")]
    NoHome,
    /// A file of a context cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The content of the file is not that of a context.
    #[error("{} is not the file of a context: {why}", path.display())]
    Malformed { path: PathBuf, why: String },
    /// The system refused to read, write or make a file.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A server and the token for it.
#[derive(Debug, Clone)]
pub struct Context {
    pub server: String,
    pub admin_token: Option<Secret>,
}

/// The form of a context in its file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    server: String,
    admin_token: Option<String>,
}

/// The contexts of a user.
#[derive(Debug)]
pub struct Contexts {
    directory: PathBuf,
}

impl Contexts {
    /// Takes the directory from `FOOTBRIDGE_CONTEXTS`, else `XDG_CONFIG_HOME`, else `HOME`.
    ///
    /// # Errors
    /// [`ContextError::NoHome`]
    pub fn open(env: &Env) -> Result<Self, ContextError> {
        let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let directory = set("FOOTBRIDGE_CONTEXTS")
            .or_else(|| set("XDG_CONFIG_HOME").map(|home| home.join("footbridge")))
            .or_else(|| set("HOME").map(|home| home.join(".config").join("footbridge")));
        Ok(Self { directory: directory.ok_or(ContextError::NoHome)? })
    }

    /// Stores a context; one of the same name is replaced.
    ///
    /// # Errors
    /// The name is none, or the file cannot be written.
    pub fn put(&self, name: &str, context: &Context) -> Result<(), ContextError> {
        let path = self.file(name)?;
        let admin_token = context.admin_token.as_ref().map(|token| token.expose().to_owned());
        let stored = Stored { server: context.server.clone(), admin_token };
        let text = toml::to_string(&stored)
            .map_err(|error| ContextError::Malformed { path: path.clone(), why: error.to_string() })?;
        self.make_directory()?;
        remove(&path)?;
        Ok(key_file::create(&path, text.trim_end())?)
    }

    /// Returns a context.
    ///
    /// # Errors
    /// There is none of this name, or others can read its file.
    pub fn get(&self, name: &str) -> Result<Context, ContextError> {
        let path = self.file(name)?;
        let text = key_file::read(&path)?.ok_or_else(|| ContextError::Unknown(name.to_owned()))?;
        // The parser's message would show the line, and with it the token.
        let why = || "it needs `server` and may have `admin_token`".to_owned();
        let stored: Stored =
            toml::from_str(&text).map_err(|_| ContextError::Malformed { path: path.clone(), why: why() })?;
        Ok(Context { server: stored.server, admin_token: stored.admin_token.map(Secret::new) })
    }

    /// Removes a context. If it is the current one, there is none afterwards.
    ///
    /// # Errors
    /// There is none of this name, or the system refuses.
    pub fn remove(&self, name: &str) -> Result<(), ContextError> {
        let path = self.file(name)?;
        if !path.exists() {
            return Err(ContextError::Unknown(name.to_owned()));
        }
        if self.current()?.as_deref() == Some(name) {
            remove(&self.current_file())?;
        }
        remove(&path)
    }

    /// Returns the names, sorted.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ContextError> {
        let directory = self.directory.join("contexts");
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| ContextError::Io { path: directory, source })?,
        };
        let file = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned);
        let mut names: Vec<String> = entries.filter_map(Result::ok).filter_map(file).collect();
        names.sort();
        Ok(names)
    }

    /// Returns the name of the current context.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn current(&self) -> Result<Option<String>, ContextError> {
        Ok(key_file::read(&self.current_file())?.map(|name| name.to_string()))
    }

    /// Makes a context the current one.
    ///
    /// # Errors
    /// There is none of this name, or the file cannot be written.
    pub fn choose(&self, name: &str) -> Result<(), ContextError> {
        self.get(name)?;
        remove(&self.current_file())?;
        Ok(key_file::create(&self.current_file(), name)?)
    }

    fn file(&self, name: &str) -> Result<PathBuf, ContextError> {
        let known = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let starts = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        if !starts || name.len() > LONGEST_NAME || !name.chars().all(known) {
            return Err(ContextError::BadName(name.to_owned()));
        }
        Ok(self.directory.join("contexts").join(format!("{name}.toml")))
    }

    fn current_file(&self) -> PathBuf {
        self.directory.join("context")
    }

    fn make_directory(&self) -> Result<(), ContextError> {
        let path = self.directory.join("contexts");
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| ContextError::Io { path, source })
    }
}

fn remove(path: &Path) -> Result<(), ContextError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ContextError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_context_is_kept_in_a_file_of_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from([("FOOTBRIDGE_CONTEXTS".to_owned(), dir.path().display().to_string())]);
        let contexts = Contexts::open(&env).unwrap();
        assert!(contexts.names().unwrap().is_empty());
        let context =
            Context { server: "http://h:1".to_owned(), admin_token: Some(Secret::new("to\"k\nen")) };
        contexts.put("prod-1", &context).unwrap();
        contexts.put("a", &Context { server: "http://a".to_owned(), admin_token: None }).unwrap();
        assert_eq!(contexts.names().unwrap(), ["a", "prod-1"]);
        let found = contexts.get("prod-1").unwrap();
        assert_eq!(found.admin_token.unwrap().expose(), "to\"k\nen");
        let file = dir.path().join("contexts/prod-1.toml");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        contexts.choose("prod-1").unwrap();
        assert_eq!(contexts.current().unwrap().as_deref(), Some("prod-1"));
        contexts.remove("prod-1").unwrap();
        assert_eq!(contexts.current().unwrap(), None);
        assert!(matches!(contexts.get("prod-1"), Err(ContextError::Unknown(_))));
    }

    #[test]
    fn names_lead_out_of_no_directory_and_open_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let contexts = Contexts { directory: dir.path().to_owned() };
        for name in ["", "..", "../x", "a/b", ".hidden", "a b", "é", &"a".repeat(65)] {
            assert!(matches!(contexts.get(name), Err(ContextError::BadName(_))), "{name:?}");
        }
        contexts.put("a", &Context { server: "http://a".to_owned(), admin_token: None }).unwrap();
        let file = dir.path().join("contexts/a.toml");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(contexts.get("a"), Err(ContextError::File(KeyFileError::Open { .. }))));
    }
}
