//! The `hooks` of an app: each key is a pattern, each value a route or a table with a route and options.

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
    raw::{Item, RawTable, Value},
    section::Section,
};

/// One persistent hook of an app in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookConfig {
    /// The pattern in its normal form.
    pub pattern: Pattern,
    /// The route as it was written; it is valid for the type.
    pub route: String,
    /// The type: `server`, `web` or `router`.
    pub kind: HookType,
    /// Options, or their defaults.
    pub options: HookOptions,
}

/// The facts about an app and its file that decide which routes its hooks may have.
#[derive(Debug)]
pub(super) struct AppContext<'a> {
    /// True if the app has a `url`, which `server` hooks need.
    pub(super) has_url: bool,
    /// The policy for outbound addresses.
    pub(super) policy: &'a Policy,
    /// The names of all apps of the file.
    pub(super) names: &'a BTreeSet<AppName>,
    /// Addresses that the app's URLs allow in addition to the policy.
    pub(super) grants: Vec<Grant>,
}

/// Reads the `hooks` of an app.
pub(super) fn read(app: &Section<'_>, context: &AppContext<'_>) -> Vec<HookConfig> {
    let written = match app.item("hooks").map(|item| &item.value) {
        Some(Value::Table(table)) => table,
        Some(other) => {
            app.problem("hooks", format!("must be a table of pattern = route, not {}", other.kind()));
            return Vec::new();
        }
        None => return Vec::new(),
    };
    app.subtable_with_any_keys("hooks")
        .map(|section| read_all(&section, written, context))
        .unwrap_or_default()
}

fn read_all(section: &Section<'_>, written: &RawTable, context: &AppContext<'_>) -> Vec<HookConfig> {
    let mut hooks: Vec<HookConfig> = Vec::with_capacity(written.len());
    let (mut seen, mut unknown) = (HashSet::new(), HashMap::new());
    for (key, item) in written {
        let Some(hook) = read_one(section, key, item) else { continue };
        match check(&hook, context) {
            Err(message) => section.problem(key, message),
            // The server starts all the same. Deliveries to this hook become dead with the same reason.
            Ok(Some(refusal)) => section.warn(key, refusal.to_string()),
            Ok(None) => {}
        }
        if !is_known(&hook.pattern, context.names) {
            // Each name is looked up once: many hooks may name an app that is added later.
            let hint = unknown
                .entry(hook.pattern.publisher.clone())
                .or_insert_with(|| unknown_publisher(&hook.pattern, context.names));
            section.hint(key, hint.as_str());
        }
        if !seen.insert((hook.pattern.clone(), hook.route.clone(), hook.kind.as_str())) {
            section.problem(key, "this app has another hook with the same pattern, route and type");
        }
        hooks.push(hook);
    }
    hooks.sort_by_cached_key(|hook| hook.pattern.to_string());
    hooks
}

/// Returns true if the pattern names no publisher, or one that is an app of the file or the server itself.
fn is_known(pattern: &Pattern, names: &BTreeSet<AppName>) -> bool {
    let Part::Is(publisher) = &pattern.publisher else { return true };
    &**publisher == AppName::bolt().key() || names.contains(&**publisher)
}

fn unknown_publisher(pattern: &Pattern, names: &BTreeSet<AppName>) -> String {
    let publisher = pattern.publisher.as_str();
    let texts: Vec<&str> = names.iter().map(AppName::as_str).chain(["bolt"]).take(SEARCHED).collect();
    let similar = nearest(publisher, &texts).map(|name| format!(" (did you mean {name}?)"));
    format!(
        "this file has no [[app]] {publisher}{}; the hook gets no events until that app is added over the API or installed",
        similar.unwrap_or_default()
    )
}

/// Most names that are searched for a similar one.
const SEARCHED: usize = 1000;

fn read_one(hooks: &Section<'_>, key: &str, item: &Item) -> Option<HookConfig> {
    let pattern = Pattern::parse(key).map_err(|error| hooks.problem(key, error.to_string())).ok();
    let (route, kind, options) = match &item.value {
        Value::Table(_) => read_table(&hooks.subtable(key, keys::HOOK)?)?,
        Value::Text(route) => (route.clone(), HookType::Server, HookOptions::default()),
        other => {
            hooks.problem(key, format!("must be a route or a table with a route, not {}", other.kind()));
            return None;
        }
    };
    Some(HookConfig { pattern: pattern?, route, kind, options })
}

fn read_table(hook: &Section<'_>) -> Option<(String, HookType, HookOptions)> {
    hook.require("route");
    let usual = HookOptions::default();
    let route = hook.parse_if_set("route", |text| Ok(text.to_owned()));
    let kind = hook.parse("type", Some(HookType::Server), |text| hook_type(text).map(Some));
    let in_flight = hook.integer("in_flight", &(1..=u64::from(MAX_IN_FLIGHT)));
    let options = HookOptions {
        answer: hook.parse("answer", usual.answer, |text| {
            text.parse::<AnswerRule>().map_err(|error| error.to_string())
        }),
        in_flight: in_flight.and_then(|number| u8::try_from(number).ok()).unwrap_or(usual.in_flight),
        ordered: hook.boolean("ordered", usual.ordered),
    };
    Some((route?, kind?, options))
}

fn hook_type(text: &str) -> Result<HookType, String> {
    match text.parse() {
        Ok(HookType::Function) => Err(format!(
            "only apps installed from a directory have {text:?} hooks; write \"server\", \"web\" or \"router\""
        )),
        Ok(kind) => Ok(kind),
        Err(_) => Err(format!("{text:?} is not a hook type; write \"server\", \"web\" or \"router\"")),
    }
}

fn check(written: &HookConfig, context: &AppContext<'_>) -> Result<Option<Refusal>, String> {
    let route = &written.route;
    match written.kind {
        HookType::Web => {
            let url = hook::web_url(route).map_err(|error| error.to_string())?;
            let target = Target::parse(&url).map_err(|error| error.to_string())?;
            let granted = Grant::opened_by(&context.grants, &target);
            Ok(context.policy.check_target(&target, granted).err())
        }
        _ if route.contains("://") => Err(format!(
            "the route of a {} hook is a path; for a URL write {{ route = {route:?}, type = \"web\" }}",
            written.kind.as_str()
        )),
        HookType::Server if !context.has_url => {
            Err("a server hook needs the app's url; set `url`".to_owned())
        }
        kind => hook::check_path(kind, route).map(|()| None).map_err(|error| error.to_string()),
    }
}
