//! The back ends of the sample apps: small HTTP servers.

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
    apps::{HOOK_PATH, HOST, LISTENER, MINIAPP, RECEIVER_PATH, SampleApps},
    handlers,
    page_state::{Manner, PageState},
    pages::PageAnswer,
    received::Received,
    receiver::{HungUp, Receiver},
};
use crate::clock::SystemClock;

/// Largest request that a sample app reads: the largest event, and room for its envelope.
const LARGEST: usize = 2 << 20;

/// The pause after a failed accept. The usual reason is a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// The preferred ports of the apps with a page. With the same port, the visitor's browser keeps the state of the pages.
const USUAL: [(&str, u16); 2] = [(HOST, 4410), (MINIAPP, 4420)];

/// The back end of one sample app.
struct Backend {
    receiver: Receiver,
    page_state: Rc<PageState>,
}

/// Starts a back end for each app and returns the apps with their addresses. Must run inside a `LocalSet`.
///
/// # Errors
/// The system refuses a listener.
pub(super) async fn start(
    mut apps: SampleApps,
    received: &Sender<Received>,
    page_state: &Rc<PageState>,
    visited: bool,
) -> io::Result<SampleApps> {
    for app in apps.all_mut() {
        let usual = USUAL.iter().find(|(name, _)| visited && *name == app.name).map(|(_, port)| *port);
        let listener = listen(usual).await?;
        app.address = Some(listener.local_addr()?);
        let receiver = Receiver {
            app: app.clone(),
            received: received.clone(),
            fails_once: Cell::new(app.name == LISTENER),
            orders: Cell::new(0),
        };
        spawn_local(serve(listener, Rc::new(Backend { receiver, page_state: Rc::clone(page_state) })));
    }
    Ok(apps)
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
    // The server notices a broken connection, because it gets no answer.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Backend {
    async fn answer(&self, request: Request<Incoming>) -> Result<PageAnswer, HungUp> {
        let at = SystemClock.now();
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST).collect().await.map(http_body_util::Collected::to_bytes)
        else {
            return Ok(handlers::json_answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({"error": "too large"})));
        };
        let path = head.uri.path();
        let from_server = path == RECEIVER_PATH || path.starts_with(HOOK_PATH);
        if head.method == Method::POST && from_server {
            let breakable = self.receiver.app.name == MINIAPP;
            let manner = if breakable { self.page_state.manner() } else { Manner::default() };
            self.receiver.answer(&head, &body, at, manner).await
        } else {
            Ok(handlers::answer(&self.receiver.app, &self.page_state, &head, &body).await)
        }
    }
}
