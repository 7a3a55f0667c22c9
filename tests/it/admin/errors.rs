//! Errors and authorization of the administration API.

use harness::{ADMIN_TOKEN, App, Bytes, Gateway, Setup, basic, each};
use serde_json::json;

const ROUTES: [(&str, &str); 23] = [
    ("GET", "apps"),
    ("POST", "apps"),
    ("GET", "apps/fax"),
    ("PATCH", "apps/fax"),
    ("DELETE", "apps/fax"),
    ("POST", "apps/fax/rotate"),
    ("GET", "links"),
    ("POST", "links"),
    ("GET", "links/a/b"),
    ("PATCH", "links/a/b"),
    ("DELETE", "links/a/b"),
    ("GET", "hooks"),
    ("POST", "hooks"),
    ("PATCH", "hooks/hook_x"),
    ("DELETE", "hooks/hook_x"),
    ("GET", "events"),
    ("GET", "events/evt_x"),
    ("GET", "deliveries"),
    ("GET", "deliveries/dlv_x"),
    ("POST", "deliveries/dlv_x/retry"),
    ("POST", "deliveries/retry"),
    ("GET", "exchanges"),
    ("POST", "explain"),
];

fn start() -> Gateway {
    Setup::new().app(App::new("fax")).start()
}

#[track_caller]
fn assert_problem(answer: &harness::Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/problem+json"), "{kind} {}", answer.text());
    let problem = answer.json();
    assert!(problem["code"].as_str().is_some_and(|code| !code.is_empty()), "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["title"].is_string(), "{problem}");
}

#[test]
fn without_the_admin_token_every_route_is_401() {
    let mut gateway = start();
    let fax = gateway.setup().app_named("fax").clone();
    let others = [
        None,
        Some(String::new()),
        Some("Bearer".into()),
        Some("Bearer ".into()),
        Some(format!("Bearer {}", fax.token)),
        Some(format!("Bearer {ADMIN_TOKEN}x")),
        Some(format!("Bearer {}", &ADMIN_TOKEN[..ADMIN_TOKEN.len() - 1])),
        Some(format!("Basic {ADMIN_TOKEN}")),
        Some(ADMIN_TOKEN.into()),
        Some(basic("Token", "fax", &fax.secret_key)),
    ];
    each(ROUTES, |(method, tail)| {
        for other in &others {
            let mut call = gateway.call(method, &format!("/api/v1/{tail}")).json(&json!({}));
            if let Some(value) = other {
                call = call.header("Authorization", value);
            }
            let answer = call.send();
            assert_problem(&answer, 401);
            assert!(answer.header("www-authenticate").is_some(), "{:?}", answer.headers);
        }
    });
    assert_eq!(gateway.admin().get("apps/fax")["name"], "fax");
    gateway.assert_healthy();
}

#[test]
fn the_admin_token_is_read_from_the_authorization_header_only() {
    let gateway = start();
    each([format!("apps?token={ADMIN_TOKEN}"), format!("apps?admin_token={ADMIN_TOKEN}")], |tail| {
        assert_problem(&gateway.get(&format!("/api/v1/{tail}")), 401);
    });
    let cookie = gateway.call("GET", "/api/v1/apps").header("Cookie", format!("token={ADMIN_TOKEN}")).send();
    assert_problem(&cookie, 401);
    let bolt = gateway.call("GET", "/api/v1/apps").header("X-Bolt-App-Token", ADMIN_TOKEN).send();
    assert_problem(&bolt, 401);
    gateway
        .call("GET", "/api/v1/apps")
        .header("Authorization", format!("bearer {ADMIN_TOKEN}"))
        .send()
        .expect(200);
}

#[test]
fn unknown_paths_are_404_and_other_methods_never_succeed() {
    let gateway = start();
    let admin = gateway.admin();
    let missing =
        ["apps/nobody", "links/a/b", "events/evt_x", "deliveries/dlv_x", "exchanges/exc_x", "nothing"];
    each(missing, |tail| assert_problem(&admin.call("GET", tail).send(), 404));
    assert_problem(&admin.call("DELETE", "hooks/hook_x").send(), 404);
    each(
        [
            ("PUT", "apps"),
            ("DELETE", "apps"),
            ("PUT", "apps/fax"),
            ("GET", "explain"),
            ("POST", "deliveries"),
        ],
        |(method, tail)| {
            let answer = admin.call(method, tail).send();
            assert!(matches!(answer.status, 404 | 405), "{}", answer.status);
            assert_problem(&answer, answer.status);
        },
    );
}

#[test]
fn a_body_that_is_not_a_json_object_is_refused() {
    let mut gateway = start();
    let rows: Vec<Bytes> = vec![
        "".into(),
        "{".into(),
        "null".into(),
        "5".into(),
        "{}x".into(),
        b"{\"name\":\"\xff\"}".into(),
        "\u{feff}{\"name\":\"bom\"}".into(),
        r#"{"name":"one","name":"two"}"#.into(),
        format!("{{\"name\":\"deep\",\"x\":{}{}}}", "[".repeat(64), "]".repeat(64)).into(),
        "[".repeat(100_000).into(),
    ];
    each(rows, |body| {
        let answer = gateway
            .admin()
            .call("POST", "apps")
            .header("Content-Type", "application/json")
            .body(&body.0)
            .send();
        assert!(matches!(answer.status, 400 | 422), "{} {}", answer.status, answer.text());
        assert_problem(&answer, answer.status);
    });
    let huge = format!("{{\"name\":\"x\",\"y\":\"{}\"}}", "x".repeat(20_000_000));
    let answer =
        gateway.admin().call("POST", "apps").header("Content-Type", "application/json").body(huge).send();
    assert_problem(&answer, 413);
    assert_eq!(gateway.admin().all("apps?limit=250").len(), 1);
    gateway.assert_healthy();
}
