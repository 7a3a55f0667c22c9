//! `footbridge app start|stop`

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{failure::Failure, remote::Session},
    bolt, logs, output, overview,
};
use crate::{
    client_error::ClientError,
    table::{cell, plain},
};

/// So many lines of its output are shown of an app that did not start.
const LAST_WORDS: usize = 10;

pub(super) fn start(name: &str, session: &Session) -> Result<String, Failure> {
    // Only for what is said: a start gives the run that there is, if there is one.
    let before = if session.json() { Vec::new() } else { bolt::live(session)? };
    let ran = bolt::named(&before, name).is_some();
    let begun = Instant::now();
    let started = session.send(&bolt::call(&["apps", "start"], Some(json!({"name": name}))));
    let took = begun.elapsed().as_millis();
    let answer = started.map_err(|error| with_output(error, name, session))?;
    session.show(&answer, |context: &Value| {
        let name = context.get("name").and_then(Value::as_str).unwrap_or(name);
        let how = if ran { "runs already".to_owned() } else { format!("runs, started in {took} ms") };
        let at = bolt::address(context).map_or_else(String::new, |address| format!(" at {address}"));
        let place = context.get("app").is_none_or(overview::has_server);
        let place =
            if place { format!("reach it at {}\n", bolt::public(session, name)) } else { String::new() };
        format!("{} {how}: process {}{}\n{place}", plain(name), plain(&cell(context, "pid")), plain(&at))
    })
}

pub(super) fn stop(name: &str, session: &Session) -> Result<String, Failure> {
    let call = bolt::call(&["apps", "stop"], Some(json!({"name": name})));
    session.post(&call, |_: &Value| format!("{name} is stopped; the next event for it starts it again\n"))
}

/// A start that failed is told together with the app's last words.
fn with_output(error: ClientError, name: &str, session: &Session) -> Failure {
    if !matches!(error, ClientError::Refused { status, .. } if !(400..500).contains(&status)) {
        return error.into();
    }
    let said = Failure::from(error).to_string();
    let lines = logs::last(name, LAST_WORDS, session).unwrap_or_default();
    let new = lines.iter().filter(|line| !is_said(line, &said));
    let shown: Vec<String> = new.map(|line| format!("  {}", output::render(line, false))).collect();
    let shown = shown.concat();
    if shown.is_empty() {
        return Failure::Said(said);
    }
    Failure::Said(format!("{said}\n{shown}more: footbridge app logs {name}"))
}

/// Whether a line only repeats what the server answered; its own lines begin with what it is about.
fn is_said(line: &Value, said: &str) -> bool {
    let text = cell(line, "text");
    let tail = text.split_once(": ").filter(|_| cell(line, "stream") == "server").map(|(_, tail)| tail);
    said.contains(tail.unwrap_or(&text))
}
