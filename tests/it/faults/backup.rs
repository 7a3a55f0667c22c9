//! A database restored from a backup.

use harness::{App, Receiver, Reply, Setup, WAIT, until};
use serde_json::json;
use std::fs;
use std::path::Path;

/// Replaces the files in `to` with those in `from`.
fn copy_all(from: &Path, to: &Path) {
    let files =
        |dir| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files(to).for_each(|file| fs::remove_file(file).unwrap());
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_restored_backup_sends_only_its_pending_deliveries() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let schedule = r#"["200ms", "200ms", "200ms", "200ms", "200ms", "200ms", "200ms", "200ms"]"#;
    let setup = Setup::new().set("retry", "schedule", schedule).app(App::new("camera").hooks(&hooks));
    let mut gateway = setup.start();
    let publish = |gateway: &harness::Gateway, n: u64| {
        gateway.bolt("camera").publish("x", &json!({ "body": n }))["id"].as_str().unwrap().to_owned()
    };
    publish(&gateway, 1);
    receiver.wait(1);
    until("the record", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    receiver.always(Reply::status(503));
    let waiting = publish(&gateway, 2);
    gateway.stop();
    let backup = tempfile::tempdir().unwrap();
    copy_all(gateway.dir(), backup.path());

    // After the backup: pending deliveries arrive and new events are published.
    gateway.start_again();
    receiver.always(Reply::json("{}"));
    until("what waited", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    publish(&gateway, 3);
    until("the rest", WAIT, || gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") == 3);
    gateway.stop();
    copy_all(backup.path(), gateway.dir());

    let before = receiver.count();
    gateway.start_again();
    until("what the backup held", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let again = &receiver.requests()[before..];
    assert!(again.iter().all(|got| got.header("webhook-id") == Some(&waiting)), "{again:?}");
    assert_eq!(again.len(), 1);
    assert_eq!(gateway.identity(), (2, 2));
    // Ids keep growing, so that a new event cannot have the id of a lost one.
    let fresh = publish(&gateway, 4);
    let known: Vec<_> =
        receiver.requests().iter().filter_map(|got| got.header("webhook-id").map(str::to_owned)).collect();
    assert!(!known[..before].contains(&fresh));
}
