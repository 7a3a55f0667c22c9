//! `/api/v1/explain`.

use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Shared};
use super::page::Params;
use super::{AdminState, hooks};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{ExplainFrom, Explanation, Verdict};
use footbridge_model::id::HookId;
use footbridge_model::name::{AppName, EventName};

/// An event that might be published.
#[derive(Debug)]
pub(super) struct Question {
    publisher: AppName,
    name: EventName,
    subscribers: Option<Vec<AppName>>,
}

impl FromFields for Question {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let app = |text: &str| AppName::any(text).ok_or("it is not the name of an app");
        let publisher = fields.required_as("publisher", app)?;
        let name = fields.required_as("name", EventName::parse)?;
        let subscribers = match fields.optional::<Vec<String>>("subscribers")? {
            None => None,
            Some(names) => {
                let read: Option<Vec<AppName>> = names.iter().map(|name| AppName::any(name)).collect();
                Some(read.ok_or_else(|| fields.wrong("subscribers", "must be names of apps"))?)
            }
        };
        Ok(Self { publisher, name, subscribers })
    }
}

fn judgement(explanation: Explanation) -> api::Judgement {
    let Explanation { hook, verdict } = explanation;
    api::Judgement {
        hook: hooks::view(&hook),
        would_get: verdict == Verdict::Gets,
        reason: verdict.reason().to_owned(),
    }
}

/// Says of the hooks whether they would get an event, and why, in the order of their ids. Publishes nothing.
#[utoipa::path(post, path = "/api/v1/explain", tag = "explain", security(("admin" = [])),
    request_body = api::Question,
    params(("app" = Option<String>, Query, description = "Only hooks of this app"),
        ("would_get" = Option<bool>, Query, description = "Only hooks that would get it, or only the others"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = api::Judgements)))]
pub(super) async fn explain(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
    Body(question): Body<Question>,
) -> Result<Json<api::Judgements>, Problem> {
    let window = params.window("explain", &["app", "would_get"])?;
    let Question { publisher, name, subscribers } = question;
    let app = params.app("app")?;
    let from = ExplainFrom {
        after: window.after(|text| text.parse::<HookId>().ok())?,
        app: app.as_ref(),
        would_get: params.flag("would_get")?,
        limit: window.fetch(),
    };
    let found = shared.engine.explain(&publisher, &name, subscribers.as_deref(), from);
    let list = window.list(found.hooks, |found| found.hook.hook.id.to_string(), judgement);
    let named = std::iter::once(&publisher).chain(subscribers.iter().flatten()).chain(&app);
    let warnings = named.filter_map(|name| unknown(&shared, name)).collect();
    Ok(Json(api::Judgements { data: list.data, next: list.next, would_get: found.would_get, warnings }))
}

/// What to say of the name of an app that there is not.
fn unknown(shared: &AdminState, name: &AppName) -> Option<String> {
    if *name == AppName::bolt() || shared.engine.app(name).is_ok() {
        return None;
    }
    Some(format!("no app is called `{name}`"))
}
