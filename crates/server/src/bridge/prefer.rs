//! The header `Prefer` (RFC 7240): `wait=N` and `respond-async`. Other preferences are ignored.

use http::{HeaderMap, HeaderName};
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The preferences of a sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    /// The longest time that the sender waits for the answer.
    pub(crate) wait: Option<Duration>,
    /// True if the sender wants to fetch the answer later.
    pub(crate) respond_async: bool,
}

impl Prefer {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            let word = preference.split(';').next().unwrap_or_default();
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            match name.as_str() {
                "respond-async" => prefer.respond_async = true,
                // The first of several applies (RFC 7240 §2).
                "wait" if prefer.wait.is_none() => {
                    prefer.wait = value.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
                }
                _ => {}
            }
        }
        prefer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_preferences_are_read_and_others_ignored() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append("prefer", http::HeaderValue::from_static(value));
            Prefer::of(&headers)
        };
        let wait = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(of("wait=5"), Prefer { wait: wait(5), respond_async: false });
        assert_eq!(
            of("Respond-Async, WAIT=\"3\";x=y, wait=9"),
            Prefer { wait: wait(3), respond_async: true }
        );
        for junk in ["", "wait", "wait=-1", "wait=x", "wait=0", "handling=lenient"] {
            assert_eq!(of(junk), Prefer::default(), "{junk}");
        }
    }
}
