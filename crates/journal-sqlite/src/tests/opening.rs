//! What is at the path, and what becomes of it.

use super::{app, database, event, files, hook, open, options};
use crate::migrate::newest;
use crate::{MasterKey, OpenError, SqliteJournal};
use footbridge_journal::{Journal as _, Registry as _};
use footbridge_model::app::Link;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn refusal(path: &Path) -> OpenError {
    open(path).err().unwrap()
}

async fn filled(path: &Path) {
    let journal = open(path).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    for number in 1..=50 {
        journal.append(event(number * 10, &[1], 1000)).await.unwrap();
    }
    journal.close().await.unwrap();
}

#[tokio::test]
async fn files_are_for_the_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    journal.put_hook(hook(1)).await.unwrap();
    assert_eq!(
        files(directory.path()),
        ["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.lock"]
    );
    for name in files(directory.path()) {
        let mode = fs::metadata(directory.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    journal.close().await.unwrap();
    assert_eq!(files(directory.path()), ["journal.db", "journal.db.lock"]);
}

#[tokio::test]
async fn a_second_server_is_told_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let first =
        SqliteJournal::open(crate::SqliteOptions { listen: Some("127.0.0.1:4400".into()), ..options(&path) })
            .unwrap();
    let error = refusal(&path);
    let OpenError::Locked { holder, .. } = &error else { panic!("{error}") };
    assert_eq!(*holder, format!("process {}, listening on 127.0.0.1:4400", std::process::id()));
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    first.put_hook(hook(1)).await.unwrap();
    drop(first);
    assert!(open(&path).is_ok());
}

#[test]
fn a_directory_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    for path in ["nowhere/journal.db", "file/journal.db"] {
        fs::write(directory.path().join("file"), "").unwrap();
        let error = refusal(&directory.path().join(path));
        assert!(matches!(error, OpenError::Unwritable { .. }), "{error}");
        assert!(error.to_string().contains(path), "{error}");
    }
    let error = refusal(directory.path());
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert_eq!(files(directory.path()), ["file"]);
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    filled(&path).await;
    let sound = fs::read(&path).unwrap();
    let mut head = sound.clone();
    head[..100].fill(0);
    let mut schema = sound.clone();
    schema[100..4096].fill(0xa5);
    let short = sound[..sound.len() / 2].to_vec();
    for damaged in [head, schema, short, b"hello".to_vec()] {
        fs::write(&path, &damaged).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("journal.db"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
    // A log without its database is no reason to begin anew either.
    for wipe in [|path: &Path| fs::write(path, "").unwrap(), |path: &Path| fs::remove_file(path).unwrap()] {
        wipe(&path);
        fs::write(directory.path().join("journal.db-wal"), "frames").unwrap();
        assert!(matches!(refusal(&path), OpenError::Damaged { .. }));
    }
    assert_eq!(files(directory.path()), ["journal.db-wal", "journal.db.lock"]);
}

#[tokio::test]
async fn an_empty_file_is_a_new_database() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(database(&directory), "").unwrap();
    filled(&database(&directory)).await;
    assert_eq!(open(&database(&directory)).unwrap().account().accepted, 50);
}

#[tokio::test]
async fn names_of_the_first_schema_are_those_it_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    {
        let journal = open(&path).unwrap();
        journal.put_app(app("shop")).await.unwrap();
        journal.put_app(app("superapp")).await.unwrap();
        let name = AppName::trusted;
        let (host, miniapp) = (name("superapp"), name("shop"));
        let link = Link { host, miniapp, enabled: true, origin: Origin::Api, created_at: Millis(0) };
        journal.put_link(link).await.unwrap();
        journal.put_hook(hook(1)).await.unwrap();
    }
    // The same in a file of the first schema.
    let older = directory.path().join("older.db");
    let conn = Connection::open(&older).unwrap();
    conn.execute_batch(include_str!("../../migrations/0001_first.sql")).unwrap();
    conn.execute("ATTACH ?1 AS newer", [path.to_str().unwrap()]).unwrap();
    for (table, columns) in [
        ("meta", "name, value"),
        ("apps", "name, settings, secrets"),
        ("links", "host, miniapp, enabled, origin, created_at"),
        (
            "hooks",
            "id, app, publisher, event, route, kind, transient, origin, enabled, created_at, answer, in_flight, ordered, gone_after",
        ),
    ] {
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}");
        conn.execute(&copy, []).unwrap();
    }
    conn.pragma_update(None, "application_id", crate::migrate::APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    drop(conn);
    let kept = open(&older).unwrap().load().await.unwrap();
    let apps: Vec<_> = kept.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(apps, ["shop", "superapp"]);
    assert_eq!((kept.links[0].host.as_str(), kept.hooks[0].app.as_str()), ("superapp", "shop"));
}

#[tokio::test]
async fn another_key_newer_schema_or_program() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    filled(&path).await;
    let other = crate::SqliteOptions { master_key: MasterKey([8; 32]), ..options(&path) };
    let error = SqliteJournal::open(other).err().unwrap();
    assert!(matches!(error, OpenError::MasterKey { .. }), "{error}");
    assert!(error.to_string().contains("the master key does not open this database"), "{error}");

    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(refusal(&path), OpenError::TooNew { found: 99, known, .. } if known == newest()));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", newest()).unwrap();
    assert!(open(&path).is_ok());

    let theirs = directory.path().join("theirs.db");
    Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let before = fs::read(&theirs).unwrap();
    assert!(matches!(refusal(&theirs), OpenError::Foreign { .. }));
    assert_eq!(fs::read(&theirs).unwrap(), before);
    assert!(!files(directory.path()).contains(&"theirs.db.lock".to_owned()));
}

#[test]
fn only_a_sound_sqlite() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}
