//! `Idempotency-Key` on a publish: published once, same answer for every repeat.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Answer, Gateway, WAIT, assert_bolt_error, each, pause, until};

use super::apps::apps;

fn keyed(gateway: &Gateway, app: &str, key: &str, body: &str) -> Answer {
    gateway.bolt(app).call("POST", "x", body).header("Idempotency-Key", key).send()
}

#[test]
fn a_repeated_key_gets_the_same_answer_and_no_second_event() {
    let (mut gateway, receiver) = apps();
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let first = keyed(&gateway, "camera", "k", r#"{"body":1}"#).expect(200);
    for _ in 0..3 {
        assert_eq!(keyed(&gateway, "camera", "k", r#"{"body":1}"#).expect(200).text(), first.text());
    }
    until("the record", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    gateway.kill9().start_again();
    assert_eq!(keyed(&gateway, "camera", "k", r#"{"body":1}"#).expect(200).text(), first.text());
    pause(Duration::from_millis(100));
    assert_eq!(receiver.count(), 1);
    assert_eq!(gateway.admin().all("events?limit=250").len(), 1);
}

#[test]
fn another_body_is_147() {
    let (gateway, _receiver) = apps();
    keyed(&gateway, "camera", "k", r#"{"body":1}"#).expect(200);
    each([r#"{"body":2}"#, r#"{"body":1 }"#, "{}", ""], |body| {
        assert_bolt_error(&keyed(&gateway, "camera", "k", body), 422, 147);
    });
}

#[test]
fn a_key_belongs_to_one_publisher() {
    let (gateway, _receiver) = apps();
    let one = keyed(&gateway, "camera", "k", "{}").expect(200).json();
    let two = keyed(&gateway, "fax", "k", "{}").expect(200).json();
    assert_ne!(one["body"]["id"], two["body"]["id"]);
    assert_eq!(two["body"]["publisher"], "fax");
}

#[test]
fn a_crowd_with_one_key_publishes_once() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let call = gateway.bolt("camera").call("POST", "x", "{}").header("Idempotency-Key", "k");
    let crowd: Vec<_> = (0..24).map(|_| call.clone().spawn()).collect();
    let answers: Vec<_> = crowd.into_iter().map(|call| call.join().unwrap().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for answer in &answers {
        if answer.status == 200 {
            ids.insert(answer.json()["body"]["id"].to_string());
        } else {
            assert_bolt_error(answer, 409, 148);
        }
    }
    assert_eq!(ids.len(), 1);
    pause(Duration::from_millis(100));
    assert_eq!(receiver.count(), 1);
}
