//! Probes and metrics.

use harness::{App, Setup, each};

#[test]
fn a_running_server_is_alive_ready_and_healthy() {
    let gateway = Setup::new().start();
    each(["/livez", "/readyz", "/healthz"], |path| {
        gateway.get(path).expect(200);
    });
}

#[test]
fn metrics_are_prometheus_text_with_the_promised_names() {
    let gateway = Setup::new().start();
    let answer = gateway.get("/metrics").expect(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.contains("text")), "{:?}", answer.headers);
    let text = answer.text();
    for name in ["footbridge_deliveries_accepted_total", "footbridge_deliveries_pending"] {
        assert!(text.lines().any(|line| line == format!("{name} 0")), "no {name} in {text}");
    }
    for outcome in ["delivered", "unanswered", "dead", "cancelled"] {
        let line = format!("footbridge_deliveries_total{{outcome=\"{outcome}\"}} 0");
        assert!(text.lines().any(|known| known == line), "no {line} in {text}");
    }
    assert_eq!(gateway.identity(), (0, 0));
}

#[test]
fn the_api_description_lists_every_route() {
    let gateway = Setup::new().start();
    let answer = gateway.get("/openapi.json").expect(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.contains("json")));
    let spec = answer.json();
    assert!(spec["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{}", spec["openapi"]);
    let known: Vec<(String, Vec<String>)> = spec["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, methods)| (shape(path), methods.as_object().unwrap().keys().cloned().collect()))
        .collect();
    let routes = [
        ("/livez", "get"),
        ("/readyz", "get"),
        ("/healthz", "get"),
        ("/metrics", "get"),
        ("/openapi.json", "get"),
        ("/api/v1/event-bridge/hostapp", "post"),
        ("/api/v1/event-bridge/miniapp", "post"),
        ("/api/v1/exchanges/{}", "get"),
        ("/api/v1/miniapps/{}/settings", "get"),
        ("/api/events/{}", "post"),
        ("/api/events/{}", "delete"),
        ("/api/v1/apps", "get"),
        ("/api/v1/apps", "post"),
        ("/api/v1/apps/{}", "get"),
        ("/api/v1/apps/{}", "patch"),
        ("/api/v1/apps/{}", "delete"),
        ("/api/v1/apps/{}/rotate", "post"),
        ("/api/v1/links", "get"),
        ("/api/v1/links", "post"),
        ("/api/v1/links/{}/{}", "get"),
        ("/api/v1/links/{}/{}", "patch"),
        ("/api/v1/links/{}/{}", "delete"),
        ("/api/v1/hooks", "get"),
        ("/api/v1/hooks", "post"),
        ("/api/v1/hooks/{}", "patch"),
        ("/api/v1/hooks/{}", "delete"),
        ("/api/v1/events", "get"),
        ("/api/v1/events/{}", "get"),
        ("/api/v1/deliveries", "get"),
        ("/api/v1/deliveries/{}", "get"),
        ("/api/v1/deliveries/{}/retry", "post"),
        ("/api/v1/deliveries/retry", "post"),
        ("/api/v1/exchanges", "get"),
        ("/api/v1/explain", "post"),
    ];
    each(routes, |(path, method)| {
        let there = known.iter().any(|(known, methods)| known == path && methods.iter().any(|m| m == method));
        assert!(there, "not described; known: {:?}", known.iter().map(|(path, _)| path).collect::<Vec<_>>());
    });
}

/// A path without the names of its parameters and without a trailing slash.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/").trim_end_matches('/').to_owned()
}

#[test]
fn what_is_not_there_is_404() {
    let mut gateway = Setup::new().app(App::new("fax")).start();
    each(
        ["/nothing", "/api/v1/nothing", "/api/v2/apps", "/../etc/passwd", "/%2e%2e/", "//", "/api/v1//apps"],
        |path| {
            let answer = gateway.get(path);
            assert!(matches!(answer.status, 401 | 404), "{}", answer.status);
        },
    );
    gateway.assert_healthy();
}
