//! Operations on events, deliveries and exchanges, and on the server as a whole.

use super::build::{Engine, Inner, LEAVE_WITHIN};
use crate::auth::Caller;
use crate::detached::detached;
use crate::exchange::{ExchangeDraft, ExchangeOptions, ExchangeReply};
use crate::explain::{self, ExplainFrom, Explained, Hypothesis};
use crate::publish::{PublishError, Published};
use crate::registry::{AppEntry, FirstUse, HookEntry};
use crate::replay::{BulkMode, Redelivery, ReplayError};
use crate::subscribe::{self, SubscribeError};
use footbridge_courier::Courier;
use footbridge_journal::{Accepted, Account, DeliveryFilter, History, JournalError, JournalHealth};
use footbridge_model::audit::Actor;
use footbridge_model::event::EventDraft;
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use std::rc::Rc;
use std::sync::Arc;

impl Engine {
    /// The app that a token (`X-Bolt-App-Token`) authenticates.
    pub fn caller_by_token(&self, token: &[u8]) -> Option<Caller> {
        let now = self.now();
        self.0.registry.by_token(token, now).inspect(|caller| self.count_use(caller, now))
    }

    /// The app that an `Authorization` header of the bridge authenticates.
    pub fn caller_by_authorization(&self, header: &[u8]) -> Option<Caller> {
        let now = self.now();
        self.0.registry.by_authorization(header, now).inspect(|caller| self.count_use(caller, now))
    }

    fn count_use(&self, caller: &Caller, now: Millis) {
        if let Some(uses_id) = caller.count_use(now) {
            let first = FirstUse { app: caller.entry.app.name.clone(), kind: caller.kind, uses_id };
            // If the queue is full, the next use of the secret is reported instead.
            let _ = self.0.first_uses.try_send(first);
        }
    }

    /// The time of day.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// The time at which the server started.
    pub fn started_at(&self) -> Millis {
        self.0.started_at
    }

    /// Publishes an event. Resolves once the event and its deliveries are on disk. `key` is an `Idempotency-Key` with
    /// the SHA-256 of the raw body.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, PublishError};
    /// use footbridge_model::event::EventDraft;
    /// use footbridge_model::headers::PublishHeaders;
    /// use footbridge_model::name::{AppName, EventName};
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let shop = AppSpec::named(AppName::parse("shop")?);
    /// # let (shop, _) = engine.add_app(shop, vec![]).await?;
    /// let draft = EventDraft {
    ///     name: EventName::parse("order-paid")?,
    ///     body: r#"{"order":7}"#.into(),
    ///     headers: PublishHeaders::default(),
    ///     subscribers: None,
    ///     provenance: footbridge_model::provenance::Provenance::default(),
    /// };
    /// // A publisher that gets no answer sends the same request again: the key makes it one event.
    /// let key = |fingerprint| Some(("order-7".to_owned(), [fingerprint; 32]));
    /// let first = engine.publish(&shop, draft.clone(), key(1)).await?;
    /// let second = engine.publish(&shop, draft.clone(), key(1)).await?;
    /// assert_eq!(first.id, second.id);
    /// // Another body with the same key is a mistake.
    /// assert_eq!(engine.publish(&shop, draft, key(2)).await, Err(PublishError::KeyMismatch));
    /// # Ok(())
    /// # }).unwrap();
    /// ```
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
    /// ```
    /// use footbridge_engine::AppSpec;
    /// use footbridge_model::event::EventDraft;
    /// use footbridge_model::headers::PublishHeaders;
    /// use footbridge_model::name::{AppName, EventName};
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let shop = AppSpec::named(AppName::parse("shop")?);
    /// # let (shop, _) = engine.add_app(shop, vec![]).await?;
    /// # let draft = EventDraft {
    /// #     name: EventName::parse("order-paid")?,
    /// #     body: r#"{"order":7}"#.into(),
    /// #     headers: PublishHeaders::default(),
    /// #     subscribers: None,
    /// #     provenance: footbridge_model::provenance::Provenance::default(),
    /// # };
    /// let paid = engine.publish(&shop, draft.clone(), None).await?;
    /// let sent = EventDraft { name: EventName::parse("order-sent")?, ..draft };
    /// let published = engine.publish_after(&shop, sent, None, Some(paid.id)).await?;
    /// assert_eq!(published.unknown_cause, None);
    ///
    /// let sent = engine.history().event(published.accepted.id).await?.ok_or("it is stored")?;
    /// assert_eq!((sent.event.lineage.cause, sent.event.lineage.depth), (Some(paid.id), 1));
    /// # Ok(())
    /// # }).unwrap();
    /// ```
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
    /// ```
    /// use footbridge_engine::AppSpec;
    /// use footbridge_model::hook::HookType;
    /// use footbridge_model::name::AppName;
    /// use footbridge_model::pattern::Pattern;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// let mail = AppSpec {
    ///     url: Some("http://mail.example.com".to_owned()),
    ///     ..AppSpec::named(AppName::parse("mail")?)
    /// };
    /// let (mail, _) = engine.add_app(mail, vec![]).await?;
    /// let pattern = || Pattern::parse("shop/*");
    /// let hook = engine.subscribe(&mail, pattern()?, "/hook".to_owned(), HookType::Server).await?;
    /// let again = engine.subscribe(&mail, pattern()?, "/hook".to_owned(), HookType::Server).await?;
    /// assert_eq!(hook.hook.id, again.hook.id);
    ///
    /// assert_eq!(engine.unsubscribe(&mail, &pattern()?).await?.len(), 1);
    /// # Ok(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, ExchangeDraft, ExchangeOptions, LinkSpec, Reply};
    /// use footbridge_model::exchange::{Direction, ExchangeOutcome};
    /// use footbridge_model::name::AppName;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, courier| async move {
    /// let (portal, shop) = (AppName::parse("portal")?, AppName::parse("shop")?);
    /// let (host, _) = engine.add_app(AppSpec::named(portal.clone()), vec![]).await?;
    /// let miniapp = AppSpec {
    ///     receiver_url: Some("http://shop.example.com/events".to_owned()),
    ///     ..AppSpec::named(shop.clone())
    /// };
    /// engine.add_app(miniapp, vec![]).await?;
    /// engine.add_link(LinkSpec { host: portal, miniapp: shop, enabled: true }).await?;
    ///
    /// let draft = ExchangeDraft {
    ///     direction: Direction::ToMiniapp,
    ///     client_id: "portal".to_owned(),
    ///     app_id: "shop".to_owned(),
    ///     event_type: "basket_opened".to_owned(),
    ///     payload: "{}".into(),
    /// };
    /// let id = engine.new_exchange_id();
    /// let reply = engine.exchange(&courier, &host, id, draft, ExchangeOptions::default()).await;
    /// let Reply::Ended(ExchangeOutcome::Answered(answer)) = reply.reply else { panic!("{reply:?}") };
    /// assert_eq!(answer, r#"{"ok":true}"#);
    /// # Ok(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, ExplainFrom, HookSpec, Hypothesis, Verdict};
    /// use footbridge_model::hook::{HookOptions, HookType};
    /// use footbridge_model::name::{AppName, EventName};
    /// use footbridge_model::pattern::Pattern;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let hook = HookSpec {
    /// #     app: AppName::parse("mail")?,
    /// #     pattern: Pattern::parse("shop/order-paid")?,
    /// #     route: "http://mail.example.com/hook".to_owned(),
    /// #     kind: HookType::Web,
    /// #     options: HookOptions::default(),
    /// # };
    /// # engine.add_app(AppSpec::named(AppName::parse("mail")?), vec![hook]).await?;
    /// // The only hook of `mail` has the pattern `shop/order-paid`.
    /// let (shop, event) = (AppName::parse("shop")?, EventName::parse("order-sent")?);
    /// let mail = AppName::parse("mail")?;
    /// let from = ExplainFrom { app: Some(&mail), limit: 100, ..ExplainFrom::default() };
    /// let explained = engine.explain(Hypothesis::of(&shop, &event), from);
    /// assert_eq!(explained.would_get, 0);
    /// let [only] = explained.hooks.as_slice() else { panic!("{explained:?}") };
    /// assert_eq!(only.verdict, Verdict::OtherEvent);
    /// assert_eq!(only.verdict.reason(), "its pattern names another event");
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    pub fn explain(&self, asked: Hypothesis<'_>, from: ExplainFrom<'_>) -> Explained {
        explain::explain(&self.0.registry, asked, from)
    }

    /// Makes one delivery due now. A dead or cancelled delivery becomes pending again.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        let (inner, by) = (Arc::clone(&self.0), self.actor());
        detached(async move { redelivery(&inner, &by).retry(id).await }).await
    }

    /// Retries the deliveries that match `filter`, and returns their number. Without a status in the filter, only dead
    /// deliveries match.
    ///
    /// # Errors
    /// [`ReplayError`]; deliveries before the failing one were retried.
    pub async fn retry_many(&self, filter: DeliveryFilter, mode: BulkMode) -> Result<u64, ReplayError> {
        let (inner, by) = (Arc::clone(&self.0), self.actor());
        detached(async move { redelivery(&inner, &by).retry_many(filter, mode).await }).await
    }

    /// Makes a new delivery with the event and hook of an ended one, and returns its id.
    ///
    /// # Errors
    /// [`ReplayError`]
    pub async fn replay(&self, id: DeliveryId) -> Result<DeliveryId, ReplayError> {
        let (inner, by) = (Arc::clone(&self.0), self.actor());
        detached(async move { redelivery(&inner, &by).replay(id).await }).await
    }

    /// Replays the deliveries that match `filter`, and returns their number. Without a status in the filter, only
    /// delivered ones match.
    ///
    /// # Errors
    /// [`ReplayError`]; deliveries before the failing one were replayed.
    pub async fn replay_many(&self, filter: DeliveryFilter, mode: BulkMode) -> Result<u64, ReplayError> {
        let (inner, by) = (Arc::clone(&self.0), self.actor());
        detached(async move { redelivery(&inner, &by).replay_many(filter, mode).await }).await
    }

    /// Stored events, deliveries and exchanges, read only.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, EventFilter, Page};
    /// use footbridge_model::event::EventDraft;
    /// use footbridge_model::headers::PublishHeaders;
    /// use footbridge_model::name::{AppName, EventName};
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let shop = AppSpec::named(AppName::parse("shop")?);
    /// # let (shop, _) = engine.add_app(shop, vec![]).await?;
    /// # let draft = EventDraft {
    /// #     name: EventName::parse("order-paid")?,
    /// #     body: r#"{"order":7}"#.into(),
    /// #     headers: PublishHeaders::default(),
    /// #     subscribers: None,
    /// #     provenance: footbridge_model::provenance::Provenance::default(),
    /// # };
    /// let older = engine.publish(&shop, draft.clone(), None).await?;
    /// let newer = engine.publish(&shop, draft, None).await?;
    ///
    /// // Lists start with the newest entry; each page continues below the last id of the one before.
    /// let of_shop = || EventFilter { publisher: Some(shop.app.name.clone()), ..EventFilter::default() };
    /// let page = engine.history().events(of_shop(), Page { before: None, limit: 1 }).await?;
    /// assert_eq!(page[0].event.id, newer.id);
    /// let next = Page { before: Some(newer.id.number()), limit: 1 };
    /// assert_eq!(engine.history().events(of_shop(), next).await?[0].event.id, older.id);
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    pub fn history(&self) -> &dyn History {
        &*self.0.journal
    }

    /// Writes everything that is queued and closes the journal, for the end of the server.
    ///
    /// # Errors
    /// [`JournalError`] if the last writes may be lost.
    pub async fn close_journal(&self) -> Result<(), JournalError> {
        self.0.credentials.save().await;
        self.0.statistics.save().await;
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
        let account = self.0.journal.account().await?;
        debug_assert!(account.balances(), "a delivery is in no status, or in two: {account:?}");
        Ok(account)
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

fn redelivery<'a>(inner: &'a Inner, by: &'a Actor) -> Redelivery<'a> {
    let Inner { registry, journal, clock, lanes, ids, .. } = inner;
    Redelivery { registry, journal: &**journal, clock: &**clock, lanes, ids, by }
}
