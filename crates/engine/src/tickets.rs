//! Tickets: short-lived leave for a page to watch an app's events, or to pass custom events on as the app.

use crate::registry::{AppEntry, Registry};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::{Secret, digest};
use footbridge_model::time::{Entropy, Millis};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What tickets begin with, so that scanners can tell a leaked one.
const MARK: &str = "tkt_";
/// The longest life of a ticket.
pub const TICKET_MOST: Duration = Duration::from_mins(10);
/// How often those that ran out are looked for.
const LOOK: Duration = Duration::from_mins(1);
/// The most tickets of one app that live at once.
const PER_APP: usize = 10_000;

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketUse {
    /// To watch the app's events.
    Live,
    /// To pass custom events on as the app.
    Forward,
}

/// A ticket that was asked for.
#[derive(Debug, Clone)]
pub struct TicketSpec {
    /// What it is for.
    pub for_use: TicketUse,
    /// Only events that one of these matches; `None` for all.
    pub events: Option<Vec<Pattern>>,
    /// How long it lives, at most [`TICKET_MOST`].
    pub ttl: Duration,
}

/// A ticket that was shown and holds.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Whose it is.
    pub entry: Arc<AppEntry>,
    events: Option<Arc<[Pattern]>>,
}

impl Ticket {
    /// Whether it is good for this event.
    pub fn covers(&self, publisher: &AppName, name: &EventName) -> bool {
        self.events.as_ref().is_none_or(|events| events.iter().any(|one| one.matches(publisher, name)))
    }
}

/// More tickets of one app live than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the app has {PER_APP} tickets that are still good; let some run out, or ask for shorter ones")]
pub struct TooManyTickets;

#[derive(Debug)]
struct Kept {
    app: AppName,
    /// When the app was made: a ticket of one that is gone is not one of its successor.
    of: Millis,
    for_use: TicketUse,
    events: Option<Arc<[Pattern]>>,
    until: Millis,
}

/// The tickets that live, by their digests. They end with the server: a page asks its back end for another.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    tickets: HashMap<[u8; 32], Kept>,
    counts: HashMap<AppName, usize>,
    /// When those that ran out are next thrown away.
    look_again: Millis,
}

impl All {
    fn of(&self, app: &AppName) -> usize {
        self.counts.get(app).copied().unwrap_or_default()
    }

    fn retain(&mut self, stays: impl Fn(&Kept) -> bool) {
        self.tickets.retain(|_, ticket| stays(ticket));
        self.counts.clear();
        for ticket in self.tickets.values() {
            *self.counts.entry(ticket.app.clone()).or_default() += 1;
        }
    }
}

impl Tickets {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn issue(
        &self,
        app: &AppEntry,
        spec: TicketSpec,
        now: Millis,
        entropy: &dyn Entropy,
    ) -> Result<(Secret, Millis), TooManyTickets> {
        let mut kept = self.lock();
        if now >= kept.look_again || kept.of(&app.app.name) >= PER_APP {
            kept.retain(|ticket| now < ticket.until);
            kept.look_again = now.plus(LOOK);
            if kept.of(&app.app.name) >= PER_APP {
                return Err(TooManyTickets);
            }
        }
        let (ticket, until) = (Secret::make(MARK, entropy), now.plus(spec.ttl.min(TICKET_MOST)));
        let new = Kept {
            app: app.app.name.clone(),
            of: app.app.created_at,
            for_use: spec.for_use,
            events: spec.events.map(Arc::from),
            until,
        };
        *kept.counts.entry(app.app.name.clone()).or_default() += 1;
        kept.tickets.insert(ticket.digest(), new);
        Ok((ticket, until))
    }

    pub(crate) fn check(
        &self,
        registry: &Registry,
        ticket: &[u8],
        for_use: TicketUse,
        now: Millis,
    ) -> Option<Ticket> {
        let kept = self.lock();
        let found =
            kept.tickets.get(&digest(ticket)).filter(|kept| now < kept.until && kept.for_use == for_use)?;
        let entry = registry.app(&found.app).ok()?;
        let same = entry.app.enabled && entry.app.created_at == found.of;
        same.then(|| Ticket { entry, events: found.events.clone() })
    }

    /// Ends the tickets of an app whose credentials no longer count, and those that ran out.
    pub(crate) fn revoke(&self, app: &AppName, now: Millis) {
        self.lock().retain(|ticket| ticket.app != *app && now < ticket.until);
    }
}
