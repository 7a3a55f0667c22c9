//! Verbs over events, deliveries and exchanges, and what goes with them.

use super::build::{Engine, Inner};
use crate::auth::Caller;
use crate::exchange::{ExchangeDraft, ExchangeReply, How};
use crate::explain::{self, ExplainFrom, Explained};
use crate::publish::PublishError;
use crate::registry::{AppEntry, HookEntry, whole};
use crate::replay::{Bulk, ByHand, ReplayError};
use crate::subscribe::{self, SubscribeError};
use footbridge_courier::Courier;
use footbridge_journal::{Accepted, Account, DeliveryFilter, Journal, JournalHealth};
use footbridge_model::event::EventDraft;
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use std::rc::Rc;
use std::sync::Arc;

impl Engine {
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
        self.0.publisher.publish(publisher, draft, key, None).await
    }

    /// The same of an event that follows from another, which the publisher has got.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was accepted then.
    pub async fn publish_after(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Accepted, PublishError> {
        self.0.publisher.publish(publisher, draft, key, cause).await
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

    /// Warnings of subscribers that no app is called.
    pub fn doubt_subscribers<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        self.0.registry.doubt_subscribers(names)
    }

    /// Warnings of patterns whose publisher no app is called.
    pub fn doubt_patterns<'a>(&self, patterns: impl Iterator<Item = &'a Pattern>) -> Vec<String> {
        self.0.registry.doubt_patterns(patterns)
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

    /// What the hooks after `from.after` would make of an event, by their ids, and why.
    pub fn explain(
        &self,
        publisher: &AppName,
        name: &EventName,
        subscribers: Option<&[AppName]>,
        from: ExplainFrom<'_>,
    ) -> Explained {
        let entry = self.0.registry.app(publisher).ok();
        explain::explain(&self.0.registry, publisher, entry.as_deref(), name, subscribers, from)
    }

    /// Makes one delivery due now; a dead or cancelled one becomes pending again.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        let inner = Arc::clone(&self.0);
        whole(async move { by_hand(&inner).retry(id).await }).await
    }

    /// Retries the deliveries that `filter` picks, the dead ones unless it names a status, giving how many.
    ///
    /// # Errors
    /// [`ReplayError`]; what came before it is done.
    pub async fn retry_many(&self, filter: DeliveryFilter, bulk: Bulk) -> Result<u64, ReplayError> {
        let inner = Arc::clone(&self.0);
        whole(async move { by_hand(&inner).retry_many(filter, bulk).await }).await
    }

    /// Makes a new delivery of what an ended one delivered, giving its id.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn replay(&self, id: DeliveryId) -> Result<DeliveryId, ReplayError> {
        let inner = Arc::clone(&self.0);
        whole(async move { by_hand(&inner).replay(id).await }).await
    }

    /// Replays the deliveries that `filter` picks, the delivered ones unless it names a status, giving how many.
    ///
    /// # Errors
    /// [`ReplayError`]; what came before it is done.
    pub async fn replay_many(&self, filter: DeliveryFilter, bulk: Bulk) -> Result<u64, ReplayError> {
        let inner = Arc::clone(&self.0);
        whole(async move { by_hand(&inner).replay_many(filter, bulk).await }).await
    }

    /// What is kept, for reading.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    /// The accounting identity after the last commit.
    pub fn account(&self) -> Account {
        self.0.journal.account()
    }

    /// What keeps the server from its work at the moment, and what an operator should know.
    pub fn service_state(&self) -> JournalHealth {
        let mut state = self.0.journal.health();
        state.problems.extend(self.hindrance());
        state.warnings.extend(self.0.clock.doubt());
        state
    }

    /// How many records of exchanges were left out under overload since the start.
    pub fn left_out(&self) -> u64 {
        self.0.journal.dropped_records()
    }

    /// Whether new work is refused.
    pub fn is_draining(&self) -> bool {
        self.0.drain.is_draining()
    }

    /// Why deliveries do not get on although they could, in words, if so. The text may be shown to anybody.
    pub fn hindrance(&self) -> Option<String> {
        self.0.progress.hindrance(tokio::time::Instant::now())
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

fn by_hand(inner: &Inner) -> ByHand<'_> {
    let Inner { registry, journal, clock, lanes, ids, .. } = inner;
    ByHand { registry, journal: &**journal, clock: &**clock, lanes, ids }
}
