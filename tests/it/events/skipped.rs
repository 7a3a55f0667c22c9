//! Deliveries to a disabled hook or app are stored as skipped and can be replayed.

use harness::{Gateway, WAIT, each, until};
use serde_json::{Value, json};

use super::apps::{apps, setup};

fn holds(gateway: &Gateway) {
    let (accepted, rest) = gateway.identity();
    assert_eq!(accepted, rest);
}

fn one(gateway: &Gateway, event: &Value) -> Value {
    gateway.admin().delivery(event["id"].as_str().unwrap())
}

#[test]
fn deliveries_to_a_disabled_app_are_skipped_and_can_be_replayed() {
    let (mut gateway, receiver) = apps();
    let hook = json!({"app": "fax", "pattern": "camera/x", "route": receiver.url("/x"), "type": "web"});
    let hook = gateway.admin().done("POST", "hooks", &hook)["id"].as_str().unwrap().to_owned();
    let made = gateway.admin().done("POST", "apps", &json!({"name": "made"}));
    let theirs = json!({"app": "made", "pattern": "camera/y", "route": receiver.url("/y"), "type": "web"});
    gateway.admin().done("POST", "hooks", &theirs);
    assert_eq!(made["enabled"], true);
    let switch = |gateway: &Gateway, path: &str, on: bool| {
        gateway.admin().done("PATCH", path, &json!({"enabled": on}));
    };
    let path = format!("hooks/{hook}");
    switch(&gateway, &path, false);
    switch(&gateway, "apps/made", false);
    let rows = [("x", "the hook was switched off"), ("y", "the app was switched off")];
    let events: Vec<Value> = rows
        .iter()
        .map(|(name, why)| {
            let event = gateway.bolt("camera").publish(name, &json!({"body": {"n": 1}}));
            assert_eq!(event["deliveries"], 0, "{event}");
            let delivery = one(&gateway, &event);
            assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("cancelled"), &json!(0)));
            assert_eq!(delivery["last_error"], format!("skipped: {why}"));
            event
        })
        .collect();
    holds(&gateway);
    // Events for other recipients are not skipped.
    for other in [json!({"subscribers": ["gallery"]}), json!({"subscribers": []})] {
        let event = gateway.bolt("camera").publish("x", &other);
        let all = gateway.admin().all(&format!("deliveries?event={}", event["id"].as_str().unwrap()));
        assert!(all.is_empty(), "{all:?}");
    }
    gateway.kill9().start_again();
    holds(&gateway);
    switch(&gateway, &path, true);
    switch(&gateway, "apps/made", true);
    assert_eq!(receiver.count(), 0, "nothing goes out by itself");
    each(events.iter().zip(["/x", "/y"]), |(event, path)| {
        let id = one(&gateway, event)["id"].as_str().unwrap().to_owned();
        gateway.admin().done("POST", &format!("deliveries/{id}/retry"), &json!({}));
        let got = receiver.wait_at(path, 1).pop().unwrap();
        assert_eq!((&got.json()["id"], &got.json()["body"]), (&event["id"], &json!({"n": 1})));
        until("its end", WAIT, || one(&gateway, event)["status"] == "delivered");
    });
    holds(&gateway);
    gateway.assert_healthy();
}

#[test]
fn a_private_event_is_not_skipped_for_a_wildcard_hook() {
    let receiver = harness::Receiver::start();
    let camera = harness::App::new("camera").line(r#"private = ["secret"]"#);
    let gateway = setup(&receiver).without_app("camera").app(camera).start();
    let hook = json!({"app": "fax", "pattern": "*", "route": receiver.url("/x"), "type": "web"});
    let hook = gateway.admin().done("POST", "hooks", &hook)["id"].as_str().unwrap().to_owned();
    gateway.admin().done("PATCH", &format!("hooks/{hook}"), &json!({"enabled": false}));
    let event = gateway.bolt("camera").publish("secret", &json!({}));
    let all = gateway.admin().all(&format!("deliveries?event={}", event["id"].as_str().unwrap()));
    assert!(all.is_empty(), "{all:?}");
    one(&gateway, &gateway.bolt("camera").publish("open", &json!({})));
}
