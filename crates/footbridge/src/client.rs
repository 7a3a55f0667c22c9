//! A small HTTP client for the administration API: plain `http`, one connection for one request.

use std::{io, time::Duration};

use bytes::Bytes;
use footbridge_model::secret::Secret;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};
use tokio::{net::TcpStream, runtime, time};
use url::Url;

use crate::{
    client_error::{ClientError, DEADLINE, LONGEST_START},
    table::plain_lines,
};

/// Largest answer read: 250 events of the largest body a server may be set to would not fit, a usual page does.
const LARGEST_ANSWER: usize = 256 << 20;

/// Where an app proves itself.
const APP_TOKEN: &str = "x-bolt-app-token";

/// Bolt's codes for a credential that is missing or not known.
const TOKEN_MISSING: u64 = 110;
const TOKEN_UNKNOWN: u64 = 113;

/// Where the server is and how we prove who we are.
#[derive(Debug)]
pub struct Client {
    server: Url,
    token: Option<Secret>,
}

/// Which of the server's interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Api {
    /// The administration API, below `/api/v1/`.
    #[default]
    Admin,
    /// What Bolt has for installed apps, below `/api/`; its answers come in an envelope.
    Bolt,
}

impl Api {
    /// How long one request may take. An app may take as long to start as the server lets it.
    pub(crate) const fn patience(self) -> Duration {
        match self {
            Self::Admin => DEADLINE,
            Self::Bolt => LONGEST_START,
        }
    }
}

/// One request: where to, with what.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// Which interface.
    pub api: Api,
    /// Segments behind it; encoded here.
    pub path: &'a [&'a str],
    /// Query members; those without a value are left out.
    pub query: &'a [(&'a str, Option<&'a str>)],
    /// The JSON to send.
    pub body: Option<Value>,
    /// Who asks, when it is an app and not the administrator.
    pub app_token: Option<&'a Secret>,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    /// As it said it.
    pub raw: Bytes,
    /// Of Bolt's interface, what was in its envelope; null when that was nothing.
    pub json: Value,
    api: Api,
}

impl Answer {
    /// The answer as the type that the server wrote it from.
    ///
    /// # Errors
    /// When it is another, in words of the parser.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self.api {
            Api::Bolt => T::deserialize(&self.json),
            Api::Admin if self.raw.is_empty() => serde_json::from_str("null"),
            Api::Admin => serde_json::from_slice(&self.raw),
        }
    }
}

impl Client {
    /// A client for the server at `server`.
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

    /// Reads.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
    pub fn get(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::GET, call)
    }

    /// Makes or acts.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
    pub fn post(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::POST, call)
    }

    /// Changes.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
    pub fn patch(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::PATCH, call)
    }

    /// What an answer says, as the type that the server wrote it from.
    ///
    /// # Errors
    /// [`ClientError::OtherVersion`]
    pub fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        answer
            .parse()
            .map_err(|error| ClientError::OtherVersion { server: self.shown(), why: error.to_string() })
    }

    /// Removes.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
    pub fn delete(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::DELETE, call)
    }

    fn send(&self, method: &Method, call: &Call<'_>) -> Result<Answer, ClientError> {
        let patience = call.api.patience();
        let exchange = async { time::timeout(patience, self.exchange(method, call)).await };
        let (status, body) = self.block_on(exchange)?.map_err(|_| self.slow(patience))??;
        self.read(call.api, status, body).map_err(|error| match error {
            ClientError::TokenMissing(server) | ClientError::TokenRefused(server)
                if call.app_token.is_some() =>
            {
                ClientError::AppTokenRefused(server)
            }
            other => other,
        })
    }

    /// Runs one request on a runtime of its own; whatever is left of its connection ends with it.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> Result<F::Output, ClientError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(runtime.map_err(|error| self.broken(&error))?.block_on(work))
    }

    async fn exchange(&self, method: &Method, call: &Call<'_>) -> Result<(StatusCode, Bytes), ClientError> {
        let answer = self.open(method, call).await?;
        Ok((answer.status(), self.whole(answer).await?))
    }

    /// Sends; what comes back is still to be read.
    pub(crate) async fn open(
        &self,
        method: &Method,
        call: &Call<'_>,
    ) -> Result<Response<Incoming>, ClientError> {
        let connected = time::timeout(DEADLINE, self.connect()).await;
        let stream = connected.map_err(|_| self.slow(DEADLINE))??;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))?;
        tokio::spawn(connection);
        sender.send_request(self.request(method, call)?).await.map_err(|error| self.broken(&error))
    }

    /// Reads what is left of an answer.
    pub(crate) async fn whole(&self, answer: Response<Incoming>) -> Result<Bytes, ClientError> {
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        Ok(body.map_err(|error| self.broken(&error))?.to_bytes())
    }

    /// Dials without the courier's policy: that one is for what apps may reach, this is the operator's own server.
    async fn connect(&self) -> Result<TcpStream, ClientError> {
        let host = self.server.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = self.server.port_or_known_default().unwrap_or(80);
        TcpStream::connect((host, port)).await.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => ClientError::NoServer(self.shown()),
            _ => self.broken(&error),
        })
    }

    fn request(&self, method: &Method, call: &Call<'_>) -> Result<Request<Full<Bytes>>, ClientError> {
        let url = self.url(call);
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let authority = url.authority().rsplit('@').next().unwrap_or_default().to_owned();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, authority)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("footbridge/", env!("CARGO_PKG_VERSION")));
        match (call.app_token, &self.token) {
            (Some(token), _) => request = request.header(APP_TOKEN, token.expose()),
            (None, Some(token)) => {
                request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            (None, None) => {}
        }
        let body = call.body.as_ref().map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body.unwrap_or_default())).map_err(|error| self.broken(&error))
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.server.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            let version = (call.api == Api::Admin).then_some("v1");
            path.pop_if_empty().push("api").extend(version).extend(call.path);
        }
        let set: Vec<_> = call.query.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        url.set_query(None);
        if !set.is_empty() {
            url.query_pairs_mut().extend_pairs(set);
        }
        url
    }

    /// What an answer says, or why it is none.
    pub(crate) fn read(&self, api: Api, status: StatusCode, body: Bytes) -> Result<Answer, ClientError> {
        if api == Api::Admin && status.is_success() {
            let is_json = body.is_empty() || serde_json::from_slice::<&RawValue>(&body).is_ok();
            let answer = Answer { raw: body, json: Value::Null, api };
            return if is_json { Ok(answer) } else { Err(self.foreign()) };
        }
        let json: Option<Value> = serde_json::from_slice(&body).ok();
        if api == Api::Bolt {
            return self.unwrap(status, json.unwrap_or_default(), body);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(self.token_refused());
        }
        let text = |key: &str| json.as_ref()?.get(key)?.as_str().map(str::to_owned);
        let message = text("detail").or_else(|| text("title")).ok_or_else(|| self.foreign())?;
        let message = plain_lines(&message);
        Err(ClientError::Refused { status: status.as_u16(), code: text("code"), message })
    }

    /// Takes Bolt's envelope off. Its code counts and not the status: a server may be set to answer errors with 200.
    fn unwrap(&self, status: StatusCode, mut json: Value, raw: Bytes) -> Result<Answer, ClientError> {
        let code = json.get("code").and_then(Value::as_u64);
        match code {
            Some(0) => {
                let body = json.get_mut("body").map(Value::take).unwrap_or_default();
                Ok(Answer { raw, json: body, api: Api::Bolt })
            }
            Some(TOKEN_MISSING | TOKEN_UNKNOWN) => Err(self.token_refused()),
            _ if status == StatusCode::UNAUTHORIZED => Err(self.token_refused()),
            Some(code) => {
                let message = json.pointer("/error/message").or_else(|| json.get("errorUserMessage"));
                let message = message.and_then(Value::as_str).ok_or_else(|| self.foreign())?;
                let message = plain_lines(message);
                let code = Some(format!("code {code}"));
                Err(ClientError::Refused { status: status.as_u16(), code, message })
            }
            None => Err(self.foreign()),
        }
    }

    fn token_refused(&self) -> ClientError {
        let server = self.shown();
        if self.token.is_some() {
            ClientError::TokenRefused(server)
        } else {
            ClientError::TokenMissing(server)
        }
    }

    pub(crate) fn foreign(&self) -> ClientError {
        ClientError::NotFootbridge(self.shown())
    }

    pub(crate) fn slow(&self, waited: Duration) -> ClientError {
        ClientError::Slow { server: self.shown(), waited }
    }

    pub(crate) fn broken(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Broken { server: self.shown(), why: error.to_string() }
    }

    /// The server without a password that someone may have put into the URL, and without a `/` at its end.
    pub fn shown(&self) -> String {
        let mut url = self.server.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.as_str().trim_end_matches('/').to_owned()
    }
}
