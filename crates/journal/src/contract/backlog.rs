//! Tests of the backlogs of hooks, and of cancelling single deliveries.

use super::given::{at, attempt, delivery_id, ended, event, head, hook, hook_id};
use super::{Owner as _, Subject};
use crate::{
    CancelOnly, CancelledOne, DeliveryQueue as _, DeliveryResult, EffectKind, EventLog as _,
    ExchangeLog as _, History as _, JournalError,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::ExchangeHead;
use footbridge_model::id::EventId;

/// A pending delivery is cancelled with its reason, the oldest of its hook only if it is. What its attempt brings later is
/// ignored, and the account balances.
pub async fn single_deliveries_are_cancelled<S: Subject>(subject: S) {
    for number in [1, 2] {
        subject.store().put_hook(hook(number)).await.unwrap();
    }
    subject.store().append(event(10, &[1, 1, 2, 1])).await.unwrap();
    subject.store().record_owned(vec![ended(11, DeliveryStatus::Delivered)]).await.unwrap();
    let cancel = async |number, only| {
        subject.store().cancel_one(delivery_id(number), only, "by ana: wrong".to_owned(), vec![]).await
    };
    let is = CancelledOne::Ended(DeliveryStatus::Delivered);
    assert_eq!(cancel(11, CancelOnly::Pending).await.unwrap(), is);
    assert_eq!(cancel(11, CancelOnly::Head).await.unwrap(), is);
    assert_eq!(cancel(99, CancelOnly::Head).await, Err(JournalError::NotFound("delivery")));
    assert_eq!(cancel(14, CancelOnly::Head).await.unwrap(), CancelledOne::NotTheHead(delivery_id(12)));
    assert_eq!(subject.store().account().await.unwrap().pending, 3);
    assert_eq!(cancel(12, CancelOnly::Head).await.unwrap(), CancelledOne::Cancelled(hook_id(1)));
    assert_eq!(cancel(12, CancelOnly::Head).await.unwrap(), CancelledOne::Ended(DeliveryStatus::Cancelled));
    assert_eq!(cancel(13, CancelOnly::Pending).await.unwrap(), CancelledOne::Cancelled(hook_id(2)));
    // The attempts were in flight.
    let results = vec![ended(12, DeliveryStatus::Delivered), ended(13, DeliveryStatus::Dead)];
    subject.store().record_owned(results).await.unwrap();
    for number in [12, 13] {
        let view = subject.store().delivery(delivery_id(number)).await.unwrap().unwrap();
        assert_eq!((view.delivery.status, view.attempts.len()), (DeliveryStatus::Cancelled, 0));
        assert_eq!(view.delivery.last_error.as_deref(), Some("by ana: wrong"));
    }
    let left = subject.store().due_of(hook_id(1), true, 9).await.unwrap();
    assert_eq!(left.iter().map(|due| due.id.number()).collect::<Vec<_>>(), [14]);
    let account = subject.store().account().await.unwrap();
    assert_eq!((account.pending, account.cancelled, account.balances()), (1, 2, true));
}

/// The backlog of a hook is the number of its pending deliveries, and the oldest of them with its attempts.
pub async fn backlogs_of_hooks_are_returned<S: Subject>(subject: S) {
    for number in [1, 2, 3] {
        subject.store().put_hook(hook(number)).await.unwrap();
    }
    subject.store().append(event(10, &[1, 1, 1, 2])).await.unwrap();
    let failed = |number| DeliveryResult {
        attempt: Some(attempt(1, Some(503), Some("the receiver answered 503"))),
        next_attempt_at: Some(at(9_000)),
        ..ended(number, DeliveryStatus::Pending)
    };
    // The oldest one is due last.
    let results = vec![failed(12), ended(11, DeliveryStatus::Dead), ended(14, DeliveryStatus::Delivered)];
    subject.store().record_owned(results).await.unwrap();
    let hooks = vec![hook_id(2), hook_id(1), hook_id(99), hook_id(3)];
    let found = subject.store().hook_backlogs(hooks.clone()).await.unwrap();
    assert_eq!(found.iter().map(|found| found.hook).collect::<Vec<_>>(), hooks);
    assert_eq!(found.iter().map(|found| found.pending).collect::<Vec<_>>(), [0, 2, 0, 0]);
    let head = found[1].head.as_ref().unwrap();
    assert_eq!((head.delivery.id, head.attempts.len()), (delivery_id(12), 1));
    assert!([0, 2, 3].iter().all(|place| found[*place].head.is_none()));
}

/// The effects of an event are the events and exchanges that name it as their cause, oldest first, up to a limit.
pub async fn effects_are_returned<S: Subject>(subject: S) {
    // Each of these events has the event 3 as its cause.
    for number in [10, 30, 40] {
        subject.store().append(event(number, &[])).await.unwrap();
    }
    let caused =
        |number, cause: u64| ExchangeHead { cause: Some(EventId::from_number(cause)), ..head(number) };
    for head in [caused(20, 3), caused(21, 4), ExchangeHead { cause: None, ..head(22) }] {
        subject.store().start_exchange(head, None).await.unwrap();
    }
    let of =
        async |number, limit| subject.store().effects(EventId::from_number(number), limit).await.unwrap();
    let effects = of(3, 9).await;
    assert_eq!(effects.iter().map(|effect| effect.number).collect::<Vec<_>>(), [10, 20, 30, 40]);
    let (first, second) = (&effects[0], &effects[1]);
    assert_eq!(
        (first.kind, first.name.as_str(), first.app.as_str()),
        (EffectKind::Event, "photo-saved", "camera")
    );
    assert_eq!(first.at, at(10));
    assert_eq!(
        (second.kind, second.name.as_str(), second.app.as_str()),
        (EffectKind::Exchange, "order", "superapp")
    );
    assert!(first.id().starts_with("evt_") && second.id().starts_with("exc_"));
    assert_eq!(of(3, 1).await.len(), 2, "one of each kind");
    assert!(of(10, 9).await.is_empty());
}
