//! `[[app]]` and `[[link]]`: apps and links that the file manages.

use std::collections::{BTreeSet, HashMap};

use footbridge_courier::{Grant, Policy, Target};
use footbridge_engine::{AppSpec, LinkSpec};
use footbridge_model::{
    app::{ReceiverAuth, TOKEN_PREFIX},
    name::{AppName, EventName},
    secret::Secret,
    signature::Signer,
};

use super::{
    hooks::{self, AppContext, HookConfig},
    keys,
    raw::{RawTable, Value},
    section::Section,
    value,
};

/// A secret with fewer characters gets a warning.
const SAFE_LENGTH: usize = 8;

/// One `[[app]]` with its hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// The app. The first start generates the secrets that are absent.
    pub app: AppSpec,
    /// The persistent hooks of the app.
    pub hooks: Vec<HookConfig>,
}

/// Reads the apps of the file, in its order.
pub(super) fn read_apps(top: &Section<'_>, policy: &Policy) -> Vec<AppConfig> {
    let mut apps: Vec<AppConfig> = Vec::new();
    let sections = top.array("app", label, keys::APP);
    let all: BTreeSet<AppName> = sections.iter().filter_map(name_of).collect();
    let (mut names, mut tokens) = (BTreeSet::new(), HashMap::new());
    for section in sections {
        let Some(read) = read_app(&section, policy, &all) else { continue };
        let app = &read.app;
        if !names.insert(app.name.clone()) {
            section.problem(
                "name",
                format!(
                    "the app {} is already in this file; names are compared without regard to case",
                    app.name
                ),
            );
        }
        // The token alone identifies the caller, so each app needs a different one.
        let digest = app.token.as_ref().map(Secret::digest);
        if let Some(twin) = digest.and_then(|digest| tokens.insert(digest, app.name.clone())) {
            section.problem(
                "token",
                format!("is also the token of the app {twin}; each app needs a different token"),
            );
        }
        apps.push(read);
    }
    apps
}

fn name_of(section: &Section<'_>) -> Option<AppName> {
    match &section.item("name")?.value {
        Value::Text(name) => AppName::find(name),
        _ => None,
    }
}

fn label(table: &RawTable) -> Option<String> {
    match &table.get("name")?.value {
        Value::Text(name) => AppName::parse(name).ok().map(|name| name.to_string()),
        _ => None,
    }
}

fn read_app(section: &Section<'_>, policy: &Policy, names: &BTreeSet<AppName>) -> Option<AppConfig> {
    section.require("name");
    let name = section.parse_if_set("name", app_name);
    let url = section.parse_if_set("url", value::base_url);
    let receiver_url = section.parse_if_set("receiver_url", value::target_url);
    let ca_file = section.file("ca_file", value::ca_file).and_then(|path| std::path::absolute(path).ok());
    let grants = [&url, &receiver_url].into_iter().flatten().filter_map(|url| Target::parse(url).ok());
    let context = AppContext {
        has_url: section.has("url"),
        policy,
        names,
        grants: grants.map(|target| Grant::for_target(&target)).collect(),
    };
    let hooks = hooks::read(section, &context);
    let app = AppSpec {
        token: read_credential(section, "token"),
        secret_key: read_credential(section, "secret_key"),
        signing_secret: section.secret("signing_secret", signing_secret),
        token_prefix: section.parse("token_prefix", TOKEN_PREFIX.to_owned(), value::scheme),
        receiver_url,
        receiver_enabled: section.boolean("receiver_enabled", true),
        receiver_auth: read_receiver_auth(section),
        miniapp_url: section.parse_if_set("miniapp_url", value::page_url),
        ca_file: ca_file.map(|path| path.display().to_string()),
        private: section.list("private", event_name).unwrap_or_default().into_iter().collect(),
        url,
        // A wrong name is reported already. The other keys are read all the same, to report every problem at once.
        name: name?,
    };
    Some(AppConfig { app, hooks })
}

fn read_credential(section: &Section<'_>, key: &str) -> Option<Secret> {
    let secret = section.secret(key, value::credential)?;
    if secret.expose().len() < SAFE_LENGTH {
        section.warn(key, "is short enough to be guessed; omit it, and the server generates one");
    }
    Some(secret)
}

fn read_receiver_auth(section: &Section<'_>) -> Option<ReceiverAuth> {
    let inner = section.subtable("receiver_auth", keys::RECEIVER_AUTH)?;
    inner.require("name");
    inner.require("secret");
    let name = inner.parse_if_set("name", value::user);
    let secret = inner.secret("secret", value::visible_ascii);
    Some(ReceiverAuth { name: name?, secret: secret? })
}

fn app_name(text: &str) -> Result<AppName, String> {
    AppName::parse(text).map_err(|error| format!("{text:?} is not a valid app name: {error}"))
}

fn event_name(text: &str) -> Result<EventName, String> {
    EventName::parse(text).map_err(|error| format!("{text:?} is not a valid event name: {error}"))
}

fn signing_secret(text: &str) -> Result<(), String> {
    Signer::new(&Secret::new(text)).map(drop).map_err(|error| error.to_string())
}

/// Reads the links of the file, in its order.
pub(super) fn read_links(top: &Section<'_>, apps: &[AppConfig]) -> Vec<LinkSpec> {
    let known: BTreeSet<&AppName> = apps.iter().map(|read| &read.app.name).collect();
    let mut links: Vec<LinkSpec> = Vec::new();
    let mut seen = BTreeSet::new();
    for section in top.array("link", |_| None, keys::LINK) {
        let host = read_linked_app(&section, "host", &known);
        let miniapp = read_linked_app(&section, "miniapp", &known);
        let enabled = section.boolean("enabled", true);
        let (Some(host), Some(miniapp)) = (host, miniapp) else { continue };
        if host == miniapp {
            section.problem("miniapp", "an app cannot be linked to itself");
        }
        if !seen.insert((host.clone(), miniapp.clone())) {
            section.problem("host", format!("the link from {host} to {miniapp} is already in this file"));
        }
        links.push(LinkSpec { host, miniapp, enabled });
    }
    links
}

fn read_linked_app(section: &Section<'_>, key: &str, known: &BTreeSet<&AppName>) -> Option<AppName> {
    section.require(key);
    let name = section.parse_if_set(key, app_name)?;
    if !known.contains(&name) {
        section.warn(
            key,
            format!(
                "this file has no [[app]] {name}; the link has no effect until that app is added over the API"
            ),
        );
    }
    Some(name)
}
