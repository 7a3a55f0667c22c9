//! The router over an engine whose journal is in memory.

mod access;
mod apps;
mod bodies;
mod description;
mod failing;
mod history;
mod links_hooks;
mod permissions;

use super::Tails;
use super::{AdminState, router};
use crate::bolt::BoltEvents;
use crate::edge::ClientInfo;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::surroundings::NoSurroundings;
use crate::tests::kit::{Counting, limits};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use footbridge_courier::{CourierOptions, Policy};
use footbridge_engine::{
    AppSpec, Engine, EngineOptions, FileSpec, HookSpec, LinkSpec, NoLauncher, NodeCard, ProofKey, Started,
};
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::hook::{HookOptions, HookType};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::retry::Schedule;
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Millis};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tower_service::Service as _;

const TOKEN: &str = "admin-token-for-tests";

#[derive(Debug)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

struct AdminServer {
    router: Router,
    engine: Engine,
    journal: Arc<MemoryJournal>,
    clock: Arc<HandClock>,
    health: Arc<Health>,
    /// The background tasks, which do not run in these tests: deliveries stay pending.
    _idle: Started,
}

/// An answer, read whole.
#[derive(Debug)]
struct AdminAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl AdminAnswer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The problem's `detail`, once everything else of it is as it must be.
    #[track_caller]
    fn problem(self, status: u16, code: &str) -> String {
        let answer = self.expect(status);
        let problem = answer.json();
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{problem}");
        assert_eq!(problem["type"], format!("/docs/errors/{code}"));
        assert!(problem["title"].is_string());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl AdminServer {
    async fn start() -> Self {
        let journal = Arc::new(MemoryJournal::new());
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000_000)));
        let options = EngineOptions {
            store: journal.clone(),
            node: NodeCard::default(),
            clock: clock.clone(),
            entropy: Arc::new(Counting::default()),
            courier: CourierOptions::new(Policy::new(Vec::new(), Vec::new()), HeaderValue::from_static("x"))
                .share(),
            launcher: Arc::new(NoLauncher),
            exits: tokio::sync::mpsc::channel(1).1,
            public_url: "http://127.0.0.1:4400".into(),
            schedule: Schedule::default(),
            proof_key: ProofKey::new([8; 32]),
            system_events: Arc::new(BoltEvents),
            limits: limits(),
        };
        let started = Engine::start(options, file()).await.unwrap();
        let health = Arc::new(Health::starting());
        let engine = started.engine.clone();
        let state = AdminState {
            engine: engine.clone(),
            admin_token: Secret::new(TOKEN),
            console: None,
            health: health.clone(),
            metrics: Arc::new(Metrics::default()),
            surroundings: Arc::new(NoSurroundings),
            tails: Tails::default(),
        };
        Self { router: router(state), engine, journal, clock, health, _idle: started }
    }

    async fn send(&self, request: Request<Body>) -> AdminAnswer {
        let (parts, body) = self.router.clone().call(request).await.unwrap().into_parts();
        // The body of a tail never ends.
        let endless = parts.extensions.get::<super::Endless>().is_some();
        let body = if endless { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
        AdminAnswer { status: parts.status, headers: parts.headers, body }
    }

    /// A request with the admin token; an empty body has no content type.
    async fn call(&self, method: &str, path: &str, body: impl Into<String>) -> AdminAnswer {
        let body = body.into();
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn get(&self, path: &str) -> AdminAnswer {
        self.call("GET", path, "").await
    }

    async fn bare(&self, path: &str, authorization: Option<&str>) -> AdminAnswer {
        let mut request = Request::builder().uri(path);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn from(&self, path: &str, ip: &str, local: bool) -> AdminAnswer {
        let client = ClientInfo { ip: ip.parse().unwrap(), local };
        self.send(Request::builder().uri(path).extension(client).body(Body::empty()).unwrap()).await
    }
}

fn app(name: &str) -> AppName {
    AppName::parse(name).unwrap()
}

/// An app, a linked miniapp and a hook, as the configuration file would give them.
fn file() -> FileSpec {
    let superapp = AppSpec {
        token: Some(Secret::new("token-of-superapp")),
        secret_key: Some(Secret::new("key-of-superapp")),
        ..AppSpec::named(app("superapp"))
    };
    let hook = HookSpec {
        app: app("shop"),
        pattern: Pattern::parse("superapp/*").unwrap(),
        route: "https://shop.example/hook".into(),
        kind: HookType::Web,
        options: HookOptions { ordered: true, ..HookOptions::default() },
    };
    FileSpec {
        apps: vec![superapp, AppSpec::named(app("shop"))],
        links: vec![LinkSpec { host: app("superapp"), miniapp: app("shop"), enabled: true }],
        hooks: vec![hook],
        ..FileSpec::default()
    }
}
