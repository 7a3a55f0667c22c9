//! Publishing: an event is stored with one delivery per matching hook, and only then acknowledged.

use crate::backlogs::{Backlogs, OverQuota};
use crate::chains::{Chains, LoopDetected};
use crate::cluster::HintQueue;
use crate::detached::detached;
use crate::drain::Drain;
use crate::lanes::{BypassRequest, Lanes, Offer};
use crate::live::LiveChannels;
use crate::rate::Rate;
use crate::registry::{AppEntry, AppRegistry, HookEntry};
use crate::system_event::{ChainStop, SystemEvent, SystemEventFormat};
use crate::watermark::{OpenEvent, Watermark};
use footbridge_journal::{
    Accepted, Appended, Backlog, IdempotencyKey, Journal, JournalError, KeyScopes, NewDelivery, NewEvent,
    Wait,
};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId, nth};
use footbridge_model::lineage::{Lineage, STOP_DEPTH};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Clock;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
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
    #[error("this Idempotency-Key was used with another body")]
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
}

/// An event that is ready to be stored. Its id counts as in progress until this is dropped.
#[derive(Debug)]
pub(crate) struct PreparedEvent {
    pub(crate) new: NewEvent,
    pub(crate) open: OpenEvent,
    /// The only apps that may receive it, if its publisher has named them.
    subscribers: Option<Vec<AppName>>,
}

/// How often an event is matched again that others' changes of the registry overtake, before its publisher gets an
/// error.
const MAX_MATCHES: u32 = 8;

impl PreparedEvent {
    /// The amount that it adds to its publisher's backlog.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog { deliveries: self.new.deliveries.len() as u64, bytes: self.new.event.body.len() as u64 }
    }
}

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

    /// Turns a draft into an event with one delivery per matching hook. Also returns those hooks.
    pub(crate) fn prepare(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        lineage: Lineage,
    ) -> (PreparedEvent, Vec<Arc<HookEntry>>) {
        let now = self.clock.now();
        let key = key.map(|(key, fingerprint)| IdempotencyKey {
            scope: KeyScopes::publish(&publisher.app.name, &draft.name),
            key,
            fingerprint,
            until: now.plus(KEY_RETENTION),
        });
        let event = Event {
            // Assigned with the ids of its deliveries.
            id: EventId::from_number(0),
            name: draft.name,
            publisher: publisher.app.name.clone(),
            body: draft.body,
            headers: draft.headers,
            time: now,
            lineage,
        };
        self.assign(publisher, event, draft.subscribers, key)
    }

    /// Matches an event with the hooks, and assigns its id and the ids of its deliveries.
    fn assign(
        &self,
        publisher: &AppEntry,
        event: Event,
        subscribers: Option<Vec<AppName>>,
        key: Option<IdempotencyKey>,
    ) -> (PreparedEvent, Vec<Arc<HookEntry>>) {
        // Read before the hooks, which are at least as new.
        let registry = self.registry.version();
        let (hooks, off) = matching(&self.registry, publisher, &event.name, subscribers.as_deref());
        let open = self.watermark.open(event.time, (hooks.len() + off.len()) as u64);
        let first = open.number();
        let event = Arc::new(Event { id: EventId::from_number(first), ..event });
        let mut ids = (1..).map(|k| DeliveryId::from_number(nth(first, k)));
        let mut new = |hook: &HookEntry| {
            ids.next().map(|id| NewDelivery { id, hook_id: hook.hook.id, partition: hook.partition })
        };
        let deliveries = hooks.iter().filter_map(|hook| new(hook)).collect();
        // An app that is off is not told later of its own start or stop.
        let subject = event.subject();
        let off = off.iter().filter(|hook| subject.as_ref() != Some(&hook.hook.app));
        let skipped = off.filter_map(|hook| Some((new(hook)?, skip_reason(hook)))).collect();
        let new = NewEvent { event, deliveries, skipped, key, registry };
        (PreparedEvent { new, open, subscribers }, hooks)
    }

    /// Matches events again, after other servers have changed the registry.
    pub(crate) async fn match_again(&self, prepared: &mut [PreparedEvent]) -> Result<(), JournalError> {
        self.registry.catch_up().await?;
        for event in prepared {
            let (new, key) = (&event.new.event, event.new.key.take());
            let directory = self.registry.directory.load();
            let publisher = directory.app(new.publisher.as_str()).cloned();
            let publisher = publisher.ok_or(JournalError::NotFound("app"))?;
            *event = self.assign(&publisher, Event::clone(new), event.subscribers.take(), key).0;
        }
        Ok(())
    }

    /// The lineage of an event that `cause` has caused. A cause that the app did not receive, or that is no longer
    /// stored, counts as none: an app cannot add events to a chain of other apps.
    async fn lineage(&self, publisher: &AppEntry, cause: Option<EventId>) -> Result<Lineage, PublishError> {
        let Some(cause) = cause else { return Ok(Lineage::default()) };
        let known = self.journal.lineage(cause, publisher.app.name.clone()).await?;
        Ok(known.map(|of_cause| Lineage::after(cause, of_cause)).unwrap_or_default())
    }

    /// Logs that a chain was stopped, and publishes `bolt/loop-stopped` once per chain.
    pub(crate) fn report_stopped_chain(
        self: &Arc<Self>,
        app: &AppName,
        event: &EventName,
        stopped: LoopDetected,
    ) {
        if !self.chains.is_first_report(stopped) {
            tracing::debug!(%app, %event, %stopped, "an event was not published");
            return;
        }
        tracing::warn!(%app, %event, %stopped, "an event was not published");
        let (app, event) = (app.clone(), event.clone());
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let (root, cause, reason) = stopped.parts();
            let message = stopped.to_string();
            let stop = ChainStop {
                app: &app,
                event: &event,
                cause,
                root,
                depth: STOP_DEPTH,
                reason,
                message: &message,
            };
            // Events that answer this one belong to the same chain, so they are stopped too, without another report.
            let lineage = Lineage { depth: STOP_DEPTH, cause: Some(cause), root: Some(root) };
            if let Err(error) =
                this.publish_server_event(&SystemEvent::LoopStopped(stop), None, lineage).await
            {
                tracing::warn!(%error, "bolt/loop-stopped could not be stored");
            }
        });
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

    /// Offers stored deliveries to the lanes, and the event to connected pages.
    pub(crate) fn offer(&self, event: Arc<Event>, deliveries: Vec<NewDelivery>, open: &OpenEvent) {
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

    /// Publishes an event of the server itself.
    ///
    /// With `only`, no other app receives it, and the app's `server` and `router` hooks receive it ahead of their
    /// queues. The returned channel closes once those deliveries have ended.
    pub(crate) async fn publish_server_event(
        self: &Arc<Self>,
        event: &SystemEvent<'_>,
        only: Option<&AppName>,
        lineage: Lineage,
    ) -> Result<mpsc::Receiver<()>, PublishError> {
        let in_flight = self.drain.enter_anyway();
        let (done, ended) = mpsc::channel(1);
        let Some(server) = self.registry.directory.load().server().cloned() else { return Ok(ended) };
        let draft = EventDraft {
            name: EventName::trusted(event.name()),
            body: self.system_events.body(event),
            headers: PublishHeaders::default(),
            subscribers: only.map(|app| vec![app.clone()]),
        };
        let mut write = self.start_server_event(&server, draft.clone(), only, lineage);
        let (this, only) = (Arc::clone(self), only.cloned());
        detached(async move {
            let _in_flight = in_flight;
            for _ in 0..MAX_MATCHES {
                let ServerEventWrite { event, bypassing, queued, open, stored } = write;
                let ids = || bypassing.iter().map(|delivery| delivery.id);
                match stored.await {
                    Ok(Appended::Stale) => {
                        this.lanes.unmark_bypass(ids());
                        this.registry.catch_up().await?;
                        write = this.start_server_event(&server, draft.clone(), only.as_ref(), lineage);
                    }
                    Err(error) => {
                        this.lanes.unmark_bypass(ids());
                        return Err(error.into());
                    }
                    Ok(_) => {
                        this.offer(Arc::clone(&event), queued, &open);
                        if !bypassing.is_empty() {
                            this.lanes
                                .send_bypass(BypassRequest { event, deliveries: bypassing, done })
                                .await;
                        }
                        return Ok(ended);
                    }
                }
            }
            Err(JournalError::Stale.into())
        })
        .await
    }

    /// Begins to store an event of the server, in order before whatever is asked of the journal next.
    fn start_server_event(
        &self,
        server: &AppEntry,
        draft: EventDraft,
        only: Option<&AppName>,
        lineage: Lineage,
    ) -> ServerEventWrite {
        let (PreparedEvent { new, open, .. }, hooks) = self.prepare(server, draft, None, lineage);
        let bypasses = |hook: &HookEntry| {
            matches!(hook.hook.kind, HookType::Server | HookType::Router) && only == Some(&hook.hook.app)
        };
        let (bypassing, queued): (Vec<_>, Vec<_>) =
            new.deliveries.iter().copied().zip(&hooks).partition(|(_, hook)| bypasses(hook));
        let ids = |picked: Vec<(NewDelivery, _)>| picked.into_iter().map(|(new, _)| new).collect::<Vec<_>>();
        let (bypassing, queued, event) = (ids(bypassing), ids(queued), Arc::clone(&new.event));
        self.lanes.mark_bypass(bypassing.iter().map(|delivery| delivery.id));
        ServerEventWrite { event, bypassing, queued, open, stored: self.journal.append(new) }
    }
}

/// An event of the server on its way to the journal.
struct ServerEventWrite {
    event: Arc<Event>,
    /// Deliveries that bypass their lanes.
    bypassing: Vec<NewDelivery>,
    queued: Vec<NewDelivery>,
    open: OpenEvent,
    stored: Wait<Appended>,
}

/// The reason that is stored with the delivery of a hook that is off.
fn skip_reason(hook: &HookEntry) -> &'static str {
    if hook.hook.enabled { "skipped: the app was switched off" } else { "skipped: the hook was switched off" }
}

/// The hooks that receive an event of `publisher`, and the matching hooks that are switched off.
fn matching(
    registry: &AppRegistry,
    publisher: &AppEntry,
    name: &EventName,
    subscribers: Option<&[AppName]>,
) -> (Vec<Arc<HookEntry>>, Vec<Arc<HookEntry>>) {
    let private = publisher.app.private.contains(name);
    let index = registry.index.load();
    let mut hooks = index.matching(&publisher.app.name, name, private);
    let mut off = index.matching_off(&publisher.app.name, name, private);
    if let Some(subscribers) = subscribers {
        hooks.retain(|entry| subscribers.contains(&entry.hook.app));
        off.retain(|entry| subscribers.contains(&entry.hook.app));
    }
    (hooks, off)
}
