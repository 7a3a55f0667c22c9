//! Sends relayed requests, on idle or new connections.

use super::body::RelayBody;
use super::error::RelayError;
use super::pool::{AnswerGuard, RelayConnection, RelayPool};
use super::relayed::{Relayed, Switched};
use crate::dialer::{Dialer, SystemDialer};
use crate::failures::is_shortage;
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

/// The most header lines of an answer.
const MAX_HEADERS: usize = 200;
/// The largest head of an answer, and the most bytes of a body that are read at once.
const MAX_HEAD: usize = 128 * 1024;

/// Relays requests from one thread to apps on this machine. Clones share the idle connections.
///
/// Must be used inside a [`tokio::task::LocalSet`], because connections are driven by local tasks.
#[derive(Clone)]
pub struct Relay {
    pool: Rc<RelayPool>,
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
        Self::with_dialer(Arc::new(SystemDialer))
    }
}

impl Relay {
    /// Creates a relay that uses the dialer of `shared`.
    pub fn new(shared: &CourierShared) -> Self {
        Self::with_dialer(Arc::clone(&shared.dialer))
    }

    fn with_dialer(dialer: Arc<dyn Dialer>) -> Self {
        let mut http = http1::Builder::new();
        http.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD);
        Self { pool: Rc::default(), http, dialer }
    }

    /// Sends a request unchanged to the app at `address`; returns its answer as soon as the head has arrived.
    ///
    /// Has no deadline. Dropping the future ends the request and closes its connection.
    ///
    /// # Errors
    /// [`RelayError`] if there is no answer.
    pub async fn send(
        &self,
        address: SocketAddr,
        mut request: Request<RelayBody>,
    ) -> Result<Relayed, RelayError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(RelayError::NotLocal(address));
        }
        if let Some(mut connection) = self.pool.take(address).await {
            let copy = repeatable_copy(&request);
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.answer(address, connection, response).await,
                Err(mut error) => {
                    let again = error.take_message().or(copy);
                    request = again.ok_or_else(|| RelayError::from(error.error()))?;
                }
            }
        }
        let mut connection = self.open(address).await?;
        let response = connection.sender.send_request(request).await?;
        self.answer(address, connection, response).await
    }

    /// The number of idle connections of this thread.
    pub fn idle_connections(&self) -> usize {
        self.pool.len()
    }

    async fn open(&self, address: SocketAddr) -> Result<RelayConnection, RelayError> {
        let dialed = self.dialer.dial(address).await.map_err(|error| {
            if is_shortage(&error) {
                RelayError::Shortage(error.to_string())
            } else {
                RelayError::Unreachable(address)
            }
        })?;
        let (sender, connection) = self.http.handshake::<_, RelayBody>(TokioIo::new(dialed.stream)).await?;
        let task = tokio::task::spawn_local(async move {
            // The request gets the same error; the end of an idle connection needs no report.
            let _ = connection.with_upgrades().await;
        });
        Ok(self.pool.register(sender, task))
    }

    async fn answer(
        &self,
        address: SocketAddr,
        connection: RelayConnection,
        mut response: Response<Incoming>,
    ) -> Result<Relayed, RelayError> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let guard = AnswerGuard::new(&self.pool, address, connection);
            return Ok(Relayed::Answer(response.map(|body| RelayBody::guarded(body, guard))));
        }
        let upgraded = hyper::upgrade::on(&mut response).await?;
        let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| RelayError::Malformed)?;
        let switched = Switched { stream: parts.io.into_inner(), early: parts.read_buf };
        Ok(Relayed::Switched(response.map(drop), switched))
    }
}

/// A copy of the request, if it is idempotent and has no body.
fn repeatable_copy(request: &Request<RelayBody>) -> Option<Request<RelayBody>> {
    if !request.body().is_end_stream() || !request.method().is_idempotent() {
        return None;
    }
    let mut copy = Request::new(RelayBody::complete(Bytes::new()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
