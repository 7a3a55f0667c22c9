//! One request to an app, and what came back.

use super::headers;
use super::refusal::Refusal;
use crate::state::Local;
use crate::stream::{self, Body};
use crate::tunnel::Tunnel;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{Reach, RelayBody, Relayed};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use std::rc::Rc;
use std::time::Duration;

/// How long an app may take to begin its answer. How long it takes to end it is its client's business.
const BEGIN: Duration = Duration::from_mins(5);

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
        reach: &Reach,
        body: RelayBody,
    ) -> Result<Relayed, Refusal> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let begun = tokio::time::timeout(BEGIN, local.relay.send(reach.address, request)).await;
        Ok(begun.map_err(|_| Refusal::Late)??)
    }

    /// What came back as the client gets it. The app is in use until the last byte.
    pub(super) fn answer(
        &self,
        relayed: Relayed,
        reach: Reach,
        watch: &Rc<Watch>,
    ) -> Result<Response<Body>, Refusal> {
        match relayed {
            Relayed::Answer(answer) => {
                let (mut head, body) = answer.into_parts();
                headers::to_client(&mut head.headers);
                head.version = Version::HTTP_11;
                Ok(Response::from_parts(head, stream::streamed(body, reach, watch)))
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
