// Runs the examples in doc comments: an engine whose journal, network and time are in memory.

use bytes::Bytes;
use footbridge_courier::{CourierOptions, Dialed, Dialer, Dialing, Policy, Resolver, Resolving};
use footbridge_engine::{
    Courier, Engine, EngineOptions, FileSpec, Limits, NodeCard, NoLauncher, ProofKey, Quota, Started,
    SystemEvent, SystemEventFormat,
};
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::Instant;

/// A clock that follows tokio's.
#[derive(Debug)]
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Millis {
        Millis(1_800_000_000_000).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
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

struct EmptyBodies;

impl SystemEventFormat for EmptyBodies {
    fn body(&self, _: &SystemEvent<'_>) -> Bytes {
        Bytes::from_static(b"{}")
    }
}

/// Every name leads to one receiver, which answers each request with `{"ok":true}`.
#[derive(Debug)]
struct Network;

impl Resolver for Network {
    fn resolve<'a>(&'a self, _: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        Box::pin(async move { Ok(vec![SocketAddr::new(Ipv4Addr::new(93, 184, 216, 34).into(), port)]) })
    }
}

impl Dialer for Network {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        Box::pin(async move {
            let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(async move {
                let mut request = [0; 16 * 1024];
                while theirs.read(&mut request).await.is_ok_and(|count| count > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
                    if theirs.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
            Ok(Dialed::other(ours, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 40_000), addr))
        })
    }
}

fn options() -> (EngineOptions, Rc<Courier>) {
    let courier = CourierOptions {
        resolver: Arc::new(Network),
        dialer: Arc::new(Network),
        ..CourierOptions::new(Policy::default(), http::HeaderValue::from_static("Example/1.0"))
    };
    let courier = courier.share();
    let options = EngineOptions {
        store: Arc::new(MemoryJournal::new()),
        node: NodeCard::default(),
        clock: Arc::new(PausedClock(Instant::now())),
        entropy: Arc::new(Counter::default()),
        courier: Arc::clone(&courier),
        launcher: Arc::new(NoLauncher),
        exits: mpsc::channel(1).1,
        system_events: Arc::new(EmptyBodies),
        public_url: "https://events.example.com".to_owned(),
        schedule: Schedule::default(),
        proof_key: ProofKey::new([7; 32]),
        limits: Limits {
            attempt: Duration::from_secs(10),
            exchange: Duration::from_secs(10),
            answer: 1 << 20,
            answer_wait: Duration::from_secs(1),
            event: 1 << 20,
            publish_rate: None,
            quota: Quota { chain: 10_000, backlog: 1_000_000, bytes: 1 << 30 },
            hooks_per_app: 10,
            idle: None,
            keep: None,
            keep_dead: None,
            keep_audit: None,
            statistics: true,
        },
    };
    (options, Rc::new(Courier::new(courier)))
}

/// Runs an example with an engine that delivers, and a courier for its exchanges.
pub fn run<F>(example: impl FnOnce(Engine, Rc<Courier>) -> F) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = Result<(), Box<dyn Error>>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    LocalSet::new().block_on(&runtime, async {
        let (options, courier) = options();
        let Started { engine, dispatcher, .. } = Engine::start(options, FileSpec::default()).await?;
        let (_drain, draining) = watch::channel(false);
        tokio::task::spawn_local(dispatcher.run(draining));
        example(engine, courier).await
    })
}
