//! `footbridge delivery list|show|retry`

use serde_json::{Value, json};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    answer,
    client::Call,
    table::{Table, cell, first_cell, members, plain},
};

/// What to do with deliveries.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DeliveryCommand {
    /// List deliveries, newest first
    List(ListArgs),
    /// Show one delivery and its attempts
    Show {
        /// Its id
        id: String,
    },
    /// Try a dead delivery again from the start of its schedule
    Retry {
        /// Its id
        id: String,
    },
}

/// Which deliveries.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// Only those to this app
    #[arg(long)]
    app: Option<String>,
    /// Only those with this status
    #[arg(long, value_parser = ["pending", "delivered", "unanswered", "dead", "cancelled"])]
    status: Option<String>,
    /// Only those of this event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &DeliveryCommand, session: &Session) -> Result<String, Failure> {
    match command {
        DeliveryCommand::List(which) => list(which, session),
        DeliveryCommand::Show { id } => {
            let answer = session.client().get(&Call { path: &["deliveries", id], ..Call::default() })?;
            Ok(session.show(&answer, |delivery| show(delivery, &answer::returned(&answer.raw))))
        }
        DeliveryCommand::Retry { id } => {
            let call = Call { path: &["deliveries", id, "retry"], body: Some(json!({})), ..Call::default() };
            session.post(&call, |_| format!("{id} is pending again\n"))
        }
    }
}

fn list(which: &ListArgs, session: &Session) -> Result<String, Failure> {
    let limit = which.page.limit.map(|limit| limit.to_string());
    let query = [
        ("app", which.app.as_deref()),
        ("status", which.status.as_deref()),
        ("event", which.event.as_deref()),
        ("limit", limit.as_deref()),
        ("cursor", which.page.cursor.as_deref()),
    ];
    session.get(&Call { path: &["deliveries"], query: &query, ..Call::default() }, table)
}

/// A list of deliveries.
pub(super) fn table(list: &Value) -> String {
    let mut table = Table::new(["ID", "EVENT", "APP", "STATUS", "ATTEMPTS", "LAST", "NEXT"]);
    for delivery in rows(list) {
        table.row([
            cell(delivery, "id"),
            cell(delivery, "event_id"),
            cell(delivery, "app"),
            cell(delivery, "status"),
            cell(delivery, "attempts"),
            first_cell(delivery, &["last_error", "last_status"]),
            cell(delivery, "next_attempt_at"),
        ]);
    }
    table.or("no deliveries") + &more(list)
}

fn show(delivery: &Value, returned: &[Option<String>]) -> String {
    let mut head = delivery.clone();
    let log = head.as_object_mut().and_then(|head| head.remove("attempt_log")).unwrap_or_default();
    let mut table = Table::new(["N", "AT", "STATUS", "MS", "ERROR"]);
    for attempt in rows(&log) {
        table.row(["n", "at", "status", "ms", "error"].map(|key| cell(attempt, key)));
    }
    let first = [
        "id",
        "status",
        "attempts",
        "next_attempt_at",
        "last_status",
        "last_error",
        "app",
        "url",
        "event_id",
        "hook_id",
    ];
    let returned = returned.iter().map(Option::as_deref).chain(std::iter::repeat(None));
    let whole: String = rows(&log).zip(returned).map(|(attempt, value)| whole(attempt, value)).collect();
    format!("{}\n{}{whole}", members(&head, &first), table.or("no attempts yet"))
}

/// What of an attempt has no room in a row: a stack, and what a function returned and wrote.
fn whole(attempt: &Value, returned: Option<&str>) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let output = attempt.get("output");
    let error = Some(text(attempt.get("error"))).filter(|error| error.contains('\n')).unwrap_or_default();
    let log = text(output.and_then(|output| output.get("log")));
    let value = returned.map(|value| format!("returned {value}")).unwrap_or_default();
    let lines: Vec<String> = [error, log, value]
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| format!("  {}\n", plain(line)))
        .collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("\nattempt {}\n{}", cell(attempt, "n"), lines.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_and_what_a_function_wrote_are_shown_whole() {
        let delivery = json!({"id": "dlv_1", "attempt_log": [
            {"n": 1, "at": "t", "status": null, "error": "TypeError: x\n    at f (f.js:3)", "ms": 2,
             "output": {"value": null, "log": "one\n\u{1b}two\n"}},
            {"n": 2, "at": "t", "status": null, "error": null, "ms": 1, "output": {"value": {"a": 1}, "log": ""}},
            {"n": 3, "at": "t", "status": 200, "error": "plain", "ms": 1, "output": null},
        ]});
        let shown = show(&delivery, &answer::returned(delivery.to_string().as_bytes()));
        let (_, whole) = shown.split_once("\n\nattempt ").unwrap();
        assert_eq!(
            whole,
            "1\n  TypeError: x\n      at f (f.js:3)\n  one\n  \u{fffd}two\n\nattempt 2\n  returned {\"a\":1}\n"
        );
    }
}
