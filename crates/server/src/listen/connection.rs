//! One connection, from its first byte to its last.

use super::framing::Framing;
use super::refusal::explained;
use crate::watch::{End, Watch, Watched};
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
/// How much is read at once, in bytes.
const READ: usize = 32 * 1024;

/// Where all connections of a shard read into: what is kept of it is copied out before the next one reads.
pub(super) type Scratch = Rc<RefCell<Box<[u8]>>>;

/// Room for the connections of one shard.
pub(super) fn scratch() -> Scratch {
    Rc::new(RefCell::new(vec![0; READ].into()))
}

/// How a turn of requests ended.
enum Turn {
    /// The connection is over, or has been given away.
    Over,
    /// Nothing is under way: it waits for its next request.
    Rests(TcpStream),
}

/// Serves a connection until it ends, with what `answer` makes of each request.
///
/// One that waits, for its first request or for the next, has nothing but its socket.
pub(super) async fn serve<A, F, B>(mut stream: TcpStream, watched: Watched, scratch: Scratch, answer: A)
where
    A: Fn(Request<Incoming>, Rc<Watch>) -> F,
    F: Future<Output = Response<B>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let watch = &watched.watch;
    while has_more(&stream, watch).await {
        // Boxed, so that the room goes with it.
        match Box::pin(speak(stream, watch, &scratch, &answer)).await {
            Turn::Over => return,
            Turn::Rests(back) => stream = back,
        }
    }
}

/// Waits for the next byte; `false` when the connection is to end without it.
async fn has_more(stream: &TcpStream, watch: &Watch) -> bool {
    loop {
        // Looked at by the sweep: a client that says nothing at all waits for its request, too.
        watch.nothing_came(false);
        tokio::select! {
            readable = stream.readable() => return readable.is_ok(),
            end = watch.ended() => match end {
                End::Now | End::Graceful => return false,
                End::Rest => {}
            },
        }
    }
}

async fn speak<A, F, B>(stream: TcpStream, watch: &Rc<Watch>, scratch: &Scratch, answer: &A) -> Turn
where
    A: Fn(Request<Incoming>, Rc<Watch>) -> F,
    F: Future<Output = Response<B>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let owed = Rc::new(Cell::new(false));
    let io = WatchedIo {
        stream,
        watch: Rc::clone(watch),
        scratch: Rc::clone(scratch),
        framing: Framing::default(),
        owed: Rc::clone(&owed),
        instead: None,
    };
    let service = service_fn(|request| {
        watch.request();
        owed.set(true);
        // Held for its request only: a connection that is idle, or streams, has no use for its room.
        let answered = Box::pin(answer(request, Rc::clone(watch)));
        let watch = Rc::clone(watch);
        async move {
            let response = answered.await;
            watch.answered();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new()
        // A client that has said all it has to say still gets its answer.
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(HEAD_MAX)
        .serve_connection(io, service);
    let rests = loop {
        tokio::select! {
            // A connection that breaks off has nobody left to be told.
            _ = Pin::new(&mut connection) => break false,
            end = watch.ended() => match end {
                End::Now => return Turn::Over,
                End::Graceful => Pin::new(&mut connection).graceful_shutdown(),
                // Unless its next request was quicker.
                End::Rest if watch.is_resting() => break true,
                End::Rest => {}
            },
        }
    };
    let parts = connection.into_parts();
    if rests && parts.read_buf.is_empty() {
        return Turn::Rests(parts.io.stream);
    }
    tunnel(watch, parts.io.stream, parts.read_buf).await;
    Turn::Over
}

/// What the connection has become, if it has become something else.
async fn tunnel(watch: &Watch, stream: TcpStream, early: Bytes) {
    let Some(tunnel) = watch.take_tunnel() else { return };
    tokio::select! {
        () = tunnel.run(stream, early) => {}
        // Nobody can tell when it would end: it is given up.
        _ = watch.ended() => {}
    }
}

/// A stream that tells its watch what goes on.
struct WatchedIo {
    stream: TcpStream,
    watch: Rc<Watch>,
    scratch: Scratch,
    framing: Framing,
    /// Whether the head of an answer of ours has still to be written.
    owed: Rc<Cell<bool>>,
    /// What is written instead of an empty answer of hyper's, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
}

impl WatchedIo {
    /// Writes what says more than `written`, when that is hyper's own answer to what is not HTTP; `None` when it is not.
    fn poll_explained(&mut self, cx: &mut Context<'_>, written: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            if self.owed.take() {
                return None;
            }
            self.instead = Some((explained(written)?, 0));
        }
        let (text, gone) = self.instead.as_mut()?;
        while let Some(rest) = text.get(*gone..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(count)) => *gone += count,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        self.instead = None;
        Some(Poll::Ready(Ok(written.len())))
    }

    /// Tells the watch when the client has closed its side. HTTP does not read while an answer is under
    /// way, but it flushes whenever the connection is looked at.
    fn heed_client(&self, cx: &mut Context<'_>) {
        // So that the connection is looked at again.
        if self.stream.poll_read_ready(cx).is_pending() {
            return;
        }
        let closed = match pin!(self.stream.ready(Interest::READABLE)).poll(cx) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if closed {
            self.watch.client_gone();
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
                this.watch.bytes_came(room.filled().len());
                this.framing.feed(room.filled());
                if this.framing.has_bare_line() {
                    this.watch.set_flawed();
                }
                buf.put_slice(room.filled());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => this.watch.nothing_came(this.framing.is_in_body()),
        }
        read
    }
}

impl Write for WatchedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.watch.bytes_go();
        if let Some(written) = self.poll_explained(cx, buf) {
            return written;
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.watch.heeds_client() {
            self.heed_client(cx);
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.watch.all_is_written();
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
        self.watch.bytes_go();
        let mut filled = bufs.iter().filter(|buf| !buf.is_empty());
        match (filled.next(), filled.next()) {
            (Some(only), None) => {
                if let Some(written) = self.poll_explained(cx, only) {
                    return written;
                }
            }
            // A head with a body behind it: an answer of ours.
            _ => self.owed.set(false),
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
