//! Readers remember no error: after a failure the next read tries again.

use super::{database, event, hook, open};
use crate::reader::Reader;
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{EventLog as _, History as _, JournalError};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_connection_that_could_not_be_opened_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let journal = open(&path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    journal.append(event(10, &[1], 10)).await.unwrap();
    let elsewhere = directory.path().join("link.db");
    let reader = Reader::new(elsewhere.clone());
    let count = || {
        reader.ask(|conn| Ok(conn.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0))?))
    };
    for _ in 0..3 {
        assert!(matches!(count().await, Err(JournalError::Busy(_))));
    }
    std::os::unix::fs::symlink(&path, &elsewhere).unwrap();
    let begun = Instant::now();
    while count().await != Ok(1) {
        assert!(begun.elapsed() < Duration::from_secs(5), "the first error is kept");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_ends_one_read() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    let panics = journal.points.ask(|_| -> crate::failure::CommandResult<()> { panic!("a test's own") });
    assert!(panics.await.is_err());
    let begun = Instant::now();
    // What was queued behind it is told; what comes later is read.
    while journal.event(footbridge_model::id::EventId::from_number(1)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5), "the thread stays dead");
    }
}
