//! Events and exchanges that an operator sends as an app.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, each, until_some};
use serde_json::{Value, json};

fn start(receiver: &Receiver) -> Gateway {
    let gateway = Setup::new()
        .app(App::new("camera"))
        .app(App::new("fax").receiver(&receiver.url("/exchanges")))
        .link("camera", "fax")
        .start();
    let hook = json!({"app": "fax", "pattern": "camera/*", "route": receiver.url("/hook"), "type": "web"});
    gateway.admin().send("POST", "hooks", &hook).expect(201);
    gateway
}

#[test]
fn an_event_goes_where_that_of_the_app_would_go_and_says_if_it_is_a_test() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    for (test, mark) in [(json!(true), Some("true")), (json!(false), None), (Value::Null, None)] {
        let request = json!({"app": "Camera", "name": "Photo-Saved", "body": {"n": 1.50}, "headers": {"x-a": "b"}, "test": test});
        let answer = gateway.admin().send("POST", "events", &request).expect(201);
        let sent = answer.json();
        let shown = (&sent["name"], &sent["publisher"], &sent["deliveries"], &sent["warnings"]);
        assert_eq!(shown, (&json!("photo-saved"), &json!("camera"), &json!(1), &json!([])));
        let id = sent["id"].as_str().unwrap();
        assert_eq!(answer.header("location"), Some(format!("/api/v1/events/{id}").as_str()));
        let got = until_some("its delivery", WAIT, || {
            receiver.requests_at("/hook").into_iter().find(|got| got.text().contains(id))
        });
        assert_eq!((got.header("footbridge-test"), got.header("x-a")), (mark, Some("b")));
        let event = gateway.admin().get(&format!("events/{id}"));
        assert_eq!((&event["via"], &event["test"]), (&json!("console"), &json!(mark.is_some())));
    }
    let acts = gateway.admin().all("audit?action=event.send");
    assert_eq!(acts.len(), 3, "{acts:?}");
}

#[test]
fn an_exchange_shows_its_outcome_and_is_recorded() {
    let receiver = Receiver::start();
    receiver.at("/exchanges", Reply::json(r#"{"ok":1.0}"#));
    let gateway = start(&receiver);
    let body = json!({"event_type": "order", "payload": [1]});
    let request =
        json!({"direction": "to_miniapp", "app": "camera", "to": "fax", "body": body, "test": true});
    let answer = gateway.admin().send("POST", "exchanges", &request).expect(200);
    assert!(answer.text().contains(r#"{"ok":1.0}"#), "{}", answer.text());
    let sent = answer.json();
    let exchange = &sent["exchange"];
    assert_eq!((&sent["http_status"], &exchange["upstream_status"]), (&json!(200), &json!(200)));
    assert_eq!((&exchange["via"], &exchange["test"]), (&json!("console"), &json!(true)));
    let [got] = receiver.wait_at("/exchanges", 1).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(got.header("footbridge-test"), Some("true"));
    assert_eq!(
        got.json(),
        json!({"app_id": "fax", "client_id": "camera", "event_type": "order", "payload": [1]})
    );
    let id = exchange["exchange_id"].as_str().unwrap();
    harness::until("its record", WAIT, || {
        gateway.admin().send("GET", &format!("exchanges/{id}"), &Value::Null).status == 200
    });

    let other = json!({"direction": "to_host", "app": "camera", "to": "fax", "body": body});
    let refused = gateway.admin().send("POST", "exchanges", &other).expect(200).json();
    assert_eq!((&refused["http_status"], &refused["answer"]), (&json!(403), &Value::Null), "{refused}");
}

#[test]
fn a_wrong_request_is_refused_and_names_what_is_wrong() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let exchange = |body: Value| json!({"direction": "to_miniapp", "app": "camera", "body": body});
    let rows = [
        ("events", json!({"app": "nobody", "name": "x"}), 404, "app"),
        ("events", json!({"app": "camera", "name": "a/b"}), 422, "name"),
        ("events", json!({"app": "camera", "name": "x", "headers": {"host": "x"}}), 422, "headers"),
        ("events", json!({"app": "camera", "name": "x", "body": "x".repeat(300_000)}), 413, "body"),
        ("events", json!({"app": "camera", "name": "x", "bodies": 1}), 422, "bodies"),
        ("exchanges", exchange(json!({"event_type": "t", "payload": 1})), 422, "to"),
        ("exchanges", exchange(json!({"app_id": "fax", "payload": 1})), 422, "event_type"),
        ("exchanges", exchange(json!({"app_id": "fax", "event_type": "t"})), 422, "payload"),
        (
            "exchanges",
            exchange(json!({"app_id": "fax", "client_id": "x", "event_type": "t", "payload": 1})),
            422,
            "client_id",
        ),
        ("exchanges", exchange(json!([])), 422, "body"),
    ];
    each(rows, |(path, request, status, named)| {
        let answer = gateway.admin().send("POST", path, request).expect(*status);
        assert!(answer.json()["detail"].as_str().unwrap().contains(named), "{}", answer.text());
    });
    assert!(gateway.admin().all("events").is_empty());
}
