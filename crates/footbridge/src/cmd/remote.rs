//! What all commands share that talk to a running server.

use std::path::Path;

use footbridge_model::secret::Secret;
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::Value;

use super::failure::Failure;
use crate::{
    client::{Answer, Call, Client},
    client_error::ClientError,
    config::{env::Env, secret::SecretSource},
    table::plain,
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
    pub fn get<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, Failure> {
        self.show(&self.client.get(call)?, human)
    }

    /// Makes or acts, and shows the answer.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn post<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, Failure> {
        self.show(&self.client.post(call)?, human)
    }

    /// Changes, and shows the answer.
    ///
    /// # Errors
    /// As [`Client::patch`].
    pub fn patch<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, Failure> {
        self.show(&self.client.patch(call)?, human)
    }

    /// Removes, and says `done`.
    ///
    /// # Errors
    /// As [`Client::delete`].
    pub fn delete(&self, call: &Call<'_>, done: &str) -> Result<String, Failure> {
        self.show(&self.client.delete(call)?, |_: &IgnoredAny| done.to_owned())
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
    pub fn fetch<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ClientError> {
        self.client.parse(&self.client.get(call)?)
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
    pub fn also<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, ClientError> {
        if self.json { Ok(String::new()) } else { Ok(human(&self.fetch(call)?)) }
    }

    /// Shows an answer: as it came when JSON is wanted, else with `human`.
    ///
    /// # Errors
    /// When the answer is that of another version.
    pub fn show<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, Failure> {
        if !self.json {
            return Ok(human(&self.client.parse(answer)?));
        }
        let mut text = String::from_utf8_lossy(&answer.raw).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }

    /// Why a list for one app is empty when there is no such app; nothing when there is, or when JSON is wanted.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn unknown_app(&self, name: Option<&str>) -> Result<Option<String>, ClientError> {
        let Some(name) = name.filter(|name| !self.json && !name.eq_ignore_ascii_case("bolt")) else {
            return Ok(None);
        };
        match self.client.get(&Call { path: &["apps", name], ..Call::default() }) {
            Err(ClientError::Refused { status: 404, .. }) => Ok(Some(format!(
                "there is no app `{}`; `footbridge app list` shows those there are\n",
                plain(name)
            ))),
            found => found.map(|_| None),
        }
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

impl PageArgs {
    /// The query parameters that pick the page.
    pub fn query(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let limit = self.limit.map(|limit| ("limit", limit.to_string()));
        limit.into_iter().chain(self.cursor.clone().map(|cursor| ("cursor", cursor)))
    }
}

/// Query parameters as a call takes them.
pub fn pairs<'a>(query: &'a [(&'static str, String)]) -> Vec<(&'a str, Option<&'a str>)> {
    query.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect()
}

/// The body of a call.
pub fn body(request: &impl Serialize) -> Option<Value> {
    // The requests are structs of text, numbers and flags, which always serialise.
    serde_json::to_value(request).ok()
}

/// How to see the next page, when there is one.
pub fn more(next: Option<&str>) -> String {
    next.map(|cursor| format!("more: --cursor {cursor}\n")).unwrap_or_default()
}
