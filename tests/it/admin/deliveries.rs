//! Deliveries over the administration API: listing, attempts and retries.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, each, is_iso_millis, until};
use serde_json::{Value, json};

fn start() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")))
        .app(App::new("gallery"))
        .start();
    gateway.bolt("fax").server("x", "/ok");
    gateway.bolt("gallery").web("*", &receiver.url("/bad"));
    receiver.at("/bad", Reply::status(502).with_body("why not"));
    (gateway, receiver)
}

fn settle(gateway: &Gateway) {
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
}

fn publish(gateway: &Gateway) -> String {
    gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned()
}

const MEMBERS: [&str; 10] = [
    "id",
    "event_id",
    "hook_id",
    "app",
    "url",
    "status",
    "attempts",
    "next_attempt_at",
    "last_status",
    "last_error",
];

#[test]
fn a_delivery_has_every_member_and_its_attempts() {
    let (gateway, receiver) = start();
    let event = publish(&gateway);
    settle(&gateway);
    let admin = gateway.admin();
    let all = admin.all(&format!("deliveries?event={event}&limit=250"));
    assert_eq!(all.len(), 2);
    for delivery in &all {
        for member in MEMBERS {
            assert!(delivery.get(member).is_some(), "no {member} in {delivery}");
        }
        assert!(delivery["id"].as_str().unwrap().starts_with("dlv_"));
        assert_eq!(delivery["event_id"], event.as_str());
        assert!(delivery["hook_id"].as_str().unwrap().starts_with("hook_"));
    }
    let of = |app: &str| all.iter().find(|delivery| delivery["app"] == app).unwrap().clone();
    let (good, bad) = (of("fax"), of("gallery"));
    assert_eq!(
        (&good["status"], &good["attempts"], &good["last_status"]),
        (&json!("delivered"), &json!(1), &json!(200))
    );
    assert_eq!(
        (&bad["status"], &bad["attempts"], &bad["last_status"]),
        (&json!("dead"), &json!(3), &json!(502))
    );
    assert_eq!(good["url"], receiver.url("/fax/ok").as_str());
    assert_eq!(bad["url"], receiver.url("/bad").as_str());
    assert!(bad["next_attempt_at"].is_null());
    let shown = admin.get(&format!("deliveries/{}", bad["id"].as_str().unwrap()));
    let log = shown["attempt_log"].as_array().unwrap();
    assert_eq!(log.len(), 3);
    for (n, attempt) in log.iter().enumerate() {
        assert_eq!((&attempt["n"], &attempt["status"]), (&json!(n + 1), &json!(502)), "{attempt}");
        assert!(attempt["at"].as_str().is_some_and(is_iso_millis), "{attempt}");
        assert!(attempt["ms"].is_number() && attempt.get("error").is_some(), "{attempt}");
    }
}

#[test]
fn deliveries_can_be_filtered() {
    let (gateway, _receiver) = start();
    let one = publish(&gateway);
    publish(&gateway);
    settle(&gateway);
    let rows = [
        (String::new(), 4),
        (format!("event={one}"), 2),
        ("app=fax".into(), 2),
        ("app=FAX".into(), 2),
        ("status=dead".into(), 2),
        ("status=delivered".into(), 2),
        ("status=pending".into(), 0),
        (format!("event={one}&app=gallery&status=dead"), 1),
        (format!("event={one}&app=fax&status=dead"), 0),
        ("event=evt_nonsense".into(), 0),
    ];
    each(rows, |(filter, count)| {
        let answer = gateway.admin().call("GET", &format!("deliveries?{filter}")).send();
        if filter == "event=evt_nonsense" && matches!(answer.status, 400 | 404 | 422) {
            return;
        }
        assert_eq!(answer.expect(200).json()["data"].as_array().unwrap().len(), *count);
    });
    let bad = gateway.admin().call("GET", "deliveries?status=lost").send();
    assert!(matches!(bad.status, 400 | 422), "{}", bad.text());
}

#[test]
fn only_dead_and_cancelled_deliveries_can_be_retried() {
    let (gateway, receiver) = start();
    let event = publish(&gateway);
    settle(&gateway);
    let all = gateway.admin().all(&format!("deliveries?event={event}"));
    let id = |status: &str| {
        let delivery = all.iter().find(|delivery| delivery["status"] == status).unwrap();
        delivery["id"].as_str().unwrap().to_owned()
    };
    let delivered =
        gateway.admin().send("POST", &format!("deliveries/{}/retry", id("delivered")), &json!({}));
    assert!((400..500).contains(&delivered.status), "{}", delivered.text());
    gateway.admin().send("POST", "deliveries/dlv_nonsense/retry", &json!({})).expect(404);
    receiver.at("/bad", Reply::json("{}"));
    gateway.admin().done("POST", &format!("deliveries/{}/retry", id("dead")), &json!({}));
    settle(&gateway);
    let delivery = gateway.admin().get(&format!("deliveries/{}", id("dead")));
    assert_eq!(delivery["status"], "delivered");
    assert_eq!(gateway.identity(), (2, 2));
}

#[test]
fn a_bulk_retry_counts_first_and_then_retries() {
    let (gateway, receiver) = start();
    let events: Vec<_> = (0..5).map(|_| publish(&gateway)).collect();
    settle(&gateway);
    receiver.at("/bad", Reply::json("{}"));
    let before = receiver.count();
    let admin = gateway.admin();
    let counted = admin.done("POST", "deliveries/retry", &json!({"status": "dead", "dry_run": true}));
    assert!(says(&counted, 5), "{counted}");
    harness::pause(std::time::Duration::from_millis(100));
    assert_eq!(receiver.count(), before, "a dry run sends nothing");
    assert_eq!(admin.all("deliveries?status=dead").len(), 5);
    let one = admin.done("POST", "deliveries/retry", &json!({"status": "dead", "event": events[0]}));
    assert!(says(&one, 1), "{one}");
    settle(&gateway);
    assert_eq!(admin.all("deliveries?status=dead").len(), 4);
    let none = admin.done("POST", "deliveries/retry", &json!({"status": "dead", "app": "fax"}));
    assert!(says(&none, 0), "{none}");
    admin.done("POST", "deliveries/retry", &json!({"status": "dead", "app": "gallery"}));
    settle(&gateway);
    assert_eq!(admin.all("deliveries?status=dead").len(), 0);
    assert_eq!(gateway.identity(), (10, 10));
}

#[test]
fn deliveries_that_die_again_are_retried_once_per_bulk_retry() {
    // A private address is refused, so that the deliveries die at once.
    let setup = Setup::new().set("retry", "schedule", r#"["1ms"]"#);
    let setup = setup.app(App::new("camera")).app(App::new("gone"));
    let hook = r#""x" = { route = "http://10.0.0.1/", type = "web" }"#;
    let add = |setup: Setup, n| setup.app(App::new(&format!("fax{n}")).hooks(hook));
    let gateway = (0..20).fold(setup, add).start();
    gateway.bolt("gone").web("y", &format!("http://{}/", harness::refused_address()));
    for _ in 0..120 {
        publish(&gateway);
    }
    gateway.bolt("camera").publish("y", &json!({}));
    settle(&gateway);
    gateway.bolt("gone").unsubscribe("y");
    let admin = gateway.admin();
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"dead\""), 20 * 120 + 1);
    let counted = admin.done("POST", "deliveries/retry", &json!({"status": "dead", "dry_run": true}));
    assert_eq!(counted["count"], 20 * 120, "the hook of one is gone");
    assert_eq!(admin.done("POST", "deliveries/retry", &json!({"status": "dead"}))["count"], 20 * 120);
    settle(&gateway);
    let mut all = admin.all("deliveries?limit=250");
    all.retain(|delivery| delivery["app"] != "gone");
    assert_eq!(all.len(), 20 * 120);
    assert!(all.iter().all(|delivery| delivery["attempts"] == 2), "each once, no more");
}

/// Returns true if any member of the answer has this number.
fn says(answer: &Value, count: u64) -> bool {
    answer.as_object().is_some_and(|answer| answer.values().any(|value| *value == count))
}

#[test]
fn an_attempt_at_an_unreachable_receiver_has_an_error_and_no_status() {
    let (gateway, _receiver) = start();
    gateway.bolt("gallery").unsubscribe("*");
    gateway.bolt("gallery").web("y", &format!("http://{}/", harness::refused_address()));
    let event = gateway.bolt("camera").publish("y", &json!({}))["id"].as_str().unwrap().to_owned();
    settle(&gateway);
    let delivery = gateway.admin().delivery(&event);
    assert_eq!(delivery["status"], "dead");
    assert!(delivery["last_status"].is_null(), "{delivery}");
    assert!(delivery["last_error"].as_str().is_some_and(|why| !why.is_empty()), "{delivery}");
}
