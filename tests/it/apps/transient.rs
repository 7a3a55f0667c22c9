//! Transient hooks of running apps: how they are created and each way they end.

use harness::{App, AppDir, Gateway, Receiver, Reply, WAIT, assert_bolt_error, until};
use serde_json::{Value, json};

use super::common::{LONG, ended, hooks, publish, setup, start_server};

/// Starts an app with a transient hook on `t` at `/t` and returns its token.
#[track_caller]
fn running(app_dir: &AppDir, gateway: &Gateway, name: &str) -> String {
    gateway.apps().install(&app_dir.recorder(name, &json!({})));
    gateway.apps().start(name);
    let token = app_dir.token(name);
    let hook = gateway.bolt_with(&token).server("t", "/t");
    assert_eq!(hook["transient"], true, "{hook}");
    token
}

/// The number of transient hooks of an app.
fn transient(gateway: &Gateway, app: &str) -> usize {
    gateway.admin().all(&format!("hooks?app={app}")).iter().filter(|hook| hook["transient"] == true).count()
}

#[test]
fn a_running_app_receives_events_until_it_unsubscribes() {
    let (app_dir, gateway) = start_server();
    let token = running(&app_dir, &gateway, "app");
    let bolt = gateway.bolt_with(&token);
    let id = bolt.server("t", "/t")["id"].clone();
    assert_eq!(bolt.server("*/T", "/t")["id"], id, "the same hook again is the same hook");
    bolt.server("pen/t", "/second");
    assert_eq!(transient(&gateway, "app"), 2);
    publish(&gateway, "t", &json!(1));
    for path in ["/t", "/second"] {
        let event = app_dir.wait_requests("app", path, 1).remove(0);
        assert_eq!((&event["body"], &event["token"]), (&json!(1), &json!(token)), "{event}");
    }
    let removed = bolt.unsubscribe("sub/T");
    assert_eq!(removed.as_array().unwrap().len(), 1, "{removed}");
    publish(&gateway, "t", &json!(2));
    app_dir.wait_requests("app", "/second", 2);
    assert_eq!(app_dir.requests("app", "/t").len(), 1);
    // Unsubscribing does not remove hooks of the package.
    assert_eq!(bolt.unsubscribe("bolt/app-starting"), json!([]));
    assert_eq!(
        hooks(&gateway, "app"),
        ["bolt/app-starting -> server:hooks/starting", "pen/t -> server:/second"]
    );
}

#[test]
fn a_transient_hook_ends_with_the_run_that_made_it() {
    type End = fn(&AppDir, &mut Gateway);
    let ends: [(&str, End); 5] = [
        ("stop", |_, gateway| _ = gateway.apps().stop("app")),
        ("crash", |_, gateway| {
            gateway.apps().visit("POST", "app", "/crash").body("").try_send().ok();
        }),
        ("replace", |app_dir, gateway| _ = gateway.apps().replace(&app_dir.path().join("app"))),
        ("end of the server", |_, gateway| _ = gateway.stop().start_again()),
        ("kill of the server", |_, gateway| _ = gateway.kill9().start_again()),
    ];
    let (app_dir, mut gateway) = start_server();
    let server = "module.exports = (request, response) => {\n\
                  if (request.url === '/crash') process.exit(1);\n  return require('./recorder.js')(request, response);\n};";
    let recorder = include_str!("../../apps/recorder/server.js");
    let package = json!({"name": "app", "bolt": {"main": "server.js", "hooks": {"bolt/app-starting": "hooks/starting"}}});
    let dir = app_dir.write("app", &package, &[("server.js", server), ("recorder.js", recorder)]);
    gateway.apps().install(&dir);
    for (runs, (what, end)) in ends.into_iter().enumerate() {
        gateway.apps().start("app");
        app_dir.wait_requests("app", "/hooks/starting", runs + 1);
        let token = app_dir.token("app");
        gateway.bolt_with(&token).server("t", "/t");
        gateway.bolt_with(&token).web("t", "http://127.0.0.1:9/never");
        assert_eq!(transient(&gateway, "app"), 2, "{what}");
        end(&app_dir, &mut gateway);
        until(&format!("the end of the hooks by {what}"), WAIT, || transient(&gateway, "app") == 0);
        assert_bolt_error(&gateway.bolt_with(&token).post("x", "{}"), 401, 113);
        assert_eq!(hooks(&gateway, "app").len(), 1, "{what}");
        let answer = gateway.bolt("pen").publish("t", &json!({}));
        assert_eq!(answer["deliveries"], 0, "{what}: {answer}");
        if gateway.apps().is_running("app") {
            gateway.apps().stop("app");
        }
    }
    assert!(app_dir.requests("app", "/t").is_empty());
}

#[test]
fn pending_deliveries_of_a_transient_hook_are_cancelled_with_it() {
    let receiver = Receiver::start();
    receiver.always(Reply::status(503));
    let (app_dir, gateway) = start_server();
    let token = running(&app_dir, &gateway, "app");
    gateway.bolt_with(&token).unsubscribe("t");
    gateway.bolt_with(&token).web("t", &receiver.url("/web"));
    let event = publish(&gateway, "t", &json!(1));
    receiver.wait(1);
    gateway.apps().stop("app");
    let delivery = ended(&gateway, &event);
    assert_eq!(delivery["status"], "cancelled", "{delivery}");
    assert!(delivery["last_error"].as_str().is_some_and(|why| why.contains("hook gone")), "{delivery}");
    let (accepted, all) = gateway.identity();
    assert_eq!(accepted, all);
}

#[test]
fn a_transient_hook_never_starts_an_app() {
    let (app_dir, gateway) = start_server();
    running(&app_dir, &gateway, "app");
    // The events are published before the app stops; they must not start it again.
    let stopping = gateway.apps().call("POST", "/stop").json(&json!({"name": "app"})).spawn();
    for n in 0..50 {
        gateway.bolt("pen").publish("t", &json!({"body": n}));
    }
    stopping.join().unwrap().unwrap().expect(200);
    until("the end of every delivery", LONG, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    assert!(!gateway.apps().is_running("app"));
    assert_eq!(app_dir.noted("app", "boot").len(), 1);
}

#[test]
fn answering_410_ends_a_transient_hook() {
    let (app_dir, gateway) = start_server();
    let token = running(&app_dir, &gateway, "app");
    gateway.bolt_with(&token).server("g", "/status/410");
    let event = publish(&gateway, "g", &json!(1));
    ended(&gateway, &event);
    until("the end of the hook", WAIT, || hooks(&gateway, "app").iter().all(|hook| !hook.contains("410")));
    assert_eq!(gateway.bolt("pen").publish("g", &json!({}))["deliveries"], 0);
    assert_eq!(app_dir.requests("app", "/status/410").len(), 1);
}

#[test]
fn an_app_of_the_file_runs_while_the_server_runs() {
    let receiver = Receiver::start();
    let app_dir = AppDir::new();
    let mut gateway = setup().app(App::new("fax").url(&receiver.url("/fax"))).start();
    gateway.bolt("fax").server("t", "/t");
    assert_bolt_error(&gateway.bolt("pen").post("sub/t", json!({"route": "/t"}).to_string()), 409, 145);
    gateway.bolt("pen").web("t", &receiver.url("/pen"));
    publish(&gateway, "t", &json!(1));
    receiver.wait_at("/fax/t", 1);
    receiver.wait_at("/pen", 1);
    gateway.stop().start_again();
    assert_eq!(transient(&gateway, "fax") + transient(&gateway, "pen"), 0);
    drop(app_dir);
}

#[test]
fn every_hook_type_can_be_transient() {
    let receiver = Receiver::start();
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&app_dir.sample("db"));
    let package = json!({"name": "app", "bolt": {"main": "server.js", "hooks": {"bolt/app-starting": "hooks/starting"},
        "functions": {"seen": "seen.js"}}});
    let dir = app_dir.recorder_with("app", &package);
    std::fs::write(
        dir.join("seen.js"),
        "module.exports = (event, ctx) => ctx.publish('seen', { body: event.id });",
    )
    .unwrap();
    gateway.apps().install(&dir);
    gateway.apps().start("app");
    let bolt = gateway.bolt_with(&app_dir.token("app"));
    let make =
        |route: &str, kind: &str| bolt.post("sub/pen/t", json!({"route": route, "type": kind}).to_string());
    let body = |answer: &harness::Answer| -> Value { answer.json()["body"].clone() };
    for (route, kind) in [
        ("/t", "server"),
        (receiver.url("/web").as_str(), "web"),
        ("/api/db/hooks/bolt/app-uninstalled", "router"),
        ("seen", "function"),
    ] {
        let answer = make(route, kind).expect(200);
        assert_eq!((&body(&answer)["type"], &body(&answer)["route"]), (&json!(kind), &json!(route)));
    }
    assert_bolt_error(&make("no-such-function", "function"), 400, 141);
    assert_bolt_error(&make("/t", "carrier-pigeon"), 400, 142);
    gateway.bolt_with(&app_dir.token("app")).server("app/seen", "/was-seen");
    let event = publish(&gateway, "t", &json!(7));
    app_dir.wait_requests("app", "/t", 1);
    let web = receiver.wait_at("/web", 1).remove(0).json();
    assert!(web.get("token").is_none() && web["bolt"]["address"].is_string(), "{web}");
    let routed = app_dir.wait("db", "uninstalled", 1).remove(0);
    assert!(routed["event"].get("token").is_none(), "another app's router was given the token: {routed}");
    assert_eq!(routed["genuine"], false);
    assert_eq!(app_dir.wait_requests("app", "/was-seen", 1)[0]["body"], event.as_str());
}
