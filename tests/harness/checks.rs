//! Assertions that many tests share.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::value::RawValue;

use crate::http::Answer;
use crate::receiver::ReceivedRequest;

/// Fails unless this is a complete bridge error with this status and code. Returns its exchange id.
#[track_caller]
pub fn assert_bridge_error(answer: &Answer, status: u16, code: &str) -> Option<String> {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{text}");
    assert_eq!(answer.header("footbridge-error"), Some(code), "{text}");
    let body = answer.json();
    assert_eq!(body["error_code"], code, "{text}");
    assert!(body["error_message"].as_str().is_some_and(|message| !message.is_empty()), "{text}");
    assert_eq!(members(&answer.body), ["error_code", "error_message", "exchange_id"], "{text}");
    let id = body["exchange_id"].as_str().map(str::to_owned);
    assert_eq!(answer.header("footbridge-exchange-id").map(str::to_owned), id, "{text}");
    if id.is_none() {
        assert!(body["exchange_id"].is_null(), "{text}");
    }
    assert!(id.as_ref().is_none_or(|id| id.starts_with("exc_")), "{text}");
    if matches!(code, "EVENT_DELIVERY_FAILED") && matches!(status, 409 | 503) {
        let after = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok());
        assert!(after.is_some_and(|after| after >= 1), "no Retry-After: {:?}", answer.headers);
    }
    id
}

/// Fails unless this is a complete Bolt error with this status and code.
#[track_caller]
pub fn assert_bolt_error(answer: &Answer, status: u16, code: u64) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    let body = answer.json();
    assert_eq!(body["code"], code, "{text}");
    assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}");
    for member in ["errorUserTitle", "errorUserMessage", "errorTraceId"] {
        assert!(body[member].is_string(), "{member}: {text}");
    }
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{text}");
}

/// The member names of a JSON object, in order and with repetitions.
#[track_caller]
pub fn members(object: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(object).expect("UTF-8").trim();
    assert!(text.starts_with('{'), "not an object: {text}");
    let mut names = Vec::new();
    let (mut depth, mut at) = (0, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let end = at + string_length(&text[at..]);
                if depth == 1 && text[end..].trim_start().starts_with(':') {
                    names.push(serde_json::from_str(&text[at..end]).expect("a name"));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    names
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    panic!("a string without a closing quote: {text}");
}

/// Bytes that `Debug` prints as text, for rows of bad input.
pub struct Bytes(pub Vec<u8>);

impl Debug for Bytes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl<T: AsRef<[u8]>> From<T> for Bytes {
    fn from(bytes: T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

/// Runs `check` on every row and fails at the end, listing all rows that failed.
#[track_caller]
pub fn each<T: Debug>(rows: impl IntoIterator<Item = T>, check: impl Fn(&T)) {
    let failed: Vec<String> = rows
        .into_iter()
        .filter(|row| catch_unwind(AssertUnwindSafe(|| check(row))).is_err())
        .map(|row| format!("{row:.200?}"))
        .collect();
    assert!(failed.is_empty(), "{} rows failed:\n{}", failed.len(), failed.join("\n"));
}

/// The value of one member of a JSON object, exactly as written.
#[track_caller]
pub fn raw_member(object: &[u8], name: &str) -> String {
    let all: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(object)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(object)));
    all.get(name).unwrap_or_else(|| panic!("no {name}: {}", String::from_utf8_lossy(object))).get().to_owned()
}

/// Returns true for ISO-8601 in UTC with milliseconds, as in `2026-01-31T23:59:59.000Z`.
pub fn is_iso_millis(text: &str) -> bool {
    text.len() == 24
        && text.bytes().zip("dddd-dd-ddTdd:dd:dd.dddZ".bytes()).all(|(got, wanted)| match wanted {
            b'd' => got.is_ascii_digit(),
            literal => got == literal,
        })
}

/// Verifies a request's Standard Webhooks signature with the reference library.
pub fn verify_signature(got: &ReceivedRequest, secret: &str) -> Result<(), String> {
    let mut headers = ::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = got.header(name).ok_or_else(|| format!("no {name}"))?;
        headers.insert(name, value.parse().map_err(|_| format!("bad {name}"))?);
    }
    let verifier = standardwebhooks::Webhook::new(secret).map_err(|error| error.to_string())?;
    verifier.verify(&got.body, &headers).map_err(|error| error.to_string())
}
