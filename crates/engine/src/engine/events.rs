//! Operations on events, deliveries and exchanges, and on the server as a whole.

use super::build::{Engine, Inner, LEAVE_WITHIN};
use crate::auth::Caller;
use crate::detached::detached;
use crate::exchange::{ExchangeDraft, ExchangeOptions, ExchangeReply};
use crate::explain::{self, ExplainFrom, Explained};
use crate::publish::{PublishError, Published};
use crate::registry::{AppEntry, HookEntry};
use crate::replay::{BulkMode, Redelivery, ReplayError};
use crate::subscribe::{self, SubscribeError};
use footbridge_courier::Courier;
use footbridge_journal::{Accepted, Account, DeliveryFilter, History, JournalError, JournalHealth};
use footbridge_model::event::EventDraft;
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use std::rc::Rc;
use std::sync::Arc;

impl Engine {
    /// The app that a token (`X-Bolt-App-Token`) authenticates.
    pub fn caller_by_token(&self, token: &[u8]) -> Option<Caller> {
        self.0.registry.by_token(token, self.now()).inspect(|caller| self.report_first_use(caller))
    }

    /// The app that an `Authorization` header of the bridge authenticates.
    pub fn caller_by_authorization(&self, header: &[u8]) -> Option<Caller> {
        self.0.registry.by_authorization(header, self.now()).inspect(|caller| self.report_first_use(caller))
    }

    fn report_first_use(&self, caller: &Caller) {
        if let Some(kind) = caller.first_use {
            // If the queue is full, the next use of the secret is reported instead.
            let _ = self.0.first_uses.try_send((caller.entry.app.name.clone(), kind));
        }
    }

    /// The time of day.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// Publishes an event. Resolves once the event and its deliveries are on disk. `key` is an `Idempotency-Key` with
    /// the SHA-256 of the raw body.
    ///
    /// # Errors
    /// [`PublishError`]; the event was not accepted.
    pub async fn publish(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
    ) -> Result<Accepted, PublishError> {
        Ok(self.0.publisher.publish(publisher, draft, key, None).await?.accepted)
    }

    /// Publishes an event that the event `cause` has caused. A cause that the publisher never received is ignored and
    /// named in the result.
    ///
    /// # Errors
    /// [`PublishError`]; the event was not accepted.
    pub async fn publish_after(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Published, PublishError> {
        self.0.publisher.publish(publisher, draft, key, cause).await
    }

    /// Makes a transient hook of `app`. Returns the existing hook if the app has the same one.
    ///
    /// # Errors
    /// [`SubscribeError`] if the server drains, the app does not run, or the hook is not allowed.
    pub async fn subscribe(
        &self,
        app: &AppEntry,
        pattern: Pattern,
        route: String,
        kind: HookType,
    ) -> Result<Arc<HookEntry>, SubscribeError> {
        subscribe::subscribe(&self.0.registry, &self.0.drain, app, pattern, route, kind).await
    }

    /// Removes the transient hooks of `app` with this pattern, and returns them.
    ///
    /// # Errors
    /// [`SubscribeError`] if the server drains or the registry cannot be written.
    pub async fn unsubscribe(
        &self,
        app: &AppEntry,
        pattern: &Pattern,
    ) -> Result<Vec<Arc<HookEntry>>, SubscribeError> {
        subscribe::unsubscribe(&self.0.registry, &self.0.drain, app, pattern).await
    }

    /// Returns a warning for each of these subscribers that is not the name of an app.
    pub fn warn_subscribers<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        self.0.registry.warn_subscribers(names)
    }

    /// Returns a warning for each of these patterns whose publisher is not the name of an app.
    pub fn warn_patterns<'a>(&self, patterns: impl Iterator<Item = &'a Pattern>) -> Vec<String> {
        self.0.registry.warn_patterns(patterns)
    }

    /// A new exchange id, for a sender that is authenticated.
    pub fn new_exchange_id(&self) -> ExchangeId {
        ExchangeId::from_number(self.0.ids.next(self.now()))
    }

    /// A new trace id, by which the answer to a failed call is found in the log.
    pub fn new_trace_id(&self) -> String {
        format!("trc_{:013x}", self.0.ids.next(self.now()))
    }

    /// Sends an event to one recipient and returns the recipient's answer. Must be called in a `LocalSet`.
    pub async fn exchange(
        &self,
        courier: &Rc<Courier>,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        options: ExchangeOptions,
    ) -> ExchangeReply {
        self.0.exchanges.exchange(courier, sender, id, draft, options).await
    }

    /// The page URL of a miniapp that this host is linked to.
    pub fn miniapp_url(&self, host: &str, miniapp: &str) -> Option<String> {
        let directory = self.0.registry.directory.load();
        let (host, miniapp) = (directory.app(host)?, directory.app(miniapp)?);
        let link = directory.link(&host.app.name, &miniapp.app.name)?;
        let enabled = link.enabled && host.app.enabled && miniapp.app.enabled;
        miniapp.app.miniapp_url.clone().filter(|_| enabled)
    }

    /// Explains for each hook after `from.after`, sorted by id, if and why it would receive an event.
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

    /// Makes one delivery due now. A dead or cancelled delivery becomes pending again.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        let inner = Arc::clone(&self.0);
        detached(async move { redelivery(&inner).retry(id).await }).await
    }

    /// Retries the deliveries that match `filter`, and returns their number. Without a status in the filter, only dead
    /// deliveries match.
    ///
    /// # Errors
    /// [`ReplayError`]; deliveries before the failing one were retried.
    pub async fn retry_many(&self, filter: DeliveryFilter, mode: BulkMode) -> Result<u64, ReplayError> {
        let inner = Arc::clone(&self.0);
        detached(async move { redelivery(&inner).retry_many(filter, mode).await }).await
    }

    /// Makes a new delivery with the event and hook of an ended one, and returns its id.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn replay(&self, id: DeliveryId) -> Result<DeliveryId, ReplayError> {
        let inner = Arc::clone(&self.0);
        detached(async move { redelivery(&inner).replay(id).await }).await
    }

    /// Replays the deliveries that match `filter`, and returns their number. Without a status in the filter, only
    /// delivered ones match.
    ///
    /// # Errors
    /// [`ReplayError`]; deliveries before the failing one were replayed.
    pub async fn replay_many(&self, filter: DeliveryFilter, mode: BulkMode) -> Result<u64, ReplayError> {
        let inner = Arc::clone(&self.0);
        detached(async move { redelivery(&inner).replay_many(filter, mode).await }).await
    }

    /// Stored events, deliveries and exchanges, read only.
    pub fn history(&self) -> &dyn History {
        &*self.0.journal
    }

    /// Writes everything that is queued and closes the journal, for the end of the server.
    ///
    /// # Errors
    /// [`JournalError`] if the last writes may be lost.
    pub async fn close_journal(&self) -> Result<(), JournalError> {
        self.0.journal.close().await
    }

    /// Waits until the journal has stopped by itself, and returns the reason.
    pub async fn journal_stopped(&self) -> String {
        self.0.journal.stopped().await.unwrap_or_else(|error| error.to_string())
    }

    /// The delivery counters of all apps after the last commit.
    ///
    /// # Errors
    /// [`JournalError`] if the store cannot be read.
    pub async fn account(&self) -> Result<Account, JournalError> {
        self.0.journal.account().await
    }

    /// The problems that keep the server from its work at the moment, and warnings for the operator.
    pub fn health(&self) -> JournalHealth {
        let mut health = self.0.journal.health();
        health.problems.extend(self.delivery_problem());
        if !self.0.lease.may_send() {
            let problem = "the database that the servers share has confirmed no sign of life of this server for some \
                           seconds, so it sends nothing";
            health.problems.push(problem.to_owned());
        }
        health.warnings.extend(self.0.clock.doubt());
        health
    }

    /// The number of exchange records that were dropped under overload since the start.
    pub fn dropped_records(&self) -> u64 {
        self.0.journal.dropped_records()
    }

    /// Returns true if new work is refused.
    pub fn is_draining(&self) -> bool {
        self.0.drain.is_draining()
    }

    /// The reason why deliveries do not progress although they could, if so. The text is public.
    pub fn delivery_problem(&self) -> Option<String> {
        self.0.progress.stall_reason(tokio::time::Instant::now())
    }

    /// Refuses new work from now on.
    pub fn drain(&self) {
        self.0.drain.begin();
    }

    /// Waits until no publish and no exchange is in progress.
    pub async fn idle(&self) {
        self.0.drain.idle().await;
    }

    /// Ends this server's session, so that other servers take its partitions at once. Call it last, when the dispatcher
    /// has ended: nothing is written after it.
    ///
    /// # Errors
    /// [`JournalError`] if the store cannot be reached. Other servers end the session some seconds later then.
    pub async fn leave(&self) -> Result<(), JournalError> {
        let left = tokio::time::timeout(LEAVE_WITHIN, self.0.cluster.leave()).await;
        self.0.left.send_replace(true);
        left.unwrap_or_else(|_| {
            let reason = format!("no answer within {LEAVE_WITHIN:?}");
            Err(JournalError::Unavailable { reason, maybe_stored: true })
        })
    }
}

fn redelivery(inner: &Inner) -> Redelivery<'_> {
    let Inner { registry, journal, clock, lanes, ids, .. } = inner;
    Redelivery { registry, journal: &**journal, clock: &**clock, lanes, ids }
}
