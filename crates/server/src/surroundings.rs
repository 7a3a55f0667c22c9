//! The program around the server: facts that only it knows.

use footbridge_api::{Finding, Setting};
use std::fmt;

/// Answers questions about the program and its machine.
pub trait Surroundings: Send + Sync + fmt::Debug {
    /// Returns the configuration in force, with the source of each value. Never contains a secret.
    fn settings(&self) -> Vec<Setting>;

    /// Returns the directory of the database.
    fn data_dir(&self) -> String;

    /// Checks what the program and its machine need: configuration, files, limits.
    fn checks(&self) -> Vec<Finding>;

    /// Returns the space on the disk of the database, if it is known.
    fn disk(&self) -> Option<DiskSpace>;
}

/// The space on a disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// The part that this program may use.
    pub free: u64,
    /// The size of the disk.
    pub total: u64,
}

/// Below so much free space the disk is nearly full.
const NEARLY_FULL: u64 = 1 << 30;
/// Below so much free space the journal may refuse events soon.
const ALMOST_NOTHING: u64 = 128 << 20;

impl DiskSpace {
    /// Returns true if it is urgent, and what is wrong, if there is too little room.
    pub fn shortage(self) -> Option<(bool, String)> {
        // A small disk need not have a gibibyte left.
        let nearly_full = NEARLY_FULL.min(self.total / 10);
        let urgent = ALMOST_NOTHING.min(self.total / 50);
        (self.free < nearly_full).then(|| {
            let mib = self.free >> 20;
            (self.free < urgent, format!("the disk of the database has {mib} MiB left"))
        })
    }
}

/// Surroundings of which nothing is known, for tests.
#[derive(Debug)]
pub struct NoSurroundings;

impl Surroundings for NoSurroundings {
    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }

    fn data_dir(&self) -> String {
        String::new()
    }

    fn checks(&self) -> Vec<Finding> {
        Vec::new()
    }

    fn disk(&self) -> Option<DiskSpace> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_depends_on_the_size_of_the_disk() {
        let shortage = |free, total| DiskSpace { free, total }.shortage().map(|(urgent, _)| urgent);
        assert_eq!(shortage(2 << 30, 100 << 30), None);
        assert_eq!(shortage(900 << 20, 100 << 30), Some(false));
        assert_eq!(shortage(100 << 20, 100 << 30), Some(true));
        assert_eq!(shortage(200 << 20, 1 << 30), None, "a fifth of a small disk is free");
        assert_eq!(shortage(50 << 20, 1 << 30), Some(false));
        assert_eq!(shortage(10 << 20, 1 << 30), Some(true));
    }
}
