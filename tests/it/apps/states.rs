//! The state of an app in API answers, from installation to removal.

use std::fs;

use harness::{ADMIN_TOKEN, AppDir, Gateway, footbridge, until};
use serde_json::{Value, json};

use super::common::{LONG, slow_boot, start_server};

#[track_caller]
fn app_state(gateway: &Gateway, name: &str) -> Value {
    gateway.apps().get(name)
}

#[track_caller]
fn listed(gateway: &Gateway, name: &str) -> Value {
    let list = gateway.apps().call("GET", "").send().json();
    let found = list["body"].as_array().unwrap().iter().find(|app| app["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {list}")).clone()
}

#[track_caller]
fn wait_state(gateway: &Gateway, name: &str, state: &str) {
    until(&format!("{name} is {state}"), LONG, || app_state(gateway, name)["state"] == state);
}

/// Creates an app that starts only if the file `may-start` is in its directory.
fn moody(app_dir: &AppDir) -> std::path::PathBuf {
    let server = "require('fs').accessSync('may-start');\nmodule.exports = require('./recorder.js');";
    let recorder = include_str!("../../apps/recorder/server.js");
    let package = json!({"name": "moody", "bolt": {"main": "server.js"}});
    app_dir.write("moody", &package, &[("server.js", server), ("recorder.js", recorder)])
}

#[test]
fn a_failed_start_is_shown_until_a_start_succeeds() {
    let (app_dir, gateway) = start_server();
    let dir = moody(&app_dir);
    let installed = gateway.apps().install(&dir);
    assert_eq!((&installed["state"], &installed["failure"]), (&json!("stopped"), &json!(null)));
    assert_eq!(gateway.apps().starting("moody").send().status, 502);
    for app in [app_state(&gateway, "moody"), listed(&gateway, "moody")] {
        assert_eq!((&app["state"], &app["running"]), (&json!("failed"), &json!(false)), "{app}");
        assert!(app["failure"]["why"].as_str().unwrap().contains("may-start"), "{app}");
    }
    // After five failed starts, further ones are refused for a while.
    until("the back-off", LONG, || {
        let wait = gateway.apps().starting("moody").send().header("retry-after").map(str::to_owned);
        wait.is_some_and(|wait| wait.parse::<u64>().unwrap() >= 5)
    });
    let failure = &app_state(&gateway, "moody")["failure"];
    assert!(failure["until"].is_string(), "{failure}");
    let env = [("FOOTBRIDGE_SERVER", gateway.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN.to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    for (args, word) in [(&["list"][..], "failed"), (&["show", "moody"], "not before")] {
        let shown = footbridge(app_dir.path(), &[&["app"], args].concat(), &env);
        assert!(shown.output.contains(word), "{args:?}: {}", shown.output);
    }
    fs::write(dir.join("may-start"), "").unwrap();
    gateway.apps().replace(&dir);
    assert_eq!(app_state(&gateway, "moody")["state"], "stopped", "another package, another chance");
    gateway.apps().start("moody");
    let app = app_state(&gateway, "moody");
    assert_eq!((&app["state"], &app["failure"]), (&json!("running"), &json!(null)));
}

#[test]
fn starting_and_stopping_are_shown_while_they_last() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&slow_boot(&app_dir, "slow", 2500));
    std::thread::scope(|scope| {
        let start = scope.spawn(|| gateway.apps().start("slow"));
        wait_state(&gateway, "slow", "starting");
        start.join().unwrap();
    });
    assert_eq!(app_state(&gateway, "slow")["state"], "running");
    // The app's hook on its own stop is never answered, so the stop takes a while.
    let server =
        "module.exports = (request, response) => { if (!request.url.includes('stopping')) response.end(); };";
    let package = json!({"name": "sticky", "bolt": {"main": "server.js", "hooks": {"bolt/app-stopping": "hooks/stopping"}}});
    gateway.apps().install(&app_dir.write("sticky", &package, &[("server.js", server)]));
    gateway.apps().start("sticky");
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| gateway.apps().stop("sticky"));
        wait_state(&gateway, "sticky", "stopping");
        stop.join().unwrap();
    });
    assert_eq!(app_state(&gateway, "sticky")["state"], "stopped");
}

#[test]
fn every_state_has_a_name() {
    let (app_dir, gateway) = start_server();
    assert_eq!(app_state(&gateway, "pen")["state"], "elsewhere");
    gateway.apps().install(&app_dir.sample("thumbs"));
    assert_eq!(app_state(&gateway, "thumbs")["state"], "-");
    gateway.apps().install(&app_dir.sample("weather"));
    gateway.admin().done("PATCH", "apps/weather", &json!({"enabled": false}));
    assert_eq!(app_state(&gateway, "weather")["state"], "disabled");
    let answer = gateway.apps().starting("weather").send();
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!(420)), "{}", answer.text());
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`weather` is switched off"), "{message}");
    gateway.admin().done("PATCH", "apps/weather", &json!({"enabled": true}));
    gateway.apps().start("weather");
    let gone = gateway.apps().call("DELETE", "/weather").send().json();
    assert_eq!((&gone["body"]["running"], &gone["body"]["state"]), (&json!(false), &json!("stopped")));
}

#[test]
fn an_app_has_the_same_members_in_every_answer() {
    let (app_dir, gateway) = start_server();
    let bolt = json!({"main": "server.js", "functions": {"tag": "tag.js"},
        "routers": {"api": {"main": "api.js", "root": "/api/both", "order": 2}}});
    let files = [
        ("server.js", "module.exports = (request, response) => response.end();"),
        ("api.js", "module.exports = (request, response, next) => next();"),
        ("tag.js", "module.exports = () => 1;"),
    ];
    let installed =
        gateway.apps().install(&app_dir.write("both", &json!({"name": "both", "bolt": bolt}), &files));
    let context = gateway.apps().start("both");
    let stopped = gateway.apps().stop("both");
    for member in ["functions", "routers"] {
        for reported in [&context["app"], &stopped["app"]] {
            assert_eq!(reported[member], installed[member], "{member}");
        }
    }
    assert_eq!(installed["functions"], json!({"tag": "tag.js"}));
}
