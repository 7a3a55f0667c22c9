//! The app's process before it executes the app's program: sets session, limits, user and directory.

use super::line_socket::LineSocket;
use crate::spec::{ProcessSpec, SpawnFailure, SpawnStage, UserIds};
use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, getrlimit, setrlimit};
use rustix::thread::{disable_transparent_huge_pages, set_no_new_privs};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// Limits in bytes for memory in use (heap and private mappings) and for reserved address space. Runtimes with
/// garbage collection reserve far more than they use.
const DATA: u64 = 4 << 30;
const ADDRESS_SPACE: u64 = 1 << 40;
/// Limit of open files.
const FILES: u64 = 16 * 1024;
/// Limit of processes and threads of all apps together, because the kernel counts them per user.
const PROCESSES: u64 = 8 * 1024;

/// Executes the app. The app is killed when `parent` ends; `None` inside a process namespace, which the kernel
/// ends with its first process.
pub(super) fn run(parent: Option<i32>) -> io::Result<()> {
    let mut wire = LineSocket::of_stdin()?;
    let spec: ProcessSpec = serde_json::from_slice(&wire.rest()?)?;
    let failed = match prepare(&spec, parent.and_then(Pid::from_raw)) {
        Ok(()) => {
            SpawnFailure { stage: SpawnStage::Program, errno: become_app(&spec).raw_os_error().unwrap_or(0) }
        }
        Err(failed) => failed,
    };
    wire.send(&failed)
}

fn prepare(spec: &ProcessSpec, parent: Option<Pid>) -> Result<(), SpawnFailure> {
    let at = |stage| move |error: rustix::io::Errno| SpawnFailure { stage, errno: error.raw_os_error() };
    rustix::process::setsid().map_err(at(SpawnStage::Limits))?;
    limits(spec.user.is_some()).map_err(at(SpawnStage::Limits))?;
    // Undoes `disable_huge_pages` for the app. Kernels without this switch have nothing to undo.
    let _ = disable_transparent_huge_pages(false);
    set_no_new_privs(true).map_err(at(SpawnStage::Limits))?;
    if let Some(user) = &spec.user {
        become_user(user).map_err(at(SpawnStage::User))?;
    }
    if let Some(parent) = parent {
        // Must follow the change of user, which clears it.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(at(SpawnStage::Limits))?;
        if getppid() != Some(parent) {
            return Err(SpawnFailure { stage: SpawnStage::Helper, errno: 0 });
        }
    }
    rustix::process::chdir(spec.dir.as_str()).map_err(at(SpawnStage::Directory))
}

fn limits(other_user: bool) -> rustix::io::Result<()> {
    let mut wanted = vec![
        (Resource::Core, 0),
        (Resource::Data, DATA),
        (Resource::As, ADDRESS_SPACE),
        (Resource::Nofile, FILES),
    ];
    if other_user {
        // For the server's own user this limit would also count the server and unrelated processes.
        wanted.push((Resource::Nproc, PROCESSES));
    }
    for (resource, most) in wanted {
        let most = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Switches to a user. These calls affect one thread, and this process has only one.
fn become_user(user: &UserIds) -> rustix::io::Result<()> {
    let (uid, gid) = (rustix::process::Uid::from_raw(user.uid), rustix::process::Gid::from_raw(user.gid));
    let groups: Vec<_> = user.groups.iter().map(|gid| rustix::process::Gid::from_raw(*gid)).collect();
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

/// Executes the program. Returns only on an error.
fn become_app(spec: &ProcessSpec) -> io::Error {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    let env = spec.env.iter().map(|(name, value)| (name, value));
    Command::new(program).args(arguments).env_clear().envs(env).stdin(Stdio::null()).exec()
}
