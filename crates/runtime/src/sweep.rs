//! Ends what a killed server left behind.

use crate::cgroup::{self, Cgroups};
use crate::environment::{ADDRESS, APP};
use crate::proc;
use crate::record::{Process, Record, Records};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::os::fd::OwnedFd;

/// How often what is left is looked for again: each round ends what it finds, so more than two are needed
/// only when something multiplies meanwhile.
const ROUNDS: usize = 20;

/// How long one killed process is waited for.
const WAIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Ends every process of every run there is a record of, then takes the records away. Gives how many
/// processes were found.
pub(crate) fn sweep(records: &Records, cgroups: Option<&Cgroups>) -> usize {
    let boot = proc::boot();
    let mut ended = 0;
    for (path, record) in records.all() {
        if let Some(record) = record.filter(|record| record.boot == boot) {
            ended += end(&record);
        }
        // A file that stays is looked at again by the next server.
        let _ = fs::remove_file(path);
    }
    for dir in cgroups.map(Cgroups::left).unwrap_or_default() {
        cgroup::kill(&dir);
        put_away(&dir);
    }
    ended
}

/// Whether nothing lives in the control group of a run; puts it away then.
pub(crate) fn is_over(record: &Record) -> bool {
    let Some(dir) = &record.cgroup else { return true };
    let empty = cgroup::is_empty(dir);
    if empty {
        cgroup::remove(dir);
    }
    empty
}

/// Ends every process of a run. Gives how many were found.
pub(crate) fn end(record: &Record) -> usize {
    if let Some(dir) = &record.cgroup {
        cgroup::kill(dir);
    }
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let mut found: Vec<i32> =
            record.processes.iter().filter(|process| process.alive()).map(|process| process.pid).collect();
        found.extend(found.clone().into_iter().flat_map(proc::family));
        found.extend(by_environment(record));
        found.sort_unstable();
        found.dedup();
        let held: Vec<OwnedFd> = found.into_iter().filter_map(kill).collect();
        if held.is_empty() {
            break;
        }
        ended += held.len();
        for process in &held {
            // One that does not go in time is found again by the next round.
            let _ = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&WAIT));
        }
    }
    if let Some(dir) = &record.cgroup {
        put_away(dir);
    }
    ended
}

/// Kills through a descriptor, so that the id cannot have passed on to another process between two looks.
fn kill(pid: i32) -> Option<OwnedFd> {
    let before = Process::now(pid)?;
    let process = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    if !before.alive() {
        return None;
    }
    pidfd_send_signal(&process, Signal::KILL).ok()?;
    Some(process)
}

/// Processes that carry the run's app and server in the environment they were started with.
fn by_environment(record: &Record) -> Vec<i32> {
    let app = format!("{APP}={}", record.app);
    let address = format!("{ADDRESS}={}", record.address);
    let ours = |pid: i32| {
        let environment = proc::environment(pid);
        let has = |wanted: &str| environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes());
        has(&app) && has(&address)
    };
    proc::all().iter().filter(|stat| stat.alive()).map(|stat| stat.pid).filter(|pid| ours(*pid)).collect()
}

/// Waits until a killed group is empty, and removes it.
fn put_away(dir: &std::path::Path) {
    let step = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    for _ in 0..1000 {
        if cgroup::is_empty(dir) {
            break;
        }
        // No descriptors: this only waits.
        let _ = poll(&mut [], Some(&step));
    }
    cgroup::remove(dir);
}
