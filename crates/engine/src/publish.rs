//! Accepting a published event: on the disk with one delivery for each matching hook, then answered.

use crate::backlogs::{Backlogs, OverQuota};
use crate::carried::carried;
use crate::chains::{Chains, Stopped};
use crate::drain::Drain;
use crate::lanes::{Lanes, Offer, Urgent};
use crate::live::Live;
use crate::rate::Rate;
use crate::registry::{AppEntry, HookEntry, Registry};
use crate::unsettled::{Open, Unsettled};
use footbridge_journal::{
    Accepted, Appended, Backlog, IdempotencyKey, Journal, JournalError, KeyScopes, NewDelivery, NewEvent,
};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::lineage::{Lineage, STOP_DEPTH};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Clock;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long an `Idempotency-Key` is remembered.
pub(crate) const KEY_KEPT: Duration = Duration::from_hours(24);

/// Why an event was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The server is shutting down.
    #[error("the server is shutting down; try again shortly")]
    Draining,
    /// The app publishes more than it may.
    #[error("over the app's publish rate; try again in {} ms", .0.as_millis())]
    RateLimited(Duration),
    /// It would go on a chain of events that is long enough.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// As much of what the app has published waits to be delivered as may.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// The key was used for another request.
    #[error("this Idempotency-Key was used with another body")]
    KeyMismatch,
    /// The journal did not keep it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

pub(crate) struct Publisher {
    pub(crate) registry: Arc<Registry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) unsettled: Arc<Unsettled>,
    pub(crate) lanes: Lanes,
    pub(crate) drain: Arc<Drain>,
    pub(crate) live: Arc<Live>,
    pub(crate) rate: Option<Rate>,
    pub(crate) chains: Chains,
    pub(crate) backlogs: Arc<Backlogs>,
    /// The largest body of an event, where no edge has seen to it, in bytes.
    pub(crate) body: usize,
}

/// An event that is about to be kept, under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) new: NewEvent,
    pub(crate) open: Open,
}

impl Prepared {
    /// What it adds to what waits of its publisher's.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog { deliveries: self.new.deliveries.len() as u64, bytes: self.new.event.body.len() as u64 }
    }
}

/// The body of `bolt/loop-stopped`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoopStopped<'a> {
    app: &'a str,
    event: &'a str,
    cause: String,
    root: String,
    depth: u32,
    reason: &'static str,
    message: String,
}

impl Publisher {
    /// Accepts an event of `publisher`, which follows from the event `cause`; resolves once it and its deliveries are
    /// on the disk.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        cause: Option<EventId>,
    ) -> Result<Accepted, PublishError> {
        let under_way = self.drain.enter().map_err(|_| PublishError::Draining)?;
        if let Some(rate) = self.rate {
            publisher.state.bucket.take(rate, 1, Instant::now()).map_err(PublishError::RateLimited)?;
        }
        let lineage = self.lineage(publisher, cause).await?;
        let (prepared, _) = self.prepare(publisher, draft, key, lineage);
        if let Err(stopped) = self.chains.admit(lineage, prepared.new.deliveries.len()) {
            self.tell_stopped(&publisher.app.name, &prepared.new.event.name, stopped);
            return Err(stopped.into());
        }
        self.backlogs.add(&publisher.app.name, prepared.backlog())?;
        let publisher = Arc::clone(self);
        carried(Box::pin(async move {
            let _under_way = under_way;
            publisher.keep(prepared).await
        }))
        .await
    }

    /// The event that a draft becomes, with a delivery for each hook that gets it.
    pub(crate) fn prepare(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
        lineage: Lineage,
    ) -> (Prepared, Vec<Arc<HookEntry>>) {
        let (hooks, off) = matching(&self.registry, publisher, &draft.name, draft.subscribers.as_deref());
        let now = self.clock.now();
        let key = key.map(|(key, fingerprint)| IdempotencyKey {
            scope: KeyScopes::publish(&publisher.app.name, &draft.name),
            key,
            fingerprint,
            until: now.plus(KEY_KEPT),
        });
        let open = self.unsettled.begin(now, (hooks.len() + off.len()) as u64);
        let first = open.number();
        let event = Arc::new(Event {
            id: EventId::from_number(first),
            name: draft.name,
            publisher: publisher.app.name.clone(),
            body: draft.body,
            headers: draft.headers,
            time: now,
            lineage,
        });
        let mut ids = (first + 1..).map(DeliveryId::from_number);
        let mut new = |hook: &HookEntry| ids.next().map(|id| NewDelivery { id, hook_id: hook.hook.id });
        let deliveries = hooks.iter().filter_map(|hook| new(hook)).collect();
        // An app is not told later of its own start or end.
        let subject = event.subject();
        let off = off.iter().filter(|hook| subject.as_ref() != Some(&hook.hook.app));
        let skipped = off.filter_map(|hook| Some((new(hook)?, skipped_because(hook)))).collect();
        (Prepared { new: NewEvent { event, deliveries, skipped, key }, open }, hooks)
    }

    /// The lineage of what follows from an event. One that the app did not get, or that is no longer kept, counts as
    /// none: nobody can put events into a chain that is none of his.
    async fn lineage(&self, publisher: &AppEntry, cause: Option<EventId>) -> Result<Lineage, PublishError> {
        let Some(cause) = cause else { return Ok(Lineage::default()) };
        let known = self.journal.lineage(cause, publisher.app.name.clone()).await?;
        Ok(known.map(|its| Lineage::after(cause, its)).unwrap_or_default())
    }

    /// Tells that a chain was stopped: the log, and once whoever listens for `bolt/loop-stopped`.
    pub(crate) fn tell_stopped(self: &Arc<Self>, app: &AppName, event: &EventName, stopped: Stopped) {
        if !self.chains.tells(stopped) {
            tracing::debug!(%app, %event, %stopped, "an event was not published");
            return;
        }
        tracing::warn!(%app, %event, %stopped, "an event was not published");
        let (root, cause, reason) = stopped.parts();
        let body = LoopStopped {
            app: app.as_str(),
            event: event.as_str(),
            cause: cause.text(),
            root: root.text(),
            depth: STOP_DEPTH,
            reason,
            message: stopped.to_string(),
        };
        let draft = EventDraft {
            name: EventName::trusted("loop-stopped"),
            body: serde_json::to_vec(&body).unwrap_or_else(|_| b"{}".to_vec()).into(),
            headers: PublishHeaders::default(),
            subscribers: None,
        };
        // What answers this event goes on the same chain, and is stopped in silence.
        let lineage = Lineage { depth: STOP_DEPTH, cause: Some(cause), root: Some(root) };
        let publisher = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = publisher.tell(draft, None, lineage).await {
                tracing::warn!(%error, "bolt/loop-stopped could not be kept");
            }
        });
    }

    async fn keep(&self, Prepared { new, open }: Prepared) -> Result<Accepted, PublishError> {
        let (event, deliveries) = (Arc::clone(&new.event), new.deliveries.clone());
        match self.journal.append(new).await? {
            Appended::Stored => {
                let count = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
                let accepted = Accepted { id: event.id, time: event.time, deliveries: count };
                self.offer(event, deliveries, &open);
                Ok(accepted)
            }
            Appended::Replay(accepted) => Ok(accepted),
            Appended::Mismatch => Err(PublishError::KeyMismatch),
        }
    }

    /// Tells the lanes of deliveries that are on the disk.
    pub(crate) fn offer(&self, event: Arc<Event>, deliveries: Vec<NewDelivery>, open: &Open) {
        if !deliveries.is_empty() {
            self.tell_watchers(&event, &deliveries, open);
            self.lanes.offer(Offer { event, deliveries });
        }
    }

    /// Lets pages hear of it: each app's once, however many of its hooks get it.
    fn tell_watchers(&self, event: &Arc<Event>, deliveries: &[NewDelivery], open: &Open) {
        if !self.live.is_watched() || event.subject().is_some() {
            return;
        }
        // Before the hooks: one that went to an app of that name before is not found any more then.
        let directory = self.registry.directory.load();
        let index = self.registry.index.load();
        let hooks = deliveries.iter().filter_map(|delivery| index.hook(delivery.hook_id));
        let apps: BTreeSet<&AppName> = hooks.map(|entry| &entry.hook.app).collect();
        let of_app = |app| directory.app(AppName::key(app)).map(|entry| (app, entry.app.generation));
        self.live.tell(event, open.settles(), self.clock.now(), apps.into_iter().filter_map(of_app));
    }

    /// Accepts an event of the server itself. What it sends to the `server` and `router` hooks of `urgent` goes past
    /// their lanes; the answer closes once all of that has ended.
    pub(crate) async fn tell(
        self: &Arc<Self>,
        draft: EventDraft,
        urgent: Option<&AppName>,
        lineage: Lineage,
    ) -> Result<mpsc::Receiver<()>, PublishError> {
        let under_way = self.drain.enter_anyway();
        let (done, ended) = mpsc::channel(1);
        let Some(server) = self.registry.directory.load().server().cloned() else { return Ok(ended) };
        let (Prepared { new, open }, hooks) = self.prepare(&server, draft, None, lineage);
        let past = |hook: &HookEntry| {
            matches!(hook.hook.kind, HookType::Server | HookType::Router) && urgent == Some(&hook.hook.app)
        };
        let (hurried, calm): (Vec<_>, Vec<_>) =
            new.deliveries.iter().copied().zip(&hooks).partition(|(_, hook)| past(hook));
        let ids = |picked: Vec<(NewDelivery, _)>| picked.into_iter().map(|(new, _)| new).collect::<Vec<_>>();
        let (hurried, calm, event) = (ids(hurried), ids(calm), Arc::clone(&new.event));
        self.lanes.set_past(hurried.iter().map(|delivery| delivery.id));
        let (publisher, kept) = (Arc::clone(self), self.journal.append(new));
        carried(Box::pin(async move {
            let _under_way = under_way;
            if let Err(error) = kept.await {
                publisher.lanes.forget_past(hurried.iter().map(|delivery| delivery.id));
                return Err(error.into());
            }
            publisher.offer(Arc::clone(&event), calm, &open);
            if !hurried.is_empty() {
                publisher.lanes.hurry(Urgent { event, deliveries: hurried, done }).await;
            }
            Ok(ended)
        }))
        .await
    }
}

/// Why a hook that matches gets nothing.
fn skipped_because(hook: &HookEntry) -> &'static str {
    if hook.hook.enabled { "skipped: the app was switched off" } else { "skipped: the hook was switched off" }
}

/// The hooks that an event of `publisher` goes to, and those that match but are switched off.
fn matching(
    registry: &Registry,
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
