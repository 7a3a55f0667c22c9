//! What a new server puts in order.

use super::Subject;
use super::given::{at, delivery_id, ended, event, head, hook, hook_id, key};
use crate::{DeliveryResult, ExchangeStart, Journal, Recovery, RegistryStore};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeFailureKind, ExchangeOutcome};
use footbridge_model::hook::Lifetime;
use footbridge_model::id::ExchangeId;

/// Transient hooks end with what waits for them, running exchanges fail, and what waits for others is
/// told.
pub async fn a_new_server_puts_things_in_order<S: Subject>(mut subject: S) {
    assert_eq!(subject.store().recover(at(0)).await.unwrap(), Recovery::default());
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
        id: delivery_id(13),
        attempt: None,
        status: DeliveryStatus::Pending,
        next_attempt_at: Some(at(700)),
        reason: None,
    };
    subject
        .store()
        .record(vec![ended(11, DeliveryStatus::Delivered), again, ended(22, DeliveryStatus::Dead)])
        .await
        .unwrap();
    subject.store().start_exchange(head(30), Some(key("k", 1, at(9000)))).await.unwrap();
    subject.store().start_exchange(head(40), None).await.unwrap();
    subject.restart().await;
    let recovery = subject.store().recover(at(500)).await.unwrap();
    assert_eq!((recovery.highest_id, recovery.ended_hooks, recovery.cut_off_exchanges), (40, 1, 2));
    let ended: Vec<_> =
        recovery.ended.iter().map(|ended| format!("{} {}", ended.app, ended.pattern)).collect();
    assert_eq!(ended, ["shop camera/*"]);
    assert_eq!(recovery.waiting, [(hook_id(1), at(20)), (hook_id(3), at(20))]);
    let kept: Vec<_> =
        subject.store().load().await.unwrap().hooks.iter().map(|hook| hook.id.number()).collect();
    assert_eq!(kept, [1, 3, 4]);
    let cancelled = subject.store().delivery(delivery_id(12)).await.unwrap().unwrap().delivery;
    assert_eq!(
        (cancelled.status, cancelled.last_error.as_deref()),
        (DeliveryStatus::Cancelled, Some("hook gone"))
    );
    let account = subject.store().account();
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
