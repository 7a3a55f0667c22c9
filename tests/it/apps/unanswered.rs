//! Handlers that never answer, and the outcome of their deliveries when the app ends.

use std::time::{Duration, Instant};

use harness::{AppDir, until};
use serde_json::{Value, json};

use super::common::{LONG, ended, publish, start_server};
use super::stop::kill;

/// Never answers. The first request at `/reset` is disconnected after a while; later ones are answered.
const SILENT: &str = "const note = require('note');\nlet resets = 0;\n\
    module.exports = (request, response) => {\n\
      note('got', { url: request.url });\n\
      if (request.url === '/reset') resets++ === 0 ? setTimeout(() => response.destroy(), 700) : response.end();\n\
    };";

fn silent(app_dir: &AppDir, hooks: &Value) -> std::path::PathBuf {
    let package = json!({"name": "mum", "version": "1.0.0", "bolt": {"main": "server.js", "hooks": hooks}});
    app_dir.write("mum", &package, &[("server.js", SILENT)])
}

fn got(app_dir: &AppDir, url: &str) -> usize {
    app_dir.noted("mum", "got").iter().filter(|note| note["url"] == url).count()
}

#[track_caller]
fn wait(app_dir: &AppDir, url: &str, times: usize) {
    until(&format!("{times} requests at {url}"), LONG, || got(app_dir, url) >= times);
}

#[test]
fn unanswered_deliveries_end_when_an_app_that_never_answers_is_stopped() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&silent(&app_dir, &json!({"work": "work", "bolt/app-starting": "starting"})));
    let event = publish(&gateway, "work", &json!(1));
    wait(&app_dir, "/work", 1);
    let begun = Instant::now();
    gateway.apps().stop("mum");
    // Less than the longest time for requests in progress.
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    let delivery = ended(&gateway, &event);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("unanswered"), &json!(1)), "{delivery}");
    assert!(gateway.apps().running().is_empty(), "its own event has started it again");
}

#[test]
fn a_disconnect_after_the_answer_deadline_is_a_failed_attempt() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&silent(&app_dir, &json!({"work": "reset"})));
    let event = publish(&gateway, "work", &json!(1));
    wait(&app_dir, "/reset", 2);
    let delivery = ended(&gateway, &event);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("delivered"), &json!(2)), "{delivery}");
}

#[test]
fn deliveries_in_flight_at_a_crash_are_sent_again() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&silent(&app_dir, &json!({"work": "work"})));
    // One more than the limit of deliveries in flight: when it arrives, the lane has moved on.
    (0..9).for_each(|n| drop(publish(&gateway, "work", &json!(n))));
    wait(&app_dir, "/work", 9);
    kill(&gateway, "mum");
    wait(&app_dir, "/work", 18);
}
