//! Operations on tickets, pages and live events.

use super::build::Engine;
use crate::auth::Caller;
use crate::live::{LiveSubscription, PageEvent, Received};
use crate::pages::{PageCaller, PageId, PageRefusal, PageSocket};
use crate::publish::{PublishError, Published};
use crate::registry::{AppEntry, AppProof, AppRegistry};
use crate::tickets::{Ticket, TicketError, TicketSpec, TicketUse};
use footbridge_journal::JournalError;
use footbridge_model::event::EventDraft;
use footbridge_model::id::EventId;
use footbridge_model::package::Package;
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Via;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;
use tokio::time::Instant;

impl Engine {
    /// Issues a ticket of an app. Returns the ticket, which is not stored, and its expiry.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, TicketSpec, TicketUse};
    /// use footbridge_model::name::AppName;
    /// use std::time::Duration;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// let (_, secrets) = engine.add_app(AppSpec::named(AppName::parse("shop")?), vec![]).await?;
    /// let token = secrets.token.ok_or("it was made")?;
    /// let caller = engine.caller_by_token(token.expose().as_bytes()).ok_or("it is valid")?;
    ///
    /// // The back end of `shop` gives the ticket to its page, which never sees the token.
    /// let spec = TicketSpec { for_use: TicketUse::Live, events: None, ttl: Duration::from_secs(60) };
    /// let (ticket, _expires) = engine.issue_ticket(&caller, &spec);
    /// let ticket = ticket.expose().as_bytes();
    /// assert_eq!(engine.ticket(ticket, TicketUse::Live)?.entry.app.name.as_str(), "shop");
    /// assert!(engine.ticket(ticket, TicketUse::Forward).is_err());
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    pub fn issue_ticket(&self, caller: &Caller, spec: &TicketSpec) -> (Secret, Millis) {
        self.0.tickets.issue(caller, spec, self.now())
    }

    /// The rights that a ticket gives.
    ///
    /// # Errors
    /// [`TicketError`] if the ticket is not valid for this use.
    pub fn ticket(&self, ticket: &[u8], for_use: TicketUse) -> Result<Ticket, TicketError> {
        self.0.tickets.check(&self.0.registry, ticket, for_use, self.now())
    }

    /// The patterns among these that can match no event of the app's hooks now.
    pub fn unmatched_patterns<'a>(&self, app: &AppEntry, patterns: &'a [Pattern]) -> Vec<&'a Pattern> {
        let index = self.0.registry.index.load();
        let received = |wanted: &Pattern| {
            index.of(&app.app.name).any(|entry| entry.hook.enabled && entry.hook.pattern.overlaps(wanted))
        };
        patterns.iter().filter(|wanted| !received(wanted)).collect()
    }

    /// The app that a proof authenticates, if the proof is still valid.
    pub fn app_by_proof(&self, proof: &AppProof) -> Option<Arc<AppEntry>> {
        self.0.registry.app_by_proof(proof)
    }

    /// Watches the events that the hooks of an app receive from now on. Returns `None` if the proof is no longer valid.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, HookSpec, WatchItem};
    /// use footbridge_model::event::EventDraft;
    /// use footbridge_model::headers::PublishHeaders;
    /// use footbridge_model::hook::{HookOptions, HookType};
    /// use footbridge_model::name::{AppName, EventName};
    /// use footbridge_model::pattern::Pattern;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let shop = AppSpec::named(AppName::parse("shop")?);
    /// # let (shop, _) = engine.add_app(shop, vec![]).await?;
    /// # let hook = HookSpec {
    /// #     app: AppName::parse("mail")?,
    /// #     pattern: Pattern::parse("shop/order-paid")?,
    /// #     route: "http://mail.example.com/hook".to_owned(),
    /// #     kind: HookType::Web,
    /// #     options: HookOptions::default(),
    /// # };
    /// # let draft = EventDraft {
    /// #     name: EventName::parse("order-paid")?,
    /// #     body: r#"{"order":7}"#.into(),
    /// #     headers: PublishHeaders::default(),
    /// #     subscribers: None,
    /// #     provenance: footbridge_model::provenance::Provenance::default(),
    /// # };
    /// // `mail` has a hook for the event: its pages see what the hook receives.
    /// let (mail, _) = engine.add_app(AppSpec::named(AppName::parse("mail")?), vec![hook]).await?;
    /// let mut watcher = engine.watch(&mail.proof()).ok_or("the proof is valid")?;
    /// let accepted = engine.publish(&shop, draft, None).await?;
    /// let Some(WatchItem::Event(seen)) = watcher.next().await else { panic!("no event") };
    /// assert_eq!(seen.event.id, accepted.id);
    ///
    /// // Without the app there is nothing to watch.
    /// engine.remove_app(&mail.app.name).await?;
    /// assert!(watcher.next().await.is_none());
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    pub fn watch(&self, proof: &AppProof) -> Option<Watcher> {
        let subscription = self.0.live.subscribe(proof.app(), proof.generation());
        // Checked after the subscription exists, which is notified of every later change of the app.
        self.0.registry.app_by_proof(proof)?;
        Some(Watcher { subscription, registry: Arc::clone(&self.0.registry), proof: proof.clone() })
    }

    /// A new, random page id.
    pub fn new_page(&self) -> PageId {
        let mut id = [0; 16];
        self.0.entropy.fill(&mut id);
        PageId(id)
    }

    /// The token of a page of an installed app. It is valid while the page [is connected](Self::connect_page).
    pub fn page_token(&self, proof: &AppProof, page: PageId) -> Secret {
        self.0.pages.token(proof, page)
    }

    /// Registers a connected page of an installed app. Returns `None` for pages of other apps, which have no token.
    pub fn connect_page(&self, proof: &AppProof, page: PageId) -> Option<PageSocket> {
        let entry = self.0.registry.app_by_proof(proof)?;
        entry.app.package.is_some().then(|| self.0.pages.connect(proof, page))
    }

    /// The connected page that a token authenticates.
    pub fn page_by_token(&self, token: &[u8]) -> Option<PageCaller> {
        self.0.pages.caller(&self.0.registry, token)
    }

    /// The app that a token authenticates as the caller of a router: the app's own token, or the token of a page if the
    /// app lets its pages call routers.
    pub fn router_caller(&self, token: &[u8]) -> Option<Arc<AppEntry>> {
        if let Some(caller) = self.caller_by_token(token) {
            return Some(caller.entry);
        }
        let page = self.page_by_token(token)?;
        page.entry.app.package.as_deref().is_some_and(Package::pages_act_for_it).then_some(page.entry)
    }

    /// Publishes an event that a page sends as its app.
    ///
    /// # Errors
    /// [`PagePublishError`]; the event was not accepted.
    pub async fn publish_from_page(
        &self,
        page: &PageCaller,
        mut draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Published, PagePublishError> {
        draft.provenance.via = Via::Page;
        page.check_publish(&draft.name, Instant::now())?;
        // An `Idempotency-Key` has no space, so these keys differ from those of the back end and of other pages.
        let page_id = u64::from_be_bytes(page.page.first_chunk().copied().unwrap_or_default());
        let key = key.map(|(key, fingerprint)| (format!("page {page_id:016x} {key}"), fingerprint));
        Ok(self.publish_after(&page.entry, draft, key, cause).await?)
    }

    /// The token of the current run of an installed app; `None` if it does not run.
    pub fn run_token(&self, entry: &AppEntry) -> Option<Secret> {
        let entry = self.0.registry.app(&entry.app.name).ok()?;
        let run = entry.run.as_ref().filter(|_| entry.app.package.is_some())?;
        Some(run.token.clone())
    }

    /// Low watermark: every event up to this id is committed and was sent to the watchers.
    pub fn watermark(&self) -> EventId {
        self.0.publisher.watermark.snapshot().low_watermark(|_| false)
    }

    /// Ends every [`Watcher`], for the end of the server. Pages reconnect after its next start.
    pub fn end_watching(&self) {
        self.0.live.close();
    }

    /// The events that the hooks of an app received after the event `after`, oldest first, at most `limit`. Returns `None`
    /// if the proof is no longer valid.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, HookSpec};
    /// use footbridge_model::event::EventDraft;
    /// use footbridge_model::headers::PublishHeaders;
    /// use footbridge_model::hook::{HookOptions, HookType};
    /// use footbridge_model::name::{AppName, EventName};
    /// use footbridge_model::pattern::Pattern;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// # let shop = AppSpec::named(AppName::parse("shop")?);
    /// # let (shop, _) = engine.add_app(shop, vec![]).await?;
    /// # let hook = HookSpec {
    /// #     app: AppName::parse("mail")?,
    /// #     pattern: Pattern::parse("shop/order-paid")?,
    /// #     route: "http://mail.example.com/hook".to_owned(),
    /// #     kind: HookType::Web,
    /// #     options: HookOptions::default(),
    /// # };
    /// # let draft = EventDraft {
    /// #     name: EventName::parse("order-paid")?,
    /// #     body: r#"{"order":7}"#.into(),
    /// #     headers: PublishHeaders::default(),
    /// #     subscribers: None,
    /// #     provenance: footbridge_model::provenance::Provenance::default(),
    /// # };
    /// # let (mail, _) = engine.add_app(AppSpec::named(AppName::parse("mail")?), vec![hook]).await?;
    /// let seen = engine.publish(&shop, draft.clone(), None).await?;
    /// // The page of `mail` has lost its connection when this is published.
    /// let missed = engine.publish(&shop, draft, None).await?;
    /// let page = engine.events_since(&mail.proof(), seen.id, 100).await?.ok_or("the proof is valid")?;
    /// assert_eq!(page.last, Some(missed.id));
    /// assert!(page.events.len() == 1 && !page.more && !page.gap);
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub async fn events_since(
        &self,
        proof: &AppProof,
        after: EventId,
        limit: u32,
    ) -> Result<Option<MissedPage>, JournalError> {
        // Read before the journal: an event that is stored later may have an id between those that the journal returns.
        let under_way = self.0.publisher.watermark.snapshot();
        let (app, generation) = (proof.app().clone(), proof.generation());
        let since = self.0.journal.missed_events(app, generation, after, limit).await?;
        if self.0.registry.app_by_proof(proof).is_none() {
            return Ok(None);
        }
        let watermark =
            under_way.low_watermark(|id| since.events.binary_search_by_key(&id, |event| event.id).is_ok());
        let watermark = watermark.min(since.horizon);
        let now = self.now();
        let last = since.events.last().map(|event| event.id);
        // Events about the app itself are for its back end only.
        let events = since.events.into_iter().filter(|event| event.subject().is_none());
        let events = events.map(|event| PageEvent::new(Arc::new(event), watermark, now)).collect();
        Ok(Some(MissedPage { events, last, watermark, more: since.more, gap: since.gap }))
    }
}

/// The reason for refusing the event of a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagePublishError {
    /// The page may not publish this event.
    #[error(transparent)]
    Refused(#[from] PageRefusal),
    /// The event could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// One portion of the events that a page missed while it was disconnected.
#[derive(Debug)]
pub struct MissedPage {
    /// The events, oldest first.
    pub events: Vec<PageEvent>,
    /// The id to continue after.
    pub last: Option<EventId>,
    /// Low watermark when the journal was read: every event up to this id was committed or is among the results.
    pub watermark: EventId,
    /// True if there are more events, after the last of these.
    pub more: bool,
    /// True if there may have been other events that are no longer stored.
    pub gap: bool,
}

/// An item that a [`Watcher`] yields.
#[derive(Debug, Clone)]
pub enum WatchItem {
    /// An event.
    Event(Arc<PageEvent>),
    /// The number of events that were dropped because the watcher was too slow.
    Missed(u64),
}

/// A subscription to the live events of one app; ends when it is dropped.
pub struct Watcher {
    subscription: LiveSubscription,
    registry: Arc<AppRegistry>,
    proof: AppProof,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("proof", &self.proof).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Waits for the next item. Returns `None` once the proof is no longer valid or the server ends.
    pub async fn next(&mut self) -> Option<WatchItem> {
        loop {
            let item = self.subscription.next().await?;
            self.registry.app_by_proof(&self.proof)?;
            match item {
                Received::Event(event) => return Some(WatchItem::Event(event)),
                Received::Missed(count) => return Some(WatchItem::Missed(count)),
                Received::Recheck => {}
            }
        }
    }
}
