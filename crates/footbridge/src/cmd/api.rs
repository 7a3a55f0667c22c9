//! `footbridge api METHOD PATH`: any request to the server, with its credential.

use std::path::Path;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{exit, failure::Failure, publish, remote::Session};
use crate::{
    client::{Api, RawRequest},
    config::{env::Env, secret::SecretSource},
};

/// Arguments of `footbridge api`.
#[derive(Debug, Clone, clap::Args)]
pub struct ApiArgs {
    /// The method, such as GET or post
    method: String,
    /// The path with its query, such as `/api/v1/apps?limit=5`; one without `/api/` at its front is below `/api/v1/`
    path: String,
    /// The body: JSON, @FILE for the content of a file, or - for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    data: Option<String>,
    /// Send the request as an app: its token, or `env:NAME` or `file:PATH`
    #[arg(long, value_name = "TOKEN")]
    app_token: Option<String>,
}

/// Runs the command. Returns the body of the answer byte for byte, and the exit code.
///
/// # Errors
/// The method is none, the body is not JSON, or the server cannot be reached.
pub fn run(args: &ApiArgs, session: &Session, env: &Env) -> Result<(Bytes, u8), Failure> {
    let method = Method::from_bytes(args.method.to_ascii_uppercase().as_bytes()).map_err(|_| {
        Failure::other(format!("{:?} is not a method; write GET, POST, PUT, PATCH or DELETE", args.method))
    })?;
    let source = SecretSource { env, base: Path::new("") };
    let app_token = args.app_token.as_deref().map(|written| source.find(written)).transpose();
    let app_token = app_token.map_err(|message| Failure::other(format!("--app-token: {message}")))?;
    let body = args.data.as_deref().map(publish::read_raw).transpose()?;
    let request = RawRequest {
        method: &method,
        path: &path(&args.path),
        body: body.map(|json| Bytes::from(json.get().to_owned())),
        app_token: app_token.as_ref(),
        deadline: Api::Bolt.deadline(),
    };
    let (status, body) = session.client().raw(&request)?;
    Ok((body, code(status)))
}

fn path(given: &str) -> String {
    let rest = given.trim_start_matches('/');
    let elsewhere = ["api/", "healthz", "readyz", "metrics", "openapi.json", "docs", "sdk/"];
    if elsewhere.iter().any(|start| rest.starts_with(start)) {
        return format!("/{rest}");
    }
    format!("/api/v1/{rest}")
}

const fn code(status: StatusCode) -> u8 {
    if status.as_u16() < 400 { exit::DONE } else { exit::REFUSED }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_paths_are_below_the_version() {
        for (given, expected) in [
            ("apps?limit=5", "/api/v1/apps?limit=5"),
            ("/apps", "/api/v1/apps"),
            ("/api/v1/apps", "/api/v1/apps"),
            ("api/events/x", "/api/events/x"),
            ("readyz", "/readyz"),
        ] {
            assert_eq!(path(given), expected);
        }
    }
}
