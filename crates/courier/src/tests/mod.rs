//! Helpers of the tests: a runtime, scripted receivers on loopback, a scripted resolver.

mod addresses;
mod answers;
mod dialing;
mod hostile;
mod names;
mod pooling;
mod relaying;
mod requests;
mod rules;
mod tls;
mod urls;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use footbridge_model::address::AddressClasses;
use footbridge_model::attempt::{Failure, FailureKind, Sent, TlsFault};
use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::{Answer, Courier, CourierOptions, Outbound, Policy, Resolver, Resolving, Target};

/// Runs one test as the server runs couriers: one thread, local tasks; nothing may take longer than 20 s.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(20), test).await.expect("the test hangs");
    });
}

/// A policy that opens exactly these networks.
fn allowing(rules: &[&str]) -> Policy {
    Policy::new(rules.iter().map(|rule| rule.parse().unwrap()).collect(), Vec::new())
}

fn options(policy: Policy) -> CourierOptions {
    CourierOptions::new(policy, HeaderValue::from_static("Footbridge/test"))
}

fn loopback_courier() -> Courier {
    Courier::new(options(allowing(&["127.0.0.0/8"])).share())
}

fn target(url: &str) -> Arc<Target> {
    Arc::new(Target::parse(url).unwrap())
}

fn after(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

fn post(url: &str) -> Outbound {
    Outbound::post(target(url), Bytes::from_static(b"{\"a\":1}"), after(10_000))
}

fn assert_failed(outcome: Result<Answer, Failure>, kind: FailureKind, sent: Sent) -> String {
    let failure = outcome.expect_err("an answer where none can be");
    assert_eq!((failure.kind, failure.sent), (kind, sent), "{failure}");
    failure.detail
}

/// A listener that runs a script on every connection it gets.
struct Receiver {
    addr: SocketAddr,
    connections: Rc<Cell<usize>>,
    requests: Rc<RefCell<Vec<String>>>,
}

/// One accepted connection, in the hands of a script.
struct Peer {
    stream: TcpStream,
    requests: Rc<RefCell<Vec<String>>>,
}

impl Receiver {
    async fn start<F, S>(script: S) -> Self
    where
        S: Fn(Peer) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    fn on<F, S>(listener: TcpListener, script: S) -> Self
    where
        S: Fn(Peer) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        let addr = listener.local_addr().unwrap();
        let connections = Rc::new(Cell::new(0));
        let requests = Rc::new(RefCell::new(Vec::new()));
        let (counted, kept) = (Rc::clone(&connections), Rc::clone(&requests));
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.set(counted.get() + 1);
                let peer = Peer { stream, requests: Rc::clone(&kept) };
                tokio::task::spawn_local(script(peer));
            }
        });
        Self { addr, connections, requests }
    }

    /// Answers every request of a connection with the same bytes.
    async fn answering(answer: &'static str) -> Self {
        Self::start(move |mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(answer).await;
            }
        })
        .await
    }

    fn url(&self) -> String {
        format!("http://{}/hook?x=1", self.addr)
    }

    fn seen(&self) -> usize {
        self.requests.borrow().len()
    }
}

impl Peer {
    /// One whole request, or `None` when the client closes instead.
    async fn request(&mut self) -> Option<String> {
        let mut held = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&held).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && body.len() >= content_length(head)
            {
                self.requests.borrow_mut().push(text.clone());
                return Some(text);
            }
            if self.stream.read_buf(&mut held).await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn say(&mut self, bytes: &str) {
        let _ = self.stream.write_all(bytes.as_bytes()).await;
    }

    /// Says it at once and then keeps the connection open for as long as the client does.
    async fn say_and_hold(mut self, bytes: &str) {
        self.say(bytes).await;
        while self.stream.read(&mut [0; 4096]).await.is_ok_and(|n| n > 0) {}
    }

    /// Closes with a reset instead of a proper end.
    fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

fn content_length(head: &str) -> usize {
    let lengths = head.lines().filter_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")
            .map(|length| length.trim().parse::<usize>().unwrap())
    });
    lengths.sum()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers every name from a list, one entry a question, the last one for ever; counts the questions.
struct Script {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|one| one.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Resolver for Script {
    fn resolve<'a>(&'a self, _: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let ips = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    }
}

/// Fails every question, or never answers one.
enum Broken {
    Failing,
    Silent,
}

impl Resolver for Broken {
    fn resolve<'a>(&'a self, _: &'a str, _: u16, _: &'a str) -> Resolving<'a> {
        match self {
            Self::Failing => Box::pin(async { Err(io::Error::other("SERVFAIL")) }),
            Self::Silent => Box::pin(std::future::pending()),
        }
    }
}

fn courier_asking(policy: Policy, resolver: Arc<dyn Resolver>) -> Courier {
    Courier::new(CourierOptions { resolver, ..options(policy) }.share())
}

/// Waits until `done` holds; the deadline of [`run`] is the other end.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
