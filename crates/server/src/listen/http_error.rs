//! Answers to invalid HTTP. hyper answers these itself with an empty body; this adds an explanation.

use crate::problem::{CONTENT_TYPE, Problem, ProblemCode};

/// Prefixes of the headers in such an answer of hyper.
const HEADERS: [&str; 3] = ["content-length: 0", "connection: close", "date: "];

const INVALID: &str = "the head of the request is not valid HTTP: it has a line that is not `Name: value`, a character \
    that is not allowed in a name or a value, or an invalid first line. A frequent cause is a line break in a value, such as a \
    credential that `base64` has wrapped: use `base64 -w0`";
const TOO_LARGE: &str = "the headers of the request are too large or too many: at most 100 of them";
const LONG_URL: &str = "the URL of the request is too long: at most 65534 bytes";

/// Returns the same answer with a body that says what is wrong; `None` if `written` is not a complete answer of this kind.
pub(super) fn explained(written: &[u8]) -> Option<Vec<u8>> {
    if !written.starts_with(b"HTTP/1.1 4") || written.len() > 512 {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?.strip_suffix("\r\n\r\n")?;
    let (first, headers) = head.split_once("\r\n")?;
    let ours = |line: &str| {
        HEADERS
            .iter()
            .any(|known| line.get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known)))
    };
    let mut lines = headers.split("\r\n");
    if !lines.clone().any(|line| line.eq_ignore_ascii_case("content-length: 0")) || !lines.all(ours) {
        return None;
    }
    let detail = match first.strip_prefix("HTTP/1.1 ")?.split(' ').next()? {
        "400" => INVALID,
        "414" => LONG_URL,
        "431" => TOO_LARGE,
        _ => return None,
    };
    let body = Problem::new(ProblemCode::BadRequest, detail).with_status(first.get(9..12)?).text();
    let date = headers
        .split("\r\n")
        .find(|line| line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("date:")));
    let date = date.map(|line| format!("{line}\r\n")).unwrap_or_default();
    let length = body.len();
    let text = format!(
        "{first}\r\ncontent-type: {CONTENT_TYPE}\r\ncache-control: no-store\r\ncontent-length: {length}\r\nconnection: close\r\n{date}\r\n{body}"
    );
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_error_answers_are_explained() {
        let explain = |text: &str| explained(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        let date = "date: Mon, 30 Nov 2026 12:00:00 GMT";
        for (status, says) in [
            ("400 Bad Request", "base64 -w0"),
            ("431 Request Header Fields Too Large", "at most 100"),
            ("414 URI Too Long", "URL"),
        ] {
            let answer = explain(&format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n{date}\r\n\r\n"
            ))
            .unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")) && head.contains(date), "{answer}");
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
            let problem: serde_json::Value = serde_json::from_str(body).unwrap();
            assert!(problem["detail"].as_str().unwrap().contains(says), "{answer}");
            assert_eq!(
                (problem["status"].to_string().as_str(), &problem["code"]),
                (&status[..3], &"bad_request".into())
            );
        }
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-app: 1\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
            "",
        ] {
            assert_eq!(explain(other), None, "{other}");
        }
    }
}
