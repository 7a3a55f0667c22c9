//! Results stored together with the events that the attempt published.

use super::given::{UNOWNED, at, attempt, delivery_id, event, hook, hook_id};
use super::{Owner as _, Subject};
use crate::{Account, DeliveryResult, EventLog as _, History as _, JournalError, NewEvent, Recorded};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::id::EventId;

const OUTPUT: &str = "{\"returned\":[1,\"ä\\\"\"],\"log\":\"two\\nlines\"}";

fn with_output(delivery: u64, n: u32, status: DeliveryStatus) -> DeliveryResult {
    DeliveryResult {
        claim: UNOWNED,
        id: delivery_id(delivery),
        attempt: Some(Attempt { output: Some(OUTPUT.to_owned()), ..attempt(n, None, None) }),
        status,
        next_attempt_at: (status == DeliveryStatus::Pending).then(|| at(900)),
        reason: None,
    }
}

async fn has_event<S: Subject>(subject: &S, number: u64) -> bool {
    subject.store().event(EventId::from_number(number)).await.unwrap().is_some()
}

/// Result, output and events are stored together. Nothing is stored when the delivery has ended meanwhile, or when
/// one of the events cannot be stored.
pub async fn results_are_stored_with_their_events<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().put_hook(hook(2)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1])).await.unwrap();
    let conclude = async |subject: &S, result, events: Vec<NewEvent>| {
        subject.store().record_owned_with(result, events).await
    };
    // A failed attempt keeps its output too, and the delivery goes on.
    assert_eq!(
        conclude(&subject, with_output(11, 1, DeliveryStatus::Pending), vec![]).await,
        Ok(Recorded::Stored)
    );
    let published = vec![event(100, &[2, 2]), event(200, &[])];
    assert_eq!(
        conclude(&subject, with_output(11, 2, DeliveryStatus::Delivered), published).await,
        Ok(Recorded::Stored)
    );
    let late = with_output(11, 3, DeliveryStatus::Delivered);
    assert_eq!(conclude(&subject, late, vec![event(300, &[2])]).await, Ok(Recorded::NotPending));
    let unknown = with_output(999, 1, DeliveryStatus::Delivered);
    assert_eq!(conclude(&subject, unknown, vec![event(310, &[2])]).await, Ok(Recorded::NotPending));

    let clash = vec![event(400, &[2]), event(100, &[2])];
    let broken = conclude(&subject, with_output(12, 1, DeliveryStatus::Delivered), clash).await;
    assert!(matches!(broken, Err(JournalError::Conflict(_))), "{broken:?}");

    subject.store().delete_hooks(vec![hook_id(1)], "hook gone").await.unwrap();
    let gone = with_output(13, 1, DeliveryStatus::Delivered);
    assert_eq!(conclude(&subject, gone, vec![event(500, &[2])]).await, Ok(Recorded::NotPending));

    for _ in 0..2 {
        for (number, kept) in
            [(100, true), (200, true), (300, false), (310, false), (400, false), (500, false)]
        {
            assert_eq!(has_event(&subject, number).await, kept, "{number}");
        }
        let due: Vec<_> = subject.store().due_of(hook_id(2), false, 9).await.unwrap();
        assert_eq!(due.iter().map(|due| due.id.number()).collect::<Vec<_>>(), [101, 102]);
        let account = Account { accepted: 5, pending: 2, delivered: 1, cancelled: 2, ..Account::default() };
        assert_eq!(subject.store().account().await.unwrap(), account);
        let view = subject.store().delivery(delivery_id(11)).await.unwrap().unwrap();
        assert_eq!((view.delivery.status, view.delivery.attempts), (DeliveryStatus::Delivered, 2));
        let outputs: Vec<_> = view.attempts.iter().map(|attempt| attempt.output.as_deref()).collect();
        assert_eq!(outputs, [Some(OUTPUT), Some(OUTPUT)]);
        let undone = subject.store().delivery(delivery_id(12)).await.unwrap().unwrap();
        assert_eq!((undone.delivery.status, undone.attempts.len()), (DeliveryStatus::Cancelled, 0));
        subject.reopen().await;
    }
}

/// Results with and without an output have one log.
pub async fn outputs_are_stored<S: Subject>(mut subject: S) {
    subject.store().put_hook(hook(1)).await.unwrap();
    subject.store().append(event(10, &[1])).await.unwrap();
    let tries = [
        attempt(1, Some(500), Some("the receiver answered 500")),
        Attempt { output: Some(OUTPUT.to_owned()), ..attempt(2, None, Some("Error: no\n    at tag.js:1")) },
        Attempt { output: Some(String::new()), ..attempt(3, None, None) },
        Attempt { answer: Some("down\n\"for\" tea".to_owned()), ..attempt(4, Some(503), Some("503")) },
        Attempt {
            output: Some(OUTPUT.to_owned()),
            answer: Some("x".to_owned()),
            ..attempt(5, Some(500), None)
        },
    ];
    for tried in &tries {
        let result =
            DeliveryResult { attempt: Some(tried.clone()), ..with_output(11, 0, DeliveryStatus::Pending) };
        subject.store().record_owned(vec![result]).await.unwrap();
    }
    subject.reopen().await;
    assert_eq!(subject.store().delivery(delivery_id(11)).await.unwrap().unwrap().attempts, tries);
}
