//! Rotation: both secrets are valid for a while, and outbound requests use the old one until the new one is first
//! used.

use harness::{App, Gateway, Receiver, Setup, WAIT, basic, until, verify_signature};
use serde_json::{Value, json};

const EVENT: &str = r#"{"app_id":"made","client_id":"superapp","event_type":"x","payload":1}"#;

fn made(receiver: &Receiver) -> (Gateway, Value) {
    let gateway = Setup::new().app(App::new("superapp")).app(App::new("camera")).start();
    let request = json!({"name": "made", "receiver_url": receiver.url("/made"), "url": receiver.url("/app")});
    let app = gateway.admin().send("POST", "apps", &request).expect(201).json();
    gateway.admin().done("POST", "links", &json!({"host": "superapp", "miniapp": "made"}));
    (gateway, app)
}

fn text<'a>(app: &'a Value, kind: &str) -> &'a str {
    app[kind].as_str().unwrap_or_else(|| panic!("no {kind} in {app}"))
}

#[test]
fn old_and_new_secrets_are_both_accepted_and_both_sign() {
    let receiver = Receiver::start();
    let (mut gateway, old) = made(&receiver);
    let new = gateway.admin().done("POST", "apps/made/rotate", &json!({}));
    for kind in ["token", "secret_key", "signing_secret"] {
        assert_ne!(text(&new, kind), text(&old, kind));
    }
    for round in 0..2 {
        gateway.host("superapp").send(EVENT).expect(200);
        let got = receiver.wait(round + 1).pop().unwrap();
        verify_signature(&got, text(&old, "signing_secret")).unwrap();
        verify_signature(&got, text(&new, "signing_secret")).unwrap();
        assert_eq!(got.header("authorization").unwrap(), basic("Token", "made", text(&old, "secret_key")));
        gateway.bolt_with(text(&old, "token")).publish("x", &json!({}));
        if round == 0 {
            gateway.kill9().start_again();
        }
    }
    gateway.bolt_with(text(&new, "token")).publish("x", &json!({}));
    gateway.bolt_with(text(&old, "token")).publish("x", &json!({}));
}

#[test]
fn outbound_requests_use_the_old_secret_until_the_new_one_is_used() {
    let receiver = Receiver::start();
    let (gateway, old) = made(&receiver);
    gateway.bolt_with(text(&old, "token")).server("camera/x", "/x");
    let new = gateway.admin().done("POST", "apps/made/rotate", &json!({}));
    gateway.bolt("camera").publish("x", &json!({}));
    assert_eq!(receiver.wait_at("/app/x", 1)[0].json()["token"], old["token"]);
    gateway.bolt_with(text(&new, "token")).publish("y", &json!({}));
    let mut got = 1;
    until("the new token", WAIT, || {
        got += 1;
        gateway.bolt("camera").publish("x", &json!({}));
        receiver.wait_at("/app/x", got)[got - 1].json()["token"] == new["token"]
    });
    // The same for the bridge credential: the app uses its new one as a sender.
    let back = r#"{"app_id":"made","client_id":"superapp","event_type":"x","payload":1}"#;
    let call =
        gateway.call("POST", "/api/v1/event-bridge/miniapp/").header("Content-Type", "application/json");
    let authorization = basic("Token", "made", text(&new, "secret_key"));
    call.header("Authorization", authorization.clone()).body(back).send().expect(409);
    until("the new credential", WAIT, || {
        gateway.host("superapp").send(EVENT).expect(200);
        receiver.requests_at("/made").pop().unwrap().header("authorization") == Some(&authorization)
    });
}

#[test]
fn an_unknown_app_is_404() {
    let gateway = Setup::new().start();
    gateway.admin().send("POST", "apps/nobody/rotate", &json!({})).expect(404);
}
