//! Tests of hooks and receivers that operators make.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, each, until_some};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

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

/// A receiver in a process of its own.
struct Faulty {
    process: Child,
    url: String,
}

impl Faulty {
    fn start(protocol: &str, fault: &str, name: &str, secret: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/apps/receiver/receiver.py");
        let mut command = Command::new("python3");
        command.args([script, protocol, fault, name, secret]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python3");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, url: format!("http://127.0.0.1:{}/hook", line.trim()) }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const PROBES: [&str; 14] = [
    "good",
    "repeated",
    "out_of_order",
    "bad_signature",
    "old_timestamp",
    "missing_signature",
    "large",
    "slow_body",
    "wrong_type",
    "unknown_event",
    "redirect",
    "escapes",
    "other_method",
    "concurrent",
];

fn begin(gateway: &Gateway, protocol: &str, url: &str) -> String {
    let request = json!({"url": url, "app": "fax", "protocol": protocol});
    let begun = gateway.admin().send("POST", "receiver-tests", &request).expect(202);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(begun.header("location"), Some(format!("/api/v1/receiver-tests/{id}").as_str()));
    id
}

/// Waits for the end of a test, and returns its probes.
fn probes(gateway: &Gateway, id: &str) -> Vec<Value> {
    let test = until_some("the end of the test", 4 * WAIT, || {
        let test = gateway.admin().get(&format!("receiver-tests/{id}"));
        (test["state"] == "done").then_some(test)
    });
    test["probes"].as_array().unwrap().clone()
}

fn failed(probes: &[Value]) -> Vec<&str> {
    let failed = probes.iter().filter(|probe| probe["ok"] == json!(false));
    failed.map(|probe| probe["name"].as_str().unwrap()).collect()
}

#[test]
fn fourteen_probes_name_fourteen_faults() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let app = gateway.setup().app_named("fax");
    let (key, signing) = (app.secret_key.clone(), app.signing_secret.clone());
    let faults = PROBES.into_iter().chain(["none"]).map(|fault| ("event", fault, &signing));
    let faults = faults.chain([
        ("exchange", "none", &key),
        ("exchange", "bad_signature", &key),
        ("exchange", "missing_signature", &key),
    ]);
    let running: Vec<_> = faults
        .map(|(protocol, fault, secret)| {
            let faulty = Faulty::start(protocol, fault, "fax", secret);
            let id = begin(&gateway, protocol, &faulty.url);
            (protocol, fault, id, faulty)
        })
        .collect();
    for (protocol, fault, id, _faulty) in &running {
        let probes = probes(&gateway, id);
        let names: Vec<&str> = probes.iter().map(|probe| probe["name"].as_str().unwrap()).collect();
        assert_eq!(names, PROBES);
        let expected: &[&str] = if *fault == "none" { &[] } else { &[fault] };
        assert_eq!(failed(&probes), expected, "{protocol} {fault}: {probes:#?}");
        for probe in &probes {
            let has_code = probe["code"].is_string();
            let wants_code = probe["ok"] == json!(false) && !matches!(*fault, "good" | "redirect");
            assert_eq!(has_code, wants_code, "{probe}");
            assert!(
                !probe["got"].as_str().unwrap().is_empty() && !probe["advice"].as_str().unwrap().is_empty()
            );
        }
        let text = json!(probes).to_string();
        assert!(app.secrets().iter().all(|secret| !text.contains(secret)), "{text}");
    }
}

#[test]
fn a_receiver_is_tested_once_at_a_time_and_within_the_address_policy() {
    let receiver = Receiver::start();
    receiver.always(Reply::hang());
    let gateway = start(&receiver);
    let url = receiver.url("/slow");
    let id = begin(&gateway, "event", &url);
    let request = json!({"url": url, "app": "fax", "protocol": "event"});
    let second = gateway.admin().send("POST", "receiver-tests", &request).expect(409).json();
    assert!(second["detail"].as_str().unwrap().contains(&id), "{second}");
    let slow = probes(&gateway, &id);
    assert_eq!(failed(&slow), ["good"]);
    assert!(slow[0]["got"].as_str().unwrap().contains("no answer"), "{slow:?}");
    gateway.admin().send("GET", "receiver-tests/rct_0", &Value::Null).expect(404);
    for (request, status) in [
        (json!({"url": "ftp://x/", "app": "fax", "protocol": "event"}), 422),
        (json!({"url": url, "app": "nobody", "protocol": "event"}), 404),
        (json!({"url": url, "app": "fax", "protocol": "mail"}), 422),
    ] {
        gateway.admin().send("POST", "receiver-tests", &request).expect(status);
    }
    let strict = Setup::strict().app(App::new("fax")).start();
    let refused = probes(&strict, &begin(&strict, "event", &url));
    assert!(refused[0]["got"].as_str().unwrap().contains("destination refused: loopback"), "{refused:?}");
}

#[test]
fn tests_leave_an_entry_in_the_audit_log_and_need_the_permission_to_send() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let id = hook(&gateway, &receiver.url("/hook"));
    gateway.admin().send("POST", &format!("hooks/{id}/test"), &json!({})).expect(200);
    gateway.admin().send("POST", "apps/fax/receiver/test", &json!({})).expect(200);
    let probed = begin(&gateway, "event", &receiver.url("/hook"));
    probes(&gateway, &probed);
    let entries = gateway.admin().all("audit");
    let acts: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for act in ["hook.test", "receiver.test", "receiver.probe"] {
        assert!(acts.contains(&act), "{acts:?}");
    }
    let token = json!({"name": "reader", "permissions": ["apps.read", "events.read"]});
    let token = gateway.admin().send("POST", "tokens", &token).expect(201).json();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    for path in [format!("hooks/{id}/test"), "apps/fax/receiver/test".into(), "receiver-tests".into()] {
        let call = gateway.call("POST", &format!("/api/v1/{path}")).header("authorization", &bearer);
        let answer = call.header("content-type", "application/json").body("{}").send();
        assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")), "{path}");
    }
}
