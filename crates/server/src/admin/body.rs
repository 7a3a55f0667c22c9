//! Request bodies: one JSON object, read once into a type of `footbridge_api`.

use super::body_error;
use super::extract::Shared;
use crate::body::is_json;
use crate::media;
use crate::problem::{Problem, ProblemCode};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use footbridge_api::FromObject;
use footbridge_model::json::{self, JsonError};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use utoipa::PartialSchema;

/// The largest body, in bytes.
pub(super) const LIMIT: usize = 1 << 20;

/// A body that must be present.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + PartialSchema> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        read(&bytes(request).await?).map(Self)
    }
}

/// An optional body. An empty one is read as `{}`.
#[derive(Debug)]
pub(super) struct OptionalJsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + PartialSchema> FromRequest<Shared> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let bytes = bytes(request).await?;
        read(if bytes.is_empty() { b"{}" } else { &bytes }).map(Self)
    }
}

async fn bytes(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let too_large = || Problem::new(ProblemCode::TooLarge, format!("the body is larger than {LIMIT} bytes"));
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > LIMIT as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, LIMIT).collect().await.map_err(|error| {
        let cut_off = || Problem::new(ProblemCode::InvalidBody, "the body ended before it was complete");
        if error.is::<LengthLimitError>() { too_large() } else { cut_off() }
    })?;
    let bytes = collected.to_bytes();
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, media::not_json(&parts.headers)));
    }
    Ok(bytes)
}

fn read<T: DeserializeOwned + PartialSchema>(bytes: &[u8]) -> Result<T, Problem> {
    let text = json::check_text(bytes)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let FromObject(value) =
        serde_path_to_error::deserialize(&mut parser).map_err(|error| match json::check(bytes) {
            // What is not JSON at all is refused as such, whichever member came before.
            Err(syntax) => syntax.into(),
            Ok(()) => body_error::problem::<T>(error),
        })?;
    parser.end().map_err(|error| JsonError::Syntax(error.to_string()))?;
    Ok(value)
}
