//! A server that records what it is sent, byte for byte, and answers as it is told: the other end of every delivery.

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

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Got {
    /// Method of the request line.
    pub method: String,
    /// Target of the request line, query included.
    pub path: String,
    /// Headers in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// When its last byte was read.
    pub at: Instant,
    /// The status it was told to be answered with.
    pub told: u16,
}

impl Got {
    /// The first header called `name`, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::find(&self.headers, name)
    }

    /// Every value of the headers called `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Request line, headers and body in one, to search for what must not be there.
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
    got: Mutex<Vec<Got>>,
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
    /// Listens on a free port and answers 200 `{}` to everything.
    pub fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap())
    }

    /// As [`Receiver::start`], on `address`.
    pub fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("bind a receiver");
        let address = listener.local_addr().unwrap();
        let script = Script { always: Reply::json("{}"), next: VecDeque::new(), paths: BTreeMap::new() };
        let shared = Arc::new(Shared {
            got: Mutex::default(),
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on answers this, where nothing more special was said.
    pub fn always(&self, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().always = reply;
        self
    }

    /// Answers this once, after what was queued before.
    pub fn next(&self, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().next.push_back(reply);
        self
    }

    /// Answers this at `path`.
    pub fn at(&self, path: &str, reply: Reply) -> &Self {
        self.shared.script.lock().unwrap().paths.insert(path.into(), reply);
        self
    }

    /// Everything received so far.
    pub fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    /// What was received at `path` so far.
    pub fn got_at(&self, path: &str) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.path == path).collect()
    }

    /// How many requests were received.
    pub fn count(&self) -> usize {
        self.shared.got.lock().unwrap().len()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until there are `n` requests and returns all of them.
    #[track_caller]
    pub fn wait(&self, n: usize) -> Vec<Got> {
        until(&format!("{n} requests, of which {} came", self.count()), WAIT, || self.count() >= n);
        self.got()
    }

    /// Waits until `path` was asked `n` times and returns those requests.
    #[track_caller]
    pub fn wait_at(&self, path: &str, n: usize) -> Vec<Got> {
        until(&format!("{n} requests at {path}"), WAIT, || self.got_at(path).len() >= n);
        self.got_at(path)
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
        shared.got.lock().unwrap().push(Got {
            method,
            path,
            headers: head.headers,
            body,
            at: Instant::now(),
            told: reply.code(),
        });
        if !reply.write(&mut stream).ok()? {
            return None;
        }
    }
}

/// An address where nobody listens: connecting is refused.
pub fn refused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
