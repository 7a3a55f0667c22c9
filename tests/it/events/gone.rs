//! A receiver that answers 410 while events keep coming.

use std::thread::spawn;

use harness::{Gateway, Receiver, Reply, WAIT, each, until};
use serde_json::json;

use super::apps::setup;

const PUBLISHERS: usize = 20;
const EACH: usize = 15;

fn publish_from_all_sides(gateway: &Gateway, name: &str) {
    let publishers = (0..PUBLISHERS).map(|_| {
        let (bolt, name) = (gateway.bolt("camera"), name.to_owned());
        spawn(move || (0..EACH).for_each(|_| drop(bolt.publish(&name, &json!({})))))
    });
    for publisher in publishers.collect::<Vec<_>>() {
        publisher.join().unwrap();
    }
}

#[test]
fn nothing_stays_pending_behind_a_410_and_the_hook_can_be_revived() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    each(["a", "b", "c", "d", "e"], |name| {
        let path = format!("/{name}");
        receiver.at(&path, Reply::status(410));
        let hook = json!({"app": "fax", "pattern": name, "route": receiver.url(&path), "type": "web"});
        let hook = gateway.admin().send("POST", "hooks", &hook).expect(201).json();
        let hook = format!("hooks/{}", hook["id"].as_str().unwrap());
        publish_from_all_sides(&gateway, name);

        until("the end of all", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
        assert_eq!(gateway.admin().get(&hook)["enabled"], false);
        let (accepted, ended) = gateway.identity();
        assert_eq!(accepted, ended);
        let cancelled = || gateway.metric("footbridge_deliveries_total", "outcome=\"cancelled\"");
        let before = cancelled();
        let posts = receiver.requests_at(&path).len();
        assert!(
            (1..=16).contains(&posts),
            "{posts} were sent: eight at once, and those already on their way"
        );

        receiver.at(&path, Reply::json("{}"));
        gateway.admin().done("PATCH", &hook, &json!({"enabled": true}));
        let event = gateway.bolt("camera").publish(name, &json!({}))["id"].as_str().unwrap().to_owned();
        until("the delivery", WAIT, || gateway.admin().delivery(&event)["status"] == "delivered");
        // Deliveries that were in flight may have arrived late; no others may.
        let got = receiver.requests_at(&path);
        assert!(got.len() <= 17, "{} were sent", got.len());
        assert_eq!(got.iter().filter(|got| got.json()["id"] == event.as_str()).count(), 1);
        assert_eq!(cancelled(), before, "what was cancelled stays cancelled");
    });
}
