//! Secrets of the configuration: the text itself, a variable (`env:NAME`) or a file (`file:PATH`).

use std::path::{Path, PathBuf};

use footbridge_model::secret::Secret;

use super::env::Env;

/// Largest secret file read, in bytes. Keys and tokens are far smaller; the limit protects against a wrong path.
const LARGEST_FILE: u64 = 64 * 1024;

/// The sources of secrets.
#[derive(Debug, Clone, Copy)]
pub struct SecretSource<'a> {
    pub env: &'a Env,
    /// The directory of the configuration file.
    pub base: &'a Path,
}

impl SecretSource<'_> {
    /// Returns the secret that the text is or names. One line break at the end of a file is not part of the secret.
    ///
    /// # Errors
    /// A message that names the variable or file, never a value.
    pub fn find(&self, written: &str) -> Result<Secret, String> {
        if let Some(name) = written.strip_prefix("env:") {
            return match self.env.get(name) {
                Some(value) if !value.is_empty() => Ok(Secret::new(value.clone())),
                Some(_) => Err(format!("the environment variable {name} is empty")),
                None => Err(format!("the environment variable {name} is not set")),
            };
        }
        let Some(path) = written.strip_prefix("file:") else { return Ok(Secret::new(written)) };
        let path = self.base.join(path);
        let text = read(&path)?;
        let value =
            text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        if value.is_empty() {
            Err(format!("the file {} is empty", path.display()))
        } else {
            Ok(Secret::new(value))
        }
    }
}

/// A file that contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretPlace {
    /// The configuration file itself.
    Configuration,
    /// Another file, named by `file:PATH`.
    File(PathBuf),
}

impl SecretSource<'_> {
    /// Returns the file that contains a secret; `None` if the secret comes from the environment.
    pub fn place(&self, written: &str) -> Option<SecretPlace> {
        match written.strip_prefix("file:") {
            Some(path) => Some(SecretPlace::File(self.base.join(path))),
            None => (!written.starts_with("env:")).then_some(SecretPlace::Configuration),
        }
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    let cannot = |source: std::io::Error| format!("cannot read the file {}: {source}", path.display());
    if std::fs::metadata(path).map_err(cannot)?.len() > LARGEST_FILE {
        return Err(format!("the file {} is too large to be a secret", path.display()));
    }
    std::fs::read_to_string(path).map_err(cannot)
}
