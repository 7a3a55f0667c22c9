//! Tickets: who gets one, for which use, and when it ends.

use harness::{Call, Gateway, basic, each, is_iso_millis, until};
use serde_json::json;

use super::common::{Stream, ask, publish, start_server, ticket};

fn watch(gateway: &Gateway, ticket: &str) -> u16 {
    // An accepted stream does not end; only its head is read.
    let mut raw = harness::Raw::connect(gateway.address());
    raw.send(format!("GET /api/v1/events/stream?ticket={ticket} HTTP/1.0\r\n\r\n"));
    let head = raw.until("\r\n\r\n");
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_app_gets_a_ticket_with_either_credential() {
    let gateway = start_server();
    let request = json!({"use": "live"});
    let post = || Call::new(gateway.address(), "POST", "/api/v1/tickets").json(&request);
    let app = gateway.setup().app_named("fax");
    let made = ask(&gateway, "fax", &request).expect(200).json();
    assert!(made["ticket"].as_str().unwrap().starts_with("tkt_"));
    assert!(is_iso_millis(made["expires_at"].as_str().unwrap()), "{made}");
    post().header("Authorization", basic("Token", "fax", &app.secret_key)).send().expect(200);
    let refused = [
        post(),
        post().header("Authorization", basic("Token", "fax", "wrong")),
        post().header("Authorization", format!("Bearer {}", harness::ADMIN_TOKEN)),
        post().header("X-Bolt-App-Token", "wrong"),
        post().header("X-Bolt-App-Token", &app.token).header("X-Bolt-App-Token", &app.token),
        post().header("Authorization", basic("Token", "fax", "wrong")).header("X-Bolt-App-Token", &app.token),
    ];
    for call in refused {
        assert_eq!(call.send().expect(401).json()["code"], "unauthorized");
    }
}

#[test]
fn ticket_request_errors_are_named() {
    let gateway = start_server();
    let rows = [
        (json!({}), "use"),
        (json!({"use": "both"}), "use"),
        (json!({"use": "live", "ttl": "11m"}), "ttl"),
        (json!({"use": "live", "ttl": "0s"}), "ttl"),
        (json!({"use": "live", "ttl": 60}), "ttl"),
        (json!({"use": "live", "events": "x"}), "events"),
        (json!({"use": "live", "events": ["a".repeat(200)]}), "events"),
        (json!({"use": "live", "events": vec!["a"; 33]}), "events"),
        (json!({"use": "live", "events": vec!["a".repeat(100); 11]}), "events"),
        (json!({"use": "live", "for": "x"}), "for"),
    ];
    each(rows, |(request, member)| {
        let answer = ask(&gateway, "fax", request).expect(422);
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(&format!("`{member}`")),
            "{}",
            answer.text()
        );
    });
    let number = ask(&gateway, "fax", &json!({"use": "live", "ttl": 60})).expect(422).json();
    assert!(number["detail"].as_str().unwrap().contains("`ttl` must be a string"), "{number}");
    let unit = ask(&gateway, "fax", &json!({"use": "live", "ttl": "60"})).expect(422).json();
    assert!(unit["detail"].as_str().unwrap().contains("such as \"90s\""), "{unit}");
    ask(&gateway, "fax", &json!({"use": "live", "ttl": "10m", "events": ["*/x"]})).expect(200);
}

#[test]
fn a_ticket_that_matches_no_hook_gets_a_warning() {
    let gateway = start_server();
    let warnings = |app: &str, request: &serde_json::Value| {
        let made = ask(&gateway, app, request).expect(200).json();
        made.get("warnings").cloned().unwrap_or_default()
    };
    for received in [json!(["camera/x"]), json!(["*"]), json!(["*/photo-saved"]), json!([])] {
        assert_eq!(warnings("fax", &json!({"use": "live", "events": received})), json!(null), "{received}");
    }
    let some = warnings("fax", &json!({"use": "live", "events": ["camera/x", "shop/sold", "pen/*"]}));
    let some = some.as_array().unwrap();
    assert_eq!(some.len(), 1, "fax hooks */photo-saved, so pen/* may be received: {some:?}");
    assert!(
        some[0].as_str().unwrap().contains("no hook of `fax` gets events that `shop/sold` matches"),
        "{some:?}"
    );
    let none = warnings("camera", &json!({"use": "live"}));
    assert!(none[0].as_str().unwrap().contains("`camera` has no hook"), "{none}");
    assert_eq!(warnings("camera", &json!({"use": "forward", "events": ["*/x"]})), json!(null));
}

#[test]
fn a_ticket_is_valid_for_its_use_and_lifetime_only() {
    let gateway = start_server();
    let live = ticket(&gateway, "fax", "live");
    assert_eq!(watch(&gateway, &live), 200);
    assert_eq!(watch(&gateway, &ticket(&gateway, "fax", "forward")), 401);
    assert_eq!(watch(&gateway, &format!("{live}x")), 401);
    let short = ask(&gateway, "fax", &json!({"use": "live", "ttl": "4s"})).expect(200).json();
    let short = short["ticket"].as_str().unwrap();
    let mut stream = Stream::open(&gateway, short, None);
    until("the ticket's end", harness::WAIT, || watch(&gateway, short) == 401);
    let detail_of = |path: &str| gateway.get(path).expect(401).json()["detail"].as_str().unwrap().to_owned();
    let expired = detail_of(&format!("/api/v1/events/stream?ticket={short}"));
    assert!(expired.contains("the ticket expired at 20"), "{expired}");
    let other = ticket(&gateway, "fax", "forward");
    let other = detail_of(&format!("/api/v1/events/stream?ticket={other}"));
    assert!(other.contains("the ticket is for `forward`"), "{other}");
    assert!(detail_of("/api/v1/events/stream").contains("send a ticket"));
    publish(&gateway, "camera", "photo-saved", &json!(1));
    assert_eq!(stream.name(), "photo-saved", "what it has opened stays open");
    assert!(!gateway.stderr().contains("tkt_") && !gateway.stdout().contains("tkt_"));
}

#[test]
fn rotating_disabling_and_deleting_end_tickets() {
    let gateway = start_server();
    let admin = gateway.admin();
    let made = admin.done("POST", "apps", &json!({"name": "temp"}));
    let token = made["token"].as_str().unwrap().to_owned();
    let new = || {
        let call = gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", &token);
        call.json(&json!({"use": "live"})).send().expect(200).json()["ticket"].as_str().unwrap().to_owned()
    };
    let first = new();
    let mut stream = Stream::open(&gateway, &first, None);
    admin.done("POST", "apps/temp/rotate", &json!({}));
    assert_eq!(watch(&gateway, &first), 401, "rotated");
    stream.ended();
    let second = new();
    let mut stream = Stream::open(&gateway, &second, None);
    admin.done("PATCH", "apps/temp", &json!({"enabled": false}));
    assert_eq!(watch(&gateway, &second), 401, "switched off");
    stream.ended();
    admin.done("PATCH", "apps/temp", &json!({"enabled": true}));
    assert_eq!(watch(&gateway, &second), 401, "on again");
    let third = new();
    let mut stream = Stream::open(&gateway, &third, None);
    admin.delete("apps/temp");
    stream.ended();
    admin.done("POST", "apps", &json!({"name": "temp"}));
    assert_eq!(watch(&gateway, &third), 401, "another app of that name");
}
