//! Building the engine from its ports.

use crate::apps::{Apps, Keeper};
use crate::backlogs::Backlogs;
use crate::chains::Chains;
use crate::dispatch::{DispatchOptions, Dispatcher};
use crate::drain::Drain;
use crate::exchange::Exchanges;
use crate::failure_log::FailureLog;
use crate::house::{House, Keep};
use crate::lanes::{LaneFeed, Lanes};
use crate::launcher::Launcher;
use crate::live::Live;
use crate::pages::Pages;
use crate::progress::Progress;
use crate::proof_key::ProofKey;
use crate::publish::Publisher;
use crate::rate::{Quota, Rate};
use crate::registry::{ChangeError, FileSpec, Parts, Registry, SecretKind};
use crate::tickets::Tickets;
use crate::unsettled::Unsettled;
use footbridge_courier::CourierShared;
use footbridge_journal::{EndedHook, Journal, JournalError, Recovery};
use footbridge_model::id::{HookId, IdSource};
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use footbridge_model::run::Exit;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What an engine is built from.
pub struct EngineOptions {
    /// Where apps, links and hooks are kept.
    pub registry: Arc<dyn footbridge_journal::RegistryStore>,
    /// Where events, deliveries and exchanges are kept.
    pub journal: Arc<dyn Journal>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// What outbound requests share.
    pub courier: Arc<CourierShared>,
    /// What starts installed apps.
    pub launcher: Arc<dyn Launcher>,
    /// The runs that it saw end.
    pub exits: mpsc::Receiver<Exit>,
    /// What Bolt calls `BOLT_ADDRESS`.
    pub public_url: String,
    /// Waits between attempts.
    pub schedule: Schedule,
    /// What tickets and the tokens of pages are signed with: the same at every start, and used for nothing else.
    pub proof_key: ProofKey,
    /// Times, sizes and counts.
    pub limits: Limits,
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Times, sizes and counts of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One attempt, whole.
    pub attempt: Duration,
    /// One exchange, whole.
    pub exchange: Duration,
    /// The largest answer to an exchange, in bytes.
    pub answer: usize,
    /// How long a lane waits for an answer that its hook does not require.
    pub answer_wait: Duration,
    /// The largest body of an event that a function publishes, in bytes.
    pub event: usize,
    /// What one app may publish; `None` without limit.
    pub publish_rate: Option<Rate>,
    /// What may come of what an app publishes.
    pub quota: Quota,
    /// The most hooks of one app.
    pub hooks_per_app: usize,
    /// How long an installed app may have nothing to do before it is stopped; `None` for ever.
    pub idle: Option<Duration>,
    /// How long ended events and deliveries are kept; `None` for ever.
    pub keep: Option<Duration>,
    /// How long dead deliveries are kept; `None` for ever.
    pub keep_dead: Option<Duration>,
}

impl From<&Limits> for Keep {
    fn from(limits: &Limits) -> Self {
        Self { ended: limits.keep, dead: limits.keep_dead }
    }
}

/// Why an engine did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The journal could not be read.
    #[error("the journal could not be read: {0}")]
    Journal(#[from] JournalError),
    /// The configuration file could not be applied.
    #[error("the configuration could not be applied: {0}")]
    Config(#[from] ChangeError),
}

/// The engine; cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) registry: Arc<Registry>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<IdSource>,
    pub(super) lanes: Lanes,
    pub(super) drain: Arc<Drain>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) apps: Arc<Apps>,
    pub(super) live: Arc<Live>,
    pub(super) tickets: Tickets,
    pub(super) pages: Arc<Pages>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) progress: Arc<Progress>,
    pub(super) first_uses: mpsc::Sender<(AppName, SecretKind)>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// An engine and the parts of it that must run, and what an operator should know.
#[derive(Debug)]
pub struct Started {
    /// The engine.
    pub engine: Engine,
    /// Must run on a `LocalSet` of its own.
    pub dispatcher: Dispatcher,
    /// Must run beside it.
    pub house: House,
    /// Must run beside it, once the server answers.
    pub keeper: Keeper,
    /// What the file asks for that cannot be, in words.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Puts the journal in order, applies the file, and builds the engine.
    ///
    /// # Errors
    /// [`StartError`] when the journal cannot be read or written, or the file breaks a rule.
    pub async fn start(options: EngineOptions, file: FileSpec) -> Result<Started, StartError> {
        let recovery = options.journal.recover(options.clock.now()).await?;
        let kept = options.registry.load().await?;
        let of_apps = kept.apps.iter().map(|app| app.generation.max(app.proof_epoch)).max().unwrap_or(0);
        let ids = Arc::new(IdSource::above(recovery.highest_id.max(of_apps)));
        say_ended(&recovery);
        let (lanes, feed) = Lanes::new();
        let live = Arc::<Live>::default();
        let registry = Arc::new(Registry::new(
            Parts {
                store: Arc::clone(&options.registry),
                clock: Arc::clone(&options.clock),
                entropy: Arc::clone(&options.entropy),
                ids: Arc::clone(&ids),
                lanes: lanes.clone(),
                live: Arc::clone(&live),
                courier: Arc::clone(&options.courier),
                hooks_per_app: options.limits.hooks_per_app,
                config_file: kept.config_file.clone(),
            },
            kept,
        )?);
        let mut warnings = registry.apply_file(file).await?;
        warnings.extend(registry.reserved_names());
        warnings.extend(registry.doubtful_hooks());
        warnings.extend(options.launcher.warnings());
        registry.hold_own_hooks().await?;
        let publisher = Arc::new(Publisher {
            registry,
            journal: Arc::clone(&options.journal),
            clock: Arc::clone(&options.clock),
            unsettled: Arc::new(Unsettled::new(Arc::clone(&ids))),
            lanes,
            drain: Arc::default(),
            live,
            rate: options.limits.publish_rate,
            chains: Chains::new(options.limits.quota.chain),
            backlogs: Arc::new(Backlogs::new(options.limits.quota, Arc::clone(&options.journal))),
            body: options.limits.event,
        });
        Ok(Started { warnings, ..join(options, publisher, ids, feed, recovery.waiting) })
    }
}

/// Says which subscriptions have ended with the server before, for their apps have to make them again.
fn say_ended(recovery: &Recovery) {
    for EndedHook { app, pattern } in &recovery.ended {
        tracing::info!(%app, %pattern, "a subscription ended with the server before; its app has to make it again");
    }
    let named = recovery.ended.len() as u64;
    if recovery.ended_hooks > named && named > 0 {
        tracing::info!(
            subscriptions = recovery.ended_hooks,
            named,
            "more ended than are named, or were the server's own"
        );
    }
}

/// What sends to one recipient and brings the answer back.
fn exchanges(publisher: &Publisher, limits: &Limits, log: &Arc<FailureLog>) -> Exchanges {
    Exchanges {
        registry: Arc::clone(&publisher.registry),
        journal: Arc::clone(&publisher.journal),
        clock: Arc::clone(&publisher.clock),
        drain: Arc::clone(&publisher.drain),
        timeout: limits.exchange,
        answer_limit: limits.answer,
        log: Arc::clone(log),
    }
}

/// Joins what publishes with what delivers, starts apps, exchanges and keeps house.
fn join(
    options: EngineOptions,
    publisher: Arc<Publisher>,
    ids: Arc<IdSource>,
    feed: LaneFeed,
    waiting: Vec<(HookId, Millis)>,
) -> Started {
    let EngineOptions { journal, clock, entropy, limits, .. } = options;
    let Publisher { registry, lanes, drain, live, .. } = &*publisher;
    let log = Arc::new(FailureLog::default());
    let apps = Arc::new(Apps {
        registry: Arc::clone(registry),
        publisher: Arc::clone(&publisher),
        launcher: options.launcher,
        entropy: Arc::clone(&entropy),
        public_url: options.public_url.clone(),
        idle: limits.idle,
    });
    let keeper = Keeper { apps: Arc::clone(&apps), exits: options.exits };
    let exchanges = Arc::new(exchanges(&publisher, &limits, &log));
    let progress = Arc::new(Progress::default());
    let dispatcher = Dispatcher::new(DispatchOptions {
        registry: Arc::clone(registry),
        journal: Arc::clone(&journal),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        courier: options.courier,
        feed,
        apps: Arc::clone(&apps),
        waiting,
        public_url: options.public_url,
        schedule: options.schedule,
        timeout: limits.attempt,
        answer_wait: limits.answer_wait,
        progress: Arc::clone(&progress),
        log: Arc::clone(&log),
    });
    let (first_uses, noticed) = mpsc::channel(64);
    let house = House::new(registry, &journal, &clock, Keep::from(&limits), noticed, log);
    let inner = Inner {
        registry: Arc::clone(registry),
        ids,
        lanes: lanes.clone(),
        drain: Arc::clone(drain),
        live: Arc::clone(live),
        tickets: Tickets::new(options.proof_key.clone()),
        pages: Arc::new(Pages::new(options.proof_key)),
        journal,
        clock,
        publisher,
        apps,
        entropy,
        exchanges,
        progress,
        first_uses,
    };
    Started { engine: Engine(Arc::new(inner)), dispatcher, house, keeper, warnings: Vec::new() }
}
