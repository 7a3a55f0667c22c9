//! The log of failures: one line each, limited in number, without private data.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::json;

#[track_caller]
fn line(gateway: &Gateway, parts: &[&str]) -> String {
    let all = |line: &&str| parts.iter().all(|part| line.contains(part));
    harness::until_some(&format!("a line with {parts:?}"), WAIT, || {
        gateway.stderr().lines().find(all).map(str::to_owned)
    })
}

/// Fails if the log contains a secret of these tests. The secrets are words: digits could match a time or a port.
#[track_caller]
fn no_secret(output: &str) {
    for secret in ["sesame", "walnut", "quartz", "velvet", "harbor", "tundra"] {
        assert!(!output.contains(secret), "{secret}: {output}");
    }
}

#[test]
fn failed_attempts_and_dead_deliveries_are_logged() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .set("retry", "schedule", r#"["200ms"]"#)
        .app(App::new("camera"))
        .app(
            App::new("fax")
                .url(&receiver.url("/path-sesame"))
                .hooks(r#""x" = "route-walnut?key=key-quartz""#),
        )
        .start();
    receiver.always(Reply::status(503).with_body("answer-velvet"));
    let hook = gateway.admin().all("hooks?app=fax")[0]["id"].as_str().unwrap().to_owned();
    let publish = || {
        gateway.bolt("camera").publish("x", &json!({"body": "body-harbor"}))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let event = publish();
    let host = receiver.address().to_string();
    let failed = line(&gateway, &["an attempt failed", &event]);
    for part in
        ["INFO", "fax", &hook, &host, "503", "the receiver answered 503", "next_attempt_at=", "attempt=1"]
    {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    let dead = line(&gateway, &["a delivery is dead", &event]);
    assert!(dead.contains("attempt=2") && dead.contains(&hook) && dead.contains(&host), "{dead}");
    for _ in 0..30 {
        publish();
    }
    until("the end", WAIT, || gateway.metric("footbridge_deliveries_total", "outcome=\"dead\"") == 31);
    let output = gateway.stderr();
    let count = |text: &str| output.lines().filter(|line| line.contains(text)).count();
    assert!(count("an attempt failed") <= 5 && count("a delivery is dead") <= 5, "{output}");
    no_secret(&output);
    assert!(!output.contains("token-of"), "{output}");
}

#[test]
fn failed_exchanges_and_refused_credentials_are_logged() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/path-sesame")))
        .app(App::new("other"))
        .link("superapp", "shop")
        .start();
    receiver.always(Reply::status(500).with_body("answer-walnut"));
    let body = |recipient: &str| {
        format!(
            r#"{{"app_id":"{recipient}","client_id":"superapp","event_type":"a-type","payload":"payload-quartz"}}"#
        )
    };
    let failed = gateway.host("superapp").send(body("shop")).expect(502);
    let id = failed.header("footbridge-exchange-id").unwrap();
    let output = line(&gateway, &["an exchange failed", id]);
    for part in ["superapp", "shop", "a-type", "undelivered", "answered 500", &receiver.address().to_string()]
    {
        assert!(output.contains(part), "{part}: {output}");
    }
    let refused = gateway.host("superapp").send(body("other")).expect(403);
    line(&gateway, &["an exchange failed", refused.header("footbridge-exchange-id").unwrap(), "forbidden"]);
    // All APIs that require a credential.
    gateway.host("superapp").bare(body("shop")).send().expect(401);
    line(&gateway, &["a credential was refused", "surface=\"bridge\"", "missing", "127.0.0.1"]);
    gateway.bolt_with("token-velvet").post("x", "{}").expect(401);
    line(&gateway, &["a credential was refused", "surface=\"events\"", "wrong"]);
    gateway.call("GET", "/api/v1/apps").header("Authorization", "Bearer token-harbor").send().expect(401);
    line(&gateway, &["a credential was refused", "surface=\"admin\"", "wrong"]);
    gateway.call("GET", "/api/v1/events/stream?ticket=token-tundra").send().expect(401);
    line(&gateway, &["a credential was refused", "surface=\"live\""]);
    for _ in 0..30 {
        gateway.bolt_with("token-velvet").post("x", "{}").expect(401);
    }
    let output = gateway.stderr();
    let refused =
        output.lines().filter(|line| line.contains("a credential was refused") && line.contains("events"));
    assert!(refused.count() <= 5, "{output}");
    no_secret(&output);
}

#[test]
fn subscriptions_ended_by_a_restart_are_logged() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new().app(App::new("fax")).start();
    gateway.bolt("fax").web("camera/photo-saved", &receiver.url("/x"));
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    gateway.kill9().start_again();
    for pattern in ["camera/photo-saved", "*/*"] {
        line(&gateway, &["a subscription ended", "app=fax", &format!("pattern={pattern}")]);
    }
    assert!(!gateway.stderr().contains("app=bolt"), "{}", gateway.stderr());
}
