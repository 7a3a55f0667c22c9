//! Sends one request to an app and turns its answer into the answer for the client.

use super::headers;
use super::proxy_error::ProxyError;
use crate::page::{MaskedBody, TokenMask};
use crate::sign_out::{SignOut, UntilSignOut};
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::tunnel::Tunnel;
use crate::watch::{Length, Watch};
use bytes::Bytes;
use footbridge_engine::{AppConnection, RelayBody, Relayed};
use footbridge_model::run::RUN_SECRET;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use http_body_util::Full;
use std::rc::Rc;
use std::time::Duration;

/// The longest time until an app begins its answer. The rest of the answer has no limit.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(5);

/// Header that authenticates the server to the app.
const SECRET: HeaderName = HeaderName::from_static(RUN_SECRET);

/// Media type of server-sent events.
const EVENT_STREAM: &[u8] = b"text/event-stream";

/// A request to an app. It is the same for each of several routers, except for the router's name.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// The URI in origin form.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// True if the request asks for a WebSocket.
    pub(super) upgrades: bool,
}

impl Outgoing {
    /// Sends the request with this body.
    pub(super) async fn send(
        &self,
        local: &ShardState,
        reach: &AppConnection,
        body: RelayBody,
    ) -> Result<Relayed, ProxyError> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(secret) = reach.secret() {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| ProxyError::Fault)?;
            value.set_sensitive(true);
            request.headers_mut().insert(SECRET, value);
        }
        if !self.headers.contains_key(HOST) {
            // HTTP/1.0 allows requests without `Host`, HTTP/1.1 does not.
            let host = HeaderValue::from_str(&reach.address.to_string()).map_err(|_| ProxyError::Fault)?;
            request.headers_mut().insert(HOST, host);
        }
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, local.relay.send(reach.address, request)).await;
        Ok(answer.map_err(|_| ProxyError::TimedOut)??)
    }

    /// Sends the request, and repeats it once to the app's next run if the current run ended without an answer and repeating
    /// is safe: nothing was sent, or the method is idempotent and the request has no body.
    pub(super) async fn send_with_retry(
        &self,
        local: &ShardState,
        name: &str,
        reach: AppConnection,
        body: RelayBody,
    ) -> Result<(Relayed, AppConnection), ProxyError> {
        let no_body = body.is_end_stream();
        let result = self.send(local, &reach, body).await;
        let repeatable = match &result {
            Err(ProxyError::Unreachable) => no_body,
            Err(ProxyError::Closed) => no_body && self.method.is_idempotent(),
            _ => false,
        };
        if !repeatable || !reach.has_ended().await {
            return Ok((result?, reach));
        }
        drop(reach);
        let reach = local.shared.engine.connect_app(name).await?;
        let relayed = self.send(local, &reach, RelayBody::complete(Bytes::new())).await?;
        Ok((relayed, reach))
    }

    /// Returns the answer for the client. The app counts as in use until its last byte. `ended` completes when the user who
    /// asked is signed out: then the answer breaks off.
    pub(super) fn answer(
        &self,
        relayed: Relayed,
        reach: AppConnection,
        mask: Option<TokenMask>,
        ended: Option<SignOut>,
        watch: &Rc<Watch>,
    ) -> Result<Response<Body>, ProxyError> {
        match relayed {
            Relayed::Answer(answer) if headers::has_unsupported_coding(answer.headers()) => {
                Err(ProxyError::Invalid)
            }
            Relayed::Answer(answer) => {
                let (mut head, body) = answer.into_parts();
                headers::to_client(&mut head.headers);
                if let Some(mask) = &mask {
                    mask.headers(&mut head.headers);
                }
                head.version = Version::HTTP_11;
                let length = length(&head.headers);
                let body = UntilSignOut::new(MaskedBody::new(body, mask), ended);
                Ok(Response::from_parts(head, stream::streamed(body, reach, length, watch)))
            }
            Relayed::Switched(answer, switched) if self.upgrades => {
                let mut answer = answer.map(|()| stream::full(Full::new(Bytes::new())));
                headers::to_client_switching(answer.headers_mut());
                *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                watch.set_tunnel(Tunnel::new(switched, reach, ended));
                Ok(answer)
            }
            // The client did not ask for another protocol.
            Relayed::Switched(..) => Err(ProxyError::Invalid),
        }
    }
}

/// Server-sent events have no end.
fn length(headers: &HeaderMap) -> Length {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let events = kind.get(..EVENT_STREAM.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(EVENT_STREAM));
    if events { Length::Endless } else { Length::Finite }
}

/// Returns a path and query in origin form, byte for byte.
pub(super) fn origin_form(path: &str, query: Option<&str>) -> Result<Uri, ProxyError> {
    let text = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    Uri::try_from(text).map_err(|_| ProxyError::NotFound)
}

/// Returns the scheme that clients of this server use.
pub(super) fn scheme(local: &ShardState) -> &'static str {
    if local.shared.public_url.starts_with("https:") { "https" } else { "http" }
}
