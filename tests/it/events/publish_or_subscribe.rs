//! How one path serves both publishing and subscribing.

use harness::{assert_bolt_error, each};

use super::apps::apps;

#[test]
fn posts_are_told_apart_as_the_contract_says() {
    let (gateway, _receiver) = apps();
    let camera = gateway.bolt("camera");
    // Path after /api/events/, body, and the expected result: the event's name, or publisher/event of the hook.
    let rows = [
        ("photo-saved", "", "photo-saved"),
        ("photo-saved", "{}", "photo-saved"),
        ("photo-saved", r#"{"body":1}"#, "photo-saved"),
        ("photo-saved/", "{}", "photo-saved"),
        ("photo-saved/", r#"{"body":1}"#, "photo-saved"),
        ("sub", "{}", "sub"),
        ("sub/", "{}", "sub"),
        ("photo-saved", r#"{"route":"/x"}"#, "*/photo-saved"),
        ("photo-saved", r#"{"route":"/x","type":"server"}"#, "*/photo-saved"),
        ("camera/photo-saved", r#"{"route":"/x"}"#, "camera/photo-saved"),
        ("camera/photo-saved", r#"{"route":"/x","body":1}"#, "camera/photo-saved"),
        ("camera/", r#"{"route":"/x"}"#, "camera/*"),
        ("*", r#"{"route":"/x"}"#, "*/*"),
        ("*/*", r#"{"route":"/x"}"#, "*/*"),
        ("*/photo-saved", r#"{"route":"/x"}"#, "*/photo-saved"),
        ("sub/photo-saved", r#"{"route":"/x"}"#, "*/photo-saved"),
        ("sub/camera/photo-saved", r#"{"route":"/x"}"#, "camera/photo-saved"),
        ("sub/*", r#"{"route":"/x"}"#, "*/*"),
        ("sub/sub/x", r#"{"route":"/x"}"#, "sub/x"),
        ("sub", r#"{"route":"/x"}"#, "*/sub"),
        ("bolt/app-started", r#"{"route":"/x"}"#, "bolt/app-started"),
        ("photo%2Dsaved", "{}", "photo-saved"),
        ("%63amera/photo%2dsaved", r#"{"route":"/x"}"#, "camera/photo-saved"),
    ];
    each(rows, |(tail, body, becomes)| {
        let answer = camera.post(tail, body).expect(200).json();
        let (id, body) = (answer["body"]["id"].as_str().unwrap(), &answer["body"]);
        if becomes.contains('/') {
            assert!(id.starts_with("hook_"), "{answer}");
            let pattern =
                format!("{}/{}", body["publisher"].as_str().unwrap(), body["event"].as_str().unwrap());
            assert_eq!(pattern, *becomes);
        } else {
            assert!(id.starts_with("evt_"), "{answer}");
            assert_eq!(body["name"], *becomes);
        }
    });
}

#[test]
fn a_publish_with_a_member_of_a_subscription_is_143_and_does_neither() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("photo-saved", &receiver.url("/x"));
    let hooks = gateway.admin().all("hooks?").len();
    let rows = [
        (r#"{"route":"/x","body":{}}"#, "`route`"),
        (r#"{"route":"/x","headers":{}}"#, "`route`"),
        (r#"{"route":"/x","subscribers":[]}"#, "`route`"),
        (r#"{"route":5}"#, "`route`"),
        (r#"{"route":null}"#, "`route`"),
        (r#"{"body":1,"type":"web"}"#, "`type`"),
        (r#"{"type":"web"}"#, "`type`"),
        (r#"{"body":1,"route":"/x","type":"web"}"#, "`route`"),
    ];
    each(rows, |(body, names)| {
        let answer = gateway.bolt("camera").post("photo-saved", body);
        assert_bolt_error(&answer, 400, 143);
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(names) && message.contains("subscrib"), "{message}");
    });
    assert_bolt_error(&gateway.bolt("camera").post("photo-saved/", r#"{"body":1,"type":"web"}"#), 400, 143);
    assert!(gateway.admin().all("events?name=photo-saved").is_empty());
    assert_eq!((gateway.admin().all("hooks?").len(), receiver.count()), (hooks, 0));
}

#[test]
fn a_subscription_without_a_route_is_not_published() {
    let (gateway, receiver) = apps();
    let camera = gateway.bolt("camera");
    each(["*", "camera/photo-saved", "sub/photo-saved", "sub/*", "a/b"], |tail| {
        let answer = camera.post(tail, "{}");
        assert_bolt_error(&answer, 400, 141);
        assert!(answer.text().contains("to publish, POST /api/events/<event>"), "{}", answer.text());
        assert_bolt_error(&camera.post(tail, ""), 400, 141);
    });
    assert_bolt_error(&camera.post("camera%2Fphoto-saved", "{}"), 400, 140);
    assert_eq!(receiver.count(), 0);
}

#[test]
fn delete_accepts_both_spellings() {
    let (gateway, _receiver) = apps();
    let camera = gateway.bolt("camera");
    let rows = [
        ("photo-saved", "photo-saved"),
        ("photo-saved", "sub/photo-saved"),
        ("camera/photo-saved", "camera/photo-saved"),
        ("camera/photo-saved", "sub/camera/photo-saved"),
        ("*", "*"),
        ("*", "sub/*"),
        ("camera/*", "camera/"),
    ];
    each(rows, |(made, removed)| {
        let id = camera.server(made, "/x")["id"].clone();
        let gone = camera.unsubscribe(removed);
        assert_eq!(gone.as_array().unwrap().len(), 1, "{gone}");
        assert_eq!(gone[0]["id"], id);
    });
}
