//! `footbridge link list|add|remove`

use serde_json::json;

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell},
};

/// What to do with links.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum LinkCommand {
    /// List the links
    List(PageArgs),
    /// Let a host and a miniapp exchange events
    Add(Ends),
    /// Let them no longer
    Remove(Ends),
}

/// The two ends of a link.
#[derive(Debug, Clone, clap::Args)]
pub struct Ends {
    /// The host app
    host: String,
    /// The miniapp
    miniapp: String,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &LinkCommand, session: &Session) -> Result<String, Failure> {
    match command {
        LinkCommand::List(page) => list(page, session),
        LinkCommand::Add(Ends { host, miniapp }) => {
            let body = json!({"host": host, "miniapp": miniapp});
            let call = Call { path: &["links"], body: Some(body), ..Call::default() };
            session.post(&call, |_| format!("{host} and {miniapp} may exchange events\n"))
        }
        LinkCommand::Remove(Ends { host, miniapp }) => {
            let call = Call { path: &["links", host, miniapp], ..Call::default() };
            session.delete(&call, |_| format!("{host} and {miniapp} may no longer exchange events\n"))
        }
    }
}

fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    session.get(&Call { path: &["links"], query: &query, ..Call::default() }, |list| {
        let mut table = Table::new(["HOST", "MINIAPP", "ENABLED"]);
        for link in rows(list) {
            table.row([cell(link, "host"), cell(link, "miniapp"), cell(link, "enabled")]);
        }
        table.or("no links yet; add one with `footbridge link add HOST MINIAPP`") + &more(list)
    })
}
