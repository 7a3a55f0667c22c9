//! Custom events of a page that become exchanges or published events.

use harness::{Answer, App, Gateway, Receiver, Setup, assert_bridge_error, each};
use serde_json::{Value, json};

use super::common::{ask, start_server, ticket};

/// A linked host and miniapp, with their receiver.
fn pair() -> (Gateway, Receiver) {
    let receiver = Receiver::start();
    let app = |name: &str| App::new(name).receiver(&receiver.url(&format!("/{name}")));
    let hooks = format!("\"superapp/*\" = {{ route = {:?}, type = \"web\" }}", receiver.url("/hook"));
    let setup = Setup::new().app(app("superapp")).app(app("shop").hooks(&hooks)).app(app("stranger"));
    (setup.link("superapp", "shop").start(), receiver)
}

fn forward(gateway: &Gateway, ticket: &str, key: Option<&str>, request: &Value) -> Answer {
    let call = gateway.call("POST", "/api/v1/forward").header("Authorization", format!("Ticket {ticket}"));
    let call = key.map_or(call.clone(), |key| call.header("Idempotency-Key", key));
    call.json(request).send()
}

fn exchange(kind: &str, payload: &Value) -> Value {
    json!({"to": "exchange", "type": kind, "payload": payload, "app_id": "shop", "client_id": "superapp"})
}

#[test]
fn an_exchange_is_sent_as_the_tickets_app_and_its_answer_comes_back() {
    let (gateway, receiver) = pair();
    let rows = [("superapp", "/shop"), ("shop", "/superapp")];
    each(rows, |(sender, path)| {
        let ticket = ticket(&gateway, sender, "forward");
        let answer =
            forward(&gateway, &ticket, Some("pev_1"), &exchange("buy", &json!({"sku": 1}))).expect(200);
        let answer = answer.json();
        let got = receiver.wait_at(path, 1).remove(0);
        assert_eq!(got.header("footbridge-exchange-id"), answer["id"].as_str());
        assert_eq!(
            got.json(),
            json!({"app_id": "shop", "client_id": "superapp", "event_type": "buy", "payload": {"sku": 1}})
        );
        // The same page event is the same exchange; with another body it is refused.
        let again =
            forward(&gateway, &ticket, Some("pev_1"), &exchange("buy", &json!({"sku": 1}))).expect(200);
        assert_eq!(again.json(), answer);
        let other = forward(&gateway, &ticket, Some("pev_1"), &exchange("buy", &json!({"sku": 2})));
        assert_bridge_error(&other, 422, "INVALID_EVENT_DATA");
        assert_eq!(receiver.requests_at(path).len(), 1);
    });
    let listed = gateway.admin().all("exchanges");
    assert_eq!(listed.len(), 2, "{listed:?}");
}

#[test]
fn a_publish_is_an_event_of_the_tickets_app_and_carries_the_pages_id() {
    let (gateway, receiver) = pair();
    let ticket = ticket(&gateway, "superapp", "forward");
    let request =
        json!({"to": "publish", "type": "Opened", "payload": [1, null], "app_id": "", "client_id": ""});
    let answer = forward(&gateway, &ticket, Some("pev_2"), &request).expect(200).json();
    assert_eq!(forward(&gateway, &ticket, Some("pev_2"), &request).expect(200).json(), answer);
    let got = receiver.wait_at("/hook", 1).remove(0);
    let event = got.json();
    assert_eq!((&event["id"], &event["name"]), (&answer["id"], &json!("opened")));
    assert_eq!((&event["publisher"], &event["body"]), (&json!("superapp"), &json!([1, null])));
    assert_eq!(got.header("x-page-event-id"), Some("pev_2"));
    assert_eq!(receiver.requests_at("/hook").len(), 1);
}

#[test]
fn page_id_and_idempotency_key_are_separate() {
    let (gateway, receiver) = pair();
    let ticket = ticket(&gateway, "superapp", "forward");
    let request = json!({"to": "publish", "type": "opened", "payload": 1, "app_id": "", "client_id": ""});
    let call = |key: &str| {
        let call =
            gateway.call("POST", "/api/v1/forward").header("Authorization", format!("Ticket {ticket}"));
        let call = call.header("Idempotency-Key", key).header("X-Page-Event-Id", "order-0001");
        call.json(&request).send().expect(200).json()["id"].clone()
    };
    // The same id in two pages is two events.
    let mine = call("order-0001.mine");
    assert_eq!(call("order-0001.mine"), mine);
    assert_ne!(call("order-0001.theirs"), mine);
    for got in receiver.wait_at("/hook", 2) {
        assert_eq!(got.header("x-page-event-id"), Some("order-0001"));
    }
}

#[test]
fn keys_of_a_page_and_of_its_backend_are_separate() {
    let (gateway, receiver) = pair();
    let ticket = ticket(&gateway, "superapp", "forward");
    forward(&gateway, &ticket, Some("order-1"), &exchange("buy", &json!(1))).expect(200);
    let direct = gateway
        .host("superapp")
        .call(
            json!({"app_id": "shop", "client_id": "superapp", "event_type": "buy", "payload": 2}).to_string(),
        )
        .header("Idempotency-Key", "order-1");
    direct.send().expect(200);
    assert_eq!(receiver.wait_at("/shop", 2).len(), 2);
}

#[test]
fn a_ticket_can_restrict_forwarding() {
    let (gateway, receiver) = pair();
    let made = ask(&gateway, "superapp", &json!({"use": "forward", "events": ["*/buy"]})).expect(200).json();
    let narrow = made["ticket"].as_str().unwrap();
    forward(&gateway, narrow, None, &exchange("Buy", &json!(1))).expect(200);
    let refused = forward(&gateway, narrow, None, &exchange("refund", &json!(1)));
    assert_bridge_error(&refused, 403, "UNAUTHORIZED");
    let refused = forward(&gateway, narrow, None, &json!({"to": "publish", "type": "refund", "payload": 1}));
    assert_bridge_error(&refused, 403, "UNAUTHORIZED");
    assert_eq!(receiver.requests_at("/shop").len(), 1);
}

#[test]
fn forwarding_errors_are_bridge_errors() {
    let (gateway, receiver) = pair();
    let good = ticket(&gateway, "superapp", "forward");
    let of = |ticket: &str, request: &Value| forward(&gateway, ticket, None, request);
    let live = ticket(&gateway, "superapp", "live");
    for wrong in ["", "tkt_x", &live] {
        let refused = of(wrong, &exchange("buy", &json!(1)));
        assert_bridge_error(&refused, 401, "UNAUTHORIZED");
        assert_eq!(refused.header("www-authenticate"), Some("Ticket realm=\"footbridge\""));
    }
    let rows = [
        (exchange("", &json!(1)), 400, "INVALID_EVENT_DATA"),
        (exchange(&"a".repeat(129), &json!(1)), 400, "INVALID_EVENT_DATA"),
        (json!({"to": "both", "type": "x", "payload": 1}), 400, "INVALID_EVENT_DATA"),
        (json!({"to": "publish", "type": "a/b", "payload": 1}), 400, "INVALID_EVENT_DATA"),
        (
            json!({"to": "exchange", "type": "x", "app_id": "shop", "client_id": "superapp"}),
            400,
            "INVALID_EVENT_DATA",
        ),
        (
            json!({"to": "exchange", "type": "x", "payload": 1, "client_id": "superapp"}),
            400,
            "INVALID_EVENT_DATA",
        ),
        (
            json!({"to": "exchange", "type": "x", "payload": 1, "app_id": "stranger", "client_id": "superapp"}),
            403,
            "UNAUTHORIZED",
        ),
        (
            json!({"to": "exchange", "type": "x", "payload": 1, "app_id": "shop", "client_id": "stranger"}),
            403,
            "UNAUTHORIZED",
        ),
    ];
    each(rows, |(request, status, code)| {
        assert_bridge_error(&of(&good, request), *status, code);
    });
    assert_eq!(receiver.count(), 0);
    let large = exchange("buy", &json!("x".repeat(1 << 20)));
    assert_bridge_error(&of(&good, &large), 413, "INVALID_EVENT_DATA");
    let large = json!({"to": "publish", "type": "x", "payload": "x".repeat(256 * 1024)});
    assert_bridge_error(&of(&good, &large), 413, "INVALID_EVENT_DATA");
    assert_bridge_error(&gateway.get("/api/v1/forward"), 405, "INVALID_EVENT_DATA");
    let asked =
        gateway.call("OPTIONS", "/api/v1/forward").header("Access-Control-Request-Method", "POST").send();
    let allowed = asked.expect(204).header("access-control-allow-headers").unwrap().to_owned();
    for header in ["authorization", "idempotency-key", "x-page-event-id"] {
        assert!(allowed.contains(header), "{allowed}");
    }
}

#[test]
fn a_ticket_ends_with_its_app() {
    let gateway = start_server();
    let made = gateway.admin().done("POST", "apps", &json!({"name": "temp"}));
    let call =
        gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", made["token"].as_str().unwrap());
    let ticket = call.json(&json!({"use": "forward"})).send().expect(200).json()["ticket"].clone();
    let request = json!({"to": "publish", "type": "x", "payload": 1});
    forward(&gateway, ticket.as_str().unwrap(), None, &request).expect(200);
    gateway.admin().delete("apps/temp");
    forward(&gateway, ticket.as_str().unwrap(), None, &request).expect(401);
}
