//! Headers of a delivery: the allowed ones of the publisher, then the server's.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::{assert_bolt_error, each, verify_signature};
use serde_json::{Map, Value, json};

use super::apps::apps;

#[test]
fn all_footbridge_headers_are_sent_and_the_signature_verifies() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").server("x", "/s");
    gateway.bolt("gallery").web("x", &receiver.url("/w"));
    let id = gateway.bolt("camera").publish("x", &json!({"body": "ü 😀"}))["id"].as_str().unwrap().to_owned();
    for got in receiver.wait(2) {
        let owner = if got.path == "/w" { "gallery" } else { "fax" };
        assert_eq!(got.all("content-type"), ["application/json"]);
        assert!(got.header("user-agent").unwrap().starts_with("Footbridge/"));
        assert_eq!(got.all("webhook-id"), [id.as_str()]);
        assert_eq!(got.all("host"), [receiver.address().to_string()]);
        assert!(got.header("footbridge-delivery-id").unwrap().starts_with("dlv_"));
        assert_eq!(got.all("footbridge-attempt"), ["1"]);
        assert_eq!(got.header("authorization"), None);
        let stamp: u64 = got.header("webhook-timestamp").unwrap().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(now.abs_diff(stamp) < 30, "{stamp}");
        verify_signature(&got, &gateway.setup().app_named(owner).signing_secret).unwrap();
        assert!(verify_signature(&got, &gateway.setup().app_named("camera").signing_secret).is_err());
    }
}

#[test]
fn x_headers_of_the_publisher_pass() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("x", &receiver.url("/w"));
    let mut headers = Map::new();
    headers.insert("X-Bolt-User-Name".into(), "frank".into());
    headers.insert("x-request-id".into(), "a b; c=\"d\"".into());
    headers.insert("X-EMPTY".into(), "".into());
    for n in 0..17 {
        headers.insert(format!("x-{n}"), Value::from(n.to_string()));
    }
    assert_eq!(headers.len(), 20);
    gateway.bolt("camera").publish("x", &json!({"headers": headers}));
    let got = receiver.wait(1).pop().unwrap();
    for (name, value) in &headers {
        assert_eq!(got.all(name), [value.as_str().unwrap()], "{name}");
    }
}

#[test]
fn every_other_header_is_143_and_nothing_is_published() {
    let (mut gateway, receiver) = apps();
    gateway.bolt("fax").web("x", &receiver.url("/w"));
    let names = [
        "Host",
        "Authorization",
        "Cookie",
        "Content-Type",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "TE",
        "User-Agent",
        "Forwarded",
        "X-Forwarded-For",
        "x-forwarded-anything",
        "X-Bolt-App-Token",
        "x-bolt-app-token",
        "webhook-id",
        "Webhook-Signature",
        "Footbridge-Delivery-Id",
        "footbridge-attempt",
        "custom",
        "xcustom",
        "",
        " x-a",
        "x-a ",
        "x a",
        "x-a:",
        "x-a\r\nHost",
        "x-ü",
        "x-\u{0}",
    ];
    let mut rows: Vec<Value> = names.iter().map(|name| json!({"headers": {*name: "v"}})).collect();
    for value in ["a\r\nHost: evil", "a\nb", "a\rb", "a\u{0}b", "\u{7f}"] {
        rows.push(json!({"headers": {"x-a": value}}));
    }
    for value in [json!(5), json!(null), json!(true), json!([]), json!({}), json!(["a"])] {
        rows.push(json!({"headers": {"x-a": value}}));
    }
    for value in [json!(5), json!("x-a: b"), json!([]), json!([["x-a", "b"]]), json!(true)] {
        rows.push(json!({ "headers": value }));
    }
    let many: Map<String, Value> = (0..21).map(|n| (format!("x-{n}"), "v".into())).collect();
    rows.push(json!({"headers": many}));
    each(rows, |request| {
        assert_bolt_error(&gateway.bolt("camera").post("x", request.to_string()), 400, 143);
    });
    assert_eq!(gateway.admin().all("events?limit=250").len(), 0);
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
}

#[test]
fn a_claim_about_the_user_gives_no_right() {
    let (gateway, _receiver) = apps();
    let admin = gateway.call("GET", "/api/v1/apps").header("X-Bolt-User-Name", "admin").send();
    assert_eq!(admin.status, 401);
    let bolt = gateway.call("POST", "/api/events/x").header("X-Bolt-User-Name", "admin").body("{}").send();
    assert_bolt_error(&bolt, 401, 110);
}
