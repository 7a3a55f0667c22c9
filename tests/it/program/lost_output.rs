//! Commands whose output cannot be written.

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

use harness::{ADMIN_TOKEN, App, Gateway, Setup, binary, each};
use serde_json::json;

fn command(gateway: &Gateway, words: &str) -> Command {
    let mut command = Command::new(binary());
    command.args(words.split(' ')).current_dir(gateway.dir());
    command.env("FOOTBRIDGE_SERVER", gateway.url("")).env("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

/// Runs a command whose output goes to a full device.
fn run_full(gateway: &Gateway, words: &str) -> Output {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    command(gateway, words).stdout(full).output().unwrap()
}

/// Runs a command whose output goes to a reader that has gone.
fn run_unread(gateway: &Gateway, words: &str) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(gateway, words).stdout(writer).output().unwrap()
}

/// Runs a command without an open standard output.
fn run_closed(gateway: &Gateway, words: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec '{}' {words} >&-", binary().display())).current_dir(gateway.dir());
    shell.env("FOOTBRIDGE_SERVER", gateway.url("")).env("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    shell.stdout(Stdio::piped()).output().unwrap()
}

#[track_caller]
fn assert_failed(output: &Output, says: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(says), "{told}");
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let gateway = Setup::new().app(App::new("camera")).start();
    let commands = ["app list", "app list --json", "config print footbridge.toml", "completion bash", "man"];
    each(commands, |words| {
        assert_failed(&run_full(&gateway, words), "cannot be written");
        assert_failed(&run_closed(&gateway, words), "standard output is closed");
        let unread = run_unread(&gateway, words);
        let told = String::from_utf8_lossy(&unread.stderr);
        assert!(unread.status.success() && !told.contains("written"), "{told}");
    });
    each(["--help", "app --help", "--version"], |words| {
        assert_failed(&run_full(&gateway, words), "cannot be written");
    });
}

#[test]
fn secrets_are_not_asked_for_when_they_cannot_be_shown() {
    let gateway = Setup::new().app(App::new("camera")).start();
    gateway.admin().done("POST", "apps", &json!({"name": "made"}));
    let credentials = || gateway.admin().get("apps/made/credentials");
    let before = credentials();
    let commands =
        ["app add lost", "app secret made", "app secret made --rotate --json", "app rotate made token"];
    each(commands, |words| {
        assert_failed(&run_full(&gateway, words), "was not asked");
        assert_failed(&run_closed(&gateway, words), "was not asked");
    });
    assert_eq!(gateway.admin().call("GET", "apps/lost").send().status, 404);
    assert_eq!(credentials(), before, "nothing was rotated");
    // That the reader has gone shows only afterwards, so the way out is told.
    assert_failed(&run_unread(&gateway, "app add lost"), "`footbridge app secret lost --rotate`");
    let shown = command(&gateway, "app secret lost --rotate").output().unwrap();
    assert!(shown.status.success() && String::from_utf8_lossy(&shown.stdout).contains("signing_secret"));
}
