//! `footbridge event publish NAME`

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use footbridge_api::SendEvent;
use footbridge_model::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    failure::Failure,
    remote::{Session, body},
};
use crate::{
    client::{Api, Call},
    config::{env::Env, secret::SecretSource},
    table::{counted, plain},
};

/// The environment variable with the token, used without `--token`.
const TOKEN: &str = "FOOTBRIDGE_APP_TOKEN";

/// Arguments of `footbridge publish`.
#[derive(Debug, Clone, clap::Args)]
pub struct PublishArgs {
    /// The name of the event
    name: String,
    /// The body: JSON, @FILE for the content of a file, or - for standard input
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    body: String,
    /// Deliver only to the hooks of this app; may be given more than once
    #[arg(long = "to", value_name = "APP")]
    subscribers: Vec<String>,
    /// The token of the publishing app, or `env:NAME` or `file:PATH` [env: `FOOTBRIDGE_APP_TOKEN`]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Publish as this app with the admin token, without the token of the app
    #[arg(long = "as", value_name = "APP", conflicts_with = "token")]
    app: Option<String>,
    /// Mark the event as a test: its deliveries have the header Footbridge-Test
    #[arg(long, requires = "app")]
    test: bool,
}

/// Runs the command and returns its output.
///
/// # Errors
/// There is no token, the body is not JSON, the server cannot be reached, or it refuses the event.
pub fn run(args: &PublishArgs, session: &Session, env: &Env) -> Result<String, Failure> {
    if let Some(app) = &args.app {
        return publish_as(app, args, session);
    }
    let token = token(args.token.as_deref(), env)?;
    let request = Publish { body: &read_raw(&args.body)?, subscribers: &args.subscribers };
    let call = Call {
        api: Api::Bolt,
        path: &["events", &args.name],
        body: body(&request),
        app_token: Some(&token),
        ..Call::default()
    };
    session.post(&call, shown)
}

/// The request of an app that publishes.
#[derive(Serialize)]
struct Publish<'a> {
    body: &'a RawValue,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    subscribers: &'a [String],
}

/// Publishes as an app with the operator's own credential.
fn publish_as(app: &str, args: &PublishArgs, session: &Session) -> Result<String, Failure> {
    let subscribers = (!args.subscribers.is_empty()).then(|| args.subscribers.clone());
    let send = SendEvent {
        app: app.to_owned(),
        name: args.name.clone(),
        body: Some(read_raw(&args.body)?),
        headers: None,
        subscribers,
        test: args.test.then_some(true),
    };
    session.post(&Call { path: &["events"], body: body(&send), ..Call::default() }, shown)
}

fn shown(accepted: &Accepted) -> String {
    let warnings = accepted.warnings.iter().map(|warning| format!("warning: {}\n", plain(warning)));
    let warnings = warnings.collect::<Vec<_>>().concat();
    let hooks = counted(accepted.deliveries.into(), "hook", "hooks");
    format!("{warnings}{} goes to {hooks}\n", accepted.id)
}

/// The parts of the answer that are shown.
#[derive(Debug, Deserialize)]
struct Accepted {
    id: String,
    deliveries: u32,
    #[serde(default)]
    warnings: Vec<String>,
}

fn token(argument: Option<&str>, env: &Env) -> Result<Secret, Failure> {
    let written =
        argument.map(str::to_owned).or_else(|| env.get(TOKEN).filter(|token| !token.is_empty()).cloned());
    let written = written.ok_or_else(|| {
        Failure::other(format!(
            "an app publishes an event: give the app's token with --token or {TOKEN} \
             (`footbridge app secret NAME` shows a generated token once)"
        ))
    })?;
    let source = SecretSource { env, base: Path::new("") };
    source.find(&written).map_err(|message| Failure::other(format!("app token: {message}")))
}

/// Reads the body, which may be any JSON, without changing a byte of it.
pub(super) fn read_raw(written: &str) -> Result<Box<RawValue>, Failure> {
    let text = text(written)?;
    serde_json::from_str::<&RawValue>(text.trim()).map(ToOwned::to_owned).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::other(format!("the body is not JSON: {error}; a string needs quotes, as in --body '\"hello\"'"))
}

/// Reads the text of the body from where it is.
fn text(written: &str) -> Result<String, Failure> {
    let failed =
        |from: &str, error: &io::Error| Failure::other(format!("cannot read the body from {from}: {error}"));
    Ok(match written.strip_prefix('@') {
        Some(file) => fs::read_to_string(file).map_err(|error| failed(file, &error))?,
        None if written == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| failed("standard input", &error))?;
            text
        }
        None => written.to_owned(),
    })
}
