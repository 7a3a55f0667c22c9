//! Retries by hand.

use super::Subject;
use super::given::{at, attempt, delivery_id, ended, event, hook, hook_id, name};
use crate::{DeliveryFilter, Due, Journal, JournalError, Recorded, Registry, Retried};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;

/// A dead or cancelled delivery becomes pending again while its hook is kept, its schedule anew.
pub async fn one_by_hand<S: Subject>(subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1, 2, 2])).await.unwrap();
    let results = vec![
        ended(11, DeliveryStatus::Dead),
        ended(12, DeliveryStatus::Delivered),
        ended(14, DeliveryStatus::Dead),
    ];
    subject.store().record(results).await.unwrap();
    assert_eq!(subject.store().cancel(hook_id(1), "hook disabled").await.unwrap(), 1);
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    let retry = async |number| subject.store().retry(delivery_id(number), at(500)).await;
    let due = |number, attempts| Due {
        id: delivery_id(number),
        event_id: EventId::from_number(10),
        attempts,
        attempts_base: attempts,
        at: at(500),
    };
    assert_eq!(retry(11).await.unwrap(), Retried::Again { due: due(11, 1), hook_id: hook_id(1) });
    assert_eq!(retry(13).await.unwrap(), Retried::Again { due: due(13, 0), hook_id: hook_id(1) });
    assert_eq!(retry(12).await.unwrap(), Retried::Not(DeliveryStatus::Delivered));
    assert_eq!(retry(13).await.unwrap(), Retried::Not(DeliveryStatus::Pending));
    assert_eq!(retry(14).await.unwrap(), Retried::Not(DeliveryStatus::Dead));
    assert_eq!(retry(15).await.unwrap(), Retried::Not(DeliveryStatus::Cancelled));
    assert_eq!(retry(99).await, Err(JournalError::NotFound("delivery")));
    assert_eq!(subject.store().due(hook_id(1), false, 9).await.unwrap(), [due(11, 1), due(13, 0)]);

    let second =
        Recorded { attempt: Some(attempt(2, Some(200), None)), ..ended(11, DeliveryStatus::Delivered) };
    subject.store().record(vec![second]).await.unwrap();
    let view = subject.store().delivery(delivery_id(11)).await.unwrap().unwrap();
    assert_eq!((view.delivery.status, view.attempts.len()), (DeliveryStatus::Delivered, 2));
}

/// Dead deliveries in bulk: oldest first, only those to hooks that are kept, no more than asked for.
pub async fn dead_ones_in_bulk<S: Subject>(subject: S) {
    let mut other = hook(2);
    other.app = name("mic");
    for hook in [hook(1), other, hook(3)] {
        subject.store().put_hook(hook).await.unwrap();
    }
    for number in [10, 20, 30] {
        subject.store().append(event(number, &[1, 2, 3])).await.unwrap();
        let dead = (1..=3).map(|place| ended(number + place, DeliveryStatus::Dead)).collect();
        subject.store().record(dead).await.unwrap();
    }
    subject.store().delete_hooks(vec![hook_id(3)], "hook gone").await.unwrap();
    let none = DeliveryFilter::default;
    let mic = DeliveryFilter { app: Some(name("mic")), ..none() };
    let pending = DeliveryFilter { status: Some(DeliveryStatus::Pending), ..none() };
    assert_eq!(subject.store().count_dead(none()).await.unwrap(), 6, "three have no hook any more");
    assert_eq!(subject.store().count_dead(mic.clone()).await.unwrap(), 3);
    assert_eq!(subject.store().count_dead(pending.clone()).await.unwrap(), 0);
    let gone = DeliveryFilter { hook: Some(hook_id(3)), ..none() };
    assert_eq!(subject.store().count_dead(gone.clone()).await.unwrap(), 0);
    let retry = async |filter, limit| -> Vec<_> {
        let again = subject.store().retry_dead(filter, None, at(500), limit).await.unwrap();
        again.into_iter().map(|(id, hook)| (id.number(), hook.number())).collect()
    };
    assert_eq!(retry(pending, 9).await, []);
    assert_eq!(retry(gone, 9).await, []);
    assert_eq!(retry(none(), 3).await, [(11, 1), (12, 2), (21, 1)]);
    assert_eq!(retry(mic, 9).await, [(22, 2), (32, 2)]);
    let of_hook = DeliveryFilter { hook: Some(hook_id(1)), ..none() };
    assert_eq!(retry(of_hook, 9).await, [(31, 1)]);
    assert_eq!(retry(none(), 9).await, []);
    assert_eq!(subject.store().count_dead(none()).await.unwrap(), 0);
    assert_eq!(subject.store().due(hook_id(1), false, 9).await.unwrap().len(), 3);
    let account = subject.store().account();
    assert_eq!((account.pending, account.dead, account.holds()), (6, 3, true));
}

/// Portion after portion meets each dead delivery once, though those retried die again at once.
pub async fn none_twice_in_bulk<S: Subject>(subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    for number in [10, 20, 30] {
        subject.store().append(event(number, &[1, 2, 1])).await.unwrap();
        let dead = (1..=3).map(|place| ended(number + place, DeliveryStatus::Dead)).collect();
        subject.store().record(dead).await.unwrap();
    }
    for (hook, met) in
        [(None, vec![11, 12, 13, 21, 22, 23, 31, 32, 33]), (Some(hook_id(2)), vec![12, 22, 32])]
    {
        let filter = DeliveryFilter { hook, ..DeliveryFilter::default() };
        let (mut after, mut numbers) = (None, Vec::new());
        while numbers.len() <= met.len() {
            let again = subject.store().retry_dead(filter.clone(), after, at(500), 2).await.unwrap();
            let Some((last, _)) = again.last() else { break };
            after = Some(*last);
            numbers.extend(again.iter().map(|(id, _)| id.number()));
            let dead = again.iter().map(|(id, _)| ended(id.number(), DeliveryStatus::Dead)).collect();
            subject.store().record(dead).await.unwrap();
        }
        assert_eq!(numbers, met);
    }
    let account = subject.store().account();
    assert_eq!((account.pending, account.dead, account.holds()), (0, 9, true));
}
