//! Links over the administration API.

use harness::{App, Setup, each};
use serde_json::json;

fn setup() -> Setup {
    Setup::new()
        .app(App::new("superapp"))
        .app(App::new("shop"))
        .app(App::new("late"))
        .link("superapp", "shop")
}

#[test]
fn a_link_is_created_shown_changed_and_deleted() {
    let mut gateway = setup().start();
    let admin = gateway.admin();
    admin.send("POST", "links", &json!({"host": "superapp", "miniapp": "late"})).expect(201);
    let link = admin.get("links/superapp/late");
    assert_eq!(
        (&link["host"], &link["miniapp"], &link["enabled"]),
        (&json!("superapp"), &json!("late"), &json!(true))
    );
    assert_eq!(admin.all("links?limit=250").len(), 2);
    admin.done("PATCH", "links/superapp/late", &json!({"enabled": false}));
    gateway.kill9().start_again();
    let admin = gateway.admin();
    assert_eq!(admin.get("links/superapp/late")["enabled"], false);
    admin.delete("links/superapp/late");
    admin.call("GET", "links/superapp/late").send().expect(404);
    assert_eq!(admin.all("links?limit=250").len(), 1);
}

#[test]
fn a_bad_link_is_refused() {
    let mut gateway = setup().start();
    let admin = gateway.admin();
    let rows = [
        json!({}),
        json!({"host": "superapp"}),
        json!({"host": 5, "miniapp": "late"}),
        json!({"host": "superapp", "miniapp": "nobody"}),
        json!({"host": "nobody", "miniapp": "shop"}),
        json!({"host": "superapp", "miniapp": "late", "enabled": "yes"}),
    ];
    each(rows, |request| {
        let answer = admin.send("POST", "links", request);
        assert!(matches!(answer.status, 400 | 404 | 422), "{} {}", answer.status, answer.text());
    });
    assert_eq!(admin.all("links?limit=250").len(), 1);
    gateway.assert_healthy();
}

#[test]
fn creating_a_link_twice_is_409_and_an_unknown_one_is_404() {
    let gateway = setup().start();
    let admin = gateway.admin();
    admin.send("POST", "links", &json!({"host": "superapp", "miniapp": "late"})).expect(201);
    admin.send("POST", "links", &json!({"host": "SuperApp", "miniapp": "LATE"})).expect(409);
    for method in ["GET", "DELETE"] {
        admin.call(method, "links/shop/superapp").send().expect(404);
        admin.call(method, "links/nobody/nothing").send().expect(404);
    }
    admin.send("PATCH", "links/shop/superapp", &json!({"enabled": true})).expect(404);
}

#[test]
fn a_link_of_the_file_is_read_only() {
    let gateway = setup().start();
    let admin = gateway.admin();
    let answer = admin.send("PATCH", "links/superapp/shop", &json!({"enabled": false})).expect(409);
    assert_eq!(answer.json()["code"], "managed_by_file");
    let answer = admin.call("DELETE", "links/superapp/shop").send().expect(409);
    assert_eq!(answer.json()["code"], "managed_by_file");
}
