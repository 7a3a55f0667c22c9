//! `POST /api/v1/forward`: a page passes a custom event on, as its app.

use crate::body;
use crate::bridge::{self, BridgeError, invalid};
use crate::credential::authorization;
use crate::error_code::ErrorCode;
use crate::metrics::Surface;
use crate::state::Local;
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
use footbridge_model::secret::digest;
use http::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// The page's own id of an event that it publishes: whoever gets it can tell which click it was.
const PAGE_EVENT: &str = "x-page-event-id";
/// Set before a page's keys, so that they can neither meet nor spoil those of the app's back end: no
/// `Idempotency-Key` holds a space.
const PAGE: &str = "page ";

/// Passes an event on and answers with its id, and with the recipient's answer.
pub(crate) async fn forward(
    local: &Local,
    request: Request<Incoming>,
    watch: &Watch,
) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    if head.method != Method::POST {
        body::discard(&head.headers, incoming);
        let mut response = refuse(&invalid(405, "pass events on with POST"));
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
        Ok(read) => pass_on(local, &ticket, read).await,
        Err(failure) => refuse(&failure),
    }
}

fn refuse(failure: &BridgeError) -> Response<Full<Bytes>> {
    bridge::error(None, failure)
}

fn ticket(local: &Local, headers: &HeaderMap) -> Result<Ticket, String> {
    let given = authorization(headers).and_then(|header| header.split_at_checked("Ticket ".len()));
    let (_, ticket) = given
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Ticket "))
        .ok_or("send `Authorization: Ticket` and a ticket for `forward`")?;
    local.shared.engine.ticket(ticket, TicketUse::Forward).map_err(|error| error.to_string())
}

/// A request to pass an event on.
struct Wanted {
    publish: bool,
    kind: String,
    whole: Bytes,
    key: Option<String>,
    /// The page's own id of the event; the key, when it was not told apart from it.
    page_event: Option<String>,
}

async fn read(
    local: &Local,
    headers: &HeaderMap,
    incoming: Incoming,
    watch: &Watch,
) -> Result<Wanted, BridgeError> {
    let whole = bridge::read_json(local, headers, incoming, watch).await?;
    let known = ["to", "type", "payload", "app_id", "client_id"];
    let [to, kind, ..] = only(&whole, &known).map_err(|error| invalid(400, error.to_string()))?;
    let publish = match to.and_then(string).as_deref() {
        Some("exchange") => false,
        Some("publish") => true,
        _ => return Err(invalid(400, "`to` must be \"exchange\" or \"publish\"")),
    };
    let kind = text("type", kind)?;
    if kind.chars().count() > EVENT_TYPE_MAX {
        return Err(invalid(400, format!("`type` must be at most {EVENT_TYPE_MAX} characters")));
    }
    if publish && whole.len() > local.shared.bolt.body {
        let most = local.shared.bolt.body;
        return Err(invalid(
            413,
            format!("the body is larger than {most} bytes, the most that is published"),
        ));
    }
    let key = body::idempotency_key(headers).map_err(|why| invalid(400, why))?;
    let page_event = body::single(headers, PAGE_EVENT)
        .map_err(|()| invalid(400, "X-Page-Event-Id must be given once, in ASCII"))?
        .map(str::to_owned)
        .or_else(|| key.clone());
    Ok(Wanted { publish, kind, whole, key, page_event })
}

fn text(name: &str, value: Option<&RawValue>) -> Result<String, BridgeError> {
    match value.and_then(string) {
        Some(text) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(invalid(400, format!("`{name}` must be a non-empty string"))),
    }
}

async fn pass_on(local: &Local, ticket: &Ticket, wanted: Wanted) -> Response<Full<Bytes>> {
    let app = &ticket.entry.app.name;
    if !ticket.covers_type(app, &wanted.kind) {
        let message = "the ticket does not cover this event; name it among the ticket's `events`";
        return refuse(&BridgeError::new(403, ErrorCode::Unauthorized, message));
    }
    let passed = if wanted.publish {
        publish(local, ticket, wanted).await
    } else {
        exchange(local, ticket, &wanted).await
    };
    passed.unwrap_or_else(|failure| refuse(&failure))
}

type Passed = Result<Response<Full<Bytes>>, BridgeError>;

async fn publish(local: &Local, ticket: &Ticket, wanted: Wanted) -> Passed {
    let name = EventName::parse(&wanted.kind).map_err(|error| invalid(400, error.to_string()))?;
    let [payload] = members(&wanted.whole, &["payload"]).map_err(|error| invalid(400, error.to_string()))?;
    let body = payload.map_or_else(
        || Bytes::from_static(b"{}"),
        |payload| wanted.whole.slice_ref(payload.get().as_bytes()),
    );
    let id = wanted.page_event.as_deref().map(|id| (PAGE_EVENT, id));
    let headers = PublishHeaders::parse(id).map_err(|error| invalid(400, error.to_string()))?;
    let draft = EventDraft { name, body, headers, subscribers: None };
    let key = wanted.key.as_deref().map(|key| (format!("{PAGE}{key}"), digest(&wanted.whole)));
    let accepted = local.shared.engine.publish(&ticket.entry, draft, key).await;
    local.shared.metrics.publish(accepted.is_ok());
    let accepted = accepted.map_err(|error| not_published(&error))?;
    Ok(bridge::json_response(StatusCode::OK, format!("{{\"id\":\"{}\"}}", accepted.id).into()))
}

fn not_published(error: &PublishError) -> BridgeError {
    let (status, retry_after) = match error {
        PublishError::Draining => (503, Some(1)),
        PublishError::RateLimited(wait) => {
            (429, Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)))
        }
        PublishError::OverQuota(_) => (429, u32::try_from(OverQuota::RETRY_AFTER.as_secs()).ok()),
        PublishError::Stopped(_) | PublishError::KeyMismatch => return invalid(422, error.to_string()),
        PublishError::Journal(JournalError::Full) => (507, None),
        PublishError::Journal(JournalError::Busy(_)) => (503, Some(2)),
        PublishError::Journal(error @ JournalError::Unknown(_)) => {
            tracing::error!(%error, "the journal failed while it kept an event");
            let message = "the event may have been kept: repeat it with the same Idempotency-Key";
            return BridgeError::new(503, ErrorCode::EventDeliveryFailed, message);
        }
        PublishError::Journal(JournalError::Stopped(_)) => {
            let message = "the journal has stopped; nothing was accepted";
            let failure = BridgeError::new(503, ErrorCode::EventDeliveryFailed, message);
            return BridgeError { retry_after: Some(5), ..failure };
        }
        PublishError::Journal(error) => {
            tracing::error!(%error, "the journal failed");
            let message = "the server could not keep it; nothing was accepted";
            return BridgeError::new(500, ErrorCode::EventDeliveryFailed, message);
        }
    };
    let failure = BridgeError::new(status, ErrorCode::EventDeliveryFailed, error.to_string());
    BridgeError { retry_after, ..failure }
}

async fn exchange(local: &Local, ticket: &Ticket, wanted: &Wanted) -> Passed {
    let begun = Instant::now();
    let draft = exchange_draft(ticket, wanted)?;
    let direction = draft.direction;
    let key = wanted.key.as_deref();
    let key = key.map(|key| UsedKey { key: format!("{PAGE}{key}"), fingerprint: digest(&wanted.whole) });
    let engine = &local.shared.engine;
    let id = engine.new_exchange_id();
    let how = ExchangeOptions { key, ..ExchangeOptions::default() };
    let reply = engine.exchange(&local.courier, &ticket.entry, id, draft, how).await;
    let answer = match reply.reply {
        Reply::Ended(ExchangeOutcome::Answered(answer)) => answer,
        Reply::Ended(ExchangeOutcome::Failed(failure)) => {
            let error = BridgeError::of_exchange(failure, direction);
            local.shared.metrics.exchange(Some(error.code), begun.elapsed());
            return Ok(bridge::error(Some(reply.id), &error));
        }
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

/// The exchange that a page wants of its app: the way it goes is told by which of the two the app is.
fn exchange_draft(ticket: &Ticket, wanted: &Wanted) -> Result<ExchangeDraft, BridgeError> {
    let names = ["app_id", "client_id", "payload"];
    let [app_id, client_id, payload] =
        members(&wanted.whole, &names).map_err(|error| invalid(400, error.to_string()))?;
    let (app, client) = (text("app_id", app_id)?, text("client_id", client_id)?);
    let payload = payload.ok_or_else(|| invalid(400, "`payload` is missing"))?.get();
    let payload = wanted.whole.slice_ref(payload.as_bytes());
    let to_host = !client.eq_ignore_ascii_case(ticket.entry.app.name.as_str());
    let direction = if to_host { Direction::ToHost } else { Direction::ToMiniapp };
    Ok(ExchangeDraft { direction, client_id: client, app_id: app, event_type: wanted.kind.clone(), payload })
}
