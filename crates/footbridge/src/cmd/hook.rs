//! `footbridge hook list|add|remove`

use serde_json::json;

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell, members},
};

/// What to do with hooks.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum HookCommand {
    /// List the hooks
    List {
        /// Only those of this app
        #[arg(long)]
        app: Option<String>,
        /// Which page
        #[command(flatten)]
        page: PageArgs,
    },
    /// Send an app the events that a pattern matches
    Add {
        /// Whose hook it is
        app: String,
        /// Which events: photo-saved, camera/photo-saved, camera/* or *
        pattern: String,
        /// Where to: a path of the app's url, or a URL with --type web
        route: String,
        /// How the route is read: server or web
        #[arg(long = "type", value_name = "TYPE", default_value = "server")]
        kind: String,
    },
    /// Remove a hook; its pending deliveries are cancelled
    Remove {
        /// Its id
        id: String,
    },
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &HookCommand, session: &Session) -> Result<String, Failure> {
    match command {
        HookCommand::List { app, page } => list(app.as_deref(), page, session),
        HookCommand::Add { app, pattern, route, kind } => {
            let body = json!({"app": app, "pattern": pattern, "route": route, "type": kind});
            let call = Call { path: &["hooks"], body: Some(body), ..Call::default() };
            session.post(&call, |hook| members(hook, &["id", "app", "publisher", "event", "route", "type"]))
        }
        HookCommand::Remove { id } => session
            .delete(&Call { path: &["hooks", id], ..Call::default() }, |_| format!("{id} is removed\n")),
    }
}

fn list(app: Option<&str>, page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("app", app), ("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    session.get(&Call { path: &["hooks"], query: &query, ..Call::default() }, |list| {
        let mut table =
            Table::new(["ID", "APP", "PUBLISHER", "EVENT", "TYPE", "ROUTE", "TRANSIENT", "ENABLED"]);
        for hook in rows(list) {
            let keys = ["id", "app", "publisher", "event", "type", "route", "transient", "enabled"];
            table.row(keys.map(|key| cell(hook, key)));
        }
        table.or("no hooks yet; add one with `footbridge hook add APP PATTERN ROUTE`") + &more(list)
    })
}
