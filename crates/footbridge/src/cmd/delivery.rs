//! `footbridge delivery list|show|retry`

use serde_json::{Value, json};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell, first_cell, members},
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
            session.get(&Call { path: &["deliveries", id], ..Call::default() }, show)
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

fn show(delivery: &Value) -> String {
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
    format!("{}\n{}", members(&head, &first), table.or("no attempts yet"))
}
