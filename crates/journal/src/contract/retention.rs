//! Tests of what retention deletes.

use super::given::{ALL, at, ended, event, head, hook, hook_id, key};
use super::{Owner as _, Subject};
use crate::{
    Appended, DeliveryFilter, EventFilter, EventLog as _, ExchangeFilter, ExchangeLog as _, ExchangeStart,
    History as _, KeyDisposition, Page,
};
use bytes::Bytes;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::time::Millis;

async fn prune<S: Subject>(subject: &S, ended_before: Millis, dead_before: Millis, now: Millis) {
    while subject.store().prune_before(ended_before, dead_before, now).await.unwrap() {}
}

/// Only old, ended events are deleted. The account stays, and ids never go back.
pub async fn old_rows_are_deleted<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    for number in [10, 20, 30, 40, 50] {
        subject.store().append(event(number, &[1, 1])).await.unwrap();
    }
    let done = |number| ended(number, DeliveryStatus::Delivered);
    let dead = |number| ended(number, DeliveryStatus::Dead);
    let results = [done(11), done(12), dead(21), done(22), done(31), dead(41), done(42), done(51), done(52)];
    subject.store().record_owned(results.to_vec()).await.unwrap();
    let before = subject.store().account().await.unwrap();
    // 10 has ended; 20 is dead long enough, 40 is not; 31's sibling waits; 50 is young.
    prune(&subject, at(50), at(25), at(100)).await;
    assert_eq!(events(&subject).await, [50, 40, 30]);
    assert_eq!(subject.store().account().await.unwrap(), before);
    assert!(subject.store().event(EventId::from_number(10)).await.unwrap().is_none());
    assert_eq!(subject.store().deliveries(DeliveryFilter::default(), ALL).await.unwrap().len(), 6);
    assert_eq!(subject.store().due_of(hook_id(1), false, 9).await.unwrap().len(), 1);

    subject.store().cancel_of(hook_id(1), "hook disabled").await.unwrap();
    subject.store().delete_hooks(vec![hook_id(1)], "hook gone").await.unwrap();
    prune(&subject, at(1000), at(1000), at(1000)).await;
    assert!(events(&subject).await.is_empty());
    let after = subject.store().account().await.unwrap();
    assert_eq!((after.accepted, after.pending, after.balances()), (10, 0, true));
    assert_eq!(subject.reopen().await.highest_id, 52);
    assert_eq!(subject.store().account().await.unwrap(), after);
    keys_and_exchanges(&subject).await;
}

async fn events<S: Subject>(subject: &S) -> Vec<u64> {
    let views = subject.store().events(EventFilter::default(), ALL).await.unwrap();
    views.iter().map(|view| view.event.id.number()).collect()
}

async fn keys_and_exchanges<S: Subject>(subject: &S) {
    let mut keyed = event(60, &[]);
    keyed.key = Some(key("event", 1, at(5000)));
    assert_eq!(subject.store().append(keyed.clone()).await.unwrap(), Appended::Stored);
    let answer = ExchangeOutcome::Answered(Bytes::from_static(b"{}"));
    for (number, until) in [(70, at(3000)), (80, at(6000))] {
        let used = key(&format!("exchange {number}"), 1, until);
        subject.store().start_exchange(head(number), Some(used)).await.unwrap();
        let id = ExchangeId::from_number(number);
        subject.store().finish(id, answer.clone(), 1, until, KeyDisposition::Replays).await.unwrap();
    }
    subject.store().record_exchange(ExchangeRecord {
        head: head(90),
        ending: Some(answer.clone()),
        ms: Some(1),
        answer_status: None,
    });

    prune(subject, at(0), at(0), at(4000)).await;
    let ending = async |number| {
        subject.store().exchange(ExchangeId::from_number(number)).await.unwrap().unwrap().ending
    };
    assert_eq!(ending(70).await, Some(ExchangeOutcome::Answered(Bytes::new())), "its answer's time is over");
    assert_eq!(ending(80).await, Some(answer));

    prune(subject, at(4000), at(4000), at(4000)).await;
    let left = subject.store().exchanges(ExchangeFilter::default(), ALL).await.unwrap();
    assert_eq!(
        left.iter().map(|record| record.head.id.number()).collect::<Vec<_>>(),
        [80],
        "its key still counts"
    );
    let again =
        subject.store().start_exchange(head(91), Some(key("exchange 80", 1, at(9000)))).await.unwrap();
    assert!(matches!(again, ExchangeStart::Replay(_)));
    // The event went; its key did not.
    assert!(matches!(subject.store().append(keyed).await.unwrap(), Appended::Replay(_)));
    prune(subject, at(4000), at(4000), at(7000)).await;
    let fresh =
        subject.store().start_exchange(head(92), Some(key("exchange 80", 2, at(9000)))).await.unwrap();
    assert!(matches!(fresh, ExchangeStart::Started));
}

/// Rows that must stay do not keep others from being deleted, and are deleted once they may be.
pub async fn rows_that_stay_delay_no_others<S: Subject>(subject: S) {
    let end = |number| {
        let (id, answer) =
            (ExchangeId::from_number(number), ExchangeOutcome::Answered(Bytes::from_static(b"{}")));
        subject.store().finish(id, answer, 1, at(90_000), KeyDisposition::Replays)
    };
    // Every second one runs on; the others' answers are kept for longer than exchanges are.
    let begun: Vec<_> = (1..=2500)
        .map(|number| {
            let begun = subject.store().start_exchange(head(number), None);
            (begun, (number % 2 == 0).then(|| end(number)))
        })
        .collect();
    for (begun, ended) in begun {
        assert!(matches!(begun.await.unwrap(), ExchangeStart::Started));
        if let Some(ended) = ended {
            ended.await.unwrap();
        }
    }
    for number in 2501..=4000 {
        let ending = Some(ExchangeOutcome::Answered(Bytes::new()));
        subject.store().record_exchange(ExchangeRecord {
            head: head(number),
            ending,
            ms: Some(1),
            answer_status: None,
        });
    }
    subject.store().append(event(5000, &[])).await.unwrap();
    let left = async |before, now| {
        prune(&subject, at(before), at(before), at(now)).await;
        let everything = Page { before: None, limit: 9000 };
        subject.store().exchanges(ExchangeFilter::default(), everything).await.unwrap().len()
    };
    assert_eq!(left(3901, 8000).await, 2600);
    assert_eq!(left(5000, 8000).await, 2500, "the next round begins anew");
    assert_eq!(left(5000, 90_000).await, 1250, "those that run stay");
}
