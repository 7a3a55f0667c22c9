//! The sample back ends: small HTTP servers as an app's own would be, which check what they get and answer.

use std::{cell::Cell, convert::Infallible, io, net::Ipv4Addr, rc::Rc, time::Duration};

use bytes::Bytes;
use footbridge_model::time::Clock;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::Sender,
    task::spawn_local,
    time::sleep,
};

use super::{
    cast::{Cast, HOOK_PATH, LISTENER, Player, RECEIVER_PATH},
    check,
    seen::{Seen, What},
};
use crate::clock::SystemClock;

/// Largest request a sample app reads: what the server sends at most, and room for its envelope.
const LARGEST: usize = 2 << 20;

/// The pause after a failed accept, which is nearly always a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// One sample app at work.
struct Backend {
    player: Player,
    heard: Sender<Seen>,
    /// Whether it will still fail once, as apps do at the worst time.
    fails_once: Cell<bool>,
}

/// Starts a back end for each app; the cast comes back knowing where they are. Runs inside a `LocalSet`.
///
/// # Errors
/// When the system gives no listener.
pub(super) async fn start(mut cast: Cast, heard: &Sender<Seen>) -> io::Result<Cast> {
    for player in cast.players_mut() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        player.address = Some(listener.local_addr()?);
        let fails_once = Cell::new(player.name == LISTENER);
        let backend = Backend { player: player.clone(), heard: heard.clone(), fails_once };
        spawn_local(serve(listener, Rc::new(backend)));
    }
    Ok(cast)
}

async fn serve(listener: TcpListener, backend: Rc<Backend>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                spawn_local(connection(stream, Rc::clone(&backend)));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, backend: Rc<Backend>) {
    let service = service_fn(|request| {
        let backend = Rc::clone(&backend);
        async move { Ok::<_, Infallible>(backend.answer(request).await) }
    });
    // A connection that breaks is the server's to notice: it gets no answer.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Backend {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let Ok(body) = Limited::new(body, LARGEST).collect().await.map(http_body_util::Collected::to_bytes)
        else {
            return respond(StatusCode::PAYLOAD_TOO_LARGE, &json!({"error": "too large"}));
        };
        let Ok(event) = serde_json::from_slice::<Value>(&body) else {
            return respond(StatusCode::BAD_REQUEST, &json!({"error": "not JSON"}));
        };
        if path == RECEIVER_PATH {
            self.exchange(&head.headers, &body, event).await
        } else if path.starts_with(HOOK_PATH) {
            self.event(&head.headers, &body, event).await
        } else {
            respond(StatusCode::NOT_FOUND, &json!({"error": "nothing here"}))
        }
    }

    async fn exchange(&self, headers: &HeaderMap, body: &Bytes, event: Value) -> Response<Full<Bytes>> {
        let trusted = check::credential(&self.player, headers).and_then(|()| self.signed(headers, body));
        let event_type = text(&event, "event_type");
        let (status, answer) = match &trusted {
            Ok(()) => (StatusCode::OK, reply(&event_type, event.get("payload"))),
            Err(why) => (StatusCode::UNAUTHORIZED, json!({ "error": why })),
        };
        self.tell(What::Exchange { event_type }, event, status, answer, trusted.err()).await
    }

    async fn event(&self, headers: &HeaderMap, body: &Bytes, event: Value) -> Response<Full<Bytes>> {
        let trusted = check::token(&self.player, &event).and_then(|()| self.signed(headers, body));
        let header = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let what = What::Event {
            name: text(&event, "name"),
            id: header("webhook-id"),
            attempt: header("footbridge-attempt"),
        };
        let (status, answer) = match &trusted {
            Ok(()) if self.fails_once.take() => {
                (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "restarting"}))
            }
            Ok(()) => (StatusCode::OK, json!({})),
            Err(why) => (StatusCode::UNAUTHORIZED, json!({ "error": why })),
        };
        self.tell(what, event, status, answer, trusted.err()).await
    }

    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
        check::signature(&self.player, headers, body, SystemClock.now())
    }

    async fn tell(
        &self,
        what: What,
        body: Value,
        status: StatusCode,
        answer: Value,
        distrust: Option<String>,
    ) -> Response<Full<Bytes>> {
        let response = respond(status, &answer);
        let seen = Seen { app: self.player.name, what, body, status: status.as_u16(), answer, distrust };
        // Nobody listens any more once the story has ended; the app answers all the same.
        let _ = self.heard.send(seen).await;
        response
    }
}

fn text(event: &Value, member: &str) -> String {
    event.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a sample app has to say to an exchange.
fn reply(event_type: &str, payload: Option<&Value>) -> Value {
    let member = |name: &str| payload.and_then(|payload| payload.get(name)).cloned().unwrap_or_default();
    match event_type {
        "user_profile_updated" => json!({"ok": true, "customer": member("user_reference")}),
        "order_status_update" => json!({"ok": true, "shown_to_user": true}),
        _ => json!({"ok": true}),
    }
}

fn respond(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
