//! The commands for installed apps.

use std::path::Path;

use harness::{ADMIN_TOKEN, Exit, Gateway, footbridge};
use serde_json::{Value, json};

use super::stand::{ended, stand};

/// Runs `footbridge app …` in `dir` against this server.
fn app(gateway: &Gateway, dir: &Path, args: &[&str]) -> Exit {
    let url = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", url.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    footbridge(dir, &[&["app"], args].concat(), &env)
}

#[track_caller]
fn said(exit: &Exit) -> &str {
    assert_eq!(exit.code, Some(0), "{}", exit.said);
    &exit.said
}

#[track_caller]
fn json_of(exit: &Exit) -> Value {
    let text = said(exit);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_app_goes_through_its_life_on_the_command_line() {
    let (shelf, gateway) = stand();
    shelf.sample("db");
    shelf.sample("weather");
    let run = |args: &[&str]| app(&gateway, shelf.path(), args);
    // The path is the client's: the server may run elsewhere in the tree.
    let installed = run(&["install", "weather"]);
    assert!(said(&installed).contains("weather"), "{}", installed.said);
    let warned = run(&["install", "./db"]);
    assert!(said(&warned).contains("bolt/app-started"), "the warning is missing: {}", warned.said);
    shelf.sample("thumbs");
    let functions = run(&["install", "thumbs"]);
    for name in ["thumb", "count"] {
        let listed = said(&functions).lines().any(|line| line.split_whitespace().next() == Some(name));
        assert!(listed, "the function {name} is missing: {}", functions.said);
    }
    let again = run(&["install", "weather"]);
    assert!(again.code.is_some_and(|code| code != 0) && again.said.contains("replace"), "{}", again.said);
    said(&run(&["install", "weather", "--replace"]));

    let started = run(&["start", "weather"]);
    let port =
        gateway.apps().live().iter().find(|live| live["name"] == "weather").unwrap()["port"].to_string();
    assert!(said(&started).contains(&port), "{}", started.said);
    let list = run(&["list"]);
    for word in ["weather", "1.0.0", "db", "pen", "running"] {
        assert!(said(&list).contains(word), "{word}: {}", list.said);
    }
    let listed = json_of(&run(&["list", "--json"])).to_string();
    assert!(listed.contains("weather") && listed.contains("pen"), "{listed}");
    let shown = run(&["show", "weather"]);
    assert!(said(&shown).contains("running") && said(&shown).contains(&port), "{}", shown.said);
    let logs = run(&["logs", "weather"]);
    assert!(said(&logs).contains("the weather is told on port"), "{}", logs.said);
    said(&run(&["stop", "weather"]));
    assert!(!gateway.apps().runs("weather"));
    let again = run(&["stop", "weather"]);
    assert!(again.code.is_some_and(|code| code != 0) && again.said.contains("not running"), "{}", again.said);
    assert!(said(&run(&["show", "weather"])).contains("stopped"));
    let unasked = run(&["uninstall", "weather"]);
    assert!(unasked.code == Some(1) && unasked.said.contains("give --yes"), "{}", unasked.said);
    assert!(gateway.apps().knows("weather"));
    said(&run(&["uninstall", "weather", "--yes"]));
    assert!(!gateway.apps().knows("weather"));
    assert!(!said(&run(&["list"])).contains("weather"));
}

#[test]
fn what_cannot_be_read_into_values_is_shown_as_it_is() {
    let (shelf, gateway) = stand();
    let files = [
        ("half.js", "module.exports = () => { console.log('half \\ud800'); return {half: '\\ud800'}; };"),
        (
            "deep.js",
            "module.exports = () => { let deep = []; for (let i = 1; i < 300; i++) deep = [deep]; return deep; };",
        ),
    ];
    let hooks = json!({"*/half": {"route": "half", "type": "function"}, "*/deep": {"route": "deep", "type": "function"}});
    let bolt = json!({"functions": {"half": "half.js", "deep": "deep.js"}, "hooks": hooks});
    gateway.apps().install(&shelf.write("odd", &json!({"name": "odd", "bolt": bolt}), &files));
    let url = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", url.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let run = |args: &[&str]| footbridge(shelf.path(), args, &env);
    let deep = "[".repeat(300) + &"]".repeat(300);
    for (name, body, returned) in
        [("half", r#"{"a":"\ud800"}"#, r#"{"half":"\ud800"}"#), ("deep", r#"{"n":1e999}"#, deep.as_str())]
    {
        let answer = gateway.bolt("pen").post(name, format!(r#"{{"body":{body}}}"#));
        let event = answer.json()["body"]["id"].as_str().unwrap().to_owned();
        assert_eq!(ended(&gateway, &event)["status"], "delivered");
        let shown = run(&["event", "show", &event]);
        assert!(said(&shown).contains(&format!(" {body}\n")), "{}", shown.said);
        let delivery = gateway.admin().delivery(&event)["id"].as_str().unwrap().to_owned();
        let shown = run(&["delivery", "show", &delivery]);
        assert!(said(&shown).contains(&format!("  returned {returned}\n")), "{}", shown.said);
    }
    assert!(said(&run(&["event", "list"])).contains("half"));
}

#[test]
fn what_goes_wrong_is_told_with_what_to_do() {
    let (shelf, gateway) = stand();
    let run = |args: &[&str]| app(&gateway, shelf.path(), args);
    let failing =
        json!({"name": "failing", "footbridge": {"command": ["sh", "-c", "echo no film >&2; exit 7"]}});
    shelf.write("failing", &failing, &[]);
    shelf.write("wrong", &json!({"name": "wrong", "bolt": {"main": "absent.js"}}), &[]);
    said(&run(&["install", "failing"]));
    let rows: [(&[&str], &[&str]); 7] = [
        (&["start", "failing"], &["7", "no film"]),
        (&["install", "wrong"], &["absent.js"]),
        (&["install", "nowhere"], &["nowhere"]),
        (&["start", "nobody"], &["nobody"]),
        (&["logs", "nobody"], &["nobody"]),
        (&["uninstall", "nobody", "--yes"], &["nobody"]),
        (&["install"], &["DIR"]),
    ];
    for (args, words) in rows {
        let exit = run(args);
        assert!(exit.code.is_some_and(|code| code != 0), "{args:?}: {}", exit.said);
        for word in words {
            assert!(exit.said.contains(word), "{args:?}: {word:?} is not in {}", exit.said);
        }
    }
    let stranger = footbridge(
        shelf.path(),
        &["app", "install", "failing", "--replace"],
        &[("FOOTBRIDGE_SERVER", &gateway.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", "wrong")],
    );
    assert!(
        stranger.code.is_some_and(|code| code != 0) && stranger.said.contains("token"),
        "{}",
        stranger.said
    );
}
