//! The event object: built anew for every delivery, without anything its recipient may not see.

use harness::{App, Receiver, Reply, Setup, is_iso_millis, members, raw_member};
use serde_json::json;

use super::apps::{apps, setup};

#[test]
fn each_hook_type_gets_its_own_members_in_order() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").server("x", "/server");
    gateway.bolt("fax").web("x", &receiver.url("/web"));
    gateway.bolt("gallery").server("x", "/server");
    gateway.bolt("gallery").web("x", &receiver.url("/web2"));
    let answer = gateway.bolt("camera").publish("x", &json!({"body": {"n": 1}}));
    receiver.wait(4);
    for (path, owner) in
        [("/fax/server", Some("fax")), ("/web", None), ("/gallery/server", Some("gallery")), ("/web2", None)]
    {
        let got = receiver.requests_at(path).pop().unwrap();
        let event = got.json();
        let mut names = vec!["id", "name", "publisher", "body", "time", "dispatchTime"];
        if let Some(owner) = owner {
            names.push("token");
            assert_eq!(event["token"], gateway.setup().app_named(owner).token.as_str());
        } else {
            names.push("bolt");
            assert_eq!(event["bolt"], json!({"address": gateway.url("")}));
        }
        assert_eq!(members(&got.body), names, "{path}");
        assert_eq!(event["id"], answer["id"]);
        assert_eq!((&event["name"], &event["publisher"]), (&json!("x"), &json!("camera")));
        assert_eq!(event["time"], answer["time"]);
        assert!(is_iso_millis(event["dispatchTime"].as_str().unwrap()), "{event}");
        assert!(event["dispatchTime"].as_str() >= event["time"].as_str());
        assert_eq!(raw_member(&got.body, "body"), "{\"n\":1}");
    }
}

#[test]
fn no_secret_reaches_anybody_but_its_owner() {
    let (gateway, receiver) = apps();
    for app in ["fax", "gallery"] {
        gateway.bolt(app).server("*", "/s");
        gateway.bolt(app).web("*", &receiver.url(&format!("/web/{app}")));
    }
    gateway.bolt("camera").publish("x", &json!({"headers": {"x-a": "b"}}));
    for got in receiver.wait(4) {
        let whole = got.whole();
        for app in gateway.setup().apps() {
            let owner = got.path == format!("/{}/s", app.name);
            for secret in app.secrets() {
                let may = owner && secret == app.token;
                assert_eq!(whole.contains(&secret), may, "{} at {}", app.name, got.path);
            }
        }
        assert!(!whole.contains(harness::ADMIN_TOKEN));
    }
}

#[test]
fn only_dispatch_time_and_the_attempt_change_on_a_retry() {
    let (gateway, receiver) = apps();
    receiver.next(Reply::status(500)).next(Reply::reset());
    gateway.bolt("fax").server("x", "/x");
    gateway.bolt("camera").publish("x", &json!({"body": {"a" : [1]}, "headers": {"x-kept": "yes"}}));
    let got = receiver.wait(3);
    for (n, pair) in got.windows(2).enumerate() {
        let (one, two) = (&pair[0], &pair[1]);
        for member in ["id", "name", "publisher", "body", "time", "token"] {
            assert_eq!(raw_member(&one.body, member), raw_member(&two.body, member), "{member}");
        }
        let times = [one, two].map(|got| got.json()["dispatchTime"].as_str().unwrap().to_owned());
        assert!(times[0] < times[1], "{times:?}");
        for header in ["webhook-id", "footbridge-delivery-id", "x-kept"] {
            assert_eq!(one.header(header), two.header(header), "{header}");
        }
        assert_eq!(one.header("footbridge-attempt"), Some((n + 1).to_string().as_str()));
        assert_eq!(two.header("footbridge-attempt"), Some((n + 2).to_string().as_str()));
    }
}

#[test]
fn the_address_in_an_envelope_is_public_url() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).root("public_url", "\"https://bolt.example/gate\"").start();
    gateway.bolt("fax").web("x", &receiver.url("/w"));
    gateway.bolt("camera").publish("x", &json!({}));
    assert_eq!(receiver.wait(1)[0].json()["bolt"]["address"], "https://bolt.example/gate");
}

#[test]
fn one_app_with_two_matching_hooks_gets_two_deliveries_of_one_event() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").server("camera/x", "/same");
    gateway.bolt("fax").server("*", "/same");
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 2);
    let got = receiver.wait(2);
    assert_eq!(got[0].json()["id"], got[1].json()["id"]);
    let ids = [got[0].header("footbridge-delivery-id"), got[1].header("footbridge-delivery-id")];
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.is_some_and(|id| id.starts_with("dlv_"))));
}

#[test]
fn names_of_the_file_are_lowered_in_events() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("fax").url(&receiver.url("/fax"))).app(App::new("pen")).start();
    gateway.bolt("fax").server("PEN/X", "/x");
    gateway.bolt("pen").publish("X", &json!({}));
    let event = receiver.wait(1)[0].json();
    assert_eq!((&event["publisher"], &event["name"]), (&json!("pen"), &json!("x")));
}
