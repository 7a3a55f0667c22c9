//! A client's connection, borrowed by its Socket.IO session: the connection's task learns when the session drops it.

use bytes::{Buf as _, Bytes};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A connection, with the bytes that the client has sent already.
#[derive(Debug)]
pub(super) struct BorrowedStream {
    early: Bytes,
    stream: TcpStream,
    _dropped: oneshot::Sender<()>,
}

impl BorrowedStream {
    /// Returns the connection, and a future that completes when it is dropped.
    pub(super) fn new(stream: TcpStream, early: Bytes) -> (Self, impl Future<Output = ()> + 'static) {
        let (sender, receiver) = oneshot::channel();
        let returned = async move {
            let _ = receiver.await;
        };
        (Self { early, stream, _dropped: sender }, returned)
    }
}

impl AsyncRead for BorrowedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let count = self.early.len().min(buf.remaining());
        buf.put_slice(self.early.get(..count).unwrap_or_default());
        self.early.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BorrowedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
