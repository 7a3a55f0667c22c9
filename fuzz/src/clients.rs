//! Reads the same bytes as an answer with Footbridge's client and with hyper's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use footbridge_courier::{
    AnswerLimit, Courier, CourierOptions, Dialed, Dialer, Dialing, Outbound, Policy, Target,
};
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The receiver's address: public, so that the policy allows it.
const RECEIVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34)), 80);

/// The largest answer that is accepted, in bytes.
pub const LIMIT: usize = 4096;

/// A final answer as a client reads it.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadAnswer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// A connection that answers the first request with the given bytes, in pieces of the given size, and then closes.
struct Canned {
    rest: Bytes,
    piece: usize,
    /// True after the first request. Bytes before it would not be an answer.
    asked: bool,
    reader: Option<Waker>,
}

impl Canned {
    fn new(answer: &[u8], piece: usize) -> Self {
        Self { rest: Bytes::copy_from_slice(answer), piece, asked: false, reader: None }
    }
}

impl AsyncRead for Canned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let length = self.piece.min(room.remaining()).min(self.rest.len());
        let piece = self.rest.split_to(length);
        room.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Canned {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.asked = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A dialer that returns its connection once.
struct OneDialer(Mutex<Option<Canned>>);

impl Dialer for OneDialer {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        Box::pin(async move {
            let canned = self.0.lock().ok().and_then(|mut held| held.take());
            let stream = canned.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
            Ok(Dialed::other(stream, addr, addr))
        })
    }
}

/// Reads `answer` with Footbridge's client, in pieces of `piece` bytes. Returns `None` if the client refuses it.
pub fn read_by_footbridge(answer: &[u8], piece: usize) -> Option<ReadAnswer> {
    let canned = Canned::new(answer, piece.max(1));
    let mut options = CourierOptions::new(Policy::new(Vec::new(), Vec::new()), HeaderValue::from_static("fuzz"));
    options.dialer = Arc::new(OneDialer(Mutex::new(Some(canned))));
    let shared = options.share();
    let target = Arc::new(Target::parse(&format!("http://{RECEIVER}/")).ok()?);
    block_on(async move {
        let courier = Courier::new(shared);
        let mut out = Outbound::post(target, Bytes::new(), Instant::now() + Duration::from_secs(5));
        out.answer = AnswerLimit::Refuse(LIMIT);
        let answer = courier.send(out).await.ok()?;
        Some(understood(answer.status.as_u16(), &answer.headers, answer.body.to_vec()))
    })
}

/// Reads `answer` with hyper. Returns `None` if hyper refuses it or its body is larger than [`LIMIT`].
pub fn read_by_hyper(answer: &[u8]) -> Option<ReadAnswer> {
    let canned = Canned::new(answer, usize::MAX);
    block_on(async move {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(canned)).await.ok()?;
        tokio::task::spawn_local(connection);
        let request = Request::post("/").header("host", "receiver").body(Full::<Bytes>::default()).ok()?;
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = http_body_util::Limited::new(body, LIMIT).collect().await.ok()?.to_bytes();
        Some(understood(head.status.as_u16(), &head.headers, body.to_vec()))
    })
}

fn understood(status: u16, headers: &HeaderMap, body: Vec<u8>) -> ReadAnswer {
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    headers.sort();
    ReadAnswer { status, headers, body }
}

fn block_on<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    tokio::task::LocalSet::new().block_on(&runtime, future)
}
