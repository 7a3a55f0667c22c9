//! Checks a signed request offline: `footbridge verify [FILE]`

use std::process::ExitCode;

use footbridge_model::time::Millis;
use serde_json::json;

use super::check::{self, EventHeaders, Finding};
use super::input::{self, Protocol};
use crate::{cmd::failure::Failure, config::env::Env};

/// Arguments of `footbridge verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// The file with the body as it arrived, byte for byte, or - for standard input, the default; the header of an exchange needs none
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// The protocol of the request
    #[arg(long, value_enum, default_value = "event")]
    protocol: Protocol,
    /// The signing secret of the app (whsec_…), or its secret key for an exchange; or `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET")]
    secret: String,
    /// A header as it arrived, such as `webhook-id: evt_1`; may be given more than once
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", required = true)]
    headers: Vec<String>,
    /// The name of the sending app, for an exchange
    #[arg(long, value_name = "NAME", required_if_eq("protocol", "exchange"))]
    app: Option<String>,
    /// The app's token prefix, for an exchange
    #[arg(long, value_name = "PREFIX", default_value = "Token")]
    prefix: String,
    /// The time of the check, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<i64>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command. Returns its output, and exit code 0 if the request is genuine, else 1.
///
/// # Errors
/// The body or the secret cannot be read, or a header has no colon.
pub fn verify(args: &VerifyArgs, env: &Env, now: Millis) -> Result<(String, ExitCode), Failure> {
    let secret = input::secret(&args.secret, env)?;
    let headers = args.headers.iter().map(|header| split(header)).collect::<Result<Vec<_>, _>>()?;
    let header = |name: &str| {
        headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    };
    let findings = match args.protocol {
        Protocol::Event => {
            let body = input::body(args.file.as_deref().unwrap_or("-"))?;
            let headers = EventHeaders {
                id: header("webhook-id"),
                timestamp: header("webhook-timestamp"),
                signature: header("webhook-signature"),
            };
            check::event(headers, &body, &secret, args.at.unwrap_or_else(|| input::seconds(now)))
        }
        Protocol::Exchange => {
            let app = args.app.as_deref().unwrap_or_default();
            check::exchange(header("authorization"), &args.prefix, app, secret.expose())
        }
    };
    let genuine = findings.iter().all(|finding| finding.ok);
    let code = if genuine { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if args.json {
        let parts: Vec<_> = findings
            .iter()
            .map(|found| json!({ "part": found.part, "ok": found.ok, "text": found.text }))
            .collect();
        return Ok((format!("{}\n", json!({ "genuine": genuine, "parts": parts })), code));
    }
    let lines = findings.iter().map(line).collect::<Vec<_>>().concat();
    let verdict = if genuine { "genuine" } else { "NOT genuine" };
    Ok((format!("{lines}{verdict}\n"), code))
}

fn line(found: &Finding) -> String {
    format!("{} {}: {}\n", if found.ok { "●" } else { "✖" }, found.part, found.text)
}

fn split(header: &str) -> Result<(&str, &str), Failure> {
    let parts = header.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    parts.ok_or_else(|| {
        Failure::other(format!("--header {header:?} has no colon; write it as 'webhook-id: evt_1'"))
    })
}
