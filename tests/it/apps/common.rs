//! Setups and helpers of this chapter's tests.

use std::path::PathBuf;
use std::time::Duration;

use harness::{App, AppDir, Gateway, Receiver, Setup, until_some};
use serde_json::{Value, json};

/// The time limit for anything that an app of a test does on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A server that can start apps, with `pen`, an app of the file that publishes.
pub(crate) fn setup() -> Setup {
    // The delays are long enough for an app to start in between.
    Setup::new()
        .set("retry", "schedule", r#"["200ms", "1s", "2s", "3s", "3s", "3s"]"#)
        // Requests to hooks that never answer time out soon.
        .set("egress", "timeout", "\"4s\"")
        .app(App::new("pen"))
        .starts_apps()
}

/// Starts this server and creates a directory for its apps. The server is dropped before the directory.
pub(crate) fn start_server() -> (AppDir, Gateway) {
    (AppDir::new(), setup().start())
}

/// Like [`start_server`], with `watcher`: an app of the file that receives all events of `bolt` at `/bolt`, in order.
pub(crate) fn start_watched_server() -> (AppDir, Gateway, Receiver) {
    let receiver = Receiver::start();
    let hooks = r#""bolt/*" = { route = "bolt", ordered = true }"#;
    let watcher = App::new("watcher").url(&receiver.url("/")).hooks(hooks);
    (AppDir::new(), setup().app(watcher).start(), receiver)
}

/// Creates a Node app that needs `boot` milliseconds to load and answers all hooks.
pub(crate) fn slow_boot(app_dir: &AppDir, name: &str, boot: u64) -> PathBuf {
    let server = format!(
        "const until = Date.now() + {boot};\nwhile (Date.now() < until);\nmodule.exports = require('./recorder.js');"
    );
    let recorder = include_str!("../../apps/recorder/server.js");
    let package = json!({"name": name, "version": "1.0.0", "bolt": {"main": "server.js",
        "hooks": {"bolt/app-starting": "hooks/starting", "work": "hooks/work"}}});
    app_dir.write(name, &package, &[("server.js", &server), ("recorder.js", recorder)])
}

/// The events of `bolt` about `app` that the watcher has received.
pub(crate) fn lifecycle_events(watcher: &Receiver, app: &str) -> Vec<Value> {
    let all = watcher.requests_at("/bolt").into_iter().map(|got| got.json());
    all.filter(|event| of(event).is_some_and(|name| name == app)).collect()
}

/// The app that an event of `bolt` is about. Apps have `name`; contexts and routers have `app` too.
fn of(event: &Value) -> Option<String> {
    let body = &event["body"];
    let name = ["app", "appName", "name"].iter().find_map(|member| body[*member].as_str());
    name.map(str::to_owned)
}

/// Waits until the watcher has received event `name` about `app` and returns it.
#[track_caller]
pub(crate) fn wait_lifecycle_event(watcher: &Receiver, app: &str, name: &str) -> Value {
    until_some(&format!("{name} of {app}"), LONG, || {
        lifecycle_events(watcher, app).into_iter().find(|event| event["name"] == name)
    })
}

/// The names of these events, in order.
pub(crate) fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["name"].as_str().expect("name")).collect()
}

/// Publishes as `pen` and returns the event's id.
#[track_caller]
pub(crate) fn publish(gateway: &Gateway, name: &str, body: &Value) -> String {
    let answer = gateway.bolt("pen").publish(name, &json!({ "body": body }));
    answer["id"].as_str().expect("id").to_owned()
}

/// Waits until the only delivery of an event has ended and returns it.
#[track_caller]
pub(crate) fn ended(gateway: &Gateway, event: &str) -> Value {
    until_some(&format!("the end of the delivery of {event}"), LONG, || {
        let all = gateway.admin().all(&format!("deliveries?event={event}"));
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_iter().find(|delivery| delivery["status"] != "pending")
    })
}

/// The hooks of an app from the administration API, as sorted `publisher/event -> type:route` lines.
#[track_caller]
pub(crate) fn hooks(gateway: &Gateway, app: &str) -> Vec<String> {
    let text = |hook: &Value, member: &str| hook[member].as_str().expect("text").to_owned();
    let all = gateway.admin().all(&format!("hooks?app={app}"));
    let line = |hook: &Value| {
        let [publisher, event, kind, route] =
            ["publisher", "event", "type", "route"].map(|member| text(hook, member));
        format!("{publisher}/{event} -> {kind}:{route}")
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.sort();
    lines
}
