//! The commands beside `serve`.

use harness::{ADMIN_TOKEN, App, Setup, each, footbridge};
use serde_json::{Value, json};

#[test]
fn what_is_no_command_is_refused_and_help_is_given() {
    let dir = tempfile::tempdir().unwrap();
    each(
        [vec!["dance"], vec!["serve", "--nonsense"], vec!["config", "check"], vec!["config", "dance", "x"]],
        |args| {
            let exit = footbridge(dir.path(), args, &[]);
            assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.said);
        },
    );
    let help = footbridge(dir.path(), &["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for command in ["serve", "demo", "config", "app"] {
        assert!(help.said.contains(command), "{}", help.said);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was created");
}

#[test]
fn a_made_secret_of_the_file_is_shown_by_rotating_it() {
    let gateway = Setup::new()
        .app(App::new("fax"))
        .tail("[[app]]\nname = \"made\"\n[[app]]\nname = \"mixed\"\ntoken = \"token-of-mixed-0f1e2d3c4b\"")
        .start();
    let server = gateway.url("");
    let run = |args: &[&str], env: &[(&str, &str)]| footbridge(gateway.dir(), args, env);
    let by_env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let exit = run(&["app", "secret", "made", "--rotate", "--json"], &by_env);
    assert_eq!(exit.code, Some(0), "{}", exit.said);
    let shown: Value =
        serde_json::from_str(exit.said.trim()).unwrap_or_else(|error| panic!("{error}: {}", exit.said));
    let token = shown["token"].as_str().unwrap_or_else(|| panic!("no token: {shown}"));
    assert_eq!(gateway.bolt_with(token).publish("x", &json!({}))["publisher"], "made");
    let flags = ["app", "secret", "made", "--rotate", "--server", &server, "--admin-token", ADMIN_TOKEN];
    let again = run(&flags, &[]);
    assert_eq!(again.code, Some(0), "{}", again.said);
    assert!(again.said.contains("whsec_") && !again.said.contains(token), "{}", again.said);
    // Of an app to which the file gives some, the others.
    let mixed = run(&["app", "secret", "mixed", "--rotate", "--json"], &by_env);
    assert_eq!(mixed.code, Some(0), "{}", mixed.said);
    let shown: Value = serde_json::from_str(mixed.said.trim()).unwrap();
    assert!(shown["signing_secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{shown}");
    assert_eq!(gateway.bolt_with("token-of-mixed-0f1e2d3c4b").publish("x", &json!({}))["publisher"], "mixed");
    // Without the right, without a server, without such an app: a message and a failure.
    let refused = [
        run(&["app", "secret", "made", "--rotate", "--server", &server, "--admin-token", "wrong"], &[]),
        run(&["app", "secret", "nobody", "--rotate"], &by_env),
        run(&["app", "secret", "made", "--rotate", "--server", "http://127.0.0.1:1"], &by_env[1..]),
    ];
    for exit in refused {
        assert!(exit.code.is_some_and(|code| code != 0) && !exit.said.trim().is_empty(), "{}", exit.said);
    }
}
