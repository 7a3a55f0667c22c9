//! Hook types: their destinations, and the routes that are not allowed.

use harness::{App, Gateway, Receiver, Setup, assert_bolt_error, each};
use serde_json::{Value, json};

use super::apps::apps;

fn subscribe(gateway: &Gateway, request: &Value) -> harness::Answer {
    gateway.bolt("fax").post("sub/x", request.to_string())
}

#[test]
fn a_server_route_is_joined_by_exactly_one_slash() {
    let receiver = Receiver::start();
    let gateway = Setup::new()
        .app(App::new("bare").url(&receiver.url("")))
        .app(App::new("slash").url(&receiver.url("/")))
        .app(App::new("base").url(&receiver.url("/base")))
        .app(App::new("based").url(&receiver.url("/base/")))
        .start();
    let rows = [
        ("bare", "hooks/a", "/hooks/a"),
        ("bare", "/hooks/a", "/hooks/a"),
        ("slash", "hooks/b", "/hooks/b"),
        ("slash", "/hooks/b", "/hooks/b"),
        ("base", "hooks/c", "/base/hooks/c"),
        ("base", "/hooks/c?d=1&e=%20", "/base/hooks/c?d=1&e=%20"),
        ("based", "/hooks/d/", "/base/hooks/d/"),
    ];
    each(rows, |(app, route, path)| {
        gateway.bolt(app).server("x", route);
        let before = receiver.count();
        gateway.bolt("bare").publish("x", &json!({"subscribers": [app]}));
        let got = receiver.wait(before + 1).pop().unwrap();
        assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", *path));
        gateway.bolt(app).unsubscribe("x");
    });
}

#[test]
fn a_web_route_may_omit_its_scheme() {
    let (gateway, receiver) = apps();
    let address = receiver.address();
    let port = address.port();
    let rows = [
        (format!("http://{address}/a?b=c"), "/a?b=c"),
        (format!("http://{address}"), "/"),
        (format!("HTTP://{address}/up"), "/up"),
        (format!("{address}/bare"), "/bare"),
        (format!("{address}"), "/"),
        (format!("localhost:{port}/name"), "/name"),
        (format!("http://localhost:{port}/name"), "/name"),
    ];
    each(rows, |(route, path)| {
        assert_eq!(gateway.bolt("fax").web("x", route)["route"], route.as_str());
        let before = receiver.count();
        gateway.bolt("camera").publish("x", &json!({}));
        assert_eq!(receiver.wait(before + 1).pop().unwrap().path, *path);
        gateway.bolt("fax").unsubscribe("x");
    });
}

#[test]
fn a_route_that_is_missing_empty_or_not_allowed_is_141() {
    let (mut gateway, _receiver) = apps();
    let own = gateway.address();
    let mut rows =
        vec![json!({}), json!({"route": ""}), json!({"type": "web"}), json!({"route": "", "type": "web"})];
    for route in [
        "http://example.com/x",
        "https://example.com/x",
        "//example.com/../x",
        "ftp://x",
        "a/../b",
        "../x",
        "/..",
        "x/..",
        "a#b",
        "a\nb",
        "a\rb",
        "a\tb",
        "a\u{0}b",
        "a\u{7f}b",
    ] {
        rows.push(json!({ "route": route }));
    }
    for route in [
        "/relative",
        "relative",
        "relative/path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "user@example.com/",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "example.com:port/",
        "unix:/tmp/x",
        "http://[::1/",
        "http://exam\nple.com/",
        "http://10.0.0.1/",
        "10.0.0.1/x",
        "http://192.168.0.1:8080/",
        "http://[::1]:80/",
        "http://[fc00::1]/",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
    ] {
        rows.push(json!({"route": route, "type": "web"}));
    }
    rows.push(json!({"route": format!("http://{own}/api/events/x"), "type": "web"}));
    each(rows, |request| assert_bolt_error(&subscribe(&gateway, request), 400, 141));
    assert!(gateway.admin().all("hooks?app=fax").is_empty());
    gateway.assert_healthy();
}

#[test]
fn an_unknown_type_is_142() {
    let (gateway, _receiver) = apps();
    each(["", "carrier-pigeon", "webhook", "function", "web "], |kind| {
        assert_bolt_error(&subscribe(&gateway, &json!({"route": "/x", "type": kind})), 400, 142);
    });
}

#[test]
fn a_loopback_literal_is_refused_under_the_default_policy() {
    let receiver = Receiver::start();
    let gateway = Setup::strict().app(App::new("fax")).start();
    let port = receiver.address().port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "127.0.0.1.",
    ];
    each(hosts, |host| {
        let route = format!("http://{host}:{port}/");
        assert_bolt_error(&subscribe(&gateway, &json!({"route": route, "type": "web"})), 400, 141);
    });
    assert_eq!(receiver.connections(), 0);
}
