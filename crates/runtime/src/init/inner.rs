//! The first process of a run's process namespace. It reaps orphans; when it ends, the kernel kills all others.

use super::common::{exit_cause, millis, start_app, unshare, wait_for};
use super::line_socket::LineSocket;
use crate::proc;
use crate::spec::{HelperReport, SpawnStage};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{Pid, Signal, WaitOptions, wait};
use rustix::thread::UnshareFlags;
use std::io;

/// Milliseconds between checks whether the process group of a stopping app has ended.
const POLL: i64 = 5;

/// Runs the app and waits for its end.
pub(super) fn run() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut wire = LineSocket::of_stdin()?;
    // Detects that outer ended before the death signal was set above.
    let Some(spec) = wire.line()? else { return Ok(()) };
    let missing = own_proc().err().map(|error| format!("a /proc of its own ({error})"));
    let own_view = missing.is_none();
    let app = match start_app(&spec, None) {
        Ok(app) => app,
        Err(failed) => return wire.send(&HelperReport::Failed(failed)),
    };
    wire.send(&HelperReport::Started { pid: app.as_raw_pid(), missing: missing.into_iter().collect() })?;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == app => {
                let Some(exit_cause) = exit_cause(status) else { continue };
                if own_view && stop_requested(&wire) {
                    wait_for_group(app);
                }
                return wire.send(&HelperReport::Ended(exit_cause));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                let failed =
                    crate::spec::SpawnFailure { stage: SpawnStage::Helper, errno: error.raw_os_error() };
                return wire.send(&HelperReport::Failed(failed));
            }
        }
    }
}

/// Mounts a `/proc` that shows only the processes of the namespace.
fn own_proc() -> rustix::io::Result<()> {
    unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)
}

/// Returns true if outer has announced a stop. It does so before it sends the signal.
fn stop_requested(wire: &LineSocket) -> bool {
    wait_for([wire], Some(millis(0))) == [true]
}

/// Waits until the other members of the app's process group have ended by themselves. Has no time limit of its
/// own: outer kills this process when the time for stopping is over.
fn wait_for_group(app: Pid) {
    loop {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if !proc::group_alive(app.as_raw_pid()) {
            return;
        }
        wait_for([], Some(millis(POLL)));
    }
}
