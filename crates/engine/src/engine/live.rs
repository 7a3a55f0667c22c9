//! Verbs over tickets and live events.

use super::build::Engine;
use crate::live::Watcher;
use crate::registry::AppEntry;
use crate::tickets::{Ticket, TicketSpec, TicketUse, TooManyTickets};
use footbridge_journal::{JournalError, Since};
use footbridge_model::id::EventId;
use footbridge_model::name::AppName;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;

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

    /// What the hooks of an app got after this event, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn since(&self, app: &AppEntry, after: EventId, limit: u32) -> Result<Since, JournalError> {
        self.0.journal.events_of(app.app.name.clone(), after, limit).await
    }
}
