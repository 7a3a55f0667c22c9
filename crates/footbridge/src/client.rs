//! A small HTTP client for the administration API: plain `http`, one connection for one request.

use std::io;

use bytes::Bytes;
use footbridge_model::secret::Secret;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, runtime, time};
use url::Url;

use crate::client_error::{ClientError, DEADLINE};

/// Largest answer read: 250 events of the largest body a server may be set to would not fit, a usual page does.
const LARGEST_ANSWER: usize = 256 << 20;

/// Where the server is and how we prove who we are.
#[derive(Debug)]
pub struct Client {
    server: Url,
    token: Option<Secret>,
}

/// One request: where to, with what.
#[derive(Debug, Default)]
pub struct Call<'a> {
    /// Segments behind `/api/v1/`; encoded here.
    pub path: &'a [&'a str],
    /// Query members; those without a value are left out.
    pub query: &'a [(&'a str, Option<&'a str>)],
    /// The JSON to send.
    pub body: Option<Value>,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    /// As it said it.
    pub raw: Bytes,
    /// Read; null when it said nothing.
    pub json: Value,
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

    /// Removes.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
    pub fn delete(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.send(&Method::DELETE, call)
    }

    fn send(&self, method: &Method, call: &Call<'_>) -> Result<Answer, ClientError> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.broken(&error))?;
        let exchange = async { time::timeout(DEADLINE, self.exchange(method, call)).await };
        let (status, body) = runtime.block_on(exchange).map_err(|_| ClientError::Slow(self.shown()))??;
        self.read(status, body)
    }

    async fn exchange(&self, method: &Method, call: &Call<'_>) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = self.connect().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))?;
        let connection = tokio::spawn(connection);
        let request = self.request(method, call)?;
        let answer = sender.send_request(request).await.map_err(|error| self.broken(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        connection.abort();
        Ok((status, body.map_err(|error| self.broken(&error))?.to_bytes()))
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
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
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
            path.pop_if_empty().extend(["api", "v1"]).extend(call.path);
        }
        let set: Vec<_> = call.query.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        url.set_query(None);
        if !set.is_empty() {
            url.query_pairs_mut().extend_pairs(set);
        }
        url
    }

    fn read(&self, status: StatusCode, body: Bytes) -> Result<Answer, ClientError> {
        let json: Option<Value> =
            if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&body).ok() };
        if status.is_success() {
            let json = json.ok_or_else(|| ClientError::NotFootbridge(self.shown()))?;
            return Ok(Answer { raw: body, json });
        }
        if status == StatusCode::UNAUTHORIZED {
            let server = self.shown();
            return Err(if self.token.is_some() {
                ClientError::TokenRefused(server)
            } else {
                ClientError::TokenMissing(server)
            });
        }
        let text = |key: &str| json.as_ref()?.get(key)?.as_str().map(str::to_owned);
        let message = text("detail")
            .or_else(|| text("title"))
            .ok_or_else(|| ClientError::NotFootbridge(self.shown()))?;
        Err(ClientError::Refused { status: status.as_u16(), code: text("code"), message })
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Broken { server: self.shown(), why: error.to_string() }
    }

    /// The server without a password that someone may have put into the URL.
    fn shown(&self) -> String {
        let mut url = self.server.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.as_str().trim_end_matches('/').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpListener,
        thread::JoinHandle,
    };

    use serde_json::json;

    use super::*;

    /// Answers one request with `status` and `body`; the handle gives the request's head and body.
    fn server(status: &str, body: &str) -> (String, JoinHandle<(String, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let handle = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).unwrap();
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |n| n.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            (head, String::from_utf8(body).unwrap())
        });
        (url, handle)
    }

    fn client(url: &str) -> Client {
        Client::new(url, Some(Secret::new("adm"))).unwrap()
    }

    #[test]
    fn a_call_is_encoded_and_its_answer_is_kept_as_it_came() {
        let (url, handle) = server("200 OK", "{\"b\":1,  \"a\":2}");
        let call = Call {
            path: &["apps", "a/b ?", "rotate"],
            query: &[("app", Some("x&y")), ("status", None)],
            body: Some(json!({"k": "v"})),
        };
        let answer = client(&format!("{url}/base/?drop=1")).post(&call).unwrap();
        assert_eq!(answer.raw, "{\"b\":1,  \"a\":2}");
        let (head, body) = handle.join().unwrap();
        assert!(
            head.starts_with("POST /base/api/v1/apps/a%2Fb%20%3F/rotate?app=x%26y HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("authorization: Bearer adm\r\n")
                && head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        assert_eq!(body, "{\"k\":\"v\"}");
    }

    #[test]
    fn refusals_are_said_in_words() {
        let get = |client: Client| {
            client.get(&Call { path: &["apps"], ..Call::default() }).unwrap_err().to_string()
        };
        let problem = "{\"title\":\"Conflict\",\"detail\":\"the app shop exists\",\"code\":\"app_exists\"}";
        for (status, body, expected) in [
            ("409 Conflict", problem, "the app shop exists (409, app_exists)"),
            ("404 Not Found", "{\"title\":\"Not Found\"}", "Not Found (404)"),
            ("401 Unauthorized", "{}", "refuses this admin token; give the right one with --admin-token"),
            ("404 Not Found", "<html>", "answers, but not as a Footbridge server does"),
            ("200 OK", "<html>", "answers, but not as a Footbridge server does"),
        ] {
            let (url, handle) = server(status, body);
            let said = get(client(&url));
            assert!(said.contains(expected), "{said}");
            handle.join().unwrap();
        }
        let (url, handle) = server("401 Unauthorized", "");
        assert!(
            get(Client::new(&url, None).unwrap())
                .contains("wants the admin token; give it with --admin-token")
        );
        handle.join().unwrap();
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said =
            client(&format!("http://127.0.0.1:{port}/")).get(&Call::default()).unwrap_err().to_string();
        assert_eq!(said, format!("no server at http://127.0.0.1:{port}; start one with `footbridge serve`"));
        assert!(Client::new("https://h", None).unwrap_err().to_string().contains("asks for https"));
        for server in ["", "h:4400", "ftp://h"] {
            assert!(matches!(Client::new(server, None), Err(ClientError::BadServer(_))), "{server}");
        }
    }
}
