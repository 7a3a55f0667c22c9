//! A disk that is full, over quota, or fails to flush.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::{App, Gateway, Receiver, Setup, WAIT, pause, until};
use serde_json::json;

/// A small separate disk.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    /// Returns `None` if this user cannot mount one.
    fn mount(megabytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).status();
        mount.is_ok_and(|status| status.success()).then_some(Self { dir })
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills the disk and returns the file to remove.
    fn fill(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut file = File::create(&path).unwrap();
        for block in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; block]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn setup(database: &str, receiver: &Receiver) -> Setup {
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    Setup::new()
        .root("database", &format!("{:?}", format!("sqlite:{database}")))
        .app(App::new("camera"))
        .app(App::new("fax").hooks(&hooks))
}

/// Publishes until refused and returns the number of accepted events.
fn publish_until_full(gateway: &Gateway) -> usize {
    let body = json!({"body": "7".repeat(100_000)}).to_string();
    for n in 0..1000 {
        let answer = gateway.bolt("camera").post("x", &body);
        if answer.status != 200 {
            assert_eq!(
                (answer.status, answer.json()["code"].as_u64()),
                (507, Some(151)),
                "{}",
                answer.text()
            );
            return n;
        }
    }
    panic!("the disk is never full")
}

fn is_ready(gateway: &Gateway) -> bool {
    gateway.get("/readyz").status == 200
}

#[test]
fn the_server_survives_a_full_disk() {
    let Some(disk) = Disk::mount(12) else {
        eprintln!("this user cannot mount a disk: nothing was tested");
        return;
    };
    let receiver = Receiver::start();
    let others = disk.path().join("others");
    fs::write(&others, vec![0; 5 << 20]).unwrap();
    let mut gateway = setup(disk.path().join("footbridge.db").to_str().unwrap(), &receiver).start();
    let accepted = publish_until_full(&gateway);
    assert!(accepted > 20, "{accepted}");
    let report = gateway.get("/readyz").expect(503).json();
    assert!(report["reasons"][0].as_str().unwrap().contains("full"), "{report}");
    gateway.admin().get("events?limit=5");
    // Accepted events are delivered and recorded in the reserved space.
    until("the records", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(gateway.identity(), (accepted as u64, accepted as u64));

    // Even if others use the reserved space and the server is killed.
    let filler = disk.fill("filler");
    gateway.kill9().start_again_unready();
    publish_until_full(&gateway);
    gateway.get("/readyz").expect(503);
    gateway.admin().get("events?limit=5");

    fs::remove_file(filler).unwrap();
    fs::remove_file(others).unwrap();
    until("readiness without a request", Duration::from_secs(30), || is_ready(&gateway));
    gateway.bolt("camera").publish("x", &json!({}));
    gateway.assert_healthy();
}

#[test]
fn a_start_on_a_full_disk_serves_reads() {
    let Some(disk) = Disk::mount(12) else {
        eprintln!("this user cannot mount a disk: nothing was tested");
        return;
    };
    let receiver = Receiver::start();
    let mut gateway = setup(disk.path().join("footbridge.db").to_str().unwrap(), &receiver).start();
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait(1);
    gateway.stop();
    let filler = disk.fill("filler");
    gateway.start_again_unready();
    assert_eq!(gateway.admin().get("events?publisher=camera")["data"].as_array().unwrap().len(), 1);
    publish_until_full(&gateway);
    gateway.get("/readyz").expect(503);
    fs::remove_file(filler).unwrap();
    until("readiness without a request", Duration::from_secs(30), || is_ready(&gateway));
    gateway.bolt("camera").publish("x", &json!({}));
    gateway.stop();
}

#[test]
fn retention_frees_a_full_disk() {
    let Some(disk) = Disk::mount(12) else {
        eprintln!("this user cannot mount a disk: nothing was tested");
        return;
    };
    let receiver = Receiver::start();
    let database = disk.path().join("footbridge.db");
    let gateway = setup(database.to_str().unwrap(), &receiver).set("journal", "keep", "\"2s\"").start();
    publish_until_full(&gateway);
    until("room by retention alone", Duration::from_mins(1), || is_ready(&gateway));
    gateway.bolt("camera").publish("x", &json!({}));
}

/// Makes system calls of the running program on these files fail.
fn inject(gateway: &Gateway, calls: &str, error: &str, files: &[&str]) -> Option<Child> {
    let messages = gateway.dir().join("strace.messages");
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-p", &gateway.pid().to_string()]);
    command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:error={error}")]);
    for file in files {
        command.arg("-P").arg(gateway.dir().join(file));
    }
    let mut child = command.stdin(Stdio::null()).stderr(File::create(&messages).unwrap()).spawn().ok()?;
    let mut attached = false;
    until("strace to attach", WAIT, || {
        attached = fs::read_to_string(&messages).unwrap().contains("attached");
        attached || child.try_wait().unwrap().is_some()
    });
    attached.then_some(child)
}

fn end(mut strace: Child) {
    let pid = strace.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    strace.wait().unwrap();
}

#[test]
fn an_exceeded_quota_is_handled_like_a_full_disk() {
    let receiver = Receiver::start();
    let mut gateway = setup("footbridge.db", &receiver).start();
    gateway.bolt("camera").publish("x", &json!({}));
    let files = ["footbridge.db-wal", "footbridge.db-probe", "footbridge.db-ballast"];
    let Some(strace) = inject(&gateway, "write,pwrite64,fallocate", "EDQUOT", &files) else {
        eprintln!("strace cannot attach here: nothing was tested");
        return;
    };
    let answer = gateway.bolt("camera").post("x", b"{}");
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (507, Some(151)), "{}", answer.text());
    end(strace);
    until("readiness without a request", Duration::from_secs(30), || is_ready(&gateway));
    gateway.bolt("camera").publish("x", &json!({}));
    gateway.assert_healthy();
}

#[test]
fn a_flush_that_fails_leaves_the_outcome_open_and_says_so() {
    let receiver = Receiver::start();
    let mut gateway = setup("footbridge.db", &receiver).start();
    // Nothing else may be flushed before, because the first flush gets the error.
    gateway.bolt("camera").publish("y", &json!({}));
    receiver.wait(1);
    until("the record", WAIT, || gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") == 1);
    // The first retention run is soon after the start.
    let written = || std::fs::metadata(gateway.dir().join("footbridge.db-wal")).unwrap().modified().unwrap();
    until("a moment without writes", WAIT, || {
        let before = written();
        pause(Duration::from_millis(500));
        written() == before
    });
    let Some(strace) = inject(&gateway, "fsync,fdatasync", "EIO", &["footbridge.db-wal"]) else {
        eprintln!("strace cannot attach here: nothing was tested");
        return;
    };
    let call = |gateway: &Gateway| {
        gateway.bolt("camera").call("POST", "x", r#"{"body": 1}"#).header("Idempotency-Key", "once")
    };
    let answer = call(&gateway).send();
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (503, Some(152)), "{}", answer.text());
    assert!(answer.text().contains("not known whether this was stored"), "{}", answer.text());
    let status = gateway.wait_exit(Duration::from_secs(20));
    assert_ne!(status.code(), Some(0));
    end(strace);
    gateway.start_again();
    call(&gateway).send().expect(200);
    receiver.wait(2);
    until("the records", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let events = gateway.admin().get("events?publisher=camera");
    assert_eq!(events["data"].as_array().unwrap().len(), 2, "it was published twice");
}
