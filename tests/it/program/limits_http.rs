//! Malformed HTTP, and requests that are too large.

use std::net::SocketAddr;
use std::time::Duration;

use harness::{
    ADMIN_TOKEN, Bytes, Console, Gateway, Raw, Receiver, Setup, assert_bolt_error, assert_bridge_error, each,
};

const EVENT: &str = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;

fn gateway(receiver: &Receiver) -> Gateway {
    Setup::shop_in_superapp(&receiver.url("/shop")).start()
}

/// The head of a request to each API, with credentials, without the last line.
fn heads(gateway: &Gateway) -> [String; 2] {
    let bridge = gateway.host("superapp");
    [
        format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: {}\r\n",
            bridge.path(),
            bridge.authorization()
        ),
        format!(
            "POST /api/events/x HTTP/1.1\r\nHost: localhost\r\nX-Bolt-App-Token: {}\r\n",
            gateway.setup().app_named("superapp").token
        ),
    ]
}

#[track_caller]
fn assert_too_large(answer: &harness::Answer) {
    if answer.header("footbridge-error").is_some() {
        assert_bridge_error(answer, 413, "INVALID_EVENT_DATA");
    } else {
        assert_bolt_error(answer, 413, 144);
    }
}

#[test]
fn too_large_is_refused_from_its_length_before_reading() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    each(heads(&gateway), |head| {
        // No body is sent, so the answer cannot depend on it.
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!("{head}Content-Length: 1000000000\r\n\r\n"));
        assert_too_large(&raw.answer());
    });
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
}

#[test]
fn a_client_that_keeps_sending_still_gets_its_answer() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    each(heads(&gateway), |head| {
        for _ in 0..5 {
            let mut raw = Raw::connect(gateway.address());
            raw.send(format!("{head}Content-Length: 16777216\r\n\r\n"));
            for _ in 0..16 {
                raw.send(vec![b'x'; 1 << 20]);
            }
            assert_too_large(&raw.answer());
        }
    });
    gateway.assert_healthy();
}

/// Sends 16 MiB after this head, and expects that all of it is read, and an answer with this status.
#[track_caller]
fn send_all(address: SocketAddr, head: &str, status: u16) {
    let part = vec![b'x'; 1 << 20];
    for framing in ["Content-Length: 16777216", "Transfer-Encoding: chunked"] {
        let mut raw = Raw::connect(address);
        raw.try_send(format!("{head}{framing}\r\n\r\n")).unwrap();
        for n in 0..16 {
            let sent = if framing.starts_with('C') {
                raw.try_send(&part)
            } else {
                raw.try_send([b"100000\r\n".as_slice(), &part, b"\r\n"].concat())
            };
            sent.unwrap_or_else(|error| panic!("{head}{framing}: after {n} MiB: {error}"));
        }
        let answer = raw.try_answer().unwrap_or_else(|error| panic!("{head}{framing}: no answer: {error}"));
        assert_eq!(answer.status, status, "{head}{framing}: {}", answer.text());
    }
}

#[test]
fn every_surface_of_every_listener_answers_a_client_that_keeps_sending() {
    let receiver = Receiver::start();
    let setup = Setup::shop_in_superapp(&receiver.url("/shop"));
    let mut gateway = setup.set("console", "listen", "\"127.0.0.1:0\"").start();
    let admin = format!("Authorization: Bearer {ADMIN_TOKEN}\r\n");
    let app = format!("X-Bolt-App-Token: {}\r\n", gateway.setup().app_named("superapp").token);
    let rows = [
        ("POST /api/v1/apps", admin.as_str(), 413),
        ("POST /api/v1/apps", "Authorization: Bearer wrong\r\n", 401),
        ("POST /api/v1/explain", &admin, 413),
        ("POST /api/v1/deliveries/retry", &admin, 413),
        ("POST /api/v1/tickets", &app, 413),
        ("POST /api/v1/tickets", "", 401),
        ("POST /api/v1/nothing", &admin, 404),
        ("POST /nothing", "", 404),
        ("POST /livez", "", 405),
        ("POST /metrics", "", 405),
        ("POST /api/v1/miniapps/shop/settings/", "", 405),
        ("POST /docs/", "", 405),
        ("POST /sdk/host.js", "", 405),
        ("POST /public/nobody/x", "", 405),
        ("POST /x/nobody/", "", 404),
        ("POST /api/apps/start", &admin, 413),
        ("POST /api/apps/start", "", 401),
        ("GET /api/events/x", &app, 404),
        ("POST /api/v1/forward", "", 401),
    ];
    each(rows, |(line, header, status)| {
        let head =
            format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}");
        send_all(gateway.address(), &head, *status);
    });
    send_all(gateway.address(), "POST /api/v1/apps HTTP/1.1\r\nHost: elsewhere.example\r\n", 421);
    let console = Console::by_link(&gateway);
    let session = format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", console.cookie());
    let rows = [
        ("POST /api/v1/apps", session.as_str(), 413),
        ("POST /api/v1/apps", "Sec-Fetch-Site: same-origin\r\n", 401),
        ("POST /api/v1/apps", "Sec-Fetch-Site: cross-site\r\n", 403),
        ("POST /api/v1/session", "Sec-Fetch-Site: same-origin\r\n", 413),
        ("POST /api/apps/start", &session, 413),
        ("POST /nothing", "", 404),
    ];
    each(rows, |(line, header, status)| {
        let head =
            format!("{line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}");
        send_all(console.address(), &head, *status);
    });
    gateway.assert_healthy();
}

#[test]
fn a_head_that_is_too_large_is_answered_to_a_client_that_keeps_sending() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    let mut raw = Raw::connect(gateway.address());
    raw.try_send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Big: ").unwrap();
    for _ in 0..16 {
        raw.try_send(vec![b'x'; 1 << 20]).unwrap();
    }
    raw.answer().expect(431);
    gateway.assert_healthy();
}

#[test]
fn chunked_and_too_large_is_413_too() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    each(heads(&gateway), |head| {
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
        let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
        for _ in 0..4 {
            raw.send(&chunk);
        }
        assert_too_large(&raw.answer());
    });
    gateway.assert_healthy();
}

#[test]
fn chunked_and_small_is_read() {
    let receiver = Receiver::start();
    let gateway = gateway(&receiver);
    let [bridge, _] = heads(&gateway);
    let mut raw = Raw::connect(gateway.address());
    raw.send(format!("{bridge}Transfer-Encoding: chunked\r\n\r\n"));
    for byte in EVENT.as_bytes() {
        raw.send([b"1\r\n", &[*byte][..], b"\r\n"].concat());
    }
    raw.send("0\r\n\r\n");
    raw.answer().expect(200);
}

#[test]
fn expect_100_continue_is_answered_before_the_body() {
    let receiver = Receiver::start();
    let gateway = gateway(&receiver);
    let [bridge, bolt] = heads(&gateway);
    for head in [&bridge, &bolt] {
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!("{head}Expect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n"));
        let answer = raw.answer();
        assert_eq!(answer.interim, Vec::<u16>::new(), "the body was asked for");
        assert_too_large(&answer);
    }
    let mut raw = Raw::connect(gateway.address());
    raw.send(format!("{bridge}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", EVENT.len()));
    harness::pause(Duration::from_millis(50));
    raw.send(EVENT);
    raw.answer().expect(200);
}

#[test]
fn a_broken_request_is_400_and_the_connection_ends() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    let [bridge, _] = heads(&gateway);
    let length = EVENT.len();
    let rows: Vec<Bytes> = vec![
        format!("{bridge}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{EVENT}").into(),
        format!("{bridge}Content-Length: {length}\r\nContent-Length: 5\r\n\r\n{EVENT}").into(),
        format!("{bridge}Content-Length: -1\r\n\r\n").into(),
        format!("{bridge}Content-Length: 99999999999999999999999\r\n\r\n").into(),
        format!("{bridge}Content-Length: 0x10\r\n\r\n").into(),
        format!("{bridge}Transfer-Encoding: gzip\r\n\r\n").into(),
        format!("{bridge}Transfer-Encoding: chunked\r\n\r\nzz\r\n").into(),
        format!("{bridge}Bad Header: x\r\nContent-Length: 0\r\n\r\n").into(),
        format!("{bridge}X-A: a\r\n folded\r\nContent-Length: 0\r\n\r\n").into(),
        "GET /livez\r\n\r\n".into(),
        "GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n".into(),
        "GET /li vez HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        "GET /livez HTTP/1.1\r\n\r\n".into(),
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n".into(),
        "\0\0\0\0\r\n\r\n".into(),
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n".as_slice().into(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20).as_slice().into(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(1_000_000)).into(),
        format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Big: {}\r\n\r\n", "x".repeat(1_000_000)).into(),
        format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-Many: x\r\n".repeat(5000)).into(),
    ];
    each(rows, |bytes| {
        let mut raw = Raw::connect(gateway.address());
        raw.send(&bytes.0).send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").finish();
        let answer = raw.rest();
        assert!(!answer.contains(" 200 "), "{answer}");
        assert!(
            answer.matches("HTTP/1.").count() <= 1,
            "a second request was read out of the first: {answer}"
        );
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"),
            "{answer}"
        );
    });
    assert_eq!(receiver.count(), 0);
    gateway.assert_healthy();
}

#[test]
fn an_unfinished_request_reaches_no_receiver() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    let [bridge, bolt] = heads(&gateway);
    let mut open = Vec::new();
    for head in [&bridge, &bolt] {
        for _ in 0..100 {
            let mut raw = Raw::connect(gateway.address());
            raw.send(format!("{head}Content-Length: 100\r\n\r\n{{\"half\":"));
            open.push(raw);
            let mut raw = Raw::connect(gateway.address());
            raw.send(head.as_bytes());
            open.push(raw);
        }
        let mut raw = Raw::connect(gateway.address());
        raw.send(format!("{head}Content-Length: 100\r\n\r\n{{\"half\":")).finish();
        let answer = raw.rest();
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    gateway.assert_healthy();
    gateway.host("superapp").send(EVENT).expect(200);
    drop(open);
    gateway.assert_healthy();
    assert_eq!(receiver.count(), 1);
}

#[test]
fn one_connection_carries_many_requests_and_pipelines_them() {
    let receiver = Receiver::start();
    let gateway = gateway(&receiver);
    let request = gateway.host("superapp").call(EVENT).bytes();
    let mut raw = Raw::connect(gateway.address());
    for _ in 0..50 {
        raw.send(&request).answer().expect(200);
    }
    raw.send(request.repeat(5));
    for _ in 0..5 {
        raw.answer().expect(200);
    }
    assert_eq!(receiver.count(), 55);
    // An error answer does not close a connection that can continue.
    let bad = gateway.host("superapp").call("{").bytes();
    raw.send(&bad).answer().expect(400);
    raw.send(&request).answer().expect(200);
}

#[test]
fn http_1_0_is_answered() {
    let receiver = Receiver::start();
    let gateway = gateway(&receiver);
    let mut raw = Raw::connect(gateway.address());
    raw.send("GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n");
    raw.answer().expect(200);
}

#[test]
fn bytes_that_are_not_http_get_an_explanation() {
    let receiver = Receiver::start();
    let mut gateway = gateway(&receiver);
    let request = |rest: &str| format!("GET /livez HTTP/1.1\r\nHost: x\r\n{rest}\r\n");
    let many = "X: 1\r\n".repeat(150);
    let rows = [
        (
            request(
                "Authorization: Token c3VwZXJhcHA6c3VwZXJhcHAtc2VjcmV0LWtleS1vZi1zdXBlcmFwcC0w\r\nZjFlMmQzYzRiNWE2OTc4\r\n",
            ),
            400,
            "base64 -w0",
        ),
        (request("X-Bolt-App-Token: a\u{1}b\r\n"), 400, "character"),
        (request("Na me: x\r\n"), 400, "Name: value"),
        ("NONSENSE\r\n\r\n".to_owned(), 400, "first line"),
        (request(&many), 431, "at most 100"),
    ];
    each(rows, |(sent, status, says)| {
        let mut raw = Raw::connect(gateway.address());
        raw.send(sent);
        let answer = raw.answer().expect(*status);
        let problem = answer.json();
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&serde_json::json!(status), &serde_json::json!("bad_request"))
        );
        assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"));
    });
    // The same after a valid request on the same connection.
    let mut raw = Raw::connect(gateway.address());
    raw.send(request(""));
    raw.answer().expect(200);
    raw.send(request("a b: c\r\n"));
    assert!(raw.answer().expect(400).text().contains("Name: value"));
    gateway.assert_healthy();
}
