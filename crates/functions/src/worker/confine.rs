//! Drops every privilege of a worker before it runs a function.
//!
//! The engine gives a function no access to the machine. These measures limit the damage if the engine has a
//! vulnerability: no capabilities, no files, no sockets, no further processes, and an end together with the server.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io::Error;
use std::time::Duration;

/// Memory in addition to that of JavaScript, in bytes: for messages and published events.
const BESIDE: u64 = 256 << 20;

/// Drops all privileges. `memory` is the limit of JavaScript in bytes.
pub(super) fn confine(memory: usize) -> Result<(), String> {
    // Read while files can still be opened. If it is unknown, only the engine's own limit applies.
    let mapped = mapped();
    #[cfg(target_os = "linux")]
    linux::confine()?;
    set(Resource::Core, 0)?;
    set(Resource::Fsize, 0)?;
    // Standard input, output and error are open. With this limit nothing else can be opened, not even a socket.
    set(Resource::Nofile, 3)?;
    set(Resource::Nproc, 0)?;
    if let Some(mapped) = mapped {
        set(Resource::As, mapped + memory as u64 + BESIDE)?;
    }
    Ok(())
}

/// Sets the limit of processor time for one more call, so that the process ends even if the server does not end it.
pub(super) fn allow_time(timeout: Duration) {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    let maximum = getrlimit(Resource::Cpu).maximum;
    let seconds = used + timeout.as_secs() + 2;
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum });
}

fn set(resource: Resource, limit: u64) -> Result<(), String> {
    let now = getrlimit(resource);
    let limit = Some(now.maximum.map_or(limit, |most| most.min(limit)));
    setrlimit(resource, Rlimit { current: limit, maximum: limit })
        .map_err(|error| format!("a worker cannot limit itself ({resource:?}): {}", Error::from(error)))
}

/// The address space that the process has mapped, in bytes.
fn mapped() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').next()?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::{
        DumpableBehavior, Gid, Signal, Uid, geteuid, set_dumpable_behavior, set_parent_process_death_signal,
    };
    use rustix::thread::{
        CapabilitySet, CapabilitySets, UnshareFlags, set_capabilities, set_no_new_privs, set_thread_groups,
        set_thread_res_gid, set_thread_res_uid,
    };
    use std::io::Error;

    /// The id of the user `nobody`, which is the same on all Linux systems.
    const NOBODY: u32 = 65534;

    pub(super) fn confine() -> Result<(), String> {
        if geteuid().is_root() {
            alone(UnshareFlags::NEWNET);
            become_nobody().map_err(|error| {
                format!(
                    "a server that runs as root runs functions as `nobody`, and it cannot switch to that user ({}); give it \
                     CAP_SETUID and CAP_SETGID, or run it as another user",
                    Error::from(error)
                )
            })?;
        } else {
            alone(UnshareFlags::NEWUSER | UnshareFlags::NEWNET);
        }
        let none = CapabilitySet::empty();
        let nothing = CapabilitySets { effective: none, permitted: none, inheritable: none };
        let done = set_capabilities(None, nothing)
            .and_then(|()| set_no_new_privs(true))
            .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
            // Last, because a change of user clears it. The server's thread that starts workers lives as long
            // as they do.
            .and_then(|()| set_parent_process_death_signal(Some(Signal::KILL)));
        done.map_err(|error| format!("a worker cannot give up its rights: {}", Error::from(error)))
    }

    /// Moves to a network namespace without any network, if that is allowed. No socket can be opened in any case.
    fn alone(flags: UnshareFlags) {
        #[expect(
            deprecated,
            reason = "only UnshareFlags::FILES is unsafe, and the replacement is an unsafe function"
        )]
        let _ = rustix::thread::unshare(flags);
    }

    fn become_nobody() -> rustix::io::Result<()> {
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        // The process has one thread, so what holds for the thread holds for it.
        set_thread_groups(&[])?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)
    }
}
