//! `Prefer`: a shorter deadline, or an asynchronous answer.

use std::time::{Duration, Instant};

use harness::{
    Answer, Gate, Gateway, Reply, WAIT, assert_bridge_error, each, members, pause, raw_member, until_some,
};

use super::pair::{event, hurried_pair, pair};

fn wait_for(gateway: &Gateway, seconds: &str) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = gateway.host("superapp").call(event("1")).header("Prefer", format!("wait={seconds}")).send();
    (answer, begun.elapsed())
}

#[track_caller]
fn start(gateway: &Gateway) -> String {
    let answer =
        gateway.host("superapp").call(event("1")).header("Prefer", "respond-async").send().expect(202);
    assert_eq!(members(&answer.body), ["exchange_id"]);
    let id = answer.json()["exchange_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("exc_"), "{id}");
    assert_eq!(answer.header("location"), Some(format!("/api/v1/exchanges/{id}").as_str()));
    id
}

#[track_caller]
fn settled(gateway: &Gateway, id: &str) -> Answer {
    until_some("the end of the exchange", WAIT, || {
        let answer = gateway.host("superapp").exchange(id).expect(200);
        (answer.json()["status"] != "running").then_some(answer)
    })
}

#[test]
fn wait_shortens_the_deadline() {
    let (gateway, receiver) = pair();
    receiver.at("/shop", Reply::hang());
    let (answer, took) = wait_for(&gateway, "1");
    assert_bridge_error(&answer, 504, "EVENT_DELIVERY_FAILED");
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn wait_does_not_lengthen_it_and_junk_is_ignored() {
    let (gateway, receiver) = hurried_pair("400ms");
    receiver.at("/shop", Reply::hang());
    each(["20", "99999999999999999999", "x", "-1", ""], |seconds| {
        let (answer, took) = wait_for(&gateway, seconds);
        assert_bridge_error(&answer, 504, "EVENT_DELIVERY_FAILED");
        assert!(took < Duration::from_secs(8), "{took:?}");
    });
}

#[test]
fn respond_async_is_fetched_later() {
    let (gateway, receiver) = pair();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json(r#"{"n":12345678901234567890123}"#).behind(&gate));
    let id = start(&gateway);
    receiver.wait(1);
    let running = gateway.host("superapp").exchange(&id).expect(200);
    assert_eq!(running.json()["status"], "running");
    assert!(running.json()["answer"].is_null() && running.json()["error_code"].is_null());
    gate.open();
    let done = settled(&gateway, &id);
    assert_eq!(done.json()["status"], "answered");
    assert_eq!(done.json()["exchange_id"], id.as_str());
    assert!(done.json()["error_code"].is_null() && done.json()["error_message"].is_null());
    assert_eq!(raw_member(&done.body, "answer"), r#"{"n":12345678901234567890123}"#);
    let mut names = members(&done.body);
    names.sort();
    assert_eq!(names, ["answer", "error_code", "error_message", "exchange_id", "status"]);
    let got = receiver.requests().pop().unwrap();
    assert_eq!(got.header("footbridge-exchange-id"), Some(id.as_str()));
    assert_eq!(receiver.count(), 1);
}

#[test]
fn only_the_sender_may_fetch_it() {
    let (gateway, receiver) = pair();
    receiver.at("/shop", Reply::json("\"for the sender\""));
    let id = start(&gateway);
    settled(&gateway, &id);
    each(["shop", "stranger"], |name| {
        let answer = gateway.host(name).exchange(&id);
        assert!(matches!(answer.status, 403 | 404), "{name}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("for the sender"));
        let unknown = gateway.host(name).exchange("exc_00000000000000000000000000");
        assert_eq!(answer.status, unknown.status, "a stranger can tell which exchanges there are");
    });
    let bare = gateway.get(&format!("/api/v1/exchanges/{id}"));
    assert_eq!(bare.status, 401, "{}", bare.text());
    assert_eq!(gateway.host("superapp").exchange("exc_nonsense").status, 404);
}

#[test]
fn respond_async_checks_before_it_accepts() {
    let (gateway, receiver) = pair();
    let send = |body: String| gateway.host("superapp").call(body).header("Prefer", "respond-async").send();
    assert_bridge_error(&send("{".into()), 400, "INVALID_EVENT_DATA");
    assert_bridge_error(&send(event("1").replace("shop", "stranger")), 403, "UNAUTHORIZED");
    let bare = gateway.host("superapp").bare(event("1")).header("Prefer", "respond-async").send();
    assert_bridge_error(&bare, 401, "UNAUTHORIZED");
    assert_eq!(receiver.count(), 0);
}

#[test]
fn a_failure_says_which() {
    let (gateway, receiver) = hurried_pair("400ms");
    let rows = [("status", Reply::status(500)), ("timeout", Reply::hang()), ("junk", Reply::json("x"))];
    each(rows, |(_, reply)| {
        receiver.at("/shop", reply.clone());
        let record = settled(&gateway, &start(&gateway)).json();
        assert_eq!(record["status"], "failed", "{record}");
        assert_eq!(record["error_code"], "EVENT_DELIVERY_FAILED", "{record}");
        assert!(record["error_message"].as_str().is_some_and(|message| !message.is_empty()), "{record}");
        assert!(record["answer"].is_null(), "{record}");
    });
}

#[test]
fn an_async_exchange_running_at_a_crash_has_failed_and_is_not_sent_again() {
    let (mut gateway, receiver) = pair();
    receiver.at("/shop", Reply::json("\"kept\""));
    let kept = start(&gateway);
    assert_eq!(settled(&gateway, &kept).json()["answer"], "kept");
    receiver.at("/shop", Reply::hang());
    let cut = start(&gateway);
    receiver.wait(2);
    // The outcome is recorded after the answer. The crash may come before the record but must not split it.
    gateway.kill9().start_again();
    receiver.at("/shop", Reply::json("\"second\""));
    let record = settled(&gateway, &cut).json();
    assert_eq!(record["status"], "failed", "{record}");
    assert_eq!(record["error_code"], "EVENT_DELIVERY_FAILED", "{record}");
    let record = settled(&gateway, &kept).json();
    assert!(record["status"] == "answered" || record["status"] == "failed", "{record}");
    pause(Duration::from_millis(200));
    assert_eq!(receiver.count(), 2, "an exchange was sent twice");
}

#[test]
fn respond_async_with_a_key_starts_one_exchange() {
    let (gateway, receiver) = pair();
    let call = gateway
        .host("superapp")
        .call(event("1"))
        .header("Prefer", "respond-async")
        .header("Idempotency-Key", "async-1");
    let first = call.send().expect(202);
    let id = first.json()["exchange_id"].as_str().unwrap().to_owned();
    settled(&gateway, &id);
    let again = call.send();
    assert!(
        again.text().contains(&id) || again.header("footbridge-exchange-id") == Some(&id),
        "{}",
        again.text()
    );
    pause(Duration::from_millis(100));
    assert_eq!(receiver.count(), 1);
}
