//! `/socket.io/`: passes the requests of both Socket.IO transports to the sessions.

use super::borrowed_stream::BorrowedStream;
use crate::body::{self, BodyError};
use crate::live_sessions::{MESSAGE_MAX, SocketService};
use crate::query;
use crate::state::ShardState;
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

/// The constant that RFC 6455 §4.2.2 appends to a client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Answers a request of a Socket.IO client.
pub(crate) async fn socket(
    local: &Rc<ShardState>,
    request: Request<Incoming>,
    peer: IpAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let (mut head, incoming) = request.into_parts();
    let parameter = |name| query::single(head.uri.query(), name).ok().flatten();
    let is_new = parameter("sid").is_none();
    let websocket = parameter("transport").as_deref() == Some("websocket");
    if websocket && !matches!(parameter("EIO").as_deref(), Some("3" | "4")) {
        body::discard(&head.headers, incoming);
        return refuse(StatusCode::BAD_REQUEST, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    }
    if is_new {
        if local.shared.engine.is_draining() {
            body::discard(&head.headers, incoming);
            return refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"code":3,"message":"The server is shutting down; try again"}"#,
            );
        }
        // A session takes a slot before it is admitted. Sessions whose first request does not authenticate them are few and
        // short, and do not keep out authenticated ones.
        let live = &local.shared.live;
        let authenticated = live.authenticator.authenticate(&head, None).is_ok();
        let Some(slot) = live.connection_limit.open_session(peer, authenticated) else {
            body::discard(&head.headers, incoming);
            return refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"code":3,"message":"Too many clients connect at once; try again"}"#,
            );
        };
        head.extensions.insert(slot);
    }
    let service = local.shared.live.sockets.service();
    if websocket {
        body::discard(&head.headers, incoming);
        return upgrade(service, head, watch);
    }
    poll(service, head, incoming, watch).await
}

fn refuse(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(stream::full(Full::new(Bytes::from_static(body.as_bytes()))));
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
    let bytes = match body::read(&head.headers, incoming, MESSAGE_MAX, watch).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge(_)) => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, r#"{"code":3,"message":"Payload too large"}"#);
        }
        Err(BodyError::CutOff) => {
            return refuse(StatusCode::BAD_REQUEST, r#"{"code":3,"message":"Bad request"}"#);
        }
    };
    watch.watch_client_close();
    let request = Request::from_parts(head, Full::new(bytes));
    let Ok(response) = Service::<Request<Full<Bytes>>>::call(&mut service, request).await;
    let mut response = response
        .map(|body| Either::Right(Either::Right(Box::pin(body.map_err(Into::into)) as stream::Boxed)));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Accepts a WebSocket handshake. The session then owns the connection.
fn upgrade(mut service: SocketService, head: Parts, watch: &Rc<Watch>) -> Response<Body> {
    let Some(accept) = accept(&head) else {
        return refuse(StatusCode::BAD_REQUEST, r#"{"code":3,"message":"Not a WebSocket handshake"}"#);
    };
    watch.set_tunnel(Tunnel::taken_over_by(move |client, early| {
        let (stream, returned) = BorrowedStream::new(client, early);
        // The handshake was checked before.
        drop(service.call((stream, Request::from_parts(head, ()))));
        Box::pin(returned)
    }));
    let mut response = Response::new(stream::full(Full::default()));
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
    fn the_handshake_of_rfc_6455_is_accepted() {
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
