//! Routers that apps mount on the server. They are asked in order until one answers.

use super::forward::{Outgoing, origin_form, scheme};
use super::headers::{self, CALLER, ForwardedClient, NEXT, ROUTER, USER};
use super::proxy_error::ProxyError;
use super::visit::{self, Visit};
use super::{cookies, origin_headers};
use crate::body;
use crate::credential::{APP_TOKEN, app_token};
use crate::page::worker_removal;
use crate::state::ShardState;
use crate::stream::Body;
use crate::watch::Watch;
use bytes::{Bytes, BytesMut};
use footbridge_engine::{MountedRouter, RelayBody, Relayed};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;

/// The caller that a router gets for a token of no app. No app has this name.
const UNKNOWN_CALLER: HeaderValue = HeaderValue::from_static("?");

/// The largest body that is buffered for the next router, in bytes.
const BUFFER_MAX: usize = 1 << 20;

/// Returns the routers that may answer a request: those on its path, and of system apps only under the host name of visitors.
pub(crate) fn mounted(local: &ShardState, uri: &Uri, headers: &HeaderMap) -> Vec<MountedRouter> {
    let mut mounted = local.shared.engine.routers_at(uri.path());
    if !mounted.is_empty() && visit::is_visited_host(local, uri, headers) {
        mounted.retain(|router| is_system(local, router));
    }
    mounted
}

fn is_system(local: &ShardState, router: &MountedRouter) -> bool {
    let entry = local.shared.engine.app(&router.app).ok();
    entry.and_then(|entry| entry.app.package.as_deref().map(|package| package.system)).unwrap_or_default()
}

/// Relays a request to the routers that are mounted on its path.
pub(crate) async fn routers(
    local: &ShardState,
    mounted: Vec<MountedRouter>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    watch.watch_client_close();
    let (head, incoming) = request.into_parts();
    let outgoing = match outgoing(local, &head, peer) {
        Ok(outgoing) => outgoing,
        Err(error) => {
            body::discard(&head.headers, incoming);
            return error.render();
        }
    };
    let visit = Visit::of(local, &head, peer.ip()).await;
    let visited = visit::is_visited_host(local, &head.uri, &head.headers);
    let answered = ask(local, &mounted, (outgoing, visit.as_ref()), incoming, watch).await;
    let answered = answered.map(|mut response| {
        if visited {
            visit::protect(response.headers_mut());
        }
        response
    });
    answered.unwrap_or_else(|error| match error {
        ProxyError::NotFound => worker_removal::or_else(&head.headers, || error.render()),
        error => error.render(),
    })
}

/// Returns false for a service worker whose scope would reach beyond the router's root.
fn may_answer(router: &MountedRouter, outgoing: &Outgoing) -> bool {
    let below = outgoing.uri.path().get(router.root.len()..).is_some_and(|rest| rest.starts_with('/'));
    below || !worker_removal::is_worker_request(&outgoing.headers)
}

/// Builds the request for the routers, without the router's name.
fn outgoing(local: &ShardState, head: &Parts, peer: SocketAddr) -> Result<Outgoing, ProxyError> {
    if headers::has_unsupported_coding(&head.headers) {
        return Err(ProxyError::UnsupportedCoding);
    }
    let client = ForwardedClient { peer, scheme: scheme(local), prefix: None };
    let (mut headers, upgrades) = headers::to_app(head, client);
    if let Some(caller) = caller(local, &head.headers) {
        headers.insert(CALLER, caller);
    }
    let uri = origin_form(head.uri.path(), head.uri.query())?;
    Ok(Outgoing { method: head.method.clone(), uri, headers, upgrades })
}

/// Returns the app whose token the request carries, [`UNKNOWN_CALLER`] for a token of no app, and `None` without a token.
/// The router gets the name and never the token.
fn caller(local: &ShardState, headers: &HeaderMap) -> Option<HeaderValue> {
    if !headers.contains_key(APP_TOKEN) {
        return None;
    }
    let caller = app_token(headers).and_then(|token| local.shared.engine.router_caller(token));
    let name = caller.and_then(|caller| HeaderValue::from_str(caller.app.name.as_str()).ok());
    Some(name.unwrap_or(UNKNOWN_CALLER))
}

async fn ask(
    local: &ShardState,
    mounted: &[MountedRouter],
    (mut outgoing, visit): (Outgoing, Option<&Visit>),
    incoming: Incoming,
    watch: &Rc<Watch>,
) -> Result<Response<Body>, ProxyError> {
    let buffered = if mounted.len() > 1 {
        buffer(incoming, watch).await?
    } else {
        BufferedBody::Partial(Bytes::new(), incoming)
    };
    let mut buffered = Some(buffered);
    for router in mounted {
        if !may_answer(router, &outgoing) {
            continue;
        }
        let body = match buffered.take() {
            Some(BufferedBody::Complete(bytes)) => {
                buffered = Some(BufferedBody::Complete(bytes.clone()));
                RelayBody::complete(bytes)
            }
            Some(BufferedBody::Partial(bytes, rest)) => RelayBody::partial(bytes, rest),
            None => return Err(ProxyError::TooLarge),
        };
        let visit = visit.filter(|_| is_system(local, router));
        outgoing.headers.remove(USER);
        if let Some(visit) = visit {
            visit.tell(&mut outgoing.headers);
        }
        let reach = local.shared.engine.connect_app(router.app.as_str()).await?;
        let name = HeaderValue::from_str(&router.name).map_err(|_| ProxyError::Fault)?;
        outgoing.headers.insert(ROUTER, name);
        let (relayed, reach) = outgoing.send_with_retry(local, router.app.as_str(), reach, body).await?;
        if !left_to_next(&relayed) {
            let mut response =
                outgoing.answer(relayed, reach, None, visit.map(|visit| visit.ended(local)), watch)?;
            origin_headers::limit_to_prefix(response.headers_mut(), &router.root);
            cookies::limit_to_host(response.headers_mut());
            return Ok(response);
        }
    }
    Err(ProxyError::NotFound)
}

fn left_to_next(relayed: &Relayed) -> bool {
    matches!(relayed, Relayed::Answer(answer) if answer.headers().contains_key(NEXT))
}

/// A request body that more than one router may get.
enum BufferedBody {
    Complete(Bytes),
    /// The part that was read, and the rest. Only the first router can get it.
    Partial(Bytes, Incoming),
}

async fn buffer(mut incoming: Incoming, watch: &Watch) -> Result<BufferedBody, ProxyError> {
    if incoming.is_end_stream() {
        return Ok(BufferedBody::Complete(Bytes::new()));
    }
    watch.body_started();
    let mut read = BytesMut::new();
    while read.len() <= BUFFER_MAX {
        let Some(frame) = incoming.frame().await else {
            watch.body_ended();
            return Ok(BufferedBody::Complete(read.freeze()));
        };
        let Ok(data) = frame.map_err(|_| ProxyError::CutOff)?.into_data() else { continue };
        watch.body_received(data.len());
        read.extend_from_slice(&data);
    }
    watch.body_ended();
    Ok(BufferedBody::Partial(read.freeze(), incoming))
}
