//! A process that may open no more files.

use harness::{App, Gateway, Receiver, Setup, WAIT, pause, until};
use serde_json::json;
use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// How many more files the server may open than it has open.
fn allow_more(gateway: &Gateway, more: usize) {
    let open = fs::read_dir(format!("/proc/{}/fd", gateway.pid())).unwrap().count();
    let limit = format!("--nofile={}:", open + more);
    let done = Command::new("prlimit").args(["--pid", &gateway.pid().to_string(), &limit]).status().unwrap();
    assert!(done.success(), "prlimit");
}

fn ticks(gateway: &Gateway) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", gateway.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn what_waited_while_there_were_no_descriptors_is_delivered_afterwards() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let setup = Setup::new()
        .set("retry", "schedule", r#"["50ms", "50ms"]"#)
        .app(App::new("camera").hooks(&hooks));
    let mut gateway = setup.start();
    // This connection is kept, so that publishing needs no descriptor.
    let bolt = gateway.bolt("camera");
    bolt.publish("x", &json!({ "body": 0 }));
    receiver.wait(1);
    let before = receiver.connections();

    allow_more(&gateway, 4);
    let crowd: Vec<TcpStream> = (0..16).map(|_| TcpStream::connect(gateway.address()).unwrap()).collect();
    // What it has of descriptors goes to the crowd; connections to the receiver are closed when they have been idle.
    pause(Duration::from_secs(6));
    let (begun, mut accepted) = (ticks(&gateway), 1_u64);
    for n in 1..=30 {
        let call = gateway.call("POST", "/api/events/x").header("X-Bolt-App-Token", &gateway.setup().app_named("camera").token);
        if call.json(&json!({ "body": n })).try_send().is_ok_and(|answer| answer.status == 200) {
            accepted += 1;
        }
        if n > 3 && accepted == 1 {
            break;
        }
    }
    pause(Duration::from_secs(3));
    // 100 ticks are a second of one processor.
    assert!(ticks(&gateway) - begun < 200, "it burns: {} ticks in three seconds", ticks(&gateway) - begun);

    drop(crowd);
    allow_more(&gateway, 200);
    for n in 31..=40 {
        bolt.publish("x", &json!({ "body": n }));
        accepted += 1;
    }
    until("all that was accepted", WAIT, || {
        gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") >= accepted
    });
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"dead\""), 0, "our own lack of files was counted as the receiver's failure");
    let (all, ended) = gateway.identity();
    assert_eq!(all, ended);
    assert!(receiver.connections() >= before);
    gateway.assert_healthy();
}
