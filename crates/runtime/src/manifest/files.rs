//! Files that a `package.json` names: paths within the app's directory that lead to something.

use std::path::{Path, PathBuf};

/// What `require` tries behind a path that is no file.
const ENDINGS: [&str; 3] = [".js", ".json", ".node"];

/// The app's directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directory<'a>(pub(super) &'a Path);

impl Directory<'_> {
    /// A module as `require` finds it: a file, a file without its `.js`, or a directory with an index.
    /// Symbolic links are followed wherever they lead, as Node does.
    pub(super) fn module(self, path: &str) -> Result<String, String> {
        let path = tidy(path)?;
        let whole = self.0.join(&path);
        let with_ending =
            || ENDINGS.into_iter().any(|ending| self.0.join(format!("{path}{ending}")).is_file());
        let with_index = || {
            let index = |ending: &str| whole.join(format!("index{ending}")).is_file();
            whole.join("package.json").is_file() || ENDINGS.into_iter().any(index)
        };
        if whole.is_file() || with_ending() || with_index() { Ok(path) } else { Err(missing(&whole)) }
    }

    /// A file that the server itself reads: with its `.js`, and not through a link out of the directory.
    pub(super) fn own_file(self, path: &str) -> Result<String, String> {
        let mut path = tidy(path)?;
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

    /// A file or folder that everybody may read, and what should be mended about it. It may come to be later.
    pub(super) fn shared(self, path: &str) -> Result<(String, Option<String>), String> {
        // Bolt joins it to the directory of the app, so a slash before it means nothing.
        let path = tidy(path.trim_start_matches('/'))?;
        if path.split('/').any(|part| part.starts_with('.')) {
            let why = format!("names {path:?}: what begins with a dot is never served");
            return Ok((path, Some(why)));
        }
        let whole = self.0.join(&path);
        let Ok(real) = whole.canonicalize() else {
            return Ok((path, Some(format!("{}; nothing is served there until it is", missing(&whole)))));
        };
        let home = self.0.canonicalize().map_err(|error| format!("cannot be looked up: {error}"))?;
        if !real.starts_with(&home) {
            let why =
                format!("names {path:?}, a link that leads out of the app's directory; put the files there");
            return Err(why);
        }
        Ok((path, None))
    }

    /// Whether a path leads to a file.
    pub(super) fn is_file(self, path: &str) -> bool {
        self.0.join(path).is_file()
    }

    /// A program that a command names: by its name alone, by an absolute path, or by one within the
    /// directory.
    pub(super) fn program(self, word: &str) -> Result<String, String> {
        if !word.contains('/') {
            return Ok(word.to_owned());
        }
        let (word, whole) = if word.starts_with('/') {
            (word.to_owned(), PathBuf::from(word))
        } else {
            let path = tidy(word)?;
            let whole = self.0.join(&path);
            // With its slash, or it would be looked for among the programs of the system.
            (format!("./{path}"), whole)
        };
        if !whole.is_file() {
            return Err(missing(&whole));
        }
        if !is_executable(&whole) {
            return Err(format!(
                "names {}, which may not be executed; run `chmod +x` on it",
                whole.display()
            ));
        }
        Ok(word)
    }
}

/// A path as it is kept: `./lib//x.js` is `lib/x.js`.
fn tidy(path: &str) -> Result<String, String> {
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
        return Err("leaves the app's directory; write a path within it, without `..`".to_owned());
    }
    if parts.is_empty() {
        return Err("names the app's directory itself; write a file of it, such as \"server.js\"".to_owned());
    }
    Ok(parts.join("/"))
}

fn missing(whole: &Path) -> String {
    format!("names a file that is not there: {}", whole.display())
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
