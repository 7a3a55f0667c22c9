//! The plan of a job: the rows that it selects, and the act on each.

use crate::registry::AppRegistry;
use footbridge_journal::{
    Budget, DeliveryFilter, DeliveryView, EventFilter, EventView, Found, JobAct, Journal, JournalError,
    NewJobItem, Order, Search,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Hook;
use footbridge_model::id::{DeliveryId, EventId, IdSource};
use footbridge_model::job::{JobKind, JobSpec};
use footbridge_model::name::AppName;
use footbridge_model::query::{DeliveryFacts, Query};
use footbridge_model::time::{Clock, Millis};
use std::time::Duration;

/// How much one step of a search reads.
const BUDGET: Budget = Budget { time: Some(Duration::from_millis(200)), rows: 20_000 };

/// A row that a job selects.
pub(crate) enum Picked {
    /// A delivery to act on.
    Delivery(Box<DeliveryView>),
    /// An event that is delivered to the hook of the job.
    Event(Box<EventView>),
}

impl Picked {
    /// The number of the row.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Delivery(view) => view.delivery.id.number(),
            Self::Event(view) => view.event.id.number(),
        }
    }

    /// Returns true for a delivery that died after this time.
    pub(crate) fn died_since(&self, time: Option<Millis>) -> bool {
        let Self::Delivery(view) = self else { return false };
        let last = view.attempts.last().map(|attempt| attempt.at);
        let is_dead = view.delivery.status == DeliveryStatus::Dead;
        is_dead && time.zip(last).is_some_and(|(time, last)| last > time)
    }
}

/// Reads the rows of a job, and decides what to do with each.
pub(crate) struct Plan<'a> {
    pub(crate) registry: &'a AppRegistry,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) ids: &'a IdSource,
    pub(crate) clock: &'a dyn Clock,
}

impl Plan<'_> {
    /// Returns the next rows of a job after a number, oldest first: at most `limit`.
    pub(crate) async fn next(
        &self,
        spec: &JobSpec,
        query: &Query,
        after: u64,
        limit: u32,
    ) -> Result<Found<Picked>, JournalError> {
        let search = Search {
            query: query.clone(),
            since: spec.since,
            until: spec.until,
            order: Order::Ascending,
            after: Some(after).filter(|after| *after > 0),
            limit,
            budget: BUDGET,
            scope: spec.scope.clone(),
        };
        let mut found = if spec.hook.is_some() {
            let found = self.journal.search_events(EventFilter::default(), search).await?;
            found.map(|view| Picked::Event(Box::new(view)))
        } else {
            let found = self.journal.search_deliveries(DeliveryFilter::default(), search).await?;
            found.map(|view| Picked::Delivery(Box::new(view)))
        };
        // What was made since the job began does not belong to it.
        found.rows.retain(|row| row.number() <= spec.end);
        found.next = found.next.filter(|next| *next < spec.end);
        if let Some(scope) = &spec.scope {
            found.rows.retain(|row| match row {
                Picked::Delivery(view) => scope.contains(&view.hook.app),
                Picked::Event(_) => true,
            });
        }
        Ok(found)
    }

    /// Reads a row that a job has selected, as it is now; `None` if it was deleted meanwhile.
    pub(crate) async fn row(&self, spec: &JobSpec, number: u64) -> Result<Option<Picked>, JournalError> {
        Ok(if spec.hook.is_some() {
            let found = self.journal.event(EventId::from_number(number)).await?;
            found.map(|view| Picked::Event(Box::new(view)))
        } else {
            let found = self.journal.delivery(DeliveryId::from_number(number)).await?;
            found.map(|view| Picked::Delivery(Box::new(view)))
        })
    }

    /// The receiving app of a row.
    pub(crate) fn receiver(&self, spec: &JobSpec, row: &Picked) -> Option<AppName> {
        match row {
            Picked::Delivery(view) => Some(view.hook.app.clone()),
            Picked::Event(_) => {
                self.registry.index.load().hook(spec.hook?).map(|entry| entry.hook.app.clone())
            }
        }
    }

    /// The item for a row. New deliveries get their ids here.
    pub(crate) fn item(&self, spec: &JobSpec, query: &Query, row: &Picked) -> NewJobItem {
        let app = self.receiver(spec, row).unwrap_or_else(AppName::bolt);
        let skip = self.reason_to_skip(spec, row).or_else(|| changed(query, row));
        let source = row.number();
        let id = || DeliveryId::from_number(self.ids.next(self.now()));
        let (event, act) = match row {
            Picked::Delivery(view) => {
                let delivery = view.delivery.id;
                let act = match (skip, spec.kind) {
                    (Some(reason), _) => JobAct::Skip { delivery: Some(delivery), reason },
                    (None, JobKind::Retry) => JobAct::Retry(delivery),
                    (None, JobKind::Replay) => JobAct::Replay { of: delivery, id: id() },
                    (None, JobKind::Cancel) => JobAct::Cancel(delivery),
                };
                (view.delivery.event_id, act)
            }
            Picked::Event(view) => {
                let hook = spec.hook.and_then(|hook| self.registry.index.load().hook(hook).cloned());
                let act = match (skip, hook) {
                    (None, Some(entry)) => {
                        JobAct::Deliver { id: id(), hook: entry.hook.id, partition: entry.partition }
                    }
                    (skip, _) => JobAct::Skip { delivery: None, reason: skip.unwrap_or(HOOK_GONE) },
                };
                (view.event.id, act)
            }
        };
        NewJobItem { source, event, app, act }
    }

    /// Why nothing can be done with a row.
    pub(crate) fn reason_to_skip(&self, spec: &JobSpec, row: &Picked) -> Option<&'static str> {
        match row {
            Picked::Delivery(view) => {
                let status = view.delivery.status;
                match spec.kind {
                    JobKind::Cancel => {
                        return (status != DeliveryStatus::Pending).then_some("it has ended already");
                    }
                    JobKind::Retry
                        if matches!(status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered) =>
                    {
                        return Some("it was delivered already");
                    }
                    JobKind::Replay if status == DeliveryStatus::Pending => return Some("it is pending"),
                    JobKind::Retry | JobKind::Replay => {}
                }
                if view.event.is_none() {
                    return Some("its event was deleted");
                }
                self.hook_problem(&view.hook)
            }
            Picked::Event(view) => {
                let index = self.registry.index.load();
                let Some(entry) = spec.hook.and_then(|hook| index.hook(hook)) else { return Some(HOOK_GONE) };
                let (event, hook) = (&view.event, &entry.hook);
                if !hook.pattern.matches(&event.publisher, &event.name) {
                    return Some("the pattern of the hook does not match it");
                }
                let directory = self.registry.directory.load();
                let publisher = directory.app(event.publisher.as_str());
                let private = publisher.is_some_and(|entry| entry.app.private.contains(&event.name));
                if private && hook.pattern.has_wildcard() {
                    return Some("the event is private, and the pattern of the hook has a `*`");
                }
                self.hook_problem(hook)
            }
        }
    }

    /// Why nothing can be delivered to a hook.
    fn hook_problem(&self, hook: &Hook) -> Option<&'static str> {
        let index = self.registry.index.load();
        let Some(entry) = index.hook(hook.id) else { return Some(HOOK_GONE) };
        if !entry.hook.enabled {
            return Some("its hook is switched off");
        }
        let directory = self.registry.directory.load();
        let enabled = directory.app(hook.app.as_str()).is_some_and(|owner| owner.app.enabled);
        (!enabled).then_some("its app is switched off")
    }

    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// Why a row that matched when the job began is left out now: something else has changed it.
fn changed(query: &Query, row: &Picked) -> Option<&'static str> {
    let Picked::Delivery(view) = row else { return None };
    let DeliveryView { delivery, hook, last_ms, .. } = &**view;
    let facts = DeliveryFacts {
        id: delivery.id,
        event: delivery.event_id,
        hook: hook.id,
        app: hook.app.as_str(),
        status: delivery.status,
        code: delivery.last_status,
        error: delivery.last_error.as_deref(),
        ms: *last_ms,
    };
    if query.matches_delivery_itself(&facts) {
        return None;
    }
    Some(match delivery.status {
        DeliveryStatus::Pending => "it is pending",
        DeliveryStatus::Delivered | DeliveryStatus::Unanswered => "it was delivered already",
        DeliveryStatus::Cancelled => "it was cancelled",
        DeliveryStatus::Dead => "it has died again meanwhile",
    })
}

const HOOK_GONE: &str = "its hook was deleted";
