//! Running out of descriptors is not counted as a failure of the receiver.

use std::process::Command;

use harness::{App, Gateway, Raw, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

/// Limits the server to its currently open files, or removes the limit.
fn limit(gateway: &Gateway, files: Option<u64>) {
    let limit = files.map_or_else(|| "4096:4096".to_owned(), |files| format!("{files}:4096"));
    let args = [format!("--pid={}", gateway.pid()), format!("--nofile={limit}")];
    assert!(Command::new("prlimit").args(args).status().expect("prlimit").success());
}

#[test]
fn without_free_descriptors_no_attempt_counts() {
    let receiver = Receiver::start();
    // Each attempt needs a new connection.
    receiver.always(Reply::json("1").with("Connection", "close"));
    let setup = Setup::new().set("retry", "schedule", r#"["1h"]"#).app(App::new("superapp"));
    let setup = setup
        .app(App::new("fax").url(&receiver.url("/fax")))
        .app(App::new("shop").receiver(&receiver.url("/shop")));
    let gateway = setup.link("superapp", "shop").start();
    gateway.bolt("fax").server("x", "/x");
    // Needed connections and files are opened before the limit applies.
    let mut open = Raw::connect(gateway.address());
    let publish = gateway.bolt("superapp").call("POST", "x", r#"{"body":1}"#).bytes();
    let event = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;
    let exchange = gateway.host("superapp").call(event).bytes();
    open.send(&publish).answer().expect(200);
    receiver.wait_at("/fax/x", 1);
    assert_eq!(gateway.admin().all("deliveries").len(), 1);
    limit(&gateway, Some(1));
    let id = open.send(&publish).answer().expect(200).json()["body"]["id"].as_str().unwrap().to_owned();
    let refused = open.send(&exchange).answer();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    // Clients that connect meanwhile are accepted later.
    let late = gateway.call("GET", "/livez").spawn();
    until("an attempt that has to wait", WAIT, || gateway.stderr().contains("short of something"));
    limit(&gateway, None);
    assert_eq!(late.join().unwrap().unwrap().status, 200);
    let got = receiver.wait_at("/fax/x", 2);
    assert_eq!(got[1].header("footbridge-attempt"), Some("1"), "nothing was counted");
    until("its end", WAIT, || gateway.admin().delivery(&id)["status"] == "delivered");
    let delivery: Value = gateway.admin().delivery(&id);
    assert_eq!(delivery["attempts"], json!(1), "{delivery}");
    open.send(&exchange).answer().expect(200);
}
