//! A process that is out of file descriptors.

use harness::{App, AppDir, Gateway, Raw, Receiver, Reply, Setup, pause, until};
use serde_json::json;
use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// The number of files that the server may open in addition to its open ones.
fn allow_more(gateway: &Gateway, more: usize) {
    let open = fs::read_dir(format!("/proc/{}/fd", gateway.pid())).unwrap().count();
    let limit = format!("--nofile={}:", open + more);
    let done = Command::new("prlimit").args(["--pid", &gateway.pid().to_string(), &limit]).status().unwrap();
    assert!(done.success(), "prlimit");
}

/// Lets the server open no further file.
fn allow_none(gateway: &Gateway) {
    let open = fs::read_dir(format!("/proc/{}/fd", gateway.pid())).unwrap();
    let open: Vec<u32> =
        open.map(|entry| entry.unwrap().file_name().into_string().unwrap().parse().unwrap()).collect();
    let lowest_free = (0..=u32::MAX).find(|number| !open.contains(number)).unwrap();
    let limit = format!("--nofile={lowest_free}:");
    let done = Command::new("prlimit").args(["--pid", &gateway.pid().to_string(), &limit]).status().unwrap();
    assert!(done.success(), "prlimit");
}

fn ticks(gateway: &Gateway) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", gateway.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Publishes over an open connection.
fn publish(kept: &mut Raw, token: &str, n: u64) {
    let body = format!("{{\"body\":{n}}}");
    kept.send(format!(
        "POST /api/events/x HTTP/1.1\r\nHost: localhost\r\nX-Bolt-App-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(kept.answer().status, 200);
}

#[test]
fn deliveries_wait_while_descriptors_are_exhausted() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let setup =
        Setup::new().set("retry", "schedule", r#"["50ms", "50ms"]"#).app(App::new("camera").hooks(&hooks));
    let mut gateway = setup.start();
    let token = gateway.setup().app_named("camera").token.clone();
    let mut kept = Raw::connect(gateway.address());
    publish(&mut kept, &token, 0);
    receiver.wait(1);

    // The server's connection to the receiver is closed, and other clients take the remaining descriptors.
    receiver.always(Reply::json("{}").with("Connection", "close"));
    publish(&mut kept, &token, 1);
    receiver.wait(2);
    allow_more(&gateway, 4);
    let crowd: Vec<TcpStream> = (0..16).map(|_| TcpStream::connect(gateway.address()).unwrap()).collect();
    pause(Duration::from_secs(1));
    for n in 2..=30 {
        publish(&mut kept, &token, n);
    }
    let begun = ticks(&gateway);
    pause(Duration::from_secs(4));
    let used = ticks(&gateway) - begun;
    // 100 ticks are one second of one CPU.
    assert!(used < 120, "it burns {used} ticks in four seconds");
    assert!(receiver.count() < 31, "the descriptors were never short");

    drop(crowd);
    allow_more(&gateway, 200);
    until("all that was accepted", Duration::from_secs(30), || {
        gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") == 31
    });
    let dead = gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"");
    assert_eq!(dead, 0, "our own lack of descriptors was counted as the receiver's failure");
    assert_eq!(gateway.identity(), (31, 31));
    gateway.assert_healthy();
}

#[test]
fn pages_of_apps_answer_503_while_descriptors_are_exhausted() {
    let app_dir = AppDir::new();
    // One shard, so that both visitors share the connections to the app.
    let gateway = Setup::new().set("server", "shards", "1").starts_apps().start();
    gateway.apps().install(&app_dir.recorder("page", &json!({})));
    gateway.apps().page("page", "/").expect(200);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (mut waiting, mut visitor) = (Raw::connect(gateway.address()), Raw::connect(gateway.address()));
    assert_eq!(visitor.send(get("/livez")).answer().status, 200);
    // This visitor occupies the idle connection to the app; the next one needs a new connection.
    waiting.send(get("/x/page/silent"));
    until("the app has the request", Duration::from_secs(15), || {
        app_dir.noted("page", "got").iter().any(|request| request["url"] == "/silent")
    });
    allow_none(&gateway);
    let answer = visitor.send(get("/x/page/")).answer();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{}", answer.text());
    assert!(answer.text().contains("out of resources"), "{}", answer.text());
    allow_more(&gateway, 200);
    assert_eq!(visitor.send(get("/x/page/")).answer().status, 200);
}
