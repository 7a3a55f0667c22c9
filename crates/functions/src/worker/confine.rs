//! What a worker gives up before it sees a function.
//!
//! The engine offers a function nothing to reach the machine with. All this is for the day on which the engine has a
//! hole: no right, no file, no socket, no further process, and no life without the server.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io::Error;
use std::time::Duration;

/// Memory beside that of JavaScript: messages, and what the function publishes.
const BESIDE: u64 = 256 << 20;

/// Gives everything up. `memory` is what JavaScript may use.
pub(super) fn confine(memory: usize) -> Result<(), String> {
    // Read while files can still be opened. Unknown is no harm: the engine counts for itself.
    let mapped = mapped();
    #[cfg(target_os = "linux")]
    linux::confine()?;
    set(Resource::Core, 0)?;
    set(Resource::Fsize, 0)?;
    // Standard input, output and error are open; nothing else can be, not even a socket.
    set(Resource::Nofile, 3)?;
    set(Resource::Nproc, 0)?;
    if let Some(mapped) = mapped {
        set(Resource::As, mapped + memory as u64 + BESIDE)?;
    }
    Ok(())
}

/// Lets the process compute for one more call. It ends by itself when the server is not there to end it.
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

/// How much address space the process has mapped.
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

    /// `nobody`, whose number is the same everywhere.
    const NOBODY: u32 = 65534;

    pub(super) fn confine() -> Result<(), String> {
        if geteuid().is_root() {
            alone(UnshareFlags::NEWNET);
            become_nobody().map_err(|error| {
                format!(
                    "a server that runs as root calls functions as `nobody`, and cannot become it ({}); let it \
                     have CAP_SETUID and CAP_SETGID, or run it as another user",
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
            // Last, because a change of user clears it. The server's thread that starts workers lives as long as they.
            .and_then(|()| set_parent_process_death_signal(Some(Signal::KILL)));
        done.map_err(|error| format!("a worker cannot give up its rights: {}", Error::from(error)))
    }

    /// Leaves the network behind, where that is allowed: no socket can be opened anyway.
    fn alone(flags: UnshareFlags) {
        #[expect(
            deprecated,
            reason = "only UnshareFlags::FILES is unsafe, and the other function is `unsafe` whole"
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
