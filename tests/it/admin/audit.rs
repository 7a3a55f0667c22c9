//! The audit log: each change leaves one entry that says who made it, and no secret ever appears in it.

use harness::{App, Gateway, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};

/// Entries of the admin token, oldest first.
fn log(gateway: &Gateway, query: &str) -> Vec<Value> {
    let mut all = gateway.admin().all(&format!("audit?limit=250&{query}"));
    all.reverse();
    all
}

fn action(entry: &Value) -> (&str, &str) {
    (entry["action"].as_str().unwrap(), entry["object"]["id"].as_str().unwrap())
}

#[test]
#[expect(clippy::too_many_lines, reason = "one change after the other")]
fn each_change_leaves_one_entry_without_secrets() {
    let receiver = Receiver::start();
    let gateway = Setup::new().app(App::new("camera")).app(App::new("portal")).start();
    let admin = gateway.admin();
    let mut secrets: Vec<String> = gateway.setup().apps().iter().flat_map(App::secrets).collect();
    let mut keep = |answer: &Value| {
        let made =
            ["token", "secret_key", "signing_secret"].into_iter().filter_map(|kind| answer[kind].as_str());
        secrets.extend(made.map(str::to_owned));
    };
    let app = json!({"name": "fax", "url": receiver.url(""), "hooks": {"camera/a": "/fax"}, "receiver_url": receiver.url("/r"),
        "receiver_auth": {"name": "me", "secret": "s3cret-of-the-receiver"}});
    keep(&admin.send("POST", "apps", &app).expect(201).json());
    let shown = admin.send("PATCH", "apps/fax", &json!({"enabled": false})).expect(200).json();
    assert_eq!(shown["receiver_auth"], json!({"name": "me"}));
    admin.send("PATCH", "apps/fax", &json!({"enabled": true})).expect(200);
    admin.send("PATCH", "apps/fax", &json!({"receiver_url": null})).expect(200);
    keep(&admin.done("POST", "apps/fax/rotate", &json!({})));
    admin.send("POST", "apps/fax/end-overlap", &json!({})).expect(200);
    admin.send("POST", "links", &json!({"host": "portal", "miniapp": "fax"})).expect(201);
    admin.send("PATCH", "links/portal/fax", &json!({"enabled": false})).expect(200);
    admin.delete("links/portal/fax");
    let hook = json!({"app": "fax", "pattern": "camera/b", "route": "/b"});
    let hook = admin.send("POST", "hooks", &hook).expect(201).json()["id"].as_str().unwrap().to_owned();
    admin.send("PATCH", &format!("hooks/{hook}"), &json!({"ordered": true})).expect(200);
    admin.send("PATCH", &format!("hooks/{hook}"), &json!({"enabled": false})).expect(200);
    admin.delete(&format!("hooks/{hook}"));
    admin.delete("apps/fax");
    let entries = log(&gateway, "who=token");
    let found: Vec<_> = entries.iter().map(action).collect();
    let first = found[1].1;
    assert_eq!(
        found,
        [
            ("app.create", "fax"),
            ("hook.create", first),
            ("app.disable", "fax"),
            ("app.enable", "fax"),
            ("app.update", "fax"),
            ("app.rotate", "fax"),
            ("app.end_overlap", "fax"),
            ("link.create", "portal/fax"),
            ("link.disable", "portal/fax"),
            ("link.delete", "portal/fax"),
            ("hook.create", &*hook),
            ("hook.update", &*hook),
            ("hook.disable", &*hook),
            ("hook.delete", &*hook),
            ("app.delete", "fax"),
        ]
    );
    assert_eq!(entries[4]["before"], json!({"receiver_url": receiver.url("/r")}));
    assert_eq!(entries[4]["after"], json!({"receiver_url": null}));
    assert_eq!((&entries[0]["before"], &entries[14]["after"]), (&Value::Null, &Value::Null));
    assert_eq!(entries[0]["after"]["receiver_auth"], json!({"name": "me"}));
    assert_eq!(
        (&entries[4]["who"], &entries[4]["from"]),
        (&json!({"kind": "token", "name": "admin"}), &json!("127.0.0.1"))
    );
    let note = entries[5]["note"].as_str().unwrap();
    assert!(note.starts_with("token, secret_key, signing_secret; the old value is valid until 20"), "{note}");

    secrets.push("s3cret-of-the-receiver".to_owned());
    let whole = serde_json::to_string(&log(&gateway, "")).unwrap();
    for secret in secrets {
        assert!(!whole.contains(&secret), "the audit log has a secret");
    }
}

#[test]
fn a_failed_change_leaves_no_entry() {
    let gateway = Setup::new().app(App::new("camera")).app(App::new("portal")).start();
    let admin = gateway.admin();
    let before = log(&gateway, "").len();
    let web = json!({"route": "http://127.0.0.1:9/ok", "type": "web"});
    for (method, path, body, status) in [
        ("PATCH", "apps/camera", json!({"enabled": false}), 409),
        ("POST", "apps", json!({"name": "camera"}), 409),
        ("POST", "apps", json!({"name": "fax", "hooks": {"camera/a": web, "camera/b": "/no-url"}}), 422),
        ("GET", "apps/fax", json!(null), 404),
        ("POST", "links", json!({"host": "portal", "miniapp": "nobody"}), 422),
        ("DELETE", "hooks/hook_0000000000001", json!(null), 404),
        ("POST", "deliveries/dlv_0000000000001/retry", json!({}), 404),
    ] {
        admin.send(method, path, &body).expect(status);
    }
    admin.done("POST", "deliveries/retry", &json!({"app": "camera"}));
    assert_eq!(log(&gateway, "").len(), before);
    // The same with a request that nobody may make.
    gateway.call("DELETE", "/api/v1/apps/camera").send().expect(401);
    assert_eq!(log(&gateway, "").len(), before);
}

#[test]
fn the_file_the_server_and_retries_are_named() {
    let receiver = Receiver::start();
    let mut gateway = Setup::new()
        .set("retry", "schedule", r#"["1s"]"#)
        .app(App::new("camera"))
        .app(App::new("fax").url(&receiver.url("/fax")).hooks(r#""a" = "a""#))
        .start();
    let of_file = log(&gateway, "who=file");
    let actions: Vec<_> = of_file.iter().map(action).collect();
    assert!(
        actions.contains(&("app.create", "camera")) && actions.contains(&("app.create", "fax")),
        "{actions:?}"
    );
    assert!(actions.iter().any(|(action, _)| *action == "hook.create"), "{actions:?}");
    let path = of_file[0]["who"]["name"].as_str().unwrap();
    assert_eq!(std::path::Path::new(path).extension().unwrap(), "toml", "{path}");
    // A start that changes nothing leaves no entry.
    gateway.kill9().start_again();
    assert_eq!(log(&gateway, "who=file").len(), of_file.len());

    receiver.at("/fax/a", Reply::status(410));
    gateway.bolt("camera").publish("a", &json!({}));
    until("the hook is off", WAIT, || !log(&gateway, "who=system&action=hook.disable").is_empty());
    let off = log(&gateway, "who=system&action=hook.*").remove(0);
    assert_eq!(off["note"], "its receiver answered 410");
    let id = gateway.admin().all("deliveries")[0]["id"].as_str().unwrap().to_owned();
    gateway
        .admin()
        .send("PATCH", &format!("hooks/{}", off["object"]["id"].as_str().unwrap()), &json!({"enabled": true}))
        .expect(200);
    receiver.at("/fax/a", Reply::status(200));
    gateway.admin().send("POST", &format!("deliveries/{id}/retry"), &json!({})).expect(202);
    until("delivered", WAIT, || gateway.admin().get(&format!("deliveries/{id}"))["status"] == "delivered");
    gateway.admin().done("POST", "deliveries/replay", &json!({"app": "fax"}));
    let entries = log(&gateway, "object=delivery");
    assert_eq!(
        entries.iter().map(action).collect::<Vec<_>>(),
        [("delivery.retry", &*id), ("delivery.replay_many", "*")]
    );
    assert_eq!(entries[1]["after"]["app"], "fax");
}

#[test]
fn the_log_is_filtered_and_paged() {
    let gateway = Setup::new().app(App::new("camera")).start();
    for name in ["a", "b", "c"] {
        gateway.admin().send("POST", "apps", &json!({"name": name})).expect(201);
    }
    let get = |query: &str| gateway.admin().get(&format!("audit?{query}"));
    let first = get("action=app.create&who=token:admin&limit=2");
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    assert_eq!(first["searched"]["more"], false);
    let rest =
        get(&format!("action=app.create&who=token:admin&limit=2&cursor={}", first["next"].as_str().unwrap()));
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(log(&gateway, "object=app:b").len(), 1);
    assert_eq!(log(&gateway, "object=b&since=1h").len(), 1);
    assert_eq!(log(&gateway, "object=b&until=1h").len(), 0);
    assert_eq!(log(&gateway, "q=CAMERA&object=app").len(), 1);
    for (query, named) in [("who=nobody:x", "who"), ("since=soon", "since"), ("sort=up", "sort")] {
        let answer = gateway.admin().send("GET", &format!("audit?{query}"), &json!(null)).expect(400).json();
        assert!(answer["detail"].as_str().unwrap().contains(&format!("`{named}`")), "{answer}");
    }
}

#[test]
fn users_roles_and_tokens_are_audited_without_their_secrets() {
    let gateway = Setup::new().app(App::new("camera")).start();
    let admin = gateway.admin();
    let role = json!({"name": "reader", "permissions": ["events.read"]});
    admin.send("POST", "roles", &role).expect(201);
    let password = "a long password of ana";
    let user = json!({"name": "ana", "password": password, "role": "reader"});
    let user = admin.send("POST", "users", &user).expect(201).json()["id"].as_str().unwrap().to_owned();
    admin.send("PATCH", &format!("users/{user}"), &json!({"enabled": false})).expect(200);
    let token = admin
        .send("POST", "tokens", &json!({"name": "ci", "permissions": ["apps.read", "links.write"]}))
        .expect(201)
        .json();
    let secret = token["token"].as_str().unwrap();
    admin.send("POST", "users", &json!({"name": "ana", "password": password, "role": "reader"})).expect(409);
    // A token is named by its own name.
    let link = gateway.call("POST", "/api/v1/links").header("Authorization", format!("Bearer {secret}"));
    link.json(&json!({"host": "camera", "miniapp": "camera"})).send().expect(422);
    admin.delete(&format!("tokens/{}", token["id"].as_str().unwrap()));
    admin.delete(&format!("users/{user}"));
    let entries = log(&gateway, "who=token");
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["role.create", "user.create", "user.disable", "api_token.create", "api_token.delete", "user.delete"]
    );
    let whole = serde_json::to_string(&log(&gateway, "")).unwrap();
    assert!(!whole.contains(secret) && !whole.contains(password) && !whole.contains("argon2"), "{whole}");
}
