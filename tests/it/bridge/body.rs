//! The format of a bridge request; the payload passes byte for byte.

use harness::{Bytes, Receiver, assert_bridge_error, each, members, payloads, raw_member};

use super::pair::{event, pair, setup};

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn not_json() -> Vec<Bytes> {
    let good = event("{}");
    let mut rows: Vec<Bytes> =
        ["", " ", "null", "[]", "5", "\"x\"", "{", "{}", "{'a':1}", "[{}]", "nul", "{\"a\"}"]
            .map(Bytes::from)
            .into();
    rows.push(format!("{good}x").into());
    rows.push(format!("{good}{good}").into());
    rows.push(format!("\u{feff}{good}").into());
    for payload in ["NaN", "[1,]", "01", "\"a\nb\"", "/*c*/1", "'x'", "\"\\x\"", "+1", "1.", "\"", ""] {
        rows.push(event(payload).into());
    }
    rows.push([&good.as_bytes()[..good.len() - 3], b"\"\xff\"}"].concat().into());
    rows.push([b"{\"\xc3(\":1,", &good.as_bytes()[1..]].concat().into());
    rows.push(event(&nested(64)).into());
    rows.push(event(&nested(100_000)).into());
    rows.push(event(&"{\"a\":".repeat(100_000)).into());
    rows.push("[".repeat(300_000).into());
    rows
}

fn wrong_members() -> Vec<Bytes> {
    let good = event("{}");
    let mut rows: Vec<Bytes> = Vec::new();
    for (name, old) in [("app_id", "shop"), ("client_id", "superapp"), ("event_type", "user_profile_updated")]
    {
        let member = format!("\"{name}\":\"{old}\"");
        rows.push(good.replace(&format!("{member},"), "").into());
        for new in ["null", "5", "true", "[]", "{}", "\"\"", "[\"shop\"]"] {
            rows.push(good.replace(&member, &format!("\"{name}\":{new}")).into());
        }
        rows.push(good.replacen('{', &format!("{{{member},"), 1).into());
    }
    rows.push(good.replace(",\"payload\":{}", "").into());
    rows.push(good.replacen('{', "{\"payload\":1,", 1).into());
    rows.push(good.replacen('{', "{\"\\u0070ayload\":1,", 1).into());
    rows.push(good.replace("user_profile_updated", &"x".repeat(129)).into());
    rows.push(good.replace("user_profile_updated", "\\ud800").into());
    rows
}

#[test]
fn what_is_not_an_event_is_400() {
    let (mut gateway, receiver) = pair();
    let host = gateway.host("superapp");
    each(not_json().into_iter().chain(wrong_members()), |body| {
        let id = assert_bridge_error(&host.send(&body.0), 400, "INVALID_EVENT_DATA");
        assert!(id.is_some(), "credentials were proved, so there is an id");
    });
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
    host.send(event("{}")).expect(200);
}

#[test]
fn other_content_types_are_415() {
    let (gateway, receiver) = pair();
    let host = gateway.host("superapp");
    let bare = || host.call(event("{}")).without("Content-Type");
    assert_bridge_error(&bare().send(), 415, "INVALID_EVENT_DATA");
    each(
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "json",
        ],
        |kind| {
            assert_bridge_error(&bare().header("Content-Type", kind).send(), 415, "INVALID_EVENT_DATA");
        },
    );
    assert_eq!(receiver.count(), 0);
    let good = [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.boxo+json",
        "application/cloudevents+json",
    ];
    each(good, |kind| {
        bare().header("Content-Type", kind).send().expect(200);
    });
}

#[test]
fn the_payload_passes_byte_for_byte() {
    let (gateway, receiver) = pair();
    let host = gateway.host("superapp");
    each(payloads(), |payload| {
        let before = receiver.count();
        host.send(event(payload)).expect(200);
        let got = receiver.wait(before + 1).pop().unwrap();
        assert_eq!(raw_member(&got.body, "payload"), *payload);
        let mut names = members(&got.body);
        names.sort();
        assert_eq!(names, ["app_id", "client_id", "event_type", "payload"]);
        let members = ["app_id", "client_id", "event_type"].map(|name| raw_member(&got.body, name));
        assert_eq!(members, ["\"shop\"", "\"superapp\"", "\"user_profile_updated\""]);
    });
}

#[test]
fn members_may_be_reordered_escaped_and_mixed_with_unknown_ones() {
    let (gateway, receiver) = pair();
    let body = r#" { "x":1, "x":2, "payload" : [ 7 ], "event_type":"\u0065\"\\é", "client_id":"superap\u0070",
        "authorization":"no", "app_id":"shop", "extra":{"payload":1,"payload":2} } "#;
    gateway.host("superapp").send(body).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    assert_eq!(raw_member(&got.body, "payload"), "[ 7 ]");
    assert_eq!(got.json()["event_type"], "e\"\\é");
    assert_eq!(got.json()["client_id"], "superapp");
    assert_eq!(members(&got.body).len(), 4, "{}", got.text());
}

#[test]
fn an_event_type_has_128_characters_at_most_not_bytes() {
    let (gateway, receiver) = pair();
    let host = gateway.host("superapp");
    for kind in ["x".repeat(128), "é".repeat(128), "😀".repeat(128)] {
        host.send(event("1").replace("user_profile_updated", &kind)).expect(200);
        assert_eq!(receiver.requests().pop().unwrap().json()["event_type"], kind);
    }
    let long = host.send(event("1").replace("user_profile_updated", &"é".repeat(129)));
    assert_bridge_error(&long, 400, "INVALID_EVENT_DATA");
}

#[test]
fn the_size_limit_counts_the_whole_body() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("limits", "bridge_body", "\"4KiB\"").start();
    let host = gateway.host("superapp");
    let frame = event("\"\"").len();
    let sized = |size: usize| event(&format!("{:?}", "x".repeat(size - frame)));
    host.send(sized(4096)).expect(200);
    let answer = host.send(sized(4097));
    assert!(assert_bridge_error(&answer, 413, "INVALID_EVENT_DATA").is_some());
    // Whitespace counts too: the limit applies to the bytes of the request.
    assert_bridge_error(&host.send(sized(2000) + &" ".repeat(4096)), 413, "INVALID_EVENT_DATA");
    assert_eq!(receiver.count(), 1);
    gateway.assert_healthy();
}
