//! The request as it goes out: the caller's headers without those that belong to the connection, ours last.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{Method, Request};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use crate::target::Target;
use crate::wire::Meter;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// A request body in one piece that tells when it has been written whole.
#[derive(Debug)]
pub(crate) struct Parcel {
    data: Bytes,
    meter: Option<Rc<Meter>>,
    written: Option<oneshot::Sender<()>>,
}

impl Parcel {
    pub(crate) fn new(data: Bytes, written: Option<oneshot::Sender<()>>) -> Self {
        Self { data, meter: None, written }
    }

    /// Puts the parcel on a connection; called again when it comes back unsent and goes on another.
    pub(crate) fn load(&mut self, meter: &Rc<Meter>) {
        if self.written.is_none() {
            return;
        }
        if self.data.is_empty() {
            // An empty body is never asked for: the head alone is the whole request.
            self.written.take().into_iter().for_each(|signal| meter.arm(signal));
        } else {
            self.meter = Some(Rc::clone(meter));
        }
    }
}

impl Body for Parcel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.data.is_empty() {
            return Poll::Ready(None);
        }
        if let (Some(meter), Some(signal)) = (this.meter.take(), this.written.take()) {
            meter.arm(signal);
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.data)))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.len() as u64)
    }
}

/// Dresses the caller's headers and body for the wire.
pub(crate) fn build(
    target: &Target,
    method: Method,
    mut headers: HeaderMap,
    parcel: Parcel,
    user_agent: &HeaderValue,
) -> Request<Parcel> {
    strip(&mut headers);
    headers.insert(HOST, target.host_header().clone());
    headers.insert(USER_AGENT, user_agent.clone());
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if !parcel.data.is_empty() || method != Method::GET && method != Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(parcel.data.len()));
    }
    let mut request = Request::new(parcel);
    *request.method_mut() = method;
    *request.uri_mut() = target.uri().clone();
    *request.headers_mut() = headers;
    request
}

/// Takes out what describes the connection or its framing rather than the message (RFC 9110 §7.6.1).
fn strip(headers: &mut HeaderMap) {
    if !headers.keys().any(is_of_the_connection) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let fixed = headers.keys().filter(|name| is_of_the_connection(name)).cloned();
    for name in fixed.collect::<Vec<_>>().into_iter().chain(named) {
        headers.remove(name);
    }
}

fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        *name,
        CONNECTION
            | CONTENT_LENGTH
            | EXPECT
            | HOST
            | PROXY_AUTHENTICATE
            | PROXY_AUTHORIZATION
            | TE
            | TRAILER
            | TRANSFER_ENCODING
            | UPGRADE
    ) || *name == KEEP_ALIVE
        || *name == PROXY_CONNECTION
}
