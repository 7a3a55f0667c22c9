//! A server on a real socket, a launcher that starts nothing but knows where apps listen, and a bare client.

use crate::bolt::BoltEvents;
use crate::edge::{Edge, Hosts, Proxies};
use crate::listen::{ConnectionSlots, Shard, ShardOptions, bind};
use crate::live_sessions::{LiveOptions, LiveState};
use crate::metrics::Metrics;
use crate::state::{BoltOptions, BridgeOptions, ServerState};
use footbridge_courier::{CourierOptions, Policy};
use footbridge_engine::{
    AppSpec, Engine, EngineOptions, FileSpec, Launcher, Launching, Limits, NodeCard, ProofKey, Quota, Started,
};
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::hook::{HookOptions, HookType};
use footbridge_model::name::AppName;
use footbridge_model::package::{
    Manifest, ManifestError, ManifestHook, ManifestProblem, Package, Program, Router,
};
use footbridge_model::pattern::Pattern;
use footbridge_model::retry::Schedule;
use footbridge_model::run::{
    FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, RunId, Running, StartFailure, StartOrder,
    Stream,
};
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Entropy, Millis};
use http::HeaderValue;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

pub(super) const ADMIN: &str = "authorization: Bearer admin-token-for-tests\r\n";
/// The token of the app `other`, which the file gives.
pub(super) const OTHER: &str = "x-bolt-app-token: token-of-other-app\r\n";

/// Runs one test as a shard runs: one thread, local tasks; nothing may take longer than 20 s.
pub(super) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(20), test).await.expect("the test hangs");
    });
}

/// Waits until `done` holds; the deadline of [`run`] is the other end.
pub(super) async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Millis {
        Millis(1_800_000_000_000)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Every secret is another.
#[derive(Debug, Default)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// Knows packages by their path and addresses by the app's name.
#[derive(Default)]
pub(super) struct FakeLauncher {
    manifests: Mutex<HashMap<String, Manifest>>,
    addresses: Mutex<HashMap<AppName, SocketAddr>>,
    lines: Mutex<Vec<OutputLine>>,
    written: Notify,
    pub(super) starts: AtomicUsize,
}

impl FakeLauncher {
    /// The app writes a line.
    pub(super) fn write(&self, text: &str) {
        let mut lines = self.lines.lock().unwrap();
        let number = lines.len() as u64 + 1;
        lines.push(OutputLine { number, at: Millis(7), stream: Stream::Out, text: text.to_owned() });
        self.written.notify_waiters();
    }
}

impl Launcher for FakeLauncher {
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>> {
        let found = self.manifests.lock().unwrap().get(&path).cloned();
        Box::pin(ready(found.ok_or(ManifestError {
            problem: ManifestProblem::BadPackage,
            why: format!("no package.json in {path}"),
        })))
    }

    fn start(&self, order: StartOrder) -> Launching<Result<Running, StartFailure>> {
        let run = RunId(self.starts.fetch_add(1, Ordering::Relaxed) as u64 + 1);
        let address = self.addresses.lock().unwrap().get(&order.app).copied();
        let running = address.map(|address| Running { run, address, pid: 4711 });
        Box::pin(ready(running.ok_or(StartFailure {
            why: "it ended with exit code 1: /secret/place".to_owned(),
            again_in: Duration::from_millis(2500),
        })))
    }

    fn stop(&self, _: AppName) -> Launching<()> {
        Box::pin(ready(()))
    }

    fn stop_all(&self) -> Launching<()> {
        Box::pin(ready(()))
    }

    fn output(&self, _: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.number > after).take(limit).cloned().collect()
    }

    fn written(&self, _: AppName, _: u64) -> Launching<()> {
        // Whoever missed a line looks again before long.
        Box::pin(tokio::time::sleep(Duration::from_millis(5)))
    }

    fn renew(&self, _: &AppName) {}

    fn forget(&self, _: &AppName) {}

    fn call(&self, _: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>> {
        Box::pin(ready(Ok(FunctionAnswer::default())))
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A Node app with a `server` hook at `/hooks/photo`.
pub(super) fn package(name: &str) -> Manifest {
    let hook = ManifestHook {
        pattern: Pattern::parse("camera/*").unwrap(),
        route: "hooks/photo".into(),
        kind: HookType::Server,
        options: HookOptions::default(),
    };
    let package = Package {
        path: format!("/apps/{name}"),
        version: "1.2.3".into(),
        description: "for tests".into(),
        display_name: "Shown".into(),
        index: "/".into(),
        system: false,
        program: Program::Node("server.js".into()),
        idle_timeout: None,
        routers: BTreeMap::new(),
        functions: BTreeMap::new(),
        page_events: BTreeSet::new(),
        public: BTreeMap::new(),
    };
    let name = AppName::parse(name).unwrap();
    Manifest {
        name,
        package,
        hooks: vec![hook],
        private: BTreeSet::new(),
        warnings: vec!["mind this".into()],
    }
}

/// An app with nothing but a router.
pub(super) fn with_router(name: &str, router: &str, root: &str, order: i64) -> Manifest {
    let mut manifest = package(name);
    manifest.hooks.clear();
    manifest.package.program = Program::Nothing;
    let to = Router { main: "router.js".into(), root: root.into(), order };
    manifest.package.routers.insert(router.into(), to);
    manifest
}

/// A server that answers.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) engine: Engine,
    pub(super) launcher: Arc<FakeLauncher>,
    drain: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
    /// The background tasks, which do not run in these tests: deliveries stay pending.
    _idle: Started,
}

impl Server {
    pub(super) async fn start() -> Self {
        let journal = Arc::new(MemoryJournal::new());
        let launcher = Arc::new(FakeLauncher::default());
        let policy = Policy::new(Vec::new(), Vec::new());
        let courier = CourierOptions::new(policy, HeaderValue::from_static("x")).share();
        let public_url = "https://bridge.example".to_owned();
        let options = EngineOptions {
            store: journal.clone(),
            node: NodeCard::default(),
            clock: Arc::new(FixedClock),
            entropy: Arc::new(Counting::default()),
            courier: Arc::clone(&courier),
            launcher: launcher.clone(),
            exits: tokio::sync::mpsc::channel(1).1,
            public_url: public_url.clone(),
            schedule: Schedule::default(),
            proof_key: ProofKey::new([8; 32]),
            system_events: Arc::new(BoltEvents),
            limits: limits(),
        };
        let other = AppName::parse("other").unwrap();
        let other = AppSpec { token: Some(Secret::new("token-of-other-app")), ..AppSpec::named(other) };
        let file = FileSpec { apps: vec![other], ..FileSpec::default() };
        let started = Engine::start(options, file).await.unwrap();
        let engine = started.engine.clone();
        let metrics = Arc::new(Metrics::default());
        let live = LiveState::new(LiveOptions {
            engine: &engine,
            page_key: Zeroizing::new([7; 32]),
            public_url: &public_url,
            metrics: &metrics,
            connections: 100,
        });
        let places = ConnectionSlots::new(1000, Proxies::default(), Arc::clone(&metrics));
        let hosts = ["a", "x", "*.example"].map(|name| name.parse().unwrap());
        let listen = ["127.0.0.1:0".parse().unwrap()];
        let edge = Edge::new(Hosts::new(&public_url, &listen, &hosts), Proxies::default());
        let shared = Arc::new(ServerState {
            engine: engine.clone(),
            metrics,
            edge,
            admin: axum::Router::new(),
            admin_token: Secret::new("admin-token-for-tests"),
            public_url,
            live,
            bridge: BridgeOptions { body: 1 << 20 },
            bolt: BoltOptions { body: 4096, http_200_errors: false },
            console: None,
            visitors: None,
            docs: None,
        });
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (shard, handle) = Shard::new(ShardOptions { shared, courier });
        let (drain, draining) = watch::channel(false);
        let ended = tokio::task::spawn_local(shard.run(draining.clone()));
        tokio::task::spawn_local(listener.accept(vec![handle], places, draining));
        Self { address, engine, launcher, drain, ended, _idle: started }
    }

    /// Installs an app that listens at `address`.
    pub(super) async fn install(&self, manifest: Manifest, address: SocketAddr) {
        let name = manifest.name.clone();
        self.launcher.addresses.lock().unwrap().insert(name.clone(), address);
        self.put(manifest);
        self.engine.install(format!("/apps/{name}"), false).await.unwrap();
    }

    /// Puts an app where it can be installed from.
    pub(super) fn put(&self, manifest: Manifest) {
        let path = format!("/apps/{}", manifest.name);
        self.launcher.manifests.lock().unwrap().insert(path, manifest);
    }

    pub(super) async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), held: Vec::new() }
    }

    /// One request on a connection of its own, with the headers given as text.
    pub(super) async fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        let mut client = self.connect().await;
        client.ask(line, headers, body).await
    }

    /// The connections close, and the shard ends.
    pub(super) async fn end(self) {
        self.drain.send_replace(true);
        self.ended.await.unwrap();
    }
}

/// Short times, and three hooks an app.
pub(crate) fn limits() -> Limits {
    let second = Duration::from_secs(1);
    Limits {
        attempt: second,
        exchange: second,
        answer: 1 << 20,
        answer_wait: second,
        event: 4096,
        publish_rate: None,
        quota: Quota { chain: 10_000, backlog: 1_000_000, bytes: 1 << 30 },
        hooks_per_app: 3,
        idle: None,
        keep: None,
        keep_dead: None,
        keep_audit: None,
        statistics: true,
    }
}

/// A raw connection that sends exactly the given bytes.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    held: Vec<u8>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// The body of a Bolt answer that is none of an error.
    #[track_caller]
    pub(super) fn bolt(&self) -> Value {
        let mut json = self.json();
        assert_eq!((self.status, json["code"].as_u64()), (200, Some(0)), "{json}");
        json["body"].take()
    }

    /// The message of a Bolt error.
    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: u64) -> String {
        let json = self.json();
        assert_eq!((self.status, json["code"].as_u64()), (status, Some(code)), "{json}");
        json["error"]["message"].as_str().unwrap().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(super) async fn ask(&mut self, line: &str, headers: &str, body: &str) -> Answer {
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        self.say(format!("{line} HTTP/1.1\r\nhost: bridge.example\r\n{headers}{length}\r\n{body}")).await;
        self.answer().await
    }

    /// Reads until `mark`, which is part of what is given; panics at the end of the stream.
    pub(super) async fn read_to(&mut self, mark: &str) -> String {
        loop {
            let held = String::from_utf8_lossy(&self.held).into_owned();
            if let Some(at) = held.find(mark) {
                let rest = self.held.split_off(at + mark.len());
                return String::from_utf8(std::mem::replace(&mut self.held, rest)).unwrap();
            }
            let read = self.stream.read_buf(&mut self.held).await.unwrap();
            assert!(read > 0, "the stream ended after {held:?} without {mark:?}");
        }
    }

    /// Reads until the other side closes.
    pub(super) async fn rest(mut self) -> String {
        let _ = self.stream.read_to_end(&mut self.held).await;
        String::from_utf8_lossy(&self.held).into_owned()
    }

    /// One answer with a length; without one it has no body.
    pub(super) async fn answer(&mut self) -> Answer {
        let head = self.read_to("\r\n\r\n").await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.held.len() < length {
            assert!(self.stream.read_buf(&mut self.held).await.unwrap() > 0, "{answer:?} is cut");
        }
        let rest = self.held.split_off(length);
        answer.body = String::from_utf8(std::mem::replace(&mut self.held, rest)).unwrap();
        answer
    }
}
