//! The timing of retries.

use std::time::Duration;

use harness::{Receiver, Reply, until};
use serde_json::json;

use super::apps::setup;

/// Publishes once to a hook for each reply, on a schedule of 3 s. Returns the time between the two attempts of each.
fn gaps(replies: Vec<Reply>) -> Vec<Duration> {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("retry", "schedule", r#"["3s"]"#).start();
    let paths: Vec<_> = (0..replies.len()).map(|n| format!("/{n}")).collect();
    for (path, reply) in paths.iter().zip(replies) {
        receiver.at(path, reply);
        gateway.bolt("fax").web("x", &receiver.url(path));
    }
    gateway.bolt("camera").publish("x", &json!({}));
    let gap = |path: &String| {
        let got = receiver.wait_at(path, 2);
        got[1].at - got[0].at
    };
    let gaps = paths.iter().map(gap).collect();
    until("the record", harness::WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    gateway.assert_healthy();
    gaps
}

/// The shortest delay: 3 s minus the jitter of a fifth.
const SHORTEST: Duration = Duration::from_millis(2380);

/// The shortest doubled delay. The longest plain delay is 3.6 s; the rest is for a busy machine.
const DOUBLED: Duration = Duration::from_millis(4760);

#[track_caller]
fn assert_scheduled(gap: Duration, what: &str) {
    assert!((SHORTEST..DOUBLED).contains(&gap), "{what}: {gap:?}");
}

#[test]
fn retries_follow_the_schedule_within_its_jitter() {
    for gap in gaps(vec![Reply::status(500); 8]) {
        assert_scheduled(gap, "plain");
    }
}

#[test]
fn retry_after_is_honoured_between_the_delay_and_twice_it() {
    let after = |status: u16, value: &str| Reply::status(status).with("Retry-After", value);
    let gaps = gaps(vec![
        after(429, "3600"),
        after(503, "3600"),
        after(503, "99999999999999999999999999"),
        after(503, "0"),
        after(500, "3600"),
    ]);
    for gap in &gaps[..2] {
        assert!(*gap >= DOUBLED && *gap < Duration::from_secs(10), "{gap:?}");
    }
    assert!(gaps[2] >= SHORTEST && gaps[2] < Duration::from_secs(10), "{:?}", gaps[2]);
    assert_scheduled(gaps[3], "it never shortens the delay");
    assert_scheduled(gaps[4], "it counts on 429 and 503 only");
}

#[test]
fn junk_in_retry_after_is_ignored() {
    let junk = ["inf", "1e30", "NaN", "-5", "", "soon", "0x10", "5, 6", "Fri, 99 Foo 9999 00:00:00 GMT"];
    let replies = junk.map(|value| Reply::status(503).with("Retry-After", value)).to_vec();
    for (gap, junk) in gaps(replies).into_iter().zip(junk) {
        assert_scheduled(gap, junk);
    }
}

#[test]
fn at_most_eight_are_in_flight_per_hook() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    let gate = harness::Gate::default();
    receiver.at("/x", Reply::json("{}").behind(&gate));
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    for _ in 0..30 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    receiver.wait(8);
    harness::pause(Duration::from_millis(200));
    assert_eq!(receiver.count(), 8);
    gate.open();
    assert_eq!(receiver.wait(30).len(), 30);
}
