//! Destinations that outbound requests may have.

use harness::{App, Receiver, Setup, WAIT, assert_bolt_error, assert_bridge_error, each, until_some};
use serde_json::{Value, json};

const EVENT: &str = r#"{"app_id":"shop","client_id":"superapp","event_type":"x","payload":1}"#;

fn strict(receiver: &Receiver) -> Setup {
    Setup::strict()
        .set("retry", "schedule", r#"["1h"]"#)
        .app(App::new("superapp"))
        .app(App::new("shop").receiver(&receiver.url("/shop")))
        .app(App::new("fax").url(&receiver.url("/fax")))
        .app(App::new("camera"))
        .link("superapp", "shop")
}

#[test]
fn an_address_written_by_the_operator_is_allowed_for_its_app() {
    let receiver = Receiver::start();
    let gateway = strict(&receiver).start();
    gateway.host("superapp").send(EVENT).expect(200);
    gateway.bolt("fax").server("x", "/x");
    gateway.bolt("camera").publish("x", &json!({}));
    receiver.wait_at("/fax/x", 1);
    receiver.wait_at("/shop", 1);
}

#[test]
fn an_operator_address_allows_no_other_port_or_app() {
    let receiver = Receiver::start();
    let canary = Receiver::start();
    let gateway = strict(&receiver).start();
    let port = canary.address().port();
    let routes =
        [format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/"), receiver.url("/fax/x")];
    each(routes, |route| {
        // The app's own address is an exception for this app; another port or another app's address is not.
        let fax_itself = *route == receiver.url("/fax/x");
        let app = if fax_itself { "camera" } else { "fax" };
        let answer = gateway.bolt(app).post("sub/x", json!({"route": route, "type": "web"}).to_string());
        if answer.status == 200 {
            let event = gateway.bolt("camera").publish("x", &json!({"subscribers": [app]}));
            let delivery = ended(&gateway, event["id"].as_str().unwrap());
            assert_eq!(delivery["status"], "dead", "{delivery}");
            gateway.bolt(app).unsubscribe("x");
        } else {
            assert_bolt_error(&answer, 400, 141);
        }
    });
    assert_eq!(canary.connections(), 0);
    assert_eq!(receiver.connections(), 0);
}

#[track_caller]
fn ended(gateway: &harness::Gateway, event: &str) -> Value {
    until_some("the end of the delivery", WAIT, || {
        let delivery = gateway.admin().delivery(event);
        (delivery["status"] != "pending").then_some(delivery)
    })
}

#[test]
fn a_server_route_cannot_leave_the_apps_host() {
    let receiver = Receiver::start();
    let canary = Receiver::start();
    let gateway = strict(&receiver).start();
    let address = canary.address();
    let routes = [
        format!("//{address}/x"),
        format!("@{address}/x"),
        format!(":80@{address}/"),
        format!("\\\\{address}\\x"),
    ];
    each(routes, |route| {
        let answer = gateway.bolt("fax").post("sub/x", json!({ "route": route }).to_string());
        if answer.status == 200 {
            gateway.bolt("camera").publish("x", &json!({}));
            until_some("the delivery", WAIT, || {
                receiver.requests().into_iter().find(|got| got.path.starts_with("/fax/"))
            });
            gateway.bolt("fax").unsubscribe("x");
        } else {
            assert_bolt_error(&answer, 400, 141);
        }
    });
    assert_eq!(canary.connections(), 0);
}

#[test]
fn metadata_and_our_own_listener_are_refused_whatever_is_allowed() {
    let mut gateway = Setup::new()
        .set("egress", "allow", r#"["0.0.0.0/0", "::/0"]"#)
        .set("egress", "timeout", "\"2s\"")
        .app(App::new("superapp"))
        .app(App::new("fax"))
        .start();
    let own = gateway.address();
    let port = own.port();
    let rows = [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/".into(),
        "http://169.254.170.2/v2/".into(),
        "http://100.100.100.200/".into(),
        "http://168.63.129.16/".into(),
        "http://192.0.0.192/".into(),
        "http://[::ffff:a9fe:a9fe]/".into(),
        format!("http://{own}/metrics"),
        format!("http://127.0.0.1:{port}/api/events/x"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ];
    each(rows.iter(), |route| {
        let answer = gateway.bolt("fax").post("sub/x", json!({"route": route, "type": "web"}).to_string());
        assert_bolt_error(&answer, 400, 141);
    });
    let admin = gateway.admin();
    each(rows.iter().chain([&format!("http://localhost:{port}/livez")]).enumerate(), |(n, url)| {
        let name = format!("target{n}");
        let made = admin.send("POST", "apps", &json!({"name": name, "receiver_url": url}));
        if made.status == 201 {
            admin.done("POST", "links", &json!({"host": "superapp", "miniapp": name}));
            let answer = gateway.host("superapp").send(EVENT.replace("shop", &name));
            assert_bridge_error(&answer, 502, "EVENT_DELIVERY_FAILED");
        } else {
            assert!((400..500).contains(&made.status), "{}", made.text());
        }
    });
    gateway.assert_healthy();
}

#[test]
fn an_allowed_network_may_be_narrowed_to_ports() {
    let open = Receiver::start();
    let closed = Receiver::start();
    let port = open.address().port();
    let gateway = Setup::strict()
        .set("egress", "allow", &format!(r#"["127.0.0.1/32:{port}"]"#))
        .app(App::new("fax"))
        .app(App::new("camera"))
        .start();
    gateway.bolt("fax").web("x", &open.url("/x"));
    let answer =
        gateway.bolt("fax").post("sub/x", json!({"route": closed.url("/x"), "type": "web"}).to_string());
    assert_bolt_error(&answer, 400, 141);
    gateway.bolt("camera").publish("x", &json!({}));
    open.wait(1);
    assert_eq!(closed.connections(), 0);
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let receiver = Receiver::start();
    let proxy = Receiver::start();
    let gateway = strict(&receiver)
        .env("HTTP_PROXY", &proxy.url(""))
        .env("http_proxy", &proxy.url(""))
        .env("ALL_PROXY", &proxy.url(""))
        .start();
    gateway.host("superapp").send(EVENT).expect(200);
    assert_eq!(receiver.count(), 1);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn nobody_publishes_as_bolt() {
    let receiver = Receiver::start();
    let gateway = strict(&receiver).start();
    let names = [
        "bolt",
        "Bolt",
        "BOLT",
        "sub",
        "SUB",
        "bolt ",
        " bolt",
        "b\u{43e}lt",
        "bolt\u{0}",
        "",
        "-x",
        ".x",
        "a/b",
        "a b",
    ];
    each(names, |name| {
        let answer = gateway.admin().send("POST", "apps", &json!({ "name": name }));
        assert!(matches!(answer.status, 400 | 409 | 422), "{} {}", answer.status, answer.text());
    });
    let long = "a".repeat(65);
    let answer = gateway.admin().send("POST", "apps", &json!({ "name": long }));
    assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
}
