//! `footbridge healthcheck`, for containers and scripts that have no HTTP client.

use std::{process::ExitCode, time::Duration};

use http::{Method, StatusCode};
use serde::Deserialize;

use super::{failure::Failure, remote::Session};
use crate::{client::RawRequest, table::plain};

/// Time limit of the request: a probe that waits longer counts as failed in Docker and Kubernetes anyway.
const DEADLINE: Duration = Duration::from_secs(5);

/// The parts of the answer that are shown.
#[derive(Debug, Deserialize)]
struct Health {
    status: String,
    #[serde(default)]
    reasons: Vec<String>,
}

/// Asks the server whether it is ready. Returns the output, and exit code 0 if it is, else 1.
///
/// # Errors
/// The server cannot be reached, or something else answers.
pub fn run(session: &Session) -> Result<(String, ExitCode), Failure> {
    let client = session.client();
    let (method, path) = (&Method::GET, "/readyz");
    let request = RawRequest { method, path, body: None, app_token: None, deadline: DEADLINE };
    let (status, body) = client.raw(&request)?;
    let health: Health = serde_json::from_slice(&body).map_err(|_| client.foreign())?;
    let code = if status == StatusCode::OK { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if session.json() {
        return Ok((format!("{}\n", String::from_utf8_lossy(&body).trim_end()), code));
    }
    let reasons = health.reasons.iter().map(|reason| format!("  {}\n", plain(reason)));
    Ok((format!("{}\n{}", plain(&health.status), reasons.collect::<Vec<_>>().concat()), code))
}
