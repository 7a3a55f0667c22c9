//! An open connection, plain or encrypted.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use crate::stream::Stream;

/// An open connection. Dropping it closes the socket at once, even in the middle of a request.
pub(crate) enum Connection {
    Plain(Stream),
    Tls(Box<TlsStream<Stream>>),
}

impl Connection {
    /// Reads into `buffer`; returns 0 at the end of the stream.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let polled = match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, &mut buffer),
        };
        polled.map_ok(|()| buffer.filled().len())
    }

    /// Writes some bytes of `head`, followed by `body`.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        head: &[u8],
        body: &[u8],
    ) -> Poll<io::Result<usize>> {
        let ((only, []) | ([], only)) = (head, body) else {
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            return match self {
                Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, &slices),
                Self::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(cx, &slices),
            };
        };
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, only),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, only),
        }
    }

    /// Hands the bytes that are buffered for encryption to the kernel.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    /// Returns true if a failed write may have sent something. A plain socket has sent nothing, but TLS may have sent a
    /// part of a record.
    pub(crate) fn may_send_on_error(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Returns true if neither data nor the end of the stream has arrived, as far as the reactor knows. Makes no system
    /// call in that case.
    pub(crate) fn is_quiet(&mut self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_quiet(),
            // TLS session tickets may arrive at any time; they are no data.
            Self::Tls(_) => self.poll_read(&mut Context::from_waker(Waker::noop()), &mut [0]).is_pending(),
        }
    }

    /// Shuts the connection down, as a peer does, without the pool noticing.
    #[cfg(test)]
    pub(crate) fn cut(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let ended = match self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(&mut cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(&mut cx),
        };
        assert!(ended.is_ready());
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}
