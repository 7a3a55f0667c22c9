//! The commands `footbridge app start|stop`.

use footbridge_api::{BoltContext, LogLine, NamedApp};
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::{
    super::{
        failure::Failure,
        remote::{Session, body},
    },
    bolt, logs, output, overview,
};
use crate::{
    client::error::ClientError,
    table::{or_dash, plain},
};

/// Lines of output that are shown of an app that did not start.
const LAST_LINES: usize = 10;

pub(super) fn start(name: &str, session: &Session) -> Result<String, Failure> {
    // A start returns the present run if there is one. Only the text depends on it.
    let before = if session.json() { Vec::new() } else { bolt::running(session)? };
    let ran = overview::running(&before, name).is_some();
    let request = NamedApp { name: name.to_owned() };
    let since = Instant::now();
    let started = session.send(&bolt::call(&["apps", "start"], body(&request)));
    let took = since.elapsed().as_millis();
    let answer = started.map_err(|error| with_output(error, name, session))?;
    session.show(&answer, |context: &BoltContext| {
        let name = if context.name.is_empty() { name } else { &context.name };
        let how = if ran { "runs already".to_owned() } else { format!("runs, started in {took} ms") };
        let at = bolt::address(context).map_or_else(String::new, |address| format!(" at {address}"));
        let url = if context.app.as_ref().is_none_or(overview::has_pages) {
            format!("reach it at {}\n", bolt::public_url(session, name))
        } else {
            String::new()
        };
        format!("{} {how}: process {}{}\n{url}", plain(name), or_dash(context.pid), plain(&at))
    })
}

pub(super) fn stop(name: &str, session: &Session) -> Result<String, Failure> {
    let request = NamedApp { name: name.to_owned() };
    let call = bolt::call(&["apps", "stop"], body(&request));
    session
        .post(&call, |_: &IgnoredAny| format!("{name} is stopped; the next event for it starts it again\n"))
}

/// Adds the app's last output to the error of a failed start.
fn with_output(error: ClientError, name: &str, session: &Session) -> Failure {
    if !matches!(error, ClientError::Refused { status, .. } if !(400..500).contains(&status)) {
        return error.into();
    }
    let message = Failure::from(error).to_string();
    let lines = logs::last(name, LAST_LINES, session).unwrap_or_default();
    let new = lines.iter().filter(|line| !repeats(line, &message));
    let shown = new.map(|line| format!("  {}", output::render(line, false))).collect::<Vec<_>>().concat();
    if shown.is_empty() {
        return Failure::Printed(message);
    }
    Failure::Printed(format!("{message}\n{shown}more: footbridge app logs {name}"))
}

/// Returns true if a line only repeats the server's answer. Lines by the server begin with their subject and a colon.
fn repeats(line: &LogLine, message: &str) -> bool {
    let tail = line.text.split_once(": ").filter(|_| line.stream == "server").map(|(_, tail)| tail);
    message.contains(tail.unwrap_or(&line.text))
}
