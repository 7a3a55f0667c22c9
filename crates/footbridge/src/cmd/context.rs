//! The commands `footbridge context add|use|list|remove`.

use serde_json::json;
use std::path::Path;

use super::failure::Failure;
use crate::{
    client::Client,
    config::{env::Env, secret::SecretSource},
    contexts::{Context, Contexts},
    table::Table,
};

/// The verbs of `footbridge context`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ContextCommand {
    /// Remember a server and its token under a name, in a file that only you can read
    Add {
        /// The name of the context
        name: String,
        /// The URL of the server
        #[arg(long, value_name = "URL")]
        server: String,
        /// The admin token or an API token, or `env:NAME` or `file:PATH`, which are read now
        #[arg(long, value_name = "TOKEN")]
        admin_token: Option<String>,
    },
    /// Make a context the one that commands use without --context and --server
    Use {
        /// The name of the context
        name: String,
    },
    /// List the contexts; a star marks the current one
    List {
        /// Print JSON, without tokens
        #[arg(long)]
        json: bool,
    },
    /// Forget a context and its token
    #[command(visible_alias = "delete")]
    Remove {
        /// The name of the context
        name: String,
    },
}

/// Runs the command and returns its output.
///
/// # Errors
/// The name or the server is wrong, the token cannot be read, or a file cannot be read or written.
pub fn run(command: &ContextCommand, env: &Env) -> Result<String, Failure> {
    let contexts = Contexts::open(env)?;
    match command {
        ContextCommand::Add { name, server, admin_token } => {
            Client::new(server, None)?;
            let source = SecretSource { env, base: Path::new("") };
            let token = admin_token.as_deref().map(|written| source.find(written)).transpose();
            let admin_token = token.map_err(|message| Failure::other(format!("admin token: {message}")))?;
            contexts.put(name, &Context { server: server.clone(), admin_token })?;
            let first = contexts.names()?.len() == 1;
            if first {
                contexts.choose(name)?;
            }
            let next = if first {
                "it is the current one".to_owned()
            } else {
                format!("`footbridge context use {name}` makes it the current one")
            };
            Ok(format!("{name} is kept; {next}\n"))
        }
        ContextCommand::Use { name } => {
            contexts.choose(name)?;
            Ok(format!("{name} is the current context\n"))
        }
        ContextCommand::Remove { name } => {
            contexts.remove(name)?;
            Ok(format!("{name} is forgotten\n"))
        }
        ContextCommand::List { json } => list(&contexts, *json),
    }
}

fn list(contexts: &Contexts, as_json: bool) -> Result<String, Failure> {
    let current = contexts.current()?;
    let mut table = Table::new(["", "CONTEXT", "SERVER", "TOKEN"]);
    let mut data = Vec::new();
    for name in contexts.names()? {
        let context = contexts.get(&name)?;
        let is_current = current.as_ref() == Some(&name);
        let token = if context.admin_token.is_some() { "set" } else { "-" };
        data.push(json!({ "name": name, "server": context.server, "token": context.admin_token.is_some(), "current": is_current }));
        table.row([if is_current { "*" } else { "" }.to_owned(), name, context.server, token.to_owned()]);
    }
    if as_json {
        return Ok(format!("{}\n", json!({ "data": data })));
    }
    Ok(table.or("no contexts; `footbridge context add NAME --server URL` keeps one"))
}
