use super::super::description;
use super::super::permissions::TABLE;
use super::{AdminServer, TOKEN, app};
use axum::body::Body;
use footbridge_model::admin_caller::{AdminCaller, CallerKind, Credential};
use footbridge_model::id::SessionId;
use footbridge_model::permission::{Permission, Permissions};
use http::{Method, Request};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Method and path of every operation below `/api/v1` that needs an administrator's credential.
fn operations() -> Vec<(Method, String)> {
    let description: Value = serde_json::from_str(&description().unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schemes = operation["security"].as_array().cloned().unwrap_or_default();
            if path.starts_with("/api/v1") && schemes.iter().any(|scheme| scheme.get("admin").is_some()) {
                found.push((method.to_uppercase().parse().unwrap(), path.clone()));
            }
        }
    }
    found
}

#[test]
fn every_operation_of_the_description_has_one_row() {
    let operations = operations();
    for (method, path) in &operations {
        let rows = TABLE.iter().filter(|(known, at, _)| known == method && at == path).count();
        assert_eq!(rows, 1, "{method} {path} has {rows} rows in admin/permissions.rs");
    }
    for (method, path, _) in TABLE {
        let described = operations.iter().any(|(known, at)| known == method && at == path);
        assert!(described, "{method} {path} is not an operation of the description with `security(admin)`");
    }
}

/// `docs/reference/permissions.md` ends with the table. Run with `FOOTBRIDGE_WRITE_OPENAPI=1` to write it anew.
#[test]
fn the_table_is_the_one_in_the_docs() {
    let mut table =
        "| operation | permission | owner | operator | viewer |\n|---|---|---|---|---|\n".to_owned();
    for (method, path, permission) in TABLE {
        let of = |role: Permissions| if role.contains(*permission) { "yes" } else { "no" };
        let roles = [Permissions::OWNER, Permissions::OPERATOR, Permissions::VIEWER].map(of).join(" | ");
        writeln!(table, "| `{method} {path}` | `{permission}` | {roles} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/permissions.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let intro = page.split("| operation |").next().unwrap();
    let now = format!("{intro}{table}");
    if std::env::var_os("FOOTBRIDGE_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap();
    assert!(
        known == now,
        "docs/reference/permissions.md is not up to date; FOOTBRIDGE_WRITE_OPENAPI=1 writes it anew"
    );
}

fn caller(permissions: Permissions, apps: Option<&[&str]>) -> Arc<AdminCaller> {
    let apps = apps.map(|apps| apps.iter().map(|name| app(name)).collect());
    let name = "ana".to_owned();
    let credential = Credential::Session(SessionId::from_number(1));
    let kind = CallerKind::User;
    Arc::new(AdminCaller { kind, credential, user: None, name, address: None, permissions, apps })
}

fn request(method: &Method, path: &str, caller: &Arc<AdminCaller>, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).extension(Arc::clone(caller));
    request.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn each_operation_needs_exactly_its_permission() {
    let server = AdminServer::start().await;
    for (method, path, permission) in TABLE {
        let filled: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let filled = filled.join("/");
        let all_others = caller(Permissions::OWNER.without(*permission), None);
        let detail = server.send(request(method, &filled, &all_others, "{")).await.problem(403, "forbidden");
        assert!(detail.contains(&format!("`{permission}`")) && detail.contains("`ana`"), "{detail}");
        let only = caller(Permissions::of(&[*permission]), None);
        let answer = server.send(request(method, &filled, &only, "{")).await;
        assert!(!matches!(answer.status.as_u16(), 401 | 403), "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_limited_caller_sees_only_its_apps() {
    let server = AdminServer::start().await;
    let get =
        async |path: &str, who: &Arc<AdminCaller>| server.send(request(&Method::GET, path, who, "")).await;
    let hook = server.get("/api/v1/hooks").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let hook = format!("/api/v1/hooks/{hook}");
    let (shop, superapp) =
        (caller(Permissions::OWNER, Some(&["shop"])), caller(Permissions::OWNER, Some(&["SuperApp"])));
    let names = |answer: Value| -> Vec<String> {
        answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|app| app["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(get("/api/v1/apps", &shop).await.json()), ["shop"]);
    assert_eq!(names(get("/api/v1/apps?limit=1", &superapp).await.json()), ["superapp"]);
    get("/api/v1/apps/superapp", &superapp).await.expect(200);
    get(&hook, &shop).await.expect(200);
    for (method, path, body) in [
        (Method::GET, "/api/v1/apps/superapp", ""),
        (Method::PATCH, "/api/v1/apps/superapp", r#"{"enabled":false}"#),
        (Method::DELETE, "/api/v1/apps/superapp", ""),
        (Method::POST, "/api/v1/apps/superapp/rotate", "{}"),
        (Method::POST, "/api/v1/apps/superapp/secrets", ""),
        (Method::POST, "/api/v1/apps/superapp/end-overlap", ""),
    ] {
        server.send(request(&method, path, &shop, body)).await.problem(404, "not_found");
    }
    for (method, body) in [(Method::GET, ""), (Method::PATCH, r#"{"enabled":false}"#), (Method::DELETE, "")] {
        server.send(request(&method, &hook, &superapp, body)).await.problem(404, "not_found");
    }
    assert_eq!(get("/api/v1/hooks", &superapp).await.json()["data"], serde_json::json!([]));
    let link = "/api/v1/links/superapp/shop";
    get(link, &shop).await.expect(200);
    let detail = server.send(request(&Method::DELETE, link, &shop, "")).await.problem(403, "forbidden");
    assert!(detail.contains("limited to the apps `shop`"), "{detail}");
    let stranger = caller(Permissions::OWNER, Some(&["other"]));
    get(link, &stranger).await.problem(404, "not_found");
    server.send(request(&Method::DELETE, link, &stranger, "")).await.problem(404, "not_found");
    assert_eq!(get("/api/v1/links", &stranger).await.json()["data"], serde_json::json!([]));
    let new = request(&Method::POST, "/api/v1/apps", &shop, r#"{"name":"fresh"}"#);
    server.send(new).await.problem(403, "forbidden");
    let new = r#"{"app":"superapp","pattern":"a","route":"https://x.example/","type":"web"}"#;
    server.send(request(&Method::POST, "/api/v1/hooks", &shop, new)).await.problem(422, "invalid");
    let all = request(&Method::POST, "/api/v1/deliveries/retry", &shop, "{}");
    server.send(all).await.problem(403, "forbidden");
    let own = request(&Method::POST, "/api/v1/deliveries/retry", &shop, r#"{"app":"shop"}"#);
    server.send(own).await.expect(200);
}

#[tokio::test]
async fn a_limited_caller_gets_the_statistics_of_its_apps() {
    let server = AdminServer::start().await;
    let shop = caller(Permissions::OWNER, Some(&["shop"]));
    let get = async |path: &str| server.send(request(&Method::GET, path, &shop, "")).await;
    for path in ["stats/series?metric=dead", "stats/edges", "stats/top?by=name"] {
        let path = format!("/api/v1/{path}");
        get(&path).await.expect(200);
        let mark = if path.contains('?') { '&' } else { '?' };
        get(&format!("{path}{mark}app=superapp")).await.problem(404, "not_found");
        get(&format!("{path}{mark}app=shop")).await.expect(200);
    }
    let now = get("/api/v1/stats/now").await.json();
    let apps: Vec<&str> =
        now["apps"].as_array().unwrap().iter().map(|app| app["app"].as_str().unwrap()).collect();
    assert_eq!(apps, ["shop"]);
    assert!(now["account"].is_null() && now["rates"].is_null(), "{now}");
    get("/api/v1/apps/superapp/logs/stream").await.problem(404, "not_found");
}

#[tokio::test]
async fn the_admin_token_has_every_permission_and_no_limit() {
    let server = AdminServer::start().await;
    let headers = format!("Bearer {TOKEN}");
    let (mut parts, ()) = Request::builder().header("authorization", headers).body(()).unwrap().into_parts();
    let token = footbridge_model::secret::Secret::new(TOKEN);
    let found = crate::callers::identify(&server.engine, &token, &parts).await.unwrap().unwrap();
    assert!(Permission::ALL.iter().all(|permission| found.may(*permission)) && !found.is_scoped());
    parts.headers.clear();
    assert!(crate::callers::identify(&server.engine, &token, &parts).await.unwrap().is_none());
}
