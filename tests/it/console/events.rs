//! The events of `bolt` about users and roles, and what the server itself does about them.

use harness::{App, Console, Receiver, WAIT, until};
use serde_json::{Value, json};

use super::{PASSWORD, add_user, setup};

#[test]
fn what_happens_to_users_and_roles_is_published_without_passwords() {
    let receiver = Receiver::start();
    let gateway = setup().app(App::new("listener")).start();
    gateway.bolt("listener").web("bolt/*", &receiver.url("/hook"));
    let admin = Console::by_link(&gateway);
    admin.send("POST", "roles", &json!({"name": "support", "permissions": ["overview.read"]})).expect(201);
    admin.send("PATCH", "roles/support", &json!({"apps": ["listener"]})).expect(200);
    let ana = add_user(&admin, "ana", "support");
    let session = Console::by_password(&gateway, "ana", PASSWORD);
    session.call("DELETE", "session").send().expect(204);
    admin.send("PATCH", &format!("users/{ana}"), &json!({"email": "ana@example.com"})).expect(200);
    admin.call("DELETE", &format!("users/{ana}")).send().expect(204);
    admin.call("DELETE", "roles/support").send().expect(204);
    let wanted = [
        "role-created",
        "role-updated",
        "user-created",
        "user-logged-in",
        "user-logged-out",
        "user-updated",
        "role-deleted",
        "user-deleted",
    ];
    let seen =
        || -> Vec<Value> { receiver.requests_at("/hook").iter().map(|request| request.json()).collect() };
    let body_of = |name: &str| {
        seen().into_iter().find(|event| event["name"] == name).map(|event| event["body"].clone())
    };
    until("all events", WAIT, || wanted.iter().all(|name| body_of(name).is_some()));
    for event in seen() {
        let text = event.to_string();
        assert!(!text.contains("argon2") && !text.contains(PASSWORD) && !text.contains("password"), "{text}");
        assert_eq!(event["publisher"], "bolt");
    }
    let role = body_of("role-updated").unwrap();
    assert_eq!(role, json!({"name": "support", "permissions": ["overview.read"], "apps": ["listener"]}));
    let user = body_of("user-logged-in").unwrap();
    assert_eq!((&user["id"], &user["name"], &user["role"]), (&json!(ana), &json!("ana"), &json!("support")));
    // The server's own hooks have handled theirs.
    let own = |event: &str| {
        let hooks = gateway.admin().get("hooks?app=bolt");
        let hook = hooks["data"].as_array().unwrap().iter().find(|hook| hook["event"] == event).unwrap();
        let hook = hook["id"].as_str().unwrap();
        gateway.admin().get(&format!("deliveries?hook={hook}"))["data"].as_array().unwrap().clone()
    };
    for event in ["user-deleted", "role-deleted"] {
        until("the own hook", WAIT, || own(event).iter().any(|delivery| delivery["status"] == "delivered"));
    }
    // No app can pretend that somebody was deleted.
    let ben = add_user(&admin, "ben", "viewer");
    gateway.bolt("listener").publish("user-deleted", &json!({"body": {"id": ben, "name": "ben"}}));
    admin.get(&format!("users/{ben}"));
}
