//! Publishing: the answer, and that the body passes byte for byte.

use harness::{assert_bolt_error, each, is_iso_millis, members, payloads, raw_member};
use serde_json::json;

use super::apps::apps;

#[test]
fn the_answer_names_the_event_and_counts_the_deliveries() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("camera/photo-saved", &receiver.url("/one"));
    gateway.bolt("fax").web("photo-saved", &receiver.url("/two"));
    gateway.bolt("gallery").web("*", &receiver.url("/three"));
    gateway.bolt("gallery").web("fax/*", &receiver.url("/not"));
    let answer = gateway.bolt("camera").post("photo-saved", r#"{"body":{"id":7}}"#).expect(200);
    assert_eq!(answer.json()["code"], 0);
    let body = raw_member(&answer.body, "body");
    assert_eq!(members(body.as_bytes()), ["id", "name", "publisher", "time", "deliveries"]);
    let body = &answer.json()["body"];
    assert!(body["id"].as_str().unwrap().starts_with("evt_"));
    assert_eq!((&body["name"], &body["publisher"]), (&json!("photo-saved"), &json!("camera")));
    assert!(is_iso_millis(body["time"].as_str().unwrap()), "{body}");
    assert_eq!(body["deliveries"], 3);
    let mut paths: Vec<_> = receiver.wait(3).into_iter().map(|got| got.path).collect();
    paths.sort();
    assert_eq!(paths, ["/one", "/three", "/two"]);
    for got in receiver.requests() {
        assert_eq!(got.json()["id"], body["id"], "every hook gets the same event");
        assert_eq!(got.json()["time"], body["time"]);
    }
}

#[test]
fn publishing_without_subscribers_succeeds() {
    let (gateway, receiver) = apps();
    assert_eq!(gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"], 0);
    assert_eq!(receiver.count(), 0);
}

#[test]
fn a_publisher_can_receive_its_own_events() {
    let (gateway, receiver) = apps();
    gateway.bolt("camera").server("camera/photo-saved", "hooks/own");
    gateway.bolt("camera").publish("photo-saved", &json!({}));
    assert_eq!(receiver.wait(1)[0].path, "/camera/hooks/own");
}

#[test]
fn a_name_is_trimmed_and_lowered() {
    let (gateway, _receiver) = apps();
    let camera = gateway.bolt("camera");
    let longest = "n".repeat(128);
    let rows = [
        ("Photo-Saved", "photo-saved"),
        ("%20photo-saved%20", "photo-saved"),
        ("PHOTO%20SAVED", "photo saved"),
        ("%C3%84PFEL", "äpfel"),
        ("a.b:c_d~e", "a.b:c_d~e"),
        ("0", "0"),
        (&longest, &longest),
    ];
    each(rows, |(tail, name)| assert_eq!(camera.publish(tail, &json!({}))["name"], **name));
    let too_long = "n".repeat(129);
    each(["%20", "%20%20/", "a%2Fb", "%2F", "%ff", &too_long], |tail| {
        assert_bolt_error(&camera.post(tail, "{}"), 400, 140);
    });
}

#[test]
fn the_body_passes_byte_for_byte() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    each(payloads(), |body| {
        let before = receiver.count();
        gateway.bolt("camera").post("x", format!("{{\"body\":{body}}}")).expect(200);
        let got = receiver.wait(before + 1).pop().unwrap();
        assert_eq!(raw_member(&got.body, "body"), *body);
    });
    for empty in ["", "{}", "  {  } "] {
        let before = receiver.count();
        gateway.bolt("camera").post("x", empty).expect(200);
        let got = receiver.wait(before + 1).pop().unwrap();
        assert_eq!(raw_member(&got.body, "body"), "{}", "an absent body is an empty object");
    }
}

#[test]
fn any_content_type_is_read_as_json() {
    let (gateway, _receiver) = apps();
    let call = gateway.bolt("camera").call("POST", "x", r#"{"body":1}"#).without("Content-Type");
    call.send().expect(200);
    each(["text/plain", "application/x-www-form-urlencoded", "image/png", "x"], |kind| {
        call.clone().header("Content-Type", kind).send().expect(200);
    });
}

#[test]
fn the_token_alone_identifies_the_publisher() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    each(["publisher", "app", "id", "name", "time", "token"], |member| {
        let claim = format!("{{\"body\":1,\"{member}\":\"bolt\"}}");
        assert_bolt_error(&gateway.bolt("camera").post("x", claim), 400, 143);
    });
    let claim = r#"{"body":{"publisher":"bolt","id":"evt_mine"},"headers":{"x-publisher":"bolt"}}"#;
    let body = gateway.bolt("camera").post("x", claim).expect(200).json()["body"].clone();
    assert_eq!((&body["publisher"], &body["name"]), (&json!("camera"), &json!("x")));
    let got = receiver.wait(1)[0].json();
    assert_eq!((&got["publisher"], &got["name"], &got["id"]), (&json!("camera"), &json!("x"), &body["id"]));
}
