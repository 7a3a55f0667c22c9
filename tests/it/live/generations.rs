//! A new app of a deleted app's name inherits neither its credentials nor its history.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use harness::{Call, Gateway, Receiver, Reply, Setup, WAIT, basic, refused_address, until};
use serde_json::{Value, json};

use super::common::{Stream, publish, start_server};

/// Creates the app `temp` with a hook on all events of `camera` and returns its token.
fn make(gateway: &Gateway) -> String {
    let made = gateway.admin().done("POST", "apps", &json!({"name": "temp"}));
    hook(gateway);
    made["token"].as_str().unwrap().to_owned()
}

fn hook(gateway: &Gateway) {
    let nobody = format!("http://{}/x", refused_address());
    let hook = json!({"app": "temp", "pattern": "camera/*", "route": nobody, "type": "web"});
    gateway.admin().send("POST", "hooks", &hook).expect(201);
}

fn live_ticket(gateway: &Gateway, token: &str) -> String {
    let call = gateway.call("POST", "/api/v1/tickets").header("X-Bolt-App-Token", token);
    let made = call.json(&json!({"use": "live"})).send().expect(200).json();
    assert_eq!(made.get("warnings"), None, "{made}");
    made["ticket"].as_str().unwrap().to_owned()
}

/// Opens a stream and reads only its head.
fn unread(gateway: &Gateway, ticket: &str, after: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET /api/v1/events/stream?ticket={ticket} HTTP/1.0\r\nLast-Event-ID: {after}\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.0 200");
    stream
}

type End = fn(&Gateway);

#[test]
fn an_unread_replay_ends_with_its_app_and_gets_nothing_of_the_next() {
    let ends: [(&str, End); 3] = [
        ("delete", |gateway| {
            gateway.admin().delete("apps/temp");
            make(gateway);
        }),
        ("rotate", |gateway| drop(gateway.admin().done("POST", "apps/temp/rotate", &json!({})))),
        ("switch off and on", |gateway| {
            gateway.admin().done("PATCH", "apps/temp", &json!({"enabled": false}));
            gateway.admin().done("PATCH", "apps/temp", &json!({"enabled": true}));
        }),
    ];
    for (what, end) in ends {
        let gateway = start_server();
        let token = make(&gateway);
        let ticket = live_ticket(&gateway, &token);
        let first = publish(&gateway, "camera", "first", &json!(0));
        // More than the buffers of the connection can hold.
        let large = json!("x".repeat(200 * 1024));
        (0..150).for_each(|_| drop(publish(&gateway, "camera", "old", &large)));
        let mut stream = unread(&gateway, &ticket, &first);
        end(&gateway);
        for n in 0..3 {
            publish(&gateway, "camera", "secret", &json!(n));
        }
        let mut rest = Vec::new();
        // The server closes it; a reset counts as a close.
        let _reset = stream.read_to_end(&mut rest);
        let rest = String::from_utf8_lossy(&rest);
        let replayed = rest.matches("\"name\":\"old\"").count();
        assert!(replayed < 150, "{what}: all {replayed} were replayed");
        assert!(!rest.contains("secret"), "{what}");
        until("the end of the stream", WAIT, || gateway.metric("footbridge_live_connections", "") == 0);
    }
}

#[test]
fn the_next_owner_of_a_name_gets_no_events_of_the_previous_one() {
    let mut gateway = start_server();
    let old = make(&gateway);
    let before = publish(&gateway, "camera", "before", &json!(0));
    for n in 0..5 {
        publish(&gateway, "camera", "secret", &json!(n));
    }
    let stale = live_ticket(&gateway, &old);
    gateway.admin().delete("apps/temp");
    publish(&gateway, "camera", "between", &json!(0));
    let new = make(&gateway);
    for restarted in [false, true] {
        if restarted {
            gateway.stop().start_again();
        }
        let path = format!("/api/v1/events/stream?ticket={stale}");
        let refused = gateway.get(&path).expect(401).json();
        assert!(refused["detail"].as_str().unwrap().contains("the ticket is not valid"), "{refused}");
        let ticket = live_ticket(&gateway, &new);
        let mine = publish(&gateway, "camera", "mine", &json!(0));
        let mut stream = Stream::open(&gateway, &ticket, Some(&before));
        let frame = stream.next();
        assert_eq!(frame.data["name"], "mine", "{frame:?}");
        if !restarted {
            assert_eq!(frame.event_id(), mine);
            assert!(!frame.cursor.is_empty(), "{frame:?}");
        }
    }
}

#[test]
fn a_ticket_ends_with_its_secret_and_survives_a_restart() {
    let mut gateway = start_server();
    let made = gateway.admin().done("POST", "apps", &json!({"name": "temp"}));
    hook(&gateway);
    let key = basic("Token", "temp", made["secret_key"].as_str().unwrap());
    let ask = |gateway: &Gateway, header: (&str, &str)| {
        let call = gateway.call("POST", "/api/v1/tickets").header(header.0, header.1);
        let request = json!({"use": "live", "ttl": "10m"});
        call.json(&request).send().expect(200).json()["ticket"].as_str().unwrap().to_owned()
    };
    let by_token = ask(&gateway, ("X-Bolt-App-Token", made["token"].as_str().unwrap()));
    let by_key = ask(&gateway, ("Authorization", &key));
    let mut of_token = Stream::open(&gateway, &by_token, None);
    gateway.stop().start_again();
    of_token.ended();
    let mut streams = [&by_token, &by_key].map(|ticket| Stream::open(&gateway, ticket, None));
    gateway.admin().done("POST", "apps/temp/rotate", &json!({"secrets": ["secret_key"]}));
    streams[1].ended();
    publish(&gateway, "camera", "still", &json!(0));
    assert_eq!(streams[0].name(), "still", "it was asked for with another secret");
    let status = |ticket: &str| gateway.get(&format!("/api/v1/events/stream?ticket={ticket}")).status;
    assert_eq!(status(&by_key), 401);
    // The old secret is valid for a day, and so is a ticket requested with it after the rotation.
    let later = ask(&gateway, ("Authorization", &key));
    drop(Stream::open(&gateway, &later, None));
    gateway.admin().done("POST", "apps/temp/rotate", &json!({"secrets": ["token"]}));
    streams[0].ended();
    assert_eq!(status(&by_token), 401);
    drop(Stream::open(&gateway, &later, None));
}

#[test]
fn the_next_owner_of_a_name_gets_no_exchanges_or_keys() {
    let receiver = Receiver::start();
    receiver.at("/shop", Reply::json("{\"secret\":1}"));
    let shop = harness::App::new("shop").receiver(&receiver.url("/shop"));
    let gateway = Setup::new().app(shop).app(harness::App::new("camera")).start();
    // Both apps have the same secrets, so that only the app itself distinguishes them.
    let new = json!({"name": "temp", "token": "the-same-token-twice", "secret_key": "the-same-key-twice"});
    let credential = basic("Token", "temp", "the-same-key-twice");
    let make = || {
        gateway.admin().send("POST", "apps", &new).expect(201);
        gateway.admin().done("POST", "links", &json!({"host": "temp", "miniapp": "shop"}));
    };
    let send = || {
        let body = json!({"app_id": "shop", "client_id": "temp", "event_type": "x", "payload": 1});
        let call = Call::new(gateway.address(), "POST", "/api/v1/event-bridge/hostapp/");
        let call = call.header("Authorization", &credential).header("Idempotency-Key", "k");
        call.json(&body).send().expect(200).header("footbridge-exchange-id").unwrap().to_owned()
    };
    let publish = || -> Value {
        let call = gateway.call("POST", "/api/events/x").header("X-Bolt-App-Token", "the-same-token-twice");
        call.header("Idempotency-Key", "k").json(&json!({"body": 1})).send().expect(200).json()["body"]
            .clone()
    };
    let show = |id: &str| {
        gateway.call("GET", &format!("/api/v1/exchanges/{id}")).header("Authorization", &credential).send()
    };
    make();
    let (exchange, event) = (send(), publish());
    assert_eq!((send(), publish()["id"].clone()), (exchange.clone(), event["id"].clone()));
    show(&exchange).expect(200);
    gateway.admin().delete("apps/temp");
    make();
    show(&exchange).expect(404);
    let (next, later) = (send(), publish());
    assert_ne!(next, exchange);
    assert_ne!(later["id"], event["id"]);
    show(&next).expect(200);
}
