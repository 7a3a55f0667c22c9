//! What carries the bytes of a connection: a TCP socket, or whatever another dialer gave.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What carries bytes both ways.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// A connection as a [`Dialer`](crate::Dialer) gave it.
pub struct Stream(Kind);

enum Kind {
    Tcp(TcpStream),
    Other(Box<dyn Duplex>),
}

impl Stream {
    pub(crate) const fn tcp(tcp: TcpStream) -> Self {
        Self(Kind::Tcp(tcp))
    }

    pub(crate) fn other(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self(Kind::Other(Box::new(stream)))
    }

    /// Whether nothing has come, no end either. For a socket as far as the reactor knows: that costs no system call
    /// while it is so.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut room = [0];
        match &mut self.0 {
            Kind::Tcp(tcp) => {
                matches!(tcp.try_read(&mut room), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
            }
            Kind::Other(other) => {
                let mut cx = Context::from_waker(Waker::noop());
                Pin::new(other).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_pending()
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn sends_at_once(&self) -> bool {
        matches!(&self.0, Kind::Tcp(tcp) if tcp.nodelay().unwrap())
    }
}

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_read(cx, room),
            Kind::Other(other) => Pin::new(other).poll_read(cx, room),
        }
    }
}

impl AsyncWrite for Stream {
    #[inline]
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Kind::Other(other) => Pin::new(other).poll_write(cx, bytes),
        }
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, pieces),
            Kind::Other(other) => Pin::new(other).poll_write_vectored(cx, pieces),
        }
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.is_write_vectored(),
            Kind::Other(other) => other.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Kind::Other(other) => Pin::new(other).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Kind::Other(other) => Pin::new(other).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.fmt(f),
            Kind::Other(_) => f.write_str("Other"),
        }
    }
}
