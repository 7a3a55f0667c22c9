//! Routers that apps mount on the server: asked in order until one answers.

use super::forward::{Outgoing, origin_form, scheme};
use super::headers::{self, CALLER, Client, NEXT, ROUTER};
use super::refusal::Refusal;
use super::{cookies, origin};
use crate::body;
use crate::credential::{APP_TOKEN, app_token};
use crate::page::farewell;
use crate::state::Local;
use crate::stream::Body;
use crate::watch::Watch;
use bytes::{Bytes, BytesMut};
use footbridge_engine::{MountedRouter, RelayBody, Relayed};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;

/// What a router is told of a token that is no app's; no app is called so.
const NOBODY: HeaderValue = HeaderValue::from_static("?");

/// The largest body that is held for the next router, in bytes.
const HELD: usize = 1 << 20;

/// Relays a request to the routers that are mounted on its path.
pub(crate) async fn routers(
    local: &Local,
    mounted: Vec<MountedRouter>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    watch.heed_client();
    let (head, incoming) = request.into_parts();
    let outgoing = match outgoing(local, &head, peer) {
        Ok(outgoing) => outgoing,
        Err(refusal) => {
            body::discard(&head.headers, incoming);
            return refusal.render();
        }
    };
    ask(local, &mounted, outgoing, incoming, watch).await.unwrap_or_else(|refusal| match refusal {
        Refusal::Nothing => farewell::instead(&head.headers, || refusal.render()),
        refusal => refusal.render(),
    })
}

/// Whether a router may answer: not with a service worker whose scope would reach out of the router's root.
fn may_answer(router: &MountedRouter, outgoing: &Outgoing) -> bool {
    let below = outgoing.uri.path().get(router.root.len()..).is_some_and(|rest| rest.starts_with('/'));
    below || !farewell::is_asked(&outgoing.headers)
}

/// The request as every router gets it, but for the router's name.
fn outgoing(local: &Local, head: &Parts, peer: SocketAddr) -> Result<Outgoing, Refusal> {
    if headers::is_coded(&head.headers) {
        return Err(Refusal::Coded);
    }
    let client = Client { peer, scheme: scheme(local), prefix: None };
    let (mut headers, upgrades) = headers::to_app(head, client);
    if let Some(caller) = caller(local, &head.headers) {
        headers.insert(CALLER, caller);
    }
    let uri = origin_form(head.uri.path(), head.uri.query())?;
    Ok(Outgoing { method: head.method.clone(), uri, headers, upgrades })
}

/// The app whose token the request carries, [`NOBODY`] when it is no app's, and nothing when there is none: the router
/// learns the name and never the token.
fn caller(local: &Local, headers: &HeaderMap) -> Option<HeaderValue> {
    if !headers.contains_key(APP_TOKEN) {
        return None;
    }
    let caller = app_token(headers).and_then(|token| local.shared.engine.router_caller(token));
    let name = caller.and_then(|caller| HeaderValue::from_str(caller.app.name.as_str()).ok());
    Some(name.unwrap_or(NOBODY))
}

async fn ask(
    local: &Local,
    mounted: &[MountedRouter],
    mut outgoing: Outgoing,
    incoming: Incoming,
    watch: &Rc<Watch>,
) -> Result<Response<Body>, Refusal> {
    let held =
        if mounted.len() > 1 { hold(incoming, watch).await? } else { Held::Rest(Bytes::new(), incoming) };
    let mut held = Some(held);
    for router in mounted {
        if !may_answer(router, &outgoing) {
            continue;
        }
        let body = match held.take() {
            Some(Held::Whole(bytes)) => {
                held = Some(Held::Whole(bytes.clone()));
                RelayBody::whole(bytes)
            }
            Some(Held::Rest(bytes, rest)) => RelayBody::begun(bytes, rest),
            None => return Err(Refusal::TooLarge),
        };
        let reach = local.shared.engine.connect_app(router.app.as_str()).await?;
        let name = HeaderValue::from_str(&router.name).map_err(|_| Refusal::Fault)?;
        outgoing.headers.insert(ROUTER, name);
        let (relayed, reach) = outgoing.send_on(local, router.app.as_str(), reach, body).await?;
        if !left_to_next(&relayed) {
            let mut response = outgoing.answer(relayed, reach, None, watch)?;
            origin::keep_within(response.headers_mut(), &router.root);
            cookies::keep_on_host(response.headers_mut());
            return Ok(response);
        }
    }
    Err(Refusal::Nothing)
}

fn left_to_next(relayed: &Relayed) -> bool {
    matches!(relayed, Relayed::Answer(answer) if answer.headers().contains_key(NEXT))
}

/// A body that more than one router may get to see.
enum Held {
    Whole(Bytes),
    /// What was read of it, and the rest: only the first router can get it.
    Rest(Bytes, Incoming),
}

async fn hold(mut incoming: Incoming, watch: &Watch) -> Result<Held, Refusal> {
    if incoming.is_end_stream() {
        return Ok(Held::Whole(Bytes::new()));
    }
    watch.body_begins();
    let mut read = BytesMut::new();
    while read.len() <= HELD {
        let Some(frame) = incoming.frame().await else {
            watch.body_ends();
            return Ok(Held::Whole(read.freeze()));
        };
        let Ok(data) = frame.map_err(|_| Refusal::CutOff)?.into_data() else { continue };
        watch.body_came(data.len());
        read.extend_from_slice(&data);
    }
    watch.body_ends();
    Ok(Held::Rest(read.freeze(), incoming))
}
