//! The database file: lock, deletion and damage.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, footbridge, until};
use serde_json::json;

const SERVE: [&str; 3] = ["serve", "--config", "footbridge.toml"];

fn setup(receiver: &Receiver) -> Setup {
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    Setup::new().app(App::new("camera")).app(App::new("fax").hooks(&hooks))
}

#[test]
fn the_database_lock_holds_under_another_path() {
    let mut gateway = Setup::new().app(App::new("fax")).start();
    let dir = tempfile::tempdir_in(gateway.dir()).unwrap();
    fs::copy(gateway.dir().join("footbridge.toml"), dir.path().join("footbridge.toml")).unwrap();
    let name = dir.path().join("footbridge.db");
    for link in [
        |of: &std::path::Path, name: &std::path::Path| symlink(of, name).unwrap(),
        |of: &std::path::Path, name: &std::path::Path| fs::hard_link(of, name).unwrap(),
    ] {
        link(&gateway.dir().join("footbridge.db"), &name);
        let exit = footbridge(dir.path(), &SERVE, &[]);
        assert!(
            exit.code.is_some_and(|code| code != 0) && exit.took < Duration::from_secs(8),
            "{}",
            exit.output
        );
        assert!(exit.output.contains(&gateway.pid().to_string()), "{}", exit.output);
        fs::remove_file(&name).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something was created");
    }
    gateway.assert_healthy();
    gateway.stop().start_again().assert_healthy();
}

#[test]
fn a_deleted_database_is_not_recreated() {
    let mut gateway = Setup::new().without("admin_token").app(App::new("fax")).start();
    gateway.stop();
    let dir = gateway.dir().to_owned();
    let database = dir.join("footbridge.db");
    let files = || {
        fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let refused = |beside: &str| {
        let before = files();
        let exit = footbridge(&dir, &SERVE, &[]);
        assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
        for part in ["footbridge.db", beside, "backup", "--new-database"] {
            assert!(exit.output.contains(part), "no {part} in: {}", exit.output);
        }
        assert_eq!(files(), before, "something was created");
    };
    fs::write(&database, "").unwrap();
    refused("footbridge.db.key");
    fs::remove_file(&database).unwrap();
    for file in ["footbridge.db.key", "footbridge.db.admin-token", "footbridge.db.lock"] {
        refused(file);
        fs::rename(dir.join(file), dir.join(format!("kept-{file}"))).unwrap();
    }
    // With confirmation it starts.
    for file in ["footbridge.db.key", "footbridge.db.admin-token", "footbridge.db.lock"] {
        fs::rename(dir.join(format!("kept-{file}")), dir.join(file)).unwrap();
    }
    let there = || {
        let url = format!("sqlite:{}", database.display());
        Setup::new().app(App::new("fax")).root("database", &format!("{url:?}"))
    };
    there().start_with(&["--new-database"]).stop();
    // An interrupted first start leaves a key without any data.
    fs::remove_file(&database).unwrap();
    fs::write(dir.join("footbridge.db.lock"), "first start: process 1\n").unwrap();
    there().start().assert_healthy();
}

/// Holds SQLite's write lock until dropped.
struct Holder(Child);

impl Holder {
    fn take(gateway: &Gateway) -> Self {
        let script = r#"use Fcntl; open(F, "+<", "footbridge.db-shm") or die;
            my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 120, 1, 0);
            fcntl(F, F_SETLKW, $lock) or die;
            print STDERR "locked\n"; sleep 100"#;
        let mut child = Command::new("perl")
            .args(["-e", script])
            .current_dir(gateway.dir())
            .stdin(Stdio::null())
            .stderr(fs::File::create(gateway.dir().join("holder")).unwrap())
            .spawn()
            .unwrap();
        until("the lock", WAIT, || {
            assert!(child.try_wait().unwrap().is_none(), "perl could not take the lock");
            fs::read_to_string(gateway.dir().join("holder")).unwrap().contains("locked")
        });
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn a_lock_of_another_program_is_named_and_waited_for() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait(1);
    until("the record", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);

    let holder = Holder::take(&gateway);
    let begun = Instant::now();
    let answer = gateway.bolt("camera").post("x", b"{}").expect(503);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(answer.json()["code"], 150, "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    let ready = gateway.get("/readyz").expect(503).json();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["reasons"][0].as_str().unwrap().contains("lock"), "{ready}");
    gateway.get("/livez").expect(200);
    assert_eq!(
        gateway.admin().get("events?publisher=camera")["data"].as_array().unwrap().len(),
        1,
        "reads go on"
    );
    let pid = holder.0.id().to_string();
    until("the process in the log", WAIT, || gateway.stderr().contains(&pid));

    drop(holder);
    until("readiness without a request", Duration::from_secs(30), || gateway.get("/readyz").status == 200);
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait(2);
    until("the records", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(receiver.count(), 2, "what was refused is not there");
    gateway.assert_healthy();
}

#[test]
fn a_damaged_body_is_never_sent() {
    let receiver = Receiver::start();
    receiver.always(Reply::status(500));
    let mut gateway = setup(&receiver).set("retry", "schedule", r#"["2s", "2s", "2s"]"#).start();
    let event = gateway.bolt("camera").publish("x", &json!({"body": {"pay": "100 to alice"}}));
    gateway.bolt("camera").publish("y", &json!({"body": "sound"}));
    receiver.wait(2);
    gateway.stop();
    let path = gateway.dir().join("footbridge.db");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(12).position(|part| part == b"100 to alice").expect("the body is in the file");
    bytes[at] = b'9';
    fs::write(&path, bytes).unwrap();

    receiver.always(Reply::json("{}"));
    gateway.start_again();
    until("the end of both", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let dead = gateway.admin().delivery(event["id"].as_str().unwrap());
    assert_eq!(dead["status"], "dead", "{dead}");
    assert!(dead["last_error"].as_str().unwrap().contains("checksum"), "{dead}");
    assert!(
        receiver.requests().iter().all(|got| !String::from_utf8_lossy(&got.body).contains("900 to alice"))
    );
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\""), 1);
    assert!(gateway.stderr().contains("checksum"), "{}", gateway.stderr());
    assert_eq!(gateway.identity(), (2, 2));
    gateway.assert_healthy();
}
