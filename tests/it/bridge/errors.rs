//! Errors between the bridge and the recipient.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use harness::{App, Receiver, Reply, Setup, assert_bridge_error, each, refused_address};

use super::pair::{event, hurried_pair, pair, setup};

#[test]
fn a_bad_answer_of_the_receiver_is_502() {
    let receiver = Receiver::start();
    let mut gateway = setup(&receiver).set("limits", "answer_body", "\"4KiB\"").start();
    let big = format!("{:?}", "x".repeat(5000));
    let mut rows: Vec<(&str, Reply)> = vec![
        ("reset", Reply::reset()),
        ("closed without an answer", Reply::close()),
        ("body ends too soon", Reply::json("{\"a\":1}").short()),
        ("not JSON", Reply::json("hello")),
        ("JSON and more", Reply::json("{}{}")),
        ("half JSON", Reply::json("{\"a\":")),
        ("not UTF-8", Reply::json(b"\"\xff\"")),
        ("packed", Reply::json(b"\x1f\x8b\x08\x00\x00").with("Content-Encoding", "gzip")),
        ("too large", Reply::json(&big)),
        ("too large, chunked", Reply::json(&big).chunked()),
        ("endless", Reply::endless()),
        ("not HTTP", Reply::bytes("SSH-2.0-OpenSSH_9.9\r\n")),
        ("HTTP/0.9", Reply::bytes("{}")),
        ("bad length", Reply::bytes("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}")),
        (
            "bad chunk",
            Reply::bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        ),
        ("huge header", Reply::json("{}").with("X-Big", &"x".repeat(2_000_000))),
    ];
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    rows.push(("too deep", Reply::json(nested(65))));
    rows.push(("too deep by far", Reply::json("[".repeat(3_000))));
    rows.push(("not JSON with a 201", Reply::status(201).with_body("created")));
    rows.push(("a mark before it", Reply::json("\u{feff}{}")));
    for status in [301, 400, 401, 404, 409, 410, 429, 500, 503] {
        rows.push(("status", Reply::status(status).with_body("{}")));
    }
    each(rows, |(_, reply)| {
        let before = receiver.count();
        receiver.at("/shop", reply.clone());
        let answer = gateway.host("superapp").send(event("1"));
        assert!(assert_bridge_error(&answer, 502, "EVENT_DELIVERY_FAILED").is_some());
        assert_eq!(receiver.count(), before + 1, "at most one request per exchange");
    });
    receiver.at("/shop", Reply::json("{}"));
    gateway.host("superapp").send(event("1")).expect(200);
    gateway.assert_healthy();
}

#[test]
fn the_receivers_status_is_named_and_its_headers_are_not() {
    let (gateway, receiver) = pair();
    let reply = Reply::status(418).with("X-Leak", "leak-of-header").with_body("\"leak-of-body\"");
    receiver.at("/shop", reply);
    let answer = gateway.host("superapp").send(event("1"));
    assert_bridge_error(&answer, 502, "EVENT_DELIVERY_FAILED");
    let message = answer.json()["error_message"].as_str().unwrap().to_owned();
    assert!(message.contains("418"), "{message}");
    assert!(!message.contains("leak-of-header"), "{message}");
    assert!(!format!("{:?}", answer.headers).contains("leak"), "{:?}", answer.headers);
}

#[test]
fn refusals_say_how_to_fix_them() {
    let (gateway, _receiver) = pair();
    let says = |answer: &harness::Answer, words: &[&str]| {
        let message = answer.json()["error_message"].as_str().unwrap().to_owned();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    };
    // Valid credentials and body at the other endpoint.
    let turned = gateway.miniapp("superapp").send(event("1")).expect(403);
    says(&turned, &["/api/v1/event-bridge/hostapp/"]);
    let turned = gateway.host("shop").send(event("1")).expect(403);
    says(&turned, &["/api/v1/event-bridge/miniapp/"]);
    let other = gateway.host("stranger").send(event("1")).expect(403);
    says(&other, &["another sender", "`client_id`"]);
    let unlinked = event("1").replace("\"shop\"", "\"stranger\"");
    let unknown = event("1").replace("\"shop\"", "\"nobody\"");
    let [unlinked, unknown] = [unlinked, unknown].map(|body| gateway.host("superapp").send(body).expect(403));
    says(&unlinked, &["footbridge link add HOST MINIAPP"]);
    let message = |answer: &harness::Answer| answer.json()["error_message"].clone();
    assert_eq!(message(&unlinked), message(&unknown));
    let typed = |kind: &str| {
        gateway.host("superapp").call(event("1")).without("content-type").header("Content-Type", kind)
    };
    says(&typed("application/x-www-form-urlencoded").send().expect(415), &["form", "application/json"]);
    let cloud_event = typed("application/cloudevents+json").body(r#"{"specversion":"1.0","data":{}}"#);
    says(&cloud_event.send().expect(400), &["`app_id`", "CloudEvent"]);
    says(&typed("multipart/form-data").send().expect(415), &["multipart", "application/json"]);
    let packed = gateway.host("superapp").call(event("1")).header("Content-Encoding", "gzip");
    says(&packed.send().expect(415), &["gzip"]);
}

#[test]
fn an_address_that_cannot_be_reached_is_502() {
    let tls = format!("https://{}/", plain_text_server());
    let refused = format!("http://{}/", refused_address());
    let rows = [
        ("refused", refused.as_str()),
        ("no such name", "http://footbridge-test.invalid/"),
        ("no TLS there", &tls),
        ("a metadata address", "http://169.254.169.254/latest"),
    ];
    let mut setup = Setup::new().set("egress", "allow", r#"["0.0.0.0/0", "::/0"]"#).app(App::new("superapp"));
    for (n, (_, url)) in rows.iter().enumerate() {
        setup = setup.app(App::new(&format!("app{n}")).receiver(url)).link("superapp", &format!("app{n}"));
    }
    let mut gateway = setup.start();
    each(rows.iter().enumerate(), |(n, _)| {
        let begun = Instant::now();
        let answer = gateway.host("superapp").send(event("1").replace("shop", &format!("app{n}")));
        assert_bridge_error(&answer, 502, "EVENT_DELIVERY_FAILED");
        assert!(begun.elapsed() < Duration::from_secs(15), "took {:?}", begun.elapsed());
    });
    gateway.assert_healthy();
}

/// A server that answers everything in plain text, even a TLS handshake.
fn plain_text_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _hello = stream.read(&mut [0; 1000]);
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

#[test]
fn no_full_answer_in_time_is_504() {
    let (mut gateway, receiver) = hurried_pair("600ms");
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":";
    let slow = Duration::from_millis(40);
    let rows = [
        ("hangs", Reply::hang()),
        ("slow head", Reply::json(format!("{:?}", "x".repeat(200))).by_byte(slow)),
        ("slow body", Reply::json(" ".repeat(100)).by_byte(Duration::from_millis(8))),
    ];
    each(rows, |(_, reply)| {
        receiver.at("/shop", reply.clone());
        let before = receiver.count();
        let begun = Instant::now();
        let answer = gateway.host("superapp").send(event("1"));
        let took = begun.elapsed();
        assert!(assert_bridge_error(&answer, 504, "EVENT_DELIVERY_FAILED").is_some());
        assert!(
            took >= Duration::from_millis(550) && took < Duration::from_secs(8),
            "answered after {took:?}"
        );
        assert_eq!(receiver.count(), before + 1, "at most one request per exchange");
    });
    receiver.at("/shop", Reply::bytes(half));
    assert_bridge_error(&gateway.host("superapp").send(event("1")), 502, "EVENT_DELIVERY_FAILED");
    gateway.assert_healthy();
}

#[test]
fn a_sender_that_disconnects_causes_exactly_one_request() {
    let (mut gateway, receiver) = hurried_pair("1s");
    let gate = harness::Gate::default();
    receiver.at("/shop", Reply::json("{}").behind(&gate));
    for n in 1..=3 {
        let mut raw = harness::Raw::connect(gateway.address());
        raw.send(gateway.host("superapp").call(event("1")).bytes());
        receiver.wait(n);
        drop(raw);
    }
    gate.open();
    gateway.host("superapp").send(event("2")).expect(200);
    assert_eq!(receiver.count(), 4);
    gateway.assert_healthy();
}
