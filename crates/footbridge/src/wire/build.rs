//! Building: whatever can fail does so here, before anything is left behind or answered.

use super::launch;
use super::spec::file_spec;
use crate::config::{Config, MasterKey, env::Env};
use crate::entropy::SystemEntropy;
use crate::first_run::{self, Database, FirstRunError, Source};
use crate::steady_clock::{self, ClockError, SteadyClock};
use footbridge_courier::{CourierOptions, CourierShared, Policy, Roots, RootsError};
use footbridge_engine::{Engine, EngineOptions, Limits, ProofKey, Quota, Rate, StartError, Started};
use footbridge_journal::JournalError;
use footbridge_journal_sqlite::{Claim, MasterKey as SealKey, OpenError, SqliteJournal};
use footbridge_model::retry::Schedule;
use footbridge_model::secret::Secret;
use footbridge_model::time::Clock;
use footbridge_runtime::RuntimeError;
use footbridge_server::admin::{self, AdminState};
use footbridge_server::health::Health;
use footbridge_server::listen::{self, Listener};
use footbridge_server::metrics::Metrics;
use footbridge_server::{
    BoltEvents, BoltOptions, BridgeOptions, Edge, Hosts, LiveOptions, LiveState, Proxies, Shared,
};
use http::HeaderValue;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What every outbound request calls itself.
const USER_AGENT: &str = concat!("Footbridge/", env!("CARGO_PKG_VERSION"));
/// What the key of the pages' cookies is derived by.
const PAGES: &str = "footbridge page cookies 1";
/// What the key of tickets and of the pages' tokens is derived by.
const PROOFS: &str = "footbridge page proofs 1";

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; {}", listen_advice(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The database would be in a folder that is not there.
    #[error("the folder {} of the database does not exist; make it, or set another `database`", .0.display())]
    NoFolder(PathBuf),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The machine's clock is wrong.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A file beside the database.
    #[error(transparent)]
    FirstRun(#[from] FirstRunError),
    /// The certificates of `[egress] ca_file`.
    #[error("egress.ca_file: {0}")]
    Roots(#[from] RootsError),
    /// Installed apps cannot be run here.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The engine did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system gives no thread or runtime.
    #[error("the system gives no thread: {0}")]
    Thread(#[from] io::Error),
    /// The journal stopped by itself: nothing is acknowledged that is not kept.
    #[error("the journal has stopped: {0}; mend the disk and start again, nothing acknowledged is lost")]
    Journal(String),
}

/// What helps against each reason why an address cannot be listened on.
fn listen_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: set `listen` to one of its own, or to 0.0.0.0 or [::] for all of them"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for root: set another `listen`, or give the program CAP_NET_BIND_SERVICE"
        }
        _ => "stop what uses it, or set another `listen`",
    }
}

/// A server that is built and not yet answering.
#[derive(Debug)]
pub struct Built {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where clients reach it.
    pub public_url: String,
    /// Where the administrator's token came from.
    pub token_source: Source,
    /// The administrator's token.
    pub admin_token: Secret,
    /// What an operator should know.
    pub warnings: Vec<String>,
    pub(super) listener: Listener,
    pub(super) started: Started,
    pub(super) shared: Arc<Shared>,
    pub(super) courier: Arc<CourierShared>,
    pub(super) health: Arc<Health>,
    pub(super) config: Config,
}

/// Binds, opens, applies the file.
///
/// # Errors
/// [`ServeError`], naming the cause; nothing is left behind that was not there before.
pub async fn build(config: Config, env: &Env) -> Result<Built, ServeError> {
    footbridge_runtime::check_user(config.runtime.user.as_deref())?;
    let address = config.listen;
    let listener = listen::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    let unknown = |source| ServeError::Listen { address, source };
    let own = listener.addresses().map_err(unknown)?;
    let address = listener.local_addr().map_err(unknown)?;
    let public_url = config.public_url_at(address);
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::start());
    let (journal, master_key) = open(&config, address, &*clock)?;
    let journal = Arc::new(journal);
    let (admin_token, token_source) =
        first_run::admin_token(config.admin_token.as_ref(), &config.database, &SystemEntropy)?;
    let policy = Policy::new(config.egress.allow.clone(), own.clone());
    let roots = config.egress.ca_file.as_deref().map(Roots::read).transpose()?.map(Arc::new);
    let courier =
        CourierOptions { roots, ..CourierOptions::new(policy, HeaderValue::from_static(USER_AGENT)) }.share();
    let (launcher, exits) = launch::launcher(&config, &public_url, env, &clock)?;
    let options = EngineOptions {
        registry: journal.clone(),
        journal,
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
    let started = Engine::start(options, file_spec(&config)).await.inspect_err(|_| undo(&token_source));
    let mut started = started.map_err(|error| match error {
        // Told as any damage is: with the file and what to do.
        StartError::Journal(JournalError::Corrupt(what)) => {
            ServeError::Open(OpenError::Damaged { path: config.database.clone(), what })
        }
        error => error.into(),
    })?;
    let mut warnings = config.warnings.clone();
    warnings.extend(launch::open_secrets(&config)?);
    warnings.append(&mut started.warnings);
    warnings.extend(listener.warning());
    let (health, page_key) = (Arc::new(Health::starting()), master_key.derive(PAGES));
    let shared =
        Arc::new(edges((&config, &own), &started.engine, &admin_token, &public_url, &health, page_key));
    Ok(Built {
        address,
        public_url,
        token_source,
        admin_token,
        warnings,
        listener,
        started,
        shared,
        courier,
        health,
        config,
    })
}

/// What answers, on whichever thread.
fn edges(
    (config, own): (&Config, &[SocketAddr]),
    engine: &Engine,
    admin_token: &Secret,
    public_url: &str,
    health: &Arc<Health>,
    page_key: Zeroizing<[u8; 32]>,
) -> Shared {
    let metrics = Arc::new(Metrics::default());
    let admin = admin::router(AdminState {
        engine: engine.clone(),
        admin_token: admin_token.clone(),
        health: Arc::clone(health),
        metrics: Arc::clone(&metrics),
    });
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    let bridge = BridgeOptions { body: bytes(config.limits.bridge_body) };
    let bolt =
        BoltOptions { body: bytes(config.limits.event_body), http_200_errors: config.bolt.http_200_errors };
    let connections = usize::try_from(config.server.connections).unwrap_or(usize::MAX);
    let live = LiveState::new(LiveOptions { engine, page_key, public_url, metrics: &metrics, connections });
    let hosts = Hosts::new(public_url, own, &config.server.hosts);
    Shared {
        engine: engine.clone(),
        metrics,
        edge: Edge::new(hosts, proxies(config)),
        admin,
        admin_token: admin_token.clone(),
        public_url: public_url.to_owned(),
        live,
        bridge,
        bolt,
    }
}

/// Whose word counts on who is behind them.
pub(super) fn proxies(config: &Config) -> Proxies {
    Proxies::new(config.server.trusted_proxies.clone())
}

/// Locks the database, finds or makes its key, opens it.
fn open(
    config: &Config,
    address: SocketAddr,
    clock: &dyn Clock,
) -> Result<(SqliteJournal, MasterKey), ServeError> {
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
    if !config.meant.accept_clock {
        steady_clock::check_against(clock.now(), journal.last_used())?;
    }
    Ok((journal, key))
}

/// The key of a claimed database; made with a new one, unless files show that there was another before.
fn master_key(config: &Config, claim: &Claim) -> Result<(MasterKey, Source), ServeError> {
    let database = &config.database;
    if claim.is_new() && !claim.was_cut_off() && !config.meant.new_database {
        let left = first_run::remains(database).or_else(|| claim.used_before().map(Path::to_owned));
        if let Some(left) = left {
            return Err(FirstRunError::DatabaseLost { database: database.clone(), left }.into());
        }
    }
    claim.sign()?;
    let state = if claim.is_new() { Database::New } else { Database::Used };
    Ok(first_run::master_key(config.master_key.as_ref(), database, state, &SystemEntropy)?)
}

/// Takes back what a failed first start made.
fn undo(source: &Source) {
    if let Source::Made(path) = source {
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
    }
}
