//! `footbridge app list|show|add|secret`

use serde_json::{Map, Value, json};

use super::{
    failure::Failure,
    remote::{PageArgs, Session, more, rows},
};
use crate::{
    client::Call,
    table::{Table, cell, members},
};

/// Members of an app that come first.
const FIRST: [&str; 6] = ["name", "enabled", "url", "receiver_url", "receiver_enabled", "miniapp_url"];

/// What to do with apps.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum AppCommand {
    /// List the apps
    List(PageArgs),
    /// Show one app
    Show {
        /// Its name
        name: String,
    },
    /// Add an app; its secrets are shown once
    Add(AddArgs),
    /// Make new secrets for an app; the old ones work for 24 hours more
    Secret {
        /// Its name
        name: String,
        /// Make new ones: secrets are kept sealed and cannot be shown again
        #[arg(long, required = true)]
        rotate: bool,
    },
}

/// A new app.
#[derive(Debug, Clone, clap::Args)]
pub struct AddArgs {
    /// Its name: 1 to 64 of a-z, 0-9, ".", "_" and "-"
    name: String,
    /// Where it is running; `server` hooks go there
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Where exchanges for it go
    #[arg(long, value_name = "URL")]
    receiver_url: Option<String>,
    /// The page that a host embeds
    #[arg(long, value_name = "URL")]
    miniapp_url: Option<String>,
    /// The scheme of its Authorization
    #[arg(long, value_name = "WORD")]
    token_prefix: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be reached or says no.
pub fn run(command: &AppCommand, session: &Session) -> Result<String, Failure> {
    match command {
        AppCommand::List(page) => list(page, session),
        AppCommand::Show { name } => {
            session.get(&Call { path: &["apps", name], ..Call::default() }, |app| members(app, &FIRST))
        }
        AppCommand::Add(add) => {
            let call = Call { path: &["apps"], body: Some(body(add)), ..Call::default() };
            session.post(&call, |app| members(app, &FIRST) + "\nThe secrets are shown this once.\n")
        }
        AppCommand::Secret { name, .. } => {
            let call = Call { path: &["apps", name, "rotate"], body: Some(json!({})), ..Call::default() };
            let note = "\nThe secrets are shown this once. The old ones work for 24 hours more.\n";
            session.post(&call, |app| members(app, &FIRST) + note)
        }
    }
}

fn list(page: &PageArgs, session: &Session) -> Result<String, Failure> {
    let limit = page.limit.map(|limit| limit.to_string());
    let query = [("limit", limit.as_deref()), ("cursor", page.cursor.as_deref())];
    session.get(&Call { path: &["apps"], query: &query, body: None }, |list| {
        let mut table = Table::new(["NAME", "ENABLED", "URL", "RECEIVER"]);
        for app in rows(list) {
            table.row([cell(app, "name"), cell(app, "enabled"), cell(app, "url"), cell(app, "receiver_url")]);
        }
        table.or("no apps yet; add one with `footbridge app add NAME`") + &more(list)
    })
}

fn body(add: &AddArgs) -> Value {
    let given = [
        ("name", Some(&add.name)),
        ("url", add.url.as_ref()),
        ("receiver_url", add.receiver_url.as_ref()),
        ("miniapp_url", add.miniapp_url.as_ref()),
        ("token_prefix", add.token_prefix.as_ref()),
    ];
    let set = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
    Value::Object(set.collect::<Map<_, _>>())
}
