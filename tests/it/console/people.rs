//! Users, roles and tokens: nobody gives what they do not have.

use harness::{Answer, App, Console, Gateway, each};
use serde_json::{Value, json};

use super::{PASSWORD, add_token, add_user, setup, with_token};

#[test]
fn users_and_roles_are_managed() {
    let gateway = setup().app(App::new("shop")).start();
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
    let used = admin.call("DELETE", "roles/support").send().expect(409).json();
    assert_eq!(used["code"], "role_in_use");
    assert!(used["detail"].as_str().unwrap().starts_with("`ana` has the role `support`"), "{used}");
    admin.send("PATCH", &format!("users/{ana}"), &json!({"role": "viewer"})).expect(200);
    admin.call("DELETE", "roles/support").send().expect(204);
    admin.call("GET", "roles/support").send().expect(404);
    session.call("GET", "stats/now").send().expect(401);
}

#[test]
fn wrong_requests_about_people_are_refused_with_their_reason() {
    let gateway = setup().start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "ana", "viewer");
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
        (
            "POST",
            "roles",
            json!({"name": "x", "permissions": ["events.read"], "apps": ["shpo"]}),
            422,
            "`shpo`, which does not exist",
        ),
        ("POST", "tokens", json!({"name": "x", "role": "viewer", "apps": ["shpo"]}), 422, "`shpo`"),
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
    let gateway = setup().app(App::new("shop")).app(App::new("pay")).start();
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

/// A server with the apps `shop` and `pay`, and roles that differ in permissions and apps.
fn with_roles() -> (Gateway, Console) {
    let gateway = setup().app(App::new("shop")).app(App::new("pay")).start();
    let admin = Console::by_link(&gateway);
    let all = admin.get("roles/owner")["permissions"].clone();
    for (name, permissions, apps) in [
        ("clerk", json!(["overview.read", "users.write"]), json!(null)),
        ("keeper", all, json!(["shop"])),
        ("looker", json!(["overview.read"]), json!(["shop"])),
        ("payer", json!(["overview.read"]), json!(["pay"])),
    ] {
        let role = json!({"name": name, "permissions": permissions, "apps": apps});
        admin.send("POST", "roles", &role).expect(201);
    }
    (gateway, admin)
}

/// Calls an operation with a token and an empty object as the body.
fn send(gateway: &Gateway, token: &str, method: &str, tail: &str) -> Answer {
    with_token(gateway, token, method, tail).json(&json!({})).send()
}

/// The names in a list, or the users of the list of sessions.
fn names(gateway: &Gateway, token: &str, list: &str) -> Vec<String> {
    let rows = send(gateway, token, "GET", list).expect(200).json();
    let name = |row: &Value| row[if list == "sessions" { "user" } else { "name" }].to_string();
    rows["data"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn nobody_touches_users_tokens_and_sessions_of_people_who_have_more() {
    let (gateway, admin) = with_roles();
    let clerk = add_token(&gateway, &json!({"name": "clerk", "role": "clerk"}));
    let keeper = add_token(&gateway, &json!({"name": "keeper", "role": "keeper"}));
    let send = |token: &str, method: &str, tail: &str| send(&gateway, token, method, tail);
    let names = |token: &str, list: &str| names(&gateway, token, list);
    // For each role: may the clerk (two permissions, all apps) and the keeper (all permissions, one app) touch its people?
    for (role, by_clerk, by_keeper) in [
        ("owner", 403, 404),
        ("viewer", 403, 404),
        ("clerk", 204, 404),
        ("keeper", 403, 204),
        ("looker", 204, 204),
        ("payer", 204, 404),
    ] {
        for (caller, status) in [(&clerk, by_clerk), (&keeper, by_keeper)] {
            let name = format!("{role}-{status}-{}", caller == &clerk);
            let user = add_user(&admin, &name, role);
            let own = Console::by_password(&gateway, &name, PASSWORD);
            let made = own.send("POST", "tokens", &json!({"name": name, "role": role})).expect(201).json();
            let free = json!({"name": format!("free-{name}"), "role": role});
            let free = gateway.admin().send("POST", "tokens", &free).expect(201).json();
            let session = own.get("sessions")["data"][0]["id"].as_str().unwrap().to_owned();
            let (made, free) = (made["id"].as_str().unwrap(), free["id"].as_str().unwrap());
            let quoted = format!("\"{name}\"");
            for list in ["tokens", "sessions"] {
                assert_eq!(names(caller, list).contains(&quoted), status == 204, "{name}: {list}");
            }
            assert_eq!(names(caller, "users").contains(&quoted), status != 404, "{name}");
            let shown = send(caller, "GET", &format!("users/{user}"));
            assert_eq!(shown.status, if status == 404 { 404 } else { 200 }, "{name}");
            if status == 403 {
                assert_eq!(shown.json()["last_seen_at"], json!(null), "{name}");
            }
            let changed = send(caller, "PATCH", &format!("users/{user}"));
            assert_eq!(
                changed.status,
                if status == 204 { 200 } else { status },
                "{name}: {}",
                changed.text()
            );
            for tail in [
                format!("tokens/{free}"),
                format!("tokens/{made}"),
                format!("sessions/{session}"),
                format!("users/{user}"),
            ] {
                let answer = send(caller, "DELETE", &tail);
                assert_eq!(answer.status, status, "{name}: {tail}: {}", answer.text());
            }
        }
    }
    // The administrator's session, and roles that give more.
    let of_admin = admin.get("sessions")["data"].as_array().unwrap().clone();
    let of_admin = of_admin.iter().find(|row| row["current"] == true).unwrap()["id"].as_str().unwrap();
    send(&clerk, "DELETE", &format!("sessions/{of_admin}")).expect(403);
    send(&keeper, "DELETE", &format!("sessions/{of_admin}")).expect(404);
    assert_eq!(names(&keeper, "roles"), ["\"keeper\"", "\"looker\""]);
    send(&keeper, "DELETE", "roles/payer").expect(404);
    send(&clerk, "DELETE", "roles/keeper").expect(403);
}

#[test]
fn a_token_has_no_more_of_its_users_tokens_and_sessions_than_it_has_rights() {
    let (gateway, admin) = with_roles();
    let send = |token: &str, method: &str, tail: &str| send(&gateway, token, method, tail);
    let names = |token: &str, list: &str| names(&gateway, token, list);
    add_user(&admin, "olga", "owner");
    let olga = Console::by_password(&gateway, "olga", PASSWORD);
    let big = olga.send("POST", "tokens", &json!({"name": "big", "role": "owner"})).expect(201).json();
    let small = olga.send("POST", "tokens", &json!({"name": "small", "role": "looker"})).expect(201).json();
    let small = small["token"].as_str().unwrap();
    assert_eq!(names(small, "tokens"), ["\"small\""]);
    assert!(names(small, "sessions").is_empty());
    send(small, "DELETE", &format!("tokens/{}", big["id"].as_str().unwrap())).expect(404);
    assert_eq!(
        olga.get("tokens")["data"].as_array().unwrap().iter().filter(|row| row["user"] == "olga").count(),
        2
    );
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
