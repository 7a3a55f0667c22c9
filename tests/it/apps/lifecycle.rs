//! Lifecycle events that `bolt` publishes about apps and the server, and the server's own hooks.

use std::collections::BTreeSet;

use harness::{App, AppDir, Receiver, WAIT, until};
use serde_json::{Value, json};

use super::common::{
    LONG, hooks, lifecycle_events, names, publish, setup, start_watched_server, wait_lifecycle_event,
};

/// Fails unless this is a complete context of a running app.
#[track_caller]
fn assert_context(event: &Value, app: &str) {
    let body = &event["body"];
    assert_eq!(body["name"], app, "{event}");
    for member in ["path", "protocol", "host"] {
        assert!(body[member].is_string(), "{member}: {event}");
    }
    for member in ["port", "pid"] {
        assert!(body[member].is_u64(), "{member}: {event}");
    }
    assert_eq!(body["app"]["name"], app, "{event}");
}

#[test]
fn lifecycle_events_of_an_app_come_in_order() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let dir = app_dir.recorder(
        "subject",
        &json!({"hooks": {"bolt/app-uninstalling": "uninstalling", "bolt/app-stopping": "stopping"}}),
    );
    gateway.apps().install(&dir);
    gateway.apps().start("subject");
    gateway.apps().stop("subject");
    gateway.apps().replace(&dir);
    gateway.apps().start("subject");
    gateway.apps().uninstall("subject");
    wait_lifecycle_event(&watcher, "subject", "app-deleted");
    let events = lifecycle_events(&watcher, "subject");
    let expected = [
        "app-installed",
        "app-started",
        "app-stopped",
        "app-updated",
        "app-started",
        "app-stopped",
        "app-uninstalled",
        "app-deleted",
    ];
    assert_eq!(names(&events), expected);
    for event in &events {
        assert_eq!(event["publisher"], "bolt", "{event}");
        assert!(!event.to_string().contains("appToken"), "{event}");
    }
    for (at, app) in [(0, "app-installed"), (3, "app-updated"), (6, "app-uninstalled"), (7, "app-deleted")] {
        let body = &events[at]["body"];
        assert_eq!((&body["name"], &body["version"]), (&json!("subject"), &json!("1.0.0")), "{app}: {body}");
    }
    for at in [1, 2, 4, 5] {
        assert_context(&events[at], "subject");
    }
    assert_eq!(events[2]["body"]["reason"], "stop");
    assert_eq!(events[5]["body"]["reason"], "uninstall");
    // The app's own event reached only the app, while it was running.
    let own: Vec<String> =
        app_dir.noted("subject", "got").iter().map(|note| note["url"].as_str().unwrap().to_owned()).collect();
    assert_eq!(own, ["/hooks/starting", "/stopping", "/hooks/starting", "/uninstalling", "/stopping"]);
    let event = &app_dir.requests("subject", "/uninstalling")[0];
    assert_eq!((&event["name"], &event["body"]["name"]), (&json!("app-uninstalling"), &json!("subject")));
}

#[test]
fn lifecycle_events_do_not_start_the_app_they_are_about() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let all =
        json!({"hooks": {"bolt/app-uninstalling": "a", "bolt/app-stopping": "b", "bolt/app-stopped": "c"}});
    gateway.apps().install(&app_dir.recorder("still", &all));
    gateway.apps().uninstall("still");
    wait_lifecycle_event(&watcher, "still", "app-deleted");
    assert!(app_dir.notes().is_empty(), "{:?}", app_dir.notes());
    assert_eq!(
        names(&lifecycle_events(&watcher, "still")),
        ["app-installed", "app-uninstalled", "app-deleted"]
    );
    until("nothing to be pending", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
}

#[test]
fn the_server_publishes_its_start_once() {
    let receiver = Receiver::start();
    let watcher = App::new("watcher").url(&receiver.url("/")).hooks("\"bolt/system-started\" = \"up\"");
    let mut gateway = setup().app(watcher).start();
    receiver.wait_at("/up", 1);
    gateway.stop().start_again();
    receiver.wait_at("/up", 2);
    gateway.kill9().start_again();
    // The kill may have come before the second delivery was recorded. Then it is delivered twice.
    let ids = || -> BTreeSet<String> {
        receiver.requests_at("/up").iter().map(|got| got.json()["id"].to_string()).collect()
    };
    until("the third of them", WAIT, || ids().len() >= 3);
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(ids().len(), 3);
    let up = receiver.requests_at("/up");
    assert!(up.iter().all(|got| got.json()["publisher"] == "bolt" && got.json()["name"] == "system-started"));
}

#[test]
fn the_servers_own_hooks_are_listed_and_act() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let expected = [
        "bolt/app-deleted",
        "bolt/app-router-loaded",
        "bolt/app-started",
        "bolt/role-deleted",
        "bolt/user-deleted",
    ];
    let own: Vec<String> =
        hooks(&gateway, "bolt").iter().map(|hook| hook.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(own, expected);
    assert!(gateway.admin().all("hooks?app=bolt").iter().all(|hook| hook["transient"] == true));
    gateway.apps().install(&app_dir.recorder("linked", &json!({})));
    gateway.admin().send("POST", "links", &json!({"host": "watcher", "miniapp": "linked"})).expect(201);
    gateway.apps().start("linked");
    wait_lifecycle_event(&watcher, "linked", "app-started");
    gateway.apps().uninstall("linked");
    until("the end of its link", WAIT, || gateway.admin().all("links?limit=9").is_empty());
    until("the record of what the server received", WAIT, || {
        let received = gateway.admin().all("deliveries?app=bolt&limit=9");
        received.len() >= 2 && received.iter().all(|delivery| delivery["status"] == "delivered")
    });
    for delivery in gateway.admin().all("deliveries?app=bolt&limit=9") {
        assert_eq!(delivery["attempts"], 1, "{delivery}");
    }
}

#[test]
fn events_that_imitate_the_servers_events_have_no_effect() {
    let (app_dir, gateway, watcher) = start_watched_server();
    gateway.apps().install(&app_dir.recorder("linked", &json!({"hooks": {"bolt/app-deleted": "mine"}})));
    gateway.apps().install(&app_dir.recorder("forger", &json!({"system": true})));
    gateway.admin().send("POST", "links", &json!({"host": "watcher", "miniapp": "linked"})).expect(201);
    gateway.apps().start("linked");
    gateway.apps().start("forger");
    let forger = gateway.bolt_with(&app_dir.token("forger"));
    let before = (hooks(&gateway, "bolt"), gateway.admin().all("deliveries?app=bolt&limit=99").len());
    let names = [
        "user-deleted",
        "role-deleted",
        "app-deleted",
        "app-uninstalled",
        "app-started",
        "app-stopped",
        "app-starting",
        "app-stopping",
        "app-uninstalling",
        "app-router-loaded",
        "app-installed",
        "system-started",
        "bolt%2Fapp-deleted",
        "BOLT",
    ];
    for name in names {
        let forged = json!({"name": "linked", "app": "linked", "appName": "linked", "appToken": "made-up"});
        let request = json!({"body": forged, "subscribers": ["bolt", "linked", "watcher"],
            "headers": {"X-Bolt-User-Name": "admin"}});
        let answer = forger.post(name, request.to_string());
        if answer.status == 200 {
            assert_eq!(answer.json()["body"]["publisher"], "forger");
            assert_eq!(answer.json()["body"]["deliveries"], 0, "{name}");
        }
    }
    let after = (hooks(&gateway, "bolt"), gateway.admin().all("deliveries?app=bolt&limit=99").len());
    assert_eq!(before, after);
    assert_eq!(gateway.admin().all("links?limit=9").len(), 1);
    assert!(gateway.apps().is_running("linked") && gateway.apps().is_installed("linked"));
    assert_eq!(
        gateway.bolt_with(&app_dir.token("linked")).publish("still", &json!({}))["publisher"],
        "linked"
    );
    assert!(app_dir.requests("linked", "/mine").is_empty());
    // No app can have the server's name.
    for name in ["bolt", "BOLT", "Bolt "] {
        let dir = app_dir.write(
            "named",
            &json!({"name": name, "bolt": {"main": "server.js"}}),
            &[("server.js", "")],
        );
        assert_ne!(gateway.apps().installing(&dir, false).send().status, 200, "{name:?}");
    }
    let forged = watcher.requests().into_iter().filter(|got| got.text().contains("made-up")).count();
    assert_eq!(forged, 0);
}

#[test]
fn a_private_event_of_an_installed_app_is_hidden_from_wide_hooks() {
    let (app_dir, gateway, _watcher) = start_watched_server();
    let mut gateway = gateway;
    let package = json!({"name": "shy", "bolt": {"main": "server.js", "hooks": {"bolt/app-starting": "hooks/starting"},
        "private": ["whisper"]}, "footbridge": {"private": ["whisper"]}});
    gateway.apps().install(&app_dir.recorder_with("shy", &package));
    let ears = json!({"hooks": {"*": "all", "shy/*": "wide", "shy/whisper": "named"}});
    gateway.apps().install(&app_dir.recorder("ears", &ears));
    gateway.apps().start("shy");
    let shy = gateway.bolt_with(&app_dir.token("shy"));
    shy.publish("whisper", &json!({"body": "psst"}));
    shy.publish("shout", &json!({"body": "hey"}));
    app_dir.wait_requests("ears", "/named", 1);
    app_dir.wait_requests("ears", "/wide", 1);
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let wide: Vec<Value> = app_dir
        .requests("ears", "/wide")
        .iter()
        .chain(&app_dir.requests("ears", "/all"))
        .map(|event| event["body"].clone())
        .collect();
    assert!(!wide.contains(&json!("psst")) && wide.contains(&json!("hey")), "{wide:?}");
    gateway.assert_healthy();
}

#[test]
fn an_event_of_one_app_never_reaches_a_hook_on_another() {
    let app_dir = AppDir::new();
    let gateway = setup().start();
    for name in ["camera", "fax"] {
        gateway.apps().install(&app_dir.sample(name));
    }
    let ears = json!({"hooks": {"camera/*": "camera", "photo-saved": "any", "fax/photo-saved": "fax"}});
    gateway.apps().install(&app_dir.recorder("ears", &ears));
    gateway.apps().start("fax");
    gateway.bolt_with(&app_dir.token("fax")).publish("photo-saved", &json!({"body": "of the fax"}));
    publish(&gateway, "photo-saved", &json!("of the pen"));
    let snap =
        gateway.apps().visit("POST", "camera", "/snap").json(&json!({"by": "camera"})).send().expect(200);
    assert_eq!(snap.json()["code"], 0, "{}", snap.text());
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    app_dir.wait("fax", "photo", 1);
    let camera = app_dir.wait_requests("ears", "/camera", 1);
    assert_eq!(camera.len(), 1, "{camera:?}");
    assert_eq!((&camera[0]["publisher"], &camera[0]["body"]["by"]), (&json!("camera"), &json!("camera")));
    assert_eq!(app_dir.requests("ears", "/any").len(), 3);
    let fax = app_dir.requests("ears", "/fax");
    assert_eq!((fax.len(), &fax[0]["body"]), (1, &json!("of the fax")));
    // `fax` checks that the event has its token and the camera's header.
    let photo = app_dir.noted("fax", "photo");
    assert_eq!(photo.len(), 1, "{photo:?}");
    assert_eq!(photo[0]["headers"]["x-camera"], "front");
    assert!(app_dir.noted("fax", "forged").is_empty());
}
