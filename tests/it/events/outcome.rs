//! Outcomes of a delivery.

use std::time::Duration;

use harness::{Gateway, Receiver, Reply, WAIT, each, is_iso_millis, pause, until};
use serde_json::{Value, json};

use super::apps::{apps, setup};

#[track_caller]
fn publish(gateway: &Gateway) -> String {
    gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn ended(gateway: &Gateway, event: &str) -> Value {
    harness::until_some("the end of the delivery", WAIT, || {
        let delivery = gateway.admin().delivery(event);
        (delivery["status"] != "pending").then_some(delivery)
    })
}

#[test]
fn any_2xx_is_delivered() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let bare = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot JSON!";
    let mut rows: Vec<Reply> = [200, 201, 202, 204, 205, 299].map(Reply::status).into();
    rows.push(Reply::bytes(bare));
    rows.push(Reply::bytes("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 Done\r\n\r\n"));
    rows.push(Reply::json("x".repeat(300_000)));
    each(rows, |reply| {
        receiver.at("/x", reply.clone());
        let delivery = ended(&gateway, &publish(&gateway));
        assert_eq!(delivery["status"], "delivered", "{delivery}");
        assert_eq!(delivery["attempts"], 1, "{delivery}");
    });
}

#[test]
fn everything_else_is_retried_on_the_schedule_and_then_dead() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("egress", "timeout", "\"400ms\"").start();
    let mut rows: Vec<(Reply, Option<u64>)> = vec![
        (Reply::reset(), None),
        (Reply::close(), None),
        (Reply::hang(), None),
        (Reply::bytes("junk"), None),
        (Reply::json("{}").by_byte(Duration::from_millis(30)), None),
    ];
    for status in [301_u16, 302, 307, 308, 400, 401, 403, 404, 409, 429, 500, 502, 503] {
        rows.push((Reply::status(status).with("Location", "/elsewhere"), Some(status.into())));
    }
    each(rows.into_iter().enumerate(), |(n, (reply, status))| {
        // Separate hooks, so that failures of one do not affect the others.
        let path = format!("/x/{n}");
        receiver.at(&path, reply.clone());
        gateway.bolt("fax").web("x", &receiver.url(&path));
        let event = publish(&gateway);
        let delivery = ended(&gateway, &event);
        assert_eq!(delivery["status"], "dead", "{delivery}");
        assert_eq!(delivery["attempts"], 3, "{delivery}");
        if status.is_some() {
            assert_eq!(delivery["last_status"].as_u64(), *status, "{delivery}");
        } else {
            assert!(delivery["last_error"].is_string(), "{delivery}");
        }
        assert_eq!(receiver.requests_at(&path).len(), 3);
        gateway.bolt("fax").unsubscribe("x");
    });
    assert_eq!(receiver.requests_at("/elsewhere").len(), 0, "a redirect was followed");
    gateway.assert_healthy();
}

#[test]
fn a_server_hook_of_an_app_from_the_file_must_answer_too() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("egress", "timeout", "\"300ms\"").start();
    gateway.bolt("fax").server("x", "/x");
    receiver.at("/fax/x", Reply::hang());
    assert_eq!(ended(&gateway, &publish(&gateway))["status"], "dead");
}

#[test]
fn a_refused_connection_is_retried_until_it_succeeds() {
    let receiver = Receiver::start();
    let gone = harness::refused_address();
    let gateway =
        setup(&receiver).set("retry", "schedule", r#"["300ms", "300ms", "300ms", "300ms"]"#).start();
    gateway.bolt("fax").web("x", &format!("http://{gone}/x"));
    let event = publish(&gateway);
    until("a failed attempt", WAIT, || gateway.admin().delivery(&event)["attempts"].as_u64() >= Some(1));
    let pending = gateway.admin().delivery(&event);
    assert_eq!(pending["status"], "pending");
    assert!(pending["next_attempt_at"].as_str().is_some_and(is_iso_millis), "{pending}");
    let back = Receiver::start_on(gone);
    let delivery = ended(&gateway, &event);
    assert_eq!(delivery["status"], "delivered");
    assert!(delivery["attempts"].as_u64() >= Some(2), "{delivery}");
    assert_eq!(back.count(), 1);
}

#[test]
fn gone_disables_the_hook_and_cancels_its_queue() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).set("retry", "schedule", r#"["500ms", "1s"]"#).start();
    receiver.at("/x", Reply::status(503));
    let hook = gateway.bolt("fax").web("x", &receiver.url("/x"));
    gateway.bolt("gallery").web("x", &receiver.url("/other"));
    let events: Vec<_> = (0..10).map(|_| publish(&gateway)).collect();
    receiver.at("/x", Reply::status(410));
    let admin = gateway.admin();
    until("the end of all", WAIT, || admin.all("deliveries?status=pending&limit=250").is_empty());
    let mine: Vec<_> = admin.all("deliveries?app=fax&limit=250");
    assert_eq!(mine.len(), events.len());
    assert!(
        mine.iter().all(|delivery| delivery["status"] == "cancelled" || delivery["status"] == "dead"),
        "{mine:?}"
    );
    assert!(mine.iter().any(|delivery| delivery["status"] == "cancelled"), "{mine:?}");
    let other: Vec<_> = admin.all("deliveries?app=gallery&limit=250");
    assert!(other.iter().all(|delivery| delivery["status"] == "delivered"));
    let count = receiver.requests_at("/x").len();
    publish(&gateway);
    pause(Duration::from_millis(200));
    assert_eq!(receiver.requests_at("/x").len(), count, "a disabled hook was called");
    // A transient hook may be deleted; if it still exists, it is disabled.
    let left = admin.all("hooks?app=fax");
    assert!(left.iter().all(|known| known["id"] != hook["id"] || known["enabled"] == false), "{left:?}");
}

#[test]
fn a_dead_delivery_is_retried_when_asked() {
    let (gateway, receiver) = apps();
    receiver.at("/x", Reply::status(500));
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let event = publish(&gateway);
    let dead = ended(&gateway, &event);
    assert_eq!(dead["status"], "dead");
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"dead\""), 1);
    receiver.at("/x", Reply::json("{}"));
    let id = dead["id"].as_str().unwrap();
    gateway.admin().done("POST", &format!("deliveries/{id}/retry"), &json!({}));
    let delivery = ended(&gateway, &event);
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    assert_eq!(delivery["id"], dead["id"]);
    let got = receiver.requests_at("/x");
    assert_eq!(got.len(), 4);
    assert_eq!(got[3].header("footbridge-delivery-id"), got[0].header("footbridge-delivery-id"));
    assert_eq!(got[3].json()["id"], got[0].json()["id"]);
    assert_eq!(gateway.identity(), (1, 1));
}

#[test]
fn a_name_that_leads_to_a_refused_address_is_dead_at_once() {
    let receiver = Receiver::start();
    let gateway = harness::Setup::strict()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(harness::App::new("camera"))
        .app(harness::App::new("fax"))
        .start();
    let port = receiver.address().port();
    let answer = gateway
        .bolt("fax")
        .post("sub/x", json!({"route": format!("http://localhost:{port}/"), "type": "web"}).to_string());
    if answer.status == 400 {
        // The name may be refused when it is saved, too.
        harness::assert_bolt_error(&answer, 400, 141);
    } else {
        let delivery = ended(&gateway, &publish(&gateway));
        assert_eq!(delivery["status"], "dead", "{delivery}");
        assert!(delivery["last_error"].as_str().is_some_and(|why| !why.is_empty()), "{delivery}");
    }
    assert_eq!(receiver.connections(), 0);
}
