//! `/socket.io/`: requests of Socket.IO's two transports, brought to where its sessions are.

use super::lent::Lent;
use crate::audience::{MESSAGE, SocketService, query};
use crate::body::{self, BodyError};
use crate::state::Local;
use crate::stream::{self, Body};
use crate::tunnel::Tunnel;
use crate::watch::Watch;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use sha1::{Digest as _, Sha1};
use std::net::IpAddr;
use std::rc::Rc;
use tower_service::Service;

/// What RFC 6455 adds to a client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Answers a request of a Socket.IO client.
pub(crate) async fn socket(
    local: &Rc<Local>,
    request: Request<Incoming>,
    peer: IpAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let (mut head, incoming) = request.into_parts();
    let of = |name| query::single(head.uri.query(), name).ok().flatten();
    let begins = of("sid").is_none();
    let websocket = of("transport").as_deref() == Some("websocket");
    if websocket && !matches!(of("EIO").as_deref(), Some("3" | "4")) {
        body::discard(&head.headers, incoming);
        return refuse(StatusCode::BAD_REQUEST, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    }
    if begins {
        if local.shared.engine.is_draining() {
            body::discard(&head.headers, incoming);
            return refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"code":3,"message":"The server is shutting down; try again"}"#,
            );
        }
        // A session takes a place before it is admitted. Those whose first request proves nothing are few and end soon,
        // and they keep out nobody whose request does.
        let live = &local.shared.live;
        let Some(place) = live.seats.begin(peer, live.proofs.of(&head, None).is_ok()) else {
            body::discard(&head.headers, incoming);
            return refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"code":3,"message":"Too many clients connect at once; try again"}"#,
            );
        };
        head.extensions.insert(place);
    }
    let service = local.shared.live.sockets.service();
    if websocket {
        body::discard(&head.headers, incoming);
        return switch(service, head, watch);
    }
    poll(service, head, incoming, watch).await
}

fn refuse(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(stream::whole(Full::new(Bytes::from_static(body.as_bytes()))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn poll(
    mut service: SocketService,
    head: Parts,
    incoming: Incoming,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let bytes = match body::read(&head.headers, incoming, MESSAGE, watch).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge(_)) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, r#"{"code":3,"message":"Payload too large"}"#);
        }
        Err(BodyError::CutOff) => {
            return refuse(StatusCode::BAD_REQUEST, r#"{"code":3,"message":"Bad request"}"#);
        }
    };
    watch.heed_client();
    let request = Request::from_parts(head, Full::new(bytes));
    let Ok(response) = Service::<Request<Full<Bytes>>>::call(&mut service, request).await;
    let mut response = response
        .map(|body| Either::Right(Either::Right(Box::pin(body.map_err(Into::into)) as stream::Boxed)));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Agrees to speak WebSocket; the connection then belongs to its session.
fn switch(mut service: SocketService, head: Parts, watch: &Rc<Watch>) -> Response<Body> {
    let Some(accept) = accept(&head) else {
        return refuse(StatusCode::BAD_REQUEST, r#"{"code":3,"message":"Not a WebSocket handshake"}"#);
    };
    watch.set_tunnel(Tunnel::handing_over(move |client, early| {
        let (lent, returned) = Lent::new(client, early);
        // What could be wrong with it was looked at before.
        drop(service.call((lent, Request::from_parts(head, ()))));
        Box::pin(returned)
    }));
    let mut response = Response::new(stream::whole(Full::default()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

fn accept(head: &Parts) -> Option<HeaderValue> {
    let has = |name: HeaderName, word: &str| lists(&head.headers, &name, word);
    let version = head.headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if head.method != Method::GET || !version || !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") {
        return None;
    }
    let key = head.headers.get(SEC_WEBSOCKET_KEY)?;
    let hash = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    HeaderValue::from_str(&STANDARD.encode(hash)).ok()
}

fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_of_the_rfc() {
        let request = |version: &str, connection: &str| {
            let request = Request::get("/socket.io/")
                .header("upgrade", "WebSocket")
                .header("connection", connection)
                .header("sec-websocket-version", version)
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            request.body(()).unwrap().into_parts().0
        };
        let good = accept(&request("13", "keep-alive, Upgrade"));
        assert_eq!(good.unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(accept(&request("12", "upgrade")).is_none() && accept(&request("13", "close")).is_none());
    }
}
