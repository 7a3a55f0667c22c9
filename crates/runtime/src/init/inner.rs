//! The first process of a run's process namespace: it reaps, and when it ends the kernel ends all others.

use super::stage::{ending, millis, start_app, unshare, wait_for};
use super::wire::Wire;
use crate::proc;
use crate::spec::{Report, Step};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{Pid, Signal, WaitOptions, wait};
use rustix::thread::UnshareFlags;
use std::io;

/// How often is looked whether a stopping app's group is gone.
const LOOK: i64 = 5;

/// Runs the app and waits for its end.
pub(super) fn run() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut wire = Wire::of_stdin()?;
    // Had outer died before the line above, nothing would be left to tell of it but this.
    let Some(spec) = wire.line()? else { return Ok(()) };
    let missing = own_proc().err().map(|error| format!("a /proc of its own ({error})"));
    let own_view = missing.is_none();
    let app = match start_app(&spec, None) {
        Ok(app) => app,
        Err(failed) => return wire.send(&Report::Failed(failed)),
    };
    wire.send(&Report::Started { pid: app.as_raw_pid(), missing: missing.into_iter().collect() })?;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == app => {
                let Some(ending) = ending(status) else { continue };
                if own_view && stopping(&wire) {
                    outlast(app);
                }
                return wire.send(&Report::Ended(ending));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                let failed = crate::spec::Failed { step: Step::Helper, errno: error.raw_os_error() };
                return wire.send(&Report::Failed(failed));
            }
        }
    }
}

/// Shows the namespace its own processes only.
fn own_proc() -> rustix::io::Result<()> {
    unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)
}

/// Whether outer has said that the app is being stopped: it writes before it sends the signal.
fn stopping(wire: &Wire) -> bool {
    wait_for([wire], Some(millis(0))) == [true]
}

/// Gives the other members of the app's group the time they need to end by themselves. Outer sees to it that
/// this does not last: it kills this process when the time is over.
fn outlast(app: Pid) {
    loop {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        if !proc::group_alive(app.as_raw_pid()) {
            return;
        }
        wait_for([], Some(millis(LOOK)));
    }
}
