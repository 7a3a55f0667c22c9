//! The fourteen probes of a receiver.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until_some};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

fn start(receiver: &Receiver) -> Gateway {
    let fax = App::new("fax").receiver(&receiver.url("/exchanges"));
    Setup::new().app(App::new("camera")).app(fax).link("camera", "fax").start()
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

/// Plants each fault in a receiver of its own, and compares what the probes name.
fn each_fault_is_named(protocol: &str) {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    let app = gateway.setup().app_named("fax");
    let secret = if protocol == "event" { &app.signing_secret } else { &app.secret_key };
    let running: Vec<_> = PROBES
        .into_iter()
        .chain(["none"])
        .map(|fault| {
            let faulty = Faulty::start(protocol, fault, "fax", secret);
            let id = begin(&gateway, protocol, &faulty.url);
            (fault, id, faulty)
        })
        .collect();
    for (fault, id, _faulty) in &running {
        let probes = probes(&gateway, id);
        let names: Vec<&str> = probes.iter().map(|probe| probe["name"].as_str().unwrap()).collect();
        assert_eq!(names, PROBES);
        // The credentials of exchanges have no time: to take an old request is no fault.
        let cannot_tell = protocol == "exchange" && matches!(*fault, "old_timestamp" | "none");
        let expected: &[&str] = if *fault == "none" || cannot_tell { &[] } else { &[fault] };
        assert_eq!(failed(&probes), expected, "{protocol} {fault}: {probes:#?}");
        if cannot_tell {
            assert_eq!(probes[4]["ok"], Value::Null, "{}", probes[4]);
        }
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
fn fourteen_probes_name_fourteen_faults_of_receivers_of_events() {
    each_fault_is_named("event");
}

#[test]
fn they_name_the_faults_of_receivers_of_exchanges() {
    each_fault_is_named("exchange");
}

#[test]
fn a_receiver_that_takes_one_kind_of_event_is_tested_with_a_sample_of_it() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    for (protocol, name, member) in
        [("event", "order-paid", "body"), ("exchange", "order/Paid \"now\"", "payload")]
    {
        let url = receiver.url(&format!("/{protocol}"));
        let body = json!({"order": {"id": 7}, "paid": true});
        let request = json!({"url": url, "app": "fax", "protocol": protocol, "name": name, "body": body});
        let begun = gateway.admin().send("POST", "receiver-tests", &request).expect(202).json();
        probes(&gateway, begun["id"].as_str().unwrap());
        let got: Vec<Value> = receiver
            .requests_at(&format!("/{protocol}"))
            .iter()
            .filter(|got| got.method == "POST")
            .map(|got| got.json())
            .collect();
        let of =
            |name: &str| got.iter().filter(|got| got["name"] == name || got["event_type"] == name).count();
        assert_eq!((of(name), got.len()), (21, 22), "{got:?}");
        // Each has the whole sample, also where more is sent.
        assert!(
            got.iter().all(|got| got[member]["order"]["id"] == 7 && got[member]["paid"] == true),
            "{got:?}"
        );
        assert!(
            got.iter().any(|got| got[member]["filler"].as_str().is_some_and(|all| all.len() == 1_000_000))
        );
        if protocol == "exchange" {
            assert!(got.iter().all(|got| got["client_id"] == "camera" && got["app_id"] == "fax"), "{got:?}");
        }
    }
    let long = "x".repeat(300_000);
    for (more, status) in [
        (json!({"name": "a/b"}), 422),
        (json!({"protocol": "exchange", "name": ""}), 422),
        (json!({"protocol": "exchange", "name": "x".repeat(129)}), 422),
        (json!({"body": long}), 413),
    ] {
        let mut request = json!({"url": receiver.url("/x"), "app": "fax", "protocol": "event"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        gateway.admin().send("POST", "receiver-tests", &request).expect(status);
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
