//! Hooks over the administration API.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, each, members, until};
use serde_json::{Value, json};

fn start(receiver: &Receiver) -> Gateway {
    Setup::new()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")))
        .start()
}

fn make(gateway: &Gateway, receiver: &Receiver, pattern: &str, path: &str) -> Value {
    let request = json!({"app": "fax", "pattern": pattern, "route": receiver.url(path), "type": "web"});
    gateway.admin().send("POST", "hooks", &request).expect(201).json()
}

#[test]
fn a_hook_is_persistent_and_has_every_member() {
    let receiver = Receiver::start();
    let mut gateway = start(&receiver);
    let request =
        json!({"app": "fax", "pattern": "Camera/Photo-Saved", "route": "hooks/photo", "type": "server"});
    let answer = gateway.admin().send("POST", "hooks", &request).expect(201);
    let mut names = members(&answer.body);
    names.sort();
    let mut expected =
        ["id", "app", "publisher", "event", "route", "type", "transient", "enabled", "created_at"]
            .map(str::to_owned);
    expected.sort();
    assert_eq!(names, expected);
    let hook = answer.json();
    let parts = ["app", "publisher", "event", "route", "type"].map(|member| hook[member].as_str().unwrap());
    assert_eq!(parts, ["fax", "camera", "photo-saved", "hooks/photo", "server"]);
    assert_eq!((&hook["transient"], &hook["enabled"]), (&json!(false), &json!(true)));
    assert!(hook["created_at"].as_str().is_some_and(harness::is_iso_millis), "{hook}");
    gateway.kill9().start_again();
    assert_eq!(gateway.admin().all("hooks?app=fax"), [hook]);
    gateway.bolt("camera").publish("photo-saved", &json!({}));
    receiver.wait_at("/fax/hooks/photo", 1);
}

#[test]
fn a_bad_hook_is_refused() {
    let receiver = Receiver::start();
    let mut gateway = start(&receiver);
    let rows = [
        json!({}),
        json!({"app": "nobody", "pattern": "x", "route": "/x", "type": "server"}),
        json!({"app": "fax", "route": "/x", "type": "server"}),
        json!({"app": "fax", "pattern": "x", "type": "server"}),
        json!({"app": "fax", "pattern": "x", "route": "", "type": "server"}),
        json!({"app": "fax", "pattern": "x", "route": "a/../b", "type": "server"}),
        json!({"app": "fax", "pattern": "x", "route": "/x", "type": "web"}),
        json!({"app": "fax", "pattern": "x", "route": "http://169.254.169.254/", "type": "web"}),
        json!({"app": "fax", "pattern": "x", "route": "/x", "type": "pigeon"}),
        json!({"app": 5, "pattern": "x", "route": "/x", "type": "server"}),
    ];
    each(rows, |request| {
        let answer = gateway.admin().send("POST", "hooks", request);
        assert!(matches!(answer.status, 400 | 404 | 422), "{} {}", answer.status, answer.text());
        assert!(answer.json()["code"].is_string());
    });
    assert!(gateway.admin().all("hooks?app=fax").is_empty());
    gateway.assert_healthy();
}

#[test]
fn a_disabled_hook_receives_nothing_until_it_is_enabled() {
    let receiver = Receiver::start();
    let mut gateway = start(&receiver);
    let hook = make(&gateway, &receiver, "x", "/x");
    let path = format!("hooks/{}", hook["id"].as_str().unwrap());
    let publish = |gateway: &Gateway| gateway.bolt("camera").publish("x", &json!({}))["deliveries"].clone();
    gateway.admin().done("PATCH", &path, &json!({"enabled": false}));
    assert_eq!(publish(&gateway), 0);
    gateway.kill9().start_again();
    assert_eq!(publish(&gateway), 0);
    gateway.admin().done("PATCH", &path, &json!({"enabled": true}));
    assert_eq!(publish(&gateway), 1);
    receiver.wait(1);
}

#[test]
fn a_hook_disabled_by_410_can_be_enabled_again() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    receiver.at("/x", Reply::status(410));
    let hook = make(&gateway, &receiver, "x", "/x");
    let id = hook["id"].as_str().unwrap();
    gateway.bolt("camera").publish("x", &json!({}));
    let enabled = || {
        let all = gateway.admin().all("hooks?app=fax");
        all.iter().find(|hook| hook["id"] == id).expect("a persistent hook stays")["enabled"].clone()
    };
    until("the hook to be disabled", WAIT, || enabled() == false);
    until("the end", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 0);
    receiver.at("/x", Reply::json("{}"));
    gateway.admin().done("PATCH", &format!("hooks/{id}"), &json!({"enabled": true}));
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 1);
    receiver.wait(2);
}

#[test]
fn deleting_a_hook_cancels_its_pending_deliveries() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    receiver.at("/x", Reply::status(503));
    let hook = make(&gateway, &receiver, "x", "/x");
    for _ in 0..3 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    receiver.wait(3);
    gateway.admin().delete(&format!("hooks/{}", hook["id"].as_str().unwrap()));
    until("the queue to go", WAIT, || gateway.admin().all("deliveries?status=cancelled").len() == 3);
    let cancelled = gateway.admin().all("deliveries?status=cancelled");
    let reasoned = |delivery: &Value| delivery["last_error"].as_str().is_some_and(|why| why.contains("hook"));
    assert!(cancelled.iter().all(reasoned), "{cancelled:?}");
    assert_eq!(gateway.identity(), (3, 3));
    let again = gateway.admin().call("DELETE", &format!("hooks/{}", hook["id"].as_str().unwrap())).send();
    assert_eq!(again.status, 404);
}

#[test]
fn hooks_can_be_filtered_by_app() {
    let receiver = Receiver::start();
    let gateway = start(&receiver);
    make(&gateway, &receiver, "x", "/x");
    gateway.bolt("camera").web("y", &receiver.url("/y"));
    assert_eq!(gateway.admin().all("hooks?app=fax").len(), 1);
    assert_eq!(gateway.admin().all("hooks?app=FAX").len(), 1);
    assert_eq!(gateway.admin().all("hooks?app=camera").len(), 1);
    let nobody = gateway.admin().call("GET", "hooks?app=nobody").send();
    assert!(nobody.status == 404 || nobody.json()["data"] == json!([]), "{}", nobody.text());
}

#[test]
fn pending_deliveries_follow_a_changed_hook() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new()
        .set("retry", "schedule", r#"["300ms", "300ms", "300ms", "1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""filed" = "f""#))
        .start();
    receiver.at("/fax/old", Reply::status(500));
    let request = json!({"app": "fax", "pattern": "x", "route": "old"});
    let hook = gateway.admin().done("POST", "hooks", &request);
    let path = format!("hooks/{}", hook["id"].as_str().unwrap());
    let ids: Vec<Value> =
        (0..3).map(|_| gateway.bolt("camera").publish("x", &json!({}))["id"].clone()).collect();
    receiver.wait_at("/fax/old", 3);
    let url = receiver.url("/elsewhere");
    let changed = gateway.admin().done("PATCH", &path, &json!({"route": url, "type": "web", "in_flight": 2}));
    assert_eq!(
        (&changed["id"], &changed["route"], &changed["type"]),
        (&hook["id"], &json!(url), &json!("web"))
    );
    assert_eq!((&changed["created_at"], &changed["in_flight"]), (&hook["created_at"], &json!(2)));
    let mut got: Vec<Value> =
        receiver.wait_at("/elsewhere", 3).iter().map(|got| got.json()["id"].clone()).collect();
    got.sort_by_key(Value::to_string);
    assert_eq!(got, ids);
    until("the end", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(gateway.identity(), (3, 3));
    gateway.kill9().start_again();
    assert_eq!(gateway.admin().get(&path)["route"], url.as_str());
    // The route of a file hook can be changed in the file only, and bad values are refused.
    let filed =
        gateway.admin().all("hooks?app=fax").into_iter().find(|hook| hook["event"] == "filed").unwrap();
    let filed = format!("hooks/{}", filed["id"].as_str().unwrap());
    let refused = gateway.admin().send("PATCH", &filed, &json!({"route": "g"})).expect(409).json();
    assert_eq!(refused["code"], "managed_by_file");
    for bad in [json!({}), json!({"route": "/x"}), json!({"type": "dance"}), json!({"pattern": "y"})] {
        gateway.admin().send("PATCH", &path, &bad).expect(422);
    }
    assert_eq!(gateway.admin().get(&path)["route"], url.as_str());
}
