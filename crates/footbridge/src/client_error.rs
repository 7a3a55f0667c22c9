//! Why a call to a running server failed, in words for whoever typed the command.

use std::time::Duration;

/// How long one request may take. The slowest answer, a page of 250 rows, takes well under a second.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How long a request about an installed app may take: the longest `[runtime] start_timeout`, and the lifecycle
/// events around it.
pub const LONGEST_START: Duration = Duration::from_mins(61);

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one we can speak to.
    #[error("--server {0:?} is not a URL; write one such as http://127.0.0.1:4400")]
    BadServer(String),
    /// TLS is not spoken here.
    #[error(
        "{0} asks for https, which these commands do not speak; use the server's http address, or run them beside it"
    )]
    Https(String),
    /// Nobody listens there.
    #[error("no server at {0}; start one with `footbridge serve`")]
    NoServer(String),
    /// The connection failed in another way.
    #[error("cannot talk to {server}: {why}")]
    Broken {
        /// The server.
        server: String,
        /// What happened.
        why: String,
    },
    /// The deadline passed.
    #[error("{server} gave no answer within {} s", waited.as_secs())]
    Slow {
        /// The server.
        server: String,
        /// How long we waited.
        waited: Duration,
    },
    /// No token was given, and the server wants one.
    #[error(
        "{0} wants the admin token; give it with --admin-token or FOOTBRIDGE_ADMIN_TOKEN \
         (a made one is in the file that `footbridge serve` names at its start)"
    )]
    TokenMissing(String),
    /// The token is not the server's.
    #[error("{0} refuses this admin token; give the right one with --admin-token or FOOTBRIDGE_ADMIN_TOKEN")]
    TokenRefused(String),
    /// The token is no app's.
    #[error("{0} knows no app with this token, or the app is switched off")]
    AppTokenRefused(String),
    /// The server says no.
    #[error("{message} ({status}{})", code.as_ref().map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        /// Its status.
        status: u16,
        /// Its stable word for the reason.
        code: Option<String>,
        /// What it says.
        message: String,
    },
    /// The answer is that of another version.
    #[error(
        "the answer of {server} is not what this version of the command reads ({why}); \
         use the `footbridge` program of the server's version, or --json"
    )]
    OtherVersion {
        /// The server.
        server: String,
        /// What the parser said.
        why: String,
    },
    /// The answer is not what a Footbridge server says.
    #[error("{0} answers, but not as a Footbridge server does")]
    NotFootbridge(String),
}
