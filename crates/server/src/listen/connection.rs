//! One connection, from its first byte to its last.

use super::refusal::explained;
use crate::watch::{End, Watch, Watched};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// The largest head of a request, in bytes.
const HEAD_MAX: usize = 64 * 1024;

/// Serves a connection until it ends, with what `answer` makes of each request.
pub(super) async fn serve<A, F, B>(stream: TcpStream, watched: Watched, answer: A)
where
    A: Fn(Request<Incoming>, Rc<Watch>) -> F,
    F: Future<Output = Response<B>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let watch = Rc::clone(&watched.watch);
    let owed = Rc::new(Cell::new(false));
    let io = WatchedIo {
        io: TokioIo::new(stream),
        watch: Rc::clone(&watch),
        owed: Rc::clone(&owed),
        instead: None,
    };
    let service = service_fn(|request| {
        watch.request();
        owed.set(true);
        // Held for its request only: a connection that is idle, or streams, has no use for its room.
        let answered = Box::pin(answer(request, Rc::clone(&watch)));
        let watch = Rc::clone(&watch);
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
    loop {
        tokio::select! {
            // A connection that breaks off has nobody left to be told.
            _ = Pin::new(&mut connection) => break,
            end = watched.watch.ended() => match end {
                End::Now => return,
                End::Graceful => Pin::new(&mut connection).graceful_shutdown(),
            },
        }
    }
    let Some(tunnel) = watched.watch.take_tunnel() else { return };
    let parts = connection.into_parts();
    tokio::select! {
        () = tunnel.run(parts.io.io.into_inner(), parts.read_buf) => {}
        // Nobody can tell when it would end: it is given up.
        _ = watched.watch.ended() => {}
    }
}

/// A stream that tells its watch when bytes come in.
struct WatchedIo {
    io: TokioIo<TcpStream>,
    watch: Rc<Watch>,
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
            match Pin::new(&mut self.io).poll_write(cx, rest) {
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
        let stream = self.io.inner();
        // So that the connection is looked at again.
        if stream.poll_read_ready(cx).is_pending() {
            return;
        }
        let closed = match pin!(stream.ready(Interest::READABLE)).poll(cx) {
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
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.watch.bytes_came();
        }
        read
    }
}

impl Write for WatchedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(written) = self.poll_explained(cx, buf) {
            return written;
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.watch.heeds_client() {
            self.heed_client(cx);
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
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
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
