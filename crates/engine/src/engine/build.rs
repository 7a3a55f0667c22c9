//! Building the engine from its ports.

use super::options::EngineOptions;
use crate::apps::{AppMonitor, Apps};
use crate::backlogs::Backlogs;
use crate::chains::Chains;
use crate::claims::Claims;
use crate::cluster::{HintQueue, Lease, Membership, MembershipOptions};
use crate::credentials::CredentialLedger;
use crate::dispatch::{DispatchOptions, Dispatcher};
use crate::drain::Drain;
use crate::exchange::Exchanges;
use crate::failure_log::FailureLog;
use crate::jobs::{JobRunner, JobRunnerOptions};
use crate::lanes::{LaneFeed, Lanes};
use crate::live::LiveChannels;
use crate::local_work::LocalWork;
use crate::operator::ReceiverTests;
use crate::pages::ConnectedPages;
use crate::people::People;
use crate::progress::Progress;
use crate::publish::Publisher;
use crate::queues::Queues;
use crate::registry::{AppRegistry, ChangeError, FileSpec, FirstUse, RegistryOptions, VersionedStore};
use crate::retention::{Retention, RetentionPeriods};
use crate::stats::{Collector, Statistics, TrafficCounter};
use crate::tickets::Tickets;
use crate::watermark::Watermark;
use footbridge_journal::{Ended, EndedHook, Joined, Journal, JournalError};
use footbridge_model::audit::Actor;
use footbridge_model::id::{HookId, IdSource};
use footbridge_model::time::{Clock, Entropy, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// How long a server waits for the end of its session before it goes on to end.
pub(super) const LEAVE_WITHIN: Duration = Duration::from_secs(2);
/// How often a change of the registry is tried while other servers change it, too.
const CHANGE_TRIES: u32 = 10;

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
    pub(super) local_work: LocalWork,
    pub(super) receiver_tests: Arc<ReceiverTests>,
    /// The deadline of one delivery attempt.
    pub(super) attempt_timeout: Duration,
    pub(super) progress: Arc<Progress>,
    pub(super) statistics: Arc<Statistics>,
    pub(super) queues: Queues,
    pub(super) started_at: Millis,
    pub(super) wake_jobs: Arc<Notify>,
    pub(super) first_uses: mpsc::Sender<FirstUse>,
    pub(super) credentials: Arc<CredentialLedger>,
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

    async fn join(options: EngineOptions, file: FileSpec) -> Result<Started, StartError> {
        let sent = options.clock.elapsed();
        let joined = options.store.join(options.node.clone(), options.clock.now()).await?;
        let claims = Claims::of(&joined);
        let lease = Arc::new(lease(&joined, sent, &options.clock));
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
        let publisher = Arc::new(publisher(&options, registry, live, lanes, &ids, &claims));
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

/// Returns the lease of the session that was asked for when the clock had run for `sent`.
fn lease(joined: &Joined, sent: Duration, clock: &Arc<dyn Clock>) -> Lease {
    let clock = Arc::clone(clock);
    if joined.exclusive { Lease::endless(clock) } else { Lease::since(sent, clock) }
}

/// Builds the part that publishes events.
fn publisher(
    options: &EngineOptions,
    registry: Arc<AppRegistry>,
    live: Arc<LiveChannels>,
    lanes: Lanes,
    ids: &Arc<IdSource>,
    claims: &Claims,
) -> Publisher {
    Publisher {
        registry,
        journal: options.store.clone(),
        clock: Arc::clone(&options.clock),
        watermark: Arc::new(Watermark::new(Arc::clone(ids))),
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
    }
}

/// Builds the part that runs exchanges.
fn exchanges(options: &EngineOptions, publisher: &Publisher, log: &Arc<FailureLog>) -> Exchanges {
    let limits = &options.limits;
    Exchanges {
        registry: Arc::clone(&publisher.registry),
        journal: Arc::clone(&publisher.journal),
        clock: Arc::clone(&publisher.clock),
        entropy: Arc::clone(&options.entropy),
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

/// Builds the part that runs jobs on many deliveries.
fn job_runner(publisher: &Publisher, claims: &Claims, ids: &Arc<IdSource>, wake: Arc<Notify>) -> JobRunner {
    JobRunner::new(JobRunnerOptions {
        registry: Arc::clone(&publisher.registry),
        journal: Arc::clone(&publisher.journal),
        claims: claims.clone(),
        clock: Arc::clone(&publisher.clock),
        ids: Arc::clone(ids),
        lanes: publisher.lanes.clone(),
        drain: Arc::clone(&publisher.drain),
        wake,
    })
}

/// The partitions of this server, and the hooks with deliveries that wait in them.
struct OwnPartitions {
    claims: Claims,
    lease: Arc<Lease>,
    feed: LaneFeed,
    waiting: Vec<HookId>,
}

/// Builds the part that starts and stops installed apps.
fn apps(
    options: &EngineOptions,
    publisher: &Arc<Publisher>,
    people: &Arc<People>,
    own: &OwnPartitions,
) -> Apps {
    Apps {
        registry: Arc::clone(&publisher.registry),
        people: Arc::clone(people),
        publisher: Arc::clone(publisher),
        launcher: Arc::clone(&options.launcher),
        claims: own.claims.clone(),
        lease: Arc::clone(&own.lease),
        entropy: Arc::clone(&options.entropy),
        public_url: options.public_url.clone(),
        idle: options.limits.idle,
    }
}

/// Builds the part that delivers events, and the way to hand other work to its thread.
fn dispatcher(
    options: &EngineOptions,
    publisher: &Arc<Publisher>,
    apps: &Arc<Apps>,
    progress: &Arc<Progress>,
    log: &Arc<FailureLog>,
    own: OwnPartitions,
) -> (Dispatcher, LocalWork) {
    let OwnPartitions { claims, lease, feed, waiting } = own;
    let (local_work, waiting_work) = LocalWork::channel();
    let dispatcher = Dispatcher::new(DispatchOptions {
        registry: Arc::clone(&publisher.registry),
        journal: Arc::clone(&publisher.journal),
        claims,
        lease,
        clock: Arc::clone(&options.clock),
        entropy: Arc::clone(&options.entropy),
        courier: Arc::clone(&options.courier),
        feed,
        local_work: waiting_work,
        apps: Arc::clone(apps),
        publisher: Arc::clone(publisher),
        waiting,
        public_url: options.public_url.clone(),
        schedule: options.schedule.clone(),
        timeout: options.limits.attempt,
        answer_wait: options.limits.answer_wait,
        progress: Arc::clone(progress),
        log: Arc::clone(log),
    });
    (dispatcher, local_work)
}

/// Builds everything that depends on the publisher.
fn assemble(
    options: EngineOptions,
    publisher: &Arc<Publisher>,
    statistics: Arc<Statistics>,
    ids: Arc<IdSource>,
    own: OwnPartitions,
) -> Started {
    let (claims, lease, limits) = (own.claims.clone(), Arc::clone(&own.lease), options.limits);
    let Publisher { registry, journal, clock, lanes, drain, live, .. } = &**publisher;
    let log = Arc::new(FailureLog::default());
    let people = Arc::new(People::new(&options.store, publisher, &ids, &options.entropy));
    let apps = Arc::new(apps(&options, publisher, &people, &own));
    let exchanges = Arc::new(exchanges(&options, publisher, &log));
    let progress = Arc::new(Progress::default());
    let (dispatcher, local_work) = dispatcher(&options, publisher, &apps, &progress, &log, own);
    let app_monitor = AppMonitor { apps: Arc::clone(&apps), exits: options.exits };
    let (left, has_left) = watch::channel(false);
    let membership = membership(options.store.clone(), publisher, &claims, Arc::clone(&lease), has_left);
    let (first_uses, noticed) = mpsc::channel(64);
    let credentials = Arc::new(CredentialLedger::new(registry, journal));
    let wake_jobs = Arc::<Notify>::default();
    let job_runner = job_runner(publisher, &claims, &ids, Arc::clone(&wake_jobs));
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
        clock: Arc::clone(clock),
        publisher: Arc::clone(publisher),
        apps,
        entropy: options.entropy,
        exchanges,
        local_work,
        receiver_tests: Arc::default(),
        attempt_timeout: limits.attempt,
        progress,
        statistics: Arc::clone(&statistics),
        queues: Queues::default(),
        wake_jobs,
        first_uses,
        credentials: Arc::clone(&credentials),
        cluster: options.store,
        lease,
        left,
    };
    let engine = Engine(Arc::new(inner), None);
    let collector = Collector { statistics, credentials: Some(credentials) };
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
