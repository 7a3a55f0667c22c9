//! Signs a request offline: `footbridge sign [FILE]`

use footbridge_model::{signature::Signer, time::Millis};
use serde_json::json;

use super::check::credentials;
use super::input::{self, Protocol};
use crate::{cmd::failure::Failure, config::env::Env};

/// Arguments of `footbridge sign`.
#[derive(Debug, Clone, clap::Args)]
pub struct SignArgs {
    /// The file with the body as it is sent, byte for byte, or - for standard input, the default; the header of an exchange needs none
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// The protocol of the request
    #[arg(long, value_enum, default_value = "event")]
    protocol: Protocol,
    /// The signing secret of the app (whsec_…), or its secret key for an exchange; or `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET")]
    secret: String,
    /// The message id, the value of `webhook-id` [default: `msg_` and the time]
    #[arg(long)]
    id: Option<String>,
    /// The time, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    time: Option<i64>,
    /// The name of the sending app, for an exchange
    #[arg(long, value_name = "NAME", required_if_eq("protocol", "exchange"))]
    app: Option<String>,
    /// The app's token prefix, for an exchange
    #[arg(long, value_name = "PREFIX", default_value = "Token")]
    prefix: String,
    /// Print the headers as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command and returns the headers, one in a line.
///
/// # Errors
/// The body or the secret cannot be read, or the secret is no signing secret.
pub fn sign(args: &SignArgs, env: &Env, now: Millis) -> Result<String, Failure> {
    let secret = input::secret(&args.secret, env)?;
    let headers = match args.protocol {
        Protocol::Event => {
            let signer = Signer::new(&secret).map_err(|bad| Failure::other(format!("--secret: {bad}")))?;
            let body = input::body(args.file.as_deref().unwrap_or("-"))?;
            let time = args.time.unwrap_or_else(|| input::seconds(now));
            let id = args.id.clone().unwrap_or_else(|| format!("msg_{time}"));
            let mut signature = String::new();
            signer.sign(&id, time, &body, &mut signature);
            vec![
                ("webhook-id", id),
                ("webhook-timestamp", time.to_string()),
                ("webhook-signature", signature),
            ]
        }
        Protocol::Exchange => {
            let app = args.app.as_deref().unwrap_or_default();
            vec![("Authorization", format!("{} {}", args.prefix, credentials(app, secret.expose())))]
        }
    };
    if args.json {
        let object: serde_json::Map<_, _> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        return Ok(format!("{}\n", serde_json::Value::Object(object)));
    }
    Ok(headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<Vec<_>>().concat())
}
