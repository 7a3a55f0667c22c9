//! Requests that do not come from the console's own pages.

use harness::{ADMIN_TOKEN, App, Call, Console, each};
use serde_json::json;

use super::setup;

#[test]
fn pages_of_other_sites_can_neither_write_nor_sign_in() {
    let gateway = setup().app(App::new("shop")).start();
    let admin = Console::by_link(&gateway);
    let address = admin.address();
    let write = |headers: &[(&str, &str)]| {
        let call = Call::new(address, "PATCH", "/api/v1/apps/shop").header("Cookie", admin.cookie());
        call.headers(headers).json(&json!({})).send()
    };
    let server = gateway.address();
    let from_server = format!("http://{server}");
    each(
        [
            vec![("Sec-Fetch-Site", "same-site"), ("Origin", from_server.as_str())],
            vec![("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
            vec![("Sec-Fetch-Site", "none")],
            vec![("Origin", from_server.as_str())],
            vec![("Origin", "null")],
            vec![],
        ],
        |headers| assert_eq!(write(headers).expect(403).json()["code"], "cross_site", "{headers:?}"),
    );
    let own = format!("http://{address}");
    assert_ne!(write(&[("Origin", &own)]).status, 403);
    // Signing somebody in to the attacker's session is a write, too.
    let sign_in = Call::new(address, "POST", "/api/v1/session").header("Sec-Fetch-Site", "cross-site");
    sign_in.json(&json!({"user": "a", "password": "b"})).send().expect(403);
    each(["text/plain", "application/x-www-form-urlencoded"], |kind| {
        let call = admin.call("POST", "apps").header("Content-Type", kind).body(r#"{"name":"x"}"#);
        call.send().expect(415);
    });
    // A page of an app on the server's own port may not even read.
    let read = Call::new(address, "GET", "/api/v1/apps").header("Cookie", admin.cookie());
    read.header("Sec-Fetch-Site", "same-site").send().expect(403);
}

#[test]
fn no_answer_may_be_framed_and_only_known_hosts_are_answered() {
    let gateway = setup().start();
    let console = Console::of(&gateway);
    let address = console.address();
    each(
        ["/", "/events", "/api/v1/session", "/docs/", "/openapi.json", "/nothing/at/all", "/api/v1/x"],
        |path| {
            let answer = Call::new(address, "GET", path).send();
            assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            let text = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
            let refused = harness::Raw::connect(address).send(&text).rest();
            assert!(refused.starts_with("HTTP/1.1 421") && refused.contains("[console] hosts"), "{refused}");
        },
    );
    each(["/docs/", "/openapi.json"], |path| {
        Call::new(address, "GET", path).send().expect(200);
    });
}

#[test]
fn each_listener_knows_its_own_credential_only() {
    let gateway = setup().app(App::new("shop")).start();
    let admin = Console::by_link(&gateway);
    admin.get("apps");
    let cookie = admin.cookie();
    gateway.call("GET", "/api/v1/apps").header("Cookie", cookie).send().expect(401);
    gateway.call("GET", "/api/apps").header("Cookie", cookie).send().expect(401);
    let bearer = |path: &str| {
        let call = Call::new(admin.address(), "GET", path).header("Sec-Fetch-Site", "same-origin");
        call.header("Authorization", format!("Bearer {ADMIN_TOKEN}")).send()
    };
    bearer("/api/v1/apps").expect(401);
    bearer("/api/apps").expect(401);
    let apps = Call::new(admin.address(), "GET", "/api/apps").header("Sec-Fetch-Site", "same-origin");
    assert_eq!(apps.header("Cookie", cookie).send().expect(200).json()["body"][0]["name"], "shop");
    // Traffic of apps has no place here.
    each(["/api/v1/event-bridge/hostapp/", "/api/events/x", "/x/shop/", "/metrics", "/socket.io/"], |path| {
        let call = Call::new(admin.address(), "POST", path).header("Sec-Fetch-Site", "same-origin");
        let answer =
            call.headers(&[("Authorization", "Token x"), ("X-Bolt-App-Token", "x")]).json(&json!({})).send();
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    });
    // A second cookie of the name may be one that a page of an app has set.
    let two = format!("{cookie}; fb_console=other");
    admin.with_cookie(&two).call("GET", "session").send().expect(401);
}

#[test]
fn the_console_can_live_below_a_path() {
    let gateway = setup().set("console", "base", "\"/fb\"").start();
    let line = gateway.stdout();
    assert!(line.contains("/fb/#setup="), "{line}");
    let address = Console::of(&gateway).address();
    let call = Call::new(address, "POST", "/fb/api/v1/session").header("Sec-Fetch-Site", "same-origin");
    call.json(&json!({"setup": Console::code(&line)})).send().expect(200);
    Call::new(address, "GET", "/fb/").send().expect(200);
    Call::new(address, "GET", "/fb/docs/").send().expect(200);
    each(["/api/v1/session", "/", "/fbx/"], |path| {
        Call::new(address, "GET", path).send().expect(404);
    });
}
