//! A server that records each request byte for byte and sends configured replies: the receiver of deliveries.

use std::collections::{BTreeMap, VecDeque};
use std::io::BufReader;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

use crate::reply::Reply;
use crate::until::{WAIT, until};
use crate::wire;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
    /// The time at which its last byte was read.
    pub at: Instant,
    /// The status of the configured reply.
    pub reply_status: u16,
}

impl ReceivedRequest {
    /// The first header with this name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::find(&self.headers, name)
    }

    /// The values of all headers with this name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// The body parsed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Request line, headers and body as one text, to search it for secrets.
    pub fn whole(&self) -> String {
        format!("{} {}\n{:?}\n{}", self.method, self.path, self.headers, self.text())
    }
}

#[derive(Debug)]
struct Script {
    always: Reply,
    next: VecDeque<Reply>,
    paths: BTreeMap<String, Reply>,
}

#[derive(Debug)]
struct Shared {
    requests: Mutex<Vec<ReceivedRequest>>,
    script: Mutex<Script>,
    connections: AtomicUsize,
}

/// A recording server on loopback.
#[derive(Clone, Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Listens on a free port and answers every request with 200 and `{}`.
    pub fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap())
    }

    /// Like [`Receiver::start`], on `address`.
    pub fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("bind a receiver");
        let address = listener.local_addr().unwrap();
        let script = Script { always: Reply::json("{}"), next: VecDeque::new(), paths: BTreeMap::new() };
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            script: Mutex::new(script),
            connections: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&accepting);
                std::thread::spawn(move || serve(stream, &serving));
            }
        });
        Self { address, shared }
    }

    /// The address on which the receiver listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets the reply for requests without a more specific one.
    pub fn always(&self, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().always = reply;
        self
    }

    /// Queues a reply that is sent once, after those queued before.
    pub fn next(&self, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().next.push_back(reply);
        self
    }

    /// Sets the reply for requests to `path`.
    pub fn at(&self, path: &str, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().paths.insert(path.into(), reply);
        self
    }

    /// All requests received so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests to `path` received so far.
    pub fn requests_at(&self, path: &str) -> Vec<ReceivedRequest> {
        self.requests().into_iter().filter(|got| got.path == path).collect()
    }

    /// The number of requests received so far.
    pub fn count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// The number of connections opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until `n` requests have arrived and returns all of them.
    #[track_caller]
    pub fn wait(&self, n: usize) -> Vec<ReceivedRequest> {
        until(&format!("{n} requests ({} when the wait began)", self.count()), WAIT, || self.count() >= n);
        self.requests()
    }

    /// Waits until `n` requests to `path` have arrived and returns them.
    #[track_caller]
    pub fn wait_at(&self, path: &str, n: usize) -> Vec<ReceivedRequest> {
        until(&format!("{n} requests at {path}"), WAIT, || self.requests_at(path).len() >= n);
        self.requests_at(path)
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let head = wire::read_head(&mut reader).ok()??;
        let body = wire::read_body(&head, &mut reader, false).ok()?;
        let mut words = head.start.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let reply = {
            let mut script = shared.script.lock().unwrap();
            let special = script.paths.get(&path).cloned().or_else(|| script.next.pop_front());
            special.unwrap_or_else(|| script.always.clone())
        };
        shared.requests.lock().unwrap().push(ReceivedRequest {
            method,
            path,
            headers: head.headers,
            body,
            at: Instant::now(),
            reply_status: reply.code(),
        });
        if !reply.write(&mut stream).ok()? {
            return None;
        }
    }
}

/// Returns an address on which nothing listens, so that connecting is refused.
pub fn refused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
