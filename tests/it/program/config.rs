//! The configuration: checked, printed, resolved and applied.

use harness::{App, Exit, Setup, assert_bolt_error, each, footbridge};
use serde_json::json;

fn config(command: &str, text: &str, env: &[(&str, &str)]) -> Exit {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("my.toml"), text).unwrap();
    std::fs::write(dir.path().join("secret.txt"), "token-from-a-file-77aa88bb99cc\n").unwrap();
    footbridge(dir.path(), &["config", command, "my.toml"], env)
}

#[test]
fn a_good_file_passes() {
    let full = Setup::new()
        .app(App::new("fax").url("http://127.0.0.1:9003"))
        .app(App::new("shop"))
        .link("fax", "shop");
    each([String::new(), Setup::new().text(), full.text()], |text| {
        let exit = config("check", text, &[]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
    });
}

#[test]
fn a_bad_file_names_file_line_and_key() {
    let rows = [
        ("listen = 5", 1, "listen"),
        ("\n\nlisten = \"nowhere\"", 3, "listen"),
        ("listne = \"127.0.0.1:0\"", 1, "listne"),
        ("[server]\ndrain = \"soon\"", 2, "drain"),
        ("[server]\ndrain = 10", 2, "drain"),
        ("[server]\nconnections = \"many\"", 2, "connections"),
        ("[server]\nconnections = -1", 2, "connections"),
        ("[bridge]\ntimeout = \"31s\"", 2, "timeout"),
        ("[bridge]\n\ntimeuot = \"5s\"", 3, "timeuot"),
        ("[egress]\nallow = [\"127.0.0.0/99\"]", 2, "allow"),
        ("[egress]\nallow = [\"everything\"]", 2, "allow"),
        ("[egress]\nallow = [\"127.0.0.1/32:9-1\"]", 2, "allow"),
        ("[retry]\nschedule = [\"5s\", \"x\"]", 2, "schedule"),
        ("[limits]\nevent_body = \"big\"", 2, "event_body"),
        ("[limits]\npublish_rate = \"fast\"", 2, "publish_rate"),
        ("[journal]\nkeep = \"\"", 2, "keep"),
        ("[nosuch]\nx = 1", 1, "nosuch"),
        ("[[app]]\ntoken = \"x\"", 1, "name"),
        ("[[app]]\nname = \"Not A Name\"", 2, "name"),
        ("[[app]]\nname = \"bolt\"", 2, "name"),
        ("[[app]]\nname = \"Sub\"", 2, "name"),
        ("[[app]]\nname = \"a\"\n[[app]]\nname = \"A\"", 4, "name"),
        ("[[app]]\nname = \"a\"\nsigning_secret = \"plain\"", 3, "signing_secret"),
        ("[[app]]\nname = \"a\"\nreceiver_url = \"ftp://x/\"", 3, "receiver_url"),
        ("[[app]]\nname = \"a\"\nurl = \"not a url\"", 3, "url"),
        ("[[app]]\nname = \"a\"\nhooks = { \"x\" = { route = \"/x\", type = \"pigeon\" } }", 3, "hooks"),
        ("[[app]]\nname = \"a\"\ntoken = \"env:FB_TEST_NOT_SET\"", 3, "token"),
        ("[[app]]\nname = \"a\"\ntoken = \"file:nowhere.txt\"", 3, "token"),
        ("[[link]]\nhost = \"a\"", 1, "miniapp"),
        ("x = = 1", 1, ""),
        ("[server", 1, ""),
    ];
    each(rows, |(text, line, key)| {
        let exit = config("check", text, &[]);
        assert_eq!(exit.code, Some(1), "{}", exit.output);
        assert!(exit.output.contains("my.toml"), "no file: {}", exit.output);
        assert!(exit.output.contains(key), "no key {key}: {}", exit.output);
        assert!(exit.output.contains(&format!("my.toml:{line}:")), "no line {line}: {}", exit.output);
        assert!(exit.took < std::time::Duration::from_secs(10));
    });
}

#[test]
fn a_server_does_not_start_on_a_bad_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.toml"), "[bridge]\ntimeout = \"1h\"\n").unwrap();
    let exit = footbridge(dir.path(), &["serve", "--config", "bad.toml"], &[]);
    assert!(exit.code.is_some_and(|code| code != 0));
    assert!(exit.output.contains("bad.toml") && exit.output.contains("timeout"), "{}", exit.output);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "something was created");
    let missing = footbridge(dir.path(), &["serve", "--config", "missing.toml"], &[]);
    assert!(
        missing.code.is_some_and(|code| code != 0) && missing.output.contains("missing.toml"),
        "{}",
        missing.output
    );
}

#[test]
fn config_print_shows_effective_values_without_secrets() {
    let text = Setup::new().set("bridge", "timeout", "\"7s\"").app(App::new("fax")).text()
        + "receiver_auth = { name = \"legacy\", secret = \"receiver-secret-55aa12\" }\n";
    let exit = config("print", &text, &[("FOOTBRIDGE_SERVER__DRAIN", "3s")]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    for expected in ["7s", "3s", "fax", "…", "legacy", "127.0.0.0/8"] {
        assert!(exit.output.contains(expected), "no {expected}: {}", exit.output);
    }
    let mut secrets = App::new("fax").secrets();
    secrets.extend([harness::ADMIN_TOKEN.to_owned(), "receiver-secret-55aa12".into()]);
    for secret in secrets {
        assert!(!exit.output.contains(&secret), "{}", exit.output);
    }
}

#[test]
fn the_environment_sets_scalars() {
    let text = Setup::new().text();
    let good = [("FOOTBRIDGE_BRIDGE__TIMEOUT", "4s"), ("FOOTBRIDGE_BOLT__HTTP_200_ERRORS", "true")];
    let exit = config("print", &text, &good);
    assert!(exit.output.contains("4s"), "{}", exit.output);
    let bad = config("check", &text, &[("FOOTBRIDGE_BRIDGE__TIMEOUT", "31s")]);
    assert_eq!(bad.code, Some(1), "{}", bad.output);
    assert!(bad.output.to_lowercase().contains("timeout"), "{}", bad.output);
    let gateway = Setup::new().env("FOOTBRIDGE_BOLT__HTTP_200_ERRORS", "true").start();
    assert_bolt_error(&gateway.call("POST", "/api/events/x").body("{}").send(), 200, 110);
}

#[test]
fn a_secret_may_come_from_the_environment_or_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret.txt");
    std::fs::write(&path, "token-from-a-file-77aa88bb99cc\n").unwrap();
    let apps = format!(
        "[[app]]\nname = \"one\"\ntoken = \"file:{}\"\n[[app]]\nname = \"two\"\ntoken = \"env:FB_TEST_TOKEN\"",
        path.display()
    );
    let gateway = Setup::new().tail(&apps).env("FB_TEST_TOKEN", "token-from-env-11dd22ee33ff").start();
    let publisher = |token: &str| gateway.bolt_with(token).publish("x", &json!({}))["publisher"].clone();
    assert_eq!(publisher("token-from-a-file-77aa88bb99cc"), "one");
    assert_eq!(publisher("token-from-env-11dd22ee33ff"), "two");
    let relative = Setup::new().tail("[[app]]\nname = \"one\"\ntoken = \"file:secret.txt\"").text();
    assert_eq!(config("check", &relative, &[]).code, Some(0));
}

#[test]
fn the_file_is_applied_again_at_every_start() {
    let mut gateway =
        Setup::new().app(App::new("fax").line("token_prefix = \"One\"")).app(App::new("pen")).start();
    assert_eq!(gateway.admin().get("apps/fax")["token_prefix"], "One");
    gateway.stop();
    let fax = App::new("fax").line("token_prefix = \"Two\"");
    gateway.start_changed(|setup| setup.without_app("fax").app(fax));
    assert_eq!(gateway.admin().get("apps/fax")["token_prefix"], "Two");
}

#[test]
fn an_app_taken_out_of_the_file_is_disabled_not_deleted() {
    let receiver = harness::Receiver::start();
    let pen = App::new("pen").url(&receiver.url("")).hooks(r#""*/x" = "x""#);
    let token = pen.token.clone();
    let mut gateway = Setup::new().app(App::new("fax")).app(pen.clone()).start();
    gateway.bolt("pen").publish("x", &json!({}));
    receiver.wait(1);
    gateway.stop().start_changed(|setup| setup.without_app("pen"));
    gateway.admin().get("apps/pen");
    let answer = gateway.bolt_with(&token).post("x", "{}");
    assert_eq!(answer.status, 401, "{}", answer.text());
    gateway.bolt("fax").publish("x", &json!({}));
    harness::pause(std::time::Duration::from_millis(100));
    assert_eq!(receiver.count(), 1, "a disabled app still hears");
    gateway.stop().start_changed(|setup| setup.app(pen));
    assert_eq!(gateway.bolt("pen").publish("x", &json!({}))["publisher"], "pen");
}
