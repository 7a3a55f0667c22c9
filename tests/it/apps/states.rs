//! Where an app stands, as the API says it from its installation to its end.

use std::fs;

use harness::{ADMIN_TOKEN, Gateway, Shelf, footbridge, until};
use serde_json::{Value, json};

use super::stand::{LONG, slow_boot, stand};

#[track_caller]
fn said(gateway: &Gateway, name: &str) -> Value {
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
    until(&format!("{name} is {state}"), LONG, || said(gateway, name)["state"] == state);
}

/// An app that starts only when there is a file `may-start` in its directory.
fn moody(shelf: &Shelf) -> std::path::PathBuf {
    let server = "require('fs').accessSync('may-start');\nmodule.exports = require('./recorder.js');";
    let recorder = include_str!("../../apps/recorder/server.js");
    let package = json!({"name": "moody", "bolt": {"main": "server.js"}});
    shelf.write("moody", &package, &[("server.js", server), ("recorder.js", recorder)])
}

#[test]
fn a_failed_start_is_seen_until_one_does_not_fail() {
    let (shelf, gateway) = stand();
    let dir = moody(&shelf);
    let installed = gateway.apps().install(&dir);
    assert_eq!((&installed["state"], &installed["failure"]), (&json!("stopped"), &json!(null)));
    assert_eq!(gateway.apps().starting("moody").send().status, 502);
    for app in [said(&gateway, "moody"), listed(&gateway, "moody")] {
        assert_eq!((&app["state"], &app["running"]), (&json!("failed"), &json!(false)), "{app}");
        assert!(app["failure"]["why"].as_str().unwrap().contains("may-start"), "{app}");
    }
    // Five starts in a row, and it is left alone for a while.
    until("the back-off", LONG, || {
        let wait = gateway.apps().starting("moody").send().header("retry-after").map(str::to_owned);
        wait.is_some_and(|wait| wait.parse::<u64>().unwrap() >= 5)
    });
    let failure = &said(&gateway, "moody")["failure"];
    assert!(failure["until"].is_string(), "{failure}");
    let env = [("FOOTBRIDGE_SERVER", gateway.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN.to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    for (args, word) in [(&["list"][..], "failed"), (&["show", "moody"], "not before")] {
        let shown = footbridge(shelf.path(), &[&["app"], args].concat(), &env);
        assert!(shown.said.contains(word), "{args:?}: {}", shown.said);
    }
    fs::write(dir.join("may-start"), "").unwrap();
    gateway.apps().replace(&dir);
    assert_eq!(said(&gateway, "moody")["state"], "stopped", "another package, another chance");
    gateway.apps().start("moody");
    let app = said(&gateway, "moody");
    assert_eq!((&app["state"], &app["failure"]), (&json!("running"), &json!(null)));
}

#[test]
fn a_start_and_a_stop_are_seen_while_they_last() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&slow_boot(&shelf, "slow", 1500));
    std::thread::scope(|scope| {
        let start = scope.spawn(|| gateway.apps().start("slow"));
        wait_state(&gateway, "slow", "starting");
        start.join().unwrap();
    });
    assert_eq!(said(&gateway, "slow")["state"], "running");
    // A hook of its own stop that is never answered: it is waited for.
    let server =
        "module.exports = (request, response) => { if (!request.url.includes('stopping')) response.end(); };";
    let package = json!({"name": "sticky", "bolt": {"main": "server.js", "hooks": {"bolt/app-stopping": "hooks/stopping"}}});
    gateway.apps().install(&shelf.write("sticky", &package, &[("server.js", server)]));
    gateway.apps().start("sticky");
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| gateway.apps().stop("sticky"));
        wait_state(&gateway, "sticky", "stopping");
        stop.join().unwrap();
    });
    assert_eq!(said(&gateway, "sticky")["state"], "stopped");
}

#[test]
fn other_states_have_a_word_too() {
    let (shelf, gateway) = stand();
    assert_eq!(said(&gateway, "pen")["state"], "elsewhere");
    gateway.apps().install(&shelf.sample("thumbs"));
    assert_eq!(said(&gateway, "thumbs")["state"], "-");
    gateway.apps().install(&shelf.sample("weather"));
    gateway.admin().done("PATCH", "apps/weather", &json!({"enabled": false}));
    assert_eq!(said(&gateway, "weather")["state"], "disabled");
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
fn an_app_has_the_same_members_wherever_it_is_told_of() {
    let (shelf, gateway) = stand();
    let bolt = json!({"main": "server.js", "functions": {"tag": "tag.js"},
        "routers": {"api": {"main": "api.js", "root": "/api/both", "order": 2}}});
    let files = [
        ("server.js", "module.exports = (request, response) => response.end();"),
        ("api.js", "module.exports = (request, response, next) => next();"),
        ("tag.js", "module.exports = () => 1;"),
    ];
    let installed =
        gateway.apps().install(&shelf.write("both", &json!({"name": "both", "bolt": bolt}), &files));
    let context = gateway.apps().start("both");
    let stopped = gateway.apps().stop("both");
    for member in ["functions", "routers"] {
        for told in [&context["app"], &stopped["app"]] {
            assert_eq!(told[member], installed[member], "{member}");
        }
    }
    assert_eq!(installed["functions"], json!({"tag": "tag.js"}));
}
