//! The request as it goes out: ours first, then the caller's headers without those that belong to the connection.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Method;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use crate::target::Target;
use crate::wire::Wire;

/// A body up to this long is copied behind the head: cheaper than handing the kernel two pieces.
const COPIED: usize = 8 * 1024;

/// Room for a head without looking at its headers first.
const HEAD_ROOM: usize = 1024;

/// A request written out, and how much of it has gone. Not for showing: it holds credentials.
pub(crate) struct Parcel {
    /// The head, and the body when that is small.
    head: Vec<u8>,
    body: Bytes,
    gone: usize,
    touched: bool,
    whole: bool,
    written: Option<oneshot::Sender<()>>,
}

impl Parcel {
    /// Dresses the caller's headers and body for the wire.
    pub(crate) fn new(
        target: &Target,
        method: &Method,
        headers: &HeaderMap,
        body: Bytes,
        preamble: &[u8],
    ) -> Self {
        let small = body.len() <= COPIED;
        let mut head = Vec::with_capacity(HEAD_ROOM + if small { body.len() } else { 0 });
        head.extend_from_slice(method.as_str().as_bytes());
        head.extend_from_slice(target.preamble());
        head.extend_from_slice(preamble);
        if !body.is_empty() || *method != Method::GET && *method != Method::HEAD {
            head.extend_from_slice(b"content-length: ");
            put_number(&mut head, body.len());
            head.extend_from_slice(b"\r\n");
        }
        put_headers(&mut head, headers);
        head.extend_from_slice(b"\r\n");
        if small {
            head.extend_from_slice(&body);
        }
        let body = if small { Bytes::new() } else { body };
        Self { head, body, gone: 0, touched: false, whole: false, written: None }
    }

    /// Fires `signal` once the request has gone whole.
    pub(crate) fn tell(&mut self, signal: Option<oneshot::Sender<()>>) {
        self.written = signal;
    }

    /// Whether some of it may have left this process.
    pub(crate) fn is_touched(&self) -> bool {
        self.touched
    }

    /// Whether all of it has been handed to the kernel.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Sends what is left of it; ready once the kernel has it whole.
    pub(crate) fn poll_send(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.gone < self.head.len() + self.body.len() {
            let head = self.head.get(self.gone..).unwrap_or_default();
            let body = self.body.get(self.gone.saturating_sub(self.head.len())..).unwrap_or_default();
            match ready!(wire.poll_write(cx, head, body)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    self.touched = true;
                    self.gone += count;
                }
                Err(error) => {
                    self.touched |= wire.fails_in_part();
                    return Poll::Ready(Err(error));
                }
            }
        }
        ready!(wire.poll_flush(cx))?;
        self.whole = true;
        if let Some(signal) = self.written.take() {
            // Whoever wanted to know may have gone.
            let _ = signal.send(());
        }
        Poll::Ready(Ok(()))
    }
}

/// The lines that are the same in every request of a process.
pub(crate) fn preamble(user_agent: &HeaderValue) -> Box<[u8]> {
    [b"user-agent: ", user_agent.as_bytes(), b"\r\naccept-encoding: identity\r\n"].concat().into()
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Writes the headers, but for what describes the connection or its framing rather than the message (RFC 9110 §7.6.1)
/// and what is ours to say.
fn put_headers(out: &mut Vec<u8>, headers: &HeaderMap) {
    let named = if headers.contains_key(CONNECTION) { named_by_connection(headers) } else { Vec::new() };
    for (name, value) in headers {
        if is_ours(name.as_str()) || named.contains(name) {
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

fn is_ours(name: &str) -> bool {
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
