//! Tests of retries and replays.

use super::given::{ALL, at, attempt, delivery_id, ended, event, hook, hook_id, name};
use super::{Owner as _, Subject};
use crate::{
    DeliveryFilter, DeliveryQueue as _, DeliveryResult, EventLog as _, History as _, JournalError,
    PendingDelivery, Replay, Retried,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::time::Millis;

/// A dead or cancelled delivery becomes pending again if its hook is not deleted, and its schedule starts again.
pub async fn a_dead_delivery_is_retried<S: Subject>(subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1, 2, 2])).await.unwrap();
    let results = vec![
        ended(11, DeliveryStatus::Dead),
        ended(12, DeliveryStatus::Delivered),
        ended(14, DeliveryStatus::Dead),
    ];
    subject.store().record_owned(results).await.unwrap();
    assert_eq!(subject.store().cancel_of(hook_id(1), "hook disabled").await.unwrap(), 1);
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    let retry = async |number| subject.store().retry(delivery_id(number), at(500), vec![]).await;
    let due = |number, attempts| PendingDelivery {
        id: delivery_id(number),
        event_id: EventId::from_number(10),
        attempts,
        attempts_base: attempts,
        at: at(500),
    };
    assert_eq!(retry(11).await.unwrap(), Retried::Pending { due: due(11, 1), hook_id: hook_id(1) });
    assert_eq!(retry(13).await.unwrap(), Retried::Pending { due: due(13, 0), hook_id: hook_id(1) });
    assert_eq!(retry(12).await.unwrap(), Retried::NotRetryable(DeliveryStatus::Delivered));
    assert_eq!(
        retry(13).await.unwrap(),
        Retried::Pending { due: due(13, 0), hook_id: hook_id(1) },
        "a pending one"
    );
    assert_eq!(retry(14).await.unwrap(), Retried::NotRetryable(DeliveryStatus::Dead));
    assert_eq!(retry(15).await.unwrap(), Retried::NotRetryable(DeliveryStatus::Cancelled));
    assert_eq!(retry(99).await, Err(JournalError::NotFound("delivery")));
    assert_eq!(subject.store().due_of(hook_id(1), false, 9).await.unwrap(), [due(11, 1), due(13, 0)]);

    let second =
        DeliveryResult { attempt: Some(attempt(2, Some(200), None)), ..ended(11, DeliveryStatus::Delivered) };
    subject.store().record_owned(vec![second]).await.unwrap();
    let view = subject.store().delivery(delivery_id(11)).await.unwrap().unwrap();
    assert_eq!((view.delivery.status, view.attempts.len()), (DeliveryStatus::Delivered, 2));
}

/// A pending delivery becomes due at once when it is retried, and keeps its schedule.
pub async fn a_pending_delivery_is_retried<S: Subject>(subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().append(event(10, &[1])).await.unwrap();
    let failed = DeliveryResult {
        attempt: Some(attempt(1, Some(500), Some("the receiver answered 500"))),
        next_attempt_at: Some(at(9_000)),
        ..ended(11, DeliveryStatus::Pending)
    };
    subject.store().record_owned(vec![failed]).await.unwrap();
    let (id, event_id) = (delivery_id(11), EventId::from_number(10));
    let due = PendingDelivery { id, event_id, attempts: 1, attempts_base: 0, at: at(500) };
    let again = subject.store().retry(id, at(500), vec![]).await.unwrap();
    assert_eq!(again, Retried::Pending { due: due.clone(), hook_id: hook_id(1) });
    assert_eq!(subject.store().due_of(hook_id(1), false, 9).await.unwrap(), [due]);
    assert!(subject.store().account().await.unwrap().balances());
}

/// An empty list of ids.
const NONE: [u64; 0] = [];

/// Many deliveries are found by a filter, in the order of ids and only for hooks that are not deleted, and retried.
pub async fn many_deliveries_are_retried<S: Subject>(subject: S) {
    let mut other = hook(2);
    other.app = name("mic");
    for hook in [hook(1), other, hook(3)] {
        subject.store().put_hook(hook).await.unwrap();
    }
    for number in [10, 20, 30] {
        subject.store().append(event(number, &[1, 2, 3])).await.unwrap();
        let dead = (1..=3).map(|place| ended(number + place, DeliveryStatus::Dead)).collect();
        subject.store().record_owned(dead).await.unwrap();
    }
    subject.store().delete_hooks(vec![hook_id(3)], "hook gone").await.unwrap();
    let dead = || DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
    let pick = async |filter: DeliveryFilter, after: Option<u64>, limit| -> (Vec<u64>, Option<u64>) {
        let picked = subject.store().find_deliveries(filter, after.map(delivery_id), limit).await.unwrap();
        let ids = picked.ids.into_iter().map(DeliveryId::number).collect();
        (ids, picked.more_after.map(DeliveryId::number))
    };
    let ids = async |filter: DeliveryFilter| pick(filter, None, 99).await.0;
    assert_eq!(ids(dead()).await, [11, 12, 21, 22, 31, 32], "three have no hook any more");
    assert_eq!(ids(DeliveryFilter::default()).await, [11, 12, 21, 22, 31, 32]);
    assert_eq!(ids(DeliveryFilter { app: Some(name("mic")), ..dead() }).await, [12, 22, 32]);
    assert_eq!(ids(DeliveryFilter { hook: Some(hook_id(1)), ..dead() }).await, [11, 21, 31]);
    assert_eq!(ids(DeliveryFilter { hook: Some(hook_id(3)), ..dead() }).await, NONE);
    assert_eq!(ids(DeliveryFilter { event: Some(EventId::from_number(20)), ..dead() }).await, [21, 22]);
    assert_eq!(ids(DeliveryFilter { name: Some("photo-saved".into()), ..dead() }).await.len(), 6);
    assert_eq!(ids(DeliveryFilter { name: Some("other".into()), ..dead() }).await, NONE);
    assert_eq!(ids(DeliveryFilter { code: Some(500), ..dead() }).await, NONE, "nobody answered");
    assert_eq!(
        ids(DeliveryFilter { until: Some(Millis(1_704_067_200_001)), ..dead() }).await,
        [11, 12, 21, 22, 31, 32]
    );
    let never = Some(Millis(i64::MAX));
    assert_eq!(ids(DeliveryFilter { since: never, ..dead() }).await, NONE);
    let pending = DeliveryFilter { status: Some(DeliveryStatus::Pending), ..dead() };
    assert_eq!(ids(pending.clone()).await, NONE);
    // A look that is full says where the next begins.
    assert_eq!(pick(dead(), None, 4).await, (vec![11, 12, 21, 22], Some(22)));
    assert_eq!(pick(dead(), Some(22), 4).await.0, [31, 32]);

    let retry = async |ids: &[u64], from| -> Vec<(u64, u64)> {
        let ids = ids.iter().copied().map(delivery_id).collect();
        let again = subject.store().retry_many(ids, from, at(500), vec![]).await.unwrap();
        again.into_iter().map(|(id, hook)| (id.number(), hook.number())).collect()
    };
    assert!(retry(&[11, 12, 13], DeliveryStatus::Cancelled).await.is_empty(), "they are dead");
    assert_eq!(retry(&[11, 12, 13, 99], DeliveryStatus::Dead).await, [(11, 1), (12, 2)]);
    assert_eq!(ids(pending.clone()).await, [11, 12]);
    assert_eq!(retry(&[11], DeliveryStatus::Pending).await, [(11, 1)]);
    subject.store().cancel_of(hook_id(1), "hook disabled").await.unwrap();
    assert_eq!(retry(&[11], DeliveryStatus::Cancelled).await, [(11, 1)]);
    let account = subject.store().account().await.unwrap();
    assert_eq!((account.pending, account.dead, account.balances()), (2, 7, true));
}

/// A replay is a new delivery of the same event: it counts as accepted, is listed with its event and deleted with it.
pub async fn replays_are_new_deliveries<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 2, 1])).await.unwrap();
    subject.store().append(event(20, &[1])).await.unwrap();
    let delivered = [11, 12, 21].map(|id| ended(id, DeliveryStatus::Delivered));
    subject.store().record_owned(delivered.to_vec()).await.unwrap();
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    let replays = [(11, 100), (12, 101), (13, 102), (99, 103)];
    let replays = replays.map(|(of, id)| Replay { of: delivery_id(of), id: delivery_id(id) });
    let made = subject.store().replay(replays.to_vec(), at(500), vec![]).await.unwrap();
    assert_eq!(made, [(delivery_id(100), hook_id(1))], "the others: gone hook, pending, unknown");
    let (id, event_id) = (delivery_id(100), EventId::from_number(10));
    let due = PendingDelivery { id, event_id, attempts: 0, attempts_base: 0, at: at(500) };
    assert!(subject.store().due_of(hook_id(1), false, 9).await.unwrap().contains(&due));
    let listed = DeliveryFilter { event: Some(event_id), ..DeliveryFilter::default() };
    let listed = subject.store().deliveries(listed, ALL).await.unwrap();
    let numbers: Vec<_> = listed.iter().map(|view| view.delivery.id.number()).collect();
    assert_eq!(numbers, [100, 13, 12, 11]);
    // Whoever asks what it missed is not given the old event once more.
    let since = subject.store().missed_events(name("shop"), 0, EventId::from_number(10), 9).await.unwrap();
    assert_eq!(since.events.iter().map(|event| event.id.number()).collect::<Vec<_>>(), [20]);
    let account = subject.store().account().await.unwrap();
    assert_eq!((account.accepted, account.balances()), (5, true));
    // Its event stays as long as it is pending, and takes it along.
    subject.store().cancel_of(hook_id(1), "hook disabled").await.unwrap();
    subject.store().retry(id, at(600), vec![]).await.unwrap();
    subject.store().prune_before(at(1_000), at(1_000), at(1_000)).await.unwrap();
    assert!(subject.store().event(event_id).await.unwrap().is_some());
    subject.store().record_owned(vec![ended(100, DeliveryStatus::Delivered)]).await.unwrap();
    while subject.store().prune_before(at(1_000), at(1_000), at(1_000)).await.unwrap() {}
    assert!(subject.store().event(event_id).await.unwrap().is_none());
    assert!(subject.store().delivery(id).await.unwrap().is_none());
    assert_eq!(subject.reopen().await.highest_id, 100);
    assert!(subject.store().account().await.unwrap().balances());
}
