//! `footbridge explain PUBLISHER NAME`

use serde_json::{Value, json};

use super::{
    failure::Failure,
    remote::{Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, first_cell},
};

/// Who would get an event, and why the others would not.
#[derive(Debug, Clone, clap::Args)]
pub struct ExplainArgs {
    /// The app that would publish it
    publisher: String,
    /// The event's name
    name: String,
    /// As if the publisher named these subscribers
    #[arg(long = "to", value_name = "APP")]
    subscribers: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<String, Failure> {
    let mut body = json!({"publisher": args.publisher, "name": args.name});
    if let (Some(body), false) = (body.as_object_mut(), args.subscribers.is_empty()) {
        body.insert("subscribers".to_owned(), json!(args.subscribers));
    }
    session.post(&Call { path: &["explain"], body: Some(body), ..Call::default() }, table)
}

fn table(list: &Value) -> String {
    let mut table = Table::new(["GETS IT", "HOOK", "APP", "PATTERN", "ROUTE", "WHY"]);
    for row in rows(list) {
        // A row names its hook by its members or holds it whole.
        let hook = row.get("hook").filter(|hook| hook.is_object()).unwrap_or(row);
        let pattern = format!("{}/{}", first_cell(hook, &["publisher"]), first_cell(hook, &["event"]));
        table.row([
            first_cell(row, &["gets", "matches"]),
            first_cell(hook, &["id", "hook_id"]),
            first_cell(hook, &["app"]),
            pattern,
            first_cell(hook, &["route"]),
            first_cell(row, &["reason", "why"]),
        ]);
    }
    table.or("no hooks yet") + &more(list)
}
