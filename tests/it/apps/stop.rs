//! Stopping, crashing, being idle, and a server that is killed: nothing of an app is left behind.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{Gateway, Shelf, WAIT, assert_bolt_error, descendants, processes_at, until};
use serde_json::json;

use super::stand::{LONG, ended, hooks, publish, setup, stand, wait_told, watched};

/// Waits until nothing of what was installed from this shelf runs.
#[track_caller]
fn nothing_left(shelf: &Shelf, gateway: &Gateway, within: Duration) {
    let mut left = Vec::new();
    let begun = Instant::now();
    loop {
        left.clone_from(&processes_at(shelf.path(), &gateway.url("")));
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < within, "after {within:?} these still run: {left:#?}");
        harness::pause(Duration::from_millis(5));
    }
}

/// A shell app that starts a listener and, before it, children that leave its session and its group.
fn forking(shelf: &Shelf, name: &str) -> PathBuf {
    let listen = "const note = require('note');\n\
        require('http').createServer((q, s) => { q.resume(); s.end('ok'); })\n\
          .listen(process.env.PORT, '127.0.0.1', () => note('up'));";
    let run = "sleep 601 &\nsetsid sleep 602 &\nsetsid sh -c 'setsid sleep 603 & sleep 604' &\n\
               env -i sh -c 'setsid sleep 605 </dev/null >/dev/null 2>&1 &'\nexec node listen.js\n";
    let package =
        json!({"name": name, "bolt": {"hooks": {"x": "x"}}, "footbridge": {"command": ["sh", "run.sh"]}});
    shelf.write(name, &package, &[("run.sh", run), ("listen.js", listen)])
}

#[test]
fn stopping_tells_the_app_first_and_everyone_afterwards() {
    let (shelf, gateway, watcher) = watched();
    let stopping = json!({"hooks": {"bolt/app-stopping": "hooks/stopping/after/300"}});
    gateway.apps().install(&shelf.recorder("ender", &stopping));
    let context = gateway.apps().start("ender");
    let token = shelf.token("ender");
    let stopped = gateway.apps().stop("ender");
    assert_eq!(stopped["pid"], context["pid"], "{stopped}");
    let notes = shelf.notes();
    let order: Vec<&str> = notes
        .iter()
        .filter_map(|note| match note["what"].as_str()? {
            "got" => note["url"].as_str(),
            what => Some(what),
        })
        .collect();
    assert_eq!(order, ["boot", "/hooks/starting", "/hooks/stopping/after/300", "sigterm"]);
    let event = &shelf.got("ender", "/hooks/stopping/after/300")[0];
    assert_eq!((&event["name"], &event["publisher"]), (&json!("app-stopping"), &json!("bolt")));
    assert_eq!(event["body"]["name"], "ender", "{event}");
    assert_eq!(event["body"]["port"], context["port"], "{event}");
    assert_eq!(event["token"], token.as_str(), "its token still counts while it is told");
    let at = |what: &str| {
        notes.iter().find(|note| note["what"] == what || note["url"] == what).unwrap()["at"].as_u64()
    };
    assert!(
        at("sigterm") >= at("/hooks/stopping/after/300").map(|at| at + 300),
        "its answer was not waited for"
    );
    let event = wait_told(&watcher, "ender", "app-stopped");
    assert_eq!(event["body"]["reason"], "stop", "{event}");
    assert!(!gateway.apps().runs("ender"));
    nothing_left(&shelf, &gateway, Duration::from_secs(1));
    assert_bolt_error(&gateway.apps().call("POST", "/stop").json(&json!({"name": "ender"})).send(), 409, 420);
}

#[test]
fn an_app_that_will_not_end_is_ended() {
    let (shelf, gateway) = stand();
    let run = "process.on('SIGTERM', () => require('note')('sigterm'));\n\
               require('http').createServer((q, s) => s.end()).listen(process.env.PORT, '127.0.0.1');";
    let package = json!({"name": "stubborn", "footbridge": {"command": ["node", "run.js"]}});
    gateway.apps().install(&shelf.write("stubborn", &package, &[("run.js", run)]));
    gateway.apps().start("stubborn");
    let begun = Instant::now();
    gateway.apps().stop("stubborn");
    assert_eq!(shelf.noted("stubborn", "sigterm").len(), 1, "it was not asked first");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    nothing_left(&shelf, &gateway, Duration::from_secs(1));
}

#[test]
fn children_that_left_its_group_end_with_it() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&forking(&shelf, "parent"));
    gateway.apps().start("parent");
    until("its children", WAIT, || processes_at(shelf.path(), &gateway.url("")).len() >= 6);
    gateway.apps().stop("parent");
    nothing_left(&shelf, &gateway, Duration::from_secs(2));
    // The same when it ends by itself.
    gateway.apps().start("parent");
    until("its children", WAIT, || processes_at(shelf.path(), &gateway.url("")).len() >= 6);
    kill(&gateway, "parent");
    gateway.apps().wait_down("parent");
    nothing_left(&shelf, &gateway, Duration::from_secs(5));
}

/// Kills the process that listens for an app.
#[track_caller]
pub(super) fn kill(gateway: &Gateway, app: &str) {
    let pid = gateway.apps().live().iter().find(|live| live["name"] == app).unwrap()["pid"].clone();
    let all = descendants(u32::try_from(pid.as_u64().unwrap()).unwrap());
    // What the context names may be a process of ours around the app; the app is the innermost node.
    let node = all.iter().rev().find(|process| process.line.starts_with("node"));
    let pid = node.map_or_else(|| pid.to_string(), |process| process.pid.to_string());
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

#[test]
fn a_crash_is_noticed_at_once_and_the_next_event_starts_the_app_again() {
    let (shelf, gateway, watcher) = watched();
    gateway.apps().install(&shelf.recorder("fragile", &json!({"hooks": {"x": "x"}})));
    gateway.apps().start("fragile");
    let token = shelf.token("fragile");
    gateway.bolt_with(&token).server("y", "/transient");
    assert_eq!(hooks(&gateway, "fragile").len(), 3);
    let begun = Instant::now();
    kill(&gateway, "fragile");
    gateway.apps().wait_down("fragile");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let event = wait_told(&watcher, "fragile", "app-stopped");
    assert_eq!(event["body"]["reason"], "crash", "{event}");
    assert_bolt_error(&gateway.bolt_with(&token).post("z", "{}"), 401, 113);
    until("the end of its transient hook", WAIT, || hooks(&gateway, "fragile").len() == 2);
    nothing_left(&shelf, &gateway, Duration::from_secs(2));
    publish(&gateway, "x", &json!(1));
    shelf.wait_got("fragile", "/x", 1);
    assert_eq!(shelf.noted("fragile", "boot").len(), 2);
    assert_ne!(shelf.token("fragile"), token);
}

#[test]
fn an_exception_nobody_caught_ends_a_node_app_with_its_stack() {
    let (shelf, gateway) = stand();
    let server = "module.exports = (request, response) => {\n  if (request.url === '/boom') setTimeout(() => {\n    \
                  throw new Error('out of film');\n  }, 1);\n  response.end();\n};";
    let package = json!({"name": "thrower", "bolt": {"main": "server.js"}});
    gateway.apps().install(&shelf.write("thrower", &package, &[("server.js", server)]));
    gateway.apps().page("thrower", "/boom");
    gateway.apps().wait_down("thrower");
    let output = gateway.apps().output("thrower").join("\n");
    assert!(output.contains("out of film") && output.contains("server.js:3"), "{output}");
}

#[test]
fn an_event_that_was_under_way_in_a_crash_comes_again() {
    let (shelf, gateway) = stand();
    // The first time it dies with the event in its hands.
    let server = "const fs = require('fs');\nconst note = require('note');\n\
        module.exports = (request, response) => {\n\
          request.resume().on('end', () => {\n\
            note('got', { url: request.url, attempt: request.headers['footbridge-attempt'] });\n\
            if (request.url === '/x' && !fs.existsSync('died')) {\n\
              fs.writeFileSync('died', '');\n\
              process.kill(process.pid, 'SIGKILL');\n\
              for (;;);\n\
            }\n\
            response.end();\n\
          });\n\
        };";
    let required = json!({"route": "x", "answer": "required"});
    let package = json!({"name": "careless", "bolt": {"main": "server.js", "hooks": {"x": required}}});
    gateway.apps().install(&shelf.write("careless", &package, &[("server.js", server)]));
    let event = publish(&gateway, "x", &json!(1));
    shelf.wait("careless", "got", 2);
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    let delivery = gateway.admin().delivery(&event);
    assert_eq!(delivery["attempts"], 2, "{delivery}");
}

#[test]
fn nothing_outlives_a_server_that_is_killed() {
    let (shelf, mut gateway) = stand();
    gateway.apps().install(&forking(&shelf, "parent"));
    gateway.apps().install(&shelf.recorder("busy", &json!({"hooks": {"spin": "spin"}})));
    let spin = shelf.path().join("busy/server.js");
    let server = std::fs::read_to_string(&spin).unwrap();
    std::fs::write(&spin, format!("if (process.env.PORT) setTimeout(() => {{ for (;;); }}, 500);\n{server}"))
        .unwrap();
    gateway.apps().start("parent");
    gateway.apps().start("busy");
    until("children", WAIT, || processes_at(shelf.path(), &gateway.url("")).len() >= 7);
    // Its event loop will not turn again: it ends although it cannot notice anything.
    harness::pause(Duration::from_millis(700));
    let all = descendants(gateway.pid());
    assert!(all.len() >= 7, "{all:#?}");
    gateway.kill9();
    let begun = Instant::now();
    while all.iter().any(harness::Process::lives) && begun.elapsed() < Duration::from_secs(3) {
        harness::pause(Duration::from_millis(5));
    }
    gateway.start_again();
    until("the end of all of them", Duration::from_secs(1), || !all.iter().any(harness::Process::lives));
    assert!(gateway.apps().live().is_empty());
    gateway.apps().start("parent");
    gateway.apps().stop("parent");
}

#[test]
fn a_start_that_the_servers_death_cuts_off_leaves_nothing_and_the_next_server_goes_on() {
    let (shelf, mut gateway) = stand();
    let listen = "const note = require('note');\nnote('boot');\n\
        const server = require('http').createServer((q, s) => { q.resume(); note('got', { url: q.url }); s.end(); });\n\
        if (require('fs').existsSync('go')) server.listen(process.env.PORT, '127.0.0.1');\n\
        else setInterval(() => {}, 1000);";
    let package =
        json!({"name": "slow", "bolt": {"hooks": {"x": "x"}}, "footbridge": {"command": ["node", "run.js"]}});
    let dir = shelf.write("slow", &package, &[("run.js", listen)]);
    gateway.apps().install(&dir);
    let event = publish(&gateway, "x", &json!(1));
    shelf.wait("slow", "boot", 1);
    let all = descendants(gateway.pid());
    gateway.kill9();
    until("the end of what was being started", WAIT, || !all.iter().any(harness::Process::lives));
    std::fs::write(dir.join("go"), "").unwrap();
    // The event was accepted; nobody asks for it again.
    gateway.start_again();
    shelf.wait("slow", "got", 1);
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    assert_eq!(shelf.noted("slow", "boot").len(), 2);
}

#[test]
fn a_server_that_is_told_to_end_ends_its_apps_first() {
    let (shelf, mut gateway) = stand();
    for name in ["one", "two", "three"] {
        gateway.apps().install(&shelf.recorder(name, &json!({"hooks": {"bolt/app-stopping": "stopping"}})));
        gateway.apps().start(name);
    }
    gateway.apps().install(&shelf.sample("album"));
    gateway.apps().start("album");
    let all = descendants(gateway.pid());
    let begun = Instant::now();
    gateway.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!all.iter().any(harness::Process::lives));
    for name in ["one", "two", "three", "album"] {
        assert_eq!(shelf.noted(name, "sigterm").len(), 1, "{name}");
    }
    for name in ["one", "two", "three"] {
        assert_eq!(shelf.got(name, "/stopping").len(), 1, "{name} was not told");
    }
}

#[test]
fn an_app_with_nothing_to_do_is_stopped_and_started_by_the_next_event() {
    let (shelf, gateway, watcher) = watched();
    let package = json!({"name": "sleepy", "bolt": {"main": "server.js", "hooks": {"x": "x", "bolt/app-starting": "hooks/starting"}},
        "footbridge": {"idle_timeout": "400ms"}});
    gateway.apps().install(&shelf.recorder_with("sleepy", &package));
    publish(&gateway, "x", &json!(1));
    shelf.wait_got("sleepy", "/x", 1);
    let event = wait_told(&watcher, "sleepy", "app-stopped");
    assert_eq!(event["body"]["reason"], "idle", "{event}");
    nothing_left(&shelf, &gateway, WAIT);
    publish(&gateway, "x", &json!(2));
    shelf.wait_got("sleepy", "/x", 2);
    // With a transient hook it listens for something, so it is not idle.
    until("the new token", WAIT, || shelf.noted("sleepy", "boot").len() == 2 && !shelf.tokens().is_empty());
    let token = shelf.token("sleepy");
    gateway.bolt_with(&token).server("y", "/y");
    harness::pause(Duration::from_millis(1200));
    assert!(gateway.apps().runs("sleepy"), "stopped although it has a transient hook");
    gateway.bolt_with(&token).unsubscribe("y");
    gateway.apps().wait_down("sleepy");
    assert_eq!(shelf.noted("sleepy", "boot").len(), 2);
}

#[test]
fn an_open_visit_or_a_pending_delivery_keeps_an_app_up() {
    let shelf = Shelf::new();
    let gateway = setup().set("runtime", "idle_timeout", "\"300ms\"").start();
    gateway.apps().install(&shelf.recorder("visited", &json!({})));
    let visit = gateway.apps().visit("GET", "visited", "/after/1500").spawn();
    assert_eq!(visit.join().unwrap().unwrap().status, 200);
    gateway.apps().wait_down("visited");
    // Its hook asks for an answer and gets it late; until then the delivery is pending.
    let required = json!({"route": "slow/after/1500", "answer": "required"});
    gateway.apps().install(&shelf.recorder("slow", &json!({"hooks": {"x": required}})));
    let event = publish(&gateway, "x", &json!(1));
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    assert_eq!(gateway.admin().delivery(&event)["attempts"], 1);
    assert_eq!(shelf.noted("slow", "boot").len(), 1);
    gateway.apps().wait_down("slow");
}

#[test]
fn stopping_one_leaves_the_others_and_a_stop_starts_nobody() {
    let (shelf, gateway) = stand();
    let everything = json!({"hooks": {"*": "all", "bolt/app-stopped": "stopped"}});
    gateway.apps().install(&shelf.recorder("first", &everything));
    gateway.apps().install(&shelf.recorder("second", &json!({})));
    gateway.apps().start("first");
    gateway.apps().start("second");
    // What it has heard of until now would start it again.
    let pending = || gateway.metric("footbridge_deliveries_pending", "");
    until("the end of what their starts led to", LONG, || pending() == 0);
    gateway.apps().stop("first");
    assert!(!gateway.apps().runs("first") && gateway.apps().runs("second"));
    // Its own end, though it listens for it, is no reason to come back; what comes after is.
    until("the end of what its end led to", LONG, || pending() == 0);
    assert!(!gateway.apps().runs("first"), "restarted by its own end: {:?}", shelf.got("first", "/all"));
    assert_eq!(shelf.noted("first", "boot").len(), 1);
    let ends = gateway.admin().all("deliveries?app=first&status=cancelled&limit=9");
    assert!(!ends.is_empty());
    gateway.apps().stop("second");
    shelf.wait("first", "boot", 2);
    shelf.wait_got("first", "/stopped", 1);
    gateway.apps().start("first");
}

/// How many files a process has open, and how many threads.
fn held(pid: u32) -> (usize, usize) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    (count("fd"), count("task"))
}

#[test]
fn run_after_run_leaves_nothing_in_the_server() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.sample("weather"));
    let cycle = || {
        gateway.apps().start("weather");
        gateway.apps().page("weather", "/now").expect(200);
        gateway.apps().stop("weather");
    };
    (0..3).for_each(|_| cycle());
    let before = held(gateway.pid());
    (0..20).for_each(|_| cycle());
    let after = held(gateway.pid());
    assert!(
        after.0 <= before.0 + 4 && after.1 <= before.1 + 2,
        "{before:?} files and threads, then {after:?}"
    );
    assert_eq!(shelf.noted("weather", "sigterm").len(), 23);
    assert_eq!(descendants(gateway.pid()), []);
}

#[test]
fn a_stop_during_a_start_wins() {
    let (shelf, gateway) = stand();
    let package = json!({"name": "slow", "footbridge": {"command": ["sh", "-c", "echo up; exec sleep 600"]}});
    gateway.apps().install(&shelf.write("slow", &package, &[]));
    let start = gateway.apps().starting("slow").spawn();
    until("its process", WAIT, || !processes_at(shelf.path(), &gateway.url("")).is_empty());
    let begun = Instant::now();
    gateway.apps().uninstall("slow");
    nothing_left(&shelf, &gateway, Duration::from_secs(12));
    assert_ne!(start.join().unwrap().unwrap().status, 200);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn right_after_a_crash_nobody_is_turned_away_and_no_attempt_is_used_up() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("frail", &json!({"hooks": {"work": "work"}})));
    // Five starts in ten seconds would be too many.
    for round in 0..2 {
        gateway.apps().start("frail");
        kill(&gateway, "frail");
        assert_eq!(gateway.apps().page("frail", "/page").status, 200, "round {round}");
        let port = u16::try_from(gateway.apps().live()[0]["port"].as_u64().unwrap()).unwrap();
        kill(&gateway, "frail");
        until("nothing to listen", WAIT, || std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
        let event = publish(&gateway, "work", &json!(round));
        shelf.wait_got("frail", "/work", round + 1);
        let delivery = ended(&gateway, &event);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"]),
            (&json!("delivered"), &json!(1)),
            "{delivery}"
        );
    }
}
