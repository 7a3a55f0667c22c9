//! Handlers by which operators publish events and send exchanges as an app.

use super::body::JsonBody;
use super::dto::{existing_app, parse};
use super::events::raw;
use super::exchanges::detail;
use super::extract::{Change, Shared};
use super::trials::bytes;
use super::{AdminState, visible};
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use footbridge_api as api;
use footbridge_engine::{AppEntry, ExchangeDraft, ExchangeOptions, PublishError, Reply};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::event::EventDraft;
use footbridge_model::exchange::{Direction, EVENT_TYPE_MAX, ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::json::{members, string};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::permission::Permission;
use footbridge_model::provenance::{Provenance, Via};
use http::{HeaderValue, StatusCode, header};
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::time::Instant;

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let code = match error {
            PublishError::Journal(inner) => return inner.into(),
            PublishError::Draining => ProblemCode::Draining,
            PublishError::RateLimited(_) | PublishError::OverQuota(_) => ProblemCode::RateLimited,
            PublishError::LoopDetected(_) | PublishError::KeyMismatch => ProblemCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

/// The app that an operator sends as. It must be enabled, as for the app itself.
fn sender(shared: &AdminState, caller: &AdminCaller, name: &str) -> Result<Arc<AppEntry>, Problem> {
    let name = parse("app", name, existing_app)?;
    visible::app(caller, &name)?;
    let app = shared.engine.app(&name)?;
    if !app.app.enabled {
        return Err(Problem::member("app", "is switched off; enable it first"));
    }
    Ok(app)
}

const fn provenance(test: Option<bool>) -> Provenance {
    Provenance { via: Via::Console, test: matches!(test, Some(true)), trace: None }
}

/// Publishes an event as an app, under the app's rate and with its rules.
#[utoipa::path(post, path = "/api/v1/events", tag = "events", security(("admin" = [])),
    request_body = api::SendEvent, responses((status = 201, body = api::SentEvent)))]
pub(super) async fn publish(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::SendEvent>,
) -> Result<Response, Problem> {
    let app = sender(&shared, &caller, &request.app)?;
    let name = parse("name", &request.name, EventName::parse)?;
    let body = request.body.as_deref().map_or_else(|| Bytes::from_static(b"{}"), bytes);
    let limit = shared.engine.event_limit();
    if body.len() > limit {
        let why = format!("`body` is larger than {limit} bytes, the limit of an event");
        return Err(Problem::new(ProblemCode::TooLarge, why));
    }
    let pairs = request.headers.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = PublishHeaders::parse(pairs)
        .map_err(|error| Problem::member("headers", format_args!("is wrong: {error}")))?;
    let named = request.subscribers.as_deref();
    let warnings = shared.engine.warn_subscribers(named.unwrap_or_default().iter().map(String::as_str));
    // A name that no app can have reaches nobody, like the name of an unknown app.
    let subscribers = named.map(|names| names.iter().filter_map(|name| AppName::any(name)).collect());
    let draft =
        EventDraft { name: name.clone(), body, headers, subscribers, provenance: provenance(request.test) };
    let engine = shared.engine.acting_as(&*caller);
    let accepted = engine.publish(&app, draft, None).await;
    shared.metrics.publish(accepted.is_ok());
    let accepted = accepted?;
    engine.note_sent("event.send", "event", accepted.id).await;
    let sent = api::SentEvent {
        id: accepted.id.to_string(),
        name: name.to_string(),
        publisher: app.app.name.to_string(),
        time: accepted.time.to_string(),
        deliveries: accepted.deliveries,
        warnings,
    };
    let location = HeaderValue::from_str(&format!("/api/v1/events/{}", accepted.id)).ok();
    let mut response = (StatusCode::CREATED, Json(sent)).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Reads the exchange from the request. The names of both apps may be left out of its body.
fn draft(request: &api::SendExchange, app: &AppEntry) -> Result<ExchangeDraft, Problem> {
    let body = bytes(&request.body);
    let names = ["app_id", "client_id", "event_type", "payload"];
    let [app_id, client_id, event_type, payload] =
        members(&body, &names).map_err(|error| Problem::member("body", format_args!("is wrong: {error}")))?;
    let direction = match request.direction {
        api::ExchangeDirection::ToMiniapp => Direction::ToMiniapp,
        api::ExchangeDirection::ToHost => Direction::ToHost,
    };
    let own = app.app.name.to_string();
    let (host, miniapp) = match direction {
        Direction::ToMiniapp => (Some(own), request.to.clone()),
        Direction::ToHost => (request.to.clone(), Some(own)),
    };
    let app_id = party("app_id", app_id, miniapp)?;
    let client_id = party("client_id", client_id, host)?;
    let event_type = text("event_type", event_type)?;
    if event_type.chars().count() > EVENT_TYPE_MAX {
        return Err(Problem::member(
            "body.event_type",
            format_args!("must be at most {EVENT_TYPE_MAX} characters"),
        ));
    }
    let payload = payload.ok_or_else(|| Problem::member("body.payload", "is missing"))?;
    Ok(ExchangeDraft { direction, client_id, app_id, event_type, payload: bytes(payload) })
}

/// The name of one of the two apps: that of the body, or the other one that is known.
fn party(member: &str, written: Option<&RawValue>, known: Option<String>) -> Result<String, Problem> {
    match (written, known) {
        (None, Some(known)) => Ok(known),
        (None, None) => Err(Problem::member("to", "is missing, and `body` does not name the other app")),
        (Some(written), known) => {
            let name = text(member, Some(written))?;
            match known {
                Some(known) if !known.eq_ignore_ascii_case(&name) => {
                    Err(Problem::member(&format!("body.{member}"), format_args!("must be `{known}`")))
                }
                _ => Ok(name),
            }
        }
    }
}

fn text(member: &str, value: Option<&RawValue>) -> Result<String, Problem> {
    match value.and_then(string) {
        Some(text) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(Problem::member(&format!("body.{member}"), "must be a non-empty string")),
    }
}

/// Sends an exchange as an app and returns its outcome, which may be a failure.
#[utoipa::path(post, path = "/api/v1/exchanges", tag = "exchanges", security(("admin" = [])),
    request_body = api::SendExchange, responses((status = 200, body = api::SentExchange)))]
pub(super) async fn send(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::SendExchange>,
) -> Result<Json<api::SentExchange>, Problem> {
    let app = sender(&shared, &caller, &request.app)?;
    let draft = draft(&request, &app)?;
    let recipient = match draft.direction {
        Direction::ToMiniapp => &draft.app_id,
        Direction::ToHost => &draft.client_id,
    };
    let recipient = parse("to", recipient, existing_app)?;
    let (engine, started) = (shared.engine.acting_as(&*caller), Instant::now());
    let provenance = provenance(request.test);
    let head = ExchangeHead {
        id: engine.new_exchange_id(),
        direction: draft.direction,
        sender: app.app.name.clone(),
        recipient,
        event_type: draft.event_type.clone(),
        at: engine.now(),
        cause: None,
        provenance,
    };
    let options = ExchangeOptions { provenance, ..ExchangeOptions::default() };
    let reply = engine.exchange_from_anywhere(app, head.id, draft, options).await;
    let reply = reply.ok_or_else(|| Problem::new(ProblemCode::Draining, "the server is shutting down"))?;
    let ending = match reply.reply {
        Reply::Ended(ending) => Some(ending),
        Reply::Accepted | Reply::Invalid(_) => None,
    };
    engine.note_sent("exchange.send", "exchange", head.id).await;
    let answer = match &ending {
        Some(ExchangeOutcome::Answered(answer)) => raw(answer),
        _ => None,
    };
    let payload = caller.may(Permission::PayloadsRead);
    let ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    let record = ExchangeRecord { head, ending, ms: Some(ms), answer_status: reply.answer_status };
    let exchange = detail(record, payload);
    let http_status = exchange.http_status.unwrap_or(202);
    Ok(Json(api::SentExchange { exchange, answer: answer.filter(|_| payload), http_status }))
}
