//! Serves the requests of one connection.

use super::framing::Framing;
use super::http_error::explained;
use super::linger::Closing;
use crate::tunnel::Tunnel;
use crate::watch::{End, Watch, WatchGuard};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The largest head of a request, in bytes.
const HEAD_MAX: usize = 64 * 1024;
/// The most bytes that one read returns.
const READ: usize = 32 * 1024;

/// The read buffer that all connections of a shard share. Each read copies what it got before the next one.
pub(super) type Scratch = Rc<RefCell<Box<[u8]>>>;

/// Creates the read buffer of one shard.
pub(super) fn scratch() -> Scratch {
    Rc::new(RefCell::new(vec![0; READ].into()))
}

/// How a series of requests on a connection ended.
enum Served {
    /// The connection is closed, or was handed to a tunnel.
    Closed,
    /// No request is in progress: the connection waits for the next one.
    Idle(TcpStream),
}

/// Serves a connection until it ends. `answer` handles each request.
///
/// A connection that waits for a request holds only its socket.
pub(super) async fn serve<A, F, B>(mut stream: TcpStream, watched: WatchGuard, scratch: Scratch, answer: A)
where
    A: Fn(Request<Incoming>, Rc<Watch>) -> F,
    F: Future<Output = Response<B>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let watch = &watched.watch;
    while readable(&stream, watch).await {
        // Boxed, so that its memory is freed when the connection parks.
        match Box::pin(serve_http(stream, watch, &scratch, &answer)).await {
            Served::Closed => return,
            Served::Idle(back) => stream = back,
        }
    }
}

/// Waits for the next byte; `false` if the connection must end first.
async fn readable(stream: &TcpStream, watch: &Watch) -> bool {
    loop {
        // The idle deadline also applies to a client that sends nothing at all.
        watch.read_pending(false);
        tokio::select! {
            readable = stream.readable() => return readable.is_ok(),
            end = watch.end_requested() => match end {
                End::Now | End::Graceful => return false,
                End::Park => {}
            },
        }
    }
}

async fn serve_http<A, F, B>(stream: TcpStream, watch: &Rc<Watch>, scratch: &Scratch, answer: &A) -> Served
where
    A: Fn(Request<Incoming>, Rc<Watch>) -> F,
    F: Future<Output = Response<B>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let answer_pending = Rc::new(Cell::new(false));
    let io = WatchedIo {
        stream,
        watch: Rc::clone(watch),
        scratch: Rc::clone(scratch),
        framing: Framing::default(),
        answer_pending: Rc::clone(&answer_pending),
        replacement: None,
    };
    let service = service_fn(|request| {
        watch.request_started();
        answer_pending.set(true);
        // Boxed for the time of the request only: an idle or streaming connection does not need this memory.
        let answered = Box::pin(answer(request, Rc::clone(watch)));
        let watch = Rc::clone(watch);
        async move {
            let response = answered.await;
            watch.answer_ready();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new()
        // A client that has closed its sending side still gets its answer.
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(HEAD_MAX)
        .serve_connection(io, service);
    let ended = loop {
        tokio::select! {
            ended = Pin::new(&mut connection) => break Some(ended),
            end = watch.end_requested() => match end {
                End::Now => return Served::Closed,
                End::Graceful => Pin::new(&mut connection).graceful_shutdown(),
                // Unless the next request has arrived meanwhile.
                End::Park if watch.is_parked() => break None,
                End::Park => {}
            },
        }
    };
    let parts = connection.into_parts();
    if ended.is_none() && parts.read_buf.is_empty() {
        return Served::Idle(parts.io.stream);
    }
    let WatchedIo { stream, framing, .. } = parts.io;
    match watch.take_tunnel() {
        Some(tunnel) => run_tunnel(watch, tunnel, stream, parts.read_buf).await,
        None => {
            Closing { stream, framing, failed: matches!(ended, Some(Err(_))) }.close(watch, scratch).await;
        }
    }
    Served::Closed
}

/// Runs the tunnel that the connection has turned into.
async fn run_tunnel(watch: &Watch, tunnel: Tunnel, stream: TcpStream, early: Bytes) {
    tokio::select! {
        () = tunnel.run(stream, early) => {}
        // A tunnel has no known end, so it is dropped.
        _ = watch.end_requested() => {}
    }
}

/// A stream that reports its activity to the watch.
struct WatchedIo {
    stream: TcpStream,
    watch: Rc<Watch>,
    scratch: Scratch,
    framing: Framing,
    /// True while the head of an answer of this server still has to be written.
    answer_pending: Rc<Cell<bool>>,
    /// The text that replaces an empty error answer of hyper, and how many bytes of it are written.
    replacement: Option<(Vec<u8>, usize)>,
}

impl WatchedIo {
    /// Writes an answer with an explanation if `written` is hyper's empty answer to invalid HTTP; `None` otherwise.
    fn poll_explained(&mut self, cx: &mut Context<'_>, written: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.replacement.is_none() {
            if self.answer_pending.take() {
                return None;
            }
            self.replacement = Some((explained(written)?, 0));
        }
        let (text, sent) = self.replacement.as_mut()?;
        while let Some(rest) = text.get(*sent..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(count)) => *sent += count,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        self.replacement = None;
        Some(Poll::Ready(Ok(written.len())))
    }

    /// Reports to the watch that the client has closed its side. hyper does not read while an answer is in progress, but it
    /// flushes at every poll.
    fn check_client_close(&self, cx: &mut Context<'_>) {
        // Registers the task to be polled when the socket becomes readable.
        if self.stream.poll_read_ready(cx).is_pending() {
            return;
        }
        let closed = match pin!(self.stream.ready(Interest::READABLE)).poll(cx) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if closed {
            self.watch.client_closed();
        }
    }
}

impl Read for WatchedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut scratch = this.scratch.borrow_mut();
        let count = scratch.len().min(buf.remaining());
        let mut room = ReadBuf::new(scratch.get_mut(..count).unwrap_or_default());
        let read = Pin::new(&mut this.stream).poll_read(cx, &mut room);
        match &read {
            Poll::Ready(Ok(())) => {
                this.watch.bytes_received(room.filled().len());
                this.framing.feed(room.filled());
                if this.framing.has_bare_line_feed() {
                    this.watch.set_bare_line_feed();
                }
                buf.put_slice(room.filled());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => this.watch.read_pending(this.framing.is_in_body()),
        }
        read
    }
}

impl Write for WatchedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.watch.write_started();
        if let Some(written) = self.poll_explained(cx, buf) {
            return written;
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.watch.wants_client_close() {
            self.check_client_close(cx);
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.watch.write_flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch.write_started();
        let mut filled = bufs.iter().filter(|buf| !buf.is_empty());
        match (filled.next(), filled.next()) {
            (Some(only), None) => {
                if let Some(written) = self.poll_explained(cx, only) {
                    return written;
                }
            }
            // A head with a body is an answer of this server.
            _ => self.answer_pending.set(false),
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
