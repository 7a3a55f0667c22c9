//! The laws.

use super::Subject;
use super::given::{at, delivery_id, ended, event, hook, hook_id};
use crate::{Account, Journal, JournalError, RegistryStore};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;

/// Law 2: the order of the calls counts, not who awaits what; `due` sees what was called before it.
pub async fn calls_take_effect_in_order<S: Subject>(mut subject: S) {
    let store = subject.store();
    drop(store.put_hook(hook(1)));
    for number in (1..=100).map(|place| place * 10) {
        drop(store.append(event(number, &[1])));
    }
    let before = store.due(hook_id(1), false, 1000);
    drop(store.record(vec![ended(11, DeliveryStatus::Delivered)]));
    let between = store.due(hook_id(1), false, 1000);
    let cancelled = store.cancel(hook_id(1), "hook disabled");
    drop(store.append(event(5000, &[1])));
    let after = store.due(hook_id(1), false, 1000);
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
    subject.restart().await;
    assert!(subject.store().event(EventId::from_number(6000)).await.unwrap().is_some());
    assert!(subject.store().event(EventId::from_number(7000)).await.unwrap().is_none());
}

/// Law 3: a call that fails half-way keeps nothing, and harms none of its neighbours.
pub async fn transactions_are_whole<S: Subject>(subject: S) {
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
    assert_eq!(store.account(), Account { accepted: 3, pending: 3, ..Account::default() });
    assert_eq!(store.due(hook_id(1), false, 9).await.unwrap().len(), 3);
}

/// Law 4: the account adds up at every step, and after a restart says the same.
pub async fn the_account_adds_up<S: Subject>(mut subject: S) {
    let check = |subject: &S, expected: Account| {
        assert_eq!(subject.store().account(), expected);
        assert!(expected.balances());
    };
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1, 1, 2, 2])).await.unwrap();
    subject.store().append(event(20, &[])).await.unwrap();
    check(&subject, Account { accepted: 6, pending: 6, ..Account::default() });
    let results = vec![
        ended(11, DeliveryStatus::Delivered),
        ended(12, DeliveryStatus::Dead),
        ended(13, DeliveryStatus::Unanswered),
        ended(11, DeliveryStatus::Dead),
    ];
    subject.store().record(results).await.unwrap();
    let three =
        Account { accepted: 6, pending: 3, delivered: 1, dead: 1, unanswered: 1, ..Account::default() };
    check(&subject, three);
    subject.store().delete_hooks(vec![hook_id(2)], "hook gone").await.unwrap();
    check(&subject, Account { pending: 1, cancelled: 2, ..three });
    subject.restart().await;
    check(&subject, Account { pending: 1, cancelled: 2, ..three });
    subject.store().retry(delivery_id(12), at(600)).await.unwrap();
    check(&subject, Account { pending: 2, cancelled: 2, dead: 0, ..three });
    subject.restart().await;
    check(&subject, Account { pending: 2, cancelled: 2, dead: 0, ..three });
}
