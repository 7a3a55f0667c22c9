//! The server's end of the connection to a run's helper process.

use crate::spec::{HELPER_ARGUMENT, HelperCommand, HelperReport, ProcessSpec, WITH_CHANNEL, WITHOUT_CHANNEL};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream as Socket;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A running helper process. Dropping it ends its run.
#[derive(Debug)]
pub(super) struct Helper {
    child: Child,
    /// The helper's process id.
    pub(super) pid: i32,
    commands: OwnedWriteHalf,
    reports: Lines<BufReader<OwnedReadHalf>>,
}

/// The pipes that carry the app's output.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

impl Helper {
    /// Starts a helper, which then waits for [`Self::run`]. `channel` is passed on to the app.
    pub(super) fn spawn(program: &Path, channel: Option<OwnedFd>) -> io::Result<(Self, Streams)> {
        let (ours, theirs) = Socket::pair()?;
        let mut child = Command::new(program)
            .arg(HELPER_ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        send_channel(&ours, channel.as_ref())?;
        drop(channel);
        ours.set_nonblocking(true)?;
        let (reports, commands) = UnixStream::from_std(ours)?.into_split();
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
        let streams = Streams { stdout: child.stdout.take(), stderr: child.stderr.take() };
        Ok((Self { child, pid, commands, reports: BufReader::new(reports).lines() }, streams))
    }

    /// Sends the process to run.
    pub(super) async fn run(&mut self, spec: &ProcessSpec) -> io::Result<()> {
        self.send(spec).await
    }

    /// Sends a command. Errors are ignored: if the helper has ended, so has the run.
    pub(super) async fn send_command(&mut self, command: HelperCommand) {
        let _ = self.send(&command).await;
    }

    /// Waits for the next report; `None` after the helper has ended.
    pub(super) async fn next_report(&mut self) -> Option<HelperReport> {
        let line = self.reports.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Kills the helper and waits until it has ended.
    pub(super) async fn kill(&mut self) {
        // Usually it has already ended.
        let _ = self.child.kill().await;
    }

    async fn send<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.commands.write_all(&line).await
    }
}

/// Sends the first byte, with the descriptor if there is one. A descriptor that is sent this way cannot be
/// inherited by processes that other threads start at the same time.
fn send_channel(socket: &Socket, channel: Option<&OwnedFd>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut extra = SendAncillaryBuffer::new(&mut space);
    let first = if channel.is_some() { [WITH_CHANNEL] } else { [WITHOUT_CHANNEL] };
    let rights: Vec<_> = channel.into_iter().map(|channel| channel.as_fd()).collect();
    if !rights.is_empty() {
        extra.push(SendAncillaryMessage::ScmRights(&rights));
    }
    sendmsg(socket, &[IoSlice::new(&first)], &mut extra, SendFlags::NOSIGNAL)?;
    Ok(())
}
