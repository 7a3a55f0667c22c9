//! Publishing: an event is stored with one delivery per matching hook, and only then acknowledged.

mod prepare;
mod server_event;

pub(crate) use prepare::{PreparedEvent, SKIPPED_APP, SKIPPED_HOOK};

use crate::backlogs::{Backlogs, OverQuota};
use crate::chains::{Chains, LoopDetected};
use crate::cluster::HintQueue;
use crate::detached::detached;
use crate::drain::Drain;
use crate::lanes::{Lanes, Offer};
use crate::live::LiveChannels;
use crate::rate::Rate;
use crate::registry::{AppEntry, AppRegistry};
use crate::stats::TrafficCounter;
use crate::system_event::SystemEventFormat;
use crate::tail::{TailEvent, TailFeed, TailItem};
use crate::watermark::{OpenEvent, Watermark};
use footbridge_journal::{Accepted, Appended, Journal, JournalError, NewDelivery, NewEvent};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::id::EventId;
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Clock;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long an `Idempotency-Key` is remembered.
pub(crate) const KEY_RETENTION: Duration = Duration::from_hours(24);

/// The reason for refusing an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The server is shutting down.
    #[error("the server is shutting down; try again shortly")]
    Draining,
    /// The app exceeds its publish rate. Holds the wait until it may publish again.
    #[error("over the app's publish rate; try again in {} ms", .0.as_millis())]
    RateLimited(Duration),
    /// The chain of events that led to this one is too long.
    #[error(transparent)]
    LoopDetected(#[from] LoopDetected),
    /// Too many deliveries of the app's events are pending.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// The key was used for another request.
    #[error("this Idempotency-Key was used with another body; use a new key for a new event")]
    KeyMismatch,
    /// The journal did not store the event.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// An event that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The id and time of the event, and its number of deliveries.
    pub accepted: Accepted,
    /// The cause that the publisher named and that was ignored: the app never received that event, or the event is no
    /// longer stored.
    pub unknown_cause: Option<EventId>,
}

/// Accepts events from apps and from the server itself.
pub(crate) struct Publisher {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) lanes: Lanes,
    pub(crate) hints: Arc<HintQueue>,
    pub(crate) drain: Arc<Drain>,
    pub(crate) live: Arc<LiveChannels>,
    pub(crate) rate: Option<Rate>,
    pub(crate) chains: Chains,
    pub(crate) backlogs: Arc<Backlogs>,
    pub(crate) system_events: Arc<dyn SystemEventFormat>,
    /// The largest body of an event that no edge has checked, in bytes.
    pub(crate) event_limit: usize,
    pub(crate) traffic: Arc<TrafficCounter>,
    pub(crate) tail: Arc<TailFeed>,
}

/// How often an event is matched again that others' changes of the registry overtake, before its publisher gets an
/// error.
const MAX_MATCHES: u32 = 8;

impl Publisher {
    /// Publishes an event of `publisher`, caused by the event `cause`. Resolves once the event and its deliveries are
    /// on disk; goes on if the caller hangs up.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Published, PublishError> {
        let in_flight = self.drain.enter().map_err(|_| PublishError::Draining)?;
        if let Some(rate) = self.rate {
            publisher.state.bucket.take(rate, 1, Instant::now()).map_err(PublishError::RateLimited)?;
        }
        let lineage = self.lineage(publisher, cause).await?;
        let unknown_cause = cause.filter(|_| lineage.cause.is_none());
        let (prepared, _) = self.prepare(publisher, draft, key, lineage);
        if let Err(stopped) = self.chains.admit(lineage, prepared.new.deliveries.len()) {
            self.report_stopped_chain(&publisher.app.name, &prepared.new.event.name, stopped);
            return Err(stopped.into());
        }
        self.backlogs.add(&publisher.app.name, prepared.backlog())?;
        let this = Arc::clone(self);
        let accepted = detached(async move {
            let _in_flight = in_flight;
            this.store(prepared).await
        })
        .await?;
        Ok(Published { accepted, unknown_cause })
    }

    /// The lineage of an event that `cause` has caused. A cause that the app did not receive, or that is no longer
    /// stored, counts as none: an app cannot add events to a chain of other apps.
    async fn lineage(&self, publisher: &AppEntry, cause: Option<EventId>) -> Result<Lineage, PublishError> {
        let Some(cause) = cause else { return Ok(Lineage::default()) };
        let known = self.journal.lineage(cause, publisher.app.name.clone()).await?;
        Ok(known.map(|of_cause| Lineage::after(cause, of_cause)).unwrap_or_default())
    }

    async fn store(&self, mut prepared: PreparedEvent) -> Result<Accepted, PublishError> {
        for _ in 0..MAX_MATCHES {
            let PreparedEvent { new, open, subscribers } = prepared;
            let (event, deliveries) = (Arc::clone(&new.event), new.deliveries.clone());
            // An exclusive store does not refuse an event as stale.
            let key = if self.registry.is_shared() { new.key.clone() } else { None };
            match self.journal.append(new).await? {
                Appended::Stored => {
                    let count = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
                    let accepted = Accepted { id: event.id, time: event.time, deliveries: count };
                    self.offer(event, deliveries, &open);
                    return Ok(accepted);
                }
                Appended::Replay(accepted) => return Ok(accepted),
                Appended::Mismatch => return Err(PublishError::KeyMismatch),
                Appended::Stale => {
                    let registry = self.registry.version();
                    let new = NewEvent { event, deliveries, skipped: Vec::new(), key, registry };
                    prepared = PreparedEvent { new, open, subscribers };
                    self.match_again(std::slice::from_mut(&mut prepared)).await?;
                }
            }
        }
        Err(JournalError::Stale.into())
    }

    /// Counts a stored event, and offers its deliveries to the lanes and the event to connected pages.
    pub(crate) fn offer(&self, event: Arc<Event>, deliveries: Vec<NewDelivery>, open: &OpenEvent) {
        self.traffic.event(&event);
        self.tail.send(|tail| {
            let index = self.registry.index.load();
            let apps = deliveries.iter().map(|delivery| {
                index.hook(delivery.hook_id).map_or_else(AppName::bolt, |entry| entry.hook.app.clone())
            });
            TailItem::Event(TailEvent { event: tail.event(&event), apps: apps.collect() })
        });
        if !deliveries.is_empty() {
            self.notify_watchers(&event, &deliveries, open);
            let deliveries = self.hints.split_off_foreign(deliveries);
            self.lanes.offer(Offer { event, deliveries });
        }
    }

    /// Sends an event to the pages of the apps that receive it: once per app, whatever its number of hooks.
    fn notify_watchers(&self, event: &Arc<Event>, deliveries: &[NewDelivery], open: &OpenEvent) {
        if !self.live.has_subscribers() || event.subject().is_some() {
            return;
        }
        // Loaded before the index: a hook of an app that was replaced by one of the same name is then not found.
        let directory = self.registry.directory.load();
        let index = self.registry.index.load();
        let hooks = deliveries.iter().filter_map(|delivery| index.hook(delivery.hook_id));
        let apps: BTreeSet<&AppName> = hooks.map(|entry| &entry.hook.app).collect();
        let of_app = |app| directory.app(AppName::key(app)).map(|entry| (app, entry.app.generation));
        self.live.broadcast(
            event,
            open.watermark_after(),
            self.clock.now(),
            apps.into_iter().filter_map(of_app),
        );
    }
}
