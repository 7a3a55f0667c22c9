//! `Idempotency-Key` on an exchange: one outcome, stored before it is answered and returned for every repeat.

use std::time::Duration;

use harness::{Answer, Call, Gate, Gateway, Reply, assert_bridge_error, each, pause};

use super::pair::{event, hurried_pair, pair};

fn keyed(gateway: &Gateway, key: &str, body: &str) -> Call {
    gateway.host("superapp").call(body).header("Idempotency-Key", key)
}

#[track_caller]
fn assert_replay(first: &Answer, again: &Answer) {
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    for name in ["footbridge-exchange-id", "content-type", "footbridge-error"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(first.header("idempotent-replayed"), None, "the first answer is no replay");
}

#[test]
fn every_outcome_after_a_send_is_repeated_without_a_second_one() {
    let (gateway, receiver) = hurried_pair("500ms");
    let rows = [
        ("answered", Reply::json("{ \"n\" : 12345678901234567890123 }"), 200),
        ("empty", Reply::json(""), 200),
        ("status", Reply::status(500), 502),
        ("not-json", Reply::json("x"), 502),
        ("reset", Reply::reset(), 502),
        ("timeout", Reply::hang(), 504),
    ];
    each(rows, |(key, reply, status)| {
        receiver.at("/shop", reply.clone());
        let before = receiver.count();
        let first = keyed(&gateway, key, &event("1")).send().expect(*status);
        receiver.at("/shop", Reply::json("\"another answer\""));
        assert_replay(&first, &keyed(&gateway, key, &event("1")).send());
        assert_replay(&first, &keyed(&gateway, key, &event("1")).send());
        assert_eq!(receiver.count(), before + 1);
    });
}

#[test]
fn another_body_under_the_same_key_is_422() {
    let (gateway, receiver) = pair();
    keyed(&gateway, "k", &event("1")).send().expect(200);
    each([event("2"), event("1 "), format!("{} ", event("1"))], |body| {
        assert_bridge_error(&keyed(&gateway, "k", body).send(), 422, "INVALID_EVENT_DATA");
    });
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_key_belongs_to_one_sender_and_one_endpoint() {
    let (gateway, receiver) = pair();
    let admin = gateway.admin();
    admin.done("POST", "links", &serde_json::json!({"host": "shop", "miniapp": "superapp"}));
    let to_shop = event("1");
    let as_host = r#"{"app_id":"superapp","client_id":"shop","event_type":"x","payload":1}"#;
    let calls = [
        gateway.host("superapp").call(&to_shop),
        gateway.miniapp("shop").call(&to_shop),
        gateway.host("shop").call(as_host),
        gateway.miniapp("superapp").call(as_host),
    ];
    each(calls, |call| {
        let answer = call.clone().header("Idempotency-Key", "same").send().expect(200);
        assert_eq!(answer.header("idempotent-replayed"), None);
    });
    assert_eq!(receiver.count(), 4);
}

#[test]
fn a_key_has_1_to_255_visible_ascii_characters() {
    let (mut gateway, receiver) = pair();
    let longest = "k".repeat(255);
    each([longest.as_str(), "!", "\"quoted\"", "~{}[]"], |key| {
        keyed(&gateway, key, &event("1")).send().expect(200);
    });
    let before = receiver.count();
    each(["", "a b", "ü", &format!("{longest}k"), "a\tb", "\u{7f}"], |key| {
        let answer = keyed(&gateway, key, &event("1")).send();
        assert_eq!(answer.status, 400, "{}", answer.text());
    });
    // The sender, the link and the receiver are checked before these headers.
    let admin = gateway.admin();
    admin.done("POST", "apps", &serde_json::json!({"name": "mute"}));
    admin.done("POST", "links", &serde_json::json!({"host": "superapp", "miniapp": "mute"}));
    let to = |name: &str| event("1").replace("\"shop\"", &format!("\"{name}\""));
    let from_another = event("1").replace("superapp", "stranger");
    for (body, status) in [(from_another, 403), (to("stranger"), 403), (to("mute"), 409), (to("shop"), 400)] {
        assert_eq!(keyed(&gateway, "a b", &body).send().status, status, "{body}");
        let caused = gateway.host("superapp").call(&body).header("Footbridge-Cause", "junk").send();
        assert_eq!(caused.status, status, "{body}");
    }
    assert_eq!(receiver.count(), before);
    gateway.assert_healthy();
}

#[test]
fn a_key_still_running_is_409() {
    let (gateway, receiver) = pair();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("\"late\"").behind(&gate));
    let running = keyed(&gateway, "k", &event("1")).spawn();
    receiver.wait(1);
    assert_bridge_error(&keyed(&gateway, "k", &event("1")).send(), 409, "EVENT_DELIVERY_FAILED");
    assert_bridge_error(&keyed(&gateway, "k", &event("2")).send(), 422, "INVALID_EVENT_DATA");
    gate.open();
    let first = running.join().unwrap().unwrap().expect(200);
    assert_replay(&first, &keyed(&gateway, "k", &event("1")).send());
    assert_eq!(receiver.count(), 1);
}

#[test]
fn a_crowd_with_one_key_causes_one_send() {
    let (gateway, receiver) = pair();
    receiver.at("/shop", Reply::json("1").after(Duration::from_millis(50)));
    let crowd: Vec<_> = (0..24).map(|_| keyed(&gateway, "k", &event("1")).spawn()).collect();
    let answers: Vec<_> = crowd.into_iter().map(|call| call.join().unwrap().unwrap()).collect();
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{answers:?}");
    assert_eq!(receiver.count(), 1);
}

#[test]
fn an_outcome_is_on_disk_before_it_is_answered() {
    let (mut gateway, receiver) = hurried_pair("500ms");
    receiver.at("/shop", Reply::json("{ \"kept\" : true }"));
    let answered = keyed(&gateway, "answered", &event("1")).send().expect(200);
    receiver.at("/shop", Reply::hang());
    let timed_out = keyed(&gateway, "timed-out", &event("1")).send().expect(504);
    gateway.kill9().start_again();
    receiver.at("/shop", Reply::json("\"another\""));
    assert_replay(&answered, &keyed(&gateway, "answered", &event("1")).send());
    assert_replay(&timed_out, &keyed(&gateway, "timed-out", &event("1")).send());
    assert_bridge_error(&keyed(&gateway, "answered", &event("2")).send(), 422, "INVALID_EVENT_DATA");
    assert_eq!(receiver.count(), 2);
}

#[test]
fn an_exchange_cut_off_by_a_crash_answers_504_and_is_never_sent_again() {
    let (mut gateway, receiver) = pair();
    receiver.at("/shop", Reply::hang());
    let cut = keyed(&gateway, "k", &event("1")).spawn();
    receiver.wait(1);
    gateway.kill9();
    assert!(cut.join().unwrap().is_err(), "nobody can have answered");
    gateway.start_again();
    receiver.at("/shop", Reply::json("\"second\""));
    let first = keyed(&gateway, "k", &event("1")).send();
    assert!(assert_bridge_error(&first, 504, "EVENT_DELIVERY_FAILED").is_some());
    let again = keyed(&gateway, "k", &event("1")).send();
    assert_eq!((again.status, again.text()), (504, first.text()));
    pause(Duration::from_millis(200));
    assert_eq!(receiver.count(), 1, "it was sent again");
}

#[test]
fn the_outcome_is_stored_for_a_sender_that_disconnected() {
    let (gateway, receiver) = pair();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("\"late\"").behind(&gate));
    let mut raw = harness::Raw::connect(gateway.address());
    raw.send(keyed(&gateway, "k", &event("1")).bytes());
    receiver.wait(1);
    drop(raw);
    gate.open();
    // While the first exchange runs, the answer is 409; afterwards it is the outcome of that exchange.
    let settled = harness::until_some("the outcome", harness::WAIT, || {
        let answer = keyed(&gateway, "k", &event("1")).send();
        (answer.status != 409).then_some(answer)
    });
    assert!(matches!(settled.status, 200 | 504), "{}", settled.text());
    assert_eq!(settled.header("idempotent-replayed"), Some("true"));
    assert_eq!(receiver.count(), 1);
}
