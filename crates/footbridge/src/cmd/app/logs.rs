//! The command `footbridge app logs`.

use std::{collections::VecDeque, ops::ControlFlow};

use footbridge_api::{LogLine, LogPage};
use serde_json::json;

use super::{
    super::{failure::Failure, remote::Session},
    bolt, output,
};
use crate::{
    client::{Call, error::ClientError},
    shutdown,
    terminal::Terminal,
};

/// An app and the lines to show.
#[derive(Debug, Clone, clap::Args)]
pub struct LogsArgs {
    /// The name of the app
    name: String,
    /// Keep showing new lines, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Show only the last N of the stored lines
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
    follow(args, session, terminal, interrupted.started())?;
    Ok(String::new())
}

/// Shows lines as they arrive, until `until` ends, the server ends the answer, or nobody reads the output.
pub(super) fn follow(
    args: &LogsArgs,
    session: &Session,
    terminal: &mut Terminal,
    until: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let lines = last(&args.name, args.tail.unwrap_or(usize::MAX), session)?;
    let mut newest = 0;
    for line in &lines {
        newest = newest.max(line.number);
        let text = show(line, session, terminal);
        if terminal.write(&text).is_err() {
            return Ok(());
        }
    }
    let after = newest.to_string();
    let query = [("follow", Some("true")), ("after", Some(after.as_str()))];
    let path = ["apps", args.name.as_str(), "logs"];
    let call = Call { query: &query, ..bolt::call(&path, None) };
    session.client().follow(&call, until, |raw| {
        let Ok(line) = serde_json::from_str::<LogLine>(raw) else { return ControlFlow::Continue(()) };
        if line.number <= newest {
            return ControlFlow::Continue(());
        }
        newest = line.number;
        let text = show(&line, session, terminal);
        if terminal.write(&text).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}

/// Returns the last `most` of the stored lines, oldest first.
pub(super) fn last(name: &str, most: usize, session: &Session) -> Result<Vec<LogLine>, ClientError> {
    let mut lines = VecDeque::new();
    let mut after = 0;
    loop {
        let from = after.to_string();
        let query = [("after", Some(from.as_str()))];
        let path = ["apps", name, "logs"];
        let page: LogPage = session.fetch(&Call { query: &query, ..bolt::call(&path, None) })?;
        let newest = page.lines.iter().map(|line| line.number).max().unwrap_or_default();
        if newest <= after {
            return Ok(lines.into());
        }
        after = newest;
        lines.extend(page.lines);
        lines.drain(..lines.len().saturating_sub(most));
    }
}

fn show(line: &LogLine, session: &Session, terminal: &Terminal) -> String {
    if session.json() { format!("{}\n", json!(line)) } else { output::render(line, terminal.colours) }
}
