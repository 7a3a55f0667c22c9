//! `subscribers` narrows the recipients and never widens them.

use harness::each;
use serde_json::json;

use super::apps::apps;

#[test]
fn only_named_subscribers_receive_the_event() {
    let (gateway, receiver) = apps();
    for app in ["fax", "gallery"] {
        gateway.bolt(app).web("x", &receiver.url(&format!("/{app}")));
    }
    gateway.bolt("pen").web("other", &receiver.url("/pen"));
    let rows = [
        (json!(["fax"]), 1),
        (json!(["FAX"]), 1),
        (json!(["fax", "Gallery"]), 2),
        (json!(["fax", "fax"]), 1),
        (json!(["nobody", "gallery"]), 1),
        (json!(["nobody"]), 0),
        (json!([]), 0),
        (json!(["pen"]), 0),
        (json!(["*"]), 0),
        (json!([""]), 0),
    ];
    each(rows, |(subscribers, deliveries)| {
        let answer = gateway.bolt("camera").publish("x", &json!({"subscribers": subscribers}));
        assert_eq!(answer["deliveries"], *deliveries);
    });
    assert_eq!(gateway.bolt("camera").publish("x", &json!({}))["deliveries"], 2);
}
