//! Tests of what ends when a new session begins.

use super::given::{UNOWNED, at, delivery_id, ended, event, head, hook, hook_id, key};
use super::{Owner as _, Subject};
use crate::{
    Cluster as _, DeliveryResult, EventLog as _, ExchangeLog as _, ExchangeStart, History as _, NodeCard,
    RegistryStore as _,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeFailureKind, ExchangeOutcome};
use footbridge_model::hook::Lifetime;
use footbridge_model::id::ExchangeId;

/// Transient hooks end with their deliveries, running exchanges fail, and hooks with other pending deliveries are
/// reported.
pub async fn a_new_session_ends_what_the_last_one_left<S: Subject>(mut subject: S) {
    let mut transient = hook(2);
    transient.lifetime = Lifetime::Transient;
    for hook in [hook(1), transient, hook(3), hook(4)] {
        subject.store().put_hook(hook).await.unwrap();
    }
    // Number 9 is no hook: its deliveries can go nowhere.
    for number in [10, 20] {
        subject.store().append(event(number, &[1, 2, 3, 9])).await.unwrap();
    }
    let again = DeliveryResult {
        claim: UNOWNED,
        id: delivery_id(13),
        attempt: None,
        status: DeliveryStatus::Pending,
        next_attempt_at: Some(at(700)),
        reason: None,
    };
    subject
        .store()
        .record_owned(vec![ended(11, DeliveryStatus::Delivered), again, ended(22, DeliveryStatus::Dead)])
        .await
        .unwrap();
    subject.store().start_exchange(head(30), Some(key("k", 1, at(9000)))).await.unwrap();
    subject.store().start_exchange(head(40), None).await.unwrap();
    subject.restart().await;
    let joined = subject.store().join(NodeCard::default(), at(500)).await.unwrap();
    assert!(joined.alone);
    assert_eq!((joined.highest_id, joined.ended.hooks, joined.ended.exchanges), (40, 1, 2));
    let ended = joined.ended.named.iter().map(|ended| format!("{} {}", ended.app, ended.pattern));
    assert_eq!(ended.collect::<Vec<_>>(), ["shop camera/*"]);
    assert_eq!(subject.store().waiting_hooks().await.unwrap(), [hook_id(1), hook_id(3)]);
    let kept: Vec<_> =
        subject.store().load().await.unwrap().hooks.iter().map(|hook| hook.id.number()).collect();
    assert_eq!(kept, [1, 3, 4]);
    let cancelled = subject.store().delivery(delivery_id(12)).await.unwrap().unwrap().delivery;
    assert_eq!(
        (cancelled.status, cancelled.last_error.as_deref()),
        (DeliveryStatus::Cancelled, Some("hook gone"))
    );
    let account = subject.store().account().await.unwrap();
    assert_eq!((account.pending, account.cancelled, account.balances()), (3, 3, true));

    let ExchangeStart::Replay(record) =
        subject.store().start_exchange(head(50), Some(key("k", 1, at(9000)))).await.unwrap()
    else {
        panic!("an exchange that was cut off is sent twice")
    };
    assert_eq!(record.head.id, ExchangeId::from_number(30));
    let Some(ExchangeOutcome::Failed(failure)) = record.ending else { panic!("it did not fail") };
    assert_eq!(failure.kind, ExchangeFailureKind::NoAnswer);
    assert!(failure.message.contains("unknown"), "{}", failure.message);
    assert_eq!(record.ms, Some(470));
}
