//! `GET /api/v1/events/stream` as used by a page's `EventSource`.

use harness::{AppDir, WAIT, until};
use serde_json::{Value, json};

use super::common::{Stream, ask, publish, start_server, ticket};

/// Receives events until the one named `last` and prints them.
const CLIENT: &str = r"
    const { EventSource } = require('eventsource');
    const source = new EventSource(process.argv[2]);
    const seen = [];
    source.addEventListener('gap', (event) => seen.push({ gap: JSON.parse(event.data) }));
    source.onopen = () => require('fs').writeFileSync(process.argv[3], 'open');
    source.onmessage = (message) => {
      const event = JSON.parse(message.data);
      seen.push({ ...event, cursor: message.lastEventId });
      if (event.name === 'last') { console.log(JSON.stringify(seen)); process.exit(0); }
    };";

#[test]
fn a_plain_event_source_gets_each_event_of_its_app_once() {
    let (gateway, app_dir) = (start_server(), AppDir::new());
    let url = gateway.url(&format!("/api/v1/events/stream?ticket={}", ticket(&gateway, "fax", "live")));
    let open = app_dir.path().join("open");
    let seen = std::thread::scope(|scope| {
        let client = scope.spawn(|| app_dir.node(CLIENT, &[&url, open.to_str().unwrap()]));
        until("the stream", std::time::Duration::from_mins(1), || open.exists());
        publish(&gateway, "camera", "photo-saved", &json!({"é": "😀\n\r\u{2028}", "n": 1.50}));
        publish(&gateway, "shop", "photo-kept", &json!(1));
        gateway.bolt("camera").post("spaced", "{\"body\": {\"a\":\r\n 1 ,\n\"b\": \"x\"}}").expect(200);
        publish(&gateway, "fax", "last", &json!([]));
        client.join().unwrap()
    });
    let seen = seen.as_array().unwrap();
    let names: Vec<&str> = seen.iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["photo-saved", "spaced", "last"],
        "two hooks are one copy; what no hook gets does not come"
    );
    let first = &seen[0];
    assert_eq!(first["body"], json!({"é": "😀\n\r\u{2028}", "n": 1.50}));
    assert_eq!(first["publisher"], "camera");
    assert!(first["id"].as_str().unwrap().starts_with("evt_") && first["cursor"].is_string(), "{first}");
    assert_ne!(first["id"], first["cursor"]);
    assert_eq!(seen[1]["body"], json!({"a": 1, "b": "x"}));
    let members: Vec<&String> = first.as_object().unwrap().keys().collect();
    let mut known = ["id", "name", "publisher", "body", "time", "dispatchTime", "cursor"];
    known.sort_unstable();
    assert_eq!(members, known, "no token, no address");
    until("an account that adds up", WAIT, || {
        let (accepted, summed) = gateway.identity();
        accepted == summed
    });
}

#[test]
fn a_ticket_can_restrict_received_events() {
    let gateway = start_server();
    let request = json!({"use": "live", "events": ["camera/Wiped", "fax/*"]});
    let narrow = ask(&gateway, "fax", &request).expect(200).json()["ticket"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&gateway, &narrow, None);
    for (app, name) in [("camera", "photo-saved"), ("camera", "wiped"), ("fax", "sent")] {
        publish(&gateway, app, name, &json!(1));
    }
    assert_eq!([stream.name(), stream.name()], ["wiped", "sent"]);
}

#[test]
fn pages_of_other_origins_may_read_it_and_the_methods_are_named() {
    let gateway = start_server();
    let path = "/api/v1/events/stream";
    let asked = gateway
        .call("OPTIONS", path)
        .header("Origin", "https://host.example")
        .header("Access-Control-Request-Method", "GET")
        .send()
        .expect(204);
    assert_eq!(asked.header("access-control-allow-origin"), Some("*"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("last-event-id"));
    assert_eq!(asked.header("access-control-allow-credentials"), None);
    let refused = gateway.call("POST", path).send().expect(405);
    assert_eq!(refused.header("allow"), Some("GET, OPTIONS"));
    let refused = gateway.get(path).expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    let refused: Value = refused.json();
    assert_eq!(refused["code"], "unauthorized");
    let bearer = format!("Bearer {}", ticket(&gateway, "fax", "live"));
    let mut raw = harness::Raw::connect(gateway.address());
    raw.send(format!("GET {path} HTTP/1.0\r\nAuthorization: {bearer}\r\n\r\n"));
    assert!(raw.until("\r\n\r\n").contains(" 200 OK"));
}

#[test]
fn streams_end_with_the_server_without_delaying_it() {
    let mut gateway = start_server();
    let mut streams: Vec<Stream> =
        (0..20).map(|_| Stream::open(&gateway, &ticket(&gateway, "fax", "live"), None)).collect();
    assert_eq!(gateway.metric("footbridge_live_connections", ""), 20);
    let begun = std::time::Instant::now();
    gateway.stop();
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{:?}", begun.elapsed());
    for stream in &mut streams {
        stream.ended();
    }
}

#[test]
fn live_connections_leave_room_for_others() {
    let gateway = super::common::setup().set("server", "connections", "20").start();
    let ticket = ticket(&gateway, "fax", "live");
    let streams: Vec<Stream> = (0..18).map(|_| Stream::open(&gateway, &ticket, None)).collect();
    let refused = gateway.get(&format!("/api/v1/events/stream?ticket={ticket}")).expect(503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json()["code"], "unavailable");
    publish(&gateway, "camera", "x", &json!(1));
    drop(streams);
    until("room again", WAIT, || gateway.metric("footbridge_live_connections", "") == 0);
}
