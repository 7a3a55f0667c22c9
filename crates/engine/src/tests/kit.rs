//! An engine whose network, clock and launcher belong to the test.

use crate::{
    AppSpec, Engine, EngineOptions, FileSpec, Launcher, Launching, Limits, LinkSpec, ProofKey, Quota,
    SessionEnd, Started, SystemEvent, SystemEventFormat,
};
use bytes::Bytes;
use footbridge_courier::{
    Courier, CourierOptions, CourierShared, Dialed, Dialer, Dialing, Policy, Resolver, Resolving,
};
use footbridge_journal::NodeCard;
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::name::AppName;
use footbridge_model::package::{IdleTimeout, Manifest, ManifestError, Package, Program};
use footbridge_model::retry::Schedule;
use footbridge_model::run::{
    Exit, FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, RunId, Running, StartFailure, StartOrder,
};
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Entropy, Millis};
use http::HeaderValue;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;

pub(super) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Receiver {
    /// It refuses the connection.
    Refuses,
    /// It accepts the request and never answers.
    Hangs,
    /// It answers 200 with this body, after a while.
    Answers(&'static str, Duration),
}

/// The network: every name resolves to one receiver.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) receiver: Mutex<Receiver>,
    /// How long a name takes to resolve.
    pub(super) resolve: Mutex<Duration>,
    /// The requests that arrived.
    pub(super) requests: Arc<AtomicUsize>,
}

impl Resolver for Network {
    fn resolve<'a>(&'a self, _: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        let wait = *self.resolve.lock().unwrap();
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            Ok(vec![SocketAddr::new(Ipv4Addr::new(93, 184, 216, 34).into(), port)])
        })
    }
}

impl Dialer for Network {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        let (receiver, requests) = (*self.receiver.lock().unwrap(), Arc::clone(&self.requests));
        Box::pin(async move {
            if matches!(receiver, Receiver::Refuses) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(serve(theirs, receiver, requests));
            Ok(Dialed::other(ours, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 40_000), addr))
        })
    }
}

/// Answers the requests on one connection.
async fn serve(mut stream: DuplexStream, receiver: Receiver, requests: Arc<AtomicUsize>) {
    while read_request(&mut stream).await.is_some() {
        requests.fetch_add(1, Ordering::Relaxed);
        let Receiver::Answers(body, wait) = receiver else { return std::future::pending().await };
        tokio::time::sleep(wait).await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn read_request(stream: &mut DuplexStream) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return Some(());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Starts the app for which a start is planned to succeed.
pub(super) struct FakeLauncher {
    /// How long a start takes.
    pub(super) start: Mutex<Duration>,
    /// The error of the next starts, if they fail.
    pub(super) failure: Mutex<Option<StartFailure>>,
    pub(super) starts: AtomicUsize,
    pub(super) exits: mpsc::Sender<Exit>,
    /// The apps that were told to stop.
    pub(super) stopped: Mutex<Vec<AppName>>,
}

impl Launcher for FakeLauncher {
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>> {
        Box::pin(ready(Ok(manifest(&path))))
    }
    fn start(&self, _: StartOrder) -> Launching<Result<Running, StartFailure>> {
        let run = RunId(self.starts.fetch_add(1, Ordering::Relaxed) as u64 + 1);
        let (wait, failure) = (*self.start.lock().unwrap(), self.failure.lock().unwrap().clone());
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9000);
            failure.map_or(Ok(Running { run, address, pid: 4711 }), Err)
        })
    }
    fn stop(&self, app: AppName) -> Launching<()> {
        self.stopped.lock().unwrap().push(app);
        Box::pin(ready(()))
    }
    fn stop_all(&self) -> Launching<()> {
        Box::pin(ready(()))
    }
    fn output(&self, _: &AppName, _: u64, _: usize) -> Vec<OutputLine> {
        Vec::new()
    }
    fn written(&self, _: AppName, _: u64) -> Launching<()> {
        Box::pin(std::future::pending())
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

/// The package of a Node app without hooks that is stopped after a minute without use.
fn manifest(name: &str) -> Manifest {
    let package = Package {
        path: format!("/apps/{name}"),
        version: "1.0.0".to_owned(),
        description: String::new(),
        display_name: name.to_owned(),
        index: "/".to_owned(),
        system: false,
        program: Program::Node("server.js".to_owned()),
        idle_timeout: Some(IdleTimeout::After(Duration::from_mins(1))),
        routers: BTreeMap::new(),
        functions: BTreeMap::new(),
        page_events: BTreeSet::new(),
        public: BTreeMap::new(),
    };
    let (hooks, private, warnings) = (Vec::new(), BTreeSet::new(), Vec::new());
    Manifest { name: self::name(name), package, hooks, private, warnings }
}

/// Time that follows tokio's, and goes on while the machine sleeps.
#[derive(Debug)]
pub(crate) struct PausedClock {
    started: Instant,
    slept: Mutex<Duration>,
}

impl PausedClock {
    pub(crate) fn since(started: Instant) -> Self {
        Self { started, slept: Mutex::default() }
    }

    /// The machine sleeps: tokio's clock stands still.
    pub(crate) fn sleep(&self, time: Duration) {
        *self.slept.lock().unwrap() += time;
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Millis {
        Millis(1_800_000_000_000).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed() + *self.slept.lock().unwrap()
    }
}

/// Bytes that differ at every call.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        bytes.iter_mut().zip(number.into_iter().cycle()).for_each(|(byte, digit)| *byte = digit);
    }
}

/// Bodies that name the app of the event.
pub(crate) struct NamedBodies;

impl SystemEventFormat for NamedBodies {
    fn body(&self, event: &SystemEvent<'_>) -> Bytes {
        event.app().map_or_else(|| Bytes::from_static(b"{}"), |app| format!("{{\"name\":\"{app}\"}}").into())
    }
}

/// A running engine and the simulated world around it.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) network: Arc<Network>,
    pub(super) launcher: Arc<FakeLauncher>,
    pub(super) courier: Rc<Courier>,
    pub(super) journal: Arc<MemoryJournal>,
    pub(super) clock: Arc<PausedClock>,
    /// How its session ended, if it did.
    pub(super) end: Rc<Cell<Option<SessionEnd>>>,
    _drain: watch::Sender<bool>,
}

pub(crate) fn name(text: &str) -> AppName {
    AppName::parse(text).unwrap()
}

/// Runs a test on paused time, with an engine whose host `superapp` is linked to the miniapp `shop`.
pub(super) fn run<F: Future<Output = ()>>(test: impl FnOnce(Rc<World>) -> F) {
    run_on(MemoryJournal::new(), test);
}

/// Runs a test with an engine on this store.
pub(super) fn run_on<F: Future<Output = ()>>(store: MemoryJournal, test: impl FnOnce(Rc<World>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.unwrap(), async { test(Rc::new(World::start(store).await)).await });
}

impl World {
    /// A server on this store.
    pub(super) async fn start(store: MemoryJournal) -> Self {
        let network = Arc::new(Network {
            receiver: Mutex::new(Receiver::Answers("{\"ok\":true}", Duration::ZERO)),
            resolve: Mutex::new(Duration::ZERO),
            requests: Arc::default(),
        });
        let (exits, exited) = mpsc::channel(8);
        let launcher = Arc::new(FakeLauncher {
            start: Mutex::new(Duration::from_secs(1)),
            failure: Mutex::new(None),
            starts: AtomicUsize::new(0),
            exits,
            stopped: Mutex::default(),
        });
        let journal = Arc::new(store);
        let clock = Arc::new(PausedClock::since(Instant::now()));
        let courier = CourierOptions {
            resolver: network.clone(),
            dialer: network.clone(),
            ..CourierOptions::new(Policy::default(), HeaderValue::from_static("test"))
        };
        let courier: Arc<CourierShared> = courier.share();
        let options = EngineOptions {
            store: journal.clone(),
            node: NodeCard::default(),
            clock: clock.clone(),
            entropy: Arc::new(Counter::default()),
            courier: Arc::clone(&courier),
            launcher: launcher.clone(),
            exits: exited,
            system_events: Arc::new(NamedBodies),
            public_url: "http://footbridge.test".to_owned(),
            schedule: Schedule::default(),
            proof_key: ProofKey::new([7; 32]),
            limits: limits(),
        };
        let Started { engine, dispatcher, app_monitor, membership, collector, .. } =
            Engine::start(options, file()).await.unwrap();
        let end = Rc::<Cell<Option<SessionEnd>>>::default();
        let ended = Rc::clone(&end);
        spawn_local(async move { ended.set(Some(membership.run().await)) });
        let (drain, draining) = watch::channel(false);
        spawn_local(dispatcher.run(draining.clone()));
        spawn_local(app_monitor.run(draining.clone()));
        spawn_local(collector.run(draining));
        let courier = Rc::new(Courier::new(courier));
        Self { engine, network, launcher, courier, journal, clock, end, _drain: drain }
    }

    pub(super) fn receiver(&self, receiver: Receiver) {
        *self.network.receiver.lock().unwrap() = receiver;
    }

    pub(super) fn requests(&self) -> usize {
        self.network.requests.load(Ordering::Relaxed)
    }

    /// The app that a token authenticates.
    pub(super) fn app_of(&self, token: &Secret) -> Option<String> {
        let caller = self.engine.caller_by_token(token.expose().as_bytes())?;
        Some(caller.entry.app.name.as_str().to_owned())
    }
}

fn file() -> FileSpec {
    let app = |text: &str| AppSpec {
        receiver_url: Some(format!("http://{text}.test/events")),
        ..AppSpec::named(name(text))
    };
    let off = AppSpec { receiver_enabled: false, ..app("closed") };
    let link = |miniapp: &str| LinkSpec { host: name("superapp"), miniapp: name(miniapp), enabled: true };
    FileSpec {
        apps: vec![app("superapp"), app("shop"), app("stranger"), off],
        links: vec![link("shop"), link("closed")],
        ..FileSpec::default()
    }
}

fn limits() -> Limits {
    Limits {
        attempt: Duration::from_secs(10),
        exchange: EXCHANGE_TIMEOUT,
        answer: 1 << 20,
        answer_wait: Duration::from_secs(1),
        event: 4096,
        publish_rate: None,
        quota: Quota { chain: 10_000, backlog: 1_000_000, bytes: 1 << 30 },
        hooks_per_app: 10,
        idle: None,
        keep: None,
        keep_dead: None,
        keep_audit: None,
        statistics: true,
    }
}
