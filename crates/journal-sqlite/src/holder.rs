//! Finds the process that holds a lock on a file, for messages only.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The byte of the shared-memory file whose lock is SQLite's write lock in WAL mode.
const WRITE_LOCK: u64 = 120;

/// Returns the other process that holds the write lock of the database with the shared memory `shm`.
pub(crate) fn of_write_lock(shm: &Path) -> Option<String> {
    find(&std::fs::metadata(shm).ok()?, "POSIX", Some(WRITE_LOCK))
}

/// Returns the other process that has locked this file.
pub(crate) fn of_file(file: &Metadata) -> Option<String> {
    find(file, "FLOCK", None)
}

fn find(file: &Metadata, kind: &str, byte: Option<u64>) -> Option<String> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let own = std::process::id();
    let pid = locks.lines().filter_map(|line| parse(line, kind, file.ino(), byte)).find(|pid| *pid != own)?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.trim();
    Some(match name {
        "" => format!("process {pid}"),
        name => format!("process {pid} ({name})"),
    })
}

/// Parses a line like `1: POSIX  ADVISORY  WRITE 4711 fe:00:6881420 120 120`. Returns the process if the line is of
/// this kind, of this file and a write lock that covers this byte. The device is not compared: some file systems show
/// another one here than in a file's metadata.
fn parse(line: &str, kind: &str, inode: u64, byte: Option<u64>) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    // Who only waits has an arrow here.
    let same_kind = words.next()? == kind;
    let (_, mode) = (words.next()?, words.next()?);
    let pid: u32 = words.next()?.parse().ok()?;
    let file: u64 = words.next()?.rsplit(':').next()?.parse().ok()?;
    let first: u64 = words.next()?.parse().ok()?;
    let last = words.next()?.parse().unwrap_or(u64::MAX);
    let covered = byte.is_none_or(|byte| (first..=last).contains(&byte));
    (same_kind && mode == "WRITE" && file == inode && covered && pid > 0).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_lines_of_the_system() {
        let line = "12: POSIX  ADVISORY  WRITE 4711 fe:00:6881420 120 120";
        assert_eq!(parse(line, "POSIX", 6_881_420, Some(120)), Some(4711));
        assert_eq!(parse(line, "POSIX", 6_881_420, Some(121)), None);
        assert_eq!(parse(line, "POSIX", 1, Some(120)), None);
        assert_eq!(parse(line, "FLOCK", 6_881_420, None), None);
        let whole = "1: FLOCK  ADVISORY  WRITE 23 00:1f:7 0 EOF";
        assert_eq!(parse(whole, "FLOCK", 7, None), Some(23));
        let waits = "1: -> FLOCK  ADVISORY  WRITE 23 00:1f:7 0 EOF";
        assert_eq!(parse(waits, "FLOCK", 7, None), None);
        for odd in [
            "",
            "1:",
            "1: POSIX  ADVISORY  READ 9 fe:00:7 120 120",
            "1: POSIX ADVISORY WRITE -1 fe:00:7 120 120",
        ] {
            assert_eq!(parse(odd, "POSIX", 7, Some(120)), None, "{odd}");
        }
    }
}
