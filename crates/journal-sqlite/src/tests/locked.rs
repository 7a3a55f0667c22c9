//! Another program's lock on the database: the writer waits, refuses, and recovers.

use super::{database, event, hook, open};
use crate::OpenError;
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{Appended, EventLog as _, History as _, Journal as _, JournalError};
use footbridge_model::id::EventId;
use rusqlite::Connection;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_lock_of_another_program_is_outlived() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let journal = open(&path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    journal.append(event(10, &[1], 10)).await.unwrap();

    let shell = Connection::open(&path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET value = value").unwrap();
    let begun = Instant::now();
    for number in [20, 30] {
        let refused = journal.append(event(number, &[1], 10)).await;
        assert!(matches!(refused, Err(JournalError::Busy(_))), "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(journal.health().problems.len(), 1);
    assert!(journal.event(EventId::from_number(10)).await.unwrap().is_some(), "reads go on");

    // By itself, with nobody asking.
    shell.execute_batch("ROLLBACK").unwrap();
    while !journal.health().problems.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.append(event(40, &[1], 10)).await, Ok(Appended::Stored));
    assert!(
        journal.event(EventId::from_number(20)).await.unwrap().is_none(),
        "what was refused is not there"
    );
    assert_eq!(journal.account().await.unwrap().accepted, 2);
}

/// The writer waits for a short lock without reporting it.
#[tokio::test]
async fn a_short_lock_is_not_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let journal = open(&path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    let shell = Connection::open(&path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waits = journal.append(event(10, &[1], 10));
    shell.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waits.await, Ok(Appended::Stored));
}

#[tokio::test]
async fn a_lock_at_the_start_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    open(&path).unwrap().close().await.unwrap();
    let shell = Connection::open(&path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE; UPDATE meta SET value = value").unwrap();
    let error = open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Busy { .. }), "{error}");
    shell.execute_batch("ROLLBACK").unwrap();
    drop(shell);
    assert!(open(&path).is_ok());
}
