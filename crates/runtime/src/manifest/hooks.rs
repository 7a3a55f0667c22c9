//! `bolt.hooks`: pattern → route, or → an object that says more.

use super::members::Members;
use super::roots;
use footbridge_model::hook::{self, AnswerRule, BadRoute, HookOptions, HookType, MAX_IN_FLIGHT, ROUTE_MAX};
use footbridge_model::package::{ManifestError, ManifestHook};
use footbridge_model::pattern::Pattern;
use serde_json::Value;
use std::collections::BTreeMap;

/// What decides which hooks an app may have.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// Why it has no server, in words; `None` when it has one.
    pub(super) serverless: Option<&'static str>,
    /// Its functions.
    pub(super) functions: &'a BTreeMap<String, String>,
}

/// The hooks, and what was left out in words.
pub(super) fn read(
    bolt: &Members<'_>,
    reach: &Reach<'_>,
) -> Result<(Vec<ManifestHook>, Vec<String>), ManifestError> {
    let at = bolt.name("hooks");
    let hooks = bolt.section("hooks", &at)?;
    let (mut read, mut warnings) = (Vec::<ManifestHook>::new(), Vec::new());
    for (key, value) in hooks.iter() {
        let hook = read_one(&hooks, key, value, &mut warnings)?;
        check(&hook, reach).map_err(|fault| fault.of(&hooks, key, value))?;
        let same = |other: &ManifestHook| {
            other.pattern == hook.pattern && other.route == hook.route && other.kind == hook.kind
        };
        if read.iter().any(same) {
            return Err(hooks.error(key, "says the same as another of the hooks; leave one of them out"));
        }
        match reach.serverless {
            Some(why) if hook.kind == HookType::Server => {
                warnings.push(format!("the `server` hook `{key}` was left out: {why}"));
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
    let pattern = Pattern::parse(key).map_err(|error| hooks.error(key, format!("is no pattern: {error}")))?;
    if let Some(route) = value.as_str() {
        let (route, kind) = (route.to_owned(), HookType::Server);
        return Ok(ManifestHook { pattern, route, kind, options: usual(kind) });
    }
    let map =
        value.as_object().ok_or_else(|| hooks.kind(key, "a route or an object with a `route`", value))?;
    let at = hooks.name(key);
    let hook = hooks.inner(&at, map);
    warnings.extend(hook.strangers(&["route", "type", "answer", "in_flight", "ordered"], &[]));
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
    let usual = usual(kind);
    let answer = hook.text("answer")?.map_or(Ok(usual.answer), |text| {
        text.parse::<AnswerRule>().map_err(|_| hook.error("answer", "must be \"required\" or \"optional\""))
    })?;
    let in_flight = hook.whole("in_flight")?.map_or(Ok(usual.in_flight), |number| {
        u8::try_from(number).ok().filter(|number| (1..=MAX_IN_FLIGHT).contains(number)).ok_or_else(|| {
            hook.error("in_flight", format!("must be a whole number from 1 to {MAX_IN_FLIGHT}"))
        })
    })?;
    Ok(HookOptions { answer, in_flight, ordered: hook.flag("ordered")? })
}

/// Handlers written for Bolt never answer an event, so an app's own need not.
fn usual(kind: HookType) -> HookOptions {
    let answer = match kind {
        HookType::Server | HookType::Router => AnswerRule::Optional,
        HookType::Web | HookType::Function => AnswerRule::Required,
    };
    HookOptions { answer, ..HookOptions::default() }
}

/// What is wrong with a hook.
enum Fault {
    /// Its route fits no hook of its type.
    Route(BadRoute),
    /// In words that go on after the hook's name.
    Hook(String),
}

impl From<BadRoute> for Fault {
    fn from(error: BadRoute) -> Self {
        Self::Route(error)
    }
}

impl Fault {
    /// The error, about the member that holds the route.
    fn of(self, hooks: &Members<'_>, key: &str, value: &Value) -> ManifestError {
        let error = match self {
            Self::Hook(why) => return hooks.error(key, why),
            Self::Route(error) => error,
        };
        let why = match error {
            BadRoute::Empty => {
                "is an empty route; write where the events go, such as \"hooks/photo\"".to_owned()
            }
            BadRoute::TooLong => format!("is longer than {ROUTE_MAX} bytes"),
            BadRoute::NotPath(_) | BadRoute::IsUrl(_) | BadRoute::NotUrl => format!("does not fit: {error}"),
        };
        match value.as_object() {
            Some(map) => hooks.inner(&hooks.name(key), map).error("route", why),
            None => hooks.error(key, why),
        }
    }
}

fn check(hook: &ManifestHook, reach: &Reach<'_>) -> Result<(), Fault> {
    let route = &hook.route;
    match hook.kind {
        HookType::Web => Ok(hook::web_url(route).map(drop)?),
        HookType::Function if reach.functions.contains_key(route) => Ok(()),
        HookType::Function => Err(Fault::Hook(format!(
            "calls the function {route:?}, which is not in `bolt.functions`; write {{{route:?}: \"functions/file.js\"}} there"
        ))),
        HookType::Server if route.contains("://") => Err(Fault::Hook(format!(
            "is a `server` hook, whose route is a path of the app; for a URL write {{\"route\": {route:?}, \"type\": \"web\"}}"
        ))),
        kind => {
            hook::check_path(kind, route)?;
            let path = format!("/{}", route.trim_start_matches('/'));
            match roots::ours(&path).filter(|_| kind == HookType::Router) {
                None => Ok(()),
                Some(own) => Err(Fault::Hook(format!(
                    "leads to `{path}`, and `{own}` is the server's own; a `router` route is a path of a mounted router"
                ))),
            }
        }
    }
}
