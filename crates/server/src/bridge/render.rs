//! Renders the result of an exchange.

use super::error::{BridgeError, error};
use super::response::{EXCHANGE_ID, json_response};
use crate::error_code::ErrorCode;
use bytes::Bytes;
use footbridge_engine::{ExchangeReply, Reply};
use footbridge_model::exchange::{Direction, ExchangeOutcome};
use http::header::{HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::Full;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Returns the answer for the sender, or 202 with a `Location` for one that asked not to wait.
pub(crate) fn render(
    reply: ExchangeReply,
    direction: Direction,
    respond_async: bool,
) -> Response<Full<Bytes>> {
    let id = reply.id.text();
    let later = matches!(reply.reply, Reply::Accepted) || (reply.replayed && respond_async);
    let mut response = match reply.reply {
        _ if later => {
            let mut response =
                json_response(StatusCode::ACCEPTED, format!("{{\"exchange_id\":\"{id}\"}}").into());
            let headers = response.headers_mut();
            if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/exchanges/{id}")) {
                headers.insert(LOCATION, place);
            }
            headers.insert(APPLIED, HeaderValue::from_static("respond-async"));
            response
        }
        Reply::Ended(ExchangeOutcome::Failed(failure)) => {
            error(Some(reply.id), &BridgeError::of_exchange(failure, direction))
        }
        Reply::Invalid(why) => {
            error(Some(reply.id), &BridgeError::new(400, ErrorCode::InvalidEventData, why))
        }
        Reply::Ended(ExchangeOutcome::Answered(answer)) => json_response(StatusCode::OK, answer),
        Reply::Accepted => json_response(StatusCode::ACCEPTED, Bytes::new()),
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(EXCHANGE_ID, id);
    }
    if reply.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
