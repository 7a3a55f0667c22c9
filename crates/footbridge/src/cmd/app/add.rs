//! `footbridge app add|secret`

use serde_json::{Map, Value, json};

use super::super::{failure::Failure, remote::Session};
use crate::{client::Call, table::members};

/// Members of an app that come first.
const FIRST: [&str; 6] = ["name", "enabled", "url", "receiver_url", "receiver_enabled", "miniapp_url"];

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

pub(super) fn add(args: &AddArgs, session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["apps"], body: Some(body(args)), ..Call::default() };
    session.post(&call, |app| members(app, &FIRST) + "\nThe secrets are shown this once.\n")
}

pub(super) fn rotate(name: &str, session: &Session) -> Result<String, Failure> {
    let call = Call { path: &["apps", name, "rotate"], body: Some(json!({})), ..Call::default() };
    let note = "\nThe secrets are shown this once. The old ones work for 24 hours more.\n";
    session.post(&call, |app| members(app, &FIRST) + note)
}

fn body(args: &AddArgs) -> Value {
    let given = [
        ("name", Some(&args.name)),
        ("url", args.url.as_ref()),
        ("receiver_url", args.receiver_url.as_ref()),
        ("miniapp_url", args.miniapp_url.as_ref()),
        ("token_prefix", args.token_prefix.as_ref()),
    ];
    let set = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?))));
    Value::Object(set.collect::<Map<_, _>>())
}
