//! The sample back ends: small HTTP servers as an app's own would be.

use std::{cell::Cell, io, net::Ipv4Addr, rc::Rc, time::Duration};

use footbridge_model::time::Clock;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::Sender,
    task::spawn_local,
    time::sleep,
};

use super::{
    cast::{Cast, HOOK_PATH, HOST, LISTENER, MINIAPP, RECEIVER_PATH},
    desk,
    front::{Front, Manner},
    pages::Answer,
    receive::{HungUp, Receiver},
    seen::Seen,
};
use crate::clock::SystemClock;

/// Largest request a sample app reads: what the server sends at most, and room for its envelope.
const LARGEST: usize = 2 << 20;

/// The pause after a failed accept, which is nearly always a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the apps with a page are when nobody else is: the visitor's browser knows them again.
const USUAL: [(&str, u16); 2] = [(HOST, 4410), (MINIAPP, 4420)];

/// One sample app at work.
struct Backend {
    receiver: Receiver,
    front: Rc<Front>,
}

/// Starts a back end for each app; the cast comes back knowing where they are. Runs inside a `LocalSet`.
///
/// # Errors
/// When the system gives no listener.
pub(super) async fn start(
    mut cast: Cast,
    heard: &Sender<Seen>,
    front: &Rc<Front>,
    visited: bool,
) -> io::Result<Cast> {
    for player in cast.players_mut() {
        let usual = USUAL.iter().find(|(name, _)| visited && *name == player.name).map(|(_, port)| *port);
        let listener = listen(usual).await?;
        player.address = Some(listener.local_addr()?);
        let receiver = Receiver {
            player: player.clone(),
            heard: heard.clone(),
            fails_once: Cell::new(player.name == LISTENER),
            orders: Cell::new(0),
        };
        spawn_local(serve(listener, Rc::new(Backend { receiver, front: Rc::clone(front) })));
    }
    Ok(cast)
}

async fn listen(usual: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = usual
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
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
        async move { backend.answer(request).await }
    });
    // A connection that breaks is the server's to notice: it gets no answer.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Backend {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, HungUp> {
        let at = SystemClock.now();
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST).collect().await.map(http_body_util::Collected::to_bytes)
        else {
            return Ok(desk::json_answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({"error": "too large"})));
        };
        let path = head.uri.path();
        let from_server = path == RECEIVER_PATH || path.starts_with(HOOK_PATH);
        if head.method == Method::POST && from_server {
            let breakable = self.receiver.player.name == MINIAPP;
            let manner = if breakable { self.front.manner() } else { Manner::default() };
            self.receiver.answer(&head, &body, at, manner).await
        } else {
            Ok(desk::answer(&self.receiver.player, &self.front, &head, &body).await)
        }
    }
}
