//! Apps that fail to start: each failure is reported with its cause and delays no other app.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{Answer, AppDir, Gateway, WAIT, processes_at, until, until_some};
use serde_json::{Value, json};

use super::common::{LONG, publish, setup, start_server};

/// Creates an app that is a shell script.
fn shell(app_dir: &AppDir, name: &str, script: &str) -> PathBuf {
    let package =
        json!({"name": name, "bolt": {"hooks": {"x": "x"}}, "footbridge": {"command": ["sh", "run.sh"]}});
    app_dir.write(name, &package, &[("run.sh", script)])
}

/// Fails unless this is the error of a failed start with all of `words`. Returns the message.
#[track_caller]
fn assert_failed(answer: &Answer, words: &[&str]) -> String {
    assert!(matches!(answer.status, 502..=504), "{} {}", answer.status, answer.text());
    let reported = answer.json();
    assert!(reported["code"].as_u64().is_some_and(|code| code > 0), "{reported}");
    let message = reported["error"]["message"].as_str().unwrap().to_owned();
    for word in words {
        assert!(message.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in {message:?}");
    }
    message
}

#[track_caller]
fn nothing_runs(app_dir: &AppDir, gateway: &Gateway) {
    until("the end of every process", WAIT, || processes_at(app_dir.path(), &gateway.url("")).is_empty());
    assert!(gateway.apps().running().is_empty());
}

#[test]
fn an_app_that_exits_at_once_is_reported_with_its_last_output() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&shell(
        &app_dir,
        "short",
        "echo booting\necho no such table: photos >&2\nexit 3\n",
    ));
    let begun = Instant::now();
    assert_failed(&gateway.apps().starting("short").send(), &["3", "no such table: photos"]);
    assert!(begun.elapsed() < Duration::from_secs(15), "its end was not noticed: {:?}", begun.elapsed());
    nothing_runs(&app_dir, &gateway);
    let output = gateway.apps().output("short");
    assert!(output.contains(&"out: booting".to_owned()), "{output:?}");
    assert!(output.contains(&"err: no such table: photos".to_owned()), "{output:?}");
}

#[test]
fn a_node_app_whose_module_throws_is_reported_with_the_error() {
    let (app_dir, gateway) = start_server();
    let rows = [
        ("throws", "throw new Error('the disk is upside down');", "the disk is upside down"),
        ("misses", "require('no-such-module-anywhere');", "no-such-module-anywhere"),
        ("exports-text", "module.exports = 'hello';", "server.js"),
        ("exports-nothing", "", "server.js"),
        ("syntax", "module.exports = (;", "server.js"),
        ("exits", "process.exit(4);", "4"),
    ];
    for (name, server, word) in rows {
        let package = json!({"name": name, "bolt": {"main": "server.js"}});
        gateway.apps().install(&app_dir.write(name, &package, &[("server.js", server)]));
        assert_failed(&gateway.apps().starting(name).send(), &[word]);
    }
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn a_node_app_that_calls_listen_gets_advice() {
    let (app_dir, gateway) = start_server();
    let server = "const app = require('express')();\nmodule.exports = app.listen(0);";
    let package =
        json!({"name": "listener", "dependencies": {"express": "4"}, "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("listener", &package, &[("server.js", server)]));
    assert_failed(&gateway.apps().starting("listener").send(), &["listen", "server.js"]);
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn an_app_that_never_listens_is_killed_at_its_start_timeout() {
    let app_dir = AppDir::new();
    let gateway = setup().set("runtime", "start_timeout", "\"700ms\"").start();
    gateway.apps().install(&shell(&app_dir, "deaf", "echo thinking\nexec sleep 600\n"));
    let begun = Instant::now();
    assert_failed(&gateway.apps().starting("deaf").send(), &["700"]);
    let took = begun.elapsed();
    assert!((Duration::from_millis(700)..Duration::from_secs(15)).contains(&took), "{took:?}");
    nothing_runs(&app_dir, &gateway);
    // A Node app whose module never finishes loading.
    let package = json!({"name": "busy", "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("busy", &package, &[("server.js", "for (;;);")]));
    assert_failed(&gateway.apps().starting("busy").send(), &["700"]);
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn an_app_that_listens_on_another_port_is_reported_with_that_port() {
    let app_dir = AppDir::new();
    let gateway = setup().set("runtime", "start_timeout", "\"6s\"").start();
    let script = "const server = require('http').createServer(() => {}).listen(0, '127.0.0.1', () => \
                  require('note')('listening', { port: server.address().port }));";
    let package = json!({"name": "stubborn", "footbridge": {"command": ["node", "run.js"]}});
    gateway.apps().install(&app_dir.write("stubborn", &package, &[("run.js", script)]));
    let answer = gateway.apps().starting("stubborn").send();
    let port = app_dir.wait("stubborn", "listening", 1)[0]["port"].to_string();
    assert_failed(&answer, &["PORT", &port]);
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn another_process_on_the_port_is_not_mistaken_for_the_app() {
    let app_dir = AppDir::new();
    let gateway = setup().set("runtime", "start_timeout", "\"15s\"").start();
    // The app prints its port and continues when this test listens on it.
    let script = "echo \"{\\\"app\\\":\\\"late\\\",\\\"what\\\":\\\"port\\\",\\\"port\\\":$PORT}\" >> ../notes.jsonl\n\
                  until [ -e taken ]; do sleep 0.02; done\nexec sleep 600\n";
    let dir = shell(&app_dir, "late", script);
    gateway.apps().install(&dir);
    let start = gateway.apps().starting("late").spawn();
    let port = app_dir.wait("late", "port", 1)[0]["port"].as_u64().unwrap();
    let stranger = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    std::fs::write(dir.join("taken"), "").unwrap();
    let answer = start.join().unwrap().unwrap();
    assert_failed(&answer, &[&port.to_string()]);
    drop(stranger);
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn a_program_that_cannot_run_is_named() {
    let (app_dir, gateway) = start_server();
    let command = |name: &str, words: Value| json!({"name": name, "footbridge": {"command": words}});
    gateway.apps().install(&app_dir.write(
        "absent",
        &command("absent", json!(["no-such-program-here"])),
        &[],
    ));
    assert_failed(&gateway.apps().starting("absent").send(), &["no-such-program-here"]);
    let dir = app_dir.write("plain", &command("plain", json!(["./run"])), &[("run", "#!/bin/sh\n")]);
    // A file without the x permission is reported at install.
    let refused = gateway.apps().installing(&dir, false).send().expect(400);
    assert!(refused.text().contains("chmod +x"), "{}", refused.text());
    let allow = |mode| std::fs::set_permissions(dir.join("run"), Permissions::from_mode(mode)).unwrap();
    allow(0o755);
    gateway.apps().install(&dir);
    allow(0o644);
    assert_failed(&gateway.apps().starting("plain").send(), &["./run"]);
    let dir = app_dir.recorder("moved", &json!({}));
    gateway.apps().install(&dir);
    std::fs::rename(&dir, app_dir.path().join("elsewhere")).unwrap();
    assert_failed(&gateway.apps().starting("moved").send(), &["moved"]);
    nothing_runs(&app_dir, &gateway);
}

#[test]
fn a_node_app_without_node_installed_is_reported() {
    let app_dir = AppDir::new();
    let bin = app_dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let gateway = setup().env("PATH", bin.to_str().unwrap()).start();
    gateway.apps().install(&app_dir.recorder("node-app", &json!({})));
    assert_failed(&gateway.apps().starting("node-app").send(), &["node"]);
}

#[test]
fn starts_are_limited_to_five_in_ten_seconds() {
    let (app_dir, gateway) = start_server();
    let script = "echo '{\"app\":\"crashing\",\"what\":\"boot\"}' >> ../notes.jsonl\nexit 1\n";
    gateway.apps().install(&shell(&app_dir, "crashing", script));
    gateway.apps().install(&app_dir.recorder("healthy", &json!({"hooks": {"x": "x"}})));
    until("a start that is refused for some seconds", LONG, || {
        publish(&gateway, "x", &json!(1));
        let answer = gateway.apps().starting("crashing").send();
        assert_failed(&answer, &[]);
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
        wait.is_some_and(|wait| wait >= 5)
    });
    let counted = app_dir.noted("crashing", "boot").len();
    assert!(counted >= 5, "{counted} starts");
    let refused = Instant::now();
    while refused.elapsed() < Duration::from_secs(3) {
        publish(&gateway, "x", &json!(2));
        assert_failed(&gateway.apps().starting("crashing").send(), &[]);
        harness::pause(Duration::from_millis(100));
    }
    // The loop ends before the five seconds do, unless the machine was blocked. Then one more start is correct.
    if refused.elapsed() < Duration::from_secs(4) {
        assert_eq!(app_dir.noted("crashing", "boot").len(), counted);
    }
    // Other apps are not affected.
    let healthy = app_dir.requests("healthy", "/x").len();
    publish(&gateway, "x", &json!(3));
    app_dir.wait_requests("healthy", "/x", healthy + 1);
    assert_eq!(app_dir.noted("healthy", "boot").len(), 1);
    // After a new install, a start is possible at once.
    gateway.apps().replace(&app_dir.recorder("crashing", &json!({"hooks": {"x": "x"}})));
    gateway.apps().start("crashing");
}

#[test]
fn an_event_for_an_app_that_fails_to_start_stays_pending_with_the_reason() {
    let (app_dir, gateway) = start_server();
    let dir = shell(&app_dir, "ill", "[ -e well ] || { echo not today >&2; exit 9; }\nexec node listen.js\n");
    let listen = "require('http').createServer((q, s) => { require('note')('got', { url: q.url }); s.end(); }).listen(process.env.PORT, '127.0.0.1');";
    std::fs::write(dir.join("listen.js"), listen).unwrap();
    gateway.apps().install(&dir);
    let event = publish(&gateway, "x", &json!(1));
    let first = until_some("a failed attempt", LONG, || {
        let delivery = gateway.admin().delivery(&event);
        (delivery["attempts"].as_u64()? >= 1).then_some(delivery)
    });
    assert_eq!(first["status"], "pending", "{first}");
    let id = first["id"].as_str().unwrap();
    let log = gateway.admin().get(&format!("deliveries/{id}"))["attempt_log"].to_string();
    assert!(log.contains("not today") || log.contains("exit"), "{log}");
    std::fs::write(dir.join("well"), "").unwrap();
    app_dir.wait("ill", "got", 1);
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
}

#[test]
fn the_page_of_an_app_that_fails_to_start_reveals_no_internals() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&shell(&app_dir, "short", "echo secret-path-8812 >&2\nexit 3\n"));
    let page = gateway.apps().page("short", "/");
    assert!(matches!(page.status, 502 | 503), "{}", page.status);
    let text = page.text();
    assert!(!text.contains("secret-path-8812") && !text.contains(app_dir.path().to_str().unwrap()), "{text}");
    assert!(!text.trim().is_empty());
}

#[test]
fn a_crash_in_a_hook_handler_is_reported_as_a_crash() {
    let (app_dir, gateway) = start_server();
    let server = "module.exports = (request, response) => {\n  if (request.url.includes('boom')) process.exit(3);\n  response.end();\n};";
    let package = json!({"name": "frail", "version": "1.0.0",
        "bolt": {"main": "server.js", "hooks": {"boom": "hooks/boom"}}});
    gateway.apps().install(&app_dir.write("frail", &package, &[("server.js", server)]));
    let event = publish(&gateway, "boom", &json!({}));
    let error = until_some("an attempt", LONG, || {
        let delivery = gateway.admin().delivery(&event);
        delivery["last_error"].as_str().map(str::to_owned)
    });
    assert!(error.contains("the app crashed before it answered"), "{error}");
    gateway.apps().uninstall("frail");
}
