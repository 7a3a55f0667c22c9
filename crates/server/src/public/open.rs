//! Opens a public file, and nothing outside the folder that the app's package names.
//!
//! The app can change the folder at any time, and the server may have more rights than the app. So no path is checked first
//! and opened later: the kernel resolves it beneath the folder (`openat2`), or the open fails.

use super::public_path::PublicPath;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// The file that is served for a folder.
const INDEX: &str = "index.html";
/// Tries to resolve a path while parts of it are being renamed.
const TRIES: usize = 8;

/// The result of opening a path.
pub(super) enum Opened {
    /// A file, its metadata and its name.
    File(File, Metadata, String),
    /// A folder that was requested without a slash at the end.
    Folder,
    /// There is nothing that may be read.
    Missing,
    /// Opening failed for a reason that the operator should know.
    Failed(std::io::Error),
}

/// Opens a public path in the app's directory. Blocks.
pub(super) fn open(directory: &Path, path: &PublicPath) -> Opened {
    match try_open(directory, path) {
        Ok(opened) => opened,
        Err(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::XDEV
            | Errno::ACCESS
            | Errno::NAMETOOLONG
            | Errno::NXIO,
        ) => Opened::Missing,
        Err(error) => Opened::Failed(error.into()),
    }
}

fn try_open(directory: &Path, path: &PublicPath) -> Result<Opened, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let app = openat(CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())?;
    let mut at = beneath(&app, &path.shared)?;
    let mut name = path.shared.as_str();
    if !path.within.is_empty() {
        at = beneath(&at, &path.within)?;
        name = &path.within;
    }
    let file = File::from(at);
    let Ok(metadata) = file.metadata() else { return Ok(Opened::Missing) };
    if metadata.is_dir() && !path.folder {
        return Ok(Opened::Folder);
    }
    if metadata.is_dir() {
        let index = File::from(beneath(&file, INDEX)?);
        return Ok(plain(index, INDEX));
    }
    // `file.css/` is not a folder.
    Ok(if path.folder { Opened::Missing } else { plain(file, name) })
}

fn plain(file: File, path: &str) -> Opened {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Opened::File(file, metadata, name),
        _ => Opened::Missing,
    }
}

/// Opens `path` beneath a folder. Symbolic links are followed while they stay beneath it.
fn beneath(folder: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    // NONBLOCK, so that opening a named pipe does not wait for its other end.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(&folder, path, flags, Mode::empty(), within) {
            // A part of the path is being renamed.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Linux before 5.6, or a container that blocks the call.
            Err(Errno::NOSYS | Errno::PERM) => return step_by_step(folder, path, flags),
            opened => return opened,
        }
    }
    Err(Errno::NOENT)
}

/// Opens `path` segment by segment and follows no symbolic link.
fn step_by_step(folder: impl AsFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut at: Option<OwnedFd> = None;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() { OFlags::DIRECTORY } else { OFlags::empty() };
        let flags = flags | kind | OFlags::NOFOLLOW;
        at = Some(match &at {
            Some(at) => openat(at, part, flags, Mode::empty())?,
            None => openat(&folder, part, flags, Mode::empty())?,
        });
    }
    at.ok_or(Errno::NOENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, write};
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    fn path(shared: &str, within: &str, folder: bool) -> PublicPath {
        PublicPath { shared: shared.to_owned(), within: within.to_owned(), folder }
    }

    fn read(opened: Opened) -> String {
        match opened {
            Opened::File(mut file, _, name) => {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                format!("{name}: {text}")
            }
            Opened::Folder => "folder".to_owned(),
            Opened::Missing => "nothing".to_owned(),
            Opened::Failed(error) => error.to_string(),
        }
    }

    #[test]
    fn nothing_outside_the_folder_is_opened() {
        let root = tempfile::tempdir().unwrap();
        let app = root.path().join("app");
        create_dir(&app).unwrap();
        create_dir(app.join("www")).unwrap();
        create_dir(app.join("www/sub")).unwrap();
        write(root.path().join("secret"), "s").unwrap();
        write(app.join("package.json"), "{}").unwrap();
        write(app.join("www/a.css"), "a").unwrap();
        write(app.join("www/sub/index.html"), "i").unwrap();
        symlink("a.css", app.join("www/near.css")).unwrap();
        symlink("../sub", app.join("www/sub/self")).unwrap();
        symlink("../package.json", app.join("www/up")).unwrap();
        symlink("../..", app.join("www/far")).unwrap();
        symlink(root.path().join("secret"), app.join("www/out")).unwrap();
        symlink("/proc/self/root/etc/hostname", app.join("www/magic")).unwrap();
        rustix::fs::mknodat(CWD, app.join("www/pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        for (shared, within, folder, found) in [
            ("www", "a.css", false, "a.css: a"),
            ("www", "near.css", false, "near.css: a"),
            ("www/a.css", "", false, "a.css: a"),
            ("www", "sub", false, "folder"),
            ("www", "sub", true, "index.html: i"),
            ("www", "sub/self/index.html", false, "index.html: i"),
            ("www", "", true, "nothing"),
            ("www", "a.css", true, "nothing"),
            ("www", "a.css/x", false, "nothing"),
            ("www", "none", false, "nothing"),
            ("none", "", false, "nothing"),
            ("www", "up", false, "nothing"),
            ("www", "far/secret", false, "nothing"),
            ("www", "out", false, "nothing"),
            ("www", "magic", false, "nothing"),
            ("www", "pipe", false, "nothing"),
            ("..", "secret", false, "nothing"),
        ] {
            let opened = read(open(&app, &path(shared, within, folder)));
            assert_eq!(opened, found, "{shared} {within}");
        }
    }

    #[test]
    fn without_openat2_no_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        create_dir(root.path().join("www")).unwrap();
        write(root.path().join("www/a.css"), "a").unwrap();
        symlink("a.css", root.path().join("www/near.css")).unwrap();
        symlink("www", root.path().join("link")).unwrap();
        let folder = File::open(root.path()).unwrap();
        let opened = |path| step_by_step(&folder, path, OFlags::RDONLY).map(|_| ());
        assert_eq!(opened("www/a.css"), Ok(()));
        for path in ["www/near.css", "link/a.css", "www/none", "www/a.css/x"] {
            assert!(opened(path).is_err(), "{path}");
        }
    }
}
