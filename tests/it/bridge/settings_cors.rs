//! The settings page of a miniapp, and cross-origin requests.

use harness::{Gateway, each};

use super::pair::pair;

fn settings(gateway: &Gateway, miniapp: &str, query: &str) -> harness::Answer {
    gateway.get(&format!("/api/v1/miniapps/{miniapp}/settings/{query}"))
}

#[test]
fn a_linked_host_gets_the_miniapps_settings_page() {
    let (gateway, _receiver) = pair();
    let rows = ["?client_id=superapp", "?client_id=superapp&is_desktop=true", "?x=1&client_id=SuperApp"];
    each(rows, |query| {
        let answer = settings(&gateway, "shop", query).expect(200);
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
        assert_eq!(answer.json()["miniapp"]["url"], "https://shop.example/mini");
    });
    gateway.get("/api/v1/miniapps/shop/settings?client_id=superapp").expect(200);
}

#[test]
fn everybody_else_gets_404_json() {
    let (gateway, _receiver) = pair();
    let rows = [
        ("shop", ""),
        ("shop", "?client_id="),
        ("shop", "?client_id=stranger"),
        ("shop", "?client_id=nobody"),
        ("stranger", "?client_id=superapp"),
        ("nobody", "?client_id=superapp"),
        ("superapp", "?client_id=shop"),
        ("shop", "?client_id=%ff%zz"),
    ];
    each(rows, |(miniapp, query)| {
        let answer = settings(&gateway, miniapp, query).expect(404);
        assert!(
            answer.header("content-type").is_some_and(|kind| kind.contains("json")),
            "{:?}",
            answer.headers
        );
        answer.json();
        assert!(!answer.text().contains("shop.example"));
    });
}

#[test]
fn a_linked_miniapp_without_a_page_is_404() {
    let (gateway, _receiver) = pair();
    gateway.admin().done("POST", "links", &serde_json::json!({"host": "superapp", "miniapp": "stranger"}));
    settings(&gateway, "stranger", "?client_id=superapp").expect(404).json();
}

#[test]
fn cross_origin_requests_are_allowed_where_the_contract_says() {
    let (gateway, _receiver) = pair();
    let settings_path = "/api/v1/miniapps/shop/settings/?client_id=superapp";
    let rows = [
        (settings_path, "GET", "content-type"),
        ("/api/events/photo-saved", "POST", "content-type,idempotency-key,x-bolt-app-token,x-bolt-user-name"),
        ("/api/v1/miniapps/shop/", "GET", "content-type"),
        ("/api/events/camera/photo-saved", "DELETE", "x-bolt-app-token"),
    ];
    each(rows, |(path, method, asked)| {
        let answer = gateway
            .call("OPTIONS", path)
            .header("Origin", "https://host.example")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", asked)
            .send();
        assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
        for name in asked.split(',') {
            assert!(allowed.split(',').any(|known| known.trim() == name), "{name} is not in {allowed:?}");
        }
        let methods = answer.header("access-control-allow-methods").unwrap_or_default();
        assert!(*method != "DELETE" || methods.contains("DELETE") || methods == "*", "{methods:?}");
    });
    let answer =
        gateway.call("GET", settings_path).header("Origin", "https://host.example").send().expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    // Pages can read errors too.
    for (method, path, status) in [
        ("POST", "/api/events/x", 401),
        ("GET", "/api/v1/miniapps/nobody/settings/", 404),
        ("GET", "/api/v1/miniapps/shop/", 404),
        ("OPTIONS", "/api/v1/miniapps/shop/", 404),
        ("GET", "/api/v1/miniapps/%ff/settings/", 404),
    ] {
        let refused =
            gateway.call(method, path).header("Origin", "https://host.example").send().expect(status);
        assert_eq!(refused.header("access-control-allow-origin"), Some("*"), "{path}: {:?}", refused.headers);
    }
}

#[test]
fn cross_origin_requests_are_refused_everywhere_else() {
    let (gateway, _receiver) = pair();
    let rows = [
        "/api/v1/event-bridge/hostapp/",
        "/api/v1/exchanges/exc_x",
        "/api/v1/apps",
        "/api/v1/links",
        "/api/v1/hooks",
        "/api/v1/explain",
        "/metrics",
        "/healthz",
    ];
    each(rows, |path| {
        for method in ["OPTIONS", "GET"] {
            let answer = gateway
                .call(method, path)
                .header("Origin", "https://evil.example")
                .header("Access-Control-Request-Method", "POST")
                .send();
            assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {path}");
        }
    });
}
