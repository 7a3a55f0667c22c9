//! Hooks with ordered delivery.

use std::time::Duration;

use harness::{Gate, Gateway, ReceivedRequest, Receiver, Reply, WAIT, until};
use serde_json::json;

use super::apps::setup;

const EVENTS: u64 = 600;

/// An ordered hook on `x`. Its first request and some later ones (counted from 0) are answered with 500. The
/// first answer is held back until all events are published.
fn start(receiver: &Receiver, later: &[usize]) -> Gateway {
    let schedule = r#"["300ms", "300ms", "300ms", "300ms", "300ms"]"#;
    let gateway = setup(receiver).set("retry", "schedule", schedule).start();
    let hook =
        json!({"app": "fax", "pattern": "x", "route": receiver.url("/x"), "type": "web", "ordered": true});
    gateway.admin().send("POST", "hooks", &hook).expect(201);
    let gate = Gate::default();
    receiver.next(Reply::status(500).behind(&gate));
    for n in 1..=later.iter().copied().max().unwrap_or(0) {
        receiver.next(Reply::status(if later.contains(&n) { 500 } else { 200 }));
    }
    for n in 0..EVENTS {
        gateway.bolt("camera").publish("x", &json!({"body": n}));
    }
    receiver.wait(1);
    gate.open();
    gateway
}

fn number(got: &ReceivedRequest) -> u64 {
    got.json()["body"].as_u64().unwrap()
}

/// The numbers of the events that were answered with 200, in the order of their first success.
fn taken(receiver: &Receiver) -> Vec<u64> {
    let mut seen = Vec::new();
    for got in receiver.requests().iter().filter(|got| got.reply_status == 200) {
        if !seen.contains(&number(got)) {
            seen.push(number(got));
        }
    }
    seen
}

#[track_caller]
fn wait_for_all(gateway: &Gateway, receiver: &Receiver) {
    until("the last delivery", Duration::from_mins(1), || {
        gateway.metric("footbridge_deliveries_pending", "") == 0
    });
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\""), EVENTS);
    assert_eq!(taken(receiver), (0..EVENTS).collect::<Vec<_>>());
}

/// Fails if the request after a failure was for another event, or was sent before the delay was over.
#[track_caller]
fn assert_failures_hold_the_lane(got: &[ReceivedRequest]) {
    for pair in got.windows(2).filter(|pair| pair[0].reply_status != 200) {
        assert_eq!(number(&pair[1]), number(&pair[0]), "another went ahead of the one that waits");
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= Duration::from_millis(235), "{gap:?}");
    }
}

#[test]
fn a_failing_delivery_holds_its_lane() {
    let receiver = Receiver::start();
    let gateway = start(&receiver, &[1, 100, 550]);
    wait_for_all(&gateway, &receiver);
    let got = receiver.requests();
    let failures = got.iter().filter(|got| got.reply_status == 500).count();
    assert_eq!(failures, 4);
    assert_eq!(got.len() as u64, EVENTS + 4, "nothing else is sent twice");
    assert_failures_hold_the_lane(&got);
}

#[test]
fn order_survives_a_kill() {
    let receiver = Receiver::start();
    let mut gateway = start(&receiver, &[]);
    // Killed while the first delivery waits for its retry, and again in the middle of the sequence.
    until("the failure of the first", WAIT, || {
        gateway.admin().all("deliveries?status=pending&limit=250").iter().any(|one| one["attempts"] == 1)
    });
    gateway.kill9().start_again();
    until("a part of the row", Duration::from_secs(30), || receiver.count() >= 100);
    gateway.kill9().start_again();
    wait_for_all(&gateway, &receiver);
    let sent: Vec<_> = receiver.requests().iter().map(number).collect();
    let back = sent.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(back <= 2, "only a kill may repeat what was sent, from one place on and in order: {sent:?}");
}
