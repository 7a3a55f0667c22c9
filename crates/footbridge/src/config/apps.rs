//! `[[app]]` and `[[link]]`: apps and permissions that the file manages.

use std::collections::BTreeSet;

use footbridge_courier::{Grant, Policy, Target};
use footbridge_model::{
    app::{ReceiverAuth, TOKEN_PREFIX},
    name::{AppName, EventName},
    secret::Secret,
    signature::Signer,
};

use super::{
    hooks::{self, HookConfig, Reach},
    keys,
    raw::{Table, Value},
    section::Section,
    value,
};

/// One `[[app]]`. What is absent is made at the first start, or does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// Lower-cased.
    pub name: AppName,
    /// `X-Bolt-App-Token`.
    pub token: Option<Secret>,
    /// The second half of the app's `Authorization`.
    pub secret_key: Option<Secret>,
    /// Standard Webhooks, with its `whsec_`.
    pub signing_secret: Option<Secret>,
    /// The scheme of the app's `Authorization`.
    pub token_prefix: String,
    /// Where exchanges go.
    pub receiver_url: Option<String>,
    /// Whether exchanges go there now.
    pub receiver_enabled: bool,
    /// Sent to the receiver instead of the app's own pair.
    pub receiver_auth: Option<ReceiverAuth>,
    /// The base of `server` hooks.
    pub url: Option<String>,
    /// The page a host embeds.
    pub miniapp_url: Option<String>,
    /// Persistent hooks.
    pub hooks: Vec<HookConfig>,
    /// Events of this app that hooks with a `*` part never get.
    pub private: Vec<EventName>,
}

/// One `[[link]]`: this host and this miniapp may exchange events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConfig {
    /// The `client_id` side.
    pub host: AppName,
    /// The `app_id` side.
    pub miniapp: AppName,
    /// Whether it counts now.
    pub enabled: bool,
}

/// The apps of the file, in its order.
pub(super) fn read_apps(top: &Section<'_>, policy: &Policy) -> Vec<AppConfig> {
    let mut apps: Vec<AppConfig> = Vec::new();
    for section in top.array("app", label, keys::APP) {
        let Some(app) = read_app(&section, policy) else { continue };
        if apps.iter().any(|other| other.name == app.name) {
            section.problem(
                "name",
                format!("the app {} is already in this file; names are compared without case", app.name),
            );
        }
        // The token alone says who calls, so no two apps may share one.
        if let Some(twin) = apps.iter().find(|other| other.token.is_some() && other.token == app.token) {
            section.problem(
                "token",
                format!("is also the token of the app {}; each app needs its own", twin.name),
            );
        }
        apps.push(app);
    }
    apps
}

fn label(table: &Table) -> Option<String> {
    match &table.get("name")?.value {
        Value::Text(name) => AppName::parse(name).ok().map(|name| name.to_string()),
        _ => None,
    }
}

fn read_app(section: &Section<'_>, policy: &Policy) -> Option<AppConfig> {
    section.require("name");
    let name = section.parse_if_set("name", app_name);
    let url = section.parse_if_set("url", value::base_url);
    let receiver_url = section.parse_if_set("receiver_url", value::target_url);
    let grants = [&url, &receiver_url].into_iter().flatten().filter_map(|url| Target::parse(url).ok());
    let reach = Reach {
        has_url: section.has("url"),
        policy,
        grants: grants.map(|target| Grant::of(&target)).collect(),
    };
    let app = AppConfig {
        token: section.secret("token", value::visible_ascii),
        secret_key: section.secret("secret_key", value::visible_ascii),
        signing_secret: section.secret("signing_secret", signing_secret),
        token_prefix: section.parse("token_prefix", TOKEN_PREFIX.to_owned(), value::scheme),
        receiver_url,
        receiver_enabled: section.flag("receiver_enabled", true),
        receiver_auth: read_receiver_auth(section),
        miniapp_url: section.parse_if_set("miniapp_url", value::page_url),
        hooks: hooks::read(section, &reach),
        private: section.list("private", event_name).unwrap_or_default(),
        url,
        // A wrong name is already a problem; the rest is read all the same, to name every problem at once.
        name: name?,
    };
    Some(app)
}

fn read_receiver_auth(section: &Section<'_>) -> Option<ReceiverAuth> {
    let inner = section.inner("receiver_auth", keys::RECEIVER_AUTH)?;
    inner.require("name");
    inner.require("secret");
    let name = inner.parse_if_set("name", value::user);
    let secret = inner.secret("secret", value::visible_ascii);
    Some(ReceiverAuth { name: name?, secret: secret? })
}

fn app_name(text: &str) -> Result<AppName, String> {
    AppName::parse(text).map_err(|error| format!("{text:?} cannot be an app's name: {error}"))
}

fn event_name(text: &str) -> Result<EventName, String> {
    EventName::parse(text).map_err(|error| format!("{text:?} cannot be an event's name: {error}"))
}

fn signing_secret(text: &str) -> Result<(), String> {
    Signer::new(&Secret::new(text)).map(drop).map_err(|error| error.to_string())
}

/// The links of the file, in its order.
pub(super) fn read_links(top: &Section<'_>, apps: &[AppConfig]) -> Vec<LinkConfig> {
    let known: BTreeSet<&str> = apps.iter().map(|app| app.name.as_str()).collect();
    let mut links: Vec<LinkConfig> = Vec::new();
    for section in top.array("link", |_| None, keys::LINK) {
        let host = read_end(&section, "host", &known);
        let miniapp = read_end(&section, "miniapp", &known);
        let enabled = section.flag("enabled", true);
        let (Some(host), Some(miniapp)) = (host, miniapp) else { continue };
        if links.iter().any(|link| link.host == host && link.miniapp == miniapp) {
            section.problem("host", format!("the link from {host} to {miniapp} is already in this file"));
        }
        links.push(LinkConfig { host, miniapp, enabled });
    }
    links
}

fn read_end(section: &Section<'_>, key: &str, known: &BTreeSet<&str>) -> Option<AppName> {
    section.require(key);
    let name = section.parse_if_set(key, app_name)?;
    if !known.contains(name.as_str()) {
        section.warn(
            key,
            format!("no [[app]] in this file is called {name}; the link waits for one made over the API"),
        );
    }
    Some(name)
}
