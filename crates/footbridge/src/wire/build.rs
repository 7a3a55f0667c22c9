//! Builds a server. Everything that can fail fails here, before the server answers or leaves files behind.

use super::console::{self, ConsoleEntry, ConsoleListener};
use super::docs;
use super::error::ServeError;
use super::launch;
use super::program::Program;
use super::spec::file_spec;
use crate::config::{Config, MasterKey, env::Env};
use crate::entropy::SystemEntropy;
use crate::first_run::{self, Database, FirstRunError, Source};
use crate::steady_clock::{self, SteadyClock};
use footbridge_courier::{CourierOptions, CourierShared, Policy, Roots};
use footbridge_engine::{
    Engine, EngineOptions, Limits, NodeCard, ProofKey, Quota, Rate, StartError, Started, Store,
};
use footbridge_journal::JournalError;
use footbridge_journal_sqlite::{Claim, MasterKey as SealKey, OpenError};
use footbridge_model::retry::Schedule;
use footbridge_model::secret::Secret;
use footbridge_model::time::Clock;
use footbridge_runtime::RuntimeError;
use footbridge_server::admin::{self, AdminRouter, AdminState, Tails};
use footbridge_server::health::Health;
use footbridge_server::listen::{self, Listener};
use footbridge_server::metrics::Metrics;
use footbridge_server::{
    BoltEvents, BoltOptions, BridgeOptions, Docs, Edge, Hosts, LiveOptions, LiveState, Proxies, ServerState,
    VisitorSite,
};
use http::HeaderValue;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The `User-Agent` of every outbound request.
const USER_AGENT: &str = concat!("Footbridge/", env!("CARGO_PKG_VERSION"));
/// The label of the key for the cookies of pages.
const PAGES: &str = "footbridge page cookies 1";
/// The label of the key for the cookies of users who visit apps.
const VISITORS: &str = "footbridge app visitors 1";
/// The label of the key for tickets and for the tokens of pages.
const PROOFS: &str = "footbridge page proofs 1";

/// A server that is ready to run and does not answer yet.
#[derive(Debug)]
pub struct Built {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The URL at which clients reach it.
    pub public_url: String,
    /// The source of the administrator's token.
    pub token_source: Source,
    /// The token of the administrator.
    pub admin_token: Secret,
    /// Warnings for the operator.
    pub warnings: Vec<String>,
    /// The way into the console; `None` if it is off.
    pub console: Option<ConsoleEntry>,
    pub(super) listener: Listener,
    /// The console's listener, and what its thread needs to answer.
    pub(super) console_server: Option<(Listener, Arc<ServerState>)>,
    pub(super) started: Started,
    pub(super) shared: Arc<ServerState>,
    pub(super) courier: Arc<CourierShared>,
    pub(super) health: Arc<Health>,
    pub(super) config: Config,
}

/// The database of a server, with the key of its secrets.
pub(super) struct OpenStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) master_key: MasterKey,
}

/// Opens what a server stores in and what starts its apps. Tests open something else.
#[expect(clippy::type_complexity, reason = "each signature is used once")]
#[derive(Clone, Copy)]
pub(super) struct Ports<'a> {
    /// Opens the database of a server that listens on this address.
    pub(super) store: &'a dyn Fn(&Config, SocketAddr, &dyn Clock) -> Result<OpenStore, ServeError>,
    /// Makes the launcher of a server that clients reach at this URL.
    pub(super) launcher:
        &'a dyn Fn(&Config, &str, &Env, &Arc<dyn Clock>) -> Result<launch::Opened, RuntimeError>,
}

impl Ports<'_> {
    /// The ports of the program.
    pub(super) const USUAL: Self = Self { store: &open, launcher: &launch::launcher };
}

/// Binds the listener, opens the database and applies the configuration.
///
/// # Errors
/// [`ServeError`] with the cause. Files that were made are removed again.
pub async fn build(config: Config, env: &Env) -> Result<Built, ServeError> {
    build_on(Ports::USUAL, config, env).await
}

/// Does what [`build`] does, with these ports.
pub(super) async fn build_on(ports: Ports<'_>, config: Config, env: &Env) -> Result<Built, ServeError> {
    footbridge_runtime::check_user(config.runtime.user.as_deref())?;
    let Bound { listener, own, address } = bind(config.listen)?;
    let (console, no_console) = console::bind(&config.console)?;
    let public_url = config.public_url_at(address);
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::start());
    let OpenStore { store, master_key } = (ports.store)(&config, address, &*clock)?;
    let (admin_token, token_source) =
        first_run::admin_token(config.admin_token.as_ref(), &config.database, &SystemEntropy)?;
    let courier = courier(&config, &own, console.as_ref())?;
    let (launcher, exits) = (ports.launcher)(&config, &public_url, env, &clock)?;
    let options = EngineOptions {
        store,
        node: NodeCard { name: address.to_string(), address: Some(public_url.clone()) },
        clock,
        entropy: Arc::new(SystemEntropy),
        courier: Arc::clone(&courier),
        launcher,
        exits,
        system_events: Arc::new(BoltEvents),
        public_url: public_url.clone(),
        schedule: Schedule::new(config.retry.schedule.clone()),
        proof_key: ProofKey::new(master_key.derive(PROOFS)),
        limits: limits(&config),
    };
    let mut started = start(options, &config).await.inspect_err(|_| undo(&token_source))?;
    let mut warnings = [config.warnings.clone(), launch::open_secrets(&config)?].concat();
    warnings.extend(started.warnings.drain(..).chain(listener.warning()).chain(no_console));
    let (health, page_key) = (Arc::new(Health::starting()), master_key.derive(PAGES));
    let served = Served {
        config: &config,
        addresses: &own,
        engine: &started.engine,
        admin_token: &admin_token,
        public_url: &public_url,
        health: &health,
        warnings: &warnings,
        address,
        console: console.as_ref(),
        metrics: &Arc::new(Metrics::default()),
    };
    let shared = Arc::new(served.shared(page_key.clone(), master_key.derive(VISITORS)));
    let console_server = served.console(page_key).map(Arc::new);
    let entry = console::entry(console.as_ref(), &started.engine, &config.database).await?;
    Ok(Built {
        address,
        public_url,
        token_source,
        admin_token,
        warnings,
        console: entry,
        listener,
        console_server: console.map(|console| console.listener).zip(console_server),
        started,
        shared,
        courier,
        health,
        config,
    })
}

/// The listener of apps, hosts and the administration API.
struct Bound {
    listener: Listener,
    /// All addresses that reach the listener.
    own: Vec<SocketAddr>,
    /// The address with the port that the system chose, if it had to.
    address: SocketAddr,
}

fn bind(address: SocketAddr) -> Result<Bound, ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = listen::bind(address).map_err(failed)?;
    let own = listener.addresses().map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound { listener, own, address })
}

/// Makes what all threads share to send requests.
fn courier(
    config: &Config,
    own: &[SocketAddr],
    console: Option<&ConsoleListener>,
) -> Result<Arc<CourierShared>, ServeError> {
    let own = own.iter().chain(console.iter().flat_map(|console| &console.addresses));
    let policy = Policy::new(config.egress.allow.clone(), own.copied().collect());
    let roots = config.egress.ca_file.as_deref().map(Roots::read).transpose()?.map(Arc::new);
    let options = CourierOptions::new(policy, HeaderValue::from_static(USER_AGENT));
    Ok(CourierOptions { roots, ..options }.share())
}

/// Starts the engine. Reports a damaged database like any damage: with the file and what to do.
async fn start(options: EngineOptions, config: &Config) -> Result<Started, ServeError> {
    Engine::start(options, file_spec(config)).await.map_err(|error| match error {
        StartError::Journal(JournalError::Corrupt(what)) => {
            ServeError::Open(OpenError::Damaged { path: config.database.clone(), what })
        }
        error => error.into(),
    })
}

/// The parts of a server that its HTTP surfaces use.
struct Served<'a> {
    config: &'a Config,
    /// The addresses that the server listens on.
    addresses: &'a [SocketAddr],
    engine: &'a Engine,
    admin_token: &'a Secret,
    public_url: &'a str,
    health: &'a Arc<Health>,
    /// The warnings of the start.
    warnings: &'a [String],
    /// The address of the listener.
    address: SocketAddr,
    console: Option<&'a ConsoleListener>,
    metrics: &'a Arc<Metrics>,
}

impl Served<'_> {
    /// Makes the state that all threads share to answer requests.
    fn shared(&self, page_key: Zeroizing<[u8; 32]>, visitor_key: Zeroizing<[u8; 32]>) -> ServerState {
        let settings = self.console.map(|console| &console.settings);
        let apps_url = settings.and_then(|settings| settings.apps_url.as_deref());
        let hosts = Hosts::new(self.public_url, self.addresses, &self.config.server.hosts).with(apps_url);
        let visitors = settings.zip(apps_url).map(|(settings, apps_url)| {
            VisitorSite::new(apps_url, &settings.url, self.public_url, visitor_key)
        });
        ServerState {
            docs: self.config.server.docs.then_some(docs::find as Docs),
            visitors,
            ..self.state(admin::router(self.admin()), Edge::new(hosts, proxies(self.config)), page_key)
        }
    }

    /// Makes the state of the console's listener; `None` if the console is off.
    fn console(&self, page_key: Zeroizing<[u8; 32]>) -> Option<ServerState> {
        let ConsoleListener { settings, addresses, .. } = self.console?;
        let hosts =
            Hosts::new(&settings.url, addresses, &self.config.console.hosts).set_by("[console] hosts");
        let edge = Edge::new(hosts, proxies(self.config));
        Some(ServerState {
            console: Some(settings.clone()),
            docs: Some(docs::find),
            ..self.state(admin::console_router(self.admin()), edge, page_key)
        })
    }

    fn admin(&self) -> AdminState {
        AdminState {
            engine: self.engine.clone(),
            admin_token: self.admin_token.clone(),
            console: self.console.map(|console| console.settings.clone()),
            health: Arc::clone(self.health),
            metrics: Arc::clone(self.metrics),
            surroundings: Arc::new(Program::new(self.config, self.address, self.warnings)),
            tails: Tails::default(),
        }
    }

    /// Makes the state of a listener.
    fn state(&self, admin: AdminRouter, edge: Edge, page_key: Zeroizing<[u8; 32]>) -> ServerState {
        let Self { config, engine, admin_token, public_url, metrics, .. } = *self;
        let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        let bridge = BridgeOptions { body: bytes(config.limits.bridge_body) };
        let bolt = BoltOptions {
            body: bytes(config.limits.event_body),
            http_200_errors: config.bolt.http_200_errors,
        };
        let connections = usize::try_from(config.server.connections).unwrap_or(usize::MAX);
        let live = LiveState::new(LiveOptions { engine, page_key, public_url, metrics, connections });
        ServerState {
            engine: engine.clone(),
            metrics: Arc::clone(metrics),
            edge,
            admin,
            admin_token: admin_token.clone(),
            public_url: public_url.to_owned(),
            live,
            bridge,
            bolt,
            console: None,
            visitors: None,
            docs: None,
        }
    }
}

/// Returns the proxies whose forwarding headers are trusted.
pub(super) fn proxies(config: &Config) -> Proxies {
    Proxies::new(config.server.trusted_proxies.clone())
}

/// Locks the database, finds or makes its key, and opens it.
pub(super) fn open(config: &Config, address: SocketAddr, clock: &dyn Clock) -> Result<OpenStore, ServeError> {
    steady_clock::check(clock.now())?;
    let path = &config.database;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        return Err(ServeError::NoFolder(folder.to_owned()));
    }
    let claim = Claim::take(path, Some(&address.to_string()))?;
    let (key, source) = match master_key(config, &claim) {
        Ok(found) => found,
        Err(error) => {
            claim.abandon();
            return Err(error);
        }
    };
    let seal = SealKey(*key.expose());
    let journal = claim.open(&seal, Arc::new(SystemEntropy)).inspect_err(|_| undo(&source))?;
    if !config.overrides.accept_clock {
        steady_clock::check_against(clock.now(), journal.last_used())?;
    }
    Ok(OpenStore { store: Arc::new(journal), master_key: key })
}

/// Returns the key of a claimed database. A new database gets a new key, unless files show that there was a database
/// before.
fn master_key(config: &Config, claim: &Claim) -> Result<(MasterKey, Source), ServeError> {
    let database = &config.database;
    if claim.is_new() && !claim.was_cut_off() && !config.overrides.new_database {
        let left = first_run::leftover(database).or_else(|| claim.used_before().map(Path::to_owned));
        if let Some(left) = left {
            return Err(FirstRunError::DatabaseLost { database: database.clone(), left }.into());
        }
    }
    claim.sign()?;
    let state = if claim.is_new() { Database::New } else { Database::Used };
    Ok(first_run::master_key(config.master_key.as_ref(), database, state, &SystemEntropy)?)
}

/// Removes the file that a failed first start made.
fn undo(source: &Source) {
    if let Source::Generated(path) = source {
        let path: &Path = path;
        let _ = std::fs::remove_file(path);
    }
}

fn limits(config: &Config) -> Limits {
    let rate = config.limits.publish_rate;
    Limits {
        attempt: config.egress.timeout,
        exchange: config.bridge.timeout,
        answer: usize::try_from(config.limits.answer_body).unwrap_or(usize::MAX),
        answer_wait: config.bolt.answer_wait,
        event: usize::try_from(config.limits.event_body).unwrap_or(usize::MAX),
        publish_rate: rate.map(|rate| Rate { per_second: rate.per_second.into(), burst: rate.burst.into() }),
        quota: Quota {
            chain: config.limits.chain_deliveries,
            backlog: config.limits.backlog,
            bytes: config.limits.backlog_bytes,
        },
        hooks_per_app: usize::try_from(config.limits.hooks_per_app).unwrap_or(usize::MAX),
        idle: config.runtime.idle_timeout,
        keep: config.journal.keep,
        keep_dead: config.journal.keep_dead,
        keep_audit: config.journal.keep_audit,
        statistics: config.stats.enabled,
    }
}
