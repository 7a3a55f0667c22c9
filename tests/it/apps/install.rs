//! Installing: the checks, their messages, and that an install is complete or absent.

use std::fs;
use std::path::Path;

use harness::{App, AppDir, WAIT, assert_bolt_error, each, until};
use serde_json::{Value, json};

use super::common::{LONG, ended, hooks, publish, setup, start_server};

#[test]
fn an_app_is_installed_from_its_directory_with_its_hooks_and_does_not_run() {
    let (app_dir, gateway) = start_server();
    let app = gateway.apps().install(&app_dir.sample("chat"));
    assert_eq!(app["name"], "chat", "{app}");
    assert_eq!(app["version"], "1.2.0", "{app}");
    assert_eq!(app["description"], "Messages among the staff of a school", "{app}");
    assert_eq!(app["displayName"], "Staff chat", "{app}");
    assert_eq!(app["index"], "/home", "{app}");
    assert_eq!(app["system"], true, "{app}");
    let expected = [
        "bolt/app-starting -> server:/hooks/bolt/app-starting",
        "chat/chat-posted -> server:hooks/chat/chat-posted",
    ];
    assert_eq!(hooks(&gateway, "chat"), expected);
    assert!(gateway.admin().all("hooks?app=chat").iter().all(|hook| hook["transient"] == false));
    let listed = gateway.apps().call("GET", "").send().expect(200).json()["body"].clone();
    assert!(listed.as_array().unwrap().iter().any(|app| app["name"] == "chat"), "{listed}");
    assert_eq!(gateway.apps().get("CHAT")["name"], "chat", "names are compared without case");
    assert_eq!(gateway.admin().get("apps/chat")["name"], "chat");
    assert!(gateway.apps().running().is_empty());
    assert!(app_dir.noted("chat", "boot").is_empty(), "it was started by being installed");
    // Generated secrets are not shown: an installed app gets its token when it starts.
    for secret in ["token", "secret_key", "signing_secret", "appToken", "appHash"] {
        assert!(app.get(secret).is_none(), "{app}");
    }
}

#[test]
fn a_relative_path_is_below_the_directory_of_the_runtime() {
    let app_dir = AppDir::new();
    let dir = format!("{:?}", app_dir.path().display().to_string());
    let gateway = setup().set("runtime", "dir", &dir).start();
    app_dir.sample("weather");
    gateway.apps().install(Path::new("weather"));
    gateway.apps().start("weather");
    app_dir.wait("weather", "boot", 1);
}

#[test]
fn a_directory_may_have_any_name() {
    let (app_dir, gateway) = start_server();
    for (name, sample) in [("chat", "it's a \"chat\" $HOME 日本"), ("weather", "-weather; rm *\n&")] {
        let plain = app_dir.sample(name);
        let odd = app_dir.path().join(sample);
        fs::rename(plain, &odd).unwrap();
        let app = gateway.apps().install(&odd);
        assert_eq!(app["path"], odd.to_str().unwrap());
        gateway.apps().start(name);
        app_dir.wait(name, "boot", 1);
        gateway.apps().stop(name);
    }
}

/// Packages that cannot be installed, with the words that the message must contain. `codes` lists Bolt's error codes.
const REFUSED: &str = include_str!("refused.json");

#[test]
fn install_errors_name_the_place_and_leave_nothing_behind() {
    let (app_dir, mut gateway) = start_server();
    let before = (gateway.admin().all("apps?limit=9").len(), gateway.admin().all("hooks?limit=9").len());
    let rows: Vec<Value> = serde_json::from_str(REFUSED).unwrap();
    let any = json!([400, 405, 410, 414, 415, 416, 417, 418, 419]);
    each(rows, |row| {
        let dir = app_dir.write("wrong", &row["package"], &[("server.js", "module.exports = () => {};")]);
        let answer = gateway.apps().installing(&dir, false).send();
        let reported = answer.json();
        let codes = row["codes"].as_array().unwrap_or_else(|| any.as_array().unwrap());
        assert!(codes.contains(&reported["code"]), "{}: {reported}", row["what"]);
        let code = reported["code"].as_u64().unwrap();
        assert_bolt_error(&answer, if code == 401 { 409 } else { 400 }, code);
        let message = reported["error"]["message"].as_str().unwrap().to_lowercase();
        for word in row["words"].as_array().unwrap() {
            let word = word.as_str().unwrap();
            assert!(
                message.contains(&word.to_lowercase()),
                "{}: {word:?} is not in {message:?}",
                row["what"]
            );
        }
        assert!(!gateway.apps().is_installed("wrong"), "{}", row["what"]);
    });
    let after = (gateway.admin().all("apps?limit=9").len(), gateway.admin().all("hooks?limit=9").len());
    assert_eq!(before, after);
    gateway.assert_healthy();
}

#[test]
fn too_many_hooks_are_counted_in_the_refusal() {
    let app_dir = AppDir::new();
    let gateway = setup().set("limits", "hooks_per_app", "3").start();
    let hooks = json!({"a": "x", "b": "x", "c": "x", "d": "x"});
    let answer =
        gateway.apps().installing(&app_dir.recorder("keen", &json!({ "hooks": hooks })), false).send();
    assert_bolt_error(&answer, 400, 418);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("has 5 hooks, and an app may have 3 at most"), "{message}");
    assert!(!gateway.apps().is_installed("keen"));
}

#[test]
fn an_install_without_a_readable_directory_is_refused() {
    let (app_dir, gateway) = start_server();
    let broken = app_dir.path().join("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("package.json"), "{\"name\": ").unwrap();
    let large = app_dir.write("large", &json!({"name": "large", "pad": "x".repeat(2 << 20)}), &[]);
    let deep = app_dir.path().join("deep");
    fs::create_dir(&deep).unwrap();
    fs::write(deep.join("package.json"), format!("{{\"bolt\":{}{}}}", "[".repeat(9999), "]".repeat(9999)))
        .unwrap();
    let rows = [
        (json!({}), 410),
        (json!({"path": ""}), 410),
        (json!({"path": app_dir.path().join("absent")}), 410),
        (json!({ "path": broken }), 418),
        (json!({ "path": large }), 418),
        (json!({ "path": deep }), 418),
    ];
    each(rows, |(request, code)| {
        let answer = gateway.apps().call("POST", "/local").json(request).send();
        assert_bolt_error(&answer, 400, *code);
    });
    each([json!([]), json!({"path": 5}), json!({"path": "/tmp", "replace": "yes"})], |request| {
        let answer = gateway.apps().call("POST", "/local").json(request).send();
        assert_eq!(answer.status, 400, "{}", answer.text());
    });
}

#[test]
fn unusual_patterns_are_read_as_bolt_reads_them() {
    let (app_dir, gateway) = start_server();
    let patterns = json!({
        "Camera\\Photo-Saved": "a", "fax/": "b", "plain": "c", "/started": "d", "*": "e",
        "thumbs/*": {"route": "f", "type": "SERVER"},
    });
    gateway.apps().install(&app_dir.recorder("odd", &json!({"hooks": patterns})));
    let expected = [
        "*/* -> server:e",
        "*/plain -> server:c",
        "*/started -> server:d",
        "bolt/app-starting -> server:hooks/starting",
        "camera/photo-saved -> server:a",
        "fax/* -> server:b",
        "thumbs/* -> server:f",
    ];
    assert_eq!(hooks(&gateway, "odd"), expected);
}

#[test]
fn a_used_name_is_refused_and_replace_swaps_at_once() {
    let (app_dir, gateway) = start_server();
    let dir =
        app_dir.recorder("swap", &json!({"hooks": {"kept": "one/status/503", "gone": "two/status/503"}}));
    gateway.apps().install(&dir);
    let again = gateway.apps().installing(&dir, false).send();
    assert_bolt_error(&again, 409, 401);
    let advice = again.text();
    assert!(advice.contains(r#"\"replace\": true"#) && advice.contains("--replace"), "{advice}");
    let lost = publish(&gateway, "gone", &json!(1));
    let stays = publish(&gateway, "kept", &json!(1));
    app_dir.wait_requests("swap", "/two/status/503", 1);
    // A refused package does not change the installed one.
    fs::rename(dir.join("server.js"), dir.join("moved.js")).unwrap();
    assert_eq!(gateway.apps().installing(&dir, true).send().status, 400);
    fs::rename(dir.join("moved.js"), dir.join("server.js")).unwrap();
    assert_eq!(hooks(&gateway, "swap").len(), 3);

    let dir = app_dir.recorder("swap", &json!({"hooks": {"kept": "one/status/503", "new": "four"}}));
    let swapped = gateway.apps().replace(&dir);
    assert_eq!(swapped["name"], "swap", "{swapped}");
    let expected = [
        "*/kept -> server:one/status/503",
        "*/new -> server:four",
        "bolt/app-starting -> server:hooks/starting",
    ];
    assert_eq!(hooks(&gateway, "swap"), expected);
    let cancelled = ended(&gateway, &lost);
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    assert_ne!(gateway.admin().delivery(&stays)["status"], "cancelled");
    publish(&gateway, "new", &json!(2));
    app_dir.wait_requests("swap", "/four", 1);
}

#[test]
fn replacing_an_app_enables_hooks_disabled_by_410() {
    let (app_dir, gateway) = start_server();
    let hook = json!({"hooks": {"work": "status/410"}});
    gateway.apps().install(&app_dir.recorder("quitter", &hook));
    let event = publish(&gateway, "work", &json!(1));
    ended(&gateway, &event);
    until("the end of the hook", LONG, || {
        gateway.admin().all("hooks?app=quitter").iter().any(|hook| hook["enabled"] == false)
    });
    // The new version has a corrected handler and the same hook.
    let mended = "const note = require('note');\nmodule.exports = (request, response) => { note('mended'); response.end(); };";
    let package = json!({"name": "quitter", "version": "2.0.0",
        "bolt": {"main": "server.js", "hooks": {"work": "status/410"}}});
    gateway.apps().replace(&app_dir.write("quitter", &package, &[("server.js", mended)]));
    let event = publish(&gateway, "work", &json!(2));
    assert_eq!(ended(&gateway, &event)["status"], "delivered");
    assert_eq!(app_dir.noted("quitter", "mended").len(), 1);
}

#[test]
fn an_app_of_the_file_or_api_is_not_replaced_by_an_install() {
    let app_dir = AppDir::new();
    let gateway = setup().app(App::new("camera")).start();
    gateway.admin().send("POST", "apps", &json!({"name": "fax"})).expect(201);
    for name in ["camera", "fax"] {
        let dir = app_dir.sample(name);
        for replace in [false, true] {
            let answer = gateway.apps().installing(&dir, replace).send();
            assert!(matches!(answer.status, 400 | 409), "{}", answer.text());
            assert!(answer.text().contains(name), "{}", answer.text());
        }
        assert!(hooks(&gateway, name).is_empty());
    }
    // The reverse: the administration API does not change an installed app.
    gateway.apps().install(&app_dir.sample("chat"));
    let answer = gateway.admin().send("POST", "apps", &json!({"name": "chat"}));
    assert!(matches!(answer.status, 409 | 422), "{}", answer.text());
    for (method, tail, request) in [
        ("DELETE", "apps/chat", json!({})),
        ("PATCH", "apps/chat", json!({"url": "http://127.0.0.1:9/"})),
        ("PATCH", "apps/chat", json!({"token": "a-token-that-stays-for-ever"})),
    ] {
        let answer = gateway.admin().send(method, tail, &request);
        assert!((400..500).contains(&answer.status), "{method} {tail}: {} {}", answer.status, answer.text());
    }
    let hook = gateway.admin().all("hooks?app=chat").remove(0)["id"].as_str().unwrap().to_owned();
    let answer = gateway.admin().call("DELETE", &format!("hooks/{hook}")).send();
    assert_eq!(answer.status, 409, "hooks of a package change by installing it: {}", answer.text());
    assert_eq!(hooks(&gateway, "chat").len(), 2);
}

#[test]
fn a_module_drops_only_hooks_that_need_a_server() {
    let (app_dir, gateway) = start_server();
    let answer = gateway.apps().install(&app_dir.sample("db"));
    assert_eq!(hooks(&gateway, "db"), ["bolt/app-uninstalled -> router:/api/db/hooks/bolt/app-uninstalled"]);
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("bolt/app-started"), "{answer}");
}

#[test]
fn a_hook_that_reaches_no_server_is_reported() {
    let (app_dir, gateway) = start_server();
    // Without a main or a command, nothing can receive the event.
    let package = json!({"name": "mute", "bolt": {"hooks": {"x": "hooks/x"}}});
    let answer = gateway.apps().installing(&app_dir.write("mute", &package, &[]), false).send();
    if answer.status == 200 {
        let body = answer.json()["body"].clone();
        assert!(body["warnings"].to_string().contains('x') && hooks(&gateway, "mute").is_empty(), "{body}");
    } else {
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains("hooks") || answer.text().contains("main"), "{}", answer.text());
    }
    assert_eq!(gateway.bolt("pen").publish("x", &json!({}))["deliveries"], 0);
}

#[test]
fn only_authorized_callers_install_start_and_stop() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("one", &json!({})));
    gateway.apps().install(&app_dir.recorder("two", &json!({})));
    gateway.apps().start("one");
    gateway.apps().start("two");
    let token = app_dir.token("one");
    let dir = app_dir.sample("weather");
    let name = |name: &str| json!({ "name": name });
    let all = [
        ("POST", "/local", json!({ "path": dir })),
        ("POST", "/start", name("two")),
        ("POST", "/stop", name("two")),
        ("DELETE", "/two", json!({})),
    ];
    each(&all, |(method, tail, request)| {
        assert_bolt_error(&gateway.apps().bare(method, tail).json(request).send(), 401, 110);
        let stranger = gateway.apps().bare(method, tail).header("X-Bolt-App-Token", "no-such-token");
        assert_bolt_error(&stranger.json(request).send(), 401, 113);
        let wrong = gateway.apps().bare(method, tail).header("Authorization", "Bearer wrong");
        assert_eq!(wrong.json(request).send().status, 401);
        let other = gateway.apps().bare(method, tail).header("X-Bolt-App-Token", &token);
        assert_bolt_error(&other.json(request).send(), 403, 337);
        let named = gateway.apps().bare(method, tail).header("X-Bolt-App-Token", &token);
        let named = named.header("X-Bolt-User-Name", "admin").header("X-Bolt-User-Token", "a.b.c");
        assert_bolt_error(&named.json(request).send(), 403, 337);
    });
    each(["", "/@live", "/two", "/two/logs"], |tail| {
        assert_bolt_error(&gateway.apps().bare("GET", tail).send(), 401, 110);
    });
    each(["", "/@live", "/two"], |tail| {
        gateway.apps().bare("GET", tail).header("X-Bolt-App-Token", &token).send().expect(200);
    });
    assert!(gateway.apps().is_running("two") && !gateway.apps().is_installed("weather"));
    let itself = gateway.apps().bare("POST", "/stop").header("X-Bolt-App-Token", &token);
    itself.json(&name("one")).send().expect(200);
    gateway.apps().wait_stopped("one");
}

#[test]
fn an_unknown_app_is_403_and_a_stopped_one_420() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("weather"));
    let post = |tail: &str, request: Value| gateway.apps().call("POST", tail).json(&request).send();
    assert_bolt_error(&post("/start", json!({"name": "nobody"})), 404, 403);
    assert_bolt_error(&post("/stop", json!({"name": "nobody"})), 404, 403);
    assert_bolt_error(&gateway.apps().call("GET", "/nobody").send(), 404, 403);
    assert_bolt_error(&gateway.apps().call("DELETE", "/nobody").send(), 404, 403);
    assert_bolt_error(&post("/start", json!({})), 400, 400);
    assert_bolt_error(&post("/stop", json!({})), 400, 400);
    assert_bolt_error(&post("/stop", json!({"name": "weather"})), 409, 420);
}

#[test]
fn uninstalling_stops_an_app_and_deletes_everything_it_owned() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("leaver", &json!({"hooks": {"x": "slow/status/503"}})));
    gateway.apps().start("leaver");
    let token = app_dir.token("leaver");
    gateway.bolt_with(&token).server("y", "/transient");
    let event = publish(&gateway, "x", &json!(1));
    app_dir.wait_requests("leaver", "/slow/status/503", 1);
    gateway.apps().uninstall("leaver");
    assert!(!gateway.apps().is_installed("leaver") && !gateway.apps().is_running("leaver"));
    assert!(hooks(&gateway, "leaver").is_empty());
    assert_eq!(ended(&gateway, &event)["status"], "cancelled");
    assert_bolt_error(&gateway.bolt_with(&token).post("z", "{}"), 401, 113);
    until("its last process", WAIT, || harness::processes_at(app_dir.path(), &gateway.url("")).is_empty());
    assert_eq!(gateway.apps().page("leaver", "/").status, 404);
    assert_eq!(app_dir.noted("leaver", "boot").len(), 1, "it was started again");
    // The name can be used again.
    gateway.apps().install(&app_dir.recorder("leaver", &json!({})));
}

#[test]
fn an_interrupted_install_is_complete_or_absent() {
    let (app_dir, mut gateway) = start_server();
    let routes = (0..40).map(|n| (format!("event-{n}"), json!(format!("route-{n}"))));
    let hooks_of_it = Value::Object(routes.collect());
    let dir = app_dir.recorder("atom", &json!({ "hooks": hooks_of_it }));
    let mut installed = 0;
    for delay in [0, 2, 4, 8, 15, 30] {
        let call = gateway.apps().installing(&dir, false).spawn();
        harness::pause(std::time::Duration::from_millis(delay));
        gateway.kill9().start_again();
        let _cut = call.join();
        let found = hooks(&gateway, "atom").len();
        if gateway.apps().is_installed("atom") {
            assert_eq!(found, 41);
            gateway.apps().uninstall("atom");
            installed += 1;
        }
        assert!(hooks(&gateway, "atom").is_empty(), "after {delay} ms: {found} hooks, {installed} installed");
    }
}
