//! What `bolt` publishes of apps and of itself, and what the server's own hooks do.

use std::collections::BTreeSet;

use harness::{App, Receiver, Shelf, WAIT, until};
use serde_json::{Value, json};

use super::stand::{LONG, hooks, names, publish, setup, told, wait_told, watched};

/// Fails unless this is a context: where an app listens.
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
fn the_life_of_an_app_is_told_in_order() {
    let (shelf, gateway, watcher) = watched();
    let dir = shelf.recorder(
        "subject",
        &json!({"hooks": {"bolt/app-uninstalling": "uninstalling", "bolt/app-stopping": "stopping"}}),
    );
    gateway.apps().install(&dir);
    gateway.apps().start("subject");
    gateway.apps().stop("subject");
    gateway.apps().replace(&dir);
    gateway.apps().start("subject");
    gateway.apps().uninstall("subject");
    wait_told(&watcher, "subject", "app-deleted");
    let events = told(&watcher, "subject");
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
    // What is for the app itself came to it alone, while it still ran.
    let own: Vec<String> =
        shelf.noted("subject", "got").iter().map(|note| note["url"].as_str().unwrap().to_owned()).collect();
    assert_eq!(own, ["/hooks/starting", "/stopping", "/hooks/starting", "/uninstalling", "/stopping"]);
    let event = &shelf.got("subject", "/uninstalling")[0];
    assert_eq!((&event["name"], &event["body"]["name"]), (&json!("app-uninstalling"), &json!("subject")));
}

#[test]
fn events_about_itself_do_not_start_an_app_that_is_down() {
    let (shelf, gateway, watcher) = watched();
    let all =
        json!({"hooks": {"bolt/app-uninstalling": "a", "bolt/app-stopping": "b", "bolt/app-stopped": "c"}});
    gateway.apps().install(&shelf.recorder("still", &all));
    gateway.apps().uninstall("still");
    wait_told(&watcher, "still", "app-deleted");
    assert!(shelf.notes().is_empty(), "{:?}", shelf.notes());
    assert_eq!(names(&told(&watcher, "still")), ["app-installed", "app-uninstalled", "app-deleted"]);
    until("nothing to be pending", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
}

#[test]
fn the_server_tells_once_that_it_has_started() {
    let receiver = Receiver::start();
    let watcher = App::new("watcher").url(&receiver.url("/")).hooks("\"bolt/system-started\" = \"up\"");
    let mut gateway = setup().app(watcher).start();
    receiver.wait_at("/up", 1);
    gateway.stop().start_again();
    receiver.wait_at("/up", 2);
    gateway.kill9().start_again();
    // The kill may have come before the record of the second: then that one comes twice.
    let ids = || -> BTreeSet<String> {
        receiver.got_at("/up").iter().map(|got| got.json()["id"].to_string()).collect()
    };
    until("the third of them", WAIT, || ids().len() >= 3);
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert_eq!(ids().len(), 3);
    let up = receiver.got_at("/up");
    assert!(up.iter().all(|got| got.json()["publisher"] == "bolt" && got.json()["name"] == "system-started"));
}

#[test]
fn the_servers_own_hooks_are_listed_and_act() {
    let (shelf, gateway, watcher) = watched();
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
    gateway.apps().install(&shelf.recorder("linked", &json!({})));
    gateway.admin().send("POST", "links", &json!({"host": "watcher", "miniapp": "linked"})).expect(201);
    gateway.apps().start("linked");
    wait_told(&watcher, "linked", "app-started");
    gateway.apps().uninstall("linked");
    until("the end of its link", WAIT, || gateway.admin().all("links?limit=9").is_empty());
    until("the record of what the server heard", WAIT, || {
        let heard = gateway.admin().all("deliveries?app=bolt&limit=9");
        heard.len() >= 2 && heard.iter().all(|delivery| delivery["status"] == "delivered")
    });
    for delivery in gateway.admin().all("deliveries?app=bolt&limit=9") {
        assert_eq!(delivery["attempts"], 1, "{delivery}");
    }
}

#[test]
fn what_looks_like_an_event_of_the_server_changes_nothing() {
    let (shelf, gateway, watcher) = watched();
    gateway.apps().install(&shelf.recorder("linked", &json!({"hooks": {"bolt/app-deleted": "mine"}})));
    gateway.apps().install(&shelf.recorder("forger", &json!({"system": true})));
    gateway.admin().send("POST", "links", &json!({"host": "watcher", "miniapp": "linked"})).expect(201);
    gateway.apps().start("linked");
    gateway.apps().start("forger");
    let forger = gateway.bolt_with(&shelf.token("forger"));
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
    assert!(gateway.apps().runs("linked") && gateway.apps().knows("linked"));
    assert_eq!(gateway.bolt_with(&shelf.token("linked")).publish("still", &json!({}))["publisher"], "linked");
    assert!(shelf.got("linked", "/mine").is_empty());
    // An app cannot have the name that would make it pass.
    for name in ["bolt", "BOLT", "Bolt "] {
        let dir =
            shelf.write("named", &json!({"name": name, "bolt": {"main": "server.js"}}), &[("server.js", "")]);
        assert_ne!(gateway.apps().installing(&dir, false).send().status, 200, "{name:?}");
    }
    let forged = watcher.got().into_iter().filter(|got| got.text().contains("made-up")).count();
    assert_eq!(forged, 0);
}

#[test]
fn a_private_event_of_an_installed_app_is_hidden_from_wide_hooks() {
    let (shelf, gateway, _watcher) = watched();
    let mut gateway = gateway;
    let package = json!({"name": "shy", "bolt": {"main": "server.js", "hooks": {"bolt/app-starting": "hooks/starting"},
        "private": ["whisper"]}, "footbridge": {"private": ["whisper"]}});
    gateway.apps().install(&shelf.recorder_with("shy", &package));
    let ears = json!({"hooks": {"*": "all", "shy/*": "wide", "shy/whisper": "named"}});
    gateway.apps().install(&shelf.recorder("ears", &ears));
    gateway.apps().start("shy");
    let shy = gateway.bolt_with(&shelf.token("shy"));
    shy.publish("whisper", &json!({"body": "psst"}));
    shy.publish("shout", &json!({"body": "hey"}));
    shelf.wait_got("ears", "/named", 1);
    shelf.wait_got("ears", "/wide", 1);
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let wide: Vec<Value> = shelf
        .got("ears", "/wide")
        .iter()
        .chain(&shelf.got("ears", "/all"))
        .map(|event| event["body"].clone())
        .collect();
    assert!(!wide.contains(&json!("psst")) && wide.contains(&json!("hey")), "{wide:?}");
    gateway.assert_healthy();
}

#[test]
fn an_event_of_one_app_never_reaches_a_hook_on_another() {
    let shelf = Shelf::new();
    let gateway = setup().start();
    for name in ["camera", "fax"] {
        gateway.apps().install(&shelf.sample(name));
    }
    let ears = json!({"hooks": {"camera/*": "camera", "photo-saved": "any", "fax/photo-saved": "fax"}});
    gateway.apps().install(&shelf.recorder("ears", &ears));
    gateway.apps().start("fax");
    gateway.bolt_with(&shelf.token("fax")).publish("photo-saved", &json!({"body": "of the fax"}));
    publish(&gateway, "photo-saved", &json!("of the pen"));
    let snap =
        gateway.apps().visit("POST", "camera", "/snap").json(&json!({"by": "camera"})).send().expect(200);
    assert_eq!(snap.json()["code"], 0, "{}", snap.text());
    until("everything to arrive", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    shelf.wait("fax", "photo", 1);
    let camera = shelf.wait_got("ears", "/camera", 1);
    assert_eq!(camera.len(), 1, "{camera:?}");
    assert_eq!((&camera[0]["publisher"], &camera[0]["body"]["by"]), (&json!("camera"), &json!("camera")));
    assert_eq!(shelf.got("ears", "/any").len(), 3);
    let fax = shelf.got("ears", "/fax");
    assert_eq!((fax.len(), &fax[0]["body"]), (1, &json!("of the fax")));
    // `fax` checks that the token in the event is its own, and that the camera's header came along.
    let photo = shelf.noted("fax", "photo");
    assert_eq!(photo.len(), 1, "{photo:?}");
    assert_eq!(photo[0]["headers"]["x-camera"], "front");
    assert!(shelf.noted("fax", "forged").is_empty());
}
