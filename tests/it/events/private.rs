//! Private events: a hook with a `*` never receives them.

use harness::{App, Receiver, Setup, each};
use serde_json::json;

fn setup(receiver: &Receiver) -> Setup {
    Setup::new()
        .app(App::new("chat").line(r#"private = ["chat-posted", "Read-Receipt"]"#))
        .app(App::new("fax").url(&receiver.url("/fax")))
}

#[test]
fn only_a_hook_that_names_both_parts_gets_a_private_event() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    let rows = [
        ("*", 0),
        ("*/*", 0),
        ("chat/*", 0),
        ("chat/", 0),
        ("chat-posted", 0),
        ("*/chat-posted", 0),
        ("chat/chat-posted", 1),
        ("Chat/Chat-Posted", 1),
    ];
    each(rows, |(pattern, deliveries)| {
        gateway.bolt("fax").web(pattern, &receiver.url("/x"));
        let chat = gateway.bolt("chat");
        assert_eq!(chat.publish("chat-posted", &json!({}))["deliveries"], *deliveries);
        assert_eq!(chat.publish("Chat-Posted", &json!({}))["deliveries"], *deliveries);
        gateway.bolt("fax").unsubscribe(pattern);
    });
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    assert_eq!(gateway.bolt("chat").publish("read-receipt", &json!({}))["deliveries"], 0);
    assert_eq!(gateway.bolt("chat").publish("chat-opened", &json!({}))["deliveries"], 1);
}

#[test]
fn the_subscriber_list_is_visible_to_its_publisher_only() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    assert_eq!(gateway.bolt("fax").publish("chat-posted", &json!({}))["deliveries"], 1);
}

#[test]
fn subscribers_do_not_make_a_private_event_public() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver).start();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    let answer = gateway.bolt("chat").publish("chat-posted", &json!({"subscribers": ["fax"]}));
    assert_eq!(answer["deliveries"], 0);
}
