//! The status of a receiver's answer counts as soon as it has arrived, even if the body is cut off.

use std::time::Duration;

use harness::{Gateway, Receiver, Reply, WAIT, each, until, until_some};
use serde_json::{Value, json};

use super::apps::setup;

/// Longer than a slow reply needs for its head, and shorter than it needs for its body.
const TIMEOUT: &str = "\"1500ms\"";

fn slowly(status: u16) -> Reply {
    Reply::status(status).with_body("x".repeat(4000)).by_byte(Duration::from_millis(2))
}

fn cut_and_slow(status: u16) -> Vec<Reply> {
    let bare = |rest: &str| Reply::bytes(format!("HTTP/1.1 {status} Told\r\n{rest}"));
    vec![
        Reply::status(status).short(),
        Reply::status(status).with_body("half").short(),
        bare("Content-Length: 1000\r\n\r\nhalf"),
        bare("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        bare("Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n"),
        bare("Transfer-Encoding: chunked\r\n\r\n2\r\nhalf\r\n0\r\n\r\n"),
        slowly(status),
    ]
}

#[track_caller]
fn ended(gateway: &Gateway) -> Value {
    let event = gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    until_some("the end of the delivery", WAIT, || {
        let delivery = gateway.admin().delivery(&event);
        (delivery["status"] != "pending").then_some(delivery)
    })
}

#[test]
fn a_2xx_is_delivered() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("egress", "timeout", TIMEOUT).start();
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let replies = [200, 202].map(cut_and_slow).concat();
    let count = replies.len();
    each(replies, |reply| {
        receiver.at("/x", reply.clone());
        let delivery = ended(&gateway);
        assert_eq!(delivery["status"], "delivered", "{delivery}");
        assert_eq!(delivery["attempts"], 1, "{delivery}");
    });
    assert_eq!(receiver.requests_at("/x").len(), count);
}

#[test]
fn any_other_is_a_failed_attempt_with_that_status() {
    let receiver = Receiver::start();
    let gateway =
        setup(&receiver).set("egress", "timeout", TIMEOUT).set("retry", "schedule", r#"["10ms"]"#).start();
    each(cut_and_slow(500).into_iter().enumerate(), |(n, reply)| {
        let path = format!("/x/{n}");
        receiver.at(&path, reply.clone());
        gateway.bolt("fax").web("x", &receiver.url(&path));
        let delivery = ended(&gateway);
        assert_eq!((&delivery["status"], &delivery["last_status"]), (&json!("dead"), &json!(500)));
        gateway.bolt("fax").unsubscribe("x");
    });
}

#[test]
fn a_410_disables_the_hook() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("egress", "timeout", TIMEOUT).start();
    each(cut_and_slow(410), |reply| {
        receiver.at("/x", reply.clone());
        let hook = gateway
            .admin()
            .send(
                "POST",
                "hooks",
                &json!({"app": "fax", "pattern": "x", "route": receiver.url("/x"), "type": "web"}),
            )
            .expect(201)
            .json();
        let path = format!("hooks/{}", hook["id"].as_str().unwrap());
        gateway.bolt("camera").publish("x", &json!({}));
        until("the hook to be off", WAIT, || gateway.admin().get(&path)["enabled"] == false);
        gateway.admin().delete(&path);
    });
}
