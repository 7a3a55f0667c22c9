//! A byte stream in both directions: a TCP socket, or the stream of another dialer.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A byte stream in both directions.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// The stream of a connection that a [`Dialer`](crate::Dialer) has opened.
pub struct Stream(StreamKind);

enum StreamKind {
    Tcp(TcpStream),
    Other(Box<dyn Duplex>),
}

impl Stream {
    pub(crate) const fn tcp(tcp: TcpStream) -> Self {
        Self(StreamKind::Tcp(tcp))
    }

    pub(crate) fn other(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self(StreamKind::Other(Box::new(stream)))
    }

    /// Returns true if neither data nor the end of the stream has arrived. A socket asks only the reactor, which makes no
    /// system call in that case.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        match &mut self.0 {
            StreamKind::Tcp(tcp) => {
                matches!(tcp.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
            }
            StreamKind::Other(other) => {
                let mut cx = Context::from_waker(Waker::noop());
                Pin::new(other).poll_read(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn sends_at_once(&self) -> bool {
        matches!(&self.0, StreamKind::Tcp(tcp) if tcp.nodelay().unwrap())
    }
}

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            StreamKind::Other(other) => Pin::new(other).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            StreamKind::Other(other) => Pin::new(other).poll_write(cx, bytes),
        }
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            StreamKind::Other(other) => Pin::new(other).poll_write_vectored(cx, slices),
        }
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            StreamKind::Tcp(tcp) => tcp.is_write_vectored(),
            StreamKind::Other(other) => other.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            StreamKind::Other(other) => Pin::new(other).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            StreamKind::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            StreamKind::Other(other) => Pin::new(other).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            StreamKind::Tcp(tcp) => tcp.fmt(f),
            StreamKind::Other(_) => f.write_str("Other"),
        }
    }
}
