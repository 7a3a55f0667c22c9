//! Hooks that need no answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use harness::{Receiver, Reply, until};
use serde_json::json;

use super::apps::setup;

#[test]
fn no_answer_ends_unanswered_after_one_attempt_and_the_lane_moves_on() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver)
        .set("egress", "timeout", "\"1500ms\"")
        .set("bolt", "answer_wait", "\"30ms\"")
        .set("retry", "schedule", r#"["50ms", "50ms"]"#)
        .start();
    receiver.at("/silent", Reply::hang());
    let hook = json!({"app": "fax", "pattern": "x", "route": receiver.url("/silent"), "type": "web", "answer": "optional"});
    gateway.admin().send("POST", "hooks", &hook).expect(201);
    let begun = Instant::now();
    let publishers: Vec<_> = (0..20)
        .map(|_| {
            let bolt = gateway.bolt("camera");
            std::thread::spawn(move || (0..30).for_each(|_| drop(bolt.publish("x", &json!({})))))
        })
        .collect();
    for publisher in publishers {
        publisher.join().unwrap();
    }
    until("the end of all", Duration::from_mins(1), || {
        gateway.metric("footbridge_deliveries_pending", "") == 0
    });
    // A lane that waits for the full timeout of each would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"unanswered\""), 600);
    assert_eq!(gateway.identity(), (600, 600));
    let got = receiver.requests();
    assert!(got.iter().all(|got| got.header("footbridge-attempt") == Some("1")));
    let ids: BTreeSet<_> = got.iter().filter_map(|got| got.header("footbridge-delivery-id")).collect();
    assert_eq!((got.len(), ids.len()), (600, 600), "each is sent exactly once");
}
