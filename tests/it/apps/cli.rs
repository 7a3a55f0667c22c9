//! The commands for installed apps.

use std::path::Path;

use harness::{ADMIN_TOKEN, Exit, Gateway, footbridge, until};
use serde_json::{Value, json};

use super::common::{LONG, ended, start_server};

/// Runs `footbridge app …` in `dir` with this server.
fn app(gateway: &Gateway, dir: &Path, args: &[&str]) -> Exit {
    let url = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", url.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    footbridge(dir, &[&["app"], args].concat(), &env)
}

#[track_caller]
fn output_of(exit: &Exit) -> &str {
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    &exit.output
}

#[track_caller]
fn json_of(exit: &Exit) -> Value {
    let text = output_of(exit);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_command_line_installs_starts_stops_and_removes_an_app() {
    let (app_dir, gateway) = start_server();
    app_dir.sample("db");
    app_dir.sample("weather");
    let run = |args: &[&str]| app(&gateway, app_dir.path(), args);
    // The path is relative to the client, not to the server.
    let installed = run(&["install", "weather"]);
    assert!(output_of(&installed).contains("weather"), "{}", installed.output);
    let warned = run(&["install", "./db"]);
    assert!(output_of(&warned).contains("bolt/app-started"), "the warning is missing: {}", warned.output);
    app_dir.sample("thumbs");
    let functions = run(&["install", "thumbs"]);
    for name in ["thumb", "count"] {
        let listed = output_of(&functions).lines().any(|line| line.split_whitespace().next() == Some(name));
        assert!(listed, "the function {name} is missing: {}", functions.output);
    }
    let again = run(&["install", "weather"]);
    assert!(again.code.is_some_and(|code| code != 0) && again.output.contains("replace"), "{}", again.output);
    output_of(&run(&["install", "weather", "--replace"]));

    let started = run(&["start", "weather"]);
    let port =
        gateway.apps().running().iter().find(|live| live["name"] == "weather").unwrap()["port"].to_string();
    assert!(output_of(&started).contains(&port), "{}", started.output);
    let list = run(&["list"]);
    for word in ["weather", "1.0.0", "db", "pen", "running"] {
        assert!(output_of(&list).contains(word), "{word}: {}", list.output);
    }
    let listed = json_of(&run(&["list", "--json"])).to_string();
    assert!(listed.contains("weather") && listed.contains("pen"), "{listed}");
    let shown = run(&["show", "weather"]);
    assert!(output_of(&shown).contains("running") && output_of(&shown).contains(&port), "{}", shown.output);
    until("the app's output", LONG, || {
        gateway.apps().output("weather").iter().any(|line| line.contains("weather server on port"))
    });
    let logs = run(&["logs", "weather"]);
    assert!(output_of(&logs).contains("weather server on port"), "{}", logs.output);
    output_of(&run(&["stop", "weather"]));
    assert!(!gateway.apps().is_running("weather"));
    let again = run(&["stop", "weather"]);
    assert!(
        again.code.is_some_and(|code| code != 0) && again.output.contains("not running"),
        "{}",
        again.output
    );
    assert!(output_of(&run(&["show", "weather"])).contains("stopped"));
    let unasked = run(&["uninstall", "weather"]);
    assert!(unasked.code == Some(1) && unasked.output.contains("give --yes"), "{}", unasked.output);
    assert!(gateway.apps().is_installed("weather"));
    output_of(&run(&["uninstall", "weather", "--yes"]));
    assert!(!gateway.apps().is_installed("weather"));
    assert!(!output_of(&run(&["list"])).contains("weather"));
}

#[test]
fn undecodable_function_values_are_shown_as_text() {
    let (app_dir, gateway) = start_server();
    let files = [
        ("half.js", "module.exports = () => { console.log('half \\ud800'); return {half: '\\ud800'}; };"),
        (
            "deep.js",
            "module.exports = () => { let deep = []; for (let i = 1; i < 300; i++) deep = [deep]; return deep; };",
        ),
    ];
    let hooks = json!({"*/half": {"route": "half", "type": "function"}, "*/deep": {"route": "deep", "type": "function"}});
    let bolt = json!({"functions": {"half": "half.js", "deep": "deep.js"}, "hooks": hooks});
    gateway.apps().install(&app_dir.write("odd", &json!({"name": "odd", "bolt": bolt}), &files));
    let url = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", url.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let run = |args: &[&str]| footbridge(app_dir.path(), args, &env);
    let deep = "[".repeat(300) + &"]".repeat(300);
    for (name, body, returned) in
        [("half", r#"{"a":"\ud800"}"#, r#"{"half":"\ud800"}"#), ("deep", r#"{"n":1e999}"#, deep.as_str())]
    {
        let answer = gateway.bolt("pen").post(name, format!(r#"{{"body":{body}}}"#));
        let event = answer.json()["body"]["id"].as_str().unwrap().to_owned();
        assert_eq!(ended(&gateway, &event)["status"], "delivered");
        let shown = run(&["event", "show", &event]);
        assert!(output_of(&shown).contains(&format!(" {body}\n")), "{}", shown.output);
        let delivery = gateway.admin().delivery(&event)["id"].as_str().unwrap().to_owned();
        let shown = run(&["delivery", "show", &delivery]);
        assert!(output_of(&shown).contains(&format!("  returned {returned}\n")), "{}", shown.output);
    }
    assert!(output_of(&run(&["event", "list"])).contains("half"));
}

#[test]
fn command_errors_say_what_to_do() {
    let (app_dir, gateway) = start_server();
    let run = |args: &[&str]| app(&gateway, app_dir.path(), args);
    let failing =
        json!({"name": "failing", "footbridge": {"command": ["sh", "-c", "echo no film >&2; exit 7"]}});
    app_dir.write("failing", &failing, &[]);
    app_dir.write("wrong", &json!({"name": "wrong", "bolt": {"main": "absent.js"}}), &[]);
    output_of(&run(&["install", "failing"]));
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
        assert!(exit.code.is_some_and(|code| code != 0), "{args:?}: {}", exit.output);
        for word in words {
            assert!(exit.output.contains(word), "{args:?}: {word:?} is not in {}", exit.output);
        }
    }
    let stranger = footbridge(
        app_dir.path(),
        &["app", "install", "failing", "--replace"],
        &[("FOOTBRIDGE_SERVER", &gateway.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", "wrong")],
    );
    assert!(
        stranger.code.is_some_and(|code| code != 0) && stranger.output.contains("token"),
        "{}",
        stranger.output
    );
}
