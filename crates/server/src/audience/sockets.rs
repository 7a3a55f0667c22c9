//! Socket.IO, for clients 1.x to 4.x: each event that a hook of the page's app gets is sent once, as a `message`.

use super::copy;
use super::proof::{Proof, Proofs, Unproved};
use super::seats::{Place, Seat, Seats};
use bytes::Bytes;
use footbridge_engine::{PageEvent, WatchItem};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler as _;
use socketioxide::service::SocketIoService;
use socketioxide::{SendError, SocketError, SocketIo};
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tower_service::Service;

/// The largest message of a page, in bytes: pages only listen.
pub(crate) const MESSAGE: usize = 100_000;
/// Packets that wait for one socket; what does not fit waits in the queue of its app, and is missed at last.
const PACKETS: usize = 16;
/// When a full socket is looked at again.
const AGAIN: Duration = Duration::from_millis(250);
/// How long a client may take to prove its app.
const PROVE: Duration = Duration::from_secs(10);
/// tungstenite's buffer for what comes in, which is next to nothing.
const READ_BUFFER: usize = 1024;

pub(crate) type SocketService = SocketIoService<Nothing>;

/// The sockets of all shards.
pub(crate) struct Sockets {
    service: SocketService,
    io: SocketIo,
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sockets").finish_non_exhaustive()
    }
}

impl Sockets {
    pub(crate) fn new(proofs: &Arc<Proofs>, seats: &Arc<Seats>) -> Self {
        let (service, io) = SocketIo::builder()
            .max_payload(MESSAGE as u64)
            .ws_max_message_size(MESSAGE)
            .ws_max_frame_size(MESSAGE)
            .ws_read_buffer_size(READ_BUFFER)
            .max_buffer_size(PACKETS)
            .connect_timeout(PROVE)
            .build_with_inner_svc(Nothing);
        let (judge, seats, listener) = (Arc::clone(proofs), Arc::clone(seats), Arc::clone(proofs));
        let admit = move |socket: SocketRef, TryData(auth): TryData<Auth>| {
            ready(admit(&judge, &seats, &socket, auth.ok()))
        };
        let listen = move |socket: SocketRef| listen(Arc::clone(&listener), socket);
        io.ns("/", listen.with(admit));
        Self { service, io }
    }

    pub(crate) fn service(&self) -> SocketService {
        self.service.clone()
    }

    pub(crate) async fn close(&self) {
        self.io.close().await;
    }
}

#[derive(Debug, Deserialize)]
struct Auth {
    ticket: Option<String>,
}

/// Why a socket is turned away, as its client is told.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("no proof of an app: {0}")]
    Proof(#[from] Unproved),
    #[error("as many pages are connected as may be; try again later")]
    Full,
}

/// What a socket that was admitted has.
#[derive(Debug, Clone)]
struct Admitted {
    proof: Proof,
    _seat: Arc<Seat>,
}

fn admit(proofs: &Proofs, seats: &Seats, socket: &SocketRef, auth: Option<Auth>) -> Result<(), Refused> {
    let ticket = auth.and_then(|auth| auth.ticket);
    let proof = proofs.of(socket.req_parts(), ticket.as_deref())?;
    let seat = seats.admit(socket.req_parts().extensions.get::<Place>()).ok_or(Refused::Full)?;
    socket.extensions.insert(Admitted { proof, _seat: Arc::new(seat) });
    Ok(())
}

/// Tells a page of its app's events until it leaves or may listen no more.
async fn listen(proofs: Arc<Proofs>, socket: SocketRef) {
    let gone = Arc::new(Notify::new());
    let told = Arc::clone(&gone);
    socket.on_disconnect(move || {
        told.notify_one();
        ready(())
    });
    let Some(Admitted { proof, .. }) = socket.extensions.get::<Admitted>() else { return };
    if !socket.connected() {
        return;
    }
    tokio::select! {
        () = tell(&proofs, &proof, &socket) => {
            // Clients that are told to leave do not come back. At the server's end they should: only their
            // transports close then.
            if !proofs.engine.is_draining() {
                // Closed already, or full: then the missing heartbeat ends it.
                let _ = socket.disconnect();
            }
        }
        () = gone.notified() => {}
    }
}

async fn tell(proofs: &Proofs, proof: &Proof, socket: &SocketRef) {
    let engine = &proofs.engine;
    let Some(mut watcher) = engine.watch(&proof.app) else { return };
    // The page's token counts for as long as this is held.
    let page = engine.enter_page(&proof.app, proof.page);
    let token = page.as_ref().map(|page| &page.token);
    if !send(socket, "message", &copy::connected(engine.now(), token)).await {
        return;
    }
    while let Some(heard) = watcher.next().await {
        let taken = match heard {
            WatchItem::Event(event) if proof.covers(&event.event) => {
                let PageEvent { json, .. } = &*event;
                send(socket, "message", &copy::of(json, token)).await
            }
            WatchItem::Event(_) => true,
            WatchItem::Missed(missed) => send(socket, "gap", &Gap { missed }).await,
        };
        if !taken {
            return;
        }
    }
}

#[derive(Serialize)]
struct Gap {
    missed: u64,
}

/// Sends as soon as there is room; `false` when the socket is closed.
async fn send<T: Serialize + ?Sized>(socket: &SocketRef, name: &str, data: &T) -> bool {
    loop {
        match socket.emit(name, data) {
            Ok(()) => return true,
            Err(SendError::Socket(SocketError::InternalChannelFull)) => tokio::time::sleep(AGAIN).await,
            Err(error) => {
                tracing::debug!(%error, "a socket is gone");
                return false;
            }
        }
    }
}

/// What there is beside Socket.IO under its path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl Service<Request<Full<Bytes>>> for Nothing {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}
