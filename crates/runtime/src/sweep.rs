//! Ends the processes that a killed server left behind.

use crate::cgroup::{self, Cgroups};
use crate::environment::{ADDRESS_VARIABLE, APP_VARIABLE};
use crate::proc;
use crate::record::{ProcessIdentity, RunRecord, RunRecords};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::os::fd::OwnedFd;

/// The most rounds of searching and killing. Two suffice unless processes keep starting new ones.
const ROUNDS: usize = 20;

/// Time to wait for one killed process.
const WAIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Ends every process of every recorded run, then removes the records. Returns the number of processes ended.
/// May block for about a second per process that does not end.
pub(crate) fn sweep(records: &RunRecords, cgroups: Option<&Cgroups>) -> usize {
    let boot = proc::boot();
    let mut ended = 0;
    for (path, record) in records.all() {
        if let Some(record) = record.filter(|record| record.boot == boot) {
            ended += end_run(&record);
        }
        // If this fails, the next server reads the file again.
        let _ = fs::remove_file(path);
    }
    for dir in cgroups.map(Cgroups::leftovers).unwrap_or_default() {
        cgroup::kill(&dir);
        remove_group(&dir);
    }
    ended
}

/// Removes the control group of a run if it is empty. Returns true if the run has no live process in a group.
pub(crate) fn remove_if_empty(record: &RunRecord) -> bool {
    let Some(dir) = &record.cgroup else { return true };
    let empty = cgroup::is_empty(dir);
    if empty {
        cgroup::remove(dir);
    }
    empty
}

/// Ends every process of a run. Returns the number of processes ended. May block for about a second per process.
pub(crate) fn end_run(record: &RunRecord) -> usize {
    if let Some(dir) = &record.cgroup {
        cgroup::kill(dir);
    }
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let mut found: Vec<i32> =
            record.processes.iter().filter(|process| process.alive()).map(|process| process.pid).collect();
        found.extend(found.clone().into_iter().flat_map(proc::descendants));
        found.extend(by_environment(record));
        found.sort_unstable();
        found.dedup();
        let held: Vec<OwnedFd> = found.into_iter().filter_map(kill).collect();
        if held.is_empty() {
            break;
        }
        ended += held.len();
        for process in &held {
            // A process that does not end in time is found again by the next round.
            let _ = poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&WAIT));
        }
    }
    if let Some(dir) = &record.cgroup {
        remove_group(dir);
    }
    ended
}

/// Kills a process through a pidfd, so that a reused process id cannot hit another process.
fn kill(pid: i32) -> Option<OwnedFd> {
    let before = ProcessIdentity::of(pid)?;
    let process = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    if !before.alive() {
        return None;
    }
    pidfd_send_signal(&process, Signal::KILL).ok()?;
    Some(process)
}

/// Processes whose initial environment names the run's app and server.
fn by_environment(record: &RunRecord) -> Vec<i32> {
    let app = format!("{APP_VARIABLE}={}", record.app);
    let address = format!("{ADDRESS_VARIABLE}={}", record.address);
    let belongs = |pid: i32| {
        let environment = proc::environment(pid);
        let has = |wanted: &str| environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes());
        has(&app) && has(&address)
    };
    proc::all().iter().filter(|stat| stat.alive()).map(|stat| stat.pid).filter(|pid| belongs(*pid)).collect()
}

/// Waits up to a second until a killed group is empty, then removes it.
fn remove_group(dir: &std::path::Path) {
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
