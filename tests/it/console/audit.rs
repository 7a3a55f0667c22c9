//! The audit log, for each way to change something.

use harness::{ADMIN_TOKEN, App, Console, footbridge};
use serde_json::{Value, json};

use super::{PASSWORD, add_token, add_user, setup, with_token};

#[test]
fn a_change_by_console_command_line_and_token_leaves_one_entry_each() {
    let gateway = setup().app(App::new("camera")).app(App::new("portal")).start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "olga", "owner");
    let olga = Console::by_password(&gateway, "olga", PASSWORD);
    let token = add_token(&gateway, &json!({"name": "deploy", "permissions": ["links.write", "apps.read"]}));
    let server = gateway.url("");
    let command = |words: &[&str]| {
        let all = [words, &["--server", &server, "--admin-token", ADMIN_TOKEN]].concat();
        footbridge(gateway.dir(), &all, &[])
    };
    let link = json!({"host": "portal", "miniapp": "camera"});
    let of_link = || -> Vec<Value> {
        let mut all = gateway.admin().all("audit?object=link:portal/camera&limit=250");
        all.reverse();
        all
    };
    olga.send("POST", "links", &link).expect(201);
    with_token(&gateway, &token, "PATCH", "links/portal/camera")
        .json(&json!({"enabled": false}))
        .send()
        .expect(200);
    let removed = command(&["link", "remove", "portal", "camera"]);
    assert_eq!(removed.code, Some(0), "{}", removed.output);
    let entries = of_link();
    let said: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["who"]["kind"].as_str().unwrap(),
                entry["who"]["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("link.create", "user", "olga"),
            ("link.disable", "api_token", "deploy"),
            ("link.delete", "token", "admin")
        ]
    );
    assert!(entries.iter().all(|entry| entry["from"] == "127.0.0.1"), "{entries:?}");
    assert_eq!(
        (&entries[1]["before"], &entries[1]["after"]),
        (&json!({"enabled": true}), &json!({"enabled": false}))
    );
    assert_eq!((&entries[0]["before"], &entries[2]["after"]), (&json!(null), &json!(null)));

    // What fails leaves none, whoever tries.
    olga.send("POST", "links", &json!({"host": "portal", "miniapp": "nobody"})).expect(422);
    olga.call("DELETE", "links/portal/camera").header("Content-Type", "application/json").send().expect(404);
    with_token(&gateway, &token, "POST", "hooks").json(&json!({})).send().expect(403);
    with_token(&gateway, &token, "DELETE", "links/portal/camera").send().expect(404);
    assert_ne!(command(&["link", "remove", "portal", "camera"]).code, Some(0));
    assert_eq!(of_link().len(), 3);
    let whole = gateway.admin().all("audit?limit=250");
    assert!(!whole.iter().any(|entry| entry["action"].as_str().unwrap().starts_with("hook.")), "{whole:?}");
    let text = serde_json::to_string(&whole).unwrap();
    for secret in [token.as_str(), PASSWORD, ADMIN_TOKEN, olga.cookie().split('=').nth(1).unwrap()] {
        assert!(!text.contains(secret), "the audit log has a secret");
    }
}
