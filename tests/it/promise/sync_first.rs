//! An answer is sent after the event is synced to disk, seen from outside in the order of system calls.

use harness::{App, Receiver, Setup};
use serde_json::json;

#[test]
fn every_ack_follows_a_sync_of_its_own() {
    let receiver = Receiver::start();
    let hooks = format!(r#""*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let gateway = Setup::new().app(App::new("camera").hooks(&hooks)).start();
    let strace = gateway.strace(&["-s", "300", "-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg"]);
    for n in 0..8 {
        gateway.bolt("camera").publish("x", &json!({ "body": n }));
    }
    receiver.wait(8);
    drop(gateway.get("/livez"));
    let calls = strace.end();
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
