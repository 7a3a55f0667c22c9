//! Damaged files: what is read is what was written, or an error.

use super::{database, event, hook, open};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{EventLog as _, History as _, Journal as _, JournalError, RegistryStore as _};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId};
use rusqlite::Connection;
use std::fs;
use std::path::Path;

const EVENTS: u64 = 40;

fn length(number: u64) -> usize {
    usize::try_from(number % 7 * 900 + 20).unwrap()
}

async fn fill(path: &Path) {
    let journal = open(path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    for number in 1..=EVENTS {
        journal.append(event(number * 10, &[1], length(number))).await.unwrap();
    }
    journal.close().await.unwrap();
}

/// Opens a damaged file and reads all of it. Returns how many reads were refused.
async fn read(path: &Path) -> Result<u32, ()> {
    let Ok(journal) = open(path) else { return Err(()) };
    let mut refused = 0;
    match journal.load().await {
        Ok(kept) => assert_eq!(kept.hooks, [hook(1)]),
        Err(JournalError::Corrupt(_) | JournalError::Stopped(_)) => return Err(()),
        Err(other) => panic!("{other}"),
    }
    let due = journal.due_of(HookId::from_number(1), false, 100).await.unwrap_or_default();
    for due in &due {
        assert_eq!(due.id.number(), due.event_id.number() + 1, "a delivery of another event");
    }
    for number in 1..=EVENTS {
        match journal.event(EventId::from_number(number * 10)).await {
            Ok(Some(view)) => {
                let written = event(number * 10, &[1], length(number)).event;
                assert_eq!(format!("{:?}", view.event), format!("{written:?}"));
                assert_eq!(view.event.body, written.body);
            }
            Ok(None) | Err(_) => refused += 1,
        }
    }
    Ok(refused)
}

/// Damages many places, one file for each: no body is ever read back as another one.
#[tokio::test]
async fn what_is_read_is_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    fill(&path).await;
    let sound = fs::read(&path).unwrap();
    let (mut starts, mut refused) = (0, 0);
    for place in (0..sound.len()).step_by(sound.len() / 61) {
        for change in [1, 40, 700] {
            let mut damaged = sound.clone();
            damaged.iter_mut().skip(place).take(change).for_each(|byte| *byte ^= 0x15);
            fs::write(&path, &damaged).unwrap();
            if let Ok(unread) = read(&path).await {
                (starts, refused) = (starts + 1, refused + unread);
            }
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(crate::beside(&path, end));
            }
        }
    }
    assert!(starts > 20 && refused > 20, "{starts} opened, {refused} events refused");
}

/// A row that is valid for SQLite but is not what was written.
#[tokio::test]
async fn a_row_that_was_changed_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    fill(&path).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "UPDATE events SET body = x'78' WHERE id = 20;
         UPDATE deliveries SET event_id = 40 WHERE id = 31;",
    )
    .unwrap();
    drop(conn);
    let journal = open(&path).unwrap();
    let error = journal.event(EventId::from_number(20)).await.unwrap_err().to_string();
    assert!(error.contains(&EventId::from_number(20).to_string()) && error.contains("checksum"), "{error}");
    let due = journal.due_of(HookId::from_number(1), false, 100).await.unwrap();
    assert_eq!(due.len() as u64, EVENTS - 1);
    assert!(due.iter().all(|due| due.id.number() != 31));
    let dead = journal.delivery(DeliveryId::from_number(31)).await.unwrap().unwrap().delivery;
    assert_eq!(dead.status, DeliveryStatus::Dead);
    assert!(dead.last_error.unwrap().contains("checksum"));
    let account = journal.account().await.unwrap();
    assert_eq!((account.pending, account.dead), (EVENTS - 1, 1));
    journal.close().await.unwrap();
    drop(journal);

    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("UPDATE hooks SET route = 'https://elsewhere.example'").unwrap();
    drop(conn);
    let error = open(&path).unwrap().load().await.unwrap_err().to_string();
    assert!(error.contains("the hook hook_0000000000001 of the app `shop` does not match"), "{error}");
}
