//! Links decide who may send to whom; a refusal reveals nothing else.

use harness::{App, Receiver, assert_bridge_error, each};

use super::pair::{event, pair, setup};

#[test]
fn the_body_must_name_the_sender_that_the_credentials_name() {
    let (gateway, receiver) = pair();
    let from_shop = event("1").replace("superapp", "stranger");
    let answer = gateway.host("superapp").send(&from_shop);
    assert!(assert_bridge_error(&answer, 403, "UNAUTHORIZED").is_some());
    // On the other endpoint the same app must be named as the other party.
    let swapped = gateway.host("shop").send(event("1"));
    assert_bridge_error(&swapped, 403, "UNAUTHORIZED");
    let swapped = gateway.miniapp("superapp").send(event("1"));
    assert_bridge_error(&swapped, 403, "UNAUTHORIZED");
    assert_eq!(receiver.count(), 0);
}

#[test]
fn unknown_and_unlinked_recipients_get_the_same_answer() {
    let receiver = Receiver::start();
    let gateway = setup(&receiver)
        .app(App::new("apart").receiver(&receiver.url("/apart")))
        .app(App::new("mute"))
        .tail("[[link]]\nhost = \"superapp\"\nminiapp = \"apart\"\nenabled = false")
        .start();
    let host = gateway.host("superapp");
    let bare = |recipient: &str| {
        let answer = host.send(event("1").replace("shop", recipient));
        let id = assert_bridge_error(&answer, 403, "UNAUTHORIZED").expect("credentials were proved");
        let text = answer.text();
        let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        (text.replace(&id, "ID"), names)
    };
    let unknown = bare("nobody");
    assert!(!unknown.0.contains("nobody"), "the answer names the recipient: {}", unknown.0);
    // `mute` has no receiver either: the link is checked first.
    each(
        ["stranger", "apart", "mute", "superapp", "bolt", "sub", "../shop", "Ünïcode", " shop"],
        |recipient| {
            assert_eq!(bare(recipient), unknown);
        },
    );
    assert_eq!(receiver.count(), 0);
}

#[test]
fn a_link_has_a_direction() {
    let (gateway, receiver) = pair();
    // `shop` is the miniapp of this link and has no link as a host.
    let body = r#"{"app_id":"superapp","client_id":"shop","event_type":"x","payload":1}"#;
    assert_bridge_error(&gateway.host("shop").send(body), 403, "UNAUTHORIZED");
    assert_bridge_error(&gateway.miniapp("superapp").send(body), 403, "UNAUTHORIZED");
    assert_eq!(receiver.count(), 0);
    // The link works in both directions.
    gateway.host("superapp").send(event("1")).expect(200);
    gateway.miniapp("shop").send(event("2")).expect(200);
    let paths: Vec<_> = receiver.requests().into_iter().map(|got| got.path).collect();
    assert_eq!(paths, ["/shop", "/superapp"]);
}

#[test]
fn the_sender_is_checked_before_the_link() {
    let (gateway, _receiver) = pair();
    let host = gateway.host("superapp");
    let both_wrong = host.send(event("1").replace("superapp", "x-other").replace("shop", "x-nobody"));
    let text = both_wrong.text();
    assert_bridge_error(&both_wrong, 403, "UNAUTHORIZED");
    assert!(!text.contains("x-nobody"), "{text}");
}

#[test]
fn links_can_be_added_and_removed_while_running() {
    let (gateway, receiver) = pair();
    let (host, admin) = (gateway.host("superapp"), gateway.admin());
    let to_stranger = event("1").replace("shop", "stranger");
    assert_bridge_error(&host.send(&to_stranger), 403, "UNAUTHORIZED");
    admin.done("POST", "links", &serde_json::json!({"host": "superapp", "miniapp": "stranger"}));
    host.send(&to_stranger).expect(200);
    admin.done("PATCH", "links/superapp/stranger", &serde_json::json!({"enabled": false}));
    assert_bridge_error(&host.send(&to_stranger), 403, "UNAUTHORIZED");
    admin.done("PATCH", "links/superapp/stranger", &serde_json::json!({"enabled": true}));
    host.send(&to_stranger).expect(200);
    admin.delete("links/superapp/stranger");
    assert_bridge_error(&host.send(&to_stranger), 403, "UNAUTHORIZED");
    assert_eq!(receiver.count(), 2);
}
