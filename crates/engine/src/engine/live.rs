//! Verbs over tickets, pages and live events.

use super::build::Engine;
use crate::auth::Caller;
use crate::live::{self, Listener, PageEvent};
use crate::pages::{PageCaller, PageId, PageRefusal, PageSocket};
use crate::publish::PublishError;
use crate::registry::{AppEntry, AppProof, Registry};
use crate::tickets::{Ticket, TicketError, TicketSpec, TicketUse};
use footbridge_journal::{Accepted, JournalError};
use footbridge_model::event::EventDraft;
use footbridge_model::id::EventId;
use footbridge_model::package::Package;
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;
use tokio::time::Instant;

impl Engine {
    /// Makes a ticket of an app; gives it, this once, with when it runs out.
    pub fn issue_ticket(&self, caller: &Caller, spec: &TicketSpec) -> (Secret, Millis) {
        self.0.tickets.issue(caller, spec, self.now())
    }

    /// What a ticket gives leave for.
    ///
    /// # Errors
    /// [`TicketError`] when it is not good for this use.
    pub fn ticket(&self, ticket: &[u8], for_use: TicketUse) -> Result<Ticket, TicketError> {
        self.0.tickets.check(&self.0.registry, ticket, for_use, self.now())
    }

    /// Those of these patterns with which no hook of the app can have an event in common now.
    pub fn unheard<'a>(&self, app: &AppEntry, patterns: &'a [Pattern]) -> Vec<&'a Pattern> {
        let index = self.0.registry.index.load();
        let heard = |wanted: &Pattern| {
            index.of(&app.app.name).any(|entry| entry.hook.enabled && entry.hook.pattern.overlaps(wanted))
        };
        patterns.iter().filter(|wanted| !heard(wanted)).collect()
    }

    /// The app that was proved, if the proof still counts.
    pub fn proved(&self, proof: &AppProof) -> Option<Arc<AppEntry>> {
        self.0.registry.proved(proof)
    }

    /// Watches what the hooks of the app get from now on; `None` when the proof no longer counts.
    pub fn watch(&self, proof: &AppProof) -> Option<Watcher> {
        let listener = self.0.live.listen(proof.app(), proof.generation());
        // Looked at after it listens: a change of the app that comes later is heard.
        self.0.registry.proved(proof)?;
        Some(Watcher { listener, registry: Arc::clone(&self.0.registry), proof: proof.clone() })
    }

    /// Which page a new one is.
    pub fn new_page(&self) -> PageId {
        let mut id = [0; 16];
        self.0.entropy.fill(&mut id);
        PageId(id)
    }

    /// The token of a page of an installed app. It counts while the page [is connected](Self::enter_page).
    pub fn page_token(&self, proof: &AppProof, page: PageId) -> Secret {
        self.0.pages.token(proof, page)
    }

    /// A page of an installed app connects; `None` for pages of other apps, which have no token.
    pub fn enter_page(&self, proof: &AppProof, page: PageId) -> Option<PageSocket> {
        let entry = self.0.registry.proved(proof)?;
        entry.app.package.is_some().then(|| self.0.pages.enter(proof, page))
    }

    /// The page whose token this is, while it is connected.
    pub fn page_by_token(&self, token: &[u8]) -> Option<PageCaller> {
        self.0.pages.caller(&self.0.registry, token)
    }

    /// The app that calls a router with this token: its own, or that of a page whose app lets its pages do so.
    pub fn router_caller(&self, token: &[u8]) -> Option<Arc<AppEntry>> {
        if let Some(caller) = self.caller_by_token(token) {
            return Some(caller.entry);
        }
        let page = self.page_by_token(token)?;
        page.entry.app.package.as_deref().is_some_and(Package::pages_act_for_it).then_some(page.entry)
    }

    /// Accepts an event that a page publishes as its app.
    ///
    /// # Errors
    /// [`PagePublishError`]; nothing was accepted then.
    pub async fn publish_from_page(
        &self,
        page: &PageCaller,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Accepted, PagePublishError> {
        page.may_publish(&draft.name, Instant::now())?;
        // No `Idempotency-Key` holds a space, so these keys meet neither those of the back end nor another page's.
        let which = u64::from_be_bytes(page.page.first_chunk().copied().unwrap_or_default());
        let key = key.map(|(key, fingerprint)| (format!("page {which:016x} {key}"), fingerprint));
        Ok(self.publish_after(&page.entry, draft, key, cause).await?)
    }

    /// The token of an installed app's run; `None` when it does not run or was not installed.
    pub fn run_token(&self, entry: &AppEntry) -> Option<Secret> {
        let entry = self.0.registry.app(&entry.app.name).ok()?;
        let run = entry.run.as_ref().filter(|_| entry.app.package.is_some())?;
        Some(run.token.clone())
    }

    /// Up to this id all events are settled, and watchers were told of them.
    pub fn settled(&self) -> EventId {
        self.0.publisher.unsettled.look().settled(|_| false)
    }

    /// Ends all watching, for the end of the server: pages come back when it does.
    pub fn end_watching(&self) {
        self.0.live.end_all();
    }

    /// What the hooks of an app got after this event, oldest first, at most `limit`; `None` when the proof no longer
    /// counts.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn since(
        &self,
        proof: &AppProof,
        after: EventId,
        limit: u32,
    ) -> Result<Option<Missed>, JournalError> {
        // Asked before the journal is: what is kept after this may lie between what it finds.
        let under_way = self.0.publisher.unsettled.look();
        let (app, generation) = (proof.app().clone(), proof.generation());
        let since = self.0.journal.missed_events(app, generation, after, limit).await?;
        if self.0.registry.proved(proof).is_none() {
            return Ok(None);
        }
        let settled =
            under_way.settled(|id| since.events.binary_search_by_key(&id, |event| event.id).is_ok());
        let now = self.now();
        let last = since.events.last().map(|event| event.id);
        // What is for an app alone is not for its pages.
        let events = since.events.into_iter().filter(|event| event.subject().is_none());
        let events = events.map(|event| PageEvent::new(Arc::new(event), settled, now)).collect();
        Ok(Some(Missed { events, last, settled, more: since.more, gap: since.gap }))
    }
}

/// Why a page's event was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagePublishError {
    /// The page may not publish it.
    #[error(transparent)]
    Refused(#[from] PageRefusal),
    /// It could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// What a page missed while it was away.
#[derive(Debug)]
pub struct Missed {
    /// The events, oldest first.
    pub events: Vec<PageEvent>,
    /// Where to ask on from.
    pub last: Option<EventId>,
    /// Up to this id nothing was under way when the journal was asked, but what it found.
    pub settled: EventId,
    /// Whether there are more than were asked for: they come after the last of these.
    pub more: bool,
    /// Whether there may have been others that cannot be had.
    pub gap: bool,
}

/// What a watcher hears next.
#[derive(Debug, Clone)]
pub enum Heard {
    /// An event.
    Event(Arc<PageEvent>),
    /// It was too slow, and missed so many.
    Missed(u64),
}

/// Watches one app until it is dropped.
pub struct Watcher {
    listener: Listener,
    registry: Arc<Registry>,
    proof: AppProof,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("proof", &self.proof).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Waits for what comes next; `None` once the app may no longer be watched.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            let heard = self.listener.next().await?;
            self.registry.proved(&self.proof)?;
            match heard {
                live::Heard::Event(event) => return Some(Heard::Event(event)),
                live::Heard::Missed(count) => return Some(Heard::Missed(count)),
                live::Heard::Look => {}
            }
        }
    }
}
