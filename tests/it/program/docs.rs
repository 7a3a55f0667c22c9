//! The documentation that the server serves under `/docs/`.

use harness::{Answer, Gateway, Raw, Setup};

/// A page of the documentation, with what every page must have.
#[track_caller]
fn page(gateway: &Gateway, path: &str) -> String {
    let answer = gateway.get(path).expect(200);
    is_guarded(&answer);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    answer.text()
}

#[track_caller]
fn is_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn pages_and_their_style_sheet_are_served_without_a_credential() {
    let gateway = Setup::new().start();
    let first = page(&gateway, "/docs/");
    for part in
        ["<title>Footbridge", "href=\"/docs/guides/events\"", "rel=\"next\"", "action=\"/docs/search\""]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    let style = gateway.get("/docs/book.css").expect(200);
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(style.text().contains("prefers-color-scheme: dark"));
    let moved = gateway.get("/docs").expect(308);
    assert_eq!(moved.header("location"), Some("/docs/"));
    let head = gateway.call("HEAD", "/docs/glossary").send().expect(200);
    assert!(head.body.is_empty());
    let refused = gateway.call("POST", "/docs/glossary").send().expect(405);
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let gateway = Setup::new().start();
    let tag = gateway.get("/docs/glossary").expect(200).header("etag").expect("a tag").to_owned();
    let known = |path: &str, tag: &str| gateway.call("GET", path).header("If-None-Match", tag).send();
    let unchanged = known("/docs/glossary", &tag).expect(304);
    assert!(unchanged.body.is_empty() && unchanged.header("etag") == Some(&*tag));
    known("/docs/glossary", "\"other\"").expect(200);
    // What is not there has no tag that could be confirmed.
    known("/docs/nothing", &tag).expect(404);
    known("/docs/search?q=retry", &tag).expect(200);
}

#[test]
fn the_type_of_a_problem_leads_to_its_page() {
    let gateway = Setup::new().start();
    let problem = gateway.get("/api/v1/apps").expect(401).json();
    let code = problem["code"].as_str().unwrap();
    let text = page(&gateway, problem["type"].as_str().unwrap());
    assert!(text.contains(&format!("<code>{code}</code> (401)")), "{text}");
    assert!(text.contains("aria-current=\"page\""));
}

#[test]
fn the_search_needs_no_script() {
    let gateway = Setup::new().start();
    let found = page(&gateway, "/docs/search?q=Idempotency-Key+%26");
    assert!(
        found.contains("href=\"/docs/guides/events#") && found.contains("value=\"Idempotency-Key &amp;\""),
        "{found}"
    );
    assert!(page(&gateway, "/docs/search?q=xyzzyq").contains("No section has"));
    assert!(page(&gateway, "/docs/search?q=%3Cscript%3E&q=b").contains("value=\"&lt;script&gt;\""));
}

#[test]
fn an_address_that_does_not_exist_leads_back() {
    let gateway = Setup::new().start();
    let missing = gateway.get("/docs/nothing").expect(404);
    is_guarded(&missing);
    assert!(missing.text().contains("href=\"/docs/\""));
    for path in ["/docs/../etc/passwd", "/docs/%2e%2e/x", "/docs/guides"] {
        gateway.get(path).expect(404);
    }
    let other = format!("GET /docs/ HTTP/1.1\r\nHost: evil.example:{}\r\n\r\n", gateway.address().port());
    assert_eq!(Raw::connect(gateway.address()).send(other).answer().status, 421);
}

#[test]
fn an_operator_can_switch_it_off() {
    let gateway = Setup::new().set("server", "docs", "false").start();
    for path in ["/docs/", "/docs", "/docs/errors/invalid", "/docs/book.css"] {
        assert_eq!(gateway.get(path).expect(404).json()["code"], "not_found", "{path}");
    }
}
