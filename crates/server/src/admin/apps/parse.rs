//! Turns request bodies about apps into the engine's types.

use super::super::dto::{HookRequest, parse};
use crate::problem::Problem;
use footbridge_api::{self as api, RouteOrTarget};
use footbridge_engine::{AppChange, AppSpec, Overlap, Rotation, SecretSet};
use footbridge_model::app::ReceiverAuth;
use footbridge_model::hook::HookType;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use std::collections::BTreeSet;

/// Returns the spec of a new app and the hooks that it begins with.
///
/// # Errors
/// A problem that names the member.
pub(super) fn new_app(request: api::NewApp) -> Result<(AppSpec, Vec<HookRequest>), Problem> {
    let mut spec = AppSpec::named(parse("name", &request.name, AppName::parse)?);
    spec.token = request.token.map(Secret::new);
    spec.secret_key = request.secret_key.map(Secret::new);
    spec.signing_secret = request.signing_secret.map(Secret::new);
    spec.token_prefix = request.token_prefix.unwrap_or(spec.token_prefix);
    spec.receiver_url = request.receiver_url;
    spec.receiver_enabled = request.receiver_enabled.unwrap_or(spec.receiver_enabled);
    spec.receiver_auth = request.receiver_auth.map(receiver_auth).transpose()?;
    spec.ca_file = request.ca_file;
    spec.url = request.url;
    spec.miniapp_url = request.miniapp_url;
    spec.private = private(&request.private.unwrap_or_default())?;
    let hooks = hooks(request.hooks.unwrap_or_default(), spec.url.is_some())?;
    Ok((spec, hooks))
}

/// Returns the change of an app.
///
/// # Errors
/// A problem that names the member.
pub(super) fn app_change(patch: api::AppPatch) -> Result<AppChange, Problem> {
    let receiver_auth = match patch.receiver_auth {
        Some(Some(auth)) => Some(Some(receiver_auth(auth)?)),
        Some(None) => Some(None),
        None => None,
    };
    Ok(AppChange {
        token_prefix: patch.token_prefix,
        receiver_url: patch.receiver_url,
        receiver_enabled: patch.receiver_enabled,
        receiver_auth,
        ca_file: patch.ca_file,
        url: patch.url,
        miniapp_url: patch.miniapp_url,
        private: patch.private.map(|names| private(&names.unwrap_or_default())).transpose()?,
        enabled: patch.enabled,
    })
}

/// Returns the secrets to rotate, and how long the previous ones stay valid.
///
/// # Errors
/// The list of secrets is empty.
pub(super) fn rotation(request: api::Rotate) -> Result<(Rotation, Overlap), Problem> {
    let overlap = if request.now == Some(true) { Overlap::NONE } else { Overlap::DAY };
    let Some(kinds) = request.secrets else { return Ok((Rotation::Ours, overlap)) };
    if kinds.is_empty() {
        let why = "is empty; leave it out to rotate all secrets that the configuration file does not define";
        return Err(Problem::member("secrets", why));
    }
    let mut which = SecretSet::default();
    for kind in kinds {
        match kind {
            api::SecretKind::Token => which.token = true,
            api::SecretKind::SecretKey => which.secret_key = true,
            api::SecretKind::SigningSecret => which.signing_secret = true,
        }
    }
    Ok((Rotation::These(which), overlap))
}

fn receiver_auth(auth: api::NewReceiverAuth) -> Result<ReceiverAuth, Problem> {
    for (member, text) in [("receiver_auth.name", &auth.name), ("receiver_auth.secret", &auth.secret)] {
        if text.is_empty() {
            return Err(Problem::member(member, "is empty"));
        }
    }
    Ok(ReceiverAuth { name: auth.name, secret: Secret::new(auth.secret) })
}

fn private(names: &[String]) -> Result<BTreeSet<EventName>, Problem> {
    names.iter().map(|name| parse("private", name, EventName::parse)).collect()
}

fn hooks(hooks: api::NewHooks, has_url: bool) -> Result<Vec<HookRequest>, Problem> {
    let read = |(key, hook): (String, RouteOrTarget)| {
        let path = format!("hooks.{key}");
        let pattern = parse("hooks", &key, Pattern::parse)?;
        let request = match hook {
            RouteOrTarget::Route(route) => HookRequest::server(pattern, route),
            RouteOrTarget::Target(target) => HookRequest::new(&format!("{path}."), pattern, target)?,
        };
        request.check().map_err(|why| Problem::member(&path, why))?;
        if request.kind == HookType::Server && !has_url {
            return Err(Problem::member(&path, "is a `server` hook, which needs the app's `url`"));
        }
        Ok(request)
    };
    hooks.0.into_iter().map(read).collect()
}
