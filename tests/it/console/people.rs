//! Users, roles and tokens: nobody gives what they do not have.

use harness::{App, Console, each};
use serde_json::{Value, json};

use super::{PASSWORD, add_token, add_user, setup, with_token};

#[test]
fn users_and_roles_are_managed() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    let support =
        json!({"name": "Support", "permissions": ["overview.read", "events.read"], "apps": ["shop"]});
    let role = admin.send("POST", "roles", &support).expect(201).json();
    assert_eq!(
        role,
        json!({"name": "support", "permissions": ["overview.read", "events.read"], "apps": ["shop"], "builtin": false})
    );
    let names: Vec<Value> =
        admin.get("roles")["data"].as_array().unwrap().iter().map(|role| role["name"].clone()).collect();
    assert_eq!(names, ["operator", "owner", "support", "viewer"]);
    let ana = add_user(&admin, "Ana", "support");
    let user = admin.get(&format!("users/{ana}"));
    assert_eq!(
        (&user["name"], &user["role"], &user["source"]),
        (&json!("ana"), &json!("support"), &json!("local"))
    );
    assert!(!user.to_string().contains("argon2"), "{user}");
    let session = Console::by_password(&gateway, "ANA", PASSWORD);
    assert_eq!(session.get("session")["apps"], json!(["shop"]));
    // A changed role counts at once.
    admin
        .send("PATCH", "roles/support", &json!({"permissions": ["overview.read"], "apps": null}))
        .expect(200);
    session.call("GET", "events").send().expect(403);
    assert_eq!(session.get("session")["apps"], json!(null));
    admin.call("DELETE", "roles/support").send().expect(204);
    assert_eq!(admin.get(&format!("users/{ana}"))["role"], json!(null));
    session.call("GET", "stats/now").send().expect(403);
    for (method, tail, body, status, word) in [
        ("POST", "users", json!({"name": "ana", "role": "viewer"}), 409, "`ana` already exists"),
        ("POST", "users", json!({"name": "a b", "role": "viewer"}), 422, "`name`"),
        ("POST", "users", json!({"name": "x", "role": "nothing"}), 422, "does not exist"),
        ("POST", "users", json!({"name": "x", "role": "viewer", "password": "short"}), 422, "at least 8"),
        (
            "POST",
            "users",
            json!({"name": "x", "role": "viewer", "display_name": "a\u{1b}[31m"}),
            422,
            "control",
        ),
        ("POST", "roles", json!({"name": "owner", "permissions": []}), 409, "already exists"),
        (
            "POST",
            "roles",
            json!({"name": "x", "permissions": ["event.read"]}),
            422,
            "did you mean `events.read`?",
        ),
        ("POST", "roles", json!({"name": "x", "permissions": ["events.read"], "apps": []}), 422, "`apps`"),
        ("PATCH", "roles/owner", json!({"permissions": []}), 422, "built in"),
        ("DELETE", "roles/viewer", json!({}), 422, "built in"),
        ("PATCH", "users/usr_0000000000001", json!({"enabled": true}), 404, "no such user"),
        ("POST", "tokens", json!({"name": "x"}), 422, "`permissions` or `role`"),
        ("POST", "tokens", json!({"name": "x", "permissions": []}), 422, "at least one"),
        ("POST", "tokens", json!({"name": "x", "role": "viewer", "expires_at": "2020-01-01"}), 422, "future"),
    ] {
        let answer = admin.send(method, tail, &body).expect(status);
        assert!(answer.text().contains(word), "{method} {tail} {body}: {}", answer.text());
    }
}

#[test]
fn nobody_gives_or_takes_away_what_they_do_not_have() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    let clerk = json!({"name": "clerk", "permissions": ["overview.read", "users.write"]});
    admin.send("POST", "roles", &clerk).expect(201);
    let owner = add_user(&admin, "olga", "owner");
    let viewer = add_user(&admin, "vera", "viewer");
    add_user(&admin, "carl", "clerk");
    let carl = Console::by_password(&gateway, "carl", PASSWORD);
    let refused = |method: &str, tail: &str, body: Value| {
        let answer = carl.send(method, tail, &body).expect(403);
        assert_eq!(answer.json()["code"], "forbidden", "{method} {tail}");
    };
    refused("POST", "users", json!({"name": "x", "role": "owner", "password": PASSWORD}));
    refused("POST", "users", json!({"name": "x", "role": "viewer", "password": PASSWORD}));
    refused("PATCH", &format!("users/{owner}"), json!({"password": "taken over"}));
    refused("PATCH", &format!("users/{viewer}"), json!({"enabled": false}));
    refused("DELETE", &format!("users/{owner}"), json!({}));
    refused("POST", "roles", json!({"name": "x", "permissions": ["settings.write"]}));
    refused(
        "PATCH",
        "roles/clerk",
        json!({"permissions": ["overview.read", "users.write", "secrets.rotate"]}),
    );
    refused("POST", "tokens", json!({"name": "x", "role": "owner"}));
    carl.send("POST", "users", &json!({"name": "helper", "role": "clerk", "password": PASSWORD})).expect(201);
    // Limits to apps are passed on.
    let shopkeeper =
        json!({"name": "shopkeeper", "permissions": ["overview.read", "users.write"], "apps": ["shop"]});
    admin.send("POST", "roles", &shopkeeper).expect(201);
    add_user(&admin, "sue", "shopkeeper");
    let sue = Console::by_password(&gateway, "sue", PASSWORD);
    sue.send("POST", "users", &json!({"name": "y", "role": "clerk", "password": PASSWORD})).expect(403);
    sue.send("POST", "roles", &json!({"name": "y", "permissions": ["overview.read"]})).expect(403);
    sue.send(
        "POST",
        "roles",
        &json!({"name": "y", "permissions": ["overview.read"], "apps": ["shop", "pay"]}),
    )
    .expect(403);
    let token = sue
        .send("POST", "tokens", &json!({"name": "y", "permissions": ["overview.read"]}))
        .expect(201)
        .json();
    assert_eq!(token["apps"], json!(["shop"]), "the token has the limit of its user");
}

#[test]
fn a_token_works_on_the_server_until_it_expires_or_its_user_may_less() {
    let gateway = setup().app(App::new("shop")).app(App::new("pay")).start();
    let admin = Console::by_link(&gateway);
    let ana = add_user(&admin, "ana", "operator");
    let session = Console::by_password(&gateway, "ana", PASSWORD);
    let request = json!({"name": "ci", "permissions": ["apps.read", "apps.write"], "apps": ["shop"]});
    let made = session.send("POST", "tokens", &request).expect(201).json();
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("fbk_") && token.starts_with(made["prefix"].as_str().unwrap()), "{made}");
    let listed = session.get("tokens").to_string();
    assert!(!listed.contains(&token) && listed.contains("\"ci\"") && listed.contains("\"ana\""), "{listed}");
    let call = |method: &str, tail: &str| with_token(&gateway, &token, method, tail).send();
    let apps = call("GET", "apps").expect(200).json();
    assert_eq!(apps["data"].as_array().unwrap().len(), 1, "{apps}");
    call("GET", "apps/pay").expect(404);
    call("GET", "events").expect(403);
    let bolt = gateway.call("GET", "/api/apps").header("Authorization", format!("Bearer {token}"));
    assert_eq!(bolt.send().expect(200).json()["body"].as_array().unwrap().len(), 1);
    harness::until("the use is noted", harness::WAIT, || {
        session.get("tokens")["data"][0]["last_used_at"].is_string()
    });
    // The token of a user never has more rights than the user has now.
    admin.send("PATCH", &format!("users/{ana}"), &json!({"role": "viewer"})).expect(200);
    call("GET", "apps/shop").expect(200);
    let patch = with_token(&gateway, &token, "PATCH", "apps/shop").json(&json!({"enabled": false}));
    patch.send().expect(403);
    admin.send("PATCH", &format!("users/{ana}"), &json!({"enabled": false})).expect(200);
    call("GET", "apps/shop").expect(401);
    admin.call("DELETE", &format!("users/{ana}")).send().expect(204);
    assert_eq!(admin.get("tokens")["data"], json!([]));
    each(["fbk_", "fbk_x", &format!("{token}x")], |wrong| {
        with_token(&gateway, wrong, "GET", "apps").send().expect(401);
    });
    let short = json!({"name": "short", "role": "viewer", "expires_at": "2999-01-01T00:00:00Z"});
    let token = add_token(&gateway, &short);
    with_token(&gateway, &token, "GET", "apps").send().expect(200);
}
