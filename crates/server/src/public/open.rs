//! Opens a public file, and nothing outside the folder that the app named.
//!
//! The folder may belong to the app, which may change it while it is read, and the server may read more than the app
//! may. So no path is checked first and opened later: the kernel resolves it beneath the folder or not at all.

use super::path::Place;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// The page that a folder shows.
const INDEX: &str = "index.html";
/// How often a path is resolved anew when somebody renames something meanwhile.
const TRIES: usize = 8;

/// What is there.
pub(super) enum Opened {
    /// A file, what is known of it, and its name.
    File(File, Metadata, String),
    /// A folder that was asked for as if it were a file.
    Folder,
    /// Nothing that may be read.
    Nothing,
    /// Whoever runs the server should know why.
    Failed(std::io::Error),
}

/// Opens what `place` names in the app's directory. Blocks.
pub(super) fn open(directory: &Path, place: &Place) -> Opened {
    match try_open(directory, place) {
        Ok(opened) => opened,
        Err(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::XDEV
            | Errno::ACCESS
            | Errno::NAMETOOLONG
            | Errno::NXIO,
        ) => Opened::Nothing,
        Err(error) => Opened::Failed(error.into()),
    }
}

fn try_open(directory: &Path, place: &Place) -> Result<Opened, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let app = openat(CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())?;
    let mut at = beneath(&app, &place.shared)?;
    let mut name = place.shared.as_str();
    if !place.within.is_empty() {
        at = beneath(&at, &place.within)?;
        name = &place.within;
    }
    let file = File::from(at);
    let Ok(about) = file.metadata() else { return Ok(Opened::Nothing) };
    if about.is_dir() && !place.folder {
        return Ok(Opened::Folder);
    }
    if about.is_dir() {
        let index = File::from(beneath(&file, INDEX)?);
        return Ok(plain(index, INDEX));
    }
    // `file.css/` is no folder.
    Ok(if place.folder { Opened::Nothing } else { plain(file, name) })
}

fn plain(file: File, path: &str) -> Opened {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    match file.metadata() {
        Ok(about) if about.is_file() => Opened::File(file, about, name),
        _ => Opened::Nothing,
    }
}

/// Opens `path` beneath a folder. Links are followed as long as they stay beneath it.
fn beneath(folder: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    // NONBLOCK, so that nobody waits for the other end of a pipe.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(&folder, path, flags, Mode::empty(), within) {
            // Somebody renamed a part of it just now.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A kernel before 5.6, or a container that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return step_by_step(folder, path, flags),
            opened => return opened,
        }
    }
    Err(Errno::NOENT)
}

/// The same part by part, following no link at all.
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

    fn place(shared: &str, within: &str, folder: bool) -> Place {
        Place { shared: shared.to_owned(), within: within.to_owned(), folder }
    }

    fn read(opened: Opened) -> String {
        match opened {
            Opened::File(mut file, _, name) => {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                format!("{name}: {text}")
            }
            Opened::Folder => "folder".to_owned(),
            Opened::Nothing => "nothing".to_owned(),
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
            let opened = read(open(&app, &place(shared, within, folder)));
            assert_eq!(opened, found, "{shared} {within}");
        }
    }

    #[test]
    fn kernels_without_the_call_follow_no_link() {
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
