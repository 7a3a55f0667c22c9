//! Tests of exchanges and their keys.

use super::given::{ALL, at, head, key, link, name};
use super::{Owner as _, Subject};
use crate::{
    ExchangeFilter, ExchangeLog as _, ExchangeStart, History as _, JournalError, KeyDisposition, Page,
};
use bytes::Bytes;
use footbridge_model::exchange::{
    Direction, ExchangeFailure, ExchangeFailureKind, ExchangeOutcome, ExchangeRecord,
};
use footbridge_model::id::ExchangeId;

fn failure() -> ExchangeOutcome {
    let failure = ExchangeFailure::new(ExchangeFailureKind::NoAnswer, "no answer in time: \"x\"");
    ExchangeOutcome::Failed(ExchangeFailure { retry_after: Some(7), ..failure })
}

fn answer() -> ExchangeOutcome {
    ExchangeOutcome::Answered(Bytes::from_static(b"{\"price\": 1.50 }"))
}

/// Exchanges are read back as they ended. Lists have no answers.
pub async fn exchanges_are_stored<S: Subject>(mut subject: S) {
    let mut back = head(20);
    back.direction = Direction::ToHost;
    (back.sender, back.recipient) = (name("mic"), name("camera"));
    for head in [head(10), back.clone(), head(30)] {
        assert!(matches!(subject.store().start_exchange(head, None).await.unwrap(), ExchangeStart::Started));
    }
    let finish = async |subject: &S, number, ending| {
        let id = ExchangeId::from_number(number);
        subject.store().finish(id, ending, 12, at(9000), KeyDisposition::Replays).await
    };
    finish(&subject, 10, answer()).await.unwrap();
    finish(&subject, 20, failure()).await.unwrap();
    assert_eq!(finish(&subject, 20, answer()).await, Err(JournalError::NotFound("running exchange")));
    assert_eq!(finish(&subject, 99, answer()).await, Err(JournalError::NotFound("running exchange")));
    subject.restart().await;
    let one = async |number| subject.store().exchange(ExchangeId::from_number(number)).await.unwrap();
    assert_eq!(one(10).await.unwrap().ending, Some(answer()));
    let failed = one(20).await.unwrap();
    assert_eq!((failed.ending, failed.ms), (Some(failure()), Some(12)));
    assert_eq!((failed.head.direction, failed.head.at), (back.direction, back.at));
    assert_eq!((failed.head.sender, failed.head.recipient), (back.sender, back.recipient));
    assert_eq!(failed.head.event_type, back.event_type);
    let running = one(30).await.unwrap();
    assert_eq!((running.ending, running.ms), (None, None));
    assert!(one(99).await.is_none());

    let list = async |filter, page| -> Vec<u64> {
        let records = subject.store().exchanges(filter, page).await.unwrap();
        assert!(!records.iter().any(|record| record.ending == Some(answer())), "a list shows an answer");
        records.iter().map(|record| record.head.id.number()).collect()
    };
    let none = ExchangeFilter::default;
    assert_eq!(list(none(), ALL).await, [30, 20, 10]);
    assert_eq!(list(none(), Page { before: Some(30), limit: 1 }).await, [20]);
    assert_eq!(list(ExchangeFilter { app: Some(name("shop")), failed: None }, ALL).await, [30, 10]);
    assert_eq!(list(ExchangeFilter { app: Some(name("mic")), failed: None }, ALL).await, [20]);
    assert_eq!(list(ExchangeFilter { app: None, failed: Some(true) }, ALL).await, [20]);
    assert_eq!(list(ExchangeFilter { app: None, failed: Some(false) }, ALL).await, [10]);
}

/// A key reports a running exchange, repeats an ended one and refuses another request. It is free again when nothing
/// was sent or when it expires.
pub async fn keys_of_exchanges_are_honoured<S: Subject>(mut subject: S) {
    let begin = async |subject: &S, number, fingerprint| {
        let used = key("k", fingerprint, at(1000));
        subject.store().start_exchange(head(number), Some(used)).await.unwrap()
    };
    let id = ExchangeId::from_number;
    assert!(matches!(begin(&subject, 10, 1).await, ExchangeStart::Started));
    assert!(matches!(begin(&subject, 20, 1).await, ExchangeStart::Running(first) if first == id(10)));
    assert!(matches!(begin(&subject, 30, 2).await, ExchangeStart::Mismatch));
    subject.store().finish(id(10), failure(), 1, at(9000), KeyDisposition::Released).await.unwrap();
    assert!(matches!(begin(&subject, 40, 2).await, ExchangeStart::Started));
    subject.store().finish(id(40), answer(), 1, at(9000), KeyDisposition::Replays).await.unwrap();
    subject.reopen().await;
    let ExchangeStart::Replay(record) = begin(&subject, 50, 2).await else {
        panic!("the key does not repeat the exchange")
    };
    assert_eq!((record.head.id, record.ending), (id(40), Some(answer())));
    assert!(matches!(begin(&subject, 60, 1).await, ExchangeStart::Mismatch));
    for number in [20, 30, 50, 60] {
        assert!(subject.store().exchange(id(number)).await.unwrap().is_none(), "{number} was kept");
    }
    let late = subject.store().start_exchange(head(1000), Some(key("k", 1, at(2000)))).await.unwrap();
    assert!(matches!(late, ExchangeStart::Started));
}

/// A record is written together with the next write, without its answer.
pub async fn records_are_written_with_the_next_write<S: Subject>(mut subject: S) {
    subject.store().record_exchange(ExchangeRecord {
        head: head(10),
        ending: Some(answer()),
        ms: Some(3),
        answer_status: Some(204),
    });
    subject.store().record_exchange(ExchangeRecord {
        head: head(20),
        ending: Some(failure()),
        ms: None,
        answer_status: None,
    });
    subject.store().put_link(link("superapp", "shop")).await.unwrap();
    let ending = |record: Option<ExchangeRecord>| record.unwrap().ending.unwrap();
    let first = subject.store().exchange(ExchangeId::from_number(10)).await.unwrap();
    let kept = first.clone().unwrap();
    assert_eq!((kept.head.cause, kept.head.provenance), (head(10).cause, head(10).provenance));
    assert_eq!(kept.answer_status, Some(204));
    assert_eq!(ending(first), ExchangeOutcome::Answered(Bytes::new()));
    // Those of the last moments are written when the journal is closed.
    subject.store().record_exchange(ExchangeRecord {
        head: head(30),
        ending: Some(failure()),
        ms: Some(4),
        answer_status: None,
    });
    subject.reopen().await;
    for number in [20, 30] {
        let record = subject.store().exchange(ExchangeId::from_number(number)).await.unwrap();
        assert_eq!(ending(record), failure());
    }
}
