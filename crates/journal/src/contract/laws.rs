//! Tests of the laws for one server.

use super::given::{at, delivery_id, ended, event, hook, hook_id};
use super::{Owner as _, Subject};
use crate::{
    Account, Cluster as _, DeliveryQueue as _, DeliveryResult, EventLog as _, History as _, Journal as _,
    JournalError, Partition, PruneLimits, Recorded, RegistryChange, RegistryStore as _, RegistryUpdate,
    Retention as _,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;

/// Law 2: the order of the calls counts, not the order of awaiting; `due` sees every earlier call.
pub async fn calls_take_effect_in_order<S: Subject>(mut subject: S) {
    let store = subject.store();
    let claim = store.own_claim().await.unwrap();
    let version = store.load().await.unwrap().version;
    let due = || store.due(claim, hook_id(1), false, 1000);
    drop(store.apply(RegistryChange::hooks(vec![hook(1)]), version));
    for number in (1..=100).map(|place| place * 10) {
        drop(store.append(event(number, &[1])));
    }
    let before = due();
    drop(store.record(vec![DeliveryResult { claim, ..ended(11, DeliveryStatus::Delivered) }]));
    let between = due();
    let cancelled = store.cancel(claim, hook_id(1), "hook disabled");
    drop(store.append(event(5000, &[1])));
    let after = due();
    // Awaited in another order than called.
    assert_eq!(after.await.unwrap().len(), 1);
    assert_eq!(cancelled.await.unwrap(), 99);
    assert_eq!(between.await.unwrap().len(), 99);
    assert_eq!(before.await.unwrap().len(), 100);
    assert!(store.event(EventId::from_number(10)).await.unwrap().is_some());

    let last = store.append(event(6000, &[1]));
    store.close().await.unwrap();
    assert!(last.await.is_ok(), "what was called before the end is written");
    assert!(matches!(store.append(event(7000, &[1])).await, Err(JournalError::Stopped(_))));
    assert!(matches!(store.event(EventId::from_number(10)).await, Err(JournalError::Stopped(_))));
    subject.reopen().await;
    assert!(subject.store().event(EventId::from_number(6000)).await.unwrap().is_some());
    assert!(subject.store().event(EventId::from_number(7000)).await.unwrap().is_none());
}

/// Law 3: a call that fails half-way stores nothing, and does not affect its neighbours.
pub async fn a_failed_call_stores_nothing<S: Subject>(subject: S) {
    let store = subject.store();
    store.put_hook(hook(1)).await.unwrap();
    store.append(event(10, &[1])).await.unwrap();
    let before = store.append(event(30, &[1]));
    // Its second delivery has the id of an event's delivery that is there already.
    let broken = store.append(event(9, &[1, 1]));
    let after = store.append(event(40, &[1]));
    assert!(matches!(broken.await, Err(JournalError::Conflict(_))));
    assert!(before.await.is_ok() && after.await.is_ok());
    assert!(store.event(EventId::from_number(9)).await.unwrap().is_none());
    assert_eq!(store.account().await.unwrap(), Account { accepted: 3, pending: 3, ..Account::default() });
    assert_eq!(store.due_of(hook_id(1), false, 9).await.unwrap().len(), 3);
}

/// Law 4: the account balances at every step, and is the same after a restart.
pub async fn the_account_balances<S: Subject>(mut subject: S) {
    let check = async |subject: &S, expected: Account| {
        assert_eq!(subject.store().account().await.unwrap(), expected);
        assert!(expected.balances());
    };
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1, 1, 2, 2])).await.unwrap();
    subject.store().append(event(20, &[])).await.unwrap();
    check(&subject, Account { accepted: 6, pending: 6, ..Account::default() }).await;
    let results = vec![
        ended(11, DeliveryStatus::Delivered),
        ended(12, DeliveryStatus::Dead),
        ended(13, DeliveryStatus::Unanswered),
        ended(11, DeliveryStatus::Dead),
    ];
    subject.store().record_owned(results).await.unwrap();
    let three =
        Account { accepted: 6, pending: 3, delivered: 1, dead: 1, unanswered: 1, ..Account::default() };
    check(&subject, three).await;
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    check(&subject, Account { pending: 1, cancelled: 2, ..three }).await;
    subject.reopen().await;
    check(&subject, Account { pending: 1, cancelled: 2, ..three }).await;
    subject.store().retry(delivery_id(12), at(600), vec![]).await.unwrap();
    check(&subject, Account { pending: 2, cancelled: 2, dead: 0, ..three }).await;
    subject.reopen().await;
    check(&subject, Account { pending: 2, cancelled: 2, dead: 0, ..three }).await;
}

/// Repeating a call whose answer was lost changes nothing.
pub async fn results_are_stored_once<S: Subject>(subject: S) {
    let store = subject.store();
    store.put_hook(hook(1)).await.unwrap();
    store.append(event(10, &[1])).await.unwrap();
    let failed = DeliveryResult {
        status: DeliveryStatus::Pending,
        next_attempt_at: Some(at(500)),
        ..ended(11, DeliveryStatus::Dead)
    };
    for _ in 0..2 {
        assert_eq!(store.record_owned(vec![failed.clone()]).await.unwrap(), []);
        let view = store.delivery(delivery_id(11)).await.unwrap().unwrap();
        assert_eq!((view.delivery.attempts, view.attempts.len()), (1, 1));
        assert_eq!(view.delivery.next_attempt_at, Some(at(500)));
    }
}

/// Law 6: a change that was checked against another version is not made, and each change adds one version.
pub async fn a_stale_change_is_refused<S: Subject>(mut subject: S) {
    let first = subject.store().load().await.unwrap().version;
    let put = |number| RegistryChange::hooks(vec![hook(number)]);
    let second = subject.store().apply(put(1), first).await.unwrap();
    assert_eq!(second, first.next());
    assert_eq!(subject.store().apply(put(2), first).await, Err(JournalError::Stale));
    assert_eq!(subject.store().apply(put(2), second.next()).await, Err(JournalError::Stale));
    for _ in 0..2 {
        let stored = subject.store().load().await.unwrap();
        assert_eq!((stored.version, stored.hooks), (second, vec![hook(1)]));
        assert!(matches!(
            subject.store().since(second).await.unwrap(),
            RegistryUpdate::Changes(changes, version) if changes.is_empty() && version == second
        ));
        subject.reopen().await;
    }
    // Whatever a store remembers, the hook is not missed.
    let has_hook = match subject.store().since(first).await.unwrap() {
        RegistryUpdate::Snapshot(snapshot) => snapshot.hooks == [hook(1)] && snapshot.version == second,
        RegistryUpdate::Changes(changes, version) => {
            let puts = |change: &RegistryChange| matches!(change, RegistryChange::Put(batch) if batch.hooks == [hook(1)]);
            changes.iter().any(puts) && version == second
        }
    };
    assert!(has_hook);
}

/// Law 5: a claim of an earlier session is refused.
pub async fn old_claims_are_refused<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().append(event(10, &[1])).await.unwrap();
    let claim = subject.store().own_claim().await.unwrap();
    let joined = subject.reopen().await;
    assert!(joined.session > claim.session, "{joined:?}");
    let store = subject.store();
    let result = DeliveryResult { claim, ..ended(11, DeliveryStatus::Delivered) };
    assert_eq!(store.record(vec![result.clone()]).await, Ok(vec![claim.partition]));
    assert_eq!(store.record_and_append(result.clone(), vec![]).await, Ok(Recorded::PartitionLost));
    assert_eq!(store.cancel(claim, hook_id(1), "hook gone").await, Err(JournalError::Fenced));
    assert_eq!(store.due(claim, hook_id(1), false, 9).await, Err(JournalError::Fenced));
    assert_eq!(store.waiting(vec![claim]).await, Err(JournalError::Fenced));
    let limits = PruneLimits { ended_before: at(9), dead_before: at(9), audit_before: at(9), now: at(9) };
    assert_eq!(store.prune(claim, limits).await, Err(JournalError::Fenced));
    assert_eq!(store.account().await.unwrap(), Account { accepted: 1, pending: 1, ..Account::default() });
    assert_eq!(store.record_owned(vec![result]).await, Ok(vec![]));
    assert_eq!(store.account().await.unwrap(), Account { accepted: 1, delivered: 1, ..Account::default() });
}

/// An exclusive store admits one session.
pub async fn a_store_of_one_server_admits_one<S: Subject>(subject: S) {
    let second = subject.store().join_as("second").await;
    let claims = subject.store().claim(vec![Partition(3), Partition::RETENTION]).await.unwrap();
    assert_eq!(
        claims.iter().map(|claim| claim.partition).collect::<Vec<_>>(),
        [Partition(3), Partition::RETENTION]
    );
    match second {
        Err(JournalError::Conflict(_)) => {}
        Ok(joined) => assert!(!joined.exclusive, "an exclusive store admits two: {joined:?}"),
        other => panic!("{other:?}"),
    }
}
