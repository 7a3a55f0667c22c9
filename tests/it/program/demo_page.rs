//! The page that `footbridge demo` serves. Its appearance in a browser is tested beside the SDK.

use std::net::SocketAddr;

use harness::{Call, Gateway, Setup, until};
use serde_json::json;

/// A running demo and the address of its page.
fn open() -> (Gateway, SocketAddr, tempfile::TempDir) {
    let tmp = tempfile::tempdir().unwrap();
    let demo = Setup::new().env("TMPDIR", tmp.path().to_str().unwrap()).start_bare(&["demo"]);
    until("the end of the story", harness::WAIT, || demo.stdout().contains("Ctrl-C ends it."));
    let output = demo.stdout();
    let (_, rest) = output.split_once("Open  http://").expect("where the page is");
    let (address, _) = rest.split_once('/').unwrap();
    (demo, address.parse().unwrap(), tmp)
}

/// The content security policy of a page.
fn policy(answer: &harness::Answer) -> &str {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    answer.header("content-security-policy").expect("a policy")
}

#[test]
fn the_demo_page_serves_only_the_browser_it_opened() {
    let (_demo, address, _tmp) = open();
    let page = Call::new(address, "GET", "/").send().expect(200);
    let shop: SocketAddr = {
        let text = page.text();
        let (_, rest) = text.split_once("data-shop=\"http://").expect("where the miniapp is");
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    assert_ne!(address, shop, "the miniapp is of another origin");
    assert!(!page.text().contains("{{"), "every place is filled in");
    assert!(policy(&page).contains(&format!("frame-src http://{shop};")));
    assert!(policy(&page).contains("frame-ancestors 'none'"));
    let frame = Call::new(shop, "GET", "/").send().expect(200);
    assert!(policy(&frame).contains(&format!("frame-ancestors http://{address};")));
    for (app, path) in
        [(address, "/host.js"), (address, "/trail.css"), (shop, "/shop.js"), (shop, "/live.js")]
    {
        Call::new(app, "GET", path).send().expect(200);
    }
    Call::new(shop, "GET", "/host.js").send().expect(404);

    let own = format!("http://{address}");
    let ask = |app, path| Call::new(app, "POST", path).json(&json!({"use": "forward", "manner": "fails"}));
    for path in ["/api/ticket", "/api/photos", "/api/shop"] {
        ask(address, path).send().expect(403);
        ask(address, path).header("origin", "http://example.com").send().expect(403);
        ask(address, path).header("origin", format!("http://{shop}")).send().expect(403);
        ask(address, path).header("origin", &own).without("content-type").send().expect(403);
    }
    let ticket = ask(address, "/api/ticket").header("origin", &own).send().expect(200);
    assert!(ticket.json()["ticket"].as_str().unwrap().starts_with("tkt_"));
    assert_eq!(ticket.header("cache-control"), Some("no-store"));
    // The miniapp's page must not act as its app.
    ask(shop, "/api/ticket").header("origin", format!("http://{shop}")).send().expect(400);
}

#[test]
fn the_demo_page_refuses_other_host_names() {
    let (_demo, address, _tmp) = open();
    let call = |method| Call::new(address, method, "/").bytes();
    let named = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let other = text.replace(&format!("Host: {address}"), "Host: evil.example");
        harness::Raw::connect(address).send(other).answer()
    };
    let answer = named(call("GET"));
    assert_eq!((answer.status, answer.header("location")), (307, Some(&*format!("http://{address}/"))));
    assert_eq!(named(call("POST")).status, 421);
}
