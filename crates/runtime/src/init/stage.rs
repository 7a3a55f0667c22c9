//! What several helpers do.

use super::wire::Wire;
use crate::spec::{Ending, Failed, Step, WORD};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitStatus};
use rustix::thread::UnshareFlags;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// This program, whatever its file is called by now.
const SELF: &str = "/proc/self/exe";

/// How the kernel hands out large pages.
const HUGE_PAGES: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// Leaves namespaces of the parent's.
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // Deprecated because `UnshareFlags::FILES` can break other threads' descriptors. It is never asked for
    // here, and helpers have one thread.
    #[expect(deprecated, reason = "the safe call; its successor is unsafe for a flag that is not used")]
    rustix::thread::unshare(flags)
}

/// Starts this program again where it may have got memory by the two megabytes already: helpers need a few
/// kilobytes, and there are two beside each app. What they start inherits that, the app does not.
pub(super) fn shun_huge_pages() -> io::Result<()> {
    // Our allocator asks for them where they are given on demand.
    let given = std::fs::read_to_string(HUGE_PAGES).is_ok_and(|choice| !choice.contains("[never]"));
    if !given || rustix::thread::transparent_huge_pages_are_disabled()? {
        return Ok(());
    }
    rustix::thread::disable_transparent_huge_pages(true)?;
    Err(Command::new(SELF).arg(WORD).exec())
}

/// Starts the next helper with a socket as its standard input. Its output is the app's.
pub(super) fn next(words: &[&str]) -> io::Result<(Child, Wire)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(SELF).arg(WORD).args(words).stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
    Ok((child, Wire::new(ours)))
}

/// Starts the app as a child of this process: resolves once its program runs, or does not.
pub(super) fn start_app(spec: &[u8], parent: Option<Pid>) -> Result<Pid, Failed> {
    let helper = |error: io::Error| Failed { step: Step::Helper, errno: error.raw_os_error().unwrap_or(0) };
    let parent = parent.map_or(0, Pid::as_raw_pid).to_string();
    let (child, mut wire) = next(&["exec", &parent]).map_err(helper)?;
    let told =
        wire.send_raw(spec).and_then(|()| wire.close_sending()).and_then(|()| wire.rest()).map_err(helper)?;
    if told.is_empty() {
        return Ok(Pid::from_child(&child));
    }
    Err(serde_json::from_slice(&told).unwrap_or(Failed { step: Step::Helper, errno: 0 }))
}

/// Waits until something can be read, the other side is gone, or the time is over. Gives for each whether
/// there is something.
pub(super) fn wait_for<const N: usize>(sources: [&dyn AsFd; N], limit: Option<Timespec>) -> [bool; N] {
    let mut fds = sources.map(|source| PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
    // Interrupted or not: the caller looks and waits again.
    let _ = poll(&mut fds, limit.as_ref());
    fds.map(|fd| !fd.revents().is_empty())
}

/// How a process ended, when it has.
pub(super) fn ending(status: WaitStatus) -> Option<Ending> {
    status.exit_status().map(Ending::Code).or_else(|| status.terminating_signal().map(Ending::Signal))
}

/// Milliseconds as the system wants them.
pub(super) const fn millis(count: i64) -> Timespec {
    Timespec { tv_sec: count / 1000, tv_nsec: (count % 1000) * 1_000_000 }
}
