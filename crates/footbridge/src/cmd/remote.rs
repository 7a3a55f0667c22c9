//! Shared parts of the commands that talk to a running server.

use std::path::Path;

use footbridge_model::secret::Secret;
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use super::failure::Failure;
use crate::{
    client::error::ClientError,
    client::{Answer, Call, Client},
    config::{env::Env, secret::SecretSource},
    contexts::{Context, Contexts},
    table::plain,
};

/// The address of a server with the default configuration.
const DEFAULT_SERVER: &str = "http://127.0.0.1:4400";

/// The file with the generated token of a server that was started in this directory without a configuration.
const TOKEN_FILE: &str = "footbridge.db.admin-token";

/// Options of every command that talks to a running server.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RemoteArgs {
    /// The URL of the server.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Server",
        help = "The URL of the server [env: FOOTBRIDGE_SERVER] [default: http://127.0.0.1:4400]"
    )]
    pub server: Option<String>,
    /// The context with server and token.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Server",
        help = "The context with server and token, kept by `footbridge context add` [env: FOOTBRIDGE_CONTEXT]"
    )]
    pub context: Option<String>,
    /// The admin token, or `env:NAME` or `file:PATH`.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        help_heading = "Server",
        help = "The admin token, or env:NAME or file:PATH [env: FOOTBRIDGE_ADMIN_TOKEN] \
                [default, for a server on this machine: the content of ./footbridge.db.admin-token]"
    )]
    pub admin_token: Option<String>,
    /// Print the JSON of the server's answer
    #[arg(long, global = true, help_heading = "Server")]
    pub json: bool,
}

/// Options that select a page of a list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PageArgs {
    /// Most entries of the page, up to 250
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=250))]
    pub limit: Option<u8>,
    /// The cursor that the previous page printed
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// A server to talk to, and the form of the output.
#[derive(Debug)]
pub struct Session {
    client: Client,
    json: bool,
}

impl Session {
    /// Takes server and token from the options, else from the environment, else from a context, else the defaults.
    ///
    /// A context that is named wins over the environment. The token of a context is only sent to its server.
    ///
    /// # Errors
    /// The server's URL is wrong, or the token cannot be read.
    pub fn open(args: &RemoteArgs, env: &Env) -> Result<Self, Failure> {
        let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
        let named = args.context.clone().or_else(|| set("FOOTBRIDGE_CONTEXT"));
        let server = args.server.clone().or_else(|| set("FOOTBRIDGE_SERVER").filter(|_| named.is_none()));
        let context = if server.is_some() { None } else { context(named, env)? };
        // A token of the environment belongs to the server of the environment, or to the default one.
        let from_env = || set("FOOTBRIDGE_ADMIN_TOKEN").filter(|_| context.is_none());
        let written = args.admin_token.clone().or_else(from_env);
        let (server, kept) = match context {
            Some(context) => (context.server, Some(context.admin_token)),
            None => (server.unwrap_or_else(|| DEFAULT_SERVER.to_owned()), None),
        };
        let source = SecretSource { env, base: Path::new("") };
        let token = match (written, kept) {
            (Some(written), _) => Some(
                source.find(&written).map_err(|message| Failure::other(format!("admin token: {message}")))?,
            ),
            (None, Some(kept)) => kept,
            (None, None) => generated_token(&server, source),
        };
        Ok(Self { client: Client::new(&server, token)?, json: args.json })
    }

    /// Sends a `GET` request and returns the answer as text for people by `human`, or as JSON.
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

    /// Sends a `POST` request and returns the answer as text.
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

    /// Sends a `PATCH` request and returns the answer as text.
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

    /// Sends a `DELETE` request and returns `done` as the text for people.
    ///
    /// # Errors
    /// As [`Client::delete`].
    pub fn delete(&self, call: &Call<'_>, done: &str) -> Result<String, Failure> {
        self.show(&self.client.delete(call)?, |_: &IgnoredAny| done.to_owned())
    }

    /// Sends a `POST` request and returns the answer for [`Self::show`].
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn send(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        self.client.post(call)
    }

    /// Sends a `GET` request and returns the parsed answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn fetch<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ClientError> {
        self.client.parse(&self.client.get(call)?)
    }

    /// Returns true if the output is JSON.
    pub const fn json(&self) -> bool {
        self.json
    }

    /// Returns the client for other requests.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the server's URL without a `/` at the end.
    pub fn server(&self) -> String {
        self.client.address()
    }

    /// Returns a value that was made from several answers as text.
    pub fn print<T: Serialize>(&self, value: &T, human: impl FnOnce(&T) -> String) -> String {
        if self.json { format!("{}\n", json!(value)) } else { human(value) }
    }

    /// Sends a further `GET` request for the text for people. If the output is JSON, sends nothing and returns an empty
    /// text, so that the output stays one JSON text.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn fetch_for_people<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, ClientError> {
        if self.json { Ok(String::new()) } else { Ok(human(&self.fetch(call)?)) }
    }

    /// Returns an answer as text: the JSON as the server sent it, or text for people by `human`.
    ///
    /// # Errors
    /// The answer is that of another version.
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

    /// Sends a `GET` request for a list and returns it as text. An empty list of an app that does not exist becomes a message
    /// that says so.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn list<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        app: Option<&str>,
        is_empty: impl FnOnce(&T) -> bool,
        human: impl FnOnce(&T) -> String,
    ) -> Result<String, Failure> {
        let mut empty = false;
        let shown = self.get(call, |list: &T| {
            empty = is_empty(list);
            human(list)
        })?;
        let unknown = if empty { self.unknown_app(app)? } else { None };
        Ok(unknown.unwrap_or(shown))
    }

    /// Returns a message if there is no app of this name, which explains an empty list. Returns `None` if the app exists
    /// or the output is JSON.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn unknown_app(&self, name: Option<&str>) -> Result<Option<String>, ClientError> {
        let Some(name) = name.filter(|name| !self.json && !name.eq_ignore_ascii_case("bolt")) else {
            return Ok(None);
        };
        match self.client.get(&Call { path: &["apps", name], ..Call::default() }) {
            Err(ClientError::Refused { status: 404, .. }) => {
                Ok(Some(format!("there is no app `{}`; `footbridge app list` shows all apps\n", plain(name))))
            }
            found => found.map(|_| None),
        }
    }
}

/// Returns the context of this name, else the current one, if there is one.
fn context(name: Option<String>, env: &Env) -> Result<Option<Context>, Failure> {
    if let Some(name) = name {
        return Ok(Some(Contexts::open(env)?.get(&name)?));
    }
    // A user without a home directory has no contexts.
    let Ok(contexts) = Contexts::open(env) else { return Ok(None) };
    let current = contexts.current()?;
    Ok(current.map(|name| contexts.get(&name)).transpose()?)
}

/// Returns the token beside the default database, but only for a server on this machine: it must not be sent to another.
fn generated_token(server: &str, source: SecretSource<'_>) -> Option<Secret> {
    let host = url::Url::parse(server).ok()?.host().map(|host| match host {
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
        url::Host::Domain(name) => name == "localhost",
    });
    if host? { source.find(&format!("file:{TOKEN_FILE}")).ok() } else { None }
}

impl PageArgs {
    /// Returns the query parameters that select the page.
    pub fn query(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let limit = self.limit.map(|limit| ("limit", limit.to_string()));
        limit.into_iter().chain(self.cursor.clone().map(|cursor| ("cursor", cursor)))
    }
}

/// Converts query parameters to the form of [`Call::query`].
pub fn pairs<'a>(query: &'a [(&'static str, String)]) -> Vec<(&'a str, Option<&'a str>)> {
    query.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect()
}

/// Returns the JSON body of a request.
pub fn body(request: &impl Serialize) -> Option<Box<RawValue>> {
    // Requests are structs of text, numbers and flags, which always serialise.
    to_raw_value(request).ok()
}

/// Returns a line with the option for the next page, if there is one.
pub fn more(next: Option<&str>) -> String {
    next.map(|cursor| format!("more: --cursor {cursor}\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_win_over_a_named_context_then_the_environment_then_the_current_context() {
        let dir = tempfile::tempdir().unwrap();
        let env = |pairs: &[(&str, &str)]| -> Env {
            let place = ("FOOTBRIDGE_CONTEXTS".to_owned(), dir.path().display().to_string());
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            pairs.chain([place]).collect()
        };
        let contexts = Contexts::open(&env(&[])).unwrap();
        for name in ["one", "two"] {
            contexts.put(name, &Context { server: format!("http://{name}"), admin_token: None }).unwrap();
        }
        contexts.choose("one").unwrap();
        let server = |args: &RemoteArgs, pairs: &[(&str, &str)]| {
            Session::open(args, &env(pairs)).map(|session| session.server()).unwrap()
        };
        let none = RemoteArgs::default();
        let two = RemoteArgs { context: Some("two".to_owned()), ..RemoteArgs::default() };
        let option = RemoteArgs { server: Some("http://option".to_owned()), ..RemoteArgs::default() };
        let by_env = [("FOOTBRIDGE_SERVER", "http://env")];
        assert_eq!(server(&none, &[]), "http://one");
        assert_eq!(server(&none, &by_env), "http://env");
        assert_eq!(server(&none, &[("FOOTBRIDGE_CONTEXT", "two")]), "http://two");
        assert_eq!(server(&two, &by_env), "http://two");
        assert_eq!(server(&option, &by_env), "http://option");
        let missing = RemoteArgs { context: Some("three".to_owned()), ..RemoteArgs::default() };
        let failure = Session::open(&missing, &env(&[])).unwrap_err().to_string();
        assert!(failure.contains("there is no context \"three\""), "{failure}");
    }
}
