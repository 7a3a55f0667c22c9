//! A slow, dead or hostile receiver delays no other.

use std::time::{Duration, Instant};

use harness::{App, Receiver, Reply, Setup, WAIT, each, refused_address, until};
use serde_json::json;

#[test]
fn a_bad_receiver_delays_nobody_else() {
    let bad = Receiver::start();
    let good = Receiver::start();
    let mut gateway = Setup::new().app(App::new("camera")).app(App::new("bad")).app(App::new("good")).start();
    gateway.bolt("good").web("good", &good.url("/good"));
    bad.at("/hang", Reply::hang())
        .at("/slow", Reply::json("{}").by_byte(Duration::from_secs(1)))
        .at("/endless", Reply::endless())
        .at("/junk", Reply::bytes(vec![0xff; 100_000]))
        .at("/reset", Reply::reset())
        .at("/header", Reply::json("{}").with("X-Big", &"x".repeat(3_000_000)));
    for path in ["/hang", "/slow", "/endless", "/junk", "/reset", "/header"] {
        gateway.bolt("bad").web("bad", &bad.url(path));
    }
    gateway.bolt("bad").web("bad", &format!("http://{}/", refused_address()));
    for _ in 0..60 {
        gateway.bolt("camera").publish("bad", &json!({"body": "x".repeat(2000)}));
    }
    bad.wait_at("/hang", 1);
    each(0..20, |n| {
        let begun = Instant::now();
        gateway.bolt("camera").publish("good", &json!({}));
        good.wait(n + 1);
        assert!(begun.elapsed() < Duration::from_secs(6), "delayed by {:?}", begun.elapsed());
    });
    gateway.assert_healthy();
}

#[test]
fn one_hook_of_an_app_does_not_hold_up_the_other() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    receiver.at("/hang", Reply::hang());
    gateway.bolt("fax").web("x", &receiver.url("/hang"));
    gateway.bolt("fax").web("x", &receiver.url("/fine"));
    for _ in 0..40 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    assert_eq!(receiver.wait_at("/fine", 40).len(), 40);
    assert_eq!(receiver.wait_at("/hang", 8).len(), 8);
}

#[test]
fn a_log_that_cannot_be_written_blocks_nothing() {
    let mut gateway = Setup::new().log_full().app(App::new("camera")).app(App::new("fax")).start();
    gateway.bolt("fax").web("x", &format!("http://{}/", refused_address()));
    for _ in 0..3 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    until("three dead", WAIT, || gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"") == 3);
    gateway.assert_healthy();
    gateway.stop();
}

#[test]
fn deliveries_do_not_slow_exchanges() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("camera"))
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .link("superapp", "shop")
        .start();
    receiver.at("/hang", Reply::hang());
    for n in 0..30 {
        gateway.bolt("camera").web("x", &receiver.url(&format!("/hang?{n}")));
        receiver.at(&format!("/hang?{n}"), Reply::hang());
    }
    for _ in 0..20 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    let body = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;
    for _ in 0..10 {
        let begun = Instant::now();
        gateway.host("superapp").send(body).expect(200);
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    }
}
