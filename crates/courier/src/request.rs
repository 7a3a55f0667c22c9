//! Writes a request: first the headers of the courier, then those of the caller that do not belong to the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use crate::connection::Connection;
use crate::target::Target;

/// A body up to this size is copied behind the head, which is cheaper than two buffers for the kernel.
const MAX_COPIED_BODY: usize = 8 * 1024;

/// The first capacity of the buffer for the head, in bytes.
const HEAD_CAPACITY: usize = 1024;

/// A request in wire format, and how much of it was sent. Has no `Debug`, because it holds credentials.
pub(crate) struct RequestWriter {
    /// The head, and the body if it is small.
    head: Vec<u8>,
    /// The body if it is not small.
    body: Bytes,
    sent: usize,
    may_be_sent: bool,
    is_complete: bool,
    on_written: Option<oneshot::Sender<()>>,
    /// The number of bytes after which the request is held back, and until when.
    hold: Option<(usize, Pin<Box<Sleep>>)>,
}

impl RequestWriter {
    /// Serializes a request, without its connection headers.
    pub(crate) fn new(
        target: &Target,
        method: &Method,
        headers: &HeaderMap,
        body: Bytes,
        preamble: &[u8],
    ) -> Self {
        let is_small = body.len() <= MAX_COPIED_BODY;
        let mut head = Vec::with_capacity(HEAD_CAPACITY + if is_small { body.len() } else { 0 });
        head.extend_from_slice(method.as_str().as_bytes());
        head.extend_from_slice(target.preamble());
        head.extend_from_slice(preamble);
        if !body.is_empty() || *method != Method::GET && *method != Method::HEAD {
            head.extend_from_slice(b"content-length: ");
            head.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        write_headers(&mut head, headers);
        head.extend_from_slice(b"\r\n");
        if is_small {
            head.extend_from_slice(&body);
        }
        let body = if is_small { Bytes::new() } else { body };
        Self { head, body, sent: 0, may_be_sent: false, is_complete: false, on_written: None, hold: None }
    }

    /// The headers as they are sent, in order.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(&self.head);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let pair =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        head.lines().skip(1).filter_map(pair).collect()
    }

    /// Fires `signal` once the complete request is written.
    pub(crate) fn notify_when_written(&mut self, signal: Option<oneshot::Sender<()>>) {
        self.on_written = signal;
    }

    /// Holds the second half of the body back for a while.
    pub(crate) fn hold_second_half(&mut self, pause: Duration) {
        let body_at = self.head.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
        // Small bodies follow the head in the same buffer; of larger ones, everything is held back.
        let half = usize::midpoint(body_at, self.head.len());
        self.hold = Some((half, Box::pin(sleep(pause))));
    }

    /// Returns true if the receiver may have got a part of the request.
    pub(crate) fn may_be_sent(&self) -> bool {
        self.may_be_sent
    }

    /// Returns true once the kernel has accepted the complete request.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Sends the rest of the request. Ready once the kernel has accepted all of it.
    pub(crate) fn poll_send(
        &mut self,
        connection: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.head.len() + self.body.len() {
            if let Some((half, over)) = &mut self.hold
                && self.sent >= *half
            {
                ready!(over.as_mut().poll(cx));
                self.hold = None;
            }
            let end = self.hold.as_ref().map_or(usize::MAX, |(half, _)| *half);
            let head = self.head.get(self.sent..self.head.len().min(end)).unwrap_or_default();
            let body = self.body.get(self.sent.saturating_sub(self.head.len())..).unwrap_or_default();
            let body = if self.hold.is_some() { &[] } else { body };
            match ready!(connection.poll_write(cx, head, body)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    self.may_be_sent = true;
                    self.sent += count;
                }
                Err(error) => {
                    self.may_be_sent |= connection.may_send_on_error();
                    return Poll::Ready(Err(error));
                }
            }
        }
        ready!(connection.poll_flush(cx))?;
        self.is_complete = true;
        if let Some(signal) = self.on_written.take() {
            // The receiver may have been dropped.
            let _ = signal.send(());
        }
        Poll::Ready(Ok(()))
    }
}

/// The header lines that are the same in every request of a process.
pub(crate) fn preamble(user_agent: &HeaderValue) -> Box<[u8]> {
    [b"user-agent: ", user_agent.as_bytes(), b"\r\naccept-encoding: identity\r\n"].concat().into()
}

/// Writes the headers of the caller, without those that describe the connection (RFC 9110 §7.6.1) and those that the
/// courier writes itself.
fn write_headers(out: &mut Vec<u8>, headers: &HeaderMap) {
    let named = if headers.contains_key(CONNECTION) { named_by_connection(headers) } else { Vec::new() };
    for (name, value) in headers {
        if is_reserved(name.as_str()) || named.contains(name) {
            continue;
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "accept-encoding"
            | "connection"
            | "content-length"
            | "expect"
            | "host"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "user-agent"
    )
}
