//! Records of runs on disk. The next server uses them to end processes that a killed server left behind.
//!
//! A record exists from before the first process of its run until the last one has ended. It is not synced to
//! the disk: after a crash of the kernel the processes no longer exist either.

use crate::proc;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// One run, with everything the next server needs to find its processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub(crate) app: String,
    /// The server's URL as the app knows it.
    pub(crate) address: String,
    /// The id of the boot in which the run started.
    pub(crate) boot: String,
    pub(crate) cgroup: Option<PathBuf>,
    /// The processes known so far: the helper, then the leader of the app's process group.
    pub(crate) processes: Vec<ProcessIdentity>,
}

/// A process id with its start time, which cannot be confused with a later process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessIdentity {
    pub(crate) pid: i32,
    pub(crate) started: u64,
}

impl ProcessIdentity {
    /// The process that currently has this id.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        proc::stat(pid).map(|stat| Self { pid, started: stat.started })
    }

    /// Returns true if the process still runs.
    pub(crate) fn alive(self) -> bool {
        proc::stat(self.pid).is_some_and(|stat| stat.started == self.started && stat.alive())
    }
}

/// The directory with the records of runs.
#[derive(Debug, Clone)]
pub(crate) struct RunRecords(PathBuf);

impl RunRecords {
    /// Creates the directory if needed, readable only by the server.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let dir = state.join("runs");
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Self(dir)),
        }
    }

    /// Writes a record atomically, replacing an earlier one.
    pub(crate) fn write(&self, run: &str, record: &RunRecord) -> io::Result<()> {
        let unfinished = self.0.join(format!("{run}.new"));
        fs::write(&unfinished, serde_json::to_vec(record)?)?;
        fs::rename(&unfinished, self.path(run))
    }

    /// Removes the record of a run whose processes have all ended.
    pub(crate) fn remove(&self, run: &str) {
        // A record that remains only makes the next server look for its processes.
        let _ = fs::remove_file(self.path(run));
    }

    /// All files of the directory with their records; `None` for a file that holds no readable record.
    pub(crate) fn all(&self) -> Vec<(PathBuf, Option<RunRecord>)> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths
            .map(|path| {
                let record = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                (path, record)
            })
            .collect()
    }

    fn path(&self, run: &str) -> PathBuf {
        self.0.join(format!("{run}.json"))
    }
}
