use super::super::description;
use super::super::permissions::TABLE;
use super::{AdminAnswer, AdminServer, TOKEN};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::Value;

/// Every operation of the description that needs the admin token, with something in place of parameters.
fn operations() -> Vec<(String, String)> {
    let description: Value = serde_json::from_str(&description().unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let needs = operation["security"]
                .as_array()
                .is_some_and(|all| all.iter().take(1).any(|first| first.get("admin").is_some()));
            // Served elsewhere; `tests/api` knocks at those.
            let needs = needs && !path.starts_with("/api/apps");
            let filled = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            if needs {
                found.push((method.to_uppercase(), filled.collect::<Vec<_>>().join("/")));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_route_needs_the_admin_token() {
    let server = AdminServer::start().await;
    let operations = operations();
    assert_eq!(operations.len(), TABLE.len(), "{operations:?}");
    let pair = STANDARD.encode("superapp:key-of-superapp");
    let wrong = [
        None,
        Some(String::new()),
        Some("Bearer".into()),
        Some("Bearer ".into()),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer  {TOKEN}")),
        Some(format!("Basic {TOKEN}")),
        Some(TOKEN.to_owned()),
        Some("Bearer token-of-superapp".into()),
        Some(format!("Token {pair}")),
    ];
    for (method, path) in &operations {
        for authorization in &wrong {
            let apps_own = authorization.as_ref().is_some_and(|value| value.starts_with("Token"));
            if apps_own && path == "/api/v1/exchanges/x" {
                continue;
            }
            let mut request = Request::builder().method(method.as_str()).uri(path);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let answer = server.send(request.body(Body::from("{")).unwrap()).await;
            assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"footbridge\"", "{method} {path}");
            answer.problem(401, "unauthorized");
        }
    }
    let twice = Request::builder().uri("/api/v1/apps");
    let twice = twice.header("authorization", format!("Bearer {TOKEN}")).header("authorization", "Bearer x");
    server.send(twice.body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
    let scheme = format!("bEARER {TOKEN}");
    server.bare("/api/v1/apps", Some(&scheme)).await.expect(200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let server = AdminServer::start().await;
    for path in ["/x", "/api/v1/nothing", "/api/v1//apps", "/api/v1/apps/"] {
        server.get(path).await.problem(404, "not_found");
    }
    for (method, path, allow) in [
        ("PUT", "/api/v1/apps", "GET,HEAD,POST"),
        ("POST", "/api/v1/deliveries", "GET,HEAD"),
        ("GET", "/api/v1/explain", "POST"),
        ("DELETE", "/livez", "GET,HEAD"),
    ] {
        let answer = server.call(method, path, "").await;
        assert_eq!(answer.headers["allow"], allow, "{method} {path}");
        answer.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn metrics_are_free_on_loopback_only() {
    let server = AdminServer::start().await;
    let samples = |answer: &AdminAnswer| answer.text().contains("footbridge_deliveries_pending 0\n");
    let answer = server.from("/metrics", "127.0.0.1", true).await.expect(200);
    assert!(samples(&answer), "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    server.from("/metrics", "127.0.0.1", false).await.problem(401, "unauthorized");
    server.from("/metrics", "10.0.0.1", false).await.problem(401, "unauthorized");
    server.bare("/metrics", None).await.problem(401, "unauthorized");
    assert!(samples(&server.get("/metrics").await.expect(200)));
}

#[tokio::test]
async fn probes_tell_where_the_server_stands() {
    let server = AdminServer::start().await;
    let status = async |path: &str| {
        let answer = server.bare(path, None).await;
        (answer.status.as_u16(), answer.json()["status"].as_str().unwrap().to_owned())
    };
    let check = async |expected: u16, word: &str| {
        assert_eq!(status("/livez").await, (200, word.to_owned()));
        assert_eq!(status("/readyz").await, (expected, word.to_owned()));
        assert_eq!(status("/healthz").await, (expected, word.to_owned()));
    };
    check(503, "starting").await;
    server.health.set_ready(vec!["a hook leads nowhere".into()]);
    check(200, "ready").await;
    let report = server.bare("/healthz", None).await.json();
    assert_eq!(report["warnings"][0], "a hook leads nowhere");
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    server.health.set_draining();
    check(503, "draining").await;
    server.health.set_stopped("disk sda1 is gone");
    check(503, "stopped").await;
    assert!(!server.bare("/healthz", None).await.text().contains("sda1"));
}
