//! Tests of hooks and receivers that operators make.

use harness::{App, Gateway, Receiver, Reply, Setup, basic, each};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn start(receiver: &Receiver) -> Gateway {
    Setup::new()
        .app(App::new("camera"))
        .app(App::new("fax").receiver(&receiver.url("/exchanges")))
        .link("camera", "fax")
        .start()
}

fn hook(gateway: &Gateway, route: &str) -> String {
    let request = json!({"app": "fax", "pattern": "camera/photo-saved", "route": route, "type": "web"});
    let hook = gateway.admin().send("POST", "hooks", &request).expect(201).json();
    hook["id"].as_str().unwrap().to_owned()
}

fn header<'a>(headers: &'a Value, name: &str) -> &'a str {
    let found = headers.as_array().unwrap().iter().find(|header| header["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {headers}"))["value"].as_str().unwrap()
}

#[test]
fn a_test_of_a_hook_shows_everything_but_credentials_and_stores_nothing() {
    let receiver = Receiver::start();
    receiver.at("/hook", Reply::json(r#"{"thanks":true}"#).with("x-receiver", "yes"));
    let gateway = start(&receiver);
    let id = hook(&gateway, &receiver.url("/hook"));
    let request = json!({"body": {"size": 1.50}});
    let answer = gateway.admin().send("POST", &format!("hooks/{id}/test"), &request).expect(200);
    let attempt = &answer.json()["delivery"];

    let [got] = receiver.wait_at("/hook", 1).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(got.header("footbridge-test"), Some("true"));
    let sent = got.json();
    assert_eq!((&sent["name"], &sent["publisher"]), (&json!("photo-saved"), &json!("camera")));
    assert!(got.text().contains(r#""body":{"size":1.5}"#), "{}", got.text());

    assert_eq!(attempt["request"]["method"], "POST");
    assert_eq!(attempt["request"]["url"], json!(receiver.url("/hook")));
    let shown = &attempt["request"]["headers"];
    for (name, value) in &got.headers {
        match name.to_ascii_lowercase().as_str() {
            "webhook-signature" => assert!(header(shown, name).ends_with('…'), "{shown}"),
            _ => assert_eq!(header(shown, &name.to_ascii_lowercase()), value, "{shown}"),
        }
    }
    assert_eq!(attempt["answer"]["status"], 200);
    assert_eq!(attempt["answer"]["body"], r#"{"thanks":true}"#);
    assert_eq!(header(&attempt["answer"]["headers"], "x-receiver"), "yes");
    assert_eq!(attempt["address"]["ip"], "127.0.0.1");
    assert_eq!(attempt["address"]["verdict"], "loopback, allowed by [egress] allow");
    assert_eq!(attempt["verdict"], "The receiver answered 200: a delivery would be done.");
    let timing = &attempt["timing"];
    let total = timing["total_ms"].as_f64().unwrap();
    for part in ["dns_ms", "connect_ms", "first_byte_ms"] {
        assert!(timing[part].as_f64().is_some_and(|ms| ms <= total), "{timing}");
    }
    assert_eq!(timing["tls_ms"], Value::Null);

    let secrets = gateway.setup().app_named("fax").secrets();
    assert!(secrets.iter().all(|secret| !answer.text().contains(secret)), "{}", answer.text());
    assert!(gateway.admin().all("events").is_empty());
    assert!(gateway.admin().all("deliveries").is_empty());
}

#[test]
fn each_outcome_of_a_test_has_a_verdict() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    receiver.at("/gone", Reply::status(410));
    receiver.at("/moved", Reply::status(301).with("location", "/new"));
    receiver.at("/locked", Reply::status(401));
    receiver.at("/broken", Reply::status(500));
    receiver.at("/cut", Reply::close());
    let rows = [
        (receiver.url("/gone"), "would switch this hook off"),
        (receiver.url("/moved"), "`/new`"),
        (receiver.url("/locked"), "does not accept the credential"),
        (receiver.url("/broken"), "its own log says why"),
        (receiver.url("/cut"), "would be tried again"),
        ("http://127.0.0.1:1/".to_owned(), "Check that the receiver runs"),
    ];
    each(rows, |(route, verdict)| {
        let id = hook(&gateway, route);
        let answer = gateway.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200);
        let text = answer.json()["delivery"]["verdict"].as_str().unwrap().to_owned();
        assert!(text.to_lowercase().contains(&verdict.to_lowercase()), "{text}");
    });
    let strict = Setup::strict().app(App::new("camera")).app(App::new("fax")).start();
    let id = hook(&strict, "http://localhost.example.invalid/");
    let answer = strict.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200).json();
    assert_eq!(answer["delivery"]["answer"], Value::Null);
    assert!(answer["delivery"]["error"].is_string(), "{answer}");
}

#[test]
fn a_test_of_a_receiver_is_an_exchange_that_nobody_sent() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let path = "apps/fax/receiver/test";
    let answer = gateway.admin().send("POST", path, &json!({})).expect(200);
    let [got] = receiver.wait_at("/exchanges", 1).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(got.header("footbridge-test"), Some("true"));
    assert_eq!((&got.json()["app_id"], &got.json()["client_id"]), (&json!("fax"), &json!("camera")));
    let attempt = &answer.json()["delivery"];
    assert_eq!(header(&attempt["request"]["headers"], "authorization"), "Token …");
    assert!(attempt["verdict"].as_str().unwrap().contains("with JSON"), "{attempt}");
    let secrets = gateway.setup().app_named("fax").secrets();
    assert!(secrets.iter().all(|secret| !answer.text().contains(secret)), "{}", answer.text());
    assert!(gateway.admin().all("exchanges").is_empty());

    receiver.at("/exchanges", Reply::bytes("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\noops"));
    let answer = gateway.admin().send("POST", path, &json!({})).expect(200).json();
    assert!(answer["delivery"]["verdict"].as_str().unwrap().contains("not usable JSON"), "{answer}");
    let none = gateway.admin().send("POST", "apps/camera/receiver/test", &json!({})).expect(409).json();
    assert_eq!(none["code"], "not_testable");
    gateway.admin().send("POST", "apps/nobody/receiver/test", &json!({})).expect(404);
}

/// The answer to a test of a hook whose receiver answers like this.
fn tried(gateway: &Gateway, receiver: &Receiver, path: &str, reply: Reply) -> Value {
    receiver.at(path, reply);
    let id = hook(gateway, &receiver.url(path));
    gateway.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200).json()["delivery"]
        .clone()
}

#[test]
fn a_hostile_receiver_gets_no_more_than_the_deadline_and_64_kib() {
    let receiver = Receiver::start();
    let setup = Setup::new().app(App::new("camera")).app(App::new("fax"));
    let mut gateway = setup.set("egress", "timeout", "\"1s\"").start();
    let begun = Instant::now();
    let huge = tried(&gateway, &receiver, "/huge", Reply::json("\u{e4}".repeat(3_000_000)));
    let body = huge["answer"]["body"].as_str().unwrap();
    assert!(body.len() <= 64 * 1024 && body.len() > 60 * 1024, "{}", body.len());
    assert_eq!(huge["answer"]["truncated"], true);
    assert_eq!(tried(&gateway, &receiver, "/endless", Reply::endless())["answer"]["truncated"], true);

    let drip = Reply::json("x".repeat(10_000)).by_byte(Duration::from_millis(20));
    let slow = tried(&gateway, &receiver, "/drip", drip);
    assert!(slow["timing"]["total_ms"].as_f64().unwrap() < 5000.0, "{slow}");
    let head = format!("HTTP/1.1 200 OK\r\n{}", "x-more: and more\r\n".repeat(100_000));
    let headers = tried(&gateway, &receiver, "/headers", Reply::bytes(head));
    assert_eq!(headers["answer"], Value::Null, "{headers}");
    let junk = tried(&gateway, &receiver, "/junk", Reply::json(b"\xff\xfe<b>\0"));
    assert_eq!(junk["answer"]["body"], "\u{fffd}\u{fffd}<b>\0");
    let id = hook(&gateway, &receiver.url("/tls").replace("http://", "https://"));
    let tls = gateway.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200).json();
    assert!(tls["delivery"]["error"].is_string() && tls["delivery"]["timing"]["tls_ms"].is_null(), "{tls}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    gateway.assert_healthy();
}

#[test]
fn what_a_receiver_repeats_of_its_credentials_is_not_shown() {
    let receiver = Receiver::start();
    let other = Receiver::start();
    let gateway = start(&receiver);
    let fax = gateway.setup().app_named("fax").clone();
    let pair = basic("Token", "fax", &fax.secret_key);
    let pair = pair.strip_prefix("Token ").unwrap();
    // Also where a credential is cut in two by the end of what is shown.
    let text = format!("{}{} {pair} {}", "x".repeat(64 * 1024 - 20), fax.token, fax.secret_key);
    let reply = Reply::json(&text).with("x-echo", &format!("got {pair}"));
    let mut seen = tried(&gateway, &receiver, "/echo", reply).to_string();
    let short = format!("{pair} {} {}", fax.token, fax.signing_secret);
    seen += &tried(&gateway, &receiver, "/short", Reply::json(&short)).to_string();
    let moved = Reply::status(307).with("location", &other.url(&format!("/?key={}", fax.secret_key)));
    let moved = tried(&gateway, &receiver, "/moved", moved);
    assert!(moved["verdict"].as_str().unwrap().contains("follows none"), "{moved}");
    seen += &moved.to_string();
    receiver.at("/exchanges", Reply::json(&short));
    seen += &gateway.admin().send("POST", "apps/fax/receiver/test", &json!({})).expect(200).text();
    for secret in fax.secrets().iter().map(String::as_str).chain([pair, &fax.token[..19]]) {
        assert!(!seen.contains(secret), "{secret}");
        assert!(!gateway.stderr().contains(secret), "{secret} is in the log");
    }
    assert_eq!(other.count(), 0, "a redirect was followed");
}

#[test]
fn a_permission_to_send_does_not_give_the_credentials_of_an_app_away() {
    let receiver = Receiver::start();
    let elsewhere = Receiver::start();
    let gateway = start(&receiver);
    let token = |permissions: &Value| {
        let request = json!({"name": permissions.to_string(), "permissions": permissions});
        let made = gateway.admin().send("POST", "tokens", &request).expect(201).json();
        format!("Bearer {}", made["token"].as_str().unwrap())
    };
    let sends = token(&json!(["events.send"]));
    let hooks = token(&json!(["events.send", "hooks.write"]));
    let test = |bearer: &str, url: &str, protocol: &str| {
        let body = json!({"url": url, "app": "fax", "protocol": protocol}).to_string();
        let call = gateway.call("POST", "/api/v1/receiver-tests").header("authorization", bearer);
        call.header("content-type", "application/json").body(&body).send()
    };
    let refused = test(&sends, &elsewhere.url("/x"), "event").expect(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("`hooks.write`"), "{refused}");
    let refused = test(&hooks, &elsewhere.url("/x"), "exchange").expect(403).json();
    assert!(refused["detail"].as_str().unwrap().contains("`apps.write`"), "{refused}");
    assert_eq!(elsewhere.count(), 0);
    test(&sends, &receiver.url("/other-path"), "exchange").expect(202);
    test(&hooks, &elsewhere.url("/x"), "event").expect(202);
}

#[test]
fn tests_leave_an_entry_in_the_audit_log_and_need_the_permission_to_send() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let id = hook(&gateway, &receiver.url("/hook"));
    gateway.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200);
    gateway.admin().send("POST", "apps/fax/receiver/test", &json!({})).expect(200);
    let request = json!({"url": receiver.url("/hook?key=hidden"), "app": "fax", "protocol": "event"});
    gateway.admin().send("POST", "receiver-tests", &request).expect(202);
    let entries = gateway.admin().all("audit");
    let of = |act: &str| entries.iter().find(|entry| entry["action"] == act);
    for act in ["hook.test", "receiver.test"] {
        assert!(of(act).is_some(), "{entries:?}");
    }
    // It says where the credentials went, without the parts of a URL that may be secret.
    assert_eq!(of("receiver.probe").unwrap()["note"], json!(receiver.url("")), "{entries:?}");
    let token = json!({"name": "reader", "permissions": ["apps.read", "events.read"]});
    let token = gateway.admin().send("POST", "tokens", &token).expect(201).json();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    for path in [format!("hooks/{id}/test"), "apps/fax/receiver/test".into(), "receiver-tests".into()] {
        let call = gateway.call("POST", &format!("/api/v1/{path}")).header("authorization", &bearer);
        let answer = call.header("content-type", "application/json").body("{}").send();
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")), "{path}");
    }
}
