//! accepted = delivered + unanswered + dead + cancelled + pending, at any instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use harness::{App, Call, Receiver, Reply, Setup, WAIT, until};
use serde_json::json;

/// Hooks whose deliveries succeed, die, are refused or wait.
fn setup(receiver: &Receiver) -> Setup {
    receiver.at("/fax/ok", Reply::json("{}")).at("/dead", Reply::status(500)).at("/slow", Reply::status(503));
    let web = |path: &str| format!(r#"{{ route = "{}", type = "web" }}"#, receiver.url(path));
    let hooks = format!(r#""camera/a" = "ok", "camera/*" = {}, "*/a" = {}"#, web("/dead"), web("/slow"));
    Setup::new()
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(&hooks))
        .app(App::new("gallery").url(&receiver.url("/gallery")))
}

#[test]
fn the_delivery_identity_holds_in_every_scrape_under_load() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    let over = Arc::new(AtomicBool::new(false));
    let token = gateway.setup().app_named("camera").token.clone();
    let publishers: Vec<_> = (0..3)
        .map(|_| {
            let (address, over, token) = (gateway.address(), Arc::clone(&over), token.clone());
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let call = Call::new(address, "POST", "/api/events/a").header("X-Bolt-App-Token", &token);
                    call.body("{}").send().expect(200);
                }
            })
        })
        .collect();
    for n in 0..150 {
        if n % 10 == 0 {
            gateway.bolt("gallery").web("*", &receiver.url(&format!("/gone/{n}")));
        } else if n % 10 == 5 {
            gateway.bolt("gallery").unsubscribe("*");
        }
        let (accepted, ended) = gateway.identity();
        assert_eq!(accepted, ended, "in scrape {n}");
    }
    over.store(true, Ordering::Relaxed);
    for publisher in publishers {
        publisher.join().unwrap();
    }
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
    assert!(accepted > 0);
}

#[test]
fn the_delivery_identity_holds_across_kills_retries_and_cancellations() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let mut accepted = 0;
    for round in 0..4 {
        gateway.bolt("gallery").web("*", &receiver.url("/transient"));
        for _ in 0..5 {
            let made = gateway.bolt("camera").publish("a", &json!({}))["deliveries"].as_u64().unwrap();
            assert_eq!(made, 4);
            accepted += made;
        }
        assert_eq!(gateway.identity(), (accepted, accepted), "in round {round}");
        gateway.kill9().start_again();
        assert_eq!(gateway.identity(), (accepted, accepted), "after round {round}");
    }
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let dead = gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"");
    assert!(dead >= 20, "{dead}");
    receiver.always(Reply::json("{}"));
    receiver.at("/dead", Reply::json("{}"));
    let retried = gateway.admin().done("POST", "deliveries/retry", &json!({"status": "dead"}));
    assert_eq!(gateway.identity(), (accepted, accepted), "{retried}");
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert!(gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"") < dead);
    assert_eq!(gateway.identity(), (accepted, accepted));
    gateway.stop().start_again();
    assert_eq!(gateway.identity(), (accepted, accepted));
}

#[test]
fn the_delivery_identity_holds_when_retention_deletes() {
    let receiver = Receiver::start();
    let mut gateway =
        setup(&receiver).set("journal", "keep", "\"1s\"").set("journal", "keep_dead", "\"1s\"").start();
    for _ in 0..5 {
        gateway.bolt("camera").publish("a", &json!({}));
    }
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let before = gateway.identity();
    harness::pause(std::time::Duration::from_millis(1100));
    gateway.stop().start_again();
    until("the old to go", WAIT, || gateway.admin().all("deliveries?limit=250").is_empty());
    assert!(gateway.admin().all("events?limit=250").is_empty());
    assert_eq!(gateway.identity(), before);
    gateway.bolt("camera").publish("a", &json!({}));
    assert_eq!(gateway.identity(), (before.0 + 3, before.1 + 3));
}

#[test]
fn the_lists_count_what_the_metric_counts() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    for _ in 0..7 {
        gateway.bolt("camera").publish("a", &json!({}));
    }
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    for status in ["delivered", "dead", "cancelled", "unanswered"] {
        let listed = gateway.admin().all(&format!("deliveries?status={status}&limit=5")).len() as u64;
        let counted = gateway.metric("footbridge_deliveries_total", &format!("outcome=\"{status}\""));
        assert_eq!(listed, counted, "{status}");
    }
}
