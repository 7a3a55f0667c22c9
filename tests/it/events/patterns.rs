//! Pattern matching: which hook receives which event.

use harness::{App, Setup, each, fixture};
use serde_json::{Value, json};

use super::apps::apps;

#[test]
fn a_hook_matches_when_publisher_and_event_both_do() {
    let (gateway, receiver) = apps();
    let gallery = gateway.bolt("gallery");
    let table = fixture("patterns.json");
    let pair = |event: &Value| [0, 1].map(|n| event[n].as_str().unwrap().to_owned());
    let events: Vec<_> = table["events"].as_array().unwrap().iter().map(pair).collect();
    each(table["patterns"].as_array().unwrap(), |row| {
        let pattern = row["pattern"].as_str().unwrap().replace('\\', "%5C");
        let hook = gallery.web(&pattern, &receiver.url("/x"));
        assert_eq!((&hook["publisher"], &hook["event"]), (&row["publisher"], &row["event"]));
        let received =
            |[app, name]: &[String; 2]| gateway.bolt(app).publish(name, &json!({}))["deliveries"] == 1;
        let received: Vec<bool> = events.iter().map(received).collect();
        let removed = gallery.unsubscribe(&format!("sub/{pattern}"));
        assert_eq!(json!(received), row["matches"]);
        assert_eq!(removed.as_array().unwrap().len(), 1, "the same pattern must remove it");
    });
}

#[test]
fn a_bad_pattern_is_140() {
    let (gateway, _receiver) = apps();
    each(["camera/%ff", "%c3%28/x", "sub/camera/%ff", "sub/%ff"], |pattern| {
        let answer = gateway.bolt("fax").post(pattern, r#"{"route":"/x"}"#);
        harness::assert_bolt_error(&answer, 400, 140);
    });
}

#[test]
fn a_pattern_that_can_never_match_is_140_everywhere() {
    let (gateway, receiver) = apps();
    let dir = tempfile::tempdir().unwrap();
    let table = fixture("patterns.json");
    each(table["refused"].as_array().unwrap(), |pattern| {
        let pattern = pattern.as_str().unwrap();
        let raw = pattern.replace('\\', "%5C");
        let bolt = gateway.bolt("fax").post(&format!("sub/{raw}"), r#"{"route":"/x"}"#);
        harness::assert_bolt_error(&bolt, 400, 140);
        harness::assert_bolt_error(
            &gateway.bolt("fax").call("DELETE", &format!("sub/{raw}"), "").send(),
            400,
            140,
        );
        let hook = json!({"app": "fax", "pattern": pattern, "route": receiver.url("/x"), "type": "web"});
        let refused = gateway.admin().send("POST", "hooks", &hook).expect(422).text();
        let says = if pattern.contains('*') && !pattern.contains("/b/") { "whole" } else { "at most one" };
        assert!(refused.contains(says) || bolt.text().contains(says), "{refused}");
        let app = json!({"name": "new", "hooks": {pattern: {"route": receiver.url("/x"), "type": "web"}}});
        gateway.admin().send("POST", "apps", &app).expect(422);
        let file = Setup::new().app(App::new("a").url("http://x").hooks(&format!("{pattern:?} = \"x\"")));
        std::fs::write(dir.path().join("my.toml"), file.text()).unwrap();
        let exit = harness::footbridge(dir.path(), &["config", "check", "my.toml"], &[]);
        assert_eq!(exit.code, Some(1), "{}", exit.output);
    });
    each(["photo-*", "*x", "**", "%2A%2A"], |name| {
        harness::assert_bolt_error(&gateway.bolt("fax").post(name, "{}"), 400, 140);
    });
}

#[test]
fn a_bad_pattern_is_140_before_the_body_is_checked() {
    let (gateway, _receiver) = apps();
    harness::assert_bolt_error(&gateway.bolt("fax").post("camera/%ff", r#"{"route":5}"#), 400, 140);
    harness::assert_bolt_error(&gateway.bolt("fax").post("camera/%ff", "{"), 400, 143);
}
