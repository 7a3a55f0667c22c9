//! Tests of lineages and backlogs.

use super::given::{app, ended, event, hook, name};
use super::{Owner as _, Subject};
use crate::{Backlog, EventLog as _, History as _, NewEvent};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::Event;
use footbridge_model::id::EventId;
use footbridge_model::lineage::Lineage;
use std::sync::Arc;

/// An event keeps its lineage. Its publisher and its recipients can read it, and nobody else.
pub async fn lineages_are_stored<S: Subject>(mut subject: S) {
    subject.store().put_app(app("shop")).await.unwrap();
    subject.store().put_hook(hook(5)).await.unwrap();
    let id = EventId::from_number;
    let lineage = Lineage { depth: 7, cause: Some(id(4)), root: Some(id(2)) };
    let new = event(10, &[5]);
    let caused = Event { lineage, ..Event::clone(&new.event) };
    subject.store().append(NewEvent { event: Arc::new(caused), ..new }).await.unwrap();
    let own = Event { lineage: Lineage::default(), ..Event::clone(&event(20, &[]).event) };
    subject.store().append(NewEvent { event: Arc::new(own), ..event(20, &[]) }).await.unwrap();
    subject.reopen().await;
    let kept = subject.store().event(id(10)).await.unwrap().unwrap();
    assert_eq!(kept.event.lineage, lineage);
    let subscriber = hook(5).app;
    for (event, who, expected) in [
        (10, kept.event.publisher.clone(), Some(lineage)),
        (10, subscriber.clone(), Some(lineage)),
        (10, name("stranger"), None),
        (20, kept.event.publisher, Some(Lineage::default())),
        (20, subscriber, None),
        (11, name("camera"), None),
    ] {
        assert_eq!(subject.store().lineage(id(event), who.clone()).await.unwrap(), expected, "{event} {who}");
    }
}

/// A pending delivery counts for the publisher of its event, and each body counts once.
pub async fn backlogs_are_counted<S: Subject>(subject: S) {
    let store = subject.store();
    store.put_hook(hook(1)).await.unwrap();
    assert_eq!(store.backlogs().await.unwrap(), []);
    let new = event(10, &[1, 1, 1]);
    let bytes = new.event.body.len() as u64;
    store.append(new).await.unwrap();
    store.append(event(20, &[])).await.unwrap();
    store.record_owned(vec![ended(12, DeliveryStatus::Dead)]).await.unwrap();
    let expected = vec![(name("camera"), Backlog { deliveries: 2, bytes })];
    assert_eq!(store.backlogs().await.unwrap(), expected);
    store.cancel_of(super::given::hook_id(1), "hook disabled").await.unwrap();
    assert_eq!(store.backlogs().await.unwrap(), []);
}
