use super::AdminServer;

#[tokio::test]
async fn a_draining_server_is_read_but_not_changed() {
    let server = AdminServer::start().await;
    server.engine.drain();
    let answer = server.call("POST", "/api/v1/apps", r#"{"name":"made"}"#).await;
    assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().is_ok());
    answer.problem(503, "draining");
    for (method, path) in [
        ("DELETE", "/api/v1/apps/shop"),
        ("PATCH", "/api/v1/links/superapp/shop"),
        ("DELETE", "/api/v1/hooks/hook_0000000000001"),
        ("POST", "/api/v1/deliveries/retry"),
    ] {
        server.call(method, path, "{}").await.problem(503, "draining");
    }
    server.get("/api/v1/apps").await.expect(200);
    let question = r#"{"publisher":"superapp","name":"x"}"#;
    server.call("POST", "/api/v1/explain", question).await.expect(200);
}

#[tokio::test]
async fn a_stopped_journal_is_told_without_its_reason() {
    let server = AdminServer::start().await;
    server.journal.stop("disk sda1 is gone");
    for (method, path, body) in [
        ("POST", "/api/v1/apps", r#"{"name":"made"}"#),
        ("GET", "/api/v1/events", ""),
        ("GET", "/api/v1/deliveries/dlv_0000000000001", ""),
        ("POST", "/api/v1/deliveries/retry", "{}"),
    ] {
        let detail = server.call(method, path, body).await.problem(503, "unavailable");
        assert!(!detail.contains("sda1"), "{detail}");
    }
    server.get("/api/v1/apps/made").await.problem(404, "not_found");
}
