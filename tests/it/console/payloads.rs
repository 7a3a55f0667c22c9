//! The bodies of events and answers, which only some may read.

use harness::{App, Gateway, Receiver, Reply, WAIT, until_some};
use serde_json::json;

use super::{add_token, setup, with_token};

/// A server with a publisher, a subscriber, and a pair that exchanges.
fn start(receiver: &Receiver) -> Gateway {
    let gateway = setup()
        .app(App::new("shop"))
        .app(App::new("mailer"))
        .app(App::new("elsewhere"))
        .app(App::new("pay").receiver(&receiver.url("/exchange")))
        .link("shop", "pay")
        .start();
    gateway.bolt("mailer").web("shop/order-paid", &receiver.url("/hook"));
    gateway
}

/// Publishes an event and sends an exchange, each with what only some may read. Returns their ids.
fn say(gateway: &Gateway) -> (String, String) {
    let body = json!({"body": {"text": "hidden-body"}, "headers": {"x-note": "hidden-header"}});
    let event = gateway.bolt("shop").publish("order-paid", &body)["id"].as_str().unwrap().to_owned();
    let exchange = json!({"client_id": "shop", "app_id": "pay", "event_type": "charge", "payload": {"p": "hidden-payload"}});
    gateway.host("shop").call(exchange.to_string()).header("Idempotency-Key", "one").send().expect(200);
    let exchange = until_some("the exchange", WAIT, || {
        let list = gateway.admin().get("exchanges");
        list["data"][0]["exchange_id"].as_str().map(str::to_owned)
    });
    (event, exchange)
}

#[test]
fn a_viewer_sees_that_something_happened_but_not_what_was_said() {
    let receiver = Receiver::start();
    receiver.at("/exchange", Reply::json(r#"{"answer": "hidden-answer"}"#));
    let gateway = start(&receiver);
    let (event, exchange) = say(&gateway);
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
    for tail in ["events", "deliveries", "exchanges", "links", "hooks"] {
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

#[test]
fn a_viewer_sees_no_body_in_stories_searches_exports_and_the_tail() {
    let receiver = Receiver::start();
    receiver.at("/exchange", Reply::json(r#"{"answer": "hidden-answer"}"#));
    // What a receiver says about a failure may repeat what it got.
    receiver.at("/hook", Reply::status(500).with_body("hidden-excerpt of hidden-body"));
    let gateway = start(&receiver);
    let [viewer, operator] =
        ["viewer", "operator"].map(|role| add_token(&gateway, &json!({"name": role, "role": role})));
    let mut tail =
        harness::Sse::open_with(gateway.address(), "tail", &format!("Authorization: Bearer {viewer}\r\n"));
    tail.wait("ping");
    let (event, exchange) = say(&gateway);
    until_some("the delivery is dead", WAIT, || {
        gateway.admin().all("deliveries?status=dead").first().cloned()
    });
    let mut seen = String::new();
    let mut missing = vec!["event", "delivery", "exchange"];
    // The exchange may end before the delivery.
    while !missing.is_empty() {
        let row = tail.next_event().expect("the tail goes on");
        missing.retain(|name| *name != row.name);
        seen.push_str(&row.data.to_string());
    }
    assert!(!seen.contains("hidden"), "the tail: {seen}");
    let read = |token: &str, tail: &str, accept: &str| {
        with_token(&gateway, token, "GET", tail).header("Accept", accept).send().expect(200).text()
    };
    let delivery = gateway.admin().delivery(&event)["id"].as_str().unwrap().to_owned();
    let mut shown = String::new();
    for path in [
        format!("events/{event}/story"),
        format!("exchanges/{exchange}/story"),
        format!("events/{event}/explain"),
        format!("deliveries/{delivery}"),
        "search?q=order".to_owned(),
        "attention".to_owned(),
        "stats/top?by=error".to_owned(),
    ] {
        let text = read(&viewer, &path, "application/json");
        assert!(!text.contains("hidden"), "{path}: {text}");
        shown.push_str(&read(&operator, &path, "application/json"));
    }
    for list in ["events", "deliveries", "exchanges"] {
        for accept in ["text/csv", "application/x-ndjson"] {
            let text = read(&viewer, list, accept);
            assert!(text.contains("shop") && !text.contains("hidden"), "{list} {accept}: {text}");
        }
    }
    // A search of bodies tells what they have, hit by hit.
    for path in ["events?q=body.text:hidden-body", "deliveries?q=body.text:hidden-body"] {
        let refused = with_token(&gateway, &viewer, "GET", path).send().expect(403);
        assert!(refused.text().contains("payloads.read"), "{path}: {}", refused.text());
        assert_eq!(
            with_token(&gateway, &operator, "GET", path).send().expect(200).json()["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
    for word in ["hidden-body", "hidden-excerpt"] {
        assert!(shown.contains(word), "an operator does not see {word}");
    }
}
