//! Room on the disk: a reserve that is released when the disk is full, so that results can still be written and old
//! events deleted, and that is made again once there is room.

use crate::beside;
use crate::status::Status;
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The reserve is this part of the file system, within these limits.
const PART: u64 = 64;
const SMALLEST: u64 = 1 << 20;
const LARGEST: u64 = 16 << 20;
/// The part of the reserve that stays when it is released.
const LEFT: u64 = 2;
/// The bytes that a probe writes to learn if the file system takes any data.
const PROBE: usize = 64 << 10;
/// How often the writer looks for room while there is none.
pub(crate) const EVERY: Duration = Duration::from_millis(500);

/// The room that the journal has.
#[derive(Debug)]
pub(crate) struct Room {
    database: PathBuf,
    reserve: PathBuf,
    status: Arc<Status>,
    looked: Mutex<Option<Instant>>,
}

impl Room {
    pub(crate) fn new(database: &Path, status: Arc<Status>) -> Self {
        let reserve = beside(database, "-ballast");
        Self { database: database.to_owned(), reserve, status, looked: Mutex::default() }
    }

    /// Returns true if the disk is full.
    pub(crate) fn is_full(&self) -> bool {
        self.status.is_full()
    }

    /// Reports that there was no room: releases half of the reserve, for what must be written all the same. The rest
    /// is for the next start.
    pub(crate) fn release_some(&self) {
        let left = self.size() / LEFT;
        let released = match std::fs::metadata(&self.reserve) {
            Ok(reserve) if reserve.len() > left => {
                let cut =
                    OpenOptions::new().write(true).open(&self.reserve).and_then(|file| file.set_len(left));
                cut.is_ok()
            }
            Ok(_) if !self.is_full() => self.release(),
            _ => false,
        };
        if self.status.set_full(true) {
            tracing::error!(
                reserve_released = released,
                "the disk that holds the journal is full; nothing new is accepted until there is room"
            );
        }
    }

    /// Releases all of the reserve, if there is one.
    pub(crate) fn release(&self) -> bool {
        std::fs::remove_file(&self.reserve).is_ok()
    }

    /// Returns true if the database can grow to `pages` bytes. A failed attempt would use up what is left.
    pub(crate) fn can_grow_to(&self, pages: u64) -> bool {
        let length = std::fs::metadata(&self.database).map_or(0, |file| file.len());
        self.free().is_none_or(|free| free >= pages.saturating_sub(length))
    }

    /// Returns true if the file system takes no data: it is full, or a quota or the largest size of a file is
    /// reached.
    pub(crate) fn is_refused(&self) -> bool {
        let probe = beside(&self.database, "-probe");
        let written = create(&probe).and_then(|mut file| file.write_all(&vec![0; PROBE]));
        let _ = std::fs::remove_file(&probe);
        written.is_err_and(|error| is_no_room(&error))
    }

    /// Looks for room, but not too often: on the file system, or in the database, which has `free` bytes in unused
    /// pages.
    pub(crate) fn look(&self, free: u64) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return;
        }
        *looked = Some(Instant::now());
        drop(looked);
        let size = self.size();
        let reserved = self.keep_reserve();
        if (reserved || free >= 2 * size) && self.status.set_full(false) {
            tracing::info!("there is room again on the disk that holds the journal");
        }
    }

    /// Makes the reserve, unless it exists or would take more than half of the free room. Returns true if it exists.
    pub(crate) fn keep_reserve(&self) -> bool {
        let size = self.size();
        let there = std::fs::metadata(&self.reserve).is_ok_and(|file| file.len() >= size);
        there || self.free().is_some_and(|free| free >= 2 * size) && self.make(size)
    }

    /// Makes as much of the reserve as there is room for: the next start may need it.
    pub(crate) fn leave_reserve(&self) {
        if !self.keep_reserve() {
            let fits = self.free().unwrap_or(0) / 2;
            self.make((fits & !0xffff).min(LARGEST));
        }
    }

    fn make(&self, size: u64) -> bool {
        if size == 0 {
            return false;
        }
        let made = create(&self.reserve).and_then(|file| fill(&file, size));
        if let Err(error) = &made {
            tracing::debug!(%error, "no room could be reserved for the journal");
            self.release();
        }
        made.is_ok()
    }

    fn size(&self) -> u64 {
        let total =
            statvfs(self.directory()).map_or(0, |about| about.f_blocks.saturating_mul(about.f_frsize));
        (total / PART).clamp(SMALLEST, LARGEST)
    }

    fn free(&self) -> Option<u64> {
        statvfs(self.directory()).ok().map(|about| about.f_bavail.saturating_mul(about.f_frsize))
    }

    fn directory(&self) -> &Path {
        self.database.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Reserves blocks that nobody else can take. A sparse file would reserve nothing.
fn fill(mut file: &File, size: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, size) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let block = vec![0; PROBE];
            for _ in 0..size / block.len() as u64 {
                file.write_all(&block)?;
            }
            Ok(())
        }
        done => Ok(done?),
    }
}

/// Returns true if an error means that there is no room.
pub(crate) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}
