use super::AdminServer;
use serde_json::json;

#[tokio::test]
async fn a_link_lives() {
    let server = AdminServer::start().await;
    server.call("POST", "/api/v1/apps", r#"{"name":"late"}"#).await.expect(201);
    let request = r#"{"host":"SuperApp","miniapp":"late"}"#;
    let made = server.call("POST", "/api/v1/links", request).await.expect(201);
    assert_eq!(made.headers["location"], "/api/v1/links/superapp/late");
    assert_eq!(made.json()["enabled"], true);
    server.call("POST", "/api/v1/links", request).await.problem(409, "exists");
    let off =
        server.call("PATCH", "/api/v1/links/superapp/late", r#"{"enabled":false}"#).await.expect(200).json();
    assert_eq!((&off["enabled"], &off["managed_by"]), (&json!(false), &json!("api")));
    let page = server.get("/api/v1/links?limit=1").await.json();
    let rest = server.get(&format!("/api/v1/links?cursor={}", page["next"].as_str().unwrap())).await.json();
    assert_eq!((&page["data"][0]["miniapp"], &rest["data"][0]["miniapp"]), (&json!("late"), &json!("shop")));
    server.call("DELETE", "/api/v1/links/superapp/late", "").await.expect(204);
    for path in ["superapp/late", "late/superapp", "a/b", "-/%ff"] {
        server.get(&format!("/api/v1/links/{path}")).await.problem(404, "not_found");
    }
    server.call("DELETE", "/api/v1/links/superapp/shop", "").await.problem(409, "managed_by_file");
    for bad in [
        r#"{"host":"superapp"}"#,
        r#"{"host":"superapp","miniapp":"nobody"}"#,
        r#"{"host":"superapp","miniapp":"superapp"}"#,
        r#"{"host":"superapp","miniapp":"late","enabled":"yes"}"#,
    ] {
        server.call("POST", "/api/v1/links", bad).await.problem(422, "invalid");
    }
}

#[tokio::test]
async fn a_hook_lives() {
    let server = AdminServer::start().await;
    let request =
        r#"{"app":"superapp","pattern":"Camera\\Photo","route":"https://a.example/x","type":"web"}"#;
    let made = server.call("POST", "/api/v1/hooks", request).await.expect(201);
    let mut hook = made.json();
    let warnings = hook.as_object_mut().unwrap().remove("warnings").unwrap();
    assert!(warnings[0].as_str().unwrap().contains("no app is called `camera`"), "{warnings}");
    let id = hook["id"].as_str().unwrap();
    let path = format!("/api/v1/hooks/{id}");
    assert_eq!(made.headers["location"], path.as_str());
    assert_eq!(
        hook,
        json!({"id": id, "app": "superapp", "publisher": "camera", "event": "photo", "route": "https://a.example/x",
            "type": "web", "transient": false, "enabled": true, "created_at": "2027-01-15T08:00:00.000Z"})
    );
    assert_eq!(server.get(&path).await.expect(200).json(), hook);
    assert_eq!(server.call("POST", "/api/v1/hooks", request).await.expect(201).json()["id"], id);
    let off = server.call("PATCH", &path, r#"{"enabled":false}"#).await.expect(200).json();
    assert_eq!(off["enabled"], false);
    server.call("PATCH", &path, "{}").await.problem(422, "invalid");
    server.call("DELETE", &path, "").await.expect(204);
    server.call("DELETE", &path, "").await.problem(404, "not_found");
    server.call("DELETE", "/api/v1/hooks/hook_x", "").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_hook_of_the_file_says_so_and_is_only_switched() {
    let server = AdminServer::start().await;
    let hook = server.get("/api/v1/hooks?app=Shop").await.json()["data"][0].clone();
    assert_eq!((&hook["managed_by"], &hook["ordered"]), (&json!("file"), &json!(true)));
    assert!(hook.get("in_flight").is_none() && hook.get("answer").is_none());
    let path = format!("/api/v1/hooks/{}", hook["id"].as_str().unwrap());
    server.call("DELETE", &path, "").await.problem(409, "managed_by_file");
    server.call("PATCH", &path, r#"{"enabled":false}"#).await.expect(200);
}

#[tokio::test]
async fn a_bad_hook_is_refused_by_the_member() {
    let server = AdminServer::start().await;
    for (request, member) in [
        (json!({"pattern": "x", "route": "/x"}), "app"),
        (json!({"app": "nobody", "pattern": "x", "route": "/x"}), "app"),
        (json!({"app": "shop", "route": "/x"}), "pattern"),
        (json!({"app": "shop", "pattern": "x"}), "route"),
        (json!({"app": "shop", "pattern": "x", "route": "", "type": "web"}), "route"),
        (json!({"app": "shop", "pattern": "x", "route": "http://127.0.0.1/", "type": "web"}), "route"),
        (json!({"app": "shop", "pattern": "x", "route": "/x", "type": "pigeon"}), "type"),
        (json!({"app": "shop", "pattern": "x", "route": "/x", "type": "server"}), "type"),
        (
            json!({"app": "shop", "pattern": "x", "route": "https://a.example", "type": "web", "answer": "no"}),
            "answer",
        ),
        (
            json!({"app": "shop", "pattern": "x", "route": "https://a.example", "type": "web", "in_flight": 0}),
            "in_flight",
        ),
    ] {
        let detail = server.call("POST", "/api/v1/hooks", request.to_string()).await.problem(422, "invalid");
        assert!(detail.contains(&format!("`{member}`")), "{request}: {detail}");
    }
}

#[tokio::test]
async fn explain_says_why_not() {
    let server = AdminServer::start().await;
    let ask = async |request: &str| {
        let answer = server.call("POST", "/api/v1/explain", request).await.expect(200).json();
        (
            answer["data"][0]["would_get"].as_bool().unwrap(),
            answer["data"][0]["reason"].as_str().unwrap().to_owned(),
        )
    };
    assert!(ask(r#"{"publisher":"SUPERAPP","name":"X"}"#).await.0);
    assert!(!ask(r#"{"publisher":"bolt","name":"app-started"}"#).await.0);
    let (gets, why) = ask(r#"{"publisher":"superapp","name":"x","subscribers":["superapp"]}"#).await;
    assert!(!gets && why.contains("subscribers"), "{why}");
    for bad in [
        "{}",
        r#"{"publisher":"superapp"}"#,
        r#"{"publisher":"a b","name":"x"}"#,
        r#"{"publisher":"a","name":"*"}"#,
    ] {
        server.call("POST", "/api/v1/explain", bad).await.problem(422, "invalid");
    }
}
