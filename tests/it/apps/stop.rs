//! Stopping, crashing, idling and a killed server: no process of an app is left behind.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::{AppDir, Gateway, WAIT, assert_bolt_error, descendants, processes_at, until, until_some};
use serde_json::json;

use super::common::{
    LONG, ended, hooks, publish, setup, start_server, start_watched_server, wait_lifecycle_event,
};

/// Waits until no process of the apps in this directory runs.
#[track_caller]
fn nothing_left(app_dir: &AppDir, gateway: &Gateway, within: Duration) {
    let mut left = Vec::new();
    let begun = Instant::now();
    loop {
        left.clone_from(&processes_at(app_dir.path(), &gateway.url("")));
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < within, "after {within:?} these still run: {left:#?}");
        harness::pause(Duration::from_millis(5));
    }
}

/// Creates a shell app that starts children outside its session and process group, then a listener.
fn forking(app_dir: &AppDir, name: &str) -> PathBuf {
    let listen = "const note = require('note');\n\
        require('http').createServer((q, s) => { q.resume(); s.end('ok'); })\n\
          .listen(process.env.PORT, '127.0.0.1', () => note('up'));";
    let run = "sleep 601 &\nsetsid sleep 602 &\nsetsid sh -c 'setsid sleep 603 & sleep 604' &\n\
               env -i sh -c 'setsid sleep 605 </dev/null >/dev/null 2>&1 &'\nexec node listen.js\n";
    let package =
        json!({"name": name, "bolt": {"hooks": {"x": "x"}}, "footbridge": {"command": ["sh", "run.sh"]}});
    app_dir.write(name, &package, &[("run.sh", run), ("listen.js", listen)])
}

#[test]
fn a_stop_notifies_the_app_first_and_the_others_afterwards() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let stopping = json!({"hooks": {"bolt/app-stopping": "hooks/stopping/after/300"}});
    gateway.apps().install(&app_dir.recorder("ender", &stopping));
    let context = gateway.apps().start("ender");
    let token = app_dir.token("ender");
    let stopped = gateway.apps().stop("ender");
    assert_eq!(stopped["pid"], context["pid"], "{stopped}");
    let notes = app_dir.notes();
    let order: Vec<&str> = notes
        .iter()
        .filter_map(|note| match note["what"].as_str()? {
            "got" => note["url"].as_str(),
            what => Some(what),
        })
        .collect();
    assert_eq!(order, ["boot", "/hooks/starting", "/hooks/stopping/after/300", "sigterm"]);
    let event = &app_dir.requests("ender", "/hooks/stopping/after/300")[0];
    assert_eq!((&event["name"], &event["publisher"]), (&json!("app-stopping"), &json!("bolt")));
    assert_eq!(event["body"]["name"], "ender", "{event}");
    assert_eq!(event["body"]["port"], context["port"], "{event}");
    assert_eq!(event["token"], token.as_str(), "its token is valid while it handles the event");
    let at = |what: &str| {
        notes.iter().find(|note| note["what"] == what || note["url"] == what).unwrap()["at"].as_u64()
    };
    assert!(
        at("sigterm") >= at("/hooks/stopping/after/300").map(|at| at + 300),
        "its answer was not waited for"
    );
    let event = wait_lifecycle_event(&watcher, "ender", "app-stopped");
    assert_eq!(event["body"]["reason"], "stop", "{event}");
    assert!(!gateway.apps().is_running("ender"));
    nothing_left(&app_dir, &gateway, Duration::from_secs(1));
    assert_bolt_error(&gateway.apps().call("POST", "/stop").json(&json!({"name": "ender"})).send(), 409, 420);
}

#[test]
fn an_app_that_ignores_its_stop_is_killed() {
    let (app_dir, gateway) = start_server();
    let run = "process.on('SIGTERM', () => require('note')('sigterm'));\n\
               require('http').createServer((q, s) => s.end()).listen(process.env.PORT, '127.0.0.1');";
    let package = json!({"name": "stubborn", "footbridge": {"command": ["node", "run.js"]}});
    gateway.apps().install(&app_dir.write("stubborn", &package, &[("run.js", run)]));
    gateway.apps().start("stubborn");
    let begun = Instant::now();
    gateway.apps().stop("stubborn");
    assert_eq!(app_dir.noted("stubborn", "sigterm").len(), 1, "it was not asked first");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    nothing_left(&app_dir, &gateway, Duration::from_secs(1));
}

#[test]
fn children_outside_the_process_group_are_killed_too() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&forking(&app_dir, "parent"));
    gateway.apps().start("parent");
    until("its children", WAIT, || processes_at(app_dir.path(), &gateway.url("")).len() >= 6);
    gateway.apps().stop("parent");
    nothing_left(&app_dir, &gateway, Duration::from_secs(2));
    // The same after a crash.
    gateway.apps().start("parent");
    until("its children", WAIT, || processes_at(app_dir.path(), &gateway.url("")).len() >= 6);
    kill(&gateway, "parent");
    gateway.apps().wait_stopped("parent");
    nothing_left(&app_dir, &gateway, Duration::from_secs(5));
}

/// Kills the process of an app that listens.
#[track_caller]
pub(super) fn kill(gateway: &Gateway, app: &str) {
    let pid = gateway.apps().running().iter().find(|live| live["name"] == app).unwrap()["pid"].clone();
    let all = descendants(u32::try_from(pid.as_u64().unwrap()).unwrap());
    // The context may name a process of the server around the app. The app is the innermost node process.
    let node = all.iter().rev().find(|process| process.line.starts_with("node"));
    let pid = node.map_or_else(|| pid.to_string(), |process| process.pid.to_string());
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

#[test]
fn a_crash_is_noticed_at_once_and_the_next_event_starts_the_app_again() {
    let (app_dir, gateway, watcher) = start_watched_server();
    gateway.apps().install(&app_dir.recorder("fragile", &json!({"hooks": {"x": "x"}})));
    gateway.apps().start("fragile");
    let token = app_dir.token("fragile");
    gateway.bolt_with(&token).server("y", "/transient");
    assert_eq!(hooks(&gateway, "fragile").len(), 3);
    let begun = Instant::now();
    kill(&gateway, "fragile");
    gateway.apps().wait_stopped("fragile");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let event = wait_lifecycle_event(&watcher, "fragile", "app-stopped");
    assert_eq!(event["body"]["reason"], "crash", "{event}");
    assert_bolt_error(&gateway.bolt_with(&token).post("z", "{}"), 401, 113);
    until("the end of its transient hook", WAIT, || hooks(&gateway, "fragile").len() == 2);
    nothing_left(&app_dir, &gateway, Duration::from_secs(2));
    publish(&gateway, "x", &json!(1));
    app_dir.wait_requests("fragile", "/x", 1);
    assert_eq!(app_dir.noted("fragile", "boot").len(), 2);
    assert_ne!(app_dir.token("fragile"), token);
}

#[test]
fn an_uncaught_exception_ends_a_node_app_and_logs_its_stack() {
    let (app_dir, gateway) = start_server();
    let server = "module.exports = (request, response) => {\n  if (request.url === '/boom') setTimeout(() => {\n    \
                  throw new Error('out of film');\n  }, 1);\n  response.end();\n};";
    let package = json!({"name": "thrower", "bolt": {"main": "server.js"}});
    gateway.apps().install(&app_dir.write("thrower", &package, &[("server.js", server)]));
    gateway.apps().page("thrower", "/boom");
    gateway.apps().wait_stopped("thrower");
    let output = gateway.apps().output("thrower").join("\n");
    assert!(output.contains("out of film") && output.contains("server.js:3"), "{output}");
}

#[test]
fn an_event_in_flight_at_a_crash_is_sent_again() {
    let (app_dir, gateway) = start_server();
    // The first request with the event kills the app.
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
    gateway.apps().install(&app_dir.write("careless", &package, &[("server.js", server)]));
    let event = publish(&gateway, "x", &json!(1));
    app_dir.wait("careless", "got", 2);
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    let delivery = gateway.admin().delivery(&event);
    assert_eq!(delivery["attempts"], 2, "{delivery}");
}

#[test]
fn nothing_outlives_a_server_that_is_killed() {
    let (app_dir, mut gateway) = start_server();
    gateway.apps().install(&forking(&app_dir, "parent"));
    gateway.apps().install(&app_dir.recorder("busy", &json!({"hooks": {"spin": "spin"}})));
    let spin = app_dir.path().join("busy/server.js");
    let server = std::fs::read_to_string(&spin).unwrap();
    // Its event loop blocks some time after the start, so that it cannot react to anything.
    let block = "setTimeout(() => { require('note')('blocks'); for (;;); }, 500);";
    std::fs::write(&spin, format!("{block}\n{server}")).unwrap();
    gateway.apps().start("parent");
    gateway.apps().start("busy");
    until("children", WAIT, || processes_at(app_dir.path(), &gateway.url("")).len() >= 7);
    app_dir.wait("busy", "blocks", 1);
    let all = descendants(gateway.pid());
    assert!(all.len() >= 7, "{all:#?}");
    gateway.kill9();
    let begun = Instant::now();
    while all.iter().any(harness::Process::lives) && begun.elapsed() < Duration::from_secs(3) {
        harness::pause(Duration::from_millis(5));
    }
    gateway.start_again();
    until("the end of all of them", Duration::from_secs(1), || !all.iter().any(harness::Process::lives));
    assert!(gateway.apps().running().is_empty());
    gateway.apps().start("parent");
    gateway.apps().stop("parent");
}

#[test]
fn a_start_cut_off_by_kill_9_leaves_no_process_and_is_repeated() {
    let (app_dir, mut gateway) = start_server();
    let listen = "const note = require('note');\nnote('boot');\n\
        const server = require('http').createServer((q, s) => { q.resume(); note('got', { url: q.url }); s.end(); });\n\
        if (require('fs').existsSync('go')) server.listen(process.env.PORT, '127.0.0.1');\n\
        else setInterval(() => {}, 1000);";
    let package =
        json!({"name": "slow", "bolt": {"hooks": {"x": "x"}}, "footbridge": {"command": ["node", "run.js"]}});
    let dir = app_dir.write("slow", &package, &[("run.js", listen)]);
    gateway.apps().install(&dir);
    let event = publish(&gateway, "x", &json!(1));
    app_dir.wait("slow", "boot", 1);
    let all = descendants(gateway.pid());
    gateway.kill9();
    until("the end of what was being started", WAIT, || !all.iter().any(harness::Process::lives));
    std::fs::write(dir.join("go"), "").unwrap();
    // The event was accepted before and is not published again.
    gateway.start_again();
    app_dir.wait("slow", "got", 1);
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    assert_eq!(app_dir.noted("slow", "boot").len(), 2);
}

#[test]
fn sigterm_stops_the_apps_before_the_server_exits() {
    let (app_dir, mut gateway) = start_server();
    for name in ["one", "two", "three"] {
        gateway.apps().install(&app_dir.recorder(name, &json!({"hooks": {"bolt/app-stopping": "stopping"}})));
        gateway.apps().start(name);
    }
    gateway.apps().install(&app_dir.sample("album"));
    gateway.apps().start("album");
    let all = descendants(gateway.pid());
    let begun = Instant::now();
    gateway.stop();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!all.iter().any(harness::Process::lives));
    for name in ["one", "two", "three", "album"] {
        assert_eq!(app_dir.noted(name, "sigterm").len(), 1, "{name}");
    }
    for name in ["one", "two", "three"] {
        assert_eq!(app_dir.requests(name, "/stopping").len(), 1, "{name} was not notified");
    }
}

#[test]
fn an_idle_app_is_stopped_and_started_by_the_next_event() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let package = json!({"name": "sleepy", "bolt": {"main": "server.js", "hooks": {"x": "x", "bolt/app-starting": "hooks/starting"}},
        "footbridge": {"idle_timeout": "400ms"}});
    gateway.apps().install(&app_dir.recorder_with("sleepy", &package));
    publish(&gateway, "x", &json!(1));
    app_dir.wait_requests("sleepy", "/x", 1);
    let event = wait_lifecycle_event(&watcher, "sleepy", "app-stopped");
    assert_eq!(event["body"]["reason"], "idle", "{event}");
    nothing_left(&app_dir, &gateway, WAIT);
    publish(&gateway, "x", &json!(2));
    app_dir.wait_requests("sleepy", "/x", 2);
    // An app with a transient hook is not idle.
    until("the new token", WAIT, || {
        app_dir.noted("sleepy", "boot").len() == 2 && !app_dir.tokens().is_empty()
    });
    // A slow machine may need longer than the idle time to subscribe: then the next run does it.
    let subscribed = || {
        let token = app_dir.token("sleepy");
        let answer = gateway.bolt_with(&token).post("sub/y", json!({"route": "/y"}).to_string());
        if answer.status != 200 {
            gateway.apps().start("sleepy");
        }
        (answer.status == 200).then_some(token)
    };
    let token = until_some("a subscription", LONG, subscribed);
    let boots = app_dir.noted("sleepy", "boot").len();
    harness::pause(Duration::from_millis(1200));
    assert!(gateway.apps().is_running("sleepy"), "stopped although it has a transient hook");
    gateway.bolt_with(&token).unsubscribe("y");
    gateway.apps().wait_stopped("sleepy");
    assert_eq!(app_dir.noted("sleepy", "boot").len(), boots);
}

#[test]
fn an_open_request_or_pending_delivery_keeps_an_app_running() {
    let app_dir = AppDir::new();
    let gateway = setup().set("runtime", "idle_timeout", "\"300ms\"").start();
    gateway.apps().install(&app_dir.recorder("visited", &json!({})));
    let visit = gateway.apps().visit("GET", "visited", "/after/1500").spawn();
    assert_eq!(visit.join().unwrap().unwrap().status, 200);
    gateway.apps().wait_stopped("visited");
    // The hook requires an answer, which comes late. Until then the delivery is pending.
    let required = json!({"route": "slow/after/1500", "answer": "required"});
    gateway.apps().install(&app_dir.recorder("slow", &json!({"hooks": {"x": required}})));
    let event = publish(&gateway, "x", &json!(1));
    until("the delivery", LONG, || gateway.admin().delivery(&event)["status"] == "delivered");
    assert_eq!(gateway.admin().delivery(&event)["attempts"], 1);
    assert_eq!(app_dir.noted("slow", "boot").len(), 1);
    gateway.apps().wait_stopped("slow");
}

#[test]
fn a_stop_affects_one_app_and_starts_no_other() {
    let (app_dir, gateway) = start_server();
    let everything = json!({"hooks": {"*": "all", "bolt/app-stopped": "stopped"}});
    gateway.apps().install(&app_dir.recorder("first", &everything));
    gateway.apps().install(&app_dir.recorder("second", &json!({})));
    gateway.apps().start("first");
    gateway.apps().start("second");
    // Pending events would start the app again.
    let pending = || gateway.metric("footbridge_deliveries_pending", "");
    until("the end of what their starts led to", LONG, || pending() == 0);
    gateway.apps().stop("first");
    assert!(!gateway.apps().is_running("first") && gateway.apps().is_running("second"));
    // Its own stop event does not start the app again, although it has a hook on it. Later events do.
    until("the end of what its end led to", LONG, || pending() == 0);
    assert!(
        !gateway.apps().is_running("first"),
        "restarted by its own end: {:?}",
        app_dir.requests("first", "/all")
    );
    assert_eq!(app_dir.noted("first", "boot").len(), 1);
    let ends = gateway.admin().all("deliveries?app=first&status=cancelled&limit=9");
    assert!(!ends.is_empty());
    gateway.apps().stop("second");
    app_dir.wait("first", "boot", 2);
    app_dir.wait_requests("first", "/stopped", 1);
    gateway.apps().start("first");
}

/// The numbers of open files and of threads of a process.
fn held(pid: u32) -> (usize, usize) {
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    (count("fd"), count("task"))
}

#[test]
fn repeated_runs_leak_no_descriptors_or_threads() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("weather"));
    let cycle = || {
        gateway.apps().start("weather");
        gateway.apps().page("weather", "/now").expect(200);
        gateway.apps().stop("weather");
    };
    (0..3).for_each(|_| cycle());
    let before = held(gateway.pid());
    (0..20).for_each(|_| cycle());
    // Connections and threads of the last run may take a moment to end.
    until("the files and threads of the runs to be released", WAIT, || {
        let after = held(gateway.pid());
        after.0 <= before.0 + 4 && after.1 <= before.1 + 2
    });
    assert_eq!(app_dir.noted("weather", "sigterm").len(), 23);
    assert_eq!(descendants(gateway.pid()), []);
}

#[test]
fn a_stop_cancels_a_start_in_progress() {
    let (app_dir, gateway) = start_server();
    let package = json!({"name": "slow", "footbridge": {"command": ["sh", "-c", "echo up; exec sleep 600"]}});
    gateway.apps().install(&app_dir.write("slow", &package, &[]));
    let start = gateway.apps().starting("slow").spawn();
    until("its process", WAIT, || !processes_at(app_dir.path(), &gateway.url("")).is_empty());
    let begun = Instant::now();
    gateway.apps().uninstall("slow");
    nothing_left(&app_dir, &gateway, Duration::from_secs(12));
    assert_ne!(start.join().unwrap().unwrap().status, 200);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn requests_and_deliveries_right_after_a_crash_wait_for_the_restart() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("frail", &json!({"hooks": {"work": "work"}})));
    // Only two rounds: more than five starts in ten seconds are limited.
    for round in 0..2 {
        gateway.apps().start("frail");
        kill(&gateway, "frail");
        assert_eq!(gateway.apps().page("frail", "/page").status, 200, "round {round}");
        let port = u16::try_from(gateway.apps().running()[0]["port"].as_u64().unwrap()).unwrap();
        kill(&gateway, "frail");
        until("nothing to listen", WAIT, || std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
        let event = publish(&gateway, "work", &json!(round));
        app_dir.wait_requests("frail", "/work", round + 1);
        let delivery = ended(&gateway, &event);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"]),
            (&json!("delivered"), &json!(1)),
            "{delivery}"
        );
    }
}
