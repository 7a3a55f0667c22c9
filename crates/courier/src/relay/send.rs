//! One request: on a kept connection or a new one.

use super::answer::{Relayed, RelayedBody, Switched};
use super::body::RelayBody;
use super::error::RelayError;
use super::pool::{Link, Pool};
use crate::dialer::{Dialer, SystemDialer};
use crate::options::CourierShared;
use crate::stream::Stream;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// Most header lines of an answer.
const MAX_HEADERS: usize = 200;
/// Largest head of an answer, and largest piece of a body read at once, in bytes.
const MAX_HEAD: usize = 128 * 1024;

/// Relays requests from one thread to apps of this machine. Clones share their connections.
///
/// Must be used inside a [`tokio::task::LocalSet`], since connections live in local tasks.
#[derive(Clone)]
pub struct Relay {
    pool: Rc<Pool>,
    http: http1::Builder,
    dialer: Arc<dyn Dialer>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self::dialing_with(Arc::new(SystemDialer))
    }
}

impl Relay {
    /// A relay that dials as the couriers do which share this.
    pub fn new(shared: &CourierShared) -> Self {
        Self::dialing_with(Arc::clone(&shared.dialer))
    }

    fn dialing_with(dialer: Arc<dyn Dialer>) -> Self {
        let mut http = http1::Builder::new();
        http.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD);
        Self { pool: Rc::default(), http, dialer }
    }

    /// Sends a request, as it is, to the app that listens at `to`, and gives its answer once the head of it has
    /// come. There is no deadline: dropping the future gives the request up and closes its connection.
    ///
    /// # Errors
    /// [`RelayError`] when no answer came.
    pub async fn send(&self, to: SocketAddr, request: Request<RelayBody>) -> Result<Relayed, RelayError> {
        if !to.ip().to_canonical().is_loopback() {
            return Err(RelayError::NotLocal(to));
        }
        let mut request = request;
        if let Some(mut link) = self.pool.take(to).await {
            let spare = spare(&request);
            match link.sender.try_send_request(request).await {
                Ok(response) => return self.answer(to, link, response).await,
                Err(mut error) => {
                    let again = error.take_message().or(spare);
                    request = again.ok_or_else(|| RelayError::of(error.error()))?;
                }
            }
        }
        let mut link = self.open(to).await?;
        let response = link.sender.send_request(request).await.map_err(|error| RelayError::of(&error))?;
        self.answer(to, link, response).await
    }

    /// How many connections this thread keeps idle.
    pub fn idle_connections(&self) -> usize {
        self.pool.len()
    }

    async fn open(&self, to: SocketAddr) -> Result<Link, RelayError> {
        let dialed = self.dialer.dial(to).await.map_err(|_| RelayError::Unreachable(to))?;
        let (sender, connection) = self
            .http
            .handshake::<_, RelayBody>(TokioIo::new(dialed.stream))
            .await
            .map_err(|error| RelayError::of(&error))?;
        let task = tokio::task::spawn_local(async move {
            // Whoever waits for an answer is told through the request; an idle end interests nobody.
            let _ = connection.with_upgrades().await;
        });
        Ok(self.pool.link(sender, task))
    }

    async fn answer(
        &self,
        to: SocketAddr,
        link: Link,
        mut response: Response<Incoming>,
    ) -> Result<Relayed, RelayError> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let body = |body| RelayedBody::new(body, Rc::clone(&self.pool), to, link);
            return Ok(Relayed::Answer(response.map(body)));
        }
        let upgraded = hyper::upgrade::on(&mut response).await.map_err(|error| RelayError::of(&error))?;
        let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| RelayError::Malformed)?;
        let switched = Switched { stream: parts.io.into_inner(), early: parts.read_buf };
        Ok(Relayed::Switched(response.map(drop), switched))
    }
}

/// The same request once more, if it has no body and repeating it changes nothing.
fn spare(request: &Request<RelayBody>) -> Option<Request<RelayBody>> {
    if !request.body().is_end_stream() || !request.method().is_idempotent() {
        return None;
    }
    let mut spare = Request::new(RelayBody::whole(Bytes::new()));
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.headers_mut() = request.headers().clone();
    Some(spare)
}
