//! Starts, exits, installs and removals of apps that happen at the same time.

use std::time::Duration;

use harness::{AppDir, Gateway, WAIT, pause, processes_at, until};
use serde_json::json;

use super::common::{
    LONG, hooks, publish, setup, slow_boot, start_server, start_watched_server, wait_lifecycle_event,
};

#[track_caller]
fn nothing_left(app_dir: &AppDir, gateway: &Gateway) {
    until("the end of every process", LONG, || processes_at(app_dir.path(), &gateway.url("")).is_empty());
}

#[test]
fn an_app_that_is_removed_while_it_starts_leaves_no_process() {
    let (app_dir, gateway) = start_server();
    let dir = slow_boot(&app_dir, "brief", 150);
    for wait in [0, 1, 2, 3, 5, 8, 20, 60, 150, 250, 300] {
        gateway.apps().install(&dir);
        let starts: Vec<_> = (0..3).map(|_| gateway.apps().starting("brief").spawn()).collect();
        publish(&gateway, "work", &json!(wait));
        pause(Duration::from_millis(wait));
        gateway.apps().uninstall("brief");
        for start in starts {
            start.join().unwrap().unwrap();
        }
        nothing_left(&app_dir, &gateway);
        assert!(gateway.apps().running().is_empty(), "after {wait} ms");
    }
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
}

#[test]
fn events_for_an_app_that_is_being_removed_start_nothing_that_stays() {
    let (app_dir, gateway) = start_server();
    let dir = slow_boot(&app_dir, "brief", 0);
    for round in 0..6 {
        gateway.apps().install(&dir);
        gateway.apps().start("brief");
        let removal = gateway.apps().call("DELETE", "/brief").spawn();
        while !removal.is_finished() {
            publish(&gateway, "work", &json!(round));
            gateway.apps().page("brief", "/");
        }
        removal.join().unwrap().unwrap().expect(200);
        nothing_left(&app_dir, &gateway);
    }
}

#[test]
fn an_app_installed_right_after_its_removal_stays() {
    let (app_dir, gateway) = start_server();
    let dir = slow_boot(&app_dir, "again", 0);
    for round in 0..40 {
        gateway.apps().install(&dir);
        gateway.apps().uninstall("again");
        gateway.apps().install(&dir);
        until("what the server does about the removal", WAIT, || {
            gateway.metric("footbridge_deliveries_pending", "") == 0
        });
        assert!(gateway.apps().is_installed("again"), "round {round}");
        gateway.apps().uninstall("again");
    }
}

#[test]
fn of_two_removals_at_once_one_finds_nothing() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let dir = app_dir.recorder("twice", &json!({"hooks": {"bolt/app-uninstalling": "bye/after/300"}}));
    gateway.apps().install(&dir);
    gateway.apps().start("twice");
    let removals: Vec<_> = (0..2).map(|_| gateway.apps().call("DELETE", "/twice").spawn()).collect();
    let mut status: Vec<u16> =
        removals.into_iter().map(|removal| removal.join().unwrap().unwrap().status).collect();
    status.sort_unstable();
    assert_eq!(status, [200, 404]);
    wait_lifecycle_event(&watcher, "twice", "app-deleted");
    until("the rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let reported = super::common::lifecycle_events(&watcher, "twice");
    assert_eq!(reported.iter().filter(|event| event["name"] == "app-uninstalled").count(), 1, "{reported:?}");
}

#[test]
fn an_app_that_exits_on_its_stop_event_has_not_crashed() {
    let (app_dir, gateway, watcher) = start_watched_server();
    let server = "const note = require('note');\nmodule.exports = (q, s) => { note('got', {url: q.url}); s.end();\n\
        if (q.url === '/bye') setTimeout(() => process.exit(0), 1); };";
    let slow = server.replace("s.end();", "if (q.url !== '/bye') s.end();");
    for (name, server) in [("polite", server), ("hasty", &slow), ("again", &slow), ("more", &slow)] {
        let package =
            json!({"name": name, "bolt": {"main": "server.js", "hooks": {"bolt/app-stopping": "bye"}}});
        gateway.apps().install(&app_dir.write(name, &package, &[("server.js", server)]));
        gateway.apps().start(name);
        gateway.apps().stop(name);
        let event = wait_lifecycle_event(&watcher, name, "app-stopped");
        assert_eq!(event["body"]["reason"], "stop", "{event}");
        assert!(
            !gateway.apps().output(name).iter().any(|line| line.contains("crashed")),
            "{:?}",
            gateway.apps().output(name)
        );
    }
}

#[test]
fn a_router_hook_on_the_routers_own_stop_starts_no_process() {
    let (app_dir, gateway) = start_server();
    let code = "require('note')('loaded');\nmodule.exports = (q, s) => { require('note')('asked', {url: q.url}); s.end(); };";
    let package = json!({"name": "mounted", "bolt": {"module": true,
        "routers": {"it": {"main": "router.js", "root": "/mounted"}},
        "hooks": {"bolt/app-stopped": {"route": "mounted/stopped", "type": "router"},
                  "bolt/app-stopping": {"route": "mounted/stopping", "type": "router"}}}});
    gateway.apps().install(&app_dir.write("mounted", &package, &[("router.js", code)]));
    app_dir.wait("mounted", "loaded", 1);
    until("its start", LONG, || gateway.apps().is_running("mounted"));
    gateway.apps().stop("mounted");
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert!(!gateway.apps().is_running("mounted"));
    assert_eq!(app_dir.noted("mounted", "loaded").len(), 1);
}

#[test]
fn a_disabled_app_answers_no_request() {
    let (app_dir, gateway, watcher) = start_watched_server();
    gateway.apps().install(&app_dir.recorder("off", &json!({"hooks": {"x": "x"}})));
    gateway.apps().start("off");
    gateway.apps().page("off", "/").expect(200);
    gateway.admin().done("PATCH", "apps/off", &json!({"enabled": false}));
    let event = wait_lifecycle_event(&watcher, "off", "app-stopped");
    assert_eq!(event["body"]["reason"], "stop", "{event}");
    assert!(!gateway.apps().is_running("off"));
    assert_ne!(gateway.apps().page("off", "/").status, 200);
    assert_ne!(gateway.apps().starting("off").send().status, 200);
    gateway.admin().done("PATCH", "apps/off", &json!({"enabled": true}));
    publish(&gateway, "x", &json!(1));
    app_dir.wait_requests("off", "/x", 1);
}

#[test]
fn an_app_that_exits_right_after_listening_is_not_reported_as_running() {
    let (app_dir, gateway) = start_server();
    for delay in ["0", "1", "3"] {
        let name = format!("spark{delay}");
        let run =
            "require('http').createServer((q, s) => s.end()).listen(process.env.PORT, '127.0.0.1', () => {\n\
            if (DELAY) setTimeout(() => process.exit(3), DELAY); else process.exit(3); });"
                .replace("DELAY", delay);
        let package = json!({"name": name, "footbridge": {"command": ["node", "run.js"]}});
        gateway.apps().install(&app_dir.write(&name, &package, &[("run.js", &run)]));
        for _ in 0..4 {
            gateway.apps().starting(&name).send();
            gateway.apps().wait_stopped(&name);
        }
    }
}

#[test]
fn a_subscription_by_an_ended_run_is_refused() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("late", &json!({})));
    for round in 0..8 {
        gateway.apps().start("late");
        let bolt = gateway.bolt_with(&app_dir.token("late"));
        let calls: Vec<_> = (0..40)
            .map(|n| {
                bolt.call("POST", &format!("sub/r{round}n{n}"), json!({"route": "/t"}).to_string()).spawn()
            })
            .collect();
        pause(Duration::from_millis(round));
        gateway.apps().stop("late");
        for call in calls {
            call.join().unwrap().unwrap();
        }
        let left = hooks(&gateway, "late");
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

/// The CPU time that a process has used.
fn busy(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = rest[11].parse::<u64>().unwrap() + rest[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_draining_server_does_not_use_cpu() {
    let (app_dir, mut gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("lingers", &json!({"hooks": {"bolt/app-stopping": "silent"}})));
    gateway.apps().install(&app_dir.recorder("unwell", &json!({"hooks": {"work": "status/503"}})));
    gateway.apps().start("lingers");
    publish(&gateway, "work", &json!(1));
    app_dir.wait_requests("unwell", "/status/503", 2);
    // The next attempt is due while the server stops, and would start the app.
    gateway.apps().stop("unwell");
    let before = busy(gateway.pid());
    gateway.sigterm();
    app_dir.wait_requests("lingers", "/silent", 1);
    pause(Duration::from_millis(1800));
    let took = busy(gateway.pid()).saturating_sub(before);
    assert!(took < Duration::from_millis(400), "{took:?}");
    gateway.wait_exit(LONG);
}

#[test]
fn a_transient_hook_does_not_start_an_app_that_is_being_stopped() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.recorder("leaver", &json!({"hooks": {"bolt/app-stopping": "silent"}})));
    gateway.apps().start("leaver");
    gateway.bolt_with(&app_dir.token("leaver")).server("x", "/transient");
    let stop = gateway.apps().call("POST", "/stop").json(&json!({"name": "leaver"})).spawn();
    app_dir.wait_requests("leaver", "/silent", 1);
    publish(&gateway, "x", &json!(1));
    stop.join().unwrap().unwrap().expect(200);
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    // This stop would cancel a start in progress, and that would be the last line.
    gateway.apps().call("POST", "/stop").json(&json!({"name": "leaver"})).send().expect(409);
    let output = gateway.apps().output("leaver");
    assert!(output.last().is_some_and(|line| line.starts_with("server: stopped")), "{output:?}");
}

#[test]
fn a_function_that_triggers_itself_is_limited_by_its_publish_rate() {
    let app_dir = AppDir::new();
    let gateway = setup().set("limits", "publish_rate", r#""1/s burst 5""#).start();
    let package = json!({"name": "echo", "bolt": {"functions": {"f": "f.js"}, "hooks": {"ping": {"route": "f", "type": "function"}}}});
    let code = "module.exports = (event, ctx) => { ctx.publish('ping', {body: event.body + 1}); };";
    gateway.apps().install(&app_dir.write("echo", &package, &[("f.js", code)]));
    publish(&gateway, "ping", &json!(0));
    pause(Duration::from_secs(3));
    let events =
        gateway.admin().all("events?limit=250").iter().filter(|event| event["publisher"] == "echo").count();
    assert!(events <= 10, "{events}");
}

#[test]
fn a_router_that_fails_to_start_leaves_the_previous_one_running() {
    let (app_dir, gateway) = start_server();
    let good = "module.exports = (q, s) => { require('note')('asked', {url: q.url}); s.end(); };";
    let package = |name: &str, order: i64, hooks: serde_json::Value| {
        json!({"name": name, "bolt": {"module": true,
        "routers": {"it": {"main": "router.js", "root": "/shared", "order": order}}, "hooks": hooks}})
    };
    let hook = json!({"ping": {"route": "shared/ping", "type": "router"}});
    gateway.apps().install(&app_dir.write("good", &package("good", 1, hook), &[("router.js", good)]));
    gateway.apps().install(&app_dir.write(
        "bad",
        &package("bad", 2, json!({})),
        &[("router.js", "throw new Error('no')")],
    ));
    let id = publish(&gateway, "ping", &json!(0));
    let delivery = super::common::ended(&gateway, &id);
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    assert_eq!(delivery["attempts"], 1, "{delivery}");
    assert_eq!(gateway.call("POST", "/shared/x").send().status, 200);
}
