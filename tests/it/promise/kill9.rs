//! `kill -9` under load, checked against a record outside the program.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::{App, Call, Gateway, Ledger, PublishResult, Receiver, Reply, Setup, WAIT, raw_member, until};
use serde_json::json;

/// Three persistent hooks of two apps.
fn setup(receiver: &Receiver) -> Setup {
    let web =
        format!(r#""camera/*" = {{ route = "{}", type = "web" }}, "load" = "by-name""#, receiver.url("/web"));
    Setup::new()
        .set("retry", "schedule", r#"["50ms", "100ms", "200ms", "500ms", "1s", "1s", "1s", "1s"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(&web))
        .app(App::new("gallery").url(&receiver.url("/gallery")).hooks(r#""camera/*" = "all""#))
}

const HOOKS: [&str; 3] = ["/web", "/fax/by-name", "/gallery/all"];

/// Starts publishers that continue while the server is killed and record all results.
struct Load {
    address: Arc<Mutex<SocketAddr>>,
    over: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start(gateway: &Gateway, ledger: &Arc<Ledger>, publishers: usize) -> Self {
        let address = Arc::new(Mutex::new(gateway.address()));
        let over = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(0));
        let token = gateway.setup().app_named("camera").token.clone();
        let threads = (0..publishers)
            .map(|_| {
                let (address, over, next) = (Arc::clone(&address), Arc::clone(&over), Arc::clone(&next));
                let (ledger, token) = (Arc::clone(ledger), token.clone());
                std::thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let to = *address.lock().unwrap();
                        let call =
                            Call::new(to, "POST", "/api/events/load").header("X-Bolt-App-Token", &token);
                        let (result, id) = match call.json(&json!({"body": {"n": n}})).try_send() {
                            Ok(answer) if answer.status == 200 => (
                                PublishResult::Acked,
                                answer.json()["body"]["id"].as_str().map(str::to_owned),
                            ),
                            Ok(_) => (PublishResult::Refused, None),
                            Err(_) => (PublishResult::Unknown, None),
                        };
                        ledger.record_publish(n, result, id);
                        if result != PublishResult::Acked {
                            harness::pause(Duration::from_millis(5));
                        }
                    }
                })
            })
            .collect();
        Self { address, over, threads }
    }

    fn follow(&self, gateway: &Gateway) {
        *self.address.lock().unwrap() = gateway.address();
    }

    fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

/// The number of kills; `FOOTBRIDGE_KILLS` overrides it.
fn kills() -> usize {
    std::env::var("FOOTBRIDGE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn enter(receiver: &Receiver, ledger: &Ledger) {
    for got in receiver.requests() {
        let event = got.json();
        ledger.record_arrival(&got.path, event["body"]["n"].as_u64().unwrap(), event["id"].as_str().unwrap());
    }
}

#[test]
fn nothing_acked_is_lost_and_nothing_refused_arrives() {
    let receiver = Receiver::start();
    let ledger = Arc::new(Ledger::default());
    let mut gateway = setup(&receiver).start();
    let load = Load::start(&gateway, &ledger, 4);
    for round in 1..=kills() {
        // Some kills happen while a receiver fails, so that retries are pending; others while all succeed.
        receiver.at("/web", if round % 2 == 0 { Reply::json("{}") } else { Reply::status(503) });
        let goal = ledger.count(PublishResult::Acked) + 40;
        until("more acked publishes", WAIT, || ledger.count(PublishResult::Acked) >= goal);
        gateway.kill9().start_again();
        load.follow(&gateway);
    }
    load.end();
    receiver.at("/web", Reply::json("{}"));
    for hook in HOOKS {
        until(&format!("every acked event at {hook}"), Duration::from_secs(30), || {
            enter(&receiver, &ledger);
            ledger.missing(hook).is_empty()
        });
    }
    until("rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    enter(&receiver, &ledger);
    ledger.check_arrivals();
    assert!(ledger.count(PublishResult::Acked) >= 40 * kills());
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
    assert!(accepted >= 3 * ledger.count(PublishResult::Acked) as u64, "{accepted}");
}

#[test]
fn a_duplicate_carries_the_same_ids_and_bytes() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    // The answer arrives and the server is killed before it can have stored all outcomes.
    let gate = harness::Gate::default();
    receiver.at("/web", Reply::json("{}").behind(&gate));
    for n in 0..6 {
        gateway.bolt("camera").publish("load", &json!({"body": {"n": n}}));
    }
    receiver.wait_at("/web", 6);
    gateway.kill9();
    gate.open();
    gateway.start_again();
    let got = receiver.wait_at("/web", 12);
    for first in &got[..6] {
        let again = got[6..].iter().find(|other| other.header("webhook-id") == first.header("webhook-id"));
        let again = again.expect("each is sent again");
        assert_eq!(again.header("footbridge-delivery-id"), first.header("footbridge-delivery-id"));
        for member in ["id", "name", "publisher", "body", "time"] {
            assert_eq!(raw_member(&again.body, member), raw_member(&first.body, member), "{member}");
        }
    }
}

#[test]
fn an_ack_means_a_delivery_for_every_hook_even_when_killed_at_once() {
    let receiver = Receiver::start();
    let mut setup = Setup::new().app(App::new("camera"));
    for n in 0..40 {
        let url = receiver.url(&format!("/app{n}"));
        setup = setup.app(App::new(&format!("app{n}")).url(&url).hooks(r#""camera/wide" = "x""#));
    }
    let mut gateway = setup.start();
    let id = gateway.bolt("camera").publish("wide", &json!({"body": 1}))["id"].as_str().unwrap().to_owned();
    gateway.kill9().start_again();
    for n in 0..40 {
        let got = receiver.wait_at(&format!("/app{n}/x"), 1);
        assert!(got.iter().all(|got| got.json()["id"] == id.as_str()));
    }
    until("the records", WAIT, || {
        gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"") == 40
    });
    assert_eq!(gateway.identity(), (40, 40));
}

#[test]
fn outcomes_survive_and_nothing_final_is_sent_again() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    for n in 0..20 {
        gateway.bolt("camera").publish("load", &json!({"body": {"n": n}}));
    }
    receiver.wait(60);
    let delivered =
        |gateway: &Gateway| gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\"");
    until("the records", WAIT, || delivered(&gateway) == 60);
    gateway.kill9().start_again();
    assert_eq!(delivered(&gateway), 60);
    assert_eq!(gateway.identity(), (60, 60));
    harness::pause(Duration::from_millis(300));
    assert_eq!(receiver.count(), 60);
}
