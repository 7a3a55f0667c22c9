//! `/api/v1/explain`.

use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Shared};
use super::hooks::HookView;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_engine::{Explanation, Verdict};
use footbridge_model::name::{AppName, EventName};
use serde::Serialize;
use utoipa::ToSchema;

/// An event that might be published.
#[derive(Debug, ToSchema)]
pub(super) struct Question {
    /// Who would publish it.
    #[schema(value_type = String)]
    publisher: AppName,
    /// What it would be called.
    #[schema(value_type = String)]
    name: EventName,
    /// Whom the publisher would name; left out for nobody in particular.
    #[schema(value_type = Option<Vec<String>>)]
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

/// What every hook would make of the event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explained {
    data: Vec<Judgement>,
}

/// What one hook would make of the event.
#[derive(Debug, Serialize, ToSchema)]
struct Judgement {
    hook: HookView,
    would_get: bool,
    reason: &'static str,
}

impl From<Explanation> for Judgement {
    fn from(explanation: Explanation) -> Self {
        let Explanation { hook, verdict } = explanation;
        Self { hook: HookView::from(&*hook), would_get: verdict == Verdict::Gets, reason: verdict.reason() }
    }
}

/// Says of every hook whether it would get an event, and why. Publishes nothing.
#[utoipa::path(post, path = "/api/v1/explain", tag = "explain", security(("admin" = [])), request_body = Question,
    responses((status = 200, body = Explained)))]
pub(super) async fn explain(
    _: Admin,
    State(shared): State<Shared>,
    Body(question): Body<Question>,
) -> Result<Json<Explained>, Problem> {
    let Question { publisher, name, subscribers } = question;
    let all = shared.engine.explain(&publisher, &name, subscribers.as_deref());
    Ok(Json(Explained { data: all.into_iter().map(Judgement::from).collect() }))
}
