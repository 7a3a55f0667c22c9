//! SIGTERM: work in progress is finished and nothing is lost.

use std::time::{Duration, Instant};

use harness::{App, Gate, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::json;

const EVENT: &str = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;

fn setup(receiver: &Receiver) -> Setup {
    Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""fax/*" = "all""#))
        .link("superapp", "shop")
}

/// Waits until the server is not ready: the probe answers 503 or is refused.
#[track_caller]
fn assert_not_ready(gateway: &Gateway) {
    until("not ready", WAIT, || {
        gateway.call("GET", "/readyz").try_send().map_or(true, |answer| answer.status == 503)
    });
}

#[test]
fn an_idle_server_ends_at_once_with_0() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let _idle = harness::Raw::connect(gateway.address());
    let begun = Instant::now();
    gateway.stop();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn an_exchange_in_progress_is_answered() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("\"in time\"").behind(&gate));
    let call = gateway.host("superapp").call(EVENT).spawn();
    receiver.wait(1);
    gateway.sigterm();
    assert_not_ready(&gateway);
    gate.open();
    let answer = call.join().unwrap().unwrap().expect(200);
    assert_eq!(answer.text(), "\"in time\"");
    assert_eq!(gateway.wait_exit(WAIT).code(), Some(0));
}

/// Sends `signal` while a receiver has not answered yet.
#[track_caller]
fn finishes_a_delivery_after(signal: impl FnOnce(&Gateway)) {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let gate = Gate::default();
    receiver.at("/fax/all", Reply::json("{}").behind(&gate));
    let event = gateway.bolt("fax").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    receiver.wait(1);
    signal(&gateway);
    assert_not_ready(&gateway);
    gate.open();
    assert_eq!(gateway.wait_exit(WAIT).code(), Some(0));
    gateway.start_again();
    assert_eq!(gateway.admin().delivery(&event)["status"], "delivered");
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_delivery_in_progress_is_finished() {
    finishes_a_delivery_after(Gateway::sigterm);
}

#[test]
fn an_attempt_cut_off_by_the_drain_limit_is_not_counted() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("server", "drain", "\"500ms\"").start();
    receiver.at("/fax/all", Reply::hang());
    let event = gateway.bolt("fax").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    receiver.wait(1);
    let begun = Instant::now();
    gateway.sigterm();
    assert_eq!(gateway.wait_exit(WAIT).code(), Some(0), "{}", gateway.stderr());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    receiver.at("/fax/all", Reply::json("{}"));
    gateway.start_again();
    until("the delivery", WAIT, || gateway.admin().delivery(&event)["status"] == "delivered");
    assert_eq!(gateway.admin().delivery(&event)["attempts"], 1, "the cut attempt does not count");
    let got = receiver.wait(2);
    assert_eq!(got[1].header("footbridge-attempt"), Some("1"));
    assert_eq!(got[1].header("footbridge-delivery-id"), got[0].header("footbridge-delivery-id"));
    assert_eq!(gateway.identity(), (1, 1));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("server", "drain", "\"30s\"").start();
    receiver.at("/fax/all", Reply::hang());
    gateway.bolt("fax").publish("x", &json!({}));
    receiver.wait(1);
    gateway.sigterm();
    assert_not_ready(&gateway);
    let begun = Instant::now();
    gateway.sigterm();
    gateway.wait_exit(WAIT);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    receiver.at("/fax/all", Reply::json("{}"));
    gateway.start_again();
    until("the delivery", WAIT, || gateway.identity() == (1, 1) && receiver.count() >= 2);
}

#[test]
fn a_draining_server_accepts_nothing_new() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("1").behind(&gate));
    let waiting = gateway.host("superapp").call(EVENT).spawn();
    receiver.wait(1);
    gateway.sigterm();
    assert_not_ready(&gateway);
    // Accepted connections get 503 with `Retry-After`; nothing is sent to receivers.
    if let Ok(answer) = gateway.host("superapp").call(EVENT).try_send() {
        harness::assert_bridge_error(&answer, 503, "EVENT_DELIVERY_FAILED");
    }
    if let Ok(answer) = gateway.bolt("fax").call("POST", "x", "{}").try_send() {
        harness::assert_bolt_error(&answer, 503, 150);
    }
    gate.open();
    waiting.join().unwrap().unwrap().expect(200);
    assert_eq!(gateway.wait_exit(WAIT).code(), Some(0));
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_closed_terminal_drains_like_sigterm() {
    finishes_a_delivery_after(Gateway::sighup);
}
