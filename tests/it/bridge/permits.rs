//! Concurrent exchanges: they wait within their own deadline, and only for their own recipient.

use std::time::{Duration, Instant};

use harness::{Gate, Raw, Receiver, Reply, assert_bridge_error};

use super::pair::{event, pair, setup};

#[test]
fn a_crowd_waits_and_is_answered() {
    let (mut gateway, receiver) = pair();
    receiver.at("/shop", Reply::json("1").after(Duration::from_millis(20)));
    let calls: Vec<_> = (0..200).map(|_| gateway.host("superapp").call(event("1")).spawn()).collect();
    for call in calls {
        call.join().unwrap().unwrap().expect(200);
    }
    assert_eq!(receiver.count(), 200);
    gateway.assert_healthy();
}

#[test]
fn a_hanging_recipient_delays_nobody_else() {
    let (gateway, receiver) = pair();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("1").behind(&gate));
    let stuck: Vec<_> = (0..150).map(|_| gateway.host("superapp").call(event("1")).spawn()).collect();
    receiver.wait_at("/shop", 1);
    for _ in 0..10 {
        let begun = Instant::now();
        gateway.miniapp("shop").send(event("1")).expect(200);
        assert!(begun.elapsed() < Duration::from_secs(6), "delayed by {:?}", begun.elapsed());
    }
    gate.open();
    for call in stuck {
        call.join().unwrap().unwrap().expect(200);
    }
}

#[test]
fn over_a_full_queue_the_answer_is_503_at_once() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("bridge", "timeout", "\"20s\"").start();
    let gate = Gate::default();
    receiver.at("/shop", Reply::json("1").behind(&gate));
    // More than the queue and the permits together.
    let request = gateway.host("superapp").call(event("1")).bytes();
    let mut waiting: Vec<Raw> = (0..1700)
        .map(|_| {
            let mut raw = Raw::connect(gateway.address());
            raw.send(&request);
            raw
        })
        .collect();
    let begun = Instant::now();
    let refused = waiting.last_mut().unwrap().answer();
    assert!(assert_bridge_error(&refused, 503, "EVENT_DELIVERY_FAILED").is_some());
    assert!(begun.elapsed() < Duration::from_secs(15));
    gateway.miniapp("shop").send(event("1")).expect(200);
    gate.open();
    let mut statuses = std::collections::BTreeMap::new();
    waiting.pop();
    for raw in &mut waiting {
        *statuses.entry(raw.answer().status).or_insert(0) += 1;
    }
    assert!(statuses.get(&200).is_some_and(|answered| *answered >= 1024), "{statuses:?}");
    assert!(statuses.keys().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    gateway.assert_healthy();
}
