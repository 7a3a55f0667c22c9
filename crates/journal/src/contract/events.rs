//! Events and their idempotency keys.

use super::given::{ALL, at, delivery_id, event, hook, hook_id, key, name, new_delivery};
use super::{Owner as _, Subject};
use crate::{
    Accepted, Account, Appended, DeliveryQueue as _, EventFilter, EventLog as _, History as _,
    IdempotencyKey, NewEvent, Page,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::Event;
use footbridge_model::hook::Hook;
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use std::sync::Arc;

/// An event is read back byte for byte. Lists are newest first, page by page.
pub async fn events_are_stored<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    let mut other = event(20, &[]);
    other.event = Arc::new(Event {
        publisher: name("mic"),
        name: EventName::parse("said").unwrap(),
        ..(*other.event).clone()
    });
    for new in [event(10, &[1, 1]), other, event(30, &[1])] {
        assert_eq!(subject.store().append(new).await.unwrap(), Appended::Stored);
    }
    subject.reopen().await;
    let (given, kept) =
        (event(10, &[]).event, subject.store().event(EventId::from_number(10)).await.unwrap().unwrap());
    assert_eq!(kept.deliveries, 2);
    assert_eq!(kept.event.body, given.body);
    assert_eq!(kept.event.headers, given.headers);
    assert_eq!(kept.event.provenance, given.provenance);
    assert_eq!((kept.event.id, kept.event.time), (given.id, given.time));
    assert_eq!((kept.event.name, kept.event.publisher), (given.name.clone(), given.publisher.clone()));
    assert!(subject.store().event(EventId::from_number(11)).await.unwrap().is_none());

    let list = async |filter, page| -> Vec<u64> {
        let views = subject.store().events(filter, page).await.unwrap();
        views.into_iter().map(|view| view.event.id.number()).collect()
    };
    assert_eq!(list(EventFilter::default(), ALL).await, [30, 20, 10]);
    assert_eq!(list(EventFilter::default(), Page { before: Some(30), limit: 1 }).await, [20]);
    assert_eq!(list(EventFilter::default(), Page { before: Some(u64::MAX), limit: 1 }).await, [30]);
    assert_eq!(list(EventFilter { publisher: Some(name("camera")), name: None }, ALL).await, [30, 10]);
    assert_eq!(list(EventFilter { publisher: None, name: Some("said".into()) }, ALL).await, [20]);
}

/// Each missed event is returned once, oldest first. A gap is reported where events may be missing.
pub async fn missed_events_are_returned<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(Hook { app: name("mic"), ..hook(2) }).await.unwrap();
    for new in [event(10, &[1, 1]), event(20, &[2]), event(30, &[1, 2]), event(40, &[]), event(50, &[1])] {
        subject.store().append(new).await.unwrap();
    }
    subject.reopen().await;
    let whole = async |app, after, limit| -> (Vec<u64>, bool, bool) {
        let since =
            subject.store().missed_events(name(app), 0, EventId::from_number(after), limit).await.unwrap();
        (since.events.iter().map(|event| event.id.number()).collect(), since.gap, since.more)
    };
    let since = async |app, after, limit| -> (Vec<u64>, bool) {
        let (events, gap, more) = whole(app, after, limit).await;
        assert!(!more);
        (events, gap)
    };
    let app = hook(1).app;
    assert_eq!(since(app.as_str(), 10, 9).await, (vec![30, 50], false));
    assert_eq!(since(app.as_str(), 30, 9).await, (vec![50], false));
    assert_eq!(since(app.as_str(), 50, 9).await, (vec![], false));
    assert_eq!(since("mic", 10, 9).await, (vec![20, 30], false));
    assert_eq!(since("nobody", 10, 9).await, (vec![], false));
    // More than were asked for; from before what is kept.
    assert_eq!(whole(app.as_str(), 10, 1).await, (vec![30], false, true));
    assert_eq!(whole(app.as_str(), 9, 1).await, (vec![10], true, true));
    assert_eq!(since(app.as_str(), 9, 9).await, (vec![10, 30, 50], true));
}

/// An app does not get the missed events of an earlier app of its name.
pub async fn missed_events_of_an_earlier_app_are_hidden<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    for new in [event(10, &[1]), event(20, &[1])] {
        subject.store().append(new).await.unwrap();
    }
    subject.store().delete_app(hook(1).app, "app deleted").await.unwrap();
    let generation = 30;
    subject.store().put_hook(hook(31)).await.unwrap();
    // The last one was under way when its app was deleted.
    for new in [event(40, &[31]), event(50, &[1])] {
        subject.store().append(new).await.unwrap();
    }
    subject.reopen().await;
    let told = async |generation, after| -> Vec<u64> {
        let after = EventId::from_number(after);
        let since = subject.store().missed_events(hook(1).app, generation, after, 9).await.unwrap();
        since.events.iter().map(|event| event.id.number()).collect()
    };
    assert_eq!(told(generation, 10).await, [40]);
    assert_eq!(told(generation, 40).await, [0; 0]);
    assert_eq!(told(0, 10).await, [20, 40, 50]);
}

/// The same key and request repeat the first answer, another request is refused, and an expired key is free.
pub async fn a_key_repeats_the_first_answer<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    let keyed = |number, fingerprint| {
        let mut new = event(number, &[1, 1]);
        new.key = Some(key("k", fingerprint, at(1000)));
        new
    };
    assert_eq!(subject.store().append(keyed(10, 1)).await.unwrap(), Appended::Stored);
    let first = Accepted { id: EventId::from_number(10), time: at(10), deliveries: 2 };
    assert_eq!(subject.store().append(keyed(20, 1)).await.unwrap(), Appended::Replay(first.clone()));
    subject.reopen().await;
    assert_eq!(subject.store().append(keyed(30, 1)).await.unwrap(), Appended::Replay(first));
    assert_eq!(subject.store().append(keyed(40, 2)).await.unwrap(), Appended::Mismatch);
    let mut elsewhere = keyed(50, 2);
    elsewhere.key = elsewhere.key.map(|used| IdempotencyKey { scope: "mic|events".to_owned(), ..used });
    assert_eq!(subject.store().append(elsewhere).await.unwrap(), Appended::Stored);
    assert_eq!(subject.store().account().await.unwrap().accepted, 4);
    assert!(subject.store().event(EventId::from_number(40)).await.unwrap().is_none());

    let mut late = keyed(1000, 2);
    late.key = Some(key("k", 2, at(5000)));
    assert_eq!(subject.store().append(late).await.unwrap(), Appended::Stored);
    let again = Accepted { id: EventId::from_number(1000), time: at(1000), deliveries: 2 };
    assert_eq!(subject.store().append(keyed(1010, 2)).await.unwrap(), Appended::Replay(again));
}

/// A skipped delivery is stored as cancelled, with its reason. It counts in the account, does not count in the
/// answer, and can be retried.
pub async fn skipped_deliveries_are_stored<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(Hook { enabled: false, ..hook(2) }).await.unwrap();
    let used = key("k", 1, at(9000));
    let skipped = || (new_delivery(12, 2), "skipped: the hook is off");
    let new = || NewEvent { skipped: vec![skipped()], key: Some(used.clone()), ..event(10, &[1]) };
    assert_eq!(subject.store().append(new()).await.unwrap(), Appended::Stored);
    let account = |pending, cancelled| Account { accepted: 2, pending, cancelled, ..Account::default() };
    assert_eq!(subject.store().account().await.unwrap(), account(1, 1));
    subject.reopen().await;
    assert_eq!(subject.store().account().await.unwrap(), account(1, 1));
    let Appended::Replay(accepted) = subject.store().append(new()).await.unwrap() else {
        panic!("not a replay")
    };
    assert_eq!(accepted.deliveries, 1);
    assert_eq!(subject.store().event(EventId::from_number(10)).await.unwrap().unwrap().deliveries, 2);
    let view = subject.store().delivery(delivery_id(12)).await.unwrap().unwrap();
    assert_eq!((view.delivery.status, view.delivery.attempts), (DeliveryStatus::Cancelled, 0));
    assert_eq!(view.delivery.last_error.as_deref(), Some("skipped: the hook is off"));
    assert!(subject.store().due_of(hook_id(2), false, 9).await.unwrap().is_empty());
    subject.store().retry(delivery_id(12), at(100), vec![]).await.unwrap();
    assert_eq!(subject.store().account().await.unwrap(), account(2, 0));
    assert_eq!(subject.store().due_of(hook_id(2), false, 9).await.unwrap().len(), 1);
}
