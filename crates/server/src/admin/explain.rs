//! Handlers of `/api/v1/explain`.

use super::body::JsonBody;
use super::dto::{any_app, parse};
use super::extract::{Admin, Shared};
use super::paging::Params;
use super::{AdminState, hooks};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{ExplainFrom, Explanation, Verdict};
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};

fn judgement(explanation: Explanation) -> api::Judgement {
    let Explanation { hook, verdict } = explanation;
    api::Judgement {
        hook: hooks::view(&hook),
        would_get: verdict == Verdict::Gets,
        reason: verdict.reason().to_owned(),
    }
}

/// Returns for each hook whether it would get an event, and why, ordered by id. Publishes nothing.
#[utoipa::path(post, path = "/api/v1/explain", tag = "explain", security(("admin" = [])),
    request_body = api::Question,
    params(("app" = Option<String>, Query, description = "Hooks of this app"),
        ("would_get" = Option<bool>, Query, description = "`true` for hooks that would get it, `false` for the others"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = api::Judgements)))]
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
    let app = params.app("app")?;
    let from = ExplainFrom {
        after: window.after(|text| text.parse::<HookId>().ok())?,
        app: app.as_ref(),
        would_get: params.flag("would_get")?,
        limit: window.fetch(),
    };
    let found = shared.engine.explain(&publisher, &name, subscribers.as_deref(), from);
    let (mut hooks, next) = window.cut(found.hooks, |found| found.hook.hook.id.to_string());
    hooks.retain(|found| caller.may_see(&found.hook.hook.app));
    let data = hooks.into_iter().map(judgement).collect();
    let named = std::iter::once(&publisher).chain(subscribers.iter().flatten()).chain(&app);
    let warnings = named.filter_map(|name| unknown(&shared, name)).collect();
    Ok(Json(api::Judgements { data, next, would_get: found.would_get, warnings }))
}

/// Returns a warning if no app has this name.
fn unknown(shared: &AdminState, name: &AppName) -> Option<String> {
    if *name == AppName::bolt() || shared.engine.app(name).is_ok() {
        return None;
    }
    Some(format!("no app is called `{name}`"))
}
