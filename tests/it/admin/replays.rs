//! Sending now, retrying and replaying deliveries: one at a time and by filter.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, each, until};
use serde_json::{Value, json};

/// Two subscribers of `x`, one that succeeds and one that fails, with an hour between attempts.
fn start() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""x" = "ok""#))
        .app(App::new("gallery").url(&receiver.url("/gallery")).hooks(r#""x" = "bad""#))
        .start();
    receiver.at("/gallery/bad", Reply::status(503));
    (gateway, receiver)
}

fn publish(gateway: &Gateway) -> String {
    gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn settle(gateway: &Gateway, filter: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    until(filter, WAIT, || {
        found = gateway.admin().all(&format!("deliveries?limit=250&{filter}"));
        found.len() == count
    });
    found
}

fn id(delivery: &Value) -> String {
    delivery["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn many(gateway: &Gateway, verb: &str, request: &Value) -> u64 {
    gateway.admin().done("POST", &format!("deliveries/{verb}"), request)["count"].as_u64().unwrap()
}

#[test]
fn replaying_a_delivered_event_makes_a_new_delivery() {
    let (mut gateway, receiver) = start();
    let event = publish(&gateway);
    let delivered = settle(&gateway, "status=delivered", 1).remove(0);
    let answer = gateway.admin().send("POST", &format!("deliveries/{}/replay", id(&delivered)), &json!({}));
    let new = answer.expect(202).json();
    assert_ne!(new["id"], delivered["id"]);
    assert_eq!((&new["event_id"], &new["hook_id"]), (&delivered["event_id"], &delivered["hook_id"]));
    let got = receiver.wait_at("/fax/ok", 2);
    assert_eq!(got[0].json()["id"], got[1].json()["id"], "the event is the same");
    assert_eq!(got[1].header("footbridge-delivery-id"), new["id"].as_str());
    assert_eq!(got[1].header("footbridge-attempt"), Some("1"));
    // The new delivery belongs to the event and counts as accepted.
    settle(&gateway, &format!("event={event}"), 3);
    settle(&gateway, "status=delivered", 2);
    assert_eq!(gateway.identity(), (3, 3));
    gateway.kill9().start_again();
    assert_eq!(gateway.identity(), (3, 3));
    settle(&gateway, &format!("event={event}&status=delivered"), 2);
}

#[test]
fn replaying_a_pending_delivery_sends_it_now() {
    let (gateway, receiver) = start();
    for _ in 0..3 {
        publish(&gateway);
    }
    let waits = |count| {
        until("first attempts", WAIT, || receiver.requests_at("/gallery/bad").len() == count);
        settle(&gateway, "status=pending&app=gallery&code=503", 3)
    };
    let one = id(&waits(3)[0]);
    gateway.admin().send("POST", &format!("deliveries/{one}/retry"), &json!({})).expect(202);
    receiver.wait_at("/gallery/bad", 4);
    until("the second attempt", WAIT, || gateway.admin().get(&format!("deliveries/{one}"))["attempts"] == 2);
    assert_eq!(
        gateway.admin().get(&format!("deliveries/{one}"))["status"],
        "dead",
        "its schedule of two attempts went on"
    );
    receiver.at("/gallery/bad", Reply::json("{}"));
    assert_eq!(many(&gateway, "retry", &json!({"status": "pending", "app": "gallery", "dry_run": true})), 2);
    assert_eq!(many(&gateway, "retry", &json!({"status": "pending", "app": "gallery"})), 2);
    settle(&gateway, "status=delivered&app=gallery", 2);
    assert_eq!(many(&gateway, "retry", &json!({"code": 503})), 1, "without a status the dead ones");
    settle(&gateway, "status=delivered&app=gallery", 3);
    assert_eq!(gateway.identity(), (6, 6));
}

#[test]
fn cancelled_deliveries_are_replayed_together() {
    let (gateway, receiver) = start();
    for _ in 0..3 {
        publish(&gateway);
    }
    until("first attempts", WAIT, || receiver.requests_at("/gallery/bad").len() == 3);
    receiver.at("/gallery/bad", Reply::status(410));
    many(&gateway, "retry", &json!({"status": "pending", "app": "gallery"}));
    // The first 410 ends its delivery and disables the hook; unsent deliveries are cancelled.
    until("the end", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let cancelled = gateway.admin().all("deliveries?status=cancelled").len();
    let hook = || gateway.admin().all("hooks?app=gallery").remove(0);
    // It is switched off right after its deliveries were cancelled.
    until("the hook is disabled", WAIT, || hook()["enabled"] == false);
    let hook = hook();
    receiver.at("/gallery/bad", Reply::json("{}"));
    gateway.admin().done(
        "PATCH",
        &format!("hooks/{}", hook["id"].as_str().unwrap()),
        &json!({"enabled": true}),
    );
    let again = many(&gateway, "retry", &json!({"status": "cancelled", "hook": hook["id"]}));
    assert_eq!(again, cancelled as u64);
    many(&gateway, "retry", &json!({"status": "dead", "hook": hook["id"]}));
    settle(&gateway, "status=delivered&app=gallery", 3);
    assert_eq!(gateway.identity(), (6, 6));
}

#[test]
fn a_filter_picks_what_is_replayed() {
    let (gateway, receiver) = start();
    let first = publish(&gateway);
    publish(&gateway);
    settle(&gateway, "status=delivered", 2);
    let count = |request: &Value| many(&gateway, "replay", request);
    let rows = [
        (json!({"app": "fax"}), 2),
        (json!({"app": "FAX", "name": "x"}), 2),
        (json!({"name": "y"}), 0),
        (json!({"event": first}), 1),
        (json!({"code": 200}), 2),
        (json!({"code": 500}), 0),
        (json!({"since": "1h"}), 2),
        (json!({"until": "1h"}), 0),
        (json!({"since": "2020-01-01", "until": "2020-01-02T00:00:00Z"}), 0),
        (json!({"app": "gallery"}), 0),
        (json!({"status": "dead", "since": "1h"}), 0),
    ];
    each(rows, |(request, expected)| {
        let mut request = request.clone();
        request["dry_run"] = json!(true);
        assert_eq!(count(&request), *expected);
    });
    assert_eq!(receiver.requests_at("/fax/ok").len(), 2, "a dry run sends nothing");
    assert_eq!(count(&json!({"event": first})), 1);
    receiver.wait_at("/fax/ok", 3);
    settle(&gateway, "status=delivered", 3);
    // Deliveries made by a replay are included in the next replay, each once.
    assert_eq!(count(&json!({"since": "1h"})), 3);
    receiver.wait_at("/fax/ok", 6);
    settle(&gateway, "status=delivered", 6);
    assert_eq!(gateway.identity(), (8, 8));
}

#[test]
fn an_ambiguous_replay_is_refused_with_advice() {
    let (gateway, receiver) = start();
    publish(&gateway);
    let delivered = id(&settle(&gateway, "status=delivered", 1)[0]);
    until("the first attempt", WAIT, || receiver.requests_at("/gallery/bad").len() == 1);
    let pending = id(&settle(&gateway, "status=pending", 1)[0]);
    let rows = [
        (format!("deliveries/{delivered}/retry"), json!({}), 409, "replay it"),
        (format!("deliveries/{pending}/replay"), json!({}), 409, "retry it"),
        ("deliveries/replay".into(), json!({}), 422, "`since`"),
        ("deliveries/replay".into(), json!({"dry_run": true}), 422, "`since`"),
        ("deliveries/replay".into(), json!({"status": "pending", "since": "1h"}), 422, "retried"),
        ("deliveries/retry".into(), json!({"status": "delivered"}), 422, "replayed"),
        ("deliveries/retry".into(), json!({"since": "yesterday"}), 422, "2h for two hours ago"),
        ("deliveries/retry".into(), json!({"code": "500"}), 422, "`code`"),
        ("deliveries/retry".into(), json!({"pace": 1}), 422, "`since`"),
        ("deliveries/dlv_0000000000001/replay".into(), json!({}), 404, "delivery"),
    ];
    each(rows, |(path, request, status, says)| {
        let answer = gateway.admin().send("POST", path, request).expect(*status);
        assert!(answer.text().contains(says), "{}", answer.text());
    });
    let wrong = gateway.admin().call("GET", "deliveries?since=soon").send().expect(400).text();
    assert!(wrong.contains("`since`") && wrong.contains("2026-01-31T12:00:00Z"), "{wrong}");
    assert_eq!(gateway.identity(), (2, 2));
}
