//! The two endpoints of the bridge: authenticate, read, parse, then call the engine once.

use super::error::{BridgeError, error, method_not_allowed, unauthorized};
use super::parse;
use super::prefer::Prefer;
use super::render::render;
use crate::body::{self, BodyError};
use crate::credential::authorization;
use crate::error_code::{ErrorCode, row};
use crate::media;
use crate::metrics::Surface;
use crate::state::ShardState;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{Caller, Engine, ExchangeDraft, ExchangeOptions, ExchangeReply, Reply, UsedKey};
use footbridge_model::exchange::{Direction, ExchangeOutcome};
use footbridge_model::provenance::Via;
use footbridge_model::secret::digest;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

/// Returns the direction of an endpoint, by its path after `/api/v1/event-bridge/`.
pub(crate) fn direction(tail: &str) -> Option<Direction> {
    match tail.strip_suffix('/').unwrap_or(tail) {
        "hostapp" => Some(Direction::ToMiniapp),
        "miniapp" => Some(Direction::ToHost),
        _ => None,
    }
}

/// Sends an event to one recipient and returns the recipient's answer.
pub(crate) async fn exchange(
    local: &ShardState,
    direction: Direction,
    request: Request<Incoming>,
    watch: &Watch,
) -> Response<Full<Bytes>> {
    let begun = Instant::now();
    let engine = &local.shared.engine;
    let (head, incoming) = request.into_parts();
    if head.method != Method::POST {
        body::discard(&head.headers, incoming);
        return method_not_allowed();
    }
    let Some(caller) = caller(engine, &head.headers) else {
        body::discard(&head.headers, incoming);
        local.shared.metrics.auth_failure(Surface::Bridge);
        return unauthorized();
    };
    let id = engine.new_exchange_id();
    let (draft, options) = match read(local, direction, &head.headers, incoming, watch).await {
        Ok(read) => read,
        Err(failure) => {
            local.shared.metrics.exchange(Some(failure.code), begun.elapsed());
            return error(Some(id), &failure);
        }
    };
    let respond_async = options.respond_async;
    let reply = engine.exchange(&local.courier, &caller.entry, id, draft, options).await;
    local.shared.metrics.exchange(failed_with(&reply), begun.elapsed());
    render(reply, direction, respond_async)
}

fn failed_with(reply: &ExchangeReply) -> Option<ErrorCode> {
    match &reply.reply {
        Reply::Ended(ExchangeOutcome::Failed(failure)) => Some(row(failure.kind).1),
        Reply::Invalid(_) => Some(ErrorCode::InvalidEventData),
        Reply::Ended(ExchangeOutcome::Answered(_)) | Reply::Accepted => None,
    }
}

fn caller(engine: &Engine, headers: &HeaderMap) -> Option<Caller> {
    engine.caller_by_authorization(authorization(headers)?)
}

async fn read(
    local: &ShardState,
    direction: Direction,
    headers: &HeaderMap,
    incoming: Incoming,
    watch: &Watch,
) -> Result<(ExchangeDraft, ExchangeOptions), BridgeError> {
    let bytes = read_json(local, headers, incoming, watch).await?;
    let draft = parse::draft(direction, &bytes).map_err(|error| {
        let cloud_event = media::is_structured_cloud_event(headers) || media::is_binary_cloud_event(headers);
        let hint = if cloud_event { format!("; {}", media::CLOUD_EVENT) } else { String::new() };
        invalid(400, format!("{error}{hint}"))
    })?;
    let (key, cause) = (body::idempotency_key(headers), body::cause(headers));
    // Sender, link and receiver are checked before these headers.
    let wrong = key.as_ref().err().or(cause.as_ref().err()).copied();
    let key = key.unwrap_or_default().map(|key| UsedKey { key, fingerprint: digest(&bytes) });
    let cause = cause.unwrap_or_default();
    let (provenance, trace_state) = body::provenance(Via::Api, headers);
    let Prefer { wait, respond_async } = Prefer::of(headers);
    Ok((draft, ExchangeOptions { key, wait, respond_async, cause, invalid: wrong, provenance, trace_state }))
}

/// Reads a JSON body within the limit of the bridge.
///
/// # Errors
/// 415 for another content type, 413 for a body that is too large, 400 for one that ended early.
pub(crate) async fn read_json(
    local: &ShardState,
    headers: &HeaderMap,
    incoming: Incoming,
    watch: &Watch,
) -> Result<Bytes, BridgeError> {
    if !body::is_json(headers) {
        body::discard(headers, incoming);
        return Err(invalid(415, media::not_json(headers)));
    }
    let limit = local.shared.bridge.body;
    body::read(headers, incoming, limit, watch).await.map_err(|error| match error {
        BodyError::TooLarge(limit) => invalid(413, format!("the body is larger than {limit} bytes")),
        BodyError::CutOff => invalid(400, "the body ended before it was complete"),
    })
}

/// Creates the error of an invalid request.
pub(crate) fn invalid(status: u16, message: impl Into<String>) -> BridgeError {
    BridgeError::new(status, ErrorCode::InvalidEventData, message)
}
