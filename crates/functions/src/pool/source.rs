//! Reads the file of a function, and never a file outside of the app's directory.
//!
//! The app may change its directory during the read. So no path is checked first and opened later: each component is
//! opened relative to the previous one, and symbolic links are refused.

use crate::options::FunctionOptions;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path};

/// Reads the source of the function in `file`. The error is a text for the app's author.
pub(crate) fn read(dir: &str, file: &str) -> Result<String, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let wrong = |why: &str| format!("{file}: {why}");
    let mut at = openat(CWD, dir, flags | OFlags::DIRECTORY, Mode::empty())
        .map_err(|error| format!("the directory of the app, {dir}, cannot be opened: {error}"))?;
    let mut parts = Path::new(file).components().filter(|part| *part != Component::CurDir).peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else {
            return Err(wrong("the file of a function must be a path within the app's directory"));
        };
        // NONBLOCK, because opening a pipe would otherwise wait for its other end.
        let kind = if parts.peek().is_some() { OFlags::DIRECTORY } else { OFlags::NONBLOCK };
        at = openat(&at, name, flags | kind | OFlags::NOFOLLOW, Mode::empty()).map_err(
            |error| match error {
                Errno::LOOP | Errno::MLINK => {
                    wrong("is a symbolic link or leads through one; a function must be a regular file")
                }
                Errno::NOENT | Errno::NOTDIR => wrong("there is no such file in the app's directory"),
                error => wrong(&format!("cannot be opened: {error}")),
            },
        )?;
    }
    let file = File::from(at);
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Err(wrong("is not a regular file"));
    }
    let mut source = Vec::new();
    let limit = FunctionOptions::SOURCE as u64;
    file.take(limit + 1)
        .read_to_end(&mut source)
        .map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if source.len() as u64 > limit {
        return Err(wrong(&format!("is longer than {limit} bytes, the limit for a function")));
    }
    if source.contains(&0) {
        return Err(wrong("holds a NUL character, which is not allowed in a source"));
    }
    String::from_utf8(source).map_err(|_| wrong("is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_within_the_directory_are_read() {
        let root = tempfile::tempdir().unwrap();
        let app = root.path().join("app");
        create_dir(&app).unwrap();
        create_dir(app.join("lib")).unwrap();
        write(root.path().join("secret"), "s").unwrap();
        write(app.join("lib/a.js"), "yes").unwrap();
        write(app.join("long.js"), vec![b' '; FunctionOptions::SOURCE + 1]).unwrap();
        write(app.join("bytes.js"), [0xff]).unwrap();
        write(app.join("nul.js"), "1 //\0").unwrap();
        symlink(root.path().join("secret"), app.join("link.js")).unwrap();
        symlink(root.path(), app.join("up")).unwrap();
        rustix::fs::mknodat(CWD, app.join("pipe.js"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let dir = app.to_str().unwrap();
        assert_eq!(read(dir, "lib/a.js").unwrap(), "yes");
        assert_eq!(read(dir, "./lib/a.js").unwrap(), "yes");
        let secret = root.path().join("secret");
        for (file, why) in [
            ("../secret", "must be a path within"),
            ("lib/../../secret", "must be a path within"),
            (secret.to_str().unwrap(), "must be a path within"),
            ("link.js", "symbolic link"),
            ("up/secret", "no such file"),
            ("none.js", "no such file"),
            ("lib/a.js/b", "no such file"),
            ("lib", "is not a regular file"),
            (".", "is not a regular file"),
            ("", "is not a regular file"),
            ("pipe.js", "is not a regular file"),
            ("long.js", "is longer than 1048576 bytes"),
            ("bytes.js", "is not UTF-8"),
            ("nul.js", "holds a NUL character"),
        ] {
            let error = read(dir, file).unwrap_err();
            assert!(error.contains(why), "{file}: {error}");
        }
        assert!(read("/nowhere", "a.js").unwrap_err().contains("/nowhere"));
    }
}
