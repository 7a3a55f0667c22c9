//! `footbridge app logs`

use std::{collections::VecDeque, ops::ControlFlow};

use serde_json::Value;

use super::{
    super::{failure::Failure, remote::Session},
    bolt, output,
};
use crate::{client::Call, client_error::ClientError, shutdown, terminal::Terminal};

/// Which lines of which app.
#[derive(Debug, Clone, clap::Args)]
pub struct LogsArgs {
    /// Its name
    name: String,
    /// Go on with what it writes from now on, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only the last so many of the lines that are kept
    #[arg(long, short = 'n', value_name = "N")]
    tail: Option<usize>,
}

pub(super) fn logs(args: &LogsArgs, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    if !args.follow {
        let lines = last(&args.name, args.tail.unwrap_or(usize::MAX), session)?;
        return Ok(lines.iter().map(|line| show(line, session, terminal)).collect());
    }
    let (_trigger, mut interrupted) =
        shutdown::by_signals().map_err(|error| Failure::other(error.to_string()))?;
    follow(args, session, terminal, interrupted.begun())?;
    Ok(String::new())
}

/// Shows lines as they come, until `until`, the end of the app or that of the reader.
pub(super) fn follow(
    args: &LogsArgs,
    session: &Session,
    terminal: &mut Terminal,
    until: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let lines = last(&args.name, args.tail.unwrap_or(usize::MAX), session)?;
    let mut newest = 0;
    for line in &lines {
        newest = newest.max(number(line));
        let text = show(line, session, terminal);
        if terminal.say(&text).is_err() {
            return Ok(());
        }
    }
    let after = newest.to_string();
    let query = [("follow", Some("true")), ("after", Some(after.as_str()))];
    let path = ["apps", args.name.as_str(), "logs"];
    let call = Call { query: &query, ..bolt::call(&path, None) };
    session.client().follow(&call, until, |raw| {
        let Ok(line) = serde_json::from_str::<Value>(raw) else { return ControlFlow::Continue(()) };
        if number(&line) <= newest {
            return ControlFlow::Continue(());
        }
        newest = number(&line);
        let text = show(&line, session, terminal);
        if terminal.say(&text).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}

/// The last `most` of the lines that are kept, oldest first.
pub(super) fn last(name: &str, most: usize, session: &Session) -> Result<Vec<Value>, ClientError> {
    let mut lines = VecDeque::new();
    let mut after = 0;
    loop {
        let from = after.to_string();
        let query = [("after", Some(from.as_str()))];
        let path = ["apps", name, "logs"];
        let page: Value = session.fetch(&Call { query: &query, ..bolt::call(&path, None) })?;
        let found = page.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let newest = found.iter().map(number).max().unwrap_or_default();
        if newest <= after {
            return Ok(lines.into());
        }
        after = newest;
        lines.extend(found.iter().cloned());
        lines.drain(..lines.len().saturating_sub(most));
    }
}

fn number(line: &Value) -> u64 {
    line.get("number").and_then(Value::as_u64).unwrap_or_default()
}

fn show(line: &Value, session: &Session, terminal: &Terminal) -> String {
    if session.json() { format!("{line}\n") } else { output::render(line, terminal.colours) }
}
