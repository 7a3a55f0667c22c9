//! Every error code of the table, and which of several comes first.

use harness::{Bytes, Receiver, assert_bolt_error, each};
use serde_json::json;

use super::apps::{apps, setup};

#[test]
fn without_a_token_110_with_an_unknown_one_113() {
    let (gateway, _receiver) = apps();
    let bare = |body: &str| gateway.call("POST", "/api/events/x").body(body);
    each(["{}", "", "{", "[]", r#"{"headers":5}"#], |body| {
        assert_bolt_error(&bare(body).send(), 401, 110);
        assert_bolt_error(&bare(body).header("X-Bolt-App-Token", "nobody's").send(), 401, 113);
    });
    let camera = gateway.setup().app_named("camera").clone();
    let others = [
        camera.secret_key.as_str(),
        &camera.signing_secret,
        harness::ADMIN_TOKEN,
        "camera",
        &camera.token[1..],
    ];
    each(others, |token| assert_bolt_error(&bare("{}").header("X-Bolt-App-Token", token).send(), 401, 113));
    let delete = gateway.call("DELETE", "/api/events/x").send();
    assert_bolt_error(&delete, 401, 110);
    let credential = harness::basic("Token", "camera", &camera.secret_key);
    assert_bolt_error(&bare("{}").header("Authorization", credential).send(), 401, 110);
    assert_bolt_error(&bare("{}").header("X-Bolt-App-Token", "").send(), 401, bare_code(&gateway));
}

/// An empty header counts as no header or as an unknown token; both are 401.
fn bare_code(gateway: &harness::Gateway) -> u64 {
    let answer = gateway.call("POST", "/api/events/x").header("X-Bolt-App-Token", "").body("{}").send();
    let code = answer.json()["code"].as_u64().unwrap();
    assert!(matches!(code, 110 | 113), "{code}");
    code
}

#[test]
fn other_methods_are_103() {
    let (gateway, _receiver) = apps();
    let camera = gateway.bolt("camera");
    each(["GET", "PUT", "PATCH"], |method| {
        each(["x", "sub/x", "camera/x"], |tail| {
            assert_bolt_error(&camera.call(method, tail, "").send(), 404, 103);
        });
    });
}

#[test]
fn what_is_not_a_good_object_is_143() {
    let (mut gateway, receiver) = apps();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    let mut rows: Vec<Bytes> = [
        "null",
        "[]",
        "5",
        "\"x\"",
        "true",
        "{",
        "{}x",
        "{}{}",
        "{'a':1}",
        "\u{feff}{}",
        "{\"a\":}",
        "{\"body\":NaN}",
    ]
    .map(Bytes::from)
    .into();
    for bad in [
        r#"{"body":1,"body":2}"#,
        r#"{"headers":{},"headers":{}}"#,
        r#"{"subscribers":[],"subscribers":[]}"#,
        r#"{"subscribers":"fax"}"#,
        r#"{"subscribers":[5]}"#,
        r#"{"subscribers":[null]}"#,
        r#"{"subscribers":{}}"#,
        r#"{"subscribers":[["fax"]]}"#,
    ] {
        rows.push(bad.into());
    }
    rows.push(b"{\"body\":\"\xff\"}".into());
    rows.push(format!("{{\"body\":{}{}}}", "[".repeat(64), "]".repeat(64)).into());
    rows.push(format!("{{\"body\":{}", "[".repeat(100_000)).into());
    rows.push(format!("{{\"body\":{}", "{\"a\":".repeat(40_000)).into());
    each(rows, |body| assert_bolt_error(&gateway.bolt("camera").post("x", &body.0), 400, 143));
    let hooks = [
        r#"{"route":5}"#,
        r#"{"route":["/x"]}"#,
        r#"{"route":{}}"#,
        r#"{"route":"/x","type":5}"#,
        r#"{"route":"/x","type":["web"]}"#,
        r#"{"route":"/x","route":"/y"}"#,
        r#"{"route":"/x","type":"web","type":"server"}"#,
    ];
    each(hooks, |body| assert_bolt_error(&gateway.bolt("camera").post("sub/x", body), 400, 143));
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
}

#[test]
fn too_large_is_144() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("limits", "event_body", "\"4KiB\"").start();
    let sized = |size: usize| format!("{{\"body\":\"{}\"}}", "x".repeat(size - 11));
    assert_eq!(sized(4096).len(), 4096);
    gateway.bolt("camera").post("x", sized(4096)).expect(200);
    assert_bolt_error(&gateway.bolt("camera").post("x", sized(4097)), 413, 144);
    assert_bolt_error(&gateway.bolt("camera").post("sub/x", sized(5000)), 413, 144);
}

#[test]
fn over_the_publish_rate_is_146() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("limits", "publish_rate", "\"1/s burst 5\"").start();
    let camera = gateway.bolt("camera");
    for _ in 0..5 {
        camera.publish("x", &json!({}));
    }
    // After the burst, one per second is allowed: on a slow machine it takes a few more to be refused.
    let refused: Vec<_> =
        (0..100).map(|_| camera.post("x", "{}")).filter(|answer| answer.status != 200).take(3).collect();
    assert_eq!(refused.len(), 3, "refused of a hundred more");
    for answer in &refused {
        assert_bolt_error(answer, 429, 146);
        let after = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok());
        assert!(after.is_some_and(|after| after >= 1), "{:?}", answer.headers);
    }
    // Another app has a separate rate, and subscribing is not publishing.
    gateway.bolt("fax").publish("x", &json!({}));
    camera.server("x", "/x");
}

#[test]
fn the_first_of_several_errors_is_answered() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("limits", "event_body", "\"1KiB\"").start();
    let big_junk = "{".repeat(2000);
    let post = |tail: &str, token: Option<&str>, body: &str| {
        let mut call = gateway.call("POST", &format!("/api/events/{tail}")).body(body);
        if let Some(token) = token {
            call = call.header("X-Bolt-App-Token", token);
        }
        call.send()
    };
    let token = gateway.setup().app_named("camera").token.clone();
    assert_bolt_error(&post("%ff", None, &big_junk), 401, 110);
    assert_bolt_error(&post("%ff", Some("x"), &big_junk), 401, 113);
    assert_bolt_error(&post("%ff", Some(&token), &big_junk), 413, 144);
    assert_bolt_error(&post("%ff", Some(&token), "{"), 400, 143);
    assert_bolt_error(&post("%ff", Some(&token), r#"{"headers":5}"#), 400, 140);
    assert_bolt_error(&post("a/%ff", Some(&token), r#"{"route":5}"#), 400, 140);
    assert_bolt_error(&post("a/x", Some(&token), r#"{"route":5,"type":"?"}"#), 400, 143);
}

#[test]
fn errors_can_all_be_200_with_their_codes() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver)
        .set("bolt", "http_200_errors", "true")
        .set("limits", "event_body", "\"1KiB\"")
        .set("limits", "hooks_per_app", "1")
        .start();
    let camera = gateway.bolt("camera");
    assert_bolt_error(&gateway.call("POST", "/api/events/x").body("{}").send(), 200, 110);
    assert_bolt_error(&gateway.bolt_with("x").post("x", "{}"), 200, 113);
    assert_bolt_error(&camera.call("PUT", "x", "").send(), 200, 103);
    assert_bolt_error(&camera.post("a%2Fb", "{}"), 200, 140);
    assert_bolt_error(&camera.post("a/b", "{}"), 200, 141);
    assert_bolt_error(&camera.post("a/b", r#"{"route":"/x","type":"?"}"#), 200, 142);
    assert_bolt_error(&camera.post("x", "["), 200, 143);
    assert_bolt_error(&camera.post("x", "x".repeat(2000)), 200, 144);
    camera.server("x", "/x");
    assert_bolt_error(&camera.post("sub/x", r#"{"route":"/y"}"#), 200, 149);
    camera.publish("x", &json!({}));
}
