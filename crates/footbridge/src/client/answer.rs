//! Answers of the server, and the errors that they report.

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{Api, error::ClientError};
use crate::table::plain_lines;

/// Bolt's codes for a credential that is missing or unknown.
const TOKEN_MISSING: u64 = 110;
const TOKEN_UNKNOWN: u64 = 113;

/// The successful answer of a server.
#[derive(Debug)]
pub struct Answer {
    /// The body as the server sent it.
    pub raw: Bytes,
    /// The content of Bolt's envelope; null for the administration API.
    json: Value,
    api: Api,
}

/// Reason why an answer is no success. The client adds the server's address and makes a [`ClientError`] of it.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The credential is missing or unknown.
    Token,
    /// The server refused the request.
    Refused(ClientError),
    /// The answer is not one of a Footbridge server.
    Foreign,
}

impl Answer {
    /// Reads an answer of either interface.
    pub(super) fn read(api: Api, status: StatusCode, raw: Bytes) -> Result<Self, ReadError> {
        match api {
            Api::Bolt => Self::read_bolt(status, raw),
            Api::Admin if status.is_success() => {
                let is_json = raw.is_empty() || serde_json::from_slice::<&RawValue>(&raw).is_ok();
                if is_json { Ok(Self { raw, json: Value::Null, api }) } else { Err(ReadError::Foreign) }
            }
            Api::Admin if status == StatusCode::UNAUTHORIZED => Err(ReadError::Token),
            Api::Admin => {
                let json: Value = serde_json::from_slice(&raw).map_err(|_| ReadError::Foreign)?;
                let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
                let message = text("detail").or_else(|| text("title")).ok_or(ReadError::Foreign)?;
                Err(refused(status, text("code"), &message))
            }
        }
    }

    /// Takes Bolt's envelope off. Its code decides, not the status: a server may be set to send errors with status 200.
    fn read_bolt(status: StatusCode, raw: Bytes) -> Result<Self, ReadError> {
        let mut json: Value = serde_json::from_slice(&raw).unwrap_or_default();
        match json.get("code").and_then(Value::as_u64) {
            Some(0) => {
                let json = json.get_mut("body").map(Value::take).unwrap_or_default();
                Ok(Self { raw, json, api: Api::Bolt })
            }
            Some(TOKEN_MISSING | TOKEN_UNKNOWN) => Err(ReadError::Token),
            _ if status == StatusCode::UNAUTHORIZED => Err(ReadError::Token),
            Some(code) => {
                let message = json.pointer("/error/message").or_else(|| json.get("errorUserMessage"));
                let message = message.and_then(Value::as_str).ok_or(ReadError::Foreign)?;
                Err(refused(status, Some(format!("code {code}")), message))
            }
            None => Err(ReadError::Foreign),
        }
    }

    /// Returns the answer as the type that the server wrote.
    ///
    /// # Errors
    /// The message of the JSON parser if the answer is another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self.api {
            Api::Bolt => T::deserialize(&self.json),
            Api::Admin if self.raw.is_empty() => serde_json::from_str("null"),
            Api::Admin => serde_json::from_slice(&self.raw),
        }
    }
}

fn refused(status: StatusCode, code: Option<String>, message: &str) -> ReadError {
    ReadError::Refused(ClientError::Refused { status: status.as_u16(), code, message: plain_lines(message) })
}
