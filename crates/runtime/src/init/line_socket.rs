//! The helpers' ends of their sockets, which carry JSON lines and one descriptor.

use crate::spec::WITH_CHANNEL;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The most bytes of unread input; longer than any valid line.
const LONGEST: usize = 4 * 1024 * 1024;

/// One end of a socket that carries lines of JSON.
pub(super) struct LineSocket {
    socket: UnixStream,
    read: Vec<u8>,
}

impl LineSocket {
    /// The socket that is this process's standard input.
    pub(super) fn of_stdin() -> io::Result<Self> {
        Ok(Self::new(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    pub(super) const fn new(socket: UnixStream) -> Self {
        Self { socket, read: Vec::new() }
    }

    /// Reads the first byte and the descriptor that was sent with it.
    pub(super) fn receive_channel(&self) -> io::Result<Option<OwnedFd>> {
        let mut first = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut extra = RecvAncillaryBuffer::new(&mut space);
        recvmsg(&self.socket, &mut [IoSliceMut::new(&mut first)], &mut extra, RecvFlags::CMSG_CLOEXEC)?;
        if first != [WITH_CHANNEL] {
            return Ok(None);
        }
        let rights = extra.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
            _ => None,
        });
        rights.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Waits for the next line; `None` at the end of input.
    pub(super) fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.read.drain(..=end).collect()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Waits for the next value; `None` at the end of input.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        self.line()?.map(|line| Ok(serde_json::from_slice(&line)?)).transpose()
    }

    /// Reads once and returns every complete value; `None` at the end of input. Does not block if the socket is
    /// readable.
    pub(super) fn ready<T: DeserializeOwned>(&mut self) -> io::Result<Option<Vec<T>>> {
        if !self.fill()? {
            return Ok(None);
        }
        let mut values = Vec::new();
        while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.read.drain(..=end).collect();
            values.push(serde_json::from_slice(&line)?);
        }
        Ok(Some(values))
    }

    /// Reads everything up to the end of input.
    pub(super) fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill()? {}
        Ok(std::mem::take(&mut self.read))
    }

    pub(super) fn send<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.send_raw(&line)
    }

    pub(super) fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// Closes the sending direction.
    pub(super) fn close_sending(&self) -> io::Result<()> {
        self.socket.shutdown(std::net::Shutdown::Write)
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let read = self.socket.read(&mut buffer)?;
        self.read.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if self.read.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(read > 0)
    }
}

impl AsFd for LineSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
