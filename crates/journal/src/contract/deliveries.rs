//! Deliveries: results, due ones, lists.

use super::given::{ALL, UNOWNED, at, attempt, delivery_id, ended, event, hook, hook_id, name};
use super::{Owner as _, Subject};
use crate::{
    DeliveryFilter, DeliveryResult, DeliveryView, EventLog as _, History as _, Page, PendingDelivery,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;

/// Attempts are logged in order. A delivery that has ended takes no more results.
pub async fn results_are_stored<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().append(event(10, &[1])).await.unwrap();
    let fresh = delivery(&subject, 11).await;
    assert_eq!((fresh.delivery.event_id, fresh.delivery.hook_id), (EventId::from_number(10), hook_id(1)));
    assert_eq!((fresh.delivery.status, fresh.delivery.attempts), (DeliveryStatus::Pending, 0));
    assert_eq!((fresh.delivery.next_attempt_at, fresh.delivery.last_error), (Some(at(10)), None));
    assert!(fresh.attempts.is_empty());

    let tries = [
        attempt(1, Some(500), Some("the receiver answered 500")),
        attempt(2, None, Some("dns: \"no\", name")),
    ];
    for failed in &tries {
        let result = DeliveryResult {
            claim: UNOWNED,
            id: delivery_id(11),
            attempt: Some(failed.clone()),
            status: DeliveryStatus::Pending,
            next_attempt_at: Some(at(100 * i64::from(failed.n))),
            reason: None,
        };
        subject.store().record_owned(vec![result]).await.unwrap();
    }
    let waiting = delivery(&subject, 11).await;
    assert_eq!((waiting.delivery.attempts, waiting.delivery.next_attempt_at), (2, Some(at(200))));
    assert_eq!(waiting.delivery.last_status, Some(500));
    assert_eq!(waiting.delivery.last_error.as_deref(), Some("dns: \"no\", name"));
    assert_eq!(waiting.attempts, tries);

    let mut last = ended(11, DeliveryStatus::Delivered);
    last.attempt = Some(attempt(3, Some(204), None));
    subject.store().record_owned(vec![last]).await.unwrap();
    let mut late = ended(11, DeliveryStatus::Dead);
    late.attempt = Some(attempt(4, Some(500), Some("late")));
    subject.store().record_owned(vec![late, ended(99, DeliveryStatus::Delivered)]).await.unwrap();
    subject.reopen().await;
    let done = delivery(&subject, 11).await;
    assert_eq!((done.delivery.status, done.delivery.attempts), (DeliveryStatus::Delivered, 3));
    assert_eq!((done.delivery.last_status, done.delivery.last_error), (Some(204), None));
    assert_eq!(done.delivery.next_attempt_at, None);
    assert_eq!(done.attempts.len(), 3);
    ends_without_an_attempt(&subject).await;
}

async fn ends_without_an_attempt<S: Subject>(subject: &S) {
    subject.store().append(event(20, &[1, 1])).await.unwrap();
    let end = |number, status, reason: &str| DeliveryResult {
        claim: UNOWNED,
        id: delivery_id(number),
        attempt: None,
        status,
        next_attempt_at: None,
        reason: Some(reason.to_owned()),
    };
    let mut blocked = end(22, DeliveryStatus::Dead, "blocked: the address is private");
    blocked.attempt = Some(attempt(1, None, Some("blocked")));
    subject
        .store()
        .record_owned(vec![end(21, DeliveryStatus::Cancelled, "app down"), blocked])
        .await
        .unwrap();
    let cancelled = delivery(subject, 21).await.delivery;
    assert_eq!((cancelled.status, cancelled.attempts), (DeliveryStatus::Cancelled, 0));
    assert_eq!(cancelled.last_error.as_deref(), Some("app down"));
    let dead = delivery(subject, 22).await.delivery;
    assert_eq!((dead.status, dead.attempts), (DeliveryStatus::Dead, 1));
    assert_eq!(dead.last_error.as_deref(), Some("blocked: the address is private"));
}

async fn delivery<S: Subject>(subject: &S, number: u64) -> DeliveryView {
    subject.store().delivery(delivery_id(number)).await.unwrap().unwrap()
}

/// Deliveries are returned by due time, for an ordered hook by id; also after the hook has changed.
pub async fn deliveries_are_due_in_order<S: Subject>(mut subject: S) {
    let mut ordered = hook(2);
    ordered.options.ordered = true;
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(ordered.clone()).await.unwrap();
    for number in [10, 20, 30, 40] {
        subject.store().append(event(number, &[1, 2])).await.unwrap();
    }
    let later = |number| DeliveryResult {
        claim: UNOWNED,
        id: delivery_id(number),
        attempt: Some(attempt(1, Some(503), Some("busy"))),
        status: DeliveryStatus::Pending,
        next_attempt_at: Some(at(25)),
        reason: None,
    };
    let results =
        vec![later(11), later(12), ended(31, DeliveryStatus::Delivered), ended(32, DeliveryStatus::Dead)];
    subject.store().record_owned(results).await.unwrap();
    for _ in 0..2 {
        let due = subject.store().due_of(hook_id(1), false, 10).await.unwrap();
        let first = PendingDelivery {
            id: delivery_id(21),
            event_id: EventId::from_number(20),
            attempts: 0,
            attempts_base: 0,
            at: at(20),
        };
        let second = PendingDelivery {
            id: delivery_id(11),
            event_id: EventId::from_number(10),
            attempts: 1,
            attempts_base: 0,
            at: at(25),
        };
        assert_eq!(due[..2], [first, second]);
        assert_eq!(numbers(&due), [21, 11, 41]);
        assert_eq!(numbers(&subject.store().due_of(hook_id(1), false, 1).await.unwrap()), [21]);
        assert_eq!(numbers(&subject.store().due_of(hook_id(2), true, 10).await.unwrap()), [12, 22, 42]);
        assert_eq!(numbers(&subject.store().due_of(hook_id(2), true, 2).await.unwrap()), [12, 22]);
        assert_eq!(numbers(&subject.store().due_of(hook_id(1), true, 10).await.unwrap()), [11, 21, 41]);
        assert_eq!(numbers(&subject.store().due_of(hook_id(2), false, 10).await.unwrap()), [22, 12, 42]);
        assert!(subject.store().due_of(hook_id(9), false, 10).await.unwrap().is_empty());
        subject.reopen().await;
    }
    ordered.options.ordered = false;
    let mut first = hook(1);
    first.options.ordered = true;
    subject.store().put_hook(ordered).await.unwrap();
    subject.store().put_hook(first).await.unwrap();
    assert_eq!(numbers(&subject.store().due_of(hook_id(1), true, 10).await.unwrap()), [11, 21, 41]);
    assert_eq!(numbers(&subject.store().due_of(hook_id(2), false, 10).await.unwrap()), [22, 12, 42]);
}

fn numbers(due: &[PendingDelivery]) -> Vec<u64> {
    due.iter().map(|due| due.id.number()).collect()
}

/// Lists are newest first, and all parts of a filter must match.
pub async fn lists_and_filters<S: Subject>(subject: S) {
    let mut other = hook(2);
    other.app = name("mic");
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(other).await.unwrap();
    for number in [10, 20, 30] {
        subject.store().append(event(number, &[1, 2, 1])).await.unwrap();
    }
    let results = vec![
        ended(11, DeliveryStatus::Dead),
        ended(12, DeliveryStatus::Dead),
        ended(21, DeliveryStatus::Dead),
    ];
    subject.store().record_owned(results).await.unwrap();
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    let list = async |filter, page| -> Vec<u64> {
        let views = subject.store().deliveries(filter, page).await.unwrap();
        views.into_iter().map(|view| view.delivery.id.number()).collect()
    };
    let none = DeliveryFilter::default;
    let (event, hook, app) = (Some(EventId::from_number(20)), Some(hook_id(1)), Some(name("mic")));
    let dead = Some(DeliveryStatus::Dead);
    assert_eq!(list(none(), ALL).await, [33, 32, 31, 23, 22, 21, 13, 12, 11]);
    assert_eq!(list(none(), Page { before: Some(31), limit: 2 }).await, [23, 22]);
    assert_eq!(list(DeliveryFilter { event, ..none() }, ALL).await, [23, 22, 21]);
    assert_eq!(list(DeliveryFilter { hook, ..none() }, ALL).await, [33, 31, 23, 21, 13, 11]);
    assert_eq!(list(DeliveryFilter { app: app.clone(), ..none() }, ALL).await, [32, 22, 12]);
    assert_eq!(list(DeliveryFilter { status: dead, ..none() }, ALL).await, [21, 12, 11]);
    assert_eq!(list(DeliveryFilter { status: dead, hook, ..none() }, ALL).await, [21, 11]);
    assert_eq!(list(DeliveryFilter { status: dead, event, hook, ..none() }, ALL).await, [21]);
    assert_eq!(list(DeliveryFilter { status: dead, app, ..none() }, ALL).await, [12]);
    let pending = Some(DeliveryStatus::Pending);
    assert_eq!(list(DeliveryFilter { status: pending, hook, ..none() }, ALL).await, [33, 31, 23, 13]);
    let cancelled = Some(DeliveryStatus::Cancelled);
    assert_eq!(list(DeliveryFilter { status: cancelled, ..none() }, ALL).await, [32, 22]);
}
