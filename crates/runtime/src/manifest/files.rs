//! Checks the paths that a `package.json` names: they must lie within the app's directory and exist.

use std::path::{Path, PathBuf};

/// The endings that `require` tries after a path that is not a file.
const ENDINGS: [&str; 3] = [".js", ".json", ".node"];

/// The app's directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directory<'a>(pub(super) &'a Path);

impl Directory<'_> {
    /// Checks a module path as `require` resolves it: a file, a file without its `.js`, or a directory with an index.
    /// Follows symbolic links out of the directory, as Node does.
    pub(super) fn module(self, path: &str) -> Result<String, String> {
        let path = normalize(path)?;
        let whole = self.0.join(&path);
        let with_ending =
            || ENDINGS.into_iter().any(|ending| self.0.join(format!("{path}{ending}")).is_file());
        let with_index = || {
            let index = |ending: &str| whole.join(format!("index{ending}")).is_file();
            whole.join("package.json").is_file() || ENDINGS.into_iter().any(index)
        };
        if whole.is_file() || with_ending() || with_index() { Ok(path) } else { Err(missing(&whole)) }
    }

    /// Checks the file of a function, which the server reads itself. Adds a missing `.js` and refuses links
    /// that lead out of the directory.
    pub(super) fn function_file(self, path: &str) -> Result<String, String> {
        let mut path = normalize(path)?;
        let whole = self.0.join(&path);
        if !whole.is_file() {
            path.push_str(".js");
        }
        let real = self.0.join(&path).canonicalize().ok().filter(|real| real.is_file());
        let real = real.ok_or_else(|| missing(&whole))?;
        let home = self.0.canonicalize().map_err(|error| format!("cannot be looked up: {error}"))?;
        if !real.starts_with(&home) {
            return Err(
                "is a link that leads out of the app's directory; put the file itself there".to_owned()
            );
        }
        Ok(path)
    }

    /// Checks a public file or folder, and returns its path and a warning. It need not exist yet.
    pub(super) fn public_path(self, path: &str) -> Result<(String, Option<String>), String> {
        // Bolt joins the path to the app's directory, so a leading slash has no meaning.
        let path = normalize(path.trim_start_matches('/'))?;
        if path.split('/').any(|part| part.starts_with('.')) {
            let why = format!("names {path:?}: files and folders that begin with a dot are never served");
            return Ok((path, Some(why)));
        }
        let whole = self.0.join(&path);
        let Ok(real) = whole.canonicalize() else {
            return Ok((path, Some(format!("{}; nothing is served there until it exists", missing(&whole)))));
        };
        let home = self.0.canonicalize().map_err(|error| format!("cannot be looked up: {error}"))?;
        if !real.starts_with(&home) {
            let why =
                format!("names {path:?}, a link that leads out of the app's directory; put the files there");
            return Err(why);
        }
        Ok((path, None))
    }

    /// Returns true if a path leads to a file.
    pub(super) fn is_file(self, path: &str) -> bool {
        self.0.join(path).is_file()
    }

    /// Checks the program of a command. It is a plain name (found in PATH), an absolute path, or a path within the
    /// directory.
    pub(super) fn program(self, word: &str) -> Result<String, String> {
        if !word.contains('/') {
            return Ok(word.to_owned());
        }
        let (word, whole) = if word.starts_with('/') {
            (word.to_owned(), PathBuf::from(word))
        } else {
            let path = normalize(word)?;
            let whole = self.0.join(&path);
            // Without a slash the program would be searched in PATH.
            (format!("./{path}"), whole)
        };
        if !whole.is_file() {
            return Err(missing(&whole));
        }
        if !is_executable(&whole) {
            return Err(format!("names {}, which is not executable; run `chmod +x` on it", whole.display()));
        }
        Ok(word)
    }
}

/// Normalizes a path within the directory: `./lib//x.js` becomes `lib/x.js`.
fn normalize(path: &str) -> Result<String, String> {
    if path.trim().is_empty() {
        return Err("is empty; write a path within the app's directory, such as \"server.js\"".to_owned());
    }
    if path.contains(|c: char| c == '\\' || c.is_control()) {
        return Err("holds a `\\` or a control character; write a path with `/`".to_owned());
    }
    if path.starts_with('/') {
        return Err(
            "is an absolute path; write one within the app's directory, such as \"server.js\"".to_owned()
        );
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("leads out of the app's directory; write a path within it, without `..`".to_owned());
    }
    if parts.is_empty() {
        return Err("names the app's directory itself; write a file in it, such as \"server.js\"".to_owned());
    }
    Ok(parts.join("/"))
}

fn missing(whole: &Path) -> String {
    format!("names a file that does not exist: {}", whole.display())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}
