//! The server's side of a run's helper.

use crate::spec::{Ask, Report, Spec, WITH_CHANNEL, WITHOUT_CHANNEL, WORD};
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

/// A helper under way. Dropping it ends its run.
#[derive(Debug)]
pub(super) struct Helper {
    child: Child,
    /// The helper's process.
    pub(super) pid: i32,
    asks: OwnedWriteHalf,
    reports: Lines<BufReader<OwnedReadHalf>>,
}

/// Both streams of the app.
pub(super) type Streams = (Option<ChildStdout>, Option<ChildStderr>);

impl Helper {
    /// Starts a helper, not yet knowing what to run. `channel` goes on to the app.
    pub(super) fn spawn(program: &Path, channel: Option<OwnedFd>) -> io::Result<(Self, Streams)> {
        let (ours, theirs) = Socket::pair()?;
        let mut child = Command::new(program)
            .arg(WORD)
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
        let (reports, asks) = UnixStream::from_std(ours)?.into_split();
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
        let streams = (child.stdout.take(), child.stderr.take());
        Ok((Self { child, pid, asks, reports: BufReader::new(reports).lines() }, streams))
    }

    /// Tells it what to run.
    pub(super) async fn run(&mut self, spec: &Spec) -> io::Result<()> {
        self.send(spec).await
    }

    /// Asks for something. A helper that is gone has nothing left to do.
    pub(super) async fn ask(&mut self, ask: Ask) {
        let _ = self.send(&ask).await;
    }

    /// The next report; `None` once it is gone.
    pub(super) async fn report(&mut self) -> Option<Report> {
        let line = self.reports.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Ends the helper itself, and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        // Gone already, most times.
        let _ = self.child.kill().await;
    }

    async fn send<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.asks.write_all(&line).await
    }
}

/// The first byte, with the descriptor when there is one. A descriptor that travels this way is never
/// inherited by what other threads start meanwhile.
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
