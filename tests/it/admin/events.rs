//! Stored events over the administration API.

use harness::{App, Receiver, Setup, is_iso_millis};
use serde_json::json;

#[test]
fn an_event_is_listed_and_shown() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    let one = gateway.bolt("camera").publish("photo-saved", &json!({"body": {"n": 1}}));
    let two = gateway.bolt("fax").publish("page-sent", &json!({}));
    gateway.kill9().start_again();
    let admin = gateway.admin();
    let listed = admin.all("events?limit=250");
    assert_eq!(listed.len(), 2);
    for event in [&one, &two] {
        let id = event["id"].as_str().unwrap();
        assert!(listed.iter().any(|listed| listed["id"] == id));
        let shown = admin.get(&format!("events/{id}"));
        for member in ["id", "name", "publisher", "time"] {
            assert_eq!(shown[member], event[member], "{member} of {shown}");
        }
        assert!(shown["time"].as_str().is_some_and(is_iso_millis));
    }
    admin.call("GET", "events/evt_nonsense").send().expect(404);
    admin.call("GET", "events/evt_00000000000000000000000000").send().expect(404);
}
