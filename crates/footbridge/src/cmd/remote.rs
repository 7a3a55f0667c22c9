//! What all commands share that talk to a running server.

use std::path::Path;

use footbridge_model::secret::Secret;
use serde_json::Value;

use super::failure::Failure;
use crate::{
    client::{Answer, Call, Client},
    client_error::ClientError,
    config::{env::Env, secret::SecretSource},
};

/// Where a server listens unless told otherwise.
const DEFAULT_SERVER: &str = "http://127.0.0.1:4400";

/// Where a server that was started here without a configuration keeps the token it made.
const MADE_TOKEN: &str = "footbridge.db.admin-token";

/// Options of every such command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RemoteArgs {
    /// The server.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Server",
        help = "The server [env: FOOTBRIDGE_SERVER] [default: http://127.0.0.1:4400]"
    )]
    pub server: Option<String>,
    /// The admin token, or `env:NAME` or `file:PATH`.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        help_heading = "Server",
        help = "The admin token, or env:NAME or file:PATH [env: FOOTBRIDGE_ADMIN_TOKEN] \
                [default, for a server on this machine: what ./footbridge.db.admin-token holds]"
    )]
    pub admin_token: Option<String>,
    /// Print the server's JSON as it is
    #[arg(long, global = true, help_heading = "Server")]
    pub json: bool,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PageArgs {
    /// At most so many, up to 250
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=250))]
    pub limit: Option<u8>,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// A server to talk to, and how to show what it says.
#[derive(Debug)]
pub struct Session {
    client: Client,
    json: bool,
}

impl Session {
    /// Options first, then the environment, then what is usual.
    ///
    /// # Errors
    /// When the server's URL or the token cannot be read.
    pub fn open(args: &RemoteArgs, env: &Env) -> Result<Self, Failure> {
        let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
        let server = args.server.clone().or_else(|| set("FOOTBRIDGE_SERVER"));
        let server = server.unwrap_or_else(|| DEFAULT_SERVER.to_owned());
        let source = SecretSource { env, base: Path::new("") };
        let token = match args.admin_token.clone().or_else(|| set("FOOTBRIDGE_ADMIN_TOKEN")) {
            Some(written) => Some(
                source.find(&written).map_err(|message| Failure::other(format!("admin token: {message}")))?,
            ),
            None => made_token(&server, source),
        };
        Ok(Self { client: Client::new(&server, token)?, json: args.json })
    }

    /// Reads, and shows the answer with `human` unless JSON is wanted.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn get(&self, call: &Call<'_>, human: impl FnOnce(&Value) -> String) -> Result<String, Failure> {
        Ok(self.show(&self.client.get(call)?, human))
    }

    /// Makes or acts, and shows the answer.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn post(&self, call: &Call<'_>, human: impl FnOnce(&Value) -> String) -> Result<String, Failure> {
        Ok(self.show(&self.client.post(call)?, human))
    }

    /// Removes, and shows the answer.
    ///
    /// # Errors
    /// As [`Client::delete`].
    pub fn delete(&self, call: &Call<'_>, human: impl FnOnce(&Value) -> String) -> Result<String, Failure> {
        Ok(self.show(&self.client.delete(call)?, human))
    }

    /// Makes or acts; what the server says is still to be shown.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn send(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.client.post(call)
    }

    /// Reads what is only a part of what will be shown.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn fetch(&self, call: &Call<'_>) -> Result<Value, ClientError> {
        Ok(self.client.get(call)?.json)
    }

    /// Whether JSON is wanted.
    pub const fn json(&self) -> bool {
        self.json
    }

    /// What speaks to the server.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Where the server is, without a `/` at the end.
    pub fn server(&self) -> String {
        self.client.shown()
    }

    /// Shows what was put together from several answers.
    pub fn tell(&self, value: &Value, human: impl FnOnce(&Value) -> String) -> String {
        if self.json { format!("{value}\n") } else { human(value) }
    }

    /// Reads one more thing for people; nothing when JSON is wanted, so that it stays one answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn also(&self, call: &Call<'_>, human: impl FnOnce(&Value) -> String) -> Result<String, ClientError> {
        if self.json { Ok(String::new()) } else { Ok(human(&self.client.get(call)?.json)) }
    }

    /// Shows an answer: as it came when JSON is wanted, else with `human`.
    pub fn show(&self, answer: &Answer, human: impl FnOnce(&Value) -> String) -> String {
        if !self.json {
            return human(&answer.json);
        }
        let mut text = String::from_utf8_lossy(&answer.raw).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

/// The token beside the default database, but only for a server on this machine: it must not travel to another.
fn made_token(server: &str, source: SecretSource<'_>) -> Option<Secret> {
    let host = url::Url::parse(server).ok()?.host().map(|host| match host {
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    });
    if host? { source.find(&format!("file:{MADE_TOKEN}")).ok() } else { None }
}

/// The rows of a list.
pub fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("data").or(Some(list)).and_then(Value::as_array).into_iter().flatten()
}

/// How to see the next page, when there is one.
pub fn more(list: &Value) -> String {
    match list.get("next").and_then(Value::as_str) {
        Some(cursor) => format!("more: --cursor {cursor}\n"),
        None => String::new(),
    }
}
