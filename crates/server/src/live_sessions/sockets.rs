//! Socket.IO for clients 1.x to 4.x: every event that a hook of the page's app gets is sent once, as a `message`.

use super::connection_limit::{ConnectionLimit, ConnectionPermit, SessionSlot};
use super::page_auth::{PageAuth, PageAuthError, PageAuthenticator};
use super::socket_message;
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

/// The largest message from a page, in bytes. Pages only listen.
pub(crate) const MESSAGE_MAX: usize = 100_000;
/// Packets that one socket buffers. Further events wait in the queue of the app, and are missed when that is full.
const PACKETS: usize = 16;
/// The pause before another packet is offered to a full socket.
const FULL_RETRY: Duration = Duration::from_millis(250);
/// The time that a client has to authenticate itself.
const AUTH_TIMEOUT: Duration = Duration::from_secs(10);
/// The read buffer of tungstenite, in bytes. Pages send next to nothing.
const READ_BUFFER: usize = 1024;

pub(crate) type SocketService = SocketIoService<NotFoundService>;

/// The Socket.IO sessions of all shards.
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
    pub(crate) fn new(authenticator: &Arc<PageAuthenticator>, limit: &Arc<ConnectionLimit>) -> Self {
        let (service, io) = SocketIo::builder()
            .max_payload(MESSAGE_MAX as u64)
            .ws_max_message_size(MESSAGE_MAX)
            .ws_max_frame_size(MESSAGE_MAX)
            .ws_read_buffer_size(READ_BUFFER)
            .max_buffer_size(PACKETS)
            .connect_timeout(AUTH_TIMEOUT)
            .build_with_inner_svc(NotFoundService);
        let (checks, limit, serves) =
            (Arc::clone(authenticator), Arc::clone(limit), Arc::clone(authenticator));
        let admit = move |socket: SocketRef, TryData(auth): TryData<SocketAuth>| {
            ready(admit(&checks, &limit, &socket, auth.ok()))
        };
        let serve = move |socket: SocketRef| serve(Arc::clone(&serves), socket);
        io.ns("/", serve.with(admit));
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
struct SocketAuth {
    ticket: Option<String>,
}

/// Why a socket is refused; the client gets the message as `connect_error`.
#[derive(Debug, thiserror::Error)]
enum SocketRefusal {
    #[error("the page is not authenticated: {0}")]
    Unauthenticated(#[from] PageAuthError),
    #[error("the server has as many live connections as it allows; try again later")]
    Full,
}

/// State of an admitted socket.
#[derive(Debug, Clone)]
struct Admitted {
    auth: PageAuth,
    _permit: Arc<ConnectionPermit>,
}

fn admit(
    authenticator: &PageAuthenticator,
    limit: &ConnectionLimit,
    socket: &SocketRef,
    auth: Option<SocketAuth>,
) -> Result<(), SocketRefusal> {
    let ticket = auth.and_then(|auth| auth.ticket);
    let auth = authenticator.authenticate(socket.req_parts(), ticket.as_deref())?;
    let permit =
        limit.admit(socket.req_parts().extensions.get::<SessionSlot>()).ok_or(SocketRefusal::Full)?;
    socket.extensions.insert(Admitted { auth, _permit: Arc::new(permit) });
    Ok(())
}

/// Sends a page the events of its app until the page leaves or its authentication ends.
async fn serve(authenticator: Arc<PageAuthenticator>, socket: SocketRef) {
    let disconnected = Arc::new(Notify::new());
    let notify = Arc::clone(&disconnected);
    socket.on_disconnect(move || {
        notify.notify_one();
        ready(())
    });
    let Some(Admitted { auth, .. }) = socket.extensions.get::<Admitted>() else { return };
    if !socket.connected() {
        return;
    }
    tokio::select! {
        () = send_events(&authenticator, &auth, &socket) => {
            // Clients that the server disconnects stay away. When the server stops they should come back, so then only
            // their transports are closed.
            if !authenticator.engine.is_draining() {
                // An error means that the socket is closed already or full; a full one ends by its missing heartbeat.
                let _ = socket.disconnect();
            }
        }
        () = disconnected.notified() => {}
    }
}

async fn send_events(authenticator: &PageAuthenticator, auth: &PageAuth, socket: &SocketRef) {
    let engine = &authenticator.engine;
    let Some(mut watcher) = engine.watch(&auth.app) else { return };
    // The page's token is valid while this is alive.
    let page = engine.connect_page(&auth.app, auth.page);
    let token = page.as_ref().map(|page| &page.token);
    if !send(socket, "message", &socket_message::connected(engine.now(), token)).await {
        return;
    }
    while let Some(heard) = watcher.next().await {
        let open = match heard {
            WatchItem::Event(event) if auth.covers(&event.event) => {
                let PageEvent { json, .. } = &*event;
                send(socket, "message", &socket_message::with_token(json, token)).await
            }
            WatchItem::Event(_) => true,
            WatchItem::Missed(missed) => send(socket, "gap", &Gap { missed }).await,
        };
        if !open {
            return;
        }
    }
}

#[derive(Serialize)]
struct Gap {
    missed: u64,
}

/// Sends as soon as the socket has room; `false` when it is closed.
async fn send<T: Serialize + ?Sized>(socket: &SocketRef, name: &str, data: &T) -> bool {
    loop {
        match socket.emit(name, data) {
            Ok(()) => return true,
            Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                tokio::time::sleep(FULL_RETRY).await;
            }
            Err(error) => {
                tracing::debug!(%error, "a socket is closed");
                return false;
            }
        }
    }
}

/// Answers 404 to requests below `/socket.io/` that are not of Socket.IO.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotFoundService;

impl Service<Request<Full<Bytes>>> for NotFoundService {
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
