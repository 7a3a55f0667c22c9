//! An HTTP request and its answer.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::wire::{self, Head};

/// The time limit for an answer. Longer than any deadline a test configures.
const TIMEOUT: Duration = Duration::from_secs(40);

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code of the final answer.
    pub status: u16,
    /// The headers in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
    /// The status codes of the interim answers (1xx) before it.
    pub interim: Vec<u16>,
}

impl Answer {
    /// The first header with this name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::find(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body parsed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: status {} body {:?}", self.status, self.text()))
    }

    /// Fails and shows the body unless the answer has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "body: {}", self.text());
        self
    }

    pub(crate) fn read(from: &mut impl BufRead, headless: bool) -> io::Result<Self> {
        let mut interim = Vec::new();
        loop {
            let head = wire::read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let status = status_of(&head)?;
            if (100..200).contains(&status) && status != 101 {
                interim.push(status);
                continue;
            }
            let bare = headless || matches!(status, 101 | 204 | 304);
            let body = if bare { Vec::new() } else { wire::read_body(&head, from, true)? };
            return Ok(Self { status, headers: head.headers, body, interim });
        }
    }
}

fn status_of(head: &Head) -> io::Result<u16> {
    head.start
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("no status line: {:?}", head.start))
        })
}

/// A way for a client to disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// A normal close: the server can still read what was sent.
    Close,
    /// A reset: the connection is gone at once.
    Reset,
}

/// A request under construction.
#[derive(Clone, Debug)]
#[must_use]
pub struct Call {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call {
    /// Creates a request without a body to `path` at `address`.
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        Self { address, method: method.into(), path: path.into(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Adds all these headers.
    pub fn headers(mut self, headers: &[(&str, &str)]) -> Self {
        self.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Removes all headers with this name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sets the body to these bytes.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// Sets the body to this JSON value, as `application/json`.
    pub fn json(self, value: &Value) -> Self {
        self.header("Content-Type", "application/json").body(value.to_string())
    }

    /// The request as sent on the connection.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.address);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Sends the request on a new connection and reads the answer.
    pub fn try_send(&self) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        // A server may answer and close before it has read everything. Then the answer counts, not the failed write.
        let sent = stream.write_all(&self.bytes());
        let answer = Answer::read(&mut BufReader::new(stream), self.method == "HEAD");
        sent.or_else(|failed| if answer.is_ok() { Ok(()) } else { Err(failed) }).and(answer)
    }

    /// Like [`Call::try_send`], but fails the test without an answer.
    #[track_caller]
    pub fn send(&self) -> Answer {
        self.try_send().unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }

    /// Sends the request, waits for `after` and disconnects without having read a byte.
    pub fn hang_up(&self, after: Duration, by: HangUp) {
        let mut stream = TcpStream::connect(self.address).expect("connect");
        stream.set_nodelay(true).unwrap();
        let _gone = stream.write_all(&self.bytes());
        std::thread::sleep(after);
        if by == HangUp::Reset {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }

    /// Sends the request from a new thread.
    pub fn spawn(self) -> std::thread::JoinHandle<io::Result<Answer>> {
        std::thread::spawn(move || self.try_send())
    }
}
