//! Records of runs on disk: what a next server needs to end what a killed one left.
//!
//! A record is there before the first process of its run and until the last one is gone. It is not flushed to
//! the disk itself: it matters only while the kernel that runs those processes does, and that one keeps it.

use crate::proc;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A run, as a next server needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) app: String,
    /// What the app calls its server.
    pub(crate) address: String,
    /// The boot it was started in.
    pub(crate) boot: String,
    pub(crate) cgroup: Option<PathBuf>,
    /// The processes known by now: the helper, then the leader of the app's group.
    pub(crate) processes: Vec<Process>,
}

/// A process that cannot be mistaken for a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) started: u64,
}

impl Process {
    /// The process that has this id now.
    pub(crate) fn now(pid: i32) -> Option<Self> {
        proc::stat(pid).map(|stat| Self { pid, started: stat.started })
    }

    /// Whether it still runs.
    pub(crate) fn alive(self) -> bool {
        proc::stat(self.pid).is_some_and(|stat| stat.started == self.started && stat.alive())
    }
}

/// Where records lie.
#[derive(Debug, Clone)]
pub(crate) struct Records(PathBuf);

impl Records {
    /// Makes the directory, readable by the server alone.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let dir = state.join("runs");
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Self(dir)),
        }
    }

    /// Writes a record, whole or not at all.
    pub(crate) fn write(&self, run: &str, record: &Record) -> io::Result<()> {
        let unfinished = self.0.join(format!("{run}.new"));
        fs::write(&unfinished, serde_json::to_vec(record)?)?;
        fs::rename(&unfinished, self.path(run))
    }

    /// Takes a record away: nothing of the run is left.
    pub(crate) fn remove(&self, run: &str) {
        // One that stays costs the next server a look.
        let _ = fs::remove_file(self.path(run));
    }

    /// All there are, with their files. What cannot be read is no record.
    pub(crate) fn all(&self) -> Vec<(PathBuf, Option<Record>)> {
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
