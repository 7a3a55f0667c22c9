//! Removing transient hooks cancels their pending deliveries.

use harness::{Gate, Reply, WAIT, each, members, until};
use serde_json::json;

use super::apps::apps;

#[test]
fn unsubscribe_removes_the_callers_hooks_with_that_pattern() {
    let (gateway, receiver) = apps();
    let fax = gateway.bolt("fax");
    let one = fax.server("photo-saved", "/x");
    let two = fax.web("*/Photo-Saved", &receiver.url("/y"));
    let kept = [fax.server("camera/photo-saved", "/x"), fax.server("*", "/x")];
    let others = gateway.bolt("gallery").server("photo-saved", "/x");
    let removed = fax.unsubscribe("photo-saved");
    let mut ids: Vec<_> = removed.as_array().unwrap().iter().map(|hook| hook["id"].clone()).collect();
    ids.sort_by_key(ToString::to_string);
    let mut expected = vec![one["id"].clone(), two["id"].clone()];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(ids, expected);
    let mut names = members(removed[0].to_string().as_bytes());
    names.sort();
    assert_eq!(names, ["event", "id", "publisher", "route", "transient", "type"]);
    let left: Vec<_> =
        gateway.admin().all("hooks?limit=250").into_iter().map(|hook| hook["id"].clone()).collect();
    for hook in kept.iter().chain([&others]) {
        assert!(left.contains(&hook["id"]), "{hook} is gone");
    }
    assert_eq!(fax.unsubscribe("photo-saved"), json!([]));
}

#[test]
fn unsubscribing_from_nothing_succeeds() {
    let (gateway, _receiver) = apps();
    each(["photo-saved", "nobody/nothing", "*", "sub/x", "bolt/app-started"], |pattern| {
        assert_eq!(gateway.bolt("fax").unsubscribe(pattern), json!([]));
    });
}

#[test]
fn no_event_arrives_after_unsubscribe() {
    let (gateway, receiver) = apps();
    let fax = gateway.bolt("fax");
    fax.web("*", &receiver.url("/x"));
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait(1);
    fax.unsubscribe("*");
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 0);
    assert_eq!(receiver.count(), 1);
}

#[test]
fn unsubscribe_cancels_pending_deliveries() {
    let (gateway, receiver) = apps();
    let gate = Gate::default();
    receiver.at("/x", Reply::status(503).behind(&gate));
    let fax = gateway.bolt("fax");
    fax.web("*", &receiver.url("/x"));
    // At most eight are in flight; the others wait.
    let events: Vec<_> =
        (0..12).map(|n| gateway.bolt("camera").publish("x", &json!({ "body": n }))).collect();
    receiver.wait(1);
    assert_eq!(fax.unsubscribe("*").as_array().unwrap().len(), 1);
    gate.open();
    let admin = gateway.admin();
    until("the end of all", WAIT, || admin.all("deliveries?status=pending").is_empty());
    let cancelled = admin.all("deliveries?status=cancelled&limit=250");
    assert!(cancelled.len() >= 4, "{cancelled:?}");
    let last = events.last().unwrap()["id"].as_str().unwrap();
    let last = admin.delivery(last);
    assert_eq!((&last["status"], &last["attempts"]), (&json!("cancelled"), &json!(0)), "{last}");
    assert!(last["last_error"].as_str().is_some_and(|why| why.contains("hook gone")), "{last}");
    let (accepted, ended) = gateway.identity();
    assert_eq!((accepted, ended), (12, 12));
}

#[test]
fn a_restart_cancels_pending_deliveries_of_a_transient_hook() {
    let (mut gateway, receiver) = apps();
    receiver.at("/x", Reply::hang());
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    let event = gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned();
    receiver.wait(1);
    gateway.kill9().start_again();
    until("its end", WAIT, || gateway.admin().delivery(&event)["status"] == "cancelled");
    assert_eq!(gateway.identity(), (1, 1));
    assert_eq!(receiver.count(), 1);
}
