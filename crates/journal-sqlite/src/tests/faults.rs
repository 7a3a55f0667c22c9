//! A full disk, an I/O error, a panic, too many exchange records.

use super::{database, event, hook, open};
use crate::txn::Txn;
use crate::{OpenError, SqliteJournal};
use bytes::Bytes;
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{
    Appended, EventFilter, EventLog as _, ExchangeFilter, ExchangeLog as _, History as _, Journal as _,
    JournalError, Page, RegistryStore as _, Wait,
};
use footbridge_model::exchange::{
    Direction, ExchangeFailure, ExchangeFailureKind, ExchangeHead, ExchangeOutcome, ExchangeRecord,
};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::provenance::Provenance;
use footbridge_model::time::Millis;

/// A page limit makes SQLite report "full" as a full disk does.
#[tokio::test]
async fn a_full_disk_is_told_and_outlived() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    let limit = |pages: u32| {
        journal.writer.ask(0, move |txn: &mut Txn<'_>| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            Ok(txn.conn.query_row(&sql, [], |row| row.get::<_, i64>(0))?)
        })
    };
    limit(60).await.unwrap();
    let (mut stored, mut full) = (Vec::new(), 0);
    for number in (1..=100).map(|place| place * 10) {
        match journal.append(event(number, &[1], 10_000)).await {
            Ok(Appended::Stored) => stored.push(number),
            Err(JournalError::Full) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(!stored.is_empty() && full > 0);
    assert_eq!(journal.account().await.unwrap().accepted, u64::try_from(stored.len()).unwrap());
    assert!(journal.event(EventId::from_number(10)).await.unwrap().is_some(), "reads go on");

    limit(1_000_000).await.unwrap();
    assert_eq!(journal.health().problems.len(), 1, "probes are told");
    // Room is looked for by itself, now and then.
    while !journal.health().problems.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.append(event(5000, &[1], 10_000)).await, Ok(Appended::Stored));
    stored.push(5000);
    drop(journal);
    let journal = open(&database(&directory)).unwrap();
    let kept = journal.events(EventFilter::default(), Page { before: None, limit: 1000 }).await.unwrap();
    let kept: Vec<_> = kept.iter().rev().map(|view| view.event.id.number()).collect();
    assert_eq!(kept, stored);
}

/// After an error that is not about room nothing is acknowledged, and nothing is lost.
#[tokio::test]
async fn a_broken_disk_stops_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    journal.append(event(10, &[1], 10)).await.unwrap();
    let stopped = journal.stopped();
    let before = journal.append(event(20, &[1], 10));
    let broken = journal.writer.ask(0, |_: &mut Txn<'_>| -> crate::failure::CommandResult<()> {
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        Err(rusqlite::Error::SqliteFailure(error, Some("disk I/O error".into())).into())
    });
    assert_eq!(broken.await, Err(JournalError::Stopped("disk I/O error".into())));
    assert_eq!(stopped.await.as_deref(), Ok("disk I/O error"));
    for later in [before, journal.append(event(30, &[1], 10))] {
        assert!(matches!(later.await, Ok(Appended::Stored) | Err(JournalError::Stopped(_))));
    }
    assert!(matches!(journal.append(event(40, &[1], 10)).await, Err(JournalError::Stopped(_))));
    assert!(matches!(journal.event(EventId::from_number(10)).await, Err(JournalError::Stopped(_))));
    assert!(matches!(journal.close().await, Err(JournalError::Stopped(_))));
    assert!(matches!(open(&database(&directory)), Err(OpenError::Locked { .. })), "its files are in doubt");
    drop(journal);
    let journal = open(&database(&directory)).unwrap();
    assert!(journal.event(EventId::from_number(10)).await.unwrap().is_some());
    assert!(journal.event(EventId::from_number(40)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_panic_stops_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    let stopped = journal.stopped();
    let panics = journal
        .writer
        .ask(0, |_: &mut Txn<'_>| -> crate::failure::CommandResult<()> { panic!("a test's own") });
    assert!(matches!(panics.await, Err(JournalError::Stopped(_))));
    assert!(stopped.await.unwrap().contains("panicked"));
    assert!(matches!(journal.load().await, Err(JournalError::Stopped(_))));
    assert!(matches!(journal.close().await, Err(JournalError::Stopped(_))));
}

fn record(number: u64) -> ExchangeRecord {
    let head = ExchangeHead {
        id: ExchangeId::from_number(number),
        direction: Direction::ToHost,
        sender: AppName::trusted("a"),
        recipient: AppName::trusted("b"),
        event_type: "t".into(),
        at: Millis(0),
        cause: None,
        provenance: Provenance::default(),
    };
    ExchangeRecord { head, ending: None, ms: None, answer_status: None }
}

/// Keeps the writer busy until the sender sends or is dropped.
fn hold(journal: &SqliteJournal) -> (std::sync::mpsc::Sender<()>, Wait<()>) {
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let held = journal.writer.ask(0, move |_: &mut Txn<'_>| {
        let _ = gate.lock().map(|gate| gate.recv());
        Ok(())
    });
    (release, held)
}

/// Exchange records are written after a while without any other write; dropped ones are counted.
#[tokio::test]
async fn waiting_records_are_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    let (release, held) = hold(&journal);
    for number in 1..=10_000 {
        journal.record_exchange(record(number));
    }
    release.send(()).unwrap();
    held.await.unwrap();
    assert!((700..=10_000 - 8192).contains(&journal.dropped_records()), "{}", journal.dropped_records());
    let page = Page { before: None, limit: 20_000 };
    while journal.exchanges(ExchangeFilter::default(), page).await.unwrap().len()
        < usize::try_from(10_000 - journal.dropped_records()).unwrap()
    {
        tokio::task::yield_now().await;
    }
}

/// Records that share a statement are read back one by one, and one that cannot be stored does not affect the others.
#[tokio::test]
async fn records_of_one_statement_are_independent() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    let (release, held) = hold(&journal);
    let made = |number: u64| {
        let failure = ExchangeFailure::new(ExchangeFailureKind::Undelivered, format!("no. {number}"));
        let failure = ExchangeFailure { retry_after: number.is_multiple_of(5).then_some(7), ..failure };
        let mut record = record(number);
        record.head.event_type = format!("t{number}");
        record.head.direction =
            if number.is_multiple_of(2) { Direction::ToHost } else { Direction::ToMiniapp };
        record.ms = (!number.is_multiple_of(7)).then(|| u32::try_from(number).unwrap());
        // Stretches of answered ones, some with a failed one among them, whatever the size of a statement.
        record.ending = Some(match number % 101 {
            0 | 3 | 4 => ExchangeOutcome::Failed(failure),
            _ => ExchangeOutcome::Answered(Bytes::new()),
        });
        record
    };
    let numbers: Vec<u64> = (1..=300).rev().collect();
    for number in &numbers {
        journal.record_exchange(made(*number));
        if *number == 250 {
            journal.record_exchange(made(270));
        }
    }
    // Not sent but dropped: the command runs again when it shares its transaction with the record that fails.
    drop(release);
    held.await.unwrap();
    journal.close().await.unwrap();
    assert_eq!(journal.dropped_records(), 1);
    drop(journal);
    let journal = open(&database(&directory)).unwrap();
    for number in numbers {
        let kept = journal.exchange(ExchangeId::from_number(number)).await.unwrap();
        assert_eq!(format!("{kept:?}"), format!("{:?}", Some(made(number))));
    }
}
