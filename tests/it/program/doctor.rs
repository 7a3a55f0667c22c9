//! The doctor of a server in a bad state: it finds every fault, and says what to do about it.

use harness::{App, Receiver, Setup, WAIT, footbridge, refused_address, until};
use serde_json::{Value, json};

use super::clock::{YEAR, set, shifted};

#[test]
fn ten_planted_faults_are_found_each_with_its_fix() {
    let (receiver, dir) = (Receiver::start(), tempfile::tempdir().unwrap());
    let (env, off) = shifted(dir.path());
    let plain = receiver.url("/").replace("http://", "https://");
    let setup = Setup::strict()
        .root("listen", "\"0.0.0.0:0\"")
        .root("public_url", "\"http://events.example\"")
        .set("console", "listen", "\"0.0.0.0:0\"")
        .set("console", "insecure", "true")
        .set("stats", "enabled", "false")
        .set("egress", "allow", "[\"::/0\"]")
        .app(App::new("down").url(&format!("http://{}", refused_address())))
        .app(App::new("lost").url("http://no-such-host.invalid"))
        .app(App::new("plain").url(&plain))
        .app(App::new("inner").hooks(r#""down/*" = { type = "web", route = "http://localhost:9/x" }"#))
        .app(App::new("typo").url(&receiver.url("/")).hooks(r#""dwon/paid" = "in""#));
    let setup = env.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
    let gateway = setup.start();
    gateway.admin().done("POST", "apps", &json!({"name": "late"}));
    gateway.admin().done("POST", "apps/late/rotate", &json!({"secrets": ["token"]}));
    set(&off, 70 * YEAR);
    gateway.bolt("down").publish("x", &json!({}));
    let mut found = Vec::new();
    until("the doubt about the clock, and a handshake that ended in time", WAIT, || {
        found = gateway.admin().get("doctor")["data"].as_array().unwrap().clone();
        let doubt = found.iter().any(|row| row["check"] == "clock" && row["level"] == "error");
        // On a slow machine the certificates are read for longer than a receiver is tried.
        let late =
            |row: &Value| row["text"].as_str().unwrap().contains("of plain cannot be reached: timeout");
        doubt && !found.iter().any(late)
    });
    for (check, level, part) in [
        ("receivers", "error", "of down cannot be reached"),
        ("receivers", "error", "of lost cannot be reached"),
        ("receivers", "error", "of plain cannot be reached"),
        ("receivers", "error", "of inner cannot be reached"),
        ("config", "warning", "dwon"),
        ("ports", "warning", "without TLS"),
        ("console", "warning", "without TLS"),
        ("statistics", "warning", "statistics are off"),
        ("address policy", "warning", "every address"),
        ("secrets", "warning", "the old token of late"),
        ("clock", "error", "clock"),
    ] {
        let fault = |row: &&Value| row["check"] == check && row["text"].as_str().unwrap().contains(part);
        let row = found.iter().find(fault).unwrap_or_else(|| panic!("no {check}, {part}: {found:#?}"));
        assert_eq!(row["level"], level, "{row}");
        assert!(row["fix"].as_str().is_some_and(|fix| fix.len() > 20), "{row}");
    }
    let fix = |part: &str| {
        let row = found.iter().find(|row| row["text"].as_str().unwrap().contains(part)).unwrap();
        row["fix"].as_str().unwrap().to_owned()
    };
    assert!(fix("of plain").contains("certificate") && fix("of inner").contains("[egress] allow"));
    let server = gateway.url("");
    let env = [("FOOTBRIDGE_SERVER", server.as_str()), ("FOOTBRIDGE_ADMIN_TOKEN", harness::ADMIN_TOKEN)];
    let exit = footbridge(gateway.dir(), &["doctor"], &env);
    assert_eq!(exit.code, Some(2), "{}", exit.output);
    let (marks, fixes) = (exit.output.matches(['✖', '▲']).count(), exit.output.matches("    → ").count());
    assert!(marks >= 11 && fixes >= marks, "each fault has a fix: {}", exit.output);
    set(&off, 0);
}
