//! The environment of an app: variables, user, limits and open files. Nothing of the server leaks into it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use harness::{App, AppDir, Gateway, Setup, WAIT, root, until};
use serde_json::{Value, json};

use super::common::{publish, setup};

const ALLOWED: [&str; 8] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "PORT", "BOLT_ADDRESS", "FOOTBRIDGE_APP"];

/// A server with more environment variables than apps may see.
fn rich() -> Setup {
    setup()
        .set("runtime", "pass_env", r#"["PASSED", "ABSENT"]"#)
        .env("PASSED", "on")
        .env("TZ", "UTC")
        .env("LANG", "C.UTF-8")
        .env("LC_TIME", "C")
        .env("AWS_SECRET_ACCESS_KEY", "aws-secret-91b2")
        .env("NODE_OPTIONS", "--no-warnings")
        .env("LD_LIBRARY_PATH", "/nowhere")
        .env("FOOTBRIDGE_SERVER__DRAIN", "9s")
}

#[track_caller]
fn check_environment(gateway: &Gateway, app: &str, env: &Value, system: bool) {
    let env = env.as_object().unwrap();
    let names: BTreeSet<&str> = env.keys().map(String::as_str).collect();
    let known = |name: &&str| {
        ALLOWED.contains(name) || name.starts_with("LC_") || *name == "PASSED" || *name == "BOLT_CHILD_PROC"
    };
    // Only command apps get this variable: they check the sender of a request themselves.
    let own = |name: &str| app == "album" && name == "FOOTBRIDGE_RUN_SECRET";
    let more: Vec<&&str> = names.iter().filter(|name| !known(name) && !own(name)).collect();
    assert!(more.is_empty(), "{app} sees {more:?}");
    let value = |name: &str| env.get(name).and_then(Value::as_str);
    assert_eq!(value("BOLT_ADDRESS"), Some(gateway.url("").as_str()));
    assert_eq!(value("FOOTBRIDGE_APP"), Some(app));
    assert!(value("PORT").is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{env:?}");
    assert_eq!(value("PASSED"), Some("on"));
    assert_eq!((value("TZ"), value("LC_TIME"), value("LANG")), (Some("UTC"), Some("C"), Some("C.UTF-8")));
    assert!(value("PATH").is_some());
    assert_eq!(value("BOLT_CHILD_PROC"), (!system).then_some("true"));
}

#[test]
fn the_environment_is_the_documented_one_and_no_more() {
    let app_dir = AppDir::new();
    let gateway = rich().start();
    gateway.apps().install(&app_dir.recorder("plain", &json!({})));
    gateway.apps().install(&app_dir.recorder("system", &json!({"system": true})));
    gateway.apps().install(&app_dir.sample("album"));
    gateway.apps().install(&app_dir.sample("weather"));
    for app in ["plain", "system", "album", "weather"] {
        let context = gateway.apps().start(app);
        let boot = app_dir.wait(app, "boot", 1).remove(0);
        if app == "weather" {
            let names: Vec<&str> =
                boot["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(!names.contains(&"AWS_SECRET_ACCESS_KEY") && names.contains(&"PORT"), "{names:?}");
            continue;
        }
        check_environment(&gateway, app, &boot["env"], app == "system");
        if app != "album" {
            let dir = fs::canonicalize(app_dir.path().join(app)).unwrap();
            assert_eq!(boot["cwd"], dir.to_str().unwrap(), "an app runs in its directory");
        }
        let port = boot["env"]["PORT"].as_str().unwrap();
        assert_eq!(port, context["port"].to_string(), "{app} does not listen on its assigned port");
    }
}

/// An app that reports what it can access of the server.
const SPY: &str = r"
    const fs = require('fs');
    const note = require('note');
    const tried = (what) => { try { return String(what()); } catch (error) { return 'refused: ' + error.code; } };
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    const files = fs.readdirSync('/proc/self/fd').map((fd) => tried(() => fs.readlinkSync('/proc/self/fd/' + fd)));
    module.exports = (request, response) => {
      if (request.url.startsWith('/see')) {
        const asked = JSON.parse(decodeURIComponent(request.url.split('?')[1]));
        note('saw', {
          uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), files, status,
          limits: fs.readFileSync('/proc/self/limits', 'utf8'),
          read: asked.read.map((file) => tried(() => fs.readFileSync(file).length)),
          kill: asked.kill.map((pid) => tried(() => process.kill(pid, 0))),
          processes: fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) =>
            tried(() => fs.readFileSync('/proc/' + pid + '/environ', 'utf8'))),
        });
      }
      response.end();
    };";

#[track_caller]
fn spy(app_dir: &AppDir, gateway: &Gateway) -> Value {
    let package = json!({"name": "spy", "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("spy", &package, &[("server.js", SPY)]));
    let dir = gateway.dir();
    let mut read: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.is_file()))
        .map(|entry| entry.path().display().to_string())
        .filter(|path| !path.ends_with("footbridge.toml"))
        .collect();
    read.push(format!("/proc/{}/environ", gateway.pid()));
    read.push(format!("/proc/{}/mem", gateway.pid()));
    let asked = json!({"read": read, "kill": [gateway.pid()]}).to_string();
    let query = asked.bytes().fold(String::new(), |query, byte| query + &format!("%{byte:02x}"));
    gateway.apps().page("spy", &format!("/see?{query}")).expect(200);
    app_dir.wait("spy", "saw", 1).remove(0)
}

#[test]
fn an_app_of_another_user_can_read_nothing_of_the_server() {
    if !root() {
        return;
    }
    let app_dir = AppDir::new();
    let mut gateway =
        setup().env("SERVER_SECRET", "server-secret-3c1d").set("runtime", "user", "\"nobody\"").start();
    // Other users can usually enter the directory of the server.
    fs::set_permissions(gateway.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let saw = spy(&app_dir, &gateway);
    assert_eq!((saw["uid"].as_u64(), saw["gid"].as_u64()), (Some(65534), Some(65534)), "{saw}");
    assert!(saw["groups"].as_array().unwrap().iter().all(|group| group != 0), "{}", saw["groups"]);
    for what in ["read", "kill"] {
        let refused = |answer: &Value| answer.as_str().is_some_and(|answer| answer.starts_with("refused"));
        assert!(saw[what].as_array().unwrap().iter().all(refused), "{what}: {}", saw[what]);
    }
    assert!(!saw["processes"].to_string().contains("server-secret-3c1d"));
    let files = saw["files"].to_string();
    assert!(!files.contains(".db") && !files.contains(gateway.dir().to_str().unwrap()), "{files}");
    let status = saw["status"].as_str().unwrap();
    let value =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(value("NoNewPrivs:"), "1");
    for kind in ["CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(value(kind).trim_start_matches('0'), "", "{kind}");
    }
    let limits = saw["limits"].as_str().unwrap();
    let soft = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(soft("Max core file size"), "0");
    assert_ne!(soft("Max processes"), "unlimited", "{limits}");
    assert!(soft("Max address space") != "unlimited" || soft("Max data size") != "unlimited", "{limits}");
    let health = gateway.get("/healthz").text();
    assert!(!health.contains("server's secrets"), "{health}");
    gateway.assert_healthy();
    // The app can use its packages, hooks and token.
    gateway.apps().install(&app_dir.sample("chat"));
    gateway.apps().start("chat");
    gateway.apps().visit("POST", "chat", "/chats").json(&json!({"text": "hi"})).send().expect(201);
    app_dir.wait("chat", "received", 1);
    gateway.apps().stop("chat");
    gateway.stop();
    assert!(harness::processes_at(app_dir.path(), &gateway.url("")).is_empty());
}

#[test]
fn secret_files_that_apps_can_read_are_reported() {
    if !root() {
        return;
    }
    let mut gateway = setup().set("runtime", "user", "\"nobody\"").start();
    let reported = |gateway: &Gateway| {
        let health = gateway.get("/healthz").json();
        let all =
            health["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap().to_owned());
        all.filter(|warning| warning.contains("can read")).collect::<Vec<_>>()
    };
    let mut start_with = |dir: u32, file: u32| {
        gateway.stop();
        fs::set_permissions(gateway.dir().join("footbridge.toml"), fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(gateway.dir(), fs::Permissions::from_mode(dir)).unwrap();
        gateway.start_again();
        let warnings = reported(&gateway);
        // Standard output may arrive later than the answer of `/healthz`.
        if !warnings.is_empty() {
            until("the printed warning", WAIT, || gateway.stdout().contains("can read"));
        }
        let printed = gateway.stdout().contains("can read");
        (warnings, printed)
    };
    let (warnings, _) = start_with(0o700, 0o644);
    assert!(warnings.is_empty(), "nobody else gets into its directory: {warnings:?}");
    let (warnings, printed) = start_with(0o755, 0o644);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        printed && warnings[0].contains("footbridge.toml") && warnings[0].contains("nobody"),
        "{warnings:?}"
    );
    let (warnings, _) = start_with(0o755, 0o600);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn apps_that_run_as_the_server_itself_are_warned_about() {
    let app_dir = AppDir::new();
    let gateway = setup().app(App::new("fax")).start();
    let saw = spy(&app_dir, &gateway);
    assert!(!saw["files"].to_string().contains(".db"), "{}", saw["files"]);
    let health = gateway.get("/healthz").text();
    assert!(health.contains("user"), "{health}");
    let log = gateway.stderr();
    assert!(log.contains("runtime") || log.contains("apps"), "{log}");
}

#[test]
fn a_command_app_inherits_only_its_three_standard_streams() {
    let app_dir = AppDir::new();
    // A descriptor that the server inherits by mistake, as from some shells.
    let stray = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stray.set_cloexec(false).unwrap();
    let gateway = setup().start();
    let run = "use IO::Socket::INET; $| = 1; opendir(my $all, '/proc/self/fd');\n\
        for my $fd (readdir $all) { print \"file $fd \", readlink(\"/proc/self/fd/$fd\"), \"\\n\" if $fd =~ /^\\d/ }\n\
        closedir $all; print \"listed\\n\"; my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 9);\n\
        while (my $client = $server->accept) { close $client }";
    let package = json!({"name": "bare", "footbridge": {"command": ["perl", "-e", run]}});
    gateway.apps().install(&app_dir.write("bare", &package, &[]));
    gateway.apps().start("bare");
    until("the end of the list", WAIT, || gateway.apps().output("bare").contains(&"out: listed".to_owned()));
    let output = gateway.apps().output("bare");
    let mut files: Vec<&str> = output.iter().filter_map(|line| line.strip_prefix("out: file ")).collect();
    // Without the descriptor of the listing itself.
    files.retain(|file| !(file.contains(" /proc/") && file.ends_with("/fd")));
    let numbers: Vec<&str> = files.iter().map(|file| file.split(' ').next().unwrap()).collect();
    assert_eq!(numbers, ["0", "1", "2"], "{files:?}");
    assert_eq!(files[0], "0 /dev/null");
}

#[test]
fn root_starts_no_app_without_a_configured_user() {
    if !root() {
        return;
    }
    let app_dir = AppDir::new();
    let gateway = Setup::new().app(App::new("pen")).start();
    gateway.apps().install(&app_dir.recorder("app", &json!({"hooks": {"x": "x"}})));
    let answer = gateway.apps().starting("app").send();
    assert!(answer.status >= 400, "{}", answer.text());
    let message = answer.json()["error"]["message"].to_string();
    assert!(message.contains("[runtime]") && message.contains("user"), "{message}");
    publish(&gateway, "x", &json!(1));
    assert!(gateway.apps().page("app", "/").status >= 500);
    assert!(app_dir.notes().is_empty());
}

#[test]
fn an_unknown_app_user_fails_the_server_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = setup().set("runtime", "user", "\"no-such-user-here\"").text();
    fs::write(dir.path().join("footbridge.toml"), file).unwrap();
    let exit = harness::footbridge(dir.path(), &["serve", "--config", "footbridge.toml"], &[]);
    assert!(exit.code.is_some_and(|code| code != 0), "{}", exit.output);
    assert!(exit.output.contains("no-such-user-here"), "{}", exit.output);
}
