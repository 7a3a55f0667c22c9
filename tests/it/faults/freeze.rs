//! A process that is suspended and resumed.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, pause, until};
use serde_json::json;
use std::process::Command;
use std::time::Duration;

fn signal(gateway: &Gateway, name: &str) {
    let done = Command::new("sh").args(["-c", &format!("kill -{name} {}", gateway.pid())]).status().unwrap();
    assert!(done.success());
}

/// The duration of the freeze; `FOOTBRIDGE_FREEZE` overrides it, in seconds.
fn standstill() -> Duration {
    let given = std::env::var("FOOTBRIDGE_FREEZE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(4))
}

#[test]
fn a_frozen_server_resumes_without_a_burst() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let setup = Setup::new()
        .set("egress", "timeout", "\"2s\"")
        .set("retry", "schedule", r#"["1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"]"#)
        .app(App::new("camera").hooks(&hooks));
    let mut gateway = setup.start();
    receiver.always(Reply::status(503));
    for n in 0..40 {
        gateway.bolt("camera").publish("x", &json!({ "body": n }));
    }
    receiver.wait(40);
    signal(&gateway, "STOP");
    pause(standstill());
    let before = receiver.count();
    signal(&gateway, "CONT");
    // All deliveries are overdue: each gets one attempt, not those it missed.
    receiver.wait(before + 40);
    let got = receiver.requests();
    let mut first: Vec<_> =
        got[before..].iter().take(40).filter_map(|got| got.header("footbridge-delivery-id")).collect();
    first.sort_unstable();
    first.dedup();
    assert!(first.len() >= 38, "{} deliveries had all of the first 40 attempts", first.len());
    receiver.always(Reply::json("{}"));
    until("all of them", WAIT, || {
        gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") == 40
    });
    assert_eq!(gateway.identity(), (40, 40));
    gateway.assert_healthy();
}
