//! Building the engine from its ports.

use crate::apps::{AppMonitor, Apps};
use crate::backlogs::Backlogs;
use crate::chains::Chains;
use crate::claims::Claims;
use crate::cluster::{HintQueue, Lease, Membership, MembershipOptions};
use crate::dispatch::{DispatchOptions, Dispatcher};
use crate::drain::Drain;
use crate::exchange::Exchanges;
use crate::failure_log::FailureLog;
use crate::jobs::{JobRunner, JobRunnerOptions};
use crate::lanes::{LaneFeed, Lanes};
use crate::launcher::Launcher;
use crate::live::LiveChannels;
use crate::pages::ConnectedPages;
use crate::people::People;
use crate::progress::Progress;
use crate::proof_key::ProofKey;
use crate::publish::Publisher;
use crate::queues::Queues;
use crate::rate::{Quota, Rate};
use crate::registry::{AppRegistry, ChangeError, FileSpec, RegistryOptions, SecretKind, VersionedStore};
use crate::retention::{Retention, RetentionPeriods};
use crate::stats::{Collector, Statistics, TrafficCounter};
use crate::system_event::SystemEventFormat;
use crate::tickets::Tickets;
use crate::watermark::Watermark;
use footbridge_courier::CourierShared;
use footbridge_journal::{Ended, EndedHook, Journal, JournalError, NodeCard, Store};
use footbridge_model::audit::Actor;
use footbridge_model::id::{HookId, IdSource};
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use footbridge_model::run::Exit;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// How long a server waits for the end of its session before it goes on to end.
pub(super) const LEAVE_WITHIN: Duration = Duration::from_secs(2);
/// How often a change of the registry is tried while other servers change it, too.
const CHANGE_TRIES: u32 = 10;

/// The ports and settings that an engine is built from.
pub struct EngineOptions {
    /// The store of apps, links, hooks, events, deliveries and exchanges.
    pub store: Arc<dyn Store>,
    /// This server, as the others see it.
    pub node: NodeCard,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness that is good enough for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The dialer, policy and limits that all outbound requests share.
    pub courier: Arc<CourierShared>,
    /// Starts and stops the processes of installed apps.
    pub launcher: Arc<dyn Launcher>,
    /// The ends of runs, as the launcher reports them.
    pub exits: mpsc::Receiver<Exit>,
    /// Writes the bodies of the events that the server publishes itself.
    pub system_events: Arc<dyn SystemEventFormat>,
    /// The URL at which apps reach this server; Bolt calls it `BOLT_ADDRESS`.
    pub public_url: String,
    /// The waits between the attempts of a delivery.
    pub schedule: Schedule,
    /// Signs tickets and page tokens. It must be the same at every start, and must have no other use.
    pub proof_key: ProofKey,
    /// Limits on time, size and number.
    pub limits: Limits,
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The engine's limits on time, size and number.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The deadline of one delivery attempt.
    pub attempt: Duration,
    /// The deadline of one exchange.
    pub exchange: Duration,
    /// The largest answer to an exchange, in bytes.
    pub answer: usize,
    /// How long a hook's queue waits for an answer that the hook does not require.
    pub answer_wait: Duration,
    /// The largest body of an event that a function publishes, in bytes.
    pub event: usize,
    /// The publish rate of one app; `None` for no limit.
    pub publish_rate: Option<Rate>,
    /// The limits on the deliveries that an app's events cause.
    pub quota: Quota,
    /// The largest number of hooks of one app.
    pub hooks_per_app: usize,
    /// How long an installed app may be idle before it is stopped; `None` for no limit.
    pub idle: Option<Duration>,
    /// How long ended events and deliveries are stored; `None` for ever.
    pub keep: Option<Duration>,
    /// How long dead deliveries are stored; `None` for ever.
    pub keep_dead: Option<Duration>,
    /// How long the audit log is stored; `None` for ever.
    pub keep_audit: Option<Duration>,
    /// True to count traffic for statistics.
    pub statistics: bool,
}

impl From<&Limits> for RetentionPeriods {
    fn from(limits: &Limits) -> Self {
        Self { ended: limits.keep, dead: limits.keep_dead, audit: limits.keep_audit }
    }
}

/// The reason why an engine did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The journal could not be read.
    #[error("the journal could not be read: {0}")]
    Journal(#[from] JournalError),
    /// The configuration file could not be applied.
    #[error("the configuration could not be applied: {0}")]
    Config(#[from] ChangeError),
}

/// The engine. Clones are cheap and share everything.
///
/// ```
/// use footbridge_engine::{AppSpec, DeliveryFilter, HookSpec, Page};
/// use footbridge_model::delivery::DeliveryStatus;
/// use footbridge_model::event::EventDraft;
/// use footbridge_model::headers::PublishHeaders;
/// use footbridge_model::hook::{HookOptions, HookType};
/// use footbridge_model::name::{AppName, EventName};
/// use footbridge_model::pattern::Pattern;
///
/// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
/// # in_memory::run(|engine, _| async move {
/// // The app `mail` wants to know which orders of `shop` are paid.
/// let hook = HookSpec {
///     app: AppName::parse("mail")?,
///     pattern: Pattern::parse("shop/order-paid")?,
///     route: "http://mail.example.com/hook".to_owned(),
///     kind: HookType::Web,
///     options: HookOptions::default(),
/// };
/// engine.add_app(AppSpec::named(AppName::parse("mail")?), vec![hook]).await?;
/// let (shop, _) = engine.add_app(AppSpec::named(AppName::parse("shop")?), vec![]).await?;
///
/// // Once `publish` returns, the event and its delivery survive a restart.
/// let draft = EventDraft {
///     name: EventName::parse("order-paid")?,
///     body: r#"{"order":7}"#.into(),
///     headers: PublishHeaders::default(),
///     subscribers: None,
///     provenance: footbridge_model::provenance::Provenance::default(),
/// };
/// let accepted = engine.publish(&shop, draft, None).await?;
/// assert_eq!(accepted.deliveries, 1);
///
/// // The dispatcher delivers it.
/// let of_event = || DeliveryFilter { event: Some(accepted.id), ..DeliveryFilter::default() };
/// let delivery = loop {
///     let found = engine.history().deliveries(of_event(), Page { before: None, limit: 1 }).await?;
///     match found.into_iter().next() {
///         Some(view) if view.delivery.status != DeliveryStatus::Pending => break view.delivery,
///         _ => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
///     }
/// };
/// assert_eq!(delivery.status, DeliveryStatus::Delivered);
/// assert_eq!(delivery.last_status, Some(200));
/// # Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>, pub(super) Option<Arc<Actor>>);

pub(super) struct Inner {
    pub(super) registry: Arc<AppRegistry>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<IdSource>,
    pub(super) lanes: Lanes,
    pub(super) drain: Arc<Drain>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) apps: Arc<Apps>,
    pub(super) live: Arc<LiveChannels>,
    pub(super) tickets: Tickets,
    pub(super) pages: Arc<ConnectedPages>,
    pub(super) people: Arc<People>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) progress: Arc<Progress>,
    pub(super) statistics: Arc<Statistics>,
    pub(super) queues: Queues,
    pub(super) started_at: Millis,
    pub(super) wake_jobs: Arc<Notify>,
    pub(super) first_uses: mpsc::Sender<(AppName, SecretKind)>,
    pub(super) cluster: Arc<dyn footbridge_journal::Cluster>,
    pub(super) lease: Arc<Lease>,
    pub(super) left: watch::Sender<bool>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// An engine, the tasks that must run for it, and warnings for the operator.
#[derive(Debug)]
pub struct Started {
    /// The engine, which edges call.
    pub engine: Engine,
    /// Delivers events; must run on its own `LocalSet`.
    pub dispatcher: Dispatcher,
    /// Must run beside it.
    pub retention: Retention,
    /// Runs jobs on many deliveries; must run beside the dispatcher.
    pub job_runner: JobRunner,
    /// Watches the runs of installed apps; must run once the server answers requests.
    pub app_monitor: AppMonitor,
    /// Collects and stores statistics; must run beside it.
    pub collector: Collector,
    /// Keeps the session of this server alive; must run beside the dispatcher.
    pub membership: Membership,
    /// Settings of the configuration file that cannot take effect, in words.
    pub warnings: Vec<String>,
}

impl Engine {
    /// The publisher, for tests of the parts behind it.
    #[cfg(test)]
    pub(crate) fn publisher(&self) -> Arc<Publisher> {
        Arc::clone(&self.0.publisher)
    }

    /// Recovers the journal, applies the configuration file, and builds the engine.
    ///
    /// # Errors
    /// [`StartError`] if the journal cannot be read or written, or the file breaks a rule.
    pub async fn start(options: EngineOptions, file: FileSpec) -> Result<Started, StartError> {
        let store = Arc::clone(&options.store);
        let started = Self::join(options, file).await;
        if started.is_err() {
            // Other servers need not wait for a session that nobody uses.
            let _ = tokio::time::timeout(LEAVE_WITHIN, store.leave()).await;
        }
        started
    }

    #[expect(clippy::too_many_lines, reason = "each part is named once, in the order of their needs")]
    async fn join(options: EngineOptions, file: FileSpec) -> Result<Started, StartError> {
        let sent = options.clock.elapsed();
        let joined = options.store.join(options.node.clone(), options.clock.now()).await?;
        let claims = Claims::of(&joined);
        let clock = Arc::clone(&options.clock);
        let lease = if joined.exclusive { Lease::endless(clock) } else { Lease::since(sent, clock) };
        let lease = Arc::new(lease);
        let kept = options.store.load().await?;
        let of_apps = kept.apps.iter().map(|app| app.generation.max(app.proof_epoch)).max().unwrap_or(0);
        let ids = Arc::new(IdSource::of_source(joined.source, joined.highest_id.max(of_apps)));
        log_ended_hooks(&joined.ended);
        let (lanes, feed) = Lanes::new();
        let live = Arc::<LiveChannels>::default();
        let registry = Arc::new(AppRegistry::new(
            RegistryOptions {
                store: VersionedStore::new(options.store.clone(), kept.version, !joined.exclusive),
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
        let by = Actor::file(file.path.as_deref());
        let mut warnings = unless_stale(async || registry.apply_file(&by, file.clone()).await).await?;
        warnings.extend(registry.warn_reserved_names());
        warnings.extend(registry.warn_hooks());
        warnings.extend(options.launcher.warnings());
        unless_stale(async || registry.add_server_hooks().await).await?;
        let publisher = Arc::new(Publisher {
            registry,
            journal: options.store.clone(),
            clock: Arc::clone(&options.clock),
            watermark: Arc::new(Watermark::new(Arc::clone(&ids))),
            lanes,
            hints: Arc::new(HintQueue::new(claims.clone())),
            drain: Arc::default(),
            live,
            rate: options.limits.publish_rate,
            chains: Chains::new(options.limits.quota.chain),
            backlogs: Arc::new(Backlogs::new(options.limits.quota, options.store.clone())),
            system_events: Arc::clone(&options.system_events),
            event_limit: options.limits.event,
            traffic: Arc::new(TrafficCounter::new(options.limits.statistics)),
            tail: Arc::default(),
        });
        let waiting = options.store.waiting(claims.all()).await?;
        let statistics = Statistics::start(&publisher.traffic, &publisher.journal, &publisher.clock).await?;
        Ok(Started {
            warnings,
            ..assemble(
                options,
                &publisher,
                Arc::new(statistics),
                ids,
                OwnPartitions { claims, lease, feed, waiting },
            )
        })
    }
}

/// Changes the registry, again if another server was quicker.
async fn unless_stale<T>(change: impl AsyncFn() -> Result<T, ChangeError>) -> Result<T, ChangeError> {
    for _ in 1..CHANGE_TRIES {
        match change().await {
            Err(ChangeError::Journal(JournalError::Stale)) => {}
            changed => return changed,
        }
    }
    change().await
}

/// Logs the subscriptions that ended with the previous run of the server: their apps must subscribe again.
fn log_ended_hooks(ended: &Ended) {
    for EndedHook { app, pattern } in &ended.named {
        tracing::info!(%app, %pattern, "a subscription ended with the previous run of the server; its app must subscribe again");
    }
    let named = ended.named.len() as u64;
    if ended.hooks > named && named > 0 {
        tracing::info!(subscriptions = ended.hooks, named, "more subscriptions ended than are named here");
    }
}

/// Builds the part that runs exchanges.
fn exchanges(publisher: &Publisher, limits: &Limits, log: &Arc<FailureLog>) -> Exchanges {
    Exchanges {
        registry: Arc::clone(&publisher.registry),
        journal: Arc::clone(&publisher.journal),
        clock: Arc::clone(&publisher.clock),
        drain: Arc::clone(&publisher.drain),
        timeout: limits.exchange,
        answer_limit: limits.answer,
        log: Arc::clone(log),
        traffic: Arc::clone(&publisher.traffic),
        tail: Arc::clone(&publisher.tail),
    }
}

/// Builds the part that keeps the session of this server alive.
fn membership(
    cluster: Arc<dyn footbridge_journal::Cluster>,
    publisher: &Publisher,
    claims: &Claims,
    lease: Arc<Lease>,
    left: watch::Receiver<bool>,
) -> Membership {
    Membership::new(MembershipOptions {
        cluster,
        claims: claims.clone(),
        journal: Arc::clone(&publisher.journal),
        registry: Arc::clone(&publisher.registry),
        clock: Arc::clone(&publisher.clock),
        watermark: Arc::clone(&publisher.watermark),
        lanes: publisher.lanes.clone(),
        lease,
        hints: Arc::clone(&publisher.hints),
        left,
    })
}

/// The partitions of this server, and the hooks with deliveries that wait in them.
struct OwnPartitions {
    claims: Claims,
    lease: Arc<Lease>,
    feed: LaneFeed,
    waiting: Vec<HookId>,
}

/// Builds everything that depends on the publisher.
#[expect(clippy::too_many_lines, reason = "each part is named once, in the order of their needs")]
fn assemble(
    options: EngineOptions,
    publisher: &Arc<Publisher>,
    statistics: Arc<Statistics>,
    ids: Arc<IdSource>,
    own: OwnPartitions,
) -> Started {
    let OwnPartitions { claims, lease, feed, waiting } = own;
    let EngineOptions { clock, entropy, limits, .. } = options;
    let Publisher { registry, journal, lanes, drain, live, .. } = &**publisher;
    let log = Arc::new(FailureLog::default());
    let people = Arc::new(People::new(&options.store, publisher, &ids, &entropy));
    let apps = Arc::new(Apps {
        registry: Arc::clone(registry),
        people: Arc::clone(&people),
        publisher: Arc::clone(publisher),
        launcher: options.launcher,
        claims: claims.clone(),
        lease: Arc::clone(&lease),
        entropy: Arc::clone(&entropy),
        public_url: options.public_url.clone(),
        idle: limits.idle,
    });
    let app_monitor = AppMonitor { apps: Arc::clone(&apps), exits: options.exits };
    let exchanges = Arc::new(exchanges(publisher, &limits, &log));
    let progress = Arc::new(Progress::default());
    let dispatcher = Dispatcher::new(DispatchOptions {
        registry: Arc::clone(registry),
        journal: Arc::clone(journal),
        claims: claims.clone(),
        lease: Arc::clone(&lease),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        courier: options.courier,
        feed,
        apps: Arc::clone(&apps),
        publisher: Arc::clone(publisher),
        waiting,
        public_url: options.public_url,
        schedule: options.schedule,
        timeout: limits.attempt,
        answer_wait: limits.answer_wait,
        progress: Arc::clone(&progress),
        log: Arc::clone(&log),
    });
    let (left, has_left) = watch::channel(false);
    let membership = membership(options.store.clone(), publisher, &claims, Arc::clone(&lease), has_left);
    let (first_uses, noticed) = mpsc::channel(64);
    let wake_jobs = Arc::<Notify>::default();
    let job_runner = JobRunner::new(JobRunnerOptions {
        registry: Arc::clone(registry),
        journal: Arc::clone(journal),
        claims: claims.clone(),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        lanes: lanes.clone(),
        drain: Arc::clone(drain),
        wake: Arc::clone(&wake_jobs),
    });
    let retention = Retention::new(publisher, claims, RetentionPeriods::from(&limits), noticed, log);
    let inner = Inner {
        registry: Arc::clone(registry),
        ids,
        lanes: lanes.clone(),
        drain: Arc::clone(drain),
        live: Arc::clone(live),
        tickets: Tickets::new(options.proof_key.clone()),
        pages: Arc::new(ConnectedPages::new(options.proof_key)),
        people,
        journal: Arc::clone(journal),
        started_at: clock.now(),
        clock,
        publisher: Arc::clone(publisher),
        apps,
        entropy,
        exchanges,
        progress,
        statistics: Arc::clone(&statistics),
        queues: Queues::default(),
        wake_jobs: Arc::clone(&wake_jobs),
        first_uses,
        cluster: options.store,
        lease,
        left,
    };
    let engine = Engine(Arc::new(inner), None);
    let collector = Collector(statistics);
    Started {
        engine,
        dispatcher,
        retention,
        job_runner,
        app_monitor,
        collector,
        membership,
        warnings: Vec::new(),
    }
}
