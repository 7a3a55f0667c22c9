//! The request that the recipient gets, and its credential.

use harness::{
    App, Receiver, Reply, Setup, assert_bridge_error, basic, each, is_iso_millis, verify_signature,
};
use serde_json::json;

use super::pair::{event, pair, setup};

#[test]
fn the_recipient_gets_its_own_credential_and_a_signature_it_can_verify() {
    let (gateway, receiver) = pair();
    let answer = gateway.host("superapp").send(event(r#"{"email":"a@example.com"}"#)).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    let shop = gateway.setup().app_named("shop");
    assert_eq!(got.method, "POST");
    assert_eq!(got.path, "/shop");
    assert_eq!(got.all("authorization"), [basic("Token", "shop", &shop.secret_key)]);
    assert_eq!(got.all("content-type"), ["application/json"]);
    assert_eq!(got.all("host"), [receiver.address().to_string()]);
    assert!(
        got.header("user-agent").is_some_and(|agent| agent.starts_with("Footbridge/")),
        "{:?}",
        got.headers
    );
    let id = answer.header("footbridge-exchange-id").expect("an id");
    assert!(id.starts_with("exc_"));
    assert_eq!(got.all("footbridge-exchange-id"), [id]);
    assert_eq!(got.all("webhook-id"), [id]);
    verify_signature(&got, &shop.signing_secret).unwrap();
    let sender = gateway.setup().app_named("superapp");
    assert!(verify_signature(&got, &sender.signing_secret).is_err(), "it was signed for another app");
    for secret in sender.secrets() {
        assert!(!got.whole().contains(&secret), "the sender's secret reached the recipient");
    }
    let sent = basic("", "superapp", &sender.secret_key);
    assert!(!got.whole().contains(sent.trim()), "the sender's credential reached the recipient");
}

#[test]
fn a_miniapps_event_reaches_the_host_with_the_hosts_prefix() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp").prefix("HostKey").receiver(&receiver.url("/superapp?from=bridge&x=%20y")))
        .app(App::new("shop"))
        .link("superapp", "shop")
        .start();
    gateway.miniapp("shop").send(event("1")).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    let secret = &gateway.setup().app_named("superapp").secret_key;
    assert_eq!(got.header("authorization").unwrap(), basic("HostKey", "superapp", secret));
    assert_eq!(got.path, "/superapp?from=bridge&x=%20y");
}

#[test]
fn receiver_auth_replaces_the_default_credential() {
    let receiver = Receiver::start();
    let shop = App::new("shop")
        .receiver(&receiver.url("/shop"))
        .line(r#"receiver_auth = { name = "legacy-client", secret = "legacy-secret-71c2" }"#);
    let gateway = Setup::new().app(App::new("superapp")).app(shop).link("superapp", "shop").start();
    gateway.host("superapp").send(event("1")).expect(200);
    let got = receiver.wait(1).pop().unwrap();
    assert_eq!(got.header("authorization").unwrap(), basic("Token", "legacy-client", "legacy-secret-71c2"));
    assert!(!got.whole().contains(&gateway.setup().app_named("shop").secret_key));
    verify_signature(&got, &gateway.setup().app_named("shop").signing_secret).unwrap();
}

#[test]
fn headers_of_the_sender_are_not_forwarded() {
    let (gateway, receiver) = pair();
    let call = gateway.host("superapp").call(event("1")).headers(&[
        ("X-Custom", "leak-1"),
        ("Cookie", "leak=2"),
        ("X-Forwarded-For", "203.0.113.77"),
        ("webhook-id", "leak-3"),
        ("webhook-signature", "v1,leak4"),
        ("Footbridge-Exchange-Id", "exc_leak5"),
        ("User-Agent", "leak-6"),
        ("Accept-Encoding", "gzip, leak7"),
        ("Idempotency-Key", "leak-8"),
        ("Forwarded", "for=leak9"),
    ]);
    call.send().expect(200);
    let whole = receiver.wait(1).pop().unwrap().whole();
    assert!(!whole.contains("leak") && !whole.contains("203.0.113.77"), "{whole}");
}

#[test]
fn a_recipient_without_a_receiver_is_409() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp"))
        .app(App::new("none"))
        .app(App::new("off").receiver(&receiver.url("/off")).line("receiver_enabled = false"))
        .link("superapp", "none")
        .link("superapp", "off")
        .start();
    each(["none", "off"], |recipient| {
        let answer = gateway.host("superapp").send(event("1").replace("shop", recipient));
        assert!(assert_bridge_error(&answer, 409, "EVENT_RECEIVER_DISABLED").is_some());
    });
    assert_eq!(receiver.count(), 0);
}

#[test]
fn a_receiver_is_set_and_switched_while_running() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    let admin = gateway.admin();
    let url = receiver.url("/late");
    admin.done("POST", "apps", &json!({"name": "late"}));
    admin.done("POST", "links", &json!({"host": "superapp", "miniapp": "late"}));
    let send = || gateway.host("superapp").send(event("1").replace("shop", "late"));
    assert_bridge_error(&send(), 409, "EVENT_RECEIVER_DISABLED");
    admin.done("PATCH", "apps/late", &json!({"receiver_url": url}));
    send().expect(200);
    admin.done("PATCH", "apps/late", &json!({"receiver_enabled": false}));
    assert_bridge_error(&send(), 409, "EVENT_RECEIVER_DISABLED");
    admin.done("PATCH", "apps/late", &json!({"receiver_enabled": true}));
    send().expect(200);
    assert_eq!(receiver.requests_at("/late").len(), 2);
}

#[test]
fn redirects_are_not_followed() {
    let (gateway, receiver) = pair();
    let canary = Receiver::start();
    each([301, 302, 303, 307, 308], |status| {
        receiver.at("/shop", Reply::status(*status).with("Location", &canary.url("/")).with_body("{}"));
        let answer = gateway.host("superapp").send(event("1"));
        assert_bridge_error(&answer, 502, "EVENT_DELIVERY_FAILED");
        assert!(
            !answer.text().contains(&canary.url("")),
            "it shows the receiver's header: {}",
            answer.text()
        );
    });
    assert_eq!(canary.connections(), 0);
}

#[test]
fn an_exchange_leaves_a_record() {
    let (gateway, receiver) = pair();
    receiver.at("/shop", Reply::json("{\"kept\":true}"));
    let answer = gateway.host("superapp").send(event("1")).expect(200);
    let id = answer.header("footbridge-exchange-id").unwrap().to_owned();
    let record = harness::until_some("the record", harness::WAIT, || {
        let answer = gateway.admin().call("GET", &format!("exchanges/{id}")).send();
        (answer.status == 200).then(|| answer.json())
    });
    let text = record.to_string();
    assert!(text.contains(&id) && text.contains("superapp") && text.contains("shop"), "{text}");
    let dated = record.as_object().unwrap().values().any(|value| value.as_str().is_some_and(is_iso_millis));
    assert!(dated, "a record says when: {text}");
}
