//! Hooks of the configuration file: persistent, and not removable over the events API.

use harness::{App, Receiver, Reply, Setup, WAIT, until};
use serde_json::json;

fn setup(receiver: &Receiver) -> Setup {
    let hooks = format!(
        r#""camera/photo-saved" = "hooks/photo", "camera/*" = {{ route = "{}", type = "web" }}"#,
        receiver.url("/all")
    );
    Setup::new().app(App::new("camera")).app(App::new("fax").url(&receiver.url("/fax")).hooks(&hooks))
}

#[test]
fn file_hooks_receive_events_from_the_start_and_after_restarts() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).start();
    let ids = |gateway: &harness::Gateway| {
        let mut ids: Vec<_> =
            gateway.admin().all("hooks?app=fax").into_iter().map(|hook| hook["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let before = ids(&gateway);
    assert_eq!(before.len(), 2);
    for round in 1..=3 {
        assert_eq!(gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"], 2);
        assert_eq!(receiver.wait_at("/fax/hooks/photo", round).len(), round);
        assert_eq!(receiver.wait_at("/all", round).len(), round);
        until("the records", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
        gateway.kill9().start_again();
        assert_eq!(ids(&gateway), before, "a persistent hook changed its id");
    }
    for hook in gateway.admin().all("hooks?app=fax") {
        assert_eq!(hook["transient"], false, "{hook}");
    }
}

#[test]
fn unsubscribe_does_not_remove_file_hooks() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    assert_eq!(gateway.bolt("fax").unsubscribe("*"), json!([]));
    assert_eq!(gateway.bolt("fax").unsubscribe("camera/photo-saved"), json!([]));
    assert_eq!(gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"], 2);
}

#[test]
fn deliveries_of_file_hooks_survive_a_restart() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("retry", "schedule", r#"["1s", "1s", "1s"]"#).start();
    receiver.at("/all", Reply::status(503));
    let event =
        gateway.bolt("camera").publish("x", &json!({"body": "kept"}))["id"].as_str().unwrap().to_owned();
    receiver.wait_at("/all", 1);
    gateway.kill9();
    receiver.at("/all", Reply::json("{}"));
    gateway.start_again();
    until("the delivery", WAIT, || gateway.admin().delivery(&event)["status"] == "delivered");
    let got = receiver.requests_at("/all");
    let (first, last) = (&got[0], got.last().unwrap());
    assert_eq!(last.json()["id"], event.as_str());
    assert_eq!(last.json()["body"], "kept");
    assert_eq!(last.header("footbridge-delivery-id"), first.header("footbridge-delivery-id"));
}

#[test]
fn a_file_hook_refused_by_egress_warns_and_its_deliveries_die_at_once() {
    let receiver = Receiver::start();
    let canary = Receiver::start();
    let hooks = format!(
        r#""camera/photo-saved" = "hooks/photo", "camera/*" = {{ route = "{}", type = "web" }}"#,
        canary.url("/all")
    );
    let mut gateway = Setup::strict()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(&hooks))
        .start();
    assert_eq!(gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"], 2);
    until("both ends", WAIT, || gateway.admin().all("deliveries?status=pending").is_empty());
    let dead = gateway.admin().all("deliveries?status=dead");
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(dead[0]["url"], canary.url("/all").as_str());
    assert!(dead[0]["last_error"].as_str().is_some_and(|why| !why.is_empty()), "{dead:?}");
    assert_eq!(receiver.count(), 1, "the app's own url is allowed");
    assert_eq!(canary.connections(), 0);
    gateway.assert_healthy();
}

#[test]
fn a_hook_removed_from_the_file_is_deleted_with_its_queue() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("retry", "schedule", r#"["1h"]"#).start();
    receiver.always(Reply::status(503));
    gateway.bolt("camera").publish("photo-saved", &json!({}));
    receiver.wait(2);
    until("both attempts", WAIT, || {
        gateway.admin().all("deliveries?status=pending").iter().all(|delivery| delivery["attempts"] == 1)
    });
    gateway.stop();
    let camera = App::new("camera");
    let fax = App::new("fax").url(&receiver.url("/fax")).hooks(r#""camera/photo-saved" = "hooks/photo""#);
    gateway.start_changed(|setup| setup.without_app("camera").without_app("fax").app(camera).app(fax));
    until("its queue to go", WAIT, || gateway.admin().all("deliveries?status=cancelled").len() == 1);
    assert_eq!(gateway.admin().all("hooks?app=fax").len(), 1);
    assert_eq!(gateway.admin().all("deliveries?status=pending").len(), 1);
    assert_eq!(gateway.identity(), (2, 2));
}

/// The setup with a hook of `fax` on `camera/x` to this route, or without the hook.
fn leading(setup: Setup, receiver: &Receiver, route: Option<&str>) -> Setup {
    let fax = App::new("fax").url(&receiver.url("/fax"));
    let hooks = route.map(|route| format!(r#""camera/x" = {route}"#));
    setup.without_app("fax").app(match hooks {
        Some(hooks) => fax.hooks(&hooks),
        None => fax,
    })
}

#[test]
fn pending_deliveries_follow_a_route_changed_in_the_file() {
    let receiver = Receiver::start();
    let base = Setup::new().set("retry", "schedule", r#"["2s", "1h"]"#).app(App::new("camera"));
    let mut gateway = leading(base, &receiver, Some("\"old\"")).start();
    receiver.at("/fax/old", Reply::status(503));
    let hook = gateway.admin().all("hooks?app=fax").remove(0);
    let events: Vec<_> =
        (0..3).map(|_| gateway.bolt("camera").publish("x", &json!({}))["id"].clone()).collect();
    receiver.wait_at("/fax/old", 3);
    let other = format!(r#"{{ route = {:?}, type = "web" }}"#, receiver.url("/elsewhere"));
    gateway.stop().start_changed(|setup| leading(setup, &receiver, Some(&other)));
    let moved = gateway.admin().all("hooks?app=fax");
    assert_eq!(moved.len(), 1);
    assert_eq!((&moved[0]["id"], &moved[0]["type"]), (&hook["id"], &json!("web")));
    let mut got: Vec<_> =
        receiver.wait_at("/elsewhere", 3).iter().map(|got| got.json()["id"].clone()).collect();
    got.sort_by_key(ToString::to_string);
    assert_eq!(got, events);
    assert_eq!(gateway.identity(), (3, 3));
}

#[test]
fn a_hook_added_back_to_the_file_finds_its_pending_deliveries() {
    let receiver = Receiver::start();
    let base = Setup::new().set("retry", "schedule", r#"["1h"]"#).app(App::new("camera"));
    let mut gateway = leading(base, &receiver, Some("\"old\"")).start();
    receiver.at("/fax/old", Reply::status(503));
    let hook = gateway.admin().all("hooks?app=fax").remove(0);
    for _ in 0..3 {
        gateway.bolt("camera").publish("x", &json!({}));
    }
    until("three failed attempts", WAIT, || {
        gateway.admin().all("deliveries?status=pending&code=503").len() == 3
    });
    gateway.stop().start_changed(|setup| leading(setup, &receiver, None));
    assert!(gateway.admin().all("hooks?app=fax").is_empty());
    assert_eq!(gateway.admin().all("deliveries?status=cancelled").len(), 3);
    assert_eq!(gateway.identity(), (3, 3));
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 0);
    gateway.kill9().start_again();
    receiver.at("/fax/new", Reply::json("{}"));
    gateway.stop().start_changed(|setup| leading(setup, &receiver, Some("\"new\"")));
    let back = gateway.admin().all("hooks?app=fax").remove(0);
    assert_eq!((&back["id"], &back["route"]), (&hook["id"], &json!("new")));
    receiver.wait_at("/fax/new", 3);
    until("the end", WAIT, || gateway.admin().all("deliveries?status=delivered").len() == 3);
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 1);
    receiver.wait_at("/fax/new", 4);
    until("the records", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(gateway.identity(), (4, 4));
    // Deliveries that the API cancelled do not come back.
    gateway.kill9().start_again();
    assert_eq!(receiver.requests_at("/fax/new").len(), 4);
}

#[test]
fn a_disabled_file_hook_stays_disabled_when_its_route_changes_in_the_file() {
    let receiver = Receiver::start();
    let base = Setup::new().app(App::new("camera"));
    let mut gateway = leading(base, &receiver, Some("\"one\"")).start();
    receiver.at("/fax/one", Reply::status(410));
    gateway.bolt("camera").publish("x", &json!({}));
    let hook = || gateway.admin().all("hooks?app=fax").remove(0);
    until("the 410", WAIT, || hook()["enabled"] == false);
    let (id, path) = (hook()["id"].clone(), format!("hooks/{}", hook()["id"].as_str().unwrap()));
    for (route, by_operator) in [("two", false), ("three", true)] {
        if by_operator {
            gateway.admin().done("PATCH", &path, &json!({"enabled": true}));
            gateway.admin().done("PATCH", &path, &json!({"enabled": false}));
        }
        let quoted = format!("{route:?}");
        gateway.stop().start_changed(|setup| leading(setup, &receiver, Some(&quoted)));
        let moved = gateway.admin().all("hooks?app=fax").remove(0);
        assert_eq!((&moved["id"], &moved["route"], &moved["enabled"]), (&id, &json!(route), &json!(false)));
        let told = gateway.stdout();
        assert!(told.contains(&format!("footbridge hook enable {}", id.as_str().unwrap())), "{told}");
        gateway.bolt("camera").publish("x", &json!({}));
    }
    gateway.admin().done("PATCH", &path, &json!({"enabled": true}));
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait_at("/fax/three", 1);
    assert_eq!(receiver.requests_at("/fax/one").len(), 1);
    assert_eq!(receiver.requests_at("/fax/two").len(), 0);
}
