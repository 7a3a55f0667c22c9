//! Reads `bolt.hooks`, a map from patterns to routes or to objects with a route and options.

use super::members::Members;
use super::reserved::ReservedPaths;
use footbridge_model::hook::{self, AnswerRule, BadRoute, HookOptions, HookType, MAX_IN_FLIGHT, ROUTE_MAX};
use footbridge_model::package::{ManifestError, ManifestHook};
use footbridge_model::pattern::Pattern;
use serde_json::Value;
use std::collections::BTreeMap;

/// The destinations that hooks of an app can have.
#[derive(Debug)]
pub(super) struct HookTargets<'a> {
    /// Reason why the app has no server; `None` if it has one.
    pub(super) serverless: Option<&'static str>,
    /// The functions of the app by name.
    pub(super) functions: &'a BTreeMap<String, String>,
    /// The paths that no router can have.
    pub(super) reserved: ReservedPaths,
}

/// Reads the hooks. The second value is a list of warnings.
pub(super) fn read(
    bolt: &Members<'_>,
    targets: &HookTargets<'_>,
) -> Result<(Vec<ManifestHook>, Vec<String>), ManifestError> {
    let at = bolt.name("hooks");
    let hooks = bolt.section("hooks", &at)?;
    let (mut read, mut warnings) = (Vec::<ManifestHook>::new(), Vec::new());
    for (key, value) in hooks.iter() {
        let hook = read_one(&hooks, key, value, &mut warnings)?;
        check(&hook, targets).map_err(|error| error.about(&hooks, key, value))?;
        let same = |other: &ManifestHook| {
            other.pattern == hook.pattern && other.route == hook.route && other.kind == hook.kind
        };
        if read.iter().any(same) {
            return Err(hooks.error(key, "repeats another hook; remove one of the two"));
        }
        match targets.serverless {
            Some(why) if hook.kind == HookType::Server => {
                warnings.push(format!("the `server` hook `{key}` was ignored: {why}"));
            }
            _ => read.push(hook),
        }
    }
    Ok((read, warnings))
}

fn read_one(
    hooks: &Members<'_>,
    key: &str,
    value: &Value,
    warnings: &mut Vec<String>,
) -> Result<ManifestHook, ManifestError> {
    let pattern =
        Pattern::parse(key).map_err(|error| hooks.error(key, format!("is not a valid pattern: {error}")))?;
    if let Some(route) = value.as_str() {
        let (route, kind) = (route.to_owned(), HookType::Server);
        return Ok(ManifestHook { pattern, route, kind, options: defaults(kind) });
    }
    let map =
        value.as_object().ok_or_else(|| hooks.kind(key, "a route or an object with a `route`", value))?;
    let at = hooks.name(key);
    let hook = hooks.inner(&at, map);
    warnings.extend(hook.unknown_members(&["route", "type", "answer", "in_flight", "ordered"], &[]));
    let route = hook.text("route")?.ok_or_else(|| {
        hook.error("route", "is missing; write where the events go, such as \"hooks/photo\"")
    })?;
    let kind = hook.text("type")?.map_or(Ok(HookType::Server), |text| {
        text.parse::<HookType>().map_err(|error| hook.error("type", format!("is {text:?}: {error}")))
    })?;
    let options = read_options(&hook, kind)?;
    Ok(ManifestHook { pattern, route: route.to_owned(), kind, options })
}

fn read_options(hook: &Members<'_>, kind: HookType) -> Result<HookOptions, ManifestError> {
    let defaults = defaults(kind);
    let answer = hook.text("answer")?.map_or(Ok(defaults.answer), |text| {
        text.parse::<AnswerRule>().map_err(|_| hook.error("answer", "must be \"required\" or \"optional\""))
    })?;
    let in_flight = hook.whole("in_flight")?.map_or(Ok(defaults.in_flight), |number| {
        u8::try_from(number).ok().filter(|number| (1..=MAX_IN_FLIGHT).contains(number)).ok_or_else(|| {
            hook.error("in_flight", format!("must be a whole number from 1 to {MAX_IN_FLIGHT}"))
        })
    })?;
    Ok(HookOptions { answer, in_flight, ordered: hook.flag("ordered")? })
}

/// The default options. Handlers written for Bolt do not answer events, so hooks to the app itself need no answer.
fn defaults(kind: HookType) -> HookOptions {
    let answer = match kind {
        HookType::Server | HookType::Router => AnswerRule::Optional,
        HookType::Web | HookType::Function => AnswerRule::Required,
    };
    HookOptions { answer, ..HookOptions::default() }
}

/// Reason why a hook is refused.
enum HookError {
    /// The route is not valid for the hook's type.
    Route(BadRoute),
    /// Another reason, as text that follows the hook's name.
    Hook(String),
}

impl From<BadRoute> for HookError {
    fn from(error: BadRoute) -> Self {
        Self::Route(error)
    }
}

impl HookError {
    /// Converts this to an error that names the member with the route.
    fn about(self, hooks: &Members<'_>, key: &str, value: &Value) -> ManifestError {
        let error = match self {
            Self::Hook(why) => return hooks.error(key, why),
            Self::Route(error) => error,
        };
        let why = match error {
            BadRoute::Empty => {
                "is an empty route; write where the events go, such as \"hooks/photo\"".to_owned()
            }
            BadRoute::TooLong => format!("is longer than {ROUTE_MAX} bytes"),
            BadRoute::NotPath(_) | BadRoute::IsUrl(_) | BadRoute::NotUrl => format!("is not valid: {error}"),
        };
        match value.as_object() {
            Some(map) => hooks.inner(&hooks.name(key), map).error("route", why),
            None => hooks.error(key, why),
        }
    }
}

fn check(hook: &ManifestHook, targets: &HookTargets<'_>) -> Result<(), HookError> {
    let route = &hook.route;
    match hook.kind {
        HookType::Web => Ok(hook::web_url(route).map(drop)?),
        HookType::Function if targets.functions.contains_key(route) => Ok(()),
        HookType::Function => Err(HookError::Hook(format!(
            "calls the function {route:?}, which is not in `bolt.functions`; write {{{route:?}: \"functions/file.js\"}} there"
        ))),
        HookType::Server if route.contains("://") => Err(HookError::Hook(format!(
            "is a `server` hook, whose route is a path of the app; for a URL write {{\"route\": {route:?}, \"type\": \"web\"}}"
        ))),
        kind => {
            hook::check_path(kind, route)?;
            let path = format!("/{}", route.trim_start_matches('/'));
            match targets.reserved.above(&path).filter(|_| kind == HookType::Router) {
                None => Ok(()),
                Some(own) => Err(HookError::Hook(format!(
                    "leads to `{path}`, but `{own}` is reserved for the server; write a path of a mounted router"
                ))),
            }
        }
    }
}
