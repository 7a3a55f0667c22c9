//! The HTTP client of the commands that talk to a running server: plain `http`, one connection for each request.
//!
//! It does not use the courier: the courier's policy limits which addresses apps may reach, and this is the operator's
//! own server.

pub mod answer;
pub mod error;
pub mod stream;

#[cfg(test)]
mod tests;

use std::{io, time::Duration};

use bytes::Bytes;
use footbridge_model::secret::Secret;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::{runtime, time};
use url::Url;

pub use self::answer::Answer;
use self::{
    answer::ReadError,
    error::{ClientError, DEADLINE, LONGEST_START},
};

/// Largest answer read, 256 MiB. A page of 250 events of the usual size has less than 64 MiB.
const LARGEST_ANSWER: usize = 256 << 20;

/// The header with an app's token.
const APP_TOKEN: &str = "x-bolt-app-token";

/// A server and the credential for it.
#[derive(Debug)]
pub struct Client {
    server: Url,
    token: Option<Secret>,
}

/// One of the server's interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Api {
    /// The administration API, below `/api/v1/`.
    #[default]
    Admin,
    /// Bolt's interface for installed apps, below `/api/`. Its answers come in an envelope.
    Bolt,
}

impl Api {
    /// Returns the time limit of one request. A request to start an app may take as long as the server allows the app.
    pub(crate) const fn deadline(self) -> Duration {
        match self {
            Self::Admin => DEADLINE,
            Self::Bolt => LONGEST_START,
        }
    }
}

/// One request, without its method.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// The interface, which is the first part of the path.
    pub api: Api,
    /// The other segments of the path, not encoded.
    pub path: &'a [&'a str],
    /// Query parameters; those without a value are left out.
    pub query: &'a [(&'a str, Option<&'a str>)],
    /// The body as it is sent: what a person wrote stays as it is.
    pub body: Option<Box<RawValue>>,
    /// The place where a stream goes on.
    pub last_event_id: Option<String>,
    /// The app's token, if the request is made by an app and not by the administrator.
    pub app_token: Option<&'a Secret>,
}

/// A request to any path.
#[derive(Debug)]
pub struct RawRequest<'a> {
    pub method: &'a Method,
    /// Path and query, as they are sent.
    pub path: &'a str,
    /// The JSON text to send, if any.
    pub body: Option<Bytes>,
    pub app_token: Option<&'a Secret>,
    pub deadline: Duration,
}

impl Client {
    /// Makes a client for the server at `server`.
    ///
    /// # Errors
    /// [`ClientError::BadServer`] or [`ClientError::Https`].
    pub fn new(server: &str, token: Option<Secret>) -> Result<Self, ClientError> {
        let bad = || ClientError::BadServer(server.to_owned());
        let url = Url::parse(server).map_err(|_| bad())?;
        match url.scheme() {
            "http" if url.host().is_some() => Ok(Self { server: url, token }),
            "https" => Err(ClientError::Https(server.to_owned())),
            _ => Err(bad()),
        }
    }

    /// Sends a `GET` request.
    ///
    /// # Errors
    /// [`ClientError`], whose text is for the user.
    pub fn get(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::GET, call)
    }

    /// Sends a `POST` request.
    ///
    /// # Errors
    /// [`ClientError`], whose text is for the user.
    pub fn post(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::POST, call)
    }

    /// Sends a `PATCH` request.
    ///
    /// # Errors
    /// [`ClientError`], whose text is for the user.
    pub fn patch(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::PATCH, call)
    }

    /// Sends a `DELETE` request.
    ///
    /// # Errors
    /// [`ClientError`], whose text is for the user.
    pub fn delete(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::DELETE, call)
    }

    /// Sends a request to any path of the server and returns the answer as it is, whatever its status.
    ///
    /// # Errors
    /// [`ClientError`] if there is no answer, or the path is not one.
    pub fn raw(&self, request: &RawRequest<'_>) -> Result<(StatusCode, Bytes), ClientError> {
        let exchange = async {
            time::timeout(request.deadline, async {
                let mut url = self.server_without_user();
                let base = url.path().trim_end_matches('/').to_owned();
                let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
                url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
                url.set_query((!query.is_empty()).then_some(query));
                url.set_fragment(None);
                let made = self.made(request.method, &url, request.app_token, request.body.clone())?;
                let answer = Self::http().request(made).await.map_err(|error| self.failed(&error))?;
                Ok((answer.status(), self.body(answer).await?))
            })
            .await
        };
        self.block_on(exchange)?.map_err(|_| self.slow(request.deadline))?
    }

    /// Returns an answer as the type that the server wrote.
    ///
    /// # Errors
    /// [`ClientError::OtherVersion`]
    pub fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        answer
            .parse()
            .map_err(|error| ClientError::OtherVersion { server: self.address(), why: error.to_string() })
    }

    fn send(&self, method: &Method, call: &Call<'_>) -> Result<Answer, ClientError> {
        let deadline = call.api.deadline();
        let exchange = async { time::timeout(deadline, self.exchange(method, call)).await };
        let (status, body) = self.block_on(exchange)?.map_err(|_| self.slow(deadline))??;
        self.read(call, status, body)
    }

    /// Runs one request on its own runtime. Dropping the runtime closes the connection.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> Result<F::Output, ClientError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(runtime.map_err(|error| self.broken(&error))?.block_on(work))
    }

    async fn exchange(&self, method: &Method, call: &Call<'_>) -> Result<(StatusCode, Bytes), ClientError> {
        let answer = self.open(method, call).await?;
        Ok((answer.status(), self.body(answer).await?))
    }

    /// Sends a request and returns the head of the answer; its body is not read yet.
    pub(crate) async fn open(
        &self,
        method: &Method,
        call: &Call<'_>,
    ) -> Result<Response<Incoming>, ClientError> {
        Self::http().request(self.request(method, call)?).await.map_err(|error| self.failed(&error))
    }

    fn http() -> legacy::Client<HttpConnector, Full<Bytes>> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(DEADLINE));
        legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector)
    }

    /// Reads the body of an answer.
    pub(crate) async fn body(&self, answer: Response<Incoming>) -> Result<Bytes, ClientError> {
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        Ok(body.map_err(|error| self.broken(&error))?.to_bytes())
    }

    fn request(&self, method: &Method, call: &Call<'_>) -> Result<Request<Full<Bytes>>, ClientError> {
        let body = call.body.as_ref().map(|body| Bytes::from(body.get().to_owned()));
        let mut request = self.made(method, &self.url(call), call.app_token, body)?;
        if let Some(id) = &call.last_event_id {
            let value = http::HeaderValue::from_str(id).map_err(|error| self.broken(&error))?;
            request.headers_mut().insert("last-event-id", value);
        }
        Ok(request)
    }

    fn made(
        &self,
        method: &Method,
        url: &Url,
        app_token: Option<&Secret>,
        body: Option<Bytes>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("footbridge/", env!("CARGO_PKG_VERSION")));
        match (app_token, &self.token) {
            (Some(token), _) => request = request.header(APP_TOKEN, token.expose()),
            (None, Some(token)) => {
                request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            (None, None) => {}
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body.unwrap_or_default())).map_err(|error| self.broken(&error))
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.server_without_user();
        if let Ok(mut path) = url.path_segments_mut() {
            let version = (call.api == Api::Admin).then_some("v1");
            path.pop_if_empty().push("api").extend(version).extend(call.path);
        }
        let set: Vec<_> = call.query.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        url.set_query(None);
        url.set_fragment(None);
        if !set.is_empty() {
            url.query_pairs_mut().extend_pairs(set);
        }
        url
    }

    /// Reads an answer to `call`.
    pub(crate) fn read(
        &self,
        call: &Call<'_>,
        status: StatusCode,
        body: Bytes,
    ) -> Result<Answer, ClientError> {
        Answer::read(call.api, status, body).map_err(|failure| match failure {
            ReadError::Refused(error) => error,
            ReadError::Foreign => self.foreign(),
            ReadError::Token if call.app_token.is_some() => ClientError::AppTokenRefused(self.address()),
            ReadError::Token if self.token.is_some() => ClientError::TokenRefused(self.address()),
            ReadError::Token => ClientError::TokenMissing(self.address()),
        })
    }

    /// Explains why a request got no answer. The innermost cause says most: it is what the system reported.
    fn failed(&self, error: &legacy::Error) -> ClientError {
        let (mut innermost, mut reported): (&dyn std::error::Error, _) = (error, None);
        while let Some(cause) = innermost.source() {
            innermost = cause;
            reported = reported.or_else(|| Some(cause.downcast_ref::<io::Error>()?.kind()));
        }
        match reported {
            Some(io::ErrorKind::ConnectionRefused) if error.is_connect() => {
                ClientError::NoServer(self.address())
            }
            Some(io::ErrorKind::TimedOut) if error.is_connect() => self.slow(DEADLINE),
            _ => self.broken(&innermost),
        }
    }

    pub(crate) fn foreign(&self) -> ClientError {
        ClientError::NotFootbridge(self.address())
    }

    pub(crate) fn slow(&self, waited: Duration) -> ClientError {
        ClientError::Slow { server: self.address(), waited }
    }

    pub(crate) fn broken(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Broken { server: self.address(), why: error.to_string() }
    }

    /// Returns the server's URL without user name and password, and without a `/` at its end.
    pub fn address(&self) -> String {
        self.server_without_user().as_str().trim_end_matches('/').to_owned()
    }

    fn server_without_user(&self) -> Url {
        let mut url = self.server.clone();
        // Both calls fail only for URLs without a host, which `new` refuses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }
}
