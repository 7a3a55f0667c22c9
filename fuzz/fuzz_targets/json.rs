//! The JSON reader compared with serde_json: both accept the same texts, and members are the sender's bytes.
#![no_main]

use footbridge_model::json::{JsonError, MAX_DEPTH, members};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    // Numbers beyond the range of floats (1e400) are allowed. `Value` refuses them, `IgnoredAny` does not.
    let parsed = serde_json::from_slice::<Value>(body);
    let is_other_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    match members(body, &["body", "headers", "a"]) {
        Ok(found) => {
            let whole = std::str::from_utf8(body).expect("what was taken is UTF-8");
            assert!(serde_json::from_slice::<IgnoredAny>(body).is_ok());
            for member in found.into_iter().flatten() {
                assert!(whole.contains(member.get()), "a member was rebuilt");
            }
            if let Ok(value) = &parsed {
                assert!(value.is_object() && depth(value) <= MAX_DEPTH);
            }
        }
        Err(JsonError::NotObject) => assert!(is_other_json() && !body.trim_ascii_start().starts_with(b"{")),
        Err(JsonError::TooDeep | JsonError::ByteOrderMark | JsonError::Duplicate(_)) => {}
        Err(JsonError::Unknown { .. }) => panic!("`members` skips what it does not know"),
        Err(JsonError::NotUtf8) => assert!(std::str::from_utf8(body).is_err()),
        Err(JsonError::Syntax(why)) => assert!(parsed.is_err(), "refused though it is JSON: {why}"),
    }
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
