//! Standard output of commands: written as a whole, with the failures that a user must learn of.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use rustix::fs::{FallocateFlags, OFlags, fallocate, fcntl_getfl};
use rustix::io::Errno;

/// The room that a disk must have for a text that can be shown only once, in bytes.
const ROOM: u64 = 4096;

/// Writes text to standard output.
///
/// # Errors
/// The text cannot be written. A reader that has gone, as in `footbridge event list | head`, is no error.
pub fn write(text: &[u8]) -> io::Result<()> {
    match write_all(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes text that can be shown only once.
///
/// # Errors
/// The text cannot be written, or its reader has gone.
pub fn write_all(text: &[u8]) -> io::Result<()> {
    check_open(&file()?)?;
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}

/// Checks that text can be written, as far as that can be known before.
///
/// # Errors
/// Standard output is closed, or its disk is full.
pub fn check() -> io::Result<()> {
    let mut file = file()?;
    check_open(&file)?;
    let about = file.metadata()?;
    if about.is_file() {
        // The room is reserved and the length of the file stays the same. Some file systems cannot do it.
        return match fallocate(&file, FallocateFlags::KEEP_SIZE, about.len(), ROOM) {
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error.into()),
            _ => Ok(()),
        };
    }
    // A device that takes nothing refuses this too; pipes and terminals ignore it.
    file.write(&[]).map(drop)
}

fn file() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Checks that the process was started with an open standard output. If it was not, the standard library has opened
/// `/dev/null` for reading and writing in its place; a shell opens it for writing only.
fn check_open(file: &File) -> io::Result<()> {
    let about = file.metadata()?;
    if !about.file_type().is_char_device() || !fcntl_getfl(file)?.contains(OFlags::RDWR) {
        return Ok(());
    }
    match std::fs::metadata("/dev/null") {
        Ok(null) if null.rdev() == about.rdev() => Err(io::Error::other("standard output is closed")),
        _ => Ok(()),
    }
}
