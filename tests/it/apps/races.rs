//! Starts, ends, installs and removals that meet.

use std::time::Duration;

use harness::{Gateway, Shelf, WAIT, pause, processes_at, until};
use serde_json::json;

use super::stand::{LONG, hooks, publish, setup, slow_boot, stand, wait_told, watched};

#[track_caller]
fn nothing_left(shelf: &Shelf, gateway: &Gateway) {
    until("the end of every process", LONG, || processes_at(shelf.path(), &gateway.url("")).is_empty());
}

#[test]
fn an_app_that_is_removed_while_it_starts_leaves_no_process() {
    let (shelf, gateway) = stand();
    let dir = slow_boot(&shelf, "brief", 150);
    for wait in [0, 1, 2, 3, 5, 8, 20, 60, 150, 250, 300] {
        gateway.apps().install(&dir);
        let starts: Vec<_> = (0..3).map(|_| gateway.apps().starting("brief").spawn()).collect();
        publish(&gateway, "work", &json!(wait));
        pause(Duration::from_millis(wait));
        gateway.apps().uninstall("brief");
        for start in starts {
            start.join().unwrap().unwrap();
        }
        nothing_left(&shelf, &gateway);
        assert!(gateway.apps().live().is_empty(), "after {wait} ms");
    }
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let (accepted, ended) = gateway.identity();
    assert_eq!(accepted, ended);
}

#[test]
fn events_for_an_app_that_is_being_removed_start_nothing_that_stays() {
    let (shelf, gateway) = stand();
    let dir = slow_boot(&shelf, "brief", 0);
    for round in 0..6 {
        gateway.apps().install(&dir);
        gateway.apps().start("brief");
        let removal = gateway.apps().call("DELETE", "/brief").spawn();
        while !removal.is_finished() {
            publish(&gateway, "work", &json!(round));
            gateway.apps().page("brief", "/");
        }
        removal.join().unwrap().unwrap().expect(200);
        nothing_left(&shelf, &gateway);
    }
}

#[test]
fn an_app_installed_right_after_its_removal_stays() {
    let (shelf, gateway) = stand();
    let dir = slow_boot(&shelf, "again", 0);
    for round in 0..40 {
        gateway.apps().install(&dir);
        gateway.apps().uninstall("again");
        gateway.apps().install(&dir);
        until("what the server does about the removal", WAIT, || {
            gateway.metric("footbridge_deliveries_pending", "") == 0
        });
        assert!(gateway.apps().knows("again"), "round {round}");
        gateway.apps().uninstall("again");
    }
}

#[test]
fn of_two_removals_at_once_one_finds_nothing() {
    let (shelf, gateway, watcher) = watched();
    let dir = shelf.recorder("twice", &json!({"hooks": {"bolt/app-uninstalling": "bye/after/300"}}));
    gateway.apps().install(&dir);
    gateway.apps().start("twice");
    let removals: Vec<_> = (0..2).map(|_| gateway.apps().call("DELETE", "/twice").spawn()).collect();
    let mut status: Vec<u16> =
        removals.into_iter().map(|removal| removal.join().unwrap().unwrap().status).collect();
    status.sort_unstable();
    assert_eq!(status, [200, 404]);
    wait_told(&watcher, "twice", "app-deleted");
    until("the rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let told = super::stand::told(&watcher, "twice");
    assert_eq!(told.iter().filter(|event| event["name"] == "app-uninstalled").count(), 1, "{told:?}");
}

#[test]
fn an_app_that_ends_by_itself_when_it_is_told_to_has_not_crashed() {
    let (shelf, gateway, watcher) = watched();
    let server = "const note = require('note');\nmodule.exports = (q, s) => { note('got', {url: q.url}); s.end();\n\
        if (q.url === '/bye') setTimeout(() => process.exit(0), 1); };";
    let slow = server.replace("s.end();", "if (q.url !== '/bye') s.end();");
    for (name, server) in [("polite", server), ("hasty", &slow), ("again", &slow), ("more", &slow)] {
        let package =
            json!({"name": name, "bolt": {"main": "server.js", "hooks": {"bolt/app-stopping": "bye"}}});
        gateway.apps().install(&shelf.write(name, &package, &[("server.js", server)]));
        gateway.apps().start(name);
        gateway.apps().stop(name);
        let event = wait_told(&watcher, name, "app-stopped");
        assert_eq!(event["body"]["reason"], "stop", "{event}");
        assert!(
            !gateway.apps().output(name).iter().any(|line| line.contains("crashed")),
            "{:?}",
            gateway.apps().output(name)
        );
    }
}

#[test]
fn a_router_hook_on_its_own_end_starts_nobody() {
    let (shelf, gateway) = stand();
    let code = "require('note')('loaded');\nmodule.exports = (q, s) => { require('note')('asked', {url: q.url}); s.end(); };";
    let package = json!({"name": "mounted", "bolt": {"module": true,
        "routers": {"it": {"main": "router.js", "root": "/mounted"}},
        "hooks": {"bolt/app-stopped": {"route": "mounted/stopped", "type": "router"},
                  "bolt/app-stopping": {"route": "mounted/stopping", "type": "router"}}}});
    gateway.apps().install(&shelf.write("mounted", &package, &[("router.js", code)]));
    shelf.wait("mounted", "loaded", 1);
    until("its start", LONG, || gateway.apps().runs("mounted"));
    gateway.apps().stop("mounted");
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert!(!gateway.apps().runs("mounted"));
    assert_eq!(shelf.noted("mounted", "loaded").len(), 1);
}

#[test]
fn an_app_that_is_switched_off_answers_nobody() {
    let (shelf, gateway, watcher) = watched();
    gateway.apps().install(&shelf.recorder("off", &json!({"hooks": {"x": "x"}})));
    gateway.apps().start("off");
    gateway.apps().page("off", "/").expect(200);
    gateway.admin().done("PATCH", "apps/off", &json!({"enabled": false}));
    let event = wait_told(&watcher, "off", "app-stopped");
    assert_eq!(event["body"]["reason"], "stop", "{event}");
    assert!(!gateway.apps().runs("off"));
    assert_ne!(gateway.apps().page("off", "/").status, 200);
    assert_ne!(gateway.apps().starting("off").send().status, 200);
    gateway.admin().done("PATCH", "apps/off", &json!({"enabled": true}));
    publish(&gateway, "x", &json!(1));
    shelf.wait_got("off", "/x", 1);
}

#[test]
fn an_app_that_ends_as_soon_as_it_listens_is_not_taken_for_a_running_one() {
    let (shelf, gateway) = stand();
    for delay in ["0", "1", "3"] {
        let name = format!("spark{delay}");
        let run =
            "require('http').createServer((q, s) => s.end()).listen(process.env.PORT, '127.0.0.1', () => {\n\
            if (DELAY) setTimeout(() => process.exit(3), DELAY); else process.exit(3); });"
                .replace("DELAY", delay);
        let package = json!({"name": name, "footbridge": {"command": ["node", "run.js"]}});
        gateway.apps().install(&shelf.write(&name, &package, &[("run.js", &run)]));
        for _ in 0..4 {
            gateway.apps().starting(&name).send();
            gateway.apps().wait_down(&name);
        }
    }
}

#[test]
fn a_subscription_of_a_run_that_has_ended_is_not_kept() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("late", &json!({})));
    for round in 0..8 {
        gateway.apps().start("late");
        let bolt = gateway.bolt_with(&shelf.token("late"));
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

/// The processor time of a process so far.
fn busy(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = rest[11].parse::<u64>().unwrap() + rest[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_server_that_waits_for_its_apps_to_end_does_not_burn() {
    let (shelf, mut gateway) = stand();
    gateway.apps().install(&shelf.recorder("lingers", &json!({"hooks": {"bolt/app-stopping": "silent"}})));
    gateway.apps().install(&shelf.recorder("unwell", &json!({"hooks": {"work": "status/503"}})));
    gateway.apps().start("lingers");
    publish(&gateway, "work", &json!(1));
    shelf.wait_got("unwell", "/status/503", 2);
    // Its next attempt comes due while the server ends, and would start it.
    gateway.apps().stop("unwell");
    let before = busy(gateway.pid());
    gateway.sigterm();
    shelf.wait_got("lingers", "/silent", 1);
    pause(Duration::from_millis(1800));
    let took = busy(gateway.pid()).saturating_sub(before);
    assert!(took < Duration::from_millis(400), "{took:?}");
    gateway.wait_exit(LONG);
}

#[test]
fn a_transient_hook_does_not_start_an_app_that_is_being_stopped() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&shelf.recorder("leaver", &json!({"hooks": {"bolt/app-stopping": "silent"}})));
    gateway.apps().start("leaver");
    gateway.bolt_with(&shelf.token("leaver")).server("x", "/transient");
    let stop = gateway.apps().call("POST", "/stop").json(&json!({"name": "leaver"})).spawn();
    shelf.wait_got("leaver", "/silent", 1);
    publish(&gateway, "x", &json!(1));
    stop.join().unwrap().unwrap().expect(200);
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    // A start under way would be called off by this, and that would be the last line.
    gateway.apps().call("POST", "/stop").json(&json!({"name": "leaver"})).send().expect(409);
    let output = gateway.apps().output("leaver");
    assert!(output.last().is_some_and(|line| line.starts_with("server: stopped")), "{output:?}");
}

#[test]
fn a_function_that_listens_to_itself_is_held_to_its_publish_rate() {
    let shelf = Shelf::new();
    let gateway = setup().set("limits", "publish_rate", r#""1/s burst 5""#).start();
    let package = json!({"name": "echo", "bolt": {"functions": {"f": "f.js"}, "hooks": {"ping": {"route": "f", "type": "function"}}}});
    let code = "module.exports = (event, ctx) => { ctx.publish('ping', {body: event.body + 1}); };";
    gateway.apps().install(&shelf.write("echo", &package, &[("f.js", code)]));
    publish(&gateway, "ping", &json!(0));
    pause(Duration::from_secs(3));
    let events =
        gateway.admin().all("events?limit=250").iter().filter(|event| event["publisher"] == "echo").count();
    assert!(events <= 10, "{events}");
}

#[test]
fn a_router_that_does_not_start_leaves_the_one_before_it_alone() {
    let (shelf, gateway) = stand();
    let good = "module.exports = (q, s) => { require('note')('asked', {url: q.url}); s.end(); };";
    let package = |name: &str, order: i64, hooks: serde_json::Value| {
        json!({"name": name, "bolt": {"module": true,
        "routers": {"it": {"main": "router.js", "root": "/shared", "order": order}}, "hooks": hooks}})
    };
    let hook = json!({"ping": {"route": "shared/ping", "type": "router"}});
    gateway.apps().install(&shelf.write("good", &package("good", 1, hook), &[("router.js", good)]));
    gateway.apps().install(&shelf.write(
        "bad",
        &package("bad", 2, json!({})),
        &[("router.js", "throw new Error('no')")],
    ));
    let id = publish(&gateway, "ping", &json!(0));
    let delivery = super::stand::ended(&gateway, &id);
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    assert_eq!(delivery["attempts"], 1, "{delivery}");
    assert_eq!(gateway.call("POST", "/shared/x").send().status, 200);
}
