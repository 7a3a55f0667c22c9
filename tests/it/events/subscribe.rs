//! Creating transient hooks.

use harness::{each, members, raw_member};
use serde_json::json;

use super::apps::apps;

#[test]
fn subscribing_answers_with_the_hook() {
    let (gateway, receiver) = apps();
    let url = receiver.url("/w");
    let rows = [
        (
            "camera/photo-saved",
            json!({"route": "hooks/photo"}),
            "camera",
            "photo-saved",
            "hooks/photo",
            "server",
        ),
        (
            "Photo-Saved",
            json!({"route": "/hooks//photo?x=1"}),
            "*",
            "photo-saved",
            "/hooks//photo?x=1",
            "server",
        ),
        ("camera/*", json!({"route": url, "type": "web"}), "camera", "*", url.as_str(), "web"),
        ("*", json!({"route": "localhost:9/x", "type": "web"}), "*", "*", "localhost:9/x", "web"),
        ("fax/x", json!({"route": "/r", "type": "server"}), "fax", "x", "/r", "server"),
    ];
    each(rows, |(pattern, request, publisher, event, route, kind)| {
        let answer = gateway.bolt("fax").post(&format!("sub/{pattern}"), request.to_string()).expect(200);
        let body = raw_member(&answer.body, "body");
        assert_eq!(members(body.as_bytes()), ["id", "publisher", "event", "route", "type", "transient"]);
        let hook = &answer.json()["body"];
        assert!(hook["id"].as_str().unwrap().starts_with("hook_"));
        let expected = json!({"id": hook["id"], "publisher": publisher, "event": event, "route": route,
            "type": kind, "transient": true});
        assert_eq!(*hook, expected);
    });
}

#[test]
fn subscribing_twice_returns_the_same_hook() {
    let (gateway, receiver) = apps();
    let fax = gateway.bolt("fax");
    let first = fax.server("photo-saved", "/x");
    for same in ["photo-saved", "*/photo-saved", "PHOTO-SAVED", "*%5Cphoto-saved"] {
        assert_eq!(fax.server(same, "/x"), first, "{same}");
    }
    let others = [
        fax.server("photo-saved", "/y"),
        fax.server("photo-gone", "/x"),
        fax.web("photo-saved", &receiver.url("/x")),
        gateway.bolt("gallery").server("photo-saved", "/x"),
    ];
    for other in &others {
        assert_ne!(other["id"], first["id"]);
    }
    let deliveries = gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"].clone();
    assert_eq!(deliveries, 4, "two of fax at the app, one web, one of gallery");
}

#[test]
fn a_transient_hook_is_listed() {
    let (gateway, _receiver) = apps();
    let hook = gateway.bolt("fax").server("camera/photo-saved", "/x");
    let listed = gateway.admin().all("hooks?app=fax");
    assert_eq!(listed.len(), 1);
    let listed = &listed[0];
    for member in ["id", "publisher", "event", "route", "type", "transient"] {
        assert_eq!(listed[member], hook[member], "{member}");
    }
    assert_eq!((&listed["app"], &listed["enabled"]), (&json!("fax"), &json!(true)));
    assert!(listed["created_at"].is_string());
}

#[test]
fn transient_hooks_end_with_the_server() {
    let (mut gateway, receiver) = apps();
    for kill in [true, false] {
        gateway.bolt("fax").web("*", &receiver.url("/x"));
        if kill {
            gateway.kill9().start_again();
        } else {
            gateway.stop().start_again();
        }
        assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 0);
        assert!(gateway.admin().all("hooks?app=fax").is_empty());
    }
    assert_eq!(receiver.count(), 0);
}

#[test]
fn an_app_without_an_address_may_hold_web_hooks_only() {
    let (gateway, receiver) = apps();
    let pen = gateway.bolt("pen");
    let refused = pen.post("sub/photo-saved", json!({"route": "/x"}).to_string());
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    assert_ne!(refused.json()["code"], 0);
    pen.web("photo-saved", &receiver.url("/pen"));
    gateway.bolt("camera").publish("photo-saved", &json!({}));
    assert_eq!(receiver.wait(1)[0].path, "/pen");
}

#[test]
fn hooks_per_app_are_limited() {
    let receiver = harness::Receiver::start();
    let gateway = super::apps::setup(&receiver).set("limits", "hooks_per_app", "3").start();
    let fax = gateway.bolt("fax");
    for n in 0..3 {
        fax.server("x", &format!("/{n}"));
    }
    let over = fax.post("sub/x", r#"{"route":"/3"}"#);
    harness::assert_bolt_error(&over, 429, 149);
    fax.server("x", "/0");
    gateway.bolt("gallery").server("x", "/0");
    fax.unsubscribe("x");
    fax.server("x", "/3");
}
