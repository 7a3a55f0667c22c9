use super::AdminServer;
use serde_json::json;

const SECRETS: [&str; 3] = ["token", "secret_key", "signing_secret"];

#[tokio::test]
async fn an_app_lives_and_its_secrets_are_shown_once() {
    let server = AdminServer::start().await;
    let request = json!({"name": "Made", "url": "https://made.example/base", "private": ["Quiet"],
        "receiver_auth": {"name": "other", "secret": "not-to-be-shown"},
        "hooks": {"camera/*": "hooks/all", "x": {"route": "made.example:8080/x", "type": "web", "in_flight": 2}}});
    let answer = server.call("POST", "/api/v1/apps", request.to_string()).await.expect(201);
    assert_eq!(answer.headers["location"], "/api/v1/apps/Made");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.json();
    let secrets = SECRETS.map(|kind| made[kind].as_str().unwrap().to_owned());
    let shown = server.get("/api/v1/apps/MADE").await.expect(200);
    for hidden in secrets.iter().map(String::as_str).chain(["not-to-be-shown"]) {
        assert!(!shown.text().contains(hidden));
    }
    let view = shown.json();
    assert_eq!(view["private"], json!(["quiet"]));
    assert_eq!(view["receiver_auth"], json!({"name": "other"}));
    assert_eq!(view["managed_by"], "api");
    assert_eq!(view["created_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!(
        view["secrets"]["token"],
        json!({"managed_by": "api", "previous_valid_until": null, "unseen": false})
    );
    let hooks = server.get("/api/v1/hooks?app=made").await.json();
    assert_eq!(hooks["data"].as_array().unwrap().len(), 2);

    let patch = json!({"url": "https://new.example", "receiver_auth": null, "enabled": false});
    let changed = server.call("PATCH", "/api/v1/apps/Made", patch.to_string()).await.expect(200).json();
    assert_eq!((&changed["url"], &changed["enabled"]), (&json!("https://new.example"), &json!(false)));
    assert!(changed["receiver_auth"].is_null());
    assert_eq!(changed["private"], json!(["quiet"]));
    server.call("DELETE", "/api/v1/apps/Made", "").await.expect(204);
    server.get("/api/v1/apps/Made").await.problem(404, "not_found");
    assert_eq!(server.get("/api/v1/hooks?app=made").await.json()["data"], json!([]));
}

#[tokio::test]
async fn rotation_gives_only_what_was_rotated() {
    let server = AdminServer::start().await;
    server.call("POST", "/api/v1/apps", r#"{"name":"made"}"#).await.expect(201);
    let one =
        server.call("POST", "/api/v1/apps/made/rotate", r#"{"secrets":["token"]}"#).await.expect(200).json();
    assert!(
        one["token"].is_string() && one.get("secret_key").is_none() && one.get("signing_secret").is_none()
    );
    assert_eq!(one["previous_valid_until"], "2027-01-16T08:00:00.000Z");
    let view = server.get("/api/v1/apps/Made").await.json();
    assert_eq!(view["secrets"]["token"]["previous_valid_until"], "2027-01-16T08:00:00.000Z");
    assert!(view["secrets"]["secret_key"]["previous_valid_until"].is_null());
    let all = server.call("POST", "/api/v1/apps/made/rotate", "").await.expect(200).json();
    assert!(SECRETS.iter().all(|kind| all[kind].is_string()));
    assert_ne!(all["token"], one["token"]);
    for bad in [
        r#"{"secrets":[]}"#,
        r#"{"secrets":["password"]}"#,
        r#"{"secrets":"token"}"#,
        r#"{"secret":["token"]}"#,
    ] {
        let detail = server.call("POST", "/api/v1/apps/made/rotate", bad).await.problem(422, "invalid");
        assert!(detail.contains("`secret"), "{detail}");
    }
    server.call("POST", "/api/v1/apps/nobody/rotate", "{}").await.problem(404, "not_found");
    // The file gives two of the three secrets of this app.
    let given = r#"{"secrets":["signing_secret","token"]}"#;
    server.call("POST", "/api/v1/apps/superapp/rotate", given).await.problem(409, "managed_by_file");
    for free in ["", r#"{"secrets":["signing_secret"]}"#] {
        let rotated = server.call("POST", "/api/v1/apps/superapp/rotate", free).await.expect(200).json();
        assert!(rotated["signing_secret"].is_string() && rotated.get("token").is_none(), "{rotated}");
    }
}

#[tokio::test]
async fn an_app_is_made_with_all_its_hooks_or_not_at_all() {
    let server = AdminServer::start().await;
    let hooks = [
        (json!({"x": "a/../b"}), "invalid"),
        (json!({"x": "/x"}), "invalid"),
        (json!({"x": 5}), "invalid"),
        (json!({"x": {"route": "https://a.example", "type": "web", "rout": 1}}), "invalid"),
        (json!({"x": {"type": "web"}}), "invalid"),
        (json!({"x": {"route": "http://169.254.169.254/", "type": "web"}}), "invalid"),
        (json!({"x": {"route": "f", "type": "function"}}), "invalid"),
        (json!({"x": {"route": "https://a.example", "type": "web", "in_flight": 65}}), "invalid"),
        (
            (0..4).map(|n| (format!("x{n}"), json!({"route": "https://a.example", "type": "web"}))).collect(),
            "too_many_hooks",
        ),
    ];
    for (hooks, code) in hooks {
        let request = json!({"name": "made", "hooks": hooks}).to_string();
        server.call("POST", "/api/v1/apps", request).await.problem(422, code);
        server.get("/api/v1/apps/Made").await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn what_there_is_and_what_the_file_gives_stays() {
    let server = AdminServer::start().await;
    server.call("POST", "/api/v1/apps", r#"{"name":"SHOP"}"#).await.problem(409, "exists");
    server.call("PATCH", "/api/v1/apps/shop", r#"{"enabled":false}"#).await.problem(409, "managed_by_file");
    server.call("DELETE", "/api/v1/apps/shop", "").await.problem(409, "managed_by_file");
    server.call("PATCH", "/api/v1/apps/nobody", "{}").await.problem(404, "not_found");
    let apps = server.get("/api/v1/apps").await.json();
    assert_eq!(apps["data"][1]["secrets"]["token"]["managed_by"], "file");
    assert_eq!(apps["data"][1]["secrets"]["signing_secret"]["managed_by"], "api");
}
