//! Opening: the states of the file, and the outcomes.

use super::{app, database, event, files, hook, open, options};
use crate::migrate::newest;
use crate::{MasterKey, OpenError, SqliteJournal};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{
    Cluster as _, EventLog as _, History as _, Journal as _, NodeCard, RegistryStore as _,
};
use footbridge_model::app::{App, Link};
use footbridge_model::hook::Origin;
use footbridge_model::id::{EventId, HookId, IdSource};
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
        ["journal.db", "journal.db-ballast", "journal.db-shm", "journal.db-wal", "journal.db.lock"]
    );
    for name in files(directory.path()) {
        let mode = fs::metadata(directory.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    journal.close().await.unwrap();
    assert_eq!(files(directory.path()), ["journal.db", "journal.db-ballast", "journal.db.lock"]);
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
    let mut page_size = sound.clone();
    page_size[16..18].fill(7);
    let mut free_list = sound.clone();
    free_list[32..36].fill(9);
    for damaged in [head, schema, short, page_size, free_list, b"hello".to_vec()] {
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
    assert_eq!(files(directory.path()), ["journal.db-ballast", "journal.db-wal", "journal.db.lock"]);
}

#[tokio::test]
async fn an_empty_file_is_a_new_database() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(database(&directory), "").unwrap();
    filled(&database(&directory)).await;
    assert_eq!(open(&database(&directory)).unwrap().account().await.unwrap().accepted, 50);
}

#[tokio::test]
async fn names_of_the_first_schema_are_those_it_kept() {
    let created_at = Millis(1_800_000_000_000);
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    {
        let journal = open(&path).unwrap();
        journal.put_app(App { created_at, ..app("shop") }).await.unwrap();
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
    let bare = "UPDATE main.apps SET settings = json_remove(settings, '$.generation', '$.proof_epoch')";
    conn.execute(bare, []).unwrap();
    conn.pragma_update(None, "application_id", crate::migrate::APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    drop(conn);
    let kept = open(&older).unwrap().load().await.unwrap();
    let apps: Vec<_> = kept.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(apps, ["shop", "superapp"]);
    // Above whatever an app of its name got before it was made.
    let shop = &kept.apps[0];
    assert_eq!((shop.generation, shop.proof_epoch), (IdSource::first_at(created_at), shop.generation));
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

/// The tables of the version are checked, not only its number.
#[tokio::test]
async fn another_schema_than_the_version_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    filled(&path).await;
    let sound = fs::read(&path).unwrap();
    for (change, what) in [
        ("DROP TABLE keys", "the index `keys_exchange` is missing"),
        ("DROP INDEX deliveries_due", "the index `deliveries_due` is missing"),
        (
            "ALTER TABLE links RENAME COLUMN enabled TO on_off",
            "the table `links` is not as this version made it",
        ),
        ("UPDATE account SET accepted = 7", "its account does not add up"),
        (
            "DELETE FROM meta; INSERT INTO apps (name, settings, secrets) VALUES ('a', '{}', x'00')",
            "what its key is checked by",
        ),
    ] {
        fs::write(&path, &sound).unwrap();
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let error = refusal(&path).to_string();
        assert!(error.contains(what) && error.contains("restore it from a backup"), "{error}");
    }
    fs::write(&path, &sound).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE INDEX mine ON events (name)").unwrap();
    assert!(open(&path).is_ok(), "an index of the operator's own is no damage");
}

/// A database of the first version opens, and its rows without checksums are accepted.
#[tokio::test]
async fn a_database_of_the_first_version() {
    let directory = tempfile::tempdir().unwrap();
    let path = database(&directory);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../migrations/0001_first.sql")).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 0x46627267; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
         INSERT INTO hooks VALUES (1, 'shop', '*', '*', 'x', 'server', 0, 1, 1, 0, 'required', 8, 0, NULL);
         INSERT INTO events VALUES (10, 10, 'camera', 'photo-saved', 1, NULL, x'37');
         INSERT INTO deliveries VALUES (11, 10, 1, 0, 0, 0, 0, 10, NULL, NULL, NULL);
         UPDATE account SET accepted = 1, pending = 1;
         INSERT INTO exchanges (id, at, to_host, sender, recipient, event_type, state) VALUES (9223372036854775807, 0, 0, 'a', 'b', 't', 0);",
    )
    .unwrap();
    drop(old);
    let journal = open(&path).unwrap();
    assert_eq!(journal.load().await.unwrap().hooks.len(), 1);
    assert_eq!(journal.event(EventId::from_number(10)).await.unwrap().unwrap().event.body.as_ref(), b"7");
    assert_eq!(journal.due_of(HookId::from_number(1), false, 9).await.unwrap().len(), 1);
    // The id that a clock beyond 2093 made is no reason to have none left.
    let now = Millis(1_790_000_000_000);
    assert_eq!(journal.join(NodeCard::default(), now).await.unwrap().highest_id, 11);
    journal.append(event(20, &[1], 10)).await.unwrap();
    journal.close().await.unwrap();
    drop(journal);
    assert_eq!(open(&path).unwrap().last_used(), Some(now));
    let kind =
        Connection::open(&path).unwrap().query_row("PRAGMA auto_vacuum", [], |row| row.get::<_, i64>(0));
    assert_eq!(kind, Ok(2), "it can give room back from now on");
}
