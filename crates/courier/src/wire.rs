//! What is under a connection, plain or encrypted, as an exchange uses it.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use crate::stream::Stream;

/// One open connection. Dropping it closes the socket at once, whatever is going on.
pub(crate) enum Wire {
    Plain(Stream),
    Tls(Box<TlsStream<Stream>>),
}

impl Wire {
    /// Reads into `room`; 0 is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(room);
        let polled = match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, &mut buffer),
        };
        polled.map_ok(|()| buffer.filled().len())
    }

    /// Writes some of two pieces that follow each other.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        head: &[u8],
        body: &[u8],
    ) -> Poll<io::Result<usize>> {
        let ((only, []) | ([], only)) = (head, body) else {
            let both = [IoSlice::new(head), IoSlice::new(body)];
            return match self {
                Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, &both),
                Self::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(cx, &both),
            };
        };
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, only),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, only),
        }
    }

    /// Hands the kernel what encryption still holds.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    /// Whether a write that failed may have sent something: a socket took nothing, but TLS may have sent part of a record.
    pub(crate) fn fails_in_part(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Whether nothing has come, no end either, as far as the reactor knows. Costs no system call while that is so.
    pub(crate) fn is_quiet(&mut self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_quiet(),
            // Session tickets come when nothing is asked; they are no data.
            Self::Tls(_) => self.poll_read(&mut Context::from_waker(Waker::noop()), &mut [0]).is_pending(),
        }
    }

    /// Ends it the way a peer does: behind the back of whoever uses it next.
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

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}
