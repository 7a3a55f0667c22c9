//! The engine: built from its ports, and the verbs that edges may call.

use crate::auth::Caller;
use crate::dispatch::{DispatchOptions, Dispatcher};
use crate::drain::Drain;
use crate::exchange::{ExchangeDraft, ExchangeReply, Exchanges, How};
use crate::explain::{self, Explanation};
use crate::house::{House, Keep};
use crate::lanes::Lanes;
use crate::publish::{PublishError, Publisher};
use crate::rate::Rate;
use crate::registry::{
    AppChange, AppEntry, AppSpec, ChangeError, FileSpec, HookChange, HookEntry, HookSpec, LinkSpec,
    MadeSecrets, Parts, Registry, Rotation, SecretKind,
};
use crate::replay::{self, ReplayError};
use crate::subscribe::{self, SubscribeError};
use footbridge_courier::{Courier, CourierShared};
use footbridge_journal::{Accepted, Account, DeliveryFilter, Journal, JournalError};
use footbridge_model::app::Link;
use footbridge_model::event::EventDraft;
use footbridge_model::hook::{HookType, Lifetime, Origin};
use footbridge_model::id::{DeliveryId, ExchangeId, HookId, IdSource};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What an engine is built from.
pub struct EngineOptions {
    /// Where apps, links and hooks are kept.
    pub registry: Arc<dyn footbridge_journal::Registry>,
    /// Where events, deliveries and exchanges are kept.
    pub journal: Arc<dyn Journal>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub entropy: Arc<dyn Entropy>,
    /// What outbound requests share.
    pub courier: Arc<CourierShared>,
    /// What Bolt calls `BOLT_ADDRESS`.
    pub public_url: String,
    /// Waits between attempts.
    pub schedule: Schedule,
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
    /// What one app may publish; `None` without limit.
    pub publish_rate: Option<Rate>,
    /// The most hooks of one app.
    pub hooks_per_app: usize,
    /// How long ended events and deliveries are kept; `None` for ever.
    pub keep: Option<Duration>,
    /// How long dead deliveries are kept; `None` for ever.
    pub keep_dead: Option<Duration>,
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
pub struct Engine(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    ids: Arc<IdSource>,
    lanes: Lanes,
    drain: Arc<Drain>,
    publisher: Publisher,
    exchanges: Arc<Exchanges>,
    first_uses: mpsc::Sender<(AppName, SecretKind)>,
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
    /// What the file asks for that cannot be, in words.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Puts the journal in order, applies the file, and builds the engine.
    ///
    /// # Errors
    /// [`StartError`] when the journal cannot be read or written, or the file breaks a rule.
    pub async fn start(options: EngineOptions, file: FileSpec) -> Result<Started, StartError> {
        let EngineOptions { journal, clock, entropy, courier, limits, .. } = options;
        let recovery = journal.recover(clock.now()).await?;
        let ids = Arc::new(IdSource::above(recovery.highest_id));
        let (lanes, feed) = Lanes::new();
        let kept = options.registry.load().await?;
        let registry = Arc::new(Registry::new(
            Parts {
                store: options.registry,
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
                ids: Arc::clone(&ids),
                lanes: lanes.clone(),
                courier: Arc::clone(&courier),
                hooks_per_app: limits.hooks_per_app,
            },
            kept,
        ));
        let warnings = registry.apply_file(file).await?;
        let drain = Arc::new(Drain::default());
        let publisher = Publisher {
            registry: Arc::clone(&registry),
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            lanes: lanes.clone(),
            drain: Arc::clone(&drain),
            rate: limits.publish_rate,
        };
        let exchanges = Arc::new(Exchanges {
            registry: Arc::clone(&registry),
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            drain: Arc::clone(&drain),
            timeout: limits.exchange,
            answer_limit: limits.answer,
        });
        let dispatcher = Dispatcher::new(DispatchOptions {
            registry: Arc::clone(&registry),
            journal: Arc::clone(&journal),
            clock: Arc::clone(&clock),
            entropy,
            courier,
            feed,
            waiting: recovery.waiting,
            public_url: options.public_url,
            schedule: options.schedule,
            timeout: limits.attempt,
            answer_wait: limits.answer_wait,
        });
        let (first_uses, noticed) = mpsc::channel(64);
        let keep = Keep { ended: limits.keep, dead: limits.keep_dead };
        let house = House::new(&registry, &journal, &clock, keep, noticed);
        let inner = Inner { registry, journal, clock, ids, lanes, drain, publisher, exchanges, first_uses };
        Ok(Started { engine: Self(Arc::new(inner)), dispatcher, house, warnings })
    }

    /// The app whose token this is.
    pub fn caller_by_token(&self, token: &[u8]) -> Option<Caller> {
        self.0.registry.by_token(token, self.now()).inspect(|caller| self.notice(caller))
    }

    /// The app that an `Authorization` header of the bridge proves.
    pub fn caller_by_authorization(&self, header: &[u8]) -> Option<Caller> {
        self.0.registry.by_authorization(header, self.now()).inspect(|caller| self.notice(caller))
    }

    fn notice(&self, caller: &Caller) {
        if let Some(kind) = caller.first_use {
            // When the queue is full the next use is noted instead.
            let _ = self.0.first_uses.try_send((caller.entry.app.name.clone(), kind));
        }
    }

    /// The time of day.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// Accepts an event; resolves once it and its deliveries are on the disk. `key` is an
    /// `Idempotency-Key` with the SHA-256 of the raw body.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was accepted then.
    pub async fn publish(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
    ) -> Result<Accepted, PublishError> {
        self.0.publisher.publish(publisher, draft, key).await
    }

    /// Makes a transient hook of `app`, or gives the one it has already.
    ///
    /// # Errors
    /// [`SubscribeError`]
    pub async fn subscribe(
        &self,
        app: &AppEntry,
        pattern: Pattern,
        route: String,
        kind: HookType,
    ) -> Result<Arc<HookEntry>, SubscribeError> {
        subscribe::subscribe(&self.0.registry, &self.0.drain, app, pattern, route, kind).await
    }

    /// Removes the transient hooks of `app` with this pattern, giving them.
    ///
    /// # Errors
    /// [`SubscribeError`]
    pub async fn unsubscribe(
        &self,
        app: &AppEntry,
        pattern: &Pattern,
    ) -> Result<Vec<Arc<HookEntry>>, SubscribeError> {
        subscribe::unsubscribe(&self.0.registry, &self.0.drain, app, pattern).await
    }

    /// The id of an exchange whose sender has proved itself.
    pub fn new_exchange_id(&self) -> ExchangeId {
        ExchangeId::from_number(self.0.ids.next(self.now()))
    }

    /// Something to find one failed call by.
    pub fn new_trace_id(&self) -> String {
        format!("trc_{:013x}", self.0.ids.next(self.now()))
    }

    /// Sends an event to one recipient and brings the answer back. Needs a `LocalSet`.
    pub async fn exchange(
        &self,
        courier: &Rc<Courier>,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        how: How,
    ) -> ExchangeReply {
        self.0.exchanges.exchange(courier, sender, id, draft, how).await
    }

    /// The page of a miniapp that this host is linked to.
    pub fn miniapp_url(&self, host: &str, miniapp: &str) -> Option<String> {
        let directory = self.0.registry.directory.load();
        let (host, miniapp) = (directory.app(host)?, directory.app(miniapp)?);
        let link = directory.link(&host.app.name, &miniapp.app.name)?;
        let counts = link.enabled && host.app.enabled && miniapp.app.enabled;
        miniapp.app.miniapp_url.clone().filter(|_| counts)
    }

    /// Every app, by name.
    pub fn apps(&self) -> Vec<Arc<AppEntry>> {
        self.0.registry.directory.load().apps().cloned().collect()
    }

    /// One app.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn app(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        self.0.registry.app(name)
    }

    /// Makes an app; its secrets are given this once.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_app(&self, spec: AppSpec) -> Result<(Arc<AppEntry>, MadeSecrets), ChangeError> {
        self.0.registry.add_app(spec).await
    }

    /// Changes an app.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_app(&self, name: &AppName, change: AppChange) -> Result<Arc<AppEntry>, ChangeError> {
        self.0.registry.change_app(name, change).await
    }

    /// Removes an app with its hooks and links.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_app(&self, name: &AppName) -> Result<(), ChangeError> {
        self.0.registry.remove_app(name).await
    }

    /// Replaces secrets of an app; the new ones are given this once.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn rotate(&self, name: &AppName, which: Rotation) -> Result<MadeSecrets, ChangeError> {
        self.0.registry.rotate(name, which).await
    }

    /// Every link, by host and miniapp.
    pub fn links(&self) -> Vec<Link> {
        self.0.registry.directory.load().links().cloned().collect()
    }

    /// One link.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn link(&self, host: &AppName, miniapp: &AppName) -> Result<Link, ChangeError> {
        self.0.registry.link(host, miniapp)
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_link(&self, spec: LinkSpec) -> Result<Link, ChangeError> {
        self.0.registry.add_link(spec).await
    }

    /// Switches a link on or off.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_link(
        &self,
        host: &AppName,
        miniapp: &AppName,
        enabled: bool,
    ) -> Result<Link, ChangeError> {
        self.0.registry.change_link(host, miniapp, enabled).await
    }

    /// Removes a link.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_link(&self, host: &AppName, miniapp: &AppName) -> Result<(), ChangeError> {
        self.0.registry.remove_link(host, miniapp).await
    }

    /// Every hook, by id, or those of one app.
    pub fn hooks(&self, app: Option<&AppName>) -> Vec<Arc<HookEntry>> {
        let index = self.0.registry.index.load();
        index.hooks().filter(|entry| app.is_none_or(|app| entry.hook.app == *app)).cloned().collect()
    }

    /// One hook.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn hook(&self, id: HookId) -> Result<Arc<HookEntry>, ChangeError> {
        self.0.registry.hook(id)
    }

    /// Makes a persistent hook, or gives the one the app has already.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_hook(&self, spec: HookSpec) -> Result<Arc<HookEntry>, ChangeError> {
        self.0.registry.add_hook(spec, Lifetime::Persistent, Origin::Api).await
    }

    /// Switches a hook on or off.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_hook(&self, id: HookId, change: HookChange) -> Result<Arc<HookEntry>, ChangeError> {
        self.0.registry.change_hook(id, change).await
    }

    /// Removes a hook; its pending deliveries become cancelled.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_hook(&self, id: HookId) -> Result<(), ChangeError> {
        self.0.registry.remove_hook(id).await
    }

    /// What every hook would make of an event, and why.
    pub fn explain(
        &self,
        publisher: &AppName,
        name: &EventName,
        subscribers: Option<&[AppName]>,
    ) -> Vec<Explanation> {
        let entry = self.0.registry.app(publisher).ok();
        explain::explain(&self.0.registry, publisher, entry.as_deref(), name, subscribers)
    }

    /// Makes one dead or cancelled delivery pending again.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        let Inner { registry, journal, clock, lanes, .. } = &*self.0;
        replay::retry(registry, &**journal, &**clock, lanes, id).await
    }

    /// Makes the dead deliveries that `filter` picks pending again, giving how many.
    ///
    /// # Errors
    /// [`JournalError`]; those before it are pending again.
    pub async fn retry_dead(&self, filter: DeliveryFilter) -> Result<u64, JournalError> {
        replay::retry_dead(&*self.0.journal, &*self.0.clock, &self.0.lanes, filter).await
    }

    /// What is kept, for reading.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    /// The accounting identity after the last commit.
    pub fn account(&self) -> Account {
        self.0.journal.account()
    }

    /// Whether new work is refused.
    pub fn is_draining(&self) -> bool {
        self.0.drain.is_draining()
    }

    /// Refuses new work from now on.
    pub fn drain(&self) {
        self.0.drain.begin();
    }

    /// Waits until no publish and no exchange is under way.
    pub async fn idle(&self) {
        self.0.drain.idle().await;
    }
}
