//! `POST /api/v1/forward`: forwards a page's custom event as its app, as an exchange or a published event.

use crate::body;
use crate::bridge::{self, BridgeError, invalid};
use crate::credential::authorization;
use crate::error_code::ErrorCode;
use crate::metrics::Surface;
use crate::state::ShardState;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{
    ExchangeDraft, ExchangeOptions, JournalError, OverQuota, PublishError, Reply, Ticket, TicketUse, UsedKey,
};
use footbridge_model::event::EventDraft;
use footbridge_model::exchange::{Direction, EVENT_TYPE_MAX, ExchangeOutcome};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::json::{members, only, string};
use footbridge_model::name::EventName;
use footbridge_model::provenance::{Provenance, Via};
use footbridge_model::secret::digest;
use footbridge_model::trace_state::TraceState;
use http::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// Header with the page's own id of an event. Receivers get it, so that an event can be traced to a click.
const PAGE_EVENT: &str = "x-page-event-id";
/// Prefix of a page's idempotency keys. It contains a space, which no `Idempotency-Key` does, so that these keys never
/// collide with those of the app's back end.
const PAGE_KEY_PREFIX: &str = "page ";

/// Members of a request to forward an event.
pub(crate) const MEMBERS: [&str; 5] = ["to", "type", "payload", "app_id", "client_id"];

/// Forwards an event and answers with its id and, for an exchange, the recipient's answer.
pub(crate) async fn forward(
    local: &ShardState,
    request: Request<Incoming>,
    watch: &Watch,
) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    if head.method != Method::POST {
        body::discard(&head.headers, incoming);
        let mut response = refuse(&invalid(405, "forward events with POST"));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
        return response;
    }
    let ticket = match ticket(local, &head.headers) {
        Ok(ticket) => ticket,
        Err(why) => {
            body::discard(&head.headers, incoming);
            local.shared.metrics.auth_failure(Surface::Live);
            let mut response = refuse(&BridgeError::new(401, ErrorCode::Unauthorized, why));
            let scheme = HeaderValue::from_static("Ticket realm=\"footbridge\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            return response;
        }
    };
    match read(local, &head.headers, incoming, watch).await {
        Ok(read) => forward_event(local, &ticket, read).await,
        Err(failure) => refuse(&failure),
    }
}

fn refuse(failure: &BridgeError) -> Response<Full<Bytes>> {
    bridge::error(None, failure)
}

fn ticket(local: &ShardState, headers: &HeaderMap) -> Result<Ticket, String> {
    let header = authorization(headers).and_then(|header| header.split_at_checked("Ticket ".len()));
    let (_, ticket) = header
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Ticket "))
        .ok_or("send `Authorization: Ticket <ticket>` with a ticket whose `use` is `forward`")?;
    local.shared.engine.ticket(ticket, TicketUse::Forward).map_err(|error| error.to_string())
}

/// A request to forward an event.
struct ForwardRequest {
    publish: bool,
    event_type: String,
    body: Bytes,
    key: Option<String>,
    /// The page's own id of the event; the idempotency key if the request has no other.
    page_event: Option<String>,
    provenance: Provenance,
    trace_state: Option<TraceState>,
}

async fn read(
    local: &ShardState,
    headers: &HeaderMap,
    incoming: Incoming,
    watch: &Watch,
) -> Result<ForwardRequest, BridgeError> {
    let body = bridge::read_json(local, headers, incoming, watch).await?;
    let [to, event_type, ..] = only(&body, &MEMBERS).map_err(|error| invalid(400, error.to_string()))?;
    let publish = match to.and_then(string).as_deref() {
        Some("exchange") => false,
        Some("publish") => true,
        _ => return Err(invalid(400, "`to` must be \"exchange\" or \"publish\"")),
    };
    let event_type = text("type", event_type)?;
    if event_type.chars().count() > EVENT_TYPE_MAX {
        return Err(invalid(400, format!("`type` must be at most {EVENT_TYPE_MAX} characters")));
    }
    let limit = local.shared.bolt.body;
    if publish && body.len() > limit {
        return Err(invalid(
            413,
            format!("the body is larger than {limit} bytes, the limit of a published event"),
        ));
    }
    let key = body::idempotency_key(headers).map_err(|why| invalid(400, why))?;
    let page_event = body::single(headers, PAGE_EVENT)
        .map_err(|()| invalid(400, "X-Page-Event-Id must be given once, in ASCII"))?
        .map(str::to_owned)
        .or_else(|| key.clone());
    let (provenance, trace_state) = body::provenance(Via::Page, headers);
    Ok(ForwardRequest { publish, event_type, body, key, page_event, provenance, trace_state })
}

fn text(name: &str, value: Option<&RawValue>) -> Result<String, BridgeError> {
    match value.and_then(string) {
        Some(text) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(invalid(400, format!("`{name}` must be a non-empty string"))),
    }
}

async fn forward_event(
    local: &ShardState,
    ticket: &Ticket,
    request: ForwardRequest,
) -> Response<Full<Bytes>> {
    let app = &ticket.entry.app.name;
    if !ticket.covers_type(app, &request.event_type) {
        let message = "the ticket does not cover this event; name it among the ticket's `events`";
        return refuse(&BridgeError::new(403, ErrorCode::Unauthorized, message));
    }
    let forwarded = if request.publish {
        publish(local, ticket, request).await
    } else {
        exchange(local, ticket, &request).await
    };
    forwarded.unwrap_or_else(|failure| refuse(&failure))
}

type ForwardResult = Result<Response<Full<Bytes>>, BridgeError>;

async fn publish(local: &ShardState, ticket: &Ticket, request: ForwardRequest) -> ForwardResult {
    let name = EventName::parse(&request.event_type).map_err(|error| invalid(400, error.to_string()))?;
    let [payload] = members(&request.body, &["payload"]).map_err(|error| invalid(400, error.to_string()))?;
    let body = payload.map_or_else(
        || Bytes::from_static(b"{}"),
        |payload| request.body.slice_ref(payload.get().as_bytes()),
    );
    let id = request.page_event.as_deref().map(|id| (PAGE_EVENT, id));
    let headers = PublishHeaders::parse(id).map_err(|error| invalid(400, error.to_string()))?;
    let ForwardRequest { provenance, trace_state, .. } = request;
    let headers = headers.with_trace_state(trace_state);
    let draft = EventDraft { name, body, headers, subscribers: None, provenance };
    let key = request.key.as_deref().map(|key| (format!("{PAGE_KEY_PREFIX}{key}"), digest(&request.body)));
    let accepted = local.shared.engine.publish(&ticket.entry, draft, key).await;
    local.shared.metrics.publish(accepted.is_ok());
    let accepted = accepted.map_err(|error| not_published(&error))?;
    Ok(bridge::json_response(StatusCode::OK, format!("{{\"id\":\"{}\"}}", accepted.id).into()))
}

fn not_published(error: &PublishError) -> BridgeError {
    let (status, retry_after) = match error {
        PublishError::RateLimited(wait) => {
            (429, Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)))
        }
        PublishError::OverQuota(_) => (429, u32::try_from(OverQuota::RETRY_AFTER.as_secs()).ok()),
        PublishError::LoopDetected(_) | PublishError::KeyMismatch => return invalid(422, error.to_string()),
        PublishError::Journal(JournalError::Full) => (507, None),
        PublishError::Journal(
            JournalError::Busy(_) | JournalError::Unavailable { maybe_stored: false, .. },
        ) => (503, Some(2)),
        PublishError::Draining | PublishError::Journal(JournalError::Fenced | JournalError::Stale) => {
            (503, Some(1))
        }
        PublishError::Journal(
            error @ (JournalError::Unknown(_) | JournalError::Unavailable { maybe_stored: true, .. }),
        ) => {
            tracing::error!(%error, "the journal failed while it stored an event");
            let message =
                "it is not known whether the event was stored: repeat it with the same Idempotency-Key";
            return BridgeError::new(503, ErrorCode::EventDeliveryFailed, message);
        }
        PublishError::Journal(JournalError::Stopped(_)) => {
            let message = "the journal has stopped; nothing was accepted";
            let failure = BridgeError::new(503, ErrorCode::EventDeliveryFailed, message);
            return BridgeError { retry_after: Some(5), ..failure };
        }
        PublishError::Journal(error) => {
            tracing::error!(%error, "the journal failed");
            let message = "the server could not store the event; nothing was accepted";
            return BridgeError::new(500, ErrorCode::EventDeliveryFailed, message);
        }
    };
    let failure = BridgeError::new(status, ErrorCode::EventDeliveryFailed, error.to_string());
    BridgeError { retry_after, ..failure }
}

async fn exchange(local: &ShardState, ticket: &Ticket, request: &ForwardRequest) -> ForwardResult {
    let begun = Instant::now();
    let draft = exchange_draft(ticket, request)?;
    let direction = draft.direction;
    let key = request.key.as_deref();
    let key =
        key.map(|key| UsedKey { key: format!("{PAGE_KEY_PREFIX}{key}"), fingerprint: digest(&request.body) });
    let engine = &local.shared.engine;
    let id = engine.new_exchange_id();
    let (provenance, trace_state) = (request.provenance, request.trace_state.clone());
    let options = ExchangeOptions { key, provenance, trace_state, ..ExchangeOptions::default() };
    let reply = engine.exchange(&local.courier, &ticket.entry, id, draft, options).await;
    let answer = match reply.reply {
        Reply::Ended(ExchangeOutcome::Answered(answer)) => answer,
        Reply::Ended(ExchangeOutcome::Failed(failure)) => {
            let error = BridgeError::of_exchange(failure, direction);
            local.shared.metrics.exchange(Some(error.code), begun.elapsed());
            return Ok(bridge::error(Some(reply.id), &error));
        }
        Reply::Invalid(why) => return Err(invalid(400, why)),
        Reply::Accepted => Bytes::new(),
    };
    local.shared.metrics.exchange(None, begun.elapsed());
    let mut body = format!("{{\"id\":\"{}\"", reply.id).into_bytes();
    if !answer.is_empty() {
        body.extend_from_slice(b",\"answer\":");
        body.extend_from_slice(&answer);
    }
    body.push(b'}');
    Ok(bridge::json_response(StatusCode::OK, body.into()))
}

/// Builds the exchange. It goes to the host if the ticket's app is the miniapp, otherwise to the miniapp.
fn exchange_draft(ticket: &Ticket, request: &ForwardRequest) -> Result<ExchangeDraft, BridgeError> {
    let names = ["app_id", "client_id", "payload"];
    let [app_id, client_id, payload] =
        members(&request.body, &names).map_err(|error| invalid(400, error.to_string()))?;
    let (app, client) = (text("app_id", app_id)?, text("client_id", client_id)?);
    let payload = payload.ok_or_else(|| invalid(400, "`payload` is missing"))?.get();
    let payload = request.body.slice_ref(payload.as_bytes());
    let to_host = !client.eq_ignore_ascii_case(ticket.entry.app.name.as_str());
    let direction = if to_host { Direction::ToHost } else { Direction::ToMiniapp };
    Ok(ExchangeDraft {
        direction,
        client_id: client,
        app_id: app,
        event_type: request.event_type.clone(),
        payload,
    })
}
