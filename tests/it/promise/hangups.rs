//! Clients that disconnect before their answer: their request happens completely or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{
    Answer, App, Call, Gateway, HangUp, Raw, Receiver, Reply, Setup, WAIT, each, until, until_some,
};
use serde_json::{Value, json};

/// Sends each call and disconnects 0 to 4 ms later, every other time with a reset. Returns when the server has
/// processed all.
fn hang_up(gateway: &Gateway, calls: impl IntoIterator<Item = Call>) {
    for (n, call) in calls.into_iter().enumerate() {
        let by = if n % 2 == 0 { HangUp::Close } else { HangUp::Reset };
        call.hang_up(Duration::from_micros(250 * (n as u64 / 2 % 16)), by);
    }
    gateway.wait_connections_closed();
}

fn setup(receiver: &Receiver) -> Setup {
    Setup::new()
        .set("bridge", "timeout", "\"2s\"")
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/x" = "x""#))
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .link("superapp", "shop")
}

fn event(payload: usize) -> String {
    json!({"app_id": "shop", "client_id": "superapp", "event_type": "x", "payload": payload}).to_string()
}

fn keyed(gateway: &Gateway, n: usize) -> Call {
    gateway.host("superapp").call(event(n)).header("Idempotency-Key", format!("key-{n}"))
}

/// The answers to a hundred keyed calls. While an exchange of a disconnected client runs, the answer to its key
/// is 409.
#[track_caller]
fn settled(call: impl Fn(usize) -> Call) -> Vec<Answer> {
    let mut open: Vec<_> = (0..100).collect();
    let mut answers = Vec::new();
    until("an outcome for every key", WAIT, || {
        open.retain(|n| {
            let answer = call(*n).send();
            let running = answer.status == 409;
            answers.extend(Some(answer).filter(|_| !running));
            running
        });
        open.is_empty()
    });
    answers
}

#[test]
fn an_accepted_publish_is_delivered_after_a_disconnect() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    hang_up(
        &gateway,
        (0..200).map(|n| gateway.bolt("camera").call("POST", "x", json!({"body": n}).to_string())),
    );
    until("the last delivery", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
    assert_eq!(gateway.metric("footbridge_deliveries_total", "outcome=\"delivered\""), accepted);
    assert_eq!(receiver.count() as u64, accepted);
    assert!(accepted >= 50, "only {accepted} were accepted: this tests nothing");
}

#[test]
fn a_repeated_keyed_publish_happens_once() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    let publish = |n: usize| {
        let call = gateway.bolt("camera").call("POST", "x", json!({"body": n}).to_string());
        call.header("Idempotency-Key", format!("key-{n}"))
    };
    hang_up(&gateway, (0..100).map(publish));
    for answer in settled(publish) {
        assert_eq!(answer.expect(200).json()["body"]["deliveries"], 1);
    }
    until("the last delivery", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(gateway.identity(), (100, 100));
    assert_eq!(receiver.count(), 100);
}

#[test]
fn a_keyed_exchange_has_an_outcome_and_is_sent_once() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    hang_up(&gateway, (0..100).map(|n| keyed(&gateway, n)));
    for answer in settled(|n| keyed(&gateway, n)) {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut sent: Vec<u64> =
        receiver.requests().iter().map(|got| got.json()["payload"].as_u64().unwrap()).collect();
    sent.sort_unstable();
    assert_eq!(sent, (0..100).collect::<Vec<_>>(), "each is sent once, by the first call or by the second");
}

#[test]
fn no_exchange_is_left_running() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    receiver.at("/shop", Reply::json("{}").after(Duration::from_millis(5)));
    let host = gateway.host("superapp");
    let calls = (0..120).map(|n| {
        let call = host.call(event(n));
        if n % 3 == 0 { call.header("Prefer", "respond-async") } else { call }
    });
    hang_up(&gateway, calls);
    let ends = |gateway: &Gateway| -> BTreeMap<String, Value> {
        let all = gateway.admin().all("exchanges?limit=250");
        all.into_iter().map(|one| (one["exchange_id"].to_string(), one["status"].clone())).collect()
    };
    let running = |end: &Value| end.is_null() || end == "running";
    until("the end of every exchange", WAIT, || !ends(&gateway).values().any(running));
    let before = ends(&gateway);
    gateway.stop().start_again();
    let after = ends(&gateway);
    assert!(!after.values().any(running), "{after:?}");
    for (id, end) in &before {
        assert_eq!(after.get(id), Some(end), "{id}");
    }
}

/// The lists after all changes have been applied: they are read again after two more changes, which are applied
/// in turn.
fn quiet_lists(gateway: &Gateway) -> [Vec<Value>; 3] {
    let link = json!({"host": "superapp", "miniapp": "fax"});
    until_some("lists that stay as they are", WAIT, || {
        let before = lists(gateway);
        gateway.admin().send("POST", "links", &link).expect(201);
        gateway.admin().delete("links/superapp/fax");
        Some(lists(gateway)).filter(|after| *after == before)
    })
}

fn lists(gateway: &Gateway) -> [Vec<Value>; 3] {
    ["apps?limit=250", "hooks?limit=250", "links?limit=250"].map(|list| {
        let mut all = gateway.admin().all(list);
        all.sort_by_key(Value::to_string);
        all
    })
}

#[test]
fn administration_answers_the_same_before_and_after_a_restart() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let admin = gateway.admin();
    let hook = json!({"app": "fax", "pattern": "camera/y", "type": "server"});
    let with = |member: &str, value: String| {
        let mut all = hook.clone();
        all[member] = value.into();
        all
    };
    let make = |n| admin.call("POST", "hooks").json(&with("route", format!("/y/{n}")));
    hang_up(&gateway, (0..120).map(make));
    hang_up(&gateway, (0..60).map(|n| admin.call("POST", "apps").json(&json!({"name": format!("made{n}")}))));
    let [apps, hooks, _] = quiet_lists(&gateway);
    let mut calls = Vec::new();
    for app in apps.iter().filter_map(|app| app["name"].as_str()).filter(|name| name.starts_with("made")) {
        calls.push(admin.call("POST", "links").json(&json!({"host": "superapp", "miniapp": app})));
        calls.push(admin.call("PATCH", &format!("apps/{app}")).json(&json!({"url": receiver.url("/made")})));
    }
    for (n, id) in hooks.iter().filter_map(|hook| hook["id"].as_str()).enumerate() {
        let path = format!("hooks/{id}");
        calls.push(admin.call("PATCH", &path).json(&json!({"enabled": n % 4 != 0})));
    }
    hang_up(&gateway, calls);
    let made = |hook: &&Value| hook["event"] == "y";
    let gone = hooks.iter().filter(made).step_by(3).filter_map(|hook| hook["id"].as_str());
    hang_up(&gateway, gone.map(|id| admin.call("DELETE", &format!("hooks/{id}"))));
    let gone = apps.iter().filter_map(|app| app["name"].as_str()).filter(|name| name.starts_with("made"));
    hang_up(&gateway, gone.step_by(2).map(|name| admin.call("DELETE", &format!("apps/{name}"))));

    let before = quiet_lists(&gateway);
    assert!(before[1].len() > 20, "only {} hooks were made: this tests nothing", before[1].len());
    let enabled = before[1].iter().filter(made).filter(|hook| hook["enabled"] == true).count();
    assert_eq!(gateway.bolt("camera").publish("y", &json!({}))["deliveries"], enabled);
    gateway.stop().start_again();
    assert_eq!(lists(&gateway), before);
    assert_eq!(gateway.bolt("camera").publish("y", &json!({}))["deliveries"], enabled);
}

#[test]
fn a_half_closed_client_is_answered() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    receiver.at("/shop", Reply::json("\"late\"").after(Duration::from_millis(200)));
    let rows = [
        (gateway.call("GET", "/livez"), 200),
        (gateway.bolt("camera").call("POST", "x", "{}"), 200),
        (gateway.host("superapp").call(event(1)), 200),
        (keyed(&gateway, 1), 200),
        (gateway.admin().call("POST", "apps").json(&json!({"name": "half"})), 201),
        (gateway.admin().call("GET", "hooks"), 200),
    ];
    each(rows, |(call, status)| {
        let mut raw = Raw::connect(gateway.address());
        raw.send(call.bytes()).finish();
        raw.answer().expect(*status);
        assert_eq!(raw.rest(), "", "and then the connection ends");
    });
}
