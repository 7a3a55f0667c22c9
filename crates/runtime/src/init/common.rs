//! Functions that several helpers share.

use super::line_socket::LineSocket;
use crate::spec::{ExitCause, HELPER_ARGUMENT, SpawnFailure, SpawnStage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitStatus};
use rustix::thread::UnshareFlags;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// This program, even if its file has been replaced or removed.
const SELF: &str = "/proc/self/exe";

/// The kernel's setting for transparent huge pages.
const HUGE_PAGES: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// Moves this process, or its future children, into new namespaces.
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // Deprecated because `UnshareFlags::FILES` can break descriptors of other threads. That flag is not used
    // here, and helpers have one thread.
    #[expect(
        deprecated,
        reason = "the safe call; its replacement is unsafe because of a flag that is not used"
    )]
    rustix::thread::unshare(flags)
}

/// Turns off huge pages and executes this program again, if the kernel may have given it pages of two
/// megabytes. Helpers need only a few kilobytes, and each app has two of them. The setting is inherited by
/// further helpers but not by the app.
pub(super) fn disable_huge_pages() -> io::Result<()> {
    // With the setting `madvise`, the server's allocator requests huge pages.
    let available = std::fs::read_to_string(HUGE_PAGES).is_ok_and(|setting| !setting.contains("[never]"));
    if !available || rustix::thread::transparent_huge_pages_are_disabled()? {
        return Ok(());
    }
    rustix::thread::disable_transparent_huge_pages(true)?;
    Err(Command::new(SELF).arg(HELPER_ARGUMENT).exec())
}

/// Starts the next helper with a socket as its standard input. Its output goes where this process's output goes.
pub(super) fn start_helper(words: &[&str]) -> io::Result<(Child, LineSocket)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new(SELF)
        .arg(HELPER_ARGUMENT)
        .args(words)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    Ok((child, LineSocket::new(ours)))
}

/// Starts the app as a child of this process. Returns when its program runs or has failed to start.
pub(super) fn start_app(spec: &[u8], parent: Option<Pid>) -> Result<Pid, SpawnFailure> {
    let helper = |error: io::Error| SpawnFailure {
        stage: SpawnStage::Helper,
        errno: error.raw_os_error().unwrap_or(0),
    };
    let parent = parent.map_or(0, Pid::as_raw_pid).to_string();
    let (child, mut wire) = start_helper(&["exec", &parent]).map_err(helper)?;
    let reported =
        wire.send_raw(spec).and_then(|()| wire.close_sending()).and_then(|()| wire.rest()).map_err(helper)?;
    if reported.is_empty() {
        return Ok(Pid::from_child(&child));
    }
    Err(serde_json::from_slice(&reported).unwrap_or(SpawnFailure { stage: SpawnStage::Helper, errno: 0 }))
}

/// Waits until a source is readable or closed, or the time limit has passed. Returns for each source whether it
/// is readable or closed.
pub(super) fn wait_for<const N: usize>(sources: [&dyn AsFd; N], limit: Option<Timespec>) -> [bool; N] {
    let mut fds = sources.map(|source| PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN));
    // On an interruption the caller finds nothing readable and waits again.
    let _ = poll(&mut fds, limit.as_ref());
    fds.map(|fd| !fd.revents().is_empty())
}

/// How a process ended; `None` if it was only stopped or continued.
pub(super) fn exit_cause(status: WaitStatus) -> Option<ExitCause> {
    status.exit_status().map(ExitCause::Code).or_else(|| status.terminating_signal().map(ExitCause::Signal))
}

/// Converts milliseconds to a `Timespec`.
pub(super) const fn millis(count: i64) -> Timespec {
    Timespec { tv_sec: count / 1000, tv_nsec: (count % 1000) * 1_000_000 }
}
