//! `footbridge demo`: its steps, and the commands it prints.

use std::path::Path;
use std::process::Command;

use harness::{Console, Setup, footbridge, until};
use serde_json::{Value, json};

/// The default width of a terminal, in columns.
const WIDTH: usize = 80;

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

#[track_caller]
fn assert_fits(output: &str) {
    for line in output.lines() {
        assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
        assert!(!line.contains('\x1b'), "colours are for terminals: {line:?}");
    }
}

#[test]
fn the_demo_reports_each_step_and_its_result() {
    let dir = tempfile::tempdir().unwrap();
    let exit = footbridge(dir.path(), &["demo", "--once"], &[("TMPDIR", dir.path().to_str().unwrap())]);
    let output = exit.output;
    assert_eq!(exit.code, Some(0), "{output}");
    let mut rest = output.as_str();
    for word in [
        "superapp ──▶ Footbridge",
        "user_profile_updated",
        "Footbridge ──▶ shop",
        "shop ──▶ superapp",
        "shop ──▶ Footbridge",
        "order_status_update",
        "Footbridge ──▶ superapp",
        "superapp ──▶ shop",
        "publish order-paid",
        "evt_",
        "attempt 1: 503",
        "attempt 2: 200",
        "nothing lost: accepted 2 = delivered 2 + pending 0",
    ] {
        let (_, after) =
            rest.split_once(word).unwrap_or_else(|| panic!("{word:?} is missing or out of order: {output}"));
        rest = after;
    }
    assert!(!output.contains("curl"), "it ends, so there is nothing to try: {output}");
    assert_fits(&output);
    assert_eq!(count(dir.path()), 0, "its folder is a throw-away");
}

/// The shell blocks of the output, from `# title` to the next empty line.
fn commands(output: &str) -> Vec<&str> {
    output.split("\n\n").filter(|block| block.starts_with("# ")).collect()
}

/// Runs a printed block and returns its output.
fn paste(block: &str) -> Value {
    let out = Command::new("bash").args(["-c", block]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{block}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{block}: {error}: {text}"))
}

#[test]
fn the_commands_the_demo_prints_work_and_a_signal_ends_it() {
    let tmp = tempfile::tempdir().unwrap();
    let setup = Setup::new().env("TMPDIR", tmp.path().to_str().unwrap());
    let mut demo = setup.start_bare(&["demo"]);
    until("the lines to try", harness::WAIT, || demo.stdout().contains("Ctrl-C ends it."));
    let output = demo.stdout();
    assert_fits(&output);
    assert_eq!(count(tmp.path()), 1);
    let open = Console::at(output.lines().find(|line| line.contains("/#setup=")).expect("a link").trim());
    let code = json!({"setup": Console::code(&output)});
    let console = open.signed_in(&code);
    open.send("POST", "session", &code).expect(401);
    let shown = console.get("events?q=app:shop");
    assert_eq!(shown["data"][0]["statuses"], json!({"delivered": 2}), "the demo's own traffic: {shown}");
    let blocks = commands(&output);
    let [exchange, publish, subscribe, ship, unsubscribe, deliveries] = blocks[..] else {
        panic!("six things to try: {blocks:?}");
    };
    assert_eq!(paste(exchange)["ok"], true);
    assert_eq!(paste(publish)["body"]["deliveries"], 2);
    let hook = paste(subscribe)["body"].clone();
    assert_eq!((&hook["event"], &hook["transient"]), (&"order-shipped".into(), &true.into()));
    assert_eq!(paste(ship)["body"]["deliveries"], 1);
    assert_eq!(paste(unsubscribe)["body"][0]["id"], hook["id"]);
    assert_eq!(paste(ship)["body"]["deliveries"], 0);
    assert_eq!(
        paste(deliveries)["data"].as_array().map(Vec::len),
        Some(5),
        "2 of the story, 2 and 1 of ours"
    );
    let got =
        ["──▶ shop  exchange hello", "──▶ mailer  event order-paid", "──▶ superapp  event order-shipped"];
    until("what the apps got", harness::WAIT, || {
        let now = demo.stdout();
        got.iter().all(|line| now[output.len()..].contains(line))
    });
    demo.stop();
    assert_eq!(count(tmp.path()), 0, "its folder is a throw-away");
    assert_eq!(count(demo.dir()), 0, "nothing is left where it was started");
}
