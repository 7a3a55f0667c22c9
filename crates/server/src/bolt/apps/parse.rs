//! Parses the bodies and query parameters of the API of installed apps.

use super::super::error::{BoltError, Code};
use crate::query;
use footbridge_model::json::{only, string};

/// A request to install an app.
#[derive(Debug)]
pub(super) struct Install {
    pub(super) path: String,
    pub(super) replace: bool,
}

/// Reads a request to install an app.
pub(super) fn install(bytes: &[u8]) -> Result<Install, BoltError> {
    let [path, replace] = if bytes.is_empty() { [None; 2] } else { only(bytes, &["path", "replace"])? };
    let path = path.ok_or_else(|| missing(Code::NoPath, "path", "a directory with a package.json"))?;
    let path = string(path).ok_or_else(|| wrong("`path` must be a string"))?;
    if path.is_empty() {
        return Err(missing(Code::NoPath, "path", "a directory with a package.json"));
    }
    let replace = match replace.map(serde_json::value::RawValue::get) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(wrong("`replace` must be `true` or `false`")),
    };
    Ok(Install { path: path.into_owned(), replace })
}

/// Reads the name of the app to start or stop.
pub(super) fn name(bytes: &[u8]) -> Result<String, BoltError> {
    let [name] = if bytes.is_empty() { [None] } else { only(bytes, &["name"])? };
    let name = name.ok_or_else(|| missing(Code::NoAppName, "name", "the app's name"))?;
    let name = string(name).ok_or_else(|| wrong("`name` must be a string"))?;
    if name.is_empty() {
        return Err(missing(Code::NoAppName, "name", "the app's name"));
    }
    Ok(name.into_owned())
}

/// The requested lines of output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) after: u64,
    pub(super) limit: usize,
    pub(super) follow: bool,
}

/// The default number of lines.
const LINES_DEFAULT: usize = 500;
/// The most lines of one answer.
const LINES_MAX: usize = 5000;

/// Reads the query parameters of a request for output.
pub(super) fn lines(query: Option<&str>) -> Result<Lines, BoltError> {
    let mut lines = Lines { after: 0, limit: LINES_DEFAULT, follow: false };
    for (name, value) in query::parameters(query) {
        match &*name {
            "after" => {
                lines.after =
                    value.parse().map_err(|_| wrong("`after` must be the number of a line, or 0"))?;
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LINES_MAX).contains(limit));
                lines.limit = limit.ok_or_else(|| wrong(&format!("`limit` must be 1 to {LINES_MAX}")))?;
            }
            "follow" => {
                lines.follow = match &*value {
                    "true" | "1" | "" => true,
                    "false" | "0" => false,
                    _ => return Err(wrong("`follow` must be `true` or `false`")),
                };
            }
            _ => return Err(wrong("the parameters are `after`, `limit` and `follow`")),
        }
    }
    Ok(lines)
}

fn missing(code: Code, member: &str, what: &str) -> BoltError {
    BoltError::new(code, format!("`{member}` is missing; it must be {what}"))
}

fn wrong(why: &str) -> BoltError {
    BoltError::new(Code::BadRequest, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_logs_are_read() {
        let all = |after, limit, follow| Lines { after, limit, follow };
        assert_eq!(lines(None).unwrap(), all(0, LINES_DEFAULT, false));
        assert_eq!(lines(Some("after=7&limit=1&follow=true")).unwrap(), all(7, 1, true));
        assert_eq!(lines(Some("follow&")).unwrap(), all(0, LINES_DEFAULT, true));
        for query in ["after=-1", "limit=0", "limit=5001", "follow=maybe", "from=3"] {
            assert_eq!(lines(Some(query)).unwrap_err().code, Code::BadRequest, "{query}");
        }
    }

    #[test]
    fn members_of_an_installation_are_read() {
        let read = |text: &str| install(text.as_bytes());
        assert_eq!(read("").unwrap_err().code, Code::NoPath);
        assert_eq!(read(r#"{"path":""}"#).unwrap_err().code, Code::NoPath);
        assert_eq!(read(r#"{"path":7}"#).unwrap_err().code, Code::BadRequest);
        assert_eq!(read(r#"{"path":"a","replace":"yes"}"#).unwrap_err().code, Code::BadRequest);
        assert!(read(r#"{"path":"a","replace":true}"#).unwrap().replace);
        let error = read(r#"{"path":"a","system":false}"#).unwrap_err();
        assert!(
            error.code == Code::BadRequest && error.message.contains("`system` is not known"),
            "{error:?}"
        );
        assert_eq!(name(b"{}").unwrap_err().code, Code::NoAppName);
    }
}
