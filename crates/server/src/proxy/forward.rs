//! One request to an app, and what came back.

use super::headers;
use super::refusal::Refusal;
use crate::page::{Mask, Masked};
use crate::state::Local;
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

/// How long an app may take to begin its answer. How long it takes to end it is its client's business.
const BEGIN: Duration = Duration::from_mins(5);

/// Proves to the app that the request comes from this server.
const SECRET: HeaderName = HeaderName::from_static(RUN_SECRET);

/// The media type of server-sent events.
const EVENTS: &[u8] = b"text/event-stream";

/// What does not change from one router to the next.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// In origin form.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// Whether it asks for another protocol.
    pub(super) upgrades: bool,
}

impl Outgoing {
    /// Sends it, with this body.
    pub(super) async fn send(
        &self,
        local: &Local,
        reach: &AppConnection,
        body: RelayBody,
    ) -> Result<Relayed, Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(secret) = reach.secret() {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| Refusal::Fault)?;
            value.set_sensitive(true);
            request.headers_mut().insert(SECRET, value);
        }
        if !self.headers.contains_key(HOST) {
            // HTTP/1.0 can do without, HTTP/1.1 cannot.
            let host = HeaderValue::from_str(&reach.address.to_string()).map_err(|_| Refusal::Fault)?;
            request.headers_mut().insert(HOST, host);
        }
        let begun = tokio::time::timeout(BEGIN, local.relay.send(reach.address, request)).await;
        Ok(begun.map_err(|_| Refusal::Late)??)
    }

    /// The same, and once more to the app's next run when this one has ended instead of answering and nothing
    /// speaks against it: nothing was sent, or repeating it changes nothing.
    pub(super) async fn send_on(
        &self,
        local: &Local,
        name: &str,
        reach: AppConnection,
        body: RelayBody,
    ) -> Result<(Relayed, AppConnection), Refusal> {
        let spare = body.is_end_stream();
        let came = self.send(local, &reach, body).await;
        let again = match &came {
            Err(Refusal::Unreachable) => spare,
            Err(Refusal::Closed) => spare && self.method.is_idempotent(),
            _ => false,
        };
        if !again || !reach.has_ended().await {
            return Ok((came?, reach));
        }
        drop(reach);
        let reach = local.shared.engine.connect_app(name).await?;
        let relayed = self.send(local, &reach, RelayBody::whole(Bytes::new())).await?;
        Ok((relayed, reach))
    }

    /// What came back as the client gets it. The app is in use until the last byte.
    pub(super) fn answer(
        &self,
        relayed: Relayed,
        reach: AppConnection,
        mask: Option<Mask>,
        watch: &Rc<Watch>,
    ) -> Result<Response<Body>, Refusal> {
        match relayed {
            Relayed::Answer(answer) if headers::is_coded(answer.headers()) => Err(Refusal::Broken),
            Relayed::Answer(answer) => {
                let (mut head, body) = answer.into_parts();
                headers::to_client(&mut head.headers);
                if let Some(mask) = &mask {
                    mask.headers(&mut head.headers);
                }
                head.version = Version::HTTP_11;
                let length = length(&head.headers);
                Ok(Response::from_parts(
                    head,
                    stream::streamed(Masked::new(body, mask), reach, length, watch),
                ))
            }
            Relayed::Switched(answer, switched) if self.upgrades => {
                let mut answer = answer.map(|()| stream::whole(Full::new(Bytes::new())));
                headers::to_client_switching(answer.headers_mut());
                *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                watch.set_tunnel(Tunnel::new(switched, reach));
                Ok(answer)
            }
            // Nobody asked for that.
            Relayed::Switched(..) => Err(Refusal::Broken),
        }
    }
}

/// Events that a server sends have no last one.
fn length(headers: &HeaderMap) -> Length {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let events = kind.get(..EVENTS.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(EVENTS));
    if events { Length::Endless } else { Length::Finite }
}

/// This path and query in origin form: their bytes as they came.
pub(super) fn origin_form(path: &str, query: Option<&str>) -> Result<Uri, Refusal> {
    let text = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    Uri::try_from(text).map_err(|_| Refusal::Nothing)
}

/// The scheme that clients of this server use.
pub(super) fn scheme(local: &Local) -> &'static str {
    if local.shared.public_url.starts_with("https:") { "https" } else { "http" }
}
