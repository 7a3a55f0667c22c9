//! Handlers of explanations: of an event that nobody has published, and of a stored one.

use super::body::JsonBody;
use super::dto::{HookRequest, any_app, existing_app, parse};
use super::extract::{Admin, Id, Shared};
use super::fix::{self, About};
use super::paging::Params;
use super::{AdminState, hooks, story};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{AssumedChange, ExplainFrom, Hypothesis, Verdict};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::{EventId, HookId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;

/// The most changes that one question assumes.
const MAX_CHANGES: usize = 50;

/// Reads the assumed changes. Returns them, and warnings about those that change nothing.
fn changes(
    shared: &AdminState,
    caller: &AdminCaller,
    with: Vec<api::WhatIf>,
) -> Result<(Vec<AssumedChange>, Vec<String>), Problem> {
    if with.len() > MAX_CHANGES {
        return Err(Problem::member("with", format_args!("has more than {MAX_CHANGES} changes")));
    }
    let (mut changes, mut warnings) = (Vec::new(), Vec::new());
    for (place, change) in with.into_iter().enumerate() {
        let member = |name: &str| format!("with[{place}].{name}");
        match change {
            api::WhatIf::Link { host, miniapp, enabled: _ } => {
                let host = parse(&member("host"), &host, existing_app)?;
                let miniapp = parse(&member("miniapp"), &miniapp, existing_app)?;
                warnings.push(format!(
                    "the link of `{host}` and `{miniapp}` changes nothing here: links decide about exchanges, not about published events"
                ));
            }
            api::WhatIf::Hook { id, enabled } => {
                let id: HookId = parse(&member("id"), &id, str::parse)?;
                if !shared.engine.hook(id).is_ok_and(|entry| caller.may_see(&entry.hook.app)) {
                    return Err(Problem::member(&member("id"), "names a hook that does not exist"));
                }
                changes.push(AssumedChange::Hook { id, enabled });
            }
            api::WhatIf::App { name, enabled } => {
                let name = parse(&member("name"), &name, existing_app)?;
                match unknown(shared, caller, &name) {
                    Some(warning) => warnings.push(warning),
                    None => changes.push(AssumedChange::App { name, enabled }),
                }
            }
            api::WhatIf::NewHook { app, pattern, route } => {
                let app = parse(&member("app"), &app, existing_app)?;
                let pattern = parse(&member("pattern"), &pattern, Pattern::parse)?;
                if route.trim().is_empty() {
                    return Err(Problem::member(&member("route"), "must not be empty"));
                }
                warnings.extend(unknown(shared, caller, &app));
                changes.push(AssumedChange::NewHook(HookRequest::server(pattern, route).into_spec(app)));
            }
        }
    }
    Ok((changes, warnings))
}

/// Returns for each hook whether it would get an event, and why, ordered by id. Publishes and changes nothing, also with
/// assumed changes.
#[utoipa::path(post, path = "/api/v1/explain", tag = "explain", security(("admin" = [])),
    request_body = api::Question,
    params(("app" = Option<String>, Query, description = "Hooks of this app"),
        ("would_get" = Option<bool>, Query, description = "`true` for hooks that would get it, `false` for the others"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "One page of results", body = api::Judgements)))]
pub(super) async fn explain(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
    JsonBody(question): JsonBody<api::Question>,
) -> Result<Json<api::Judgements>, Problem> {
    let window = params.window("explain", &["app", "would_get"])?;
    let publisher = parse("publisher", &question.publisher, any_app)?;
    let name = parse("name", &question.name, EventName::parse)?;
    let read = |name: &String| parse("subscribers", name, any_app);
    let subscribers: Option<Vec<AppName>> =
        question.subscribers.map(|names| names.iter().map(read).collect()).transpose()?;
    let (changes, changes_warnings) = changes(&shared, &caller, question.with)?;
    let app = params.app("app")?;
    let from = ExplainFrom {
        after: window.after(|text| text.parse::<HookId>().ok())?,
        app: app.as_ref(),
        would_get: params.flag("would_get")?,
        scope: caller.apps.as_ref(),
        limit: window.fetch(),
    };
    let asked = Hypothesis {
        private: question.private,
        subscribers: subscribers.as_deref(),
        changes: &changes,
        ..Hypothesis::of(&publisher, &name)
    };
    let found = shared.engine.explain(asked, from);
    let (rows, next) = window.cut(found.hooks, |found| found.hook.hook.id.to_string());
    let about = About::hypothetical(&publisher, name.as_str());
    let judgement = |found: footbridge_engine::Explanation| api::Judgement {
        hook: hooks::view(&found.hook),
        would_get: found.verdict == Verdict::Gets,
        code: found.verdict.code().to_owned(),
        reason: found.verdict.reason().to_owned(),
        fix: fix::of(&shared, found.verdict, &found.hook.hook, about),
    };
    let data = rows.into_iter().map(judgement).collect();
    let named = std::iter::once(&publisher).chain(subscribers.iter().flatten()).chain(&app);
    let warnings = named.filter_map(|name| unknown(&shared, &caller, name)).chain(changes_warnings);
    let warnings = warnings.chain(is_off(&shared, &caller, &publisher, &changes)).collect();
    let view = |hook: &footbridge_model::hook::Hook| {
        let mut view = hooks::view_of(hook);
        if shared.engine.hook(hook.id).is_err() {
            "new".clone_into(&mut view.id);
        }
        view
    };
    Ok(Json(api::Judgements {
        data,
        next,
        would_get: found.would_get,
        would_add: found.would_add.iter().map(view).collect(),
        would_lose: found.would_lose.iter().map(view).collect(),
        warnings,
    }))
}

/// Returns for each hook the verdict about a stored event: when it was published, now, and what has changed.
#[utoipa::path(get, path = "/api/v1/events/{id}/explain", tag = "explain", security(("admin" = [])),
    params(("id" = String, Path),
        ("app" = Option<String>, Query, description = "Hooks of this app"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "One page of results", body = api::EventJudgements)))]
pub(super) async fn of_event(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
    params: Params,
) -> Result<Json<api::EventJudgements>, Problem> {
    let window = params.window("event-explain", &["app"])?;
    let app = params.app("app")?;
    let after = window.after(|text| text.parse::<HookId>().ok())?;
    let told = story::find(&shared, &caller, id).await?;
    let event = &told.event.event;
    let gets = |verdict: Verdict| matches!(verdict, Verdict::Gets | Verdict::Delivered);
    let would_get = told.receivers.iter().filter(|receiver| gets(receiver.now)).count() as u64;
    let folded = told.folded_receivers;
    let mut receivers = told.receivers;
    receivers.retain(|receiver| app.as_ref().is_none_or(|app| receiver.hook.app == *app));
    receivers.sort_by_key(|receiver| receiver.hook.id);
    let rows = window.of_sorted(receivers, after.as_ref(), |receiver| receiver.hook.id);
    let (rows, next) = window.cut(rows, |receiver| receiver.hook.id.to_string());
    let text = id.to_string();
    let data = rows
        .into_iter()
        .map(|receiver| api::EventJudgement {
            hook: hooks::view_of(&receiver.hook),
            would_get: receiver.rule == Verdict::Gets,
            code: receiver.now.code().to_owned(),
            fix: fix::of(&shared, receiver.now, &receiver.hook, story::about(event, &text, &receiver)),
            reason: receiver.why,
            then: story::verdict(receiver.then),
            now: story::verdict(receiver.now),
            changed: receiver.changed,
        })
        .collect();
    let left_out = (folded > 0)
        .then(|| format!("{folded} hooks whose patterns name other events or other publishers are left out"));
    let warnings = unknown_publisher(&shared, &event.publisher).into_iter().chain(left_out).collect();
    Ok(Json(api::EventJudgements { data, next, would_get, warnings }))
}

/// Returns a warning if no app that the caller sees has this name.
fn unknown(shared: &AdminState, caller: &AdminCaller, name: &AppName) -> Option<String> {
    if *name == AppName::bolt() || (caller.may_see(name) && shared.engine.app(name).is_ok()) {
        return None;
    }
    let limit = if caller.is_scoped() { " among those that you are limited to" } else { "" };
    Some(format!("no app{limit} is called `{name}`"))
}

/// Returns a warning if the publisher is switched off, or would be with the assumed changes: it cannot publish then.
fn is_off(
    shared: &AdminState,
    caller: &AdminCaller,
    publisher: &AppName,
    changes: &[AssumedChange],
) -> Option<String> {
    let mut enabled =
        !caller.may_see(publisher) || shared.engine.app(publisher).map_or(true, |entry| entry.app.enabled);
    for change in changes {
        if let AssumedChange::App { name, enabled: assumed } = change
            && name == publisher
        {
            enabled = *assumed;
        }
    }
    (!enabled).then(|| format!("the app `{publisher}` is switched off, so it cannot publish anything"))
}

/// Returns a warning if the publisher of a stored event does not exist any more.
fn unknown_publisher(shared: &AdminState, name: &AppName) -> Option<String> {
    let exists = *name == AppName::bolt() || shared.engine.app(name).is_ok();
    (!exists).then(|| format!("no app is called `{name}`"))
}
