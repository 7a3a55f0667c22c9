use super::{AdminServer, TOKEN};
use axum::body::Body;
use http::Request;
use serde_json::json;

#[tokio::test]
async fn a_body_is_one_json_object() {
    let server = AdminServer::start().await;
    let deep = format!("{{\"name\":\"deep\",\"x\":{}{}}}", "[".repeat(64), "]".repeat(64));
    let rows: [&[u8]; 10] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}x",
        b"{\"name\":\"\xff\"}",
        b"\xef\xbb\xbf{\"name\":\"bom\"}",
        br#"{"name":"one","name":"two"}"#,
        br#"{"name":"one","receiver_auth":{"name":"a","name":"b","secret":"c"}}"#,
        deep.as_bytes(),
    ];
    for body in rows {
        let request = Request::post("/api/v1/apps").header("authorization", format!("Bearer {TOKEN}"));
        let request = request.header("content-type", "application/json; charset=utf-8");
        let answer = server.send(request.body(Body::from(body.to_vec())).unwrap()).await;
        answer.problem(400, "invalid_body");
    }
    let huge = format!("{{\"name\":\"x\",\"y\":\"{}\"}}", "x".repeat(1 << 20));
    server.call("POST", "/api/v1/apps", huge).await.problem(413, "too_large");
    for kind in
        [None, Some("text/plain"), Some("application/jsonx"), Some("application/x-www-form-urlencoded")]
    {
        let mut request = Request::post("/api/v1/apps").header("authorization", format!("Bearer {TOKEN}"));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = server.send(request.body(Body::from(r#"{"name":"x"}"#)).unwrap()).await;
        answer.problem(415, "unsupported_media_type");
    }
    assert_eq!(server.get("/api/v1/apps").await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_member_is_named_and_its_value_is_not() {
    let server = AdminServer::start().await;
    let app = |rest: serde_json::Value| {
        let mut whole = json!({"name": "ok"});
        whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        whole
    };
    let rows = [
        (json!({}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"name": "bolt"}), "name"),
        (app(json!({"receiver_url": "not-to-be-shown"})), "receiver_url"),
        (app(json!({"url": 5})), "url"),
        (app(json!({"receiver_enabled": "not-to-be-shown"})), "receiver_enabled"),
        (app(json!({"signing_secret": "not-to-be-shown"})), "signing_secret"),
        (app(json!({"token": ["not-to-be-shown"]})), "token"),
        (app(json!({"token_prefix": "two words"})), "token_prefix"),
        (app(json!({"private": ["a/b"]})), "private"),
        (app(json!({"receiver_auth": "not-to-be-shown"})), "receiver_auth"),
        (app(json!({"receiver_auth": {"name": "x"}})), "receiver_auth.secret"),
        (app(json!({"receiver_auth": {"name": "x", "secret": "y", "more": 1}})), "receiver_auth.more"),
        (app(json!({"recever_url": "https://a.example"})), "recever_url"),
        (app(json!({"hooks": {"x": {"route": 1}}})), "hooks.x.route"),
    ];
    for (request, member) in rows {
        let detail = server.call("POST", "/api/v1/apps", request.to_string()).await.problem(422, "invalid");
        assert!(detail.contains(&format!("`{member}`")), "{member}: {detail}");
        assert!(!detail.contains("not-to-be-shown"), "{detail}");
    }
    server.call("POST", "/api/v1/apps", r#"{"name":"ok"}"#).await.expect(201);
    for (request, member) in
        [(r#"{"enabled":null}"#, "enabled"), (r#"{"token":"x"}"#, "token"), (r#"{"name":"y"}"#, "name")]
    {
        let detail = server.call("PATCH", "/api/v1/apps/ok", request).await.problem(422, "invalid");
        assert!(detail.contains(&format!("`{member}`")), "{detail}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let server = AdminServer::start().await;
    for (query, name) in [
        ("apps?limit=0", "limit"),
        ("apps?limit=251", "limit"),
        ("apps?limit=", "limit"),
        ("apps?limit=1&limit=2", "limit"),
        ("apps?cursor=nonsense", "cursor"),
        ("apps?cursor=%00", "cursor"),
        ("events?cursor=%ff", "cursor"),
        ("links?host=superapp", "host"),
        ("hooks?app=%ff", "app"),
        ("deliveries?status=lost", "status"),
        ("deliveries?event=dlv_0000000000001", "event"),
        ("deliveries?hook=x", "hook"),
        ("exchanges?failed=1", "failed"),
        ("events?name=a/b", "name"),
    ] {
        let detail = server.get(&format!("/api/v1/{query}")).await.problem(400, "invalid_parameter");
        assert!(detail.contains(&format!("`{name}`")), "{query}: {detail}");
    }
    let first = server.get("/api/v1/apps?limit=1").await.json();
    assert_eq!(first["data"][0]["name"], "shop");
    let cursor = first["next"].as_str().unwrap();
    let second = server.get(&format!("/api/v1/apps?limit=1&cursor={cursor}")).await.json();
    assert_eq!(second["data"][0]["name"], "superapp");
    assert!(second["next"].is_null());
    server.get(&format!("/api/v1/hooks?cursor={cursor}")).await.problem(400, "invalid_parameter");
}
