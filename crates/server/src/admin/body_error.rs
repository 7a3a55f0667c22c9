//! Errors of request bodies: each names the member, what it must be and, by its type only, what it is.
//!
//! Values never appear in these texts, because a value may be a secret. `serde_json` puts them into its messages, so this
//! module takes only the parts of a message that do not come from the request.

use crate::problem::{Problem, ProblemCode};
use footbridge_model::json::JsonError;
use footbridge_model::words::{shown, unknown};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::fmt::Write as _;
use utoipa::PartialSchema;

/// Turns an error of serde into a problem. `T` is the type that was read.
pub(super) fn problem<T: PartialSchema>(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let mut path = segments(error.path());
    let error = error.into_inner();
    if !error.is_data() {
        return JsonError::Syntax(error.to_string()).into();
    }
    let text = error.to_string();
    let text = text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text);
    if let Some(name) = quoted(text, "duplicate field `") {
        let detail = format!("the member `{}` is given twice", join(&path, name));
        return Problem::new(ProblemCode::InvalidBody, detail);
    }
    if let Some(name) = quoted(text, "missing field `") {
        let expected = expected_by_schema::<T>(&path, name);
        let why =
            expected.map_or_else(|| "is missing".to_owned(), |kind| format!("is missing; it must be {kind}"));
        return Problem::member(&join(&path, name), why);
    }
    if let Some((name, expected)) = quoted(text, "unknown field `").zip(expected(text)) {
        if path.last().is_some_and(|last| last == name) {
            path.pop();
        }
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return Problem::member(&join(&path, name), unknown(name, &known));
    }
    let found = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    let Some((found, expected)) = found.zip(expected(text)) else {
        // The message of a check in `footbridge_api`.
        return Problem::member(&path.join("."), text);
    };
    if path.is_empty() {
        return JsonError::NotObject.into();
    }
    let (found, expected) = (json_type(found), in_words(expected));
    let why = if text.starts_with("invalid value") {
        format!("must be {expected}")
    } else {
        format!("must be {expected}, not {found}")
    };
    Problem::member(&path.join("."), why)
}

/// Returns the names on a path, fit for a message. An index is part of the name before it.
fn segments(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for segment in path {
        match (segment, names.last_mut()) {
            (Segment::Map { key }, _) => names.push(shown(key)),
            (Segment::Seq { index }, Some(name)) => {
                let _ = write!(name, "[{index}]");
            }
            (Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown, _) => {}
        }
    }
    names
}

fn join(path: &[String], name: &str) -> String {
    let mut names = path.to_vec();
    names.push(shown(name));
    names.join(".")
}

/// Returns the name that follows `before` in a message, up to the expectation or the end.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(before)?;
    let end =
        rest.rfind("`, expected ").or_else(|| rest.rfind("`, there are no ")).or_else(|| rest.rfind('`'))?;
    rest.get(..end)
}

/// Returns what a message says is expected. The text before it may come from the request, so the last mark decides.
fn expected(text: &str) -> Option<&str> {
    text.rsplit_once(", expected ").map(|(_, expected)| expected)
}

/// Returns the JSON type that serde's word for an unexpected value begins with.
fn json_type(found: &str) -> &'static str {
    match found.split([' ', ',']).next().unwrap_or_default() {
        "string" | "character" => "a string",
        "integer" | "floating" | "number" => "a number",
        "boolean" => "a boolean",
        "null" | "unit" | "Option" => "null",
        "map" => "an object",
        "sequence" => "an array",
        _ => "another type",
    }
}

/// Returns serde's words for an expected type in the words of JSON.
fn in_words(expected: &str) -> &str {
    match expected {
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a map" => "an object",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        other if other.starts_with("struct ") => "an object",
        other if other.contains(" tagged enum ") => "an object",
        other => other,
    }
}

/// Returns what the documented schema of `T` says that a member must be.
fn expected_by_schema<T: PartialSchema>(path: &[String], name: &str) -> Option<&'static str> {
    let mut schema = serde_json::to_value(T::schema()).ok()?;
    for member in path.iter().map(String::as_str).chain([name]) {
        schema = schema.get_mut("properties")?.get_mut(member)?.take();
    }
    match schema.get("type").and_then(Value::as_str)? {
        "string" => Some("a string"),
        "boolean" => Some("`true` or `false`"),
        "integer" => Some("a whole number"),
        "array" => Some("an array"),
        "object" => Some("an object"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_api::{AppPatch, Bulk, FromObject, HookPatch, NewApp, NewTicket};
    use serde::de::DeserializeOwned;

    fn refused<T: DeserializeOwned + PartialSchema>(body: &str) -> (ProblemCode, String) {
        let mut parser = serde_json::Deserializer::from_str(body);
        let error = serde_path_to_error::deserialize::<_, FromObject<T>>(&mut parser).err().unwrap();
        let problem = problem::<T>(error);
        let text = serde_json::to_value(&problem).unwrap();
        (problem.code(), text["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn every_kind_of_error_names_the_member_and_never_the_value() {
        let secret = ", expected a string` at line 1";
        let rows = [
            (refused::<NewApp>("{}"), "`name` is missing; it must be a string"),
            (refused::<NewApp>(r#"{"name":null}"#), "`name` must be a string, not null"),
            (refused::<NewApp>(r#"{"name":["a"]}"#), "`name` must be a string, not an array"),
            (
                refused::<NewApp>(&format!(r#"{{"name":"a","receiver_enabled":"{secret}"}}"#)),
                "`receiver_enabled` must be `true` or `false`, not a string",
            ),
            (
                refused::<NewApp>(r#"{"name":"a","receiver_auth":["n","s"]}"#),
                "`receiver_auth` must be an object, not an array",
            ),
            (
                refused::<NewApp>(r#"{"name":"a","receiver_auth":{"name":"n"}}"#),
                "`receiver_auth.secret` is missing",
            ),
            (
                refused::<NewApp>(r#"{"name":"a","private":["b",5]}"#),
                "`private[1]` must be a string, not a number",
            ),
            (
                refused::<NewApp>(r#"{"name":"a","hooks":{"x":true}}"#),
                "`hooks.x` must be a string or an object, not a boolean",
            ),
            (
                refused::<NewApp>(r#"{"name":"a","hooks":{"x":{"route":1}}}"#),
                "`hooks.x.route` must be a string, not a number",
            ),
            (refused::<AppPatch>(r#"{"enabled":null}"#), "`enabled` must be `true` or `false`, not null"),
            (
                refused::<HookPatch>(r#"{"in_flight":300}"#),
                "`in_flight` must be a whole number from 0 to 255",
            ),
            (
                refused::<HookPatch>(r#"{"in_flight":1.5}"#),
                "`in_flight` must be a whole number from 0 to 255, not a number",
            ),
            (refused::<NewTicket>(r#"{"use":"LIVE"}"#), "`use` must be `live` or `forward`"),
            (refused::<NewTicket>(r#"{"use":5}"#), "`use` must be a string, not a number"),
            (
                refused::<NewTicket>(r#"{"use":"live","ttl":90}"#),
                "`ttl` must be a string such as \"90s\" or \"5m\", not a number",
            ),
        ];
        for ((code, detail), expected) in rows {
            assert_eq!((code, detail.as_str()), (ProblemCode::Invalid, expected));
        }
        let (_, unknown) = refused::<Bulk>(r#"{"dryrun":true}"#);
        assert!(
            unknown.starts_with("`dryrun` is not known here; did you mean `dry_run`? Known are `app`"),
            "{unknown}"
        );
        let (_, nested) = refused::<NewApp>(r#"{"name":"a","hooks":{"x":{"route":"r","rout":1}}}"#);
        assert!(nested.starts_with("`hooks.x.rout` is not known here; did you mean `route`?"), "{nested}");
    }

    #[test]
    fn duplicate_members_and_other_json_are_not_a_body() {
        for (body, detail) in [
            (r#"{"name":"a","name":"b"}"#, "the member `name` is given twice"),
            (
                r#"{"name":"a","receiver_auth":{"name":"a","name":"b","secret":"c"}}"#,
                "the member `receiver_auth.name` is given twice",
            ),
            (r#"{"name":"a","hooks":{"x":"a","x":"b"}}"#, "the member `hooks.x` is given twice"),
            ("[]", "the body must be a JSON object"),
            ("null", "the body must be a JSON object"),
        ] {
            assert_eq!(refused::<NewApp>(body), (ProblemCode::InvalidBody, detail.to_owned()), "{body}");
        }
        let (code, detail) = refused::<NewApp>("{\"name\":");
        assert!(code == ProblemCode::InvalidBody && detail.starts_with("the body is not JSON"), "{detail}");
    }
}
