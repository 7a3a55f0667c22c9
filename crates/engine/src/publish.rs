//! Accepting a published event: on the disk with one delivery for each matching hook, then answered.

use crate::drain::Drain;
use crate::lanes::{Lanes, Offer, Urgent};
use crate::live::Live;
use crate::rate::Rate;
use crate::registry::{AppEntry, HookEntry, Registry};
use footbridge_journal::{Accepted, Appended, Journal, JournalError, KeyUse, NewDelivery, NewEvent, Scopes};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::hook::HookType;
use footbridge_model::id::{DeliveryId, EventId, IdSource};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Clock;
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
    pub(crate) ids: Arc<IdSource>,
    pub(crate) lanes: Lanes,
    pub(crate) drain: Arc<Drain>,
    pub(crate) live: Arc<Live>,
    pub(crate) rate: Option<Rate>,
}

impl Publisher {
    /// Accepts an event of `publisher`; resolves once it and its deliveries are on the disk.
    pub(crate) async fn publish(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
    ) -> Result<Accepted, PublishError> {
        let _under_way = self.drain.enter().map_err(|_| PublishError::Draining)?;
        if let Some(rate) = self.rate {
            publisher.state.bucket.take(rate, 1, Instant::now()).map_err(PublishError::RateLimited)?;
        }
        let (new, _) = self.prepare(publisher, draft, key);
        self.keep(new).await
    }

    /// The event that a draft becomes, with a delivery for each hook that gets it.
    pub(crate) fn prepare(
        &self,
        publisher: &AppEntry,
        draft: EventDraft,
        key: Option<(String, [u8; 32])>,
    ) -> (NewEvent, Vec<Arc<HookEntry>>) {
        let hooks = matching(&self.registry, publisher, &draft.name, draft.subscribers.as_deref());
        let now = self.clock.now();
        let key = key.map(|(key, fingerprint)| KeyUse {
            scope: Scopes::publish(&publisher.app.name, &draft.name),
            key,
            fingerprint,
            until: now.plus(KEY_KEPT),
        });
        let first = self.ids.block(now, hooks.len() as u64 + 1);
        let event = Arc::new(Event {
            id: EventId::from_number(first),
            name: draft.name,
            publisher: publisher.app.name.clone(),
            body: draft.body,
            headers: draft.headers,
            time: now,
        });
        let ids = (first + 1..).map(DeliveryId::from_number);
        let deliveries =
            ids.zip(&hooks).map(|(id, hook)| NewDelivery { id, hook_id: hook.hook.id }).collect();
        (NewEvent { event, deliveries, key }, hooks)
    }

    async fn keep(&self, new: NewEvent) -> Result<Accepted, PublishError> {
        let (event, deliveries) = (Arc::clone(&new.event), new.deliveries.clone());
        let kept = self.journal.append(new);
        let left = self.lanes.stir_if_left(deliveries.iter().map(|delivery| delivery.hook_id));
        let appended = kept.await;
        left.stayed();
        match appended? {
            Appended::Stored => {
                let count = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
                let accepted = Accepted { id: event.id, time: event.time, deliveries: count };
                self.offer(event, deliveries);
                Ok(accepted)
            }
            Appended::Replay(accepted) => Ok(accepted),
            Appended::Mismatch => Err(PublishError::KeyMismatch),
        }
    }

    /// Tells the lanes of deliveries that are on the disk.
    pub(crate) fn offer(&self, event: Arc<Event>, deliveries: Vec<NewDelivery>) {
        if !deliveries.is_empty() {
            self.tell_watchers(&event, &deliveries);
            self.lanes.offer(Offer { event, deliveries });
        }
    }

    /// Lets pages hear of it: each app's once, however many of its hooks get it.
    fn tell_watchers(&self, event: &Arc<Event>, deliveries: &[NewDelivery]) {
        if !self.live.is_watched() || event.subject().is_some() {
            return;
        }
        let index = self.registry.index.load();
        let hooks = deliveries.iter().filter_map(|delivery| index.hook(delivery.hook_id));
        let apps: BTreeSet<&AppName> = hooks.map(|entry| &entry.hook.app).collect();
        self.live.tell(event, self.clock.now(), apps.into_iter());
    }

    /// Accepts an event of the server itself. What it sends to the `server` hooks of `urgent` goes past
    /// their lanes; the answer closes once all of that has ended.
    pub(crate) async fn tell(
        &self,
        draft: EventDraft,
        urgent: Option<&AppName>,
    ) -> Result<mpsc::Receiver<()>, PublishError> {
        let _under_way = self.drain.enter_anyway();
        let (done, ended) = mpsc::channel(1);
        let Some(server) = self.registry.directory.load().server().cloned() else { return Ok(ended) };
        let (new, hooks) = self.prepare(&server, draft, None);
        let past = |hook: &HookEntry| hook.hook.kind == HookType::Server && urgent == Some(&hook.hook.app);
        let (hurried, calm): (Vec<_>, Vec<_>) =
            new.deliveries.iter().copied().zip(&hooks).partition(|(_, hook)| past(hook));
        let ids = |picked: Vec<(NewDelivery, _)>| picked.into_iter().map(|(new, _)| new).collect::<Vec<_>>();
        let (hurried, calm, event) = (ids(hurried), ids(calm), Arc::clone(&new.event));
        self.lanes.set_past(hurried.iter().map(|delivery| delivery.id));
        let kept = self.journal.append(new);
        let left = self.lanes.stir_if_left(calm.iter().map(|delivery| delivery.hook_id));
        let appended = kept.await;
        left.stayed();
        if let Err(error) = appended {
            self.lanes.forget_past(hurried.iter().map(|delivery| delivery.id));
            return Err(error.into());
        }
        self.offer(Arc::clone(&event), calm);
        if !hurried.is_empty() {
            self.lanes.hurry(Urgent { event, deliveries: hurried, done }).await;
        }
        Ok(ended)
    }
}

/// The hooks that an event of `publisher` goes to.
pub(crate) fn matching(
    registry: &Registry,
    publisher: &AppEntry,
    name: &EventName,
    subscribers: Option<&[AppName]>,
) -> Vec<Arc<HookEntry>> {
    let private = publisher.app.private.contains(name);
    let mut hooks = registry.index.load().matching(&publisher.app.name, name, private);
    if let Some(subscribers) = subscribers {
        hooks.retain(|entry| subscribers.contains(&entry.hook.app));
    }
    hooks
}
