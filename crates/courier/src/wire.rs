//! The socket under a connection, and what is known about how much went through it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::client::TlsStream;

/// Counts the bytes a connection took, so that "nothing was sent" can be said with proof.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    written: Cell<u64>,
    armed: RefCell<Option<Armed>>,
}

#[derive(Debug)]
struct Armed {
    mark: u64,
    signal: oneshot::Sender<()>,
}

impl Meter {
    /// Bytes handed to the socket since it was opened (before encryption).
    pub(crate) fn written(&self) -> u64 {
        self.written.get()
    }

    /// Fires `signal` once everything queued from now on has left for the socket.
    pub(crate) fn arm(&self, signal: oneshot::Sender<()>) {
        *self.armed.borrow_mut() = Some(Armed { mark: self.written.get(), signal });
    }

    fn add(&self, count: usize) {
        self.written.set(self.written.get().saturating_add(count as u64));
    }

    /// The client flushes only once its own buffers are empty; before the first write that means nothing yet.
    fn flushed(&self) {
        let mut armed = self.armed.borrow_mut();
        if armed.as_ref().is_some_and(|armed| self.written.get() > armed.mark)
            && let Some(armed) = armed.take()
        {
            let _ = armed.signal.send(());
        }
    }
}

/// A plain or encrypted stream with its meter.
pub(crate) struct Wire {
    stream: Stream,
    meter: Rc<Meter>,
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(crate) fn new(stream: Stream, meter: Rc<Meter>) -> Self {
        Self { stream, meter }
    }

    fn counted(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match (&polled, &self.stream) {
            (Poll::Ready(Ok(count)), _) => self.meter.add(*count),
            // A failed write to a socket took nothing; one that failed under TLS may have sent part of a record.
            (Poll::Ready(Err(_)), Stream::Tls(_)) => self.meter.add(1),
            _ => {}
        }
        polled
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("meter", &self.meter).finish_non_exhaustive()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match &mut this.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        };
        this.counted(polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match &mut this.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Stream::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        };
        this.counted(polled)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(tcp) => tcp.is_write_vectored(),
            Stream::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        if let Poll::Ready(Ok(())) = polled {
            this.meter.flushed();
        }
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
