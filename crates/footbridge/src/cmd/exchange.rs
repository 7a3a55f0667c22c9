//! `footbridge exchange list|show`

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell, first_cell, members},
};

/// What to do with exchanges.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ExchangeCommand {
    /// List exchanges, newest first
    List(PageArgs),
    /// Show one exchange
    Show {
        /// Its id
        id: String,
    },
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &ExchangeCommand, session: &Session) -> Result<String, Failure> {
    match command {
        ExchangeCommand::List(page) => list(page, session),
        ExchangeCommand::Show { id } => {
            let first = ["id", "exchange_id", "status", "sender", "recipient", "event_type"];
            session.get(&Call { path: &["exchanges", id], ..Call::default() }, |exchange| {
                members(exchange, &first)
            })
        }
    }
}

fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    session.get(&Call { path: &["exchanges"], query: &query, ..Call::default() }, |list| {
        let mut table =
            Table::new(["ID", "SENDER", "RECIPIENT", "EVENT TYPE", "STATUS", "ERROR", "AT", "MS"]);
        for exchange in rows(list) {
            table.row([
                first_cell(exchange, &["id", "exchange_id"]),
                cell(exchange, "sender"),
                cell(exchange, "recipient"),
                cell(exchange, "event_type"),
                cell(exchange, "status"),
                cell(exchange, "error_code"),
                first_cell(exchange, &["at", "created_at"]),
                cell(exchange, "ms"),
            ]);
        }
        table.or("no exchanges") + &more(list)
    })
}
