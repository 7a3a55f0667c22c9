//! Turns a draft into an event with an id and one delivery per matching hook.

use super::{KEY_RETENTION, Publisher};
use crate::registry::{AppEntry, AppRegistry, HookEntry};
use crate::watermark::OpenEvent;
use footbridge_journal::{Backlog, IdempotencyKey, JournalError, KeyScopes, NewDelivery, NewEvent};
use footbridge_model::event::{Event, EventDraft};
use footbridge_model::id::{DeliveryId, EventId, nth};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use std::sync::Arc;

/// An event that is ready to be stored. Its id counts as in progress until this is dropped.
#[derive(Debug)]
pub(crate) struct PreparedEvent {
    pub(crate) new: NewEvent,
    pub(crate) open: OpenEvent,
    /// The only apps that may receive it, if its publisher has named them.
    pub(super) subscribers: Option<Vec<AppName>>,
}

impl PreparedEvent {
    /// The amount that it adds to its publisher's backlog.
    pub(crate) fn backlog(&self) -> Backlog {
        Backlog { deliveries: self.new.deliveries.len() as u64, bytes: self.new.event.body.len() as u64 }
    }
}

impl Publisher {
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
            provenance: draft.provenance,
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
        let deliveries: Vec<_> = hooks.iter().filter_map(|hook| new(hook)).collect();
        debug_assert_eq!(deliveries.len(), hooks.len(), "each matching hook gets one delivery");
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
}

/// The reason that is stored with the delivery of a hook that is switched off.
pub(crate) const SKIPPED_HOOK: &str = "skipped: the hook was switched off";
/// The reason that is stored with the delivery of a hook whose app is switched off.
pub(crate) const SKIPPED_APP: &str = "skipped: the app was switched off";

/// The reason that is stored with the delivery of a hook that is off.
fn skip_reason(hook: &HookEntry) -> &'static str {
    if hook.hook.enabled { SKIPPED_APP } else { SKIPPED_HOOK }
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
