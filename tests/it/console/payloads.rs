//! The bodies of events and answers, which only some may read.

use harness::{App, Receiver, Reply, WAIT, until_some};
use serde_json::json;

use super::{add_token, setup, with_token};

#[test]
fn a_viewer_sees_that_something_happened_but_not_what_was_said() {
    let receiver = Receiver::start();
    receiver.at("/exchange", Reply::json(r#"{"answer": "hidden-answer"}"#));
    let gateway = setup()
        .app(App::new("shop"))
        .app(App::new("mailer"))
        .app(App::new("pay").receiver(&receiver.url("/exchange")))
        .link("shop", "pay")
        .start();
    gateway.bolt("mailer").web("shop/order-paid", &receiver.url("/hook"));
    let body = json!({"body": {"text": "hidden-body"}, "headers": {"x-note": "hidden-header"}});
    let event = gateway.bolt("shop").publish("order-paid", &body)["id"].as_str().unwrap().to_owned();
    let exchange = json!({"client_id": "shop", "app_id": "pay", "event_type": "charge", "payload": {"p": "hidden-payload"}});
    gateway.host("shop").call(exchange.to_string()).header("Idempotency-Key", "one").send().expect(200);
    let exchange = until_some("the exchange", WAIT, || {
        let list = gateway.admin().get("exchanges");
        list["data"][0]["exchange_id"].as_str().map(str::to_owned)
    });
    let delivery = gateway.admin().delivery(&event)["id"].as_str().unwrap().to_owned();
    let viewer = add_token(&gateway, &json!({"name": "viewer", "role": "viewer"}));
    let operator = add_token(&gateway, &json!({"name": "operator", "role": "operator"}));
    let read = |token: &str, tail: &str| with_token(&gateway, token, "GET", tail).send().expect(200).text();
    let tails = [
        "events".to_owned(),
        format!("events/{event}"),
        "deliveries".to_owned(),
        format!("deliveries/{delivery}"),
        "exchanges".to_owned(),
        format!("exchanges/{exchange}"),
    ];
    for tail in &tails {
        assert!(!read(&viewer, tail).contains("hidden"), "{tail}: {}", read(&viewer, tail));
    }
    let shown: String = tails.iter().map(|tail| read(&operator, tail)).collect();
    for word in ["hidden-body", "hidden-header", "hidden-answer"] {
        assert!(shown.contains(word), "an operator does not see {word}");
    }
    // Somebody limited to another app sees none of it at all.
    let other = json!({"name": "other", "role": "operator", "apps": ["elsewhere"]});
    let other = add_token(&gateway, &other);
    for tail in ["events", "deliveries", "exchanges", "apps", "links", "hooks"] {
        assert_eq!(
            with_token(&gateway, &other, "GET", tail).send().expect(200).json()["data"],
            json!([]),
            "{tail}"
        );
    }
    for tail in tails.iter().filter(|tail| tail.contains('_')) {
        with_token(&gateway, &other, "GET", tail).send().expect(404);
    }
    let mailer = json!({"name": "mailer", "role": "operator", "apps": ["mailer"]});
    let mailer = add_token(&gateway, &mailer);
    with_token(&gateway, &mailer, "GET", &format!("events/{event}")).send().expect(200);
    with_token(&gateway, &mailer, "GET", &format!("exchanges/{exchange}")).send().expect(404);
}
