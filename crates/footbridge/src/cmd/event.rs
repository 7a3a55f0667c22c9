//! `footbridge event list|show`

use super::{
    delivery,
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell, members},
};

/// What to do with events.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum EventCommand {
    /// List the events, newest first
    List(PageArgs),
    /// Show one event and its deliveries
    Show {
        /// Its id
        id: String,
    },
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &EventCommand, session: &Session) -> Result<String, Failure> {
    match command {
        EventCommand::List(page) => list(page, session),
        EventCommand::Show { id } => {
            let first = ["id", "name", "publisher", "time"];
            let event = session
                .get(&Call { path: &["events", id], ..Call::default() }, |event| members(event, &first))?;
            let query = [("event", Some(id.as_str()))];
            let call = Call { path: &["deliveries"], query: &query, ..Call::default() };
            Ok(event + &session.also(&call, |list| format!("\n{}", delivery::table(list)))?)
        }
    }
}

fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    session.get(&Call { path: &["events"], query: &query, ..Call::default() }, |list| {
        let mut table = Table::new(["ID", "PUBLISHER", "NAME", "TIME", "DELIVERIES"]);
        for event in rows(list) {
            table.row(["id", "publisher", "name", "time", "deliveries"].map(|key| cell(event, key)));
        }
        table.or("no events") + &more(list)
    })
}
