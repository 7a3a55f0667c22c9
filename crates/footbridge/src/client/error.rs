//! Reasons why a call to a running server failed, as texts for the user of the command.

use std::time::Duration;

/// Time limit of one request. The slowest answer, a page of 250 rows, takes well under a second.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Time limit of a request about an installed app: the longest `[runtime] start_timeout`, and the lifecycle events
/// around it.
pub const LONGEST_START: Duration = Duration::from_mins(61);

/// Reason why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not a URL with a host.
    #[error("--server {0:?} is not a URL; write one such as http://127.0.0.1:4400")]
    BadServer(String),
    /// The address asks for TLS, which the client does not support.
    #[error(
        "{0} asks for https, which these commands do not support; use the server's http address, or run them on the server's machine"
    )]
    Https(String),
    /// No process listens at the address.
    #[error("no server at {0}; start one with `footbridge serve`")]
    NoServer(String),
    /// The connection failed in another way.
    #[error("cannot talk to {server}: {why}")]
    Broken { server: String, why: String },
    /// The server did not answer before the deadline.
    #[error("{server} gave no answer within {} s", waited.as_secs())]
    Slow { server: String, waited: Duration },
    /// The request had no token, and the server requires one.
    #[error(
        "{0} wants the admin token; give it with --admin-token or FOOTBRIDGE_ADMIN_TOKEN \
         (`footbridge serve` names the file with a generated token when it starts)"
    )]
    TokenMissing(String),
    /// The server does not accept the token.
    #[error(
        "{0} refuses this admin token; give the right one with --admin-token or FOOTBRIDGE_ADMIN_TOKEN \
         (the console's address takes no token: give the server's own)"
    )]
    TokenRefused(String),
    /// No enabled app has the token.
    #[error("{0} knows no app with this token, or the app is disabled")]
    AppTokenRefused(String),
    /// The server refused the request.
    #[error("{message} ({status}{})", code.as_ref().map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        status: u16,
        /// The stable code of the reason.
        code: Option<String>,
        message: String,
    },
    /// The answer is that of another version.
    #[error(
        "this version of the command cannot read the answer of {server} ({why}); \
         if it is a Footbridge server, use the `footbridge` program of its version, or --json"
    )]
    OtherVersion { server: String, why: String },
    /// The answer is not one of a Footbridge server.
    #[error("{0} answers, but not as a Footbridge server does")]
    NotFootbridge(String),
}
