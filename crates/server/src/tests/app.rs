//! An app that a test plays: a listener that runs a script on every connection it gets.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Counts the requests and connections of an app.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) connections: Cell<usize>,
    /// Connections whose other side has closed.
    pub(super) closed: Cell<usize>,
    pub(super) requests: RefCell<Vec<String>>,
}

impl Seen {
    pub(super) fn count(&self) -> usize {
        self.requests.borrow().len()
    }

    pub(super) fn last(&self) -> String {
        self.requests.borrow().last().unwrap().clone()
    }
}

pub(super) struct App {
    pub(super) address: SocketAddr,
    pub(super) seen: Rc<Seen>,
}

/// One accepted connection, in the hands of a script.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    pub(super) seen: Rc<Seen>,
    held: Vec<u8>,
}

impl App {
    pub(super) async fn start<F, S>(script: S) -> Self
    where
        S: Fn(Peer) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Rc::new(Seen::default()));
        let kept = Rc::clone(&seen);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.connections.set(kept.connections.get() + 1);
                let peer = Peer { stream, seen: Rc::clone(&kept), held: Vec::new() };
                tokio::task::spawn_local(script(peer));
            }
        });
        Self { address, seen }
    }

    /// Answers every request with the same bytes.
    pub(super) async fn answering(answer: &'static str) -> Self {
        Self::start(move |mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(answer).await;
            }
        })
        .await
    }
}

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

impl Peer {
    /// The head of a request, or `None` when the other side closes instead.
    pub(super) async fn head(&mut self) -> Option<String> {
        self.read_to("\r\n\r\n").await
    }

    /// Reads up to and including `mark`.
    pub(super) async fn read_to(&mut self, mark: &str) -> Option<String> {
        loop {
            let text = String::from_utf8_lossy(&self.held).into_owned();
            if let Some(at) = text.find(mark) {
                let rest = self.held.split_off(at + mark.len());
                return Some(String::from_utf8(std::mem::replace(&mut self.held, rest)).unwrap());
            }
            if !matches!(self.stream.read_buf(&mut self.held).await, Ok(1..)) {
                self.seen.closed.set(self.seen.closed.get() + 1);
                return None;
            }
        }
    }

    /// One whole request, kept among those seen.
    pub(super) async fn request(&mut self) -> Option<String> {
        let mut text = self.head().await?;
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::parse::<usize>);
        if text.contains("transfer-encoding: chunked") {
            text.push_str(&self.read_to("0\r\n\r\n").await?);
        } else if let Some(Ok(length)) = length {
            while self.held.len() < length {
                if self.stream.read_buf(&mut self.held).await.ok()? == 0 {
                    return None;
                }
            }
            let rest = self.held.split_off(length);
            text.push_str(&String::from_utf8_lossy(&std::mem::replace(&mut self.held, rest)));
        }
        self.seen.requests.borrow_mut().push(text.clone());
        Some(text)
    }

    pub(super) async fn say(&mut self, text: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(text.as_ref()).await;
    }

    /// Waits until the other side closes.
    pub(super) async fn until_closed(&mut self) {
        while self.read_to("\u{0}never").await.is_some() {}
    }
}
