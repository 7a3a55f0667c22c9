//! Handlers that never answer, and what becomes of their events when the app ends.

use std::time::{Duration, Instant};

use harness::{Shelf, until};
use serde_json::{Value, json};

use super::stand::{LONG, ended, publish, stand};
use super::stop::kill;

/// Answers nothing; at `/reset` it hangs up after a while, the first time, and answers later.
const SILENT: &str = "const note = require('note');\nlet resets = 0;\n\
    module.exports = (request, response) => {\n\
      note('got', { url: request.url });\n\
      if (request.url === '/reset') resets++ === 0 ? setTimeout(() => response.destroy(), 700) : response.end();\n\
    };";

fn silent(shelf: &Shelf, hooks: &Value) -> std::path::PathBuf {
    let package = json!({"name": "mum", "version": "1.0.0", "bolt": {"main": "server.js", "hooks": hooks}});
    shelf.write("mum", &package, &[("server.js", SILENT)])
}

fn got(shelf: &Shelf, url: &str) -> usize {
    shelf.noted("mum", "got").iter().filter(|note| note["url"] == url).count()
}

#[track_caller]
fn wait(shelf: &Shelf, url: &str, times: usize) {
    until(&format!("{times} requests at {url}"), LONG, || got(shelf, url) >= times);
}

#[test]
fn an_app_that_answers_nothing_is_stopped_at_once_and_its_events_are_over() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&silent(&shelf, &json!({"work": "work", "bolt/app-starting": "starting"})));
    let event = publish(&gateway, "work", &json!(1));
    wait(&shelf, "/work", 1);
    let begun = Instant::now();
    gateway.apps().stop("mum");
    // Less than what requests under way are given at most.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let delivery = ended(&gateway, &event);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("unanswered"), &json!(1)), "{delivery}");
    assert!(gateway.apps().live().is_empty(), "its own event has started it again");
}

#[test]
fn a_hang_up_after_the_lane_went_on_is_a_failed_attempt() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&silent(&shelf, &json!({"work": "reset"})));
    let event = publish(&gateway, "work", &json!(1));
    wait(&shelf, "/reset", 2);
    let delivery = ended(&gateway, &event);
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("delivered"), &json!(2)), "{delivery}");
}

#[test]
fn what_an_app_had_when_it_crashed_comes_again() {
    let (shelf, gateway) = stand();
    gateway.apps().install(&silent(&shelf, &json!({"work": "work"})));
    // One more than are in flight at a time: when it comes the lane has gone on.
    (0..9).for_each(|n| drop(publish(&gateway, "work", &json!(n))));
    wait(&shelf, "/work", 9);
    kill(&gateway, "mum");
    wait(&shelf, "/work", 18);
}
