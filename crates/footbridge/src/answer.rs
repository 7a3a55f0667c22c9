//! Reading what the server answers, whatever an app has put into it.
//!
//! What apps publish, answer and return is kept as they wrote it, and not all JSON can be read into values: half of a
//! surrogate pair, a number that is too large, too deep a nesting. Such a member is kept as the text it is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// Members that the server makes up itself and that hold members of apps.
const OURS: [&str; 3] = ["data", "attempt_log", "output"];

/// An answer; a member that cannot be read is its JSON text as a string. `None` when the answer is no JSON.
pub fn read(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    serde_json::from_slice(bytes).ok().map(ours)
}

/// What the server made up: read member by member.
fn ours(raw: &RawValue) -> Value {
    let text = raw.get();
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    if let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let member = |(name, raw): (String, &RawValue)| {
            let value = if OURS.contains(&name.as_str()) { ours(raw) } else { theirs(raw) };
            (name, value)
        };
        return Value::Object(members.into_iter().map(member).collect::<Map<_, _>>());
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(items) => Value::Array(items.into_iter().map(ours).collect()),
        Err(_) => theirs(raw),
    }
}

/// What an app wrote: read whole, or not at all.
fn theirs(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::String(line(raw)))
}

/// The text of a value in one line. JSON has line ends only between its parts.
fn line(raw: &RawValue) -> String {
    raw.get().replace(['\n', '\r', '\t'], " ")
}

/// What a function returned at each attempt of a delivery, as JSON text.
pub fn returned(delivery: &[u8]) -> Vec<Option<String>> {
    #[derive(Deserialize)]
    struct Delivery<'a> {
        #[serde(borrow)]
        attempt_log: Vec<Attempt<'a>>,
    }
    #[derive(Deserialize)]
    struct Attempt<'a> {
        #[serde(borrow)]
        output: Option<Output<'a>>,
    }
    #[derive(Deserialize)]
    struct Output<'a> {
        #[serde(borrow)]
        value: Option<&'a RawValue>,
    }
    let log = serde_json::from_slice::<Delivery<'_>>(delivery).map(|read| read.attempt_log);
    let value = |attempt: Attempt<'_>| attempt.output?.value.map(line);
    log.unwrap_or_default().into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_stays_as_it_is() {
        let deep = "[".repeat(300) + &"]".repeat(300);
        for body in [r#"{"a":"\ud800"}"#, r#"{"n":1e999}"#, r#""\udc00""#, "1e999", r#"{"\ud800":1}"#, &deep]
        {
            let event = format!(r#"{{"id":"evt_1","body":{body},"name":"x"}}"#);
            assert_eq!(read(event.as_bytes()).unwrap(), json!({"id": "evt_1", "body": body, "name": "x"}));
            let list = format!(r#"{{"data":[{event},{{"id":"evt_2","body":{{"b":1}}}}],"next":null}}"#);
            let list = read(list.as_bytes()).unwrap();
            assert_eq!((&list["data"][0]["body"], &list["data"][1]["body"]["b"]), (&json!(body), &json!(1)));
            let output = format!(r#"{{"value":{body},"log":"said"}}"#);
            let delivery =
                format!(r#"{{"id":"dlv_1","attempt_log":[{{"n":1}},{{"n":2,"output":{output}}}]}}"#);
            let shown = read(delivery.as_bytes()).unwrap();
            assert_eq!(shown["attempt_log"][1]["output"], json!({"value": body, "log": "said"}));
            assert_eq!(returned(delivery.as_bytes()), [None, Some(body.to_owned())]);
        }
        let lines = read(b"{\"body\":{\n\t\"n\":1e999}}").unwrap();
        assert_eq!(lines["body"], "{  \"n\":1e999}");
        for text in ["<html>", "", "{\"a\":", "\u{fffd}"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
