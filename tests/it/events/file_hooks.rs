//! Hooks written in the configuration: persistent, and nobody's to remove over the events API.

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
fn they_hear_from_the_start_and_after_every_restart() {
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
fn unsubscribe_leaves_them_alone() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    assert_eq!(gateway.bolt("fax").unsubscribe("*"), json!([]));
    assert_eq!(gateway.bolt("fax").unsubscribe("camera/photo-saved"), json!([]));
    assert_eq!(gateway.bolt("camera").publish("photo-saved", &json!({}))["deliveries"], 2);
}

#[test]
fn their_deliveries_survive_a_restart() {
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
    let got = receiver.got_at("/all");
    let (first, last) = (&got[0], got.last().unwrap());
    assert_eq!(last.json()["id"], event.as_str());
    assert_eq!(last.json()["body"], "kept");
    assert_eq!(last.header("footbridge-delivery-id"), first.header("footbridge-delivery-id"));
}

#[test]
fn one_that_the_policy_refuses_is_a_warning_and_its_deliveries_are_dead_at_once() {
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
fn one_taken_out_of_the_file_is_gone_and_its_queue_with_it() {
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
