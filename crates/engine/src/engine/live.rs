//! Verbs over tickets and live events.

use super::build::Engine;
use crate::live::{PageEvent, Watcher};
use crate::registry::AppEntry;
use crate::tickets::{Ticket, TicketSpec, TicketUse, TooManyTickets};
use footbridge_journal::JournalError;
use footbridge_model::id::EventId;
use footbridge_model::name::AppName;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;

impl Engine {
    /// Makes a ticket of an app; gives it, this once, with when it runs out.
    ///
    /// # Errors
    /// [`TooManyTickets`]
    pub fn issue_ticket(&self, app: &AppEntry, spec: TicketSpec) -> Result<(Secret, Millis), TooManyTickets> {
        self.0.tickets.issue(app, spec, self.now(), &*self.0.entropy)
    }

    /// What a ticket gives leave for, if it is good for this use.
    pub fn ticket(&self, ticket: &[u8], for_use: TicketUse) -> Option<Ticket> {
        self.0.tickets.check(&self.0.registry, ticket, for_use, self.now())
    }

    /// Ends the tickets of an app whose credentials no longer count.
    pub(super) fn revoke_tickets(&self, app: &AppName) {
        self.0.tickets.revoke(app, self.now());
    }

    /// Ends whatever pages may do for an app that is gone or switched off.
    pub(super) fn end_pages(&self, app: &AppName) {
        self.revoke_tickets(app);
        self.0.live.end(app);
    }

    /// Watches what the hooks of an app get from now on.
    pub fn watch(&self, app: &AppEntry) -> Watcher {
        self.0.live.watch(&app.app.name)
    }

    /// The token of an installed app's run, for its own pages; `None` when it does not run or was not installed.
    pub fn run_token(&self, app: &AppName) -> Option<Secret> {
        let entry = self.0.registry.app(app).ok()?;
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

    /// What the hooks of an app got after this event, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn since(&self, app: &AppEntry, after: EventId, limit: u32) -> Result<Missed, JournalError> {
        // Asked before the journal is: what is kept after this may lie between what it finds.
        let under_way = self.0.publisher.unsettled.look();
        let since = self.0.journal.events_of(app.app.name.clone(), after, limit).await?;
        let settled =
            under_way.settled(|id| since.events.binary_search_by_key(&id, |event| event.id).is_ok());
        let now = self.now();
        let last = since.events.last().map(|event| event.id);
        // What is for an app alone is not for its pages.
        let events = since.events.into_iter().filter(|event| event.subject().is_none());
        let events = events.map(|event| PageEvent::new(Arc::new(event), settled, now)).collect();
        Ok(Missed { events, last, settled, more: since.more, gap: since.gap })
    }
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
