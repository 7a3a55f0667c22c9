//! An answer leaves after the disk has the event, never before: seen from outside, in the order of system calls.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use harness::{App, Gateway, Receiver, Setup, WAIT, until};
use serde_json::json;

/// Records the synchronising and sending calls of a running program; `None` where tracing is not possible.
fn trace(gateway: &Gateway) -> Option<Child> {
    let messages = gateway.dir().join("strace.messages");
    let mut child = Command::new("strace")
        .args(["-f", "-s", "300", "-o", "strace.calls", "-p", &gateway.pid().to_string()])
        .args(["-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg"])
        .current_dir(gateway.dir())
        .stdin(Stdio::null())
        .stderr(File::create(&messages).unwrap())
        .spawn()
        .ok()?;
    let mut attached = false;
    until("strace to attach", WAIT, || {
        attached = std::fs::read_to_string(&messages).unwrap().contains("attached");
        attached || child.try_wait().unwrap().is_some()
    });
    attached.then_some(child)
}

#[test]
fn every_ack_follows_a_sync_of_its_own() {
    let receiver = Receiver::start();
    let hooks = format!(r#""*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let gateway = Setup::new().app(App::new("camera").hooks(&hooks)).start();
    let Some(mut strace) = trace(&gateway) else {
        eprintln!("strace cannot attach here: nothing was tested");
        return;
    };
    for n in 0..8 {
        gateway.bolt("camera").publish("x", &json!({ "body": n }));
    }
    receiver.wait(8);
    drop(gateway.get("/livez"));
    strace.kill().unwrap();
    strace.wait().unwrap();
    let calls = std::fs::read_to_string(gateway.dir().join("strace.calls")).unwrap();
    let (mut acks, mut synced) = (0, false);
    for line in calls.lines() {
        if line.contains("sync") && line.ends_with("= 0") {
            synced = true;
        } else if line.contains(r#"\"code\":0"#) {
            assert!(synced, "answer {acks} left before a sync:\n{calls}");
            (acks, synced) = (acks + 1, false);
        }
    }
    assert_eq!(acks, 8, "{calls}");
}
