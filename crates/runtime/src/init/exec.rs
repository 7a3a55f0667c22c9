//! What the app is before it is the app: everything that must hold before its first instruction.

use super::wire::Wire;
use crate::spec::{Failed, Ids, Spec, Step};
use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, getrlimit, setrlimit};
use rustix::thread::{disable_transparent_huge_pages, set_no_new_privs};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// Memory an app may fill (heap and private mappings), address space it may reserve: runtimes with garbage
/// collectors reserve far more than they fill.
const DATA: u64 = 4 << 30;
const ADDRESS_SPACE: u64 = 1 << 40;
/// Open files.
const FILES: u64 = 16 * 1024;
/// Processes and threads of the apps' user, all apps together: the kernel counts by user.
const PROCESSES: u64 = 8 * 1024;

/// Becomes the app. `parent` is whom it must not outlive; none within a namespace that ends with its first
/// process.
pub(super) fn run(parent: Option<i32>) -> io::Result<()> {
    let mut wire = Wire::of_stdin()?;
    let spec: Spec = serde_json::from_slice(&wire.rest()?)?;
    let failed = match prepare(&spec, parent.and_then(Pid::from_raw)) {
        Ok(()) => Failed { step: Step::Program, errno: become_app(&spec).raw_os_error().unwrap_or(0) },
        Err(failed) => failed,
    };
    wire.send(&failed)
}

fn prepare(spec: &Spec, parent: Option<Pid>) -> Result<(), Failed> {
    let at = |step| move |error: rustix::io::Errno| Failed { step, errno: error.raw_os_error() };
    rustix::process::setsid().map_err(at(Step::Limits))?;
    limits(spec.user.is_some()).map_err(at(Step::Limits))?;
    // Helpers do without, see there; kernels without the switch have nothing to undo.
    let _ = disable_transparent_huge_pages(false);
    set_no_new_privs(true).map_err(at(Step::Limits))?;
    if let Some(user) = &spec.user {
        become_user(user).map_err(at(Step::User))?;
    }
    if let Some(parent) = parent {
        // After the change of user, which clears it.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(at(Step::Limits))?;
        if getppid() != Some(parent) {
            return Err(Failed { step: Step::Helper, errno: 0 });
        }
    }
    rustix::process::chdir(spec.dir.as_str()).map_err(at(Step::Directory))
}

fn limits(other_user: bool) -> rustix::io::Result<()> {
    let mut wanted = vec![
        (Resource::Core, 0),
        (Resource::Data, DATA),
        (Resource::As, ADDRESS_SPACE),
        (Resource::Nofile, FILES),
    ];
    if other_user {
        // Under the server's own user this would count the server's and everybody's processes.
        wanted.push((Resource::Nproc, PROCESSES));
    }
    for (resource, most) in wanted {
        let most = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// These calls change one thread; there is only one.
fn become_user(user: &Ids) -> rustix::io::Result<()> {
    let (uid, gid) = (rustix::process::Uid::from_raw(user.uid), rustix::process::Gid::from_raw(user.gid));
    let groups: Vec<_> = user.groups.iter().map(|gid| rustix::process::Gid::from_raw(*gid)).collect();
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

/// Comes back only when the program does not run.
fn become_app(spec: &Spec) -> io::Error {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    let env = spec.env.iter().map(|(name, value)| (name, value));
    Command::new(program).args(arguments).env_clear().envs(env).stdin(Stdio::null()).exec()
}
