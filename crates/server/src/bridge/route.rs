//! The two endpoints: authenticate, read, parse, then one call of the engine.

use super::error::{BridgeError, error, method_not_allowed, unauthorized};
use super::parse;
use super::prefer::Prefer;
use super::render::render;
use crate::body::{self, BodyError};
use crate::credential::authorization;
use crate::error_code::{ErrorCode, row};
use crate::media;
use crate::metrics::Surface;
use crate::state::Local;
use crate::watch::Watch;
use bytes::Bytes;
use footbridge_engine::{Caller, Engine, ExchangeDraft, ExchangeOptions, ExchangeReply, Reply, UsedKey};
use footbridge_model::exchange::{Direction, ExchangeOutcome};
use footbridge_model::secret::digest;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

/// Which way a path behind `/api/v1/event-bridge/` sends.
pub(crate) fn direction(tail: &str) -> Option<Direction> {
    match tail.strip_suffix('/').unwrap_or(tail) {
        "hostapp" => Some(Direction::ToMiniapp),
        "miniapp" => Some(Direction::ToHost),
        _ => None,
    }
}

/// Takes an event for one recipient and answers with its answer.
pub(crate) async fn exchange(
    local: &Local,
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
    let (draft, how) = match read(local, direction, &head.headers, incoming, watch).await {
        Ok(read) => read,
        Err(failure) => {
            local.shared.metrics.exchange(Some(failure.code), begun.elapsed());
            return error(Some(id), &failure);
        }
    };
    let respond_async = how.respond_async;
    let reply = engine.exchange(&local.courier, &caller.entry, id, draft, how).await;
    local.shared.metrics.exchange(failed_with(&reply), begun.elapsed());
    render(reply, direction, respond_async)
}

fn failed_with(reply: &ExchangeReply) -> Option<ErrorCode> {
    match &reply.reply {
        Reply::Ended(ExchangeOutcome::Failed(failure)) => Some(row(failure.kind).1),
        Reply::Ended(ExchangeOutcome::Answered(_)) | Reply::Accepted => None,
    }
}

fn caller(engine: &Engine, headers: &HeaderMap) -> Option<Caller> {
    engine.caller_by_authorization(authorization(headers)?)
}

async fn read(
    local: &Local,
    direction: Direction,
    headers: &HeaderMap,
    incoming: Incoming,
    watch: &Watch,
) -> Result<(ExchangeDraft, ExchangeOptions), BridgeError> {
    let bytes = read_json(local, headers, incoming, watch).await?;
    let draft = parse::draft(direction, &bytes).map_err(|error| invalid(400, error.to_string()))?;
    let key = body::idempotency_key(headers).map_err(|why| invalid(400, why))?;
    let prefer = Prefer::of(headers);
    let key = key.map(|key| UsedKey { key, fingerprint: digest(&bytes) });
    Ok((draft, ExchangeOptions { key, wait: prefer.wait, respond_async: prefer.respond_async }))
}

/// The whole of a JSON body, within the bridge's limit.
pub(crate) async fn read_json(
    local: &Local,
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
        BodyError::CutOff => invalid(400, "the body broke off"),
    })
}

/// What is wrong with a request.
pub(crate) fn invalid(status: u16, message: impl Into<String>) -> BridgeError {
    BridgeError::new(status, ErrorCode::InvalidEventData, message)
}
