//! `footbridge event publish NAME`

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use footbridge_model::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{failure::Failure, remote::Session};
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
}

/// Runs the command and returns its output.
///
/// # Errors
/// There is no token, the body is not JSON, the server cannot be reached, or it refuses the event.
pub fn run(args: &PublishArgs, session: &Session, env: &Env) -> Result<String, Failure> {
    let token = token(args.token.as_deref(), env)?;
    let mut request = Map::new();
    request.insert("body".to_owned(), read(&args.body)?);
    if !args.subscribers.is_empty() {
        request.insert("subscribers".to_owned(), json!(args.subscribers));
    }
    let call = Call {
        api: Api::Bolt,
        path: &["events", &args.name],
        body: Some(Value::Object(request)),
        app_token: Some(&token),
        ..Call::default()
    };
    session.post(&call, |accepted: &Accepted| {
        let warnings = accepted.warnings.iter().map(|warning| format!("warning: {}\n", plain(warning)));
        let warnings = warnings.collect::<Vec<_>>().concat();
        let hooks = counted(accepted.deliveries.into(), "hook", "hooks");
        format!("{warnings}{} goes to {hooks}\n", accepted.id)
    })
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

/// Reads the body, which may be any JSON.
fn read(written: &str) -> Result<Value, Failure> {
    let failed =
        |from: &str, error: &io::Error| Failure::other(format!("cannot read the body from {from}: {error}"));
    let text = match written.strip_prefix('@') {
        Some(file) => fs::read_to_string(file).map_err(|error| failed(file, &error))?,
        None if written == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| failed("standard input", &error))?;
            text
        }
        None => written.to_owned(),
    };
    serde_json::from_str::<&RawValue>(text.trim()).and_then(|raw| serde_json::from_str(raw.get())).map_err(
        |error| {
            Failure::other(format!(
                "the body is not JSON: {error}; a string needs quotes, as in --body '\"hello\"'"
            ))
        },
    )
}
