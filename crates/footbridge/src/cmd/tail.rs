//! `footbridge event tail [QUERY]`: what happens, as it happens.

use std::{ops::ControlFlow, time::Duration};

use serde_json::{Value, json};

use super::{failure::Failure, remote::Session};
use crate::{
    client::{Call, error::ClientError},
    shutdown,
    table::plain,
    terminal::Terminal,
};

/// The server closes no tail, so a connection that ends was lost. The wait before the next try.
const AGAIN: Duration = Duration::from_secs(1);

/// Arguments of `footbridge event tail`.
#[derive(Debug, Clone, clap::Args)]
pub struct TailArgs {
    /// Only rows that match, as in `app:shop status:dead`; the grammar is that of the lists
    query: Vec<String>,
    /// Kinds of rows, separated by commas: event, delivery, exchange, audit
    #[arg(long, value_name = "KINDS")]
    kinds: Option<String>,
    /// Stop after this many rows
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
}

/// One record of the stream, put together from its lines.
#[derive(Debug, Default)]
struct Record {
    kind: String,
    id: String,
}

/// Prints rows until Ctrl-C, or until nobody reads the output. A lost connection is made again and goes on where it was.
/// Rows are JSON, one in a line, if the output is no terminal.
///
/// # Errors
/// The server cannot be reached at the start, or it refuses the query.
pub fn run(args: &TailArgs, session: &Session, terminal: &mut Terminal) -> Result<String, Failure> {
    let (_trigger, mut interrupted) =
        shutdown::by_signals().map_err(|error| Failure::other(error.to_string()))?;
    let query = args.query.join(" ");
    let parameters = [("q", (!query.is_empty()).then_some(&*query)), ("kinds", args.kinds.as_deref())];
    let as_json = session.json() || !terminal.shows;
    let (mut record, mut left, mut heard) = (Record::default(), args.count, false);
    loop {
        let call = Call {
            path: &["tail"],
            query: &parameters,
            last_event_id: (!record.id.is_empty()).then(|| record.id.clone()),
            ..Call::default()
        };
        let mut over = false;
        let ended = session.client().follow(&call, interrupted.started(), |line| {
            heard |= is_of_a_stream(line);
            let Some(row) = record.take(line) else { return ControlFlow::Continue(()) };
            let text = if as_json { json_line(&record.kind, &row) } else { human(&record.kind, &row) };
            left = left.map(|left| left.saturating_sub(u64::from(record.kind != "gap")));
            over = terminal.write(&text).is_err() || left == Some(0);
            if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if over || interrupted.has_started() {
            return Ok(String::new());
        }
        match ended {
            Err(
                error @ (ClientError::Broken { .. } | ClientError::NoServer(_) | ClientError::Slow { .. }),
            ) if heard => {
                terminal.note(&format!("{error}; trying again\n"));
            }
            Err(error) => return Err(error.into()),
            Ok(()) if !heard => return Err(session.client().foreign().into()),
            Ok(()) => terminal.note("the stream ended; trying again\n"),
        }
        let wait = async { tokio::time::timeout(AGAIN, interrupted.started()).await };
        if session.client().block_on(wait)?.is_ok() {
            return Ok(String::new());
        }
    }
}

/// Returns true for a line that server-sent events consist of.
fn is_of_a_stream(line: &str) -> bool {
    ["event:", "id:", "data:", "retry:", ":"].iter().any(|begin| line.starts_with(begin))
}

impl Record {
    /// Adds a line of the stream. Returns the row if the line has one.
    fn take(&mut self, line: &str) -> Option<Value> {
        if let Some(kind) = line.strip_prefix("event: ") {
            kind.clone_into(&mut self.kind);
        } else if let Some(id) = line.strip_prefix("id: ") {
            id.clone_into(&mut self.id);
        } else if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).ok().filter(|_| self.kind != "ping");
        }
        None
    }
}

fn json_line(kind: &str, row: &Value) -> String {
    format!("{}\n", json!({ "kind": kind, "row": row }))
}

fn human(kind: &str, row: &Value) -> String {
    let text = |member: &str| row.get(member).and_then(Value::as_str).map(plain).unwrap_or_default();
    let number = |member: &str| row.get(member).and_then(Value::as_u64);
    let ms = number("last_ms").or_else(|| number("ms")).map(|ms| format!(" {ms} ms")).unwrap_or_default();
    let said = match kind {
        "event" => format!("{} by {}  {}", text("name"), text("publisher"), text("id")),
        "delivery" => {
            let answer =
                number("last_status").map_or_else(|| text("last_error"), |status| status.to_string());
            format!(
                "{} {} → {}  {} {answer}{ms}  {}",
                text("event_name"),
                text("publisher"),
                text("app"),
                text("status"),
                text("event_id")
            )
        }
        "exchange" => format!(
            "{} {} → {}  {}{ms}  {}",
            text("event_type"),
            text("sender"),
            text("recipient"),
            text("status"),
            text("id")
        ),
        "gap" => match number("n") {
            Some(n) => return format!("… {n} rows not shown\n"),
            None => return "… rows not shown\n".to_owned(),
        },
        _ => plain(&row.to_string()),
    };
    let at = text("at");
    let clock = at.get(11..23).unwrap_or(&at).to_owned();
    format!("{clock}  {kind:8}  {said}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_from_lines() {
        let mut record = Record::default();
        assert_eq!(record.take("retry: 1000"), None);
        assert_eq!(record.take("event: event"), None);
        assert_eq!(record.take("id: 7-1"), None);
        let row = record
            .take(r#"data: {"at":"2026-11-30T11:04:07.120Z","id":"evt_1","name":"paid","publisher":"shop"}"#);
        assert_eq!(human(&record.kind, &row.unwrap()), "11:04:07.120  event     paid by shop  evt_1\n");
        assert_eq!(record.id, "7-1");
        record.take("event: ping");
        assert_eq!(record.take("data: {}"), None);
        record.take("event: gap");
        let gap = record.take(r#"data: {"n": 12}"#).unwrap();
        assert_eq!(human("gap", &gap), "… 12 rows not shown\n");
    }
}
