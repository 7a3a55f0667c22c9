//! The commands other than `serve`.

use std::process::Command;

use harness::{ADMIN_TOKEN, App, Setup, each, footbridge};
use serde_json::{Value, json};

#[test]
fn unknown_commands_are_refused_with_help() {
    let dir = tempfile::tempdir().unwrap();
    each(
        [vec!["dance"], vec!["serve", "--nonsense"], vec!["config", "check"], vec!["config", "dance", "x"]],
        |args| {
            let exit = footbridge(dir.path(), args, &[]);
            assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
        },
    );
    let help = footbridge(dir.path(), &["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for command in ["serve", "demo", "config", "app"] {
        assert!(help.output.contains(command), "{}", help.output);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was created");
}

#[test]
fn it_prints_its_completion_and_its_manual() {
    let dir = tempfile::tempdir().unwrap();
    let say = |args: &[&str]| {
        let exit = footbridge(dir.path(), args, &[]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
        exit.output
    };
    each(["bash", "zsh", "fish"], |shell| {
        let script = say(&["completion", shell]);
        assert!(script.contains("delivery") && script.contains("uninstall"), "{script}");
    });
    // Bash accepts the script and completes with it.
    std::fs::write(dir.path().join("completion"), say(&["completion", "bash"])).unwrap();
    let ask = "source ./completion; COMP_WORDS=(footbridge conf) COMP_CWORD=1
        _footbridge footbridge conf footbridge; echo \"${COMPREPLY[*]}\"";
    let bash = Command::new("bash").args(["-c", ask]).current_dir(dir.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "config", "{bash:?}");
    assert!(say(&["man"]).contains(".TH footbridge 1"));
    say(&["man", "--dir", "pages"]);
    each(["footbridge.1", "footbridge-serve.1", "footbridge-app-install.1"], |page| {
        let text = std::fs::read_to_string(dir.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{text}");
    });
    let exit = footbridge(dir.path(), &["man", "--dir", "completion"], &[]);
    assert!(
        exit.code == Some(1) && exit.output.contains("cannot write the manual pages to completion"),
        "{}",
        exit.output
    );
}

#[test]
fn rotating_shows_a_generated_secret_of_a_file_app() {
    let gateway = Setup::new()
        .app(App::new("fax"))
        .tail("[[app]]\nname = \"made\"\n[[app]]\nname = \"mixed\"\ntoken = \"token-of-mixed-0f1e2d3c4b\"")
        .start();
    let server = gateway.url("");
    let run = |args: &[&str], env: &[(&str, &str)]| footbridge(gateway.dir(), args, env);
    let by_env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let exit = run(&["app", "secret", "made", "--rotate", "--json"], &by_env);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    let shown: Value =
        serde_json::from_str(exit.output.trim()).unwrap_or_else(|error| panic!("{error}: {}", exit.output));
    let token = shown["token"].as_str().unwrap_or_else(|| panic!("no token: {shown}"));
    assert_eq!(gateway.bolt_with(token).publish("x", &json!({}))["publisher"], "made");
    let flags = ["app", "secret", "made", "--rotate", "--server", &server, "--admin-token", ADMIN_TOKEN];
    let again = run(&flags, &[]);
    assert_eq!(again.code, Some(0), "{}", again.output);
    assert!(again.output.contains("whsec_") && !again.output.contains(token), "{}", again.output);
    // An app with only some of its secrets in the file: the others are generated.
    let mixed = run(&["app", "secret", "mixed", "--rotate", "--json"], &by_env);
    assert_eq!(mixed.code, Some(0), "{}", mixed.output);
    let shown: Value = serde_json::from_str(mixed.output.trim()).unwrap();
    assert!(shown["signing_secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{shown}");
    assert_eq!(gateway.bolt_with("token-of-mixed-0f1e2d3c4b").publish("x", &json!({}))["publisher"], "mixed");
    // Without permission, server or app: a message and a failure.
    let refused = [
        run(&["app", "secret", "made", "--rotate", "--server", &server, "--admin-token", "wrong"], &[]),
        run(&["app", "secret", "nobody", "--rotate"], &by_env),
        run(&["app", "secret", "made", "--rotate", "--server", "http://127.0.0.1:1"], &by_env[1..]),
    ];
    for exit in refused {
        assert!(exit.code.is_some_and(|code| code != 0) && !exit.output.trim().is_empty(), "{}", exit.output);
    }
}

#[test]
fn an_empty_list_says_that_the_name_or_the_event_does_not_exist() {
    let gateway = harness::Setup::new().app(harness::App::new("camera")).start();
    let server = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let run = |words: &str| footbridge(gateway.dir(), &words.split(' ').collect::<Vec<_>>(), &env).output;
    let lists = [
        "exchange list --app",
        "event list --publisher",
        "lane list --app",
        "hook list --app",
        "delivery list --app",
    ];
    harness::each(lists, |list| {
        let shown = run(&format!("{list} typo"));
        assert!(shown.contains("there is no app `typo`; `footbridge app list`"), "{shown}");
        let shown = run(&format!("{list} camera"));
        assert!(shown.starts_with("no "), "{shown}");
    });
    let shown = run("delivery list --event evt_0000000000000");
    assert!(shown.contains("there is no such event"), "{shown}");
    for words in ["app show typo", "app secret typo"] {
        let shown = run(words);
        assert!(shown.contains("there is no app `typo`; `footbridge app list`"), "{shown}");
    }
    let hooks = gateway.admin().all("hooks?app=bolt");
    let own = hooks[0]["id"].as_str().unwrap();
    let answer =
        gateway.admin().send("PATCH", &format!("hooks/{own}"), &serde_json::json!({"enabled": false}));
    assert!(answer.status == 409 && answer.text().contains("the server's own"), "{}", answer.text());
}
