//! An app's `hooks`: pattern → route, or → a table that says more.

use std::collections::{BTreeSet, HashMap, HashSet};

use footbridge_courier::{Grant, Policy, Refusal, Target};
use footbridge_model::{
    hook::{self, AnswerRule, HookOptions, HookType, MAX_IN_FLIGHT},
    name::AppName,
    pattern::{Part, Pattern},
    words::nearest,
};

use super::{
    keys,
    raw::{Item, Table, Value},
    section::Section,
};

/// One persistent hook of an app in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookConfig {
    /// Normalised.
    pub pattern: Pattern,
    /// As it was written, and checked for its type.
    pub route: String,
    /// How the route is read: `server`, `web` or `router`.
    pub kind: HookType,
    /// What it asks for beyond the defaults.
    pub options: HookOptions,
}

/// What decides where an app's hooks may lead.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// Whether `server` hooks have a base.
    pub(super) has_url: bool,
    /// The outbound policy.
    pub(super) policy: &'a Policy,
    /// What the apps of the file are called.
    pub(super) names: &'a BTreeSet<AppName>,
    /// What the app's own URLs open for it.
    pub(super) grants: Vec<Grant>,
}

/// Reads the `hooks` of an app.
pub(super) fn read(app: &Section<'_>, reach: &Reach<'_>) -> Vec<HookConfig> {
    let written = match app.item("hooks").map(|item| &item.value) {
        Some(Value::Table(table)) => table,
        Some(other) => {
            app.problem("hooks", format!("must be a table of pattern = route, not {}", other.kind()));
            return Vec::new();
        }
        None => return Vec::new(),
    };
    app.inner_any("hooks").map(|section| read_all(&section, written, reach)).unwrap_or_default()
}

fn read_all(section: &Section<'_>, written: &Table, reach: &Reach<'_>) -> Vec<HookConfig> {
    let mut hooks: Vec<HookConfig> = Vec::with_capacity(written.len());
    let (mut seen, mut unknown) = (HashSet::new(), HashMap::new());
    for (key, item) in written {
        let Some(hook) = read_one(section, key, item) else { continue };
        match check(&hook, reach) {
            Err(message) => section.problem(key, message),
            // The rest of the file must not wait for it: events for this hook end dead with the same reason.
            Ok(Some(refusal)) => section.warn(key, refusal.to_string()),
            Ok(None) => {}
        }
        if !is_known(&hook.pattern, reach.names) {
            // Each name is looked up once: many hooks may listen for an app that is made later.
            let hint = unknown
                .entry(hook.pattern.publisher.clone())
                .or_insert_with(|| unknown_publisher(&hook.pattern, reach.names));
            section.hint(key, hint.as_str());
        }
        if !seen.insert((hook.pattern.clone(), hook.route.clone(), hook.kind.as_str())) {
            section.problem(key, "the same pattern, route and type are already among this app's hooks");
        }
        hooks.push(hook);
    }
    hooks.sort_by_cached_key(|hook| hook.pattern.to_string());
    hooks
}

/// Whether an app of the file, or the server itself, is the publisher that a pattern names, if it names one.
fn is_known(pattern: &Pattern, names: &BTreeSet<AppName>) -> bool {
    let Part::Is(publisher) = &pattern.publisher else { return true };
    &**publisher == AppName::bolt().key() || names.contains(&**publisher)
}

fn unknown_publisher(pattern: &Pattern, names: &BTreeSet<AppName>) -> String {
    let publisher = pattern.publisher.as_str();
    let texts: Vec<&str> = names.iter().map(AppName::as_str).chain(["bolt"]).take(NEAR).collect();
    let meant = nearest(publisher, &texts).map(|meant| format!(" (did you mean {meant}?)"));
    format!(
        "no [[app]] in this file is called {publisher}{}; the hook gets nothing until there is one, made over the API or installed",
        meant.unwrap_or_default()
    )
}

/// How many names are looked at for one that was meant.
const NEAR: usize = 1000;

fn read_one(hooks: &Section<'_>, key: &str, item: &Item) -> Option<HookConfig> {
    let pattern = Pattern::parse(key).map_err(|error| hooks.problem(key, error.to_string())).ok();
    let (route, kind, options) = match &item.value {
        Value::Table(_) => read_table(&hooks.inner(key, keys::HOOK)?)?,
        Value::Text(route) => (route.clone(), HookType::Server, HookOptions::default()),
        other => {
            hooks.problem(key, format!("must be a route or a table with one, not {}", other.kind()));
            return None;
        }
    };
    Some(HookConfig { pattern: pattern?, route, kind, options })
}

fn read_table(hook: &Section<'_>) -> Option<(String, HookType, HookOptions)> {
    hook.require("route");
    let usual = HookOptions::default();
    let route = hook.parse_if_set("route", |text| Ok(text.to_owned()));
    let kind = hook.parse("type", Some(HookType::Server), |text| available(text).map(Some));
    let in_flight = hook.whole("in_flight", &(1..=u64::from(MAX_IN_FLIGHT)));
    let options = HookOptions {
        answer: hook.parse("answer", usual.answer, |text| {
            text.parse::<AnswerRule>().map_err(|error| error.to_string())
        }),
        in_flight: in_flight.and_then(|number| u8::try_from(number).ok()).unwrap_or(usual.in_flight),
        ordered: hook.flag("ordered", usual.ordered),
    };
    Some((route?, kind?, options))
}

fn available(text: &str) -> Result<HookType, String> {
    match text.parse() {
        Ok(HookType::Function) => Err(format!(
            "{text:?} hooks belong to apps installed from a directory; write \"server\", \"web\" or \"router\""
        )),
        Ok(kind) => Ok(kind),
        Err(_) => Err(format!("{text:?} is no type of hook; write \"server\", \"web\" or \"router\"")),
    }
}

fn check(written: &HookConfig, reach: &Reach<'_>) -> Result<Option<Refusal>, String> {
    let route = &written.route;
    match written.kind {
        HookType::Web => {
            let url = hook::web_url(route).map_err(|error| error.to_string())?;
            let target = Target::parse(&url).map_err(|error| error.to_string())?;
            let granted = Grant::opened_by(&reach.grants, &target);
            Ok(reach.policy.check_target(&target, granted).err())
        }
        _ if route.contains("://") => Err(format!(
            "the route of a {} hook is a path; for a URL write {{ route = {route:?}, type = \"web\" }}",
            written.kind.as_str()
        )),
        HookType::Server if !reach.has_url => {
            Err("a server hook needs the app's url, which is not set".to_owned())
        }
        kind => hook::check_path(kind, route).map(|()| None).map_err(|error| error.to_string()),
    }
}
